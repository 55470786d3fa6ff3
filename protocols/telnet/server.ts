/**
 * One connection to a device's console: negotiates echo, asks for user and password, and gives lines to whoever answers for the device.
 * Nothing behind it is a process or a file of this machine: what a command does is the device's own.
 */
import { type Instant, minutes, NEVER, type StreamMachine, seconds } from '@penstock/core';
import { LineEditor } from './line.ts';
import { Agreement, COMMANDS, NvtParser, nvtBytes, OPTIONS } from './nvt.ts';

/** What a command came to. */
export interface ConsoleAnswer {
  /** Lines to show. */
  readonly text: readonly string[];
  /** A secret is asked for next, and goes to `given` instead of being a command. */
  readonly ask?: { readonly prompt: string; given(secret: string, now: Instant): ConsoleAnswer };
  /** The session is over. */
  readonly end?: boolean;
}

/** Somebody who is logged on. */
export interface ConsoleUser {
  /** What stands before each command, with its space. */
  readonly prompt: string;
  execute(line: string, now: Instant): ConsoleAnswer;
}

/** The device behind the console. */
export interface ConsoleHost {
  /** Shown before anybody is asked who they are; it may change with the device's firmware. */
  readonly banner: string;
  /** Undefined for a user or password that is wrong. */
  login(user: string, password: string, now: Instant): ConsoleUser | undefined;
}

const TRIES = 3;
const LOGIN_WITHIN = seconds(60);
const IDLE = minutes(10);
/** A wrong password costs this long, as login programs do. */
const PENALTY = seconds(1);
/** Of output that nobody takes; what comes beyond is not kept. */
const MOST_OUTPUT = 64 * 1024;

type Stage = 'user' | 'password' | 'command' | 'secret';

export class TelnetServer implements StreamMachine {
  closing = false;
  readonly #host: ConsoleHost;
  readonly #parser: NvtParser;
  readonly #agreement = new Agreement([OPTIONS.ECHO, OPTIONS.SGA], [OPTIONS.SGA]);
  readonly #editor = new LineEditor();
  #out: number[] = [];
  #stage: Stage = 'user';
  #user = '';
  #tries = 0;
  #session: ConsoleUser | undefined;
  #ask: ConsoleAnswer['ask'];
  #deadline: Instant;
  /** Until then what was typed is kept back. */
  #penaltyUntil: Instant | undefined;
  #typed: number[] = [];
  #now: Instant;

  constructor(host: ConsoleHost, now: Instant) {
    this.#host = host;
    this.#now = now;
    this.#deadline = (now + LOGIN_WITHIN) as Instant;
    this.#parser = new NvtParser({
      data: (byte) => this.#byte(byte),
      command: (code) => this.#command(code),
      option: (verb, option) => void this.#out.push(...this.#agreement.hear(verb, option)),
    });
    this.#out.push(...this.#agreement.offer(OPTIONS.ECHO), ...this.#agreement.offer(OPTIONS.SGA));
    this.#show(`${host.banner}\n\nlogin: `);
  }

  receive(bytes: Uint8Array, now: Instant): void {
    this.#now = now;
    if (this.#session !== undefined) this.#deadline = (now + IDLE) as Instant;
    this.#parser.push(bytes);
  }

  due(): Instant {
    if (this.closing) return NEVER;
    return Math.min(this.#deadline, this.#penaltyUntil ?? NEVER) as Instant;
  }

  tick(now: Instant): void {
    this.#now = now;
    if (this.#penaltyUntil !== undefined && now >= this.#penaltyUntil) {
      this.#penaltyUntil = undefined;
      this.#show('Login incorrect\n');
      if (this.#tries >= TRIES) this.#end();
      else this.#askUser();
      for (const byte of this.#typed.splice(0)) this.#byte(byte);
    }
    if (now >= this.#deadline && !this.closing) {
      this.#show(this.#session === undefined ? '\nLogin timed out\n' : '\nClosed: nobody typed for ten minutes\n');
      this.#end();
    }
  }

  take(): Uint8Array | undefined {
    if (this.#out.length === 0) return undefined;
    const out = Uint8Array.from(this.#out);
    this.#out = [];
    return out;
  }

  #byte(byte: number): void {
    if (this.closing) return;
    if (this.#penaltyUntil !== undefined) {
      if (this.#typed.length < 1024) this.#typed.push(byte);
      return;
    }
    const typed = this.#editor.type(byte, (text) => this.#echo(text));
    if (typed === undefined) return;
    if (typed.kind === 'line') this.#line(typed.text);
    else if (typed.kind === 'end') this.#end();
    else this.#interrupted();
  }

  #command(code: number): void {
    const echo = (text: string): void => this.#echo(text);
    if (code === COMMANDS.AYT) this.#show('[yes]\n');
    else if (code === COMMANDS.EC) this.#editor.erase(echo);
    else if (code === COMMANDS.EL) this.#editor.kill(echo);
    else if (code === COMMANDS.IP || code === COMMANDS.BRK) this.#interrupted();
  }

  #interrupted(): void {
    this.#ask = undefined;
    if (this.#session === undefined) this.#askUser();
    else this.#prompt();
  }

  #line(text: string): void {
    switch (this.#stage) {
      case 'user':
        this.#user = text.trim();
        if (this.#user === '') this.#askUser();
        else this.#secret('Password: ', 'password');
        return;
      case 'password':
        this.#login(text);
        return;
      case 'secret':
        this.#answered(this.#ask?.given(text, this.#now) ?? { text: [] });
        return;
      default:
        this.#answered(this.#session?.execute(text.trim(), this.#now) ?? { text: [] });
    }
  }

  #login(password: string): void {
    // The line end that the person typed is not echoed while the password is.
    this.#show('\n');
    const session = this.#host.login(this.#user, password, this.#now);
    if (session === undefined) {
      this.#tries++;
      this.#penaltyUntil = (this.#now + PENALTY) as Instant;
      return;
    }
    this.#session = session;
    this.#deadline = (this.#now + IDLE) as Instant;
    this.#prompt();
  }

  #answered(answer: ConsoleAnswer): void {
    if (this.#stage === 'secret') this.#show('\n');
    for (const line of answer.text) this.#show(`${line}\n`);
    if (answer.end === true) this.#end();
    else if (answer.ask !== undefined) {
      this.#ask = answer.ask;
      this.#secret(answer.ask.prompt, 'secret');
    } else this.#prompt();
  }

  #askUser(): void {
    this.#stage = 'user';
    this.#editor.hidden = false;
    this.#show('login: ');
  }

  #secret(prompt: string, stage: Stage): void {
    this.#stage = stage;
    this.#editor.hidden = true;
    this.#show(prompt);
  }

  #prompt(): void {
    this.#stage = 'command';
    this.#editor.hidden = false;
    this.#show(this.#session?.prompt ?? '');
  }

  #end(): void {
    this.closing = true;
  }

  #echo(text: string): void {
    const isSecretEnd = this.#editor.hidden && text === '\n';
    if (this.#agreement.performs(OPTIONS.ECHO) && !isSecretEnd) this.#show(text);
  }

  #show(text: string): void {
    if (this.#out.length < MOST_OUTPUT) this.#out.push(...nvtBytes(text));
  }
}
