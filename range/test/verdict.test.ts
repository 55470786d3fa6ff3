import { describe, expect, it } from 'vitest';
import { judge, type ScenarioLabels } from '../verdict.ts';

const labels: ScenarioLabels = {
  firstPacket: 100,
  end: 1000,
  devices: new Set(['dosing-plc']),
  tags: new Set(['AIC301_SP']),
};
const alert = (time: number, device?: string, tag?: string) => ({ time, device, tag });

describe('a verdict', () => {
  it('counts an alert that names a labelled device or tag between the first malicious packet and the end of settling', () => {
    const verdict = judge([alert(103, 'dosing-plc'), alert(102, 'other', 'AIC301_SP')], labels, 900);
    expect(verdict).toMatchObject({
      detected: true,
      timeToDetectSeconds: 2,
      timeToDamageSeconds: 800,
      falseAlarms: [],
    });
  });

  it('calls an alert before the first packet, after settling or about something else a false alarm', () => {
    const alerts = [alert(99, 'dosing-plc'), alert(1001, 'dosing-plc'), alert(500, 'intake-plc', 'LIT101')];
    const verdict = judge(alerts, labels, 900);
    expect(verdict).toMatchObject({ detected: false, timeToDetectSeconds: null, falseAlarms: alerts });
  });

  it('counts what a device did that the adversary acted from, to whomever', () => {
    const told = [
      { ...alert(103, '10.0.0.255'), source: 'engineering' },
      { ...alert(104, 'intake-plc'), source: 'scada' },
    ];
    const verdict = judge(told, { ...labels, actors: new Set(['engineering']) }, 900);
    expect([verdict.trueAlerts, verdict.falseAlarms]).toEqual([[told[0]], [told[1]]]);
  });

  it('is in time for a response only when alert and response together precede the damage', () => {
    const at = (damage: number) => judge([alert(110, 'dosing-plc')], labels, damage).inTime;
    expect(at(114)).toEqual({ automatic: false, controlRoom: false, field: false });
    expect(at(115)).toEqual({ automatic: true, controlRoom: false, field: false });
    expect(at(710)).toEqual({ automatic: true, controlRoom: true, field: false });
    expect(at(1910)).toEqual({ automatic: true, controlRoom: true, field: true });
  });

  it('is in time for everything when it is detected and nothing was harmed, and for nothing when it is missed', () => {
    expect(judge([alert(110, 'dosing-plc')], labels, undefined).inTime).toEqual({
      automatic: true,
      controlRoom: true,
      field: true,
    });
    expect(judge([], labels, undefined).inTime).toEqual({ automatic: false, controlRoom: false, field: false });
  });

  it('has no times when the scenario sent nothing', () => {
    const verdict = judge([alert(5, 'dosing-plc')], { ...labels, firstPacket: undefined }, 900);
    expect(verdict).toMatchObject({ detected: false, timeToDetectSeconds: null, timeToDamageSeconds: null });
    expect(verdict.falseAlarms).toHaveLength(1);
  });
});
