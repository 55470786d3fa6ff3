import { decodeSyslog } from '@penstock/protocols/syslog';
import { describe, expect, it } from 'vitest';
import { AlertBook, type Finding } from '../alerts/index.ts';
import { type Notice, NoticeSink, syslogDatagram, syslogFrame, syslogMessage } from './index.ts';

const START = Date.parse('2026-03-02T09:00:00Z') * 1000;
const finding = (seconds: number, more: Partial<Finding> = {}): Finding => ({
  epoch: START + seconds * 1e6,
  rule: { name: 'value-outside-limits', title: 'A rule', level: 'high', suppress: 1e9 },
  techniques: ['T0836', 'T0846'],
  device: { label: 'dosing-plc', address: '10.10.1.13' },
  source: { label: 'scada', address: '10.10.2.10' },
  tag: 'AIC401',
  detail: undefined,
  oldValue: 8,
  newValue: 11_100,
  unit: 'mg/L',
  message: 'scada orders AIC401 to 11,100 mg/L',
  why: 'why',
  ...more,
});

function notices(...findings: readonly Finding[]): Notice[] {
  const told: Notice[] = [];
  const book = new AlertBook([new NoticeSink((notice) => told.push({ ...notice }))], START);
  for (const one of findings) book.report(one, [], () => []);
  return told;
}
const sender = { host: 'sensor-1', startEpoch: START };

describe('notices', () => {
  it('tell an alert, its incident once and again when it becomes graver, and repetitions by powers of ten', () => {
    const low = { rule: { name: 'low', title: '', level: 'low' as const, suppress: 1e9 } };
    const told = notices(
      finding(1, low),
      finding(2, { ...low, tag: 'B' }),
      ...Array.from({ length: 120 }, (_, i) => finding(3 + i)),
    );
    expect(told.map((n) => [n.type, n.severity, n.type === 'repetition' ? n.count : ''])).toEqual([
      ['incident', 'low', ''],
      ['alert', 'low', ''],
      ['alert', 'low', ''],
      ['incident', 'high', ''],
      ['alert', 'high', ''],
      ['repetition', 'high', 10],
      ['repetition', 'high', 100],
    ]);
    expect(told[3]).toMatchObject({
      ...{ asset: 'dosing-plc', devices: ['dosing-plc'], tags: ['AIC401', 'B'], sources: ['scada'] },
      tactics: ['discovery', 'impair-process-control'],
      techniques: ['T0846', 'T0836'],
    });
    expect(told[4]).toMatchObject({ at: '2026-03-02T09:00:03.000Z', newValue: 11_100, incident: expect.any(String) });
  });
});

describe('syslog', () => {
  const alert = notices(finding(1.5)).find((n) => n.type === 'alert') as Notice;

  it('carries an alert with its fields and time', () => {
    const bytes = syslogDatagram(syslogMessage(alert, sender));
    expect(new TextDecoder().decode(bytes)).toMatch(
      /^<115>1 2026-03-02T09:00:01\.500000Z sensor-1 penstock - alert \[penstock@32473 id="a-[0-9a-f]{12}" rule="value-outside-limits" severity="high" techniques="T0836 T0846" device="dosing-plc" deviceAddress="10\.10\.1\.13" tag="AIC401" source="scada" sourceAddress="10\.10\.2\.10" oldValue="8" newValue="11100" unit="mg\/L" incident="i-[0-9a-f]{12}"\] scada orders AIC401 to 11,100 mg\/L$/,
    );
    expect(decodeSyslog(bytes, 0, bytes.length)).toMatchObject({
      ...{ facility: 14, severity: 3, host: 'sensor-1', application: 'penstock', messageId: 'alert' },
      time: START + 1.5e6,
      parameters: { rule: 'value-outside-limits', tag: 'AIC401' },
    });
  });

  it('gives each severity its own, and dates incidents and repetitions', () => {
    const severities = (['informational', 'low', 'medium', 'high', 'critical'] as const).map((level) => {
      const [incident] = notices(finding(7, { rule: { name: 'r', title: '', level, suppress: 1 } }));
      const message = syslogMessage(incident as Notice, sender);
      return [message.messageId, message.severity, message.time];
    });
    expect(severities).toEqual([6, 5, 4, 3, 2].map((severity) => ['incident', severity, START + 7e6]));
    const repetition = notices(...Array.from({ length: 10 }, (_, i) => finding(i))).at(-1) as Notice;
    expect(syslogMessage(repetition, sender)).toMatchObject({
      ...{ messageId: 'repetition', time: START + 9e6, text: 'value-outside-limits happened 10 times' },
    });
  });

  it('lets no line end or bracket of what a device calls itself begin something of its own', () => {
    const hostile = finding(1, {
      device: { label: 'plc"]\n<0>1 - - - - - forged', address: '10.0.0.1' },
      message: 'one\r\ntwo\u2028three',
    });
    const message = syslogMessage(notices(hostile).find((n) => n.type === 'alert') as Notice, sender);
    const bytes = syslogDatagram(message);
    expect([...bytes].filter((byte) => byte < 32)).toEqual([]);
    expect(decodeSyslog(bytes, 0, bytes.length)).toMatchObject({
      parameters: { device: 'plc"] <0>1 - - - - - forged' },
      text: 'one  two three',
    });
  });

  it('cuts what is too long for a datagram at a whole character, and not in a stream', () => {
    const long = syslogMessage(notices(finding(1, { message: 'ж€😀'.repeat(600) }))[1] as Notice, sender);
    const datagram = syslogDatagram(long);
    expect(datagram.length).toBeLessThanOrEqual(2048);
    expect(datagram.length).toBeGreaterThan(2040);
    expect(new TextDecoder('utf-8', { fatal: true }).decode(datagram)).toContain('ж€😀');
    const frame = new TextDecoder().decode(syslogFrame(long));
    const [length] = frame.split(' ', 1) as [string];
    expect(new TextEncoder().encode(frame.slice(length.length + 1)).length).toBe(Number(length));
    expect(frame.length).toBeGreaterThan(1800);
  });
});
