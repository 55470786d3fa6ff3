/** Judges S7: what is read and written where, programs on their way, and what the baseline says of each. */
import type { FieldValue } from '@penstock/core';
import type { S7BlockEvent, S7commEvent, S7ItemsEvent } from '@penstock/protocols/s7comm';
import { AREA_CODES, TRANSPORT_SIZES } from '@penstock/protocols/s7comm';
import type { LearnedRange, LearnedTable } from '../baseline/index.ts';
import { type Conversation, servicePort } from '../conversations.ts';
import type { DetectorRunner } from '../detectors/runner.ts';
import type { Inventory } from '../inventory/index.ts';
import { Rhythm } from '../rhythm.ts';
import { PointFacts } from '../subject.ts';
import type { ProcessWatch, ReadBlock } from '../watch/index.ts';
import type { WatchedRange } from '../watch/modbus-functions.ts';
import type { Stretch } from '../watch/s7-places.ts';
import type { LogJudge } from './logs.ts';
import type { Scene } from './scene.ts';

/** One kind of item on one connection. */
interface Shape {
  readonly name: string;
  /** In S7's own words, for the baseline. */
  readonly range: LearnedRange | undefined;
  /** In the table of the watch, for the inventory. */
  watched: WatchedRange | undefined;
  block: ReadBlock | undefined;
  refused: boolean;
  readonly rhythm: Rhythm;
  learned: boolean;
}

/** Shapes of one connection; what a scanner adds beyond that is judged without being remembered. */
const MAX_SHAPES = 512;
/** Return code of an item. */
const SUCCESS = '0xff';

export class S7Judge {
  /** Shapes that found no room. */
  dropped = 0;
  readonly #scene: Scene;
  readonly #inventory: Inventory;
  readonly #detectors: DetectorRunner;
  readonly #logs: LogJudge;
  readonly #watch: ProcessWatch;
  readonly #facts = new PointFacts();
  readonly #shapes = new WeakMap<Conversation, Map<string, Shape>>();

  constructor(scene: Scene, inventory: Inventory, detectors: DetectorRunner, logs: LogJudge, watch: ProcessWatch) {
    this.#scene = scene;
    this.#inventory = inventory;
    this.#detectors = detectors;
    this.#logs = logs;
    this.#watch = watch;
  }

  /** Any message; its function is learned, or held against what was. */
  message(event: S7commEvent, conversation: Conversation): void {
    const { is_orig, function_name: func, subfunction_name: sub, subfunction_code: service, time } = event;
    const scene = this.#scene;
    if (is_orig) {
      conversation.poll ??= this.#detectors.poll(conversation.src, conversation.dst, time);
      const { poll } = conversation;
      if (poll.requests++ === 0) poll.first = time;
      poll.last = time;
    }
    if (func === undefined) return;
    const { src, dst, flow } = conversation;
    const name = sub === undefined ? func : `${func}: ${sub}`;
    if (is_orig && scene.learning && scene.learnConversation(flow, src, dst, time))
      scene.baseline.learnRequest(src.address, dst.address, 0, name);
    if (scene.engine.wants('zeek/s7comm')) {
      scene.prepareFor(conversation, time, event);
      if (scene.ready)
        scene.subject.baseline.functionLearned = scene.baseline.knowsFunction(src.address, dst.address, 0, name);
      scene.engine.judge('zeek/s7comm', scene.subject);
    }
    if (is_orig && service === '_DELE') this.#transfer(conversation, time, { 'transfer.kind': 'delete' });
  }

  /** A block that was read or loaded to its end. */
  block(event: S7BlockEvent, conversation: Conversation): void {
    const { direction, filename, block_type: type, block_number: number, length, content_hash: hash, time } = event;
    if (direction === 'download') this.#logs.transferred(conversation, time);
    const isProgram = type === 'Organization Block';
    const { program } = conversation.dst;
    this.#transfer(conversation, time, {
      'transfer.kind': direction,
      'transfer.block': filename,
      'transfer.type': `${type} ${number}`,
      'transfer.length': length,
      'transfer.hash': hash,
      'transfer.program': isProgram,
      'transfer.known_good':
        program === undefined || !isProgram || hash === undefined
          ? undefined
          : hash === program || this.#scene.calendar.brought(conversation.dst.address, hash, time),
    });
  }

  /** One item of a read or write with its answer. */
  item(event: S7ItemsEvent, conversation: Conversation): void {
    const shape = this.#shapeOf(event, conversation);
    if (shape === undefined) return;
    shape.rhythm.tick(event.time);
    const contents = this.#contents(event, conversation);
    const { stretch } = contents ?? {};
    if (stretch !== undefined)
      shape.watched ??= { table: 's7', address: stretch.address, quantity: stretch.words.length };
    if (event.function_name === 'Write Variable') this.#write(event, conversation, contents);
    else this.#read(event, conversation, shape, stretch);
  }

  /** As `ModbusJudge.tally`. */
  tally(conversation: Conversation): void {
    const shapes = this.#shapes.get(conversation);
    if (shapes === undefined) return;
    const { flow, src, dst } = conversation;
    const { baseline, learning } = this.#scene;
    for (const shape of shapes.values()) {
      const { rhythm, name, range, watched, refused } = shape;
      if (rhythm.count === 0) continue;
      if (learning && shape.learned) {
        baseline.learnTime(rhythm.last);
        baseline.learnConversation(src.address, dst.address, flow.transport, servicePort(flow), rhythm.last, false);
        baseline.learnPoll(src.address, dst.address, 0, name, range, rhythm);
      }
      this.#inventory.accessed(flow, 0, name, watched, refused, rhythm);
      rhythm.drain();
    }
  }

  #shapeOf(event: S7ItemsEvent, conversation: Conversation): Shape | undefined {
    let shapes = this.#shapes.get(conversation);
    if (shapes === undefined) {
      shapes = new Map();
      this.#shapes.set(conversation, shapes);
    }
    const { function_name: name, address, quantity, return_code: code, type } = event;
    const key = `${name}|${address}|${type}|${quantity}|${code}`;
    let shape = shapes.get(key);
    if (shape !== undefined) return shape;
    if (shapes.size >= MAX_SHAPES) {
      this.dropped++;
      return undefined;
    }
    const place = placeOf(event);
    const range = place && {
      table: tableOf(place.area, place.db),
      address: Math.floor(place.from),
      quantity: Math.max(1, place.bytes),
    };
    const { src, dst } = conversation;
    const scene = this.#scene;
    const learned =
      scene.learning && code === SUCCESS && scene.learnConversation(conversation.flow, src, dst, event.time);
    if (learned) scene.baseline.learnRequest(src.address, dst.address, 0, name, range);
    shape = {
      name,
      range,
      watched: undefined,
      block: undefined,
      refused: code !== SUCCESS,
      rhythm: new Rhythm(),
      learned,
    };
    shapes.set(key, shape);
    return shape;
  }

  #read(event: S7ItemsEvent, conversation: Conversation, shape: Shape, stretch: Stretch | undefined): void {
    const { watched } = conversation;
    if (stretch !== undefined && watched !== undefined && shape.watched !== undefined) {
      const { words } = stretch;
      shape.block ??= this.#watch.block(watched, conversation, shape.watched, 0);
      if (event.return_code === SUCCESS) this.#watch.read(shape.block, words, event.time);
    }
    if (shape.refused && event.matched) {
      const known = this.#shapes
        .get(conversation)
        ?.get(`${event.function_name}|${event.address}|${event.type}|${event.quantity}|${SUCCESS}`);
      if (known?.block !== undefined) this.#watch.failed(known.block, event.return_code_name);
    }
  }

  #write(event: S7ItemsEvent, conversation: Conversation, contents: Contents | undefined): void {
    const { watched, src, dst } = conversation;
    if (watched === undefined) return;
    const scene = this.#scene;
    const { subject, baseline } = scene;
    const accepted = event.matched ? event.return_code === SUCCESS : undefined;
    // The columns that rules know from Modbus.
    const shown = { ...event, func: event.function_name };
    const each = (facts: PointFacts): void => {
      scene.prepareFor(conversation, event.time, shown);
      subject.point = facts;
      const table = facts.table as LearnedTable;
      if (scene.ready) {
        const { baseline: view } = subject;
        view.pointLearned = baseline.knowsPoint(src.address, dst.address, table, facts.address);
        view.valueLearned =
          facts.value === undefined
            ? undefined
            : baseline.knowsValue(src.address, dst.address, table, facts.address, facts.value);
      }
      if (scene.learning && accepted !== false && subject.order === undefined)
        baseline.learnWrite(src.address, dst.address, table, facts.address, facts.tag, facts.value, facts.oldValue);
      scene.engine.judge('penstock/point_write', subject);
      subject.point = undefined;
    };
    const { stretch, place } = contents ?? {};
    if (stretch === undefined) {
      this.#unlisted(event, conversation, place, accepted, each);
      return;
    }
    for (const { address, words } of stretch.parts)
      this.#watch.write(watched, conversation, 's7', address, words, 0, accepted, event.time, each);
  }

  /** Memory that no listed point has. */
  #unlisted(
    event: S7ItemsEvent,
    conversation: Conversation,
    place: Place | undefined,
    accepted: boolean | undefined,
    each: (facts: PointFacts) => void,
  ): void {
    const facts = this.#facts;
    facts.clear();
    facts.table = place === undefined ? 'unknown' : tableOf(place.area, place.db);
    facts.address = place?.from ?? 0;
    facts.value = event.values?.[0];
    facts.listed = conversation.watched?.points === undefined ? undefined : false;
    facts.accepted = accepted;
    each(facts);
  }

  #contents(event: S7ItemsEvent, conversation: Conversation): Contents | undefined {
    const place = placeOf(event);
    if (place === undefined) return undefined;
    const { values } = event;
    const bytes = values && bytesOf(event.type, values);
    const places = conversation.watched?.points?.s7;
    const isBit = place.bytes === 0;
    const stretch =
      bytes === undefined || places === undefined
        ? undefined
        : places.stretch(
            AREA_CODES[place.area],
            place.db,
            AREA_CODES[place.area] < 128 ? place.from * 2 : Math.floor(place.from),
            bytes,
            isBit ? Math.round((place.from % 1) * 10) : undefined,
          );
    return { place, stretch };
  }

  #transfer(conversation: Conversation, time: number, details: Readonly<Record<string, FieldValue>>): void {
    const { engine, subject } = this.#scene;
    if (!engine.wants('penstock/program_transfer')) return;
    this.#scene.prepareFor(conversation, time, undefined);
    subject.details = { 'transfer.protocol': 'S7', ...details };
    engine.judge('penstock/program_transfer', subject);
  }
}

type Area = keyof typeof AREA_CODES;

/** Where an item is: byte with the bit as tenths, or number of a counter or timer; `bytes` 0 for one bit. */
interface Place {
  readonly area: Area;
  readonly db: number;
  readonly from: number;
  readonly bytes: number;
}

interface Contents {
  readonly place: Place;
  /** Listed points that lie wholly in it. */
  readonly stretch: Stretch | undefined;
}

const AREA_NAMES: ReadonlySet<string> = new Set(Object.keys(AREA_CODES));
const SIZES = new Map(Object.values(TRANSPORT_SIZES).map((size) => [size.name, size]));

function placeOf({ area, db, address, type, quantity }: S7ItemsEvent): Place | undefined {
  const name = area === 'DI' ? 'DB' : area;
  const size = type === undefined ? undefined : SIZES.get(type);
  if (name === undefined || !AREA_NAMES.has(name) || address === undefined || size === undefined) return undefined;
  const numbers = /(\d+)(?:\.(\d))?$/.exec(address);
  if (numbers === null) return undefined;
  const from = Number(numbers[1]) + Number(numbers[2] ?? 0) / 10;
  return { area: name as Area, db: name === 'DB' ? (db ?? 0) : 0, from, bytes: size.bytes * (quantity ?? 1) };
}

const tableOf = (area: Area, db: number): LearnedTable => (area === 'DB' ? `DB${db}` : area);

/** Elements of a type as they lie in memory; undefined for one that is not told as numbers. */
function bytesOf(type: string | undefined, values: readonly number[]): Uint8Array | undefined {
  const size = type === undefined ? undefined : SIZES.get(type);
  if (size === undefined || size.bytes > 4) return undefined;
  const step = Math.max(1, size.bytes);
  const bytes = new Uint8Array(step * values.length);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number;
    if (size.value === 'real') view.setFloat32(4 * i, value);
    else if (step === 1) bytes[i] = value;
    else if (step === 2) view.setUint16(2 * i, value & 0xffff);
    else view.setUint32(4 * i, value >>> 0);
  }
  return bytes;
}
