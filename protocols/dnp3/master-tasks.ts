/** What a master asks for: each task is one request after the other, until it is done. */
import type { Instant } from '@penstock/core';
import type { AppFragment, ObjectBlock } from './application.ts';
import { allOf, indexed, valuesFrom, valuesOf } from './blocks.ts';
import { encodeObjects } from './encode-objects.ts';
import { FUNCTION, IIN } from './tables.ts';
import { type AnalogCommand, COMMAND_STATUS, type ControlRelayOutput, OPERATION, TRIP_CLOSE } from './values.ts';

/**
 * `refused`: the outstation's indications say that it does not know the function or an object, or that a parameter is wrong; of commands, that
 * one has a status other than success. `mismatch`: an answer that does not fit. `timeout`: none came, after all retries; a command may
 * have been carried out all the same. `closed`: the connection ended before.
 */
export type TaskOutcome = 'done' | 'refused' | 'mismatch' | 'timeout' | 'closed';

export interface MasterRequest {
  readonly code: number;
  readonly objects: readonly ObjectBlock[];
}

/** Lower ones go first. */
export const PRIORITY = { command: 0, setUp: 1, demand: 2, poll: 3 } as const;

export abstract class MasterTask {
  abstract readonly name: string;
  readonly priority: number;
  /** No answer comes. */
  readonly silent: boolean = false;
  /** A retry has the same number and the same octets, so that the outstation can tell that it did it already. */
  readonly repeats: boolean = true;
  /** Indications of the last answer. */
  indications = 0;
  readonly #onEnded: ((outcome: TaskOutcome, now: Instant) => void) | undefined;

  constructor(priority: number, onEnded?: (outcome: TaskOutcome, now: Instant) => void) {
    this.priority = priority;
    this.#onEnded = onEnded;
  }

  abstract request(now: Instant): MasterRequest;

  /** The answer, or a fragment of it. 'next': another request follows; 'more': another fragment does. */
  abstract answer(fragment: AppFragment, now: Instant): TaskOutcome | 'next' | 'more';

  ended(outcome: TaskOutcome, now: Instant): void {
    this.#onEnded?.(outcome, now);
  }
}

/** A request waits before it is sent, so that what cannot be written down is refused when it is made. @throws PenstockError `dnp3.encode` */
export function encodable(objects: readonly ObjectBlock[]): readonly ObjectBlock[] {
  encodeObjects(objects);
  return objects;
}

const REFUSALS = IIN.functionNotSupported | IIN.objectUnknown | IIN.parameterError;
export const isRefusal = (indications: number): boolean => (indications & REFUSALS) !== 0;

/** READ: its points are told as updates while the fragments come. A lost fragment makes it begin anew. */
export class ReadTask extends MasterTask {
  readonly name: string;
  override readonly repeats = false;
  readonly #objects: readonly ObjectBlock[];

  constructor(
    name: string,
    objects: readonly ObjectBlock[],
    priority: number,
    onEnded?: (outcome: TaskOutcome, now: Instant) => void,
  ) {
    super(priority, onEnded);
    this.name = name;
    this.#objects = encodable(objects);
  }

  request(): MasterRequest {
    return { code: FUNCTION.read, objects: this.#objects };
  }

  answer(fragment: AppFragment): TaskOutcome | 'more' {
    if (!fragment.control.fin) return 'more';
    return isRefusal(this.indications) && fragment.objects.length === 0 ? 'refused' : 'done';
  }
}

/** A request with one answer: freezes, classes, unsolicited responses, restarts, applications. */
export class PlainTask extends MasterTask {
  readonly name: string;
  override readonly silent: boolean;
  /** Objects of the answer: how long a restart takes, for example. */
  answered: readonly ObjectBlock[] = [];
  readonly #request: MasterRequest;

  constructor(
    name: string,
    request: MasterRequest,
    priority: number,
    silent: boolean,
    onEnded?: (outcome: TaskOutcome, now: Instant) => void,
  ) {
    super(priority, onEnded);
    this.name = name;
    this.silent = silent;
    this.#request = request;
    encodable(request.objects);
  }

  request(): MasterRequest {
    return this.#request;
  }

  answer(fragment: AppFragment): TaskOutcome {
    this.answered = fragment.objects;
    return isRefusal(this.indications) ? 'refused' : 'done';
  }
}

export const unsolicitedObjects = (classes: readonly (1 | 2 | 3)[]): ObjectBlock[] =>
  classes.map((eventClass) => allOf(60, eventClass + 1));

/** WRITE of g80 index 7: the master has seen that the device began anew. */
export const RESTART_CLEAR: MasterRequest = {
  code: FUNCTION.write,
  objects: [valuesFrom(80, 1, 7, [{ type: 'binary', value: false }])],
};

/** Sets the outstation's clock (IEEE 1815-2012, clause 10). */
export class TimeSyncTask extends MasterTask {
  readonly name = 'time';
  readonly #procedure: 'lan' | 'serial';
  readonly #clock: (now: Instant) => number;
  #asked: Instant | undefined;
  #delay: number | undefined;

  /**
   * @param procedure `lan`: the outstation notes when a request came, and is told when it was sent; `serial`: half of the way there and back is
   * added (10.3)
   * @param clock milliseconds since 1970
   */
  constructor(
    procedure: 'lan' | 'serial',
    clock: (now: Instant) => number,
    onEnded?: (outcome: TaskOutcome, now: Instant) => void,
  ) {
    super(PRIORITY.setUp, onEnded);
    this.#procedure = procedure;
    this.#clock = clock;
  }

  request(now: Instant): MasterRequest {
    if (this.#delay === undefined) {
      this.#asked = now;
      return { code: this.#procedure === 'lan' ? FUNCTION.recordCurrentTime : FUNCTION.delayMeasure, objects: [] };
    }
    const isLan = this.#procedure === 'lan';
    const time = Math.round(this.#clock(isLan ? (this.#asked as Instant) : now) + this.#delay);
    return { code: FUNCTION.write, objects: [valuesOf(50, isLan ? 3 : 1, [{ type: 'time', time }])] };
  }

  answer(fragment: AppFragment, now: Instant): TaskOutcome | 'next' {
    if (isRefusal(this.indications)) return 'refused';
    if (this.#delay !== undefined) return 'done';
    if (this.#procedure === 'lan') {
      this.#delay = 0;
      return 'next';
    }
    const block = fragment.objects[0];
    const value = block?.items[0]?.value;
    if (block?.group !== 52 || value?.type !== 'delay') return 'mismatch';
    const processing = block.variation === 1 ? value.delay * 1000 : value.delay;
    this.#delay = Math.max(0, ((now - (this.#asked as Instant)) / 1000 - processing) / 2);
    return 'next';
  }

  /** The whole procedure begins anew after a lost answer, as its times are not right any more. */
  override readonly repeats = false;
}

/** One output and what it is told. */
export interface Command {
  readonly index: number;
  readonly value: ControlRelayOutput | AnalogCommand;
  /** Of analogs: 1 32-bit, 2 16-bit, 3 float, 4 double; default 3. */
  readonly variation?: 1 | 2 | 3 | 4 | undefined;
}

export const latch = (on: boolean): ControlRelayOutput => control(on ? OPERATION.latchOn : OPERATION.latchOff, 0, 0, 0);

/** @param onTime milliseconds; @param offTime between pulses */
export const pulse = (onTime: number, count = 1, offTime = onTime): ControlRelayOutput => ({
  ...control(OPERATION.pulseOn, 0, onTime, offTime),
  count,
});

export const tripClose = (what: 'trip' | 'close', onTime: number): ControlRelayOutput =>
  control(OPERATION.pulseOn, TRIP_CLOSE[what], onTime, 0);

export const setPoint = (value: number): AnalogCommand => ({ type: 'analog-command', value, status: 0 });

function control(operation: number, tripClose: number, onTime: number, offTime: number): ControlRelayOutput {
  return { type: 'crob', operation, queue: false, clear: false, tripClose, count: 1, onTime, offTime, status: 0 };
}

export interface CommandResult {
  readonly outcome: TaskOutcome;
  /** `COMMAND_STATUS` of each command, of the last answer that came; empty when none did. */
  readonly statuses: readonly number[];
}

/** SELECT and OPERATE, or DIRECT OPERATE with and without an answer. */
export class CommandTask extends MasterTask {
  readonly name = 'command';
  override readonly silent: boolean;
  readonly #objects: readonly ObjectBlock[];
  readonly #steps: number[];
  #statuses: number[] = [];

  constructor(
    commands: readonly Command[],
    way: 'select' | 'direct' | 'direct-no-ack',
    onResult?: (result: CommandResult, now: Instant) => void,
  ) {
    super(PRIORITY.command, (outcome, now) => onResult?.({ outcome, statuses: this.#statuses }, now));
    this.silent = way === 'direct-no-ack';
    this.#objects = encodable(commandBlocks(commands));
    this.#steps =
      way === 'select'
        ? [FUNCTION.select, FUNCTION.operate]
        : [way === 'direct' ? FUNCTION.directOperate : FUNCTION.directOperateNoAck];
  }

  request(): MasterRequest {
    return { code: this.#steps[0] as number, objects: this.#objects };
  }

  answer(fragment: AppFragment): TaskOutcome | 'next' {
    const statuses = echoed(this.#objects, fragment.objects);
    if (statuses === undefined) return isRefusal(this.indications) ? 'refused' : 'mismatch';
    this.#statuses = statuses;
    if (statuses.some((status) => status !== COMMAND_STATUS.success)) return 'refused';
    this.#steps.shift();
    return this.#steps.length > 0 ? 'next' : 'done';
  }
}

/** Commands in their order, those that follow each other and are alike behind one header. */
function commandBlocks(commands: readonly Command[]): ObjectBlock[] {
  const runs: { group: number; variation: number; commands: Command[] }[] = [];
  for (const command of commands) {
    const group = command.value.type === 'crob' ? 12 : 41;
    const variation = group === 12 ? 1 : (command.variation ?? 3);
    const last = runs.at(-1);
    if (last?.group === group && last.variation === variation) last.commands.push(command);
    else runs.push({ group, variation, commands: [command] });
  }
  return runs.map((run) =>
    indexed(
      run.group,
      run.variation,
      run.commands.map(({ index, value }) => ({ index, value })),
    ),
  );
}

/** Statuses in an answer that echoes the commands; undefined when it does not. */
function echoed(sent: readonly ObjectBlock[], got: readonly ObjectBlock[]): number[] | undefined {
  if (sent.length !== got.length) return undefined;
  const statuses: number[] = [];
  for (let i = 0; i < sent.length; i++) {
    const [ours, theirs] = [sent[i] as ObjectBlock, got[i] as ObjectBlock];
    if (ours.group !== theirs.group || ours.variation !== theirs.variation || ours.items.length !== theirs.items.length)
      return undefined;
    for (let j = 0; j < ours.items.length; j++) {
      const [one, other] = [ours.items[j], theirs.items[j]];
      const value = other?.value;
      if (one?.index !== other?.index || (value?.type !== 'crob' && value?.type !== 'analog-command')) return undefined;
      if (!isEcho(one?.value as Command['value'], value)) return undefined;
      statuses.push(value.status);
    }
  }
  return statuses;
}

function isEcho(sent: Command['value'], got: Command['value']): boolean {
  if (sent.type === 'crob')
    return (
      got.type === 'crob' &&
      got.operation === sent.operation &&
      got.tripClose === sent.tripClose &&
      got.queue === sent.queue &&
      got.clear === sent.clear &&
      got.count === sent.count &&
      got.onTime === sent.onTime &&
      got.offTime === sent.offTime
    );
  // A float of four octets comes back as it was sent, rounded.
  return got.type === 'analog-command' && (got.value === sent.value || got.value === Math.fround(sent.value));
}
