/** Notices as syslog messages (RFC 5424), and how they go over UDP (RFC 5426) and TCP (RFC 6587, octet counting). */
import { encodeSyslog, type SyslogMessage } from '@penstock/protocols/syslog';
import type { Level } from '../sigma/schema.ts';
import type { Notice } from './messages.ts';

/** RFC 5424 table 1: "log alert". */
const FACILITY_ALERT = 14;
/** RFC 5424 table 2. The highest, emergency and alert, are left to what makes a whole system unusable. */
const SEVERITIES: Readonly<Record<Level, number>> = { critical: 2, high: 3, medium: 4, low: 5, informational: 6 };
/** Enterprise number of documentation (RFC 5612): whoever ships under a name of their own has one of their own. */
const ELEMENT = 'penstock@32473';
/** RFC 5426 section 3.2: receivers should take messages of this size. */
const MAX_DATAGRAM = 2048;
const MAX_VALUE = 512;

export interface SyslogSender {
  /** What the sensor's host is called. */
  readonly host: string;
  /** Microseconds since 1970 from which notices' seconds count, for those that carry no time of their own. */
  readonly startEpoch: number;
}

/** The message for a notice: `MSGID` is its type, the structured data has its fields, the text is for people. */
export function syslogMessage(notice: Notice, { host, startEpoch }: SyslogSender): SyslogMessage {
  const severity = SEVERITIES[notice.severity];
  const head = { facility: FACILITY_ALERT, severity, host, application: 'penstock', messageId: notice.type };
  const at = (seconds: number): number => startEpoch + Math.round(seconds * 1e6);
  switch (notice.type) {
    case 'alert': {
      const { id, rule, severity: level, techniques, device, deviceAddress, tag, source, sourceAddress } = notice;
      const { incident, oldValue, newValue, unit, message } = notice;
      const fields = { id, rule, severity: level, techniques, device, deviceAddress, tag, source, sourceAddress };
      return {
        ...head,
        time: Math.floor(notice.epoch),
        ...{ element: ELEMENT, parameters: parametersOf({ ...fields, oldValue, newValue, unit, incident }) },
        text: plain(message),
      };
    }
    case 'repetition': {
      const { alert, rule, severity: level, count, lastTime } = notice;
      return {
        ...head,
        time: at(lastTime),
        ...{ element: ELEMENT, parameters: parametersOf({ alert, rule, severity: level, count }) },
        text: `${rule} happened ${count} times`,
      };
    }
    default: {
      const { id, asset, severity: level, techniques, tactics, devices, tags, sources, alertCount, findings } = notice;
      const fields = { id, asset, severity: level, techniques, tactics, devices, tags, sources, alertCount, findings };
      const whom = asset === null ? 'the sensor itself' : asset;
      return {
        ...head,
        time: at(notice.to),
        ...{ element: ELEMENT, parameters: parametersOf(fields) },
        text: plain(`Incident of severity ${level} on ${whom}: ${alertCount} alerts so far`),
      };
    }
  }
}

function parametersOf(
  fields: Readonly<Record<string, string | number | readonly string[] | null>>,
): Record<string, string> {
  const parameters: Record<string, string> = {};
  for (const [name, value] of Object.entries(fields)) {
    if (value === null || value === '') continue;
    const text = plain(typeof value === 'object' ? value.join(' ') : String(value)).slice(0, MAX_VALUE);
    if (text !== '') parameters[name] = text;
  }
  return parameters;
}

/** Without control characters: a line end in what a device calls itself must not begin another message. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
const plain = (text: string): string => text.replace(/[\x00-\x1f\x7f-\x9f\u2028\u2029]/g, ' ');

/** The message as one datagram; text that is too long is cut off, at a whole character. */
export function syslogDatagram(message: SyslogMessage): Uint8Array {
  let { text } = message;
  let bytes = encodeSyslog(message);
  while (bytes.length > MAX_DATAGRAM && text !== '') {
    // A character takes at most four bytes; cutting by the excess alone would cut off too much of other scripts.
    const excess = Math.max(1, Math.ceil((bytes.length - MAX_DATAGRAM) / 4));
    text = [...text].slice(0, -excess).join('');
    bytes = encodeSyslog({ ...message, text });
  }
  return bytes;
}

/** The message as a frame of a TCP stream: its length in bytes, a space, the message (RFC 6587 section 3.4.1). */
export function syslogFrame(message: SyslogMessage): Uint8Array {
  const bytes = encodeSyslog(message);
  const length = new TextEncoder().encode(`${bytes.length} `);
  const frame = new Uint8Array(length.length + bytes.length);
  frame.set(length);
  frame.set(bytes, length.length);
  return frame;
}
