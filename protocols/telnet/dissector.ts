/**
 * Telnet as somebody who listens understands it: what the server asked for tells whether a line is a user, a password or a command.
 * Zeek has no log of it; ours are `telnet_login`, `telnet_command` and, for every protocol alike, `credential`.
 */
import type { Dissector, DissectorFactory, ProtocolEvent } from '@penstock/core';
import { credentialEvent, maskSecret } from '../credentials/index.ts';
import { LineEditor } from './line.ts';
import { COMMANDS, NvtParser, TELNET_PORT } from './nvt.ts';

export interface TelnetLoginEvent extends ProtocolEvent {
  readonly name: 'telnet_login';
  readonly user: string | undefined;
  /** Masked. */
  readonly password: string;
  readonly success: boolean | undefined;
}

export interface TelnetCommandEvent extends ProtocolEvent {
  readonly name: 'telnet_command';
  readonly user: string | undefined;
  readonly command: string;
  /** First line of what was answered; undefined where nothing was seen. */
  readonly answer: string | undefined;
}

/** What the server says first. */
export interface TelnetBannerEvent extends ProtocolEvent {
  readonly name: 'telnet_banner';
  readonly banner: string;
}

const MOST_TEXT = 2048;
const LONGEST_ANSWER = 200;
const nothing = (): void => {};

class TelnetDissector implements Dissector {
  unparsedBytes = 0;
  readonly #emit: (event: ProtocolEvent) => void;
  readonly #client: NvtParser;
  readonly #server: NvtParser;
  readonly #editor = new LineEditor();
  #time = 0;
  /** What the server has said since the last line of the client. */
  #said = '';
  #hasBanner = false;
  #user: string | undefined;
  #loggedOn: string | undefined;
  /** A password, or a command, that waits for what the server says to it. */
  #password: string | undefined;
  #command: string | undefined;

  constructor(emit: (event: ProtocolEvent) => void) {
    this.#emit = emit;
    this.#client = new NvtParser({
      data: (byte) => this.#typed(byte),
      command: (code) => {
        if (code === COMMANDS.EC) this.#editor.erase(nothing);
        else if (code === COMMANDS.EL) this.#editor.kill(nothing);
      },
    });
    this.#server = new NvtParser({
      data: (byte) => {
        if (byte !== 0 && this.#said.length < MOST_TEXT) this.#said += String.fromCharCode(byte);
        else if (this.#said.length >= MOST_TEXT) this.#said = this.#said.slice(-LONGEST_ANSWER);
      },
    });
  }

  get violations(): number {
    return this.#client.illegal + this.#server.illegal;
  }

  data(fromOriginator: boolean, time: number, buffer: Uint8Array, start: number, end: number): void {
    this.#time = time;
    (fromOriginator ? this.#client : this.#server).push(buffer, start, end);
    if (!fromOriginator) this.#judge();
  }

  gap(fromOriginator: boolean): void {
    (fromOriginator ? this.#client : this.#server).resynchronise();
    this.#editor.kill(nothing);
    this.#said = '';
  }

  end(time: number): void {
    this.#time = time;
    if (this.#password !== undefined) this.#login(undefined);
    this.#executed(firstLine(this.#said, this.#command));
  }

  /** What the server's last words mean for what waits. */
  #judge(): void {
    const last = this.#said.slice(this.#said.lastIndexOf('\n') + 1);
    const asks = ASKS_USER.test(last) || ASKS_SECRET.test(last);
    if (!this.#hasBanner && (asks || isPrompt(last))) {
      this.#hasBanner = true;
      const banner = this.#said.slice(0, this.#said.lastIndexOf('\n') + 1).trim();
      if (banner !== '') this.#tell({ name: 'telnet_banner', time: this.#time, banner: printable(banner) });
    }
    if (this.#password !== undefined) {
      if (ASKS_USER.test(last) || /incorrect|invalid|denied|fail|wrong/i.test(this.#said)) this.#login(false);
      else if (isPrompt(last)) this.#login(true);
    }
    if (this.#command !== undefined && (asks || isPrompt(last))) this.#executed(firstLine(this.#said, this.#command));
  }

  #typed(byte: number): void {
    const typed = this.#editor.type(byte, nothing);
    if (typed?.kind !== 'line') return;
    const last = this.#said.slice(this.#said.lastIndexOf('\n') + 1);
    const { text } = typed;
    // A password that nobody commented on was followed by another line: how it ended was not seen.
    if (this.#password !== undefined) this.#login(undefined);
    this.#executed(undefined);
    this.#said = '';
    if (ASKS_USER.test(last)) this.#user = text.trim().slice(0, 64);
    else if (ASKS_SECRET.test(last)) {
      if (this.#loggedOn === undefined) this.#password = text;
    } else if (text.trim() !== '') this.#command = text.trim();
  }

  #login(success: boolean | undefined): void {
    const password = this.#password ?? '';
    const user = this.#user;
    const time = this.#time;
    this.#password = undefined;
    if (success === true) this.#loggedOn = user ?? '';
    this.#tell({ name: 'telnet_login', time, user, password: maskSecret(password), success });
    this.#emit(credentialEvent('telnet', time, user, password, success));
  }

  #executed(answer: string | undefined): void {
    const command = this.#command;
    if (command === undefined) return;
    this.#command = undefined;
    const user = this.#loggedOn === '' ? undefined : this.#loggedOn;
    this.#tell({ name: 'telnet_command', time: this.#time, user, command: printable(command), answer });
  }

  #tell(event: TelnetLoginEvent | TelnetCommandEvent | TelnetBannerEvent): void {
    this.#emit(event);
  }
}

const ASKS_USER = /(login|user ?name|user|account): *$/i;
const ASKS_SECRET = /(password|passwort|pass code|passcode|pin)[^:]*: *$/i;
const isPrompt = (line: string): boolean => /[>#$%] *$/.test(line) && line.length < 80;

/** First line of an answer, without the command that a console says again. */
function firstLine(text: string, command: string | undefined): string | undefined {
  const line = text
    .split('\n')
    .map((one) => one.trim())
    .find((one) => one !== '' && one !== command && !isPrompt(one));
  return line === undefined ? undefined : printable(line);
}

const printable = (text: string): string =>
  [...text.slice(0, LONGEST_ANSWER)]
    .map((character) => (character === '\n' ? ' ' : character < ' ' ? '' : character))
    .join('');

/** Telnet has no header: options at the beginning are its only sign, and text only on its own port. */
export const telnetDissector: DissectorFactory = {
  protocol: 'telnet',
  transport: 'tcp',
  ports: [TELNET_PORT, 2323],
  probe(buffer, start, end) {
    if (end - start < 1) return undefined;
    if (buffer[start] === 255) {
      if (end - start < 3) return undefined;
      const verb = buffer[start + 1] as number;
      return verb >= 251 && verb <= 254 && (buffer[start + 2] as number) < 64 ? 0.9 : 0;
    }
    for (let i = start; i < Math.min(end, start + 16); i++) {
      const byte = buffer[i] as number;
      if (byte > 126 || (byte < 32 && byte !== 10 && byte !== 13 && byte !== 9 && byte !== 0 && byte !== 27)) return 0;
    }
    return 0.1;
  },
  create: (emit) => new TelnetDissector(emit),
};
