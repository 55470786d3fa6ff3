/**
 * OPC UA, BACnet, MQTT and doors of a range in containers: asked and ordered by tools that are not ours, from hosts that may, tried by one that may
 * not, and seen by the monitor. Part of range.test.ts, whose range they share.
 */
import type { AlertMessage, DeviceSpec, NetworkMessage, ServiceSpec } from '@penstock/core';
import { decodePayload, encodePayload, type Metric } from '@penstock/protocols/sparkplug';
import type { Plant } from '@penstock/range';
import { expect, it } from 'vitest';
import { WITHOUT_SPARKPLUG } from '../judges.ts';
import type { ContainerRange } from './containers.ts';
import { run } from './engine.ts';
import { type OpcUaTalk, opcUaTalk, SHORT_DOOR, whoIs } from './scenarios.ts';

/** What tests of one range share. */
export interface Bench {
  readonly range: ContainerRange;
  plant(): Plant;
  value(source: 'displayed' | 'measured' | 'true', tag: string): Promise<number>;
  alertsAfter(number: number): Promise<AlertMessage[]>;
  lastAlert(): Promise<number>;
  readonly patience: number;
}

export class Protocols {
  readonly #bench: Bench;
  #before = 0;

  constructor(bench: Bench) {
    this.#bench = bench;
  }

  /** What can be seen without doing anything. */
  seen(): void {
    const { range, patience } = this.#bench;
    it('the monitor has heard every protocol that the plant speaks, and from whom', async () => {
      const spoken = async (): Promise<string[]> =>
        ((await range.api<NetworkMessage>('network'))?.flows.flows ?? []).map(
          ({ from, to, protocol }) => `${from} ${to} ${protocol}`,
        );
      await expect
        .poll(spoken, { timeout: patience, interval: 1000 })
        .toEqual(
          expect.arrayContaining([
            ...[
              'scada dosing-plc modbus',
              'scada filters-plc s7comm',
              'scada booster-rtu dnp3',
              'historian scada opcua',
            ],
            ...['cloud-gateway historian-replica opcua', 'scada ventilation bacnet', 'cloud-gateway broker mqtt'],
            'dashboard broker mqtt',
          ]),
        );
    });
  }

  /** By hand, from hosts from which somebody may. */
  spoken(): void {
    const { range, value, alertsAfter, patience } = this.#bench;
    const polled = { timeout: patience, interval: 1000 };
    const rulesAfter = async (number: number): Promise<string[]> =>
      (await alertsAfter(number)).map(({ rule, device }) => `${rule} ${device}`);

    it('OPC UA: node-opcua reads the truth from both servers, an order goes on to the controller, and a method takes it back', async () => {
      const before = await this.#bench.lastAlert();
      const server = this.#device('scada');
      const { users, methods } = this.#service(server, 'opcua');
      const as = (role: string) => users.find((user) => user.role === role) ?? { name: '', password: '' };
      const url = `opc.tcp://${server.address}:4840`;
      const node = (name: string): string => `ns=2;s=${name}`;
      const held = await value('measured', 'AIC302_SP');
      const said = this.#talk('jump-host', {
        ...{ url, mode: 'None', user: as('operator'), read: ['LIT501', 'FIT801'].map(node) },
        write: { node: node('AIC302_SP'), value: held + 0.05 },
      });
      expect(said.written).toBe('Good');
      for (const [i, tag] of ['LIT501', 'FIT801'].entries())
        expect(Number(said.values?.[i]) / (await value('displayed', tag)), tag).toBeCloseTo(1, 1);
      await expect.poll(() => value('measured', 'AIC302_SP'), polled).toBeCloseTo(held + 0.05, 3);
      const replica = `opc.tcp://${this.#device('historian-replica').address}:4840`;
      const copied = this.#talk('jump-host', { url: replica, mode: 'None', read: [node('LIT501')] });
      expect(Number(copied.values?.[0]) / (await value('measured', 'LIT501'))).toBeCloseTo(1, 1);
      const [reset] = methods;
      const called = this.#talk('jump-host', {
        ...{ url, mode: 'None', user: as('engineer') },
        call: [node(`area.${reset?.area}`), node(`${reset?.area}.${reset?.name}`)],
      });
      expect(called).toEqual({ called: 'Good' });
      await expect.poll(() => value('measured', 'AIC302_SP'), polled).toBeCloseTo(reset?.value ?? 0, 3);
      await expect
        .poll(() => rulesAfter(before), polled)
        .toEqual(
          expect.arrayContaining(['opcua-new-client scada', 'opcua-new-session-write scada', 'opcua-call scada']),
        );
    });

    it('BACnet: an operator’s order moves the fans, nmap reads the device, and who is there says so to everybody', async () => {
      const held = await value('measured', 'SC801_SP');
      const flow = await value('true', 'FIT801');
      expect(await range.api('operate', { tag: 'SC801_SP', value: held + 20 })).toBeDefined();
      await expect.poll(() => value('measured', 'SC801_SP'), polled).toBe(held + 20);
      await expect.poll(() => value('true', 'FIT801'), polled).toBeGreaterThan(flow * 1.1);
      expect(await range.api('operate', { tag: 'SC801_SP', value: held })).toBeDefined();
      const device = this.#device('ventilation');
      const { instance } = this.#service(device, 'bacnet');
      const scan = ['nmap', '-n', '-Pn', '-sU', '-p', '47808', '--script', 'bacnet-info', device.address] as const;
      const { stdout } = range.beside('engineering-workstation', 'penstock-attack-box', scan);
      expect(stdout).toContain(`Object-identifier: ${instance}`);
      expect(stdout).toContain(`Model Name: ${device.identity?.modelName}`);
      const broadcast = device.address.replace(/\d+$/, '255');
      const script = ['node', '--input-type=module', '-e', whoIs(broadcast)] as const;
      const answer = range.plugged(device.zone, device.address.replace(/\d+$/, '66'), 'penstock', script);
      expect(JSON.parse(answer.stdout || answer.stderr)).toEqual({
        ...{ address: device.address, toEverybody: true, device: instance },
      });
      await expect.poll(() => value('measured', 'SC801_SP'), polled).toBe(held);
    });

    it('MQTT: mosquitto sees the gateway’s births with the truth in them, and a command reaches its program', async () => {
      const before = await this.#bench.lastAlert();
      const { host } = this.#device('dashboard').sparkplug ?? {};
      const login = [
        '-h',
        this.#device('broker').address,
        '-u',
        host?.user ?? '',
        '-P',
        host?.password ?? '',
        '-V',
        '5',
      ];
      const shell = (words: readonly string[]): string => words.map((word) => `'${word}'`).join(' ');
      const command = (metrics: readonly Metric[]): string =>
        Buffer.from(encodePayload({ timestamp: Date.now(), metrics })).toString('base64');
      const topics = ['NBIRTH/gateway', 'DBIRTH/gateway/works'].flatMap((end) => ['-t', `spBv1.0/water/${end}`]);
      const rebirth = command([{ name: 'Node Control/Rebirth', type: 'Boolean', value: true }]);
      const publish = (topic: string, payload: string): string =>
        `echo ${payload} | base64 -d | mosquitto_pub ${shell([...login, '-q', '1', '-t', topic, '-s'])}`;
      const listen = `mosquitto_sub ${shell([...login, '-C', '2', '-W', '60', ...topics, '-F', '%t %x'])}`;
      const { stdout, stderr } = range.beside('dashboard', 'penstock-attack-box', [
        ...(['sh', '-c', `(sleep 1; ${publish('spBv1.0/water/NCMD/gateway', rebirth)}) & ${listen}; wait`] as const),
      ]);
      const births = new Map(
        stdout
          .trim()
          .split('\n')
          .map((line) => line.split(' ') as [string, string]),
      );
      expect([[...births.keys()].sort(), stderr]).toEqual([
        ...[['spBv1.0/water/DBIRTH/gateway/works', 'spBv1.0/water/NBIRTH/gateway'], ''],
      ]);
      const works = decodePayload(Buffer.from(births.get('spBv1.0/water/DBIRTH/gateway/works') ?? '', 'hex'));
      const metric = (name: string) => works?.metrics.find((one) => one.name === name);
      expect(Number(metric('LIT501')?.value) / (await value('measured', 'LIT501'))).toBeCloseTo(1, 1);
      const held = await value('measured', 'KIC990_SP');
      for (const age of [held + 120, held]) {
        const order = command([{ name: 'KIC990_SP', type: metric('KIC990_SP')?.type, value: age }]);
        range.beside('dashboard', 'penstock-attack-box', [
          ...(['sh', '-c', publish('spBv1.0/water/DCMD/gateway/works', order)] as const),
        ]);
        await expect.poll(() => value('measured', 'KIC990_SP'), polled).toBe(age);
      }
      await expect
        .poll(() => rulesAfter(before), polled)
        .toEqual(expect.arrayContaining(['mqtt-new-client broker', 'mqtt-command-stranger broker']));
    });

    it('doors: page, console, file drop and SNMP answer who has a way to them, and the logons are seen', async () => {
      const before = await this.#bench.lastAlert();
      const from = (device: string, command: readonly string[]): string => {
        const { stdout, stderr } = range.exec(device, command);
        return stdout + stderr;
      };
      const at = (id: string): { address: string; user: string; password: string } => {
        const { address, accounts } = this.#device(id);
        return { address, user: accounts?.[0]?.user ?? '', password: accounts?.[0]?.password ?? '' };
      };
      const page = at('dosing-plc');
      expect(
        from('engineering-workstation', [
          'busybox',
          'wget',
          '-q',
          '-O',
          '-',
          `http://${page.user}:${page.password}@${page.address}/values.json`,
        ]),
      ).toMatch(/"AIC302_SP":\s*[\d.]+/);
      const drop = at('filters-plc');
      const fetched = ['busybox', 'ftpget', '-u', drop.user, '-p', drop.password, drop.address, '-', '/version.txt'];
      expect(from('engineering-workstation', fetched)).toContain(this.#device('filters-plc').identity?.revision);
      // A person types after the prompt.
      const { user, password } = at('camera');
      const typed = [user, password, 'version', 'exit'].map((line) => `sleep 1; echo ${line}`).join('; ');
      const session = `(${typed}; sleep 1) | busybox nc ${at('camera').address} 23`;
      expect(from('office-workstation', ['sh', '-c', session])).toContain(this.#device('camera').identity?.modelName);
      const agent = this.#device('tower-rtu');
      const scan = ['nmap', '-n', '-Pn', '-sU', '-p', '161', '--script', 'snmp-sysdescr', agent.address] as const;
      expect(range.beside('engineering-workstation', 'penstock-attack-box', scan).stdout).toContain(
        agent.identity?.productName,
      );
      await expect
        .poll(() => rulesAfter(before), polled)
        .toEqual(
          expect.arrayContaining([
            ...['default-credentials dosing-plc', 'default-credentials camera', 'clear-text-logon filters-plc'],
            'default-community tower-rtu',
          ]),
        );
    });

    it('the first orders of default-door from the attack box move the plant, are seen as its file expects, and are taken back', async () => {
      const held = await value('measured', 'AIC302_SP');
      const ended = range.fromBox(SHORT_DOOR, 'control');
      await expect.poll(() => value('measured', 'AIC302_SP'), { timeout: patience, interval: 500 }).toBeCloseTo(2.1, 3);
      const { code, stdout, stderr } = await ended;
      expect([code, code === 0 ? '' : stderr]).toEqual([0, '']);
      const summary = JSON.parse(stdout) as {
        alerts: { rule: string; device: string }[];
        steps: { step: string; event: string }[];
      };
      expect(summary.steps.filter(({ event }) => event === 'failed')).toEqual([]);
      expect(summary.alerts.map(({ rule, device }) => `${rule} ${device}`)).toEqual(
        expect.arrayContaining(['default-credentials dosing-plc', 'device-page-order dosing-plc']),
      );
      expect(await value('measured', 'AIC302_SP')).toBeCloseTo(held, 3);
    });

    it('the firewall lets none of this through from the office', () => {
      const closed = [
        ...([
          ['scada', 4840],
          ['historian-replica', 4840],
          ['broker', 1883],
          ['dosing-plc', 80],
        ] as const),
        ...([
          ['filters-plc', 21],
          ['booster-rtu', 23],
        ] as const),
      ].map(([id, port]) => [this.#device(id).address, port]);
      const script = `
        const { connect } = require('node:net');
        const udp = require('node:dgram').createSocket('udp4');
        const said = [];
        for (const [host, port] of ${JSON.stringify(closed)})
          connect({ host, port }).on('connect', () => said.push(host + ':' + port)).on('error', ({ code }) => said.push(host + ' ' + code));
        udp.on('message', (_, { address }) => said.push(address));
        // Who-Is, to one.
        udp.send(Buffer.from('810a000801001008', 'hex'), 47808, '${this.#device('ventilation').address}', () => {});
        setTimeout(() => { console.log(JSON.stringify(said)); process.exit(); }, 4000);`;
      expect(JSON.parse(range.exec('office-workstation', ['node', '-e', script]).stdout)).toEqual([]);
    });
  }

  /** Starts isolation-room on the page, from the engineering workstation: its orders take more than a minute, in which others are tried. */
  roomBegins(): void {
    const { range, lastAlert } = this.#bench;
    it('isolation-room is started', async () => {
      this.#before = await lastAlert();
      const launch = { do: 'start', scenario: 'isolation-room', variant: 'attack', mode: 'run', inputs: {}, now: true };
      expect(await range.api('attack', launch)).toBeDefined();
    });
  }

  roomEnds(): void {
    const { range, value, alertsAfter, patience } = this.#bench;
    const polled = { timeout: patience, interval: 1000 };
    it('isolation-room has turned the air round, is seen as its file expects, and is put back', async () => {
      try {
        await expect.poll(() => value('measured', 'HS801'), polled).toBe(2);
        await expect.poll(() => value('true', 'PDT801'), polled).toBeGreaterThan(0);
        await expect
          .poll(async () => [...new Set((await alertsAfter(this.#before)).map(({ rule }) => rule))], polled)
          .toEqual(expect.arrayContaining(['bacnet-high-priority', 'bacnet-alarm-suppressed', 'bacnet-who-is-sweep']));
      } finally {
        await range.api('attack', { do: 'stop' });
      }
      await expect.poll(() => value('measured', 'HS801'), polled).toBe(1);
      await expect.poll(() => value('true', 'PDT801'), polled).toBeLessThan(0);
    });
  }

  /** With a front at the replica, which the compose file has by then. */
  secured(): void {
    const { value } = this.#bench;
    it('OPC UA with SignAndEncrypt: node-opcua’s client at the front in its container reads what the device says', async () => {
      const { address } = this.#device('historian-replica');
      const url = `opc.tcp://${address}:4843`;
      const { values } = this.#talk('jump-host', { url, mode: 'SignAndEncrypt', read: ['ns=1;s=LIT501', 'ns=1;s=XX'] });
      expect(Number(values?.[0]) / (await value('measured', 'LIT501'))).toBeCloseTo(1, 1);
      expect(values?.[1]).toBe('BadNodeIdUnknown');
    });
  }

  /** What the capture of the first run has. */
  captured(): void {
    it('tshark finds every protocol in the capture of the first run, and no malformed frame of them', () => {
      const capture = this.#bench.range.copyOf('capture.pcap', 'first');
      const { stdout } = run('tshark', ['-r', capture, '-T', 'fields', '-e', 'frame.protocols'], { limit: 300_000 });
      const found = new Set(stdout.split(/[:\n]/));
      const all = ['modbus', 's7comm', 'dnp3', 'opcua', 'bacapp', 'mqtt', 'http', 'snmp', 'telnet', 'ftp'];
      expect(all.filter((protocol) => !found.has(protocol))).toEqual([]);
      const malformed = '_ws.malformed && (opcua || bvlc || mqtt || http || snmp || telnet || ftp)';
      expect(run('tshark', [...WITHOUT_SPARKPLUG, '-r', capture, '-Y', malformed], { limit: 300_000 }).stdout).toBe('');
    });
  }

  #device(id: string): DeviceSpec {
    const found = this.#bench.plant().spec.devices.find((device) => device.id === id);
    if (found === undefined) throw new Error(`the plant has no device '${id}'`);
    return found;
  }

  #service<P extends ServiceSpec['protocol']>(device: DeviceSpec, protocol: P): Extract<ServiceSpec, { protocol: P }> {
    const found = device.services.find((service) => service.protocol === protocol);
    if (found === undefined) throw new Error(`${device.id} has no ${protocol}`);
    return found as Extract<ServiceSpec, { protocol: P }>;
  }

  #talk(from: string, talk: OpcUaTalk): { values?: unknown[]; written?: string; called?: string } {
    const script = ['node', '--input-type=module', '-e', opcUaTalk(talk)] as const;
    const { stdout, stderr } = this.#bench.range.beside(from, 'penstock', script);
    // It says what it made on its way.
    const line = stdout.split('\n').find((text) => text.startsWith('{'));
    if (line === undefined) throw new Error(`nothing came of it: ${stdout}${stderr}`);
    return JSON.parse(line);
  }
}
