/** Asks the plant's time server as NTP clients do; the answer keeps the traffic honest, the simulated clocks agree anyway. */
import { type Duration, type Instant, seconds } from '@penstock/core';
import { parseIpv4 } from '@penstock/protocols/ethernet';
import { askNtp, encodeNtp, NTP_PORT } from '@penstock/protocols/ntp';
import type { Datagrams } from '@penstock/simulator/kernel';
import type { DeviceContext, Part } from '../context.ts';
import { Every } from '../every.ts';

const EVERY = seconds(64);

class TimeClient implements Part {
  readonly #context: DeviceContext;
  readonly #server: number;
  readonly #every: Every;
  readonly #socket: Datagrams;

  constructor(context: DeviceContext, server: string, every: Duration) {
    this.#context = context;
    this.#server = parseIpv4(server);
    // RFC 5905 lets a client send from the well-known port, as daemons do.
    this.#socket = context.host.udp(NTP_PORT, (_, __, ___, address) => {
      if (address === this.#server) context.clock.synchronised();
    });
    this.#every = new Every(context, every, (now) => this.#ask(now));
  }

  start(): void {
    this.#every.start();
  }

  stop(): void {
    this.#every.stop();
  }

  #ask(now: Instant): void {
    this.#socket.send(this.#server, NTP_PORT, encodeNtp(askNtp(this.#context.epoch + now)));
  }
}

export function timeClient(context: DeviceContext): Part | undefined {
  const { ntp, ntpEvery } = context.plant.network;
  if (ntp === undefined || ntp === context.spec.id || context.spec.kind === 'firewall' || !context.spec.infrastructure)
    return undefined;
  // An outstation whose masters set its clock has no other source of time.
  if (context.spec.services.some((service) => service.protocol === 'dnp3' && service.needsTime !== undefined))
    return undefined;
  return new TimeClient(context, context.device(ntp).address, ntpEvery ?? EVERY);
}
