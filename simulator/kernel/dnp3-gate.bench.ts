/**
 * What a gate costs a real DNP3 master: an outstation behind a gate and the wire, in real time, with the load in a second process.
 *
 *     node simulator/kernel/dnp3-gate.bench.ts [seconds]
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { START } from '@penstock/core';
import { Dnp3Outstation, encodeFragment, encodeLinkFrame, FUNCTION, PRIMARY, rangeOf } from '@penstock/protocols/dnp3';
import { formatIpv4 } from '@penstock/protocols/ethernet';
import { buildBenchRange } from './bench/range.ts';
import { PacedClock } from './clock.ts';
import { Gates } from './gates.ts';
import { MachineLink } from './machine-link.ts';

const seconds = process.argv[2] ?? '3';
const range = buildBenchRange();
const outstation = new Dnp3Outstation({
  address: 10,
  points: Array.from({ length: 20 }, (_, index) => ({ kind: 'analog', index, point: index })),
  device: { read: (point) => point * 1.5, write: () => 'read-only' },
  identity: { vendor: 'Bench', productCode: 'B', revision: '1', productName: 'Bench', modelName: 'B' },
});
range.server.listen(20_000, (connection) => {
  const session = outstation.session(formatIpv4(connection.remoteAddress), connection.remotePort);
  return new MachineLink(range.queue, session, () => session.closed()).attach(connection);
});

const control = { fir: true, fin: true, con: false, uns: false, seq: 0 };
const fragment = encodeFragment({ control, function: FUNCTION.read, objects: [rangeOf(30, 1, 0, 9)] });
const request = encodeLinkFrame({
  control: { dir: true, prm: true, fcb: false, fcv: false, function: PRIMARY.unconfirmedUserData },
  destination: 10,
  source: 1,
  payload: Uint8Array.of(0xc0, ...fragment),
});
const asked = outstation.session('10.20.1.99', 1);
asked.receive(request, START);
const answer = asked.take() as Uint8Array;
asked.closed();

const clock = new PacedClock(range.queue);
clock.start();
const gates = await Gates.open({
  clock,
  wire: range.wire,
  services: [{ device: 'plc', service: 'dnp3', address: '10.20.1.13', port: 20_000 }],
  from: 'scada',
  addresses: 'picked',
});
const { host, port } = gates.table[0] as (typeof gates.table)[number];
const load = async (connections: number, depth: number) => {
  const words = [host, port, connections, depth, seconds, Buffer.from(request).toString('hex'), answer.length];
  const args = [`${import.meta.dirname}/bench/gate-load.ts`, ...words.map(String)];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  return JSON.parse(stdout) as { perSecond: number; p50: number };
};
const alone = await load(1, 1);
console.log(`figure: dnp3.gateMedianMicroseconds ${alone.p50.toFixed(1)} µs`);
const many = await load(8, 16);
console.log(`figure: dnp3.gateRequestsPerSecond ${many.perSecond.toFixed(0)} requests/s`);
await gates.close();
clock.stop();
