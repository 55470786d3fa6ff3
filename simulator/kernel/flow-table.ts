/** Flows that a stateful firewall has let through, found by the packets of either direction. Bounded. */
import { type Instant, seconds } from '@penstock/core';
import type { Ipv4Address } from '@penstock/protocols/ethernet';

/** One flow; `a` is who opened it. For ICMP both ports are the echo identifier. */
export interface Flow {
  readonly protocol: number;
  readonly a: Ipv4Address;
  readonly aPort: number;
  readonly b: Ipv4Address;
  readonly bPort: number;
  /** What let it through. */
  readonly conduit: string;
  /** Nothing ever comes back. */
  readonly diode: boolean;
  expires: Instant;
  answered: boolean;
  /** FIN seen from a (1) and b (2), or RST (3). */
  ending: number;
  next: Flow | undefined;
}

const SWEEP_PAUSE = seconds(1);

export class FlowTable {
  readonly #limit: number;
  #buckets: (Flow | undefined)[] = new Array(64).fill(undefined);
  #size = 0;
  #sweepAfter = 0 as Instant;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get size(): number {
    return this.#size;
  }

  /** The flow that a packet from `source` to `destination` belongs to, whoever opened it. */
  find(
    protocol: number,
    source: Ipv4Address,
    sourcePort: number,
    destination: Ipv4Address,
    destinationPort: number,
    now: Instant,
  ): Flow | undefined {
    const bucket = this.#bucket(source, sourcePort, destination, destinationPort);
    for (let flow = this.#buckets[bucket]; flow !== undefined; flow = flow.next) {
      if (flow.protocol !== protocol) continue;
      const forward =
        flow.a === source && flow.b === destination && flow.aPort === sourcePort && flow.bPort === destinationPort;
      const backward =
        flow.b === source && flow.a === destination && flow.bPort === sourcePort && flow.aPort === destinationPort;
      if (!forward && !backward) continue;
      if (flow.expires > now) return flow;
      this.#remove(flow, bucket);
      return undefined;
    }
    return undefined;
  }

  /** Enters a flow; false when the table is full of flows that live. */
  add(flow: Flow, now: Instant): boolean {
    // Looking through a full table for each packet of a flood would be the flood's success.
    if (this.#size >= this.#limit && now >= this.#sweepAfter) this.#sweep(now);
    if (this.#size >= this.#limit) return false;
    if (this.#size === this.#buckets.length) this.#grow();
    this.#link(flow);
    this.#size++;
    return true;
  }

  /** Forgets the flows of one conduit. */
  cut(conduit: string): void {
    this.#keep(this.#all().filter((flow) => flow.conduit !== conduit));
  }

  clear(): void {
    this.#buckets.fill(undefined);
    this.#size = 0;
  }

  /** The same for both directions. */
  #bucket(a: Ipv4Address, aPort: number, b: Ipv4Address, bPort: number): number {
    const one = Math.imul(a ^ Math.imul(aPort, 0x9e3779b1), 0x85ebca6b);
    const other = Math.imul(b ^ Math.imul(bPort, 0x9e3779b1), 0x85ebca6b);
    const mixed = Math.imul(one ^ (one >>> 15), 0xc2b2ae35) + Math.imul(other ^ (other >>> 15), 0xc2b2ae35);
    return (mixed ^ (mixed >>> 16)) & (this.#buckets.length - 1);
  }

  #link(flow: Flow): void {
    const bucket = this.#bucket(flow.a, flow.aPort, flow.b, flow.bPort);
    flow.next = this.#buckets[bucket];
    this.#buckets[bucket] = flow;
  }

  #remove(flow: Flow, bucket: number): void {
    let current = this.#buckets[bucket];
    if (current === flow) this.#buckets[bucket] = flow.next;
    else
      for (; current !== undefined; current = current.next)
        if (current.next === flow) {
          current.next = flow.next;
          break;
        }
    this.#size--;
  }

  #all(): Flow[] {
    const all: Flow[] = [];
    for (let flow of this.#buckets) for (; flow !== undefined; flow = flow.next) all.push(flow);
    return all;
  }

  #sweep(now: Instant): void {
    this.#sweepAfter = (now + SWEEP_PAUSE) as Instant;
    this.#keep(this.#all().filter((flow) => flow.expires > now));
  }

  #keep(flows: readonly Flow[]): void {
    this.clear();
    for (const flow of flows) this.#link(flow);
    this.#size = flows.length;
  }

  #grow(): void {
    const all = this.#all();
    this.#buckets = new Array(this.#buckets.length * 2).fill(undefined);
    for (const flow of all) this.#link(flow);
  }
}
