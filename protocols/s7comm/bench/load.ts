/**
 * An S7 load in a process of its own: connections that each keep `depth` reads (twenty bytes of DB1) open. Prints one JSON line.
 *
 *     node load.ts HOST PORT CONNECTIONS DEPTH SECONDS
 */
import { connect } from 'node:net';
import { encodeS7 } from '../index.ts';
import { GREETING, packet } from '../test/fuzz.ts';

const [host, port, connections, depth, seconds] = process.argv.slice(2) as [string, string, string, string, string];
const BYTES = 20;
const items = [{ syntax: 'any', transportSize: 2, count: BYTES, db: 1, area: 0x84, address: 0 } as const];
const request = Buffer.from(packet(encodeS7({ rosctr: 'job', reference: 1, body: { function: 'read', items } })));
const ANSWER = 7 + 12 + 2 + 4 + BYTES;
/** Connection confirm and the answer to the setup. */
const WELCOME = 22 + 7 + 20;
const WARM_UP = 0.5;

const requests = Buffer.concat(Array.from({ length: Number(depth) }, () => request));
let answered = 0;
let counting = false;
const sockets = Array.from({ length: Number(connections) }, () => {
  const socket = connect({ host, port: Number(port), noDelay: true });
  let rest = -WELCOME;
  socket.on('connect', () => {
    socket.write(GREETING);
    socket.write(requests);
  });
  socket.on('data', (data) => {
    rest += data.length;
    const whole = Math.floor(rest / ANSWER);
    if (whole <= 0) return;
    rest -= whole * ANSWER;
    if (counting) answered += whole;
    socket.write(requests.subarray(0, whole * request.length));
  });
  socket.on('error', (error) => {
    console.error(error.message);
    process.exit(1);
  });
  return socket;
});
setTimeout(() => {
  const began = performance.now();
  counting = true;
  setTimeout(() => {
    const elapsed = (performance.now() - began) / 1000;
    for (const socket of sockets) socket.destroy();
    console.log(JSON.stringify({ perSecond: answered / elapsed }));
  }, Number(seconds) * 1000);
}, WARM_UP * 1000);
