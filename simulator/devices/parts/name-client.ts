/** Looks up the hosts it talks to by name now and then, as resolvers do when a record's time to live is up. */
import { type Instant, minutes } from '@penstock/core';
import { CLASS_IN, DNS_PORT, encodeDns, RCODE_NONE, TYPE_A } from '@penstock/protocols/dns';
import { parseIpv4 } from '@penstock/protocols/ethernet';
import type { Datagrams } from '@penstock/simulator/kernel';
import type { DeviceContext, Part } from '../context.ts';
import { Every } from '../every.ts';

const EVERY = minutes(15);

class NameClient implements Part {
  readonly #context: DeviceContext;
  readonly #server: number;
  readonly #names: readonly string[];
  readonly #every: Every;
  readonly #socket: Datagrams;
  #next = 0;

  constructor(context: DeviceContext, server: string, names: readonly string[]) {
    this.#context = context;
    this.#server = parseIpv4(server);
    this.#names = names;
    this.#socket = context.host.udp(0, () => {});
    this.#every = new Every(context, EVERY, (now) => this.#ask(now));
  }

  start(): void {
    this.#every.start();
  }

  stop(): void {
    this.#every.stop();
  }

  #ask(_now: Instant): void {
    const name = this.#names[this.#next++ % this.#names.length] as string;
    const question = encodeDns({
      id: this.#context.random.below(0x1_0000),
      response: false,
      authoritative: false,
      truncated: false,
      recursionDesired: true,
      recursionAvailable: false,
      rcode: RCODE_NONE,
      questions: [{ name: `${name}.${this.#context.plant.network.domain}`, type: TYPE_A, class: CLASS_IN }],
      answers: [],
    });
    this.#socket.send(this.#server, DNS_PORT, question);
  }
}

export function nameClient(context: DeviceContext): Part | undefined {
  const { spec, plant } = context;
  const { dns, ntp, syslog } = plant.network;
  // Controllers are configured with addresses; hosts with an operating system use names.
  if (
    dns === undefined ||
    dns === spec.id ||
    spec.controller !== undefined ||
    spec.kind === 'firewall' ||
    !spec.infrastructure
  )
    return undefined;
  const names = [...spec.feeds.map((feed) => feed.device), ntp, syslog].filter(
    (id) => id !== undefined && id !== spec.id,
  );
  return names.length === 0
    ? undefined
    : new NameClient(context, context.device(dns).address, [...new Set(names)] as string[]);
}
