/**
 * What our OPC UA costs: server, client and dissector in memory, memory of a server, the server behind a gate with the load in a second
 * process; and the memory of node-opcua's servers with the same nodes.
 *
 *     node --expose-gc protocols/opcua/opcua.bench.ts [seconds]
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Instant } from '@penstock/core';
import { opcuaDissector, readRequest, stringId } from './index.ts';
import { openGate } from './test/gate.ts';
import { type Judge, nodeOpcuaServer } from './test/node-opcua.ts';
import { ITEMS, testPlant } from './test/plant.ts';
import { TestSession } from './test/session.ts';

const seconds = process.argv[2] ?? '3';
const figure = (name: string, value: number, unit: string) =>
  console.log(`figure: opcua.${name} ${value.toPrecision(4)} ${unit}`);
const collect = (): void => (globalThis as { gc?: () => void }).gc?.();

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

/** One question and its answer, client and server both. */
function ask(session: TestSession, body: ReturnType<typeof readRequest>['body']): void {
  session.traffic.length = 0;
  session.ask('Read', body);
}

function inMemory(): void {
  const nodes = (count: number) =>
    Array.from({ length: count }, (_, i) => stringId(i % 2 === 0 ? 'LIT101' : 'FIT201', 2));
  const session = new TestSession(testPlant());
  const one = readRequest(nodes(1)).body;
  const many = readRequest(nodes(50)).body;
  ask(session, one);
  figure(
    'readMicroseconds',
    microseconds(20_000, () => ask(session, one)),
    'µs',
  );
  figure(
    'readFiftyMicroseconds',
    microseconds(4000, () => ask(session, many)),
    'µs',
  );
  ask(session, many);
  const traffic = [...session.traffic];
  let events = 0;
  const dissector = opcuaDissector.create(() => events++);
  const dissected = microseconds(2000, (i) => {
    for (const { fromClient, bytes } of traffic) dissector.data(fromClient, i, bytes, 0, bytes.length);
  });
  figure('dissectFiftyMicroseconds', dissected, 'µs');

  // A second of a subscription whose fifty values all change.
  const plant = testPlant();
  const heard = new TestSession(plant);
  heard.client.subscribe({ items: nodes(50), publishingInterval: 1000, onData: () => {} }, 0 as Instant);
  heard.pump();
  heard.pass(3_000_000, 1_000_000);
  let value = 0;
  const published = microseconds(1000, () => {
    heard.traffic.length = 0;
    value += 0.01;
    plant.values[0] = value;
    plant.values[3] = value;
    heard.pass(1_000_000, 1_000_000);
  });
  figure('publishFiftyMicroseconds', published, 'µs');
}

function memory(): void {
  const SERVERS = 100;
  const TAGS = 200;
  const items = Array.from({ length: TAGS }, (_, i) => {
    const item = ITEMS[i % ITEMS.length] as (typeof ITEMS)[number];
    return { ...item, tag: { ...item.tag, id: `LIT${1000 + i}` } };
  });
  collect();
  const before = process.memoryUsage();
  const plants = Array.from({ length: SERVERS }, () => testPlant({ items }));
  collect();
  const after = process.memoryUsage();
  const bytes = after.heapUsed + after.arrayBuffers - before.heapUsed - before.arrayBuffers;
  figure('serverKilobytes', bytes / plants.length / 1024, `KiB with ${TAGS} tags`);
}

async function behindGate(): Promise<void> {
  const gate = await openGate(testPlant(), false);
  const load = async (connections: number, depth: number, values: number): Promise<number> => {
    const args = [`${import.meta.dirname}/bench/load.ts`, gate.host, `${gate.port}`];
    const rest = [connections, depth, seconds, values].map(String);
    const { stdout } = await promisify(execFile)(process.execPath, [...args, ...rest]);
    return (JSON.parse(stdout) as { perSecond: number }).perSecond;
  };
  figure('gateReadsPerSecond', await load(4, 8, 1), 'reads/s');
  figure('gateValuesPerSecond', 50 * (await load(4, 8, 50)), 'values/s');
  await gate.close();
}

async function besideNodeOpcua(): Promise<void> {
  const judges: Judge[] = [];
  const sizes: number[] = [process.memoryUsage().rss];
  for (let i = 0; i < 2; i++) {
    judges.push(await nodeOpcuaServer(testPlant()));
    collect();
    sizes.push(process.memoryUsage().rss);
  }
  const [none, one, two] = sizes as [number, number, number];
  figure('nodeOpcuaFirstMegabytes', (one - none) / 2 ** 20, 'MiB');
  figure('nodeOpcuaNextMegabytes', (two - one) / 2 ** 20, 'MiB');
  for (const judge of judges) await judge.close();
}

inMemory();
memory();
await behindGate();
await besideNodeOpcua();
