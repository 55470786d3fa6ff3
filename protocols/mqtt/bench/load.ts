/**
 * An MQTT load in a process of its own: publishers that each keep `depth` messages with QoS 1 unacknowledged, and one subscriber that gets
 * them all. Prints one JSON line: messages a second that reached the subscriber.
 *
 *     node load.ts HOST PORT PUBLISHERS DEPTH SECONDS
 */
import { connect, type Socket } from 'node:net';
import { encodePacket, type Packet, PacketReader } from '../index.ts';

const [host, port, publishers, depth, seconds] = process.argv.slice(2) as [string, string, string, string, string];
const WARM_UP = 0.5;
/** As large as a DDATA with a few metrics. */
const PAYLOAD = new Uint8Array(60).fill(7);

let received = 0;
let counting = false;

function client(id: string, opened: (socket: Socket) => void, packet: (type: number, socket: Socket) => void): Socket {
  const socket = connect({ host, port: Number(port), noDelay: true });
  const hello: Packet = {
    ...{ type: 'connect', protocolName: 'MQTT', version: 4, cleanStart: true, keepAlive: 0, clientId: id },
  };
  socket.on('connect', () => socket.write(encodePacket(hello, 4)));
  const reader = new PacketReader(
    {
      packet: (first) => {
        const type = first >> 4;
        if (type === 2) opened(socket);
        else packet(type, socket);
        return true;
      },
      fault: (reason) => {
        console.error(reason);
        process.exit(1);
      },
    },
    2 ** 20,
  );
  socket.on('data', (data) => reader.receive(data, 0, data.length));
  socket.on('error', (error) => {
    console.error(error.message);
    process.exit(1);
  });
  return socket;
}

const sockets: Socket[] = [];
sockets.push(
  client(
    'subscriber',
    (socket) => socket.write(encodePacket({ type: 'subscribe', id: 1, filters: [{ filter: 'spBv1.0/#', qos: 0 }] }, 4)),
    (type) => {
      if (type === 3 && counting) received++;
    },
  ),
);
for (let n = 0; n < Number(publishers); n++) {
  const topic = `spBv1.0/works/DDATA/node${n}/plc`;
  const message = encodePacket(
    { type: 'publish', topic, payload: PAYLOAD, qos: 1, retain: false, dup: false, id: 1 },
    4,
  );
  const batch = Buffer.concat(Array.from({ length: Number(depth) }, () => message));
  let free = 0;
  sockets.push(
    client(
      `publisher${n}`,
      (socket) => socket.write(batch),
      (type, socket) => {
        if (type !== 4) return;
        free++;
        if (free < Number(depth) / 2) return;
        socket.write(batch.subarray(0, free * message.length));
        free = 0;
      },
    ),
  );
}
setTimeout(() => {
  const began = performance.now();
  counting = true;
  setTimeout(() => {
    const elapsed = (performance.now() - began) / 1000;
    for (const socket of sockets) socket.destroy();
    console.log(JSON.stringify({ perSecond: received / elapsed }));
  }, Number(seconds) * 1000);
}, WARM_UP * 1000);
