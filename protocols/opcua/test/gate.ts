/** The test plant's server behind a gate in real time. */
import { formatIpv4 } from '@penstock/protocols/ethernet';
import { MachineLink } from '@penstock/simulator/kernel';
import { type Gated, openGate as open } from '../../exchange/test/gate.ts';
import type { TestPlant } from './plant.ts';

/** The server is 10.20.2.20:4840. Without `keeps` nothing is captured. */
export const openGate = (plant: TestPlant, keeps = true): Promise<Gated> =>
  open({
    ...{ service: 'opcua', port: 4840, address: '10.20.2.20', keeps },
    accept: (queue) => (connection) => {
      const session = plant.server.connection(formatIpv4(connection.remoteAddress), connection.remotePort);
      return new MachineLink(queue, session, () => session.ended()).attach(connection);
    },
    tick: (now) => {
      plant.now = now;
      plant.server.tick(now);
    },
  });
