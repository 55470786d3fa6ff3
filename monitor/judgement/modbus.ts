/** Judges Modbus: what a request is to its connection and to the baseline, and what each point is told and tells. */
import type { FieldValue, ProtocolEvent } from '@penstock/core';
import { bits, type Conversation, type ModbusEvent, type RequestShape, servicePort } from '../conversations.ts';
import type { DetectorRunner } from '../detectors/runner.ts';
import type { SegmentConflictEvent } from '../events/path.ts';
import type { Inventory } from '../inventory/index.ts';
import { SETTLED_NONE } from '../sigma/engine.ts';
import { ProcessWatch } from '../watch/index.ts';
import type { ModbusTable } from '../watch/modbus-functions.ts';
import { differencesOf } from './conflict.ts';
import type { Scene } from './scene.ts';

/** When nothing at all comes for so long, it is the sensor that sees nothing; microseconds. */
const BLIND = 10e6;

export class ModbusJudge {
  readonly watch: ProcessWatch;
  readonly #scene: Scene;
  readonly #inventory: Inventory;
  readonly #detectors: DetectorRunner;

  constructor(scene: Scene, inventory: Inventory, detectors: DetectorRunner) {
    this.#scene = scene;
    this.#inventory = inventory;
    this.#detectors = detectors;
    this.watch = new ProcessWatch(scene.hosts, scene.baseline, scene.learning, {
      told: (service, { flow, src, dst }, facts, details) => {
        const source = `penstock/${service}`;
        const { engine, subject } = scene;
        if (!engine.wants(source)) return;
        scene.prepare(flow, src, dst, scene.now, undefined);
        subject.point = facts;
        subject.details = details;
        engine.judge(source, subject);
        subject.point = undefined;
      },
      reading: (point, value, from, seconds) => {
        const move = Number.isFinite(seconds) ? { kind: point.tag.kind, from, seconds } : undefined;
        scene.baseline.learnReading(point.device, point.tag.id, value, move);
      },
      announced: ({ src, dst }) => scene.calendar.order(dst.address, src.address) !== undefined,
    });
  }

  /** Event time has come to `time`, `passed` microseconds after it was looked at last. */
  advance(time: number, passed: number): void {
    if (passed > BLIND) this.watch.blind(time);
    if (time >= this.watch.due) this.watch.tick(time);
  }

  /** One request with its answer (`modbus_detailed`), the most frequent event of all. */
  transaction(event: ModbusEvent, conversation: Conversation): void {
    const { time } = event;
    const scene = this.#scene;
    conversation.poll ??= this.#detectors.poll(conversation.src, conversation.dst, time);
    const { poll } = conversation;
    // A conversation that was over begins anew: the time between does not count.
    if (poll.requests++ === 0) poll.first = time;
    poll.last = time;
    const shape = conversation.known(event) ?? this.#newShape(event, conversation);
    shape.rhythm.tick(time);
    if (shape.epoch !== scene.epoch) this.#settle(event, shape, conversation);
    const { block } = shape;
    if (block !== undefined) {
      const values = event.response_values;
      if (values !== undefined) this.watch.read(block, values, time);
      else this.watch.failed(block, event.exception_code);
    } else if (shape.kind.kind === 'write') this.#write(event, shape, conversation);
    if (shape.settled !== SETTLED_NONE) {
      this.#prepareShape(event, shape, conversation);
      scene.engine.judgeSettled('zeek/modbus_detailed', shape.settled, scene.subject);
    }
  }

  /** The newest answer came again, with other values in it. */
  relayed(event: SegmentConflictEvent, conversation: Conversation): void {
    const { last, watched } = conversation;
    const block = last?.block;
    if (event.is_orig || block === undefined || watched?.points === undefined) return;
    let done: unknown;
    for (const { table, address, station, second, following } of differencesOf(event, last)) {
      const point = watched.points.at(table, address, station);
      if (point === undefined || point === done) continue;
      done = point;
      const isSecondWord = address !== point.address;
      const raw0 = isSecondWord ? point.raw0 : second;
      const raw1 = isSecondWord ? second : (following?.second ?? point.raw1);
      this.watch.relayed(block, point, point.length === 2 ? (raw0 << 16) | raw1 : raw0, event.time);
    }
  }

  /** Hands what was counted of each kind of request to the inventory and, while learning, to the baseline. */
  tally(conversation: Conversation): void {
    const { flow, src, dst } = conversation;
    for (const shape of conversation.shapes) {
      const { rhythm, range, station, name: func } = shape;
      if (rhythm.count === 0) continue;
      if (this.#scene.learning && shape.isLearned) {
        const { baseline } = this.#scene;
        baseline.learnTime(rhythm.last);
        baseline.learnConversation(src.address, dst.address, flow.transport, servicePort(flow), rhythm.last, false);
        baseline.learnPoll(src.address, dst.address, station, func, range, rhythm);
      }
      this.#inventory.accessed(flow, station, func, range, shape.exception !== undefined, rhythm);
      rhythm.drain();
    }
  }

  /** FC 22: the register keeps the bits of the AND mask and takes the others from the OR mask (specification, section 6.16). */
  maskWrite(event: ProtocolEvent, conversation: Conversation): void {
    const { request_response, address, and_mask, or_mask, unit } = event as unknown as Record<string, FieldValue>;
    const { watched } = conversation;
    if (request_response !== 'REQUEST' || typeof address !== 'number' || watched === undefined) return;
    if (typeof and_mask !== 'number' || typeof or_mask !== 'number') return;
    const current = this.watch.rawValue(watched, 'holding', address, typeof unit === 'number' ? unit : 0);
    const value =
      current === undefined ? (and_mask === 0 ? or_mask : -1) : (current & and_mask) | (or_mask & ~and_mask & 0xffff);
    this.#judgeWrite(event, conversation, 'holding', address, [value], undefined);
  }

  /** FC 23: a write, and a read whose answer comes as an event of its own. */
  readWrite(event: ProtocolEvent, conversation: Conversation): void {
    const columns = event as unknown as Record<string, FieldValue>;
    const station = typeof columns.unit === 'number' ? columns.unit : 0;
    if (columns.request_response === 'REQUEST') {
      const { write_start_address: write, write_registers: registers } = columns;
      if (typeof write === 'number' && isNumbers(registers))
        this.#judgeWrite(event, conversation, 'holding', write, registers, undefined);
      const { read_start_address: address, read_quantity: quantity } = columns;
      conversation.readWrite =
        typeof address === 'number' && typeof quantity === 'number' ? { address, quantity, station } : undefined;
      return;
    }
    const asked = conversation.readWrite;
    const values = columns.read_registers;
    conversation.readWrite = undefined;
    if (asked === undefined || conversation.watched === undefined || !isNumbers(values)) return;
    if (asked.quantity < 1 || asked.quantity > 125) return;
    const { address, quantity, station: unit } = asked;
    const block = this.watch.block(conversation.watched, conversation, { table: 'holding', address, quantity }, unit);
    this.watch.read(block, values, event.time);
  }

  /** The first request of its kind on a flow. */
  #newShape(event: ModbusEvent, conversation: Conversation): RequestShape {
    const shape = conversation.add(event);
    const { engine, subject } = this.#scene;
    const { flow, watched } = conversation;
    const { name: func, station } = shape;
    this.#inventory.modbus(flow, func, event.matched === true, event.time);
    const { range } = shape;
    // Room for a block is only made for what was answered: a sweep of refused addresses leaves nothing behind.
    if (shape.kind.kind === 'read' && range !== undefined && watched !== undefined) {
      if (event.response_values === undefined) shape.block = this.watch.known(watched, conversation, range, station);
      else if (range.quantity <= 2000 && conversation.dropped === 0)
        shape.block = this.watch.block(watched, conversation, range, station);
    }
    if (engine.wants('penstock/modbus_request')) {
      this.#settle(event, shape, conversation);
      this.#prepareShape(event, shape, conversation);
      subject.details = { 'request.kind': shape.kind.kind };
      engine.judge('penstock/modbus_request', subject);
    }
    return shape;
  }

  #settle(event: ModbusEvent, shape: RequestShape, conversation: Conversation): void {
    const scene = this.#scene;
    const { baseline } = scene;
    shape.epoch = scene.epoch;
    const { src, dst } = conversation;
    const { name: func, station } = shape;
    if (scene.learning && event.matched === true && event.exception_code === undefined)
      if (scene.learnConversation(conversation.flow, src, dst, event.time)) {
        baseline.learnRequest(src.address, dst.address, station, func, shape.range);
        shape.isLearned = true;
      }
    if (scene.ready) {
      shape.functionLearned = baseline.knowsFunction(src.address, dst.address, station, func);
      shape.requestLearned = baseline.knowsRequest(src.address, dst.address, station, func, shape.range);
    }
    if (!scene.engine.wants('zeek/modbus_detailed')) return;
    this.#prepareShape(event, shape, conversation);
    shape.settled = scene.engine.settle('zeek/modbus_detailed', scene.subject);
  }

  #write(event: ModbusEvent, shape: RequestShape, conversation: Conversation): void {
    const { range } = shape;
    const values = event.request_values ?? event.response_values;
    const { watched } = conversation;
    if (range === undefined || values === undefined || watched === undefined) return;
    const accepted = event.exception_code !== undefined ? false : event.matched === true ? true : undefined;
    const isBits = range.table === 'coil';
    this.#judgeWrite(event, conversation, range.table, range.address, isBits ? bits(values) : values, accepted);
  }

  #judgeWrite(
    event: ProtocolEvent,
    conversation: Conversation,
    table: ModbusTable,
    address: number,
    values: ArrayLike<number>,
    accepted: boolean | undefined,
  ): void {
    const { src, dst, watched } = conversation;
    if (watched === undefined) return;
    const station = (event as ModbusEvent).unit ?? 0;
    const scene = this.#scene;
    const { subject, baseline } = scene;
    this.watch.write(watched, conversation, table, address, values, station, accepted, event.time, (facts) => {
      scene.prepareFor(conversation, event.time, event);
      subject.point = facts;
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
    });
  }

  #prepareShape(event: ModbusEvent, shape: RequestShape, conversation: Conversation): void {
    const scene = this.#scene;
    scene.prepareFor(conversation, event.time, event);
    const { baseline } = scene.subject;
    baseline.functionLearned = shape.functionLearned;
    baseline.requestLearned = shape.requestLearned;
  }
}

const isNumbers = (value: FieldValue): value is readonly number[] =>
  typeof value === 'object' && (value.length === 0 || typeof value[0] === 'number');
