/**
 * Replays what the master of a conformance case said into an outstation of ours. A capture does not tell what happened at the other outstation's
 * inputs; it shows in the answers, so inputs are set to what the next answers report. Everything else in an answer must be ours:
 * frames, sequences, indications, forms, order, counts, statuses.
 */
import { type Instant, NEVER, type PointAccess, START, seconds, type WriteOutcome } from '@penstock/core';
import {
  type AppFragment,
  COMMAND_STATUS,
  decodeFragment,
  FUNCTION,
  IIN,
  LinkReader,
  type ObjectBlock,
} from '../index.ts';
import { Dnp3Outstation } from '../outstation.ts';
import type { Association } from '../outstation-association.ts';
import type { OutstationPoint, StaticKind } from '../outstation-points.ts';
import type { OutstationSession } from '../outstation-session.ts';
import { TransportReassembler } from '../transport.ts';
import type { Said } from './capture-streams.ts';

/** A link frame as text, so that a difference says where it is. */
export interface Frame {
  readonly octets: Uint8Array;
  readonly fragment: AppFragment | undefined;
  readonly text: string;
}

const hex = (octets: Uint8Array): string => Buffer.from(octets).toString('hex');

/** Cuts octets of one direction into frames; the fragment goes with its last frame. */
function framesOf(octets: Uint8Array, reassembler: TransportReassembler): Frame[] {
  const frames: Frame[] = [];
  const ignore = (): void => {};
  const reader = new LinkReader({
    frame: ({ control, destination, source, payload }) => {
      const result = payload.length === 0 ? undefined : reassembler.add(payload);
      const fragment = result?.kind === 'fragment' ? decodeFragment(result.fragment).fragment : undefined;
      const direction = control.prm ? 'primary' : 'secondary';
      const text = `${direction} ${control.function} ${source}>${destination} ${hex(payload)}`;
      frames.push({ octets: payload, fragment, text });
    },
    badHeader: ignore,
    badData: ignore,
    skipped: ignore,
  });
  reader.receive(octets);
  return frames;
}

/** What the master sent, and what the outstation sent until the master sent again. */
interface Turn {
  readonly request: Uint8Array | undefined;
  readonly time: number;
  readonly function: number | undefined;
  readonly answers: Frame[];
}

function turnsOf(said: readonly Said[]): Turn[] {
  const turns: Turn[] = [{ request: undefined, time: 0, function: undefined, answers: [] }];
  const reassembler = new TransportReassembler();
  for (const { fromMaster, octets, time } of said)
    if (fromMaster) {
      const [frame] = framesOf(octets, new TransportReassembler());
      turns.push({ request: octets, time, function: frame?.fragment?.function, answers: [] });
    } else turns.at(-1)?.answers.push(...framesOf(octets, reassembler));
  return turns;
}

const EVENT_KINDS: Readonly<Record<number, Exclude<StaticKind, 'frozen-counter' | 'octet-string'>>> = {
  2: 'binary',
  4: 'double-bit',
  22: 'counter',
  32: 'analog',
};
const STATIC_KINDS: Readonly<Record<number, Exclude<StaticKind, 'octet-string'>>> = {
  1: 'binary',
  3: 'double-bit',
  20: 'counter',
  21: 'frozen-counter',
  30: 'analog',
  10: 'binary-output',
  40: 'analog-output',
};
const CLASSES = { binary: 1, 'double-bit': 1, counter: 2, 'frozen-counter': 1, analog: 3 } as const;
const CLASS_BITS = { 1: IIN.class1Events, 2: IIN.class2Events, 3: IIN.class3Events } as const;
type EventClass = keyof typeof CLASS_BITS;

interface Change {
  readonly kind: keyof typeof CLASSES;
  readonly index: number;
  readonly value: number;
  readonly flags: number;
  readonly time: number | undefined;
}

const key = ({ kind, index, value, flags, time }: Change): string => `${kind} ${index} ${value} ${flags} ${time}`;

function eventsOf(fragment: AppFragment): Change[] {
  const changes: Change[] = [];
  let common = 0;
  for (const { group, items } of fragment.objects)
    for (const { index, value } of items) {
      if (value?.type === 'time') common = value.time;
      const kind = EVENT_KINDS[group];
      if (kind === undefined || value === undefined || !('flags' in value) || !('value' in value)) continue;
      const relative = 'relativeTime' in value ? common + (value.relativeTime as number) : undefined;
      changes.push({
        kind: kind as Change['kind'],
        index,
        value: Number(value.value),
        flags: value.flags as number,
        time: ('time' in value ? (value.time as number) : undefined) ?? relative,
      });
    }
  return changes;
}

/** Inputs that changed, and from which turn on at the latest. */
interface Planned {
  turn: number;
  readonly change: Change;
}

/** New events of every answer, moved forward to where the indications first speak of them. */
function planChanges(turns: readonly Turn[]): Planned[] {
  const planned: Planned[] = [];
  let pending: Change[] = [];
  const unconfirmed = new Map<string, Change[]>();
  turns.forEach((turn, number) => {
    if (turn.function === FUNCTION.confirm) {
      const control = framesOf(turn.request as Uint8Array, new TransportReassembler())[0]?.fragment?.control;
      const done = unconfirmed.get(`${control?.uns} ${control?.seq}`) ?? [];
      pending = pending.filter((change) => !done.includes(change));
    }
    for (const { fragment } of turn.answers) {
      if (fragment === undefined) continue;
      const told = eventsOf(fragment);
      let from = 0;
      const reported: Change[] = [];
      for (const change of told) {
        const at = pending.findIndex((known, index) => index >= from && key(known) === key(change));
        if (at >= 0) {
          from = at + 1;
          reported.push(pending[at] as Change);
          continue;
        }
        planned.push({ turn: number, change });
        pending.push(change);
        reported.push(change);
        from = pending.length;
      }
      if (fragment.control.con) unconfirmed.set(`${fragment.control.uns} ${fragment.control.seq}`, reported);
    }
  });
  return planned;
}

class CaseDevice implements PointAccess {
  readonly values: number[] = [];
  readonly qualities: number[] = [];
  readonly refused = new Set<number>();
  conditionBits = 0;

  read(point: number): number {
    return this.values[point] as number;
  }

  flags(point: number): number {
    return this.qualities[point] as number;
  }

  check(point: number): WriteOutcome {
    return this.refused.has(point) ? 'read-only' : 'done';
  }

  write(point: number, value: number): WriteOutcome {
    this.values[point] = value;
    return 'done';
  }

  conditions(): number {
    return this.conditionBits;
  }
}

const INDICES = [0, 41, 1024, 65_535];
const OUTPUTS = Array.from({ length: 20 }, (_, index) => index);
/** What an input holds when nothing says otherwise: so the cases' first readings show it. */
const AT_REST = { binary: 0, 'double-bit': 1, counter: 1, analog: 0, 'binary-output': 0, 'analog-output': 0 } as const;

class Replay {
  readonly #turns: readonly Turn[];
  readonly #planned: Planned[];
  readonly #device = new CaseDevice();
  readonly #places = new Map<string, number>();
  readonly #outstation: Dnp3Outstation;
  readonly #session: OutstationSession;
  readonly #reassembler = new TransportReassembler();
  #time = 0;
  #now: Instant = START;
  #own: Frame[] = [];
  readonly #seen = new Set<number>();

  constructor(turns: readonly Turn[]) {
    this.#turns = turns;
    this.#planned = planChanges(turns);
    const fragments = turns.flatMap(({ answers }) => answers.flatMap(({ fragment }) => fragment ?? []));
    const groups = new Set(fragments.flatMap(({ objects }) => objects.map(({ group }) => group)));
    const first = turns.flatMap(({ answers }) => answers)[0];
    const master = Number(/>(\d+)/.exec(first?.text ?? '')?.[1] ?? 1);
    const points = this.#points(groups);
    for (const fragment of fragments) this.#rest(fragment);
    this.#outstation = new Dnp3Outstation({
      address: 1024,
      masters: [master],
      points,
      device: this.#device,
      identity: { vendor: 'v', productCode: 'p', revision: 'r', productName: 'n', modelName: 'm' },
      clock: { read: () => this.#time, set: () => 'done' },
      timeSync: {},
      scanEvery: 'never',
      confirmTimeout: seconds(60),
      ...(fragments.some((fragment) => fragment.function === FUNCTION.unsolicitedResponse) ? { unsolicited: {} } : {}),
    });
    this.#session = this.#outstation.session('127.0.0.1', 20_000);
  }

  run(): { readonly theirs: string[]; readonly ours: string[] }[] {
    const timed = this.#turns.every(({ answers }) =>
      answers.every(({ fragment }) => fragment?.function !== FUNCTION.unsolicitedResponse),
    );
    return this.#turns.map((turn, number) => {
      this.#own = [];
      // The capture's clock ran a thousand times too slow: its time-outs of seconds take milliseconds.
      if (timed) this.#pass((turn.time * 1000 * 1e6) as Instant);
      if (isLate(turn)) this.#pass((this.#now + seconds(6)) as Instant);
      this.#prepare(turn, number);
      if (turn.request === undefined) this.#session.opened(this.#now);
      else this.#session.receive(turn.request, this.#now);
      this.#take();
      // What the outstation sent of its own accord has its time, which the capture does not tell.
      for (let i = 0; i < 20 && this.#own.length < turn.answers.length && this.#session.due() !== NEVER; i++)
        this.#pass(this.#session.due());
      return { theirs: turn.answers.map(({ text }) => text), ours: this.#own.map(({ text }) => text) };
    });
  }

  #pass(until: Instant): void {
    if (until > this.#now) this.#now = until;
    this.#session.tick(this.#now);
    this.#take();
  }

  #take(): void {
    for (let octets = this.#session.take(); octets !== undefined; octets = this.#session.take())
      this.#own.push(...framesOf(octets, this.#reassembler));
  }

  /** Inputs as the answers to this request show them. */
  #prepare(turn: Turn, number: number): void {
    const fragments = turn.answers.flatMap(({ fragment }) => fragment ?? []);
    this.#freeze(turn, number);
    for (const planned of this.#planned) if (planned.turn === number) this.#change(planned.change);
    for (const { iin, objects } of fragments) {
      for (const block of objects) this.#reading(block, iin ?? 0);
      this.#device.conditionBits = (iin ?? 0) & (IIN.localControl | IIN.deviceTrouble | IIN.configurationCorrupt);
      if (turn.function !== FUNCTION.confirm) this.#indicate(iin ?? 0, number, turn, objects);
    }
  }

  /** Points that a static answer shows otherwise than they are. */
  #reading({ group, items }: ObjectBlock, iin: number): void {
    const kind = STATIC_KINDS[group];
    if (kind === undefined || kind === 'frozen-counter') return;
    for (const { index, value } of items) {
      if (value === undefined || !('value' in value)) continue;
      const flags = 'flags' in value ? ((value.flags as number | undefined) ?? 1) : 1;
      if (kind === 'binary-output' || kind === 'analog-output') {
        const place = this.#place(kind, index);
        this.#device.qualities[place] = flags;
        continue;
      }
      if ((iin & CLASS_BITS[CLASSES[kind]]) === 0) continue;
      this.#set({ kind, index, value: Number(value.value), flags, time: undefined });
    }
    this.#outstation.scan(this.#now);
  }

  /** A class of which the indications tell events that no answer of the turn brings. */
  #indicate(iin: number, number: number, turn: Turn, objects: readonly ObjectBlock[]): void {
    const { buffer } = this.#outstation.association() as Association;
    const brought = eventsOf({ objects } as AppFragment);
    const isFreeze = turn.function !== undefined && turn.function >= 7 && turn.function <= 10;
    for (const eventClass of [1, 2, 3] as const) {
      if ((iin & CLASS_BITS[eventClass]) === 0) continue;
      // Every event that the answer brings is in the buffer by now; one more is what the indication speaks of.
      const inAnswer = brought.filter(({ kind }) => CLASSES[kind] === eventClass).length;
      if (buffer.waiting(eventClass) + this.#unconfirmed() > inAnswer || isFreeze) continue;
      const later = this.#planned.find(({ turn: at, change }) => at > number && CLASSES[change.kind] === eventClass);
      if (later !== undefined) {
        later.turn = -1;
        this.#change(later.change);
      } else this.#toggle(eventClass);
    }
    if ((iin & IIN.eventBufferOverflow) !== 0 && !buffer.overflown) this.#toggle(brought[0]?.kind === 'analog' ? 3 : 1);
  }

  /** Events of a response that nobody confirmed, of whatever class: a new request gets them again. */
  #unconfirmed(): number {
    const { buffer } = this.#outstation.association() as Association;
    return buffer.size - buffer.waiting(1) - buffer.waiting(2) - buffer.waiting(3);
  }

  /** Something of the class changed, which nobody asks about later. */
  #toggle(eventClass: EventClass): void {
    const kind = ({ 1: 'binary', 2: 'counter', 3: 'analog' } as const)[eventClass];
    const place = this.#place(kind, 0);
    const value = kind === 'binary' ? 1 - this.#device.read(place) : this.#device.read(place) + 1;
    this.#change({ kind, index: 0, value, flags: 1, time: undefined });
    if (kind === 'binary') return;
    this.#device.values[place] = value;
  }

  #change(change: Change): void {
    if (change.time !== undefined) this.#time = change.time;
    const before = this.#outstation.counters.events;
    this.#set(change);
    this.#outstation.scan(this.#now);
    if (this.#outstation.counters.events > before) return;
    // The same value again: their device was told to report it.
    this.#device.qualities[this.#place(change.kind as 'binary', change.index)] = change.flags ^ 2;
    this.#outstation.association()?.event(
      {
        kind: change.kind,
        index: change.index,
        value: change.value,
        flags: change.flags,
        time: this.#time,
        synchronized: false,
        eventClass: CLASSES[change.kind],
        variation: 1,
      },
      this.#now,
    );
    this.#device.qualities[this.#place(change.kind as 'binary', change.index)] = change.flags;
  }

  #set(change: Change): void {
    const place = this.#place(change.kind, change.index);
    this.#device.values[place] = change.value;
    this.#device.qualities[place] = change.flags;
  }

  /** Before a freeze counters hold what the frozen ones show afterwards; from where the indications tell of their change. */
  #freeze(turn: Turn, number: number): void {
    const next = this.#turns.findIndex(
      ({ function: code }, at) => at >= number && code !== undefined && code >= 7 && code <= 10,
    );
    if (next < 0) return;
    const tells = turn.answers.some(({ fragment }) => ((fragment?.iin ?? 0) & IIN.class2Events) !== 0);
    if (next !== number && !tells) return;
    const shown = this.#turns
      .slice(next)
      .flatMap(({ answers }) => answers.flatMap(({ fragment }) => fragment?.objects ?? []))
      .find(({ group }) => group === 21);
    if (shown === undefined) return;
    const blocks = this.#turns
      .slice(next)
      .map(({ answers }) => answers.flatMap(({ fragment }) => fragment?.objects ?? []))
      .find((objects) => objects.includes(shown)) as ObjectBlock[];
    for (const { group, items } of blocks)
      for (const { index, value } of items)
        if (group === 21 && value?.type === 'counter')
          this.#set({ kind: 'counter', index, value: value.value, flags: value.flags ?? 1, time: undefined });
    this.#outstation.scan(this.#now);
  }

  #place(kind: keyof typeof AT_REST | 'frozen-counter', index: number): number {
    return this.#places.get(`${kind} ${index}`) as number;
  }

  #points(groups: ReadonlySet<number>): OutstationPoint[] {
    const points: OutstationPoint[] = [];
    const add = (kind: OutstationPoint['kind'], index: number, more: Partial<OutstationPoint>): void => {
      const point = points.length;
      this.#places.set(`${kind} ${index}`, point);
      this.#device.values.push(AT_REST[kind as 'binary']);
      this.#device.qualities.push(1);
      points.push({ kind, index, point, ...more });
    };
    const hasDouble = groups.has(3) || groups.has(4);
    // One case has no binary inputs: its READ of group 1 brings nothing.
    const hasBinary = !this.#turns.some(
      ({ request, answers }) => isRead(request, 1) && answers[0]?.fragment?.objects.length === 0,
    );
    for (const index of INDICES) {
      if (hasBinary) add('binary', index, { class: 1, eventVariation: 1 });
      if (hasDouble) add('double-bit', index, { class: 1, eventVariation: 1 });
      add('counter', index, {
        ...{ class: 2, variation: 2, eventVariation: 1 },
        frozen: { class: 1, variation: 2, eventVariation: 1 },
      });
      add('analog', index, { class: 3, variation: 2, eventVariation: 1 });
    }
    for (const index of OUTPUTS) {
      add('binary-output', index, {});
      add('analog-output', index, { variation: 2 });
    }
    return points;
  }

  /** How things stand when the case begins: as the first answer shows them, or not as the first event does. */
  #rest({ objects, iin }: AppFragment): void {
    for (const { group, items } of objects)
      for (const { index, value } of items) {
        const kind = STATIC_KINDS[group] ?? EVENT_KINDS[group];
        const place = this.#places.get(`${kind} ${index}`);
        if (value === undefined || !('value' in value) || kind === undefined || place === undefined) continue;
        if (this.#seen.has(place)) continue;
        this.#seen.add(place);
        const now = Number(value.value);
        const isOutput = kind === 'binary-output' || kind === 'analog-output';
        if (EVENT_KINDS[group] !== undefined)
          this.#device.values[place] = kind === 'binary' ? 1 - now : kind === 'double-bit' ? 3 - now : now - 1;
        else if (!isOutput && kind !== 'frozen-counter' && ((iin ?? 0) & CLASS_BITS[CLASSES[kind]]) === 0)
          this.#device.values[place] = now;
      }
    for (const { group, items } of objects)
      for (const { index, value } of items)
        if (group === 41 && value?.type === 'analog-command' && value.status === COMMAND_STATUS.notSupported) {
          const place = this.#places.get(`analog-output ${index}`);
          if (place !== undefined) this.#device.refused.add(place);
        }
  }
}

const isRead = (request: Uint8Array | undefined, group: number): boolean => {
  const [frame] = request === undefined ? [] : framesOf(request, new TransportReassembler());
  return frame?.fragment?.function === FUNCTION.read && frame.fragment.objects[0]?.group === group;
};

/** The answer says that the selection was too long ago. */
const isLate = ({ answers }: Turn): boolean =>
  answers.some(({ fragment }) =>
    fragment?.objects.some(({ items }) =>
      items.some(({ value }) => value?.type === 'crob' && value.status === COMMAND_STATUS.timeout),
    ),
  );

/** Every turn of a conversation: frames of the outstation in the capture, and ours. */
export function replay(said: readonly Said[]): { readonly theirs: string[]; readonly ours: string[] }[] {
  return new Replay(turnsOf(said)).run();
}
