/** The test plant's server on a wire, behind a gate in real time, with what passes the tap kept as a capture. */
import { type Instant, LINKTYPE_ETHERNET, seconds } from '@penstock/core';
import { PcapWriter } from '@penstock/monitor';
import { formatIpv4 } from '@penstock/protocols/ethernet';
import { EventQueue, Gates, MachineLink, PacedClock, Wire } from '@penstock/simulator/kernel';
import type { TestPlant } from './plant.ts';

export interface Gated {
  readonly host: string;
  readonly port: number;
  /** Everything that passed so far, as a capture file. */
  capture(): Uint8Array;
  close(): Promise<void>;
}

/** Opens a gate to the server as 10.20.2.20:4840, tools come from 10.20.2.30. Without `keeps` nothing is captured. */
export async function openGate(plant: TestPlant, keeps = true): Promise<Gated> {
  const queue = new EventQueue();
  const wire = new Wire(queue, { seed: 1, epoch: Date.UTC(2026, 2, 2) * 1000 });
  wire.addSegment({ id: 'control', subnet: '10.20.2.0/24' });
  const host = wire.addHost({ id: 'scada', segment: 'control', address: '10.20.2.20', mac: '00:1b:1b:00:00:20' });
  wire.addHost({ id: 'tools', segment: 'control', address: '10.20.2.30', mac: '00:50:56:00:00:30' });
  host.listen(4840, (connection) => {
    const session = plant.server.connection(formatIpv4(connection.remoteAddress), connection.remotePort);
    return new MachineLink(queue, session, () => session.ended()).attach(connection);
  });
  const tick = {
    run: (now: Instant): void => {
      plant.now = now;
      plant.server.tick(now);
      queue.in(seconds(0.2), tick);
    },
  };
  queue.in(seconds(0.2), tick);
  const parts: Uint8Array[] = [];
  const writer = new PcapWriter((bytes) => parts.push(bytes), LINKTYPE_ETHERNET);
  if (keeps) wire.tap.attach(writer);
  const clock = new PacedClock(queue);
  clock.start();
  const gates = await Gates.open({
    clock,
    wire,
    services: [{ device: 'scada', service: 'opcua', address: '10.20.2.20', port: 4840 }],
    from: 'tools',
    addresses: 'picked',
  });
  const { host: address, port } = gates.table[0] as (typeof gates.table)[number];
  return {
    host: address,
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
