/** Packets at devices' doors, for people: lines of file drops and consoles with their passwords masked, and SNMP messages. */
import { maskSecret } from '../credentials/index.ts';
import { type Binding, decodeSnmp, oidText, valueText } from '../snmp/index.ts';
import type { Reading } from './context.ts';
import { FieldReader, group, printable } from './reader.ts';

/** One segment of an FTP control connection, line by line. */
export function readFtp(bytes: Uint8Array, start: number, end: number): Reading {
  const reader = new FieldReader(bytes, start, end);
  const lines: string[] = [];
  while (reader.left > 0) {
    let stop = reader.at;
    while (stop < reader.end && bytes[stop] !== 10) stop++;
    const next = Math.min(reader.end, stop + 1);
    const whole = printable(bytes.subarray(reader.at, bytes[stop - 1] === 13 && stop > reader.at ? stop - 1 : stop));
    const line = whole.replace(/^(PASS) (.*)$/i, (_, verb: string, secret: string) => `${verb} ${maskSecret(secret)}`);
    lines.push(line);
    reader.add(/^\d{3}[ -]/.test(line) ? 'Reply' : 'Command', line, next - reader.at);
  }
  const info = lines[0] ?? '';
  return { protocol: 'ftp', info, tags: [], field: group('File transfer', info, start, end, reader.fields) };
}

const COMMANDS: Readonly<Record<number, string>> = { 251: 'WILL', 252: 'WONT', 253: 'DO', 254: 'DONT' };
const OPTIONS: Readonly<Record<number, string>> = {
  0: 'binary',
  1: 'echo',
  3: 'suppress go-ahead',
  24: 'terminal type',
  31: 'window size',
  34: 'line mode',
  39: 'environment',
};

/** One segment of a console: options by name, text as it is. */
export function readTelnet(bytes: Uint8Array, start: number, end: number): Reading {
  const reader = new FieldReader(bytes, start, end);
  const shown: string[] = [];
  while (reader.left > 0) {
    const command = bytes[reader.at] === 255 ? COMMANDS[bytes[reader.at + 1] ?? 0] : undefined;
    if (command !== undefined && reader.left >= 3) {
      const option = bytes[reader.at + 2] as number;
      const text = `${command} ${OPTIONS[option] ?? `option ${option}`}`;
      shown.push(text);
      reader.add('Option', text, 3);
      continue;
    }
    let stop = reader.at + 1;
    while (stop < reader.end && bytes[stop] !== 255) stop++;
    const text = printable(bytes.subarray(reader.at, stop));
    shown.push(text);
    reader.add('Text', text, stop - reader.at);
  }
  const info = shown.join('; ').slice(0, 120);
  return { protocol: 'telnet', info, tags: [], field: group('Telnet', info, start, end, reader.fields) };
}

/** One SNMP message with its objects; what is none is said to be none. */
export function readSnmp(bytes: Uint8Array, start: number, end: number): Reading {
  const reader = new FieldReader(bytes, start, end);
  const decoded = decodeSnmp(bytes, start, end);
  if (decoded.status !== 'ok') {
    const info = `${decoded.status}: ${decoded.reason}`;
    reader.rest('Message');
    return { protocol: 'snmp', info, tags: [], field: group('SNMP', info, start, end, reader.fields) };
  }
  const { version, community, type, requestId, bindings } = decoded.message;
  const shown = ({ oid, value }: Binding): string =>
    value.type === 'null' ? oidText(oid) : `${oidText(oid)} = ${valueText(value)}`;
  const about = [
    `version ${version === 1 ? '1' : '2c'}`,
    `community ${maskSecret(community)}`,
    `${type} ${requestId}`,
    ...bindings.map(shown),
  ];
  const info = `${type}${bindings[0] === undefined ? '' : ` ${shown(bindings[0])}`}`.slice(0, 120);
  // BER has no fixed places: the message is one field, with what it says below it.
  reader.add('Message', about.join('; ').slice(0, 1024), reader.left);
  return { protocol: 'snmp', info, tags: [], field: group('SNMP', info, start, end, reader.fields) };
}
