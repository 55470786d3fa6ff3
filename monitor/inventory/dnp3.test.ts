import { DEVICE_KINDS } from '@penstock/core';
import {
  type AppFragment,
  allOf,
  encodeFragment,
  encodeLinkFrame,
  FUNCTION,
  segment,
  valuesFrom,
} from '@penstock/protocols/dnp3';
import { describe, expect, it } from 'vitest';
import { Monitor } from '../monitor.ts';
import { tcp, udp } from '../test/frames.ts';
import { libraryRules } from '../test/works.ts';
import { inventoryRecords } from './exchange.ts';
import { formatInventoryCsv, parseInventoryCsv } from './record.ts';

const SCADA = '10.0.0.1';
const STATION = '10.0.0.2';
const ALONE = { fir: true, fin: true, con: false, uns: false, seq: 3 };

/** A fragment in one link frame. */
function frame(source: number, destination: number, fragment: Omit<AppFragment, 'control'>): Uint8Array {
  const dir = fragment.iin === undefined;
  const [payload] = segment(encodeFragment({ control: ALONE, ...fragment }), 0) as [Uint8Array];
  const control = { dir, prm: true, fcb: false, fcv: false, function: 4 } as const;
  return encodeLinkFrame({ control, source, destination, payload });
}

const request = (source: number, destination: number) =>
  frame(source, destination, { function: FUNCTION.read, objects: [allOf(0, 254)] });
const text = (variation: number, value: string) =>
  valuesFrom(0, variation, 0, [{ type: 'attribute', dataType: 'text', value }]);
const response = (source: number, destination: number) =>
  frame(source, destination, {
    function: FUNCTION.response,
    iin: 0,
    objects: [text(252, 'Booster Works'), text(250, 'RTU 7'), text(242, '1.4'), text(248, 'B-0042')],
  });

function devicesOf(frames: readonly Uint8Array[]) {
  const monitor = new Monitor({ rules: libraryRules(), mode: 'watch' });
  frames.forEach((bytes, i) => {
    monitor.frame(1.7e15 + i * 1000, bytes, 0, bytes.length, 1, bytes.length);
  });
  monitor.finish();
  return monitor.devices();
}

describe('what DNP3 tells of devices', () => {
  const [client, server] = [`${SCADA}:40000`, `${STATION}:20000`];
  const ask = request(100, 7);
  const devices = devicesOf([
    tcp({ from: client, to: server, seq: 99, flags: 'S' }),
    tcp({ from: server, to: client, seq: 499, ack: 100, flags: 'SA' }),
    tcp({ from: client, to: server, seq: 100, ack: 500, data: ask }),
    tcp({ from: server, to: client, seq: 500, ack: 100 + ask.length, data: response(7, 100) }),
  ]);

  it('link addresses, and who it is by its own words', () => {
    expect(devices).toMatchObject([
      { address: SCADA, linkAddresses: ['master 100'], clientOf: [STATION], role: 'DNP3 master', functions: ['READ'] },
      {
        address: STATION,
        linkAddresses: ['outstation 7'],
        serverOf: [SCADA],
        role: 'outstation',
        vendor: 'Booster Works',
        model: 'RTU 7',
        revision: '1.4',
        identity: { SerialNumber: 'B-0042' },
        services: [{ transport: 'tcp', port: 20_000, protocol: 'dnp3' }],
      },
    ]);
  });

  it('stands in the export, which can be imported again', () => {
    const records = inventoryRecords(devices, []);
    expect(records.map(({ linkAddresses }) => linkAddresses)).toEqual([['master 100'], ['outstation 7']]);
    expect(parseInventoryCsv(formatInventoryCsv(records), 'inventory.csv')).toEqual(records);
    expect(DEVICE_KINDS).toContain('rtu');
  });

  it('over UDP, and where the outstation speaks first', () => {
    const unsolicited = frame(7, 100, { function: FUNCTION.unsolicitedResponse, iin: 0x8000, objects: [] });
    const [station] = devicesOf([udp(`${STATION}:20000`, `${SCADA}:20000`, unsolicited)]);
    expect(station).toMatchObject({ address: STATION, linkAddresses: ['outstation 7'], role: 'outstation' });
  });
});
