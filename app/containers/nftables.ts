/**
 * What the firewall between containers lets through, as text for `nft -f -`: the conduits of a plant, judged as the firewall on the wire in
 * memory judges (`simulator/kernel/firewall.ts`), with the same words for what is dropped. A connection carries its conduit's number as its mark, so that a
 * conduit which is revoked takes its standing connections with it, and a diode knows its own.
 */
import { type AllowLine, type ConduitSpec, PenstockError, type PlantSpec } from '@penstock/core';
import type { DropReason } from '@penstock/simulator/kernel';
import type { Layout } from './layout.ts';

/** Netlink group on which the kernel hands out what was dropped; the prefix is the reason. */
export const DROP_GROUP = 47;
/** The reasons that these rules tell. Fragments are put together before they are judged; the table of connections is the kernel's. */
const REASONS = ['no-rule', 'no-state', 'diode', 'spoofed', 'no-route', 'expired'] satisfies DropReason[];

/**
 * The whole ruleset. It takes the place of the one before in one transaction: no packet passes between the two, and standing connections
 * go on. `plant` is the plant as its options make it (`plantWithOptions`).
 * @throws PenstockError `firewall.conduit` for a revoked conduit that the plant does not have, `firewall.device` for a device in a conduit
 *   that it does not have
 */
export function rulesetOf(plant: PlantSpec, layout: Layout, revoked: ReadonlySet<string> = new Set()): string {
  const conduits = plant.conduits.map(({ id }) => id);
  for (const id of revoked)
    if (!conduits.includes(id))
      throw new PenstockError(
        'firewall.conduit',
        `plant '${plant.id}' has no conduit '${id}'; it has ${conduits.join(', ') || 'none'}`,
      );
  const open = plant.conduits.flatMap((conduit, i) => (revoked.has(conduit.id) ? [] : [{ conduit, mark: i + 1 }]));
  const diodes = plant.conduits.flatMap((conduit, i) => (conduit.diode ? [i + 1] : []));
  const zones = list(layout.zones.map(({ subnet }) => subnet));
  const management = layout.management.subnet;
  return `# ${plant.name}: what may pass between its zones
table inet penstock
delete table inet penstock
table inet penstock {
  # Conduits in force, and those that data passes one way only, by mark.
  set open { type mark; ${elements(open.map(({ mark }) => mark))}}
  set diodes { type mark; ${elements(diodes)}}

${REASONS.map(refusal).join('\n')}

  # Before any connection is looked up: what cannot be right whatever the conduits say. The management network is no way to anywhere.
  chain arrives {
    type filter hook prerouting priority raw; policy accept;
    meta nfproto ipv6 drop
    iif lo accept
    ip saddr ${management} fib daddr type local accept
    ip saddr ${management} drop
    fib saddr . iif oif missing goto spoofed
    fib daddr type { local, broadcast, multicast } accept
    ip daddr != ${zones} goto no-route
    ip ttl < 2 goto expired
  }

  chain forward {
    type filter hook forward priority filter; policy drop;
    ct direction reply ct mark @diodes goto diode
    ct state established,related ct mark @open accept
    ct state != new goto no-state
    tcp flags & (fin | syn | rst | ack) != syn goto no-state
    icmp type != echo-request goto no-state
${open.flatMap(({ conduit, mark }) => conduitRules(plant, conduit, mark)).join('\n')}
    goto no-rule
  }

  # The firewall itself answers a ping, as it does on the wire in memory, and what it asked for; nothing else is for it.
  chain input {
    type filter hook input priority filter; policy drop;
    iif lo accept
    ct state established,related accept
    ip daddr ${list(layout.zones.map(({ gateway }) => gateway))} icmp type echo-request accept
  }

  # It speaks to the plant (logs, time) and to the range, and to nobody else. Whom it does not reach it tells nobody, as on the wire in memory.
  chain output {
    type filter hook output priority filter; policy drop;
    oif lo accept
    icmp type != { echo-reply, echo-request } drop
    ip daddr ${list([...layout.zones.map(({ subnet }) => subnet), management])} accept
  }
}
`;
}

/** Told at most so often: a flood must not cost more than the packets it is made of. All are counted. */
const refusal = (reason: string): string => `  chain ${reason} {
    counter
    limit rate 500/second burst 1000 packets log prefix "${reason}" group ${DROP_GROUP} queue-threshold 1
    drop
  }`;

function conduitRules(plant: PlantSpec, conduit: ConduitSpec, mark: number): string[] {
  const addresses = (devices: readonly string[]): string =>
    list(devices.map((device) => addressOf(plant, conduit.id, device)));
  return [
    `    # ${conduit.id}, ${conduit.from} to ${conduit.to}${conduit.diode ? ', one way' : ''}`,
    ...conduit.allow.map(
      (line) =>
        `    ip saddr ${addresses(line.from)} ip daddr ${addresses(line.to)} ${matchOf(line)} ct mark set ${mark} accept`,
    ),
  ];
}

function matchOf({ transport, port }: AllowLine): string {
  if (transport === 'icmp') return 'icmp type echo-request';
  return port === undefined ? `meta l4proto ${transport}` : `${transport} dport ${port}`;
}

function addressOf(plant: PlantSpec, conduit: string, id: string): string {
  const device = plant.devices.find((one) => one.id === id);
  if (device === undefined)
    throw new PenstockError(
      'firewall.device',
      `conduit '${conduit}' names device '${id}', which plant '${plant.id}' does not have`,
    );
  return device.address;
}

const list = (items: readonly string[]): string =>
  items.length === 1 ? (items[0] as string) : `{ ${items.join(', ')} }`;

const elements = (marks: readonly number[]): string =>
  marks.length === 0 ? '' : `elements = { ${marks.join(', ')} } `;
