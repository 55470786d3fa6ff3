/** IPv4 addresses and the ways between devices, as a plant's zones and conduits have them. */
import type { ConduitSpec, DeviceSpec, PlantSpec } from './plant.ts';

/** A dotted address as an unsigned 32-bit number. */
export function addressOf(dotted: string): number {
  return dotted.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
}

/** An unsigned 32-bit number as a dotted address. */
export const dottedOf = (address: number): string => [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join('.');

export interface Subnet {
  readonly text: string;
  /** The address as written; equal to `first` when no host bits are set. */
  readonly base: number;
  /** Network and broadcast address. */
  readonly first: number;
  readonly last: number;
}

/** A subnet from CIDR text such as `10.20.2.0/24`. */
export function subnetOf(text: string): Subnet {
  const [dotted, bits] = text.split('/') as [string, string];
  const size = 2 ** (32 - Number(bits));
  const base = addressOf(dotted);
  const first = base - (base % size);
  return { text, base, first, last: first + size - 1 };
}

/**
 * Whether `from` may open `transport` to `port` of `to`: always inside a zone, otherwise when a conduit between the two
 * zones allows it. Ports and transports that a conduit leaves open count as allowed.
 */
export function mayReach(
  plant: PlantSpec,
  from: DeviceSpec,
  to: DeviceSpec,
  transport: 'tcp' | 'udp' | 'icmp',
  port: number | undefined,
): boolean {
  if (from.zone === to.zone) return true;
  return plant.conduits.some(
    (conduit) =>
      joins(conduit, from.zone, to.zone) &&
      conduit.allow.some(
        (allow) =>
          allow.transport === transport &&
          (allow.port === undefined || port === undefined || allow.port === port) &&
          allow.from.includes(from.id) &&
          allow.to.includes(to.id),
      ),
  );
}

function joins(conduit: ConduitSpec, from: string, to: string): boolean {
  if (conduit.from === from && conduit.to === to) return true;
  return !conduit.diode && conduit.from === to && conduit.to === from;
}
