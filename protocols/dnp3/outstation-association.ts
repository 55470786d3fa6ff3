/**
 * What an outstation keeps for one master (IEEE 1815-2012, clause 5): the requests that it answered, the response that waits for its
 * confirmation, the events that this master has not seen, the selection, and unsolicited responses.
 */
import { type Duration, type Instant, NEVER, seconds } from '@penstock/core';
import type { ObjectBlock } from './application.ts';
import type {
  Answer,
  AssociationCounters,
  AssociationHost,
  AssociationOptions,
  AssociationPort,
  Request,
  UnsolicitedOptions,
} from './association-types.ts';
import { encodeObjects, sameOctets } from './encode-objects.ts';
import { EventBuffer, type EventClass, type PointEvent } from './event-buffer.ts';
import { ADDRESS, isBroadcast } from './link.ts';
import { ReadPlan } from './outstation-read.ts';
import { parseRequest } from './parse-request.ts';
import { ResponseWriter } from './response-writer.ts';
import { FUNCTION, IIN, isResponse, WITHOUT_RESPONSE } from './tables.ts';

const FIR = 0x80;
const FIN = 0x40;
const CON = 0x20;
const UNS = 0x10;
const SEQUENCE = 0x0f;
/** 4.2.2.4.6: the indications that a response may carry about a broadcast. */
type Broadcast = 'no-confirm' | 'confirm' | 'optional';

/** The options with their defaults. */
type Unsolicited = { readonly [Key in keyof UnsolicitedOptions]-?: NonNullable<UnsolicitedOptions[Key]> };

interface Waiting {
  readonly sequence: number;
  readonly fragment: Uint8Array;
  deadline: Instant;
}

/** A solicited response that asks for confirmation: of events, of a fragment that is not the last, or of a broadcast. */
interface WaitingResponse extends Waiting {
  readonly destination: number;
  readonly port: AssociationPort;
  readonly isRead: boolean;
  readonly asksBroadcast: boolean;
}

interface Selection {
  readonly octets: Uint8Array;
  /** Of the OPERATE that may follow. */
  readonly next: number;
  readonly until: Instant;
}

export class Association {
  readonly master: number;
  readonly buffer: EventBuffer;
  readonly counters: AssociationCounters = {
    requests: 0,
    repeated: 0,
    responses: 0,
    ignored: 0,
    confirms: 0,
    wrongConfirms: 0,
    confirmTimeouts: 0,
    unsolicited: 0,
    unsolicitedRetries: 0,
  };
  /** The device began anew since this master wrote IIN1.7. */
  restarted = true;
  readonly #host: AssociationHost;
  readonly #confirmTimeout: Duration;
  readonly #selectTimeout: Duration;
  readonly #unsolicited: Unsolicited | undefined;
  readonly #writer: ResponseWriter;
  /** Where the master was heard last; unsolicited responses go there. */
  #port: AssociationPort | undefined;
  #lastRequest: Uint8Array | undefined;
  #lastResponse: Uint8Array | undefined;
  #broadcast: Broadcast | undefined;

  #plan: ReadPlan | undefined;
  #waiting: WaitingResponse | undefined;
  #selection: Selection | undefined;

  #enabled = 0;
  #announced = false;
  #sequence = 0;
  #unconfirmed: Waiting | undefined;
  #tries = 0;
  #silentUntil = 0 as Instant;
  #oldest = NEVER;
  /** A READ that came while an unsolicited response waits (5.1.1.1.2): only the last one is kept. */
  #deferred: { readonly octets: Uint8Array; readonly port: AssociationPort; readonly source: number } | undefined;

  constructor(host: AssociationHost, options: AssociationOptions) {
    this.master = options.master;
    this.buffer = new EventBuffer(options.events);
    this.#host = host;
    this.#confirmTimeout = options.confirmTimeout ?? seconds(5);
    this.#selectTimeout = options.selectTimeout ?? seconds(5);
    this.#writer = new ResponseWriter(options.largestFragment);
    const own = options.unsolicited;
    this.#unsolicited = own && {
      timeout: own.timeout ?? seconds(5),
      retries: own.retries ?? 3,
      pause: own.pause ?? seconds(60),
      hold: own.hold ?? (0 as Duration),
      holdEvents: own.holdEvents ?? 10,
    };
  }

  /** Whether unsolicited responses exist at all. */
  get hasUnsolicited(): boolean {
    return this.#unsolicited !== undefined;
  }

  get port(): AssociationPort | undefined {
    return this.#port;
  }

  /** A connection stands over which this master may be: unsolicited responses go there when it is not heard elsewhere. */
  opened(port: AssociationPort, now: Instant): void {
    if (this.#port !== undefined) return;
    this.#port = port;
    this.#announced = false;
    this.#silentUntil = now;
    this.#begin(now);
  }

  closed(port: AssociationPort): void {
    if (this.#waiting?.port === port) this.#abandon();
    if (this.#port !== port) return;
    this.#port = undefined;
    this.#forget();
  }

  #forget(): void {
    this.#abandon();
    if (this.#unconfirmed !== undefined) this.buffer.release();
    this.#unconfirmed = undefined;
    this.#deferred = undefined;
    this.#lastRequest = undefined;
    this.#selection = undefined;
  }

  /** The device began anew. */
  restart(cold: boolean): void {
    this.#forget();
    if (cold) this.buffer.clear();
    this.restarted = true;
    this.#enabled = 0;
    this.#announced = false;
    this.#sequence = 0;
    this.#broadcast = undefined;
  }

  /** Classes of which unsolicited responses are wanted, as bits 1 to 3. */
  enable(mask: number, on: boolean): void {
    this.#enabled = on ? this.#enabled | mask : this.#enabled & ~mask;
    this.#oldest = NEVER;
  }

  select(octets: Uint8Array, sequence: number, now: Instant): void {
    this.#selection = {
      octets: octets.slice(),
      next: (sequence + 1) & SEQUENCE,
      until: (now + this.#selectTimeout) as Instant,
    };
  }

  /** Whether these objects were selected by the request before; a selection is used up by whatever follows it. */
  takeSelection(octets: Uint8Array, sequence: number, now: Instant): 'selected' | 'late' | 'none' {
    const selection = this.#selection;
    this.#selection = undefined;
    if (selection === undefined || selection.next !== sequence || !sameOctets(selection.octets, octets)) return 'none';
    return now <= selection.until ? 'selected' : 'late';
  }

  event(event: PointEvent, now: Instant): void {
    this.buffer.add(event);
    if (this.#oldest === NEVER && ((1 << event.eventClass) & this.#enabled) !== 0) this.#oldest = now;
  }

  due(): Instant {
    let due = this.#waiting?.deadline ?? NEVER;
    const unconfirmed = this.#unconfirmed;
    if (unconfirmed !== undefined) return unconfirmed.deadline < due ? unconfirmed.deadline : due;
    const begin = this.#beginAt();
    if (begin < due) due = begin;
    return due;
  }

  tick(now: Instant): void {
    if (this.#waiting !== undefined && now >= this.#waiting.deadline) {
      this.counters.confirmTimeouts++;
      this.#abandon();
    }
    if (this.#unconfirmed !== undefined && now >= this.#unconfirmed.deadline) this.#unsolicitedTimeout(now);
    this.#begin(now);
  }

  /** A fragment from this master, or from somebody who uses its address. */
  receive(octets: Uint8Array, source: number, destination: number, port: AssociationPort, now: Instant): void {
    const [control, code] = octets;
    if (control === undefined || code === undefined || isResponse(code)) {
      this.counters.ignored++;
      return;
    }
    if (code === FUNCTION.confirm) {
      this.#confirm(control, now);
      return;
    }
    // A request is one fragment, and never unsolicited (4.2.2.4).
    if ((control & (FIR | FIN | UNS)) !== (FIR | FIN)) {
      this.counters.ignored++;
      return;
    }
    this.#port = port;
    this.#silentUntil = now;
    if (isBroadcast(destination)) {
      this.#takeBroadcast(octets, source, destination, port, now);
      return;
    }
    const isRepeated = this.#lastRequest !== undefined && sameOctets(this.#lastRequest, octets);
    if (isRepeated && (code !== FUNCTION.read || this.#waitsForFirst())) {
      this.counters.repeated++;
      this.#repeat(source, port, now);
      return;
    }
    this.#abandon();
    if (code === FUNCTION.read && this.#unconfirmed !== undefined) {
      this.#deferred = { octets: octets.slice(), port, source };
      return;
    }
    this.#deferred = undefined;
    this.#answer(octets, source, port, now);
    this.#begin(now);
  }

  /** A READ that comes again while its answer's first fragment waits: the master did not get it. */
  #waitsForFirst(): boolean {
    return this.#waiting !== undefined && ((this.#waiting.fragment[0] as number) & FIR) !== 0;
  }

  #takeBroadcast(octets: Uint8Array, source: number, destination: number, port: AssociationPort, now: Instant): void {
    this.counters.requests++;
    this.#selection = undefined;
    const { code, objects, problem } = parseRequest(octets);
    if (problem === 0 && !NEEDS_ANSWER.has(code))
      this.#host.handle(this.#request(code, octets, objects, source, port), this, now);
    this.#broadcast =
      destination === ADDRESS.broadcastConfirm
        ? 'confirm'
        : destination === ADDRESS.broadcastNoConfirm
          ? 'no-confirm'
          : 'optional';
  }

  #request(
    code: number,
    octets: Uint8Array,
    objects: readonly ObjectBlock[],
    master: number,
    port: AssociationPort,
  ): Request {
    return { code, sequence: (octets[0] as number) & SEQUENCE, objects, octets: octets.subarray(2), port, master };
  }

  #repeat(source: number, port: AssociationPort, now: Instant): void {
    if (this.#lastResponse === undefined) return;
    if (this.#waiting !== undefined) this.#waiting.deadline = (now + this.#confirmTimeout) as Instant;
    port.send(this.#lastResponse, source);
  }

  #answer(octets: Uint8Array, source: number, port: AssociationPort, now: Instant): void {
    this.counters.requests++;
    this.#lastRequest = octets.slice();
    this.#lastResponse = undefined;
    const code = octets[1] as number;
    const sequence = (octets[0] as number) & SEQUENCE;
    const { objects, problem } = parseRequest(octets);
    if (code !== FUNCTION.operate) this.#selection = undefined;
    if (problem !== 0) {
      if (!WITHOUT_RESPONSE.has(code)) this.#respond(sequence, { indications: problem }, source, port, now);
      return;
    }
    if (code === FUNCTION.read && objects.every((block) => block.group !== 70)) {
      this.#plan = new ReadPlan(this.#host, this.buffer, objects, this.#indications());
      this.#continue(FIR, sequence, source, port, now);
      return;
    }
    const answer = this.#host.handle(this.#request(code, octets, objects, source, port), this, now);
    if (!WITHOUT_RESPONSE.has(code)) this.#respond(sequence, answer, source, port, now);
  }

  #respond(sequence: number, answer: Answer, destination: number, port: AssociationPort, now: Instant): void {
    const writer = this.#writer;
    writer.begin();
    // What was taken from one request fragment goes back in one: only files can be too long, and they say so beforehand.
    const fits = answer.objects === undefined || writer.put(encodeObjects(answer.objects));
    this.#finish(
      FIR | FIN | sequence,
      answer.indications | (fits ? 0 : IIN.parameterError),
      false,
      destination,
      port,
      now,
    );
  }

  /** Sends the next fragment of a READ's answer. */
  #continue(first: number, sequence: number, destination: number, port: AssociationPort, now: Instant): void {
    const plan = this.#plan as ReadPlan;
    const writer = this.#writer;
    const waitingBefore = this.#waitingEvents();
    writer.begin();
    const done = plan.fill(writer);
    const events = waitingBefore !== this.#waitingEvents();
    if (done) this.#plan = undefined;
    const control = first | (done ? FIN : 0) | sequence;
    this.#finish(done && !events ? control : control | CON, plan.indications, true, destination, port, now);
  }

  #finish(
    control: number,
    indications: number,
    isRead: boolean,
    destination: number,
    port: AssociationPort,
    now: Instant,
  ): void {
    const asksBroadcast = this.#broadcast === 'confirm';
    const flags = asksBroadcast ? control | CON : control;
    const fragment = this.#writer.finish(flags, FUNCTION.response, this.#indications() | indications);
    if (this.#broadcast !== undefined && !asksBroadcast) this.#broadcast = undefined;
    this.#lastResponse = fragment;
    this.#waiting =
      (flags & CON) === 0
        ? undefined
        : {
            sequence: flags & SEQUENCE,
            fragment,
            deadline: (now + this.#confirmTimeout) as Instant,
            destination,
            port,
            isRead,
            asksBroadcast,
          };
    this.counters.responses++;
    port.send(fragment, destination);
  }

  #confirm(control: number, now: Instant): void {
    const sequence = control & SEQUENCE;
    if ((control & UNS) !== 0) {
      if (this.#unconfirmed?.sequence !== sequence) {
        this.counters.wrongConfirms++;
        return;
      }
      this.counters.confirms++;
      this.#unconfirmed = undefined;
      this.#announced = true;
      this.buffer.confirm();
      this.#sequence = (sequence + 1) & SEQUENCE;
      this.#oldest = now;
      this.#takeDeferred(now);
      this.#begin(now);
      return;
    }
    const waiting = this.#waiting;
    if (waiting?.sequence !== sequence) {
      this.counters.wrongConfirms++;
      return;
    }
    this.counters.confirms++;
    this.#waiting = undefined;
    if (waiting.asksBroadcast) this.#broadcast = undefined;
    if (waiting.isRead) this.buffer.confirm();
    if (this.#plan !== undefined) this.#continue(0, (sequence + 1) & SEQUENCE, waiting.destination, waiting.port, now);
    else this.#begin(now);
  }

  /** Gives up the response that waits: its events wait again. */
  #abandon(): void {
    this.#plan = undefined;
    const isRead = this.#waiting?.isRead === true;
    this.#waiting = undefined;
    if (isRead) this.buffer.release();
  }

  #unsolicitedTimeout(now: Instant): void {
    const { timeout, retries, pause } = this.#unsolicited as Unsolicited;
    const unconfirmed = this.#unconfirmed as Waiting;
    const isRead = this.#deferred !== undefined;
    // The same octets again (5.1.1.1.3); what announces the device is made anew, as its indications may have changed.
    if (!isRead && this.#announced && this.#tries < retries) {
      this.#tries++;
      this.counters.unsolicitedRetries++;
      unconfirmed.deadline = (now + timeout) as Instant;
      this.#sendUnsolicited(unconfirmed.fragment);
      return;
    }
    this.buffer.release();
    this.#unconfirmed = undefined;
    this.#sequence = (unconfirmed.sequence + 1) & SEQUENCE;
    if (this.#announced && !isRead) this.#silentUntil = (now + pause) as Instant;
    else if (!this.#announced) this.counters.unsolicitedRetries++;
    this.#oldest = now;
    this.#takeDeferred(now);
  }

  #takeDeferred(now: Instant): void {
    const deferred = this.#deferred;
    this.#deferred = undefined;
    if (deferred !== undefined) this.#answer(deferred.octets, deferred.source, deferred.port, now);
  }

  /** When an unsolicited response begins; NEVER while there is no reason. */
  #beginAt(): Instant {
    const options = this.#unsolicited;
    if (
      options === undefined ||
      this.#port === undefined ||
      this.#unconfirmed !== undefined ||
      this.#waiting !== undefined
    )
      return NEVER;
    if (!this.#announced) return this.#silentUntil;
    if (this.#enabled === 0) return NEVER;
    const count = this.#wantedEvents();
    if (count === 0) return NEVER;
    const from = (this.#oldest === NEVER ? 0 : this.#oldest) as Instant;
    const held = count >= options.holdEvents ? from : from + options.hold;
    return Math.max(held, this.#silentUntil) as Instant;
  }

  #begin(now: Instant): void {
    const options = this.#unsolicited;
    if (options === undefined || this.#beginAt() > now) return;
    const writer = this.#writer;
    writer.begin();
    if (this.#announced) {
      this.buffer.select((event) => ((1 << event.eventClass) & this.#enabled) !== 0, 0);
      this.buffer.write((event, variation) => writer.event(event, variation));
    }
    const sequence = this.#sequence;
    const fragment = writer.finish(FIR | FIN | CON | UNS | sequence, FUNCTION.unsolicitedResponse, this.#indications());
    this.#unconfirmed = { sequence, fragment, deadline: (now + options.timeout) as Instant };
    this.#tries = 0;
    this.#oldest = NEVER;
    this.counters.unsolicited++;
    this.#sendUnsolicited(fragment);
  }

  #sendUnsolicited(fragment: Uint8Array): void {
    (this.#port as AssociationPort).send(fragment, this.master);
  }

  #wantedEvents(): number {
    let count = 0;
    for (const eventClass of CLASSES)
      if (((1 << eventClass) & this.#enabled) !== 0) count += this.buffer.waiting(eventClass);
    return count;
  }

  #waitingEvents(): number {
    return this.buffer.waiting(1) + this.buffer.waiting(2) + this.buffer.waiting(3);
  }

  #indications(): number {
    const { buffer } = this;
    return (
      this.#host.indications() |
      (this.#broadcast === undefined ? 0 : IIN.broadcast) |
      (this.restarted ? IIN.deviceRestart : 0) |
      (buffer.waiting(1) > 0 ? IIN.class1Events : 0) |
      (buffer.waiting(2) > 0 ? IIN.class2Events : 0) |
      (buffer.waiting(3) > 0 ? IIN.class3Events : 0) |
      (buffer.overflown ? IIN.eventBufferOverflow : 0)
    );
  }
}

/** Requests that make no sense without an answer, so that they are not done for all at once. */
const NEEDS_ANSWER: ReadonlySet<number> = new Set([
  ...[FUNCTION.read, FUNCTION.select, FUNCTION.operate, FUNCTION.openFile, FUNCTION.closeFile, FUNCTION.deleteFile],
  ...[FUNCTION.getFileInfo, FUNCTION.authenticateFile, FUNCTION.abortFile],
]);

const CLASSES: readonly EventClass[] = [1, 2, 3];
