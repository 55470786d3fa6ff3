/** Other people's clients and dissectors against our server, over loopback. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type exported from '@bacnet-js/client';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { hasJudge } from '../../../tests/judges.ts';
import type { ServerOptions } from '../index.ts';
import { captureOf, Loopback } from './loopback.ts';
import { Station } from './station.ts';

const run = promisify(execFile);
// A CommonJS module whose class is a property of what it exports.
const { default: Bacnet, ApplicationTag } = createRequire(import.meta.url)('@bacnet-js/client') as typeof exported;
const SLOW = 400_000;
const ALL = 0xffff_ffff;
const PRESENT_VALUE = 85;

/** Notifications as the client tells them. */
interface Told {
  readonly payload: {
    readonly monitoredObjectId: unknown;
    readonly values: { property: { id: number }; value: { value: unknown }[] }[];
  };
  readonly header?: { readonly sender: unknown };
  readonly service?: number;
  readonly invokeId?: number;
}

let station: Station;
let loopback: Loopback;
const packets: Loopback['packets'] = [];

async function served(options: Partial<ServerOptions> = {}, host = '127.0.0.1', port = 0): Promise<void> {
  station = new Station(options);
  loopback = await Loopback.open(station.server, host, port);
}

async function down(): Promise<void> {
  // nmap tries what other protocols may stand at that port, too.
  packets.push(...loopback.packets.filter(({ octets }) => octets[0] === 0x81));
  await loopback.close();
}

describe('@bacnet-js/client', { timeout: SLOW }, () => {
  let client: InstanceType<typeof Bacnet>;
  let to: { address: string };
  const ao = { type: 1, instance: 1 };

  beforeEach(async () => {
    await served({ password: 'Fan-4711' });
    client = new Bacnet({ port: 0, interface: '127.0.0.1', apduTimeout: 60_000 });
    await new Promise<void>((resolve) => client.on('listening', () => resolve()));
    to = { address: `127.0.0.1:${loopback.port}` };
  });

  afterEach(async () => {
    client.close();
    await down();
  });

  it('finds the device', async () => {
    const heard = new Promise<{ payload: unknown }>((resolve) => client.on('iAm', resolve));
    client.whoIs(to, { lowLimit: 900, highLimit: 910 });
    expect((await heard).payload).toMatchObject({ deviceId: 901, maxApdu: 1476, segmentation: 1, vendorId: 260 });
  });

  it('reads every property of every object that the list of properties names', async () => {
    const list = await client.readProperty(to, { type: 8, instance: 4_194_303 }, 76);
    const ids = list.values.map(({ value }) => value as { type: number; instance: number });
    expect(ids).toContainEqual({ type: 8, instance: 901 });
    for (const id of ids) {
      const names = await client.readProperty(to, id, 371);
      for (const { value } of names.values) {
        const answer = await client.readProperty(to, id, value as number);
        expect(answer.property.id, JSON.stringify(id)).toBe(value);
      }
    }
  });

  it('reads all at once', async () => {
    const answer = await client.readPropertyMultiple(to, [{ objectId: ao, properties: [{ id: 8, index: ALL }] }]);
    const values = answer.values[0]?.values ?? [];
    const one = (id: number): unknown => values.find((entry) => entry.id === id)?.value;
    expect(one(PRESENT_VALUE)).toMatchObject([{ type: ApplicationTag.REAL, value: 40 }]);
    expect(one(77)).toEqual([expect.objectContaining({ value: 'SC901' })]);
    expect(one(87)).toHaveLength(16);
  });

  it('commands, and takes its command back', async () => {
    const real = (value: number) => [{ type: ApplicationTag.REAL, value }];
    await client.writeProperty(to, ao, PRESENT_VALUE, real(75), { priority: 8 });
    expect(station.memory[1]).toBe(75);
    await client.writeProperty(to, ao, PRESENT_VALUE, [{ type: ApplicationTag.NULL, value: null }], { priority: 8 });
    expect(station.memory[1]).toBe(40);
    await expect(client.writeProperty(to, ao, PRESENT_VALUE, real(75), { priority: 6 })).rejects.toThrow(
      /Class:2 - Code:40/,
    );
  });

  it('writes several at once', async () => {
    const entry = {
      property: { id: PRESENT_VALUE, index: ALL },
      value: [{ type: ApplicationTag.REAL, value: 55 }],
      priority: 9,
    };
    const mode = {
      property: { id: PRESENT_VALUE, index: ALL },
      value: [{ type: ApplicationTag.UNSIGNED_INTEGER, value: 3 }],
      priority: 16,
    };
    await client.writePropertyMultiple(to, [
      { objectId: ao, values: [entry] },
      { objectId: { type: 19, instance: 1 }, values: [mode] },
    ]);
    expect(station.memory).toMatchObject({ 1: 55, 4: 2 });
  });

  it('is told of changes', async () => {
    const told: Told[] = [];
    client.on('covNotifyUnconfirmed', (content) => told.push(content as unknown as Told));
    await client.subscribeCov(to, ao, 3, false, false, 300);
    await expect.poll(() => told.length, { timeout: 60_000 }).toBe(1);
    await client.writeProperty(to, ao, PRESENT_VALUE, [{ type: ApplicationTag.REAL, value: 66 }], { priority: 8 });
    await expect.poll(() => told.length, { timeout: 60_000 }).toBe(2);
    expect(told[1]?.payload.monitoredObjectId).toEqual(ao);
    expect(told[1]?.payload.values[0]?.value[0]?.value).toBe(66);
    await client.subscribeCov(to, ao, 3, true, false, 0);
    expect(station.server.subscriptions).toBe(0);
  });

  it('is told of changes, and says that it heard', async () => {
    const told: Told[] = [];
    client.on('covNotify', (content) => {
      const one = content as unknown as Told;
      told.push(one);
      client.simpleAckResponse(
        one.header?.sender as { address: string },
        one.service as number,
        one.invokeId as number,
      );
    });
    await client.subscribeCov(to, ao, 4, false, true, 300);
    await expect.poll(() => told.length, { timeout: 60_000 }).toBe(1);
  });

  it('lists alarms', async () => {
    expect(await client.getAlarmSummary(to)).toEqual([]);
    station.memory[5] = 0;
    await expect
      .poll(async () => JSON.stringify(await client.getAlarmSummary(to)), { timeout: 60_000 })
      .toContain('"alarmState":2');
    const information = JSON.stringify(await client.getEventInformation(to));
    expect(information).toContain('"eventState":2');
  });

  it('cannot switch the communication off without the password', async () => {
    await expect(client.deviceCommunicationControl(to, 1, 1, { password: 'guess' })).rejects.toThrow(
      /Class:4 - Code:26/,
    );
    await client.deviceCommunicationControl(to, 1, 1, { password: 'Fan-4711' });
    expect(station.server.communication).toBe('disabled');
    await client.deviceCommunicationControl(to, 0, 0, { password: 'Fan-4711' });
    await client.reinitializeDevice(to, 1, { password: 'Fan-4711' });
    expect(station.restarts).toEqual(['warm']);
  });
});

describe.skipIf(!hasJudge('nmap') || process.getuid?.() !== 0)('nmap bacnet-info', { timeout: SLOW }, () => {
  // Its script looks at the standard port only; an address of this process alone keeps others away from it.
  const host = `127.91.${(process.pid >> 8) & 255}.${(process.pid & 127) + 2}`;
  beforeAll(() => served({ location: 'chemical building' }, host, 47_808), SLOW);
  afterAll(down);

  it('knows what it is', async () => {
    const { stdout } = await run('nmap', ['-sU', '-Pn', '-n', '-p', 'U:47808', '--script', 'bacnet-info', host]);
    expect(stdout).toMatch(/Vendor ID: .*\(260\)/);
    expect(stdout).toMatch(/Vendor Name: Penstock Air/);
    expect(stdout).toMatch(/Object-identifier: 901/);
    expect(stdout).toMatch(/Firmware: 2\.1\.0/);
    expect(stdout).toMatch(/Object Name: ventilation/);
    expect(stdout).toMatch(/Model Name: VC2/);
    expect(stdout).toMatch(/Location: chemical building/);
  });
});

describe.skipIf(!hasJudge('tshark'))('tshark', { timeout: SLOW }, () => {
  it('finds nothing malformed in what was said', async () => {
    expect(packets.length).toBeGreaterThan(100);
    const folder = mkdtempSync(join(tmpdir(), 'penstock-bacnet-'));
    try {
      const file = join(folder, 'said.pcap');
      writeFileSync(file, captureOf(packets));
      const ports = new Set(packets.flatMap(({ sourcePort, destinationPort }) => [sourcePort, destinationPort]));
      const decode = [...ports].flatMap((port) => ['-d', `udp.port==${port},bvlc`]);
      const options = { maxBuffer: 1 << 28 };
      const bad = await run(
        'tshark',
        ['-r', file, ...decode, '-Y', '_ws.malformed || !bacapp || _ws.expert.severity >= error'],
        options,
      );
      expect(bad.stdout).toBe('');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
