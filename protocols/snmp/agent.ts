/**
 * An SNMP agent over a device's objects: answers GET, GETNEXT, GETBULK and SET of whoever knows a community, and nobody else, as RFC 1157
 * (3.2.5) has it: a wrong community gets no answer at all.
 */
import { compareOids, type Oid } from './ber.ts';
import {
  type Binding,
  decodeSnmp,
  ERRORS,
  encodeSnmp,
  MOST_BINDINGS,
  type SnmpMessage,
  type SnmpValue,
} from './codec.ts';

/** Source of a request, for the device's own decisions. */
export interface SnmpSource {
  readonly address: string;
  readonly port: number;
}

/** One object of the tree. */
export interface MibObject {
  readonly oid: Oid;
  get(): SnmpValue;
  /** Only objects that can be changed have it. `check`: what would be answered, without changing. */
  set?(value: SnmpValue, source: SnmpSource, check: boolean): 'done' | 'type' | 'value' | 'refused';
}

export interface Community {
  readonly name: string;
  readonly access: 'read' | 'write';
}

export interface AgentOptions {
  readonly communities: () => readonly Community[];
  readonly objects: readonly MibObject[];
  /** A request that is not answered because nobody knows its community. */
  readonly onWrongCommunity?: (community: string, source: SnmpSource) => void;
  readonly onSet?: (binding: Binding, source: SnmpSource, done: boolean) => void;
}

/** RFC 3418, `snmp` group: what the agent counts of itself. */
export interface SnmpCounters {
  inPackets: number;
  outPackets: number;
  badVersions: number;
  badCommunities: number;
  badMessages: number;
}

/** What fits in a datagram that no router has to cut. */
const LARGEST_ANSWER = 1400;

export class SnmpAgent {
  readonly counters: SnmpCounters = { inPackets: 0, outPackets: 0, badVersions: 0, badCommunities: 0, badMessages: 0 };
  readonly #options: AgentOptions;
  readonly #objects: readonly MibObject[];

  constructor(options: AgentOptions, objects: (counters: SnmpCounters) => readonly MibObject[] = () => []) {
    this.#options = options;
    this.#objects = [...options.objects, ...objects(this.counters)].sort((a, b) => compareOids(a.oid, b.oid));
  }

  /** The answer to one datagram; undefined for none. Never throws. */
  answer(buffer: Uint8Array, start: number, end: number, source: SnmpSource): Uint8Array | undefined {
    const { counters } = this;
    counters.inPackets++;
    const decoded = decodeSnmp(buffer, start, end);
    if (decoded.status !== 'ok') {
      if (decoded.status === 'unsupported') counters.badVersions++;
      else counters.badMessages++;
      return undefined;
    }
    const { message } = decoded;
    const community = this.#options.communities().find(({ name }) => name === message.community);
    if (community === undefined) {
      counters.badCommunities++;
      this.#options.onWrongCommunity?.(message.community, source);
      return undefined;
    }
    const answer = this.#perform(message, community, source);
    if (answer === undefined) return undefined;
    const bytes = this.#fitting(message, answer);
    counters.outPackets++;
    return bytes;
  }

  #perform(message: SnmpMessage, community: Community, source: SnmpSource): Answer | undefined {
    switch (message.type) {
      case 'get-request':
        return this.#get(message);
      case 'get-next-request':
        return this.#next(message);
      case 'get-bulk-request':
        return message.version === 1 ? undefined : this.#bulk(message);
      case 'set-request':
        return this.#set(message, community, source);
      default:
        return undefined;
    }
  }

  #get({ bindings, version }: SnmpMessage): Answer {
    const found: Binding[] = [];
    for (const [i, { oid }] of bindings.entries()) {
      const object = this.#objects[this.#index(oid)];
      const isThere = object !== undefined && compareOids(object.oid, oid) === 0;
      if (!isThere && version === 1) return wrong(ERRORS.noSuchName, i);
      found.push({ oid, value: isThere ? object.get() : { type: 'noSuchObject' } });
    }
    return { status: ERRORS.noError, index: 0, bindings: found };
  }

  #next({ bindings, version }: SnmpMessage): Answer {
    const found: Binding[] = [];
    for (const [i, { oid }] of bindings.entries()) {
      const next = this.#after(oid);
      if (next === undefined && version === 1) return wrong(ERRORS.noSuchName, i);
      found.push(next ?? { oid, value: { type: 'endOfMibView' } });
    }
    return { status: ERRORS.noError, index: 0, bindings: found };
  }

  /** RFC 3416, clause 4.2.3. */
  #bulk({ bindings, errorStatus, errorIndex }: SnmpMessage): Answer {
    const once = Math.max(0, Math.min(errorStatus, bindings.length));
    const found: Binding[] = bindings
      .slice(0, once)
      .map(({ oid }) => this.#after(oid) ?? { oid, value: { type: 'endOfMibView' } });
    let heads = bindings.slice(once).map(({ oid }) => oid);
    for (let round = 0; round < errorIndex && heads.length > 0 && found.length < MOST_BINDINGS; round++) {
      const row = heads.map((oid): Binding => this.#after(oid) ?? { oid, value: { type: 'endOfMibView' } });
      found.push(...row);
      heads = row.map(({ oid }) => oid);
      if (row.every(({ value }) => value.type === 'endOfMibView')) break;
    }
    return { status: ERRORS.noError, index: 0, bindings: found.slice(0, MOST_BINDINGS) };
  }

  #set(message: SnmpMessage, { access }: Community, source: SnmpSource): Answer {
    const { bindings, version } = message;
    const tell = (done: boolean): void => {
      for (const binding of bindings) this.#options.onSet?.(binding, source, done);
    };
    const refuse = (status: number, i: number): Answer => {
      tell(false);
      return wrong(version === 1 ? (AS_VERSION_1[status] ?? ERRORS.genErr) : status, i);
    };
    const objects: MibObject[] = [];
    // All of them or none (RFC 3416, clause 4.2.5).
    for (const [i, { oid, value }] of bindings.entries()) {
      const object = this.#objects[this.#index(oid)];
      if (access !== 'write' || object === undefined || compareOids(object.oid, oid) !== 0)
        return refuse(ERRORS.noAccess, i);
      if (object.set === undefined) return refuse(ERRORS.notWritable, i);
      const outcome = object.set(value, source, true);
      if (outcome !== 'done') return refuse(REFUSALS[outcome], i);
      objects.push(object);
    }
    for (const [i, object] of objects.entries()) {
      const outcome = object.set?.((bindings[i] as Binding).value, source, false);
      if (outcome !== 'done') return refuse(ERRORS.genErr, i);
    }
    tell(true);
    return { status: ERRORS.noError, index: 0, bindings };
  }

  /** Index of the first object that is not before `oid`. */
  #index(oid: Oid): number {
    let low = 0;
    let high = this.#objects.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (compareOids((this.#objects[middle] as MibObject).oid, oid) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #after(oid: Oid): Binding | undefined {
    let index = this.#index(oid);
    const here = this.#objects[index];
    if (here !== undefined && compareOids(here.oid, oid) === 0) index++;
    const next = this.#objects[index];
    return next && { oid: next.oid, value: next.get() };
  }

  #fitting(request: SnmpMessage, { status, index, bindings }: Answer): Uint8Array {
    const { version, community, requestId } = request;
    const make = (errorStatus: number, errorIndex: number, some: readonly Binding[]): Uint8Array =>
      encodeSnmp({ version, community, type: 'response', requestId, errorStatus, errorIndex, bindings: some });
    // What was asked for comes back with a refusal (RFC 1157, clause 4.1.2).
    let some = status === ERRORS.noError ? bindings : request.bindings;
    let bytes = make(status, index, some);
    if (request.type === 'get-bulk-request')
      for (; bytes.length > LARGEST_ANSWER && some.length > 1; bytes = make(status, index, some))
        some = some.slice(0, Math.ceil(some.length * 0.75));
    return bytes.length > LARGEST_ANSWER ? make(ERRORS.tooBig, 0, version === 1 ? request.bindings : []) : bytes;
  }
}

interface Answer {
  readonly status: number;
  /** Of the binding that is at fault, from 1. */
  readonly index: number;
  readonly bindings: readonly Binding[];
}

const wrong = (status: number, i: number): Answer => ({ status, index: i + 1, bindings: [] });
const REFUSALS = { type: ERRORS.wrongType, value: ERRORS.wrongValue, refused: ERRORS.notWritable } as const;
/** RFC 3584, clause 4.4. */
const AS_VERSION_1: Readonly<Record<number, number>> = {
  [ERRORS.noAccess]: ERRORS.noSuchName,
  [ERRORS.notWritable]: ERRORS.noSuchName,
  [ERRORS.wrongType]: ERRORS.badValue,
  [ERRORS.wrongValue]: ERRORS.badValue,
};
