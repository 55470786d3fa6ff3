/** Where on this machine a gate listens. */
import { PenstockError } from '@penstock/core';
import { formatIpv4, parseIpv4 } from '@penstock/protocols/ethernet';

/** A service of a device that gets a gate. */
export interface GateService {
  /** Device id. */
  readonly device: string;
  /** Name of the protocol, for the table. */
  readonly service: string;
  /** Address on the plant's network. */
  readonly address: string;
  readonly port: number;
  /** TCP when left out. */
  readonly transport?: 'tcp' | 'udp';
  /** Of a service that is also asked by asking everybody on its network: that network's broadcast address. */
  readonly broadcast?: string | undefined;
}

export interface Place {
  readonly host: string;
  readonly port: number;
}

/** Added to a privileged port that this process may not bind. */
const UNPRIVILEGED = 10_000;
/** First port where the system has no loopback address but 127.0.0.1. */
const SHARED_FIRST = 20_000;

/** The loopback address of a plant address: 10.20.1.13 becomes 127.20.1.13. */
export const loopbackOf = (address: string): string =>
  formatIpv4(((parseIpv4(address) & 0x00ff_ffff) | 0x7f00_0000) >>> 0);

/**
 * Finds a place for the gate number `index`: see `GateOptions.addresses`, and the fallbacks in DESIGN.md.
 * @throws PenstockError `gate.taken`, `gate.bind`
 */
export async function gatePlace(
  service: GateService,
  index: number,
  addresses: 'own' | 'picked',
  listen: (host: string, port: number) => Promise<Place>,
): Promise<Place> {
  if (addresses === 'picked') return listen('127.0.0.1', 0);
  const own = loopbackOf(service.address);
  const orExplain = (host: string, port: number): Promise<Place> =>
    listen(host, port).catch((error: unknown) => {
      throw explain(error, service, host, port);
    });
  try {
    return await listen(own, service.port);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'EACCES' && service.port < 1024) return orExplain(own, service.port + UNPRIVILEGED);
    // Systems that know no loopback address but the first (macOS, BSD).
    if (code === 'EADDRNOTAVAIL') return orExplain('127.0.0.1', SHARED_FIRST + index);
    throw explain(error, service, own, service.port);
  }
}

function explain(error: unknown, service: GateService, host: string, port: number): PenstockError {
  const code = (error as NodeJS.ErrnoException).code ?? String(error);
  const what = `the gate of '${service.device}' (${service.service}) at ${host}:${port}`;
  return code === 'EADDRINUSE'
    ? new PenstockError(
        'gate.taken',
        `${what} is in use; another range of this plant may be running on this machine: stop it, or start this one without gates`,
        undefined,
        error,
      )
    : new PenstockError('gate.bind', `${what} could not be opened: ${code}`, undefined, error);
}
