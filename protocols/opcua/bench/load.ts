/** Reads over sockets from a process of their own: `node load.ts host port connections depth seconds values`, prints reads a second. */
import { readRequest, stringId } from '../index.ts';
import { SocketClient } from '../test/socket-client.ts';

const [host = '127.0.0.1', port, connections, depth, seconds, values] = process.argv.slice(2);
const nodes = Array.from({ length: Number(values) }, (_, i) => stringId(i % 2 === 0 ? 'LIT101' : 'FIT201', 2));
const clients = Array.from({ length: Number(connections) }, () => new SocketClient(host, Number(port), { depth: 16 }));
await Promise.all(clients.map((client) => client.ask('Read', readRequest(nodes).body)));

let count = 0;
const until = performance.now() + Number(seconds) * 1000;
const { body } = readRequest(nodes);
const began = performance.now();
await Promise.all(
  clients.flatMap((client) =>
    Array.from({ length: Number(depth) }, async () => {
      while (performance.now() < until) {
        await client.ask('Read', body);
        count++;
      }
    }),
  ),
);
console.log(JSON.stringify({ perSecond: (count * 1000) / (performance.now() - began) }));
for (const client of clients) client.close();
