/**
 * Objects whose length a prefix gives: file control (IEEE 1815-2012, annex A, group 70), application names (90) and the state of an
 * activation (91). Names lie where an offset from the object's first octet says.
 */
import type { ByteReader, ByteWriter } from './bytes.ts';
import { refused } from './bytes.ts';
import type {
  ActivationStatus,
  FileAuthentication,
  FileCommand,
  FileCommandStatus,
  FileDescriptor,
  FileTransport,
  FileTransportStatus,
  NameValue,
  ObjectValue,
} from './values.ts';

export type FileValue =
  | FileAuthentication
  | FileCommand
  | FileCommandStatus
  | FileTransport
  | FileTransportStatus
  | FileDescriptor
  | NameValue
  | ActivationStatus;

const LAST_BLOCK = 0x8000_0000;
const DIRECTORY = 0;
const FILE = 1;

/** The `size` octets at the reader's place; undefined where they contradict themselves. */
export function decodeFile(reader: ByteReader, kind: FileValue['type'], size: number): ObjectValue | undefined {
  const start = reader.at;
  const end = start + size;
  if (end > reader.end) {
    reader.take(size);
    return undefined;
  }
  const value = decode(reader, kind, start, end);
  if (reader.at > end || reader.short) return undefined;
  reader.at = end;
  return value;
}

function decode(reader: ByteReader, kind: FileValue['type'], start: number, end: number): FileValue | undefined {
  const rest = (): number => Math.max(0, end - reader.at);
  switch (kind) {
    case 'file-authentication': {
      const [userAt, userSize, passwordAt, passwordSize] = [reader.u16(), reader.u16(), reader.u16(), reader.u16()];
      const key = reader.u32();
      const user = textAt(reader, start, end, userAt, userSize);
      const password = textAt(reader, start, end, passwordAt, passwordSize);
      return user === undefined || password === undefined ? undefined : { type: kind, user, password, key };
    }
    case 'file-command': {
      const [nameAt, nameSize] = [reader.u16(), reader.u16()];
      const fields = {
        created: reader.u48(),
        permissions: reader.u16(),
        key: reader.u32(),
        size: reader.u32(),
        mode: reader.u16(),
        maxBlock: reader.u16(),
        requestId: reader.u16(),
      };
      const name = textAt(reader, start, end, nameAt, nameSize);
      return name === undefined ? undefined : { type: kind, name, ...fields };
    }
    case 'file-status':
      return {
        type: kind,
        handle: reader.u32(),
        size: reader.u32(),
        maxBlock: reader.u16(),
        requestId: reader.u16(),
        status: reader.u8(),
        text: reader.text(rest()),
      };
    case 'file-transport': {
      const head = blockHead(reader);
      return { type: kind, ...head, octets: reader.bytes(rest()) };
    }
    case 'file-transport-status': {
      const head = blockHead(reader);
      return { type: kind, ...head, status: reader.u8(), text: reader.text(rest()) };
    }
    case 'file-descriptor': {
      const [nameAt, nameSize] = [reader.u16(), reader.u16()];
      const code = reader.u16();
      const fields = {
        fileType: code === DIRECTORY ? 'directory' : code === FILE ? 'file' : code,
        size: reader.u32(),
        created: reader.u48(),
        permissions: reader.u16(),
        requestId: reader.u16(),
      } as const;
      const name = textAt(reader, start, end, nameAt, nameSize);
      return name === undefined ? undefined : { type: kind, name, ...fields };
    }
    case 'name':
      return { type: kind, name: reader.text(rest()) };
    case 'activation-status': {
      const delay = reader.u32();
      const count = reader.u8();
      const elements: { status: number; octets: Uint8Array }[] = [];
      for (let i = 0; i < count; i++) {
        const length = reader.u8();
        if (length === 0 || length > rest()) return undefined;
        elements.push({ status: reader.u8(), octets: reader.bytes(length - 1) });
      }
      return { type: kind, delay, elements };
    }
  }
}

function blockHead(reader: ByteReader): { handle: number; block: number; last: boolean } {
  const handle = reader.u32();
  const number = reader.u32();
  return { handle, block: number % LAST_BLOCK, last: number >= LAST_BLOCK };
}

/** Text at an offset from the object's start; no offset is needed where there is no text. */
function textAt(reader: ByteReader, start: number, end: number, offset: number, size: number): string | undefined {
  if (size === 0) return '';
  if (start + offset < reader.at || start + offset + size > end) return undefined;
  const here = reader.at;
  reader.at = start + offset;
  const text = reader.text(size);
  reader.at = here;
  return text;
}

/** @throws PenstockError `dnp3.encode` for numbers outside of their limits. */
export function encodeFile(writer: ByteWriter, value: ObjectValue): void {
  switch (value.type) {
    case 'file-authentication':
      writer.u16(12).u16(value.user.length, 'length of a user');
      writer.u16(12 + value.user.length, 'offset').u16(value.password.length, 'length of a password');
      writer.u32(value.key, 'key').text(value.user).text(value.password);
      return;
    case 'file-command':
      writer.u16(26).u16(value.name.length, 'length of a file name');
      writer
        .u48(value.created)
        .u16(value.permissions, 'permissions')
        .u32(value.key, 'key')
        .u32(value.size, 'file size');
      writer
        .u16(value.mode, 'mode')
        .u16(value.maxBlock, 'block size')
        .u16(value.requestId, 'request id')
        .text(value.name);
      return;
    case 'file-status':
      writer.u32(value.handle, 'handle').u32(value.size, 'file size').u16(value.maxBlock, 'block size');
      writer.u16(value.requestId, 'request id').u8(value.status, 'status').text(value.text);
      return;
    case 'file-transport':
      writeBlockHead(writer, value).bytes(value.octets);
      return;
    case 'file-transport-status':
      writeBlockHead(writer, value).u8(value.status, 'status').text(value.text);
      return;
    case 'file-descriptor': {
      const { fileType } = value;
      writer.u16(20).u16(value.name.length, 'length of a file name');
      writer.u16(fileType === 'directory' ? DIRECTORY : fileType === 'file' ? FILE : fileType, 'file type');
      writer.u32(value.size, 'file size').u48(value.created).u16(value.permissions, 'permissions');
      writer.u16(value.requestId, 'request id').text(value.name);
      return;
    }
    case 'name':
      writer.text(value.name);
      return;
    case 'activation-status':
      writer.u32(value.delay, 'delay').u8(value.elements.length, 'number of elements');
      for (const { status, octets } of value.elements)
        writer
          .u8(octets.length + 1, 'length of an element')
          .u8(status, 'status')
          .bytes(octets);
      return;
    default:
      throw refused(`'${value.type}' is no value of a sized object`);
  }
}

function writeBlockHead(writer: ByteWriter, value: FileTransport | FileTransportStatus): ByteWriter {
  if (value.block >= LAST_BLOCK) throw refused(`block numbers have 31 bits, so not ${value.block}`);
  return writer.u32(value.handle, 'handle').u32(value.block + (value.last ? LAST_BLOCK : 0), 'block number');
}
