/** Alerts and incidents: what the monitor tells people. Repetitions are counted instead of told again, floods are limited. */
import { BoundedMap } from '../bounded-map.ts';
import type { EvidencePacket } from '../flows/evidence.ts';
import type { Level } from '../sigma/schema.ts';
import { addAlert, type Incident, IncidentBook, type IncidentReport, reportIncident, shortHash } from './incidents.ts';
import { type AlertRate, RateMeter } from './rate.ts';

export type { Incident, IncidentReport, IncidentStep } from './incidents.ts';
export { severityRank } from './incidents.ts';
export type { AlertRate } from './rate.ts';

export interface Alert {
  /** The same frames and rules give the same id. */
  readonly id: string;
  /** Counts from 1. */
  readonly number: number;
  /** Seconds since the run's start (or the capture's first packet). */
  readonly time: number;
  /** Microseconds since 1970. */
  readonly epoch: number;
  readonly rule: string;
  readonly title: string;
  readonly severity: Level;
  /** ATT&CK for ICS technique ids. */
  readonly techniques: readonly string[];
  /** Asset id of the device that it is about, its address where it is no asset. */
  readonly device: string | null;
  readonly deviceAddress: string | null;
  readonly tag: string | null;
  /** Engineering units with a point list, raw values without. */
  readonly oldValue: number | null;
  readonly newValue: number | null;
  readonly unit: string | null;
  /** Asset id or address that caused it. */
  readonly source: string | null;
  readonly sourceAddress: string | null;
  readonly message: string;
  readonly why: string;
  /** Numbers of its packets; frames count from 1. */
  readonly packets: readonly number[];
  readonly incident: string;
  /** How often it happened within the rule's suppression time, and when last (seconds). */
  count: number;
  lastTime: number;
}

/** What is known when a rule hits. */
export interface Finding {
  /** Microseconds since 1970. */
  readonly epoch: number;
  readonly rule: { readonly name: string; readonly title: string; readonly level: Level; readonly suppress: number };
  readonly techniques: readonly string[];
  readonly device: { readonly label: string; readonly address: string } | undefined;
  readonly source: { readonly label: string; readonly address: string } | undefined;
  readonly tag: string | undefined;
  /** Tells apart findings of one rule, device, tag and source (an unlisted register's address). */
  readonly detail: string | undefined;
  readonly oldValue: number | undefined;
  readonly newValue: number | undefined;
  readonly unit: string | undefined;
  readonly message: string;
  readonly why: string;
}

export interface AlertSink {
  /** A new alert with the packets that are still kept. */
  alert(alert: Alert, packets: readonly EvidencePacket[]): void;
  /** A known alert happened again. */
  repeated?(alert: Alert): void;
  /** An incident began or grew. */
  incident?(incident: Incident): void;
}

const MAX_ALERTS = 10_000;
const MAX_OPEN = 16_384;
/** As many alerts of one rule in an hour of event time; what comes on top is counted. */
const RATE = 120;
const RATE_WINDOW = 3600e6;
/** Bytes of evidence that are kept for later; sinks get it at once in any case. */
const MAX_EVIDENCE = 8 * 1024 * 1024;

/**
 * What comes back again and again right after its suppression time is told at twice that time, then at four times it, up to here
 * (microseconds): a reading that flutters at its limit, a device that asks for what it may not have. Somebody who is called for it
 * hears of it again sooner.
 */
const MAX_SUPPRESS = 4 * 3600e6;
const MAX_SUPPRESS_PAGING = 3600e6;
/** Quiet for so many suppression times, it is told as at first. */
const FORGET = 4;

interface Open {
  readonly alert: Alert;
  until: number;
  /** Suppression time as it is now, and when it happened last. */
  window: number;
  last: number;
}

export class AlertBook {
  readonly alerts: Alert[] = [];
  /** Findings that raised no alert because their rule raised too many, by rule. */
  readonly limited = new Map<string, number>();
  /** Alerts that are no longer in `alerts`. */
  discarded = 0;
  repetitions = 0;
  readonly #sinks: readonly AlertSink[];
  readonly #open = new BoundedMap<string, Open>(MAX_OPEN);
  readonly #rates = new Map<string, number[]>();
  readonly #evidence = new Map<string, readonly EvidencePacket[]>();
  readonly #incidents = new IncidentBook();
  readonly #meter = new RateMeter();
  #evidenceBytes = 0;
  #raised = 0;
  #newest = Number.NEGATIVE_INFINITY;
  #startEpoch: number | undefined;

  /** @param startEpoch microseconds since 1970 from which seconds count; the first time given to `begin` when left out */
  constructor(sinks: readonly AlertSink[], startEpoch?: number | undefined) {
    this.#sinks = sinks;
    this.#startEpoch = startEpoch;
  }

  get incidents(): readonly IncidentReport[] {
    return this.#incidents.incidents.map(reportIncident);
  }

  /** Incidents that are no longer in the list. */
  get discardedIncidents(): number {
    return this.#incidents.discarded;
  }

  /** Alerts per hour. @param now microseconds since 1970 to which was watched */
  rate(now: number): AlertRate {
    return this.#meter.report(this.seconds(Math.max(now, this.#newest)));
  }

  get startEpoch(): number | undefined {
    return this.#startEpoch;
  }

  begin(time: number): void {
    this.#startEpoch ??= time;
  }

  /** Seconds since the start. */
  seconds(epoch: number): number {
    return (epoch - (this.#startEpoch ?? epoch)) / 1e6;
  }

  /** @param packets fetches the finding's packets; only asked for when an alert is raised */
  report(finding: Finding, numbers: readonly number[], packets: () => readonly EvidencePacket[]): Alert | undefined {
    const { rule, epoch } = finding;
    if (epoch > this.#newest) this.#newest = epoch;
    const seconds = this.seconds(epoch);
    const key = [rule.name, finding.device?.address, finding.tag, finding.source?.address, finding.detail].join('|');
    const open = this.#open.get(key);
    if (open !== undefined && epoch <= open.until) {
      open.alert.count++;
      open.alert.lastTime = seconds;
      open.last = epoch;
      this.repetitions++;
      this.#incidents.join(finding, seconds, false);
      for (const sink of this.#sinks) sink.repeated?.(open.alert);
      return undefined;
    }
    const isLimited = !this.#withinRate(rule.name, epoch);
    const incident = this.#incidents.join(finding, seconds, isLimited);
    if (isLimited) {
      this.limited.set(rule.name, (this.limited.get(rule.name) ?? 0) + 1);
      incident.limited++;
      return undefined;
    }
    const evidence = packets();
    const alert = this.#raise(finding, key, numbers.length > 0 ? numbers : evidence.map((p) => p.number), incident);
    const window = nextWindow(rule, open, epoch);
    this.#open.renew(key, { alert, until: epoch + window, window, last: epoch });
    this.#keep(alert, evidence);
    this.#meter.alert(rule.level, seconds);
    for (const sink of this.#sinks) {
      sink.incident?.(incident);
      sink.alert(alert, evidence);
    }
    return alert;
  }

  /** Packets of an alert as they were captured, oldest first. */
  evidence(alertId: string): readonly EvidencePacket[] {
    return this.#evidence.get(alertId) ?? [];
  }

  #withinRate(rule: string, epoch: number): boolean {
    let times = this.#rates.get(rule);
    if (times === undefined) {
      times = [];
      this.#rates.set(rule, times);
    }
    while (times.length > 0 && epoch - (times[0] as number) > RATE_WINDOW) times.shift();
    if (times.length >= RATE) return false;
    times.push(epoch);
    return true;
  }

  #raise(finding: Finding, key: string, numbers: readonly number[], incident: Incident): Alert {
    const number = ++this.#raised;
    const id = `a-${shortHash(`${key}|${finding.epoch}|${number}`)}`;
    const seconds = this.seconds(finding.epoch);
    const alert: Alert = {
      id,
      number,
      time: seconds,
      epoch: finding.epoch,
      rule: finding.rule.name,
      title: finding.rule.title,
      severity: finding.rule.level,
      techniques: finding.techniques,
      device: finding.device?.label ?? null,
      deviceAddress: finding.device?.address ?? null,
      tag: finding.tag ?? null,
      oldValue: finite(finding.oldValue),
      newValue: finite(finding.newValue),
      unit: finding.unit ?? null,
      source: finding.source?.label ?? null,
      sourceAddress: finding.source?.address ?? null,
      message: finding.message,
      why: finding.why,
      packets: numbers,
      incident: incident.id,
      count: 1,
      lastTime: seconds,
    };
    if (this.alerts.length >= MAX_ALERTS) {
      this.alerts.shift();
      this.discarded++;
    }
    this.alerts.push(alert);
    const { rule, severity, techniques, device, tag, source, message } = alert;
    addAlert(incident, { time: seconds, alert: id, rule, severity, techniques, device, tag, source, message });
    return alert;
  }

  #keep(alert: Alert, packets: readonly EvidencePacket[]): void {
    this.#evidence.set(alert.id, packets);
    this.#evidenceBytes += sizeOf(packets);
    for (const [id, kept] of this.#evidence) {
      if (this.#evidenceBytes <= MAX_EVIDENCE && this.#evidence.size <= MAX_ALERTS) break;
      this.#evidence.delete(id);
      this.#evidenceBytes -= sizeOf(kept);
    }
  }
}

const sizeOf = (packets: readonly EvidencePacket[]): number => packets.reduce((sum, p) => sum + p.bytes.length, 0);
const finite = (value: number | undefined): number | null =>
  value !== undefined && Number.isFinite(value) ? value : null;

/** How long repetitions are only counted from now on. */
function nextWindow(rule: Finding['rule'], before: Open | undefined, now: number): number {
  if (before === undefined || now - before.last > FORGET * before.window) return rule.suppress;
  const pages = rule.level === 'high' || rule.level === 'critical';
  const most = Math.max(rule.suppress, pages ? MAX_SUPPRESS_PAGING : MAX_SUPPRESS);
  return Math.min(2 * before.window, most);
}
