import { describe, expect, it } from 'vitest';
import { DOSING, FILTERS, float, knowledge, SCADA, Traffic } from '../test/works.ts';
import { vendorOf } from './oui.ts';

const report = (traffic: Traffic) => traffic.judge.inventory.report((time) => traffic.book.seconds(time));

describe('inventory', () => {
  it('tells who is there, what they offer and why it thinks so', () => {
    const traffic = new Traffic({ knowledge: knowledge() });
    for (const plc of [DOSING, FILTERS, '10.10.1.11']) {
      traffic.event(traffic.open(plc, SCADA, 0, 'arp'), 'arp', {
        sender_ip: plc,
        sender_mac: `00:80:f4:00:00:${plc.slice(-2)}`,
      });
      const flow = traffic.open(SCADA, plc);
      traffic.read(flow, 'holding', 0, [1]);
      traffic.write(flow, 10, float(8));
      traffic.event(flow, 'modbus_read_device_identification', {
        unit: 1,
        request_response: 'RESPONSE',
        object_id: 'VendorName',
        object_value: 'Schneider Electric',
      });
      traffic.end(flow, 'SF', 5);
    }
    const devices = report(traffic);
    expect(devices.map((d) => [d.address, d.id, d.known, d.role])).toEqual([
      ['10.10.1.11', null, false, 'controller'],
      [FILTERS, 'filter-plc', true, 'controller'],
      [DOSING, 'dosing-plc', true, 'controller'],
      [SCADA, 'scada', true, 'SCADA server'],
    ]);
    expect(devices[2]).toMatchObject({
      zone: 'control',
      macs: ['00:80:f4:00:00:13'],
      macVendor: 'Schneider Electric',
      identity: { VendorName: 'Schneider Electric' },
      services: [{ transport: 'tcp', port: 502, protocol: 'modbus' }],
      serverOf: [SCADA],
      clientOf: [],
      functions: ['READ_HOLDING_REGISTERS', 'WRITE_MULTIPLE_REGISTERS'],
      evidence: ['answers Modbus to 1 client', 'calls itself Schneider Electric', 'serves modbus on tcp/502'],
    });
    expect(devices[3]).toMatchObject({
      clientOf: ['10.10.1.11', FILTERS, DOSING],
      evidence: ['asks 3 Modbus devices', 'writes with WRITE_MULTIPLE_REGISTERS', 'talks to 3 hosts'].slice(0, 2),
    });
    expect(devices[3]?.lastSeen).toBeGreaterThan(devices[3]?.firstSeen ?? 0);
  });

  it('takes no scanned address, broadcast or multicast group for a device', () => {
    const traffic = new Traffic();
    for (const to of ['10.10.1.200', '255.255.255.255', '10.10.1.255', '224.0.0.251', 'ff02::1'])
      traffic.end(traffic.open(SCADA, to), 'S0', 0);
    expect(report(traffic).map((d) => d.address)).toEqual([SCADA]);
  });

  it('is bounded', () => {
    const traffic = new Traffic();
    for (let i = 0; i < 20_000; i++)
      traffic.open(`10.${i >> 16}.${(i >> 8) & 255}.${(i & 127) + 1}`, `11.0.${i >> 8}.${(i & 127) + 1}`, 80);
    for (let i = 0; i < 20_000; i++) traffic.open(`2001:db8::${i.toString(16)}`, SCADA, 80);
    expect(traffic.judge.inventory.size).toBe(16_384);
    expect(traffic.judge.inventory.dropped).toBeGreaterThan(0);
  });

  it('knows the vendors of common prefixes', () => {
    expect([vendorOf('00:1d:9c:c7:b0:70'), vendorOf('02:00:00:00:00:01')]).toEqual(['Rockwell Automation', undefined]);
  });
});
