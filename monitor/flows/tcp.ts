/**
 * The life of a TCP connection as Zeek's `conn.log` tells it: per-endpoint states, history letters, sizes by sequence numbers.
 * Documented at https://docs.zeek.org/en/master/scripts/base/protocols/conn/main.zeek.html.
 */
import { CLOSED, type Endpoint, ESTABLISHED, INACTIVE, PARTIAL, RESET, SYN_ACK_SENT, SYN_SENT } from './endpoint.ts';
import type { Flow } from './flow.ts';
import type { Packet } from './packet.ts';
import { type Reassembler, scaledHistory } from './reassembly.ts';
import { CLOSE_DELAY, type FlowTable } from './table.ts';

const FIN = 1;
const SYN = 2;
const RST = 4;
const ACK = 16;

/** A SYN or RST this far from the rest of its stream is not believed about sequence numbers. */
const WILD_DISTANCE = 1024 * 1024;

// Bits of `historySeen`.
const SEEN_SYN = 1;
const SEEN_FIN = 2;
const SEEN_RST = 4;
const SEEN_DATA = 8;
const SEEN_ACK = 16;
const SEEN_FIN_AND_RST = 32;
const SEEN_SEVERAL_FLAGS = 64;

export class TcpTracker {
  readonly #table: FlowTable;
  readonly #reassembler: Reassembler;

  constructor(table: FlowTable, reassembler: Reassembler) {
    this.#table = table;
    this.#reassembler = reassembler;
  }

  /** Whether this segment begins another connection with the addresses and ports of `flow`. */
  isReuse(flow: Flow, sequence: number, flags: number): boolean {
    if ((flags & SYN) === 0) return false;
    const isAnswer = (flags & ACK) !== 0;
    if (isAnswer && flow.originator.state !== INACTIVE) return false;
    if (flow.originator.didClose && flow.responder.didClose) return true;
    const opener = isAnswer ? flow.responder : flow.originator;
    if (sequence === opener.startSequence) return false;
    // SYN and SYN-ACK in the wrong order, as two capture interfaces may deliver them.
    return !this.#isReversedHandshake(flow, sequence, flags);
  }

  #isReversedHandshake(flow: Flow, sequence: number, flags: number): boolean {
    return (
      (flags & ACK) === 0 &&
      flow.originator.state === SYN_ACK_SENT &&
      flow.responder.state === INACTIVE &&
      sequence === flow.responder.startSequence
    );
  }

  /** Takes one segment whose TCP header of `headerLength` bytes starts at `packet.payload`. */
  segment(flow: Flow, fromOriginator: boolean, packet: Packet, headerLength: number, time: number): void {
    const b = packet.buffer;
    const at = packet.payload;
    const flags = b[at + 13];
    const sequence = (b[at + 4] << 24) | (b[at + 5] << 16) | (b[at + 6] << 8) | b[at + 7];
    const data = at + headerLength;
    const length = packet.wireEnd > data ? packet.wireEnd - data : 0;
    const endpoint = fromOriginator ? flow.originator : flow.responder;
    const peer = fromOriginator ? flow.responder : flow.originator;

    const end = sequence + ((flags & RST) !== 0 ? 0 : length) + ((flags & SYN) >> 1) + (flags & FIN);
    this.#number(endpoint, flags, sequence, end | 0);
    const position = endpoint.relative(sequence);
    const precedesStart = position < 0;
    const isOrdinary = (flags & (SYN | FIN | RST)) === 0;
    // The letters of ordinary segments stand in the history once.
    if (!isOrdinary || (endpoint.historySeen & (length > 0 ? SEEN_DATA : SEEN_ACK)) === 0)
      this.#history(flow, endpoint, flags, position, length);
    if ((b[at + 14] | b[at + 15]) === 0 && (flags & RST) === 0 && peer.state !== CLOSED && endpoint.state !== RESET)
      endpoint.zeroWindows = scaledHistory(flow, endpoint, 'W', endpoint.zeroWindows);
    if (!flow.originator.didClose || !flow.responder.didClose) this.#touch(flow, time);
    if ((flags & FIN) !== 0) {
      endpoint.finSeen = true;
      endpoint.fin = position + length + ((flags & SYN) >> 1) + 1;
    }
    const acknowledges = (flags & ACK) !== 0 && this.#acknowledge(peer, flags, b, at);
    this.#advance(flow, endpoint, flags, end | 0, length);
    const before = endpoint.state;
    const closes = (!isOrdinary || before < PARTIAL) && this.#transition(flow, endpoint, peer, flags, length);
    if (acknowledges) this.#reassembler.acknowledged(flow, peer, time);
    if (length > 0 && (flags & RST) === 0 && !precedesStart)
      this.#reassembler.segment(
        flow,
        endpoint,
        time,
        (flags & SYN) !== 0 ? position + 1 : position,
        b,
        data,
        Math.max(packet.payloadEnd, data),
        length,
      );
    if (closes) this.#close(flow, endpoint, peer);
    if (endpoint.state !== before) this.#table.hasten(flow);
  }

  #touch(flow: Flow, time: number): void {
    const backwards = time < flow.lastTime;
    flow.lastTime = time;
    if (backwards) this.#table.hasten(flow);
  }

  /** Starts the numbering of a stream, or starts it anew for a SYN that makes the old one void. */
  #number(endpoint: Endpoint, flags: number, sequence: number, end: number): void {
    const isSyn = (flags & SYN) !== 0;
    if (endpoint.state === INACTIVE) {
      // Without a SYN, as though one had come just before this segment.
      endpoint.begin(isSyn ? sequence : sequence - 1);
      endpoint.lastSequence = isSyn ? end : sequence;
      endpoint.last = (endpoint.lastSequence - endpoint.startSequence) | 0;
      return;
    }
    if (!isSyn || sequence === endpoint.startSequence) return;
    const renumbers =
      endpoint.state <= ESTABLISHED || (endpoint.state === RESET && endpoint.previousState === INACTIVE);
    if (!renumbers) return;
    endpoint.begin(sequence);
    endpoint.lastSequence = end;
    endpoint.last = (end - sequence) | 0;
    this.#reassembler.restart(endpoint);
  }

  #history(flow: Flow, endpoint: Endpoint, flags: number, position: number, length: number): void {
    switch (flags & (SYN | FIN | RST)) {
      case 0:
        if (length > 0) this.#letter(flow, endpoint, SEEN_DATA, 'D');
        else if ((flags & ACK) !== 0) this.#letter(flow, endpoint, SEEN_ACK, 'A');
        return;
      case SYN: {
        const letter = (flags & ACK) !== 0 ? 'H' : 'S';
        if (!this.#letter(flow, endpoint, SEEN_SYN, letter) && position !== endpoint.historySyn)
          addLetter(flow, endpoint, letter);
        endpoint.historySyn = position;
        return;
      }
      case FIN:
        if (!this.#letter(flow, endpoint, SEEN_FIN, 'F') && position + length !== endpoint.historyFin)
          addLetter(flow, endpoint, 'F');
        endpoint.historyFin = position + length;
        return;
      case RST:
        if (!this.#letter(flow, endpoint, SEEN_RST, 'R') && position !== endpoint.historyReset)
          addLetter(flow, endpoint, 'R');
        endpoint.historyReset = position;
        return;
      default:
        if ((flags & FIN) !== 0 && (flags & RST) !== 0) this.#letter(flow, endpoint, SEEN_FIN_AND_RST, 'I');
        else this.#letter(flow, endpoint, SEEN_SEVERAL_FLAGS, 'Q');
    }
  }

  /** Adds a letter the first time; false when the endpoint had it already. */
  #letter(flow: Flow, endpoint: Endpoint, bit: number, letter: string): boolean {
    if ((endpoint.historySeen & bit) !== 0) return false;
    endpoint.historySeen |= bit;
    addLetter(flow, endpoint, letter);
    return true;
  }

  /** Notes what the segment acknowledges of the peer's stream; true when that is news. */
  #acknowledge(peer: Endpoint, flags: number, b: Uint8Array, at: number): boolean {
    const ack = (b[at + 8] << 24) | (b[at + 9] << 16) | (b[at + 10] << 8) | b[at + 11];
    if (peer.state === INACTIVE) {
      peer.begin(ack - 1);
      return false;
    }
    if ((flags & RST) !== 0) return false;
    const advance = (ack - peer.ackedSequence) | 0;
    peer.lastAck = peer.acked + advance;
    // An empty acknowledgement field far from the stream is a broken stack, not a long stream.
    if (advance <= 0 || (ack === 0 && advance > WILD_DISTANCE)) return false;
    peer.ackedSequence = ack;
    peer.acked += advance;
    return true;
  }

  /** Notes how far the endpoint's stream has come; data that does not take it further is a retransmission. */
  #advance(flow: Flow, endpoint: Endpoint, flags: number, end: number, length: number): void {
    const advance = (end - endpoint.lastSequence) | 0;
    if ((flags & (SYN | RST)) !== 0 && (advance > WILD_DISTANCE || advance < -WILD_DISTANCE)) return;
    if ((flags & FIN) !== 0 && endpoint.last === 1) {
      // Only the SYN and the FIN of a long stream were captured: its size is in between.
      endpoint.last = (end - endpoint.startSequence) >>> 0;
      endpoint.lastSequence = end;
    } else if (endpoint.state === RESET) return;
    else if (advance > 0) {
      endpoint.last += advance;
      endpoint.lastSequence = end;
    } else if (length > 0) endpoint.retransmissions = scaledHistory(flow, endpoint, 'T', endpoint.retransmissions);
  }

  /** Moves the endpoint's state on; true when this ends its direction. */
  #transition(flow: Flow, endpoint: Endpoint, peer: Endpoint, flags: number, length: number): boolean {
    switch (endpoint.state) {
      case INACTIVE:
        return this.#first(flow, endpoint, peer, flags, length);
      case SYN_SENT:
      case SYN_ACK_SENT:
        if ((flags & FIN) !== 0) endpoint.setState(CLOSED);
        if ((flags & RST) !== 0) endpoint.setState(RESET);
        return (flags & (FIN | RST)) !== 0;
      case PARTIAL:
      case ESTABLISHED:
        return this.#established(endpoint, peer, flags);
      case CLOSED:
        // After a reset from a side that has sent its FIN the other may still speak; when both had sent theirs it means nothing.
        if ((flags & RST) === 0 || peer.state === CLOSED) return false;
        endpoint.setState(RESET);
        return !endpoint.didClose;
      default:
        return false;
    }
  }

  #first(flow: Flow, endpoint: Endpoint, peer: Endpoint, flags: number, length: number): boolean {
    if ((flags & SYN) !== 0) {
      // A SYN that comes after its answer, with the server known by its port.
      if (endpoint.isOriginator && (flags & ACK) === 0 && peer.state === ESTABLISHED) endpoint.setState(ESTABLISHED);
      else if (endpoint.isOriginator) endpoint.setState((flags & ACK) !== 0 ? SYN_ACK_SENT : SYN_SENT);
      else {
        if (peer.state === SYN_SENT) peer.setState(ESTABLISHED);
        else if (peer.state === SYN_ACK_SENT && (flags & ACK) === 0) {
          flipRoles(flow);
          peer.setState(ESTABLISHED);
        }
        endpoint.setState(ESTABLISHED);
      }
    }
    if ((flags & FIN) !== 0) endpoint.setState(CLOSED);
    if ((flags & RST) !== 0) endpoint.setState(RESET);
    if (endpoint.state === INACTIVE) {
      // Some hosts acknowledge a SYN before they answer it.
      if (!endpoint.isOriginator && length === 0 && peer.state === SYN_SENT) return false;
      // An answer was seen, and now its acknowledgement: only the SYN is missing.
      const onlySynMissing = (flags & ACK) !== 0 && peer.state === ESTABLISHED;
      endpoint.setState(onlySynMissing ? ESTABLISHED : PARTIAL);
    }
    return (flags & (FIN | RST)) !== 0;
  }

  #established(endpoint: Endpoint, peer: Endpoint, flags: number): boolean {
    if ((flags & SYN) !== 0 && (flags & ACK) === 0 && endpoint.state === PARTIAL && peer.state === INACTIVE)
      endpoint.setState(SYN_SENT);
    if ((flags & (FIN | RST)) === FIN) {
      endpoint.setState(CLOSED);
      // FIN, then reset, then the other's FIN: a normal end after all.
      if (peer.state === RESET && peer.previousState === CLOSED) peer.setState(CLOSED);
    }
    if ((flags & RST) !== 0) endpoint.setState(RESET);
    return (flags & (FIN | RST)) !== 0;
  }

  #close(flow: Flow, endpoint: Endpoint, peer: Endpoint): void {
    if (endpoint.didClose) return;
    endpoint.didClose = true;
    if (endpoint.state === RESET || peer.didClose || peer.state === INACTIVE)
      flow.closesAt = Math.min(flow.closesAt, flow.lastTime + CLOSE_DELAY);
    this.#table.hasten(flow);
  }
}

function addLetter(flow: Flow, endpoint: Endpoint, letter: string): void {
  flow.history += endpoint.isOriginator ? letter : letter.toLowerCase();
}

/** The side that was taken for the originator has only answered. */
function flipRoles(flow: Flow): void {
  const originator = flow.responder;
  flow.responder = flow.originator;
  flow.originator = originator;
  flow.originatorIsLow = !flow.originatorIsLow;
  originator.isOriginator = true;
  flow.responder.isOriginator = false;
  flow.history += '^';
}

/** Zeek's `conn_state`, from the states of both ends. */
export function connectionState(flow: Flow): string {
  const originator = flow.originator;
  const responder = flow.responder;
  const o = originator.state;
  const r = responder.state;
  const originatorUnmet = o === INACTIVE || o === PARTIAL;
  const responderUnmet = r === INACTIVE || r === PARTIAL;
  if (r === RESET) {
    const neverSpoke = o === RESET && originatorBytes(flow) === 0 && responder.streamBytes === 0;
    if (o === SYN_SENT || o === SYN_ACK_SENT || neverSpoke) return 'REJ';
    return originatorUnmet ? 'RSTRH' : 'RSTR';
  }
  if (o === RESET) {
    if (!responderUnmet) return 'RSTO';
    return /^\^?S[^HAFGIQ]*R/.test(flow.history) ? 'RSTOS0' : 'OTH';
  }
  if (r === CLOSED && o === CLOSED) return 'SF';
  if (o === CLOSED) return responderUnmet ? 'SH' : 'S2';
  if (r === CLOSED) return originatorUnmet ? 'SHR' : 'S3';
  if (o === SYN_SENT && r === INACTIVE) return 'S0';
  return o === ESTABLISHED && r === ESTABLISHED ? 'S1' : 'OTH';
}

/** Bytes of the originator; a SYN that was taken back with a reset has sent none, whatever its numbers say. */
export function originatorBytes(flow: Flow): number {
  const endpoint = flow.originator;
  const takenBack =
    endpoint.previousState === SYN_SENT && endpoint.state === RESET && flow.responder.state === INACTIVE;
  return takenBack && !endpoint.nothingAcked ? 0 : endpoint.streamBytes;
}
