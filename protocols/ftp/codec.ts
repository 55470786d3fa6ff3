/** Lines of an FTP control connection (RFC 959, 2428, 3659): commands one way, replies the other, and addresses in both. */

export const FTP_PORT = 21;
const LONGEST_LINE = 512;

export interface FtpCommand {
  /** Upper case. */
  readonly verb: string;
  readonly argument: string;
}

export interface FtpReply {
  readonly code: number;
  /** Lines without their code. */
  readonly lines: readonly string[];
}

/** Where a data connection is to go. */
export interface DataPlace {
  /** Undefined where the reply leaves it out (EPSV). */
  readonly address: string | undefined;
  readonly port: number;
}

/** Undefined for what is no command. */
export function parseCommand(line: string): FtpCommand | undefined {
  const parts = /^([A-Za-z]{3,4})(?: (.*))?$/.exec(line);
  return parts === null ? undefined : { verb: (parts[1] as string).toUpperCase(), argument: parts[2] ?? '' };
}

/** A reply in bytes; several lines as RFC 959 (4.2) writes them. */
export function encodeReply(code: number, ...lines: readonly string[]): string {
  const last = lines.length - 1;
  return lines
    .map((line, i) => (i === last ? `${code} ${line}` : i === 0 ? `${code}-${line}` : ` ${line}`))
    .join('\r\n');
}

/** Puts replies together out of lines. */
export class ReplyReader {
  #code: number | undefined;
  #lines: string[] = [];

  /** A reply that is whole with this line; `illegal` for a line that belongs to none. */
  line(line: string): FtpReply | 'illegal' | undefined {
    const parts = /^(\d{3})([ -])(.*)$/.exec(line);
    if (this.#code === undefined) {
      // Servers answer with a bare code now and then.
      if (parts === null) return /^\d{3}$/.test(line) ? { code: Number(line), lines: [''] } : 'illegal';
      const code = Number(parts[1]);
      if (parts[2] === ' ') return { code, lines: [parts[3] as string] };
      this.#code = code;
      this.#lines = [parts[3] as string];
      return undefined;
    }
    const isLast = parts !== null && Number(parts[1]) === this.#code && parts[2] === ' ';
    if (this.#lines.length < MOST_LINES) this.#lines.push(isLast ? (parts[3] as string) : line.trimStart());
    if (!isLast) return undefined;
    const reply = { code: this.#code, lines: this.#lines };
    this.#code = undefined;
    return reply;
  }
}

const MOST_LINES = 64;

/** `h1,h2,h3,h4,p1,p2` of PORT and PASV. */
export function parseHostPort(text: string): DataPlace | undefined {
  const numbers = /(\d{1,3}),(\d{1,3}),(\d{1,3}),(\d{1,3}),(\d{1,3}),(\d{1,3})/.exec(text)?.slice(1).map(Number);
  if (numbers === undefined || numbers.some((n) => n > 255)) return undefined;
  const [a, b, c, d, high, low] = numbers as [number, number, number, number, number, number];
  return { address: `${a}.${b}.${c}.${d}`, port: high * 256 + low };
}

export const formatHostPort = (address: string, port: number): string =>
  [...address.split('.'), port >> 8, port & 255].join(',');

/** `|1|10.0.0.1|6446|` of EPRT, `(|||6446|)` of EPSV's answer (RFC 2428); IPv4 only. */
export function parseExtended(text: string): DataPlace | undefined {
  const parts = /([\x21-\x7e])([12]?)\1([\d.]*)\1(\d{1,5})\1/.exec(text);
  if (parts === null || parts[2] === '2' || Number(parts[4]) > 65_535) return undefined;
  return { address: parts[3] === '' ? undefined : parts[3], port: Number(parts[4]) };
}

/** Cuts a stream into lines that end with LF, with or without CR. */
export class LineReader {
  /** Characters of lines that were too long. */
  lost = 0;
  #text = '';
  readonly #onLine: (line: string) => void;

  constructor(onLine: (line: string) => void) {
    this.#onLine = onLine;
  }

  push(buffer: Uint8Array, start = 0, end = buffer.length): void {
    for (let i = start; i < end; i++) {
      const byte = buffer[i] as number;
      if (byte === 10) {
        const line = this.#text.endsWith('\r') ? this.#text.slice(0, -1) : this.#text;
        this.#text = '';
        this.#onLine(line);
      } else if (this.#text.length < LONGEST_LINE) this.#text += String.fromCharCode(byte);
      else this.lost++;
    }
  }

  resynchronise(): void {
    this.#text = '';
  }
}
