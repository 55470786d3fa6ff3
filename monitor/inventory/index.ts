/** Every device that speaks: who it is, what it offers, with whom it talks, and what speaks for the role that it seems to have. */
import type { ProtocolEvent } from '@penstock/core';
import type { DiscoveryEvent, PropertyEvent } from '@penstock/protocols/bacnet';
import type { AttributeEvent, Dnp3Event } from '@penstock/protocols/dnp3';
import type { S7IdentityEvent } from '@penstock/protocols/s7comm';
import type { Host, Hosts } from '../hosts.ts';
import { Rhythm } from '../rhythm.ts';
import type { FlowView } from '../subject.ts';
import { modbusFunction, type Table, type WatchedRange } from '../watch/modbus-functions.ts';
import { pointTables } from '../watch/points.ts';
import { bacnetIdentity, bacnetIntroduction } from './bacnet.ts';
import { Dnp3Stations, identityName } from './dnp3.ts';
import { vendorOf } from './oui.ts';
import type { InventoryRecord } from './record.ts';
import { guessRole, type Observation } from './roles.ts';

/** What a device asks of another: one function on one block of addresses. */
export interface AccessReport {
  /** Asset id of the other, its address where it has none. */
  readonly device: string;
  readonly address: string;
  /** Modbus unit id. */
  readonly station: number;
  readonly function: string;
  readonly table: Table | null;
  readonly from: number | null;
  readonly to: number | null;
  /** Tags at those addresses, from the point list. */
  readonly tags: readonly string[];
  readonly count: number;
  readonly refused: number;
  /** Mean interval in seconds; null for what happened once. */
  readonly every: number | null;
}

export interface DeviceReport {
  readonly address: string;
  /** From the asset list; null for a device that is in none. */
  readonly id: string | null;
  readonly known: boolean | null;
  readonly name: string | null;
  /** Kind and role by the asset list; `role` is the guess. */
  readonly kind: string | null;
  readonly listedRole: string | null;
  readonly criticality: string | null;
  readonly zone: string | null;
  /** Other addresses at its network card. */
  readonly otherAddresses: readonly string[];
  readonly macs: readonly string[];
  readonly macVendor: string | null;
  /** What it says of itself (Modbus 43/14, DNP3 group 0, S7 status lists). */
  readonly identity: Readonly<Record<string, string>>;
  readonly vendor: string | null;
  readonly model: string | null;
  readonly revision: string | null;
  /** A guess from its traffic, and what it rests on. */
  readonly role: string;
  readonly evidence: readonly string[];
  /** How sure the guess is, 0 to 1, and what each observation counts for. */
  readonly confidence: number;
  readonly observations: readonly Observation[];
  readonly services: readonly { readonly transport: string; readonly port: number; readonly protocol: string | null }[];
  /** Users and masked passwords, or communities, with which somebody got in; `(delivered so)` where equipment is delivered with them. */
  readonly logons: readonly string[];
  /** `client ID`, `edge node GROUP/NODE`, `host ID`: what it is to an MQTT broker. */
  readonly messaging: readonly string[];
  /** `outstation 12`, `master 1`: link addresses under which it speaks DNP3. */
  readonly linkAddresses: readonly string[];
  readonly clientOf: readonly string[];
  readonly serverOf: readonly string[];
  readonly functions: readonly string[];
  readonly reads: readonly AccessReport[];
  readonly writes: readonly AccessReport[];
  /** Seconds since the start. */
  readonly firstSeen: number;
  readonly lastSeen: number;
  /** The same as days and times in UTC. */
  readonly firstSeenAt: string;
  readonly lastSeenAt: string;
}

interface Access {
  readonly peer: Host;
  readonly station: number;
  readonly func: string;
  readonly range: WatchedRange | undefined;
  readonly rhythm: Rhythm;
  refused: number;
}

const MAX_DEVICES = 16_384;
const MAX_PEERS = 256;
const MAX_SERVICES = 256;
const MAX_MACS = 16;
/** Kinds of requests that are followed of one device, and of all. */
const MAX_ACCESSES_PER_DEVICE = 1024;
const MAX_ACCESSES = 65_536;

export class Device {
  readonly host: Host;
  readonly firstSeen: number;
  lastSeen: number;
  /** It has sent something itself; a scanned address that never answers is no device. */
  spoke = false;
  readonly macs: string[] = [];
  readonly identity = new Map<string, string>();
  readonly services = new Map<string, { transport: string; port: number; protocol: string | undefined }>();
  readonly modbusServers = new Set<string>();
  readonly modbusClients = new Set<string>();
  readonly dnp3 = new Dnp3Stations();
  readonly messaging = new Set<string>();
  readonly logons = new Set<string>();
  /** Modbus functions that it used as a client, and that it answered as a server. */
  readonly asked = new Set<string>();
  readonly answered = new Set<string>();
  /** Hosts that it spoke to, and those of them that answered. */
  readonly peers = new Set<string>();
  readonly answeredBy = new Set<string>();
  readonly accesses = new Map<string, Access>();
  /** Addresses whose packets came from its network card, its own not counted; made for the report. */
  forwards = 0;

  constructor(host: Host, time: number) {
    this.host = host;
    this.firstSeen = time;
    this.lastSeen = time;
  }
}

export class Inventory {
  /** Devices that were not taken in. */
  dropped = 0;
  readonly #devices = new Map<string, Device>();
  readonly #hosts: Hosts;
  /** By network card: addresses whose packets it sent. */
  readonly #senders = new Map<string, Set<string>>();
  #accesses = 0;

  constructor(hosts: Hosts) {
    this.#hosts = hosts;
  }

  get size(): number {
    return this.#devices.size;
  }

  /** The device at an address; undefined for none (broadcast, multicast) or when there are too many. */
  at(address: string, time: number): Device | undefined {
    let device = this.#devices.get(address);
    if (device === undefined) {
      if (!isUnicast(address)) return undefined;
      if (this.#devices.size >= MAX_DEVICES) {
        this.dropped++;
        return undefined;
      }
      device = new Device(this.#hosts.at(address), time);
      this.#devices.set(address, device);
    }
    if (time > device.lastSeen) device.lastSeen = time;
    return device;
  }

  /** A conversation began. */
  opened(flow: FlowView, time: number): void {
    const client = this.at(flow.originatorAddress, time);
    const server = this.at(flow.responderAddress, time);
    if (client === undefined) return;
    client.spoke = true;
    this.#sent(flow, client.host.address);
    if (server !== undefined && client.peers.size < MAX_PEERS) client.peers.add(server.host.address);
  }

  #sent({ transport, originatorMac }: FlowView, address: string): void {
    if (originatorMac === undefined || transport === 'arp') return;
    let addresses = this.#senders.get(originatorMac);
    if (addresses === undefined) {
      if (this.#senders.size >= MAX_DEVICES) return;
      addresses = new Set();
      this.#senders.set(originatorMac, addresses);
    }
    if (addresses.size < MAX_PEERS) addresses.add(address);
  }

  /** A server answered on a conversation. */
  answered(flow: FlowView, time: number): void {
    const server = this.at(flow.responderAddress, time);
    if (server === undefined) return;
    server.spoke = true;
    const client = this.#devices.get(flow.originatorAddress);
    if (client !== undefined && client.answeredBy.size < MAX_PEERS) client.answeredBy.add(server.host.address);
    const { transport, responderPort: port, service } = flow;
    if (transport !== 'tcp' && transport !== 'udp') return;
    const key = `${transport}/${port}`;
    const known = server.services.get(key);
    if (known !== undefined) known.protocol ??= service;
    else if (server.services.size < MAX_SERVICES) server.services.set(key, { transport, port, protocol: service });
  }

  /** A kind of Modbus request that this flow had not carried before. */
  modbus(flow: FlowView, func: string, wasAnswered: boolean, time: number): void {
    const client = this.at(flow.originatorAddress, time);
    const server = this.at(flow.responderAddress, time);
    if (client !== undefined) {
      client.asked.add(func);
      if (server !== undefined && client.modbusServers.size < MAX_PEERS) client.modbusServers.add(server.host.address);
    }
    if (server === undefined || !wasAnswered) return;
    server.answered.add(func);
    if (client !== undefined && server.modbusClients.size < MAX_PEERS) server.modbusClients.add(client.host.address);
    this.answered(flow, time);
  }

  /** What a client asked of a server, as often as `rhythm` says since it was told last. */
  accessed(
    flow: FlowView,
    station: number,
    func: string,
    range: WatchedRange | undefined,
    isRefused: boolean,
    rhythm: Rhythm,
  ): void {
    const client = this.at(flow.originatorAddress, rhythm.last);
    const server = this.at(flow.responderAddress, rhythm.last);
    if (client === undefined || server === undefined) return;
    const peer = server.host;
    const key = `${peer.address}|${station}|${func}|${range?.table}|${range?.address}|${range?.quantity}`;
    let access = client.accesses.get(key);
    if (access === undefined) {
      if (this.#accesses >= MAX_ACCESSES || client.accesses.size >= MAX_ACCESSES_PER_DEVICE) {
        this.dropped++;
        return;
      }
      this.#accesses++;
      access = { peer, station, func, range, rhythm: new Rhythm(), refused: 0 };
      client.accesses.set(key, access);
    }
    access.rhythm.absorb(rhythm);
    if (isRefused) access.refused += rhythm.count;
  }

  /** One object of a device's answer to FC 43/14 (ICSNPP's columns). */
  identified(event: ProtocolEvent, flow: FlowView): void {
    const { object_id: object, object_value: value } = event as { object_id?: unknown; object_value?: unknown };
    if (typeof object !== 'string' || typeof value !== 'string' || value === '') return;
    const server = this.at(flow.responderAddress, event.time);
    if (server !== undefined && server.identity.size < 32)
      server.identity.set(object.slice(0, 64), value.slice(0, 256));
  }

  /** Master and outstation of one exchange, with their link addresses. */
  dnp3(event: Dnp3Event, flow: FlowView): void {
    const [first, second] = [flow.originatorAddress, flow.responderAddress];
    const master = this.at(event.master_is_orig ? first : second, event.time);
    const outstation = this.at(event.master_is_orig ? second : first, event.time);
    if (event.fc_request !== undefined) master?.dnp3.asked(event, outstation?.host.address);
    if (event.fc_reply === undefined) return;
    outstation?.dnp3.answered(event, master?.host.address);
    if (event.master_is_orig) this.answered(flow, event.time);
  }

  /** One attribute that an outstation tells of itself. */
  attributed(event: AttributeEvent, flow: FlowView): void {
    const name = identityName(event);
    if (name === undefined) return;
    const device = this.at(event.is_orig ? flow.originatorAddress : flow.responderAddress, event.time);
    if (device !== undefined && device.identity.size < 32) device.identity.set(name, event.value.slice(0, 256));
  }

  /** What a client says that it is to an MQTT broker. */
  messages(flow: FlowView, what: string, time: number): void {
    const device = this.at(flow.originatorAddress, time);
    if (device !== undefined && device.messaging.size < 64) device.messaging.add(what.slice(0, 128));
  }

  /** One name that a controller gives itself in its status lists, or an OPC UA application in its description. */
  named({ object, value, is_orig, time }: Omit<S7IdentityEvent, 'name'>, flow: FlowView): void {
    const device = this.at(is_orig ? flow.originatorAddress : flow.responderAddress, time);
    if (device !== undefined && device.identity.size < 32) device.identity.set(object, value.slice(0, 256));
  }

  /** A BACnet device says who it is. */
  introduced(event: DiscoveryEvent, flow: FlowView): void {
    for (const [name, value] of bacnetIntroduction(event)) this.#says(event, flow, name, value);
  }

  /** A property of a BACnet device's own object that was read. */
  described(event: PropertyEvent, flow: FlowView): void {
    const told = bacnetIdentity(event);
    if (told !== undefined) this.#says(event, flow, told[0], told[1]);
  }

  #says({ is_orig, time }: { is_orig: boolean; time: number }, flow: FlowView, name: string, value: string): void {
    const device = this.at(is_orig ? flow.originatorAddress : flow.responderAddress, time);
    if (device !== undefined && (device.identity.size < 32 || device.identity.has(name)))
      device.identity.set(name, value.slice(0, 256));
  }

  /** What a server says of itself in words of its own: a page's title, a banner, sysDescr. */
  banner(flow: FlowView, object: string, value: string, time: number): void {
    const server = this.at(flow.responderAddress, time);
    if (server !== undefined && value !== '' && (server.identity.size < 32 || server.identity.has(object)))
      server.identity.set(object, value.slice(0, 256));
  }

  /** Somebody got in, with what `logon` says. */
  loggedOn(flow: FlowView, logon: string, time: number): void {
    const server = this.at(flow.responderAddress, time);
    if (server !== undefined && server.logons.size < 32) server.logons.add(logon.slice(0, 128));
  }

  /**
   * An address is at a MAC address, as ARP says or a frame shows.
   * @returns the MAC address that it had before, if it moved
   */
  located(address: string, mac: string, time: number): string | undefined {
    if (address === '0.0.0.0' || mac === 'ff:ff:ff:ff:ff:ff' || mac === '00:00:00:00:00:00') return undefined;
    const device = this.at(address, time);
    if (device === undefined) return undefined;
    const before = device.macs.at(-1);
    if (before === mac) return undefined;
    const old = device.macs.indexOf(mac);
    if (old >= 0) device.macs.splice(old, 1);
    else if (device.macs.length >= MAX_MACS) device.macs.shift();
    device.macs.push(mac);
    return before;
  }

  /** Addresses other than its own whose packets came from the device's network card. */
  #forwarded({ host, macs }: Device): number {
    const addresses = this.#senders.get(macs.at(-1) ?? '');
    return addresses === undefined ? 0 : addresses.size - (addresses.has(host.address) ? 1 : 0);
  }

  /** All devices that have spoken, in the order of their addresses. @param seconds turns event time into seconds since the start */
  report(seconds: (time: number) => number): DeviceReport[] {
    const devices = [...this.#devices.values()].filter((device) => device.spoke);
    const cards = new Map<string, string[]>();
    for (const { host, macs } of devices) {
      const mac = macs.at(-1);
      if (mac !== undefined) cards.set(mac, [...(cards.get(mac) ?? []), host.address]);
    }
    for (const device of devices) device.forwards = this.#forwarded(device);
    const tagsOf = tagFinder(this.#hosts);
    return devices
      .sort((a, b) => compareAddresses(a.host.address, b.host.address))
      .map((device) => {
        const { role, confidence, observations } = guessRole(device);
        const { host, identity } = device;
        const accesses = [...device.accesses.values()].map((access) => accessReport(access, tagsOf)).sort(byAccess);
        return {
          address: host.address,
          id: host.id ?? null,
          known: host.known ?? null,
          name: host.name ?? null,
          kind: host.kind ?? null,
          listedRole: host.role ?? null,
          criticality: host.criticality ?? null,
          zone: host.zone ?? null,
          otherAddresses: (cards.get(device.macs.at(-1) ?? '') ?? [])
            .filter((address) => address !== host.address)
            .sort(compareAddresses),
          macs: [...device.macs],
          macVendor: device.macs.map(vendorOf).find((vendor) => vendor !== undefined) ?? null,
          identity: Object.fromEntries([...identity].sort(([a], [b]) => (a < b ? -1 : 1))),
          vendor: identity.get('VendorName') ?? null,
          model: identity.get('ModelName') ?? identity.get('ProductName') ?? identity.get('ProductCode') ?? null,
          revision: identity.get('MajorMinorVersion') ?? null,
          role,
          evidence: observations.map(({ what }) => what),
          confidence,
          observations,
          services: [...device.services.values()]
            .sort((a, b) => a.port - b.port || (a.transport < b.transport ? -1 : 1))
            .map(({ transport, port, protocol }) => ({ transport, port, protocol: protocol ?? null })),
          logons: [...device.logons].sort(),
          messaging: [...device.messaging].sort(),
          linkAddresses: device.dnp3.linkAddresses(),
          clientOf: [...device.modbusServers.union(device.dnp3.outstations)].sort(compareAddresses),
          serverOf: [...device.modbusClients.union(device.dnp3.masters)].sort(compareAddresses),
          functions: [...device.asked.union(device.answered).union(device.dnp3.functions)].sort(),
          reads: accesses.filter((access) => !changes(access.function)),
          writes: accesses.filter((access) => changes(access.function)),
          firstSeen: seconds(device.firstSeen),
          lastSeen: seconds(device.lastSeen),
          firstSeenAt: dateOf(device.firstSeen),
          lastSeenAt: dateOf(device.lastSeen),
        };
      });
  }
}

/** Whether a function writes, by its name in Modbus or S7. */
const changes = (name: string): boolean => modbusFunction(name).kind === 'write' || name === 'Write Variable';

/** Microseconds since 1970 as a day and time; what no calendar has (a damaged capture) as the first or last that it has. */
function dateOf(time: number): string {
  return new Date(Math.min(Math.max(time / 1e3, -8.64e15), 8.64e15)).toISOString();
}

type TagFinder = (address: string, station: number, range: WatchedRange) => string[];

/** Looks up in the owner's point list; registers beyond what one request may touch are not gone through. */
function tagFinder(hosts: Hosts): TagFinder {
  const tables = pointTables(hosts);
  return (address, station, range) => {
    const table = tables.get(address);
    const tags = new Set<string>();
    for (let i = 0; table !== undefined && i < Math.min(range.quantity, 2000); i++) {
      const point = table.at(range.table, range.address + i, station);
      if (point !== undefined) tags.add(point.tag.id);
    }
    return [...tags];
  };
}

function accessReport({ peer, station, func, range, rhythm, refused }: Access, tagsOf: TagFinder): AccessReport {
  const { every } = rhythm;
  return {
    device: peer.label,
    address: peer.address,
    station,
    function: func,
    table: range?.table ?? null,
    from: range?.address ?? null,
    to: range === undefined ? null : range.address + range.quantity - 1,
    tags: range === undefined ? [] : tagsOf(peer.address, station, range),
    count: rhythm.count,
    refused,
    every: every === undefined ? null : Math.round(every * 1e3) / 1e3,
  };
}

const byAccess = (a: AccessReport, b: AccessReport): number =>
  compareAddresses(a.address, b.address) ||
  a.station - b.station ||
  (a.function < b.function ? -1 : a.function > b.function ? 1 : (a.from ?? 0) - (b.from ?? 0));

/** One line: `dosing-plc holding 10-11 AIC401, every 1 s (READ_HOLDING_REGISTERS, 1800 times)`. */
export function accessText(access: AccessReport): string {
  const { device, table, from, to, tags, count, every, refused } = access;
  // Places in the table of S7 memory say nothing to people; the tags do.
  const block = table === null || table === 's7' ? '' : ` ${table} ${from === to ? from : `${from}-${to}`}`;
  const names = tags.length === 0 ? '' : ` ${tags.slice(0, 8).join(' ')}${tags.length > 8 ? ' …' : ''}`;
  const often = every === null ? '' : `, every ${every} s`;
  const no = refused === 0 ? '' : `, ${refused} refused`;
  return `${device}${block}${names}${often} (${access.function}, ${count} times${no})`;
}

/** A device as it stands in files. */
export function recordOf(device: DeviceReport): InventoryRecord {
  const { address, id, name, kind, listedRole, zone, criticality, macVendor, vendor, model, revision, known } = device;
  const given = { id, name, kind, role: listedRole, zone, criticality, macVendor, vendor, revision };
  return {
    address,
    ...(Object.fromEntries(Object.entries(given).filter(([, value]) => value !== null)) as Partial<InventoryRecord>),
    ...(device.identity.ProductCode !== undefined && { productCode: device.identity.ProductCode }),
    ...(model !== null && { model }),
    macs: [...device.macs],
    otherAddresses: [...device.otherAddresses],
    services: device.services.map(({ transport, port, protocol }) =>
      protocol === null ? `${transport}/${port}` : `${transport}/${port} ${protocol}`,
    ),
    linkAddresses: [...device.linkAddresses],
    guessedRole: device.role,
    confidence: device.confidence,
    evidence: [...device.evidence],
    reads: device.reads.map(accessText),
    writes: device.writes.map(accessText),
    firstSeen: device.firstSeenAt,
    lastSeen: device.lastSeenAt,
    ...(known !== null && { state: known ? ('known' as const) : ('unknown' as const) }),
  };
}

function isUnicast(address: string): boolean {
  if (address.includes(':')) return !/^ff/i.test(address) && address !== '::';
  const first = Number(address.slice(0, address.indexOf('.')));
  return first > 0 && first < 224 && !address.endsWith('.255');
}

/** IPv4 by number, then IPv6 by text. */
function compareAddresses(a: string, b: string): number {
  const keyOf = (address: string): string =>
    address.includes(':')
      ? `~${address}`
      : address
          .split('.')
          .map((part) => part.padStart(3, '0'))
          .join('.');
  const ka = keyOf(a);
  const kb = keyOf(b);
  return ka < kb ? -1 : ka > kb ? 1 : 0;
}
