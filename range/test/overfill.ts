import { type ScenarioSpec, scenarioSchema } from '@penstock/attacks';
import { parseYamlText } from '@penstock/core';

interface Overfill {
  /** As a scenario says it: `20m`. */
  readonly observe: string;
  /** The level is read first, and the order comes ten seconds later. */
  readonly looksFirst?: boolean;
  /** After which the set point is put back; left where it is when this is left out. */
  readonly revertAfter?: string;
}

/** Somebody at the small plant's SCADA server raises the level's set point beyond the tank. */
export function overfill({ observe, looksFirst = false, revertAfter }: Overfill): ScenarioSpec {
  const write = 'verb: write-tag, from: scada, to: tank-plc, tag: LIC101_SP, techniques: [T0836]';
  const look =
    '  - { id: look, about: reads the level, verb: read-tags, from: scada, to: tank-plc, tags: [LIT101, LIC101_SP], techniques: [T0801] }\n';
  const text = `
id: overfill
name: Overfill
plant: small-plant
story: Somebody at the SCADA server raises the level's set point beyond the tank.
basis: { incident: none, documented: [], invented: [everything], sources: [none] }
start: 60s
observe: ${observe}
steps:
${looksFirst ? look : ''}  - { id: order, about: raises the set point, ${write}, value: 6${looksFirst ? ', after: { step: look, wait: 10s }' : ''} }
${
  revertAfter === undefined
    ? ''
    : `revertAfter: ${revertAfter}\nrevert:\n  - { id: back, about: the set point as it was, ${write}, value: 2.5 }\n`
}hazards: [overflow]
withoutSafeguards: { tripDevice: false }
twin:
  name: A higher level for the night
  about: The set point moves within what is usual.
  steps:
    - { id: order, about: raises the set point, ${write}, value: 3 }
`;
  return parseYamlText(text, 'overfill.yaml', scenarioSchema);
}
