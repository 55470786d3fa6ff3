/** Other people's Modbus clients against our server, on sockets of the loopback. */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { milliseconds, seconds } from '@penstock/core';
import fc from 'fast-check';
import modbusSerial from 'modbus-serial';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { hasJudge } from '../../../tests/judges.ts';
import { type Listening, listen, now } from '../../exchange/test/sockets.ts';
import { ModbusClient, ModbusTransaction, type Request } from '../index.ts';
import { bytes, hex, IDENTITY, TestDevice, testServer } from './device.ts';

const run = promisify(execFile);

let device: TestDevice;
let listening: Listening;

beforeAll(async () => {
  device = new TestDevice();
  const server = testServer(device, { functions: [7, 8, 11, 17] });
  listening = await listen((address, port) => server.session(address, port));
});

afterAll(() => listening.close());

beforeEach(() => {
  device.values.set(new TestDevice().values);
  device.written.length = 0;
});

/** What a request came to: values read, `done` for a write, or `exception N`. */
type Outcome = readonly (number | boolean)[] | string;

/** Our client on a socket. */
class OurClient {
  readonly #client = new ModbusClient({ timeout: seconds(2), depth: 4 });
  readonly #socket: Socket;

  constructor(port: number) {
    this.#socket = connect(port, '127.0.0.1');
    this.#socket.on('data', (data) => {
      this.#client.receive(data, now());
      this.#flush();
    });
  }

  async ready(): Promise<this> {
    await once(this.#socket, 'connect');
    return this;
  }

  ask(request: Request): Promise<Outcome> {
    return new Promise((resolve) => {
      const transaction = new ModbusTransaction(1, request, (done) => resolve(outcomeOf(done)));
      this.#client.submit(transaction, now());
      this.#flush();
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  #flush(): void {
    const data = this.#client.take();
    if (data !== undefined) this.#socket.write(data);
  }
}

function outcomeOf(transaction: ModbusTransaction): Outcome {
  if (transaction.state === 'exception') return `exception ${transaction.exception}`;
  if (transaction.state !== 'done') return transaction.state;
  const decoded = transaction.decode();
  if (decoded.status !== 'ok') return decoded.reason;
  if ('bits' in decoded.message) return decoded.message.bits;
  if ('registers' in decoded.message) return decoded.message.registers;
  return 'done';
}

describe('modbus-serial', () => {
  let theirs: InstanceType<typeof modbusSerial.default>;
  let ours: OurClient;

  beforeAll(async () => {
    theirs = new modbusSerial.default();
    await theirs.connectTCP('127.0.0.1', { port: listening.port });
    theirs.setID(1);
    theirs.setTimeout(60_000);
    ours = await new OurClient(listening.port).ready();
  });

  afterAll(async () => {
    ours.close();
    await new Promise<void>((resolve) => theirs.close(() => resolve()));
  });

  async function ask(request: Request): Promise<Outcome> {
    try {
      switch (request.function) {
        case 1:
          return (await theirs.readCoils(request.address, request.quantity)).data;
        case 2:
          return (await theirs.readDiscreteInputs(request.address, request.quantity)).data;
        case 3:
          return (await theirs.readHoldingRegisters(request.address, request.quantity)).data;
        case 4:
          return (await theirs.readInputRegisters(request.address, request.quantity)).data;
        case 5:
          await theirs.writeCoil(request.address, request.value);
          return 'done';
        case 6:
          await theirs.writeRegister(request.address, request.value);
          return 'done';
        case 15:
          await theirs.writeCoils(request.address, [...request.values]);
          return 'done';
        case 16:
          await theirs.writeRegisters(request.address, [...request.values]);
          return 'done';
        case 22:
          await theirs.maskWriteRegister(request.address, request.andMask, request.orMask);
          return 'done';
        default:
          throw new Error(`modbus-serial is not asked function ${request.function}`);
      }
    } catch (error) {
      const { modbusCode } = error as { modbusCode?: number };
      if (modbusCode === undefined) throw error;
      return `exception ${modbusCode}`;
    }
  }

  it('and our client get the same answers and make the same writes', async () => {
    const address = fc.oneof({ weight: 6, arbitrary: fc.nat(320) }, { weight: 1, arbitrary: fc.nat(0xffff) });
    const u16 = fc.nat(0xffff);
    const request: fc.Arbitrary<Request> = fc.oneof(
      fc.record({
        function: fc.constantFrom(1 as const, 2 as const),
        address,
        quantity: fc.integer({ min: 1, max: 2000 }),
      }),
      fc.record({
        function: fc.constantFrom(3 as const, 4 as const),
        address,
        quantity: fc.integer({ min: 1, max: 125 }),
      }),
      fc.record({ function: fc.constant(5 as const), address, value: fc.boolean() }),
      fc.record({ function: fc.constant(6 as const), address, value: u16 }),
      fc.record({
        function: fc.constant(15 as const),
        address,
        values: fc.array(fc.boolean(), { minLength: 1, maxLength: 60 }),
      }),
      fc.record({
        function: fc.constant(16 as const),
        address,
        values: fc.array(u16, { minLength: 1, maxLength: 30 }),
      }),
      fc.record({ function: fc.constant(22 as const), address, andMask: u16, orMask: u16 }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(request, { minLength: 1, maxLength: 12 }), async (requests) => {
        device.values.set(new TestDevice().values);
        const theirOutcomes: Outcome[] = [];
        for (const one of requests) theirOutcomes.push(await ask(one));
        const theirValues = Float64Array.from(device.values);
        device.values.set(new TestDevice().values);
        const ourOutcomes: Outcome[] = [];
        for (const one of requests) ourOutcomes.push(await ours.ask(one));
        expect(ourOutcomes).toEqual(theirOutcomes);
        expect(Buffer.from(device.values.buffer).equals(Buffer.from(theirValues.buffer))).toBe(true);
      }),
      { numRuns: process.env.PENSTOCK_PROVE === '1' ? 400 : 40 },
    );
  });

  it('reads the device identification', async () => {
    const { data } = await theirs.readDeviceIdentification(2, 0);
    expect(Object.values(data)).toEqual([
      IDENTITY.vendor,
      IDENTITY.productCode,
      IDENTITY.revision,
      IDENTITY.vendorUrl,
      IDENTITY.productName,
      IDENTITY.modelName,
      IDENTITY.application,
    ]);
  });

  it('names the connection that wrote', async () => {
    await theirs.writeRegister(3, 4711);
    expect(device.written.at(-1)).toMatchObject({ value: 4711, writer: { protocol: 'modbus', address: '127.0.0.1' } });
  });
});

describe.skipIf(!hasJudge('mbpoll'))('mbpoll (libmodbus)', () => {
  const mbpoll = async (...args: string[]) => {
    const all = ['-0', '-1', '-o', '10', '-p', String(listening.port), ...args];
    const { stdout } = await run('mbpoll', all, { timeout: 100_000 }).catch((error) => error as { stdout: string });
    return [...stdout.matchAll(/^\[(\d+)\]:\s+(\S+)/gm)].map(([, at, value]) => `${at}=${value}`);
  };

  it('reads every table', async () => {
    device.set('H2', 4711);
    device.set('I3', 12);
    device.set('float32-big', 12.5);
    device.set('int32-big', -70_000);
    expect(await mbpoll('-t', '4', '-r', '2', '-c', '2', '127.0.0.1')).toEqual(['2=4711', `3=${device.value('H3')}`]);
    expect(await mbpoll('-t', '3', '-r', '3', '-c', '1', '127.0.0.1')).toEqual(['3=12']);
    expect(await mbpoll('-t', '0', '-r', '0', '-c', '9', '127.0.0.1')).toHaveLength(9);
    expect(await mbpoll('-t', '1', '-r', '10', '-c', '10', '127.0.0.1')).toHaveLength(10);
    expect(await mbpoll('-t', '4:float', '-B', '-r', '308', '-c', '1', '127.0.0.1')).toEqual(['308=12.5']);
    expect(await mbpoll('-t', '4:int', '-B', '-r', '304', '-c', '1', '127.0.0.1')).toEqual(['304=-70000']);
  });

  it('writes coils and registers', async () => {
    await mbpoll('-t', '4', '-r', '5', '127.0.0.1', '77', '78');
    await mbpoll('-t', '0', '-r', '6', '127.0.0.1', '1');
    expect([device.value('H5'), device.value('H6'), device.value('C6')]).toEqual([77, 78, 1]);
  });

  it('is told what is refused', async () => {
    const failing = run(
      'mbpoll',
      ['-0', '-1', '-o', '10', '-p', String(listening.port), '-t', '4', '-r', '250', '-c', '1', '127.0.0.1'],
      { timeout: 100_000 },
    );
    const { stderr } = await failing.catch((error) => error as { stderr: string });
    expect(stderr).toContain('Illegal data address');
  });
});

describe.skipIf(!hasJudge('pymodbus'))('pymodbus', () => {
  it('reads, writes, and is refused as the standard says', async () => {
    device.set('H2', 4711);
    const before = device.value('H3');
    const script = fileURLToPath(new URL('pymodbus-judge.py', import.meta.url));
    const { stdout } = await run('/usr/bin/python3', [script, String(listening.port)], { timeout: 100_000 });
    expect(JSON.parse(stdout)).toEqual({
      holding: [4711, before],
      input: [device.value('I0')],
      coils: [true, false, true, true, false],
      discrete: 10,
      registers: [10, 258],
      masked: 23,
      readWrite: [0xff, 23],
      exceptions: [2, 3, 2, 3],
      queryData: '4d6f',
      status: 0,
      identity: [IDENTITY.vendor, IDENTITY.productCode, IDENTITY.revision],
      file: hex((device.files.get(1) as Uint8Array).slice(0, 4)),
      slaveId: `${IDENTITY.vendor} ${IDENTITY.productCode} ${IDENTITY.revision}`,
    });
    expect(hex((device.files.get(1) as Uint8Array).slice(200, 202))).toBe('cafe');
  });
});

describe.skipIf(!hasJudge('nmap'))('nmap', () => {
  it('modbus-discover finds out who the device is', async () => {
    const args = ['-Pn', '-n', '-p', String(listening.port), '--script', '+modbus-discover', '127.0.0.1'];
    const told = async () => {
      const { stdout } = await run('nmap', args, { timeout: 100_000 });
      return ['sid 0x1', `Slave ID data: ${name}`, `Device identification: ${name}`].filter((w) => stdout.includes(w));
    };
    const name = `${IDENTITY.vendor} ${IDENTITY.productCode} ${IDENTITY.revision}`;
    // Its script waits two seconds for an answer and does not ask again.
    await expect.poll(told, { interval: 1000 }).toHaveLength(3);
  });
});

describe('our client on a socket', () => {
  it('keeps requests in flight and gets every answer', async () => {
    const ours = await new OurClient(listening.port).ready();
    const outcomes = await Promise.all(
      Array.from({ length: 200 }, (_, i) => ours.ask({ function: 3, address: i, quantity: 1 })),
    );
    expect(outcomes).toEqual(Array.from({ length: 200 }, (_, i) => [device.value(`H${i}`)]));
    ours.close();
  });

  it('tells when a server does not answer', async () => {
    const silent = await listen(() => ({
      closing: false,
      receive() {},
      due: () => now(),
      tick() {},
      take: () => undefined,
    }));
    const client = new ModbusClient({ timeout: milliseconds(50) });
    const read = new ModbusTransaction(1, bytes('03 0000 0001'));
    client.submit(read, now());
    client.tick(client.due());
    expect([read.state, client.counters.timeouts]).toEqual(['timeout', 1]);
    await silent.close();
  });
});
