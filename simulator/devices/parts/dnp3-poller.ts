/** Standing DNP3 conversations: what outstations report, of their own accord and on polls, and signals that are commanded to their outputs. */
import { type Dnp3Point, type Dnp3PollSpec, hours, type Instant, NEVER } from '@penstock/core';
import { latch, type PointUpdate, setPoint, type TaskOutcome } from '@penstock/protocols/dnp3';
import type { DeviceContext, Part } from '../context.ts';
import { Dnp3Peer } from '../dnp3-peer.ts';
import { Every } from '../every.ts';

/** Readings of everything, where `plant.yaml` does not say how often. */
const INTEGRITY = hours(1);

/** A point of the outstation, and where its value goes. */
interface Target {
  readonly point: Dnp3Point;
  /** The plant's number of its tag. */
  readonly tag: number;
  readonly variable: ((value: number) => void) | undefined;
}

/** An own variable that is commanded to another's output; a device without a program counts, as an HMI's heartbeat does. */
interface Signal {
  readonly point: Dnp3Point;
  readonly value: () => number;
  pending: boolean;
}

class Conversation {
  readonly peer: Dnp3Peer;
  readonly #context: DeviceContext;
  readonly #spec: Dnp3PollSpec;
  readonly #targets = new Map<string, Target>();
  readonly #signals: readonly Signal[];
  readonly #every: Every | undefined;

  constructor(context: DeviceContext, spec: Dnp3PollSpec) {
    const target = context.device(spec.device);
    this.#context = context;
    this.#spec = spec;
    for (const { tag, dnp3 } of target.points) {
      if (dnp3 === undefined) continue;
      const name = spec.into?.[tag];
      const bound = name === undefined ? undefined : context.controller?.variable(name);
      const variable = bound && ((value: number) => void bound.set(value));
      this.#targets.set(`${dnp3.kind} ${dnp3.index}`, { point: dnp3, tag: context.tagIndex(tag), variable });
    }
    this.#signals = spec.writes.map(({ tag, variable: name }): Signal => {
      const point = target.points.find((candidate) => candidate.tag === tag)?.dnp3;
      if (point === undefined)
        throw new Error(`the plant check lets no write to '${tag}' pass that '${target.id}' does not have`);
      const variable = context.controller?.variable(name);
      let count = 0;
      const value = variable === undefined ? () => (count = (count + 1) & 0x7fff) : () => variable.get();
      return { point, value, pending: false };
    });
    this.peer = new Dnp3Peer(
      context,
      target,
      { ...spec, integrity: spec.integrity ?? INTEGRITY },
      {
        update: (update, now) => this.#take(update, now),
        ended: (name, outcome, now) => this.#ended(name, outcome, now),
      },
    );
    this.#every = this.#signals.length === 0 ? undefined : new Every(context, spec.every, () => this.#command());
  }

  start(now: Instant): void {
    this.peer.start(now);
    this.#every?.start();
  }

  stop(now: Instant): void {
    this.#every?.stop();
    this.peer.stop(now);
  }

  #take(update: PointUpdate, now: Instant): void {
    const target = this.#targets.get(`${update.kind} ${update.index}`);
    if (target === undefined) return;
    const value = update.value * target.point.scale + target.point.offset;
    if (this.#context.store.put(target.tag, value, now)) target.variable?.(value);
  }

  /** An outstation that was asked for its changes, and had none of a point, has said that it stands as it stood. */
  #ended(name: string, outcome: TaskOutcome, now: Instant): void {
    if (name !== 'events' || outcome !== 'done') return;
    const { store } = this.#context;
    for (const { tag } of this.#targets.values())
      if (store.times[tag] !== -NEVER) store.put(tag, store.values[tag] as number, now);
  }

  #command(): void {
    const { commands } = this.#spec;
    for (const signal of this.#signals) {
      if (signal.pending) continue;
      const { kind, index, scale, offset } = signal.point;
      const value = signal.value();
      const command = {
        index,
        value: kind === 'binary-output' ? latch(value !== 0) : setPoint((value - offset) / scale),
      };
      signal.pending = this.peer.speak((master, now) =>
        master.command([command], commands, now, () => {
          signal.pending = false;
        }),
      );
    }
  }
}

export class Dnp3Poller implements Part {
  readonly #conversations: readonly Conversation[];

  constructor(context: DeviceContext, polls: readonly Dnp3PollSpec[]) {
    this.#conversations = polls.map((spec) => new Conversation(context, spec));
  }

  /** The standing connection to a device, for those who act through this one. */
  peer(device: string): Dnp3Peer | undefined {
    return this.#conversations.find(({ peer }) => peer.target === device)?.peer;
  }

  start(now: Instant): void {
    for (const conversation of this.#conversations) conversation.start(now);
  }

  stop(now: Instant): void {
    for (const conversation of this.#conversations) conversation.stop(now);
  }
}

export function dnp3Poller(context: DeviceContext): Part | undefined {
  const polls = context.spec.polls.filter((poll): poll is Dnp3PollSpec => poll.protocol === 'dnp3');
  return polls.length === 0 ? undefined : new Dnp3Poller(context, polls);
}
