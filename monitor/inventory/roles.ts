/**
 * What a device seems to be for, by what it does on the network. Each observation speaks for one role or several with a weight;
 * the role with the most wins. The asset list is not asked, so that the two can be compared.
 */
import type { Device } from './index.ts';

export interface Observation {
  /** What was seen. */
  readonly what: string;
  /** Roles that it speaks for, and how much. */
  readonly counts: Readonly<Record<string, number>>;
}

export interface RoleGuess {
  readonly role: string;
  /** The role's share of all weight, 0 to 1. */
  readonly confidence: number;
  readonly observations: readonly Observation[];
}

const isWrite = (func: string): boolean => func.startsWith('WRITE_') || func.includes('_WRITE_');
/** Functions by which programs are carried, and those that diagnose and restart: an engineer's tools, not an operator's. */
const ENGINEERING = new Set(['READ_FILE_RECORD', 'WRITE_FILE_RECORD', 'DIAGNOSTICS', 'REPORT_SLAVE_ID', 'PROGRAM_484']);
const MOST_OBSERVATIONS = 12;
/** Hosts that somebody tries without an answer before it looks like a search. */
const SEARCHED = 16;

/** A card that sends for so many addresses is not one host with some of its own. */
const MANY_BEHIND = 2;

const isOutstation = (address: string): boolean => address.startsWith('outstation');

/** What a service on a port says of the host that offers it. */
const SERVICES: Readonly<Record<string, string>> = {
  dns: 'name server',
  ntp: 'time server',
  syslog: 'log server',
};

export function guessRole(device: Device): RoleGuess {
  const observations: Observation[] = [];
  const see = (what: string, counts: Readonly<Record<string, number>>): void => {
    if (observations.length >= MOST_OBSERVATIONS) return;
    observations.push({ what, counts: Object.fromEntries(Object.entries(counts).filter(([, weight]) => weight > 0)) });
  };
  const { modbusClients, modbusServers, asked, identity, services, peers } = device;
  const isServer = modbusClients.size > 0;
  const writes = [...asked].filter(isWrite).sort();
  if (isServer)
    see(`answers Modbus to ${count(modbusClients.size, 'client')}`, {
      controller: 4,
      'controller that asks other controllers': modbusServers.size > 0 ? 8 : 0,
    });
  if (modbusServers.size > 0) {
    const many = modbusServers.size > 2;
    const reads = [...asked].some((func) => func.startsWith('READ_'));
    see(`asks ${count(modbusServers.size, 'Modbus device')}`, {
      'SCADA server': many && !isServer && reads && writes.length > 0 ? 3 : 0,
      'data collector': many && !isServer && writes.length === 0 ? 5 : 0,
      'Modbus client that writes': !isServer && writes.length > 0 ? 2 : 0,
      'Modbus client that reads': !isServer && writes.length === 0 ? 3 : 0,
    });
  }
  if (writes.length > 0)
    see(`writes with ${writes.join(', ')}`, isServer ? {} : { 'SCADA server': 1, 'Modbus client that writes': 1 });
  const engineering = [...asked].filter((func) => ENGINEERING.has(func)).sort();
  if (engineering.length > 0 && !isServer)
    see(`works on programs and devices with ${engineering.join(', ')}`, { 'engineering workstation': 6 });
  const { dnp3 } = device;
  if (dnp3.asOutstation.size > 0)
    see(
      `answers DNP3 to ${count(dnp3.masters.size, 'master')} as ${dnp3.linkAddresses().filter(isOutstation).join(', ')}`,
      {
        outstation: 5,
      },
    );
  if (dnp3.asMaster.size > 0) {
    const many = dnp3.outstations.size > 2;
    see(`asks ${count(dnp3.outstations.size, 'DNP3 outstation')}${dnp3.writes ? ' and operates them' : ''}`, {
      'DNP3 master': 3,
      'SCADA server': many && dnp3.writes ? 4 : 0,
    });
  }
  const instance = identity.get('BacnetDevice');
  if (instance !== undefined) see(`is BACnet device ${instance}`, { controller: 2 });
  if (identity.size > 0)
    see(`calls itself ${[...identity.values()].slice(0, 3).join(' ')}`, { controller: isServer ? 2 : 0 });
  for (const { transport, port, protocol } of services.values()) {
    const role = protocol === undefined ? undefined : SERVICES[protocol];
    see(`serves ${protocol ?? 'an unknown protocol'} on ${transport}/${port}`, {
      server: 1,
      ...(role !== undefined && { [role]: 3 }),
    });
  }
  const unanswered = peers.size - device.answeredBy.size;
  if (unanswered >= SEARCHED && unanswered > 2 * device.answeredBy.size)
    see(`tried ${unanswered} hosts that did not answer`, { scanner: 5 });
  if (device.forwards > MANY_BEHIND)
    see(`its network card sends packets of ${device.forwards} other addresses`, { router: 8 });
  if (observations.length === 0) see(`talks to ${count(peers.size, 'host')}`, { client: 1 });
  return { ...strongest(observations), observations };
}

function strongest(observations: readonly Observation[]): { role: string; confidence: number } {
  const weights = new Map<string, number>();
  let sum = 0;
  for (const { counts } of observations)
    for (const [role, weight] of Object.entries(counts)) {
      weights.set(role, (weights.get(role) ?? 0) + weight);
      sum += weight;
    }
  let role = 'client';
  let most = 0;
  for (const [name, weight] of weights)
    if (weight > most) {
      role = name;
      most = weight;
    }
  return { role, confidence: sum > 0 ? Math.round((most / sum) * 100) / 100 : 0 };
}

const count = (n: number, word: string): string => `${n} ${word}${n === 1 ? '' : 's'}`;
