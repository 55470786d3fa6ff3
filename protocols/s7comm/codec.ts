/** S7 messages to bytes and back. Pure; nothing here keeps state. */
import { type Decoded, illegal, ok } from '../exchange/decoded.ts';
import { ByteReader, ByteWriter, refused } from './bytes.ts';
import { readAddresses, readContents, writeAddresses, writeContents } from './items.ts';
import type { AckBody, BlockFile, JobBody, S7Message, SetupBody, UserdataMessage } from './messages.ts';
import {
  DOWNLOAD_BLOCK,
  DOWNLOAD_ENDED,
  END_UPLOAD,
  PLC_CONTROL,
  PLC_STOP,
  READ_VARIABLE,
  REQUEST_DOWNLOAD,
  S7_PROTOCOL,
  SETUP_COMMUNICATION,
  START_UPLOAD,
  UPLOAD,
  WRITE_VARIABLE,
} from './tables.ts';

const CODE_OF_ROSCTR = { job: 1, ack: 2, 'ack-data': 3, userdata: 7 } as const;
const CODE_OF_KIND = { push: 0, request: 4, response: 8 } as const;
const KINDS: Readonly<Record<number, UserdataMessage['kind']>> = { 0: 'push', 4: 'request', 8: 'response' };
/** Between the length and the bytes of a block. */
const BLOCK_MARK = 0x00fb;

/** Bytes of a whole S7 message. @throws PenstockError `s7comm.encode` when a field does not fit. */
export function encodeS7(message: S7Message): Uint8Array {
  const parameters = new ByteWriter();
  const data = new ByteWriter();
  if (message.rosctr === 'job') writeJob(message.body, parameters, data);
  else if (message.rosctr === 'ack-data' && message.body !== undefined) writeAck(message.body, parameters, data);
  else if (message.rosctr === 'userdata') writeUserdata(message, parameters, data);
  const header = new ByteWriter().u8(S7_PROTOCOL).u8(CODE_OF_ROSCTR[message.rosctr]).u16(0);
  header.u16(message.reference, 'PDU reference').u16(parameters.length).u16(data.length);
  if (message.rosctr === 'ack' || message.rosctr === 'ack-data') header.u16(message.error, 'error');
  return header.bytes(parameters.take()).bytes(data.take()).take();
}

/** Reads the S7 message `buffer[start..end)`. A rosctr that is not known is `unsupported`. */
export function decodeS7(buffer: Uint8Array, start = 0, end = buffer.length): Decoded<S7Message> {
  const header = new ByteReader(buffer, start, end);
  if (header.u8() !== S7_PROTOCOL) return illegal('an S7 message begins with 0x32');
  const rosctr = header.u8();
  header.u16();
  const [reference, parameterLength, dataLength] = [header.u16(), header.u16(), header.u16()];
  const error = rosctr === 2 || rosctr === 3 ? header.u16() : 0;
  if (header.short) return illegal(`an S7 header has 10 or 12 bytes, not ${end - start}`);
  if (header.left !== parameterLength + dataLength)
    return illegal(
      `${parameterLength} bytes of parameters and ${dataLength} of data are told, ${header.left} are there`,
    );
  const parameters = new ByteReader(buffer, header.at, header.at + parameterLength);
  const data = new ByteReader(buffer, header.at + parameterLength, end);
  if (rosctr === 1) {
    const body = readJob(parameters, data);
    return complete(body, parameters, data) ? ok({ rosctr: 'job', reference, body }) : broken('a job');
  }
  if (rosctr === 2) return ok({ rosctr: 'ack', reference, error });
  if (rosctr === 3) {
    if (parameterLength === 0) return ok({ rosctr: 'ack-data', reference, error, body: undefined });
    const body = readAck(parameters, data);
    return complete(body, parameters, data) ? ok({ rosctr: 'ack-data', reference, error, body }) : broken('an answer');
  }
  if (rosctr === 7) return readUserdata(reference, parameters, data);
  return { status: 'unsupported', reason: `rosctr ${rosctr} is not known` };
}

const complete = <T>(body: T | undefined, parameters: ByteReader, data: ByteReader): body is T =>
  body !== undefined && !parameters.short && !data.short;

const broken = (what: string): ReturnType<typeof illegal> =>
  illegal(`the parameters or data of ${what} do not have the form of its function`);

function writeSetup(body: SetupBody, to: ByteWriter): void {
  to.u8(SETUP_COMMUNICATION).u8(0).u16(body.maxCalling).u16(body.maxCalled).u16(body.pduLength, 'PDU length');
}

function readSetup(from: ByteReader): SetupBody {
  from.u8();
  return { function: 'setup', maxCalling: from.u16(), maxCalled: from.u16(), pduLength: from.u16() };
}

function writeJob(body: JobBody, to: ByteWriter, data: ByteWriter): void {
  switch (body.function) {
    case 'setup':
      writeSetup(body, to);
      return;
    case 'read':
      writeAddresses(to.u8(READ_VARIABLE), body.items);
      return;
    case 'write':
      if (body.items.length !== body.data.length)
        throw refused(`${body.items.length} addresses need as many contents, not ${body.data.length}`);
      writeAddresses(to.u8(WRITE_VARIABLE), body.items);
      writeContents(data, body.data);
      return;
    case 'request-download':
      to.u8(REQUEST_DOWNLOAD).u8(0).u16(0x0100).u32(0);
      writeFile(to, body.file);
      to.u8(13).text('1').text(digits(body.loadLength, 6)).text(digits(body.codeLength, 6));
      return;
    case 'download-block':
      writeFile(to.u8(DOWNLOAD_BLOCK).u8(0).u16(0).u32(0), body.file);
      return;
    case 'download-ended':
      writeFile(to.u8(DOWNLOAD_ENDED).u8(0).u16(body.error).u32(0), body.file);
      return;
    case 'start-upload':
      writeFile(to.u8(START_UPLOAD).u8(0).u16(0).u32(0), body.file);
      return;
    case 'upload':
      to.u8(UPLOAD).u8(0).u16(0).u32(body.session);
      return;
    case 'end-upload':
      to.u8(END_UPLOAD).u8(0).u16(body.error).u32(body.session);
      return;
    case 'plc-control':
      to.u8(PLC_CONTROL).u32(0).u16(0).u8(0xfd).u16(body.argument.length).bytes(body.argument);
      to.u8(body.service.length).text(body.service);
      return;
    case 'plc-stop':
      to.u8(PLC_STOP).u32(0).u8(0).u8(body.service.length).text(body.service);
      return;
    case 'other':
      to.u8(body.code).bytes(body.parameters);
      data.bytes(body.data);
  }
}

function readJob(from: ByteReader, data: ByteReader): JobBody | undefined {
  const code = from.u8();
  switch (code) {
    case SETUP_COMMUNICATION:
      return readSetup(from);
    case READ_VARIABLE: {
      const items = readAddresses(from);
      return items && { function: 'read', items };
    }
    case WRITE_VARIABLE: {
      const items = readAddresses(from);
      return items && { function: 'write', items, data: readContents(data, items.length) };
    }
    case REQUEST_DOWNLOAD:
    case DOWNLOAD_BLOCK:
    case DOWNLOAD_ENDED:
    case START_UPLOAD:
      return readBlockJob(code, from);
    case UPLOAD:
    case END_UPLOAD: {
      from.u8();
      const error = from.u16();
      const session = from.u32();
      return code === UPLOAD ? { function: 'upload', session } : { function: 'end-upload', error, session };
    }
    case PLC_CONTROL: {
      from.bytes(7);
      const argument = from.bytes(from.u16());
      return { function: 'plc-control', service: from.text(from.u8()), argument };
    }
    case PLC_STOP:
      from.bytes(5);
      return { function: 'plc-stop', service: from.text(from.u8()) };
    default:
      return { function: 'other', code, parameters: from.rest(), data: data.rest() };
  }
}

function readBlockJob(code: number, from: ByteReader): JobBody | undefined {
  from.u8();
  const error = from.u16();
  from.u32();
  const file = readFile(from.text(from.u8()));
  if (file === undefined) return undefined;
  if (code === DOWNLOAD_BLOCK) return { function: 'download-block', file };
  if (code === DOWNLOAD_ENDED) return { function: 'download-ended', error, file };
  if (code === START_UPLOAD) return { function: 'start-upload', file };
  const lengths = /^.(\d{6})(\d{6})$/.exec(from.text(from.u8()));
  if (lengths === null) return undefined;
  return { function: 'request-download', file, loadLength: Number(lengths[1]), codeLength: Number(lengths[2]) };
}

function writeAck(body: AckBody, to: ByteWriter, data: ByteWriter): void {
  switch (body.function) {
    case 'setup':
      writeSetup(body, to);
      return;
    case 'read':
      to.u8(READ_VARIABLE).u8(body.results.length, 'number of items');
      writeContents(data, body.results);
      return;
    case 'write':
      to.u8(WRITE_VARIABLE).u8(body.codes.length, 'number of items');
      for (const code of body.codes) data.u8(code, 'return code');
      return;
    case 'start-upload':
      to.u8(START_UPLOAD).u8(0).u16(0x0100).u32(body.session).u8(7).text(digits(body.length, 7));
      return;
    case 'upload':
    case 'download-block':
      to.u8(body.function === 'upload' ? UPLOAD : DOWNLOAD_BLOCK).u8(body.more ? 1 : 0);
      data.u16(body.data.length, 'length of a part').u16(BLOCK_MARK).bytes(body.data);
      return;
    case 'done':
      to.u8(body.code);
      return;
    case 'other':
      to.u8(body.code).bytes(body.parameters);
      data.bytes(body.data);
  }
}

function readAck(from: ByteReader, data: ByteReader): AckBody | undefined {
  const code = from.u8();
  if (from.left === 0 && data.left === 0) return { function: 'done', code };
  switch (code) {
    case SETUP_COMMUNICATION:
      return readSetup(from);
    case READ_VARIABLE:
      return { function: 'read', results: readContents(data, from.u8()) };
    case WRITE_VARIABLE:
      return { function: 'write', codes: [...data.bytes(from.u8())] };
    case START_UPLOAD: {
      from.u8();
      from.u16();
      const session = from.u32();
      const length = from.text(from.u8());
      return /^\d+$/.test(length) ? { function: 'start-upload', session, length: Number(length) } : undefined;
    }
    case UPLOAD:
    case DOWNLOAD_BLOCK: {
      const more = (from.u8() & 1) === 1;
      const length = data.u16();
      data.u16();
      return { function: code === UPLOAD ? 'upload' : 'download-block', more, data: data.bytes(length) };
    }
    default:
      return { function: 'other', code, parameters: from.rest(), data: data.rest() };
  }
}

function writeUserdata(message: UserdataMessage, to: ByteWriter, data: ByteWriter): void {
  const { unit } = message;
  if (message.group > 15) throw refused(`a group of user data is 0 to 15, not ${message.group}`);
  to.u8(0)
    .u8(1)
    .u8(0x12)
    .u8(unit ? 8 : 4)
    .u8(unit ? 0x12 : 0x11);
  to.u8((CODE_OF_KIND[message.kind] << 4) | message.group)
    .u8(message.subfunction)
    .u8(message.sequence);
  if (unit)
    to.u8(unit.reference)
      .u8(unit.more ? 1 : 0)
      .u16(unit.error);
  if (message.data === undefined) return;
  const { code, transport, bytes } = message.data;
  data.u8(code).u8(transport).u16(bytes.length, 'length of user data').bytes(bytes);
}

function readUserdata(reference: number, from: ByteReader, data: ByteReader): Decoded<S7Message> {
  const head = from.u16() * 256 + from.u8();
  const length = from.u8();
  from.u8();
  const kindAndGroup = from.u8();
  const [subfunction, sequence] = [from.u8(), from.u8()];
  const kind = KINDS[kindAndGroup >> 4];
  if (head !== 0x000112 || (length !== 4 && length !== 8) || from.left !== length - 4)
    return illegal('parameters of user data are 0x000112, a length of 4 or 8, and as many bytes');
  if (kind === undefined)
    return { status: 'unsupported', reason: `user data of kind ${kindAndGroup >> 4} is not known` };
  const unit = length === 8 ? { reference: from.u8(), more: from.u8() !== 0, error: from.u16() } : undefined;
  const content = data.left === 0 ? undefined : readUnit(data);
  if (from.short || data.short) return broken('user data');
  return ok({
    rosctr: 'userdata',
    reference,
    kind,
    group: kindAndGroup & 15,
    subfunction,
    sequence,
    unit,
    data: content,
  });
}

function readUnit(data: ByteReader): NonNullable<UserdataMessage['data']> {
  const [code, transport, length] = [data.u8(), data.u8(), data.u16()];
  return { code, transport, bytes: data.bytes(length) };
}

function digits(value: number, width: number): string {
  if (!Number.isInteger(value) || value < 0 || value >= 10 ** width)
    throw refused(`a length must be a whole number of at most ${width} digits, not ${value}`);
  return String(value).padStart(width, '0');
}

/** A block's file name, as `_0800001P`. @throws PenstockError `s7comm.encode` for a type or number that does not fit. */
export function blockFileName(file: BlockFile): string {
  if (!/^[0-9A-F]{2}$/.test(file.type) || !/^[A-Z]$/.test(file.filesystem))
    throw refused(`a block file has a type as 08 and a file system as P, not ${file.type} and ${file.filesystem}`);
  return `_${file.type}${digits(file.number, 5)}${file.filesystem}`;
}

function writeFile(to: ByteWriter, file: BlockFile): void {
  const name = blockFileName(file);
  to.u8(name.length).text(name);
}

function readFile(name: string): BlockFile | undefined {
  const parts = /^_([0-9A-F]{2})(\d{5})([A-Z])$/.exec(name);
  if (parts === null) return undefined;
  return { type: parts[1] as string, number: Number(parts[2]), filesystem: parts[3] as string };
}

/** The argument of `_INSE` and `_DELE`: a count, a zero, and the blocks by type, number and file system. */
export function encodeBlockArgument(blocks: readonly BlockFile[]): Uint8Array {
  const writer = new ByteWriter().u8(blocks.length, 'number of blocks').u8(0);
  for (const block of blocks) writer.text(blockFileName(block).slice(1));
  return writer.take();
}

/** The blocks that the argument of `_INSE` or `_DELE` lists. */
export function decodeBlockArgument(argument: Uint8Array): Decoded<BlockFile[]> {
  const reader = new ByteReader(argument, 0, argument.length);
  const count = reader.u8();
  reader.u8();
  const blocks: BlockFile[] = [];
  for (let i = 0; i < count; i++) {
    const block = readFile(`_${reader.text(8)}`);
    if (block === undefined) return illegal(`block ${i + 1} of ${count} is not a type, a number and a file system`);
    blocks.push(block);
  }
  return ok(blocks);
}
