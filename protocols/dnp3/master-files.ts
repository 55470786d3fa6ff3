/** File transfer of a master (IEEE 1815-2012, 4.4.10): authenticate where a name is given, open, move the blocks, close. */
import type { Instant } from '@penstock/core';
import type { AppFragment, ObjectBlock } from './application.ts';
import { sized } from './blocks.ts';
import { encodable, isRefusal, type MasterRequest, MasterTask, PRIORITY, type TaskOutcome } from './master-tasks.ts';
import { FUNCTION } from './tables.ts';
import { FILE_MODE, FILE_STATUS, type FileDescriptor, type ObjectValue } from './values.ts';

export interface FileResult {
  readonly outcome: TaskOutcome;
  /** `FILE_STATUS` of the last answer. */
  readonly status: number;
  /** What was read. */
  readonly octets?: Uint8Array | undefined;
  /** What the outstation says of the file. */
  readonly info?: FileDescriptor | undefined;
}

export interface FileRequest {
  readonly name: string;
  readonly what: 'read' | 'write' | 'delete' | 'info';
  /** What is written. */
  readonly octets?: Uint8Array | undefined;
  readonly append?: boolean | undefined;
  readonly user?: string | undefined;
  readonly password?: string | undefined;
  /** Octets of a block that are asked for; default 1024. */
  readonly blockSize?: number | undefined;
  /** Octets of a file that is read, beyond which it is given up; default 1 MiB. */
  readonly most?: number | undefined;
}

type Step = 'authenticate' | 'open' | 'read' | 'write' | 'close' | 'delete' | 'info';

/** Undoing all that was done to a file needs its handle, so a transfer that fails aborts nothing: an outstation closes it by time. */
export class FileTask extends MasterTask {
  readonly name = 'file';
  readonly #wanted: FileRequest;
  readonly #parts: Uint8Array[] = [];
  #step: Step;
  #key = 0;
  #handle = 0;
  #blockSize: number;
  #block = 0;
  #length = 0;
  #status: number = FILE_STATUS.undefined;
  #info: FileDescriptor | undefined;

  constructor(request: FileRequest, onResult?: (result: FileResult, now: Instant) => void) {
    super(PRIORITY.demand, (outcome, now) =>
      onResult?.(
        {
          outcome,
          status: this.#status,
          octets: outcome === 'done' && request.what === 'read' ? this.#joined() : undefined,
          info: this.#info,
        },
        now,
      ),
    );
    this.#wanted = request;
    this.#blockSize = request.blockSize ?? 1024;
    this.#step = request.user === undefined ? firstStep(request) : 'authenticate';
    encodable(this.request().objects);
    encodable([sized(70, 3, [this.#command(this.#mode())])]);
  }

  request(): MasterRequest {
    const { name, user, password } = this.#wanted;
    const one = (code: number, variation: number, value: ObjectValue): MasterRequest => ({
      code,
      objects: [sized(70, variation, [value])],
    });
    switch (this.#step) {
      case 'authenticate':
        return one(FUNCTION.authenticateFile, 2, {
          ...{ type: 'file-authentication', user: user ?? '', password: password ?? '', key: 0 },
        });
      case 'open':
        return one(FUNCTION.openFile, 3, this.#command(this.#mode()));
      case 'delete':
        return one(FUNCTION.deleteFile, 3, this.#command(FILE_MODE.nul));
      case 'info':
        return one(FUNCTION.getFileInfo, 7, {
          ...{ type: 'file-descriptor', name, fileType: 'file', size: 0, created: 0, permissions: 0, requestId: 1 },
        });
      case 'read':
        return one(FUNCTION.read, 5, {
          ...{ type: 'file-transport', handle: this.#handle, block: this.#block, last: false, octets: NOTHING },
        });
      case 'write': {
        const octets = this.#nextOctets();
        const last = this.#length + octets.length >= this.#toWrite().length;
        return one(FUNCTION.write, 5, {
          type: 'file-transport',
          handle: this.#handle,
          block: this.#block,
          last,
          octets,
        });
      }
      case 'close':
        return one(FUNCTION.closeFile, 4, {
          ...{ type: 'file-status', handle: this.#handle, size: 0, maxBlock: 0, requestId: 1, status: 0, text: '' },
        });
    }
  }

  answer(fragment: AppFragment): TaskOutcome | 'next' {
    if (isRefusal(this.indications)) return 'refused';
    const value = (fragment.objects[0] as ObjectBlock | undefined)?.items[0]?.value;
    switch (this.#step) {
      case 'authenticate':
        if (value?.type !== 'file-authentication') return 'mismatch';
        if (value.key === 0) {
          this.#status = FILE_STATUS.permissionDenied;
          return 'refused';
        }
        this.#key = value.key;
        return this.#go(firstStep(this.#wanted));
      case 'info':
        if (value?.type !== 'file-descriptor') return 'mismatch';
        this.#info = value;
        this.#status = FILE_STATUS.success;
        return 'done';
      case 'read':
        return this.#takeBlock(value);
      case 'write':
        if (value?.type !== 'file-transport-status' || value.handle !== this.#handle || value.block !== this.#block)
          return 'mismatch';
        this.#status = value.status;
        if (value.status !== FILE_STATUS.success) return 'refused';
        this.#length += this.#nextOctets().length;
        this.#block++;
        return this.#go(this.#length < this.#toWrite().length ? 'write' : 'close');
      default:
        return this.#takeStatus(value);
    }
  }

  #takeStatus(value: ObjectValue | undefined): TaskOutcome | 'next' {
    if (value?.type !== 'file-status') return 'mismatch';
    this.#status = value.status;
    if (value.status !== FILE_STATUS.success) return 'refused';
    if (this.#step !== 'open') return 'done';
    this.#handle = value.handle;
    if (value.maxBlock === 0) return 'mismatch';
    this.#blockSize = Math.min(this.#blockSize, value.maxBlock);
    if (this.#wanted.what === 'read') return this.#go('read');
    return this.#go(this.#toWrite().length > 0 ? 'write' : 'close');
  }

  #takeBlock(value: ObjectValue | undefined): TaskOutcome | 'next' {
    if (value?.type === 'file-transport-status') {
      this.#status = value.status;
      return 'refused';
    }
    if (value?.type !== 'file-transport' || value.handle !== this.#handle || value.block !== this.#block)
      return 'mismatch';
    this.#parts.push(value.octets.slice());
    this.#length += value.octets.length;
    if (this.#length > (this.#wanted.most ?? 1024 * 1024)) {
      this.#status = FILE_STATUS.bufferOverrun;
      return 'refused';
    }
    this.#block++;
    return this.#go(value.last ? 'close' : 'read');
  }

  #go(step: Step): 'next' {
    this.#step = step;
    return 'next';
  }

  #command(mode: number): ObjectValue {
    const { name } = this.#wanted;
    const size = mode === FILE_MODE.write || mode === FILE_MODE.append ? this.#toWrite().length : 0;
    const fields = {
      created: 0,
      permissions: 0o644,
      key: this.#key,
      size,
      mode,
      maxBlock: this.#blockSize,
      requestId: 1,
    };
    return { type: 'file-command', name, ...fields };
  }

  #mode(): number {
    if (this.#wanted.what === 'read') return FILE_MODE.read;
    return this.#wanted.append === true ? FILE_MODE.append : FILE_MODE.write;
  }

  #toWrite(): Uint8Array {
    return this.#wanted.octets ?? NOTHING;
  }

  #nextOctets(): Uint8Array {
    return this.#toWrite().subarray(this.#length, this.#length + this.#blockSize);
  }

  #joined(): Uint8Array {
    const octets = new Uint8Array(this.#length);
    let at = 0;
    for (const part of this.#parts) {
      octets.set(part, at);
      at += part.length;
    }
    return octets;
  }
}

const NOTHING = new Uint8Array(0);

const firstStep = ({ what }: FileRequest): Step => (what === 'delete' || what === 'info' ? what : 'open');
