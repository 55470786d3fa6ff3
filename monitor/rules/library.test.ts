import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Baseline } from '../baseline/index.ts';
import { SOURCES } from '../sigma/log-sources.ts';
import { freshReadme } from '../test/rule-fields.ts';
import {
  DOSING,
  FILTERS,
  float,
  knowledge,
  learnedBaseline,
  libraryRules,
  normalOperation,
  order,
  SCADA,
  STRANGER,
  Traffic,
  WORKSTATION,
} from '../test/works.ts';

const watching = (workOrders = knowledge().workOrders): Traffic =>
  new Traffic({ knowledge: knowledge(workOrders), baseline: learnedBaseline() });
const paging = (traffic: Traffic): string[] =>
  traffic.alerts.filter((a) => a.severity === 'high' || a.severity === 'critical').map((a) => a.rule);

describe('rule library', () => {
  it('gives every rule that raises alerts a level, false positives and valid techniques', () => {
    for (const rule of libraryRules().rules.filter((r) => r.alerts)) {
      expect(rule.falsePositives.length, rule.name).toBeGreaterThan(0);
      expect(rule.description.length, rule.name).toBeGreaterThan(40);
    }
    expect(libraryRules().hash).toMatch(/^[0-9a-f]{64}$/);
  });

  it('has its fields in the tables of the README', () => {
    expect(readFileSync(new URL('README.md', import.meta.url), 'utf8')).toBe(freshReadme());
  });

  it('names only log sources that exist', () => {
    for (const rule of libraryRules().rules)
      if (rule.detection) expect([...SOURCES.values()]).toContain(rule.detection.source);
  });

  it('stays silent on what it learned from', () => {
    const traffic = watching();
    normalOperation(traffic);
    expect(traffic.alerts).toEqual([]);
  });

  it('says which rules are idle without a baseline', () => {
    const idle = libraryRules()
      .rules.filter((r) => r.alerts && r.needsBaseline)
      .map((r) => r.name)
      .sort();
    expect(idle).toEqual([
      'dnp3-rogue-master',
      'large-upload',
      'mqtt-new-client',
      'new-conversation',
      'new-service',
      'opcua-call',
      'opcua-new-client',
      'opcua-new-session-write',
      'silent-session',
      'sparkplug-node-forged',
      'sweep-addresses',
      'sweep-registers',
      'time-source',
      'value-outside-learned-range',
      'write-outside-learned-points',
    ]);
  });
});

describe('value-outside-limits', () => {
  it('pages when the SCADA server itself orders 11,100 mg/L, and says what that means', () => {
    const traffic = watching();
    const flow = normalOperation(traffic);
    traffic.write(flow, 10, float(11_100));
    expect(traffic.alert('value-outside-limits')).toMatchObject({
      severity: 'high',
      techniques: ['T0836', 'T1692.001'],
      device: 'dosing-plc',
      deviceAddress: DOSING,
      tag: 'AIC401',
      oldValue: 8,
      newValue: 11_100,
      unit: 'mg/L',
      source: 'scada',
      sourceAddress: SCADA,
      message:
        'scada (10.10.2.10) orders AIC401 (NaOH dose set point) of dosing-plc to 11,100 mg/L, before 8 mg/L; its range is 0 to 20, safe are 0 to 15',
      why: 'Beyond these limits the control loop works outside what it was designed and proven safe for. Too much lye burns whoever drinks the water.',
    });
  });

  it('needs no baseline', () => {
    const traffic = new Traffic({ knowledge: knowledge() });
    traffic.write(traffic.open(SCADA, DOSING), 10, float(16));
    expect(traffic.raised).toEqual(['value-outside-limits']);
  });

  it('is raised for an order that the device refuses, too', () => {
    const traffic = new Traffic({ knowledge: knowledge() });
    const flow = traffic.open(SCADA, DOSING);
    traffic.read(flow, 'holding', 10, float(8));
    traffic.write(flow, 10, float(500), { exception_code: 'ILLEGAL_DATA_VALUE' });
    expect(traffic.alert('value-outside-limits')).toMatchObject({ oldValue: 8, newValue: 500 });
    expect(traffic.judge.watch.tags().find((t) => t.tag === 'AIC401')?.value).toBe(8);
  });

  it.each([
    [false, []],
    [true, [order(['dosing-plc'], 0, 86_400)]],
  ])(
    'leaves the benign twin (8 to 11 mg/L from the same source) below paging severity, work order: %s',
    (_, orders) => {
      const traffic = watching(orders);
      const flow = normalOperation(traffic);
      traffic.write(flow, 10, float(11));
      for (let i = 0; i < 20; i++) traffic.wait(1).read(flow, 'holding', 10, float(11));
      expect(paging(traffic)).toEqual([]);
    },
  );

  it('does not fire at the very limit, where float32 rounds', () => {
    const traffic = new Traffic({ knowledge: knowledge() });
    const flow = traffic.open(SCADA, DOSING);
    traffic.write(flow, 10, float(15));
    traffic.write(flow, 20, [1000]);
    expect(traffic.raised).toEqual([]);
  });
});

describe('manual-then-large-step', () => {
  const sequence = (traffic: Traffic): void => {
    const flow = normalOperation(traffic);
    traffic.coil(flow, 3, 1);
    traffic.wait(20).write(flow, 20, [1000]);
  };

  it('fires on manual mode and a large step after it', () => {
    const traffic = watching();
    sequence(traffic);
    expect(traffic.alert('manual-then-large-step')).toMatchObject({
      severity: 'high',
      tag: 'SC401',
      message: 'scada changed a mode on dosing-plc and then moved SC401 (Dosing pump speed) to 100 %, before 40 %',
    });
  });

  it('stays silent under a work order, for a small step, and in the other order', () => {
    const ordered = watching([order(['dosing-plc'], 0, 86_400)]);
    sequence(ordered);
    const small = watching();
    const flow = normalOperation(small);
    small.coil(flow, 3, 1);
    small.write(flow, 20, [550]);
    const reversed = watching();
    const other = normalOperation(reversed);
    reversed.write(other, 20, [1000]);
    reversed.coil(other, 3, 1);
    for (const traffic of [ordered, small, reversed]) expect(traffic.raised).not.toContain('manual-then-large-step');
  });
});

describe('rogue-master', () => {
  it('pages for a write by a host that is in no list', () => {
    const traffic = watching();
    normalOperation(traffic);
    const flow = traffic.open(STRANGER, DOSING);
    traffic.write(flow, 10, float(9));
    expect(traffic.alert('rogue-master')).toMatchObject({ severity: 'high', source: STRANGER, device: 'dosing-plc' });
  });

  it('pages for a known host that never wrote to this device', () => {
    const traffic = watching();
    traffic.write(traffic.open(WORKSTATION, DOSING), 10, float(9));
    expect(traffic.raised).toContain('rogue-master');
    traffic.write(traffic.open(SCADA, FILTERS), 10, float(9));
    expect(traffic.alerts.filter((a) => a.rule === 'rogue-master').map((a) => a.device)).toEqual([
      'dosing-plc',
      'filter-plc',
    ]);
  });

  it('sees a program download over file records as a write', () => {
    const traffic = watching();
    traffic.modbus(traffic.open(WORKSTATION, DOSING), 'WRITE_FILE_RECORD');
    expect(traffic.raised).toContain('rogue-master');
  });

  it('stays silent for the master, for reads, under a work order, and while nothing was learned or imported', () => {
    const traffic = watching([order(['dosing-plc'], 0, 86_400, ['engineering', '10.10.2.77'])]);
    const flow = normalOperation(traffic);
    traffic.write(flow, 10, float(8));
    traffic.read(traffic.open(STRANGER, DOSING), 'holding', 10, float(8));
    traffic.write(traffic.open(WORKSTATION, DOSING), 10, float(8));
    traffic.write(traffic.open('10.10.2.77', DOSING), 10, float(8));
    const bare = new Traffic();
    bare.write(bare.open(STRANGER, DOSING), 10, float(8));
    expect([...traffic.raised, ...bare.raised]).not.toContain('rogue-master');
  });

  it('does not let a work order cover a source that it does not name', () => {
    const traffic = watching([order(['dosing-plc'], 0, 86_400, ['engineering'])]);
    traffic.write(traffic.open(STRANGER, DOSING), 10, float(8));
    expect(traffic.raised).toContain('rogue-master');
  });
});

describe('write-outside-learned-points and write-outside-point-list', () => {
  it('tells a point that the source never wrote', () => {
    const traffic = watching();
    const flow = normalOperation(traffic);
    traffic.write(flow, 20, [450]);
    expect(traffic.alert('write-outside-learned-points')).toMatchObject({
      severity: 'medium',
      tag: 'SC401',
      oldValue: 40,
      newValue: 45,
    });
    expect(paging(traffic)).toEqual([]);
  });

  it('pages for an address that the point list does not have', () => {
    const traffic = watching();
    traffic.write(normalOperation(traffic), 900, [1]);
    expect(traffic.alert('write-outside-point-list')).toMatchObject({
      severity: 'high',
      tag: null,
      newValue: 1,
      unit: null,
    });
  });

  it('works with raw values where there is only a baseline', () => {
    const learning = new Traffic({ learning: true });
    const learned = learning.open(SCADA, DOSING);
    learning.write(learned, 10, [1, 2]);
    const traffic = new Traffic({ baseline: learning.baseline });
    const flow = traffic.open(SCADA, DOSING);
    traffic.write(flow, 10, [1, 2]);
    expect(traffic.raised).toEqual([]);
    traffic.write(flow, 12, [7]);
    expect(traffic.raised).toEqual(['write-outside-learned-points']);
  });

  it('stays silent for learned points and without a baseline', () => {
    const traffic = watching();
    traffic.write(normalOperation(traffic), 10, float(8.2));
    const bare = new Traffic();
    bare.write(bare.open(SCADA, DOSING), 1, [1]);
    expect([...traffic.raised, ...bare.raised]).toEqual([]);
  });
});

describe('value-outside-learned-range', () => {
  it('notes a value unlike all before, and lets one within the margin pass', () => {
    const traffic = watching();
    const flow = normalOperation(traffic);
    traffic.write(flow, 10, float(9.3));
    expect(traffic.raised).toEqual([]);
    traffic.write(flow, 10, float(12));
    expect(traffic.alerts.map((a) => [a.rule, a.severity])).toEqual([['value-outside-learned-range', 'low']]);
  });

  it('is not said again of what stands there already', () => {
    const traffic = watching();
    const flow = normalOperation(traffic);
    traffic.write(flow, 10, float(12));
    for (let hour = 0; hour < 3; hour++) traffic.wait(3600).write(flow, 10, float(12));
    expect(traffic.raised).toEqual(['value-outside-learned-range']);
    traffic.wait(3600).write(flow, 10, float(13));
    expect(traffic.raised).toEqual(['value-outside-learned-range', 'value-outside-learned-range']);
  });
});

describe('sweeps', () => {
  it('notices a port scan, from a bare capture', () => {
    const traffic = new Traffic();
    for (let port = 1; port <= 15; port++) traffic.end(traffic.open(STRANGER, DOSING, port), 'REJ');
    expect(traffic.alert('sweep')).toMatchObject({ severity: 'medium', source: STRANGER, device: DOSING });
    expect(traffic.alerts).toHaveLength(1);
  });

  it('notices a host scan by refused connections, and by ARP against a baseline', () => {
    const traffic = new Traffic();
    for (let host = 1; host <= 15; host++) traffic.end(traffic.open(STRANGER, `10.10.1.${host}`), 'S0', 0);
    expect(traffic.raised).toEqual(['sweep-failed']);
    const learned = watching();
    for (let host = 1; host <= 20; host++) learned.open(STRANGER, `10.10.1.${host}`, 0, 'arp');
    expect(learned.alert('sweep-addresses')).toMatchObject({ device: STRANGER });
  });

  it('notices who reads through the registers of a device', () => {
    const traffic = watching();
    const flow = traffic.open(STRANGER, DOSING);
    for (let address = 100; address < 120; address++) traffic.read(flow, 'holding', address, [0]);
    expect(traffic.alert('sweep-registers')).toMatchObject({
      severity: 'high',
      device: 'dosing-plc',
      source: STRANGER,
    });
    expect(traffic.alert('sweep-registers')?.packets).toHaveLength(16);
  });

  it('notices refused addresses and many functions, from a bare capture', () => {
    const traffic = new Traffic();
    const flow = traffic.open(STRANGER, DOSING);
    for (let address = 0; address < 10; address++) traffic.refuse(flow, 'READ_HOLDING_REGISTERS', address * 100);
    expect(traffic.raised).toEqual(['sweep-refused']);
    const other = new Traffic();
    const probing = other.open(STRANGER, DOSING);
    for (const func of ['A', 'B', 'C', 'D', 'E', 'F', 'G', 'H']) other.modbus(probing, func);
    expect(other.raised).toEqual(['sweep-functions']);
  });

  it('stays silent for a SCADA server that connects to all its devices and reads many blocks', () => {
    const traffic = new Traffic();
    for (let host = 1; host <= 30; host++) {
      traffic.open(SCADA, `10.10.1.${host}`, 0, 'arp');
      const flow = traffic.open(SCADA, `10.10.1.${host}`);
      for (let block = 0; block < 40; block++) traffic.read(flow, 'holding', block * 100, [1, 2, 3]);
    }
    expect(traffic.raised).toEqual([]);
  });

  it('stays silent for a slow walk and for announced work', () => {
    const traffic = watching([order(['dosing-plc'], 0, 86_400, ['engineering'])]);
    const slow = traffic.open(SCADA, DOSING);
    for (let address = 100; address < 140; address++) traffic.wait(10).read(slow, 'holding', address, [0]);
    const announced = traffic.open(WORKSTATION, DOSING);
    for (let address = 100; address < 140; address++) traffic.read(announced, 'holding', address, [0]);
    expect(traffic.raised).toEqual([]);
  });
});

describe('illegal-frames', () => {
  const broken = (
    violations: number,
    unparsedBytes: number,
  ): NonNullable<ReturnType<Traffic['open']>['dissector']> => ({
    data: () => {},
    gap: () => {},
    end: () => {},
    violations,
    unparsedBytes,
  });

  it('fires on messages that break the protocol, and counts repetitions', () => {
    const traffic = new Traffic();
    const flow = traffic.open(STRANGER, DOSING);
    traffic.event(flow, 'modbus_violation', { is_orig: true, reason: 'length' });
    flow.dissector = broken(1, 12);
    traffic.read(flow, 'holding', 0, [0]);
    expect(traffic.alert('illegal-frames')).toMatchObject({ severity: 'medium', count: 2, device: DOSING });
  });

  it('stays silent when a capture ends or loses packets within a message', () => {
    const traffic = new Traffic();
    traffic.event(traffic.open(SCADA, DOSING), 'modbus_violation', { is_orig: true, reason: 'truncated' });
    expect(traffic.raised).toEqual([]);
  });

  it('fires on a storm of exceptions, not on a few', () => {
    const few = new Traffic();
    const calm = few.open(SCADA, DOSING);
    for (let i = 0; i < 29; i++) few.refuse(calm, 'READ_HOLDING_REGISTERS', 7);
    expect(few.raised).toEqual([]);
    few.refuse(calm, 'READ_HOLDING_REGISTERS', 7);
    expect(few.raised).toEqual(['exception-storm']);
    const spread = new Traffic();
    const slow = spread.open(SCADA, DOSING);
    for (let i = 0; i < 60; i++) spread.wait(1).refuse(slow, 'READ_HOLDING_REGISTERS', 7);
    expect(spread.raised).toEqual([]);
  });

  it('stays silent on clean traffic', () => {
    const traffic = new Traffic();
    const flow = traffic.open(SCADA, DOSING);
    flow.dissector = broken(0, 0);
    for (let i = 0; i < 100; i++) traffic.read(flow, 'holding', 0, [i]);
    expect(traffic.raised).toEqual([]);
  });
});

describe('new-conversation', () => {
  it('names a pair and port that never spoke, once', () => {
    const traffic = watching();
    traffic.open(STRANGER, DOSING, 80);
    traffic.open(STRANGER, DOSING, 80);
    expect(traffic.alerts.map((a) => [a.rule, a.message])).toEqual([
      [
        'new-conversation',
        '10.10.2.99 in zone supervision speaks to dosing-plc in zone control over tcp port 80 for the first time',
      ],
    ]);
  });

  it('stays silent for learned pairs, under a work order, while learning and without a baseline', () => {
    const traffic = watching([order(['dosing-plc'], 0, 86_400)]);
    traffic.open(SCADA, DOSING);
    traffic.open(STRANGER, DOSING, 80);
    const learning = new Traffic({ learning: true, baseline: learnedBaseline() });
    learning.open(STRANGER, DOSING, 80);
    const bare = new Traffic({ knowledge: knowledge(), baseline: new Baseline() });
    bare.open(STRANGER, DOSING, 80);
    expect([...traffic.raised, ...learning.raised, ...bare.raised]).toEqual([]);
  });
});

describe('program-download', () => {
  const download = (traffic: Traffic, func: string): void =>
    traffic.event(traffic.open(WORKSTATION, DOSING), 'modbus_file_record', {
      func,
      request_response: 'REQUEST',
      file: 1,
      record: 0,
    });

  it('pages for a write of file records, from a bare capture too', () => {
    const traffic = new Traffic();
    download(traffic, 'WRITE_FILE_RECORD');
    expect(traffic.alert('program-download')).toMatchObject({ severity: 'high', source: WORKSTATION, device: DOSING });
  });

  it('stays silent for reading them (a backup) and under a work order', () => {
    const traffic = new Traffic({ knowledge: knowledge([order(['dosing-plc'], 0, 3600)]) });
    download(traffic, 'WRITE_FILE_RECORD');
    const bare = new Traffic();
    download(bare, 'READ_FILE_RECORD');
    expect([...traffic.raised, ...bare.raised]).not.toContain('program-download');
    expect(bare.alerts.map((a) => [a.rule, a.severity])).toEqual([['program-upload', 'medium']]);
  });
});

describe('address-moved', () => {
  const arp = (traffic: Traffic, ip: string, mac: string): void =>
    traffic.event(traffic.open(ip, SCADA, 0, 'arp'), 'arp', { sender_ip: ip, sender_mac: mac });

  it('tells that another card claims a device, at once where the asset list knows the card, and pages when it claims two', () => {
    const traffic = new Traffic({ knowledge: knowledge() });
    arp(traffic, SCADA, '00:14:22:00:00:01');
    arp(traffic, SCADA, '00:14:22:00:00:01');
    expect(traffic.raised).toEqual([]);
    arp(traffic, SCADA, 'b8:27:eb:00:00:66');
    arp(traffic, DOSING, 'b8:27:eb:00:00:66');
    expect(traffic.alerts.map((a) => [a.rule, a.device])).toEqual([
      ['address-moved', 'scada'],
      ['addresses-taken', 'dosing-plc'],
      ['address-moved', 'dosing-plc'],
    ]);
  });
});

describe('reading-outside-safe-limits', () => {
  it('tells the passing of a limit once, and not what stays inside', () => {
    const traffic = new Traffic({ knowledge: knowledge() });
    const flow = traffic.open(SCADA, DOSING);
    for (const raw of [830, 910, 930, 960, 961, 952, 951, 949, 955, 960]) traffic.read(flow, 'input', 0, [raw]);
    expect(traffic.alerts.map((a) => [a.rule, a.tag, a.newValue, a.count])).toEqual([
      ['reading-outside-safe-limits', 'AIT402', 9.6, 1],
    ]);
  });
});

describe('set-point-not-kept', () => {
  it('notes a set point that reads back otherwise, and not one that is kept', () => {
    const traffic = new Traffic({ knowledge: knowledge() });
    const flow = traffic.open(SCADA, DOSING);
    traffic.write(flow, 10, float(9));
    traffic.read(flow, 'holding', 10, float(9));
    expect(traffic.raised).toEqual([]);
    traffic.write(flow, 10, float(12));
    traffic.read(flow, 'holding', 10, float(9));
    expect(traffic.alert('set-point-not-kept')).toMatchObject({ severity: 'low', newValue: 9, tag: 'AIC401' });
  });
});

describe('poll-silence', () => {
  it('tells that a standing poll has stopped, once, while other traffic goes on', () => {
    const traffic = new Traffic({ knowledge: knowledge() });
    const flow = traffic.open(SCADA, DOSING);
    const other = traffic.open(SCADA, FILTERS);
    for (let i = 0; i < 180; i++) traffic.wait(1).read(flow, 'holding', 10, float(8));
    for (let i = 0; i < 60; i++) traffic.wait(1).read(other, 'holding', 0, [1]);
    expect(traffic.alerts.map((a) => [a.rule, a.device, a.source])).toEqual([['poll-silence', 'dosing-plc', 'scada']]);
  });

  it('keeps still while a work order explains it, tells when the order is over, and lets a visitor go', () => {
    const silenced = (by?: string[]): string[] => {
      const traffic = new Traffic({ knowledge: knowledge([order(['dosing-plc'], 100, 300, by)]) });
      const flow = traffic.open(SCADA, DOSING);
      const other = traffic.open(SCADA, FILTERS);
      for (let i = 0; i < 180; i++) traffic.wait(1).read(flow, 'holding', 10, float(8));
      for (let i = 0; i < 100; i++) traffic.wait(1).read(other, 'holding', 0, [1]);
      expect(traffic.alerts).toEqual([]);
      for (let i = 0; i < 100; i++) traffic.wait(1).read(other, 'holding', 0, [1]);
      return traffic.alerts.map((alert) => alert.rule);
    };
    expect(silenced()).toEqual(['poll-silence']);
    expect(silenced(['scada'])).toEqual([]);
  });

  it('lets a visitor go the second time, too: the time between two visits is no rhythm', () => {
    const visits = [order(['dosing-plc'], 100, 300, ['scada']), order(['dosing-plc'], 3000, 3300, ['scada'])];
    const traffic = new Traffic({ knowledge: knowledge(visits) });
    const flow = traffic.open(SCADA, DOSING);
    const other = traffic.open(SCADA, FILTERS);
    for (let second = 0; second < 4300; second++) {
      traffic.wait(1).read(other, 'holding', 0, [1]);
      const visiting = second < 180 || (second >= 3050 && second < 3200);
      if (visiting) traffic.read(flow, 'holding', 10, float(8));
    }
    expect(traffic.alerts).toEqual([]);
  });

  it('does not take a burst of requests for a rhythm', () => {
    const traffic = new Traffic({ knowledge: knowledge() });
    const flow = traffic.open(SCADA, DOSING);
    const other = traffic.open(SCADA, FILTERS);
    for (let i = 0; i < 100; i++) traffic.wait(0.01).read(flow, 'holding', 10, float(8));
    for (let i = 0; i < 300; i++) traffic.wait(1).read(other, 'holding', 0, [1]);
    expect(traffic.alerts).toEqual([]);
  });
});
