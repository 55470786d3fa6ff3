/** Hostile datagrams at the server, the client and the dissector: nothing throws, nothing grows without bounds, and all of it still works afterwards. */
import { describe, expect, it } from 'vitest';
import { Dice } from '../../exchange/test/dice.ts';
import { bacnetDissector, decodeBvlc, objectId, PROPERTY, type Reading, real } from '../index.ts';
import { SERVER, Station } from './station.ts';

const COUNT = process.env.PENSTOCK_PROVE === '1' ? 1_000_000 : 20_000;

/** Honest datagrams of every kind that client and server exchange. */
function honest(): Uint8Array[] {
  const station = new Station();
  const { client } = station;
  const ao = objectId(1, 1);
  client.whoIs();
  client.whoIs(1, 1000);
  client.timeSynchronization(Date.UTC(2026, 1, 1) * 1000, SERVER);
  client.readProperty(SERVER, { object: ao, property: PROPERTY.priorityArray }, station.now, () => {});
  client.readMultiple(
    SERVER,
    [{ object: objectId(8, 901), properties: [{ property: PROPERTY.all }] }],
    station.now,
    () => {},
  );
  client.writeProperty(SERVER, { object: ao, property: PROPERTY.presentValue }, real(3), 8, station.now, () => {});
  client.subscribe(SERVER, { process: 1, object: ao, confirmed: true, lifetime: 100 }, station.now, () => {});
  client.communicationControl(SERVER, { state: 0, password: 'Fan-4711', minutes: 5 }, station.now, () => {});
  client.reinitialize(SERVER, { state: 1, password: 'Fan-4711' }, station.now, () => {});
  for (const service of [3, 26, 29, 0, 16])
    client.request(SERVER, service, Uint8Array.of(0x0c, 0, 0x40, 0, 1), station.now, () => {});
  station.memory[5] = 0;
  station.pass(5);
  station.memory[1] = 77;
  station.pass(20);
  return station.wire.map(({ octets }) => octets);
}

function damaged(octets: Uint8Array, dice: Dice): Uint8Array {
  const length = dice.below(8) === 0 ? dice.below(octets.length + 1) : octets.length;
  const copy = Uint8Array.from(
    { length: length + (dice.below(16) === 0 ? dice.below(64) : 0) },
    (_, i) => octets[i] ?? dice.below(256),
  );
  for (let flips = dice.below(6); flips > 0 && copy.length > 0; flips--) {
    const at =
      dice.below(8) === 0
        ? dice.below(Math.min(8, copy.length))
        : Math.min(copy.length - 1, 4 + dice.below(copy.length));
    copy[at] = dice.below(3) === 0 ? dice.below(256) : (copy[at] as number) ^ (1 << dice.below(8));
  }
  // Mostly the length still fits, so that what is behind it is looked at.
  if (copy.length >= 4 && dice.below(8) !== 0) {
    copy[0] = 0x81;
    copy[2] = copy.length >> 8;
    copy[3] = copy.length & 255;
  }
  return copy;
}

describe('hostile datagrams', { timeout: 3_600_000 }, () => {
  const seeds = honest();

  it('are taken by the server, which still answers', () => {
    const dice = new Dice(1);
    const station = new Station({
      link: { port: 47_808, address: SERVER.address, bbmd: { peers: [], acceptsForeign: true, writable: true } },
    });
    for (let i = 0; i < COUNT; i++) {
      const octets = damaged(seeds[dice.below(seeds.length)] as Uint8Array, dice);
      station.server.datagram(octets, 0x0a000000 + dice.below(1000), 47_808 + dice.below(3), station.now);
      while (station.server.take() !== undefined);
      if (i % 64 !== 0) continue;
      station.now = (station.now + 1_000_000) as typeof station.now;
      station.server.tick(station.now);
      while (station.server.take() !== undefined);
    }
    expect(station.server.subscriptions).toBeLessThanOrEqual(256);
    expect(station.server.link.foreignDevices).toBeLessThanOrEqual(128);
    station.server.restarted('cold', station.now);
    let readings: readonly Reading[] = [];
    station.client.readProperty(
      SERVER,
      { object: objectId(2, 1), property: PROPERTY.objectName },
      station.now,
      (result) => {
        readings = result;
      },
    );
    station.settle();
    expect(readings[0]?.values).toEqual([{ kind: 'string', value: 'SP901' }]);
  });

  it('are taken by the client, whose requests end', () => {
    const dice = new Dice(2);
    const station = new Station();
    let ended = 0;
    for (let i = 0; i < COUNT; i++) {
      if (i % 500 === 0)
        station.client.readProperty(SERVER, { object: objectId(0, 1), property: 85 }, station.now, () => {
          ended++;
        });
      const octets = damaged(seeds[dice.below(seeds.length)] as Uint8Array, dice);
      station.client.receive(octets, 0, octets.length, SERVER.address, SERVER.port, station.now);
      while (station.client.take() !== undefined);
    }
    station.pass(1000);
    expect(ended).toBe(COUNT / 500);
    expect(station.client.pending).toBe(0);
  });

  it('are taken by the dissector, which says what it can', () => {
    const dice = new Dice(3);
    const names = new Set<string>();
    const dissector = bacnetDissector.create((event) => names.add(event.name));
    for (let i = 0; i < COUNT; i++) {
      const octets = damaged(seeds[dice.below(seeds.length)] as Uint8Array, dice);
      bacnetDissector.probe(octets, 0, octets.length, true);
      dissector.data(dice.below(2) === 0, i, octets, 0, octets.length);
    }
    dissector.end(COUNT);
    expect(dissector.violations).toBeGreaterThan(COUNT / 100);
    expect(names).toContain('bacnet_violation');
    expect(names).toContain('bacnet_write');
  });

  it('of noise alone are no virtual link', () => {
    const dice = new Dice(4);
    for (let i = 0; i < 1000; i++) {
      const noise = Uint8Array.from({ length: dice.below(80) }, () => dice.below(256));
      noise[0] = 0x80;
      expect(decodeBvlc(noise, 0, noise.length)).toHaveProperty('kind');
    }
  });
});
