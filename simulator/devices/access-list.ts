/** A device's access control list: who may connect to a service, and who may write through it. What it refuses is logged, seldom. */
import { formatIpv4, parseIpv4 } from '@penstock/protocols/ethernet';
import type { DeviceContext } from './context.ts';
import { Seldom } from './seldom.ts';

interface Listed {
  readonly port: number;
  readonly allow?: readonly string[] | undefined;
  readonly writers?: readonly string[] | undefined;
}

export class AccessList {
  readonly #context: DeviceContext;
  readonly #port: number;
  readonly #allowed: ReadonlySet<number> | undefined;
  readonly #writers: ReadonlySet<number> | undefined;
  readonly #seldom = new Seldom();

  constructor(context: DeviceContext, service: Listed) {
    const addresses = (ids: readonly string[] | undefined) =>
      ids && new Set(ids.map((id) => parseIpv4(context.device(id).address)));
    this.#context = context;
    this.#port = service.port;
    this.#allowed = addresses(service.allow);
    this.#writers = addresses(service.writers);
  }

  /** Whether somebody may connect; who may not is logged. */
  admits(address: number): boolean {
    // What comes from the device itself, as a probe of its health does, is on no network.
    if (this.#context.host.owns(address)) return true;
    if (this.#allowed?.has(address) !== false) return true;
    const source = formatIpv4(address);
    this.denied(source, 'connection', `connection from ${source} refused`);
    return false;
  }

  mayWrite(address: number): boolean {
    return this.#writers?.has(address) !== false;
  }

  denied(source: string, what: 'connection' | 'write', text: string): void {
    const { queue } = this.#context;
    if (!this.#seldom.tells(`${what} ${source}`, queue.now)) return;
    this.#context.log({
      severity: 4,
      id: 'access-denied',
      text: `${text}: not on the access control list`,
      parameters: { src: source, dport: String(this.#port), what },
    });
  }
}
