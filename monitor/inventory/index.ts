/** Every device that speaks: who it is, what it offers, with whom it talks, and what speaks for the role that it seems to have. */
import type { ProtocolEvent } from '@penstock/core';
import type { Host, Hosts } from '../hosts.ts';
import type { FlowView } from '../subject.ts';
import { vendorOf } from './oui.ts';

export interface DeviceReport {
  readonly address: string;
  /** From the asset list; null for a device that is in none. */
  readonly id: string | null;
  readonly known: boolean | null;
  readonly zone: string | null;
  readonly macs: readonly string[];
  readonly macVendor: string | null;
  /** What it says of itself (Modbus 43/14). */
  readonly identity: Readonly<Record<string, string>>;
  /** A guess from its traffic, and what it rests on. */
  readonly role: string;
  readonly evidence: readonly string[];
  readonly services: readonly { readonly transport: string; readonly port: number; readonly protocol: string | null }[];
  readonly clientOf: readonly string[];
  readonly serverOf: readonly string[];
  readonly functions: readonly string[];
  /** Seconds since the start. */
  readonly firstSeen: number;
  readonly lastSeen: number;
}

const MAX_DEVICES = 16_384;
const MAX_PEERS = 256;
const MAX_SERVICES = 256;
const MAX_MACS = 16;

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
  /** Functions that it used as a client, and that it answered as a server. */
  readonly asked = new Set<string>();
  readonly answered = new Set<string>();
  readonly peers = new Set<string>();

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
    if (server !== undefined && client.peers.size < MAX_PEERS) client.peers.add(server.host.address);
  }

  /** A server answered on a conversation. */
  answered(flow: FlowView, time: number): void {
    const server = this.at(flow.responderAddress, time);
    if (server === undefined) return;
    server.spoke = true;
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

  /** One object of a device's answer to FC 43/14 (ICSNPP's columns). */
  identified(event: ProtocolEvent, flow: FlowView): void {
    const { object_id: object, object_value: value } = event as { object_id?: unknown; object_value?: unknown };
    if (typeof object !== 'string' || typeof value !== 'string' || value === '') return;
    const server = this.at(flow.responderAddress, event.time);
    if (server !== undefined && server.identity.size < 32)
      server.identity.set(object.slice(0, 64), value.slice(0, 256));
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

  /** All devices that have spoken, in the order of their addresses. @param seconds turns event time into seconds since the start */
  report(seconds: (time: number) => number): DeviceReport[] {
    return [...this.#devices.values()]
      .filter((device) => device.spoke)
      .sort((a, b) => compareAddresses(a.host.address, b.host.address))
      .map((device) => {
        const { role, evidence } = guess(device);
        const { host } = device;
        return {
          address: host.address,
          id: host.id ?? null,
          known: host.known ?? null,
          zone: host.zone ?? null,
          macs: [...device.macs],
          macVendor: device.macs.map(vendorOf).find((vendor) => vendor !== undefined) ?? null,
          identity: Object.fromEntries([...device.identity].sort(([a], [b]) => (a < b ? -1 : 1))),
          role,
          evidence,
          services: [...device.services.values()]
            .sort((a, b) => a.port - b.port || (a.transport < b.transport ? -1 : 1))
            .map(({ transport, port, protocol }) => ({ transport, port, protocol: protocol ?? null })),
          clientOf: [...device.modbusServers].sort(compareAddresses),
          serverOf: [...device.modbusClients].sort(compareAddresses),
          functions: [...new Set([...device.asked, ...device.answered])].sort(),
          firstSeen: seconds(device.firstSeen),
          lastSeen: seconds(device.lastSeen),
        };
      });
  }
}

const isWrite = (func: string): boolean => func.startsWith('WRITE_') || func.includes('_WRITE_');

/** The likeliest role by what a device does; the asset list is not asked, so that the two can be compared. */
function guess(device: Device): { role: string; evidence: string[] } {
  const { modbusClients, modbusServers, asked } = device;
  const evidence: string[] = [];
  if (modbusClients.size > 0) evidence.push(`answers Modbus to ${count(modbusClients.size, 'client')}`);
  if (modbusServers.size > 0) evidence.push(`asks ${count(modbusServers.size, 'Modbus device')}`);
  const writes = [...asked].filter(isWrite).sort();
  if (writes.length > 0) evidence.push(`writes with ${writes.join(', ')}`);
  if (device.identity.size > 0) evidence.push(`calls itself ${[...device.identity.values()].slice(0, 3).join(' ')}`);
  for (const { transport, port, protocol } of device.services.values())
    if (evidence.length < 8) evidence.push(`serves ${protocol ?? 'an unknown protocol'} on ${transport}/${port}`);
  if (modbusClients.size > 0) {
    return { role: modbusServers.size > 0 ? 'controller that asks other controllers' : 'controller', evidence };
  }
  if (modbusServers.size > 2 && writes.length > 0) return { role: 'SCADA server', evidence };
  if (modbusServers.size > 0)
    return { role: writes.length > 0 ? 'Modbus client that writes' : 'Modbus client that reads', evidence };
  if (device.services.size > 0) return { role: 'server', evidence };
  evidence.push(`talks to ${count(device.peers.size, 'host')}`);
  return { role: 'client', evidence };
}

const count = (n: number, word: string): string => `${n} ${word}${n === 1 ? '' : 's'}`;

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
