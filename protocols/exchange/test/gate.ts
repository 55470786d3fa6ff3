/** One device on a wire, behind a gate in real time, with what passes the tap kept as a capture. */
import { type Instant, LINKTYPE_ETHERNET, seconds } from '@penstock/core';
import { PcapWriter } from '@penstock/monitor';
import { EventQueue, Gates, type Host, PacedClock, Wire } from '@penstock/simulator/kernel';

export interface Gated {
  readonly host: string;
  readonly port: number;
  /** Everything that passed so far, as a capture file. */
  capture(): Uint8Array;
  close(): Promise<void>;
}

export interface Served {
  readonly service: string;
  readonly port: number;
  /** In 10.20.2.0/24; tools come from 10.20.2.30. */
  readonly address: string;
  readonly accept: (queue: EventQueue) => Parameters<Host['listen']>[1];
  /** Called five times a second of the wire's time. */
  readonly tick?: (now: Instant) => void;
  /** False keeps no capture. */
  readonly keeps?: boolean;
}

export async function openGate({ service, port, address, accept, tick, keeps = true }: Served): Promise<Gated> {
  const queue = new EventQueue();
  const wire = new Wire(queue, { seed: 1, epoch: Date.UTC(2026, 2, 2) * 1000 });
  wire.addSegment({ id: 'control', subnet: '10.20.2.0/24' });
  const device = wire.addHost({ id: 'device', segment: 'control', address, mac: '00:1b:1b:00:00:15' });
  wire.addHost({ id: 'tools', segment: 'control', address: '10.20.2.30', mac: '00:50:56:00:00:30' });
  device.listen(port, accept(queue));
  if (tick) {
    const again = {
      run: (now: Instant): void => {
        tick(now);
        queue.in(seconds(0.2), again);
      },
    };
    queue.in(seconds(0.2), again);
  }
  const parts: Uint8Array[] = [];
  const writer = new PcapWriter((bytes) => parts.push(bytes.slice()), LINKTYPE_ETHERNET);
  if (keeps) wire.tap.attach(writer);
  const clock = new PacedClock(queue);
  clock.start();
  const gates = await Gates.open({
    ...{ clock, wire, from: 'tools', addresses: 'picked' },
    services: [{ device: 'device', service, address, port }],
  });
  const [place] = gates.table as [(typeof gates.table)[number]];
  return {
    host: place.host,
    port: place.port,
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
