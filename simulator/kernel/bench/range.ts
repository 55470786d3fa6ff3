import type { PointSpec } from '@penstock/core';
import { formatIpv4 } from '@penstock/protocols/ethernet';
import { ModbusServer, RegisterMap } from '@penstock/protocols/modbus';
import { MachineLink } from '../machine-link.ts';
import { EventQueue } from '../queue.ts';
import { Wire } from '../wire.ts';

/** Read Holding Registers, unit 1, registers 0 to 19. */
export const REQUEST = new Uint8Array([0, 1, 0, 0, 0, 6, 1, 3, 0, 0, 0, 20]);
export const RESPONSE_LENGTH = 9 + 40;

/** A segment with a controller (10.20.1.13, twenty registers on port 502) and a client, and a tap that counts. */
export function buildBenchRange() {
  const queue = new EventQueue();
  const wire = new Wire(queue, { seed: 1, epoch: 0 });
  wire.addSegment({ id: 'control', subnet: '10.20.1.0/24' });
  const server = wire.addHost({ id: 'plc', segment: 'control', address: '10.20.1.13', mac: '00:80:f4:00:00:13' });
  const client = wire.addHost({ id: 'scada', segment: 'control', address: '10.20.1.20', mac: '00:50:56:00:00:20' });
  const points = Array.from(
    { length: 20 },
    (_, address): PointSpec => ({
      tag: `LIT${100 + address}`,
      writable: false,
      modbus: { table: 'holding', address, type: 'uint16', wordOrder: 'big', scale: 1 },
    }),
  );
  const modbus = new ModbusServer({
    map: new RegisterMap(points),
    points: { read: (point) => point, write: () => 'read-only' },
    identity: { vendor: 'Bench', productCode: 'B', revision: '1', productName: 'Bench', modelName: 'B' },
  });
  let bytes = 0;
  wire.tap.attach({
    frame(_time, _buffer, start, end) {
      bytes += end - start;
    },
  });
  const serve = () =>
    server.listen(502, (connection) =>
      new MachineLink(queue, modbus.session(formatIpv4(connection.remoteAddress), connection.remotePort)).attach(
        connection,
      ),
    );
  return { queue, wire, server, client, serve, tapped: () => bytes };
}
