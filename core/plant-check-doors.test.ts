import { describe, expect, it } from 'vitest';
import { parseYaml } from './files.ts';
import { plantSchema } from './plant.ts';
import { checkPlant } from './plant-check.ts';

const PLANT = `
id: works
name: Works
summary: One controller with doors.
process: { module: process.ts, step: 1s }
epoch: 2026-03-02T00:00:00Z
areas: [{ id: tank, name: Tank }]
zones: [{ id: control, name: Control, level: 1, subnet: 10.9.1.0/24, targetSecurityLevel: 1 }]
tags:
  - { id: LIT101, name: Level, area: tank, kind: measurement, unit: m, range: [0, 5], sensor: { of: level } }
  - { id: LIC101_SP, name: Set point, area: tank, kind: setpoint, unit: m, range: [0, 5] }
network: {}
devices:
  - id: plc
    name: Controller
    kind: plc
    role: plc
    zone: control
    address: 10.9.1.11
    mac: '00:0e:8c:00:00:11'
    identity: { vendor: V, productCode: P, revision: '1', productName: N, modelName: M }
    accounts: [{ user: admin, password: admin, vendorDefault: true }, { user: guest, password: '' }]
    points: [{ tag: LIT101 }, { tag: LIC101_SP, writable: true }]
    services:
      - { protocol: web, setPoints: [LIC101_SP], views: [{ name: gauge, tag: LIT101 }] }
      - { protocol: telnet }
      - { protocol: ftp, dataPorts: [50000, 50003] }
      - { protocol: snmp }
`;

function problems(from: string | RegExp = '', to = ''): string {
  const { value, source } = parseYaml(PLANT.replace(from, to), 'plant.yaml', plantSchema);
  return checkPlant(value, source)
    .map((problem) => problem.message)
    .join('\n');
}

describe('doors in a plant', () => {
  it('are right as they should be written', () => {
    expect(problems()).toBe('');
  });

  it.each([
    [/ {4}accounts.*\n/, '', 'nobody has an account on plc, so nobody can log on to its telnet service'],
    ['setPoints: [LIC101_SP]', 'setPoints: [LIT101]', 'plc has no writable point of LIT101 that its page could write'],
    ['tag: LIT101 }] }', 'tag: LIC101_SP }] }', 'LIC101_SP has neither sensor nor actuator'],
    ['tag: LIT101 }] }', 'tag: LIT111 }] }', "did you mean 'LIT101'?"],
    ['user: guest', 'user: admin', "the account 'admin' is taken already"],
    ['[50000, 50003]', '[50003, 50000]', 'data connections take 1 to 16'],
    ['[50000, 50003]', '[150, 165]', "port 161 of plc is its snmp service's"],
    ['{ protocol: snmp }', '{ protocol: scada }', 'port 80 of plc is taken by its scada service'],
    ['{ protocol: snmp }', '{ protocol: snmp, allow: [plk] }', "there is no device 'plk'; did you mean 'plc'?"],
    [
      '{ protocol: snmp }',
      '{ protocol: snmp, communities: [{ name: a }, { name: a }] }',
      "the community 'a' is taken already",
    ],
  ])('say what is wrong: %s becomes %s', (from, to, message) => {
    expect(problems(from, to)).toContain(message);
  });
});
