/** What the judgement remembers of DNP3 conversations: one line for each master and outstation on a connection, and what goes beyond one. */
import type { ControlEvent } from '@penstock/protocols/dnp3';
import type { Baseline, LearnedRange } from '../baseline/index.ts';
import type { Conversation } from '../conversations.ts';
import type { Poll } from '../detectors/detector.ts';
import type { Host } from '../hosts.ts';
import { Rhythm } from '../rhythm.ts';
import type { FlowView } from '../subject.ts';
import type { Dnp3Place } from '../watch/dnp3-places.ts';
import type { WatchedDevice } from '../watch/index.ts';
import type { Picture } from './dnp3-pictures.ts';

/** A kind of request. */
export interface Shape {
  readonly name: string;
  readonly range: LearnedRange | undefined;
  readonly rhythm: Rhythm;
  readonly refused: boolean;
  learned: boolean;
}

/** A command whose answer has not come yet. */
export interface Pending {
  readonly event: ControlEvent;
  readonly group: number;
  readonly place: Dnp3Place | undefined;
  readonly value: number | undefined;
  /** The point does not keep it. */
  readonly momentary: boolean;
}

/** A block that was selected. */
export interface Selected {
  readonly time: number;
  readonly controls: ControlEvent[];
  readonly sequence: number;
}

/** A master and an outstation on one connection, whoever of them opened it. */
export class Line {
  readonly flow: FlowView;
  /** The master's host and the outstation's. */
  readonly src: Host;
  readonly dst: Host;
  readonly master: number;
  readonly outstation: number;
  readonly watched: WatchedDevice | undefined;
  readonly poll: Poll;
  readonly isFlipped: boolean;
  readonly shapes = new Map<string, Shape>();
  /** What the newest request asked for, by its sequence. */
  asked: { sequence: number; readonly what: { readonly name: string; readonly range: LearnedRange | undefined }[] } = {
    sequence: -1,
    what: [],
  };
  pending: Pending[] = [];
  selected: Selected | undefined = undefined;
  /** Sequence of the newest fragment whose controls were looked at, and whether they are a command again. */
  replay: { readonly sequence: number; readonly time: number; readonly isOdd: boolean } | undefined = undefined;
  /** An answer that is being taken in: when it came, and whether somebody asked for it. */
  answer: { readonly picture: Picture; time: number; spontaneous: boolean } | undefined = undefined;

  constructor(
    { flow, src, dst }: Conversation,
    isFlipped: boolean,
    master: number,
    outstation: number,
    watched: WatchedDevice | undefined,
    poll: Poll,
  ) {
    this.flow = flow;
    this.src = isFlipped ? dst : src;
    this.dst = isFlipped ? src : dst;
    this.isFlipped = isFlipped;
    this.master = master;
    this.outstation = outstation;
    this.watched = watched;
    this.poll = poll;
  }

  /** Who speaks with whom, on every connection. */
  get key(): string {
    return `${this.src.address}|${this.place}`;
  }
  /** The same whoever speaks. */
  get place(): string {
    return `${this.dst.address}|${this.master}|${this.outstation}`;
  }

  /** The shape of a request; undefined when there are too many. */
  shape(name: string, range: LearnedRange | undefined, refused: boolean): Shape | undefined {
    const key = `${name}|${range?.table}|${range?.address}|${range?.quantity}|${refused}`;
    let shape = this.shapes.get(key);
    if (shape === undefined && this.shapes.size < MAX_SHAPES) {
      shape = { name, range, rhythm: new Rhythm(), refused, learned: false };
      this.shapes.set(key, shape);
    }
    return shape;
  }
}

const MAX_SHAPES = 256;
const MAX_CLAIMS = 4096;
/** A host that has said nothing under its link address for so long may have been replaced; microseconds. */
const GONE = 600e6;

/** Which host speaks under which link address, as far as this run has shown. */
export class Claims {
  readonly #claims = new Map<string, { host: Host; time: number }>();

  /** Who else has the link address that the line's master speaks under; undefined when it is its own. */
  holder({ src, dst, master, outstation, place }: Line, time: number, baseline: Baseline): string | undefined {
    const learned = baseline.associations.holders(dst.address, master, outstation);
    if (learned.length > 0) return learned.includes(src.address) ? undefined : learned[0];
    const claim = this.#claims.get(place);
    if (claim === undefined || claim.host === src || time - claim.time > GONE) {
      if (claim === undefined && this.#claims.size >= MAX_CLAIMS)
        this.#claims.delete(this.#claims.keys().next().value as string);
      this.#claims.set(place, { host: src, time });
      return undefined;
    }
    return claim.host.address;
  }
}

/** A retry of a command comes within that; microseconds. */
const RETRIED = 30e6;
const MAX_PLACES = 4096;
const MAX_COMMANDS = 128;
/** Sequence numbers go up by one from request to request; one may have been missed. */
const FURTHEST = 2;

/** Commands as they were said before, and how far the sequence numbers of each master have come. */
export class Replays {
  readonly #sequences = new Map<string, number>();
  readonly #commands = new Map<string, Map<string, number>>();

  /** A request with this number was seen. @returns whether it does not follow the one before */
  follows(line: Line, sequence: number): boolean {
    const { key } = line;
    const before = this.#sequences.get(key);
    if (before === undefined && this.#sequences.size >= MAX_PLACES)
      this.#sequences.delete(this.#sequences.keys().next().value as string);
    this.#sequences.set(key, sequence);
    return before !== undefined && ((sequence - before) & 0x0f) <= FURTHEST;
  }

  /** Seconds since the same command came under the same number, from whomever; undefined when it never did, or as a retry. */
  before({ place }: Line, event: ControlEvent): number | undefined {
    let commands = this.#commands.get(place);
    if (commands === undefined) {
      if (this.#commands.size >= MAX_PLACES) this.#commands.delete(this.#commands.keys().next().value as string);
      commands = new Map();
      this.#commands.set(place, commands);
    }
    const text = `${event.function_code}|${event.sequence}|${controlText(event)}`;
    const before = commands.get(text);
    commands.delete(text);
    if (commands.size >= MAX_COMMANDS) commands.delete(commands.keys().next().value as string);
    commands.set(text, event.time);
    return before === undefined || event.time - before < RETRIED ? undefined : (event.time - before) / 1e6;
  }
}

/** What a control says, but for its point. */
export const saidBy = ({
  block_type,
  trip_control_code,
  operation_type,
  clear_bit,
  execute_count,
  on_time,
  off_time,
  value,
}: ControlEvent): string =>
  [block_type, trip_control_code, operation_type, clear_bit, execute_count, on_time, off_time, value].join('|');

const controlText = (event: ControlEvent): string => `${event.index_number}|${saidBy(event)}`;
