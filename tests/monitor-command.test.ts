/** `penstock monitor` and `penstock baselines` as detection engineers use them. */
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pcapOf, tcp } from '../monitor/test/frames.ts';
import { hasJudge } from './judges.ts';
import { penstock, SMALL_PLANT, scratchFolder } from './penstock.ts';

const scratch = scratchFolder();
afterAll(() => scratch.remove());
const cwd = scratch.path;
const SEVERAL = 400_000;

async function json<T>(...args: string[]): Promise<{ code: number | null; document: T; stderr: string }> {
  const { code, stdout, stderr } = await penstock([...args, '--json'], { cwd });
  if (stdout === '') throw new Error(`nothing on stdout: ${stderr}`);
  return { code, document: JSON.parse(stdout) as T, stderr };
}

const file = (name: string): string => join(cwd, name);
const lines = (name: string): Record<string, unknown>[] =>
  readFileSync(file(name), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));

/** Somebody tries forty ports of a host, a second apart. */
const scan = (): Uint8Array =>
  pcapOf(
    Array.from({ length: 40 }, (_, i) =>
      tcp({ from: `10.10.2.99:${50_000 + i}`, to: `10.10.1.13:${i + 1}`, seq: 0, flags: 'S' }),
    ),
  );

beforeAll(async () => {
  writeFileSync(file('scan.pcap'), scan());
  const { code } = await penstock(['baseline', SMALL_PLANT, '--duration', '10m', '--out', 'run'], { cwd });
  expect(code).toBe(0);
}, SEVERAL);

describe('inventory', () => {
  it('goes out as CSV and JSON, and comes back as the list to compare with', { timeout: SEVERAL }, async () => {
    const first = await json<{ devices: { address: string }[]; differences: { state: string; address: string }[] }>(
      ...['monitor', 'run/capture.pcap', '--knowledge', 'run/knowledge.json', '--inventory', 'devices.csv'],
    );
    expect(first.document.devices.length).toBeGreaterThan(2);
    // A plant that is as its papers say, which have no firewall: its addresses in both zones are unknown.
    expect(first.document.differences.map(({ state, address }) => [state, address])).toEqual([
      ['unknown', '10.9.1.1'],
      ['unknown', '10.9.2.1'],
    ]);
    const csv = readFileSync(file('devices.csv'), 'utf8');
    const [head, ...rows] = csv.trimEnd().split('\r\n') as [string, ...string[]];
    expect(head).toMatch(/^address,id,name,kind,role,zone,criticality,macs,/);
    // The owner strikes out the strangers and, by mistake, one of the devices.
    const listed = rows.filter((row) => row.split(',')[1] !== '');
    const forgotten = (listed[0] as string).split(',')[0];
    writeFileSync(file('list.csv'), [head, ...listed.slice(1)].join('\r\n'));
    const { document } = await json<{ differences: { state: string; address: string }[] }>(
      ...['monitor', 'run/capture.pcap', '--assets', 'list.csv', '--inventory', 'devices.json'],
    );
    expect(document.differences.map(({ state, address }) => [state, address]).sort()).toEqual(
      ['10.9.1.1', '10.9.2.1', forgotten].sort().map((address) => ['unknown', address]),
    );
    expect(JSON.parse(readFileSync(file('devices.json'), 'utf8'))).toMatchObject({
      version: 1,
      devices: expect.arrayContaining([expect.objectContaining({ state: 'unknown' })]),
    });
  });

  it('is a table for people, with what each device reads and why it is taken for what it is', async () => {
    const { stdout } = await penstock(
      ['monitor', 'run/capture.pcap', '--knowledge', 'run/knowledge.json', '--devices'],
      { cwd },
    );
    expect(stdout).toMatch(/^address +asset +critical +by its traffic/m);
    expect(stdout).toMatch(/^ {2}answers Modbus to \d clients? \(counts for controller 4/m);
    expect(stdout).toMatch(/^ {2}reads {2}\S+ (input|holding|coil|discrete) .*every [\d.]+ s \(READ_/m);
  });

  it('that is wrong is told with line and column', async () => {
    writeFileSync(file('wrong.csv'), 'address,kind\n10.0.0.1,pcl\n');
    const { code, stderr } = await penstock(['monitor', 'scan.pcap', '--assets', 'wrong.csv'], { cwd });
    expect([code, stderr]).toEqual([2, expect.stringMatching(/^penstock: wrong\.csv:2:10: column 'kind' has 'pcl'/)]);
  });
});

describe('outputs', () => {
  it('are JSON lines, evidence, Zeek logs as JSON, and a web hook', { timeout: SEVERAL }, async () => {
    const bodies: string[] = [];
    const server = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk) => (body += chunk));
      request.on('end', () => {
        bodies.push(body);
        response.end();
      });
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    const { code, document } = await json<Record<string, unknown>>(
      ...['monitor', 'scan.pcap', '--alerts', 'alerts.jsonl', '--evidence', 'evidence'],
      ...['--zeek', 'zeek', '--zeek-format', 'json', '--webhook', url],
    );
    server.close();
    expect(code).toBe(0);
    const alerts = document.alerts as { id: string; rule: string }[];
    expect(alerts.map(({ rule }) => rule)).toContain('sweep');
    expect(document.alertRate).toMatchObject({ rating: 'acceptable', worstHour: { alerts: alerts.length } });
    expect(document.outputs).toContainEqual({
      output: 'alerts alerts.jsonl',
      sent: expect.any(Number),
      dropped: 0,
      trouble: null,
    });
    const told = lines('alerts.jsonl').filter(({ type }) => type === 'alert');
    expect(told.map(({ id }) => id)).toEqual(alerts.map(({ id }) => id));
    const notices = bodies.flatMap((body) => JSON.parse(body).notices as { type: string }[]);
    expect(notices.map(({ type }) => type)).toContain('alert');
    expect(lines('zeek/conn.log')).toHaveLength(40);
    expect(lines('zeek/conn.log')[0]).toMatchObject({ _path: 'conn', 'id.resp_p': 1, proto: 'tcp' });
    expect(readdirSync(file('evidence'))).toHaveLength(alerts.length);
  });

  it('say what nobody took, and change nothing else', async () => {
    const { code, document, stderr } = await json<{ outputs: { dropped: number }[]; alerts: unknown[] }>(
      ...['monitor', 'scan.pcap', '--syslog', 'tcp://127.0.0.1:1'],
    );
    expect(code).toBe(0);
    expect(document.outputs[0]?.dropped).toBeGreaterThan(0);
    expect(stderr).toMatch(/^syslog tcp:\/\/127\.0\.0\.1:1: \d+ not delivered/m);
  });

  it.each([
    ['a target that is none', ['--syslog', 'somewhere'], '--syslog takes udp://HOST:PORT'],
    ['a web hook that is none', ['--webhook', 'somewhere'], '--webhook takes an http or https URL'],
    ['a file that cannot be', ['--alerts', 'no/where.jsonl'], 'cannot write to no/where.jsonl'],
    ['a format that is none', ['--zeek-format', 'xml'], 'Allowed choices are tsv, json'],
  ])('refuse %s', async (_, args, words) => {
    const { code, stdout, stderr } = await penstock(['monitor', 'scan.pcap', ...args], { cwd });
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain(words);
  });
});

describe('a window', () => {
  it('is cut out of a capture', async () => {
    const { code, document } = await json<Record<string, unknown>>(
      ...['monitor', 'run/capture.pcap', '--window', '60', '2m', '--out', 'window.pcap'],
    );
    expect(code).toBe(0);
    expect(document).toMatchObject({ source: 'run/capture.pcap', out: 'window.pcap', otherLinkType: 0 });
    expect(Date.parse(document.to as string) - Date.parse(document.from as string)).toBe(60_000);
    const whole = await json<{ packets: number }>('monitor', 'window.pcap');
    expect(whole.document.packets).toBe(document.packets);
    const { stdout } = await penstock(
      [
        'monitor',
        'run/capture.pcap',
        '--window',
        document.from as string,
        document.to as string,
        '--out',
        'again.pcap',
      ],
      { cwd },
    );
    expect(stdout).toContain('in again.pcap');
    expect(readFileSync(file('again.pcap')).equals(readFileSync(file('window.pcap')))).toBe(true);
  });

  it.skipIf(!hasJudge('tshark'))('and evidence open clean in tshark', async () => {
    await penstock(['monitor', 'run/capture.pcap', '--window', '0', '30', '--out', 'first.pcap'], { cwd });
    await penstock(['monitor', 'scan.pcap', '--evidence', 'proof'], { cwd });
    const proof = readdirSync(file('proof')).map((name) => file(`proof/${name}`));
    expect(proof.length).toBeGreaterThan(0);
    for (const path of [file('first.pcap'), ...proof]) {
      const fields = ['-Y', '_ws.malformed', '-T', 'fields', '-e', 'frame.number'];
      const { status, stdout } = spawnSync('tshark', ['-n', '-r', path, ...fields], { encoding: 'utf8' });
      expect([path, status, stdout]).toEqual([path, 0, '']);
    }
  });

  it.each([
    ['one time', ['--window', '60', '--out', 'x.pcap'], 'a window has two times and a file'],
    ['no file', ['--window', '60', '90'], 'a window has two times and a file'],
    ['a time that is none', ['--window', 'noon', '90', '--out', 'x.pcap'], "'noon' is no time of a window"],
    ['an end before its beginning', ['--window', '90', '60', '--out', 'x.pcap'], 'ends (60) before it begins (90)'],
    ['the capture itself', ['--window', '1', '2', '--out', 'run/capture.pcap'], 'would be lost'],
  ])('of %s is refused', async (_, args, words) => {
    const { code, stderr } = await penstock(['monitor', 'run/capture.pcap', ...args], { cwd });
    expect([code, stderr.split('\n').length]).toEqual([2, 2]);
    expect(stderr).toContain(words);
    expect(existsSync(file('x.pcap'))).toBe(false);
  });

  it('without a packet makes no file', async () => {
    const { code, stderr } = await penstock(['monitor', 'scan.pcap', '--window', '1h', '2h', '--out', 'x.pcap'], {
      cwd,
    });
    expect([code, existsSync(file('x.pcap'))]).toEqual([1, false]);
    expect(stderr).toContain('scan.pcap has no packet between 1h and 2h');
  });
});

describe('captures that are not whole', () => {
  it('are judged as far as they go, and it is said where they end', async () => {
    const bytes = readFileSync(file('run/capture.pcap'));
    writeFileSync(file('cut.pcap'), bytes.subarray(0, 10_000));
    writeFileSync(file('zeros.pcap'), Buffer.concat([bytes.subarray(0, 24), Buffer.alloc(1e6)]));
    const cut = await penstock(['monitor', 'cut.pcap'], { cwd });
    expect([cut.code, cut.stderr]).toEqual([0, expect.stringContaining('cut.pcap ends in the middle of a packet')]);
    const zeros = await penstock(['monitor', 'zeros.pcap'], { cwd });
    expect([zeros.code, zeros.stderr]).toEqual([
      0,
      expect.stringContaining('zeros.pcap is damaged at byte 16024: nothing but zeros where packets should stand'),
    ]);
  });

  it('or compressed are told what to do', async () => {
    writeFileSync(file('small.pcap.gz'), new Uint8Array([0x1f, 0x8b, 8, 0, 0, 0, 0, 0]));
    const { code, stderr } = await penstock(['monitor', 'small.pcap.gz'], { cwd });
    expect([code, stderr]).toEqual([2, expect.stringContaining('compressed with gzip: gunzip -c FILE > capture.pcap')]);
  });
});

describe('incidents', () => {
  it('have their course and the alerts an hour told', async () => {
    const { stdout } = await penstock(['monitor', 'scan.pcap', '--incidents'], { cwd });
    expect(stdout).toMatch(/^i-[0-9a-f]{12} {2}\w+ {2}10\.10\.1\.13 {2}00:00:00 to 00:00:00$/m);
    expect(stdout).toMatch(/^ {2}discovery: T0\d+/m);
    expect(stdout).toMatch(
      /^alerts an hour \d+ \(.*\) over 0\.0 h, at most \d+ in the hour from 00:00:00, \d floods?: \w+/m,
    );
  });
});

describe('baselines', () => {
  beforeAll(async () => {
    mkdirSync(file('plant'));
    for (const name of ['plant.yaml', 'process.ts', 'logic'])
      symlinkSync(join(SMALL_PLANT, name), file(`plant/${name}`));
    const { code } = await penstock(['learn', './plant', '--duration', '1h'], { cwd });
    expect(code).toBe(0);
  }, SEVERAL);

  it('are shown with how sure they are', { timeout: SEVERAL }, async () => {
    const { stdout } = await penstock(['baselines', 'show', './plant'], { cwd });
    expect(stdout).toMatch(/^small-plant: learned for [\d.]+ (min|h) from .* UTC, .* ago: less than a day$/m);
    expect(stdout).toMatch(/^hash {3}[0-9a-f]{64}$/m);
    expect(stdout).toMatch(/ asks .* for READ_\w+ .* times, every [\d.]+ m?s /);
    expect(stdout).toMatch(/ of \S+ \(measurement\): .* rises at most .*\/s/);
    const { document } = await json<{ maturity: { verdict: string }; version: number }>('baselines', 'show', './plant');
    expect(document).toMatchObject({ version: 2, maturity: { verdict: 'less than a day' } });
  });

  it('are edited, compared, guarded and sealed', { timeout: SEVERAL }, async () => {
    const learned = file('plant/learned/baseline.json');
    writeFileSync(file('b.json'), readFileSync(learned));
    writeFileSync(
      file('edits.yaml'),
      'version: 1\nby: J. Doe\nwhy: WO-17\nchanges:\n  - add: conversation # from tomorrow on\n    entry: { source: 10.9.9.9, destination: 10.9.9.8, transport: tcp, port: 502 }\n',
    );
    const edited = await json<{ hash: string; parent: string; changes: string[] }>(
      'baselines',
      'edit',
      'b.json',
      'edits.yaml',
    );
    expect(edited.document.changes).toEqual(['added: 10.9.9.9 speaks to 10.9.9.8 over tcp port 502']);
    const { document } = await json<{ before: string; after: string; changes: unknown[] }>(
      'baselines',
      'diff',
      './plant',
      'b.json',
    );
    expect(document).toMatchObject({
      before: edited.document.parent,
      after: edited.document.hash,
      changes: [{ change: 'added', kind: 'conversation' }],
    });
    writeFileSync(file('b.json'), readFileSync(file('b.json'), 'utf8').replaceAll('10.9.9.9', '10.9.9.7'));
    const refused = await penstock(['monitor', 'scan.pcap', '--baseline', 'b.json'], { cwd });
    expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining('not what its hash says')]);
    const sealed = await penstock(['baselines', 'seal', 'b.json', '--by', 'J. Doe', '--why', 'a typo'], { cwd });
    expect(sealed.code).toBe(0);
    const shown = await penstock(['baselines', 'show', 'b.json'], { cwd });
    expect(shown.stdout).toMatch(/^edited .* by J\. Doe: a typo$/m);
    expect(shown.stdout).toContain('[added by hand, J. Doe: WO-17]');
    expect(JSON.parse(readFileSync(learned, 'utf8')).hash).toBe(edited.document.parent);
  });

  it.each([
    [['baselines', 'show', 'nowhere.json'], 'there is no file nowhere.json'],
    [['baselines', 'show', 'drinking-watr'], "did you mean 'drinking-water'?"],
    [['baselines', 'edit', 'b.json'], "missing required argument 'edits'; see penstock baselines edit --help"],
    [['baselines', 'seal', 'b.json', '--by', 'me'], "required option '--why <reason>' not specified"],
  ])('refuse %j in one line', async (args, words) => {
    const { code, stdout, stderr } = await penstock(args, { cwd });
    expect([code, stdout, stderr.split('\n').length]).toEqual([2, '', 2]);
    expect(stderr).toContain(words);
  });
});
