/**
 * SNMP as Zeek's snmp.log has it (https://docs.zeek.org/en/master/scripts/base/protocols/snmp/main.zeek.html): one event for a conversation; and
 * what needs single messages: who is told to be what (`snmp_identity`), what is written (`snmp_set`), and which communities are used.
 */
import type { Dissector, DissectorFactory, ProtocolEvent } from '@penstock/core';
import { credentialEvent, maskSecret } from '../credentials/index.ts';
import { compareOids, oidText } from './ber.ts';
import { type Binding, decodeSnmp, SNMP_PORT, type SnmpMessage, TRAP_PORT, valueText } from './codec.ts';
import { SYSTEM, SYSTEM_NAMES } from './mib.ts';

export interface SnmpEvent extends ProtocolEvent {
  readonly name: 'snmp';
  /** Seconds from the first message to the newest. */
  readonly duration: number;
  /** `1`, `2c`, `3`. */
  readonly version: string;
  /** Masked, other than Zeek's. */
  readonly community: string | undefined;
  readonly get_requests: number;
  readonly get_bulk_requests: number;
  readonly get_responses: number;
  readonly set_requests: number;
  /** sysDescr. */
  readonly display_string: string | undefined;
  /** Since when the agent runs by its own word, microseconds since 1970. */
  readonly up_since: number | undefined;
}

/** One object of the group `system` that an agent tells of itself. */
export interface SnmpIdentityEvent extends ProtocolEvent {
  readonly name: 'snmp_identity';
  readonly is_orig: boolean;
  /** `sysDescr`, `sysName`, … */
  readonly object: string;
  readonly value: string;
}

export interface SnmpSetEvent extends ProtocolEvent {
  readonly name: 'snmp_set';
  readonly oid: string;
  readonly value: string;
  /** Whether the agent did it; undefined where no answer was seen. */
  readonly accepted: boolean | undefined;
}

const MOST_COMMUNITIES = 64;
const MOST_PENDING = 64;
const LONGEST = 255;

class SnmpDissector implements Dissector {
  unparsedBytes = 0;
  violations = 0;
  readonly #emit: (event: ProtocolEvent) => void;
  #first: number | undefined;
  #last = 0;
  #version = '';
  #community: string | undefined;
  #gets = 0;
  #bulks = 0;
  #responses = 0;
  #sets = 0;
  #display: string | undefined;
  #upSince: number | undefined;
  /** Communities and how they were answered, as they were told last. */
  readonly #told = new Map<string, boolean | undefined>();
  readonly #identity = new Map<string, string>();
  /** Requests by their number, which wait for an answer. */
  readonly #pending = new Map<number, SnmpMessage>();

  constructor(emit: (event: ProtocolEvent) => void) {
    this.#emit = emit;
  }

  data(fromOriginator: boolean, time: number, buffer: Uint8Array, start: number, end: number): void {
    const decoded = decodeSnmp(buffer, start, end);
    if (decoded.status !== 'ok') {
      if (decoded.status === 'illegal') {
        this.unparsedBytes += end - start;
        this.violations++;
        return;
      }
      this.#first ??= time;
      this.#last = time;
      this.#version = '3';
      return;
    }
    this.#first ??= time;
    this.#last = time;
    const { message } = decoded;
    this.#version = message.version === 1 ? '1' : '2c';
    this.#community ??= maskSecret(message.community);
    if (message.type === 'response') this.#response(message, fromOriginator, time);
    else this.#request(message, time);
  }

  gap(): void {}

  end(time: number): void {
    for (const message of this.#pending.values()) this.#ended(message, undefined, time);
    this.#pending.clear();
    if (this.#first === undefined) return;
    const event: SnmpEvent = {
      name: 'snmp',
      time: this.#first,
      duration: (this.#last - this.#first) / 1e6,
      version: this.#version,
      community: this.#community,
      get_requests: this.#gets,
      get_bulk_requests: this.#bulks,
      get_responses: this.#responses,
      set_requests: this.#sets,
      display_string: this.#display,
      up_since: this.#upSince,
    };
    this.#first = undefined;
    this.#emit(event);
  }

  #request(message: SnmpMessage, time: number): void {
    switch (message.type) {
      case 'get-request':
      case 'get-next-request':
        this.#gets++;
        break;
      case 'get-bulk-request':
        this.#bulks++;
        break;
      case 'set-request':
        this.#sets++;
        break;
      // Traps are nobody's request.
      default:
        this.#credential(message.community, undefined, time);
        return;
    }
    if (this.#pending.size >= MOST_PENDING) {
      const [id, oldest] = this.#pending.entries().next().value as [number, SnmpMessage];
      this.#pending.delete(id);
      this.#ended(oldest, undefined, time);
    }
    this.#pending.set(message.requestId, message);
  }

  #response(message: SnmpMessage, fromOriginator: boolean, time: number): void {
    this.#responses++;
    const request = this.#pending.get(message.requestId);
    this.#pending.delete(message.requestId);
    if (request !== undefined) this.#ended(request, message, time);
    else this.#credential(message.community, true, time);
    for (const binding of message.bindings) this.#object(binding, fromOriginator, time);
  }

  /** A request with its answer; an agent answers a community that it does not know by saying nothing. */
  #ended(request: SnmpMessage, response: SnmpMessage | undefined, time: number): void {
    this.#credential(request.community, response !== undefined, time);
    if (request.type !== 'set-request') return;
    const accepted = response === undefined ? undefined : response.errorStatus === 0;
    for (const { oid, value } of request.bindings)
      this.#tell({ name: 'snmp_set', time, oid: oidText(oid), value: shown(valueText(value)), accepted });
  }

  #credential(community: string, success: boolean | undefined, time: number): void {
    if (this.#told.has(community) && this.#told.get(community) === success) return;
    if (this.#told.size >= MOST_COMMUNITIES) this.#told.clear();
    this.#told.set(community, success);
    this.#emit(credentialEvent('snmp', time, undefined, community, success));
  }

  #object({ oid, value }: Binding, isOrig: boolean, time: number): void {
    const isSystem = oid.length === SYSTEM.length + 2 && compareOids(oid.slice(0, SYSTEM.length), SYSTEM) === 0;
    const object = isSystem ? SYSTEM_NAMES[oid[SYSTEM.length] as number] : undefined;
    if (object === undefined || /^(null|noSuch|endOf)/.test(value.type)) return;
    if (object === 'sysUpTime') {
      if (value.type === 'timeticks') this.#upSince = time - value.value * 10_000;
      return;
    }
    const text = shown(valueText(value));
    if (object === 'sysDescr') this.#display = text;
    if (this.#identity.get(object) === text) return;
    this.#identity.set(object, text);
    this.#tell({ name: 'snmp_identity', time, is_orig: isOrig, object, value: text });
  }

  #tell(event: SnmpIdentityEvent | SnmpSetEvent): void {
    this.#emit(event);
  }
}

const shown = (text: string): string =>
  [...text.slice(0, LONGEST)].map((character) => (character < ' ' ? '.' : character)).join('');

export const snmpDissector: DissectorFactory = {
  protocol: 'snmp',
  transport: 'udp',
  ports: [SNMP_PORT, TRAP_PORT],
  probe: (buffer, start, end) => (decodeSnmp(buffer, start, end).status === 'illegal' ? 0 : 0.95),
  create: (emit) => new SnmpDissector(emit),
};
