/**
 * What our Modbus costs: server, client and dissector in memory; the server on loopback sockets with the load in a second process, and
 * libmodbus's and pymodbus's servers under the same load in the same run, where they are installed.
 *
 *     node protocols/modbus/modbus.bench.ts [seconds]
 */
import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Instant, PointSpec, Writer } from '@penstock/core';
import { listen } from '../exchange/test/sockets.ts';
import {
  encodeAdu,
  encodeRequest,
  encodeResponse,
  ModbusClient,
  ModbusServer,
  modbusDissector,
  RegisterMap,
  readTransaction,
} from './index.ts';

const seconds = process.argv[2] ?? '3';
const REGISTERS = 60;
const points: PointSpec[] = Array.from({ length: 100 }, (_, i) => ({
  tag: `T${i}`,
  writable: false,
  modbus: { table: 'holding', address: i, type: 'uint16', wordOrder: 'big', scale: 0.01 },
}));
const values = Float64Array.from(points, (_, i) => i * 1.37);
const server = new ModbusServer({
  map: new RegisterMap(points),
  points: { read: (point) => values[point] as number, write: () => 'read-only' },
  identity: { vendor: 'V', productCode: 'P', revision: '1', productName: 'N', modelName: 'M' },
});

/** Best of three rounds: microseconds for each call. */
function microseconds(count: number, call: (i: number) => void): number {
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 3; round++) {
    const began = performance.now();
    for (let i = 0; i < count; i++) call(i);
    best = Math.min(best, ((performance.now() - began) * 1000) / count);
  }
  return best;
}

const figure = (name: string, value: number, unit: string) =>
  console.log(`figure: modbus.${name} ${value.toPrecision(4)} ${unit}`);

function inMemory(): void {
  const writer: Writer = { protocol: 'modbus', address: '127.0.0.1', port: 1 };
  const request = encodeRequest({ function: 3, address: 0, quantity: REGISTERS });
  const out = new Uint8Array(260);
  figure(
    'readBlockMicroseconds',
    microseconds(1_000_000, () => server.respond(1, request, 0, request.length, out, 0, writer)),
    'µs',
  );

  const client = new ModbusClient();
  const session = server.session('127.0.0.1', 1);
  const block = server.map.block('holding', 0, REGISTERS);
  const displayed = new Float64Array(block.entries.length);
  const read = readTransaction(1, 'holding', 0, REGISTERS);
  const poll = (i: number) => {
    client.submit(read, i as Instant);
    session.receive(client.take() as Uint8Array, i as Instant);
    client.receive(session.take() as Uint8Array, i as Instant);
    block.decode(read.response, 2, displayed);
  };
  figure('pollMicroseconds', microseconds(300_000, poll), 'µs');

  const chunk = Buffer.concat(
    Array.from({ length: 128 }, (_, i) => encodeAdu(i, 1, encodeRequest({ function: 3, address: 0, quantity: 10 }))),
  );
  const each = microseconds(20_000, () => {
    session.receive(chunk, 0 as Instant);
    session.take();
  });
  figure('inMemoryRequestsPerSecond', (128 * 1e6) / each, 'requests/s');

  let events = 0;
  const dissector = modbusDissector.create(() => events++);
  const question = encodeAdu(1, 1, request);
  const answer = encodeAdu(
    1,
    1,
    encodeResponse({ function: 3, registers: Array.from({ length: REGISTERS }, (_, i) => i) }),
  );
  const pair = microseconds(500_000, (i) => {
    dissector.data(true, i, question, 0, question.length);
    dissector.data(false, i, answer, 0, answer.length);
  });
  figure('dissectMicroseconds', pair / 2, 'µs');
}

interface Load {
  readonly perSecond: number;
  readonly median: number | null;
  readonly p99: number | null;
}

async function load(port: number, connections: number, depth: number): Promise<Load> {
  const args = [join(import.meta.dirname, 'bench/load.ts'), String(port), String(connections), String(depth), seconds];
  const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: (Number(seconds) + 20) * 1000 });
  return JSON.parse(stdout) as Load;
}

async function onSockets(name: string, port: number): Promise<void> {
  const alone = await load(port, 1, 1);
  figure(`${name}MedianMicroseconds`, alone.median ?? Number.NaN, 'µs');
  figure(`${name}99thMicroseconds`, alone.p99 ?? Number.NaN, 'µs');
  const many = await load(port, 8, 16);
  figure(`${name}RequestsPerSecond`, many.perSecond, 'requests/s');
}

/** The port that a child prints on its first line. */
async function portOf(child: ChildProcess): Promise<number> {
  for await (const data of child.stdout ?? []) return Number(String(data).trim());
  throw new Error('the server ended before it listened');
}

async function beside(name: string, command: string, args: readonly string[]): Promise<void> {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'ignore'] });
  try {
    await onSockets(name, await portOf(child));
  } catch (error) {
    console.log(`${name} not measured: ${(error as Error).message}`);
  } finally {
    child.kill();
  }
}

async function libmodbus(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'penstock-bench-'));
  try {
    const binary = join(folder, 'server');
    const source = join(import.meta.dirname, 'bench/libmodbus-server.c');
    const compiled = spawnSync('cc', ['-O2', '-I/usr/include/modbus', '-o', binary, source, '-lmodbus'], {
      encoding: 'utf8',
    });
    if (compiled.status === 0) await beside('libmodbus', binary, []);
    else console.log('libmodbus not measured: a C compiler and libmodbus-dev are needed');
  } finally {
    rmSync(folder, { recursive: true });
  }
}

inMemory();
const listening = await listen((address, port) => server.session(address, port));
await onSockets('server', listening.port);
await listening.close();
await libmodbus();
await beside('pymodbus', '/usr/bin/python3', [join(import.meta.dirname, 'bench/pymodbus-server.py')]);
