/**
 * What a gate costs a real tool: a Modbus server behind a gate and the wire, in real time, with the load in a second process.
 *
 *     node simulator/kernel/gates.bench.ts [seconds]
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { buildBenchRange } from './bench/range.ts';
import { PacedClock } from './clock.ts';
import { Gates } from './gates.ts';

const seconds = process.argv[2] ?? '3';
const range = buildBenchRange();
range.serve();
const clock = new PacedClock(range.queue);
clock.start();
const gates = await Gates.open({
  clock,
  wire: range.wire,
  services: [{ device: 'plc', service: 'modbus', address: '10.20.1.13', port: 502 }],
  from: 'scada',
  addresses: 'picked',
});
const { host, port } = gates.table[0] as (typeof gates.table)[number];
const load = async (connections: number, depth: number) => {
  const args = [`${import.meta.dirname}/bench/gate-load.ts`, host, `${port}`, `${connections}`, `${depth}`, seconds];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  return JSON.parse(stdout) as { perSecond: number; p50: number; p99: number };
};
const alone = await load(1, 1);
console.log(`figure: kernel.gateMedianMicroseconds ${alone.p50.toFixed(1)} µs`);
console.log(`figure: kernel.gate99thMicroseconds ${alone.p99.toFixed(1)} µs`);
const many = await load(8, 16);
console.log(`figure: kernel.gateRequestsPerSecond ${many.perSecond.toFixed(0)} requests/s`);
await gates.close();
clock.stop();
