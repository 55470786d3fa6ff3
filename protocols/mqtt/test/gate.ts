/** A broker on a wire, behind a gate in real time, with what passes the tap kept as a capture. */
import { LINKTYPE_ETHERNET } from '@penstock/core';
import { PcapWriter } from '@penstock/monitor';
import { formatIpv4 } from '@penstock/protocols/ethernet';
import { EventQueue, Gates, MachineLink, PacedClock, Wire } from '@penstock/simulator/kernel';
import type { MqttBroker } from '../index.ts';

export interface Gated {
  readonly host: string;
  readonly port: number;
  /** Everything that passed so far, as a capture file. */
  capture(): Uint8Array;
  close(): Promise<void>;
}

class BrokerLink extends MachineLink {
  override drained(): void {
    super.drained();
    this.pump();
  }
}

/** Opens a gate to `broker` as 10.20.35.20, tools come from 10.20.35.30. Without `keeps` nothing is captured. */
export async function openGate(broker: MqttBroker, keeps = true): Promise<Gated> {
  const queue = new EventQueue();
  const wire = new Wire(queue, { seed: 1, epoch: Date.UTC(2026, 2, 2) * 1000 });
  wire.addSegment({ id: 'dmz', subnet: '10.20.35.0/24' });
  const host = wire.addHost({ id: 'broker', segment: 'dmz', address: '10.20.35.20', mac: '00:1b:1b:00:00:15' });
  wire.addHost({ id: 'tools', segment: 'dmz', address: '10.20.35.30', mac: '00:50:56:00:00:20' });
  host.listen(1883, (connection) => {
    const { remoteAddress, remotePort } = connection;
    const session = broker.connection(formatIpv4(remoteAddress), remotePort, queue.now, () => link.pump());
    const link = new BrokerLink(queue, session, (_, now) => session.ended(now)).attach(connection);
    return link;
  });
  const parts: Uint8Array[] = [];
  const writer = new PcapWriter((bytes) => parts.push(bytes.slice()), LINKTYPE_ETHERNET);
  if (keeps) wire.tap.attach(writer);
  const clock = new PacedClock(queue);
  clock.start();
  const gates = await Gates.open({
    clock,
    wire,
    services: [{ device: 'broker', service: 'mqtt', address: '10.20.35.20', port: 1883 }],
    from: 'tools',
    addresses: 'picked',
  });
  const { host: at, port } = gates.table[0] as (typeof gates.table)[number];
  return {
    host: at,
    port,
    capture: () => {
      writer.flush();
      return Buffer.concat(parts);
    },
    close: async () => {
      await gates.close();
      clock.stop();
    },
  };
}
