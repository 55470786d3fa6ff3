/** What devices of a kind never do of their own accord, so that one that does it is not what it should be. */

/** Protocols of controllers and field devices, by the names of the dissectors. */
const INDUSTRIAL = ['modbus', 's7comm', 'dnp3', 'opcua_binary', 'opcua', 'bacnet', 'cip', 'enip', 'iec104'];
const REMOTE = ['telnet', 'ftp', 'ssh', 'rdp', 'vnc'];

interface Habits {
  /** Protocols that it never asks others in. */
  readonly asks: ReadonlySet<string>;
  /** Protocols that it never answers in. */
  readonly answers: ReadonlySet<string>;
  /** Hosts that it speaks to at most; beyond, it searches. */
  readonly peers: number;
}

const never = (asks: readonly string[], answers: readonly string[], peers = Number.POSITIVE_INFINITY): Habits => ({
  asks: new Set(asks),
  answers: new Set(answers),
  peers,
});

/** By the kind in the owner's asset list. A building's own protocol is a thing's usual one. */
export const HABITS: Readonly<Record<string, Habits | undefined>> = {
  iot: never([...INDUSTRIAL.filter((one) => one !== 'bacnet'), ...REMOTE], ['modbus', 's7comm', 'dnp3'], 8),
  instrument: never([...INDUSTRIAL, ...REMOTE, 'http', 'snmp'], [], 8),
  drive: never([...INDUSTRIAL, ...REMOTE, 'http', 'snmp'], [], 8),
  plc: never([...REMOTE, 'snmp'], []),
  rtu: never([...REMOTE, 'snmp'], []),
  ied: never([...REMOTE, 'http', 'snmp'], []),
  sis: never([...REMOTE, 'http', 'snmp'], []),
  hmi: never(REMOTE, ['modbus', 's7comm', 'dnp3']),
};
