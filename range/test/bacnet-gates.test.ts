/** A real BACnet client at the gates of a running plant: it finds everybody at one place, and each at its own. */
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import type exported from '@bacnet-js/client';
import { seconds } from '@penstock/core';
import type { Device } from '@penstock/simulator/devices';
import { Gates, PacedClock } from '@penstock/simulator/kernel';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gateServices, Play, readPlant } from '../index.ts';

// A CommonJS module whose class is a property of what it exports.
const { default: Bacnet, ApplicationTag } = createRequire(import.meta.url)('@bacnet-js/client') as typeof exported;
const PATIENCE = { timeout: 180_000 };

let gates: Gates;
let clock: PacedClock;
let play: Play;
let client: InstanceType<typeof Bacnet>;

beforeAll(async () => {
  const plant = await readPlant(fileURLToPath(new URL('./ventilation-plant', import.meta.url)));
  play = new Play({ plant, run: 'test', seed: 7, startAt: 0 as never, guestZone: 'building' });
  play.runUntil(seconds(30) as never);
  clock = new PacedClock(play.range.queue);
  gates = await Gates.open({
    clock,
    wire: play.range.network.wire,
    services: gateServices(plant).filter(({ service }) => service === 'bacnet'),
    from: 'trainee',
    addresses: 'picked',
  });
  clock.start();
  client = new Bacnet({ port: 0, interface: '127.0.0.1', apduTimeout: 60_000 });
  await new Promise<void>((resolve) => client.on('listening', () => resolve()));
}, 180_000);

afterAll(async () => {
  client.close();
  await gates.close();
  clock.stop();
  play.finish();
});

const at = (device: string): { address: string } => {
  const found = gates.table.find((gate) => gate.device === device);
  return { address: `${found?.host}:${found?.port}` };
};

describe('a BACnet client at the gates', PATIENCE, () => {
  it('finds all devices of the zone by asking everybody, each at its own gate', async () => {
    const heard = new Map<number, string>();
    client.on('iAm', ({ payload, header }) => {
      const { deviceId } = payload as { deviceId: number };
      heard.set(deviceId, (header as { sender: { address: string } }).sender.address);
    });
    const [everybody] = gates.everybody;
    expect(everybody).toMatchObject({ service: 'bacnet', broadcast: '10.9.3.255' });
    client.whoIs({ address: `${everybody?.host}:${everybody?.port}` });
    await expect.poll(() => heard.size, { timeout: 120_000 }).toBe(2);
    expect(heard.get(901)).toBe(at('ventilation').address);
    expect(heard.get(902)).toBe(at('door-controller').address);
  });

  it('reads what the controller holds, commands it by priority, and takes the command back', async () => {
    const controller = (play.range.devices.get('ventilation') as Device).controller as NonNullable<
      Device['controller']
    >;
    const speed = { type: 2, instance: 1 };
    const read = async (): Promise<unknown> =>
      (await client.readProperty(at('ventilation'), speed, 85)).values[0]?.value;
    expect(await read()).toBe(controller.variable('SC901_SP').get());
    await client.writeProperty(at('ventilation'), speed, 85, [{ type: ApplicationTag.REAL, value: 77 }], {
      priority: 8,
    });
    expect([await read(), controller.variable('SC901_SP').get()]).toEqual([77, 77]);
    await client.writeProperty(at('ventilation'), speed, 85, [{ type: ApplicationTag.NULL, value: null }], {
      priority: 8,
    });
    expect([await read(), controller.variable('SC901_SP').get()]).toEqual([40, 40]);
  });
});
