/**
 * What all parts of the judgement share: the hosts, the calendar, the baseline, the rule engine, and the one subject that is
 * prepared for every event before rules are asked about it.
 */
import type { ProtocolEvent } from '@penstock/core';
import type { Baseline, LearnedTable } from '../baseline/index.ts';
import { type Conversation, servicePort } from '../conversations.ts';
import { Calendar, type Host, type Hosts } from '../hosts.ts';
import type { RuleEngine } from '../sigma/engine.ts';
import { type FlowView, type Normal, type PointFacts, Subject } from '../subject.ts';

const { baseline: _, ...NOBODY } = new Subject();

const SYSLOG = 514;

export class Scene {
  readonly hosts: Hosts;
  readonly calendar: Calendar;
  readonly baseline: Baseline;
  readonly engine: RuleEngine;
  readonly subject = new Subject();
  learning: boolean;
  /** Rules that need a baseline can hit. */
  ready: boolean;
  /** Rises whenever a judgement that was kept may no longer hold. */
  epoch = 0;
  /** Newest event time, microseconds since 1970. */
  now = Number.NEGATIVE_INFINITY;

  #normal: Normal | undefined;

  constructor(hosts: Hosts, baseline: Baseline, learning: boolean, engine: RuleEngine) {
    this.hosts = hosts;
    this.calendar = new Calendar(hosts);
    this.baseline = baseline;
    this.learning = learning;
    this.ready = !learning && !baseline.empty;
    this.engine = engine;
    this.#normal = this.ready ? normalOf(baseline) : undefined;
  }

  /** Learning is over; what was learned is normal from now on. */
  stopLearning(): void {
    this.learning = false;
    this.ready = !this.baseline.empty;
    this.#normal = this.ready ? normalOf(this.baseline) : undefined;
    this.epoch++;
  }

  /** Learns that two hosts speak. Announced work is no normal operation: nothing is learned from it, and false comes back. */
  learnConversation(flow: FlowView, src: Host, dst: Host, time: number, opened = false): boolean {
    if (!this.learning || this.calendar.order(dst.address, src.address) !== undefined) return false;
    this.baseline.learnTime(time);
    this.baseline.learnConversation(src.address, dst.address, flow.transport, servicePort(flow), time, opened);
    return true;
  }

  /** Whether a host does something at another as it did while learning; learns it where learning goes on and it is done. */
  functionLearned(
    { flow, src, dst }: Pick<Conversation, 'flow' | 'src' | 'dst'>,
    time: number,
    name: string,
    isDone = true,
  ): boolean | undefined {
    if (this.learning && isDone && this.learnConversation(flow, src, dst, time))
      this.baseline.learnRequest(src.address, dst.address, 0, name);
    return this.ready ? this.baseline.knowsFunction(src.address, dst.address, 0, name) : undefined;
  }

  /** Fills the subject with what the sensor says of itself: no hosts, no conversation. */
  prepareSensor(time: number, details: NonNullable<Subject['details']>): void {
    const { baseline } = this.subject;
    Object.assign(this.subject, { ...NOBODY, time, details });
    baseline.clear();
    baseline.ready = this.ready;
  }

  prepareFor(conversation: Conversation, time: number, event: ProtocolEvent | undefined): void {
    const { flow, src, dst } = conversation;
    this.prepare(flow, src, dst, time, event);
  }

  /** Fills the subject with what is known of an event and its two ends. */
  prepare(flow: FlowView, src: Host, dst: Host, time: number, event: ProtocolEvent | undefined): void {
    const { subject, calendar } = this;
    subject.time = time;
    subject.packet = flow.lastPacket;
    subject.flow = flow;
    subject.event = event;
    subject.src = src;
    subject.dst = dst;
    subject.order = calendar.order(dst.address, src.address);
    subject.srcOrder = calendar.workOn(src.address);
    subject.dstOrder = calendar.workOn(dst.address);
    subject.srcMaintenance = calendar.maintenance(src.address);
    subject.dstMaintenance = calendar.maintenance(dst.address);
    subject.point = undefined;
    subject.details = undefined;
    const { baseline } = subject;
    baseline.clear();
    if (!this.ready) return;
    baseline.ready = true;
    baseline.normal = this.#normal;
    const { transport } = flow;
    baseline.conversationLearned = this.baseline.knowsConversation(
      src.address,
      dst.address,
      transport,
      servicePort(flow),
    );
    baseline.writerLearned = this.baseline.knowsWriter(src.address, dst.address);
  }

  /** Asks rules about one written point of the event that was prepared for, and learns it where it is normal. */
  judgeWrite(
    { src, dst }: Pick<Conversation, 'src' | 'dst'>,
    table: LearnedTable,
    facts: PointFacts,
    accepted: boolean | undefined,
  ): void {
    const { subject, baseline } = this;
    const { address, tag, value, oldValue } = facts;
    subject.point = facts;
    if (this.ready) {
      subject.baseline.pointLearned = baseline.knowsPoint(src.address, dst.address, table, address);
      subject.baseline.valueLearned =
        value === undefined
          ? undefined
          : baseline.knowsValue(src.address, dst.address, table, address, value, oldValue);
    }
    if (this.learning && accepted !== false && subject.order === undefined)
      baseline.learnWrite(src.address, dst.address, table, address, tag, value, oldValue);
    this.engine.judge('penstock/point_write', subject);
    subject.point = undefined;
  }
}

function normalOf(baseline: Baseline): Normal {
  const services = new Set<string>();
  const speakers = new Set<string>();
  const loggers = new Set<string>();
  for (const { source, destination, transport, port } of baseline.toJSON().conversations) {
    services.add(`${destination}|${transport}|${port}`);
    speakers.add(source).add(destination);
    if (transport === 'udp' && port === SYSLOG) loggers.add(source);
  }
  return { services, speakers, loggers };
}
