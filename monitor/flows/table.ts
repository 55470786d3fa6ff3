import { ESTABLISHED, INACTIVE, PARTIAL, SYN_ACK_SENT, SYN_SENT } from './endpoint.ts';
import { Flow, FlowKey, PROTOCOL_ARP } from './flow.ts';
import { type Packet, PROTOCOL_ICMP, PROTOCOL_ICMP6, PROTOCOL_TCP } from './packet.ts';

/** Zeek's defaults (`scripts/base/init-bare.zeek`): how long event time may run on before a flow is over, microseconds. */
const ATTEMPT_TIMEOUT = 5e6;
const TCP_INACTIVITY = 300e6;
const OTHER_INACTIVITY = 60e6;
export const CLOSE_DELAY = 5e6;

/** Flows whose time in the heap is brought up to date before one has to go early. */
const EVICTION_TRIES = 32;

export type FlowEnd = (flow: Flow, time: number) => void;

/**
 * All flows that are alive. Finding one takes no allocation; ends are noticed as event time passes. When there are more than
 * `capacity`, those that would end soonest go first (half-open ones before established ones) and are counted.
 */
export class FlowTable {
  size = 0;
  created = 0;
  evicted = 0;
  /** Whether the packet of the last `find` went from originator to responder. */
  fromOriginator = true;
  readonly #capacity: number;
  readonly #seed: number;
  readonly #serverPorts: ReadonlySet<number>;
  readonly #onEnd: FlowEnd;
  readonly #key = new FlowKey();
  #buckets: (Flow | undefined)[] = new Array<Flow | undefined>(4096).fill(undefined);
  #mask = 4095;
  #recent: Flow | undefined = undefined;
  readonly #deadlines = new Deadlines();

  /** @param serverPorts ports that tell which end of a conversation seen in mid-stream is the server */
  constructor(capacity: number, seed: number, serverPorts: ReadonlySet<number>, onEnd: FlowEnd) {
    this.#capacity = capacity;
    this.#seed = seed;
    this.#serverPorts = serverPorts;
    this.#onEnd = onEnd;
  }

  /** The flow of an IP packet, made if there is none. `tcpFlags` are 0 for other protocols. */
  find(packet: Packet, sourcePort: number, destinationPort: number, time: number, tcpFlags: number): Flow {
    const sourceIsLow = this.#makeKey(packet, sourcePort, destinationPort, packet.protocol);
    const found = this.#lookup();
    if (found !== undefined) {
      this.fromOriginator = found.originatorIsLow === sourceIsLow;
      return found;
    }
    return this.#create(sourceIsLow, sourcePort, destinationPort, time, tcpFlags, packet.vlan);
  }

  /** The flow of ARP messages between two protocol addresses, which the caller has put into `packet`. */
  findArp(packet: Packet, time: number): Flow {
    const sourceIsLow = this.#makeKey(packet, 0, 0, PROTOCOL_ARP);
    const found = this.#lookup();
    if (found !== undefined) {
      this.fromOriginator = found.originatorIsLow === sourceIsLow;
      return found;
    }
    return this.#create(sourceIsLow, 0, 0, time, 0, packet.vlan);
  }

  /** Orders the two ends, so that both directions have one key. True when the packet's source is the lower end. */
  #makeKey(packet: Packet, sourcePort: number, destinationPort: number, protocol: number): boolean {
    const key = this.#key;
    const sourceIsLow = isLower(packet, sourcePort, destinationPort);
    if (sourceIsLow) {
      key.low0 = packet.source0;
      key.low1 = packet.source1;
      key.low2 = packet.source2;
      key.low3 = packet.source3;
      key.lowPort = sourcePort;
      key.high0 = packet.destination0;
      key.high1 = packet.destination1;
      key.high2 = packet.destination2;
      key.high3 = packet.destination3;
      key.highPort = destinationPort;
    } else {
      key.high0 = packet.source0;
      key.high1 = packet.source1;
      key.high2 = packet.source2;
      key.high3 = packet.source3;
      key.highPort = sourcePort;
      key.low0 = packet.destination0;
      key.low1 = packet.destination1;
      key.low2 = packet.destination2;
      key.low3 = packet.destination3;
      key.lowPort = destinationPort;
    }
    key.protocol = protocol;
    key.version = packet.version;
    let hash = Math.imul(key.low3 ^ (key.high3 << 13) ^ (key.high3 >>> 19), 0x9e3779b1);
    hash = Math.imul(hash ^ (key.lowPort << 16) ^ key.highPort ^ (protocol << 8), 0x85ebca6b);
    if (packet.version === 6) {
      hash = Math.imul(hash ^ key.low0 ^ (hash >>> 15) ^ (key.high0 << 7), 0xc2b2ae35);
      hash = Math.imul(hash ^ key.low1 ^ (key.low2 << 11) ^ (key.high1 << 17) ^ (key.high2 >>> 9), 0x27d4eb2f);
    }
    key.hash = hash ^ (hash >>> 15);
    return sourceIsLow;
  }

  #lookup(): Flow | undefined {
    const recent = this.#recent;
    if (recent !== undefined && this.#isKeyOf(recent)) return recent;
    let flow = this.#buckets[this.#key.hash & this.#mask];
    while (flow !== undefined && !this.#isKeyOf(flow)) flow = flow.chained;
    if (flow !== undefined) this.#recent = flow;
    return flow;
  }

  #isKeyOf(flow: Flow): boolean {
    const key = this.#key;
    return (
      flow.hash === key.hash &&
      flow.low3 === key.low3 &&
      flow.high3 === key.high3 &&
      flow.lowPort === key.lowPort &&
      flow.highPort === key.highPort &&
      flow.protocol === key.protocol &&
      flow.version === key.version &&
      (key.version === 4 ||
        (flow.low0 === key.low0 &&
          flow.low1 === key.low1 &&
          flow.low2 === key.low2 &&
          flow.high0 === key.high0 &&
          flow.high1 === key.high1 &&
          flow.high2 === key.high2))
    );
  }

  #create(
    sourceIsLow: boolean,
    sourcePort: number,
    destinationPort: number,
    time: number,
    flags: number,
    vlan: number,
  ): Flow {
    if (this.size >= this.#capacity) this.#evict(time);
    const flipped = this.#looksReversed(sourcePort, destinationPort, flags);
    const flow = new Flow(this.#key, ++this.created, this.#seed, time, sourceIsLow !== flipped, vlan);
    if (flipped) flow.history = '^';
    this.fromOriginator = !flipped;
    const bucket = flow.hash & this.#mask;
    flow.chained = this.#buckets[bucket];
    this.#buckets[bucket] = flow;
    this.size++;
    if (this.size > this.#buckets.length) this.#grow();
    this.#recent = flow;
    this.#deadlines.add(flow, this.#deadline(flow));
    return flow;
  }

  /**
   * A conversation that starts without its SYN may have been seen from the answer on; the ports then tell who serves
   * (Zeek's heuristic: with two plausible servers the lower port is the server, except that a SYN-ACK is believed).
   */
  #looksReversed(sourcePort: number, destinationPort: number, flags: number): boolean {
    const protocol = this.#key.protocol;
    if (protocol === PROTOCOL_ICMP || protocol === PROTOCOL_ICMP6 || protocol === PROTOCOL_ARP) return false;
    const isTcp = protocol === PROTOCOL_TCP;
    if (isTcp && (flags & 0x12) === 0x02) return false;
    if (!this.#serverPorts.has(sourcePort)) return false;
    if (!this.#serverPorts.has(destinationPort)) return true;
    return isTcp && (flags & 0x02) === 0 && sourcePort < destinationPort;
  }

  #grow(): void {
    const buckets = new Array<Flow | undefined>(this.#buckets.length * 2).fill(undefined);
    this.#mask = buckets.length - 1;
    for (const first of this.#buckets)
      for (let flow = first; flow !== undefined; ) {
        const next: Flow | undefined = flow.chained;
        flow.chained = buckets[flow.hash & this.#mask];
        buckets[flow.hash & this.#mask] = flow;
        flow = next;
      }
    this.#buckets = buckets;
  }

  /** When the flow is over if nothing more comes. */
  #deadline(flow: Flow): number {
    if (flow.closesAt !== Number.POSITIVE_INFINITY) return flow.closesAt;
    if (flow.protocol !== PROTOCOL_TCP) return flow.lastTime + OTHER_INACTIVITY;
    const state = flow.originator.state;
    const peer = flow.responder.state;
    if ((state === SYN_SENT || state === SYN_ACK_SENT) && peer === INACTIVE) return flow.startTime + ATTEMPT_TIMEOUT;
    const met = state >= PARTIAL || peer === ESTABLISHED || peer >= PARTIAL;
    return flow.lastTime + (met ? TCP_INACTIVITY : OTHER_INACTIVITY);
  }

  /** Call when a change of state, or time that ran backwards, may have brought the flow's end nearer. */
  hasten(flow: Flow): void {
    this.#deadlines.update(flow, this.#deadline(flow));
  }

  /** Ends the flows whose time is over. Cheap when there are none. */
  expire(time: number): void {
    const deadlines = this.#deadlines;
    while (deadlines.first <= time) {
      const flow = deadlines.top;
      const deadline = this.#deadline(flow);
      if (deadline <= time) this.#end(flow, time);
      else deadlines.update(flow, deadline);
    }
  }

  /** Ends the flow that would end soonest; the first whose time in the heap is its true one is it. */
  #evict(time: number): void {
    const deadlines = this.#deadlines;
    for (let tries = 0; tries < EVICTION_TRIES; tries++) {
      const flow = deadlines.top;
      const deadline = this.#deadline(flow);
      if (deadline <= flow.deadline) break;
      deadlines.update(flow, deadline);
    }
    this.evicted++;
    this.#end(deadlines.top, time);
  }

  /** Takes the flow out because another begins with the same key. */
  end(flow: Flow, time: number): void {
    this.#end(flow, time);
  }

  #end(flow: Flow, time: number): void {
    const bucket = flow.hash & this.#mask;
    let before = this.#buckets[bucket];
    if (before === flow) this.#buckets[bucket] = flow.chained;
    else {
      while (before !== undefined && before.chained !== flow) before = before.chained;
      if (before !== undefined) before.chained = flow.chained;
    }
    flow.chained = undefined;
    this.#deadlines.remove(flow);
    if (this.#recent === flow) this.#recent = undefined;
    this.size--;
    this.#onEnd(flow, time);
  }

  /** Ends all flows, oldest first. */
  flush(time: number): void {
    const flows: Flow[] = [];
    for (const first of this.#buckets) for (let flow = first; flow !== undefined; flow = flow.chained) flows.push(flow);
    flows.sort((a, b) => a.serial - b.serial);
    for (const flow of flows) this.#end(flow, time);
  }
}

/** Whether the packet's source sorts before its destination, by address, then by port. */
function isLower(packet: Packet, sourcePort: number, destinationPort: number): boolean {
  if (packet.version === 6) {
    if (packet.source0 !== packet.destination0) return packet.source0 < packet.destination0;
    if (packet.source1 !== packet.destination1) return packet.source1 < packet.destination1;
    if (packet.source2 !== packet.destination2) return packet.source2 < packet.destination2;
  }
  if (packet.source3 !== packet.destination3) return packet.source3 < packet.destination3;
  return sourcePort <= destinationPort;
}

/**
 * A heap of the flows by the time at which each is to be looked at again. That time is a lower bound of the flow's end:
 * packets move the end on without touching the heap.
 */
class Deadlines {
  readonly #heap: Flow[] = [];
  /** The earliest time, infinity when there is none. */
  first = Number.POSITIVE_INFINITY;

  /** The flow with the earliest time; there must be one. */
  get top(): Flow {
    return this.#heap[0] as Flow;
  }

  add(flow: Flow, time: number): void {
    flow.deadline = time;
    this.#heap.push(flow);
    this.#up(flow, this.#heap.length - 1);
    this.first = this.top.deadline;
  }

  update(flow: Flow, time: number): void {
    const earlier = time < flow.deadline;
    flow.deadline = time;
    if (earlier) this.#up(flow, flow.heapIndex);
    else this.#down(flow, flow.heapIndex);
    this.first = this.top.deadline;
  }

  remove(flow: Flow): void {
    const heap = this.#heap;
    const last = heap.pop() as Flow;
    if (last !== flow) {
      const at = flow.heapIndex;
      last.heapIndex = at;
      heap[at] = last;
      this.#up(last, at);
      this.#down(last, last.heapIndex);
    }
    this.first = heap.length > 0 ? this.top.deadline : Number.POSITIVE_INFINITY;
  }

  #up(flow: Flow, from: number): void {
    const heap = this.#heap;
    let at = from;
    while (at > 0) {
      const parentAt = (at - 1) >> 1;
      const parent = heap[parentAt] as Flow;
      if (!comesBefore(flow, parent)) break;
      heap[at] = parent;
      parent.heapIndex = at;
      at = parentAt;
    }
    heap[at] = flow;
    flow.heapIndex = at;
  }

  #down(flow: Flow, from: number): void {
    const heap = this.#heap;
    const size = heap.length;
    let at = from;
    for (;;) {
      let childAt = 2 * at + 1;
      if (childAt >= size) break;
      if (childAt + 1 < size && comesBefore(heap[childAt + 1] as Flow, heap[childAt] as Flow)) childAt++;
      const child = heap[childAt] as Flow;
      if (!comesBefore(child, flow)) break;
      heap[at] = child;
      child.heapIndex = at;
      at = childAt;
    }
    heap[at] = flow;
    flow.heapIndex = at;
  }
}

/** Equal times go by age, so that the order of ends does not depend on the heap. */
function comesBefore(flow: Flow, other: Flow): boolean {
  return flow.deadline < other.deadline || (flow.deadline === other.deadline && flow.serial < other.serial);
}
