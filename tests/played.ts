/** How tests read what came of a scenario or a baseline, in words, so that a miss names what was missed. */
import { loadScenario, type ScenarioSpec } from '@penstock/attacks';
import { hours, type ResponderName } from '@penstock/core';
import { openPlant, pages, runBaseline, runScenario, type ScenarioSummary } from '@penstock/range';

/** Days of virtual runs, several seeds, controls and responses; CI has seconds only. */
export const PROVE = process.env.PENSTOCK_PROVE === '1';
export const SEEDS = PROVE ? [7, 11, 23] : [7];
/** Virtual runs of many hours; a slow machine may take minutes. */
export const LONG = 1_800_000;

export interface Asked {
  readonly variant?: 'attack' | 'twin';
  readonly control?: string;
  readonly respond?: ResponderName;
  readonly withoutSourceRules?: boolean;
}
export const play = (scenario: ScenarioSpec, seed: number, asked: Asked = {}): Promise<ScenarioSummary> =>
  runScenario({ scenario, seed, ...asked });

/** A scenario of fewer minutes: undone after `undone`, and looked at until `end`, both from its last step and first. */
export function shortened(id: string, undone: number, end: number): ScenarioSpec {
  const whole = loadScenario(id);
  const revertAfter = hours(undone / 60);
  return { ...whole, observe: hours(end / 60), revertAfter, twin: { ...whole.twin, revertAfter } };
}

type Told = Pick<ScenarioSummary, 'alerts'>['alerts'];
const inWords = (alerts: Told) =>
  alerts.map(({ rule, device, tag, message }) => `${rule} ${device} ${tag}: ${message}`);
/** Alerts that call somebody. */
export const paging = ({ alerts }: { readonly alerts: Told }) => inWords(alerts.filter(pages));
/** False alarms that call somebody. */
export const wrong = ({ falseAlarms }: Pick<ScenarioSummary, 'falseAlarms'>) => paging({ alerts: falseAlarms });
export const hazards = ({ outcome }: Pick<ScenarioSummary, 'outcome'>) => outcome.hazards.map(({ hazard }) => hazard);
/** What was expected of the monitor and of the plant, and did not come. */
export const missed = ({ expected, effects }: Pick<ScenarioSummary, 'expected' | 'effects'>) =>
  [...expected, ...effects].filter(({ met }) => !met).map(({ about }) => about);

/** Normal operation of a seed that was not learned from. */
export async function normal(plant: string, length: number) {
  const asked = { plant: await openPlant(plant), seed: 11, duration: hours(length), startAt: hours(0) };
  const { simulatedSeconds, alerts, hazards: began } = runBaseline(asked);
  return { hours: simulatedSeconds / 3600, paging: paging({ alerts }), hazards: began };
}
