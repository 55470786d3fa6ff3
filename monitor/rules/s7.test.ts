/** Points over S7: what is read and written is rebuilt by the owner's point list, and held against limits and what was learned. */
import { describe, expect, it } from 'vitest';
import { Baseline } from '../baseline/index.ts';
import { ownerKnowledgeSchema, parseKnowledge } from '../knowledge.ts';
import { Monitor } from '../monitor.ts';
import { Lan } from '../test/lan.ts';
import { FILTERS, SCADA, STRANGER } from '../test/rule-scenes/scene.ts';
import { S7Line } from '../test/s7-line.ts';
import { float, libraryRules } from '../test/works.ts';

const LIST = `
version: 1
plant: small-works
zones:
  - { id: control, name: Control, level: 1, subnet: 10.10.1.0/24 }
  - { id: supervision, name: Supervision, level: 2, subnet: 10.10.2.0/24 }
assets:
  - { id: scada, name: SCADA server, kind: scada, role: scada-server, zone: supervision, address: ${SCADA} }
  - { id: filter-plc, name: Filter controller, kind: plc, role: filter-plc, zone: control, address: ${FILTERS} }
tags:
  - { id: FIC201, name: Filter flow order, kind: setpoint, unit: m³/h, range: [0, 250], safe: [0, 250] }
  - { id: HS201, name: Filter mode, kind: mode, unit: '', range: [0, 1], states: [AUTO, MANUAL] }
  - { id: PDT201, name: Head loss, kind: measurement, unit: kPa, range: [0, 30], safe: [0, 25] }
points:
  - { device: filter-plc, tag: FIC201, writable: true, s7: { db: 10, byte: 0, type: real } }
  - { device: filter-plc, tag: HS201, writable: true, s7: { db: 10, byte: 4, bit: 0, type: bool } }
  - { device: filter-plc, tag: PDT201, s7: { db: 10, byte: 6, type: int, scale: 0.1 } }
`;
const knowledge = ownerKnowledgeSchema.parse(parseKnowledge(LIST, 'owner.yaml'));

function morning(lan: Lan): S7Line {
  const line = new S7Line(lan, SCADA, FILTERS);
  for (let i = 0; i < 40; i++) {
    lan.wait(1);
    line.read(10, 0, 8);
    if (i % 4 === 0) line.write('FIC201', 150 + (i % 3) * 5);
  }
  return line;
}

const learned = ((): string => {
  const monitor = new Monitor({ knowledge, rules: libraryRules(), mode: 'learn' });
  const lan = new Lan();
  morning(lan);
  lan.play(monitor);
  monitor.finish();
  return JSON.stringify(monitor.baseline);
})();

/** What is raised after a learned morning, by rule and tag. */
function watch(act: (lan: Lan, line: S7Line) => void): { raised: string[]; monitor: Monitor } {
  const baseline = Baseline.from(JSON.parse(learned));
  const monitor = new Monitor({ knowledge, baseline, rules: libraryRules(), mode: 'watch' });
  const lan = new Lan();
  act(lan, morning(lan));
  lan.play(monitor);
  monitor.finish();
  return { raised: [...new Set(monitor.alerts.map(({ rule, tag }) => `${rule} ${tag ?? '-'}`))].sort(), monitor };
}

describe('points over S7', () => {
  it('are rebuilt from reads and writes, and a morning like the one that was learned is silent', () => {
    const { raised, monitor } = watch((_, line) => line.read(10, 0, 8));
    expect(raised).toEqual([]);
    expect(monitor.tags().map(({ tag, value, device }) => [device, tag, value])).toEqual([
      ['filter-plc', 'FIC201', 150],
      ['filter-plc', 'HS201', 0],
      ['filter-plc', 'PDT201', 12.3],
    ]);
  });

  it.each([
    [
      'a point that the source never wrote',
      (_: Lan, line: S7Line) => line.write('HS201', 1),
      'write-outside-learned-points HS201',
    ],
    [
      'a value beyond what was learned',
      (_: Lan, line: S7Line) => line.write('FIC201', 240),
      'value-outside-learned-range FIC201',
    ],
    ['a value beyond its limits', (_: Lan, line: S7Line) => line.write('FIC201', 900), 'value-outside-limits FIC201'],
    [
      'somebody who never wrote',
      (lan: Lan) => new S7Line(lan, STRANGER, FILTERS).write('FIC201', 150),
      's7-rogue-master -',
    ],
  ])('raise an alarm for %s', (_, act, expected) => {
    expect(watch(act).raised).toContain(expected);
  });

  it('raise an alarm for memory that no list has', () => {
    const write = { function: 'write' as const, data: [{ code: 0, transport: 4, bytes: Uint8Array.of(1) }] };
    const item = { syntax: 'any' as const, transportSize: 2, count: 1, db: 99, area: 0x84, address: 16 };
    const { raised, monitor } = watch((_, line) => line.ask({ job: { ...write, items: [item] } }));
    expect(raised).toContain('write-outside-point-list -');
    expect(monitor.alerts.find(({ rule }) => rule === 'write-outside-point-list')?.message).toContain('DB99 2');
  });

  it('are learned by their place, as engineers name it', () => {
    const { writes, polls, requests } = JSON.parse(learned);
    expect(writes).toMatchObject([{ table: 'DB10', address: 0, tag: 'FIC201', low: 150, high: 160 }]);
    expect(polls).toMatchObject([
      { function: 'Read Variable', table: 'DB10', address: 0, quantity: 8, count: 40 },
      { function: 'Write Variable', table: 'DB10', address: 0, quantity: 4, count: 10 },
    ]);
    expect(requests[0].addresses).toEqual({ DB10: [[0, 7]] });
    expect(JSON.stringify(Baseline.from(JSON.parse(learned)))).toBe(learned);
  });

  it('that another protocol writes too are no change by themselves, and have to show what was written', () => {
    const both = ownerKnowledgeSchema.parse(
      parseKnowledge(
        LIST.replace(
          'FIC201, writable: true, s7',
          'FIC201, writable: true, modbus: { table: holding, address: 0, type: float32 }, s7',
        ),
        'owner.yaml',
      ),
    );
    const after = (readback: number): string[] => {
      const monitor = new Monitor({ knowledge: both, rules: libraryRules(), mode: 'watch' });
      const lan = new Lan();
      const line = new S7Line(lan, SCADA, FILTERS);
      for (let i = 0; i < 20; i++) {
        lan.wait(1);
        line.read(10, 0, 8);
      }
      lan.modbus(SCADA, FILTERS).write(0, float(170));
      line.values[0] = readback;
      for (let i = 0; i < 3; i++) {
        lan.wait(1);
        line.read(10, 0, 8);
      }
      lan.play(monitor);
      monitor.finish();
      const told = monitor.alerts.filter(({ tag }) => tag === 'FIC201').map(({ rule }) => rule);
      expect(
        monitor
          .tags()
          .filter(({ tag }) => tag === 'FIC201')
          .map(({ value }) => value),
      ).toEqual([readback]);
      return [...new Set(told)];
    };
    expect(after(170)).toEqual([]);
    expect(after(150)).toEqual(['set-point-not-kept']);
  });

  it('stand in the inventory with who reads them, and what the controller says of itself', () => {
    const { monitor } = watch((_, line) => {
      for (const id of [0x11, 0x1c])
        line.work((engineer, now, done) => engineer.ask(4, 1, { is: 'szl-request', id, index: 0 }, now, done));
    });
    const devices = monitor.result().devices;
    const controller = devices.find(({ id }) => id === 'filter-plc');
    expect(controller?.identity).toMatchObject({
      ProductCode: '6ES7 315-2EH14-0AB0',
      MajorMinorRevision: 'V3.2.8',
      StationName: 'FILTERS',
    });
    const scada = devices.find(({ id }) => id === 'scada');
    expect(scada?.reads.map(({ function: name, tags, count }) => [name, tags, count])).toEqual([
      ['Read Variable', ['FIC201', 'HS201', 'PDT201'], 40],
    ]);
    expect(scada?.writes.map(({ function: name, tags, count }) => [name, tags, count])).toEqual([
      ['Write Variable', ['FIC201'], 10],
    ]);
  });

  it('that overlap in a list are refused with the file', () => {
    const twice = LIST.replace('byte: 6, type: int', 'byte: 2, type: int');
    expect(() => parseKnowledge(twice, 'owner.yaml')).toThrow('both take byte 2');
  });
});
