/** A plant whose ventilation speaks BACnet/IP: what is displayed, what is commanded, what is told of its own accord. */
import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { hours, LINKTYPE_ETHERNET, seconds } from '@penstock/core';
import { PcapWriter } from '@penstock/monitor';
import {
  type BacnetClient,
  enumerated,
  NULL,
  type Outcome,
  objectId,
  PROPERTY,
  real,
  unsigned,
} from '@penstock/protocols/bacnet';
import { parseIpv4 } from '@penstock/protocols/ethernet';
import { BacnetPoller, type Device } from '@penstock/simulator/devices';
import { beforeAll, describe, expect, it } from 'vitest';
import { hasJudge } from '../../tests/judges.ts';
import { gateServices, type Plant, Play, type PlayRequest, readPlant } from '../index.ts';

const at = (s: number) => seconds(s) as never;
const VENTILATION = { address: parseIpv4('10.9.3.20'), port: 47_808 };

let plant: Plant;
beforeAll(async () => {
  plant = await readPlant(fileURLToPath(new URL('./ventilation-plant', import.meta.url)));
});

function start(change: Partial<PlayRequest> = {}) {
  const play = new Play({ plant, run: 'test', seed: 7, startAt: 0 as never, ...change });
  const { range } = play;
  const index = (tag: string): number => range.spec.tags.findIndex(({ id }) => id === tag);
  const device = (id: string): Device => range.devices.get(id) as Device;
  const peer = (device('scada').part(BacnetPoller) as BacnetPoller).peer;
  const variable = (tag: string) =>
    (device('ventilation').controller as NonNullable<Device['controller']>).variable(tag);
  return {
    play,
    range,
    device,
    peer,
    variable,
    shown: (tag: string): number => range.displayed.values[index(tag)] as number,
    age: (tag: string): number => (range.queue.now - (range.displayed.times[index(tag)] as number)) / 1e6,
    write: (
      object: number,
      value: Parameters<BacnetClient['writeProperty']>[2],
      priority?: number,
      property: number = PROPERTY.presentValue,
    ) => {
      const outcomes: Outcome[] = [];
      peer.speak((client, now) =>
        client.writeProperty(VENTILATION, { object, property }, value, priority, now, (outcome) =>
          outcomes.push(outcome),
        ),
      );
      play.runUntil((range.queue.now + seconds(2)) as never);
      return outcomes[0];
    },
  };
}

const DONE = expect.objectContaining({ kind: 'done' });
const FAN = objectId(4, 1);
const DIRECTION = objectId(14, 1);
const SPEED = objectId(2, 1);

describe('ventilation that speaks BACnet', () => {
  it('is displayed as its controller has it, and every tag is fresh', () => {
    const { play, shown, variable, age, peer } = start();
    for (let minute = 1; minute <= 30; minute++) {
      play.runUntil(at(60 * minute + 7));
      for (const tag of ['SC901_SP', 'FAN901', 'HS901', 'XA901', 'AAH901_SP']) {
        expect(shown(tag), tag).toBeCloseTo(variable(tag).get(), 5);
        expect(age(tag)).toBeLessThan(21);
      }
      expect(Math.abs(shown('AIT901') - variable('AIT901').get())).toBeLessThan(0.06);
    }
    expect(peer.client.counters).toMatchObject({ timeouts: 0, repeated: 0, unasked: 0 });
    play.finish();
  });

  it('is commanded by priority, and falls back when a command is taken back', () => {
    const { play, shown, variable, write } = start();
    play.runUntil(at(30));
    expect(write(DIRECTION, unsigned(2), 8)).toEqual(DONE);
    expect([variable('HS901').get(), shown('HS901')]).toEqual([1, 1]);
    expect(write(DIRECTION, unsigned(3), 16)).toEqual(DONE);
    expect(variable('HS901').get()).toBe(1);
    expect(write(DIRECTION, NULL, 8)).toEqual(DONE);
    expect(variable('HS901').get()).toBe(2);
    expect(write(SPEED, real(130), 8)).toEqual({ kind: 'error', errorClass: 2, errorCode: 37 });
    play.finish();
  });

  it('lets chlorine gather when its air goes the wrong way at no speed, and tells its alarm, unless that is switched off', () => {
    const { play, shown, write, device, range } = start();
    const told: string[] = [];
    const scada = device('scada');
    const log = scada.log.bind(scada);
    scada.log = (entry) => {
      if (entry.id === 'bacnet-alarm') told.push(entry.text);
      log(entry);
    };
    play.runUntil(at(30));
    write(FAN, enumerated(0), 1);
    device('ventilation').controller?.variable('LV901').set(2);
    play.runUntil((range.queue.now + seconds(600)) as never);
    expect(shown('AIT901')).toBeGreaterThan(1);
    expect(shown('XA901')).toBe(1);
    expect(told).toContain('AIT901: high-limit');
    expect(told).toContain('XA901: offnormal');
    play.finish();
  });

  it('restarts when it is asked with its password, and says that it is back', () => {
    const { play, peer, device, shown, range } = start();
    play.runUntil(at(60));
    const outcomes: string[] = [];
    for (const password of ['guess', 'Fan-4711'])
      peer.speak((client, now) =>
        client.reinitialize(VENTILATION, { state: 0, password }, now, (outcome) => outcomes.push(outcome.kind)),
      );
    play.runUntil(at(70));
    expect(outcomes).toEqual(['error', 'done']);
    expect(device('ventilation').controller?.mode).toBe('stopped');
    play.runUntil(at(140));
    expect(device('ventilation').controller?.mode).toBe('running');
    expect(range.queue.now / 1e6 - 30).toBeGreaterThan(0);
    expect(shown('FAN901')).toBe(1);
    play.finish();
  });

  it('is the same byte for byte when run again, and has its gates', () => {
    const hashes = () => {
      const { play } = start();
      play.runUntil(at(300));
      return play.finish().hashes;
    };
    expect(hashes()).toEqual(hashes());
    expect(gateServices(plant).filter(({ service }) => service === 'bacnet')).toMatchObject([
      { device: 'ventilation', port: 47_808, transport: 'udp' },
      { device: 'door-controller', port: 47_808, transport: 'udp' },
    ]);
  });
});

describe.skipIf(!hasJudge('tshark'))('what goes over the wire, as tshark reads it', () => {
  const span = process.env.PENSTOCK_PROVE === '1' ? 24 : 0.25;
  it(`has no malformed frame and no wrong checksum in ${span} h`, { timeout: 900_000 }, () => {
    const folder = mkdtempSync(join(tmpdir(), 'penstock-bacnet-'));
    try {
      const path = join(folder, 'capture.pcap');
      const file = openSync(path, 'w');
      const { play, peer } = start();
      const writer = new PcapWriter((bytes) => writeSync(file, bytes), LINKTYPE_ETHERNET);
      play.watch(writer);
      play.runUntil(at(100));
      peer.speak((client) => client.whoIs());
      peer.speak((client) => client.whoIs(900, 905, VENTILATION));
      play.runUntil(hours(span) as never);
      play.finish();
      writer.flush();
      closeSync(file);
      const tshark = (...args: string[]): string => {
        const options = { encoding: 'utf8', maxBuffer: 1 << 28 } as const;
        const { status, stdout } = spawnSync('tshark', ['-n', '-r', path, ...args], options);
        expect(status).toBe(0);
        return stdout;
      };
      expect(
        tshark(
          '-o',
          'udp.check_checksum:TRUE',
          '-Y',
          '_ws.malformed || udp.checksum.status == 0 || (udp.port == 47808 && !bacapp)',
        ),
      ).toBe('');
      const fields = ['-T', 'fields', '-e', 'bacapp.confirmed_service', '-e', 'bacapp.unconfirmed_service'];
      const services = new Set(tshark('-Y', 'bacapp', ...fields).split(/\s+/));
      // Confirmed and unconfirmed notifications, subscriptions, reading of several, who is and I am.
      for (const code of ['0', '1', '2', '5', '8', '14']) expect([...services]).toContain(code);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
