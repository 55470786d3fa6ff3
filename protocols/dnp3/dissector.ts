/**
 * The passive view of DNP3 over TCP and UDP: octets of both directions in, events out. Finds its place again after gaps and noise, takes
 * apart as many pairs of link addresses as one connection carries, puts fragments together and joins requests with their answers.
 */
import type { Dissector, DissectorFactory, ProtocolEvent } from '@penstock/core';
import { type AppFragment, decodeFragment } from './application.ts';
import { type Emit, emitObjects, ObjectMemory, type Speech } from './dissect-emit.ts';
import { functionName, indicationNames } from './event-names.ts';
import type { Dnp3Event, ViolationEvent } from './events.ts';
import {
  ADDRESS,
  isBroadcast,
  isFrameStart,
  type LinkFrame,
  type LinkHeader,
  LinkReader,
  MAX_FRAME,
  PRIMARY,
  PRIMARY_NAMES,
  SECONDARY_NAMES,
} from './link.ts';
import { FUNCTION, isResponse, WITHOUT_RESPONSE } from './tables.ts';
import { TransportReassembler } from './transport.ts';

/** Octets of a fragment: three times what the devices with the longest ones have. */
const MAX_FRAGMENT = 12_288;
/** Pairs of link addresses on one connection; the one that began first is given up for a new one. */
const MAX_PAIRS = 64;
/** What ends too early behind checksums that hold was sent so; `truncated` is said of what the sensor may have missed. */
const VIOLATIONS: Readonly<Record<string, string>> = { truncated: 'objects-truncated', short: 'header-truncated' };
/** Requests of a pair that wait for an answer. */
const MAX_PENDING = 16;
/** Octets of fragments that are not whole, of all pairs. */
const MAX_HELD = 65_536;
/** Microseconds after which a request has no answer any more, and how often it is looked for those. */
const PATIENCE = 30e6;
const ROUND = 5e6;

interface Request {
  readonly isOrig: boolean;
  readonly code: number;
  readonly sequence: number;
  readonly time: number;
  readonly objects: number;
}

type Ends = Pick<LinkHeader, 'source' | 'destination'>;

/** One direction of a pair. */
class Path {
  /** Whence its segments came last. */
  isOrig = true;
  readonly reassembler = new TransportReassembler(MAX_FRAGMENT);
  /** A first segment must come before others make sense: at the start, after a gap, after a loss that was told. */
  lost = true;
  replaced = 0;
}

/** A master and an outstation that speak with each other. */
class Pair {
  readonly master: number;
  readonly outstation: number;
  readonly fromMaster = new Path();
  readonly fromOutstation = new Path();
  readonly memory = new ObjectMemory();
  /** Requests without an answer yet, in their order; some masters do not wait for one before the next. */
  pending: Request[] = [];
  /** The fragment of the answer that came last, while more of it is to come. */
  fragment = 0;
  /** The objects of the last SELECT, and its sequence. */
  selected: { readonly objects: Uint8Array; readonly sequence: number } | undefined;

  constructor(master: number, outstation: number) {
    this.master = master;
    this.outstation = outstation;
  }
}

class Dnp3Dissector implements Dissector {
  violations = 0;
  unparsedBytes = 0;
  readonly #emit: Emit;
  readonly #isDatagram: boolean;
  readonly #originator = this.#reader(true);
  readonly #responder = this.#reader(false);
  readonly #pairs = new Map<number, Pair>();
  #recent: Pair | undefined;
  #time = 0;
  #round = 0;

  constructor(emit: (event: ProtocolEvent) => void, isDatagram: boolean) {
    this.#emit = emit;
    this.#isDatagram = isDatagram;
  }

  data(fromOriginator: boolean, time: number, buffer: Uint8Array, start: number, end: number): void {
    this.#time = time;
    const reader = fromOriginator ? this.#originator : this.#responder;
    reader.receive(buffer, start, end);
    // A datagram holds whole frames.
    if (this.#isDatagram) this.#lose(reader, fromOriginator);
    if (time - this.#round > ROUND) this.#forget(time);
  }

  gap(fromOriginator: boolean, time: number): void {
    this.#time = time;
    this.#lose(fromOriginator ? this.#originator : this.#responder, fromOriginator);
    for (const pair of this.#pairs.values()) this.#loseFragments(pair, fromOriginator);
  }

  end(time: number): void {
    this.#time = time;
    this.#lose(this.#originator, true);
    this.#lose(this.#responder, false);
    for (const pair of this.#pairs.values()) {
      this.#loseFragments(pair, undefined);
      this.#unanswered(pair, pair.pending.length);
    }
    this.#pairs.clear();
    this.#recent = undefined;
  }

  #reader(isOrig: boolean): LinkReader {
    return new LinkReader({
      frame: (frame) => this.#frame(isOrig, frame),
      badHeader: (reason) => this.#violation(isOrig, 'link', reason === 'length' ? 'length' : 'header-checksum'),
      badData: (header) => this.#violation(isOrig, 'link', 'data-checksum', header),
      skipped: (octets) => {
        this.unparsedBytes += octets;
      },
    });
  }

  #lose(reader: LinkReader, isOrig: boolean): void {
    if (reader.held > 0) this.#violation(isOrig, 'link', 'truncated');
    reader.lose();
  }

  /** What was begun of fragments will not be completed; of one direction, or of both. */
  #loseFragments({ master, outstation, fromMaster, fromOutstation }: Pair, isOrig: boolean | undefined): void {
    this.#losePath(fromMaster, { source: master, destination: outstation }, isOrig);
    this.#losePath(fromOutstation, { source: outstation, destination: master }, isOrig);
  }

  #losePath(path: Path, link: Ends, isOrig: boolean | undefined): void {
    if (isOrig !== undefined && path.isOrig !== isOrig) return;
    if (path.reassembler.held > 0) this.#violation(path.isOrig, 'transport', 'truncated', link);
    path.reassembler.reset();
    path.lost = true;
  }

  #violation(
    isOrig: boolean,
    layer: ViolationEvent['layer'],
    reason: string,
    link?: Ends,
    about?: { code?: number | undefined; group?: number | undefined; variation?: number | undefined },
  ): void {
    this.violations++;
    this.#emit({
      name: 'dnp3_violation',
      time: this.#time,
      is_orig: isOrig,
      layer,
      reason,
      link_source: link?.source,
      link_destination: link?.destination,
      function_code: about?.code === undefined ? undefined : functionName(about.code),
      group: about?.group,
      variation: about?.variation,
    });
  }

  #frame(isOrig: boolean, frame: LinkFrame): void {
    const { control, payload } = frame;
    const isData =
      control.prm &&
      (control.function === PRIMARY.unconfirmedUserData || control.function === PRIMARY.confirmedUserData);
    if (!isData || control.function !== PRIMARY.unconfirmedUserData) this.#linkEvent(isOrig, frame);
    if (isData !== payload.length > 0) this.#violation(isOrig, 'link', 'user-data', frame);
    if (!isData || payload.length === 0) return;
    const { source, destination } = frame;
    const pair = control.dir ? this.#pair(source, destination) : this.#pair(destination, source);
    const path = control.dir ? pair.fromMaster : pair.fromOutstation;
    path.isOrig = isOrig;
    const result = path.reassembler.add(payload);
    if (path.reassembler.replaced !== path.replaced) {
      path.replaced = path.reassembler.replaced;
      this.#violation(isOrig, 'transport', 'incomplete', frame);
    }
    switch (result.kind) {
      case 'fragment':
        path.lost = false;
        this.#fragment(isOrig, frame, result.fragment);
        return;
      case 'pending':
        path.lost = false;
        if (this.#pairs.size > 1) this.#boundHeld();
        return;
      case 'discarded':
        if (!(path.lost && result.reason === 'no-first')) this.#violation(isOrig, 'transport', result.reason, frame);
        path.lost = true;
    }
  }

  #linkEvent(isOrig: boolean, { control, source, destination }: LinkFrame): void {
    const name = (control.prm ? PRIMARY_NAMES : SECONDARY_NAMES)[control.function];
    this.#emit({
      name: 'dnp3_link',
      time: this.#time,
      is_orig: isOrig,
      link_source: source,
      link_destination: destination,
      link_function: name ?? `unknown-${control.function.toString(16)}`,
      from_master: control.dir,
      fcb: control.prm ? control.fcb : undefined,
      fcv: control.prm ? control.fcv : undefined,
      dfc: control.prm ? undefined : control.dfc,
    });
    if (name === undefined) this.#violation(isOrig, 'link', 'function', { source, destination });
  }

  #pair(master: number, outstation: number): Pair {
    const recent = this.#recent;
    if (recent !== undefined && recent.master === master && recent.outstation === outstation) return recent;
    const key = master * 0x10000 + outstation;
    let pair = this.#pairs.get(key);
    if (pair === undefined) {
      if (this.#pairs.size >= MAX_PAIRS) this.#giveUpOldest();
      pair = new Pair(master, outstation);
      this.#pairs.set(key, pair);
    }
    this.#recent = pair;
    return pair;
  }

  #giveUpOldest(): void {
    for (const [key, pair] of this.#pairs) {
      this.#unanswered(pair, pair.pending.length);
      this.#pairs.delete(key);
      if (this.#recent === pair) this.#recent = undefined;
      return;
    }
  }

  #boundHeld(): void {
    let held = 0;
    for (const { fromMaster, fromOutstation } of this.#pairs.values())
      held += fromMaster.reassembler.held + fromOutstation.reassembler.held;
    if (held > MAX_HELD) this.#giveUpOldest();
  }

  #fragment(isOrig: boolean, frame: LinkFrame, bytes: Uint8Array): void {
    const { source, destination } = frame;
    const { fragment, problem } = decodeFragment(bytes);
    if (fragment !== undefined) {
      const { function: code } = fragment;
      // A response comes from an outstation, everything else from a master, whatever the link says.
      if (isResponse(code) === frame.control.dir) this.#violation(isOrig, 'application', 'direction', frame, { code });
      const pair = isResponse(code) ? this.#pair(destination, source) : this.#pair(source, destination);
      const speech: Speech = { time: this.#time, isOrig, source, destination };
      let selected: boolean | undefined;
      if (isResponse(code)) this.#response(pair, fragment, isOrig);
      else {
        this.#request(pair, fragment, isOrig);
        selected = selection(pair, fragment, bytes);
      }
      emitObjects(this.#emit, speech, fragment, pair.memory, selected);
    }
    if (problem?.kind === 'illegal')
      this.#violation(isOrig, 'application', VIOLATIONS[problem.reason] ?? problem.reason, frame, {
        code: fragment?.function,
        group: problem.group,
        variation: problem.variation,
      });
  }

  #request(pair: Pair, { function: code, control, objects }: AppFragment, isOrig: boolean): void {
    const request: Request = { isOrig, code, sequence: control.seq, time: this.#time, objects: objects.length };
    if (WITHOUT_RESPONSE.has(code) || isBroadcast(pair.outstation)) {
      this.#transaction(pair, isOrig, request, undefined, code === FUNCTION.confirm && control.uns);
      return;
    }
    if (pair.pending.length === MAX_PENDING) this.#unanswered(pair, 1);
    pair.pending.push(request);
  }

  #response(pair: Pair, fragment: AppFragment, isOrig: boolean): void {
    const { control, function: code } = fragment;
    if (code === FUNCTION.unsolicitedResponse) {
      this.#transaction(pair, !isOrig, undefined, fragment, true);
      return;
    }
    pair.fragment = control.fir ? 0 : pair.fragment + 1;
    const request = this.#taken(pair, control.seq) ?? this.#takenOfSelf(pair, control.seq);
    this.#transaction(pair, !isOrig, request, fragment, false);
  }

  /** The request that this answers; answers come in order, so those before it have none. */
  #taken(pair: Pair, sequence: number): Request | undefined {
    const { pending } = pair;
    const place = pending.findIndex((request) => request.sequence === sequence);
    if (place < 0) return undefined;
    this.#unanswered(pair, place);
    return pending.shift();
  }

  /** The master's request to whoever has the self-address. */
  #takenOfSelf({ master }: Pair, sequence: number): Request | undefined {
    const self = this.#pairs.get(master * 0x10000 + ADDRESS.self);
    return self === undefined ? undefined : this.#taken(self, sequence);
  }

  /** The first `count` requests get no answer any more. */
  #unanswered(pair: Pair, count: number): void {
    for (let i = 0; i < count; i++) {
      const request = pair.pending.shift() as Request;
      this.#transaction(pair, request.isOrig, request, undefined, false);
    }
  }

  #transaction(
    pair: Pair,
    masterIsOrig: boolean,
    request: Request | undefined,
    reply: AppFragment | undefined,
    unsolicited: boolean,
  ): void {
    const event: Dnp3Event = {
      name: 'dnp3',
      time: this.#time,
      fc_request: request === undefined ? undefined : functionName(request.code),
      fc_reply: reply === undefined ? undefined : functionName(reply.function),
      iin: reply?.iin,
      iin_flags: reply?.iin === undefined ? undefined : indicationNames(reply.iin),
      master_is_orig: masterIsOrig,
      master: pair.master,
      outstation: pair.outstation,
      sequence: (request?.sequence ?? reply?.control.seq) as number,
      unsolicited,
      fragment: reply === undefined ? undefined : unsolicited ? 0 : pair.fragment,
      confirm: reply?.control.con,
      request_objects: request?.objects,
      reply_objects: reply?.objects.length,
      delay: request === undefined || reply === undefined ? undefined : (this.#time - request.time) / 1e6,
    };
    this.#emit(event);
  }

  /** Requests that waited too long have no answer. */
  #forget(time: number): void {
    this.#round = time;
    for (const pair of this.#pairs.values()) {
      const { pending } = pair;
      while (pending.length > 0 && time - (pending[0] as Request).time > PATIENCE) this.#unanswered(pair, 1);
    }
  }
}

/**
 * Whether an OPERATE is about what the SELECT just before it selected: the same objects, under the next sequence number (IEEE 1815-2012,
 * clause 4.4). Undefined for other requests.
 */
function selection(pair: Pair, { function: code, control }: AppFragment, bytes: Uint8Array): boolean | undefined {
  const { selected } = pair;
  if (code === FUNCTION.confirm) return undefined;
  // A repeated OPERATE is still about the same.
  if (code !== FUNCTION.operate) {
    pair.selected = code === FUNCTION.select ? { objects: bytes.slice(2), sequence: control.seq } : undefined;
    return undefined;
  }
  if (selected === undefined || ((selected.sequence + 1) & 0x0f) !== control.seq) return false;
  const objects = bytes.subarray(2);
  return objects.length === selected.objects.length && objects.every((octet, i) => octet === selected.objects[i]);
}

/** How surely octets that start with a frame, or hold one further on, are DNP3: a header has a checksum of 16 bits. */
const CERTAINTY = { start: 0.99, inside: 0.9 } as const;

function probe(buffer: Uint8Array, start: number, end: number): number | undefined {
  const atStart = isFrameStart(buffer, start, end);
  if (atStart !== false) return atStart ? CERTAINTY.start : undefined;
  // Picked up inside of a frame: the next one begins within its length.
  const last = Math.min(end - 10, start + MAX_FRAME);
  for (let at = start + 1; at <= last; at++)
    if (buffer[at] === 0x05 && isFrameStart(buffer, at, end) === true) return CERTAINTY.inside;
  return 0;
}

const factory = (transport: 'tcp' | 'udp'): DissectorFactory => ({
  protocol: 'dnp3',
  transport,
  ports: [20_000],
  probe,
  create: (emit) => new Dnp3Dissector(emit, transport === 'udp'),
});

/** DNP3 over TCP, port 20000 or any other. */
export const dnp3Dissector: DissectorFactory = factory('tcp');
/** DNP3 over UDP, where each datagram holds whole link frames. */
export const dnp3UdpDissector: DissectorFactory = factory('udp');
