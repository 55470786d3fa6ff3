import { type ChildProcess, execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { readCaptureFile } from '@penstock/monitor';
import { EventQueue, type Mark, PacedClock } from '@penstock/simulator/kernel';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { hasJudge } from '../../tests/judges.ts';
import { eventually } from '../../tests/penstock.ts';
import { CauseBook } from './cause-book.ts';
import { decodeLine } from './link.ts';
import { RawNetwork } from './raw-link.ts';
import { canBuildNetworks, ended, Lab } from './test/lab.ts';

const PLC = { address: '10.20.1.13', mac: '00:80:f4:00:00:13' };
const SCADA = { address: '10.20.1.20', mac: '00:50:56:00:00:20' };
const BOX = { address: '10.20.1.66', mac: 'b8:ca:3a:00:00:a1' };
const CAUSE = { actor: 'scenario:test', step: 'stand' };
const here = (file: string): string => JSON.stringify(new URL(file, import.meta.url).href);

const ECHO = `
import { createServer } from 'node:net';
createServer((peer) => { peer.on('error', () => {}); peer.pipe(peer); }).listen(502, () => console.log('ready'));`;

/** Asks over one connection, again and again, and prints what comes back and when the connection ends. */
const client = (host: string, large: number): string => `
import { connect } from 'node:net';
const socket = connect(502, '${host}', () => console.log('ready'));
socket.setNoDelay(true);
let number = 0;
const timer = setInterval(() => socket.write(++number % 5 === 0 ? 'L'.repeat(${large}) + '.' : 'hello ' + number + '.'), 50);
let text = '';
socket.on('data', (chunk) => {
  text += chunk;
  for (let at = text.indexOf('.'); at >= 0; at = text.indexOf('.')) {
    const answer = text.slice(0, at);
    text = text.slice(at + 1);
    console.log(answer.length > 40 ? 'large ' + answer.length : answer);
  }
});
socket.on('error', () => {});
socket.on('close', () => { clearInterval(timer); console.log('ended'); });`;

/** Does in the box what lines on standard input say, and prints what comes of it. */
const BOX_PROGRAM = `
import { createInterface } from 'node:readline';
import { EventQueue, PacedClock } from '@penstock/simulator/kernel';
import { parseIpv4 } from '@penstock/protocols/ethernet';
import { encodeLine } from ${here('./link.ts')};
import { RawNetwork } from ${here('./raw-link.ts')};
const queue = new EventQueue();
const clock = new PacedClock(queue);
clock.start();
const say = (what) => console.log(encodeLine(what).toString().trim());
const raw = RawNetwork.open({ ...${JSON.stringify(BOX)}, subnet: '10.20.1.0/24', queue, clock, onMark: (mark) => say({ mark }), note: (text) => say({ note: text }) });
await raw.ready;
const cause = ${JSON.stringify(CAUSE)};
const hook = (packet) => {
  if (packet.fromFirst && packet.end > packet.payload && packet.buffer[packet.payload] === 104) {
    packet.buffer[packet.payload] = 72;
    packet.changed = true;
  }
  return true;
};
let place;
const acts = {
  stand: () => { place = raw.interpose(parseIpv4('${SCADA.address}'), parseIpv4('${PLC.address}'), { hook, cause }); },
  look: () => say({ running: place.running, changed: place.changed, relayed: place.relayed, dropped: place.dropped + raw.dropped }),
  stop: () => place.stop(),
  ping: () => raw.ping(parseIpv4('${PLC.address}'), (roundTrip) => say({ ping: roundTrip !== undefined }), cause),
};
createInterface({ input: process.stdin }).on('line', (line) => {
  if (line === 'close') { raw.close().then(() => { clock.stop(); process.exit(0); }); return; }
  clock.outside({ run: () => { try { acts[line](); } catch (error) { say({ error: error.message }); } } });
});
console.log('ready');`;

const hasPython = spawnSync('python3', ['--version'], { stdio: 'ignore' }).status === 0;

describe.skipIf(!canBuildNetworks || !hasPython || !hasJudge('tcpdump'))(
  'on a real bridge (needs root, namespaces, python3 and tcpdump)',
  () => {
    const folder = mkdtempSync(join(tmpdir(), 'penstock-raw-'));
    const capture = join(folder, 'bridge.pcap');
    let lab: Lab;
    let box: ChildProcess;
    let dump: ChildProcess;
    const answers: string[] = [];
    const own: string[] = [];
    const told: Record<string, unknown>[] = [];
    const marks: Mark[] = [];

    beforeAll(async () => {
      lab = new Lab('raw');
      lab.bridge('br0');
      for (const [name, { address, mac }] of [
        ['plc', PLC],
        ['scada', SCADA],
        ['box', BOX],
      ] as const) {
        lab.namespace(name);
        lab.plug(name, 'eth0', 'br0', `${address}/24`, mac);
      }
      dump = lab.start(
        'host',
        'tcpdump',
        '-i',
        'br0',
        '-U',
        '--immediate-mode',
        '-Z',
        'root',
        '-s',
        '2000',
        '-B',
        '16384',
        '-w',
        capture,
      );
      await lab.node('plc', ECHO);
      listen(await lab.node('scada', client(PLC.address, 3000)), answers);
      // The box's own stack speaks to the controller all the time, too.
      listen(await lab.node('box', client(PLC.address, 10)), own);
      box = await lab.node('box', BOX_PROGRAM);
      createInterface({ input: box.stdout as NodeJS.ReadableStream }).on('line', (line) => {
        const said = decodeLine(line) as Record<string, unknown>;
        if (said.mark) marks.push(said.mark as Mark);
        else told.push(said);
      });
    }, 300_000);

    afterAll(async () => {
      await lab?.close();
      rmSync(folder, { recursive: true, force: true });
    });

    function listen(child: ChildProcess, lines: string[]): void {
      createInterface({ input: child.stdout as NodeJS.ReadableStream }).on('line', (line) => lines.push(line));
    }

    const say = (line: string): void => void box.stdin?.write(`${line}\n`);

    /** Whom a host believes to have an address. */
    const believed = (namespace: string, address: string): string | undefined =>
      /lladdr (\S+)/.exec(lab.ip(namespace, 'neigh', 'show', address))?.[1];

    function look(): Promise<Record<string, unknown>> {
      const before = told.length;
      say('look');
      return eventually(() => told.slice(before).find((one) => 'running' in one), 'an answer of the box');
    }

    it('stands between two, who see nothing of it but what it changes', async () => {
      await eventually(() => answers.includes('hello 1') || undefined, 'the first answer');
      say('stand');
      await eventually(() => answers.some((line) => line.startsWith('Hello')) || undefined, 'a changed answer');
      expect(believed('scada', PLC.address)).toBe(BOX.mac);
      await eventually(() => believed('plc', SCADA.address) === BOX.mac || undefined, 'the other side');
      expect((await look()).running).toBe(true);
      // Large sends, which a virtual cable neither sums nor cuts, come through as well.
      const since = answers.length;
      await eventually(
        () => answers.slice(since).filter((line) => line === 'large 3000').length >= 3 || undefined,
        'large answers',
      );
      expect(answers).not.toContain('ended');
      expect(own).not.toContain('ended');
      const { changed, relayed, dropped } = (await look()) as Record<string, number>;
      expect(changed).toBeGreaterThan(3);
      expect(relayed).toBeGreaterThan(changed as number);
      expect(dropped).toBe(0);
    });

    it('pings with frames of its own', async () => {
      say('ping');
      await eventually(() => told.find((one) => one.ping === true), 'the answer');
    });

    it('refuses where the host would pass everything on a second time', async () => {
      lab.in('box', 'sysctl', '-q', '-w', 'net.ipv4.ip_forward=1');
      say('stand');
      expect((await eventually(() => told.find((one) => 'error' in one), 'the refusal')).error).toMatch(
        /forwards packets itself.*ip_forward=0/,
      );
      lab.in('box', 'sysctl', '-q', '-w', 'net.ipv4.ip_forward=0');
    });

    it('tells both the truth at the end, and nothing of their conversation was lost', async () => {
      say('stop');
      await eventually(() => believed('scada', PLC.address) === PLC.mac || undefined, 'the truth at the SCADA server');
      await eventually(() => believed('plc', SCADA.address) === SCADA.mac || undefined, 'the truth at the controller');
      const since = answers.length;
      await eventually(
        () => answers.slice(since).filter((line) => line.startsWith('hello')).length >= 5 || undefined,
        'true answers',
      );
      expect(answers).not.toContain('ended');
      expect(own).not.toContain('ended');
      expect(own.every((line) => !line.startsWith('Hello'))).toBe(true);
      const numbers = answers.map((line) => Number(/^[hH]ello (\d+)$/.exec(line)?.[1])).filter((number) => number > 0);
      const last = numbers.at(-1) as number;
      expect(numbers).toEqual(Array.from({ length: last }, (_, i) => i + 1).filter((number) => number % 5 !== 0));
      say('close');
      await eventually(() => (box.exitCode === null ? undefined : true), 'the end');
      expect(
        execFileSync('ip', ['netns', 'pids', lab.of('box')], { encoding: 'utf8' })
          .trim()
          .split('\n'),
      ).toHaveLength(1);
    });

    it('every frame that it made is found on the bridge by what it told', async () => {
      await ended(dump);
      const book = new CauseBook({ now: () => 0 });
      book.mark(marks);
      const found: (boolean | undefined)[] = [];
      await readCaptureFile(capture, {
        frame: (_time, bytes, start, end) => void found.push(book.causeOf(bytes.subarray(start, end), 0)?.response),
      });
      const made = found.filter((response) => response === false).length;
      // Forgeries and their ends, changed packets, a ping.
      expect(marks.length).toBeGreaterThan(10);
      expect(made).toBe(marks.length);
      expect(found.filter((response) => response === true).length).toBeGreaterThan(3);
      expect(found.filter((response) => response === undefined).length).toBeGreaterThan(20);
    });
  },
);

describe('without a card', () => {
  const clocks: PacedClock[] = [];
  afterEach(() => {
    for (const clock of clocks.splice(0)) clock.stop();
  });

  function options(change: object = {}) {
    const queue = new EventQueue();
    const clock = new PacedClock(queue);
    clocks.push(clock);
    return { address: '127.0.0.1', mac: BOX.mac, subnet: '127.0.0.0/8', queue, clock, onMark: () => {}, ...change };
  }

  it('says which address no card has', () => {
    expect(() => RawNetwork.open(options({ address: '192.0.2.77', subnet: '192.0.2.0/24' }))).toThrow(
      /no network card here has the address 192\.0\.2\.77/,
    );
  });

  it('says why there is no link', async () => {
    const notes: string[] = [];
    const note = (text: string): void => void notes.push(text);
    const raw = RawNetwork.open(
      options({
        note,
        interface: 'nosuch0',
        command: [process.execPath, '-e', 'console.error("no such device"); process.exit(3)', '--'],
      }),
    );
    await expect(raw.ready).rejects.toThrow('there is no raw link on nosuch0: no such device');
    expect(notes).toEqual(['the raw link on nosuch0 is gone: no such device']);
    expect(() => raw.interpose(0x7f000002, undefined, {})).toThrow('there is no raw link on nosuch0');
    await raw.close();
  });

  it('does not believe a pump that speaks nonsense', async () => {
    const raw = RawNetwork.open(
      options({
        command: [
          process.execPath,
          '-e',
          'process.stdout.write("GET / HTTP/1.1\\n"); setInterval(() => {}, 1000)',
          '--',
        ],
      }),
    );
    await expect(raw.ready).rejects.toThrow(/its pump speaks of a frame of \d+ bytes/);
    await raw.close();
  });
});
