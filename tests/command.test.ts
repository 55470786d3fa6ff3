/** What users and scripts may rely on of every sub-command: exit codes, one line for wrong use, one JSON document on stdout. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { penstock, RunningRange, SMALL_PLANT, scratchFolder } from './penstock.ts';

const scratch = scratchFolder();
afterAll(() => scratch.remove());
const cwd = scratch.path;
const BIN = fileURLToPath(new URL('../app/bin/penstock.mjs', import.meta.url));
/** Several processes one after the other, on a machine that does other things too. */
const SEVERAL = 400_000;

const COMMANDS = [
  ...['up', 'plants', 'scenarios', 'rules', 'exercises', 'check', 'run', 'baseline', 'learn', 'replay'],
  ...['monitor', 'baselines', 'doctor', 'compose', 'reset', 'adversary', 'opcua-front'],
];

async function json<T>(...args: string[]): Promise<{ code: number | null; document: T }> {
  const { code, stdout, stderr } = await penstock([...args, '--json'], { cwd });
  if (stdout === '') throw new Error(`nothing on stdout: ${stderr}`);
  return { code, document: JSON.parse(stdout) as T };
}

describe('help', () => {
  it('lists the commands, and each explains itself', { timeout: SEVERAL }, async () => {
    const { code, stdout, stderr } = await penstock(['--help'], { cwd });
    expect([code, stderr]).toEqual([0, '']);
    for (const command of COMMANDS) expect(stdout).toMatch(new RegExp(`^  ${command} `, 'm'));
    const texts = await Promise.all(COMMANDS.map((command) => penstock([command, '--help'], { cwd })));
    for (const [i, text] of texts.entries()) {
      expect([text.code, text.stderr]).toEqual([0, '']);
      expect(text.stdout).toMatch(new RegExp(`^Usage: penstock ${COMMANDS[i]} `));
      // What stands where nothing is given is written for people: no microseconds, no lists and records of ours.
      expect(text.stdout).not.toMatch(/\(default:\s+(?:\d{6,}|\[|\{)/);
    }
    const help = (command: string) => texts[COMMANDS.indexOf(command)]?.stdout.replace(/\s+/g, ' ');
    expect(help('baseline')).toContain('for example 24h or 7d (default: 1d)');
    expect(help('learn')).toContain('how long the monitor learns (default: 7d)');
  });

  it('gives the version', async () => {
    const { version } = JSON.parse(readFileSync(new URL('../app/package.json', import.meta.url), 'utf8'));
    expect(await penstock(['--version'], { cwd })).toMatchObject({ code: 0, stdout: `${version}\n` });
  });
});

describe('wrong use', () => {
  beforeAll(() => {
    mkdirSync(join(cwd, 'empty'));
    mkdirSync(join(cwd, 'old'));
    writeFileSync(join(cwd, 'old', 'run.json'), '{}');
    mkdirSync(join(cwd, 'docker'));
    writeFileSync(join(cwd, 'docker', 'run.json'), '{"kind":"docker"}');
    writeFileSync(join(cwd, 'text.pcap'), 'not a capture at all, but a text\n');
    writeFileSync(join(cwd, 'nothing.pcap'), '');
    writeFileSync(join(cwd, 'rule.yml'), 'title: half a rule\n');
  });

  it.each([
    ['no command', [], 'which command?'],
    ['an unknown command', ['strat'], "unknown command 'strat'"],
    ['an unknown option', ['plants', '--jsn'], "unknown option '--jsn'"],
    ['a missing argument', ['run'], "missing required argument 'scenario'"],
    ['too many arguments', ['plants', 'these'], 'too many arguments'],
    ['an unknown plant', ['up', 'drinking-watr'], "did you mean 'drinking-water'?"],
    ['a folder without a plant', ['up', './empty'], 'there is no file empty/plant.yaml'],
    ['an unknown scenario', ['run', 'lye-set-point', '--virtual'], "did you mean 'lye-setpoint'?"],
    [
      'a plant that the scenario is not for',
      ['run', 'lye-setpoint', '--plant', 'dam'],
      "is for plant 'drinking-water'",
    ],
    ['an unknown control', ['run', 'lye-setpoint', '--virtual', '--control', 'luck'], "no control 'luck'"],
    ['an unknown input', ['run', 'lye-setpoint', '--virtual', '--input', 'dos=1'], "no input 'dos'"],
    ['an input that is no number', ['run', 'lye-setpoint', '--input', 'dose=much'], 'NAME=NUMBER'],
    ['an input out of its range', ['run', 'lye-setpoint', '--virtual', '--input', 'dose=1e9'], 'it may be 0 to 20000'],
    ['a seed that is none', ['baseline', 'drinking-water', '--seed', 'lucky'], 'A seed is a whole number'],
    ['a negative seed', ['up', '--seed', '-1'], 'A seed is a whole number'],
    ['a port that is none', ['up', '--port', '70000'], 'A port is a whole number from 0 to 65535'],
    ['a rate that is none', ['up', '--rate', '0'], 'A rate is a number above 0'],
    ['an hour that is none', ['up', '--hour', '168'], '0 to 167'],
    ['an unknown zone', ['up', SMALL_PLANT, '--zone', 'moon'], 'it has control, supervisory'],
    ['a duration that is none', ['baseline', 'drinking-water', '--duration', 'long'], 'is not a duration'],
    ['a baseline that is too short', ['baseline', 'drinking-water', '--duration', '1s'], 'at least a minute'],
    ['no source', ['monitor'], 'name one source'],
    ['two sources', ['monitor', 'a.pcap', '--interface', 'lo'], 'name one source'],
    ['a capture that is not there', ['monitor', 'nowhere.pcap'], 'there is no capture nowhere.pcap'],
    ['a text as capture', ['monitor', 'text.pcap'], 'is not a capture'],
    ['an empty capture', ['monitor', 'nothing.pcap'], 'nothing.pcap'],
    ['a folder as capture', ['monitor', 'empty'], 'is a directory'],
    ['rules that are not there', ['monitor', 'text.pcap', '--rules', 'nowhere'], 'nowhere'],
    ['a run that is not there', ['replay', 'nowhere'], "is no run's folder"],
    ['a run that is none', ['replay', 'old'], 'is not how a run is described'],
    ['a run in containers', ['replay', 'docker'], 'only runs in one process'],
    ['no range to reset', ['reset'], 'which range?'],
    ['a range to reset elsewhere', ['reset', '--range', 'http://192.0.2.1/#token=x'], "wants the page's address"],
    ['a compose file for an unknown plant', ['compose', 'moon-base'], "no plant 'moon-base'"],
    ['an adversary that is nowhere', ['adversary', 'lye-setpoint'], 'say where the range is'],
    ['a gate on another machine', ['opcua-front', '192.0.2.1:4840'], "'192.0.2.1:4840' is no gate on this machine"],
    ['a front on a port that is none', ['opcua-front', '127.0.0.1:4840', '--port', '80'], '1024 to 65535'],
    ['a folder that holds a run', ['up', SMALL_PLANT, '--port', '0', '--out', 'old'], 'holds a run already'],
    ['a file as folder', ['up', SMALL_PLANT, '--port', '0', '--out', 'text.pcap'], 'cannot write to text.pcap'],
    ['nothing to check', ['check', 'nowhere'], 'there is no nowhere'],
    ['a folder with nothing of ours', ['check', 'empty'], 'there is nothing of ours in empty'],
    ['a file that is none of ours', ['check', 'text.pcap'], 'is none of ours'],
  ])('%s ends with exit code 2 and one line', async (_, args, words) => {
    const { code, stdout, stderr } = await penstock(args, { cwd });
    expect(stderr).toContain(words);
    expect(stderr).toMatch(/^penstock: [^\n]+\n$/);
    expect([code, stdout]).toEqual([2, '']);
  });

  it('leaves nothing behind', () => {
    expect(readdirSync(cwd).sort()).toEqual(['docker', 'empty', 'nothing.pcap', 'old', 'rule.yml', 'text.pcap']);
    expect([readdirSync(join(cwd, 'empty')), readdirSync(join(cwd, 'old'))]).toEqual([[], ['run.json']]);
  });

  it('of a folder that cannot be made is told, whatever the system says', async () => {
    const { code, stderr } = await penstock(['up', SMALL_PLANT, '--port', '0', '--out', '/proc/penstock'], { cwd });
    expect([code, stderr.split('\n').length]).toEqual([2, 2]);
    expect(stderr).toContain('choose another folder with --out DIR');
  });
});

describe('a taken port', () => {
  it('is told in one line, and leaves no run behind', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    const { code, stdout, stderr } = await penstock(['up', SMALL_PLANT, '--port', String(port)], { cwd });
    await new Promise((resolve) => server.close(resolve));
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toBe(
      `penstock: cannot serve the page: port ${port} is taken; choose another with --port N (0 picks a free one)\n`,
    );
    expect(existsSync(join(cwd, 'runs'))).toBe(false);
  });
});

describe('lists', () => {
  it('are one JSON document', { timeout: SEVERAL }, async () => {
    const plants = await json<{ plants: { id: string }[] }>('plants');
    expect(plants.document.plants).toContainEqual(
      expect.objectContaining({ id: 'drinking-water', name: 'Drinking water works', zones: 8 }),
    );
    const scenarios = await json<{ scenarios: { id: string }[] }>('scenarios');
    expect(scenarios.document.scenarios).toContainEqual(
      expect.objectContaining({ id: 'lye-setpoint', plant: 'drinking-water', techniques: ['T1692.001', 'T0836'] }),
    );
    const rules = await json<{ rules: { id: string }[] }>('rules');
    expect(rules.document.rules.map(({ id }) => id)).toEqual(
      expect.arrayContaining(['rogue-master', 'value-outside-limits', 'sweep', 'illegal-frames', 'new-conversation']),
    );
    expect((await json('exercises')).document).toEqual({ exercises: [] });
  });

  it('are tables for people', async () => {
    const { code, stdout } = await penstock(['scenarios'], { cwd });
    expect(code).toBe(0);
    expect(stdout).toMatch(/^lye-setpoint +drinking-water +T1692\.001 T0836 +Lye set point$/m);
  });

  it('may be cut off by who reads them', async () => {
    const child = spawn(process.execPath, [BIN, 'rules'], {
      ...{ cwd, stdio: ['ignore', 'pipe', 'pipe'] },
      ...{ timeout: 170_000, killSignal: 'SIGKILL' },
    });
    child.stdout.destroy();
    let stderr = '';
    child.stderr.on('data', (chunk) => (stderr += chunk));
    const [code] = await once(child, 'close');
    expect([code, stderr]).toEqual([0, '']);
  });
});

describe('check', () => {
  it('finds everything of ours in order', { timeout: SEVERAL }, async () => {
    const ours = ['plants', 'attacks/scenarios', 'monitor/rules'].map((path) =>
      fileURLToPath(new URL(`../${path}`, import.meta.url)),
    );
    const { code, document } = await json<{ files: string[]; problems: unknown[] }>('check', ...ours);
    expect(document.problems).toEqual([]);
    expect(document.files.length).toBeGreaterThan(10);
    expect(code).toBe(0);
  });

  it('names file, line and what would be right', async () => {
    const text = readFileSync(join(SMALL_PLANT, 'plant.yaml'), 'utf8');
    mkdirSync(join(cwd, 'wrong'));
    writeFileSync(
      join(cwd, 'wrong', 'plant.yaml'),
      text.replace('summary:', 'sumary:').replace('P101, name', 'P1O1, name'),
    );
    const { code, document } = await json<{ problems: { file: string; id: string; message: string }[] }>(
      'check',
      'wrong',
    );
    expect(code).toBe(1);
    expect(document.problems).toContainEqual({
      file: 'wrong/plant.yaml',
      id: 'file.unknown-key',
      message: expect.stringMatching(/^wrong\/plant\.yaml:3:1: .*sumary.*summary/),
    });
    expect(document.problems.length).toBeGreaterThan(1);
    const { stdout } = await penstock(['check', 'wrong'], { cwd });
    expect(stdout).toContain('wrong/plant.yaml:3:1:');
  });

  it('checks a scene against the plant beside it', async () => {
    const folder = join(cwd, 'seen');
    mkdirSync(folder);
    cpSync(SMALL_PLANT, folder, { recursive: true });
    writeFileSync(
      join(folder, 'scene.yaml'),
      [
        'ground: [20, 20]',
        'equipment:',
        '  - { id: tank, kind: tank, name: Tank, area: tank, position: [0, 0, 0], diameter: 2, height: 5, bind: { level: { tag: LIT191, full: 5 } } }',
        'cameras:',
        '  - { id: all, name: All, position: [0, 5, 12], target: [0, 2, 0] }',
      ].join('\n'),
    );
    const { code, document } = await json<{ problems: { id: string; message: string }[] }>('check', 'seen/scene.yaml');
    expect(code).toBe(1);
    expect(document.problems).toEqual([
      {
        file: 'seen/scene.yaml',
        id: 'scene.unknown-tag',
        message: expect.stringMatching(/^seen\/scene\.yaml:3:\d+: there is no tag 'LIT191'; did you mean 'LIT101'\?$/),
      },
    ]);
  });
});

describe('baseline', () => {
  it('says what the monitor said, and leaves a folder that can be replayed', { timeout: SEVERAL }, async () => {
    const { code, document } = await json<Record<string, unknown>>(
      ...['baseline', SMALL_PLANT, '--duration', '10m', '--virtual', '--seed', '3', '--out', 'normal'],
    );
    expect(document).toMatchObject({
      plant: 'small-plant',
      simulatedSeconds: 600,
      packets: expect.any(Number),
      alerts: [],
      timing: { wallSeconds: expect.any(Number) },
    });
    expect(code).toBe(0);
    const { timing: _, ...repeatable } = document;
    expect(JSON.parse(readFileSync(join(cwd, 'normal/summary.json'), 'utf8'))).toEqual(repeatable);
    const again = await json<{ same: unknown; alerts: unknown[] }>('replay', 'normal', '--pcap', 'again.pcap');
    expect(again).toMatchObject({
      code: 0,
      document: { same: { capture: true, alerts: true, labels: true, truth: true }, alerts: [] },
    });
    expect(readFileSync(join(cwd, 'again.pcap')).equals(readFileSync(join(cwd, 'normal/capture.pcap')))).toBe(true);
  });

  it('is replayed up to a time', { timeout: SEVERAL }, async () => {
    const { code, document } = await json('replay', 'normal', '--to', '5m');
    expect([code, document]).toEqual([
      0,
      expect.objectContaining({ simulatedSeconds: 300, recorded: null, same: null }),
    ]);
    const beyond = await json('replay', 'normal', '--to', '1h');
    expect(beyond.document).toMatchObject({ simulatedSeconds: 600, same: { capture: true } });
  });

  it('says when the plant has changed since, whether that shows or not', { timeout: SEVERAL }, async () => {
    const plant = join(cwd, 'own-plant');
    cpSync(SMALL_PLANT, plant, { recursive: true });
    symlinkSync(fileURLToPath(new URL('../node_modules', import.meta.url)), join(cwd, 'node_modules'));
    const file = join(plant, 'plant.yaml');
    const before = readFileSync(file, 'utf8');
    const { code } = await json('baseline', './own-plant', '--duration', '2m', '--out', 'then');
    expect(code).toBe(0);
    expect(await json('replay', 'then')).toMatchObject({ code: 0, document: { plantChanged: false } });

    writeFileSync(file, `${before}# a remark\n`);
    const remark = await penstock(['replay', 'then'], { cwd });
    expect([remark.code, remark.stdout]).toEqual([
      0,
      expect.stringContaining(
        'The plant has changed since that run (plant.yaml, its programs or its model), but nothing',
      ),
    ]);

    writeFileSync(file, before.replace(/noise: [\d.]+/, 'noise: 0.5'));
    const other = await penstock(['replay', 'then'], { cwd });
    expect([other.code, other.stdout]).toEqual([
      1,
      expect.stringMatching(
        /truth +[0-9a-f]+ {2}DIFFERS\nThe plant has changed .*: it cannot be expected to be the same\./,
      ),
    ]);
    expect(await json('replay', 'then')).toMatchObject({
      code: 1,
      document: { plantChanged: true, same: { truth: false } },
    });
  });

  it('keeps its logs off stdout, and tells no progress where nobody watches', async () => {
    const { stdout, stderr } = await penstock(['baseline', SMALL_PLANT, '--duration', '2m'], { cwd });
    expect(stdout).toMatch(/^0 alerts, 0 of paging severity, in 0\.0 h and \d+ packets$/m);
    expect(stderr).toMatch(/^[\d.]+ s, \d+ × real time\n$/);
  });
});

describe('monitor', () => {
  it('judges a capture of ours as the run did, and writes Zeek logs', { timeout: SEVERAL }, async () => {
    await json('baseline', SMALL_PLANT, '--duration', '5m', '--out', 'watched');
    const { code, document } = await json<Record<string, unknown>>(
      ...['monitor', 'watched/capture.pcap', '--zeek', 'zeek'],
    );
    const { packets } = JSON.parse(readFileSync(join(cwd, 'watched/summary.json'), 'utf8'));
    expect(document).toMatchObject({
      source: 'watched/capture.pcap',
      packets,
      bytes: expect.any(Number),
      seconds: expect.any(Number),
      packetsPerSecond: expect.any(Number),
      dropped: 0,
      events: expect.objectContaining({ modbus_detailed: expect.any(Number), conn: expect.any(Number) }),
      devices: expect.any(Array),
      alerts: expect.any(Array),
      incidents: expect.any(Array),
    });
    // Wall time, not the capture's five minutes.
    expect(document.seconds).toBeLessThan(240);
    expect(code).toBe(0);
    expect(readFileSync(join(cwd, 'zeek/modbus_detailed.log'), 'utf8')).toMatch(/^#fields\tts\tuid\tid\.orig_h/m);
  });
});

describe('doctor', () => {
  it('tells what there is, and that a range can run', async () => {
    const { code, document } = await json<{ findings: { what: string; ok: boolean; needed: boolean }[] }>('doctor');
    expect(document.findings).toContainEqual(expect.objectContaining({ what: 'Node 24', ok: true, needed: true }));
    expect(document.findings.map(({ what }) => what)).toEqual(
      expect.arrayContaining(['tshark', 'nmap', 'mbpoll', 'chromium', 'Docker engine', 'ports below 1024']),
    );
    expect(code).toBe(0);
  });
});

describe('learn', () => {
  it('says whether what was learned is of the plant as it stands', async () => {
    const { code, document } = await json('learn', SMALL_PLANT, '--check');
    expect([code, document]).toEqual([1, { plant: 'small-plant', learned: 'missing' }]);
  });
});

describe('up', () => {
  it('runs faster than real time when it is told to', { timeout: SEVERAL }, async () => {
    const range = await RunningRange.start([SMALL_PLANT, '--rate', '10', '--out', 'fast'], { cwd });
    try {
      const began = performance.now();
      const { time: from } = await range.api<{ time: number }>('values');
      const rate = async () => {
        const { time } = await range.api<{ time: number }>('values');
        return (time - from) / ((performance.now() - began) / 1000);
      };
      // The longer it is looked at, the less it matters how long a question takes.
      const near = async () => Math.abs((await rate()) - 10) < 0.5;
      await expect.poll(near, { interval: 500 }).toBe(true);
      expect(await range.stop()).toMatchObject({ code: 0 });
    } finally {
      await range.stop('SIGKILL');
    }
  });

  it('needs no page', { timeout: SEVERAL }, async () => {
    const range = await RunningRange.start([SMALL_PLANT, '--headless', '--out', 'headless'], { cwd });
    try {
      expect(range.url).toBe('');
      expect(await range.stop('SIGTERM')).toMatchObject({ code: 0 });
    } finally {
      await range.stop('SIGKILL');
    }
  });
});
