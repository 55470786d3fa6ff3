/** Says on syslog what the firewall dropped: one line a conversation and minute, as such devices aggregate. */
import { inSeconds } from '@penstock/core';
import { formatIpv4, PROTOCOL_TCP, PROTOCOL_UDP } from '@penstock/protocols/ethernet';
import type { FirewallDrop } from '@penstock/simulator/kernel';
import type { DeviceContext, Part } from '../context.ts';

const REPEAT_AFTER_SECONDS = 60;
/** Conversations that are remembered; beyond it the oldest is forgotten and may be told again. */
const REMEMBERED = 4096;

class FirewallLog implements Part {
  readonly #context: DeviceContext;
  readonly #told = new Map<string, number>();

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
    const key = `${source} ${destination} ${protocol} ${drop.destinationPort} ${drop.reason}`;
    const now = inSeconds(drop.time);
    if (now - (this.#told.get(key) ?? Number.NEGATIVE_INFINITY) < REPEAT_AFTER_SECONDS) return;
    this.#told.delete(key);
    this.#told.set(key, now);
    if (this.#told.size > REMEMBERED) this.#told.delete(this.#told.keys().next().value as string);
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
