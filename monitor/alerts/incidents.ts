/**
 * Incidents: alerts that belong together by asset, technique and time. Everything that a rule found counts towards its incident,
 * also what was only counted because it repeated itself or came in a flood, so that a sweep of a whole network is one incident.
 */

import { createHash } from 'node:crypto';
import { BoundedMap } from '../bounded-map.ts';
import { LEVELS, type Level } from '../sigma/schema.ts';
import type { Finding } from './index.ts';
import { byStage, stageOf, tacticsOf } from './kill-chain.ts';

/** One step of an incident's course: an alert as it was raised first. */
export interface IncidentStep {
  /** Seconds, as alerts'. */
  readonly time: number;
  readonly alert: string;
  readonly rule: string;
  readonly severity: Level;
  readonly techniques: readonly string[];
  readonly device: string | null;
  readonly tag: string | null;
  readonly source: string | null;
  readonly message: string;
}

/** Alerts of one asset that share a technique or a source, or of one source that share a technique, and follow each other closely. */
export interface Incident {
  readonly id: string;
  /** The asset that it began with, and all that it touched. */
  readonly asset: string | null;
  readonly devices: string[];
  readonly tags: string[];
  /** The highest of its alerts. */
  severity: Level;
  /** In the order in which they were seen. */
  readonly techniques: string[];
  readonly sources: string[];
  /** Rules, and how often each found something. */
  readonly rules: Record<string, number>;
  /** Seconds, as alerts'. */
  readonly from: number;
  to: number;
  /** Ids of its alerts, the first ones of a long list. */
  readonly alerts: string[];
  alertCount: number;
  /** Everything that was found: alerts, their repetitions, and what a flood's limit kept from becoming alerts. */
  findings: number;
  limited: number;
  /** Its course, the first steps of a long one. */
  readonly timeline: IncidentStep[];
}

/** An incident as it is told: its techniques and tactics in the order of the kill chain. */
export interface IncidentReport extends Incident {
  readonly tactics: readonly string[];
  readonly killChain: readonly { readonly tactic: string; readonly techniques: readonly string[] }[];
  /** Tactic that is furthest along; null where no technique is known. */
  readonly reached: string | null;
}

/** An incident that was quiet for so long is over, microseconds. */
const INCIDENT_GAP = 1800e6;
const MAX_INCIDENTS = 2000;
const MAX_ALERTS = 256;
const MAX_STEPS = 64;
const MAX_PARTIES = 256;
const MAX_SOURCES = 64;
/** Pairs of asset, source and technique by which an open incident is found. */
const MAX_KEYS = 65_536;

interface Open {
  readonly incident: Incident;
  last: number;
}

export const severityRank = (level: Level): number => LEVELS.indexOf(level);
export const shortHash = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 12);

export class IncidentBook {
  readonly incidents: Incident[] = [];
  /** Incidents that are no longer in the list. */
  discarded = 0;
  readonly #open = new BoundedMap<string, Open>(MAX_KEYS);
  #begun = 0;

  /**
   * The incident that a finding belongs to, a new one if there is none.
   * @param seconds since the start
   * @param isLimited one of a flood of its rule, which goes to the rule's newest incident when there is no nearer one
   */
  join(finding: Finding, seconds: number, isLimited: boolean): Incident {
    const keys = keysOf(finding);
    const ofRule = `r|${finding.rule.name}`;
    if (isLimited) keys.push(ofRule);
    const { epoch } = finding;
    let open: Open | undefined;
    for (const key of keys) {
      const candidate = this.#open.get(key);
      if (candidate === undefined || epoch - candidate.last > INCIDENT_GAP) continue;
      open = candidate;
      break;
    }
    open ??= this.#begin(finding, seconds);
    if (!isLimited) keys.push(ofRule);
    for (const key of keys) if (this.#open.get(key) !== open) this.#open.renew(key, open);
    if (epoch > open.last) open.last = epoch;
    grow(open.incident, finding, seconds);
    return open.incident;
  }

  #begin(finding: Finding, seconds: number): Open {
    const asset = finding.device?.label ?? null;
    const incident: Incident = {
      id: `i-${shortHash(`${asset ?? ''}|${finding.epoch}|${++this.#begun}`)}`,
      asset,
      devices: [],
      tags: [],
      severity: finding.rule.level,
      techniques: [],
      sources: [],
      rules: {},
      from: seconds,
      to: seconds,
      alerts: [],
      alertCount: 0,
      findings: 0,
      limited: 0,
      timeline: [],
    };
    if (this.incidents.length >= MAX_INCIDENTS) {
      this.incidents.shift();
      this.discarded++;
    }
    this.incidents.push(incident);
    return { incident, last: finding.epoch };
  }
}

/** What an incident is found by: the asset with each technique and with the source first, then the source with each technique. */
function keysOf({ device, source, techniques }: Finding): string[] {
  const asset = device?.label ?? '';
  const keys = techniques.map((technique) => `a|${asset}|t|${technique}`);
  if (source === undefined) return keys.length > 0 ? keys : [`a|${asset}`];
  keys.push(`a|${asset}|s|${source.label}`);
  for (const technique of techniques) keys.push(`s|${source.label}|t|${technique}`);
  return keys;
}

function grow(incident: Incident, finding: Finding, seconds: number): void {
  const { rule, device, source, tag } = finding;
  incident.findings++;
  incident.to = Math.max(incident.to, seconds);
  incident.rules[rule.name] = (incident.rules[rule.name] ?? 0) + 1;
  if (severityRank(rule.level) > severityRank(incident.severity)) incident.severity = rule.level;
  for (const technique of finding.techniques) add(incident.techniques, technique, MAX_PARTIES);
  if (device !== undefined) add(incident.devices, device.label, MAX_PARTIES);
  if (tag !== undefined) add(incident.tags, tag, MAX_PARTIES);
  if (source !== undefined) add(incident.sources, source.label, MAX_SOURCES);
}

function add(list: string[], entry: string, most: number): void {
  if (list.length < most && !list.includes(entry)) list.push(entry);
}

/** Puts an alert that was raised into its incident. */
export function addAlert(incident: Incident, step: IncidentStep): void {
  incident.alertCount++;
  if (incident.alerts.length < MAX_ALERTS) incident.alerts.push(step.alert);
  if (incident.timeline.length < MAX_STEPS) incident.timeline.push(step);
}

/** The incident with its techniques in the order of the kill chain. */
export function reportIncident(incident: Incident): IncidentReport {
  const techniques = [...incident.techniques].sort(byStage);
  const tactics = tacticsOf(techniques);
  const known = techniques.filter((technique) => stageOf(technique) >= 0);
  const killChain = tactics.map((tactic) => ({
    tactic,
    techniques: known.filter((technique) => tacticsOf([technique])[0] === tactic),
  }));
  return { ...incident, techniques, tactics, killChain, reached: tactics.at(-1) ?? null };
}
