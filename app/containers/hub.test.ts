/** Devices as processes of their own, here in one: agents on loopback addresses, the range's hub between them. */
import type { Cause } from '@penstock/simulator/kernel';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { atGate } from '../../tests/modbus.ts';
import { DeviceAgent } from './agent.ts';
import { Hub } from './hub.ts';
import { layoutOf } from './layout.ts';
import { DeviceProcesses, mayListen } from './test/device-processes.ts';

const SLOW = 300_000;
const CAUSE: Cause = { actor: 'scenario:test', step: 'order' };
/** The plant's networks on the loopback of this machine. */
const onLoopback = (text: string): string => text.replaceAll(/10\.9\.(\d)/g, '127.99.$1');

describe.skipIf(!mayListen)('a plant whose devices are processes', { timeout: SLOW }, () => {
  const logged: string[] = [];
  let processes: DeviceProcesses;

  beforeAll(async () => {
    processes = await DeviceProcesses.start('small-plant', onLoopback, {
      onDeviceLog: (_, id, entry) => logged.push(`${id} ${entry.id}`),
    });
  }, SLOW);

  afterAll(() => processes?.stop(), SLOW);

  const truth = (id: string): number => processes.play.range.truth[processes.play.range.engine.tagIndex(id)] as number;
  const displayed = (id: string): number => processes.displayed(id);
  const plcAt = () => ({ host: '127.99.1.13', port: 502 });

  it('one physical truth: the SCADA server shows what the process is, over real sockets', async () => {
    await expect.poll(() => displayed('LIT101'), { timeout: SLOW }).toBeGreaterThan(0);
    await expect.poll(() => Math.abs(displayed('LIT101') - truth('LIT101')), { timeout: SLOW }).toBeLessThan(0.1);
    const level = await atGate(plcAt(), async (client) =>
      (await client.readInputRegisters(0, 2)).buffer.readFloatBE(0),
    );
    expect(level).toBeCloseTo(truth('LIT101'), 0);
  });

  it('a write over Modbus moves the controller and the plant, and is journaled with who wrote', async () => {
    const written: unknown[] = [];
    processes.play.truth.onWrite = ({ tag: id, value, source }) => written.push([id, value, source]);
    const bytes = Buffer.alloc(4);
    bytes.writeFloatBE(3.5);
    await atGate(plcAt(), (client) => client.writeRegisters(0, bytes));
    await expect.poll(() => written, { timeout: SLOW }).toContainEqual(['LIC101_SP', 3.5, '127.0.0.1']);
    await expect.poll(() => displayed('LIC101_SP'), { timeout: SLOW }).toBeCloseTo(3.5, 5);
    await expect.poll(() => truth('P101'), { timeout: SLOW }).toBe(1);
  });

  it('somebody who sits at the SCADA server writes through its standing session, and every byte is told to be theirs', async () => {
    const session = processes.play.range.foothold('scada').modbus('tank-plc');
    // FC 5, coil 0: manual.
    const reply = await new Promise<string>((resolve) =>
      session.request(1, Uint8Array.of(5, 0, 0, 0, 0), CAUSE, ({ outcome }) => resolve(outcome)),
    );
    expect(reply).toBe('answered');
    await expect.poll(() => displayed('LIC101_MODE'), { timeout: SLOW }).toBe(0);
    await expect
      .poll(() => processes.marks.filter(({ kind }) => kind === 'bytes'), { timeout: SLOW })
      .toContainEqual(expect.objectContaining({ cause: CAUSE, remote: { address: '127.99.1.13', port: 502 } }));
  });

  it('a controller whose container dies comes back with its retained memory, and the journal says so', async () => {
    await processes.kill('tank-plc');
    await expect.poll(() => processes.play.range.devices.get('tank-plc')?.up, { timeout: SLOW }).toBe(false);
    expect(processes.notes).toContain('tank-plc is gone');
    processes.switchOn('tank-plc');
    await expect.poll(() => processes.play.range.devices.get('tank-plc')?.up, { timeout: SLOW }).toBe(true);
    await expect
      .poll(
        () =>
          atGate(plcAt(), async (client) => (await client.readHoldingRegisters(0, 2)).buffer.readFloatBE(0)).catch(
            () => 0,
          ),
        { timeout: SLOW },
      )
      .toBeCloseTo(3.5, 5);
    await expect.poll(() => logged, { timeout: SLOW }).toContain('tank-plc container-present');
    expect(logged).toContain('tank-plc container-absent');
  });

  it('a session ends with the process that it was opened from', async () => {
    const session = processes.play.range.foothold('hmi').modbus('tank-plc');
    await processes.kill('hmi');
    processes.switchOn('hmi');
    await expect.poll(() => processes.play.range.devices.get('hmi')?.up, { timeout: SLOW }).toBe(true);
    const outcome = await new Promise((resolve) =>
      session.request(1, Uint8Array.of(1, 0, 0, 0, 1), CAUSE, (reply) => resolve(reply.outcome)),
    );
    expect(outcome).toBe('closed');
  });

  it('a process that says nothing is a broken wire: controllers keep their last values, mark them as bad, and recover', async () => {
    processes.clock.stop();
    await expect.poll(() => logged, { timeout: SLOW }).toContain('tank-plc input-bad');
    const kept = atGate(plcAt(), async (client) => (await client.readInputRegisters(0, 2)).buffer.readFloatBE(0));
    expect(await kept).toBeCloseTo(
      processes.play.range.measured[processes.play.range.engine.tagIndex('LIT101')] as number,
      3,
    );
    processes.clock.start();
    await expect.poll(() => logged, { timeout: SLOW }).toContain('tank-plc input-good');
  });

  it('a container of another version, or of no device, is sent away', async () => {
    const { plant, notes } = processes;
    const other = await Hub.listen({
      ...{ plant: plant.spec, layout: layoutOf(plant.spec), version: 'newer', host: '127.0.0.1', port: 0 },
      checkAddresses: false,
      note: (text) => notes.push(text),
      onMarks: () => {},
      causeOf: () => undefined,
    });
    const stranger = new DeviceAgent({
      ...{ device: 'tank-plc', version: 'test', range: { host: '127.0.0.1', port: other.port } },
      note: () => {},
    });
    stranger.start();
    await expect.poll(() => notes.some((text) => text.includes('build the image again')), { timeout: SLOW }).toBe(true);
    expect(other.registered.size).toBe(0);
    await stranger.stop();
    await other.close();
  });
});
