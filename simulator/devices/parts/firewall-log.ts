/** Says on syslog what the firewall dropped: one line a conversation and minute, as such devices aggregate. */
import { formatIpv4, PROTOCOL_TCP, PROTOCOL_UDP } from '@penstock/protocols/ethernet';
import type { FirewallDrop } from '@penstock/simulator/kernel';
import type { DeviceContext, Part } from '../context.ts';
import { Seldom } from '../seldom.ts';

class FirewallLog implements Part {
  readonly #context: DeviceContext;
  readonly #seldom = new Seldom();

  constructor(context: DeviceContext) {
    this.#context = context;
  }

  start(): void {
    const { firewall } = this.#context;
    if (firewall) firewall.onDrop = (drop) => this.#tell(drop);
  }

  stop(): void {
    const { firewall } = this.#context;
    if (firewall) firewall.onDrop = undefined;
  }

  #tell(drop: FirewallDrop): void {
    const protocol =
      drop.protocol === PROTOCOL_TCP ? 'tcp' : drop.protocol === PROTOCOL_UDP ? 'udp' : String(drop.protocol);
    const source = formatIpv4(drop.source);
    const destination = formatIpv4(drop.destination);
    const conversation = `${source} ${destination} ${protocol} ${drop.destinationPort} ${drop.reason}`;
    if (!this.#seldom.tells(conversation, drop.time)) return;
    this.#context.log({
      severity: 4,
      id: 'dropped',
      text: `dropped ${protocol} ${source}:${drop.sourcePort} -> ${destination}:${drop.destinationPort} (${drop.reason}) from ${drop.from}`,
      parameters: {
        src: source,
        dst: destination,
        proto: protocol,
        dport: String(drop.destinationPort),
        reason: drop.reason,
      },
    });
  }
}

export const firewallLog = (context: DeviceContext): Part | undefined =>
  context.spec.kind === 'firewall' ? new FirewallLog(context) : undefined;
