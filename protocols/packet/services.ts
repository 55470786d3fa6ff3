/** The services that every network has, for people: names, time, logs, documents. */
import { decodeDns } from '../dns/index.ts';
import { decodeNtp } from '../ntp/index.ts';
import { decodeSyslog, FACILITIES, SEVERITIES } from '../syslog/index.ts';
import type { Reading } from './context.ts';
import { FieldReader, group, hex, printable } from './reader.ts';

export function readDns(bytes: Uint8Array, start: number, end: number): Reading {
  const reader = new FieldReader(bytes, start, end);
  reader.number('Identification', 2, hex(4));
  const flags = reader.number('Flags', 2, hex(4));
  for (const section of ['Questions', 'Answers', 'Authorities', 'Additional']) reader.number(section, 2);
  const message = decodeDns(bytes, start, end);
  const isAnswer = (flags & 0x8000) !== 0;
  const names = message?.questions.map((question) => question.name).join(', ') ?? 'cannot be read';
  const info = `${isAnswer ? 'answer' : 'question'} ${names}`;
  if (reader.left > 0) reader.add('Records', names, reader.left);
  return { protocol: 'dns', info, tags: [], field: group('Domain names', info, start, end, reader.fields) };
}

const NTP_MODES = [
  'reserved',
  'symmetric active',
  'symmetric passive',
  'client',
  'server',
  'broadcast',
  'control',
  'private',
];

export function readNtp(bytes: Uint8Array, start: number, end: number): Reading {
  const reader = new FieldReader(bytes, start, end);
  const packet = decodeNtp(bytes, start, end);
  const mode = NTP_MODES[(bytes[start] ?? 0) & 7] as string;
  reader.number('Leap, version, mode', 1, (value) => `${hex(2)(value)} ${mode}`);
  reader.number('Stratum', 1);
  reader.number('Poll', 1);
  reader.number('Precision', 1, (value) => `2^${value > 127 ? value - 256 : value} s`);
  reader.raw('Root delay', 4);
  reader.raw('Root dispersion', 4);
  reader.raw('Reference', 4);
  for (const name of ['Reference time', 'Origin time', 'Receive time', 'Transmit time']) reader.raw(name, 8);
  reader.rest('Extension');
  const info = packet ? `${mode}, stratum ${packet.stratum}` : 'cannot be read';
  return { protocol: 'ntp', info, tags: [], field: group('Network time', info, start, end, reader.fields) };
}

export function readSyslog(bytes: Uint8Array, start: number, end: number): Reading {
  const message = decodeSyslog(bytes, start, end);
  const text = printable(bytes.subarray(start, end));
  const reader = new FieldReader(bytes, start, end);
  const close = text.indexOf('>') + 1;
  if (message && close > 0) {
    const { facility, severity } = message;
    reader.raw('Priority', close, () => `${FACILITIES[facility] ?? facility}.${SEVERITIES[severity] ?? severity}`);
  }
  reader.raw('Message', reader.left, printable);
  return { protocol: 'syslog', info: text, tags: [], field: group('Syslog', text, start, end, reader.fields) };
}

/** One segment of an HTTP conversation: its lines while there is a head, else a part of a body. */
export function readHttp(bytes: Uint8Array, start: number, end: number): Reading {
  const reader = new FieldReader(bytes, start, end);
  const text = printable(bytes.subarray(start, Math.min(end, start + 4096)));
  if (!looksLikeHttp(bytes, start, end)) {
    reader.raw('Part of a body', reader.left, printable);
    const info = `${end - start} bytes of a body`;
    return { protocol: 'http', info, tags: [], field: group('HTTP', info, start, end, reader.fields) };
  }
  for (let first = true; reader.left > 0; first = false) {
    const stop = lineEnd(bytes, reader.at, reader.end);
    const line = printable(bytes.subarray(reader.at, stop.text));
    if (line === '' && stop.next <= reader.end) {
      reader.add('End of the head', '', stop.next - reader.at);
      break;
    }
    reader.add(first ? 'Line' : 'Header', line, stop.next - reader.at);
  }
  reader.raw('Body', reader.left, printable);
  const info = text.split('··', 1)[0] ?? '';
  return { protocol: 'http', info, tags: [], field: group('HTTP', info, start, end, reader.fields) };
}

export function looksLikeHttp(bytes: Uint8Array, start: number, end: number): boolean {
  return /^(GET|POST|PUT|HEAD|DELETE|OPTIONS|PATCH) |^HTTP\/1\.[01] /.test(
    printable(bytes.subarray(start, Math.min(end, start + 16))),
  );
}

function lineEnd(bytes: Uint8Array, from: number, end: number): { text: number; next: number } {
  for (let at = from; at < end; at++)
    if (bytes[at] === 10) return { text: bytes[at - 1] === 13 && at > from ? at - 1 : at, next: at + 1 };
  return { text: end, next: end };
}
