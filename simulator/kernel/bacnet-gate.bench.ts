/**
 * What a gate lets through of BACnet: a device behind a gate and the wire, in real time, with the load (ReadProperty) in a second process.
 *
 *     node simulator/kernel/bacnet-gate.bench.ts [seconds]
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import {
  BACNET_PORT,
  BacnetServer,
  BVLC,
  encodeBvlc,
  objectId,
  PROPERTY,
  TagWriter,
  writePropertyPlace,
  writeRequest,
} from '@penstock/protocols/bacnet';
import { formatIpv4 } from '@penstock/protocols/ethernet';
import { buildBenchRange } from './bench/range.ts';
import { PacedClock } from './clock.ts';
import { Gates } from './gates.ts';

const seconds = process.argv[2] ?? '3';
const range = buildBenchRange();
const server = new BacnetServer({
  ...{ instance: 1, name: 'bench', vendor: 260, link: { port: BACNET_PORT } },
  identity: { vendor: 'Bench', productCode: 'B', revision: '1', productName: 'Bench', modelName: 'B' },
  points: Array.from(
    { length: 20 },
    (_, i) => ({ kind: 'analog-input', instance: i, name: `AIT${i}`, point: i }) as const,
  ),
  access: { read: (point) => point * 1.5, write: () => 'read-only' },
  clock: { now: () => range.queue.now, set: () => 'done' },
  addressText: formatIpv4,
});
const socket = range.server.udp(BACNET_PORT, (buffer, start, end, address, port, now) => {
  server.receive(buffer, start, end, address, port, now);
  for (let out = server.take(); out !== undefined; out = server.take())
    socket.send(out.address ?? address, out.port, out.octets);
});

const writer = writeRequest(new TagWriter(), { invokeId: 1, service: 12, maxApdu: 1476, maxSegments: 0 });
const apdu = writePropertyPlace(writer, { object: objectId(0, 7), property: PROPERTY.presentValue }).octets();
const request = encodeBvlc(BVLC.unicast, Uint8Array.of(1, 4, ...apdu));

// The codec and the server alone.
const answerAlone = (): number => {
  const count = 200_000;
  const began = process.hrtime.bigint();
  for (let i = 0; i < count; i++) {
    server.receive(request, 0, request.length, 0x0a140163, BACNET_PORT, range.queue.now);
    while (server.take() !== undefined);
  }
  return count / (Number(process.hrtime.bigint() - began) / 1e9);
};
answerAlone();
console.log(`figure: bacnet.readPropertyPerSecond ${answerAlone().toFixed(0)} requests/s`);

const clock = new PacedClock(range.queue);
clock.start();
const gates = await Gates.open({
  clock,
  wire: range.wire,
  services: [{ device: 'plc', service: 'bacnet', address: '10.20.1.13', port: BACNET_PORT, transport: 'udp' }],
  from: 'scada',
  addresses: 'picked',
});
const { host, port } = gates.table[0] as (typeof gates.table)[number];
const words = [host, port, 8, 8, seconds, Buffer.from(request).toString('hex')].map(String);
const { stdout } = await promisify(execFile)(process.execPath, [
  `${import.meta.dirname}/bench/datagram-load.ts`,
  ...words,
]);
const { perSecond } = JSON.parse(stdout) as { perSecond: number };
console.log(`figure: bacnet.gateReadsPerSecond ${perSecond.toFixed(0)} reads/s`);
await gates.close();
clock.stop();
