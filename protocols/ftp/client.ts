/** An FTP client for one errand: log on, do something with one file over a passive data connection, say goodbye. */
import { type Instant, NEVER, type StreamMachine, seconds } from '@penstock/core';
import { type FtpReply, LineReader, parseHostPort, ReplyReader } from './codec.ts';
import type { DataChannel, DataListener } from './server.ts';

/** What is to be done. */
export type FtpErrand =
  | { readonly kind: 'store'; readonly name: string; readonly bytes: Uint8Array }
  | { readonly kind: 'retrieve' | 'delete'; readonly name: string }
  | { readonly kind: 'list' };

export interface FtpOutcome {
  /** `denied`: user or password were wrong. `refused`: the server does not do it. `lost`: no answer came. */
  readonly outcome: 'done' | 'denied' | 'refused' | 'lost';
  /** The last reply, `226 Transfer complete`. */
  readonly detail: string;
  /** What was retrieved or listed. */
  readonly bytes: Uint8Array;
}

const SILENT = seconds(15);
const MOST_BYTES = 4 * 1024 * 1024;

type Stage = 'greeting' | 'user' | 'password' | 'type' | 'passive' | 'delete' | 'transfer' | 'quit';

export class FtpClient implements StreamMachine {
  closing = false;
  readonly #user: string;
  readonly #password: string;
  readonly #errand: FtpErrand;
  readonly #dial: (port: number, listener: DataListener) => void;
  readonly #done: (outcome: FtpOutcome, now: Instant) => void;
  readonly #replies = new ReplyReader();
  readonly #lines: LineReader;
  #out: string[] = [];
  #stage: Stage = 'greeting';
  #channel: DataChannel | undefined;
  /** The command was taken: data may be sent. */
  #mayTransfer = false;
  #isDataOver = false;
  #last: FtpReply | undefined;
  #received: Uint8Array[] = [];
  #receivedBytes = 0;
  #told = false;
  #now: Instant;
  #deadline: Instant;

  /** @param dial connects to a port of the same server. `done` is called once. */
  constructor(
    user: string,
    password: string,
    errand: FtpErrand,
    dial: (port: number, listener: DataListener) => void,
    now: Instant,
    done: (outcome: FtpOutcome, now: Instant) => void,
  ) {
    this.#user = user;
    this.#password = password;
    this.#errand = errand;
    this.#dial = dial;
    this.#done = done;
    this.#now = now;
    this.#deadline = (now + SILENT) as Instant;
    this.#lines = new LineReader((line) => {
      const reply = this.#replies.line(line);
      if (reply === 'illegal') this.#end('lost', `'${line.slice(0, 40)}' is no reply`);
      else if (reply !== undefined) this.#hear(reply);
    });
  }

  receive(bytes: Uint8Array, now: Instant): void {
    this.#now = now;
    this.#deadline = (now + SILENT) as Instant;
    this.#lines.push(bytes);
  }

  due(): Instant {
    return this.closing ? NEVER : this.#deadline;
  }

  tick(now: Instant): void {
    this.#now = now;
    if (now >= this.#deadline) this.#end('lost', 'no answer');
  }

  take(): Uint8Array | undefined {
    if (this.#out.length === 0) return undefined;
    const bytes = new TextEncoder().encode(this.#out.join(''));
    this.#out = [];
    return bytes;
  }

  /** The control connection is gone. */
  abandon(now: Instant): void {
    this.#now = now;
    this.#end('lost', 'connection closed');
  }

  #say(line: string, stage: Stage): void {
    this.#stage = stage;
    this.#out.push(`${line}\r\n`);
  }

  #hear(reply: FtpReply): void {
    const { code } = reply;
    const text = `${code} ${reply.lines.at(-1) ?? ''}`;
    const errand = this.#errand;
    if (this.#told) {
      this.closing = true;
      return;
    }
    switch (this.#stage) {
      case 'greeting':
        if (code === 220) this.#say(`USER ${this.#user}`, 'user');
        else this.#end('refused', text);
        return;
      case 'user':
        if (code === 331) this.#say(`PASS ${this.#password}`, 'password');
        else if (code === 230) this.#say('TYPE I', 'type');
        else this.#end('denied', text);
        return;
      case 'password':
        if (code === 230) this.#say('TYPE I', 'type');
        else this.#end('denied', text);
        return;
      case 'type':
        if (errand.kind === 'delete') this.#say(`DELE ${errand.name}`, 'delete');
        else this.#say('PASV', 'passive');
        return;
      case 'passive': {
        const place = code === 227 ? parseHostPort(text) : undefined;
        if (place === undefined) {
          this.#end('refused', text);
          return;
        }
        this.#dial(place.port, this.#listener());
        this.#say(
          errand.kind === 'list' ? 'LIST' : `${errand.kind === 'store' ? 'STOR' : 'RETR'} ${errand.name}`,
          'transfer',
        );
        return;
      }
      case 'transfer':
        this.#transferred(reply, text);
        return;
      default:
        this.#end(code < 400 ? 'done' : 'refused', text);
    }
  }

  #transferred(reply: FtpReply, text: string): void {
    if (reply.code >= 400) {
      this.#channel?.abort();
      this.#end('refused', text);
    } else if (reply.code < 200) {
      this.#mayTransfer = true;
      this.#send();
    } else {
      this.#last = reply;
      if (this.#isDataOver) this.#end('done', text);
    }
  }

  #send(): void {
    if (this.#mayTransfer && this.#channel !== undefined && this.#errand.kind === 'store')
      this.#channel.send(this.#errand.bytes);
  }

  #listener(): DataListener {
    return {
      open: (channel) => {
        this.#channel = channel;
        this.#send();
      },
      data: (buffer, start, end) => {
        this.#receivedBytes += end - start;
        if (this.#receivedBytes <= MOST_BYTES) this.#received.push(buffer.slice(start, end));
      },
      closed: () => {
        this.#isDataOver = true;
        const last = this.#last;
        if (last !== undefined) this.#end('done', `${last.code} ${last.lines.at(-1) ?? ''}`);
      },
    };
  }

  #end(outcome: FtpOutcome['outcome'], detail: string): void {
    if (this.#told) return;
    this.#told = true;
    if (outcome === 'lost') this.closing = true;
    else this.#say('QUIT', 'quit');
    this.#done({ outcome, detail, bytes: Buffer.concat(this.#received) }, this.#now);
  }
}
