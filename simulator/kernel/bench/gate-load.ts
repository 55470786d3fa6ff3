/**
 * The tool at the gate, in a process of its own: connections that each keep `depth` requests open. Prints one JSON line.
 *
 *     node gate-load.ts HOST PORT CONNECTIONS DEPTH SECONDS [REQUEST RESPONSE_LENGTH]
 *
 * The request in hexadecimal and the octets of its answer; a Modbus read when left out.
 */
import { connect } from 'node:net';
import { REQUEST, RESPONSE_LENGTH } from './range.ts';

const [host, port, connections, depth, seconds, hex, length] = process.argv.slice(2) as string[];
const request = hex === undefined ? Buffer.from(REQUEST) : Buffer.from(hex, 'hex');
const responseLength = length === undefined ? RESPONSE_LENGTH : Number(length);
const batch = Number(depth);
const warmUp = 500;
const latencies: number[] = [];
let answered = 0;
let began = 0;
const requests = Buffer.concat(Array.from({ length: batch }, () => request));
const sockets = Array.from({ length: Number(connections) }, () => {
  const socket = connect({ host, port: Number(port), noDelay: true });
  let sent = 0;
  let bytes = 0;
  socket.on('connect', () => {
    sent = performance.now();
    socket.write(requests);
  });
  socket.on('data', (chunk) => {
    const now = performance.now();
    bytes += chunk.length;
    const whole = Math.floor(bytes / responseLength);
    bytes -= whole * responseLength;
    if (whole === 0) return;
    if (began > 0) {
      answered += whole;
      if (batch === 1) latencies.push(now - sent);
    }
    sent = performance.now();
    socket.write(requests.subarray(0, whole * request.length));
  });
  socket.on('error', (error) => {
    console.error(String(error));
    process.exit(1);
  });
  return socket;
});
setTimeout(() => {
  began = performance.now();
}, warmUp);
setTimeout(
  () => {
    const elapsed = (performance.now() - began) / 1000;
    for (const socket of sockets) socket.destroy();
    latencies.sort((a, b) => a - b);
    const quantile = (q: number) => (latencies[Math.floor(latencies.length * q)] ?? 0) * 1000;
    console.log(
      JSON.stringify({ perSecond: answered / elapsed, p50: quantile(0.5), p99: quantile(0.99), requests: answered }),
    );
  },
  warmUp + Number(seconds) * 1000,
);
