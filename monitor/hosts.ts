/** Addresses on the wire as the owner's documents know them, and the work that is going on at a time. */
import { BoundedMap } from './bounded-map.ts';
import type { KnownZone, OwnerKnowledge, WorkOrder } from './knowledge.ts';

/** One address. Everything that only the owner can know is undefined where no document says it. */
export class Host {
  readonly address: string;
  /** Asset id, undefined for an address that is in no list. */
  readonly id: string | undefined;
  readonly name: string | undefined;
  readonly role: string | undefined;
  readonly kind: string | undefined;
  readonly criticality: string | undefined;
  readonly mac: string | undefined;
  /** SHA-256 of the program that it should run. */
  readonly program: string | undefined;
  /** Version that it should say of itself. */
  readonly revision: string | undefined;
  readonly zone: string | undefined;
  readonly level: number | undefined;
  /** Whether the asset list has it; undefined when there is no asset list. */
  readonly known: boolean | undefined;
  /** `plant` (in a zone of the plant), `private`, `local` (link-local, loopback, unspecified), `group` (multicast, broadcast) or `public`. */
  readonly scope: Scope;

  constructor(address: string, knowledge: OwnerKnowledge, zone: KnownZone | undefined) {
    const asset = knowledge.assets.find((a) => a.address === address);
    const home = asset === undefined ? zone : (knowledge.zones.find((z) => z.id === asset.zone) ?? zone);
    this.address = address;
    this.id = asset?.id;
    this.name = asset?.name;
    this.role = asset?.role;
    this.kind = asset?.kind;
    this.criticality = asset?.criticality;
    this.mac = asset?.mac?.toLowerCase();
    this.program = asset?.program;
    this.revision = asset?.revision;
    this.zone = home?.id;
    this.level = home?.level;
    this.known = knowledge.assets.length === 0 ? undefined : asset !== undefined;
    const scope = scopeOf(address);
    this.scope = home !== undefined && scope !== 'group' ? 'plant' : scope;
  }

  /** What alerts call it: the asset id, else the address. */
  get label(): string {
    return this.id ?? this.address;
  }

  /** The asset id with the address behind it; the address alone where there is no asset. */
  get full(): string {
    return this.id === undefined ? this.address : `${this.id} (${this.address})`;
  }
}

export type Scope = 'plant' | 'private' | 'local' | 'group' | 'public';

/** Special-purpose addresses (RFC 6890, RFC 5771, RFC 4291). */
const SPECIAL = (
  [
    ['10.0.0.0/8', 'private'],
    ['172.16.0.0/12', 'private'],
    ['192.168.0.0/16', 'private'],
    ['100.64.0.0/10', 'private'],
    ['fc00::/7', 'private'],
    ['0.0.0.0/8', 'local'],
    ['127.0.0.0/8', 'local'],
    ['169.254.0.0/16', 'local'],
    ['fe80::/10', 'local'],
    ['::/127', 'local'],
    ['224.0.0.0/4', 'group'],
    ['255.255.255.255/32', 'group'],
    ['ff00::/8', 'group'],
  ] as const
).map(([subnet, scope]) => ({ scope, contains: cidrTest(subnet) as (address: string) => boolean }));

function scopeOf(address: string): Scope {
  return SPECIAL.find(({ contains }) => contains(address))?.scope ?? 'public';
}

/** As many addresses are remembered; a scan with forged sources cannot fill the memory. */
const MAX_HOSTS = 16_384;

export class Hosts {
  readonly knowledge: OwnerKnowledge;
  readonly #hosts = new BoundedMap<string, Host>(MAX_HOSTS);
  readonly #zones: { readonly zone: KnownZone; readonly contains: (address: string) => boolean }[];
  readonly #assetIds: ReadonlyMap<string, string>;

  constructor(knowledge: OwnerKnowledge) {
    this.knowledge = knowledge;
    this.#zones = knowledge.zones.map((zone) => ({ zone, contains: cidrTest(zone.subnet) as (a: string) => boolean }));
    this.#assetIds = new Map(knowledge.assets.map((a) => [a.id, a.address]));
  }

  at(address: string): Host {
    const found = this.#hosts.get(address);
    if (found !== undefined) return found;
    const zone = this.#zones.find(({ contains }) => contains(address))?.zone;
    const host = new Host(address, this.knowledge, zone);
    this.#hosts.set(address, host);
    return host;
  }

  /** Address of an asset id; an address stays itself. */
  addressOf(party: string): string {
    return this.#assetIds.get(party) ?? party;
  }
}

interface Window {
  readonly from: number;
  readonly to: number;
  readonly order: WorkOrder;
  readonly devices: ReadonlySet<string>;
  readonly by: ReadonlySet<string> | undefined;
}

/** The work-order calendar on event time. */
export class Calendar {
  /** Rises whenever an order begins or ends, so that whoever cached a judgement knows it is stale. */
  epoch = 0;
  readonly #windows: readonly Window[];
  readonly #edges: readonly number[];
  #active: readonly Window[] = [];
  #next = 0;
  /** The next time at which something changes. Time before it needs no call of `advance`. */
  nextEdge: number;

  constructor(hosts: Hosts) {
    this.#windows = hosts.knowledge.workOrders.map((order) => ({
      from: Date.parse(order.from) * 1000,
      to: Date.parse(order.to) * 1000,
      order,
      devices: new Set(order.devices.map((d) => hosts.addressOf(d))),
      by: order.by === undefined ? undefined : new Set(order.by.map((d) => hosts.addressOf(d))),
    }));
    this.#edges = [...new Set(this.#windows.flatMap(({ from, to }) => [from, to]))].sort((a, b) => a - b);
    this.nextEdge = this.#edges[0] ?? Number.POSITIVE_INFINITY;
  }

  /** Moves to `time` (microseconds since 1970). Captures may step back a little; the calendar does not. */
  advance(time: number): void {
    if (time < this.nextEdge) return;
    while (this.#next < this.#edges.length && (this.#edges[this.#next] as number) <= time) this.#next++;
    this.nextEdge = this.#edges[this.#next] ?? Number.POSITIVE_INFINITY;
    this.#active = this.#windows.filter(({ from, to }) => from <= time && time < to);
    this.epoch++;
  }

  /** The order under way on `device` (an address) that allows work from `source`. */
  order(device: string, source: string): WorkOrder | undefined {
    for (const window of this.#active)
      if (window.devices.has(device) && (window.by === undefined || window.by.has(source))) return window.order;
    return undefined;
  }

  /** Whether work on `device` (an address) that had begun by `time` brought the program with this hash. */
  brought(device: string, program: string, time: number): boolean {
    return this.#windows.some(
      ({ from, devices, order }) => from <= time && devices.has(device) && order.programs?.includes(program) === true,
    );
  }

  /** The order under way on `device` (an address), whoever works there. */
  workOn(device: string): WorkOrder | undefined {
    for (const window of this.#active) if (window.devices.has(device)) return window.order;
    return undefined;
  }

  /**
   * What the calendar says of a conversation that has stopped: `ends` for a visitor's or an engineer's own work, which ends by itself;
   * `pauses` while one of the two hosts is worked on; undefined when nothing explains it.
   */
  explains(device: string, source: string): 'ends' | 'pauses' | undefined {
    for (const { devices, by } of this.#active) {
      if (by?.has(source) && devices.has(device)) return 'ends';
      if (devices.has(device) || devices.has(source)) return 'pauses';
    }
    return undefined;
  }

  /** Whether the calendar says that nothing is under way, that something is, or (no calendar) nothing at all. */
  maintenance(device: string): boolean | undefined {
    if (this.#windows.length === 0) return undefined;
    return this.#active.some(({ order, devices }) => order.kind === 'maintenance' && devices.has(device));
  }
}

/** A test whether an address lies in a subnet (RFC 4632, RFC 4291); undefined when the text is no subnet. */
export function cidrTest(subnet: string): ((address: string) => boolean) | undefined {
  const [network, bits, extra] = subnet.split('/') as [string, string | undefined, string | undefined];
  const base = addressBits(network);
  if (base === undefined || extra !== undefined) return undefined;
  const width = network.includes(':') ? 128 : 32;
  const prefix = bits === undefined ? width : /^\d{1,3}$/.test(bits) ? Number(bits) : -1;
  if (prefix < 0 || prefix > width) return undefined;
  const shift = BigInt(width - prefix);
  const wanted = base >> shift;
  const isV6 = width === 128;
  return (address) => {
    if (address.includes(':') !== isV6) return false;
    const value = addressBits(address);
    return value !== undefined && value >> shift === wanted;
  };
}

function addressBits(address: string): bigint | undefined {
  if (!address.includes(':')) {
    const parts = address.split('.');
    if (parts.length !== 4 || parts.some((p) => !/^\d{1,3}$/.test(p) || Number(p) > 255)) return undefined;
    return parts.reduce((sum, part) => (sum << 8n) | BigInt(part), 0n);
  }
  const halves = address.split('::');
  if (halves.length > 2) return undefined;
  const groups = halves.map((half) => (half === '' ? [] : half.split(':')));
  const given = groups.flat();
  if (given.some((group) => !/^[0-9a-fA-F]{1,4}$/.test(group))) return undefined;
  const missing = 8 - given.length;
  if (halves.length === 2 ? missing < 0 : missing !== 0) return undefined;
  const all =
    halves.length === 2
      ? [...(groups[0] as string[]), ...Array<string>(missing).fill('0'), ...(groups[1] as string[])]
      : given;
  return all.reduce((sum, group) => (sum << 16n) | BigInt(Number.parseInt(group, 16)), 0n);
}
