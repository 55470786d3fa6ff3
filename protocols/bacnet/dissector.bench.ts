/**
 * How many packets of BACnet one core takes in: questions and answers of one and of several properties, notifications of changes.
 *
 *     node protocols/bacnet/dissector.bench.ts
 */
import { bacnetDissector, objectId, PROPERTY } from './index.ts';
import { SERVER, Station } from './test/station.ts';

const station = new Station();
const { client } = station;
const properties = [{ property: PROPERTY.presentValue }, { property: PROPERTY.statusFlags }];
const objects = [objectId(0, 1), objectId(1, 1), objectId(2, 1), objectId(4, 1), objectId(19, 1)];
client.subscribe(SERVER, { process: 1, object: objectId(1, 1), confirmed: false, lifetime: 0 }, station.now, () => {});
for (let i = 0; i < 20; i++) {
  client.readProperty(SERVER, { object: objectId(0, 1), property: PROPERTY.presentValue }, station.now, () => {});
  client.readMultiple(
    SERVER,
    objects.map((object) => ({ object, properties })),
    station.now,
    () => {},
  );
  station.memory[1] = 40 + (i % 2) * 10;
  station.pass(2);
}
const packets = station.wire;
let events = 0;
const dissector = bacnetDissector.create(() => {
  events++;
});
const rounds = 3000;
const play = (): number => {
  const began = process.hrtime.bigint();
  for (let round = 0; round < rounds; round++)
    for (const { from, octets } of packets) dissector.data(from === 'client', round, octets, 0, octets.length);
  return (rounds * packets.length) / (Number(process.hrtime.bigint() - began) / 1e9);
};
play();
const perSecond = Math.max(play(), play());
if (events === 0) throw new Error('the dissector said nothing');
console.log(`figure: bacnet.dissectPacketsPerSecond ${perSecond.toFixed(0)} packets/s`);
