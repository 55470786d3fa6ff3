/** A run that is being played, as the page sees it: values, and numbered alerts, journal lines and orders. */
import { randomBytes } from 'node:crypto';
import {
  type AlarmMessage,
  type AlarmRequest,
  type AlarmSummaryMessage,
  type AlertMessage,
  type AttackMessage,
  type FlowsMessage,
  type Instant,
  inSeconds,
  type JournalMessage,
  type KeyframeMessage,
  type OrderMessage,
  type PageRole,
  type PlantSpec,
  type RepetitionMessage,
  type TagSpec,
  type ValuesMessage,
} from '@penstock/core';
import type { Alert, AlertSink } from '@penstock/monitor';
import { type OrderStatus, operableTags, type Play, type PlayRequest } from '@penstock/range';
import type { GateAddress, OutsideEntry } from '@penstock/simulator/kernel';
import { AlarmStation } from './alarm-station.ts';
import { AttackConsole } from './attack-console.ts';
import { FlowMeter } from './flow-meter.ts';
import { FrameRing } from './frame-ring.ts';
import { History } from './history.ts';
import type { LiveRange } from './live.ts';
import { Packets } from './packets.ts';
import { toleratedAges } from './staleness.ts';
import { LastWrites } from './tags.ts';
import { Told } from './told.ts';

/** Lines that a page gets when it joins; older ones are in the journals. */
const REMEMBERED = 1000;
const FRAMES = { bytes: 48 * 1024 * 1024, frames: 200_000 };
/** Journal lines that tell what only the instructor may know. */
const TRUTH: ReadonlySet<JournalMessage['kind']> = new Set(['attack', 'hazard']);

export class LivePlay implements AlertSink, LiveRange {
  /** Tells this run from one of the same name that was played before: a page that joins again must know. */
  readonly #instance = randomBytes(6).toString('base64url');
  readonly onAlert = new Told<AlertMessage>();
  readonly onRepetition = new Told<RepetitionMessage>();
  readonly onJournal = new Told<JournalMessage>();
  readonly onOrder = new Told<OrderMessage>();
  readonly #alerts: AlertMessage[] = [];
  readonly #packetsOf = new Map<number, readonly number[]>();
  readonly #journal: JournalMessage[] = [];
  readonly #orders: OrderMessage[] = [];
  lastFlows: FlowsMessage = { time: 0, flows: [], packets: 0, devices: 0 };
  readonly #ring = new FrameRing(FRAMES.bytes, FRAMES.frames);
  #lines = 0;
  #shown: Shown | undefined;

  /** What the run has to tell, for the request that it is played with. */
  get listeners(): Pick<PlayRequest, 'onActivity' | 'onHazard' | 'onDeviceLog' | 'onStep' | 'onOrder' | 'frames'> {
    return {
      frames: this.#ring,
      onActivity: (at, text) => this.#write(at, 'operation', text),
      onHazard: (at, hazard, state) => {
        this.#write(at, 'hazard', `${hazard}: ${state === 'begin' ? 'limit broken' : 'over'}`);
        if (state !== 'begin') return;
        this.#shown?.console.hazard(hazard, inSeconds(at));
        this.#shown?.history.mark({ time: inSeconds(at), kind: 'hazard', tag: null, text: hazard });
      },
      onDeviceLog: (at, device, entry) => this.#write(at, 'device', `${device}: ${entry.text}`),
      onStep: (step) => {
        const text = `${step.phase} ${step.step}: ${step.event} ${step.detail}`;
        this.#write(step.at, 'attack', text);
        this.#shown?.console.step(step);
        for (const tag of step.tags.length > 0 ? step.tags : [null])
          this.#shown?.history.mark({ time: inSeconds(step.at), kind: 'attack', tag, text });
      },
      onOrder: (status) => this.#order(status),
    };
  }

  /** Called once the run is built; nothing has happened in it yet. */
  show(play: Play, clock: OutsideEntry, gates: readonly GateAddress[], rate: number): void {
    const { range } = play;
    const { devices, displayed, spec } = range;
    const displaying = [...devices.values()].find((device) => device.store === displayed);
    const baseline = play.monitor?.baseline;
    // Without one that was learned before, nothing can be told to be new.
    const learned = baseline !== undefined && !baseline.empty;
    const flows = new FlowMeter(
      spec,
      range.epoch,
      (source, destination, transport, port) =>
        !learned || baseline.knowsConversation(source, destination, transport, port),
    );
    const writes = new LastWrites(spec);
    play.truth.onWrite = (record) => writes.take(record);
    play.watch(flows);
    const alarms = new AlarmStation(spec);
    const history = new History(range);
    alarms.onRaise.to(({ tag, limit, raisedAt }) =>
      history.mark({ time: raisedAt ?? 0, kind: 'alarm', tag, text: `${tag} ${limit}` }),
    );
    const packets = new Packets(this.#ring, spec, range.epoch, {
      packetsOf: (alert) => this.#packetsOf.get(alert) ?? [],
      alertsOf: (packet) =>
        [...this.#packetsOf].flatMap(([alert, numbers]) => (numbers.includes(packet) ? [alert] : [])),
    });
    this.#shown = {
      ...{ play, clock, gates, rate, alarms, history, packets, flows, writes, console: new AttackConsole(play) },
      tolerated: toleratedAges(spec, displaying?.spec.id ?? ''),
      operable: operableTags(spec),
    };
  }

  get play(): Play {
    return this.#required.play;
  }

  get clock(): OutsideEntry {
    return this.#required.clock;
  }

  get history(): History {
    return this.#required.history;
  }

  get packets(): Packets {
    return this.#required.packets;
  }

  get writes(): LastWrites {
    return this.#required.writes;
  }

  get console(): AttackConsole {
    return this.#required.console;
  }

  get #required(): Shown {
    if (!this.#shown) throw new Error('nothing is shown yet');
    return this.#shown;
  }

  alert(alert: Alert): void {
    const { number, time, rule, title, severity, device, tag, message, why, count, packets } = alert;
    const techniques = [...alert.techniques];
    const told = { number, time, rule, title, severity, techniques, device, tag, message, why, count };
    this.#alerts.push(told);
    this.#packetsOf.set(number, packets);
    if (this.#alerts.length > REMEMBERED) this.#packetsOf.delete(this.#alerts.shift()?.number ?? 0);
    this.#shown?.history.mark({ time, kind: 'alert', tag, text: `${title}: ${message}` });
    this.#shown?.console.alerted(number, time, device, tag);
    this.onAlert.tell(told);
  }

  repeated({ number, count }: Alert): void {
    const known = this.#alerts.find((alert) => alert.number === number);
    if (known) known.count = count;
    this.onRepetition.tell({ number, count });
  }

  get onAlarms(): Told<AlarmMessage[]> {
    return this.#required.alarms.onChange;
  }

  get onAttack(): Told<AttackMessage> {
    return this.#required.console.onChange;
  }

  /** What a person does with alarms; the journal says who did. @throws UsageError `alarm.unknown`, `alarm.shelve` */
  doAlarm(request: AlarmRequest, by: string): void {
    const { now } = this.#required.play.range.queue;
    this.#required.alarms.do(request, by, now);
    const what = request.do === 'acknowledge' ? request.alarms.join(' ') : request.alarm;
    const why = 'reason' in request ? ` (${request.reason})` : '';
    this.#write(now, 'operation', `${by}: ${request.do} ${what}${why}`);
  }

  alarmSummary(): AlarmSummaryMessage {
    return this.#required.alarms.summary(this.#required.play.range.queue.now);
  }

  /** Takes the present into history and alarms; called as often as values go out. */
  observe(): void {
    const { play, alarms, history, console } = this.#required;
    const { queue, displayed } = play.range;
    history.sample(queue.now);
    alarms.update(queue.now, displayed.values, (tag) => this.#isStale(tag, queue.now));
    console.tick();
  }

  /** Flows since the last call. */
  takeFlows(): FlowsMessage {
    const { play, flows } = this.#required;
    this.lastFlows = flows.take(inSeconds(play.range.queue.now));
    return this.lastFlows;
  }

  values(role: PageRole): ValuesMessage {
    const { range } = this.#required.play;
    const { now } = range.queue;
    const { values } = range.displayed;
    const stale: number[] = [];
    for (let tag = 0; tag < values.length; tag++) if (this.#isStale(tag, now)) stale.push(tag);
    return {
      time: inSeconds(now),
      displayed: numbers(values),
      stale,
      measured: role === 'instructor' ? numbers(range.measured) : [],
      true: role === 'instructor' ? numbers(range.truth) : [],
    };
  }

  /** Whether a role may hear of a line of the journal. */
  mayHear(role: PageRole, { kind }: JournalMessage): boolean {
    return role === 'instructor' || !TRUTH.has(kind);
  }

  keyframe(role: PageRole, lastAlert: number, lastJournal: number): KeyframeMessage {
    const { play, rate, alarms, console } = this.#required;
    const { range } = play;
    const { spec } = range;
    return {
      run: `${range.run}/${this.#instance}`,
      role,
      plant: { id: spec.id, name: spec.name, summary: spec.summary },
      seed: range.seed,
      rate,
      startsAt: new Date(range.epoch / 1000).toISOString(),
      areas: spec.areas.map(({ id, name }) => ({ id, name })),
      tags: spec.tags.map((tag) => this.#tag(tag)),
      devices: spec.devices.filter(({ id }) => range.devices.has(id)).map((device) => this.#device(device)),
      values: this.values(role),
      alerts: this.#alerts.filter((alert) => alert.number > lastAlert),
      repetitions: this.#alerts.flatMap(({ number, count }) =>
        number <= lastAlert && count > 1 ? [{ number, count }] : [],
      ),
      journal: this.#journal.filter((line) => line.number > lastJournal && this.mayHear(role, line)),
      alarms: alarms.list,
      alarmSummary: alarms.summary(range.queue.now),
      orders: this.#orders,
      attack: role === 'instructor' ? console.message : null,
    };
  }

  #isStale(tag: number, now: Instant): boolean {
    const { play, tolerated } = this.#required;
    const { values, times } = play.range.displayed;
    return !Number.isNaN(values[tag]) && now - (times[tag] as number) > (tolerated[tag] as number);
  }

  #device({ id, name, kind, role, zone, address, mac, controller }: PlantSpec['devices'][number]) {
    const gates = this.#required.gates
      .filter((gate) => gate.device === id)
      .map(({ service, host, port }) => ({ service, host, port }));
    return { id, name, kind, role, zone, address, mac, hasLogic: controller !== undefined, gates };
  }

  #tag(tag: TagSpec): KeyframeMessage['tags'][number] {
    const { spec } = this.#required.play.range;
    const { id, name, area, kind, unit, range, states = null, safe = null, alarms, matters = null } = tag;
    const { lowLow = null, low = null, high = null, highHigh = null, state = null, priority = 'medium' } = alarms ?? {};
    const limits = alarms === undefined ? null : { lowLow, low, high, highHigh, state, priority };
    const loop = loopOf(id);
    return {
      ...{ id, name, area, kind, unit, range, states, safe, alarms: limits, matters },
      operable: this.#required.operable.has(id),
      device: spec.devices.find((d) => d.controller && d.points.some((point) => point.tag === id))?.id ?? null,
      loop: spec.tags.filter((other) => other.id !== id && loopOf(other.id) === loop).map((other) => other.id),
    };
  }

  #order(status: OrderStatus): void {
    const { number, kind, what, by, outcome, text } = status;
    const message: OrderMessage = {
      ...{ number, kind, what, by, outcome, text, asked: inSeconds(status.asked), due: inSeconds(status.due) },
      ended: status.ended === undefined ? null : inSeconds(status.ended),
      value: status.result ?? null,
    };
    const place = this.#orders.findIndex((order) => order.number === number);
    if (place >= 0) this.#orders[place] = message;
    else this.#orders.push(message);
    if (this.#orders.length > REMEMBERED) this.#orders.shift();
    const asked = `${what}${status.value === null ? '' : ` := ${status.value}`}`;
    this.#write(status.ended ?? status.asked, 'operation', `${by} ${asked}: ${outcome} ${text}`.trim());
    if (outcome === 'done' && kind === 'operate')
      this.#shown?.history.mark({ time: message.ended ?? 0, kind: 'order', tag: what, text: `${by} ${asked}` });
    this.onOrder.tell(message);
  }

  #write(at: Instant, kind: JournalMessage['kind'], text: string): void {
    const line: JournalMessage = { number: ++this.#lines, time: inSeconds(at), kind, text };
    this.#journal.push(line);
    if (this.#journal.length > REMEMBERED) this.#journal.shift();
    this.onJournal.tell(line);
  }
}

/** All that is there once a run is shown. */
interface Shown {
  readonly play: Play;
  readonly clock: OutsideEntry;
  readonly gates: readonly GateAddress[];
  readonly rate: number;
  readonly alarms: AlarmStation;
  readonly history: History;
  readonly packets: Packets;
  readonly flows: FlowMeter;
  readonly writes: LastWrites;
  readonly console: AttackConsole;
  /** By tag number how old a displayed value may be, microseconds. */
  readonly tolerated: Float64Array;
  /** Tags that operators may write, with the device that takes them. */
  readonly operable: ReadonlyMap<string, string>;
}

/** Loop number of an ISA-5.1 tag with its variable: `A301` for AIC301_SP and AIT301. */
const loopOf = (tag: string): string => `${tag[0]}${/\d+/.exec(tag)?.[0]}`;

/** JSON has no NaN: a value that there is not is null. */
const numbers = (values: Float64Array): (number | null)[] =>
  Array.from(values, (value) => (Number.isFinite(value) ? value : null));
