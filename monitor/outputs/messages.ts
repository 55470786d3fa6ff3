/** What is told to the outside as it happens: alerts, what repeats itself, incidents. One form for JSON lines, webhook and syslog. */

import { reportIncident, severityRank } from '../alerts/incidents.ts';
import type { Alert, AlertSink, Incident } from '../alerts/index.ts';
import { BoundedMap } from '../bounded-map.ts';
import type { Level } from '../sigma/schema.ts';

export interface AlertNotice extends Alert {
  readonly type: 'alert';
  /** Day and time in UTC. */
  readonly at: string;
}

/** A known alert happened again: told the 10th, 100th, 1000th … time. */
export interface RepetitionNotice {
  readonly type: 'repetition';
  readonly alert: string;
  readonly rule: string;
  readonly severity: Level;
  readonly count: number;
  /** Seconds since the start. */
  readonly lastTime: number;
}

/** An incident began or became graver. */
export interface IncidentNotice {
  readonly type: 'incident';
  readonly id: string;
  readonly asset: string | null;
  readonly severity: Level;
  readonly techniques: readonly string[];
  readonly tactics: readonly string[];
  readonly devices: readonly string[];
  readonly tags: readonly string[];
  readonly sources: readonly string[];
  /** Seconds since the start. */
  readonly from: number;
  readonly to: number;
  readonly alertCount: number;
  readonly findings: number;
}

export type Notice = AlertNotice | RepetitionNotice | IncidentNotice;

/** Incidents whose severity is remembered, so that only news of them is told. */
const MAX_INCIDENTS = 2000;

/** Turns what the monitor raises into notices for `tell`, which must not wait and must not throw. */
export class NoticeSink implements AlertSink {
  readonly #tell: (notice: Notice) => void;
  readonly #told = new BoundedMap<string, Level>(MAX_INCIDENTS);

  constructor(tell: (notice: Notice) => void) {
    this.#tell = tell;
  }

  alert(alert: Alert): void {
    this.#tell({ type: 'alert', at: new Date(alert.epoch / 1e3).toISOString(), ...alert });
  }

  repeated({ id, rule, severity, count, lastTime }: Alert): void {
    if (isRound(count)) this.#tell({ type: 'repetition', alert: id, rule, severity, count, lastTime });
  }

  incident(incident: Incident): void {
    const told = this.#told.get(incident.id);
    if (told !== undefined && severityRank(told) >= severityRank(incident.severity)) return;
    this.#told.set(incident.id, incident.severity);
    const { techniques, tactics } = reportIncident(incident);
    const { id, asset, severity, devices, tags, sources, from, to, alertCount, findings } = incident;
    this.#tell({
      type: 'incident',
      ...{ id, asset, severity, techniques, tactics, from, to, alertCount, findings },
      ...{ devices: [...devices], tags: [...tags], sources: [...sources] },
    });
  }
}

function isRound(count: number): boolean {
  let power = 10;
  while (power < count) power *= 10;
  return power === count;
}
