import { describe, expect, it } from 'vitest';
import type { EvidencePacket } from '../flows/evidence.ts';
import { type Alert, AlertBook, type Finding, type Incident } from './index.ts';

const finding = (seconds: number, more: Partial<Finding> = {}): Finding => ({
  epoch: 1_000_000e6 + seconds * 1e6,
  rule: { name: 'rule', title: 'A rule', level: 'medium', suppress: 300e6 },
  techniques: ['T0836'],
  device: { label: 'dosing-plc', address: '10.10.1.13' },
  source: { label: 'scada', address: '10.10.2.10' },
  tag: 'AIC401',
  detail: undefined,
  oldValue: 8,
  newValue: 11_100,
  unit: 'mg/L',
  message: 'message',
  why: 'why',
  ...more,
});
const packet = (number: number, size = 4): EvidencePacket => ({
  number,
  time: 0,
  linkType: 1,
  wireLength: size,
  bytes: new Uint8Array(size),
});
const book = (): { book: AlertBook; told: string[] } => {
  const told: string[] = [];
  const sink = {
    alert: (alert: Alert) => told.push(`alert ${alert.rule} ${alert.time}`),
    repeated: (alert: Alert) => told.push(`again ${alert.count}`),
    incident: (incident: Incident) => told.push(`incident ${incident.alertCount}`),
  };
  return { book: new AlertBook([sink], 1_000_000e6), told };
};

describe('alerts', () => {
  it('count repetitions within the suppression time and tell them again after it', () => {
    const { book: alerts, told } = book();
    for (const seconds of [1, 2, 300, 301, 302]) alerts.report(finding(seconds), [], () => [packet(1)]);
    expect(told).toEqual([
      'incident 1',
      'alert rule 1',
      'again 2',
      'again 3',
      'again 4',
      'incident 2',
      'alert rule 302',
    ]);
    expect(alerts.alerts.map((a) => [a.count, a.lastTime])).toEqual([
      [4, 301],
      [1, 302],
    ]);
    expect(alerts.repetitions).toBe(3);
  });

  it('keep different devices, tags and sources apart', () => {
    const { book: alerts } = book();
    alerts.report(finding(1), [], () => []);
    alerts.report(finding(1, { tag: 'HS401' }), [], () => []);
    alerts.report(finding(1, { device: { label: 'filter-plc', address: '10.10.1.12' } }), [], () => []);
    alerts.report(finding(1, { source: undefined }), [], () => []);
    expect(alerts.alerts).toHaveLength(4);
    expect(new Set(alerts.alerts.map((a) => a.id)).size).toBe(4);
  });

  it('have ids that depend on nothing but what happened', () => {
    const ids = [book().book, book().book].map((alerts) => {
      for (let i = 0; i < 5; i++) alerts.report(finding(i * 400), [], () => []);
      return alerts.alerts.map((a) => `${a.id} ${a.incident}`);
    });
    expect(ids[0]).toEqual(ids[1]);
  });

  it('limit what one rule raises in an hour, and count the rest', () => {
    const { book: alerts } = book();
    for (let i = 0; i < 200; i++) alerts.report(finding(i, { tag: `T${i}` }), [], () => []);
    expect(alerts.alerts).toHaveLength(120);
    expect(alerts.limited.get('rule')).toBe(80);
    alerts.report(finding(3800, { tag: 'later' }), [], () => []);
    expect(alerts.alerts).toHaveLength(121);
  });

  it('carry their packets, within bounds', () => {
    const { book: alerts } = book();
    const first = alerts.report(finding(0), [], () => [packet(7, 1e6), packet(9, 1e6)]);
    expect(first?.packets).toEqual([7, 9]);
    expect(alerts.evidence(first?.id ?? '')).toHaveLength(2);
    for (let i = 1; i <= 10; i++) alerts.report(finding(i * 400), [i], () => [packet(i, 1e6)]);
    expect(alerts.evidence(first?.id ?? '')).toEqual([]);
    expect(alerts.evidence(alerts.alerts.at(-1)?.id ?? '')).toHaveLength(1);
  });

  it('write no number that JSON does not have', () => {
    const { book: alerts } = book();
    alerts.report(
      finding(0, { oldValue: Number.NaN, newValue: Number.POSITIVE_INFINITY, unit: undefined }),
      [],
      () => [],
    );
    expect(alerts.alerts[0]).toMatchObject({ oldValue: null, newValue: null, unit: null });
  });
});

describe('incidents', () => {
  it('join alerts of one asset that share a technique or a source and follow closely', () => {
    const { book: alerts } = book();
    const raise = (seconds: number, tag: string, more: Partial<Finding> = {}): void => {
      alerts.report(finding(seconds, { tag, ...more }), [], () => []);
    };
    const other = { label: '10.10.2.99', address: '10.10.2.99' };
    raise(0, 'A');
    raise(60, 'B', { techniques: ['T0858'], rule: { name: 'r2', title: '', level: 'high', suppress: 1 } });
    raise(120, 'C', { source: other });
    raise(130, 'D', { source: { label: 'x', address: 'x' }, techniques: ['T0846'] });
    raise(140, 'E', { device: { label: 'filter-plc', address: '10.10.1.12' } });
    raise(4000, 'F');
    expect(alerts.incidents.map((i) => [i.asset, i.alertCount, i.severity, i.techniques, i.sources])).toEqual([
      ['dosing-plc', 3, 'high', ['T0836', 'T0858'], ['scada', '10.10.2.99']],
      ['dosing-plc', 1, 'medium', ['T0846'], ['x']],
      ['filter-plc', 1, 'medium', ['T0836'], ['scada']],
      ['dosing-plc', 1, 'medium', ['T0836'], ['scada']],
    ]);
    expect(alerts.incidents[0]).toMatchObject({ from: 0, to: 120 });
  });
});
