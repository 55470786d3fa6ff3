/**
 * Judges DNP3. Whoever opened the connection, `src` of a rule is the master's host and `dst` the outstation's: outstations may open
 * connections, and over UDP they may speak first.
 */
import type { FieldValue, ProtocolEvent } from '@penstock/core';
import type {
  AttributeEvent,
  ControlEvent,
  Dnp3Event,
  FileEvent,
  LinkEvent,
  ObjectsEvent,
  TimeEvent,
} from '@penstock/protocols/dnp3';
import { isBroadcast } from '@penstock/protocols/dnp3';
import type { LearnedRange, LearnedTable } from '../baseline/index.ts';
import { type Conversation, servicePort } from '../conversations.ts';
import type { DetectorRunner } from '../detectors/runner.ts';
import type { Inventory } from '../inventory/index.ts';
import { PointFacts } from '../subject.ts';
import { stateGroup, wordsOf } from '../watch/dnp3-places.ts';
import type { ProcessWatch } from '../watch/index.ts';
import { commandOf, engineering, isSame, mismatchOf } from './dnp3-commands.ts';
import { Claims, Line, type Pending, Replays } from './dnp3-lines.ts';
import { Pictures } from './dnp3-pictures.ts';
import type { Scene } from './scene.ts';

type Details = Record<string, FieldValue>;
/** Events that say who speaks under which link address. */
type Said = ObjectsEvent | ControlEvent | FileEvent | AttributeEvent | TimeEvent;

/** Lines of one connection. */
const MAX_LINES = 64;
/** Commands of one request that are followed. */
const MAX_PENDING = 64;
/** Every index that there is. */
const ALL = 65_536;
const ERRORS: ReadonlySet<string> = new Set(['NO_FUNC_CODE_SUPPORT', 'OBJECT_UNKNOWN', 'PARAMETER_ERROR']);
const WAYS: Readonly<Record<string, string>> = {
  SELECT: 'select',
  OPERATE: 'operate',
  DIRECT_OPERATE: 'direct',
  DIRECT_OPERATE_NR: 'direct-no-ack',
};

export class Dnp3Judge {
  /** Lines that found no room. */
  dropped = 0;
  readonly #scene: Scene;
  readonly #inventory: Inventory;
  readonly #detectors: DetectorRunner;
  readonly #watch: ProcessWatch;
  readonly #pictures: Pictures;
  readonly #claims = new Claims();
  readonly #replays = new Replays();
  readonly #facts = new PointFacts();
  readonly #lines = new WeakMap<Conversation, Map<number, Line>>();
  /** Outstations that have reported of their own accord. */
  readonly #reporting = new Set<string>();
  /** The line whose answer is being taken in. */
  #open: Line | undefined = undefined;

  constructor(scene: Scene, inventory: Inventory, detectors: DetectorRunner, watch: ProcessWatch) {
    this.#scene = scene;
    this.#inventory = inventory;
    this.#detectors = detectors;
    this.#watch = watch;
    this.#pictures = new Pictures(watch);
  }

  /** All of an answer has been told: event time goes on. */
  settle(): void {
    const line = this.#open;
    if (line === undefined) return;
    this.#open = undefined;
    const { answer } = line;
    line.answer = undefined;
    if (answer !== undefined)
      this.#watch.read(answer.picture.block, answer.picture.words, answer.time, answer.spontaneous);
  }

  /** A request with its answer, or one of them alone. */
  exchange(event: Dnp3Event, conversation: Conversation): void {
    const { fc_request: request, fc_reply: reply, time, sequence, master, outstation } = event;
    if (!isAddress(master) || !isAddress(outstation) || (request !== undefined && typeof request !== 'string')) return;
    const line = this.#line(conversation, !event.master_is_orig, master, outstation, time);
    if (line === undefined) return;
    const isConfirm = request === 'CONFIRM';
    const isRefused = Array.isArray(event.iin_flags) && event.iin_flags.some((flag: string) => ERRORS.has(flag));
    if (request !== undefined && !isConfirm) this.#requested(line, request, isRefused, event);
    this.#judge('zeek/dnp3', line, event, request, this.#ofLink(line, time));
    if (reply !== undefined) this.#answered(line, event, isRefused);
    else if (!isConfirm) this.#unanswered(line, request);
    if (line.pending.length > 0 && request !== undefined && sequence === line.pending[0]?.event.sequence)
      if (reply === undefined) this.#flush(line, undefined);
      else if (isRefused || event.reply_objects === 0)
        this.#flush(line, isRefused ? false : request === 'WRITE' || undefined);
  }

  /** The objects behind one header. */
  objects(event: ObjectsEvent, conversation: Conversation): void {
    const line = this.#speaker(event, conversation);
    if (line === undefined) return;
    const { group, variation, function_code: code } = event;
    if (isAnswer(code)) {
      line.answer?.picture.tell(event, this.#watch);
      this.#judge('zeek/dnp3_objects', line, event, undefined, this.#ofLink(line, event.time));
      return;
    }
    this.#sequence(line, event);
    const name = `${code} g${group}`;
    const range = rangeOf(event);
    if (line.asked.what.length < MAX_PENDING) line.asked.what.push({ name, range });
    const { baseline, ready, subject, engine } = this.#scene;
    // Nobody will answer: it counts as it stands.
    if (isSilent(line, code)) this.#learn(line, event.time, [{ name, range }]);
    if (code === 'WRITE' && group === 10) this.#outputs(line, event);
    if (!engine.wants('zeek/dnp3_objects')) return;
    this.#prepare(line, event, name);
    if (ready)
      subject.baseline.requestLearned = baseline.knowsRequest(
        line.src.address,
        line.dst.address,
        line.outstation,
        name,
        range,
      );
    const where = range === undefined ? '' : range.quantity === ALL ? ' all' : ` ${range.address}+${range.quantity}`;
    subject.details = { ...this.#ofLink(line, event.time), 'objects.asked': `g${group}v${variation}${where}` };
    engine.judge('zeek/dnp3_objects', subject);
  }

  /** Binary outputs may be written as they stand, without a control block (IEEE 1815-2012, A.7.1). */
  #outputs(line: Line, event: ObjectsEvent): void {
    const { values, range_low: low = 0, object_type: type, sequence } = event;
    if (!Array.isArray(values)) return;
    if (line.pending.length > 0 && line.pending[0]?.event.sequence !== sequence) this.#flush(line, undefined);
    const places = line.watched?.points?.dnp3;
    for (let i = 0; i < values.length && line.pending.length < MAX_PENDING; i++) {
      const index = low + i;
      const control = { ...event, index_number: index, block_type: type } as unknown as ControlEvent;
      const value = values[i] as number;
      line.pending.push({ event: control, group: 10, place: places?.find(10, index), value, momentary: false });
    }
  }

  /** One control block of a command, or of the answer to it. */
  control(event: ControlEvent, conversation: Conversation): void {
    const line = this.#speaker(event, conversation);
    if (line === undefined || !Number.isInteger(event.index_number)) return;
    if (isAnswer(event.function_code)) {
      this.#judge('zeek/dnp3_control', line, event, undefined, this.#ofLink(line, event.time));
      this.#status(line, event);
      return;
    }
    this.#sequence(line, event);
    const group = event.operation_type === undefined ? 41 : 12;
    const command = commandOf(line, event, group);
    this.#judgeCommand(line, event, command);
    if (event.function_code === 'SELECT') {
      const { selected } = line;
      if (selected?.sequence === event.sequence && selected.time === event.time) selected.controls.push(event);
      else line.selected = { time: event.time, sequence: event.sequence, controls: [event] };
      return;
    }
    if (line.pending.length > 0 && line.pending[0]?.event.sequence !== event.sequence) this.#flush(line, undefined);
    if (isSilent(line, event.function_code)) {
      this.#write(line, command, undefined, undefined);
      return;
    }
    // The same command again, because nobody answered.
    const isRetry = line.pending.some(
      (other) => other.event.index_number === event.index_number && isSame(other.event, event),
    );
    if (!isRetry && line.pending.length < MAX_PENDING) line.pending.push(command);
  }

  file(event: FileEvent, conversation: Conversation): void {
    this.#said('penstock/dnp3_file', event, conversation, 70);
  }

  attribute(event: AttributeEvent, conversation: Conversation): void {
    this.#said('penstock/dnp3_attribute', event, conversation, 0);
  }

  /** A clock is set, or the time of a freeze. */
  time(event: TimeEvent, conversation: Conversation): void {
    const line = this.#said('penstock/dnp3_time', event, conversation, 50);
    if (line?.watched === undefined) return;
    for (const picture of this.#pictures.all(line.watched)) picture.clockSet();
  }

  link(event: LinkEvent, conversation: Conversation): void {
    if (!this.#scene.engine.wants('penstock/dnp3_link')) return;
    const { from_master: fromMaster, link_source: source, link_destination: destination } = event;
    if (!isAddress(source) || !isAddress(destination)) return;
    const [master, outstation] = fromMaster ? [source, destination] : [destination, source];
    const line = this.#line(conversation, fromMaster !== event.is_orig, master, outstation, event.time);
    if (line !== undefined) this.#judge('penstock/dnp3_link', line, event, undefined, this.#ofLink(line, event.time));
  }

  /** As `ModbusJudge.tally`. */
  tally(conversation: Conversation): void {
    this.settle();
    const { baseline, learning } = this.#scene;
    for (const line of this.#lines.get(conversation)?.values() ?? []) {
      const { flow, src, dst, outstation, isFlipped } = line;
      for (const { rhythm, name, range, refused, learned } of line.shapes.values()) {
        if (rhythm.count === 0) continue;
        if (learning && learned) {
          baseline.learnTime(rhythm.last);
          const [from, to] = isFlipped ? [dst, src] : [src, dst];
          baseline.learnConversation(from.address, to.address, flow.transport, servicePort(flow), rhythm.last, false);
          baseline.learnPoll(src.address, dst.address, outstation, name, range, rhythm);
        }
        if (!isFlipped) this.#inventory.accessed(flow, outstation, name, undefined, refused, rhythm);
        rhythm.drain();
      }
    }
  }

  /** The conversation is over: commands without an answer get none. */
  ended(conversation: Conversation): void {
    this.tally(conversation);
    for (const line of this.#lines.get(conversation)?.values() ?? []) this.#flush(line, undefined);
  }

  #requested(line: Line, request: string, isRefused: boolean, event: Dnp3Event): void {
    const { time, sequence } = event;
    const { poll, outstation, asked } = line;
    // A broadcast is no conversation, and a command no rhythm.
    if (request === 'READ' && !isBroadcast(outstation)) {
      if (poll.requests++ === 0) poll.first = time;
      poll.last = time;
    }
    const what = [{ name: request, range: undefined }, ...(asked.sequence === sequence ? asked.what : [])];
    // What is not answered, though it should be, is no normal operation yet.
    const isDone = !isRefused && (event.fc_reply !== undefined || isSilent(line, request));
    const learned = isDone && this.#learn(line, time, what);
    for (const { name, range } of what) {
      const shape = line.shape(name, range, isRefused);
      if (shape === undefined) continue;
      shape.learned ||= learned;
      shape.rhythm.tick(time);
    }
    this.#reports(line, request, event);
  }

  /** Takes requests for normal, where learning goes on and no work is announced. */
  #learn({ flow, src, dst, master, outstation, isFlipped }: Line, time: number, what: Line['asked']['what']): boolean {
    const { learning, baseline } = this.#scene;
    const [from, to] = isFlipped ? [dst, src] : [src, dst];
    if (!learning || !this.#scene.learnConversation(flow, from, to, time)) return false;
    baseline.associations.learn(src.address, dst.address, master, outstation);
    for (const { name, range } of what) baseline.learnRequest(src.address, dst.address, outstation, name, range);
    return true;
  }

  /** What is told to, or not to, report of its own accord. */
  #reports({ src, dst, outstation }: Line, request: string, { time, fc_reply: reply }: Dnp3Event): void {
    if (reply === undefined || (request !== 'DISABLE_UNSOLICITED' && request !== 'ENABLE_UNSOLICITED')) return;
    const { baseline } = this.#scene;
    const knows = (name: string) => baseline.knowsFunction(src.address, dst.address, outstation, name);
    // Who only polls says so whenever it connects. Reports are each master's own: others still get theirs.
    const isUsual =
      knows('ENABLE_UNSOLICITED') ||
      (this.#reporting.has(`${dst.address}|${outstation}`) && !knows('DISABLE_UNSOLICITED'));
    const kind = request === 'ENABLE_UNSOLICITED' ? 'reports-enabled' : 'reports-disabled';
    if (kind === 'reports-enabled' || isUsual)
      this.#detectors.happened({ kind, time, device: dst, source: src, logs: false });
  }

  /** Values follow in events of their own; they are taken in when all are there. */
  #answered(line: Line, event: Dnp3Event, isRefused: boolean): void {
    const { unsolicited, time, fc_request: request } = event;
    this.settle();
    if (unsolicited && this.#reporting.size < MAX_REPORTING)
      this.#reporting.add(`${line.dst.address}|${line.outstation}`);
    if (line.watched === undefined || isRefused) return;
    const isRead = request === 'READ';
    // Later fragments of an answer have no request of their own.
    const isMore = request === undefined && !unsolicited && (event.fragment ?? 0) > 0;
    if (!isRead && !unsolicited && !isMore) return;
    const picture = this.#pictures.of(line.watched, line);
    if (picture === undefined) return;
    picture.begin();
    line.answer = { picture, time, spontaneous: !isRead };
    this.#open = line;
  }

  #unanswered(line: Line, request: string | undefined): void {
    if (request !== 'READ' || line.watched?.points?.dnp3 === undefined) return;
    const range = { table: 'dnp3', address: 0, quantity: line.watched.points.dnp3.size } as const;
    const block = this.#watch.known(line.watched, line, range, 0);
    if (block !== undefined) this.#watch.failed(block, undefined);
  }

  #judgeCommand(line: Line, event: ControlEvent, { group, place, value }: Pending): void {
    const { engine, subject, baseline } = this.#scene;
    const custom = baseline.associations.custom(line.dst.address, line.outstation);
    const mismatch = mismatchOf(line, event);
    const before = this.#replays.before(line, event);
    if (!engine.wants('zeek/dnp3_control')) return;
    this.#prepare(line, event, `${event.function_code} g${group}`);
    subject.details = {
      ...this.#ofLink(line, event.time),
      'command.way': WAYS[event.function_code],
      'command.custom': custom,
      'command.mismatch': mismatch,
      'command.replayed': before !== undefined && line.replay?.isOdd === true,
      'command.seconds_ago': before === undefined ? undefined : Math.round(before),
    };
    const { watched } = line;
    const point = place === undefined ? undefined : watched?.points?.at('dnp3', place.address, 0);
    if (point !== undefined && place !== undefined)
      subject.point = this.#watch.facts(point, value === undefined ? undefined : engineering(place, value));
    engine.judge('zeek/dnp3_control', subject);
    subject.point = undefined;
  }

  /** The outstation says what became of a command. */
  #status(line: Line, event: ControlEvent): void {
    const at = line.pending.findIndex(
      ({ event: { sequence, index_number: index, block_type: type } }) =>
        sequence === event.sequence && index === event.index_number && type === event.block_type,
    );
    if (at < 0) return;
    const [pending] = line.pending.splice(at, 1) as [Pending];
    this.#write(line, pending, event.status_code === 'Success', event.status_code);
  }

  #flush(line: Line, accepted: boolean | undefined): void {
    const { pending } = line;
    line.pending = [];
    for (const one of pending) this.#write(line, one, accepted, undefined);
  }

  #write(line: Line, command: Pending, accepted: boolean | undefined, status: string | undefined): void {
    const { event, place, value, momentary, group } = command;
    const { watched, src, dst } = line;
    const scene = this.#scene;
    const { baseline } = scene;
    const time = Math.max(event.time, scene.now);
    if (scene.learning && accepted === true && scene.calendar.order(dst.address, src.address) === undefined)
      baseline.associations.learn(
        src.address,
        dst.address,
        line.master,
        line.outstation,
        event.function_code === 'OPERATE' ? 'select' : 'direct',
      );
    const shown = { ...event, func: event.function_code, exception_code: accepted === false ? status : undefined };
    const each = (facts: PointFacts): void => {
      this.#prepare(line, shown, undefined);
      facts.accepted = accepted;
      scene.judgeWrite(line, facts.table as LearnedTable, facts, accepted);
    };
    const point = place === undefined ? undefined : watched?.points?.at('dnp3', place.address, 0);
    if (watched === undefined || place === undefined || point === undefined || value === undefined) {
      const facts = this.#facts;
      facts.clear();
      facts.table = `g${stateGroup(group)}`;
      facts.address = event.index_number;
      facts.value = value;
      facts.listed = watched?.points === undefined ? undefined : place !== undefined;
      each(facts);
      return;
    }
    if (momentary) {
      each(this.#watch.facts(point, value));
      if (accepted !== false) this.#watch.pulsed(watched, point, time);
      return;
    }
    const words = wordsOf(place, value);
    this.#watch.write(watched, line, 'dnp3', place.address, words, 0, accepted, time, each);
    if (accepted !== false) for (const picture of this.#pictures.all(watched)) picture.commanded(place, words, time);
  }

  /** What a file, an attribute or a time is said about. */
  #said(source: string, event: FileEvent | AttributeEvent | TimeEvent, conversation: Conversation, group: number) {
    const line = this.#speaker(event, conversation);
    if (line !== undefined) {
      const { function_code: code } = event;
      const learned = isAnswer(code) ? undefined : `${code} g${group}`;
      this.#judge(source, line, event, learned, this.#ofLink(line, event.time));
    }
    return line;
  }

  #speaker(event: Said, conversation: Conversation): Line | undefined {
    const { link_source: source, link_destination: destination, is_orig: isOrig } = event;
    if (typeof event.function_code !== 'string') return undefined;
    const isFromOutstation = isAnswer(event.function_code);
    if (!isAddress(source) || !isAddress(destination)) return undefined;
    const [master, outstation] = isFromOutstation ? [destination, source] : [source, destination];
    return this.#line(conversation, isOrig === isFromOutstation, master, outstation, event.time);
  }

  #line(
    conversation: Conversation,
    isFlipped: boolean,
    master: number,
    outstation: number,
    time: number,
  ): Line | undefined {
    let lines = this.#lines.get(conversation);
    if (lines === undefined) {
      lines = new Map();
      this.#lines.set(conversation, lines);
    }
    const key = (master * 65_536 + outstation) * 2 + (isFlipped ? 1 : 0);
    let line = lines.get(key);
    if (line !== undefined) return line;
    if (lines.size >= MAX_LINES) {
      this.dropped++;
      return undefined;
    }
    const [src, dst] = isFlipped ? [conversation.dst, conversation.src] : [conversation.src, conversation.dst];
    const watched = isFlipped ? this.#watch.device(dst.address) : conversation.watched;
    line = new Line(conversation, isFlipped, master, outstation, watched, this.#detectors.poll(src, dst, time));
    lines.set(key, line);
    return line;
  }

  /** The first that is heard of a request: whether its number follows the one before. */
  #sequence(line: Line, { sequence, time }: ObjectsEvent | ControlEvent): void {
    if (line.asked.sequence !== sequence || line.replay?.time !== time) line.asked = { sequence, what: [] };
    if (line.replay?.sequence === sequence && line.replay.time === time) return;
    line.replay = { sequence, time, isOdd: !this.#replays.follows(line, sequence) };
  }

  #ofLink(line: Line, time: number): Details {
    const { src, dst, master, outstation } = line;
    const { baseline, ready, hosts } = this.#scene;
    const holder = this.#claims.holder(line, time, baseline);
    return {
      'link.broadcast': isBroadcast(outstation),
      'link.learned': ready ? baseline.associations.knows(src.address, dst.address, master, outstation) : undefined,
      'link.holder': holder === undefined ? undefined : hosts.at(holder).full,
    };
  }

  /** @param learned the name under which the baseline has such a request */
  #judge(source: string, line: Line, event: ProtocolEvent, learned: string | undefined, details: Details): void {
    const { engine, subject } = this.#scene;
    if (!engine.wants(source)) return;
    this.#prepare(line, event, learned);
    subject.details = details;
    engine.judge(source, subject);
  }

  #prepare({ flow, src, dst, outstation, isFlipped }: Line, event: ProtocolEvent, learned: string | undefined): void {
    const scene = this.#scene;
    const { baseline, subject } = scene;
    scene.prepare(flow, src, dst, event.time, event);
    if (!scene.ready) return;
    const { baseline: view } = subject;
    if (isFlipped)
      view.conversationLearned = baseline.knowsConversation(
        dst.address,
        src.address,
        flow.transport,
        servicePort(flow),
      );
    if (learned !== undefined)
      view.functionLearned = baseline.knowsFunction(src.address, dst.address, outstation, learned);
  }
}

const MAX_REPORTING = 16_384;

/** Events may come from elsewhere than our dissector. */
const isAddress = (address: unknown): boolean => typeof address === 'number';

const isAnswer = (code: string): boolean => code.endsWith('RESPONSE') || code === 'AUTHENTICATE_RESP';

/** Nobody answers such a request. */
const isSilent = ({ outstation }: Line, code: string): boolean => code.endsWith('_NR') || isBroadcast(outstation);

/** What a request asks of a group, as the baseline has it; undefined for classes, times, files and other things without an index. */
function rangeOf({ group, range_low: low, range_high: high, qualifier }: ObjectsEvent): LearnedRange | undefined {
  const table = stateGroup(group) ?? (group === 0 || group === 21 || group === 31 || group === 110 ? group : undefined);
  if (table === undefined) return undefined;
  if (low !== undefined && high !== undefined) return { table: `g${table}`, address: low, quantity: high - low + 1 };
  return qualifier === QUALIFIER_ALL ? { table: `g${table}`, address: 0, quantity: ALL } : undefined;
}

/** All objects (IEEE 1815-2012, clause 4.2.2.7.3). */
const QUALIFIER_ALL = 6;
