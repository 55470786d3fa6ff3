/**
 * Judges events: prepares the subject that rules are asked about, derives the monitor's own events (writes of single points,
 * new conversations, readings beyond limits, …), learns while it is told to, and turns hits into alerts. What belongs to one
 * protocol stands in `judgement/`.
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
import type { S7BlockEvent, S7commEvent, S7IdentityEvent, S7ItemsEvent } from '@penstock/protocols/s7comm';
import type { AlertBook, Finding } from './alerts/index.ts';
import type { Baseline } from './baseline/index.ts';
import { BoundedMap } from './bounded-map.ts';
import { Conversation, type ModbusEvent, servicePort } from './conversations.ts';
import type { DetectorModule } from './detectors/detector.ts';
import { DetectorRunner } from './detectors/runner.ts';
import type { DeviceLogEvent } from './events/device-log.ts';
import type { ArpEvent } from './events/link.ts';
import type { PathChangeEvent, SegmentConflictEvent } from './events/path.ts';
import type { EvidencePacket } from './flows/evidence.ts';
import type { Hosts } from './hosts.ts';
import { Inventory } from './inventory/index.ts';
import { type AnyBacnetEvent, BACNET_EVENTS, BacnetJudge } from './judgement/bacnet.ts';
import { Dnp3Judge } from './judgement/dnp3.ts';
import { DOOR_EVENTS, type DoorEvent, DoorJudge } from './judgement/doors.ts';
import { LinkJudge } from './judgement/link.ts';
import { LogJudge } from './judgement/logs.ts';
import { ModbusJudge } from './judgement/modbus.ts';
import { type AnyMqttEvent, MQTT_EVENTS, MqttJudge } from './judgement/mqtt.ts';
import { type JudgedOpcUaEvent, OPCUA_EVENTS, OpcUaJudge } from './judgement/opcua.ts';
import { S7Judge } from './judgement/s7comm.ts';
import { Scene } from './judgement/scene.ts';
import type { SensorEvent } from './sensor/index.ts';
import { RuleEngine } from './sigma/engine.ts';
import type { LogSource } from './sigma/fields.ts';
import { DERIVED, LOG_SOURCES, sourceKey } from './sigma/log-sources.ts';
import type { Rule, RuleSet } from './sigma/rules.ts';
import type { FlowView, Subject } from './subject.ts';
import type { ProcessWatch } from './watch/index.ts';

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
  ...DOOR_EVENTS,
  ...BACNET_EVENTS,
  'bacnet_violation',
  'conn',
  'dnp3',
  'dnp3_attribute',
  'dnp3_control',
  'dnp3_file',
  'dnp3_link',
  'dnp3_objects',
  'dnp3_time',
  'dnp3_violation',
  'modbus_mask_write_register',
  'modbus_read_write_multiple_registers',
  'modbus_read_device_identification',
  'modbus_violation',
  'modbus_file_record',
  ...MQTT_EVENTS,
  'mqtt_violation',
  ...OPCUA_EVENTS,
  'opcua_violation',
  'path_change',
  's7comm',
  's7comm_block',
  's7comm_identity',
  's7comm_items',
  's7comm_violation',
  'segment_conflict',
]);
const MAX_CONVERSATIONS = 131_072;
const MAX_PAIRS = 131_072;

export class Judge {
  readonly inventory: Inventory;
  readonly engine: RuleEngine;
  readonly #scene: Scene;
  readonly #modbus: ModbusJudge;
  readonly #s7: S7Judge;
  readonly #dnp3: Dnp3Judge;
  readonly #bacnet: BacnetJudge;
  readonly #doors: DoorJudge;
  readonly #mqtt: MqttJudge;
  readonly #opcua: OpcUaJudge;
  readonly #link: LinkJudge;
  readonly #logs: LogJudge;
  readonly #detectors: DetectorRunner;
  readonly #alerts: AlertBook;
  readonly #evidence: JudgeOptions['evidence'];
  readonly #conversations = new BoundedMap<FlowView, Conversation>(MAX_CONVERSATIONS);
  readonly #pairs = new Set<string>();
  /** Log sources of events that some rule looks at, by the event's name. */
  readonly #eventSources = new Map<string, string>();
  #recent: Conversation | undefined = undefined;
  #dropped = 0;

  constructor(options: JudgeOptions) {
    const { hosts, except } = options;
    this.#alerts = options.alerts;
    this.#evidence = options.evidence;
    this.inventory = new Inventory(hosts);
    this.engine = new RuleEngine(
      options.rules,
      (rule, source, subject, count, packets) => this.#hit(rule, source, subject, count, packets),
      except === undefined ? undefined : (rule) => !except(rule),
    );
    this.#scene = new Scene(hosts, options.baseline, options.learning, this.engine);
    const modules = options.detectors.filter((module) => !except?.(module));
    this.#detectors = new DetectorRunner(modules, options.alerts, this.#scene.calendar);
    this.#modbus = new ModbusJudge(this.#scene, this.inventory, this.#detectors);
    this.#doors = new DoorJudge(this.#scene, this.inventory);
    this.#bacnet = new BacnetJudge(this.#scene, this.inventory, this.#modbus.watch);
    this.#mqtt = new MqttJudge(this.#scene, this.inventory, this.#modbus.watch, this.#doors);
    this.#opcua = new OpcUaJudge(this.#scene, this.inventory, this.watch);
    this.#link = new LinkJudge(this.#scene, this.inventory);
    this.#logs = new LogJudge(this.#scene, this.#detectors);
    this.#s7 = new S7Judge(this.#scene, this.inventory, this.#detectors, this.#logs, this.#modbus.watch);
    this.#dnp3 = new Dnp3Judge(this.#scene, this.inventory, this.#detectors, this.#modbus.watch);
    for (const { product, service } of LOG_SOURCES) {
      const key = sourceKey(product, service);
      if (this.engine.wants(key) && !DERIVED.has(service)) this.#eventSources.set(service, key);
    }
  }

  /** What was given up to stay within bounds. */
  get dropped(): number {
    const parts = this.#detectors.dropped + this.#link.dropped + this.#s7.dropped + this.#dnp3.dropped;
    return (
      this.#dropped +
      this.#mqtt.dropped +
      this.#opcua.dropped +
      this.#conversations.forgotten +
      this.#doors.dropped +
      parts
    );
  }

  get watch(): ProcessWatch {
    return this.#modbus.watch;
  }

  get learning(): boolean {
    return this.#scene.learning;
  }

  /** Whether rules that need a baseline can hit. */
  get baselineReady(): boolean {
    return this.#scene.ready;
  }

  /** Learning is over; what was learned is normal from now on. */
  stopLearning(): void {
    this.tally();
    this.#scene.stopLearning();
    this.watch.stopLearning();
  }

  /** Brings inventory and baseline up to date with the conversations that go on; those that end do so by themselves. */
  tally(): void {
    for (const conversation of this.#conversations.values()) {
      this.#modbus.tally(conversation);
      this.#s7.tally(conversation);
      this.#dnp3.tally(conversation);
    }
  }

  /** What the sensor says of itself. */
  sensor({ kind, what, count, share, seconds }: SensorEvent, time: number): void {
    if (!this.engine.wants('penstock/sensor')) return;
    this.#scene.prepareSensor(time, {
      'sensor.kind': kind,
      'sensor.what': what,
      'sensor.count': count,
      'sensor.share': share,
      'sensor.percent': share === undefined ? undefined : Math.round(share * 1e4) / 100,
      'sensor.seconds': seconds,
      'sensor.days': seconds === undefined ? undefined : Math.floor(seconds / 86_400),
    });
    this.engine.judge('penstock/sensor', this.#scene.subject);
  }

  /** The first packet of a flow. */
  opened(flow: FlowView, time: number): void {
    const scene = this.#scene;
    this.#advance(time);
    this.inventory.opened(flow, time);
    const src = scene.hosts.at(flow.originatorAddress);
    const dst = scene.hosts.at(flow.responderAddress);
    const port = servicePort(flow);
    const isArp = flow.transport === 'arp';
    scene.learnConversation(flow, src, dst, time, true);
    scene.prepare(flow, src, dst, time, undefined);
    this.engine.judge('penstock/connection', scene.subject);
    if (isArp) return;
    this.#link.locate(flow, time);
    this.#doors.opened(flow, src, dst, time);
    const pair = `${src.address}|${dst.address}|${flow.transport}|${port}`;
    if (this.#pairs.has(pair)) return;
    if (this.#pairs.size < MAX_PAIRS) this.#pairs.add(pair);
    else this.#dropped++;
    this.engine.judge('penstock/conversation', scene.subject);
  }

  /** Any event of the intake. */
  event(event: ProtocolEvent, flow: FlowView): void {
    const { time, name } = event;
    if (time > this.#scene.now) this.#advance(time);
    if (name === 'modbus_detailed') {
      const conversation = this.#conversation(flow);
      this.#modbus.transaction(event as ModbusEvent, conversation);
      const { dissector } = flow;
      if (dissector !== undefined && dissector.unparsedBytes !== conversation.unparsedBytes)
        this.#violated(conversation, time, undefined);
      return;
    }
    if (name === 'arp') {
      this.#link.arp(event as ArpEvent, flow);
      return;
    }
    if (name === 'device_log') {
      this.#logs.log(event as DeviceLogEvent, flow);
      return;
    }
    const key = this.#eventSources.get(name);
    // Half of all events are Zeek's `modbus`, which says nothing that `modbus_detailed` does not.
    if (key === undefined && !HANDLED.has(name)) return;
    const conversation = this.#conversation(flow);
    if (key !== undefined) {
      this.#scene.prepareFor(conversation, time, event);
      this.engine.judge(key, this.#scene.subject);
    }
    if (DOOR_EVENTS.has(name)) {
      this.#doors.event(event as DoorEvent, conversation);
      return;
    }
    if (BACNET_EVENTS.has(name)) {
      this.#bacnet.event(event as AnyBacnetEvent, conversation);
      return;
    }
    if (OPCUA_EVENTS.has(name)) {
      this.#opcua.event(event as JudgedOpcUaEvent, conversation);
      return;
    }
    if (MQTT_EVENTS.has(name)) {
      this.#mqtt.event(event as AnyMqttEvent, conversation);
      return;
    }
    switch (name) {
      case 'conn':
        this.#ended(event, conversation);
        return;
      case 'dnp3':
        this.inventory.dnp3(event as Dnp3Event, flow);
        this.#dnp3.exchange(event as Dnp3Event, conversation);
        return;
      case 'dnp3_objects':
        this.#dnp3.objects(event as ObjectsEvent, conversation);
        return;
      case 'dnp3_control':
        this.#dnp3.control(event as ControlEvent, conversation);
        return;
      case 'dnp3_file':
        this.#dnp3.file(event as FileEvent, conversation);
        return;
      case 'dnp3_time':
        this.#dnp3.time(event as TimeEvent, conversation);
        return;
      case 'dnp3_link':
        this.#dnp3.link(event as LinkEvent, conversation);
        return;
      case 'dnp3_attribute':
        this.inventory.attributed(event as AttributeEvent, flow);
        this.#dnp3.attribute(event as AttributeEvent, conversation);
        this.#doors.attribute(event as AttributeEvent, conversation);
        return;
      case 'modbus_mask_write_register':
        this.#modbus.maskWrite(event, conversation);
        return;
      case 'modbus_read_write_multiple_registers':
        this.#modbus.readWrite(event, conversation);
        return;
      case 'modbus_read_device_identification':
        this.inventory.identified(event, flow);
        this.#identified(event, conversation);
        return;
      case 's7comm':
        this.#s7.message(event as S7commEvent, conversation);
        return;
      case 's7comm_items':
        this.#s7.item(event as S7ItemsEvent, conversation);
        return;
      case 's7comm_block':
        this.#s7.block(event as S7BlockEvent, conversation);
        return;
      case 's7comm_identity':
        this.inventory.named(event as S7IdentityEvent, flow);
        this.#doors.module(event as S7IdentityEvent, conversation);
        return;
      case 's7comm_violation':
      case 'dnp3_violation':
      case 'mqtt_violation':
      case 'opcua_violation':
      case 'bacnet_violation':
      case 'modbus_violation':
        this.#violated(conversation, time, event);
        return;
      case 'modbus_file_record':
        this.#logs.written(event, conversation);
        return;
      case 'path_change':
        this.#link.path(event as PathChangeEvent, conversation);
        return;
      case 'segment_conflict':
        this.#modbus.relayed(event as SegmentConflictEvent, conversation);
        this.#link.conflict(event as SegmentConflictEvent, conversation);
    }
  }

  #advance(time: number): void {
    const scene = this.#scene;
    this.#dnp3.settle();
    this.#mqtt.settle();
    this.#bacnet.settle();
    this.#opcua.settle();
    const passed = time - scene.now;
    if (passed > 0) {
      this.#detectors.passed(passed);
      scene.now = time;
    }
    if (time >= scene.calendar.nextEdge) {
      scene.calendar.advance(time);
      scene.epoch++;
    }
    if (time >= this.#detectors.due) this.#detectors.run(time);
    this.#modbus.advance(time, passed);
  }

  #conversation(flow: FlowView): Conversation {
    const recent = this.#recent;
    if (recent !== undefined && recent.flow === flow) return recent;
    let conversation = this.#conversations.get(flow);
    if (conversation === undefined) {
      const { hosts } = this.#scene;
      const watched = this.watch.device(flow.responderAddress);
      conversation = new Conversation(flow, hosts.at(flow.originatorAddress), hosts.at(flow.responderAddress), watched);
      this.#conversations.set(flow, conversation);
      this.#doors.speaks(conversation, this.#scene.now);
    }
    this.#recent = conversation;
    return conversation;
  }

  #ended(event: ProtocolEvent, conversation: Conversation): void {
    const packets = (event as unknown as Record<string, FieldValue>).resp_pkts;
    const state = (event as unknown as Record<string, FieldValue>).conn_state;
    if (typeof packets === 'number' && packets > 0 && state !== 'REJ' && state !== 'S0')
      this.inventory.answered(conversation.flow, event.time);
    this.#scene.learnConversation(conversation.flow, conversation.src, conversation.dst, event.time);
    this.#modbus.tally(conversation);
    this.#s7.tally(conversation);
    this.#dnp3.ended(conversation);
    this.#mqtt.ended(conversation);
    this.#doors.ended(conversation, event.time);
    this.#dropped += conversation.dropped;
    this.#conversations.delete(conversation.flow);
    if (this.#recent === conversation) this.#recent = undefined;
  }

  /** One object of an answer to FC 43/14. */
  #identified(event: ProtocolEvent, conversation: Conversation): void {
    const { object_id: object, object_value: value } = event as { object_id?: unknown; object_value?: unknown };
    if (object === 'MajorMinorVersion' && typeof value === 'string' && value !== '')
      this.#doors.says(conversation, conversation.dst, 'modbus', object, value, event.time);
  }

  /** @param event the message that breaks the protocol; without it, bytes that are no message */
  #violated(conversation: Conversation, time: number, event: ProtocolEvent | undefined): void {
    if (event !== undefined) conversation.violations++;
    conversation.unparsedBytes = conversation.flow.dissector?.unparsedBytes ?? conversation.unparsedBytes;
    if (!this.engine.wants('penstock/violation')) return;
    const { subject } = this.#scene;
    this.#scene.prepareFor(conversation, time, event);
    const { reason } = (event ?? {}) as { reason?: unknown };
    subject.details = {
      'violation.kind': event === undefined ? 'unparsed' : 'violation',
      'violation.reason': typeof reason === 'string' ? reason : undefined,
      'violation.count': conversation.violations,
      'violation.bytes': conversation.unparsedBytes,
    };
    this.engine.judge('penstock/violation', subject);
  }

  #hit(rule: Rule, source: LogSource, subject: Subject, count: number, numbers: readonly number[]): void {
    const { flow, point, order } = subject;
    const level = rule.levelOf(source, subject);
    const told = rule.message(source, subject, count);
    const device = rule.device === 'src' ? subject.src : subject.dst;
    const finding: Finding = {
      epoch: subject.time,
      rule: level === rule.level ? rule : { name: rule.name, title: rule.title, suppress: rule.suppress, level },
      techniques: rule.techniques,
      device,
      source: subject.src,
      tag: point?.tag,
      detail:
        point === undefined
          ? sensorPart(subject)
          : point.tag === undefined
            ? `${point.table} ${point.address}`
            : undefined,
      oldValue: point?.oldValue,
      newValue: point?.value,
      unit: point?.unit,
      message: order === undefined ? told : `${told}; work order ${order.id} (${order.title}) covers it`,
      why: rule.why(source, subject, count) ?? rule.description,
    };
    this.#alerts.report(finding, numbers, () => (flow === undefined ? [] : this.#evidence(flow, numbers)));
  }
}

/** Which part of the sensor an event of its own is about: a protocol, a table that is full. */
function sensorPart({ flow, details }: Subject): string | undefined {
  const part = flow === undefined ? details?.['sensor.what'] : undefined;
  return typeof part === 'string' ? part : undefined;
}
