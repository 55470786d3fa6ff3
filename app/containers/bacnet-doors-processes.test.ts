/** Devices as processes that speak BACnet, and whose doors stand open: what is done over real sockets, and what outlives a process. */
import { createSocket } from 'node:dgram';
import { PROPERTY, real } from '@penstock/protocols/bacnet';
import { makeFirmware } from '@penstock/protocols/firmware';
import type { FtpOutcome } from '@penstock/protocols/ftp';
import { type HttpResponse, multipartFile } from '@penstock/protocols/http';
import type { Binding } from '@penstock/protocols/snmp';
import type { TelnetOutcome } from '@penstock/protocols/telnet';
import { pointSession } from '@penstock/simulator/devices';
import type { BacnetReply, BacnetSession, Cause, DoorSession, Foothold, WebRequest } from '@penstock/simulator/kernel';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Box, startBox } from './test/box.ts';
import { DeviceProcesses, mayListen } from './test/device-processes.ts';
import { healthOf } from './test/health.ts';

const SLOW = 180_000;
const CAUSE: Cause = { actor: 'scenario:test', step: 'order' };
const poll = (value: () => unknown) => expect.poll(value, { timeout: SLOW / 2, interval: 100 });
/** The one network of the loopback on which everybody is spoken to as on a cable. */
const EVERYBODY = '127.255.255.255';
/** Type numbers of objects. */
const ANALOG_VALUE = 2;
const INSTANCES = 0x40_0000;

/** Who has said who he is to everybody (I-Am, ASHRAE 135, 16.10.2), as another device on the network hears it. */
async function listenToAll(): Promise<{ readonly heard: ReadonlySet<string>; close(): Promise<void> }> {
  const heard = new Set<string>();
  const socket = createSocket({ type: 'udp4', reuseAddr: true });
  socket.on('message', (bytes, { address }) => {
    // An unconfirmed request (type 1) of service 0, behind the link's and the network's header.
    if (bytes.includes(Buffer.of(0x10, 0x00))) heard.add(address);
  });
  await new Promise<void>((resolve) => socket.bind({ port: 47_808, address: EVERYBODY }, resolve));
  return { heard, close: () => new Promise((resolve) => void socket.close(() => resolve())) };
}

describe.skipIf(!mayListen)('BACnet devices that are processes', { timeout: SLOW }, () => {
  let processes: DeviceProcesses;
  let box: Box;
  const written: unknown[] = [];

  beforeAll(async () => {
    processes = await DeviceProcesses.start('ventilation-plant', (text) =>
      text.replaceAll(/10\.9\.3\./g, '127.255.255.').replaceAll(/10\.9\.(\d)/g, '127.100.$1'),
    );
    processes.play.truth.onWrite = ({ device, tag, value, cause }) =>
      written.push([device, tag, value, cause?.actor ?? '']);
    box = startBox(processes.plant.spec, 'building', '127.255.255.66', 'engineering');
  }, SLOW);
  afterAll(async () => {
    await box?.stop();
    await processes?.stop();
  }, SLOW);

  const asked = (ask: (session: BacnetSession, done: (reply: BacnetReply) => void) => void, foothold?: Foothold) =>
    new Promise<BacnetReply>((resolve) => {
      const session = (foothold ?? processes.play.range.foothold('engineering')).bacnet?.('ventilation', CAUSE);
      if (session === undefined) throw new Error('no BACnet here');
      ask(session, (reply) => {
        session.release();
        resolve(reply);
      });
    });
  const setPoint = { object: ANALOG_VALUE * INSTANCES + 1, property: PROPERTY.presentValue };
  const held = (): number => processes.controller('ventilation').variable('SC901_SP').get();

  it('tell their clients what the process is, across zones and in their own', async () => {
    const { range } = processes.play;
    const truth = range.truth[range.engine.tagIndex('FAN901')];
    await poll(() => processes.displayed('FAN901')).toBe(truth);
    const panel = range.devices.get('panel');
    await poll(() => (panel?.store.values[range.engine.tagIndex('SC901_SP')] as number) - held()).toBe(0);
  });

  it('take operators’ orders, and the journal has whose they were', async () => {
    const { range } = processes.play;
    const session = pointSession(range.foothold('scada'), range.spec, 'ventilation', CAUSE);
    expect(await new Promise((resolve) => session.write('SC901_SP', 70, resolve))).toBe(true);
    await poll(held).toBe(70);
    await poll(() => written).toContainEqual(['ventilation', 'SC901_SP', 70, 'scenario:test']);
    expect(() => session.write('AIT901', 0)).toThrow("no BACnet object of 'AIT901' that can be written");
  });

  it('are read, commanded and restarted by somebody with a tool', async () => {
    const commanded = await asked((session, done) => session.write(setPoint, real(55), 8, CAUSE, done));
    expect(commanded).toMatchObject({ outcome: 'done', requests: 1 });
    await poll(held).toBe(55);
    const read = await asked((session, done) => session.read(setPoint, CAUSE, done));
    expect(read).toMatchObject({ outcome: 'done', values: [real(55)] });
    const silence = { minutes: 1, state: 1, password: 'guess' } as const;
    const refused = await asked((session, done) => session.communicationControl(silence, CAUSE, done));
    expect(refused).toMatchObject({ outcome: 'refused', detail: 'password-failure' });
    const warm = { state: 1, password: 'Fan-4711' } as const;
    expect(await asked((session, done) => session.reinitialize(warm, CAUSE, done))).toMatchObject({ outcome: 'done' });
    await poll(async () => (await asked((session, done) => session.read(setPoint, CAUSE, done))).outcome).toBe('done');
    expect(() => processes.play.range.foothold('scada').bacnet?.('services', CAUSE)).toThrow('no BACnet service');
  });

  it('are asked who they are by a call to everybody, and answer to everybody', async () => {
    const all = await listenToAll();
    const session = processes.play.range.foothold('panel').bacnet?.('ventilation', CAUSE);
    try {
      await poll(() => {
        session?.whoIs(0, INSTANCES - 1, true, CAUSE);
        return ['127.255.255.20', '127.255.255.21'].every((address) => all.heard.has(address));
      }).toBe(true);
    } finally {
      session?.release();
      await all.close();
    }
    expect(processes.marks.some(({ kind, remote }) => kind === 'datagram' && remote.address === EVERYBODY)).toBe(true);
  });

  it('are read from the attack box', async () => {
    const read = await asked((session, done) => session.read(setPoint, CAUSE, done), box.foothold);
    expect(read.outcome).toBe('done');
    await poll(() => box.marks.map(({ kind, local, remote }) => [kind, local.port, remote.port])).toContainEqual([
      ...['datagram', 47_808, 47_808],
    ]);
  });

  it('are found well by the probes of their health', async () => {
    await poll(() => healthOf(processes.plant.spec)).toEqual([
      ...['ventilation bacnet: well', 'door-controller bacnet: well', 'services ntp: well'],
    ]);
  });
});

const ADMIN = { user: 'admin', password: 'admin' };
const SYS_DESCR = [1, 3, 6, 1, 2, 1, 1, 1, 0];

describe.skipIf(!mayListen)('doors of devices that are processes', { timeout: SLOW }, () => {
  let processes: DeviceProcesses;
  let box: Box;
  const written: unknown[] = [];

  beforeAll(async () => {
    processes = await DeviceProcesses.start('doors-plant', (text) =>
      text.replaceAll(/10\.7\.(\d)/g, '127.102.$1').replaceAll('flash: 40s', 'flash: 1s'),
    );
    processes.play.truth.onWrite = ({ device, tag, value, cause }) =>
      written.push([device, tag, value, cause?.actor ?? '']);
    box = startBox(processes.plant.spec, 'control', '127.102.1.66', 'office-pc');
  }, SLOW);
  afterAll(async () => {
    await box?.stop();
    await processes?.stop();
  }, SLOW);

  const at = (device: string, from = 'engineering'): DoorSession =>
    processes.play.range.foothold(from).doors?.(device, CAUSE) as DoorSession;
  const web = (request: WebRequest, device = 'pump-plc'): Promise<HttpResponse | undefined> =>
    new Promise((resolve) => at(device).web(request, resolve));
  const typed = (lines: readonly string[], login = ADMIN): Promise<TelnetOutcome> =>
    new Promise((resolve) => at('pump-plc').console(login, lines, resolve));
  const files = (errand: Parameters<DoorSession['files']>[1], doors = at('pump-plc')): Promise<FtpOutcome> =>
    new Promise((resolve) => doors.files(ADMIN, errand, resolve));
  const snmp = (community: string): Promise<readonly Binding[] | undefined> =>
    new Promise((resolve) => at('pump-plc').snmp(community, 'get-request', [SYS_DESCR], resolve));
  const copy = () => processes.play.range.devices.get('pump-plc')?.doors;

  it('show pages with real values, whose forms write; and ask for a password', async () => {
    const level = async (): Promise<number> => {
      const page = await web({ method: 'GET', target: '/values.json', login: ADMIN });
      expect(page?.headers.get('content-type')).toContain('json');
      return JSON.parse(Buffer.from(page?.body ?? []).toString('utf8')).values.LIT201;
    };
    await poll(level).toBeGreaterThan(0);
    expect((await web({ method: 'GET', target: '/values.json' }))?.status).toBe(401);
    const body = Buffer.from('tag=LIC201_SP&value=3.25');
    expect((await web({ method: 'POST', target: '/setpoint', login: ADMIN, body }))?.status).toBe(303);
    await poll(() => processes.controller('pump-plc').variable('LIC201_SP').get()).toBe(3.25);
    await poll(() => written).toContainEqual(['pump-plc', 'LIC201_SP', 3.25, 'scenario:test']);
    const picture = await web({ method: 'GET', target: '/snapshot.png?view=tank-gauge' }, 'camera');
    expect(
      Buffer.from(picture?.body ?? [])
        .subarray(1, 4)
        .toString('latin1'),
    ).toBe('PNG');
  });

  it('have a console, an SNMP agent, and files over data connections of their own', async () => {
    expect(await typed(['show LIC201_SP -n', 'status'])).toMatchObject({
      ...{ outcome: 'done', answers: ['LIC201_SP 3.25', 'mode running, key remote, 0 forces'] },
    });
    expect((await typed(['show LIT201'], { user: 'admin', password: 'guess' })).outcome).not.toBe('done');
    const [described] = (await snmp('public')) ?? [];
    expect(described?.value).toMatchObject({ type: 'octets', value: expect.any(Uint8Array) });
    const bytes = new Uint8Array(100_000).map((_, i) => i);
    expect(await files({ kind: 'store', name: '/notes.bin', bytes })).toMatchObject({ outcome: 'done' });
    const back = await files({ kind: 'retrieve', name: '/notes.bin' });
    expect([back.outcome, Buffer.compare(back.bytes, bytes)]).toEqual(['done', 0]);
    expect(Buffer.from((await files({ kind: 'list' })).bytes).toString('utf8')).toContain('notes.bin');
    expect(() => at('services').web({ method: 'GET', target: '/' }, () => {})).toThrow("'services' has no web service");
  });

  it('are gone through from the attack box, data connections too', async () => {
    const doors = box.foothold.doors?.('pump-plc', CAUSE) as DoorSession;
    expect(await files({ kind: 'retrieve', name: '/version.txt' }, doors)).toMatchObject({ outcome: 'done' });
    await poll(() => box.marks.some(({ kind, remote }) => kind === 'bytes' && remote.port >= 50_000)).toBe(true);
  });

  it('are found well by the probes of their health', async () => {
    expect(await healthOf(processes.plant.spec)).toEqual([
      ...['pump-plc modbus: well', 'filter-plc modbus: well', 'services ntp: well', 'jump-host http: well'],
      ...['camera http: well', 'thermostat http: well'],
    ]);
  });

  it('keep passwords, firmware and files when their process dies, and begin the next run as they were delivered', async () => {
    const password = Buffer.from('password=sluice-9');
    expect((await web({ method: 'POST', target: '/password', login: ADMIN, body: password }))?.status).toBe(200);
    const image = makeFirmware({ vendor: 'Calder Controls', productCode: 'PAC-7' }, 'V2.5.0', 'genuine');
    const login = { user: 'admin', password: 'sluice-9' };
    const { type, body } = multipartFile('image', 'image.bin', image);
    expect((await web({ method: 'POST', target: '/firmware', login, type, body }))?.status).toBe(200);
    await poll(() => [
      copy()?.save()?.revision,
      copy()
        ?.save()
        ?.files?.map(({ path }) => path),
    ]).toEqual([...['V2.5.0', ['/notes.bin']]]);
    await processes.kill('pump-plc');
    await poll(() => processes.play.range.devices.get('pump-plc')?.up).toBe(false);
    processes.switchOn('pump-plc');
    const version = async (password: string): Promise<readonly string[] | string> => {
      const { outcome, answers } = await typed(['version'], { user: 'admin', password });
      return outcome === 'done' ? [answers[0]?.includes('firmware V2.5.0') ? 'new' : 'delivered'] : 'refused';
    };
    await poll(() => version('sluice-9')).toEqual(['new']);
    expect(await version('admin')).toBe('refused');
    expect(await new Promise((resolve) => at('pump-plc').files(login, { kind: 'list' }, resolve))).toMatchObject({
      bytes: expect.toSatisfy((bytes: Uint8Array) => Buffer.from(bytes).includes('notes.bin')),
    });
    processes.reset();
    await poll(() => version('admin')).toEqual(['delivered']);
    expect(copy()?.save()).toBeUndefined();
    expect(Buffer.from((await files({ kind: 'list' })).bytes).toString('utf8')).not.toContain('notes.bin');
  });

  it('are dead with an image that they cannot run, until that of before is written at the device itself', async () => {
    const image = makeFirmware({ vendor: 'Calder Controls', productCode: 'PAC-7' }, 'V2.5.0', 'corrupt');
    const { type, body } = multipartFile('image', 'image.bin', image);
    expect((await web({ method: 'POST', target: '/firmware', login: ADMIN, type, body }))?.status).toBe(200);
    await poll(() => copy()?.firmware).toEqual({ revision: 'V2.4.1', state: 'dead' });
    expect((await typed(['version'])).outcome).not.toBe('done');
    const { devices, queue } = processes.play.range;
    expect(devices.get('pump-plc')?.reflash('V2.4.1', queue.now)).toBeUndefined();
    await poll(() => copy()?.firmware).toEqual({ revision: 'V2.4.1', state: 'runs' });
    await poll(async () => (await typed(['version'])).outcome).toBe('done');
    expect(processes.controller('pump-plc').mode).toBe('running');
  });
});
