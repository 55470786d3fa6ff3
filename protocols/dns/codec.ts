/** DNS messages (RFC 1035 clause 4) as far as a plant's hosts use them: A questions, A answers, name errors. Reads name compression. */

export const DNS_PORT = 53;
export const TYPE_A = 1;
export const CLASS_IN = 1;
export const RCODE_NONE = 0;
export const RCODE_NAME_ERROR = 3;

const LONGEST_NAME = 255;
const MOST_JUMPS = 16;
const MOST_RECORDS = 64;

export interface DnsQuestion {
  readonly name: string;
  readonly type: number;
  readonly class: number;
}

export interface DnsAnswer {
  readonly name: string;
  readonly type: number;
  readonly ttlSeconds: number;
  /** Dotted IPv4 for an A record; hexadecimal of the data for any other. */
  readonly data: string;
}

export interface DnsMessage {
  readonly id: number;
  readonly response: boolean;
  readonly authoritative: boolean;
  readonly truncated: boolean;
  readonly recursionDesired: boolean;
  readonly recursionAvailable: boolean;
  readonly rcode: number;
  readonly questions: readonly DnsQuestion[];
  readonly answers: readonly DnsAnswer[];
}

/** Encodes a message whose answers are A records. @throws RangeError for a label that is empty or over 63 bytes. */
export function encodeDns(message: DnsMessage): Uint8Array {
  const out: number[] = [];
  const put16 = (n: number): void => void out.push((n >> 8) & 0xff, n & 0xff);
  put16(message.id);
  put16(
    (message.response ? 0x8000 : 0) |
      (message.authoritative ? 0x0400 : 0) |
      (message.truncated ? 0x0200 : 0) |
      (message.recursionDesired ? 0x0100 : 0) |
      (message.recursionAvailable ? 0x0080 : 0) |
      message.rcode,
  );
  put16(message.questions.length);
  put16(message.answers.length);
  put16(0);
  put16(0);
  for (const question of message.questions) {
    putName(out, question.name);
    put16(question.type);
    put16(question.class);
  }
  for (const answer of message.answers) {
    putName(out, answer.name);
    put16(answer.type);
    put16(CLASS_IN);
    put16(Math.floor(answer.ttlSeconds / 65_536));
    put16(answer.ttlSeconds % 65_536);
    put16(4);
    out.push(...answer.data.split('.').map(Number));
  }
  return new Uint8Array(out);
}

function putName(out: number[], name: string): void {
  for (const label of name.split('.')) {
    if (label.length === 0 || label.length > 63)
      throw new RangeError(`'${name}' is no domain name: a label has 1 to 63 characters`);
    out.push(label.length);
    for (let i = 0; i < label.length; i++) out.push(label.charCodeAt(i) & 0xff);
  }
  out.push(0);
}

/** The message in `buffer[start..end)`, or undefined when it is none. */
export function decodeDns(buffer: Uint8Array, start: number, end: number): DnsMessage | undefined {
  if (end - start < 12) return undefined;
  const read16 = (at: number): number => ((buffer[at] as number) << 8) | (buffer[at + 1] as number);
  const flags = read16(start + 2);
  const questionCount = read16(start + 4);
  const answerCount = read16(start + 6);
  if (questionCount > MOST_RECORDS || answerCount > MOST_RECORDS) return undefined;
  const questions: DnsQuestion[] = [];
  const answers: DnsAnswer[] = [];
  let at = start + 12;
  for (let i = 0; i < questionCount; i++) {
    const name = readName(buffer, start, at, end);
    if (name === undefined || name.next + 4 > end) return undefined;
    questions.push({ name: name.text, type: read16(name.next), class: read16(name.next + 2) });
    at = name.next + 4;
  }
  for (let i = 0; i < answerCount; i++) {
    const name = readName(buffer, start, at, end);
    if (name === undefined || name.next + 10 > end) return undefined;
    const type = read16(name.next);
    const length = read16(name.next + 8);
    const data = name.next + 10;
    if (data + length > end) return undefined;
    const bytes = Array.from(buffer.subarray(data, data + length));
    answers.push({
      name: name.text,
      type,
      ttlSeconds: read16(name.next + 4) * 65_536 + read16(name.next + 6),
      data:
        type === TYPE_A && length === 4 ? bytes.join('.') : bytes.map((b) => b.toString(16).padStart(2, '0')).join(''),
    });
    at = data + length;
  }
  return {
    id: read16(start),
    response: (flags & 0x8000) !== 0,
    authoritative: (flags & 0x0400) !== 0,
    truncated: (flags & 0x0200) !== 0,
    recursionDesired: (flags & 0x0100) !== 0,
    recursionAvailable: (flags & 0x0080) !== 0,
    rcode: flags & 0xf,
    questions,
    answers,
  };
}

/** A name with its compression pointers followed (clause 4.1.4); pointers only lead backwards, so a loop ends. */
function readName(
  buffer: Uint8Array,
  message: number,
  from: number,
  end: number,
): { text: string; next: number } | undefined {
  const labels: string[] = [];
  let at = from;
  let next = -1;
  let length = 0;
  for (let jumps = 0; jumps < MOST_JUMPS; ) {
    if (at >= end) return undefined;
    const size = buffer[at] as number;
    if (size === 0) return { text: labels.join('.'), next: next < 0 ? at + 1 : next };
    if (size >= 0xc0) {
      if (at + 1 >= end) return undefined;
      if (next < 0) next = at + 2;
      const target = message + (((size & 0x3f) << 8) | (buffer[at + 1] as number));
      if (target >= at) return undefined;
      at = target;
      jumps++;
      continue;
    }
    length += size + 1;
    if (size > 63 || at + 1 + size > end || length > LONGEST_NAME) return undefined;
    labels.push(String.fromCharCode(...buffer.subarray(at + 1, at + 1 + size)));
    at += 1 + size;
  }
  return undefined;
}
