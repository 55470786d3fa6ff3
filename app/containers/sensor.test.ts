import { type ChildProcess, execFileSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LINKTYPE_ETHERNET } from '@penstock/core';
import { PcapWriter } from '@penstock/monitor';
import { formatIpv4, readIpv4Address, readUint16 } from '@penstock/protocols/ethernet';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { hasJudge } from '../../tests/judges.ts';
import { eventually } from '../../tests/penstock.ts';
import { FrameFeed } from './frame-feed.ts';
import { LONGEST_FRAME } from './offload.ts';
import { Sensor } from './sensor.ts';
import { type BridgeStatistics, StreamReader } from './sensor-stream.ts';
import { canBuildNetworks, ended, Lab } from './test/lab.ts';

const ZONES = [
  { id: 'control', bridge: 'ps-control' },
  { id: 'office', bridge: 'ps-office' },
];
const folder = mkdtempSync(join(tmpdir(), 'penstock-sensor-'));
const path = join(folder, 'sensor.sock');
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A program that runs the sensor until it is told to end. */
const sensorModule = (options: object): string => `
import { Sensor } from ${JSON.stringify(new URL('./sensor.ts', import.meta.url).href)};
const sensor = new Sensor({ ...${JSON.stringify(options)}, note: (text) => process.stderr.write(''), zones: ${JSON.stringify(ZONES)} });
sensor.start();
process.on('SIGTERM', () => sensor.stop());
console.log('ready');`;

/** Hosts answer what they are sent: an echo over UDP and TCP. */
const ECHO = `
import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';
const socket = createSocket('udp4', (bytes, from) => socket.send(bytes, from.port, from.address));
createServer((peer) => peer.pipe(peer)).listen(502);
socket.bind(502, () => console.log('ready'));`;

/** Sends numbered datagrams, a few every millisecond and some under way at a time, until all are answered. */
const ask = (address: string, count: number): string => `
import { createSocket } from 'node:dgram';
const socket = createSocket('udp4');
let sent = 0, answered = 0;
const timer = setInterval(() => {
  for (let i = 0; i < 4 && sent < ${count} && sent - answered < 16; i++) {
    const bytes = Buffer.alloc(16);
    bytes.writeUInt32BE(sent++);
    socket.send(bytes, 502, '${address}');
  }
}, 1);
socket.on('message', () => {
  if (++answered < ${count}) return;
  clearInterval(timer);
  socket.close();
});
console.log('ready');`;

/** Sends this many bytes over TCP and waits for all of them to come back. */
const stream = (address: string, bytes: number): string => `
import { connect } from 'node:net';
let back = 0;
const socket = connect(502, '${address}', () => socket.write(Buffer.alloc(${bytes}, 'abcdefg')));
socket.on('data', (chunk) => { back += chunk.length; if (back === ${bytes}) socket.end(); });
socket.on('close', () => console.log('done'));
console.log('ready');`;

const finished = (child: ChildProcess): Promise<void> =>
  new Promise((resolve) => (child.exitCode === null ? child.once('exit', () => resolve()) : resolve()));

interface Seen {
  readonly bytes: Uint8Array;
  readonly time: number;
  readonly bridge: number;
}

describe.skipIf(!canBuildNetworks || !hasJudge('tcpdump'))(
  'on real bridges (needs root, namespaces and tcpdump)',
  () => {
    const seen: Seen[] = [];
    let lab: Lab;
    let feed: FrameFeed;
    let sensor: ChildProcess;
    let statistics: readonly BridgeStatistics[] = [];
    const health = join(folder, 'health');

    const isUdp = ({ bytes }: Seen): boolean =>
      bytes[13] === 0 && bytes[23] === 17 && [readUint16(bytes, 34), readUint16(bytes, 36)].includes(502);
    const from = ({ bytes }: Seen): string => formatIpv4(readIpv4Address(bytes, 26));

    /** The range's end. Frames wait longer than in a range for those that a busy machine holds up, so that their order is sure. */
    const openFeed = (): Promise<FrameFeed> =>
      FrameFeed.open({
        socket: path,
        zones: ZONES.map(({ id }) => id),
        window: 2e6,
        onFrame: (bytes, time, bridge) => void seen.push({ bytes, time, bridge }),
        onStatistics: ({ bridges }) => {
          statistics = bridges;
        },
      });

    beforeAll(async () => {
      lab = new Lab('sensor');
      const { command } = capable();
      feed = await openFeed();
      // The sensor is there before any bridge is, as nobody: with no right but what tcpdump's file has.
      const module = sensorModule({ socket: path, health, ...(command !== undefined && { command }) });
      const nobody = command === undefined ? [] : ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', '--'];
      const [program = process.execPath, ...rest] = [...nobody, process.execPath, '--input-type=module', '-e', module];
      sensor = lab.start('host', program, ...rest);
      await new Promise<void>((resolve) => sensor.stdout?.once('data', () => resolve()));
      build(lab);
      await eventually(
        () => (statistics.every(({ capturing }) => capturing) && statistics.length === 2) || undefined,
        'captures',
      );
      await lab.node('plc', ECHO);
      // tcpdump does not tell when it listens: something must come through of each bridge.
      for (const [namespace, address, bridge] of [
        ['office', '10.20.4.1', 1],
        ['plc', '10.20.1.1', 0],
      ] as const)
        await eventually(() => {
          lab.nudge(namespace, address);
          return seen.some((frame) => frame.bridge === bridge) || undefined;
        }, `frames of ${bridge}`);
    }, 300_000);

    afterAll(async () => {
      await lab?.close();
      await feed?.close();
    });

    /** Lets nobody capture by the file alone, as in the image; where files cannot have rights, root captures. */
    function capable(): { command: string | undefined } {
      const command = join(folder, 'tcpdump');
      try {
        copyFileSync(execFileSync('which', ['tcpdump'], { encoding: 'utf8' }).trim(), command);
        chmodSync(command, 0o755);
        chmodSync(folder, 0o777);
        execFileSync('setcap', ['cap_net_raw+ep', command], { stdio: 'ignore' });
        writeFileSync(join(folder, 'probe'), '');
        return { command };
      } catch {
        return { command: undefined };
      }
    }

    /** Of both bridges: frames that were told, and those that the system says were lost. */
    const total = (of: 'frames' | 'lost'): number => statistics.reduce((sum, bridge) => sum + bridge[of], 0);

    /** Sends and has answered so many datagrams; returns what the tap got of that. Each crosses two bridges, and must be seen or counted as lost on both. */
    async function exchange(count: number): Promise<{ frames: Seen[]; lost: number }> {
      const since = Date.now() * 1000;
      const [frames, lost] = [total('frames'), total('lost')];
      await finished(await lab.node('office', ask('10.20.1.10', count)));
      const crossed = () => total('frames') - frames + total('lost') - lost;
      await eventually(() => crossed() >= 4 * count || undefined, 'all packets to be told or counted');
      const missed = total('lost') - lost;
      const passed = () => seen.filter(({ time }) => time >= since);
      if (missed === 0)
        await eventually(() => passed().filter(isUdp).length >= 2 * count || undefined, 'all packets on the tap');
      return { frames: passed(), lost: missed };
    }

    it('every frame once, in order of time, nothing lost of thousands', async () => {
      const count = process.env.PENSTOCK_PROVE === '1' ? 10_000 : 3000;
      // A machine that does other things too may keep a capture from its turn for longer than any buffer lasts; it says so then.
      let round = await exchange(count);
      for (let tries = 1; tries < 5 && round.lost > 0; tries++) round = await exchange(count);
      const { frames, lost } = round;
      expect(lost).toBe(0);
      const numbers = (address: string) =>
        frames
          .filter((frame) => isUdp(frame) && from(frame) === address)
          .map(({ bytes }) => new DataView(bytes.buffer, bytes.byteOffset + 42, 4).getUint32(0));
      const all = Array.from({ length: count }, (_, i) => i);
      expect(numbers('10.20.4.30')).toEqual(all);
      expect(numbers('10.20.1.10')).toEqual(all);
      // As it left its sender: on the sender's bridge, with the TTL that it began with.
      for (const frame of frames.filter(isUdp)) {
        expect(frame.bytes[22]).toBe(64);
        expect(frame.bridge).toBe(from(frame) === '10.20.4.30' ? 1 : 0);
      }
      expect(frames.every(({ time }, i) => i === 0 || time >= (frames[i - 1] as Seen).time)).toBe(true);
      expect(feed.counters).toMatchObject({ hurried: 0, oversize: 0, refused: 0 });
      expect(feed.counters.routed).toBeGreaterThanOrEqual(2 * count);
      expect(total('lost') > 0 || statistics.every(({ dropped }) => dropped === 0)).toBe(true);
    });

    /** Whether every byte of both directions has been seen from a frame on, by its place behind the SYN; a retransmission counts once. */
    function wholeStreams(size: number, first: number): () => boolean {
      const streams = new Map<string, { readonly start: number; readonly has: Uint8Array; count: number }>();
      let at = first;
      return () => {
        for (; at < seen.length; at++) {
          const frame = seen[at] as Seen;
          const { bytes } = frame;
          if (bytes[13] !== 0 || bytes[23] !== 6) continue;
          const sequence = readIpv4Address(bytes, 38);
          if (((bytes[47] as number) & 2) !== 0)
            streams.set(from(frame), { start: sequence + 1, has: new Uint8Array(size), count: 0 });
          const stream = streams.get(from(frame));
          const data = 34 + ((bytes[46] as number) >>> 4) * 4;
          for (let i = data; stream && i < 14 + readUint16(bytes, 16); i++) {
            const place = (sequence + i - data - stream.start) >>> 0;
            if (stream.has[place] === 0) stream.count++;
            stream.has[place] = 1;
          }
        }
        return streams.size === 2 && [...streams.values()].every(({ count }) => count === size);
      };
    }

    it('large sends are on the tap as segments, and the capture opens without a fault', async () => {
      const size = 300_000;
      let [before, since] = [0, 0];
      for (let lost = -1; lost < total('lost'); ) {
        before = seen.length;
        since = Date.now() * 1000;
        lost = total('lost');
        await finished(await lab.node('office', stream('10.20.1.10', size)));
        const isWhole = wholeStreams(size, before);
        // As with the datagrams: what a busy machine lost is counted, and the transfer made again.
        await eventually(() => isWhole() || total('lost') > lost || undefined, 'all bytes');
      }
      const frames = seen.slice(before).filter(({ time }) => time >= since);
      expect(Math.max(...frames.map(({ bytes }) => bytes.length))).toBeLessThanOrEqual(LONGEST_FRAME);
      if (!hasJudge('tshark')) return;
      const file = join(folder, 'capture.pcap');
      const pieces: Uint8Array[] = [];
      const writer = new PcapWriter((bytes) => void pieces.push(bytes.slice()), LINKTYPE_ETHERNET);
      for (const { bytes, time } of frames) writer.frame(time, bytes, 0, bytes.length, LINKTYPE_ETHERNET);
      writer.flush();
      writeFileSync(file, Buffer.concat(pieces));
      const checks = ['tcp', 'udp', 'ip'].flatMap((protocol) => ['-o', `${protocol}.check_checksum:TRUE`]);
      const faults = ['ip', 'tcp', 'udp', 'icmp'].map((protocol) => `${protocol}.checksum.status == "Bad"`);
      const filter = ['_ws.malformed', 'tcp.analysis.lost_segment', 'tcp.analysis.ack_lost_segment', ...faults].join(
        ' || ',
      );
      const printed = execFileSync('tshark', ['-n', '-r', file, ...checks, '-Y', filter], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
      });
      expect(printed).toBe('');
    });

    it('a bridge that vanishes and comes back is captured on again, the others all the time', async () => {
      const starts = () => statistics.map((bridge) => bridge.starts);
      const [control = 0, office = 0] = starts();
      lab.ip('host', 'link', 'del', 'ps-office');
      await eventually(() => statistics[1]?.capturing === false || undefined, 'the end of a capture');
      lab.bridge('ps-office');
      lab.ip('host', 'link', 'set', 'p3', 'master', 'ps-office', 'up');
      lab.ip('host', 'link', 'set', 'p4', 'master', 'ps-office', 'up');
      await eventually(() => statistics[1]?.capturing || undefined, 'a new capture');
      // It may have been tried while the bridge was there and not yet up.
      expect(starts()).toEqual([control, expect.toSatisfy((count: number) => count > office)]);
      const before = seen.length;
      await eventually(() => {
        lab.nudge('office', '10.20.4.1');
        return seen.slice(before).some(({ bridge }) => bridge === 1) || undefined;
      }, 'frames of the new bridge');
    });

    it('a tcpdump that dies is started again', async () => {
      const starts = statistics[0]?.starts ?? 0;
      const pids = execFileSync('ip', ['netns', 'pids', lab.of('host')], { encoding: 'utf8' })
        .trim()
        .split('\n');
      const victim = pids.find((pid) => {
        const line = existsSync(`/proc/${pid}/cmdline`) ? readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0') : [];
        return line[0]?.endsWith('tcpdump') && line.includes('ps-control');
      });
      process.kill(Number(victim), 'SIGKILL');
      await eventually(() => (statistics[0]?.starts ?? 0) > starts || undefined, 'a new capture');
      const before = seen.length;
      await eventually(() => {
        lab.nudge('plc', '10.20.1.1');
        return seen.slice(before).some(({ bridge }) => bridge === 0) || undefined;
      }, 'frames of the new capture');
    });

    it('frames of the host’s own are counted, not told', async () => {
      const before = statistics[0]?.own ?? 0;
      lab.ip('host', 'addr', 'add', '10.20.1.250/24', 'dev', 'ps-control');
      await eventually(() => {
        lab.nudge('host', '10.20.1.10');
        return (statistics[0]?.own ?? 0) > before || undefined;
      }, 'own frames');
      expect(seen.some((frame) => from(frame) === '10.20.1.250')).toBe(false);
      lab.ip('host', 'addr', 'del', '10.20.1.250/24', 'dev', 'ps-control');
    });

    it('says that it is well, and what waits while the range is away is told when it is back', async () => {
      await eventually(
        () => (existsSync(health) && Date.now() - statSync(health).mtimeMs < 5000) || undefined,
        'health',
      );
      await feed.close();
      const before = seen.length;
      for (let i = 0; i < 3; i++) lab.nudge('office', '10.20.4.1');
      feed = await openFeed();
      const nudges = () => seen.slice(before).filter(({ bytes }) => bytes[13] === 0 && bytes[23] === 17);
      await eventually(() => nudges().length >= 3 || undefined, 'what passed meanwhile');
      expect(nudges()).toHaveLength(3);
    });

    it('ends with its captures', async () => {
      const pids = () => execFileSync('ip', ['netns', 'pids', lab.of('host')], { encoding: 'utf8' }).trim();
      process.kill(sensor.pid as number, 'SIGTERM');
      await eventually(() => pids() === '' || undefined, 'the end');
      await ended(sensor);
    });
  },
);

/** A controller and an office with a router between their bridges. */
function build(lab: Lab): void {
  for (const { bridge } of ZONES) lab.bridge(bridge);
  for (const name of ['plc', 'office', 'router']) lab.namespace(name);
  lab.plug('plc', 'eth0', 'ps-control', '10.20.1.10/24', '00:80:f4:00:00:13');
  lab.plug('router', 'eth0', 'ps-control', '10.20.1.1/24', '00:90:0b:00:00:01');
  lab.plug('router', 'eth1', 'ps-office', '10.20.4.1/24', '00:90:0b:00:00:02');
  lab.plug('office', 'eth0', 'ps-office', '10.20.4.30/24', '00:50:56:00:04:30');
  lab.in('router', 'sysctl', '-q', '-w', 'net.ipv4.ip_forward=1');
  lab.ip('plc', 'route', 'add', 'default', 'via', '10.20.1.1');
  lab.ip('office', 'route', 'add', 'default', 'via', '10.20.4.1');
}

describe('without a range', () => {
  const left: { stop(): Promise<void> }[] = [];
  const servers: Server[] = [];
  afterEach(async () => {
    for (const one of left.splice(0)) await one.stop();
    for (const one of servers.splice(0)) await new Promise((resolve) => one.close(resolve));
  });

  /** A program that prints a capture's header and then the same packet for ever, as tcpdump would. */
  const flood = (): string => {
    const file = join(folder, 'flood.mjs');
    writeFileSync(
      file,
      `#!${process.execPath}
const header = Buffer.alloc(24);
header.writeUInt32LE(0xa1b23c4d, 0); header.writeUInt16LE(2, 4); header.writeUInt16LE(4, 6); header.writeUInt32LE(65550, 16); header.writeUInt32LE(1, 20);
process.stdout.write(header);
const record = Buffer.alloc(16 + 1000);
record.writeUInt32LE(1763740800, 0); record.writeUInt32LE(1000, 8); record.writeUInt32LE(1000, 12); record.fill(2, 22, 28);
process.on('SIGUSR1', () => process.stderr.write('7 packets captured\\n5 packets dropped by kernel\\n'));
process.on('SIGINT', () => process.exit(0));
let left = process.argv.includes('less 1600') ? 30000 : 0;
const more = () => { for (;;) { if (left-- <= 0) { setInterval(() => {}, 1000); return; } if (!process.stdout.write(record)) { process.stdout.once('drain', more); return; } } };
more();
`,
    );
    chmodSync(file, 0o755);
    return file;
  };

  it('holds what fits, counts the rest, and tells it', async () => {
    const socket = join(folder, 'late.sock');
    const sensor = new Sensor({ zones: [{ id: 'lo', bridge: 'lo' }], socket, command: flood() });
    left.push(sensor);
    sensor.start();
    const frames = () => sensor.statistics[0]?.frames;
    await eventually(() => frames() === 30_000 || undefined, 'the flood');
    const dropped = sensor.statistics[0]?.dropped ?? 0;
    // 16 MiB of records of 1014 bytes.
    expect(dropped).toBe(30_000 - Math.floor((16 * 1024 * 1024) / 1014));
    let heard = 0;
    let told: BridgeStatistics | undefined;
    const peers: Socket[] = [];
    const server = createServer((peer) => {
      peers.push(peer);
      const reader = new StreamReader({
        hello: ({ zones }) => expect(zones).toEqual(['lo']),
        frame: (_bridge, time, bytes) => {
          heard++;
          expect([time, bytes.length]).toEqual([1763740800e6, 1000]);
        },
        statistics: ({ bridges }) => {
          told = bridges[0];
        },
      });
      peer.on('data', (chunk: Buffer) => reader.take(chunk));
      peer.on('error', () => {});
    }).listen(socket);
    servers.push(server);
    await eventually(() => heard === 30_000 - dropped || undefined, 'what was held');
    await eventually(() => told?.lost === 10 || undefined, 'the kernel’s count');
    expect(told).toMatchObject({ zone: 'lo', capturing: true, frames: 30_000, lost: 10, dropped, starts: 1 });
    await sensor.stop();
    for (const peer of peers) peer.destroy();
  });

  it('says why it cannot capture, and is not well', async () => {
    const notes: string[] = [];
    const health = join(folder, 'ill');
    const sensor = new Sensor({
      ...{ zones: [{ id: 'lo', bridge: 'lo' }], socket: join(folder, 'none.sock'), health },
      ...{ command: join(folder, 'no-such-program'), note: (text: string) => void notes.push(text) },
    });
    left.push(sensor);
    sensor.start();
    await eventually(() => ((sensor.statistics[0]?.starts ?? 0) >= 2 ? true : undefined), 'tries');
    expect(notes).toEqual([expect.stringMatching(/^lo: live capture needs .*no-such-program, which is not installed/)]);
    expect(sensor.statistics[0]).toMatchObject({ capturing: false, trouble: expect.stringMatching(/not installed/) });
  });
});
