/** Somebody at a terminal: logs on to a console and gives it commands, each when the console is ready for it. */
import { type Instant, NEVER, type StreamMachine, seconds } from '@penstock/core';
import { Agreement, NvtParser, nvtBytes, OPTIONS } from './nvt.ts';

/** What came of a session. `refused`: user or password were wrong. `lost`: the connection ended, or the console fell silent. */
export interface TelnetOutcome {
  readonly outcome: 'done' | 'refused' | 'lost';
  /** What was answered to each command that was given. */
  readonly answers: readonly string[];
}

const SILENT = seconds(15);
const MOST_TEXT = 64 * 1024;

export class TelnetClient implements StreamMachine {
  closing = false;
  readonly #parser: NvtParser;
  readonly #agreement = new Agreement([OPTIONS.SGA], [OPTIONS.ECHO, OPTIONS.SGA]);
  readonly #user: string;
  readonly #password: string;
  readonly #lines: readonly string[];
  readonly #answers: string[] = [];
  readonly #done: (outcome: TelnetOutcome, now: Instant) => void;
  #out: number[] = [];
  #text = '';
  #stage: 'user' | 'password' | 'entered' | 'command' = 'user';
  #given = 0;
  #ended = false;
  #deadline: Instant;

  /** @param lines commands, given one after the other; `done` is called once */
  constructor(
    user: string,
    password: string,
    lines: readonly string[],
    now: Instant,
    done: (outcome: TelnetOutcome, now: Instant) => void,
  ) {
    this.#user = user;
    this.#password = password;
    this.#lines = lines;
    this.#done = done;
    this.#deadline = (now + SILENT) as Instant;
    this.#parser = new NvtParser({
      data: (byte) => this.#hear(byte),
      option: (verb, option) => void this.#out.push(...this.#agreement.hear(verb, option)),
    });
  }

  receive(bytes: Uint8Array, now: Instant): void {
    if (this.#ended) return;
    this.#deadline = (now + SILENT) as Instant;
    this.#parser.push(bytes);
    this.#look(now);
  }

  due(): Instant {
    return this.#deadline;
  }

  tick(now: Instant): void {
    if (now >= this.#deadline) this.abandon(now);
  }

  take(): Uint8Array | undefined {
    if (this.#out.length === 0) return undefined;
    const out = Uint8Array.from(this.#out);
    this.#out = [];
    return out;
  }

  /** The connection is gone. What was given before that was perhaps done, but nobody said so. */
  abandon(now: Instant): void {
    if (this.#ended) return;
    // A console that restarts its device hangs up with the last command.
    const isLast = this.#stage === 'command' && this.#given === this.#lines.length && this.#text.trim() !== '';
    if (isLast) this.#answers.push(this.#answer(this.#text));
    this.#end(isLast ? 'done' : 'lost', now);
  }

  #hear(byte: number): void {
    if (byte !== 0 && this.#text.length < MOST_TEXT) this.#text += String.fromCharCode(byte);
  }

  #look(now: Instant): void {
    const last = this.#text.slice(this.#text.lastIndexOf('\n') + 1);
    const asksUser = /login: *$/i.test(last);
    switch (this.#stage) {
      case 'user':
        if (asksUser) this.#say(this.#user, 'password');
        return;
      case 'password':
        if (/password: *$/i.test(last)) this.#say(this.#password, 'entered');
        return;
      case 'entered':
        if (asksUser || /incorrect|denied/i.test(this.#text)) this.#end('refused', now);
        else if (isPrompt(last)) this.#next(now);
        return;
      default:
        if (!isPrompt(last)) return;
        this.#answers.push(this.#answer(this.#text.slice(0, this.#text.lastIndexOf('\n') + 1)));
        this.#next(now);
    }
  }

  /** Without the command itself, which a console that echoes says again. */
  #answer(text: string): string {
    const lines = text.replaceAll('\r', '').trimEnd().split('\n');
    if (lines[0] === this.#lines[this.#given - 1]) lines.shift();
    return lines.join('\n');
  }

  #next(now: Instant): void {
    const line = this.#lines[this.#given];
    if (line === undefined) this.#end('done', now);
    else {
      this.#given++;
      this.#say(line, 'command');
    }
  }

  #say(line: string, stage: 'password' | 'entered' | 'command'): void {
    this.#stage = stage;
    this.#text = '';
    this.#out.push(...nvtBytes(`${line}\n`));
  }

  #end(outcome: TelnetOutcome['outcome'], now: Instant): void {
    if (this.#ended) return;
    this.#ended = true;
    this.closing = true;
    this.#deadline = NEVER;
    this.#done({ outcome, answers: this.#answers }, now);
  }
}

const isPrompt = (line: string): boolean => /[>#$] $/.test(line);
