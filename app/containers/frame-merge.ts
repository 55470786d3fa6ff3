/**
 * Frames of several bridges as one sequence in order of time, each packet once. Bridges are captured by processes of their own, so that what
 * they tell arrives a little out of order; and a packet that is routed crosses two bridges, of which the tap's law counts the first.
 */
import {
  ETHERNET_HEADER,
  ETHERTYPE_IPV4,
  IPV4_HEADER,
  PROTOCOL_TCP,
  PROTOCOL_UDP,
  readUint16,
} from '@penstock/protocols/ethernet';

/** Microseconds of the wall clock that a frame waits for earlier ones of other bridges. */
export const REORDER_WINDOW = 150_000;
/** Microseconds within which a router's copy of a packet comes out on another bridge. */
const ROUTED_WITHIN = 100_000;
/** Frames that wait at once; at this machine's full speed some tenths of a second. Beyond it the oldest goes on early. */
const MOST_WAITING = 100_000;
/** Packets that may still be seen again. */
const MOST_PENDING = 65_536;

/** A frame in order. `bytes` are the receiver's own. */
export type FrameListener = (bytes: Uint8Array, wallMicros: number, bridge: number) => void;

export interface MergeCounters {
  readonly frames: number;
  /** Second copies of routed packets, which were left out. */
  readonly routed: number;
  /** Frames that came after a later one had gone on; they follow it, at its time. */
  readonly late: number;
  /** Frames that went on before their time because too many waited. */
  readonly hurried: number;
}

interface Waiting {
  readonly bytes: Uint8Array;
  readonly time: number;
  readonly order: number;
  readonly bridge: number;
}

export class FrameMerge {
  readonly #listener: FrameListener;
  readonly #window: number;
  readonly #copies = new RoutedCopies();
  /** A heap by time, and by arrival where times are equal. */
  readonly #heap: Waiting[] = [];
  #order = 0;
  #last = 0;
  #frames = 0;
  #routed = 0;
  #late = 0;
  #hurried = 0;

  constructor(listener: FrameListener, window: number = REORDER_WINDOW) {
    this.#listener = listener;
    this.#window = window;
  }

  get counters(): MergeCounters {
    return { frames: this.#frames, routed: this.#routed, late: this.#late, hurried: this.#hurried };
  }

  /** Frames that wait for their turn. */
  get waiting(): number {
    return this.#heap.length;
  }

  /** @param now wall clock in microseconds since 1970; no frame was captured later than that */
  add(bridge: number, time: number, bytes: Uint8Array, now: number): void {
    this.#push({ bytes, time: Math.min(time, now), order: this.#order++, bridge });
    if (this.#heap.length > MOST_WAITING) {
      this.#hurried++;
      this.#pass(this.#pop());
    }
  }

  /** Hands on what has waited long enough at `now`; all of it with Infinity. */
  drain(now: number): void {
    const until = now - this.#window;
    while (this.#heap.length > 0 && (this.#heap[0] as Waiting).time <= until) this.#pass(this.#pop());
  }

  #pass({ bytes, time, bridge }: Waiting): void {
    if (this.#copies.isCopy(bytes, time, bridge)) {
      this.#routed++;
      return;
    }
    if (time < this.#last) this.#late++;
    this.#last = Math.max(this.#last, time);
    this.#frames++;
    this.#listener(bytes, Math.floor(this.#last), bridge);
  }

  #push(item: Waiting): void {
    const heap = this.#heap;
    let i = heap.length;
    heap.push(item);
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (!earlier(item, heap[parent] as Waiting)) break;
      heap[i] = heap[parent] as Waiting;
      i = parent;
    }
    heap[i] = item;
  }

  #pop(): Waiting {
    const heap = this.#heap;
    const first = heap[0] as Waiting;
    const item = heap.pop() as Waiting;
    const size = heap.length;
    if (size === 0) return first;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= size) break;
      if (child + 1 < size && earlier(heap[child + 1] as Waiting, heap[child] as Waiting)) child++;
      if (!earlier(heap[child] as Waiting, item)) break;
      heap[i] = heap[child] as Waiting;
      i = child;
    }
    heap[i] = item;
    return first;
  }
}

const earlier = (a: Waiting, b: Waiting): boolean => a.time < b.time || (a.time === b.time && a.order < b.order);

interface Passed {
  readonly bytes: Uint8Array;
  readonly time: number;
  readonly bridge: number;
  readonly key: number;
  /** Its other copy was seen. */
  paired: boolean;
}

/**
 * Knows the second copy of a routed packet by all that a router leaves as it is. A packet has one copy: equal packets on one bridge are
 * retransmissions, or both legs of somebody who stands in between, and stay.
 */
class RoutedCopies {
  readonly #byKey = new Map<number, Passed[]>();
  /** In order of time, from `#first` on. */
  #passed: Passed[] = [];
  #first = 0;

  isCopy(bytes: Uint8Array, time: number, bridge: number): boolean {
    this.#forget(time - ROUTED_WITHIN);
    if (bytes.length < ETHERNET_HEADER + IPV4_HEADER || readUint16(bytes, 12) !== ETHERTYPE_IPV4) return false;
    const key = keyOf(bytes);
    const alike = this.#byKey.get(key);
    const other = alike?.find((one) => !one.paired && one.bridge !== bridge && isRouted(one.bytes, bytes));
    if (other !== undefined) {
      other.paired = true;
      return true;
    }
    const passed = { bytes, time, bridge, key, paired: false };
    if (alike === undefined) this.#byKey.set(key, [passed]);
    else alike.push(passed);
    this.#passed.push(passed);
    if (this.#passed.length - this.#first > MOST_PENDING) this.#drop();
    return false;
  }

  #forget(before: number): void {
    while (this.#first < this.#passed.length && (this.#passed[this.#first] as Passed).time < before) this.#drop();
  }

  #drop(): void {
    const { key } = this.#passed[this.#first++] as Passed;
    const alike = this.#byKey.get(key) as Passed[];
    // Those of a key leave in the order in which they came.
    if (alike.length === 1) this.#byKey.delete(key);
    else alike.shift();
    if (this.#first > 4096 && this.#first * 2 > this.#passed.length) {
      this.#passed = this.#passed.slice(this.#first);
      this.#first = 0;
    }
  }
}

/** A number that copies share: of addresses, protocol, identification, and a few words of the payload. Likeness is judged by `isRouted`. */
function keyOf(bytes: Uint8Array): number {
  const at = ETHERNET_HEADER;
  let hash = 0x811c9dc5;
  for (let i = at + 2; i < at + 8; i++) hash = Math.imul(hash ^ (bytes[i] as number), 0x01000193);
  for (let i = at + 12; i < at + IPV4_HEADER; i++) hash = Math.imul(hash ^ (bytes[i] as number), 0x01000193);
  const end = Math.min(bytes.length, at + readUint16(bytes, at + 2));
  for (let i = at + IPV4_HEADER; i < Math.min(end, at + 36); i++)
    hash = Math.imul(hash ^ (bytes[i] as number), 0x01000193);
  for (let i = Math.max(at + 40, end - 16); i < end; i++) hash = Math.imul(hash ^ (bytes[i] as number), 0x01000193);
  return hash >>> 0;
}

/** Whether one of two IPv4 packets is the other after one hop: a TTL less, another sender's MAC, and else the same. */
function isRouted(one: Uint8Array, other: Uint8Array): boolean {
  const at = ETHERNET_HEADER;
  if (Math.abs((one[at + 8] as number) - (other[at + 8] as number)) !== 1) return false;
  if (isEqual(one, other, 6, 12)) return false;
  const total = readUint16(one, at + 2);
  // A short frame may be padded on one bridge and not on the other.
  const end = Math.min(one.length, at + total);
  if (end !== Math.min(other.length, at + readUint16(other, at + 2))) return false;
  // TTL and the header's checksum (offsets 8, 10 and 11) are the router's.
  if (!isEqual(one, other, at, at + 8) || one[at + 9] !== other[at + 9]) return false;
  const sum = transportChecksum(one);
  if (sum < 0) return isEqual(one, other, at + 12, end);
  return isEqual(one, other, at + 12, sum) && isEqual(one, other, Math.min(end, sum + 2), end);
}

/** Where a first fragment's transport checksum stands, which a card may complete between two bridges; -1 where there is none. */
function transportChecksum(bytes: Uint8Array): number {
  const at = ETHERNET_HEADER;
  if ((readUint16(bytes, at + 6) & 0x1fff) !== 0) return -1;
  const transport = at + ((bytes[at] as number) & 15) * 4;
  const protocol = bytes[at + 9];
  return protocol === PROTOCOL_TCP ? transport + 16 : protocol === PROTOCOL_UDP ? transport + 6 : -1;
}

function isEqual(one: Uint8Array, other: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (one[i] !== other[i]) return false;
  return true;
}
