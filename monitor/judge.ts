/**
 * Judges events: prepares the subject that rules are asked about, derives the monitor's own events (writes of single points,
 * new conversations, readings beyond limits, …), learns while it is told to, and turns hits into alerts.
 */
import type { FieldValue, ProtocolEvent } from '@penstock/core';
import type { AlertBook, Finding } from './alerts/index.ts';
import type { Baseline } from './baseline/index.ts';
import { bits, Conversation, type ModbusEvent, type RequestShape, servicePort } from './conversations.ts';
import type { DetectorModule } from './detectors/detector.ts';
import { DetectorRunner } from './detectors/runner.ts';
import type { EvidencePacket } from './flows/evidence.ts';
import { Calendar, type Host, type Hosts } from './hosts.ts';
import { Inventory } from './inventory/index.ts';
import { RuleEngine, SETTLED_NONE } from './sigma/engine.ts';
import { DERIVED, LOG_SOURCES, type LogSource, sourceKey } from './sigma/fields.ts';
import type { Rule, RuleSet } from './sigma/rules.ts';
import { type FlowView, type PointFacts, Subject } from './subject.ts';
import { ProcessWatch, ReadBlock } from './watch/index.ts';
import type { Table } from './watch/modbus-functions.ts';

export interface JudgeOptions {
  readonly hosts: Hosts;
  readonly rules: RuleSet;
  readonly detectors: readonly DetectorModule[];
  readonly baseline: Baseline;
  readonly learning: boolean;
  readonly alerts: AlertBook;
  /** Rules that stay silent. */
  readonly except?: ((rule: Rule | DetectorModule) => boolean) | undefined;
  /** Packets by their numbers; those of the flow's newest event when no numbers are given. */
  readonly evidence: (flow: FlowView, numbers: readonly number[]) => readonly EvidencePacket[];
}

/** Events that the judgement uses itself. */
const HANDLED: ReadonlySet<string> = new Set([
  'conn',
  'modbus_mask_write_register',
  'modbus_read_write_multiple_registers',
  'modbus_read_device_identification',
  'modbus_violation',
]);
const MAX_CONVERSATIONS = 65_536;
const MAX_PAIRS = 65_536;

export class Judge {
  readonly inventory: Inventory;
  readonly watch: ProcessWatch;
  readonly engine: RuleEngine;
  #dropped = 0;
  readonly #hosts: Hosts;
  readonly #calendar: Calendar;
  readonly #alerts: AlertBook;
  readonly #baseline: Baseline;
  readonly #evidence: JudgeOptions['evidence'];
  readonly #subject = new Subject();
  readonly #conversations = new Map<FlowView, Conversation>();
  readonly #pairs = new Set<string>();
  /** Log sources of events that some rule looks at, by the event's name. */
  readonly #eventSources = new Map<string, string>();
  readonly #detectors: DetectorRunner;
  #learning: boolean;
  #ready: boolean;
  #epoch = 0;
  #recent: Conversation | undefined = undefined;
  /** The conversation whose reading is being taken in. */
  #reading: Conversation | undefined = undefined;
  #now = Number.NEGATIVE_INFINITY;

  constructor(options: JudgeOptions) {
    const { hosts, except } = options;
    this.#hosts = hosts;
    this.#calendar = new Calendar(hosts);
    this.#alerts = options.alerts;
    this.#baseline = options.baseline;
    this.#learning = options.learning;
    this.#ready = !options.learning && !options.baseline.empty;
    this.#evidence = options.evidence;
    this.inventory = new Inventory(hosts);
    this.watch = new ProcessWatch(hosts, {
      state: (facts) => this.#pointState(facts),
      readback: (facts, written, seconds) => this.#readback(facts, written, seconds),
      reading: (point, value) => {
        if (this.#learning) this.#baseline.learnReading(point.device, point.tag.id, value);
      },
    });
    this.engine = new RuleEngine(
      options.rules,
      (rule, source, subject, count, packets) => this.#hit(rule, source, subject, count, packets),
      except === undefined ? undefined : (rule) => !except(rule),
    );
    for (const { product, service } of LOG_SOURCES) {
      const key = sourceKey(product, service);
      if (this.engine.wants(key) && !DERIVED.has(service)) this.#eventSources.set(service, key);
    }
    const modules = options.detectors.filter((module) => !except?.(module));
    this.#detectors = new DetectorRunner(modules, options.alerts, this.#calendar);
  }

  /** What was given up to stay within bounds. */
  get dropped(): number {
    return this.#dropped + this.#detectors.dropped;
  }

  get learning(): boolean {
    return this.#learning;
  }

  /** Whether rules that need a baseline can hit. */
  get baselineReady(): boolean {
    return this.#ready;
  }

  /** Learning is over; what was learned is normal from now on. */
  stopLearning(): void {
    this.#learning = false;
    this.#ready = !this.#baseline.empty;
    this.#epoch++;
  }

  /** The first packet of a flow. */
  opened(flow: FlowView, time: number): void {
    this.#advance(time);
    this.inventory.opened(flow, time);
    const src = this.#hosts.at(flow.originatorAddress);
    const dst = this.#hosts.at(flow.responderAddress);
    const port = servicePort(flow);
    const isArp = flow.transport === 'arp';
    this.#learnConversation(flow, src, dst, time);
    this.#prepare(flow, src, dst, time, undefined);
    this.engine.judge('penstock/connection', this.#subject);
    if (isArp) return;
    this.#locate(flow, time);
    const pair = `${src.address}|${dst.address}|${flow.transport}|${port}`;
    if (this.#pairs.has(pair)) return;
    if (this.#pairs.size < MAX_PAIRS) this.#pairs.add(pair);
    else this.#dropped++;
    this.engine.judge('penstock/conversation', this.#subject);
  }

  /** Any event of the intake. */
  event(event: ProtocolEvent, flow: FlowView): void {
    const { time, name } = event;
    if (time > this.#now) this.#advance(time);
    if (name === 'modbus_detailed') {
      this.#modbus(event as ModbusEvent, this.#conversation(flow));
      return;
    }
    if (name === 'arp') {
      this.#arp(event, flow);
      return;
    }
    const key = this.#eventSources.get(name);
    // Half of all events are Zeek's `modbus`, which says nothing that `modbus_detailed` does not.
    if (key === undefined && !HANDLED.has(name)) return;
    const conversation = this.#conversation(flow);
    if (key !== undefined) {
      this.#prepareFor(conversation, time, event);
      this.engine.judge(key, this.#subject);
    }
    switch (name) {
      case 'conn':
        this.#ended(event, conversation);
        return;
      case 'modbus_mask_write_register':
        this.#maskWrite(event, conversation);
        return;
      case 'modbus_read_write_multiple_registers':
        this.#readWrite(event, conversation);
        return;
      case 'modbus_read_device_identification':
        this.inventory.identified(event, flow);
        return;
      case 'modbus_violation':
        this.#violated(conversation, time, event);
    }
  }

  #advance(time: number): void {
    const passed = time - this.#now;
    if (passed > 0) {
      this.#detectors.passed(passed);
      this.#now = time;
    }
    if (time >= this.#calendar.nextEdge) {
      this.#calendar.advance(time);
      this.#epoch++;
    }
    if (time >= this.#detectors.due) this.#detectors.run(time);
  }

  /** Learns that two hosts speak. Announced work is no normal operation: nothing is learned from it, and false comes back. */
  #learnConversation(flow: FlowView, src: Host, dst: Host, time: number): boolean {
    if (!this.#learning || this.#calendar.order(dst.address, src.address) !== undefined) return false;
    this.#baseline.learnTime(time);
    this.#baseline.learnConversation(src.address, dst.address, flow.transport, servicePort(flow));
    return true;
  }

  #conversation(flow: FlowView): Conversation {
    const recent = this.#recent;
    if (recent !== undefined && recent.flow === flow) return recent;
    let conversation = this.#conversations.get(flow);
    if (conversation === undefined) {
      const watched = this.watch.device(flow.responderAddress);
      conversation = new Conversation(
        flow,
        this.#hosts.at(flow.originatorAddress),
        this.#hosts.at(flow.responderAddress),
        watched,
      );
      if (this.#conversations.size >= MAX_CONVERSATIONS) {
        this.#conversations.delete(this.#conversations.keys().next().value as FlowView);
        this.#dropped++;
      }
      this.#conversations.set(flow, conversation);
    }
    this.#recent = conversation;
    return conversation;
  }

  #modbus(event: ModbusEvent, conversation: Conversation): void {
    const { time } = event;
    conversation.poll ??= this.#detectors.poll(conversation.src, conversation.dst, time);
    conversation.poll.last = time;
    conversation.poll.requests++;
    const shape = conversation.known(event) ?? this.#newShape(event, conversation);
    if (shape.epoch !== this.#epoch) this.#settle(event, shape, conversation);
    const { block } = shape;
    if (block !== undefined) {
      const values = event.response_values;
      if (values !== undefined) {
        this.#reading = conversation;
        this.watch.read(block, values, time);
      }
    } else if (shape.kind.kind === 'write') this.#write(event, shape, conversation);
    if (shape.settled !== SETTLED_NONE) {
      this.#prepareShape(event, shape, conversation);
      this.engine.judgeSettled('zeek/modbus_detailed', shape.settled, this.#subject);
    }
    const { dissector } = conversation.flow;
    if (dissector !== undefined && dissector.unparsedBytes !== conversation.unparsedBytes)
      this.#violated(conversation, time, undefined);
  }

  /** The first request of its kind on a flow. */
  #newShape(event: ModbusEvent, conversation: Conversation): RequestShape {
    const shape = conversation.add(event);
    const { flow, watched } = conversation;
    const { name: func, station } = shape;
    this.inventory.modbus(flow, func, event.matched === true, event.time);
    const { range } = shape;
    // Room for a block is only made for what was answered: a sweep of refused addresses leaves nothing behind.
    if (
      shape.kind.kind === 'read' &&
      range !== undefined &&
      watched !== undefined &&
      event.response_values !== undefined
    )
      if (range.quantity <= 2000 && conversation.dropped === 0)
        shape.block = new ReadBlock(watched, range.table, range.address, range.quantity, station);
    if (this.engine.wants('penstock/modbus_request')) {
      this.#settle(event, shape, conversation);
      this.#prepareShape(event, shape, conversation);
      this.#subject.details = { 'request.kind': shape.kind.kind };
      this.engine.judge('penstock/modbus_request', this.#subject);
    }
    return shape;
  }

  #settle(event: ModbusEvent, shape: RequestShape, conversation: Conversation): void {
    shape.epoch = this.#epoch;
    const { src, dst } = conversation;
    const { name: func, station } = shape;
    if (this.#learning && event.matched === true && event.exception_code === undefined)
      if (this.#learnConversation(conversation.flow, src, dst, event.time))
        this.#baseline.learnRequest(src.address, dst.address, station, func, shape.range);
    if (this.#ready) {
      shape.functionLearned = this.#baseline.knowsFunction(src.address, dst.address, station, func);
      shape.requestLearned = this.#baseline.knowsRequest(src.address, dst.address, station, func, shape.range);
    }
    if (!this.engine.wants('zeek/modbus_detailed')) return;
    this.#prepareShape(event, shape, conversation);
    shape.settled = this.engine.settle('zeek/modbus_detailed', this.#subject);
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
    table: Table,
    address: number,
    values: ArrayLike<number>,
    accepted: boolean | undefined,
  ): void {
    const { src, dst, watched } = conversation;
    if (watched === undefined) return;
    const station = (event as ModbusEvent).unit ?? 0;
    const subject = this.#subject;
    this.watch.write(watched, table, address, values, station, accepted, event.time, (facts) => {
      this.#prepareFor(conversation, event.time, event);
      subject.point = facts;
      if (this.#ready) {
        const { baseline } = subject;
        baseline.pointLearned = this.#baseline.knowsPoint(src.address, dst.address, table, facts.address);
        baseline.valueLearned =
          facts.value === undefined
            ? undefined
            : this.#baseline.knowsValue(src.address, dst.address, table, facts.address, facts.value);
      }
      if (this.#learning && accepted !== false && subject.order === undefined)
        this.#baseline.learnWrite(src.address, dst.address, table, facts.address, facts.tag, facts.value);
      this.engine.judge('penstock/point_write', subject);
      subject.point = undefined;
    });
  }

  /** FC 22: the register keeps the bits of the AND mask and takes the others from the OR mask (specification, section 6.16). */
  #maskWrite(event: ProtocolEvent, conversation: Conversation): void {
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
  #readWrite(event: ProtocolEvent, conversation: Conversation): void {
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
    const block = new ReadBlock(conversation.watched, 'holding', asked.address, asked.quantity, asked.station);
    this.#reading = conversation;
    this.watch.read(block, values, event.time);
  }

  #arp(event: ProtocolEvent, flow: FlowView): void {
    const { sender_ip: ip, sender_mac: mac } = event as unknown as Record<string, FieldValue>;
    if (typeof ip !== 'string' || typeof mac !== 'string') return;
    const src = this.#hosts.at(ip);
    const isFirst = (this.inventory.at(ip, event.time)?.macs.length ?? 1) === 0;
    const before = this.inventory.located(ip, mac, event.time);
    const contradicts = isFirst && src.mac !== undefined && src.mac !== mac;
    if (before === undefined && !contradicts) return;
    this.#prepare(flow, src, this.#hosts.at(flow.responderAddress), event.time, event);
    this.#subject.details = {
      'address.old_mac': before ?? src.mac,
      'address.new_mac': mac,
      'address.listed_mac': src.mac,
    };
    this.engine.judge('penstock/address_change', this.#subject);
  }

  /** A frame shows a host's own MAC address only on the host's own segment; elsewhere it is a router's. */
  #locate(flow: FlowView, time: number): void {
    const src = this.#hosts.at(flow.originatorAddress);
    const dst = this.#hosts.at(flow.responderAddress);
    if (src.zone === undefined || src.zone !== dst.zone || flow.originatorMac === undefined) return;
    const device = this.inventory.at(src.address, time);
    if (device?.macs.length === 0) this.inventory.located(src.address, flow.originatorMac, time);
  }

  #ended(event: ProtocolEvent, conversation: Conversation): void {
    const packets = (event as unknown as Record<string, FieldValue>).resp_pkts;
    const state = (event as unknown as Record<string, FieldValue>).conn_state;
    if (typeof packets === 'number' && packets > 0 && state !== 'REJ' && state !== 'S0')
      this.inventory.answered(conversation.flow, event.time);
    this.#learnConversation(conversation.flow, conversation.src, conversation.dst, event.time);
    this.#dropped += conversation.dropped;
    this.#conversations.delete(conversation.flow);
    if (this.#recent === conversation) this.#recent = undefined;
  }

  /** @param event the message that breaks the protocol; without it, bytes that are no message */
  #violated(conversation: Conversation, time: number, event: ProtocolEvent | undefined): void {
    if (event !== undefined) conversation.violations++;
    conversation.unparsedBytes = conversation.flow.dissector?.unparsedBytes ?? conversation.unparsedBytes;
    if (!this.engine.wants('penstock/violation')) return;
    this.#prepareFor(conversation, time, event);
    const { reason } = (event ?? {}) as { reason?: unknown };
    this.#subject.details = {
      'violation.kind': event === undefined ? 'unparsed' : 'violation',
      'violation.reason': typeof reason === 'string' ? reason : undefined,
      'violation.count': conversation.violations,
      'violation.bytes': conversation.unparsedBytes,
    };
    this.engine.judge('penstock/violation', this.#subject);
  }

  #pointState(facts: PointFacts): void {
    const conversation = this.#reading;
    if (conversation === undefined || !this.engine.wants('penstock/point_state')) return;
    this.#prepareFor(conversation, this.#now, undefined);
    this.#subject.point = facts;
    this.engine.judge('penstock/point_state', this.#subject);
    this.#subject.point = undefined;
  }

  #readback(facts: PointFacts, written: number, seconds: number): void {
    const conversation = this.#reading;
    if (conversation === undefined || !this.engine.wants('penstock/readback')) return;
    this.#prepareFor(conversation, this.#now, undefined);
    this.#subject.point = facts;
    this.#subject.details = { 'readback.written': written, 'readback.seconds': seconds };
    this.engine.judge('penstock/readback', this.#subject);
    this.#subject.point = undefined;
  }

  #prepareShape(event: ModbusEvent, shape: RequestShape, conversation: Conversation): void {
    this.#prepareFor(conversation, event.time, event);
    const { baseline } = this.#subject;
    baseline.functionLearned = shape.functionLearned;
    baseline.requestLearned = shape.requestLearned;
  }

  #prepareFor(conversation: Conversation, time: number, event: ProtocolEvent | undefined): void {
    const { flow, src, dst } = conversation;
    this.#prepare(flow, src, dst, time, event);
  }

  #prepare(flow: FlowView, src: Host, dst: Host, time: number, event: ProtocolEvent | undefined): void {
    const subject = this.#subject;
    subject.time = time;
    subject.packet = flow.lastPacket;
    subject.flow = flow;
    subject.event = event;
    subject.src = src;
    subject.dst = dst;
    subject.order = this.#calendar.order(dst.address, src.address);
    subject.srcMaintenance = this.#calendar.maintenance(src.address);
    subject.dstMaintenance = this.#calendar.maintenance(dst.address);
    subject.point = undefined;
    subject.details = undefined;
    const { baseline } = subject;
    baseline.clear();
    if (!this.#ready) return;
    baseline.ready = true;
    const { transport } = flow;
    baseline.conversationLearned = this.#baseline.knowsConversation(
      src.address,
      dst.address,
      transport,
      servicePort(flow),
    );
    baseline.writerLearned = this.#baseline.knowsWriter(src.address, dst.address);
  }

  #hit(rule: Rule, source: LogSource, subject: Subject, count: number, numbers: readonly number[]): void {
    const { flow, point } = subject;
    const device = rule.device === 'src' ? subject.src : subject.dst;
    const finding: Finding = {
      epoch: subject.time,
      rule,
      techniques: rule.techniques,
      device,
      source: subject.src,
      tag: point?.tag,
      detail: point !== undefined && point.tag === undefined ? `${point.table} ${point.address}` : undefined,
      oldValue: point?.oldValue,
      newValue: point?.value,
      unit: point?.unit,
      message: rule.message(source, subject, count),
      why: rule.why(source, subject, count) ?? rule.description,
    };
    this.#alerts.report(finding, numbers, () => (flow === undefined ? [] : this.#evidence(flow, numbers)));
  }
}

const isNumbers = (value: FieldValue): value is readonly number[] =>
  typeof value === 'object' && (value.length === 0 || typeof value[0] === 'number');
