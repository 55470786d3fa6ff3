/** A plant whose stations speak DNP3, over TCP and UDP: what is displayed, what is commanded, and the same tag over two protocols. */
import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { hours, LINKTYPE_ETHERNET, seconds } from '@penstock/core';
import { Baseline, PcapWriter } from '@penstock/monitor';
import {
  ADDRESS,
  COMMAND_STATUS,
  type CommandResult,
  encodeFragment,
  encodeLinkFrame,
  FUNCTION,
  indexed,
  LinkParser,
  latch,
  PRIMARY,
  SECONDARY,
  segment,
  setPoint,
} from '@penstock/protocols/dnp3';
import { parseIpv4 } from '@penstock/protocols/ethernet';
import type { Device } from '@penstock/simulator/devices';
import { Dnp3Poller, Dnp3Service } from '@penstock/simulator/devices';
import { beforeAll, describe, expect, it } from 'vitest';
import { hasJudge } from '../../tests/judges.ts';
import { gateServices, type Plant, Play, type PlayRequest, RunFolder, readPlant } from '../index.ts';
import { JournalStore } from '../journal/store.ts';
import { ViewWatch } from '../view.ts';
import { packWarm, unpackWarm } from '../warm.ts';

const at = (s: number) => seconds(s) as never;

let plant: Plant;
beforeAll(async () => {
  plant = await readPlant(fileURLToPath(new URL('./booster-plant', import.meta.url)));
});

function start(change: Partial<PlayRequest> = {}) {
  const play = new Play({ plant, run: 'test', seed: 7, startAt: 0 as never, ...change });
  const { range } = play;
  const index = (tag: string): number => range.spec.tags.findIndex(({ id }) => id === tag);
  const controller = (id: string) => (range.devices.get(id) as Device).controller as NonNullable<Device['controller']>;
  const peer = (id: string) =>
    (range.devices.get('scada') as Device).part(Dnp3Poller)?.peer(id) as NonNullable<ReturnType<Dnp3Poller['peer']>>;
  return {
    play,
    range,
    controller,
    peer,
    shown: (tag: string): number => range.displayed.values[index(tag)] as number,
    age: (tag: string): number => (range.queue.now - (range.displayed.times[index(tag)] as number)) / 1e6,
  };
}

describe('stations that speak DNP3', () => {
  it('keep the displayed values within their dead bands, of their own accord', () => {
    const { play, controller, shown, age, peer } = start();
    for (let minute = 1; minute <= 20; minute++) {
      play.runUntil(at(60 * minute + 7));
      const booster = controller('booster-rtu');
      expect(Math.abs(shown('LIT201') - booster.variable('LIT201').get())).toBeLessThan(0.03);
      expect([shown('P201'), shown('LIC201_SP'), shown('LIC201_MODE'), shown('KQ201')]).toEqual(
        ['P201', 'LIC201_SP', 'LIC201_MODE', 'KQ201'].map((tag) => booster.variable(tag).get()),
      );
      expect(shown('HV201')).toBe(1);
      for (const tag of ['P201', 'LIC201_SP', 'HV201']) expect(age(tag)).toBeLessThan(35);
    }
    expect(shown('KQ201')).toBeGreaterThan(1);
    expect(peer('booster-rtu').master.counters).toMatchObject({ timeouts: 0, retries: 0, ignored: 0 });
    expect(peer('booster-rtu').master.counters.unsolicited).toBeGreaterThan(20);
    play.finish();
  });

  it('are shown as they are: no view counts as manipulated or lost within a dead band', () => {
    const { play, range } = start();
    const view = new ViewWatch(range.spec, range.viewer, range.devices);
    for (let second = 1; second <= 900; second++) {
      play.runUntil(at(second));
      view.update(range.queue.now);
    }
    expect([view.manipulated, view.lost]).toEqual([[], []]);
    play.finish();
  });

  it('move the plant when they are commanded, after a SELECT where they want one', () => {
    const { play, controller, shown, peer } = start();
    play.runUntil(at(30));
    const results: CommandResult[] = [];
    const command = (
      id: string,
      index: number,
      value: Parameters<typeof latch>[0] | number,
      way: 'select' | 'direct',
    ) =>
      peer(id).speak((master, now) =>
        master.command(
          [{ index, value: typeof value === 'number' ? setPoint(value) : latch(value) }],
          way,
          now,
          (result) => results.push(result),
        ),
      );
    command('booster-rtu', 0, 3.5, 'direct');
    command('booster-rtu', 0, 3.5, 'select');
    command('booster-rtu', 0, 7, 'select');
    command('valve-rtu', 0, false, 'direct');
    play.runUntil(at(40));
    expect(results.map(({ outcome, statuses }) => [outcome, ...statuses]).sort()).toEqual(
      [
        ['done', COMMAND_STATUS.success],
        ['done', COMMAND_STATUS.success],
        ['refused', COMMAND_STATUS.noSelect],
        ['refused', COMMAND_STATUS.outOfRange],
      ].sort(),
    );
    expect([controller('booster-rtu').variable('LIC201_SP').get(), shown('LIC201_SP')]).toEqual([3.5, 3.5]);
    expect([controller('valve-rtu').variable('HV201').get(), shown('HV201')]).toEqual([0, 0]);
    play.runUntil(at(400));
    expect(shown('LIT201')).toBeGreaterThan(3.3);
    play.finish();
  });

  it('go away for a restart, come back and are set up again', () => {
    const { play, controller, shown, peer, range } = start();
    play.runUntil(at(100));
    const outcomes: unknown[] = [];
    peer('booster-rtu').speak((master, now) =>
      master.perform(FUNCTION.coldRestart, [], now, (outcome, objects) =>
        outcomes.push([outcome, objects[0]?.items[0]?.value]),
      ),
    );
    play.runUntil(at(102));
    expect(outcomes).toEqual([['done', { type: 'delay', delay: 20_000 }]]);
    expect(controller('booster-rtu').mode).toBe('stopped');
    play.runUntil(at(200));
    expect(controller('booster-rtu').mode).toBe('running');
    expect(shown('LIT201')).toBeCloseTo(controller('booster-rtu').variable('LIT201').get(), 1);
    (range.devices.get('booster-rtu') as Device).powerOff(at(200));
    play.runUntil(at(260));
    (range.devices.get('booster-rtu') as Device).powerOn(at(260));
    play.runUntil(at(400));
    expect(shown('LIT201')).toBeCloseTo(controller('booster-rtu').variable('LIT201').get(), 1);
    play.finish();
  });

  it('give their program as a file, and run another that is written', () => {
    const { play, controller, peer } = start();
    play.runUntil(at(20));
    let text = '';
    peer('booster-rtu').speak((master, now) =>
      master.file({ name: 'booster.st', what: 'read' }, now, ({ octets }) => {
        text = new TextDecoder().decode(octets);
      }),
    );
    play.runUntil(at(25));
    expect(text).toBe(controller('booster-rtu').source);
    const other = text.replace('LIC201_SP + 0.1', 'LIC201_SP + 0.3');
    let outcome = '';
    peer('booster-rtu').speak((master, now) =>
      master.file({ name: 'booster.st', what: 'write', octets: new TextEncoder().encode(other) }, now, (result) => {
        outcome = `${result.outcome} ${result.status}`;
      }),
    );
    play.runUntil(at(30));
    expect([outcome, controller('booster-rtu').source]).toEqual(['done 0', other]);
    play.finish();
  });

  it('have in a run from a warm state what they had not told when it was made', () => {
    const { play, range } = start();
    const events = (of: typeof range) =>
      (of.devices.get('booster-rtu') as Device).part(Dnp3Service)?.save().events[0]?.events ?? [];
    play.runUntil(at(120));
    (range.devices.get('booster-rtu') as Device).linkDown();
    play.runUntil(hours(1) as never);
    const kept = events(range);
    expect(kept.length).toBeGreaterThan(20);
    const warm = unpackWarm(packWarm(range.warmState()));
    play.finish();
    const later = start({ startAt: hours(25), learned: { baseline: new Baseline(plant.spec.id), warm: [warm, warm] } });
    later.play.runUntil(later.range.queue.now);
    expect(events(later.range)).toEqual(kept.map((event) => ({ ...event, time: event.time + hours(24) / 1000 })));
    later.play.runUntil(at(60));
    expect(events(later.range)).toEqual([]);
    expect(later.shown('KQ201')).toBe(later.controller('booster-rtu').variable('KQ201').get());
    later.play.finish();
  });

  it('are written to with a cause that the truth journal names, over UDP as over TCP', () => {
    const folder = RunFolder.create(mkdtempSync(join(tmpdir(), 'penstock-dnp3-')));
    const { play, range } = start({ folder });
    play.runUntil(at(30));
    const cause = { actor: 'test', step: 'close' };
    const order = (to: string, tag: string, value: number) =>
      range.foothold('scada').points?.(to, cause)?.write(tag, value);
    order('valve-rtu', 'HV201', 0);
    order('booster-rtu', 'LIC201_SP', 3);
    play.runUntil(at(40));
    play.finish();
    const store = new JournalStore(folder.file('truth.sqlite'), 1, []);
    expect(store.all('SELECT device, tag, protocol, actor, step FROM write ORDER BY device')).toEqual([
      { device: 'booster-rtu', tag: 'LIC201_SP', protocol: 'dnp3', actor: 'test', step: 'close' },
      { device: 'valve-rtu', tag: 'HV201', protocol: 'dnp3', actor: 'test', step: 'close' },
    ]);
    store.close();
    rmSync(folder.path, { recursive: true });
  });

  it('are found under the self-address, and take what is for all in each of the three ways of saying so', () => {
    const { play, range, controller } = start();
    play.runUntil(at(33));
    const heard: number[] = [];
    const socket = range.network.host('scada').udp(0, (buffer, begin, end) => {
      const link = new LinkParser();
      link.push(buffer.slice(begin, end));
      for (const read of link.take())
        if (read.kind === 'frame') heard.push(read.frame.payload[2] ?? read.frame.control.function);
    });
    const say = (destination: number, code: number, payload: Uint8Array): void => {
      const head = { dir: true, prm: true, fcb: false, fcv: false, function: code } as const;
      socket.send(parseIpv4('10.9.1.16'), 20_000, encodeLinkFrame({ control: head, destination, source: 1, payload }));
    };
    say(ADDRESS.self, PRIMARY.requestLinkStatus, new Uint8Array(0));
    play.runUntil(at(34));
    expect(heard).toEqual([SECONDARY.linkStatus]);
    const ways = [ADDRESS.broadcastNoConfirm, ADDRESS.broadcastConfirm, ADDRESS.broadcastOptional];
    for (const [turn, destination] of ways.entries()) {
      const fragment = encodeFragment({
        control: { fir: true, fin: true, con: false, uns: false, seq: turn },
        function: FUNCTION.directOperateNoAck,
        objects: [indexed(12, 1, [{ index: 0, value: latch(turn % 2 === 1) }])],
      });
      say(destination, PRIMARY.unconfirmedUserData, segment(fragment, turn)[0] as Uint8Array);
      play.runUntil(at(36 + 2 * turn));
      expect([destination, controller('valve-rtu').variable('HV201').get()]).toEqual([destination, turn % 2]);
    }
    // Nobody answers what is for all; what changed by it is reported.
    expect([...new Set(heard)]).toEqual([SECONDARY.linkStatus, FUNCTION.unsolicitedResponse]);
    socket.close();
    play.finish();
  });

  it('are the same byte for byte when run again, and have their gates', () => {
    const hashes = () => {
      const { play } = start();
      play.runUntil(at(300));
      return play.finish().hashes;
    };
    expect(hashes()).toEqual(hashes());
    expect(gateServices(plant).filter(({ service }) => service === 'dnp3')).toMatchObject([
      { device: 'booster-rtu', port: 20_000, transport: 'tcp' },
      { device: 'valve-rtu', port: 20_000, transport: 'udp' },
    ]);
  });
});

describe.skipIf(!hasJudge('tshark'))('what goes over the wire, as tshark reads it', () => {
  const span = process.env.PENSTOCK_PROVE === '1' ? 24 : 1;
  it(`has no malformed frame and no wrong checksum in ${span} h`, { timeout: 900_000 }, () => {
    const folder = mkdtempSync(join(tmpdir(), 'penstock-dnp3-'));
    try {
      const path = join(folder, 'capture.pcap');
      const file = openSync(path, 'w');
      const { play, peer } = start();
      const writer = new PcapWriter((bytes) => writeSync(file, bytes), LINKTYPE_ETHERNET);
      play.watch(writer);
      for (let hour = 1; hour <= span; hour++) {
        play.runUntil(hours(hour) as never);
        peer('booster-rtu').speak((master, now) =>
          master.command([{ index: 0, value: setPoint(2 + (hour % 3)) }], 'select', now),
        );
      }
      play.runUntil((hours(span) + seconds(10)) as never);
      play.finish();
      writer.flush();
      closeSync(file);
      const tshark = (...args: string[]): string => {
        const { status, stdout } = spawnSync('tshark', ['-n', '-r', path, ...args], {
          encoding: 'utf8',
          maxBuffer: 1 << 28,
        });
        expect(status).toBe(0);
        return stdout;
      };
      const wrong = '_ws.malformed || dnp3.hdr.CRC.incorrect || dnp3.data_chunk.CRC.incorrect || tcp.analysis.flags';
      expect(tshark('-Y', wrong)).toBe('');
      const functions = new Set(tshark('-Y', 'dnp3.al.func', '-T', 'fields', '-e', 'dnp3.al.func').split(/[\n,]/));
      for (const code of [0, 1, 2, 3, 4, 20, 21, 24, 129, 130]) expect([...functions]).toContain(String(code));
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
