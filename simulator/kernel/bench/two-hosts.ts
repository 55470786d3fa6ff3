import { EventQueue } from '../queue.ts';
import { Wire } from '../wire.ts';

/** A segment with a controller (10.20.1.13) and a client (10.20.1.20), and a tap that counts. */
export function buildBenchWire() {
  const queue = new EventQueue();
  const wire = new Wire(queue, { seed: 1, epoch: 0 });
  wire.addSegment({ id: 'control', subnet: '10.20.1.0/24' });
  const server = wire.addHost({ id: 'plc', segment: 'control', address: '10.20.1.13', mac: '00:80:f4:00:00:13' });
  const client = wire.addHost({ id: 'scada', segment: 'control', address: '10.20.1.20', mac: '00:50:56:00:00:20' });
  let bytes = 0;
  wire.tap.attach({
    frame(_time, _buffer, start, end) {
      bytes += end - start;
    },
  });
  return { queue, wire, server, client, tapped: () => bytes };
}
