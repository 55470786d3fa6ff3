/**
 * The wire of a network virtual terminal: data bytes with commands between them (RFC 854), options (RFC 855), and the agreement on
 * options that never loops (RFC 1143, without its queue bits: neither end of ours changes its mind).
 */

export const TELNET_PORT = 23;

const IAC = 255;
const SE = 240;
const SB = 250;

/** Commands that stand alone (RFC 854, pages 14 and 15). */
export const COMMANDS = { NOP: 241, DM: 242, BRK: 243, IP: 244, AO: 245, AYT: 246, EC: 247, EL: 248, GA: 249 } as const;

const VERBS = { WILL: 251, WONT: 252, DO: 253, DONT: 254 } as const;
export type Verb = keyof typeof VERBS;
const VERB_NAMES: Readonly<Record<number, Verb>> = { 251: 'WILL', 252: 'WONT', 253: 'DO', 254: 'DONT' };

/** Options by number (IANA, Telnet Options). */
export const OPTIONS = {
  BINARY: 0,
  ECHO: 1,
  SGA: 3,
  STATUS: 5,
  TTYPE: 24,
  NAWS: 31,
  TSPEED: 32,
  LINEMODE: 34,
} as const;

export interface NvtSink {
  data(byte: number): void;
  command?(code: number): void;
  option?(verb: Verb, option: number): void;
  /** Parameters of an option, at most `LONGEST_PARAMETERS` of them. */
  parameters?(option: number, bytes: Uint8Array): void;
}

const LONGEST_PARAMETERS = 256;

const DATA = 0;
const COMMAND = 1;
const OPTION = 2;
const SUB_OPTION = 3;
const SUB = 4;
const SUB_IAC = 5;

/** Takes one direction apart, however its bytes arrive. Never throws. */
export class NvtParser {
  /** Commands that no RFC knows, and parameters that did not end. */
  illegal = 0;
  readonly #sink: NvtSink;
  #state = DATA;
  #verb: Verb = 'WILL';
  #option = 0;
  #parameters: number[] = [];

  constructor(sink: NvtSink) {
    this.#sink = sink;
  }

  push(buffer: Uint8Array, start = 0, end = buffer.length): void {
    for (let i = start; i < end; i++) this.#byte(buffer[i] as number);
  }

  /** Bytes are missing: what began before them does not go on. */
  resynchronise(): void {
    this.#state = DATA;
  }

  #byte(byte: number): void {
    switch (this.#state) {
      case DATA:
        if (byte === IAC) this.#state = COMMAND;
        else this.#sink.data(byte);
        return;
      case COMMAND:
        this.#command(byte);
        return;
      case OPTION:
        this.#state = DATA;
        this.#sink.option?.(this.#verb, byte);
        return;
      case SUB_OPTION:
        this.#option = byte;
        this.#parameters = [];
        this.#state = SUB;
        return;
      case SUB:
        if (byte === IAC) this.#state = SUB_IAC;
        else this.#parameter(byte);
        return;
      default:
        this.#afterIacInParameters(byte);
    }
  }

  #command(byte: number): void {
    this.#state = DATA;
    const verb = VERB_NAMES[byte];
    if (verb !== undefined) {
      this.#verb = verb;
      this.#state = OPTION;
    } else if (byte === SB) this.#state = SUB_OPTION;
    else if (byte === IAC) this.#sink.data(byte);
    else if (byte > SE && byte < SB) this.#sink.command?.(byte);
    else this.illegal++;
  }

  #parameter(byte: number): void {
    if (this.#parameters.length < LONGEST_PARAMETERS) {
      this.#parameters.push(byte);
      return;
    }
    this.illegal++;
    this.#state = DATA;
  }

  #afterIacInParameters(byte: number): void {
    if (byte === IAC) {
      this.#state = SUB;
      this.#parameter(byte);
      return;
    }
    this.#state = DATA;
    if (byte === SE) this.#sink.parameters?.(this.#option, Uint8Array.from(this.#parameters));
    else this.illegal++;
  }
}

/** `IAC verb option`. */
const optionBytes = (verb: Verb, option: number): number[] => [IAC, VERBS[verb], option];

/** Text as a terminal takes it: lines end with CR LF, a byte 255 is doubled. Characters beyond Latin-1 become question marks. */
export function nvtBytes(text: string): number[] {
  const bytes: number[] = [];
  for (const character of text.replace(/\r?\n/g, '\r\n')) {
    const code = character.codePointAt(0) as number;
    bytes.push(code > 255 ? 63 : code);
    if (code === IAC) bytes.push(IAC);
  }
  return bytes;
}

/** What one end agreed to: its own options and those of the other. Answers requests so that two ends never go on answering each other. */
export class Agreement {
  readonly #own: ReadonlySet<number>;
  readonly #others: ReadonlySet<number>;
  readonly #ownOn = new Set<number>();
  readonly #othersOn = new Set<number>();
  /** Asked for by this end and not answered yet. */
  readonly #asked = new Set<number>();

  /** @param own options that this end is willing to perform @param others those that it wants the other to perform when it offers */
  constructor(own: readonly number[], others: readonly number[]) {
    this.#own = new Set(own);
    this.#others = new Set(others);
  }

  /** Whether this end performs an option, agreed by the other. */
  performs(option: number): boolean {
    return this.#ownOn.has(option);
  }

  /** Offers an own option. */
  offer(option: number): number[] {
    this.#asked.add(option);
    return optionBytes('WILL', option);
  }

  /** What has to be answered to the other's word, if anything. */
  hear(verb: Verb, option: number): number[] {
    if (verb === 'DO' || verb === 'DONT') return this.#heardOfOwn(verb === 'DO', option);
    const on = verb === 'WILL' && this.#others.has(option);
    if (on === this.#othersOn.has(option)) return verb === 'WILL' && !on ? optionBytes('DONT', option) : [];
    if (on) this.#othersOn.add(option);
    else this.#othersOn.delete(option);
    return optionBytes(on ? 'DO' : 'DONT', option);
  }

  #heardOfOwn(wanted: boolean, option: number): number[] {
    const asked = this.#asked.delete(option);
    const on = wanted && this.#own.has(option);
    const was = this.#ownOn.has(option);
    if (on) this.#ownOn.add(option);
    else this.#ownOn.delete(option);
    if (asked) return [];
    if (wanted && !on) return optionBytes('WONT', option);
    return on === was ? [] : optionBytes(on ? 'WILL' : 'WONT', option);
  }
}
