/** Standing Modbus conversations: block reads that keep the displayed values fresh, interlock signals and heartbeats. */
import type { Instant, ModbusPollSpec } from '@penstock/core';
import {
  type Block,
  type ModbusTransaction,
  PointWrite,
  RegisterMap,
  readTransaction,
} from '@penstock/protocols/modbus';
import type { DeviceContext, Part } from '../context.ts';
import { Every } from '../every.ts';
import { ModbusPeer } from '../modbus-peer.ts';

/** A block that is read, and where its values go. */
class BlockRead {
  readonly transaction: ModbusTransaction;
  readonly #context: DeviceContext;
  readonly #block: Block;
  /** Plant tag of each entry of the block. */
  readonly #tags: readonly number[];
  /** Setter of the own variable of each entry, where a controller takes it in. */
  readonly #variables: readonly (((value: number) => void) | undefined)[];
  readonly #values: Float64Array;

  constructor(context: DeviceContext, poll: ModbusPollSpec, map: RegisterMap, read: ModbusPollSpec['reads'][number]) {
    this.#context = context;
    this.#block = map.block(read.table, read.address, read.count);
    const { entries } = this.#block;
    this.#tags = entries.map((entry) => context.tagIndex(entry.tag));
    this.#variables = entries.map((entry) => {
      const name = poll.into?.[entry.tag];
      const variable = name === undefined ? undefined : context.controller?.variable(name);
      return variable && ((value) => variable.set(value));
    });
    this.#values = new Float64Array(entries.length);
    this.transaction = readTransaction(poll.unit, read.table, read.address, read.count, (done, now) =>
      this.#take(done, now),
    );
  }

  #take(done: ModbusTransaction, now: Instant): void {
    if (done.state !== 'done') return;
    const values = this.#values;
    this.#block.decode(done.response, 2, values);
    const { store } = this.#context;
    for (let i = 0; i < values.length; i++) {
      const value = values[i] as number;
      if (store.put(this.#tags[i] as number, value, now)) this.#variables[i]?.(value);
    }
  }
}

/** An own variable that is written into another's point; a device without a program counts, as an HMI's heartbeat does. */
class SignalWrite {
  readonly transaction: PointWrite;
  readonly #value: () => number;

  constructor(context: DeviceContext, poll: ModbusPollSpec, map: RegisterMap, write: ModbusPollSpec['writes'][number]) {
    const points = context.device(poll.device).points;
    const entry = map.entry(points.findIndex((point) => point.tag === write.tag));
    if (entry === undefined)
      throw new Error(`the plant check lets no write to '${write.tag}' pass that '${poll.device}' does not have`);
    this.transaction = new PointWrite(poll.unit, entry);
    const variable = context.controller?.variable(write.variable);
    let count = 0;
    this.#value =
      variable === undefined
        ? () => {
            count = (count + 1) & 0x7fff;
            return count;
          }
        : () => variable.get();
  }

  next(): PointWrite {
    return this.transaction.set(this.#value());
  }
}

class Poll {
  readonly #peer: ModbusPeer;
  readonly #reads: readonly BlockRead[];
  readonly #writes: readonly SignalWrite[];
  readonly every: Every;

  constructor(context: DeviceContext, spec: ModbusPollSpec, peer: ModbusPeer) {
    const map = new RegisterMap(context.device(spec.device).points, spec.device);
    this.#peer = peer;
    this.#reads = spec.reads.map((read) => new BlockRead(context, spec, map, read));
    this.#writes = spec.writes.map((write) => new SignalWrite(context, spec, map, write));
    this.every = new Every(context, spec.every, (now) => this.#turn(now));
  }

  #turn(now: Instant): void {
    for (let i = 0; i < this.#reads.length; i++) {
      const { transaction } = this.#reads[i] as BlockRead;
      if (!transaction.pending) this.#peer.submit(transaction, now);
    }
    for (let i = 0; i < this.#writes.length; i++) {
      const write = this.#writes[i] as SignalWrite;
      if (!write.transaction.pending) this.#peer.submit(write.next(), now);
    }
  }
}

export class ModbusPoller implements Part {
  readonly #peers = new Map<string, ModbusPeer>();
  readonly #polls: readonly Poll[];

  constructor(context: DeviceContext) {
    const polls = pollsOf(context);
    for (const { device } of polls)
      if (!this.#peers.has(device))
        this.#peers.set(device, new ModbusPeer(context.queue, context.host, context.device(device)));
    this.#polls = polls.map((spec) => new Poll(context, spec, this.#peers.get(spec.device) as ModbusPeer));
  }

  /** The standing connection to a device, for those who act through this one. */
  peer(device: string): ModbusPeer | undefined {
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

const pollsOf = ({ spec }: DeviceContext): ModbusPollSpec[] =>
  spec.polls.filter((poll): poll is ModbusPollSpec => poll.protocol === 'modbus');

export const modbusPoller = (context: DeviceContext): Part | undefined =>
  pollsOf(context).length === 0 ? undefined : new ModbusPoller(context);
