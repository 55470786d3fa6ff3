/** Other people's S7 clients and dissectors against our server, through a gate. */
import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import NodeS7 from 'nodes7';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { hasJudge } from '../../../tests/judges.ts';
import type { Gated } from '../../exchange/test/gate.ts';
import { program, TestDevice, Wired } from './device.ts';
import { openGate } from './gate.ts';

const run = promisify(execFile);
const SLOW = 400_000;

let device: TestDevice;
let gate: Gated;

beforeAll(async () => {
  device = new TestDevice({ protection: { level: 1, password: 'weir' } });
  gate = await openGate(device);
}, SLOW);

afterAll(() => gate?.close());

beforeEach(() => {
  device.written.length = 0;
});

/** nodes7, connected to the gate. */
async function connected(): Promise<NodeS7> {
  const client = new NodeS7({ silent: true });
  await new Promise<void>((resolve, reject) => {
    const place = { host: gate.host, port: gate.port, rack: 0, slot: 2, timeout: 60_000 };
    client.initiateConnection(place, (error) => (error ? reject(error) : resolve()));
  });
  return client;
}

const read = (client: NodeS7) =>
  new Promise<{ bad: boolean; values: Record<string, unknown> }>((resolve) =>
    client.readAllItems((bad, values) => resolve({ bad, values })),
  );
const write = (client: NodeS7, items: string[], values: (number | boolean)[]) =>
  new Promise<boolean>((resolve) => client.writeItems(items, values, resolve));
/** The class of timers, which has no name of its own. */
const probe = setTimeout(() => {}, 0);
clearTimeout(probe);
const Timer = probe.constructor as abstract new () => object;

/** Ends the connection, and the timers that nodes7 leaves behind for answers that have long come. */
async function drop(client: NodeS7): Promise<void> {
  await new Promise<void>((resolve) => client.dropConnection(resolve));
  for (const value of Object.values(client).flatMap((held) => (Array.isArray(held) ? held : [held])))
    for (const timer of [value, (value as { timeout?: unknown } | undefined)?.timeout])
      if (timer instanceof Timer) clearTimeout(timer as NodeJS.Timeout);
}

describe('nodes7', { timeout: SLOW }, () => {
  const VALUES: readonly [string, string, number | boolean, number][] = [
    ['DB1,X0.0', 'BIT0', true, 1],
    ['DB1,BYTE1', 'BYTE', 200, 200],
    ['DB1,WORD8', 'WORD', 60_000, 60_000],
    ['DB1,INT10', 'INT', -123, -12.3],
    ['DB1,DWORD12', 'DWORD', 4_000_000_000, 4_000_000_000],
    ['DB1,DINT16', 'DINT', -2_000_000_000, -2_000_000_000],
    ['DB1,REAL20', 'REAL', Math.fround(3.14), Math.fround(3.14)],
    ['DB1,DINT24', 'TIME', 12_500, 12.5],
    ['MI10', 'M_INT', -7, -7],
    ['Q1.2', 'Q_BIT', true, 1],
  ];

  it('writes every type and reads it back', async () => {
    const client = await connected();
    const items = VALUES.map(([address]) => address);
    expect(
      await write(
        client,
        items,
        VALUES.map(([, , value]) => value),
      ),
    ).toBe(false);
    for (const [, tag, , value] of VALUES) expect(device.value(tag)).toBeCloseTo(value, 5);
    expect(device.written[0]?.writer).toMatchObject({ protocol: 's7', address: '10.20.2.30' });
    client.addItems(items);
    const { bad, values } = await read(client);
    expect(bad).toBe(false);
    for (const [address, , value] of VALUES)
      if (typeof value === 'number') expect(values[address]).toBeCloseTo(value, 4);
      else expect(values[address]).toBe(value);
    await drop(client);
  });

  it('reads what the program makes, and characters, counters and timers', async () => {
    device.set('LEVEL', 2.5);
    device.set('CHAR', 'S'.charCodeAt(0));
    device.set('FIRST_COUNT', 42);
    device.set('FIRST_TIMER', 1.5);
    const client = await connected();
    client.addItems(['DB2,REAL0', 'DB1,CHAR2', 'C0', 'T0', 'I0.3']);
    const { bad, values } = await read(client);
    expect([bad, values['DB2,REAL0'], values['DB1,CHAR2'], values['I0.3']]).toEqual([false, 2.5, 'S', false]);
    // nodes7 gives raw words: BCD, and 150 steps of 10 ms. It counts counters in steps of 8, so that only the first is where others have it.
    expect([values.C0, values.T0]).toEqual([0x42, 0x150]);
    await drop(client);
  });

  it('is refused what must not be written, and what is not there', async () => {
    const client = await connected();
    const before = device.value('LEVEL');
    expect(await write(client, ['DB2,REAL0'], [9])).toBe(true);
    expect(await write(client, ['DB1,BYTE4'], [101])).toBe(true);
    expect(device.value('LEVEL')).toBe(before);
    client.addItems(['DB9,INT0']);
    expect((await read(client)).bad).toBe(true);
    await drop(client);
  });
});

describe.skipIf(!hasJudge('nmap'))('nmap', () => {
  it('s7-info finds out who the controller is', { timeout: SLOW }, async () => {
    const args = ['-Pn', '-n', '-p', String(gate.port), '--script', '+s7-info', gate.host];
    const lines = [
      'Module: 6ES7 315-2EH14-0AB0',
      'Basic Hardware: 6ES7 315-2EH14-0AB0',
      'Version: 3.2.8',
      'System Name: FILTERS',
      'Module Type: CPU 315-2 PN/DP',
      'Serial Number: S C-X4U421302009',
      'Plant Identification: WORKS',
      'Copyright: Original Siemens Equipment',
    ];
    const missing = async () => {
      const { stdout } = await run('nmap', args, { timeout: 100_000 });
      return lines.filter((line) => !stdout.includes(line));
    };
    // Its script does not wait long for an answer, and does not ask again.
    await expect.poll(missing, { interval: 1000 }).toEqual([]);
  });
});

describe.skipIf(!hasJudge('tshark'))('tshark', () => {
  const folder = mkdtempSync(join(tmpdir(), 'penstock-s7-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const tshark = (file: string, filter: string): string =>
    execFileSync('tshark', ['-n', '-r', file, '-Y', filter], { stdio: ['ignore', 'pipe', 'ignore'] }).toString();

  it('finds no malformed frame in what tools and we said through the gate', { timeout: SLOW }, async () => {
    const client = await connected();
    client.addItems(['DB1,INT10', 'DB1,REAL20', 'MI10']);
    await read(client);
    await drop(client);
    const file = join(folder, 'gate.pcap');
    writeFileSync(file, gate.capture());
    expect(tshark(file, '_ws.malformed || _ws.expert.severity == "Error" || tcp.analysis.flags')).toBe('');
    expect(tshark(file, 's7comm').split('\n').length).toBeGreaterThan(20);
  });

  it('reads every function of our client and server as what it is', { timeout: SLOW }, () => {
    const own = new TestDevice({ protection: { level: 1, password: 'weir' } });
    const records: Uint8Array[] = [];
    const wired = new Wired(own.server);
    for (const end of [wired.client, wired.session]) {
      const take = end.take.bind(end);
      end.take = () => {
        const bytes = take();
        if (bytes !== undefined) records.push(Uint8Array.of(end === wired.client ? 1 : 0, ...bytes));
        return bytes;
      };
    }
    const { engineer } = wired;
    wired.did((done) => engineer.logOn('weir', wired.now, done));
    for (const [group, sub, content] of [
      [3, 1, { is: 'empty' }],
      [3, 2, { is: 'block-type', type: '0A' }],
      [3, 3, { is: 'block-query', type: '08', number: 1, filesystem: 'A' }],
      [4, 1, { is: 'szl-request', id: 0, index: 0 }],
      [4, 1, { is: 'szl-request', id: 0x11, index: 0 }],
      [4, 1, { is: 'szl-request', id: 0x1c, index: 0 }],
      [4, 1, { is: 'szl-request', id: 0x131, index: 1 }],
      [4, 1, { is: 'szl-request', id: 0x132, index: 4 }],
      [4, 1, { is: 'szl-request', id: 0x424, index: 0 }],
      [4, 1, { is: 'szl-request', id: 0xa0, index: 0 }],
      [7, 1, { is: 'empty' }],
    ] as const)
      wired.did<unknown>((done) => engineer.ask(group, sub, content, wired.now, done));
    wired.did((done) => engineer.readProgram(wired.now, done));
    wired.did((done) => engineer.writeProgram(program(3), wired.now, done));
    wired.did((done) => engineer.stop(wired.now, done));
    wired.did((done) => engineer.start('cold', wired.now, done));
    wired.did((done) => engineer.deleteProgram(wired.now, done));
    const text = records
      .map((record) => {
        const [direction, ...rest] = record;
        const hex = rest.map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
        return `${direction === 1 ? 'O' : 'I'}\n000000 ${hex}\n`;
      })
      .join('');
    const [input, file] = [join(folder, 'all.txt'), join(folder, 'all.pcap')];
    writeFileSync(input, text);
    execFileSync('text2pcap', ['-q', '-D', '-T', '50000,102', '-4', '10.0.0.1,10.0.0.2', input, file], {
      stdio: 'ignore',
    });
    expect(tshark(file, '_ws.malformed || _ws.expert.severity == "Error"')).toBe('');
    expect(tshark(file, 's7comm').split('\n').length - 1).toBe(tshark(file, 'tpkt').split('\n').length - 3);
  });
});
