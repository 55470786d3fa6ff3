/** The range as containers on a real engine: the same plant, the same points, the same alerts, faults that heal, and nothing that leaves. */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { loadScenario } from '@penstock/attacks';
import type { AlertMessage, KeyframeMessage } from '@penstock/core';
import { openPlant, type Plant } from '@penstock/range';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WITHOUT_SPARKPLUG } from '../judges.ts';
import { penstock, scratchFolder } from '../penstock.ts';
import { ContainerRange } from './containers.ts';
import { BUILD_LIMIT, docker, engineIsThere, run, without } from './engine.ts';
import { Protocols } from './protocols.ts';
import { OUTSIDE, READ_ANALOG, SHORT_BETWEEN, SHORT_DOWNLOAD, SHORT_LYE } from './scenarios.ts';

engineIsThere();

const SLOW = 300_000;
/** A machine that does other things too is given more than what is promised; what it took is told. */
const PATIENCE = 120_000;
/** Normal operation that must be silent. */
const QUIET_MS = process.env.PENSTOCK_PROVE === '1' ? 3_600_000 : 60_000;
/** Documentation addresses (RFC 5737): nobody's. */
const NOBODY = ['192.0.2.10', '203.0.113.10'];

describe.skipIf(without !== undefined)('a range in containers', { timeout: SLOW }, () => {
  const range = new ContainerRange();
  const figures = new Map<string, string | number>();
  let plant: Plant;

  beforeAll(
    async () => {
      plant = await openPlant('drinking-water');
      await range.configure('--attacker', 'control');
      for (const service of ['range', 'attack-box']) {
        const { code, stderr } = range.build(service);
        expect([service, code, code === 0 ? '' : stderr.slice(-2000)]).toEqual([service, 0, '']);
      }
      // What an interrupted test left; a range that somebody uses is left alone.
      range.clear();
      const began = performance.now();
      const { code, stderr } = range.up();
      expect([code, code === 0 ? '' : stderr]).toEqual([0, '']);
      await range.untilWell(PATIENCE * 3);
      figures.set('from nothing until every health check is green, s', seconds(began));
    },
    2 * BUILD_LIMIT + SLOW,
  );

  afterAll(() => {
    for (const [what, figure] of figures) console.log(`${what}: ${figure}`);
    range.down();
  }, SLOW);

  const seconds = (since: number): number => Math.round((performance.now() - since) / 100) / 10;
  const state = (): Promise<KeyframeMessage> => range.stateNow();
  const value = async (source: 'displayed' | 'measured' | 'true', tag: string): Promise<number> =>
    (await state()).values[source][plant.spec.tags.findIndex(({ id }) => id === tag)] ?? Number.NaN;
  const alertsAfter = async (number: number): Promise<AlertMessage[]> =>
    (await state()).alerts.filter((alert) => alert.number > number);
  const lastAlert = async (): Promise<number> => (await state()).alerts.at(-1)?.number ?? 0;
  const addressOf = (device: string): string => plant.spec.devices.find(({ id }) => id === device)?.address ?? '';
  /** Connects from a device's container, and says what came of it: `connected`, a code of the system, or `silence`. */
  const connectFrom = (device: string, to: string, port: number): string =>
    range
      .exec(device, [
        'node',
        '-e',
        `const s = require('net').connect({ host: '${to}', port: ${port} });
         const end = (text) => { console.log(text); process.exit(); };
         s.setTimeout(4000, () => end('silence')).on('error', (e) => end(e.code)).on('connect', () => end('connected'));`,
      ])
      .stdout.trim();

  const protocols = new Protocols({
    ...{ range, value, alertsAfter, lastAlert, patience: PATIENCE },
    plant: () => plant,
  });

  it('one truth: what the SCADA server reads through its conduit is what the page shows, and what is', async () => {
    await expect.poll(() => value('displayed', 'LIT501'), { timeout: PATIENCE }).toBeGreaterThan(0);
    for (const tag of ['LIT501', 'AIT402', 'AIT301', 'LIT601', 'LIT102']) {
      const measured = await value('measured', tag);
      await expect
        .poll(() => value('displayed', tag).then((shown) => Math.abs(shown / measured - 1)), { timeout: PATIENCE })
        .toBeLessThan(0.03);
      await expect
        .poll(() => value('true', tag).then((truth) => Math.abs(truth / measured - 1)), { timeout: PATIENCE })
        .toBeLessThan(0.1);
    }
    // LIT501 by hand, from the SCADA server's container: input registers 0 and 1 of the distribution controller.
    const { stdout } = range.exec('scada', [
      'node',
      '-e',
      `const s = require('net').connect({ host: '${addressOf('distribution-plc')}', port: 502 });
       s.on('connect', () => s.write(Buffer.from('000100000006010400000002', 'hex')));
       s.on('data', (d) => { console.log(d.readFloatBE(9)); process.exit(); });`,
    ]);
    expect(Math.abs(Number(stdout) / (await value('measured', 'LIT501')) - 1)).toBeLessThan(0.03);
  });

  it('normal operation raises nothing', { timeout: QUIET_MS + SLOW }, async () => {
    await new Promise((resolve) => setTimeout(resolve, QUIET_MS));
    const { alerts, values } = await state();
    expect(alerts.map(({ rule, device, message }) => `${rule} ${device}: ${message}`)).toEqual([]);
    expect(values.time).toBeGreaterThan(QUIET_MS / 1000);
    expect(values.stale).toEqual([]);
  });

  protocols.seen();

  it('costs little', () => {
    const ours = range.used().filter(({ service }) => !service.startsWith('attack'));
    const mib = ours.reduce((sum, { mebibytes }) => sum + mebibytes, 0);
    figures.set('memory of all roles, MiB', Math.round(mib));
    figures.set('processor of all roles, % of one core', Math.round(ours.reduce((sum, one) => sum + one.processor, 0)));
    figures.set(
      'each',
      ours.map(({ service, mebibytes, processor }) => `${service} ${processor}% ${mebibytes}MiB`).join('; '),
    );
    expect(ours).toHaveLength(plant.spec.devices.length + 2);
    // A role is a process of Node's, with what its protocols need.
    expect(mib).toBeLessThan(72 * ours.length);
  });

  it('nobody is root, privileged or near the engine, but for the root of the attack box', () => {
    const format =
      '{{.Config.User}} {{.HostConfig.Privileged}} {{.HostConfig.ReadonlyRootfs}} {{json .HostConfig.CapAdd}} {{json .Mounts}}';
    for (const { service, name } of range.states()) {
      const [user, privileged, readonly, added, mounts] = docker('inspect', '--format', format, name)
        .stdout.trim()
        .split(' ');
      expect([service, privileged, readonly]).toEqual([service, 'false', 'true']);
      expect(mounts).not.toContain('docker.sock');
      if (service !== 'attack-box') expect([service, user]).toEqual([service, '1000:1000']);
      if (!['sensor', 'firewall', 'attack-box', 'attack-agent'].includes(service))
        expect([service, added]).toEqual([service, 'null']);
    }
  });

  it('nmap from the attack box sees exactly the services that the plant declares', () => {
    const ports = '1-1100,2404,4840,8080,8086,20000,44818,47808';
    const { stdout } = range.exec(
      'attack-box',
      ['nmap', '-n', '-sT', '-T4', '-p', ports, '-oG', '-', '10.40.10.0/24'],
      {
        limit: SLOW,
      },
    );
    const open = [...stdout.matchAll(/^Host: (\S+) .*Ports: (.*)$/gm)].flatMap(([, host, list = '']) =>
      [...list.matchAll(/(\d+)\/open\/tcp/g)].map(([, port]) => `${host}:${port}`),
    );
    const declared = plant.spec.devices
      .filter(({ zone, absent }) => zone === 'control' && absent !== true)
      .flatMap(({ address, services }) => services.map(({ port }) => `${address}:${port}`));
    expect(open.sort()).toEqual(declared.sort());
  });

  it('the office has no way to a controller: the firewall drops the try, and somebody hears of it', async () => {
    const before = await lastAlert();
    expect(connectFrom('office-workstation', addressOf('dosing-plc'), 502)).toBe('silence');
    await expect
      .poll(async () => (await alertsAfter(before)).map(({ message }) => message).join('\n'), { timeout: PATIENCE })
      .toContain('office-workstation');
    expect((await state()).journal.map(({ text }) => text).join('\n')).toMatch(/firewall: dropped tcp 10\.40\.40\.20/);
  });

  it('lye-setpoint from the SCADA server’s own session raises what it raises in one process', async () => {
    const scratch = scratchFolder();
    const { stdout } = await penstock(['run', 'lye-setpoint', '--seed', '1', '--virtual', '--json', '--out', 'run'], {
      cwd: scratch.path,
    });
    scratch.remove();
    const embedded = JSON.parse(stdout) as {
      steps: { time: number }[];
      alerts: { rule: string; tag: string; time: number; severity: string }[];
    };
    const began = embedded.steps[0]?.time ?? 0;
    // What the orders themselves and their effects raise in the first minute; how fast a reading moves depends on where it stood.
    const expected = embedded.alerts
      .filter(({ time, severity }) => time < began + 40 && severity !== 'low')
      .map(({ rule, tag }) => `${rule} ${tag}`);
    expect(expected.length).toBeGreaterThan(2);
    const before = await lastAlert();
    const launch = { do: 'start', scenario: 'lye-setpoint', variant: 'attack', mode: 'run', inputs: {}, now: true };
    expect(await range.api('attack', launch)).toBeDefined();
    const missing = async (): Promise<string[]> => {
      const raised = (await alertsAfter(before)).map(({ rule, tag }) => `${rule} ${tag}`);
      return expected.filter((one) => !raised.includes(one));
    };
    await expect.poll(missing, { timeout: PATIENCE, interval: 1000 }).toEqual([]);
    await range.api('attack', { do: 'stop' });
    await expect.poll(async () => (await state()).attack?.state, { timeout: PATIENCE, interval: 1000 }).toBe('ended');
    await expect.poll(() => value('displayed', 'AIC301_SP'), { timeout: PATIENCE }).toBeLessThan(20);
  });

  protocols.roomBegins();

  it('the same orders from the attack box are seen on the bridge, refused by nobody, and put back', async () => {
    const { code, stdout, stderr } = await range.fromBox(SHORT_LYE, 'control');
    expect([code, code === 0 ? '' : stderr]).toEqual([0, '']);
    const summary = JSON.parse(stdout) as {
      detected: boolean;
      alerts: { rule: string }[];
      steps: { step: string; event: string }[];
    };
    expect(summary.detected).toBe(true);
    expect(summary.alerts.map(({ rule }) => rule)).toEqual(
      expect.arrayContaining(['rogue-master', 'value-outside-limits']),
    );
    expect(summary.steps.at(-1)).toMatchObject({ step: 'read-back', event: 'done' });
    await expect.poll(() => value('displayed', 'AIC301_SP'), { timeout: PATIENCE }).toBeLessThan(20);
  });

  it('a real man in the middle: the display parts from the controller, and agrees again when he has left', async () => {
    const before = await lastAlert();
    const ended = range.fromBox(SHORT_BETWEEN, 'control');
    await expect.poll(() => value('displayed', 'AIT402'), { timeout: PATIENCE, interval: 500 }).toBeGreaterThan(4);
    expect(await value('measured', 'AIT402')).toBeLessThan(3);
    const { code, stderr } = await ended;
    expect([code, code === 0 ? '' : stderr]).toEqual([0, '']);
    await expect.poll(() => value('displayed', 'AIT402'), { timeout: PATIENCE, interval: 500 }).toBeLessThan(3);
    const seen = (await alertsAfter(before)).filter(({ techniques }) => techniques.includes('T0830'));
    expect(seen.map(({ severity }) => severity)).toContain('high');
  });

  protocols.roomEnds();
  protocols.spoken();

  it('nmap knows the filters’ controller for the S7-300 that it says it is', () => {
    const words = ['nmap', '-n', '-Pn', '-sT', '-p', '102', '--script', 's7-info', addressOf('filters-plc')];
    const { stdout } = range.exec('attack-box', words);
    expect(stdout).toMatch(/Module: 6ES7 315-2EH14-0AB0/);
    expect(stdout).toMatch(/Module Type: SIMATIC S7-300/);
  });

  it('a DNP3 master reads the booster station over real sockets what it is, as late as its radio', async () => {
    const read = (): { level: number; seconds: number } =>
      JSON.parse(
        range.exec(
          'scada',
          ['node', '--disable-warning=ExperimentalWarning', '--input-type=module', '-e', READ_ANALOG],
          {
            limit: SLOW,
          },
        ).stdout || '{}',
      );
    const { level, seconds: took } = read();
    expect(Math.abs(level / (await value('measured', 'LIT701')) - 1)).toBeLessThan(0.02);
    const latency = (plant.spec.zones.find(({ id }) => id === 'remote')?.latency ?? 0) / 1e6;
    expect(latency).toBeGreaterThan(0);
    expect(took).toBeGreaterThan(2 * latency);
  });

  it('an operator’s order reaches the booster station by radio, and is taken back', async () => {
    const before = await value('displayed', 'LIC701_ON');
    for (const order of [before + 0.1, before]) {
      expect(await range.api('operate', { tag: 'LIC701_ON', value: order })).toBeDefined();
      await expect.poll(() => value('displayed', 'LIC701_ON'), { timeout: PATIENCE }).toBeCloseTo(order, 3);
    }
    const outcomes = async (): Promise<string[]> =>
      (await state()).orders.filter(({ what }) => what === 'LIC701_ON').map(({ outcome }) => outcome);
    await expect.poll(outcomes, { timeout: PATIENCE }).toEqual(['done', 'done']);
  });

  it('radio-spill from the supplier’s laptop on the radio is seen as its file expects, and put back', async () => {
    const { expect: expected } = loadScenario('radio-spill');
    const before = await lastAlert();
    const held = await value('measured', 'LIC701_HH');
    const launch = { do: 'start', scenario: 'radio-spill', variant: 'attack', mode: 'run', inputs: {}, now: true };
    expect(await range.api('attack', launch)).toBeDefined();
    const missing = async (): Promise<string[]> => {
      const raised = (await alertsAfter(before)).map(({ rule }) => rule);
      return expected.flatMap(({ rule }) => (rule === undefined || raised.includes(rule) ? [] : [rule]));
    };
    try {
      await expect.poll(missing, { timeout: PATIENCE, interval: 1000 }).toEqual([]);
      await expect.poll(() => value('measured', 'LIC701_HH'), { timeout: PATIENCE }).toBeGreaterThan(held);
    } finally {
      await range.api('attack', { do: 'stop' });
    }
    await expect.poll(async () => (await state()).attack?.state, { timeout: PATIENCE, interval: 1000 }).toBe('ended');
    // The display may not hear of it before the next integrity poll: the laptop, under the server's own address, took the events.
    await expect.poll(() => value('measured', 'LIC701_HH'), { timeout: PATIENCE }).toBeCloseTo(held, 3);
  });

  it('a program that is loaded over S7 runs, is known by its hash for a strange one, and is put back; a stop stops', async () => {
    const { code, stdout, stderr } = await range.fromBox(SHORT_DOWNLOAD, 'control');
    expect([code, code === 0 ? '' : stderr]).toEqual([0, '']);
    const summary = JSON.parse(stdout) as {
      alerts: { rule: string; device: string }[];
      steps: { step: string; event: string; detail: string }[];
    };
    expect(summary.steps.filter(({ event }) => event === 'failed')).toEqual([]);
    expect(summary.steps.at(-1)).toMatchObject({ step: 'read-back', event: 'done' });
    expect(summary.alerts.filter(({ device }) => device === 'filters-plc').map(({ rule }) => rule)).toEqual(
      expect.arrayContaining(['s7-program-download', 's7-program-unknown', 's7-stop', 'log-program-changed']),
    );
  });

  it('the scope guard holds in the attack box too', async () => {
    const { code, stderr } = await range.fromBox(OUTSIDE, 'control');
    expect([code, stderr]).toEqual([2, expect.stringContaining('192.0.2.7')]);
  });

  describe('a fault on purpose', () => {
    /** Does it, waits until `healed`, and holds that nobody else was touched. */
    async function recovers(what: string, touched: string, fault: () => void, healed: () => Promise<boolean>) {
      await expect.poll(fresh, { timeout: PATIENCE, interval: 500 }).toBe(true);
      const { [touched]: _, ...others } = range.started();
      fault();
      const began = performance.now();
      await expect.poll(healed, { timeout: PATIENCE, interval: 200 }).toBe(true);
      figures.set(`${what}: recovered after, s`, seconds(began));
      const { [touched]: __, ...now } = range.started();
      expect(now).toEqual(others);
    }
    const lines = async (text: string): Promise<number> =>
      (await state()).journal.filter((line) => line.text.includes(text)).length;
    const fresh = async (): Promise<boolean> => (await range.state())?.values.stale.length === 0;
    const answers = (device: string): boolean => connectFrom('scada', addressOf(device), 502) === 'connected';

    it.each([
      [
        'a controller is killed',
        'dosing-plc',
        (name: string) => [
          ['kill', name],
          ['start', name],
        ],
      ],
      ['a controller is restarted', 'filters-plc', (name: string) => [['restart', '--time', '1', name]]],
      ['the SCADA server is restarted', 'scada', (name: string) => [['restart', '--time', '1', name]]],
    ] as const)('%s', async (what, device, commands) => {
      const before = await lines(`${device}: its container is there`);
      await recovers(
        what,
        device,
        () => {
          for (const words of commands(range.container(device))) docker(...words);
        },
        async () =>
          (await lines(`${device}: its container is there`)) > before &&
          (device === 'scada' || answers(device)) &&
          (await fresh()),
      );
    });

    it('a controller is paused', () => {
      const name = range.container('distribution-plc');
      return recovers(
        'a controller is paused for five seconds',
        'none',
        () => {
          docker('pause', name);
          Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5000);
          docker('unpause', name);
        },
        async () => answers('distribution-plc') && (await fresh()),
      );
    });

    it('a network is disconnected', () => {
      const name = range.container('scada');
      return recovers(
        'the SCADA server’s network is disconnected for five seconds',
        'none',
        () => {
          docker('network', 'disconnect', 'penstock-test_supervision', name);
          Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5000);
          docker('network', 'connect', '--ip', addressOf('scada'), 'penstock-test_supervision', name);
        },
        async () => answers('dosing-plc') && (await fresh()),
      );
    });

    it('the firewall is reloaded', () =>
      recovers(
        'the firewall is reloaded',
        'none',
        () => void docker('kill', '--signal', 'USR2', range.container('firewall')),
        async () => answers('dosing-plc') && (await fresh()),
      ));

    /** Rows of all truth journals that are on disk. */
    const journalled = (): number =>
      Number(
        range.exec('range', [
          'node',
          '--disable-warning=ExperimentalWarning',
          '-e',
          `const { DatabaseSync } = require('node:sqlite');
           const { globSync } = require('node:fs');
           const rows = (file) => {
             const db = new DatabaseSync(file, { readOnly: true });
             return ['write', 'step', 'device_log', 'sample', 'outside']
               .reduce((sum, table) => sum + db.prepare('SELECT count(*) AS n FROM "' + table + '"').get().n, 0);
           };
           console.log(globSync('/var/lib/penstock/docker-*/truth.sqlite').reduce((sum, file) => sum + rows(file), 0));`,
        ]).stdout,
      );

    it('the process is killed, and the run goes on where it was: nothing that was journaled is lost', async () => {
      const rows = journalled();
      expect(rows).toBeGreaterThan(10);
      const { run: before, values } = await state();
      const folders = range
        .exec('range', ['sh', '-c', 'ls -d /var/lib/penstock/docker-*'])
        .stdout.trim()
        .split('\n').length;
      await recovers(
        'the process is killed',
        'range',
        () =>
          void run('kill', [
            '-9',
            docker('inspect', '--format', '{{.State.Pid}}', range.container('range')).stdout.trim(),
          ]),
        fresh,
      );
      const after = await state();
      expect(after.run.split('/')[0]).toBe(before.split('/')[0]);
      expect(after.values.time).toBeGreaterThan(values.time);
      expect(await lines('The range was interrupted')).toBe(1);
      // What was written before is still there, beside what is written now.
      const now = range
        .exec('range', ['sh', '-c', 'ls -d /var/lib/penstock/docker-*/truth.sqlite'])
        .stdout.trim()
        .split('\n');
      expect(now).toHaveLength(folders + 1);
      expect(journalled()).toBeGreaterThanOrEqual(rows);
    });

    it('a run is reset without a restart of anything', async () => {
      const { run: before } = await state();
      const others = range.started();
      const began = performance.now();
      expect(range.exec('range', ['penstock', 'reset'])).toMatchObject({ code: 0 });
      await expect
        .poll(async () => (await range.state())?.run.split('/')[0] ?? before.split('/')[0], {
          timeout: PATIENCE,
          interval: 200,
        })
        .not.toBe(before.split('/')[0]);
      await expect
        .poll(async () => (await fresh()) && (await state()).values.time < 120, { timeout: PATIENCE })
        .toBe(true);
      figures.set('a reset, until every value is fresh, s', seconds(began));
      expect(range.started()).toEqual(others);
    });
  });

  it('after all that every health check is green', async () => {
    await expect.poll(() => range.ill(), { timeout: SLOW, interval: 1000 }).toEqual([]);
  });

  it('no packet leaves this machine', { timeout: SLOW }, async () => {
    const filter = NOBODY.map((address) => `net ${address}/24`).join(' or ');
    // Every interface but the range's own bridges and what hangs on them.
    const outward = run('sh', ['-c', "ls /sys/class/net | grep -v -e '^ps-' -e '^veth' -e '^lo$'"])
      .stdout.trim()
      .split('\n');
    const heard: string[] = [];
    const ears = outward.map((card) => {
      const ear = spawn('tcpdump', ['-l', '-n', '-i', card, filter], { stdio: ['ignore', 'pipe', 'pipe'] });
      ear.stdout.on('data', (chunk) => heard.push(`${card}: ${chunk}`));
      return { ear, listening: new Promise((resolve) => ear.stderr.once('data', resolve)) };
    });
    await Promise.all(ears.map(({ listening }) => listening));
    const script = `for (const host of ${JSON.stringify(NOBODY)})
      require('net').connect({ host, port: 80 }).on('connect', () => console.log('connected')).on('error', () => {});
      const udp = require('dgram').createSocket('udp4');
      for (const host of ${JSON.stringify(NOBODY)}) udp.send('x', 9, host, () => {});
      setTimeout(() => process.exit(), 1000);`;
    for (const { service } of range.states()) {
      // The sensor is in the host's own namespace, where nothing holds anybody back; it opens no connection.
      if (service === 'sensor' || service === 'attack-box') continue;
      expect([service, range.exec(service, ['node', '-e', script]).stdout]).toEqual([service, '']);
    }
    for (const address of NOBODY)
      range.exec('attack-box', ['nmap', '-n', '-Pn', '-sS', '-p', '80', '--max-retries', '0', address]);
    for (const { ear } of ears) ear.kill('SIGTERM');
    expect(heard).toEqual([]);
    expect(
      range
        .exec('range', ['node', '-e', "require('dns').lookup('example.com', (e) => console.log(e?.code))"])
        .stdout.trim(),
    ).toMatch(/EAI_AGAIN|ENOTFOUND|ECONNREFUSED/);
  });

  it('from the office zone the same orders are stopped by the firewall, seen, and change nothing', {
    timeout: 2 * SLOW,
  }, async () => {
    await range.configure('--attacker', 'office', '--front', 'historian-replica');
    const { code, stderr } = range.up();
    expect([code, code === 0 ? '' : stderr]).toEqual([0, '']);
    await expect.poll(() => range.ill(), { timeout: PATIENCE, interval: 500 }).toEqual([]);
    const [order, before] = [await value('displayed', 'AIC301_SP'), await lastAlert()];
    const played = await range.fromBox(SHORT_LYE, 'office');
    const summary = JSON.parse(played.stdout) as { steps: { step: string; event: string }[] };
    expect(summary.steps.filter(({ event }) => event === 'done')).toEqual([]);
    await expect.poll(async () => (await alertsAfter(before)).length, { timeout: PATIENCE }).toBeGreaterThan(0);
    expect(await value('displayed', 'AIC301_SP')).toBe(order);
    expect(await value('measured', 'AIC301_MODE')).toBe(1);
  });

  protocols.secured();
  protocols.captured();

  it('what a run leaves: a capture that opens clean, labels of what the attack sent, journals', () => {
    const labels = range.exec('range', ['sh', '-c', 'cat /var/lib/penstock/docker-*/labels.csv']).stdout;
    expect(labels).toMatch(/^packet,\d+,[\d.]+,attack,order,T0836/m);
    const capture = range.copyOf('capture.pcap');
    expect(readFileSync(capture).length).toBeGreaterThan(10_000);
    const { stdout } = run('tshark', [
      ...WITHOUT_SPARKPLUG,
      '-r',
      capture,
      '-o',
      'tcp.check_checksum:TRUE',
      '-o',
      'ip.check_checksum:TRUE',
      '-Y',
      '_ws.malformed || tcp.checksum.status == "Bad" || ip.checksum.status == "Bad"',
    ]);
    expect(stdout).toBe('');
  });
});
