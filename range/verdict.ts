/**
 * The join of the two records: what the monitor said, held against what happened. Definitions are the project's
 * (ARCHITECTURE.md, "Verdicts"); all times here are seconds from the run's start.
 */

/** What a verdict needs of an alert. */
export interface JudgedAlert {
  readonly time: number;
  readonly device: string | undefined;
  readonly tag: string | undefined;
  /** Who did it, as far as the alert says. */
  readonly source?: string | undefined;
}

/** What the truth journal labels as the scenario's doing. */
export interface ScenarioLabels {
  /** First malicious packet; undefined when nothing was sent. */
  readonly firstPacket: number | undefined;
  /** End of revert and settling. */
  readonly end: number;
  /** Device ids that the adversary acted from or upon. */
  readonly devices: ReadonlySet<string>;
  readonly tags: ReadonlySet<string>;
  /** Those of the devices that the adversary acted from: what they do to whomever is the scenario's doing. */
  readonly actors?: ReadonlySet<string>;
}

/** The three responses that a detection can be in time for, in seconds from the alert. */
export const RESPONSES = { automatic: 5, controlRoom: 600, field: 1800 } as const;

export interface Verdict<Alert> {
  readonly detected: boolean;
  readonly timeToDetectSeconds: number | null;
  readonly timeToDamageSeconds: number | null;
  readonly inTime: Record<keyof typeof RESPONSES, boolean>;
  readonly trueAlerts: readonly Alert[];
  readonly falseAlarms: readonly Alert[];
}

/**
 * Judges one run.
 * @param damageAt when the first hazard began in the run without safeguards and responses; undefined when it never did
 */
export function judge<Alert extends JudgedAlert>(
  alerts: readonly Alert[],
  labels: ScenarioLabels,
  damageAt: number | undefined,
): Verdict<Alert> {
  const first = labels.firstPacket;
  const isTrue = (alert: Alert): boolean =>
    first !== undefined &&
    alert.time >= first &&
    alert.time <= labels.end &&
    ((alert.device !== undefined && labels.devices.has(alert.device)) ||
      (alert.tag !== undefined && labels.tags.has(alert.tag)) ||
      (alert.source !== undefined && labels.actors?.has(alert.source) === true));
  const trueAlerts = alerts.filter(isTrue);
  const falseAlarms = alerts.filter((alert) => !isTrue(alert));
  const toDetect =
    first === undefined || trueAlerts.length === 0 ? null : Math.min(...trueAlerts.map((a) => a.time)) - first;
  const toDamage = first === undefined || damageAt === undefined ? null : damageAt - first;
  const beats = (response: number): boolean =>
    toDetect !== null && (toDamage === null || toDetect + response <= toDamage);
  return {
    detected: toDetect !== null,
    timeToDetectSeconds: toDetect,
    timeToDamageSeconds: toDamage,
    inTime: {
      automatic: beats(RESPONSES.automatic),
      controlRoom: beats(RESPONSES.controlRoom),
      field: beats(RESPONSES.field),
    },
    trueAlerts,
    falseAlarms,
  };
}
