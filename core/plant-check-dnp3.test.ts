import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parseYaml } from './files.ts';
import { plantSchema } from './plant.ts';
import { checkPlant } from './plant-check.ts';
import { plantWithOptions } from './plant-options.ts';

const GOOD = readFileSync(fileURLToPath(new URL('../range/test/booster-plant/plant.yaml', import.meta.url)), 'utf8');

/** The problems of the good plant after one replacement in its text, without their places. */
function broken(from: string, to: string): string[] {
  const text = GOOD.replace(from, to);
  expect(text, `'${from}' occurs in the plant`).not.toBe(GOOD);
  const { value, source } = parseYaml(text, 'plant.yaml', plantSchema);
  return checkPlant(value, source).map(({ id, message }) => `${id} ${message.replace(/^\S+ /, '')}`);
}

describe('DNP3 in a plant', () => {
  it('is right in the plant that the others are made from', () => {
    const { value, source } = parseYaml(GOOD, 'plant.yaml', plantSchema);
    expect(checkPlant(value, source)).toEqual([]);
  });

  it.each([
    ['kind: counter, index: 0', 'kind: analog, index: 0', 'analog 0 of booster-rtu belongs to LIT201 already'],
    [
      'class: 2, deadBand: 0.02, scale: 0.001',
      'class: 2, scale: 0.0001',
      'is 0 to 50000 on the wire, which variation 2 (16 bits) does not hold',
    ],
    [
      'kind: binary, index: 0, class: 1',
      'kind: binary, index: 0, variation: 5',
      'is of kind binary, which has the variations 1, 2',
    ],
    [
      'kind: binary, index: 0, class: 1',
      'kind: binary, index: 0, eventVariation: 4',
      'events of kind binary have the variations 1, 2, 3',
    ],
    [
      'kind: binary, index: 0, class: 1',
      'kind: binary, index: 0, deadBand: 1',
      'is of kind binary, which has no dead band',
    ],
    ['kind: binary, index: 0, class: 1', 'kind: binary-output, index: 5', 'is an output that nobody may write'],
    [
      'kind: analog-output, index: 0',
      'kind: analog, index: 4',
      'is writable, but only outputs are commanded; use analog-output',
    ],
    [
      'kind: binary-output, index: 0, class: 1 } }\n      - { tag: KQ201',
      'kind: binary-output, index: 0, output: two-output } }\n      - { tag: KQ201',
      "says with 'trip' which point a trip pulses",
    ],
    [
      'kind: binary-output, index: 0, class: 1 } }\n      - { tag: KQ201',
      'kind: binary-output, index: 0, output: two-output, trip: P201 } }\n      - { tag: KQ201',
      'booster-rtu has no writable point of P201',
    ],
    ['kind: analog-output, index: 0', 'output: pulse, kind: analog-output, index: 0', 'is no binary output'],
    [
      '{ protocol: modbus }, { protocol: dnp3, address: 10, masters: [1], selectRequired: true, needsTime: 1h }',
      '{ protocol: modbus }',
      'offers no dnp3 service',
    ],
    [
      'protocol: dnp3, every: 30s, integrity: 10m',
      'protocol: dnp3, address: 7, every: 30s, integrity: 10m',
      'knows the masters 1, not 7',
    ],
    [
      'protocol: dnp3, every: 30s, integrity: 10m',
      'protocol: dnp3, every: 30s, integrity: 0s',
      'would be read as a whole every 0 s',
    ],
    ['transport: udp, port: 20000', 'transport: tcp, port: 20000', 'open UDP port 20000 of valve-rtu'],
    [
      '{ protocol: dnp3, address: 11, transport: udp, selfAddress: true }',
      '{ protocol: dnp3, address: 11, transport: udp, selfAddress: true, allow: [engineering] }',
      'lets only engineering connect, not scada',
    ],
    [
      '{ protocol: dnp3, address: 11, transport: udp, selfAddress: true }',
      '{ protocol: dnp3, address: 11, transport: udp, selfAddress: true, writers: [scda] }',
      "there is no device 'scda'; did you mean 'scada'?",
    ],
    [
      'device: valve-rtu, protocol: dnp3, every: 30s',
      'device: valve-rtu, protocol: dnp3, every: 30s, writes: [{ variable: HV201, tag: P201 }]',
      'valve-rtu has no dnp3 point for P201',
    ],
  ])('says what is wrong: %s becomes %s', (from, to, message) => {
    expect(broken(from, to).join('\n')).toContain(message);
  });

  const option = `options:
  select: { default: false, about: Select before operate., selectRequired: [valve-rtu] }
tags:`;

  it('lets an option say whether outputs must be selected', () => {
    const { value, source } = parseYaml(GOOD.replace('tags:', option), 'plant.yaml', plantSchema);
    expect(checkPlant(value, source)).toEqual([]);
    const selecting = (values: Record<string, boolean>) =>
      plantWithOptions(value, values)
        .devices.flatMap(({ services }) => services)
        .flatMap((service) => (service.protocol === 'dnp3' ? [service.selectRequired] : []));
    expect([selecting({}), selecting({ select: true })]).toEqual([
      [true, false],
      [true, true],
    ]);
  });

  it('has no use for an option that changes nothing', () => {
    expect(broken('tags:', option.replace('valve-rtu', 'booster-rtu'))).toEqual([
      "plant.option booster-rtu wants its outputs selected already; option 'select' would change nothing",
    ]);
  });
});
