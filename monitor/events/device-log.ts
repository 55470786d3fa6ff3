/**
 * What a device's log line says, whoever made the device: who did what to it, and whether it was let. Each format of message has one
 * reader here; the plain text is always kept.
 */
import type { ProtocolEvent } from '@penstock/core';
import { SEVERITIES, type SyslogEvent } from '@penstock/protocols/syslog';

/** What happened, in one vocabulary for all makers. */
export type LogAction =
  | 'logon'
  | 'logoff'
  | 'key'
  | 'mode'
  | 'start'
  | 'stop'
  | 'program'
  | 'force'
  | 'unforce'
  | 'write'
  | 'drop'
  | 'deny'
  | 'configuration'
  | 'fault'
  | 'power'
  | 'other';

/** One line of a device's log, as an event. */
export interface DeviceLogEvent extends ProtocolEvent {
  readonly name: 'device_log';
  /** The host that the message names; empty where it names none. */
  readonly host: string;
  readonly application: string;
  readonly log_id: string;
  /** Syslog severity, 0 emergency to 7 debug. */
  readonly severity: number;
  readonly action: LogAction;
  /** Undefined where the line does not tell. */
  readonly result: 'done' | 'refused' | 'failed' | undefined;
  readonly user: string | undefined;
  /** Address that it was done from, and the one that was meant (a firewall's lines). */
  readonly source: string | undefined;
  readonly target: string | undefined;
  readonly proto: string | undefined;
  readonly port: number | undefined;
  /** States before and after, in capitals: keys, modes, programs' hashes. */
  readonly before: string | undefined;
  readonly after: string | undefined;
  readonly text: string;
  /** Which reader understood it: `controller`, `firewall`, `packet-filter`, `logon`, `key-value` or `text`. */
  readonly format: string;
}

type Reading = Partial<Omit<DeviceLogEvent, 'name' | 'time'>> & Pick<DeviceLogEvent, 'action' | 'format'>;
type Reader = (event: SyslogEvent, pairs: ReadonlyMap<string, string>) => Reading | undefined;

/** Characters of a line that are looked at. */
const LONGEST = 4096;

const ADDRESS = String.raw`(\d{1,3}(?:\.\d{1,3}){3}|[0-9a-fA-F:]{2,39})`;
const WRITER = new RegExp(String.raw`^\S+ \[?${ADDRESS}\]?:\d+$`);

/** Diagnostic entries of controllers, by message id. */
const CONTROLLER: Readonly<Record<string, readonly [LogAction, DeviceLogEvent['result']]>> = {
  key: ['key', 'done'],
  mode: ['mode', 'done'],
  start: ['start', 'done'],
  stop: ['stop', 'done'],
  force: ['force', 'done'],
  unforce: ['unforce', 'done'],
  download: ['program', 'done'],
  'download-refused': ['program', 'failed'],
  'write-refused': ['write', 'refused'],
  'access-denied': ['deny', 'refused'],
  logon: ['logon', 'done'],
  'logon-failed': ['logon', 'failed'],
  logoff: ['logoff', 'done'],
  configuration: ['configuration', 'done'],
  fault: ['fault', undefined],
  watchdog: ['fault', undefined],
  'power-on': ['power', 'done'],
  'power-off': ['power', 'done'],
};

const controller: Reader = ({ message_id, message }, pairs) => {
  const known = Object.hasOwn(CONTROLLER, message_id) ? CONTROLLER[message_id] : undefined;
  if (known === undefined) return undefined;
  const [action, result] = known;
  const [, before, after] = /\bfrom (\S{1,64}) to (\S{1,64})/.exec(message) ?? [];
  return {
    action,
    result,
    format: 'controller',
    user: pairs.get('user'),
    source: pairs.get('src') ?? WRITER.exec(pairs.get('by') ?? '')?.[1],
    port: wholeOf(pairs.get('dport')),
    before: before?.toUpperCase(),
    after:
      after?.toUpperCase() ??
      (action === 'mode' ? /^(\w{1,16}) requested/.exec(message)?.[1]?.toUpperCase() : undefined),
  };
};

/** What firewalls let not pass: the words of their makers for the source, the target and what was done. */
const firewall: Reader = ({ message_id, message }, pairs) => {
  const verdict = message_id === 'dropped' ? 'drop' : (pairs.get('action') ?? pairs.get('act'))?.toLowerCase();
  if (verdict === undefined || !DROPS.has(verdict)) return undefined;
  const ends = endsOf(pairs);
  if (ends.source === undefined || ends.target === undefined) return undefined;
  return { action: 'drop', result: 'refused', format: 'firewall', user: pairs.get('user'), ...ends, text: message };
};
const DROPS = new Set(['drop', 'dropped', 'deny', 'denied', 'block', 'blocked', 'reject', 'rejected', 'discard']);

/** Linux's packet filter: `… IN=eth0 OUT=eth1 SRC=… DST=… PROTO=TCP SPT=… DPT=…`. */
const packetFilter: Reader = (_, pairs) => {
  if (!pairs.has('SRC') || !pairs.has('DST') || !pairs.has('PROTO')) return undefined;
  const proto = pairs.get('PROTO')?.toLowerCase();
  return {
    action: 'drop',
    result: 'refused',
    format: 'packet-filter',
    source: addressOf(pairs.get('SRC')),
    target: addressOf(pairs.get('DST')),
    proto,
    port: wholeOf(pairs.get('DPT')),
  };
};

/** Logons as OpenSSH, PAM and terminal servers tell them. */
const LOGONS: readonly (readonly [RegExp, 'done' | 'failed'])[] = [
  [new RegExp(String.raw`^Accepted \S+ for (?<user>\S{1,64}) from ${ADDRESS}`), 'done'],
  [new RegExp(String.raw`^Failed \S+ for (?:invalid user )?(?<user>\S{1,64}) from ${ADDRESS}`), 'failed'],
  [
    new RegExp(String.raw`authentication failure;.{0,256}?\brhost=${ADDRESS}(?:.{0,64}?\buser=(?<user>\S{1,64}))?`),
    'failed',
  ],
];

const logon: Reader = ({ message }) => {
  for (const [pattern, result] of LOGONS) {
    const found = pattern.exec(message);
    if (found === null) continue;
    const user = found.groups?.user;
    const source = found.slice(1).find((part) => part !== undefined && part !== user && addressOf(part) !== undefined);
    return { action: 'logon', result, format: 'logon', user, source };
  }
  return undefined;
};

/** Lines of names and values that say nothing of the above but who and where from. */
const keyValue: Reader = (_, pairs) => {
  const word = (pairs.get('action') ?? pairs.get('event'))?.toLowerCase();
  const ends = endsOf(pairs);
  const user = pairs.get('user') ?? pairs.get('usr');
  if (word === undefined && ends.source === undefined && user === undefined) return undefined;
  const result = (pairs.get('status') ?? pairs.get('result'))?.toLowerCase();
  return {
    action:
      word === 'login' || word === 'logon' ? 'logon' : word === 'logout' || word === 'logoff' ? 'logoff' : 'other',
    result:
      result === undefined
        ? undefined
        : /^(fail|error|invalid)/.test(result)
          ? 'failed'
          : /^(den|refus|reject)/.test(result)
            ? 'refused'
            : 'done',
    format: 'key-value',
    user,
    ...ends,
  };
};

const READERS: readonly Reader[] = [controller, firewall, packetFilter, logon, keyValue];

/** Reads a syslog message. Never throws, whatever it says, and takes time in proportion to its length. */
export function deviceLogEvent(event: SyslogEvent): DeviceLogEvent {
  const bounded = event.message.length > LONGEST ? { ...event, message: event.message.slice(0, LONGEST) } : event;
  const pairs = pairsOf(bounded);
  let reading: Reading | undefined;
  for (const reader of READERS) {
    reading = reader(bounded, pairs);
    if (reading !== undefined) break;
  }
  const { action, result, user, source, target, proto, port, before, after, format } = reading ?? {
    action: 'other',
    format: 'text',
  };
  return {
    name: 'device_log',
    time: event.time,
    host: event.host,
    application: event.application,
    log_id: event.message_id,
    severity: SEVERITIES.indexOf(event.severity as (typeof SEVERITIES)[number]),
    action,
    result,
    user,
    source,
    target,
    proto,
    port,
    before,
    after,
    text: bounded.message,
    format,
  };
}

const PAIR = /(?:^|[\s;,|])([A-Za-z][A-Za-z0-9_]{0,31})=(?:"([^"]{0,512})"|([^\s;,|"]{0,512}))/g;
const MAX_PAIRS = 64;

/** The message's structured parameters, and behind them the `name=value` pairs of its text. */
function pairsOf({ parameters, message }: SyslogEvent): Map<string, string> {
  const pairs = new Map<string, string>();
  for (const parameter of parameters.slice(0, MAX_PAIRS)) {
    const at = parameter.indexOf('=');
    pairs.set(parameter.slice(0, at), parameter.slice(at + 1));
  }
  for (const [, name, quoted, plain] of message.matchAll(PAIR)) {
    if (pairs.size >= MAX_PAIRS) break;
    const value = quoted ?? plain ?? '';
    if (name !== undefined && !pairs.has(name)) pairs.set(name, value);
  }
  return pairs;
}

function endsOf(pairs: ReadonlyMap<string, string>): Pick<DeviceLogEvent, 'source' | 'target' | 'proto' | 'port'> {
  const first = (...names: string[]): string | undefined => names.map((n) => pairs.get(n)).find((v) => v !== undefined);
  const proto = first('proto', 'protocol')?.toLowerCase();
  return {
    source: addressOf(first('src', 'srcip', 'source', 'saddr')),
    target: addressOf(first('dst', 'dstip', 'destination', 'daddr')),
    proto: proto === '6' ? 'tcp' : proto === '17' ? 'udp' : proto === '1' ? 'icmp' : proto,
    port: wholeOf(first('dport', 'dstport', 'dpt', 'destination_port')),
  };
}

const WHOLE_ADDRESS = new RegExp(`^${ADDRESS}$`);
const addressOf = (text: string | undefined): string | undefined =>
  text !== undefined && WHOLE_ADDRESS.test(text) ? text : undefined;

function wholeOf(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,5}$/.test(text) ? Number(text) : undefined;
}
