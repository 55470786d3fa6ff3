/**
 * What our MQTT costs: codec beside mqtt-packet's, broker and dissector in memory, and a broker behind a gate with the load in a second
 * process.
 *
 *     node protocols/mqtt/mqtt.bench.ts [seconds]
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Instant } from '@penstock/core';
import mqttPacket from 'mqtt-packet';
import { encodePayload } from '../sparkplug/index.ts';
import { decodePacket, encodePacket, MqttBroker, mqttDissector, type Publish } from './index.ts';
import { openGate } from './test/gate.ts';

const seconds = process.argv[2] ?? '3';
const EVERYTHING = { publish: ['#'], subscribe: ['#'] };
const figure = (name: string, value: number, unit: string) =>
  console.log(`figure: mqtt.${name} ${value.toPrecision(4)} ${unit}`);

/** Best of three rounds: calls a second. */
function perSecond(count: number, call: (i: number) => void): number {
  let best = 0;
  for (let round = 0; round < 3; round++) {
    const began = performance.now();
    for (let i = 0; i < count; i++) call(i);
    best = Math.max(best, (count * 1000) / (performance.now() - began));
  }
  return best;
}

const metrics = [
  { alias: 1, type: 'Double', value: 2.5 } as const,
  { alias: 2, type: 'Boolean', value: true } as const,
];
const message: Publish = {
  ...{ type: 'publish', topic: 'spBv1.0/works/DDATA/gateway/tank', qos: 1, retain: false, dup: false, id: 5 },
  payload: encodePayload({ timestamp: 1_790_000_000_000, seq: 4, metrics }),
};
const wire = encodePacket(message, 4);

function inMemory(): void {
  const header = 2;
  figure(
    'decodePerSecond',
    perSecond(300_000, () => decodePacket(wire[0] as number, wire, header, wire.length, 4)),
    'packets/s',
  );
  figure(
    'encodePerSecond',
    perSecond(300_000, () => encodePacket(message, 4)),
    'packets/s',
  );
  const parser = mqttPacket.parser({ protocolVersion: 4 });
  let parsed = 0;
  parser.on('packet', () => parsed++);
  const bytes = Buffer.from(wire);
  const theirs = perSecond(100_000, () => parser.parse(bytes));
  console.log(`mqtt-packet decodes ${theirs.toFixed(0)} packets/s of the same`);

  const broker = new MqttBroker({ anonymous: EVERYTHING });
  const now = 0 as Instant;
  const connected = (clientId: string) => {
    const connection = broker.connection('10.0.0.1', 1, now);
    connection.receive(
      encodePacket({ type: 'connect', protocolName: 'MQTT', version: 4, cleanStart: true, keepAlive: 0, clientId }, 4),
      now,
    );
    connection.take();
    return connection;
  };
  const subscriber = connected('subscriber');
  subscriber.receive(encodePacket({ type: 'subscribe', id: 1, filters: [{ filter: 'spBv1.0/#', qos: 0 }] }, 4), now);
  subscriber.take();
  const publisher = connected('publisher');
  const passed = perSecond(200_000, () => {
    publisher.receive(wire, now);
    publisher.take();
    subscriber.take();
  });
  figure('brokerMessagesPerSecond', passed, 'messages/s');

  let events = 0;
  const dissector = mqttDissector.create(() => events++);
  const plain = encodePacket({ ...message, qos: 0, id: 0 }, 4);
  figure(
    'dissectMessagesPerSecond',
    perSecond(100_000, (i) => dissector.data(true, i, plain, 0, plain.length)),
    'messages/s',
  );
}

async function behindGate(): Promise<void> {
  const gate = await openGate(new MqttBroker({ anonymous: EVERYTHING }), false);
  const args = [`${import.meta.dirname}/bench/load.ts`, gate.host, `${gate.port}`, '8', '64', seconds];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  figure('gateMessagesPerSecond', (JSON.parse(stdout) as { perSecond: number }).perSecond, 'messages/s');
  await gate.close();
}

inMemory();
await behindGate();
