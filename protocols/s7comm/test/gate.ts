/** A test device on a wire, behind a gate in real time, with what passes the tap kept as a capture. */
import { LINKTYPE_ETHERNET } from '@penstock/core';
import { PcapWriter } from '@penstock/monitor';
import { formatIpv4 } from '@penstock/protocols/ethernet';
import { EventQueue, Gates, MachineLink, PacedClock, Wire } from '@penstock/simulator/kernel';
import type { TestDevice } from './device.ts';

export interface Gated {
  readonly host: string;
  readonly port: number;
  /** Everything that passed so far, as a capture file. */
  capture(): Uint8Array;
  close(): Promise<void>;
}

/** Opens a gate to `device` as 10.20.1.15, tools come from 10.20.1.20. Without `keeps` nothing is captured. */
export async function openGate(device: TestDevice, keeps = true): Promise<Gated> {
  const queue = new EventQueue();
  const wire = new Wire(queue, { seed: 1, epoch: Date.UTC(2026, 2, 2) * 1000 });
  wire.addSegment({ id: 'control', subnet: '10.20.1.0/24' });
  const plc = wire.addHost({ id: 'plc', segment: 'control', address: '10.20.1.15', mac: '00:1b:1b:00:00:15' });
  wire.addHost({ id: 'tools', segment: 'control', address: '10.20.1.20', mac: '00:50:56:00:00:20' });
  plc.listen(102, (connection) => {
    const session = device.server.session(formatIpv4(connection.remoteAddress), connection.remotePort);
    return new MachineLink(queue, session, () => session.ended()).attach(connection);
  });
  const parts: Uint8Array[] = [];
  const writer = new PcapWriter((bytes) => parts.push(bytes), LINKTYPE_ETHERNET);
  if (keeps) wire.tap.attach(writer);
  const clock = new PacedClock(queue);
  clock.start();
  const gates = await Gates.open({
    clock,
    wire,
    services: [{ device: 'plc', service: 's7', address: '10.20.1.15', port: 102 }],
    from: 'tools',
    addresses: 'picked',
  });
  const { host, port } = gates.table[0] as (typeof gates.table)[number];
  return {
    host,
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
