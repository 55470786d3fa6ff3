/** Hostile datagrams at the server, the client and the dissector: nothing throws, nothing grows without bounds, and all of it still works afterwards. */
import { describe, expect, it } from 'vitest';
import { bacnetDissector, decodeBvlc, objectId, PROPERTY, type Reading, real } from '../index.ts';
import { SERVER, Station } from './station.ts';

const COUNT = process.env.PENSTOCK_PROVE === '1' ? 1_000_000 : 20_000;

/** A PCG-style generator: the damage must be the same in every run. */
function generator(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 747_796_405) + 2_891_336_453) >>> 0;
    return (((state >>> ((state >>> 28) + 4)) ^ state) >>> 0) % below;
  };
}

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

function damaged(octets: Uint8Array, random: (below: number) => number): Uint8Array {
  const length = random(8) === 0 ? random(octets.length + 1) : octets.length;
  const copy = Uint8Array.from(
    { length: length + (random(16) === 0 ? random(64) : 0) },
    (_, i) => octets[i] ?? random(256),
  );
  for (let flips = random(6); flips > 0 && copy.length > 0; flips--) {
    const at = random(8) === 0 ? random(Math.min(8, copy.length)) : Math.min(copy.length - 1, 4 + random(copy.length));
    copy[at] = random(3) === 0 ? random(256) : (copy[at] as number) ^ (1 << random(8));
  }
  // Mostly the length still fits, so that what is behind it is looked at.
  if (copy.length >= 4 && random(8) !== 0) {
    copy[0] = 0x81;
    copy[2] = copy.length >> 8;
    copy[3] = copy.length & 255;
  }
  return copy;
}

describe('hostile datagrams', { timeout: 3_600_000 }, () => {
  const seeds = honest();

  it('are taken by the server, which still answers', () => {
    const random = generator(1);
    const station = new Station({
      link: { port: 47_808, address: SERVER.address, bbmd: { peers: [], acceptsForeign: true, writable: true } },
    });
    for (let i = 0; i < COUNT; i++) {
      const octets = damaged(seeds[random(seeds.length)] as Uint8Array, random);
      station.server.datagram(octets, 0x0a000000 + random(1000), 47_808 + random(3), station.now);
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
    const random = generator(2);
    const station = new Station();
    let ended = 0;
    for (let i = 0; i < COUNT; i++) {
      if (i % 500 === 0)
        station.client.readProperty(SERVER, { object: objectId(0, 1), property: 85 }, station.now, () => {
          ended++;
        });
      const octets = damaged(seeds[random(seeds.length)] as Uint8Array, random);
      station.client.receive(octets, 0, octets.length, SERVER.address, SERVER.port, station.now);
      while (station.client.take() !== undefined);
    }
    station.pass(1000);
    expect(ended).toBe(COUNT / 500);
    expect(station.client.pending).toBe(0);
  });

  it('are taken by the dissector, which says what it can', () => {
    const random = generator(3);
    const names = new Set<string>();
    const dissector = bacnetDissector.create((event) => names.add(event.name));
    for (let i = 0; i < COUNT; i++) {
      const octets = damaged(seeds[random(seeds.length)] as Uint8Array, random);
      bacnetDissector.probe(octets, 0, octets.length, true);
      dissector.data(random(2) === 0, i, octets, 0, octets.length);
    }
    dissector.end(COUNT);
    expect(dissector.violations).toBeGreaterThan(COUNT / 100);
    expect(names).toContain('bacnet_violation');
    expect(names).toContain('bacnet_write');
  });

  it('of noise alone are no virtual link', () => {
    const random = generator(4);
    for (let i = 0; i < 1000; i++) {
      const noise = Uint8Array.from({ length: random(80) }, () => random(256));
      noise[0] = 0x80;
      expect(decodeBvlc(noise, 0, noise.length)).toHaveProperty('kind');
    }
  });
});
