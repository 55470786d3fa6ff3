/**
 * The tool at the gate of a datagram service, in a process of its own: sockets that each keep `depth` questions open. Prints one JSON line.
 *
 *     node datagram-load.ts HOST PORT SOCKETS DEPTH SECONDS REQUEST
 *
 * The request in hexadecimal. What gets lost is asked again after a tenth of a second.
 */
import { createSocket } from 'node:dgram';

const [host, port, count, depth, seconds, hex] = process.argv.slice(2) as string[];
const request = Buffer.from(hex as string, 'hex');
const warmUp = 500;
const patience = 100;
let answered = 0;
let began = 0;
const sockets = Array.from({ length: Number(count) }, () => {
  const socket = createSocket({ type: 'udp4', lookup: (address, _, done) => done(null, address, 4) });
  const ask = (): void => socket.send(request, Number(port), host);
  let heard = performance.now();
  socket.on('message', () => {
    heard = performance.now();
    if (began > 0) answered++;
    ask();
  });
  const fill = (): void => {
    for (let i = 0; i < Number(depth); i++) ask();
  };
  socket.bind(0, fill);
  const again = setInterval(() => {
    if (performance.now() - heard > patience) fill();
  }, patience);
  return { socket, again };
});
setTimeout(() => {
  began = performance.now();
}, warmUp);
setTimeout(
  () => {
    const elapsed = (performance.now() - began) / 1000;
    for (const { socket, again } of sockets) {
      clearInterval(again);
      socket.close();
    }
    console.log(JSON.stringify({ perSecond: answered / elapsed, answered }));
  },
  warmUp + Number(seconds) * 1000,
);
