/**
 * File transfer of an outstation (IEEE 1815-2012, 4.4.10 and annex A, group 70): files are opened, moved in blocks and closed. What is
 * written becomes the device's file when it is closed, as a whole.
 */
import { type Duration, type Instant, seconds, type WriteOutcome, type Writer } from '@penstock/core';
import type { ObjectBlock } from './application.ts';
import { sized } from './blocks.ts';
import { encodeObjects } from './encode-objects.ts';
import type { FileEntry, OutstationFiles } from './outstation-device.ts';
import {
  FILE_MODE,
  FILE_STATUS,
  type FileAuthentication,
  type FileCommand,
  type FileCommandStatus,
  type FileDescriptor,
  type FileTransport,
  type ObjectValue,
} from './values.ts';

interface OpenFile {
  readonly handle: number;
  readonly name: string;
  readonly mode: number;
  readonly blockSize: number;
  readonly master: number;
  readonly requestId: number;
  /** What is read, or what was written so far. */
  octets: Uint8Array;
  length: number;
  /** Block that comes next; the one before may come again, as an answer can be lost. */
  block: number;
  used: Instant;
}

export interface FileLimits {
  /** Files open at a time; default 4. */
  readonly open?: number | undefined;
  /** Octets of a file that is written; default 256 KiB. */
  readonly size?: number | undefined;
  /** After so long without use a file is closed and what was written is dropped; default 60 s. */
  readonly idle?: Duration | undefined;
}

/** Octets of a response beside a block's data: application header, object header, size, handle and block number. */
const BLOCK_OVERHEAD = 4 + 4 + 2 + 8;
const READ_ONLY = 0o444;
const WRITABLE = 0o644;
const DIRECTORY_NAMES: ReadonlySet<string> = new Set(['', '/', '.']);

export class FileTransfers {
  readonly #files: OutstationFiles;
  readonly #mostOpen: number;
  readonly #mostSize: number;
  readonly #idle: Duration;
  readonly #largestBlock: number;
  readonly #open = new Map<number, OpenFile>();
  /** Keys that were given out and not used yet. */
  readonly #keys = new Set<number>();
  #lastHandle = 0;
  #lastKey = 0;

  /** @param largestFragment octets of a response */
  constructor(files: OutstationFiles, largestFragment: number, limits: FileLimits = {}) {
    this.#files = files;
    this.#mostOpen = limits.open ?? 4;
    this.#mostSize = limits.size ?? 256 * 1024;
    this.#idle = limits.idle ?? seconds(60);
    this.#largestBlock = largestFragment - BLOCK_OVERHEAD;
  }

  get openCount(): number {
    return this.#open.size;
  }

  /** g70v2: the key is 0 when name or password are wrong, or none is needed. */
  authenticate(value: FileAuthentication, writer: Writer): ObjectBlock {
    let key = 0;
    if (this.#files.authenticate?.(value.user, value.password, writer) === true) {
      this.#lastKey = (Math.imul(this.#lastKey + 1, 0x9e37_79b1) | 1) >>> 0;
      key = this.#lastKey;
      if (this.#keys.size >= 16) this.#keys.delete(this.#keys.values().next().value as number);
      this.#keys.add(key);
    }
    return sized(70, 2, [{ ...value, user: '', password: '', key }]);
  }

  /** @param mayWrite whether whoever asks may open it for more than reading */
  open(command: FileCommand, master: number, mayWrite: boolean, now: Instant): ObjectBlock {
    this.#expire(now);
    const { name, mode, requestId } = command;
    const refuse = (status: number) => commandStatus(0, 0, 0, requestId, status);
    if (!this.#isAllowed(command.key) || (!mayWrite && mode !== FILE_MODE.read))
      return refuse(FILE_STATUS.permissionDenied);
    const entry = this.#entry(name);
    const octets = this.#contents(command, entry);
    if (typeof octets === 'number') return refuse(octets);
    if (
      [...this.#open.values()].some(
        (file) => file.name === name && (mode !== FILE_MODE.read || file.mode !== FILE_MODE.read),
      )
    )
      return refuse(FILE_STATUS.locked);
    if (this.#open.size >= this.#mostOpen) return refuse(FILE_STATUS.tooManyOpen);
    const blockSize = Math.min(command.maxBlock === 0 ? this.#largestBlock : command.maxBlock, this.#largestBlock);
    const handle = this.#nextHandle();
    const length = octets.length;
    this.#open.set(handle, { handle, name, mode, blockSize, master, requestId, octets, length, block: 0, used: now });
    return commandStatus(handle, mode === FILE_MODE.read ? length : 0, blockSize, requestId, FILE_STATUS.success);
  }

  close(status: FileCommandStatus, master: number, writer: Writer, now: Instant): ObjectBlock {
    const file = this.#file(status.handle, master, now);
    if (file === undefined) return commandStatus(status.handle, 0, 0, status.requestId, FILE_STATUS.invalidHandle);
    this.#open.delete(file.handle);
    const written = file.mode !== FILE_MODE.read;
    const outcome = written ? this.#files.write(file.name, file.octets.slice(0, file.length), writer) : 'done';
    return commandStatus(file.handle, file.length, file.blockSize, status.requestId, fileStatus(outcome));
  }

  /** What was written is dropped. */
  abort(status: FileCommandStatus, master: number, now: Instant): ObjectBlock {
    const file = this.#file(status.handle, master, now);
    if (file !== undefined) this.#open.delete(file.handle);
    const code = file === undefined ? FILE_STATUS.invalidHandle : FILE_STATUS.success;
    return commandStatus(status.handle, 0, 0, status.requestId, code);
  }

  remove(command: FileCommand, writer: Writer, now: Instant): ObjectBlock {
    this.#expire(now);
    const answer = (status: number) => commandStatus(0, 0, 0, command.requestId, status);
    if (!this.#isAllowed(command.key)) return answer(FILE_STATUS.permissionDenied);
    if (this.#entry(command.name) === undefined) return answer(FILE_STATUS.notFound);
    for (const file of this.#open.values()) if (file.name === command.name) return answer(FILE_STATUS.locked);
    return answer(fileStatus(this.#files.remove(command.name, writer)));
  }

  /** g70v7; undefined for a file that is not there. */
  info(asked: FileDescriptor): ObjectBlock | undefined {
    const list = this.#files.list();
    if (DIRECTORY_NAMES.has(asked.name))
      return sized(70, 7, [{ ...asked, fileType: 'directory', size: list.length, created: 0, permissions: READ_ONLY }]);
    const entry = this.#entry(asked.name);
    return entry === undefined ? undefined : sized(70, 7, [descriptor(entry, asked.requestId)]);
  }

  /** A block that is asked for; the one before may be asked for once more, as its answer can be lost. */
  read(request: FileTransport, master: number, now: Instant): ObjectBlock {
    const { handle, block } = request;
    const file = this.#file(handle, master, now);
    const fault =
      file === undefined || file.mode !== FILE_MODE.read
        ? FILE_STATUS.invalidHandle
        : block !== file.block && block !== file.block - 1
          ? FILE_STATUS.blockSequence
          : FILE_STATUS.success;
    if (file === undefined || fault !== FILE_STATUS.success) return transportStatus(handle, block, false, fault);
    file.block = block + 1;
    const start = block * file.blockSize;
    const octets = file.octets.subarray(start, start + file.blockSize);
    const last = start + octets.length >= file.length;
    return sized(70, 5, [{ type: 'file-transport', handle, block, last, octets }]);
  }

  write(transport: FileTransport, master: number, now: Instant): ObjectBlock {
    const { handle, block, last, octets } = transport;
    const file = this.#file(handle, master, now);
    const answer = (status: number) => transportStatus(handle, block, last, status);
    if (file === undefined || file.mode === FILE_MODE.read) return answer(FILE_STATUS.invalidHandle);
    if (octets.length > file.blockSize) return answer(FILE_STATUS.blockSize);
    if (block === file.block - 1) return answer(FILE_STATUS.success);
    if (block !== file.block) return answer(FILE_STATUS.blockSequence);
    if (file.length + octets.length > this.#mostSize) return answer(FILE_STATUS.bufferOverrun);
    if (file.length + octets.length > file.octets.length) {
      const grown = new Uint8Array(Math.min(this.#mostSize, 2 * (file.length + octets.length)));
      grown.set(file.octets.subarray(0, file.length));
      file.octets = grown;
    }
    file.octets.set(octets, file.length);
    file.length += octets.length;
    file.block++;
    return answer(FILE_STATUS.success);
  }

  clear(): void {
    this.#open.clear();
    this.#keys.clear();
  }

  /** What an open file begins with, or why it cannot be opened. */
  #contents(command: FileCommand, entry: FileEntry | undefined): Uint8Array | number {
    switch (command.mode) {
      case FILE_MODE.read:
        if (DIRECTORY_NAMES.has(command.name)) return this.#directory();
        return this.#files.read(command.name) ?? FILE_STATUS.notFound;
      case FILE_MODE.write:
      case FILE_MODE.append:
        if (DIRECTORY_NAMES.has(command.name) || entry?.writable === false) return FILE_STATUS.permissionDenied;
        if (command.mode === FILE_MODE.write) return new Uint8Array(0);
        return (entry && this.#files.read(command.name)?.slice()) ?? FILE_STATUS.notFound;
      default:
        return FILE_STATUS.invalidMode;
    }
  }

  /** A directory is read as its files' descriptors, one behind the other (4.4.10.6). */
  #directory(): Uint8Array {
    const parts = this.#files.list().map((entry) => encodeObjects([sized(70, 7, [descriptor(entry, 0)])]).subarray(6));
    const octets = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of parts) {
      octets.set(part, at);
      at += part.length;
    }
    return octets;
  }

  #entry(name: string): FileEntry | undefined {
    return this.#files.list().find((entry) => entry.name === name);
  }

  #isAllowed(key: number): boolean {
    return this.#files.authenticate === undefined || this.#keys.delete(key);
  }

  #file(handle: number, master: number, now: Instant): OpenFile | undefined {
    this.#expire(now);
    const file = this.#open.get(handle);
    if (file === undefined || file.master !== master) return undefined;
    file.used = now;
    return file;
  }

  #expire(now: Instant): void {
    for (const file of this.#open.values()) if (now - file.used > this.#idle) this.#open.delete(file.handle);
  }

  #nextHandle(): number {
    do this.#lastHandle = (this.#lastHandle % 0x7fff_ffff) + 1;
    while (this.#open.has(this.#lastHandle));
    return this.#lastHandle;
  }
}

const descriptor = (entry: FileEntry, requestId: number): ObjectValue => ({
  type: 'file-descriptor',
  name: entry.name,
  fileType: 'file',
  size: entry.size,
  created: entry.created,
  permissions: entry.writable ? WRITABLE : READ_ONLY,
  requestId,
});

const commandStatus = (
  handle: number,
  size: number,
  maxBlock: number,
  requestId: number,
  status: number,
): ObjectBlock => sized(70, 4, [{ type: 'file-status', handle, size, maxBlock, requestId, status, text: '' }]);

const transportStatus = (handle: number, block: number, last: boolean, status: number): ObjectBlock =>
  sized(70, 6, [{ type: 'file-transport-status', handle, block, last, status, text: '' }]);

function fileStatus(outcome: WriteOutcome): number {
  switch (outcome) {
    case 'done':
      return FILE_STATUS.success;
    case 'read-only':
    case 'locked':
      return FILE_STATUS.permissionDenied;
    default:
      return FILE_STATUS.fatal;
  }
}
