/** A test device behind a gate in real time. */
import { formatIpv4 } from '@penstock/protocols/ethernet';
import { MachineLink } from '@penstock/simulator/kernel';
import { type Gated, openGate as open } from '../../exchange/test/gate.ts';
import type { TestDevice } from './device.ts';

/** The device is 10.20.2.15:102. Without `keeps` nothing is captured. */
export const openGate = (device: TestDevice, keeps = true): Promise<Gated> =>
  open({
    ...{ service: 's7', port: 102, address: '10.20.2.15', keeps },
    accept: (queue) => (connection) => {
      const session = device.server.session(formatIpv4(connection.remoteAddress), connection.remotePort);
      return new MachineLink(queue, session, () => session.ended()).attach(connection);
    },
  });
