/** DNS as Zeek's dns.log has it: one event for a question with its answer, or for a question that nobody answered. */
import type { Dissector, DissectorFactory, ProtocolEvent } from '@penstock/core';
import { DNS_PORT, type DnsMessage, decodeDns } from './codec.ts';

const TYPES: Record<number, string> = {
  1: 'A',
  2: 'NS',
  5: 'CNAME',
  6: 'SOA',
  12: 'PTR',
  15: 'MX',
  16: 'TXT',
  28: 'AAAA',
  33: 'SRV',
  255: '*',
};
const RCODES = ['NOERROR', 'FORMERR', 'SERVFAIL', 'NXDOMAIN', 'NOTIMP', 'REFUSED'];
/** Questions that wait for an answer in one conversation. */
const PENDING_LIMIT = 64;

export interface DnsEvent extends ProtocolEvent {
  readonly name: 'dns';
  readonly trans_id: number;
  /** Seconds from question to answer. */
  readonly rtt: number | undefined;
  readonly query: string | undefined;
  readonly qclass: number | undefined;
  readonly qtype: number | undefined;
  readonly qtype_name: string | undefined;
  readonly rcode: number | undefined;
  readonly rcode_name: string | undefined;
  readonly AA: boolean;
  readonly TC: boolean;
  readonly RD: boolean;
  readonly RA: boolean;
  readonly answers: readonly string[] | undefined;
  readonly TTLs: readonly number[] | undefined;
  readonly rejected: boolean;
}

class DnsDissector implements Dissector {
  unparsedBytes = 0;
  violations = 0;
  readonly #emit: (event: ProtocolEvent) => void;
  readonly #pending = new Map<number, { message: DnsMessage; time: number }>();

  constructor(emit: (event: ProtocolEvent) => void) {
    this.#emit = emit;
  }

  data(_fromOriginator: boolean, time: number, buffer: Uint8Array, start: number, end: number): void {
    const message = decodeDns(buffer, start, end);
    if (message === undefined) {
      this.unparsedBytes += end - start;
      this.violations++;
      return;
    }
    if (!message.response) {
      if (this.#pending.size >= PENDING_LIMIT) this.#giveUpOldest(time);
      this.#pending.set(message.id, { message, time });
      return;
    }
    const asked = this.#pending.get(message.id);
    this.#pending.delete(message.id);
    this.#emit(eventOf(time, asked?.message, message, asked === undefined ? undefined : (time - asked.time) / 1e6));
  }

  gap(): void {}

  end(time: number): void {
    while (this.#pending.size > 0) this.#giveUpOldest(time);
  }

  #giveUpOldest(time: number): void {
    for (const [id, { message }] of this.#pending) {
      this.#pending.delete(id);
      this.#emit(eventOf(time, message, undefined, undefined));
      return;
    }
  }
}

function eventOf(
  time: number,
  question: DnsMessage | undefined,
  answer: DnsMessage | undefined,
  rtt: number | undefined,
): DnsEvent {
  const asked = (question ?? answer)?.questions[0];
  const rcode = answer?.rcode;
  return {
    name: 'dns',
    time,
    trans_id: (question ?? answer)?.id ?? 0,
    rtt,
    query: asked?.name,
    qclass: asked?.class,
    qtype: asked?.type,
    qtype_name: asked === undefined ? undefined : (TYPES[asked.type] ?? `query-${asked.type}`),
    rcode,
    rcode_name: rcode === undefined ? undefined : (RCODES[rcode] ?? `rcode-${rcode}`),
    AA: answer?.authoritative ?? false,
    TC: answer?.truncated ?? false,
    RD: (question ?? answer)?.recursionDesired ?? false,
    RA: answer?.recursionAvailable ?? false,
    answers: answer === undefined || answer.answers.length === 0 ? undefined : answer.answers.map((a) => a.data),
    TTLs: answer === undefined || answer.answers.length === 0 ? undefined : answer.answers.map((a) => a.ttlSeconds),
    rejected: rcode !== undefined && rcode !== 0 && rcode !== 3,
  };
}

export const dnsDissector: DissectorFactory = {
  protocol: 'dns',
  transport: 'udp',
  ports: [DNS_PORT],
  probe(buffer, start, end) {
    const message = decodeDns(buffer, start, end);
    return message !== undefined && message.questions.length === 1 ? 0.7 : 0;
  },
  create: (emit) => new DnsDissector(emit),
};
