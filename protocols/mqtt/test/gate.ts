/** A broker behind a gate in real time. */
import { formatIpv4 } from '@penstock/protocols/ethernet';
import { MachineLink } from '@penstock/simulator/kernel';
import { type Gated, openGate as open } from '../../exchange/test/gate.ts';
import type { MqttBroker } from '../index.ts';

class BrokerLink extends MachineLink {
  override drained(): void {
    super.drained();
    this.pump();
  }
}

/** The broker is 10.20.2.20:1883. Without `keeps` nothing is captured. */
export const openGate = (broker: MqttBroker, keeps = true): Promise<Gated> =>
  open({
    ...{ service: 'mqtt', port: 1883, address: '10.20.2.20', keeps },
    accept: (queue) => (connection) => {
      const { remoteAddress, remotePort } = connection;
      const session = broker.connection(formatIpv4(remoteAddress), remotePort, queue.now, () => link.pump());
      const link = new BrokerLink(queue, session, (_, now) => session.ended(now)).attach(connection);
      return link;
    },
  });
