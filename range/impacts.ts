/**
 * Impact techniques (ATT&CK for ICS 19.1, tactic Impact) are read off the truth, never authored: what the scenario did to the plant and
 * to what people see of it.
 */
import type { PlantSpec } from '@penstock/core';
import type { PlayResult } from './play.ts';

/** An impact that is true of a run. */
export interface Impact {
  readonly technique: string;
  /** Seconds from the run's start. */
  readonly time: number;
  /** What in the truth says so. */
  readonly evidence: string;
}

/** What kind of harm is which impact. */
const OF_HARM: Record<PlantSpec['hazards'][number]['harm'], readonly string[]> = {
  // T0831 Manipulation of Control: the process leaves its limits by what controls it.
  quality: ['T0831'],
  // T0879 Damage to Property.
  equipment: ['T0831', 'T0879'],
  // T0826 Loss of Availability, T0828 Loss of Productivity and Revenue.
  supply: ['T0826', 'T0828'],
  // T0880 Loss of Safety.
  injury: ['T0831', 'T0880'],
  environment: ['T0831', 'T0879'],
};

const MANIPULATION_OF_CONTROL = 'T0831';
const MANIPULATION_OF_VIEW = 'T0832';
/** For a time … */
const DENIAL_OF_VIEW = 'T0815';
const DENIAL_OF_CONTROL = 'T0813';
/** … and for as long as nobody goes there. */
const LOSS_OF_VIEW = 'T0829';
const LOSS_OF_CONTROL = 'T0827';
const LOSS_OF_PROTECTION = 'T0837';

/**
 * Impacts of an attack that are true of this run, each with its first evidence, in order of time. What began before the first malicious
 * packet is none of it, and neither is what happens to devices that the scenario does not act upon. A twin has none.
 * @param devices ids of the devices that the scenario acts from or upon
 */
export function impactsOf(
  plant: PlantSpec,
  result: PlayResult,
  variant: 'attack' | 'twin',
  devices: ReadonlySet<string>,
): Impact[] {
  const { firstPacket, watched } = result;
  if (variant === 'twin' || firstPacket === undefined) return [];
  const found: Impact[] = [];
  const add = (technique: string, time: number, evidence: string): void => {
    if (time >= firstPacket) found.push({ technique, time, evidence });
  };
  for (const { hazard, state, at } of result.hazards) {
    const harm = plant.hazards.find((h) => h.id === hazard)?.harm;
    if (state === 'begin' && harm !== undefined)
      for (const technique of OF_HARM[harm]) add(technique, at, `hazard ${hazard}`);
  }
  const own = new Set(plant.devices.filter((d) => devices.has(d.id)).flatMap((d) => d.points.map((p) => p.tag)));
  const ofOurs = <T extends { readonly tag: string }>(episodes: readonly T[]): T[] =>
    episodes.filter(({ tag }) => own.has(tag));
  for (const { tag, from, displayed, measured } of ofOurs(watched?.manipulatedView ?? []))
    add(MANIPULATION_OF_VIEW, from, `${tag} shows ${figure(displayed)} where the controller has ${figure(measured)}`);
  for (const { tag, from, until } of ofOurs(watched?.lostView ?? []))
    add(until === null ? LOSS_OF_VIEW : DENIAL_OF_VIEW, from, `nothing is seen of ${tag}`);
  for (const { name, from } of watched?.compromised ?? [])
    if (own.has(name)) add(MANIPULATION_OF_CONTROL, from, `${name} is beyond the safe limits of its loop`);
  const protecting = new Set(
    plant.safeguards.flatMap((s) => (s.kind === 'sis' && s.device !== undefined ? [s.device] : [])),
  );
  for (const { name, from, until } of watched?.stopped ?? []) {
    if (!devices.has(name)) continue;
    add(until === null ? LOSS_OF_CONTROL : DENIAL_OF_CONTROL, from, `the program of ${name} does not run`);
    if (protecting.has(name)) add(LOSS_OF_PROTECTION, from, `the program of ${name} does not run`);
  }
  found.sort((a, b) => a.time - b.time);
  return found.filter((impact, i) => found.findIndex((other) => other.technique === impact.technique) === i);
}

const figure = (value: number): string => String(Number(value.toPrecision(4)));
