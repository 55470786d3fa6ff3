/** Syslog messages over UDP (RFC 5426): RFC 5424's, and RFC 3164's as devices of its time send them. */

export const SYSLOG_PORT = 514;

/** RFC 5424 table 1, by number. */
export const FACILITIES = [
  'KERN',
  'USER',
  'MAIL',
  'DAEMON',
  'AUTH',
  'SYSLOG',
  'LPR',
  'NEWS',
  'UUCP',
  'CRON',
  'AUTHPRIV',
  'FTP',
  'NTP',
  'AUDIT',
  'ALERT',
  'CLOCK',
  'LOCAL0',
  'LOCAL1',
  'LOCAL2',
  'LOCAL3',
  'LOCAL4',
  'LOCAL5',
  'LOCAL6',
  'LOCAL7',
] as const;
/** RFC 5424 table 2, by number. */
export const SEVERITIES = ['EMERG', 'ALERT', 'CRIT', 'ERR', 'WARNING', 'NOTICE', 'INFO', 'DEBUG'] as const;

/** A device's log entries come as local use 0. */
export const FACILITY_LOCAL0 = 16;
export const SEVERITY_WARNING = 4;
export const SEVERITY_NOTICE = 5;
export const SEVERITY_INFO = 6;

export interface SyslogMessage {
  readonly facility: number;
  readonly severity: number;
  /** Microseconds since 1970; undefined where the message names none, or without a year as RFC 3164 does. */
  readonly time: number | undefined;
  readonly host: string;
  readonly application: string;
  readonly messageId: string;
  /** Structured data of one element, by parameter name; the element's own id, where it is not a device's. */
  readonly element?: string | undefined;
  readonly parameters: Readonly<Record<string, string>>;
  readonly text: string;
}

/** Private enterprise number of documentation (RFC 5612), as structured data ids need one. */
const ELEMENT = 'device@32473';

export function encodeSyslog(message: SyslogMessage): Uint8Array {
  const time =
    message.time === undefined
      ? '-'
      : new Date(Math.floor(message.time / 1000))
          .toISOString()
          .replace('Z', `${String(Math.floor(message.time) % 1000).padStart(3, '0')}Z`);
  const parameters = Object.entries(message.parameters).map(
    ([name, value]) => ` ${name}="${value.replace(/["\\\]]/g, '\\$&')}"`,
  );
  const data = parameters.length === 0 ? '-' : `[${message.element ?? ELEMENT}${parameters.join('')}]`;
  const word = (text: string): string => text.replace(/[^\x21-\x7e]/g, '_') || '-';
  return new TextEncoder().encode(
    `<${message.facility * 8 + message.severity}>1 ${time} ${word(message.host)} ${word(message.application)} - ${word(message.messageId)} ${data} ${message.text}`,
  );
}

const DECODER = new TextDecoder('utf-8');

/** Reads a message; undefined when it does not begin with a priority. What is neither RFC's form behind it becomes the text. */
export function decodeSyslog(buffer: Uint8Array, start: number, end: number): SyslogMessage | undefined {
  const all = DECODER.decode(buffer.subarray(start, end));
  const priority = /^<(\d{1,3})>/.exec(all);
  if (priority === null || Number(priority[1]) > 191) return undefined;
  const value = Number(priority[1]);
  const body = all.slice(priority[0].length);
  const header = { facility: value >> 3, severity: value & 7 };
  const head = HEADER.exec(body);
  const data = head === null ? undefined : readData(body, head[0].length);
  if (head === null || data === undefined) return { ...header, ...legacy(body) };
  const [, time, host, application, messageId] = head as unknown as string[];
  return {
    ...header,
    time: parseTime(time as string),
    host: dash(host as string),
    application: dash(application as string),
    messageId: dash(messageId as string),
    parameters: data.parameters,
    text: body.slice(data.end + 1).replace(/^\ufeff/, ''),
  };
}

/**
 * RFC 3164 clause 4.1: month, day and time without a year, the host, then a tag of up to 32 letters and digits with an optional process
 * number in brackets, a colon and the text. Devices leave host or tag out; a year or an offset behind the time is Cisco's habit.
 */
const LEGACY =
  /^\*?(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) [ \d]\d (?:\d{4} )?\d\d:\d\d:\d\d(?:\.\d{1,6})?(?: [A-Z]{3,4})?:? /;
const LEGACY_HOST = /^([A-Za-z0-9][A-Za-z0-9._:-]{0,254}) /;
const LEGACY_TAG = /^([A-Za-z0-9_./-]{1,48})(?:\[[^\]\s]{1,32}\])?: ?/;

function legacy(body: string): Omit<SyslogMessage, 'facility' | 'severity'> {
  const none = { time: undefined, host: '', application: '', messageId: '', parameters: {} };
  const stamp = LEGACY.exec(body);
  if (stamp === null) return { ...none, text: body.trim() };
  let rest = body.slice(stamp[0].length);
  // A word that ends in a colon is the tag of a message without a host.
  const host = LEGACY_HOST.exec(rest)?.[1];
  const isHost = host !== undefined && !host.endsWith(':');
  if (isHost) rest = rest.slice(host.length + 1);
  const tag = LEGACY_TAG.exec(rest);
  if (tag !== null) rest = rest.slice(tag[0].length);
  return { ...none, host: isHost ? host : '', application: tag?.[1] ?? '', text: rest.trim() };
}

/** Version, time, host, application, process and message id, with the most characters that RFC 5424 clause 6 allows each. */
const HEADER = /^1 (\S{1,48}) (\S{1,255}) (\S{1,48}) \S{1,128} (\S{1,32}) /;
/** One parameter of an element (clause 6.3.3); the quotes, backslashes and brackets of its value are escaped. */
const PARAMETER = / ([^\s="\]]{1,32})="((?:\\.|[^"\\\]])*)"/sy;
const ELEMENT_ID = /\[[^\s="\]]{1,32}/y;

/** The structured data at `at`, and where it ends; undefined when it is not well formed. Every character is looked at once. */
function readData(body: string, at: number): { parameters: Record<string, string>; end: number } | undefined {
  const parameters: Record<string, string> = {};
  let end = at;
  if (body[at] === '-') end = at + 1;
  else
    while (body[end] === '[') {
      ELEMENT_ID.lastIndex = end;
      if (!ELEMENT_ID.test(body)) return undefined;
      end = ELEMENT_ID.lastIndex;
      while (body[end] === ' ') {
        PARAMETER.lastIndex = end;
        const parameter = PARAMETER.exec(body);
        if (parameter === null) return undefined;
        parameters[parameter[1] as string] = (parameter[2] as string).replace(/\\(["\\\]])/g, '$1');
        end = PARAMETER.lastIndex;
      }
      if (body[end] !== ']') return undefined;
      end++;
    }
  return end > at && (end === body.length || body[end] === ' ') ? { parameters, end } : undefined;
}

const dash = (word: string): string => (word === '-' ? '' : word);

function parseTime(text: string): number | undefined {
  const parts = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,6}))?(Z|[+-]\d\d:\d\d)$/.exec(text);
  if (parts === null) return undefined;
  const whole = Date.parse(`${parts[1]}${parts[3]}`);
  return Number.isNaN(whole) ? undefined : whole * 1000 + Number((parts[2] ?? '').padEnd(6, '0'));
}
