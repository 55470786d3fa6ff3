/**
 * Impact techniques (ATT&CK for ICS, tactic Impact) are read off the truth, never authored: what the scenario did to the plant and to
 * what people see of it.
 */
import type { PlantSpec } from '@penstock/core';
import type { PlayResult } from './play.ts';

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

/** Impacts of an attack that are true of this run: hazards that began after its first packet. A twin has none. */
export function impactsOf(plant: PlantSpec, result: PlayResult, variant: 'attack' | 'twin'): string[] {
  const { firstPacket } = result;
  if (variant === 'twin' || firstPacket === undefined) return [];
  const begun = new Set(result.hazards.filter((h) => h.state === 'begin' && h.at >= firstPacket).map((h) => h.hazard));
  return [...new Set(plant.hazards.filter((h) => begun.has(h.id)).flatMap((h) => OF_HARM[h.harm]))];
}
