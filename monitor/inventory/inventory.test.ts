import { describe, expect, it } from 'vitest';
import type { KnownAsset } from '../knowledge.ts';
import { DOSING, FILTERS, float, knowledge, SCADA, STRANGER, Traffic, WORKSTATION } from '../test/works.ts';
import { compareInventory } from './differences.ts';
import { inventoryRecords } from './exchange.ts';
import { accessText } from './index.ts';
import { vendorOf } from './oui.ts';
import { formatInventoryCsv, parseInventoryCsv } from './record.ts';

const report = (traffic: Traffic) => {
  traffic.judge.tally();
  return traffic.judge.inventory.report((time) => traffic.book.seconds(time));
};

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

  it('tells what a device reads and writes of whom, and how often', () => {
    const traffic = new Traffic({ knowledge: knowledge() });
    const flow = traffic.open(SCADA, DOSING);
    for (let i = 0; i < 10; i++) {
      traffic.read(flow, 'holding', 10, float(8));
      traffic.wait(0.999);
    }
    traffic.write(flow, 10, float(9));
    traffic.refuse(flow, 'READ_INPUT_REGISTERS', 900);
    const scada = report(traffic).find((d) => d.id === 'scada');
    expect(scada?.reads.map(accessText)).toEqual([
      'dosing-plc holding 10-11 AIC401, every 1 s (READ_HOLDING_REGISTERS, 10 times)',
      'dosing-plc input 900 (READ_INPUT_REGISTERS, 1 times, 1 refused)',
    ]);
    expect(scada?.writes.map(accessText)).toEqual([
      'dosing-plc holding 10-11 AIC401 (WRITE_MULTIPLE_REGISTERS, 1 times)',
    ]);
    // What is asked for twice counts once, and a conversation that goes on was seen until now.
    expect(report(traffic).find((d) => d.id === 'scada')?.reads[0]?.count).toBe(10);
    expect(scada?.lastSeen).toBeCloseTo(10, 1);
  });

  it('says which observation counts for which role', () => {
    const traffic = new Traffic();
    const flow = traffic.open(WORKSTATION, DOSING);
    traffic.modbus(flow, 'WRITE_FILE_RECORD');
    for (let host = 1; host <= 20; host++) traffic.end(traffic.open(STRANGER, `10.10.9.${host}`), 'S0', 0);
    const devices = report(traffic);
    expect(devices.map((d) => [d.address, d.role])).toEqual([
      [DOSING, 'controller'],
      [WORKSTATION, 'engineering workstation'],
      [STRANGER, 'scanner'],
    ]);
    expect(devices[1]).toMatchObject({
      confidence: 0.6,
      observations: [
        { what: 'asks 1 Modbus device', counts: { 'Modbus client that writes': 2 } },
        { what: 'writes with WRITE_FILE_RECORD', counts: { 'SCADA server': 1, 'Modbus client that writes': 1 } },
        { what: 'works on programs and devices with WRITE_FILE_RECORD', counts: { 'engineering workstation': 6 } },
      ],
    });
  });

  it('takes who sends for many addresses for a router, and its interfaces for no strangers', () => {
    const traffic = new Traffic();
    const gateway = '10.10.1.1';
    traffic.event(traffic.open(gateway, DOSING, 0, 'arp'), 'arp', {
      ...{ sender_ip: gateway, sender_mac: '00:90:e8:00:00:01' },
    });
    for (let host = 1; host <= 3; host++) {
      const flow = traffic.open(`10.9.0.${host}`, DOSING, 80);
      traffic.judge.inventory.opened({ ...flow, originatorMac: '00:90:e8:00:00:01' }, traffic.time);
    }
    const devices = report(traffic);
    expect(devices.find((d) => d.address === gateway)).toMatchObject({
      role: 'router',
      evidence: ['its network card sends packets of 3 other addresses'],
    });
    const firewall = { ...(knowledge().assets[0] as KnownAsset), address: '10.9.0.254', otherAddresses: [gateway] };
    const unknown = compareInventory(devices, [firewall]).filter((d) => d.kind === 'unknown');
    expect(unknown.map((d) => d.address)).toEqual(['10.9.0.1', '10.9.0.2', '10.9.0.3']);
  });

  it('bounds what it follows of one device', () => {
    const traffic = new Traffic();
    for (let round = 0; round < 3; round++) {
      const flow = traffic.open(SCADA, DOSING);
      for (let i = 0; i < 600; i++) traffic.read(flow, 'holding', round * 600 + i, [1]);
    }
    expect(report(traffic).find((d) => d.address === SCADA)?.reads).toHaveLength(1024);
    expect(traffic.judge.inventory.dropped).toBe(3 * 600 - 1024);
  });
});

describe('differences to the list', () => {
  const seen = (mac = '00:80:f4:00:00:13', at = DOSING, vendor = 'Schneider Electric') => {
    const traffic = new Traffic({ knowledge: knowledge() });
    traffic.event(traffic.open(at, SCADA, 0, 'arp'), 'arp', { sender_ip: at, sender_mac: mac });
    const flow = traffic.open(SCADA, at);
    traffic.read(flow, 'holding', 0, [1]);
    traffic.event(flow, 'modbus_read_device_identification', {
      ...{ unit: 1, request_response: 'RESPONSE', object_id: 'VendorName', object_value: vendor },
    });
    traffic.end(flow, 'SF', 5);
    return report(traffic);
  };
  const assets = knowledge()
    .assets.filter((asset) => asset.id !== 'engineering' && asset.id !== 'filter-plc')
    .map((asset) =>
      asset.id === 'dosing-plc' ? { ...asset, vendor: 'Schneider Electric', services: ['tcp/502'] } : asset,
    );
  const differences = (...all: Parameters<typeof compareInventory>) =>
    compareInventory(...all).map(({ state, kind, device, listed, seen: found }) => [
      state,
      kind,
      device,
      listed,
      found,
    ]);

  it('are none when all is as it should be, and where there is no list', () => {
    expect(differences(seen(), assets)).toEqual([]);
    expect(differences(seen(), [])).toEqual([]);
  });

  it('are unknown and silent devices', () => {
    const list = knowledge().assets.filter((asset) => asset.id !== 'scada');
    expect(differences(seen(), list)).toEqual([
      ['silent', 'silent', 'filter-plc', FILTERS, null],
      ['silent', 'silent', 'engineering', WORKSTATION, null],
      ['unknown', 'unknown', SCADA, null, 'Modbus client that reads'],
    ]);
  });

  it('are another card, identity or service, and a device at another address', () => {
    expect(differences(seen('00:80:f4:00:00:99'), assets)).toEqual([
      ['changed', 'mac', 'dosing-plc', '00:80:f4:00:00:13', '00:80:f4:00:00:99'],
    ]);
    expect(differences(seen(undefined, undefined, 'Other'), assets)).toEqual([
      ['changed', 'vendor', 'dosing-plc', 'Schneider Electric', 'Other'],
    ]);
    expect(differences(seen(undefined, '10.10.1.77'), assets)).toEqual([
      ['changed', 'address', 'dosing-plc', DOSING, '10.10.1.77'],
    ]);
    const other = assets.map((a) => (a.id === 'dosing-plc' ? { ...a, services: ['tcp/80 http'] } : a));
    expect(differences(seen(), other)).toEqual([
      ['changed', 'service-new', 'dosing-plc', null, 'tcp/502'],
      ['changed', 'service-gone', 'dosing-plc', 'tcp/80', null],
    ]);
  });

  it('stand in the export, which can be imported again', () => {
    const records = inventoryRecords(seen(), knowledge().assets);
    expect(records.map((r) => [r.address, r.id, r.state])).toEqual([
      [DOSING, 'dosing-plc', 'known'],
      [SCADA, 'scada', 'known'],
      [FILTERS, 'filter-plc', 'silent'],
      [WORKSTATION, 'engineering', 'silent'],
    ]);
    expect(records[0]).toMatchObject({
      vendor: 'Schneider Electric',
      services: ['tcp/502 modbus'],
      criticality: 'high',
    });
    expect(parseInventoryCsv(formatInventoryCsv(records), 'inventory.csv')).toEqual(records);
  });
});
