/**
 * What our S7 costs: server, client and dissector in memory; the server behind a gate with the load in a second process; and our client
 * beside nodes7's on the same server. No server of another hand installs without a native library.
 *
 *     node protocols/s7comm/s7comm.bench.ts [seconds]
 */
import { execFile } from 'node:child_process';
import { connect } from 'node:net';
import { promisify } from 'node:util';
import type { Instant } from '@penstock/core';
import NodeS7 from 'nodes7';
import { listen } from '../exchange/test/sockets.ts';
import { addressOfBytes, encodeS7, S7Client, S7Read, s7commDissector } from './index.ts';
import { TestDevice, Wired } from './test/device.ts';
import { GREETING, packet } from './test/fuzz.ts';
import { openGate } from './test/gate.ts';

const seconds = process.argv[2] ?? '3';
const device = new TestDevice();
const figure = (name: string, value: number, unit: string) =>
  console.log(`figure: s7comm.${name} ${value.toPrecision(4)} ${unit}`);

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

function inMemory(): void {
  const session = device.server.session('10.9.2.10', 1);
  session.receive(GREETING, 0 as Instant);
  session.take();
  const items = [addressOfBytes({ area: 0x84, db: 1 }, 0, 30)];
  const request = packet(encodeS7({ rosctr: 'job', reference: 1, body: { function: 'read', items } }));
  const sink = { send: () => true };
  const served = microseconds(300_000, () => {
    session.receiveRange(request, 0, request.length, 0 as Instant);
    session.takeTo(sink);
  });
  figure('readBlockMicroseconds', served, 'µs');
  const wired = new Wired(device.server);
  const read = new S7Read(items);
  wired.ask(read);
  const polled = microseconds(100_000, () => {
    wired.client.submit(read, 0 as Instant);
    wired.session.receive(wired.client.take() as Uint8Array, 0 as Instant);
    wired.client.receive(wired.session.take() as Uint8Array, 0 as Instant);
  });
  figure('pollMicroseconds', polled, 'µs');
  let events = 0;
  const dissector = s7commDissector.create(() => events++);
  session.receive(request, 0 as Instant);
  const answer = session.take() as Uint8Array;
  const dissected = microseconds(100_000, (i) => {
    dissector.data(true, i, request, 0, request.length);
    dissector.data(false, i, answer, 0, answer.length);
  });
  figure('dissectMicroseconds', dissected / 2, 'µs');
}

async function behindGate(): Promise<void> {
  const gate = await openGate(device, false);
  const load = async (connections: number, depth: number): Promise<number> => {
    const args = [
      `${import.meta.dirname}/bench/load.ts`,
      gate.host,
      `${gate.port}`,
      `${connections}`,
      `${depth}`,
      seconds,
    ];
    const { stdout } = await promisify(execFile)(process.execPath, args);
    return (JSON.parse(stdout) as { perSecond: number }).perSecond;
  };
  figure('gateReadsPerSecond', await load(8, 8), 'reads/s');
  figure('gateReadsAloneInFlight', await load(1, 1), 'reads/s');
  await gate.close();
}

/** One read after the other over a socket, by their client and by ours. */
async function besideNodes7(): Promise<void> {
  const listening = await listen((address, port) => device.server.session(address, port));
  const until = () => performance.now() + Number(seconds) * 1000;
  const theirs = new NodeS7({ silent: true });
  const place = { host: '127.0.0.1', port: listening.port, rack: 0, slot: 2, timeout: 5000 };
  await new Promise<void>((resolve, reject) => {
    theirs.initiateConnection(place, (error) => (error ? reject(error) : resolve()));
  });
  theirs.addItems(['DB1,DWORD12', 'DB1,DINT16', 'DB1,REAL20']);
  let count = 0;
  for (const end = until(); performance.now() < end; count++)
    await new Promise<void>((resolve) => theirs.readAllItems(() => resolve()));
  const nodes7 = count / Number(seconds);
  await new Promise<void>((resolve) => theirs.dropConnection(resolve));

  const client = new S7Client();
  const socket = connect({ host: '127.0.0.1', port: listening.port, noDelay: true });
  const flush = (): void => {
    const bytes = client.take();
    if (bytes !== undefined) socket.write(bytes);
  };
  socket.on('connect', flush);
  socket.on('data', (bytes) => {
    client.receive(bytes, 0 as Instant);
    flush();
  });
  const read = new S7Read([addressOfBytes({ area: 0x84, db: 1 }, 12, 12)]);
  count = 0;
  for (const end = until(); performance.now() < end; count++)
    await new Promise<void>((resolve) => {
      read.onFinished = () => resolve();
      client.submit(read, 0 as Instant);
      flush();
    });
  const ours = count / Number(seconds);
  socket.destroy();
  await listening.close();
  console.log(`one read after the other over a socket: ours ${ours.toFixed(0)}/s, nodes7 ${nodes7.toFixed(0)}/s`);
  figure('clientTimesNodes7', ours / nodes7, '×');
}

inMemory();
await behindGate();
await besideNodes7();
