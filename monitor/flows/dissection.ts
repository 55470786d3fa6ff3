/**
 * Chooses each flow's dissector by what its first bytes look like, then by port, and feeds it. A flow that starts in the middle
 * of a message is looked at again with every segment; a dissector that makes no sense of anything is taken off again.
 */
import type { Dissector, DissectorFactory, ProtocolEvent } from '@penstock/core';
import { type Endpoint, PARTIAL } from './endpoint.ts';
import type { Flow } from './flow.ts';
import { PROTOCOL_TCP, PROTOCOL_UDP } from './packet.ts';
import type { StreamConsumer } from './reassembly.ts';

/** As sure as this is sure enough away from a protocol's own port; on it, anything above 0 is. */
const SURE_ENOUGH = 0.5;
/** Bytes of a direction that are kept while nobody knows what they are. */
const MAX_EARLY = 2048;
/** And of all directions together. */
const MAX_EARLY_TOTAL = 32 * 1024 * 1024;
/** Segments of a direction without any taker before a flow on an unknown port is left alone. */
const MAX_REFUSALS = 64;
/** Violations without a single event after which a dissector was the wrong one. */
const MAX_VIOLATIONS = 8;

export type FlowEventSink = (event: ProtocolEvent, flow: Flow) => void;

export class Dissection implements StreamConsumer {
  /** Bytes that no dissector wanted; violations and unparsed bytes of flows that have ended; dissectors that failed. */
  unclaimedBytes = 0;
  violations = 0;
  unparsedBytes = 0;
  faults = 0;
  /** By index of the factory: bytes that its dissectors were given, and those that they made nothing of. */
  readonly given: Float64Array;
  readonly unparsed: Float64Array;
  readonly #factories: readonly DissectorFactory[];
  readonly #protocols: readonly number[];
  readonly #emit: FlowEventSink;
  readonly #serverPorts = new Map<number, number>();
  #earlyTotal = 0;
  /** What the receiver of events threw; a mistake there is not the dissector's. */
  #foreignFault: { readonly error: unknown } | undefined;

  constructor(factories: readonly DissectorFactory[], emit: FlowEventSink) {
    this.#factories = factories;
    this.#protocols = factories.map((factory) => (factory.transport === 'tcp' ? PROTOCOL_TCP : PROTOCOL_UDP));
    this.#emit = emit;
    this.given = new Float64Array(factories.length);
    this.unparsed = new Float64Array(factories.length);
    factories.forEach((factory, index) => {
      for (const port of factory.ports) this.#serverPorts.set(port, (this.#serverPorts.get(port) ?? 0) | (1 << index));
    });
  }

  data(flow: Flow, endpoint: Endpoint, time: number, buffer: Uint8Array, start: number, end: number): void {
    if (start >= end) return;
    const dissector = flow.dissector;
    if (dissector === undefined) {
      this.#look(flow, endpoint, time, buffer, start, end);
      return;
    }
    try {
      dissector.data(endpoint.isOriginator, time, buffer, start, end);
    } catch (error) {
      this.#fault(flow, error);
    }
    this.given[flow.dissectorIndex] += end - start;
    if (dissector.unparsedBytes !== flow.unparsedBytes) this.#countUnparsed(flow, dissector);
    if (flow.service === undefined && dissector.violations > MAX_VIOLATIONS) this.#giveUp(flow);
  }

  gap(flow: Flow, endpoint: Endpoint, time: number, missing: number): void {
    this.unclaimedBytes += this.#release(endpoint)?.length ?? 0;
    if (flow.dissector === undefined) return;
    try {
      flow.dissector.gap(endpoint.isOriginator, time, missing);
    } catch (error) {
      this.#fault(flow, error);
    }
  }

  /** The flow is over; what its dissector still holds becomes events. */
  end(flow: Flow, time: number): void {
    if (flow.dissector === undefined && (isWaiting(flow.originator) || isWaiting(flow.responder)))
      this.#settle(flow, time);
    this.unclaimedBytes += this.#release(flow.originator)?.length ?? 0;
    this.unclaimedBytes += this.#release(flow.responder)?.length ?? 0;
    const dissector = flow.dissector;
    if (dissector === undefined) return;
    try {
      dissector.end(time);
    } catch (error) {
      this.#fault(flow, error);
    }
    this.#countUnparsed(flow, dissector);
    this.violations += dissector.violations;
    this.unparsedBytes += dissector.unparsedBytes;
    flow.dissector = undefined;
  }

  #countUnparsed(flow: Flow, dissector: Dissector): void {
    this.unparsed[flow.dissectorIndex] += dissector.unparsedBytes - flow.unparsedBytes;
    flow.unparsedBytes = dissector.unparsedBytes;
  }

  #look(flow: Flow, endpoint: Endpoint, time: number, buffer: Uint8Array, start: number, end: number): void {
    const bits = this.#portBits(flow);
    if (this.#factories.length === 0 || (bits === 0 && endpoint.refusals >= MAX_REFUSALS)) {
      this.unclaimedBytes += end - start;
      return;
    }
    const early = endpoint.early;
    const bytes = early === undefined ? buffer : joined(early, buffer, start, end);
    const from = early === undefined ? start : 0;
    const to = early === undefined ? end : bytes.length;
    const unjudged = early === undefined ? start : endpoint.unjudged;
    const choice = this.#choose(flow, endpoint, bytes, unjudged, to, bits);
    if (choice >= 0) {
      this.#assign(flow, choice);
      this.#catchUp(flow, flow.originator, time);
      this.#catchUp(flow, flow.responder, time);
      this.data(flow, endpoint, time, buffer, start, end);
      return;
    }
    this.#release(endpoint);
    const isStream = flow.protocol === PROTOCOL_TCP;
    let keeps = isStream && choice === UNDECIDED;
    if (choice === NOBODY) {
      endpoint.refusals++;
      // On its own port a protocol may begin with what looks like none: kept, if it is the stream's real start.
      keeps = isStream && bits !== 0 && !isMidStream(endpoint);
    }
    if (keeps && to - from <= MAX_EARLY && this.#earlyTotal + to - from <= MAX_EARLY_TOTAL) {
      endpoint.early = bytes.slice(from, to);
      endpoint.unjudged = choice === UNDECIDED ? unjudged - from : to - from;
      this.#earlyTotal += to - from;
    } else this.unclaimedBytes += to - from;
  }

  /** The bytes of a direction that were kept, which are kept no longer. */
  #release(endpoint: Endpoint): Uint8Array | undefined {
    const bytes = endpoint.early;
    if (bytes === undefined) return undefined;
    this.#earlyTotal -= bytes.length;
    endpoint.early = undefined;
    return bytes;
  }

  /** Index of the factory that is surest; equal certainty goes by port, then by order. */
  #choose(flow: Flow, endpoint: Endpoint, buffer: Uint8Array, start: number, end: number, portBits: number): number {
    let best: number = NOBODY;
    let bestScore = 0;
    let undecided = false;
    for (let i = 0; i < this.#factories.length; i++) {
      const factory = this.#factories[i] as DissectorFactory;
      if (this.#protocols[i] !== flow.protocol || (flow.refused & (1 << i)) !== 0) continue;
      const onPort = (portBits & (1 << i)) !== 0;
      const certainty = factory.probe(buffer, start, end, endpoint.isOriginator);
      if (certainty === undefined) undecided = true;
      else if (certainty >= SURE_ENOUGH || (onPort && certainty > 0)) {
        const score = certainty + (onPort ? 1e-6 : 0);
        if (score > bestScore) {
          best = i;
          bestScore = score;
        }
      }
    }
    return best === NOBODY && undecided ? UNDECIDED : best;
  }

  #portBits(flow: Flow): number {
    return this.#serverPorts.get(flow.responderPort) ?? 0;
  }

  #assign(flow: Flow, index: number): void {
    const factory = this.#factories[index] as DissectorFactory;
    flow.dissectorIndex = index;
    flow.unparsedBytes = 0;
    flow.dissector = factory.create((event) => {
      flow.service ??= factory.protocol;
      try {
        this.#emit(event, flow);
      } catch (error) {
        this.#foreignFault = { error };
        throw error;
      }
    });
  }

  /** Gives the dissector what a direction had sent before anybody knew. */
  #catchUp(flow: Flow, endpoint: Endpoint, time: number): void {
    const bytes = this.#release(endpoint);
    if (bytes !== undefined) this.data(flow, endpoint, time, bytes, 0, bytes.length);
  }

  /** Too few bytes to tell, and no more will come: the port decides. */
  #settle(flow: Flow, time: number): void {
    const bits = this.#portBits(flow) & ~flow.refused;
    const index = this.#protocols.findIndex((protocol, i) => protocol === flow.protocol && (bits & (1 << i)) !== 0);
    if (index < 0) return;
    this.#assign(flow, index);
    this.#catchUp(flow, flow.originator, time);
    this.#catchUp(flow, flow.responder, time);
  }

  #giveUp(flow: Flow): void {
    const dissector = flow.dissector;
    if (dissector === undefined) return;
    this.violations += dissector.violations;
    this.unparsedBytes += dissector.unparsedBytes;
    flow.refused |= 1 << flow.dissectorIndex;
    flow.dissector = undefined;
  }

  /** A dissector that throws breaks its contract; the flow goes on without it, the sensor goes on in any case. */
  #fault(flow: Flow, error: unknown): void {
    const foreign = this.#foreignFault;
    this.#foreignFault = undefined;
    if (foreign !== undefined && foreign.error === error) throw error;
    this.faults++;
    this.#giveUp(flow);
  }
}

const NOBODY = -1;
const UNDECIDED = -2;

function joined(early: Uint8Array, buffer: Uint8Array, start: number, end: number): Uint8Array {
  const bytes = new Uint8Array(early.length + end - start);
  bytes.set(early);
  bytes.set(buffer.subarray(start, end), early.length);
  return bytes;
}

function isMidStream(endpoint: Endpoint): boolean {
  return endpoint.state === PARTIAL || endpoint.previousState === PARTIAL;
}

/** Whether bytes are kept that were too few to tell. */
function isWaiting(endpoint: Endpoint): boolean {
  return endpoint.early !== undefined && endpoint.unjudged < endpoint.early.length;
}
