/** Devices as processes that speak OPC UA and MQTT: who sits at one does over real sockets what the same one does on the wire in memory. */
import { scenarioSchema } from '@penstock/attacks';
import { parseYamlText } from '@penstock/core';
import { BUILT_IN, PLANT_NAMESPACE, readRequest, statusName, stringId, writeBody } from '@penstock/protocols/opcua';
import { type Device, pointSession } from '@penstock/simulator/devices';
import type { Cause, Foothold, MqttSession, OpcUaLogin } from '@penstock/simulator/kernel';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Box, startBox } from './test/box.ts';
import { DeviceProcesses, mayListen } from './test/device-processes.ts';
import { healthOf } from './test/health.ts';

const SLOW = 180_000;
const CAUSE: Cause = { actor: 'scenario:test', step: 'order' };
const poll = (value: () => unknown) => expect.poll(value, { timeout: SLOW / 2, interval: 100 });
const node = (name: string) => stringId(name, PLANT_NAMESPACE);

const SCENARIO = parseYamlText(
  `
id: raised
name: Raised
plant: opcua-plant
story: Somebody writes through the SCADA server with an operator's logon.
basis: { incident: none, documented: [], invented: [everything], sources: [none] }
start: 3s
observe: 10m
revertAfter: 5m
steps:
  - { id: raise, about: fills too far, verb: write-tag, from: engineering, to: tank-plc, broker: scada, account: panel, tag: LIC101_SP, value: 4.25, techniques: [T0836] }
twin:
  name: Legitimate
  about: Somebody looks.
  steps: [{ id: look, about: x, verb: browse-nodes, from: engineering, server: scada, techniques: [T0861] }]
`,
  'raised.yaml',
  scenarioSchema,
);

/** A value as the range has it of what a device was told. */
function toldTo(processes: DeviceProcesses, device: string, tag: string): number {
  const { range } = processes.play;
  return range.devices.get(device)?.store.values[range.engine.tagIndex(tag)] as number;
}

function truthOf(processes: DeviceProcesses, tag: string): number {
  const { range } = processes.play;
  return range.truth[range.engine.tagIndex(tag)] as number;
}

function order(processes: DeviceProcesses, from: string, target: string, tag: string, value: number): Promise<boolean> {
  return new Promise((resolve) => {
    const { range } = processes.play;
    pointSession(range.foothold(from), range.spec, target, CAUSE).write(tag, value, resolve);
  });
}

describe.skipIf(!mayListen)('OPC UA servers that are processes', { timeout: SLOW }, () => {
  let processes: DeviceProcesses;
  let box: Box;
  const written: unknown[] = [];
  const steps: string[] = [];

  beforeAll(async () => {
    processes = await DeviceProcesses.start('opcua-plant', (text) => text.replaceAll(/10\.9\.(\d)/g, '127.99.$1'), {
      scenario: { spec: SCENARIO, variant: 'attack' },
      onStep: ({ phase, step, event, detail }) =>
        steps.push(`${phase} ${step} ${event}${event === 'failed' ? detail : ''}`),
    });
    processes.play.truth.onWrite = ({ device, tag, value, cause }) =>
      written.push([device, tag, value, cause?.actor ?? '']);
    box = startBox(processes.plant.spec, 'supervisory', '127.99.42.66', 'engineer');
  }, SLOW);
  afterAll(async () => {
    await box?.stop();
    await processes?.stop();
  }, SLOW);

  const read = (foothold: Foothold, target: string, tag: string, login?: OpcUaLogin): Promise<unknown> =>
    new Promise((resolve) => {
      const session = foothold.opcua?.(target, CAUSE, login);
      session?.request('Read', readRequest([node(tag)]).body, CAUSE, (response, status) => {
        session.release();
        resolve(response?.results[0]?.value?.value ?? statusName(status));
      });
    });

  it('tell their clients what the process is, on subscription and when asked', async () => {
    await poll(() => Math.abs(toldTo(processes, 'historian', 'LIT101') - truthOf(processes, 'LIT101'))).toBeLessThan(
      0.1,
    );
    await poll(() => Math.abs(toldTo(processes, 'panel', 'LIT101') - truthOf(processes, 'LIT101'))).toBeLessThan(0.1);
  });

  it('are written through by a scenario, in whose name the server then writes to the controller', async () => {
    await poll(() => steps).toContain('attack raise done');
    await poll(() => processes.controller('tank-plc').variable('LIC101_SP').get()).toBe(4.25);
    await poll(() => written).toContainEqual(['tank-plc', 'LIC101_SP', 4.25, 'scenario:raised']);
  });

  it('take operators’ orders and pass them on, and the journal has whose they were', async () => {
    expect(await order(processes, 'panel', 'scada', 'LIC101_SP', 3.25)).toBe(true);
    await poll(() => processes.controller('tank-plc').variable('LIC101_SP').get()).toBe(3.25);
    await poll(() => written).toContainEqual(['tank-plc', 'LIC101_SP', 3.25, 'scenario:test']);
    await expect(order(processes, 'panel', 'scada', 'LIT999', 1)).rejects.toThrow("does not offer 'LIT999'");
  });

  it('are read and written by somebody with a tool, if he knows a password', async () => {
    const foothold = processes.play.range.foothold('engineer');
    expect(await read(foothold, 'tank-plc', 'LIT101')).toBe('BadIdentityTokenRejected');
    const user = { name: 'engineer', password: 'sluice' };
    expect(await read(foothold, 'tank-plc', 'LIT101', { user })).toBeGreaterThan(0);
    const session = foothold.opcua?.('tank-plc', CAUSE, { user });
    const body = writeBody([[node('LIC101_SP'), { type: BUILT_IN.Double, value: 2.75 }]]);
    const results = await new Promise((resolve) =>
      session?.request('Write', body, CAUSE, (response) => resolve(response?.results.map(statusName))),
    );
    session?.release();
    expect(results).toEqual(['Good']);
    await poll(() => written).toContainEqual(['tank-plc', 'LIC101_SP', 2.75, 'scenario:test']);
    expect(() => foothold.opcua?.('services', CAUSE)).toThrow("'services' has no OPC UA server");
  });

  it('are read from the attack box, and its marks say on whose behalf', async () => {
    const user = { name: 'engineer', password: 'sluice' };
    expect(await read(box.foothold, 'tank-plc', 'LIC101_SP', { user })).toBe(2.75);
    await poll(() => box.marks.some(({ kind, remote }) => kind === 'bytes' && remote.port === 4840)).toBe(true);
    expect(new Set(box.marks.map(({ cause }) => cause.actor))).toEqual(new Set(['scenario:test']));
  });

  it('are found well by the probes of their health', async () => {
    expect(await healthOf(processes.plant.spec)).toEqual([
      'tank-plc modbus: well',
      'scada opcua: well',
      'services ntp: well',
    ]);
  });
});

describe.skipIf(!mayListen)(
  'a broker, an edge node and a host application that are processes',
  { timeout: SLOW },
  () => {
    let processes: DeviceProcesses;
    let box: Box;
    const written: unknown[] = [];
    const logged: [device: string, id: string, source: string | undefined][] = [];

    beforeAll(async () => {
      processes = await DeviceProcesses.start('gateway-plant', (text) => text.replaceAll(/10\.9\.(\d)/g, '127.101.$1'));
      processes.play.truth.onWrite = ({ device, tag, value, cause }) =>
        written.push([device, tag, value, cause?.actor ?? '']);
      const { journal } = processes.play.range.devices.get('broker') as Device;
      const tell = journal.logged.bind(journal);
      journal.logged = (now, device, entry) => {
        logged.push([device, entry.id, entry.parameters.src]);
        tell(now, device, entry);
      };
      box = startBox(processes.plant.spec, 'dmz', '127.101.35.66', 'engineering');
    }, SLOW);
    afterAll(async () => {
      await box?.stop();
      await processes?.stop();
    }, SLOW);

    const ADMIN = { clientId: 'tool', user: 'admin', password: 'admin' };
    const connected = async (foothold: Foothold, login: typeof ADMIN): Promise<[MqttSession, number | 'closed']> => {
      const session = foothold.mqtt?.('broker', login, CAUSE) as MqttSession;
      return [session, await new Promise((resolve) => session.connect(resolve))];
    };

    it('carry what the controller measures to the dashboard', async () => {
      await poll(() => Math.abs(toldTo(processes, 'dashboard', 'LIT201') - truthOf(processes, 'LIT201'))).toBeLessThan(
        0.1,
      );
    });

    it('carry orders the other way, over two hops, and the journal has whose they were', async () => {
      expect(await order(processes, 'dashboard', 'tank-plc', 'LIC201_SP', 3.25)).toBe(true);
      await poll(() => processes.controller('tank-plc').variable('LIC201_SP').get()).toBe(3.25);
      await poll(() => written).toContainEqual(['tank-plc', 'LIC201_SP', 3.25, 'scenario:test']);
      await expect(order(processes, 'dashboard', 'tank-plc', 'LIT999', 1)).rejects.toThrow('no Sparkplug metric');
    });

    it('are listened to and spoken to by a client of somebody’s own', async () => {
      const [session, code] = await connected(processes.play.range.foothold('engineering'), ADMIN);
      expect(code).toBe(0);
      const topics = new Set<string>();
      const payloads: string[] = [];
      const codes = await new Promise((resolve) =>
        session.subscribe(['#'], resolve, (topic, payload) => {
          topics.add(topic);
          if (topic === 'notes/door') payloads.push(Buffer.from(payload).toString('utf8'));
        }),
      );
      expect(codes).toEqual([0]);
      const message = { topic: 'notes/door', payload: Buffer.from('open'), qos: 1 } as const;
      expect(await new Promise((resolve) => session.publish(message, resolve))).toBe(0);
      await poll(() => payloads).toEqual(['open']);
      await poll(() => [...topics].some((topic) => topic.startsWith('spBv1.0/works/DDATA/gateway'))).toBe(true);
      // What is no MQTT ends the connection, and is in the broker's log.
      session.raw(Uint8Array.of(0, 0, 0, 0));
      await poll(() => logged.some(([, id]) => id === 'protocol-violation')).toBe(true);
      session.release();
    });

    it('turn who knows no password away, and say so of who has no broker', async () => {
      const foothold = processes.play.range.foothold('engineering');
      const [session, code] = await connected(foothold, { ...ADMIN, password: 'guess' });
      expect(code).toBe(4);
      session.release();
      expect(() => foothold.mqtt?.('scada', ADMIN, CAUSE)).toThrow("'scada' has no MQTT broker");
    });

    it('are reached from the attack box', async () => {
      const [session, code] = await connected(box.foothold, { ...ADMIN, clientId: 'box' });
      expect(code).toBe(0);
      session.release();
      await poll(() => box.marks.some(({ kind, remote }) => kind === 'bytes' && remote.port === 1883)).toBe(true);
    });

    it('are found well by the probes of their health, of which the broker’s log says nothing', async () => {
      expect(await healthOf(processes.plant.spec)).toEqual([
        ...['tank-plc modbus: well', 'broker mqtt: well', 'services ntp: well'],
      ]);
      // What was said before has come by then.
      const count = logged.length;
      const [session] = await connected(processes.play.range.foothold('engineering'), { ...ADMIN, clientId: 'last' });
      await poll(() => logged.length).toBeGreaterThan(count);
      session.release();
      expect(logged.filter(([, , source]) => source === '127.101.35.21')).toEqual([]);
    });
  },
);
