/**
 * A DNP3 master for one outstation (IEEE 1815-2012): sets it up after a start of either side, polls it, takes what it sends of its own
 * accord, and carries commands, times and files. One request is under way at a time; commands go before everything that waits.
 */
import { type Duration, type Instant, NEVER, type StreamMachine, seconds, UsageError } from '@penstock/core';
import { type AppFragment, decodeFragment, encodeFragment, type ObjectBlock } from './application.ts';
import { ALL_ATTRIBUTES } from './attributes.ts';
import { allOf } from './blocks.ts';
import { sameOctets } from './encode-objects.ts';
import { LinkSession, type LinkUser, stationAddress } from './link-session.ts';
import { type FileRequest, type FileResult, FileTask } from './master-files.ts';
import type { MasterCounters, MasterHandler, MasterOptions, MasterPoll } from './master-options.ts';
import {
  type Command,
  type CommandResult,
  CommandTask,
  type MasterTask,
  PlainTask,
  PRIORITY,
  RESTART_CLEAR,
  ReadTask,
  type TaskOutcome,
  TimeSyncTask,
  unsolicitedObjects,
} from './master-tasks.ts';
import { tellAttributes, tellUpdates } from './master-updates.ts';
import { FUNCTION, FUNCTION_NAMES, IIN, WITHOUT_RESPONSE } from './tables.ts';

interface Standing {
  readonly poll: MasterPoll;
  next: Instant;
}

interface Current {
  readonly task: MasterTask;
  /** Sequence that the next fragment of the answer has. */
  sequence: number;
  /** The fragment that is expected is the answer's first. */
  first: boolean;
  octets: Uint8Array;
  deadline: Instant;
  tries: number;
}

type SetUp = 'disable' | 'clear' | 'integrity' | 'enable' | 'time' | 'identity';
/** In this order, whatever of it is needed. */
const SET_UP: readonly SetUp[] = ['disable', 'clear', 'integrity', 'enable', 'time', 'identity'];
const CLASS_BITS = [
  [1, IIN.class1Events],
  [2, IIN.class2Events],
  [3, IIN.class3Events],
] as const;
const INTEGRITY: readonly ObjectBlock[] = [allOf(60, 2), allOf(60, 3), allOf(60, 4), allOf(60, 1)];
const IDENTITY: readonly ObjectBlock[] = [allOf(0, ALL_ATTRIBUTES)];
const EVENTS: readonly ObjectBlock[] = INTEGRITY.slice(0, 3);

export class Dnp3Master implements StreamMachine, LinkUser {
  readonly link: LinkSession;
  readonly counters: MasterCounters = {
    sent: 0,
    retries: 0,
    timeouts: 0,
    responses: 0,
    unsolicited: 0,
    repeated: 0,
    ignored: 0,
    updates: 0,
  };
  readonly outstation: number;
  readonly #handler: MasterHandler;
  readonly #setsUp: boolean;
  readonly #identifies: boolean;
  readonly #unsolicited: readonly (1 | 2 | 3)[];
  readonly #readsIndicated: boolean;
  readonly #timeSync: 'lan' | 'serial' | 'never';
  readonly #clock: (now: Instant) => number;
  readonly #timeout: Duration;
  readonly #retries: number;
  readonly #retryAfter: Duration;
  readonly #capacity: number;
  readonly #standing: Standing[];
  /** What is needed to be set up with the outstation, and from when on it may be done. */
  readonly #needed = new Map<SetUp, Instant>();
  /** When a step was begun last: an outstation whose indications do not go away is not asked without end. */
  readonly #begun = new Map<SetUp, Instant>();
  readonly #waiting: MasterTask[] = [];
  /** Classes that the outstation agreed to report of its own accord. */
  #enabled: readonly (1 | 2 | 3)[] = [];
  /** Classes that indications said to have events. */
  #indicated = 0;
  #overflown = false;
  #current: Current | undefined;
  #sequence = 0;
  #isOpen = false;
  #reachable: boolean | undefined;
  #lastUnsolicited: Uint8Array | undefined;
  #lastConfirmed: Uint8Array | undefined;

  /** @throws UsageError `dnp3.address` for an address that no station can have. */
  constructor(options: MasterOptions) {
    this.outstation = stationAddress(options.outstation);
    this.link = new LinkSession({ ...options.link, role: 'master', address: options.address ?? 1 }, this);
    this.#handler = options.handler;
    this.#setsUp = options.setUp ?? true;
    this.#identifies = options.identify ?? false;
    this.#unsolicited = options.unsolicited ?? [1, 2, 3];
    this.#readsIndicated = options.readsIndicated ?? true;
    this.#timeSync = options.timeSync ?? 'lan';
    this.#clock = options.clock ?? ((now) => now / 1000);
    this.#timeout = options.responseTimeout ?? seconds(5);
    this.#retries = options.retries ?? 2;
    this.#retryAfter = options.retryAfter ?? seconds(10);
    this.#capacity = options.queue ?? 64;
    this.#standing = standingPolls(options).map((poll) => ({ poll, next: NEVER }));
  }

  get closing(): boolean {
    return this.link.closing;
  }

  /** Requests under way and waiting. */
  get pending(): number {
    return this.#waiting.length + (this.#current === undefined ? 0 : 1);
  }

  /** A connection stands: the outstation is set up anew, as it may have restarted. */
  opened(now: Instant): void {
    this.#isOpen = true;
    this.link.opened(this.outstation, now);
    this.#needed.clear();
    this.#begun.clear();
    this.#need('disable', now);
    this.#need('integrity', now);
    if (this.#unsolicited.length > 0) this.#need('enable', now);
    if (this.#identifies) this.#need('identity', now);
    this.#indicated = 0;
    this.#enabled = [];
    for (const standing of this.#standing) standing.next = (now + standing.poll.every) as Instant;
    this.#go(now);
  }

  /** The connection is gone: everything pending ends as `closed`. */
  disconnected(now: Instant): void {
    this.#isOpen = false;
    this.link.reset();
    this.#lastUnsolicited = undefined;
    this.#lastConfirmed = undefined;
    this.#reach(false, now);
    const ended = [...(this.#current === undefined ? [] : [this.#current.task]), ...this.#waiting];
    this.#current = undefined;
    this.#waiting.length = 0;
    for (const task of ended) this.#end(task, 'closed', now);
  }

  /**
   * Commands outputs. `select`: SELECT and OPERATE; `direct`: at once; `direct-no-ack`: at once, without an answer.
   * @returns false, and nothing happens, when there is no connection or too much waits
   */
  command(
    commands: readonly Command[],
    way: 'select' | 'direct' | 'direct-no-ack',
    now: Instant,
    onResult?: (result: CommandResult, now: Instant) => void,
  ): boolean {
    return this.submit(new CommandTask(commands, way, onResult), now);
  }

  /** READs objects once; their points come as updates. */
  read(objects: readonly ObjectBlock[], now: Instant, onEnded?: (outcome: TaskOutcome, now: Instant) => void): boolean {
    return this.submit(new ReadTask('read', objects, PRIORITY.demand, onEnded), now);
  }

  /** Any other request with one answer or none (`FUNCTION`): freezes, assigning classes, restarts, applications. */
  perform(
    code: number,
    objects: readonly ObjectBlock[],
    now: Instant,
    onEnded?: (outcome: TaskOutcome, answered: readonly ObjectBlock[], now: Instant) => void,
  ): boolean {
    const name = FUNCTION_NAMES[code];
    if (name === undefined || code === FUNCTION.confirm || code >= FUNCTION.response)
      throw new UsageError('dnp3.function', `a master performs requests, not function ${code}`);
    const task: PlainTask = new PlainTask(
      name.toLowerCase(),
      { code, objects },
      PRIORITY.demand,
      WITHOUT_RESPONSE.has(code),
      (outcome, at) => onEnded?.(outcome, task.answered, at),
    );
    return this.submit(task, now);
  }

  /** Reads, writes, deletes a file of the outstation, or asks about it. */
  file(request: FileRequest, now: Instant, onResult?: (result: FileResult, now: Instant) => void): boolean {
    return this.submit(new FileTask(request, onResult), now);
  }

  /** Sets the outstation's clock, though it does not ask for it. */
  setTime(now: Instant, onEnded?: (outcome: TaskOutcome, now: Instant) => void): boolean {
    return this.submit(new TimeSyncTask(this.#timeSync === 'serial' ? 'serial' : 'lan', this.#clock, onEnded), now);
  }

  /** Puts a task among those that wait. @returns false when there is no connection or too much waits */
  submit(task: MasterTask, now: Instant): boolean {
    if (!this.#isOpen || this.#waiting.length >= this.#capacity) return false;
    this.#waiting.push(task);
    this.#go(now);
    return true;
  }

  receive(bytes: Uint8Array, now: Instant): void {
    this.receiveRange(bytes, 0, bytes.length, now);
  }

  receiveRange(buffer: Uint8Array, start: number, end: number, now: Instant): void {
    this.link.receiveRange(buffer, start, end, now);
  }

  due(): Instant {
    const link = this.link.due();
    if (!this.#isOpen) return link;
    if (this.#current !== undefined) return Math.min(link, this.#current.deadline) as Instant;
    let due = link;
    for (const from of this.#needed.values()) if (from < due) due = from;
    for (const { next } of this.#standing) if (next < due) due = next;
    return due as Instant;
  }

  tick(now: Instant): void {
    this.link.tick(now);
    if (!this.#isOpen) return;
    if (this.#current !== undefined && now >= this.#current.deadline) this.#late(this.#current, now);
    this.#go(now);
  }

  take(): Uint8Array | undefined {
    return this.link.take();
  }

  accepts(source: number): boolean {
    return source === this.outstation;
  }

  unanswered(_address: number, now: Instant): void {
    this.#reach(false, now);
  }

  fragment(octets: Uint8Array, _source: number, _destination: number, now: Instant): void {
    const { fragment, problem } = decodeFragment(octets);
    // What cannot be read is not confirmed: the outstation would forget its events.
    if (fragment?.iin === undefined || problem?.kind === 'illegal') {
      this.counters.ignored++;
      return;
    }
    if (fragment.function === FUNCTION.unsolicitedResponse) this.#takeUnsolicited(fragment, octets, now);
    else if (fragment.function === FUNCTION.response) this.#takeResponse(fragment, octets, now);
    else this.counters.ignored++;
  }

  #takeUnsolicited(fragment: AppFragment, octets: Uint8Array, now: Instant): void {
    const { fir, fin, con, uns, seq } = fragment.control;
    if (!fir || !fin || !uns) {
      this.counters.ignored++;
      return;
    }
    this.#reach(true, now);
    // What announces a device looks the same after each of its restarts, and means another one.
    const isRepeated =
      fragment.objects.length > 0 && this.#lastUnsolicited !== undefined && sameOctets(this.#lastUnsolicited, octets);
    if (isRepeated) this.counters.repeated++;
    else {
      this.counters.unsolicited++;
      this.#lastUnsolicited = octets.slice();
      this.#tell(fragment, true, now);
    }
    if (con) this.#confirm(seq, true);
    this.#go(now);
  }

  #takeResponse(fragment: AppFragment, octets: Uint8Array, now: Instant): void {
    const { fir, fin, con, uns, seq } = fragment.control;
    const current = this.#current;
    if (current === undefined || uns || seq !== current.sequence || fir !== current.first) {
      // A fragment again, because our confirmation was lost.
      if (con && !uns && this.#lastConfirmed !== undefined && sameOctets(this.#lastConfirmed, octets)) {
        this.counters.repeated++;
        this.#confirm(seq, false);
      } else this.counters.ignored++;
      return;
    }
    const { task } = current;
    this.counters.responses++;
    this.#reach(true, now);
    task.indications = fragment.iin ?? 0;
    this.#tell(fragment, false, now);
    const result = task.answer(fragment, now);
    if (con) {
      this.#lastConfirmed = octets.slice();
      this.#confirm(seq, false);
    }
    this.#sequence = seq;
    if (!fin && result === 'more') {
      current.sequence = (seq + 1) & 0x0f;
      current.first = false;
      current.deadline = (now + this.#timeout) as Instant;
      return;
    }
    this.#current = undefined;
    if (result === 'next') this.#send(task, now);
    else this.#end(task, result === 'more' ? 'mismatch' : result, now);
    this.#go(now);
  }

  #tell(fragment: AppFragment, unsolicited: boolean, now: Instant): void {
    this.counters.updates += tellUpdates(fragment, (update) => this.#handler.update?.(update, now));
    tellAttributes(fragment, (variation, value) => this.#handler.attribute?.(variation, value));
    const indications = fragment.iin as number;
    this.#handler.indications?.(indications, unsolicited, now);
    if ((indications & IIN.deviceRestart) !== 0 && this.#current?.task.name !== 'clear') {
      this.#need('clear', now);
      this.#need('integrity', now);
      if (this.#unsolicited.length > 0) this.#need('enable', now);
    }
    if ((indications & IIN.needTime) !== 0 && this.#timeSync !== 'never' && this.#current?.task.name !== 'time')
      this.#need('time', now);
    const overflown = (indications & IIN.eventBufferOverflow) !== 0;
    // Events are lost, so that only a reading of everything tells how things stand.
    if (overflown && !this.#overflown) this.#need('integrity', now);
    this.#overflown = overflown;
    if (!this.#readsIndicated) return;
    this.#indicated = 0;
    for (const [eventClass, bit] of CLASS_BITS)
      if ((indications & bit) !== 0 && !this.#enabled.includes(eventClass)) this.#indicated |= 1 << eventClass;
  }

  #confirm(seq: number, uns: boolean): void {
    const control = { fir: true, fin: true, con: false, uns, seq };
    this.link.send(encodeFragment({ control, function: FUNCTION.confirm, objects: [] }), this.outstation);
  }

  /** Begins what comes next, when nothing is under way. */
  #go(now: Instant): void {
    while (this.#isOpen && this.#current === undefined) {
      const task = this.#next(now);
      if (task === undefined) return;
      this.#send(task, now);
    }
  }

  #next(now: Instant): MasterTask | undefined {
    const command = this.#waiting.findIndex(({ priority }) => priority === PRIORITY.command);
    if (command >= 0) return this.#waiting.splice(command, 1)[0];
    const step = SET_UP.find((candidate) => (this.#needed.get(candidate) ?? NEVER) <= now);
    if (step !== undefined) {
      this.#needed.delete(step);
      this.#begun.set(step, now);
      return this.#setUpTask(step);
    }
    const waiting = this.#waiting.shift();
    if (waiting !== undefined) return waiting;
    if (this.#indicated !== 0) {
      const objects = EVENTS.filter((_, at) => (this.#indicated & (2 << at)) !== 0);
      this.#indicated = 0;
      return new ReadTask('indicated events', objects, PRIORITY.poll);
    }
    const standing = this.#standing.find(({ next }) => next <= now);
    if (standing === undefined) return undefined;
    const { name, objects, every } = standing.poll;
    // What is late is not made up for.
    standing.next = (standing.next + every * (Math.floor((now - standing.next) / every) + 1)) as Instant;
    return new ReadTask(name, objects, PRIORITY.poll);
  }

  #need(step: SetUp, now: Instant): void {
    if (!this.#setsUp || this.#needed.has(step)) return;
    const begun = this.#begun.get(step);
    const from = begun === undefined ? now : Math.max(now, begun + this.#retryAfter);
    this.#needed.set(step, from as Instant);
  }

  #setUpTask(step: SetUp): MasterTask {
    const again = (outcome: TaskOutcome, now: Instant): void => {
      if (step === 'enable') this.#enabled = outcome === 'done' ? this.#unsolicited : [];
      if (outcome !== 'timeout' && outcome !== 'mismatch') return;
      this.#need(step, now);
    };
    const plain = (code: number, objects: readonly ObjectBlock[]) =>
      new PlainTask(step, { code, objects }, PRIORITY.setUp, false, again);
    switch (step) {
      case 'disable':
        return plain(FUNCTION.disableUnsolicited, EVENTS);
      case 'clear':
        return plain(RESTART_CLEAR.code, RESTART_CLEAR.objects);
      case 'integrity':
        return new ReadTask(step, INTEGRITY, PRIORITY.setUp, again);
      case 'enable':
        return plain(FUNCTION.enableUnsolicited, unsolicitedObjects(this.#unsolicited));
      case 'time':
        return new TimeSyncTask(this.#timeSync === 'serial' ? 'serial' : 'lan', this.#clock, again);
      case 'identity':
        return new ReadTask(step, IDENTITY, PRIORITY.setUp, again);
    }
  }

  #send(task: MasterTask, now: Instant): void {
    const octets = this.#request(task, now);
    if (task.silent) {
      this.#end(task, 'done', now);
      return;
    }
    const deadline = (now + this.#timeout) as Instant;
    this.#current = { task, sequence: this.#sequence, first: true, octets, deadline, tries: 0 };
  }

  #request(task: MasterTask, now: Instant): Uint8Array {
    this.#sequence = (this.#sequence + 1) & 0x0f;
    const { code, objects } = task.request(now);
    const control = { fir: true, fin: true, con: false, uns: false, seq: this.#sequence };
    const octets = encodeFragment({ control, function: code, objects });
    this.counters.sent++;
    this.link.send(octets, this.outstation);
    return octets;
  }

  #late(current: Current, now: Instant): void {
    const { task } = current;
    if (current.tries < this.#retries) {
      current.tries++;
      this.counters.retries++;
      current.deadline = (now + this.#timeout) as Instant;
      if (task.repeats) this.link.send(current.octets, this.outstation);
      else {
        current.octets = this.#request(task, now);
        current.sequence = this.#sequence;
        current.first = true;
      }
      return;
    }
    this.#current = undefined;
    this.counters.timeouts++;
    this.#reach(false, now);
    this.#end(task, 'timeout', now);
  }

  #end(task: MasterTask, outcome: TaskOutcome, now: Instant): void {
    task.ended(outcome, now);
    this.#handler.ended?.(task.name, outcome, now);
  }

  #reach(reachable: boolean, now: Instant): void {
    if (this.#reachable === reachable) return;
    this.#reachable = reachable;
    this.#handler.reachable?.(reachable, now);
  }
}

function standingPolls(options: MasterOptions): MasterPoll[] {
  const polls = [...(options.polls ?? [])];
  if (options.integrityEvery !== undefined)
    polls.push({ name: 'integrity', every: options.integrityEvery, objects: INTEGRITY });
  if (options.eventEvery !== undefined) polls.push({ name: 'events', every: options.eventEvery, objects: EVENTS });
  for (const { name, every } of polls)
    if (!(every > 0)) throw new UsageError('dnp3.poll', `poll '${name}' needs a duration above 0 between its turns`);
  return polls;
}
