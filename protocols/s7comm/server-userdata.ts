/** User data of a server: system status lists, lists of blocks, the password, the clock; long answers go in parts. */
import type { Writer } from '@penstock/core';
import { BLOCK_OVERHEAD, eightCharacters } from './blocks.ts';
import { clockOf, timeOf } from './clock.ts';
import type { UserdataMessage } from './messages.ts';
import type { S7Server } from './server.ts';
import { errorOf } from './server-control.ts';
import { systemStatusList } from './server-szl.ts';
import { ERROR, OBJECT_MISSING, SUCCESS } from './tables.ts';
import { decodeContent, encodeContent, type UserdataContent } from './userdata.ts';

const OCTETS = 9;
/** Of a PDU, what a part of user data cannot use: header, parameters, header of the data. */
const PART_OVERHEAD = 10 + 12 + 4;
const NOTHING = new Uint8Array(0);

/** A long answer of which parts are still to be asked for. */
interface Rest {
  readonly group: number;
  readonly subfunction: number;
  readonly sequence: number;
  readonly reference: number;
  readonly bytes: Uint8Array;
}

export class UserdataService {
  /** Whether the password was given. */
  unlocked = false;
  readonly #server: S7Server;
  readonly #writer: Writer;
  readonly #mayWrite: boolean;
  #rest: Rest | undefined;
  #sequence = 0;

  constructor(server: S7Server, writer: Writer, mayWrite: boolean) {
    this.#server = server;
    this.#writer = writer;
    this.#mayWrite = mayWrite;
  }

  /** Whether what a protection level keeps from strangers is allowed here. */
  allows(level: number): boolean {
    return this.unlocked || this.#server.protection.level < level;
  }

  /** The answer to a request. */
  answer(request: UserdataMessage, pduLength: number): UserdataMessage {
    if (request.unit !== undefined) return this.#continue(request, pduLength);
    this.#rest = undefined;
    const made = this.#make(request);
    if (typeof made === 'number') return this.#response(request, made, NOTHING, 0, false);
    return this.#send(request, made, 0, pduLength);
  }

  #continue(request: UserdataMessage, pduLength: number): UserdataMessage {
    const rest = this.#rest;
    const { group, subfunction, sequence } = request;
    if (
      rest === undefined ||
      rest.sequence !== sequence ||
      rest.group !== group ||
      rest.subfunction !== subfunction ||
      request.unit?.error !== 0
    ) {
      this.#rest = undefined;
      return this.#response(request, ERROR.coordination, NOTHING, 0, false);
    }
    return this.#send(request, rest.bytes, rest.reference, pduLength);
  }

  #send(request: UserdataMessage, bytes: Uint8Array, reference: number, pduLength: number): UserdataMessage {
    const room = pduLength - PART_OVERHEAD;
    const more = bytes.length > room;
    if (!more) {
      this.#rest = undefined;
      return this.#response(request, 0, bytes, reference, false);
    }
    if (reference === 0) this.#sequence = (this.#sequence % 255) + 1;
    const { group, subfunction } = request;
    const number = reference === 0 ? this.#sequence : reference;
    this.#rest = { group, subfunction, sequence: this.#sequence, reference: number, bytes: bytes.subarray(room) };
    return this.#response(request, 0, bytes.subarray(0, room), number, true);
  }

  #response(
    { reference, group, subfunction, sequence }: UserdataMessage,
    error: number,
    bytes: Uint8Array,
    unit: number,
    more: boolean,
  ): UserdataMessage {
    const done = error === 0;
    return {
      rosctr: 'userdata',
      reference,
      kind: 'response',
      group,
      subfunction,
      sequence: unit === 0 ? sequence : this.#sequence,
      unit: { reference: unit, more, error },
      data: { code: done ? SUCCESS : OBJECT_MISSING, transport: done ? OCTETS : 0, bytes },
    };
  }

  /** Bytes of the answer, or an error. */
  #make(request: UserdataMessage): Uint8Array | number {
    const { group, subfunction } = request;
    const decoded = decodeContent(request);
    if (decoded.status === 'unsupported') return ERROR.noFunction;
    const clockIsWrong = group === 7 && (subfunction & 1) === 0;
    if (decoded.status === 'illegal') return clockIsWrong ? ERROR.invalidValue : ERROR.parameter;
    const content = decoded.message;
    switch (group) {
      case 3:
        return this.#blocks(subfunction, content);
      case 4:
        return content.is === 'szl-request'
          ? systemStatusList(this.#server.szlSource(this.unlocked), content.id, content.index)
          : ERROR.parameter;
      case 5:
        return subfunction === 1 ? this.#logOn(content) : this.#logOff();
      default:
        return this.#clock(subfunction, content);
    }
  }

  #blocks(subfunction: number, content: UserdataContent): Uint8Array | number {
    const server = this.#server;
    if (subfunction === 1) return encodeContent({ is: 'block-counts', counts: server.counts() });
    if (subfunction === 2) {
      if (content.is !== 'block-type') return ERROR.parameter;
      const blocks = server.blocksOf(content.type);
      return blocks.length === 0 ? ERROR.noBlock : encodeContent({ is: 'block-list', blocks });
    }
    if (content.is !== 'block-query') return ERROR.parameter;
    if (!this.allows(3)) return ERROR.protection;
    const block = server.block(content.type, content.number);
    if (block === undefined) return ERROR.noBlock;
    const { type, number, language, time, author, family, name, content: body } = block;
    return encodeContent({
      is: 'block-info',
      info: {
        ...{ type: 0x30, flags: 1, language, subtype: type, number, security: 0 },
        loadLength: body.length + BLOCK_OVERHEAD,
        ...{ codeTime: time, interfaceTime: time, ssbLength: 0, addLength: 0, localLength: 0 },
        codeLength: Math.min(body.length, 0xffff),
        ...{
          author: eightCharacters(author),
          family: eightCharacters(family),
          name: eightCharacters(name),
          version: 0x01,
        },
        // Of the program the first two bytes of its hash, so that a change shows in the block's information.
        checksum: type === 8 ? Number.parseInt((server.cpu?.hash ?? '').slice(0, 4), 16) || 0 : 0,
      },
    });
  }

  #logOn(content: UserdataContent): Uint8Array | number {
    const { password } = this.#server.protection;
    if (content.is !== 'password') return ERROR.parameter;
    if (password === undefined) return ERROR.noPassword;
    const right = content.password === password;
    this.#server.onNotice?.(right ? 'password-right' : 'password-wrong', this.#writer);
    if (!right) return ERROR.wrongPassword;
    this.unlocked = true;
    return NOTHING;
  }

  #logOff(): Uint8Array | number {
    if (!this.unlocked) return ERROR.noPasswordToClear;
    this.unlocked = false;
    return NOTHING;
  }

  #clock(subfunction: number, content: UserdataContent): Uint8Array | number {
    const { clock } = this.#server;
    if (clock === undefined) return ERROR.noFunction;
    if ((subfunction & 1) === 1) return encodeContent({ is: 'clock', clock: clockOf(clock.now()) });
    if (content.is !== 'clock') return ERROR.parameter;
    if (!this.#mayWrite || !this.allows(2)) return ERROR.protection;
    const time = timeOf(content.clock);
    if (time === undefined) return ERROR.invalidValue;
    const error = errorOf(clock.set(time, this.#writer));
    return error === 0 ? NOTHING : error;
  }
}
