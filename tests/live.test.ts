/** A range that runs live: it ends in order, survives being killed, and can be executed again with what came in at its gates. */
import { execFile } from 'node:child_process';
import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { promisify } from 'node:util';
import { type CaptureSink, readCaptureFile } from '@penstock/monitor';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { hasJudge } from './judges.ts';
import { atBest } from './measured.ts';
import { atGate, registersOf } from './modbus.ts';
import { eventually, penstock, RunningRange, SMALL_PLANT, scratchFolder } from './penstock.ts';

const run = promisify(execFile);
const scratch = scratchFolder();
afterAll(() => scratch.remove());
const cwd = scratch.path;
const SLOW = 600_000;

const running: RunningRange[] = [];
async function start(...args: string[]): Promise<RunningRange> {
  const range = await RunningRange.start([SMALL_PLANT, ...args], { cwd });
  running.push(range);
  return range;
}
afterEach(async () => {
  for (const range of running.splice(0)) await range.stop('SIGKILL');
});

/** Reads, an order and an order that is refused, so that the run has something to remember. */
const useGate = (range: RunningRange) =>
  atGate(range.gate('tank-plc'), async (client) => {
    for (let i = 0; i < 20; i++) await client.readInputRegisters(0, 2);
    await client.writeRegisters(0, registersOf(3.2));
    await client.writeRegisters(40, [1]).catch(() => undefined);
  });

async function packetsOf(file: string): Promise<number> {
  let packets = 0;
  const count: CaptureSink = { frame: () => void packets++ };
  const { truncated, damage } = await readCaptureFile(file, count);
  expect([truncated, damage]).toEqual([false, undefined]);
  return packets;
}

const second = (range: RunningRange, n: number) =>
  eventually(async () => {
    const { time } = await range.api<{ time: number }>('values');
    return time >= n ? time : undefined;
  }, `second ${n}`);

describe('a run that ends with Ctrl-C', { timeout: SLOW }, () => {
  it('ends within two seconds, and the same again is played from its folder', async () => {
    const range = await start('--out', 'ended', '--seed', '5');
    await Promise.all([useGate(range), useGate(range)]);
    await second(range, 3);
    const ready = [range];
    const ending = async (): Promise<number> => {
      const next = ready.pop() ?? (await start('--out', `ended-${running.length}`));
      // Tools that are connected at the end do not hold it up.
      const ended = await atGate(next.gate('trip'), async (client) => {
        await client.readDiscreteInputs(0, 1);
        return next.stop();
      });
      expect(ended).toMatchObject({ code: 0, signal: null });
      return ended.seconds;
    };
    expect(await atBest(2, ending, 5)).toBeLessThan(2);
    const summary = range.json<{ packets: number; alerts: unknown[]; hashes: unknown }>('summary.json');
    expect(summary.packets).toBe(await packetsOf(range.file('capture.pcap')));
    expect(summary.alerts.length).toBeGreaterThan(0);

    const { code, stdout } = await penstock(['replay', 'ended', '--pcap', 'ended.pcap', '--json'], { cwd });
    const again = JSON.parse(stdout);
    expect(again.same).toEqual({ capture: true, alerts: true, labels: true, truth: true });
    expect(again.alerts).toEqual(summary.alerts);
    expect(code).toBe(0);
    expect(readFileSync(join(cwd, 'ended.pcap')).equals(readFileSync(range.file('capture.pcap')))).toBe(true);
  });

  it('notices when its past was tampered with', async () => {
    const database = new DatabaseSync(join(cwd, 'ended', 'truth.sqlite'));
    database.exec(`DELETE FROM outside WHERE id = (SELECT max(id) FROM outside WHERE source LIKE '%"data"%')`);
    database.close();
    const { code, stdout } = await penstock(['replay', 'ended'], { cwd });
    expect(code).toBe(1);
    expect(stdout).toMatch(/^capture +[0-9a-f]{64} +DIFFERS$/m);
  });
});

describe('a run that is killed', { timeout: SLOW }, () => {
  it('leaves journals and a capture up to its last second, another starts, and it can be played again', async () => {
    const range = await start('--out', 'killed', '--seed', '6');
    await useGate(range);
    await second(range, 4);
    // While it runs, another process reads along, a second or two behind.
    const behind = async () => (await range.api<{ time: number }>('values')).time - lastSample(range);
    expect(await atBest(2.5, behind)).toBeLessThan(2.5);
    await eventually(() => (rogues(range) > 0 ? true : undefined), 'the stranger in the monitor’s journal');
    const reached = lastSample(range);
    expect(await range.stop('SIGKILL')).toMatchObject({ signal: 'SIGKILL' });

    const last = lastSample(range);
    expect(last).toBeGreaterThanOrEqual(reached);
    const truth = new DatabaseSync(range.file('truth.sqlite'), { readOnly: true });
    expect(truth.prepare('SELECT device, tag, value, outcome FROM write').all()).toEqual([
      { device: 'tank-plc', tag: 'LIC101_SP', value: Math.fround(3.2), outcome: 'done' },
    ]);
    truth.close();
    expect(rogues(range)).toBe(1);
    expect(readFileSync(range.file('alerts.jsonl'), 'utf8')).toMatch(/^\{.*"rule":"rogue-master".*\}\n/);
    expect(await packetsOf(range.file('capture.pcap'))).toBeGreaterThan(50);

    const next = await start('--out', 'next', '--seed', '6');
    await second(next, 1);
    expect(await next.stop()).toMatchObject({ code: 0 });

    const { code, stdout } = await penstock(['replay', 'killed', '--pcap', 'killed.pcap', '--json'], { cwd });
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ simulatedSeconds: last, recorded: null });
    // What it captured is what the replay captures, up to where the shorter of the two ends.
    const [captured, again] = [readFileSync(range.file('capture.pcap')), readFileSync(join(cwd, 'killed.pcap'))];
    const common = Math.min(captured.length, again.length);
    expect(common).toBeGreaterThan(5000);
    expect(captured.subarray(0, common).equals(again.subarray(0, common))).toBe(true);
  });
});

/** What a query answers that asks a journal for one number. */
function ask(range: RunningRange, journal: string, query: string): number {
  const database = new DatabaseSync(range.file(journal), { readOnly: true, timeout: 30_000 });
  const { n } = database.prepare(query).get() as { n: number };
  database.close();
  return n;
}

const lastSample = (range: RunningRange) => ask(range, 'truth.sqlite', 'SELECT max(at) AS n FROM sample') / 1e6;
const rogues = (range: RunningRange) =>
  ask(range, 'monitor.sqlite', "SELECT count(*) AS n FROM alert WHERE rule = 'rogue-master'");

describe.skipIf(!hasJudge('tshark'))('the capture of a live run in tshark', { timeout: SLOW }, () => {
  it('has no malformed frame, bad checksum or unexpected sequence', async () => {
    const range = await start('--out', 'judged', '--rate', '10', '--seed', '8');
    await useGate(range);
    await second(range, 60);
    await useGate(range);
    await range.stop();
    const capture = range.file('capture.pcap');
    expect(magicOf(capture)).toBe('d4c3b2a1');
    const tshark = async (...args: string[]) => (await run('tshark', ['-n', '-r', capture, ...args])).stdout;
    // Checksums are not judged unless they are asked for.
    const checked = ['ip', 'tcp', 'udp'].flatMap((name) => ['-o', `${name}.check_checksum:TRUE`]);
    const wrong =
      '_ws.malformed || ip.checksum.status == 0 || tcp.checksum.status == 0 || udp.checksum.status == 0 || tcp.analysis.flags';
    expect(await tshark(...checked, '-Y', wrong)).toBe('');
    const protocols = new Set((await tshark('-T', 'fields', '-e', '_ws.col.Protocol')).trim().split('\n'));
    for (const protocol of ['ARP', 'Modbus/TCP', 'NTP', 'TCP']) expect(protocols).toContain(protocol);
    // Plant addresses only: nothing of this machine shows.
    const sources = new Set((await tshark('-Y', 'ip', '-T', 'fields', '-e', 'ip.src')).trim().split('\n'));
    for (const source of sources) expect(source).toMatch(/^10\.9\./);
  });
});

function magicOf(file: string): string {
  const descriptor = openSync(file, 'r');
  const bytes = Buffer.alloc(4);
  readSync(descriptor, bytes, 0, 4, 0);
  closeSync(descriptor);
  return bytes.toString('hex');
}
