/**
 * A Modbus load in a process of its own: connections that each keep `depth` requests (FC 3, ten registers from 0) open. Prints one
 * JSON line: requests a second and, at depth 1, the median and the 99th percentile of the round trip in microseconds.
 *
 *     node load.ts PORT CONNECTIONS DEPTH SECONDS
 */
import { connect, type Socket } from 'node:net';
import { encodeAdu, encodeRequest } from '../index.ts';

const [port, connections, depth, seconds] = process.argv.slice(2).map(Number) as [number, number, number, number];
const request = Buffer.from(encodeAdu(1, 1, encodeRequest({ function: 3, address: 0, quantity: 10 })));
const ANSWER = 9 + 2 * 10;
const WARM_UP = 0.5;

const requests = Buffer.concat(Array.from({ length: depth }, () => request));
const roundTrips: number[] = [];
let answered = 0;
let counting = false;

function begin(): Socket {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  let sent = 0;
  let rest = 0;
  socket.on('connect', () => {
    sent = performance.now();
    socket.write(requests);
  });
  socket.on('data', (data) => {
    const now = performance.now();
    rest += data.length;
    const whole = Math.floor(rest / ANSWER);
    rest -= whole * ANSWER;
    if (whole === 0) return;
    if (counting) {
      answered += whole;
      if (depth === 1) roundTrips.push((now - sent) * 1000);
    }
    sent = performance.now();
    socket.write(requests.subarray(0, whole * request.length));
  });
  socket.on('error', (error) => {
    console.error(error.message);
    process.exit(1);
  });
  return socket;
}

const sockets = Array.from({ length: connections }, begin);
setTimeout(() => {
  const began = performance.now();
  counting = true;
  setTimeout(() => {
    const elapsed = (performance.now() - began) / 1000;
    for (const socket of sockets) socket.destroy();
    roundTrips.sort((a, b) => a - b);
    const quantile = (q: number) => roundTrips[Math.floor(q * roundTrips.length)] ?? null;
    console.log(JSON.stringify({ perSecond: answered / elapsed, median: quantile(0.5), p99: quantile(0.99) }));
  }, seconds * 1000);
}, WARM_UP * 1000);
