/** Objects that every agent has: the groups `system`, `interfaces` and `snmp` of MIB-II (RFC 3418, 2863, 1213). */
import type { MibObject, SnmpCounters } from './agent.ts';
import type { Oid } from './ber.ts';
import { octets, type SnmpValue } from './codec.ts';

const MIB_2: Oid = [1, 3, 6, 1, 2, 1];
export const SYSTEM: Oid = [...MIB_2, 1];
const INTERFACES: Oid = [...MIB_2, 2];
const SNMP: Oid = [...MIB_2, 11];
/** The enterprise number that is kept for documents (RFC 5612); vendors here are invented. */
export const ENTERPRISE: Oid = [1, 3, 6, 1, 4, 1, 32_473];

/** Names of `system`'s objects by their number. */
export const SYSTEM_NAMES: Readonly<Record<number, string>> = {
  1: 'sysDescr',
  2: 'sysObjectID',
  3: 'sysUpTime',
  4: 'sysContact',
  5: 'sysName',
  6: 'sysLocation',
  7: 'sysServices',
};

export interface SystemFacts {
  description(): string;
  readonly objectId: Oid;
  /** Hundredths of a second since the agent started. */
  upTime(): number;
  /** Texts that whoever may write can change. */
  contact: string;
  name: string;
  location: string;
  /** Sum of 2^(layer-1) (RFC 3418): 72 is a host that offers applications. */
  readonly services: number;
}

const LONGEST_TEXT = 255;

export function systemGroup(facts: SystemFacts): MibObject[] {
  const scalar = (n: number, get: () => SnmpValue): MibObject => ({ oid: [...SYSTEM, n, 0], get });
  const text = (n: number, key: 'contact' | 'name' | 'location'): MibObject => ({
    oid: [...SYSTEM, n, 0],
    get: () => octets(facts[key]),
    set(value, _source, check) {
      if (value.type !== 'octets') return 'type';
      if (value.value.length > LONGEST_TEXT) return 'value';
      if (!check) facts[key] = new TextDecoder().decode(value.value);
      return 'done';
    },
  });
  return [
    scalar(1, () => octets(facts.description())),
    scalar(2, () => ({ type: 'oid', value: facts.objectId })),
    scalar(3, () => ({ type: 'timeticks', value: facts.upTime() % 2 ** 32 })),
    text(4, 'contact'),
    text(5, 'name'),
    text(6, 'location'),
    scalar(7, () => ({ type: 'integer', value: facts.services })),
  ];
}

export interface InterfaceFacts {
  readonly description: string;
  readonly mac: Uint8Array;
  /** Bits a second. */
  readonly speed: number;
  isUp(): boolean;
}

/** One Ethernet interface, as far as a device knows it; it counts no octets. */
export function interfacesGroup({ description, mac, speed, isUp }: InterfaceFacts): MibObject[] {
  const column = (n: number, get: () => SnmpValue): MibObject => ({ oid: [...INTERFACES, 2, 1, n, 1], get });
  const number = (value: number): SnmpValue => ({ type: 'integer', value });
  return [
    { oid: [...INTERFACES, 1, 0], get: () => number(1) },
    column(1, () => number(1)),
    column(2, () => octets(description)),
    // ethernetCsmacd
    column(3, () => number(6)),
    column(4, () => number(1500)),
    column(5, () => ({ type: 'gauge32', value: speed })),
    column(6, () => ({ type: 'octets', value: mac })),
    column(7, () => number(1)),
    column(8, () => number(isUp() ? 1 : 2)),
  ];
}

export function snmpGroup(counters: SnmpCounters): MibObject[] {
  const counter = (n: number, key: keyof SnmpCounters): MibObject => ({
    oid: [...SNMP, n, 0],
    get: () => ({ type: 'counter32', value: counters[key] % 2 ** 32 }),
  });
  return [
    counter(1, 'inPackets'),
    counter(2, 'outPackets'),
    counter(3, 'badVersions'),
    counter(4, 'badCommunities'),
    counter(6, 'badMessages'),
  ];
}
