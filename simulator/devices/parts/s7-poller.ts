/** Standing S7 conversations: areas of memory that keep the displayed values fresh, interlock signals and heartbeats. */
import type { Instant, S7PollSpec } from '@penstock/core';
import {
  AREA_CODES,
  addressOfBytes,
  decodeEntry,
  isCounted,
  type MemoryEntry,
  S7Memory,
  S7PointWrite,
  S7Read,
} from '@penstock/protocols/s7comm';
import type { DeviceContext, Part } from '../context.ts';
import { Every } from '../every.ts';
import { S7Peer } from '../s7-peer.ts';

/** Bytes of one item: with its headers it fits the shortest PDU that controllers agree on, 240 bytes. */
const LONGEST_ITEM = 212;
const SUCCESS = 0xff;

/** A point that an answer carries, and where its value goes. */
interface Target {
  readonly entry: MemoryEntry;
  /** The plant's number of its tag. */
  readonly tag: number;
  readonly variable: ((value: number) => void) | undefined;
}

/** Some bytes that are read with one request. */
class AreaRead {
  readonly transaction: S7Read;
  readonly #context: DeviceContext;
  readonly #from: number;
  readonly #targets: readonly Target[];

  constructor(
    context: DeviceContext,
    poll: S7PollSpec,
    area: { area: number; db: number },
    from: number,
    entries: readonly MemoryEntry[],
  ) {
    const end = Math.max(...entries.map((entry) => entry.byte + entry.bytes));
    this.#context = context;
    this.#from = from;
    this.#targets = entries.map((entry) => {
      const name = poll.into?.[entry.tag];
      const bound = name === undefined ? undefined : context.controller?.variable(name);
      return { entry, tag: context.tagIndex(entry.tag), variable: bound && ((value) => void bound.set(value)) };
    });
    this.transaction = new S7Read([addressOfBytes(area, from, end - from)], (_, now) => this.#take(now));
  }

  #take(now: Instant): void {
    const { transaction } = this;
    const { store } = this.#context;
    const targets = this.#targets;
    transaction.results((_, code, start, end) => {
      if (code !== SUCCESS) return;
      for (let i = 0; i < targets.length; i++) {
        const { entry, tag, variable } = targets[i] as Target;
        if (start + entry.byte + entry.bytes - this.#from > end) continue;
        const value = decodeEntry(entry, transaction.response, start, this.#from);
        if (store.put(tag, value, now)) variable?.(value);
      }
    });
  }
}

/** An own variable that is written into another's point; a device without a program counts, as an HMI's heartbeat does. */
class SignalWrite {
  readonly transaction: S7PointWrite;
  readonly #value: () => number;

  constructor(context: DeviceContext, poll: S7PollSpec, memory: S7Memory, write: S7PollSpec['writes'][number]) {
    const entry = memory.entry(context.device(poll.device).points.findIndex((point) => point.tag === write.tag));
    if (entry === undefined)
      throw new Error(`the plant check lets no write to '${write.tag}' pass that '${poll.device}' does not have`);
    this.transaction = new S7PointWrite(entry);
    const variable = context.controller?.variable(write.variable);
    let count = 0;
    this.#value = variable === undefined ? () => (count = (count + 1) & 0x7fff) : () => variable.get();
  }

  next(): S7PointWrite {
    return this.transaction.set(this.#value());
  }
}

class Poll {
  readonly every: Every;
  readonly #peer: S7Peer;
  readonly #reads: readonly AreaRead[];
  readonly #writes: readonly SignalWrite[];

  constructor(context: DeviceContext, spec: S7PollSpec, peer: S7Peer) {
    const memory = new S7Memory(context.device(spec.device).points, spec.device);
    this.#peer = peer;
    this.#reads = spec.reads.flatMap((read) => readsOf(context, spec, memory, read));
    this.#writes = spec.writes.map((write) => new SignalWrite(context, spec, memory, write));
    this.every = new Every(context, spec.every, (now) => this.#turn(now));
  }

  #turn(now: Instant): void {
    for (let i = 0; i < this.#reads.length; i++) {
      const { transaction } = this.#reads[i] as AreaRead;
      if (!transaction.pending) this.#peer.submit(transaction, now);
    }
    for (let i = 0; i < this.#writes.length; i++) {
      const write = this.#writes[i] as SignalWrite;
      if (!write.transaction.pending) this.#peer.submit(write.next(), now);
    }
  }
}

/** An area in as many requests as its length needs; points are not cut. */
function readsOf(
  context: DeviceContext,
  poll: S7PollSpec,
  memory: S7Memory,
  read: S7PollSpec['reads'][number],
): AreaRead[] {
  const area = { area: AREA_CODES[read.area], db: read.db ?? 0 };
  const unit = isCounted(area.area) ? 2 : 1;
  const [first, last] = [read.byte * unit, (read.byte + read.count) * unit];
  const inside = (memory.block(area.area, area.db)?.entries ?? []).filter(
    ({ byte, bytes }) => byte >= first && byte + bytes <= last,
  );
  const reads: AreaRead[] = [];
  let part: MemoryEntry[] = [];
  const finish = (): void => {
    const [begin] = part;
    if (begin !== undefined) reads.push(new AreaRead(context, poll, area, begin.byte, part));
    part = [];
  };
  for (const entry of inside) {
    if (part[0] !== undefined && entry.byte + entry.bytes - part[0].byte > LONGEST_ITEM) finish();
    part.push(entry);
  }
  finish();
  return reads;
}

export class S7Poller implements Part {
  readonly #peers = new Map<string, S7Peer>();
  readonly #polls: readonly Poll[];

  constructor(context: DeviceContext, polls: readonly S7PollSpec[]) {
    for (const { device } of polls)
      if (!this.#peers.has(device))
        this.#peers.set(device, new S7Peer(context.queue, context.host, context.device(device)));
    this.#polls = polls.map((spec) => new Poll(context, spec, this.#peers.get(spec.device) as S7Peer));
  }

  /** The standing connection to a device, for those who act through this one. */
  peer(device: string): S7Peer | undefined {
    return this.#peers.get(device);
  }

  start(): void {
    for (const poll of this.#polls) poll.every.start();
  }

  stop(now: Instant): void {
    for (const poll of this.#polls) poll.every.stop();
    for (const peer of this.#peers.values()) peer.forget(now);
  }
}

export function s7Poller(context: DeviceContext): Part | undefined {
  const polls = context.spec.polls.filter((poll): poll is S7PollSpec => poll.protocol === 's7');
  return polls.length === 0 ? undefined : new S7Poller(context, polls);
}
