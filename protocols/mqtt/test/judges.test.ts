/** Other people's MQTT clients and brokers against ours, through a gate. */
import { execFile, execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, connect as dial } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Aedes } from 'aedes';
import mqtt from 'mqtt';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasJudge } from '../../../tests/judges.ts';
import type { Gated } from '../../exchange/test/gate.ts';
import { now } from '../../exchange/test/sockets.ts';
import { MqttBroker, MqttClient, type MqttMessage } from '../index.ts';
import { openGate } from './gate.ts';
import { bytes, EVERYTHING, text } from './wired.ts';

const run = promisify(execFile);
const SLOW = 400_000;

let broker: MqttBroker;
let gate: Gated;

beforeAll(async () => {
  broker = new MqttBroker({
    anonymous: EVERYTHING,
    users: [{ name: 'reader', password: 'weir', publish: [], subscribe: ['open/#'] }],
    product: 'Penstock 1',
  });
  gate = await openGate(broker);
}, SLOW);

afterAll(() => gate?.close());

describe.skipIf(!hasJudge('mosquitto'))('mosquitto_pub and mosquitto_sub', { timeout: SLOW }, () => {
  const at = (): string[] => ['-h', gate.host, '-p', String(gate.port)];
  const tool = (name: 'mosquitto_pub' | 'mosquitto_sub', ...args: string[]) =>
    run(name, [...at(), ...args], { timeout: 100_000 });

  it.each(['mqttv311', 'mqttv5'])('%s: every quality, and retained messages', async (version) => {
    const topic = `judge/${version}`;
    const id = `sub-${version}`;
    const heard = tool(
      'mosquitto_sub',
      '-V',
      version,
      '-i',
      id,
      '-q',
      '2',
      '-t',
      `${topic}/#`,
      '-C',
      '4',
      '-F',
      '%t %q %r %p',
    );
    await expect.poll(() => broker.clients.includes(id), { timeout: 60_000 }).toBe(true);
    for (const qos of ['0', '1', '2'])
      await tool('mosquitto_pub', '-V', version, '-t', `${topic}/${qos}`, '-m', `v${qos}`, '-q', qos);
    await tool('mosquitto_pub', '-V', version, '-t', `${topic}/kept`, '-m', 'kept', '-r', '-q', '1');
    expect((await heard).stdout.trim().split('\n')).toEqual([
      ...['0', '1', '2'].map((qos) => `${topic}/${qos} ${qos} 0 v${qos}`),
      `${topic}/kept 1 0 kept`,
    ]);
    const again = await tool('mosquitto_sub', '-V', version, '-t', `${topic}/kept`, '-C', '1', '-F', '%r %p');
    expect(again.stdout).toBe('1 kept\n');
    const large = 'x'.repeat(200_000);
    const subscriber = tool(
      'mosquitto_sub',
      '-V',
      version,
      '-i',
      `${id}-large`,
      '-t',
      `${topic}/large`,
      '-C',
      '1',
      '-F',
      '%l',
    );
    await expect.poll(() => broker.clients.includes(`${id}-large`), { timeout: 60_000 }).toBe(true);
    const file = join(tmpdir(), `penstock-mqtt-${process.pid}-${version}`);
    writeFileSync(file, large);
    await tool('mosquitto_pub', '-V', version, '-t', `${topic}/large`, '-f', file, '-q', '1');
    rmSync(file);
    expect((await subscriber).stdout).toBe('200000\n');
  });

  it('shows properties, its status, and that a user may not do everything', async () => {
    await tool(
      'mosquitto_pub',
      '-V',
      'mqttv5',
      '-t',
      'props',
      '-m',
      'x',
      '-r',
      '-D',
      'PUBLISH',
      'content-type',
      'text/plain',
      '-D',
      'PUBLISH',
      'user-property',
      'unit',
      'm',
    );
    const { stdout } = await tool('mosquitto_sub', '-V', 'mqttv5', '-t', 'props', '-C', '1', '-F', '%C %P');
    expect(stdout).toBe('text/plain unit:m\n');
    const status = await tool('mosquitto_sub', '-t', '$SYS/broker/version', '-C', '1');
    expect(status.stdout).toBe('Penstock 1\n');
    const user = ['-V', 'mqttv5', '-u', 'reader', '-P', 'weir'];
    const denied = await tool('mosquitto_sub', ...user, '-t', 'secret/#', '-C', '1');
    expect(denied.stderr).toContain('denied');
    await expect(
      tool('mosquitto_pub', '-V', 'mqttv5', '-u', 'reader', '-P', 'x', '-t', 'a', '-m', 'b'),
    ).rejects.toMatchObject({
      stderr: expect.stringContaining('Bad User Name or Password'),
    });
  });
});

describe('mqtt.js', { timeout: SLOW }, () => {
  const connected = async (options: mqtt.IClientOptions): Promise<mqtt.MqttClient> =>
    mqtt.connectAsync(`mqtt://${gate.host}:${gate.port}`, { reconnectPeriod: 0, connectTimeout: 60_000, ...options });

  it.each([4, 5] as const)('version %i: subscribes, publishes, takes its session up again', async (protocolVersion) => {
    const session = protocolVersion === 5 ? { properties: { sessionExpiryInterval: 600 } } : {};
    const name = `js-${protocolVersion}`;
    const first = await connected({ clientId: name, protocolVersion, clean: false, ...session });
    const granted = await first.subscribeAsync({ [`${name}/+`]: { qos: 2 }, 'js/$share/x': { qos: 1 } });
    expect(granted.map(({ qos }) => qos)).toEqual([2, 1]);
    const heard: string[] = [];
    first.on('message', (topic, payload, { qos }) => heard.push(`${topic} ${payload} ${qos}`));
    for (const qos of [0, 1, 2] as const) await first.publishAsync(`${name}/${qos}`, 'v', { qos });
    await expect.poll(() => heard.length, { timeout: 60_000 }).toBe(3);
    expect(heard.sort()).toEqual([`${name}/0 v 0`, `${name}/1 v 1`, `${name}/2 v 2`]);
    first.stream.destroy();
    await expect.poll(() => broker.clients.includes(name), { timeout: 60_000 }).toBe(false);
    const other = await connected({ clientId: `${name}-other`, protocolVersion });
    await other.publishAsync(`${name}/missed`, 'w', { qos: 2 });
    const second = mqtt.connect(`mqtt://${gate.host}:${gate.port}`, {
      clientId: name,
      protocolVersion,
      clean: false,
      reconnectPeriod: 0,
      ...session,
    });
    const later: string[] = [];
    second.on('message', (topic) => later.push(topic));
    await expect.poll(() => later, { timeout: 60_000 }).toEqual([`${name}/missed`]);
    expect(await second.unsubscribeAsync(`${name}/+`)).toBeDefined();
    for (const client of [second, other]) await client.endAsync(true);
    await first.endAsync(true);
  });

  it('by alias, with properties, and the will of who is gone', async () => {
    const watcher = await connected({ clientId: 'watcher', protocolVersion: 5, properties: { topicAliasMaximum: 5 } });
    const heard: [string, string, string | undefined][] = [];
    watcher.on('message', (topic, payload, { properties }) =>
      heard.push([topic, String(payload), properties?.contentType]),
    );
    await watcher.subscribeAsync(['gone', 'aliased/#']);
    const client = await connected({
      ...{ clientId: 'mortal', protocolVersion: 5, autoAssignTopicAlias: true },
      will: {
        topic: 'gone',
        payload: Buffer.from('mortal'),
        qos: 1,
        retain: false,
        properties: { contentType: 'obituary' },
      },
    });
    for (const value of ['1', '2', '3']) await client.publishAsync('aliased/topic', value, { qos: 1 });
    client.stream.destroy();
    await expect.poll(() => heard.length, { timeout: 60_000 }).toBe(4);
    expect(heard).toEqual([
      ['aliased/topic', '1', undefined],
      ['aliased/topic', '2', undefined],
      ['aliased/topic', '3', undefined],
      ['gone', 'mortal', 'obituary'],
    ]);
    await watcher.endAsync(true);
    await client.endAsync(true);
  });

  it('is refused and let go with reasons', async () => {
    await expect(connected({ protocolVersion: 5, username: 'reader', password: 'x' })).rejects.toMatchObject({
      code: 0x86,
    });
    const client = await connected({ clientId: 'twin', protocolVersion: 5 });
    const reasons: unknown[] = [];
    client.on('disconnect', ({ reasonCode }) => reasons.push(reasonCode));
    const twin = await connected({ clientId: 'twin', protocolVersion: 5 });
    await expect.poll(() => reasons, { timeout: 60_000 }).toEqual([0x8e]);
    for (const one of [client, twin]) await one.endAsync(true);
  });
});

describe('aedes', { timeout: SLOW }, () => {
  // It knows the versions before 5; of that mqtt.js and mosquitto are the judges, on our broker.
  it('our client subscribes, publishes and is taken up again', async () => {
    const aedes = await Aedes.createBroker();
    const server = createServer((socket) => aedes.handle(socket));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const heard: MqttMessage[] = [];
    const answers: unknown[] = [];
    const client = new MqttClient({
      ...{ clientId: 'ours', cleanStart: false, onMessage: (message) => heard.push(message) },
      onConnected: ({ code, sessionPresent }) => answers.push(`connack ${code} ${sessionPresent}`),
    });
    const open = () => {
      const socket = dial({ host: '127.0.0.1', port, noDelay: true });
      const flush = (): void => {
        const out = client.take();
        if (out !== undefined) socket.write(out);
        if (client.closing) socket.end();
      };
      socket.on('connect', () => {
        client.opened(now());
        flush();
      });
      socket.on('data', (data) => {
        client.receive(data, now());
        flush();
      });
      socket.on('close', () => client.disconnected(now()));
      return { socket, flush };
    };
    const first = open();
    await expect.poll(() => client.connected, { timeout: 60_000 }).toBe(true);
    client.subscribe([{ filter: 'a/#', qos: 2 }], now(), (codes) => answers.push(codes));
    first.flush();
    await expect.poll(() => answers, { timeout: 60_000 }).toEqual(['connack 0 false', [2]]);
    for (const qos of [0, 1, 2] as const) client.publish({ topic: `a/${qos}`, payload: bytes('v'), qos }, now());
    first.flush();
    await expect
      .poll(() => heard.map(({ topic, qos, payload }) => `${topic} ${qos} ${text(payload)}`).sort(), {
        timeout: 60_000,
      })
      .toEqual(['a/0 0 v', 'a/1 1 v', 'a/2 2 v']);
    first.socket.destroy();
    await expect.poll(() => client.connected, { timeout: 60_000 }).toBe(false);
    client.publish({ topic: 'a/kept', payload: bytes('v'), qos: 1 }, now());
    const second = open();
    await expect.poll(() => heard.at(-1)?.topic, { timeout: 60_000 }).toBe('a/kept');
    expect(answers.at(-1)).toMatch(/^connack 0/);
    client.close(now());
    second.flush();
    second.socket.destroy();
    await new Promise<void>((resolve) => aedes.close(resolve));
    server.close();
    await once(server, 'close');
  });
});

describe.skipIf(!hasJudge('tshark'))('tshark', () => {
  const folder = mkdtempSync(join(tmpdir(), 'penstock-mqtt-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('finds no malformed frame in all that was said through the gate', { timeout: SLOW }, () => {
    const file = join(folder, 'gate.pcap');
    writeFileSync(file, gate.capture());
    const tshark = (filter: string): string =>
      execFileSync('tshark', ['-n', '-r', file, '-Y', filter], { maxBuffer: 2 ** 28 }).toString();
    expect(tshark('_ws.malformed || _ws.expert.severity == "Error"')).toBe('');
    expect(tshark('mqtt').split('\n').length).toBeGreaterThan(80);
  });
});
