import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { FileError, parseYaml } from './files.ts';
import { plantSchema } from './plant.ts';
import { checkPlant, loadPlant } from './plant-check.ts';

const FOLDER = fileURLToPath(new URL('./test/plant', import.meta.url));
const GOOD = readFileSync(`${FOLDER}/plant.yaml`, 'utf8');

/** The problems of the good plant after one replacement in its text. */
function broken(from: string | RegExp, to: string): string[] {
  const text = GOOD.replace(from, to);
  expect(text, `'${from}' occurs in the plant`).not.toBe(GOOD);
  const { value, source } = parseYaml(text, 'plant.yaml', plantSchema);
  return checkPlant(value, source).map((problem) => `${problem.id} ${problem.message}`);
}

describe('loadPlant', () => {
  it('reads a plant with its programs', () => {
    const plant = loadPlant(FOLDER);
    expect(plant.spec.id).toBe('two-tanks');
    expect(plant.programs.get('logic/transfer.st')).toContain('END_PROGRAM');
    expect(plant.processModule.pathname).toMatch(/\/core\/test\/plant\/process\.ts$/);
  });

  it('says where there is no plant', () => {
    expect(() => loadPlant(`${FOLDER}/nowhere`)).toThrow(/there is no file .*plant\.yaml/);
  });

  it('throws one error with all problems of the schema', () => {
    expect(() =>
      parseYaml(GOOD.replace('harm: environment', 'harm: none\n    hram: x'), 'plant.yaml', plantSchema),
    ).toThrow(FileError);
  });
});

describe('what must hold between tags', () => {
  const problemsOf = (plant: string, without: RegExp | undefined, holds: string): string[] => {
    const file = fileURLToPath(new URL(`../range/test/${plant}/plant.yaml`, import.meta.url));
    const text = readFileSync(file, 'utf8').replace(without ?? /^$/, '');
    const invariants = `invariants: [{ id: it, name: It, holds: ${holds} }]\nhazards:`;
    const { value, source } = parseYaml(text.replace('hazards:', invariants), 'plant.yaml', plantSchema);
    return checkPlant(value, source).flatMap(({ id, message }) => (id.startsWith('invariant.') ? [message] : []));
  };

  it.each([
    ['objects of BACnet', 'ventilation-plant', undefined, 'AIT901 < SC901_SP'],
    ['nodes of OPC UA', 'opcua-plant', /modbus: \{ table: input, address: 0, type: float32 \}/, 'LIT101 < 5'],
    ['metrics of Sparkplug', 'gateway-plant', /modbus: \{ table: input, address: 0, type: float32 \}/, 'LIT201 < 5'],
  ])('may be over %s', (_, plant, without, holds) => {
    expect(problemsOf(plant, without, holds)).toEqual([]);
  });

  it('is not over what nobody is told', () => {
    expect(problemsOf('ventilation-plant', undefined, 'LV901 < 1')).toEqual([
      'plant.yaml:114:41: no device has a point for LV901, so that nobody is ever told its value',
    ]);
  });
});

describe('checkPlant', () => {
  it('finds nothing wrong with a plant that fits together', () => {
    const { value, source } = parseYaml(GOOD, 'plant.yaml', plantSchema);
    expect(checkPlant(value, source)).toEqual([]);
  });

  it.each<[string, string | RegExp, string, string[]]>([
    [
      'an unknown area',
      'area: transfer\n',
      'area: transfr\n',
      ["plant.unknown-area plant.yaml:23:11: there is no area 'transfr'; did you mean 'transfer'?"],
    ],
    [
      'an invariant over no tag',
      'safeguards:\n',
      'invariants: [{ id: level, name: Level, holds: LIT10 > 1 }]\nsafeguards:\n',
      [
        "predicate.unknown-tag plant.yaml:82:47: the predicate 'LIT10 > 1' (character 1) knows no tag LIT10; did you mean LIT101?",
      ],
    ],
    [
      'a variable of a tag that the device does not have',
      '      outputs: [P101]\n',
      '      outputs: [P101]\n      variables: { LIT101: LEVEL, LIT201: OTHER }\n',
      [
        'plant.variable plant.yaml:46:43: LIT201 is neither an input, an output nor a point of transfer-plc; take it off its variables',
      ],
    ],
    [
      'a tag that is declared twice',
      'id: LIC101_SP',
      'id: P101',
      [
        "plant.duplicate-tag plant.yaml:31:11: the tag 'P101' is taken already",
        'plant.output plant.yaml:45:17: P101 has no actuator, so transfer-plc has nothing to move; give it one or take it off the outputs',
        "plant.unknown-tag plant.yaml:48:16: there is no tag 'LIC101_SP'",
        'plant.point-range plant.yaml:49:63: P101 from 0 to 4 is raw 0 to 4 at scale 1, which bool does not hold',
        "plant.unknown-tag plant.yaml:65:45: there is no tag 'LIC101_SP'",
      ],
    ],
    [
      'a range upside down',
      'unit: m, range: [0, 4]',
      'unit: m, range: [4, 0]',
      ['plant.band plant.yaml:31:93: the range of LIC101_SP goes from 4 to 0; the first must be below the second'],
    ],
    [
      'alarms out of order or range',
      'low: 0.5, high: 3.5, highHigh: 3.8',
      'low: 0.1, high: 3.5, highHigh: 4.8',
      [
        'plant.alarm-order plant.yaml:27:33: the low alarm of LIT101 at 0.1 is not above its lowLow alarm at 0.2',
        'plant.alarm-range plant.yaml:27:59: the highHigh alarm of LIT101 at 4.8 lies outside its range 0 to 4',
      ],
    ],
    [
      'a sensor on a set point',
      'kind: setpoint, unit: m, range: [0, 4]',
      'kind: setpoint, unit: m, range: [0, 4], sensor: { of: level }',
      ['plant.kind plant.yaml:31:109: LIC101_SP is a setpoint; only a measurement or a status has a sensor'],
    ],
    [
      'a measurement without sensor',
      '\n    sensor: { of: level }',
      '',
      [
        "plant.kind plant.yaml:21:5: LIT101 is a measurement but says not of what; give it 'sensor: { of: … }'",
        'plant.input plant.yaml:43:16: LIT101 has no sensor, so transfer-plc has nothing to read; give it one or take it off the inputs',
      ],
    ],
    [
      'an analysis that takes no time',
      '\n    sensor: { of: level }',
      '\n    sensor: { of: level, analysis: true }',
      [
        "plant.sensor plant.yaml:29:36: the analysis of LIT101 takes the time between two values; give it 'updates', and no 'lag'",
      ],
    ],
    [
      'an unknown zone',
      'zone: control\n',
      'zone: contrl\n',
      [
        'plant.conduit plant.yaml:19:31: transfer-plc lies in zone contrl, which the conduit supervision-control does not touch',
        "plant.unknown-zone plant.yaml:37:11: there is no zone 'contrl'; did you mean 'control'?",
        'plant.no-way plant.yaml:61:17: no conduit lets scada (zone supervision) open TCP port 502 of transfer-plc (zone contrl)',
      ],
    ],
    [
      'an address outside its zone',
      '10.20.2.11',
      '10.20.1.11',
      ['plant.address-zone plant.yaml:71:14: 10.20.1.11 of hmi is not in the subnet 10.20.2.0/24 of zone supervision'],
    ],
    [
      'an address that is taken',
      '10.20.2.11',
      '10.20.2.10',
      ["plant.duplicate-address plant.yaml:71:14: the address '10.20.2.10' is taken already"],
    ],
    [
      'a MAC that is taken',
      '0a:14:03',
      '0a:14:02',
      ["plant.duplicate-MAC-address plant.yaml:72:10: the MAC address '00:80:f4:0a:14:02' is taken already"],
    ],
    [
      'subnets that overlap',
      '10.20.2.0/24',
      '10.20.0.0/16',
      ['plant.subnet-overlap plant.yaml:12:61: the subnet of zone supervision overlaps that of zone control'],
    ],
    [
      'a conduit for an unknown device',
      'from: [scada]',
      'from: [skada]',
      [
        "plant.unknown-device plant.yaml:19:18: there is no device 'skada'; did you mean 'scada'?",
        'plant.no-way plant.yaml:61:17: no conduit lets scada (zone supervision) open TCP port 502 of transfer-plc (zone control)',
      ],
    ],
    [
      'points that overlap',
      'tag: LIC101_SP, writable: true, accepts: [0, 4], modbus: { table: holding, address: 0, type: uint16, scale: 0.001 }',
      'tag: LIC101_SP, modbus: { table: input, address: 1, type: uint16, scale: 0.001 }',
      [
        'plant.point-overlap plant.yaml:48:60: input 1 of transfer-plc belongs to LIT101 already',
        'plant.poll plant.yaml:65:45: LIC101_SP in transfer-plc is not writable',
      ],
    ],
    [
      'a range that the register does not hold',
      'scale: 0.001',
      'scale: 0.00001',
      [
        'plant.point-range plant.yaml:48:104: LIC101_SP from 0 to 4 is raw 0 to 400000 at scale 0.00001, which uint16 does not hold',
      ],
    ],
    [
      'a writable point in a table that cannot be written',
      'table: holding',
      'table: input',
      [
        'plant.point plant.yaml:48:77: LIC101_SP is writable, but table input is only for reading; use coil or holding',
        'plant.point-overlap plant.yaml:48:93: input 0 of transfer-plc belongs to LIT101 already',
      ],
    ],
    [
      'a poll of registers that are not there',
      'address: 0, count: 2 }',
      'address: 1, count: 4 }',
      [
        'plant.poll plant.yaml:64:17: the block cuts LIT101 (input 0 to 1) in two',
        'plant.unmapped plant.yaml:64:17: input 2 to 4 of transfer-plc belongs to no point, so the read would be refused',
      ],
    ],
    [
      'a poll that the server refuses',
      'allow: [scada]',
      'allow: [hmi]',
      ['plant.poll plant.yaml:61:17: transfer-plc lets only hmi connect, not scada'],
    ],
    [
      'a poll that the firewall drops',
      'port: 502 }',
      'port: 503 }',
      [
        'plant.no-way plant.yaml:61:17: no conduit lets scada (zone supervision) open TCP port 502 of transfer-plc (zone control)',
      ],
    ],
    [
      'an output without actuator',
      'outputs: [P101]',
      'outputs: [LIC101_SP]',
      [
        'plant.output plant.yaml:45:17: LIC101_SP has no actuator, so transfer-plc has nothing to move; give it one or take it off the outputs',
      ],
    ],
    [
      'a service that its host does not offer',
      'ntp: scada',
      'ntp: hmi',
      ["plant.service plant.yaml:75:17: hmi does not offer ntp; add 'protocol: ntp' to its services"],
    ],
    [
      'a hazard over an unknown tag',
      'when: LIT101 > 3.95',
      'when: LIT102 > 3.95',
      [
        "predicate.unknown-tag plant.yaml:80:24: the predicate 'LIT102 > 3.95' (character 1) knows no tag LIT102; did you mean LIT101?",
      ],
    ],
    [
      'a safeguard of an unknown hazard and option',
      'guards: [overflow], option: relief-valve',
      'guards: [overflw], option: relief',
      [
        "plant.unknown-hazard plant.yaml:83:62: there is no hazard 'overflw'; did you mean 'overflow'?",
        "plant.unknown-option plant.yaml:83:80: there is no option 'relief'",
      ],
    ],
    [
      'an activity at an unknown device',
      'at: 1d, device: transfer-plc',
      'at: 1d, device: transfer-plx',
      ["plant.unknown-device plant.yaml:85:66: there is no device 'transfer-plx'; did you mean 'transfer-plc'?"],
    ],
  ])('finds %s', (_, from, to, expected) => {
    expect(broken(from, to)).toEqual(expected);
  });
});
