/** One direction of a flow: what its sender has sent, and where reassembly of that stands. */

export const INACTIVE = 0;
export const SYN_SENT = 1;
export const SYN_ACK_SENT = 2;
/** Seen in mid-stream, without its handshake. */
export const PARTIAL = 3;
export const ESTABLISHED = 4;
export const CLOSED = 5;
export const RESET = 6;

/** A segment that waits for what is missing before it; positions are relative to the stream's start. */
export interface Segment {
  readonly from: number;
  readonly to: number;
  readonly bytes: Uint8Array;
}

export class Endpoint {
  isOriginator: boolean;
  /** Upper 16 and lower 32 bits of the MAC address that its packets came from last; -1 before the first. */
  macHigh = -1;
  macLow = 0;
  /** IP hop limit of its last packet; -1 before the first. */
  hopLimit = -1;
  /** How often card or hop limit changed, segments came again from another card, and segments came again with other content. */
  macChanges = 0;
  /** The cards before the last one and before that, as one number each, and how often the same two took turns. */
  macSecond = -1;
  macThird = -1;
  macTurns = 0;
  hopChanges = 0;
  copies = 0;
  conflicts = 0;
  packets = 0;
  /** IP packets' lengths on the wire. */
  ipBytes = 0;
  /** Whether a packet with a right checksum has come from here, and how many with a wrong one. */
  checksumsMatter = false;
  wrongChecksums = 0;
  /** UDP and ICMP: bytes of payload. TCP counts by sequence numbers. */
  payloadBytes = 0;

  // TCP. Sequence numbers are kept twice: as on the wire (32 bits), and relative to the start of the stream, where the SYN is 0,
  // the first byte 1, and nothing wraps.
  state = INACTIVE;
  previousState = INACTIVE;
  startSequence = 0;
  /** One past the last byte sent. */
  lastSequence = 0;
  last = 0;
  /** What the peer has acknowledged. */
  ackedSequence = 0;
  acked = 0;
  /** What the peer's newest segment acknowledged, which may be less. */
  lastAck = 0;
  finSeen = false;
  fin = 0;
  /** The end of this direction took effect. */
  didClose = false;
  /** Which history letters it has had (bits by letter). */
  historySeen = 0;
  historySyn = 0;
  historyFin = 0;
  historyReset = 0;
  gaps = 0;
  retransmissions = 0;
  zeroWindows = 0;

  // Reassembly.
  /** The next byte that the dissector is to get. */
  next = 1;
  waiting: Segment[] | undefined = undefined;
  waitingBytes = 0;
  /** When the oldest hole was first noticed, microseconds. */
  holeSince = 0;
  /** A run of segments that do not fit where the stream is thought to be: where the next would start, and how many there were. */
  strayNext = -1;
  strays = 0;
  /** Bytes that are kept for the dissector that may yet be chosen, and where in them the part begins that nobody has judged. */
  early: Uint8Array | undefined = undefined;
  unjudged = 0;
  /** Segments on which no dissector wanted to be. */
  refusals = 0;

  constructor(isOriginator: boolean) {
    this.isOriginator = isOriginator;
  }

  setState(state: number): void {
    if (state === this.state) return;
    this.previousState = this.state;
    this.state = state;
  }

  /** Numbers the stream from this SYN (or from where one would have been). */
  begin(startSequence: number): void {
    this.startSequence = startSequence | 0;
    this.lastSequence = startSequence | 0;
    this.last = 0;
    this.ackedSequence = startSequence | 0;
    this.acked = 0;
    this.lastAck = 0;
  }

  /** A wire sequence number near what was last sent, relative to the start of the stream. */
  relative(sequence: number): number {
    return this.last + ((sequence - this.lastSequence) | 0);
  }

  /** Payload bytes by sequence numbers, SYN and FIN taken off. */
  get streamBytes(): number {
    let size = Math.max(this.last, this.acked);
    if (size > 0) size--;
    if (this.finSeen && size > 0) size--;
    return size;
  }

  get nothingAcked(): boolean {
    return this.acked <= 1;
  }
}
