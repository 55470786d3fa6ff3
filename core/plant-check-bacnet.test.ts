import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parseYaml } from './files.ts';
import { plantSchema } from './plant.ts';
import { checkPlant } from './plant-check.ts';

const GOOD = readFileSync(
  fileURLToPath(new URL('../range/test/ventilation-plant/plant.yaml', import.meta.url)),
  'utf8',
);

/** The problems of the good plant after one replacement in its text. */
function broken(from: string, to: string): string[] {
  const text = GOOD.replace(from, to);
  expect(text, `'${from}' occurs in the plant`).not.toBe(GOOD);
  const { value, source } = parseYaml(text, 'plant.yaml', plantSchema);
  return checkPlant(value, source).map(({ message }) => message);
}

describe('BACnet in a plant', () => {
  it('is right in the plant that the others are made from', () => {
    const { value, source } = parseYaml(GOOD, 'plant.yaml', plantSchema);
    expect(checkPlant(value, source)).toEqual([]);
  });

  it.each([
    [
      'kind: analog-input, instance: 2',
      'kind: analog-input, instance: 1',
      'analog-input 1 of ventilation belongs to AIT901 already',
    ],
    [
      'kind: analog-value, instance: 2',
      'kind: analog-input, instance: 9',
      'AAH901_SP is writable, but nobody writes an input; use analog-value',
    ],
    [
      'kind: binary-input, instance: 1',
      'kind: binary-output, instance: 7, relinquishDefault: 0',
      'XA901 is an output that nobody may write',
    ],
    [
      'kind: binary-output, instance: 1, relinquishDefault: 1',
      'kind: binary-output, instance: 1',
      "FAN901 is commanded by priority; say with 'relinquishDefault'",
    ],
    [
      'kind: analog-value, instance: 2',
      'kind: analog-value, instance: 2, relinquishDefault: 1',
      'AAH901_SP has no priority array',
    ],
    ["states: ['off', supply, exhaust], ", '', 'HS901 is multi-state; name its states'],
    [
      'alarm: { high: 0.5, deadBand: 0.1, delay: 5s }',
      'alarm: { values: [1] }',
      "AIT901 is analog: its alarm has 'high', 'low' or both",
    ],
    ['alarm: { values: [1] }', 'alarm: { high: 1 }', "XA901 is binary: its alarm has the 'values'"],
    ['alarm: { values: [1] }', 'alarm: { values: [1], class: 4 }', 'ventilation has no notification class 4'],
    ['instance: 902', 'instance: 901', 'device instance 901 belongs to ventilation already'],
    [
      'recipients: [{ device: scada, process: 9 }]',
      'recipients: [{ device: engineering }]',
      'no conduit lets ventilation (zone building) tell alarms to engineering',
    ],
    ['trends: [{ tag: AIT901,', 'trends: [{ tag: LV901,', 'ventilation has no BACnet object of LV901 to record'],
    [
      'bbmd: { foreign: true }',
      'bbmd: { peers: [door-controller] }',
      "door-controller hands no broadcasts on; give its bacnet service a 'bbmd'",
    ],
    [
      'every: 10s, cov: { lifetime: 10m }',
      'every: 10s, cov: { lifetime: 5s }',
      'a subscription at ventilation must last longer than the 10 s',
    ],
  ])('%s as %s is wrong', (from, to, message) => {
    expect(broken(from, to).join('\n')).toContain(message);
  });
});
