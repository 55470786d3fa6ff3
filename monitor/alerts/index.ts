/** Alerts and incidents: what the monitor tells people. Repetitions are counted instead of told again, floods are limited. */
import { createHash } from 'node:crypto';
import type { EvidencePacket } from '../flows/evidence.ts';
import { LEVELS, type Level } from '../sigma/schema.ts';

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

/** Alerts of one asset that share a technique or a source and follow each other closely. */
export interface Incident {
  readonly id: string;
  readonly asset: string | null;
  severity: Level;
  readonly techniques: string[];
  readonly sources: string[];
  /** Seconds, as alerts'. */
  readonly from: number;
  to: number;
  readonly alerts: string[];
  alertCount: number;
}

export interface AlertSink {
  /** A new alert with the packets that are still kept. */
  alert(alert: Alert, packets: readonly EvidencePacket[]): void;
  /** A known alert happened again. */
  repeated?(alert: Alert): void;
  /** An incident began or grew. */
  incident?(incident: Incident): void;
}

/** An incident that was quiet for so long is over, microseconds. */
const INCIDENT_GAP = 1800e6;
const MAX_ALERTS = 10_000;
const MAX_INCIDENTS = 2000;
const MAX_ALERTS_PER_INCIDENT = 256;
const MAX_OPEN = 16_384;
/** As many alerts of one rule in an hour of event time; what comes on top is counted. */
const RATE = 120;
const RATE_WINDOW = 3600e6;
/** Bytes of evidence that are kept for later; sinks get it at once in any case. */
const MAX_EVIDENCE = 8 * 1024 * 1024;

interface Open {
  readonly alert: Alert;
  until: number;
}

export const severityRank = (level: Level): number => LEVELS.indexOf(level);

export class AlertBook {
  readonly alerts: Alert[] = [];
  readonly incidents: Incident[] = [];
  /** Findings that raised no alert because their rule raised too many, by rule. */
  readonly limited = new Map<string, number>();
  /** Alerts that are no longer in `alerts`. */
  discarded = 0;
  repetitions = 0;
  readonly #sinks: readonly AlertSink[];
  readonly #open = new Map<string, Open>();
  readonly #rates = new Map<string, number[]>();
  readonly #evidence = new Map<string, readonly EvidencePacket[]>();
  readonly #openIncidents = new Map<string, { incident: Incident; last: number }[]>();
  #evidenceBytes = 0;
  #raised = 0;
  #incidentsBegun = 0;
  #startEpoch: number | undefined;

  /** @param startEpoch microseconds since 1970 from which seconds count; the first time given to `begin` when left out */
  constructor(sinks: readonly AlertSink[], startEpoch?: number | undefined) {
    this.#sinks = sinks;
    this.#startEpoch = startEpoch;
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
    const key = [rule.name, finding.device?.address, finding.tag, finding.source?.address, finding.detail].join('|');
    const open = this.#open.get(key);
    if (open !== undefined && epoch <= open.until) {
      open.alert.count++;
      open.alert.lastTime = this.seconds(epoch);
      this.repetitions++;
      for (const sink of this.#sinks) sink.repeated?.(open.alert);
      return undefined;
    }
    if (!this.#withinRate(rule.name, epoch)) {
      this.limited.set(rule.name, (this.limited.get(rule.name) ?? 0) + 1);
      return undefined;
    }
    const evidence = packets();
    const alert = this.#raise(finding, key, numbers.length > 0 ? numbers : evidence.map((p) => p.number));
    this.#open.delete(key);
    if (this.#open.size >= MAX_OPEN) this.#open.delete(this.#open.keys().next().value as string);
    this.#open.set(key, { alert, until: epoch + rule.suppress });
    this.#keep(alert, evidence);
    for (const sink of this.#sinks) sink.alert(alert, evidence);
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

  #raise(finding: Finding, key: string, numbers: readonly number[]): Alert {
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
      incident: this.#join(finding, id, seconds),
      count: 1,
      lastTime: seconds,
    };
    if (this.alerts.length >= MAX_ALERTS) {
      this.alerts.shift();
      this.discarded++;
    }
    this.alerts.push(alert);
    return alert;
  }

  /** Puts an alert into the incident that it belongs to, a new one if there is none; returns the incident's id. */
  #join(finding: Finding, alertId: string, seconds: number): string {
    const asset = finding.device?.label ?? null;
    const source = finding.source?.label;
    const assetKey = asset ?? '';
    const candidates = (this.#openIncidents.get(assetKey) ?? []).filter((o) => finding.epoch - o.last <= INCIDENT_GAP);
    const shares = ({ techniques, sources }: Incident): boolean =>
      finding.techniques.some((t) => techniques.includes(t)) || (source !== undefined && sources.includes(source));
    let open = candidates.find(({ incident }) => shares(incident));
    if (open === undefined) {
      const number = ++this.#incidentsBegun;
      const id = `i-${shortHash(`${assetKey}|${finding.epoch}|${number}`)}`;
      const incident: Incident = {
        id,
        asset,
        severity: finding.rule.level,
        techniques: [],
        sources: [],
        from: seconds,
        to: seconds,
        alerts: [],
        alertCount: 0,
      };
      open = { incident, last: finding.epoch };
      candidates.push(open);
      if (this.incidents.length >= MAX_INCIDENTS) this.incidents.shift();
      this.incidents.push(incident);
    }
    this.#openIncidents.delete(assetKey);
    if (this.#openIncidents.size >= MAX_OPEN)
      this.#openIncidents.delete(this.#openIncidents.keys().next().value as string);
    this.#openIncidents.set(assetKey, candidates);
    const { incident } = open;
    open.last = finding.epoch;
    incident.to = Math.max(incident.to, seconds);
    if (severityRank(finding.rule.level) > severityRank(incident.severity)) incident.severity = finding.rule.level;
    for (const technique of finding.techniques)
      if (!incident.techniques.includes(technique)) incident.techniques.push(technique);
    if (source !== undefined && !incident.sources.includes(source) && incident.sources.length < 64)
      incident.sources.push(source);
    incident.alertCount++;
    if (incident.alerts.length < MAX_ALERTS_PER_INCIDENT) incident.alerts.push(alertId);
    for (const sink of this.#sinks) sink.incident?.(incident);
    return incident.id;
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
const shortHash = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 12);
