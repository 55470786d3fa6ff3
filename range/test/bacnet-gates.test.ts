/** A real BACnet client at the gates of a running plant: it finds everybody at one place, and each at its own. */
import { createSocket } from 'node:dgram';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import type exported from '@bacnet-js/client';
import { seconds } from '@penstock/core';
import type { Device } from '@penstock/simulator/devices';
import { Gates, PacedClock } from '@penstock/simulator/kernel';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Dice } from '../../protocols/exchange/test/dice.ts';
import { OVER_SOCKETS } from '../../protocols/exchange/test/hostile.ts';
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

/** Who-Is, ReadProperty of an analog value, WriteProperty of one at priority 16 without what is written, SubscribeCOV (clause 21). */
const GOOD = [
  '810b000801001008',
  '810a001101040275010c0c008000011955',
  '810a001401040275020f0c0080000119553e3f3910',
  '810a0015010402750305090a1c008000012901393c',
].map((hex) => Uint8Array.from(Buffer.from(hex, 'hex')));

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

  it(`is served while ${OVER_SOCKETS} broken datagrams arrive, none of which commands anything`, {
    timeout: 900_000,
  }, async () => {
    const dice = new Dice(9);
    const gate = gates.table.find(({ device }) => device === 'ventilation');
    const { controller } = play.range.devices.get('ventilation') as Device;
    const read = () => client.readProperty(at('ventilation'), { type: 2, instance: 1 }, 85);
    const before = (await read()).values[0]?.value;
    const attacker = createSocket('udp4');
    try {
      for (let sent = 1; sent <= OVER_SOCKETS; sent++) {
        const datagram = dice.of(GOOD).slice();
        for (let n = 1 + dice.below(4); n > 0; n--) datagram[dice.below(datagram.length)] = dice.below(256);
        await new Promise((resolve) => attacker.send(datagram, gate?.port as number, gate?.host, resolve));
        if (sent % 100 === 0) expect((await read()).values[0]?.value).toBe(before);
      }
    } finally {
      await new Promise<void>((resolve) => attacker.close(resolve));
    }
    expect(controller?.mode).toBe('running');
  });
});
