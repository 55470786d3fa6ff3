/**
 * The transport function (IEEE 1815-2012, clause 8): fragments of the application in segments of up to 249 octets, behind one octet
 * of FIN, FIR and a sequence of 64.
 */
import { refused, whole } from './bytes.ts';

export const MAX_SEGMENT = 249;
const FIN = 0x80;
const FIR = 0x40;

export interface SegmentHeader {
  readonly fir: boolean;
  readonly fin: boolean;
  /** 0 to 63. */
  readonly sequence: number;
}

export function decodeSegmentHeader(octet: number): SegmentHeader {
  return { fir: (octet & FIR) !== 0, fin: (octet & FIN) !== 0, sequence: octet & 0x3f };
}

/**
 * The segments of a fragment, each with its header: payloads of link frames. The first has this sequence number (0 to 63), the next
 * fragment to the same station continues after the last. @throws PenstockError `dnp3.encode` for an empty fragment.
 */
export function segment(fragment: Uint8Array, sequence: number): Uint8Array[] {
  if (fragment.length === 0) throw refused('an empty fragment has no segments');
  whole(sequence, 0, 63, 'transport sequence');
  const segments: Uint8Array[] = [];
  for (let at = 0, number = sequence; at < fragment.length; at += MAX_SEGMENT, number = (number + 1) & 0x3f) {
    const end = Math.min(at + MAX_SEGMENT, fragment.length);
    const bytes = new Uint8Array(1 + end - at);
    bytes[0] = (at === 0 ? FIR : 0) | (end === fragment.length ? FIN : 0) | number;
    bytes.set(fragment.subarray(at, end), 1);
    segments.push(bytes);
  }
  return segments;
}

/** Why segments were dropped: nothing was begun, a number is missing, the fragment is too long, the segment has no header or no data. */
export type SegmentFault = 'no-first' | 'sequence' | 'too-long' | 'empty';

export type SegmentResult =
  | { readonly kind: 'fragment'; readonly fragment: Uint8Array }
  /** More is to come. */
  | { readonly kind: 'pending' }
  /** The same segment once more; it changes nothing. */
  | { readonly kind: 'duplicate' }
  /** `lost`: octets of a begun fragment, and of this segment, that are given up. */
  | { readonly kind: 'discarded'; readonly reason: SegmentFault; readonly lost: number };

const PENDING: SegmentResult = { kind: 'pending' };
const DUPLICATE: SegmentResult = { kind: 'duplicate' };

/** Puts fragments together, for segments of one source to one destination (clause 8.2). */
export class TransportReassembler {
  /** Octets of begun fragments that a new first segment replaced. */
  replaced = 0;
  readonly #most: number;
  #buffer = new Uint8Array(0);
  #length = 0;
  #begun = false;
  #last: Uint8Array | undefined;

  /** @param most octets of a fragment; longer ones are dropped. IEEE 1815 asks for at least 249, and for 2048 as the usual. */
  constructor(most = 2048) {
    this.#most = most;
  }

  /** Octets of a fragment that is not whole yet. */
  get held(): number {
    return this.#length;
  }

  /** Takes the payload of a link frame; it may be kept, so it must not change afterwards. */
  add(payload: Uint8Array): SegmentResult {
    const [octet] = payload;
    const size = payload.length - 1;
    if (octet === undefined || size === 0) return { kind: 'discarded', reason: 'empty', lost: 0 };
    const sequence = octet & 0x3f;
    if ((octet & FIR) !== 0) {
      this.replaced += this.#length;
      this.#length = 0;
      this.#begun = true;
    } else if (!this.#begun) return { kind: 'discarded', reason: 'no-first', lost: size };
    else if (sequence !== ((((this.#last as Uint8Array)[0] as number) + 1) & 0x3f)) {
      if (isSame(payload, this.#last as Uint8Array)) return DUPLICATE;
      return this.#drop('sequence', size);
    }
    if (this.#length + size > this.#most) return this.#drop('too-long', size);
    this.#last = payload;
    if ((octet & FIN) !== 0) {
      this.#begun = false;
      if (this.#length === 0) return { kind: 'fragment', fragment: payload.subarray(1) };
      this.#append(payload, size);
      const fragment = this.#buffer.slice(0, this.#length);
      this.#length = 0;
      return { kind: 'fragment', fragment };
    }
    this.#append(payload, size);
    return PENDING;
  }

  /** Gives up what was begun, for a new connection or a gap. */
  reset(): void {
    this.#begun = false;
    this.#length = 0;
    this.#last = undefined;
  }

  #append(payload: Uint8Array, size: number): void {
    if (this.#length + size > this.#buffer.length) {
      const grown = new Uint8Array(Math.min(this.#most, Math.max(1024, 2 * (this.#length + size))));
      grown.set(this.#buffer.subarray(0, this.#length));
      this.#buffer = grown;
    }
    this.#buffer.set(payload.subarray(1), this.#length);
    this.#length += size;
  }

  #drop(reason: SegmentFault, size: number): SegmentResult {
    const lost = this.#length + size;
    this.reset();
    return { kind: 'discarded', reason, lost };
  }
}

function isSame(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((octet, index) => octet === other[index]);
}
