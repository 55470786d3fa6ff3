/** Standing OPC UA conversations: subscriptions or reads that keep the displayed values fresh, and heartbeats. */
import type { Instant, OpcUaPollSpec, OpcUaServiceSpec } from '@penstock/core';
import {
  type DataValue,
  isBad,
  numericId,
  OpcUaRequest,
  readRequest,
  type ServiceName,
  writeBody,
} from '@penstock/protocols/opcua';
import type { DeviceContext, Part } from '../context.ts';
import { Every } from '../every.ts';
import { OpcUaPeer } from '../opcua-peer.ts';
import { opcuaNode, opcuaValue } from '../opcua-points.ts';

type AnyRequest = OpcUaRequest<ServiceName>;
/** The server's state: reading it opens the session. */
const STATE = numericId(2259);

/** An own variable that is written to the server; a device without a program counts, as an HMI's heartbeat does. */
class SignalWrite {
  readonly request: OpcUaRequest<'Write'>;
  readonly #context: DeviceContext;
  readonly #tag: string;
  readonly #value: () => number;

  constructor(context: DeviceContext, { tag, variable }: OpcUaPollSpec['writes'][number]) {
    const bound = context.controller?.variable(variable);
    let count = 0;
    this.#context = context;
    this.#tag = tag;
    this.#value = () => {
      if (bound !== undefined) return bound.get();
      count = (count + 1) & 0x7fff;
      return count;
    };
    this.request = new OpcUaRequest('Write', writeBody([]));
  }

  next(): AnyRequest {
    this.request.body = writeBody([[opcuaNode(this.#tag), opcuaValue(this.#context.plant, this.#tag, this.#value())]]);
    return this.request as unknown as AnyRequest;
  }
}

class Poll {
  readonly every: Every;
  readonly #context: DeviceContext;
  readonly #spec: OpcUaPollSpec;
  readonly #peer: OpcUaPeer;
  /** The plant's numbers of the tags that are heard, and where else their values go. */
  readonly #tags: readonly number[];
  readonly #variables: readonly (((value: number) => void) | undefined)[];
  readonly #read: OpcUaRequest<'Read'>;
  readonly #open: OpcUaRequest<'Read'>;
  readonly #writes: readonly SignalWrite[];
  /** Of each tag whether what was heard last is a value. */
  readonly #good: boolean[];

  constructor(context: DeviceContext, spec: OpcUaPollSpec, peer: OpcUaPeer, now: Instant) {
    const service = context.device(spec.device).services.find((s): s is OpcUaServiceSpec => s.protocol === 'opcua');
    const names = spec.tags ?? service?.points.map(({ tag }) => tag) ?? [];
    const nodes = names.map(opcuaNode);
    this.#context = context;
    this.#spec = spec;
    this.#peer = peer;
    this.#tags = names.map((tag) => context.tagIndex(tag));
    this.#good = names.map(() => false);
    this.#variables = names.map((tag) => {
      const name = spec.into?.[tag];
      const bound = name === undefined ? undefined : context.controller?.variable(name);
      return bound && ((value) => void bound.set(value));
    });
    this.#open = readRequest([STATE]);
    this.#read = readRequest(nodes, ({ response }, at) => {
      response?.results.forEach((value, i) => {
        this.#take(i, value, at);
      });
    });
    this.#writes = spec.writes.map((write) => new SignalWrite(context, write));
    if (spec.mode === 'subscribe')
      peer.speaker.subscribe(
        {
          items: nodes,
          publishingInterval: spec.every / 1000,
          deadband: spec.deadBand,
          onData: (item, value, at) => this.#take(item, value, at),
          onAlive: (at) => this.#fresh(at),
        },
        now,
      );
    this.every = new Every(context, spec.every, (at) => this.#turn(at));
  }

  #turn(now: Instant): void {
    if (this.#spec.mode === 'read') {
      if (!this.#read.pending) this.#peer.submit(this.#read as unknown as AnyRequest, now);
    } else if (!this.#peer.connected && !this.#open.pending)
      this.#peer.submit(this.#open as unknown as AnyRequest, now);
    for (const write of this.#writes) if (!write.request.pending) this.#peer.submit(write.next(), now);
  }

  #take(item: number, { value, status = 0 }: DataValue, now: Instant): void {
    const content = value?.value;
    const number = typeof content === 'boolean' ? Number(content) : content;
    const isValue = typeof number === 'number' && !isBad(status);
    this.#good[item] = isValue && status === 0;
    if (!isValue) return;
    if (this.#context.store.put(this.#tags[item] as number, number, now)) this.#variables[item]?.(number);
  }

  /** What was not told has not changed: it is as fresh as the sign of life. */
  #fresh(now: Instant): void {
    const { times } = this.#context.store;
    for (let i = 0; i < this.#tags.length; i++) if (this.#good[i]) times[this.#tags[i] as number] = now;
  }
}

export class OpcUaPoller implements Part {
  readonly #peers = new Map<string, OpcUaPeer>();
  readonly #polls: readonly Poll[];

  constructor(context: DeviceContext, polls: readonly OpcUaPollSpec[]) {
    for (const { device, user } of polls)
      if (!this.#peers.has(device)) this.#peers.set(device, new OpcUaPeer(context, context.device(device), { user }));
    this.#polls = polls.map(
      (spec) => new Poll(context, spec, this.#peers.get(spec.device) as OpcUaPeer, context.queue.now),
    );
  }

  /** The standing connection to a server, for those who act through this one. */
  peer(device: string): OpcUaPeer | undefined {
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

export function opcuaPoller(context: DeviceContext): Part | undefined {
  const polls = context.spec.polls.filter((poll): poll is OpcUaPollSpec => poll.protocol === 'opcua');
  return polls.length === 0 ? undefined : new OpcUaPoller(context, polls);
}
