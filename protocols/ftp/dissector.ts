/**
 * FTP as Zeek's ftp.log has it (https://docs.zeek.org/en/master/scripts/base/protocols/ftp/info.zeek.html): one event for a command that does
 * something, with its reply. Zeek logs APPE, DELE, RETR, STOR, STOU, ACCT, PORT, PASV, EPRT and EPSV; LIST and NLST are ours.
 */
import type { Dissector, DissectorFactory, ProtocolEvent } from '@penstock/core';
import { credentialEvent } from '../credentials/index.ts';
import {
  type DataPlace,
  FTP_PORT,
  type FtpReply,
  LineReader,
  parseCommand,
  parseExtended,
  parseHostPort,
  ReplyReader,
} from './codec.ts';

export interface FtpEvent extends ProtocolEvent {
  readonly name: 'ftp';
  readonly user: string | undefined;
  /** `<hidden>`, as Zeek writes it; an anonymous user's is no secret. */
  readonly password: string | undefined;
  readonly command: string;
  readonly arg: string | undefined;
  readonly file_size: number | undefined;
  readonly reply_code: number | undefined;
  readonly reply_msg: string | undefined;
  readonly 'data_channel.passive': boolean | undefined;
  /** Undefined where the reply leaves it out: it is the server's own. */
  readonly 'data_channel.resp_h': string | undefined;
  readonly 'data_channel.resp_p': number | undefined;
}

export interface FtpBannerEvent extends ProtocolEvent {
  readonly name: 'ftp_banner';
  readonly banner: string;
}

const LOGGED: ReadonlySet<string> = new Set('APPE DELE RETR STOR STOU ACCT PORT PASV EPRT EPSV LIST NLST'.split(' '));
const MOST_PENDING = 32;
const LONGEST = 200;

interface Pending {
  readonly verb: string;
  readonly argument: string;
  /** As a mark before the data told it. */
  size: number | undefined;
}

class FtpDissector implements Dissector {
  unparsedBytes = 0;
  violations = 0;
  readonly #emit: (event: ProtocolEvent) => void;
  readonly #commands: LineReader;
  readonly #answers: LineReader;
  #replies = new ReplyReader();
  #time = 0;
  #hasGreeted = false;
  #pending: Pending[] = [];
  #user: string | undefined;
  #password: string | undefined;
  #loggedOn = false;

  constructor(emit: (event: ProtocolEvent) => void) {
    this.#emit = emit;
    this.#commands = new LineReader((line) => this.#command(line));
    this.#answers = new LineReader((line) => {
      const reply = this.#replies.line(line);
      if (reply === 'illegal') {
        this.violations++;
        this.unparsedBytes += line.length + 2;
      } else if (reply !== undefined) this.#reply(reply);
    });
  }

  data(fromOriginator: boolean, time: number, buffer: Uint8Array, start: number, end: number): void {
    this.#time = time;
    (fromOriginator ? this.#commands : this.#answers).push(buffer, start, end);
  }

  gap(fromOriginator: boolean): void {
    (fromOriginator ? this.#commands : this.#answers).resynchronise();
    this.#replies = new ReplyReader();
    this.#hasGreeted = true;
    this.#pending = [];
  }

  end(time: number): void {
    this.#time = time;
    for (const pending of this.#pending.splice(0)) this.#tell(pending, undefined);
  }

  #command(line: string): void {
    const command = parseCommand(line);
    if (command === undefined) {
      this.violations++;
      this.unparsedBytes += line.length + 2;
      return;
    }
    const { verb, argument } = command;
    if (this.#pending.length >= MOST_PENDING) this.#pending.shift();
    this.#pending.push({ verb, argument, size: undefined });
  }

  #reply(reply: FtpReply): void {
    const { code, lines } = reply;
    if (!this.#hasGreeted) {
      this.#hasGreeted = true;
      // What was picked up in mid-stream begins with the answer to something.
      if (code === 220 && this.#pending.length === 0) {
        const banner = lines.join(' ').slice(0, LONGEST);
        if (banner !== '') this.#greeted(banner);
        return;
      }
    }
    const pending = this.#pending[0];
    if (pending === undefined) return;
    // A first mark before the data tells the size; the command ends with what comes after it.
    if (code < 200) {
      pending.size = sizeOf(lines.at(-1));
      return;
    }
    this.#pending.shift();
    this.#tell(pending, reply);
  }

  #greeted(banner: string): void {
    const event: FtpBannerEvent = { name: 'ftp_banner', time: this.#time, banner };
    this.#emit(event);
  }

  #tell(pending: Pending, reply: FtpReply | undefined): void {
    const { verb, argument } = pending;
    const code = reply?.code;
    if (verb === 'USER') {
      this.#user = argument.slice(0, 64);
      this.#loggedOn = code === 230;
      return;
    }
    if (verb === 'PASS') {
      this.#password = argument;
      const success = code === undefined ? undefined : code === 230;
      this.#loggedOn = success === true;
      this.#emit(credentialEvent('ftp', this.#time, this.#user, argument, success));
      return;
    }
    if (!LOGGED.has(verb)) return;
    const place = placeOf(verb, argument, reply);
    const message = reply?.lines.at(-1)?.slice(0, LONGEST);
    const event: FtpEvent = {
      name: 'ftp',
      time: this.#time,
      user: this.#user,
      password: this.#shownPassword(),
      command: verb,
      arg: argument === '' ? undefined : argument.slice(0, LONGEST),
      file_size: pending.size ?? sizeOf(message),
      reply_code: code,
      reply_msg: message,
      'data_channel.passive': place && (verb === 'PASV' || verb === 'EPSV'),
      'data_channel.resp_h': place?.address,
      'data_channel.resp_p': place?.port,
    };
    this.#emit(event);
  }

  #shownPassword(): string | undefined {
    if (this.#password === undefined) return undefined;
    return this.#loggedOn && /^(anonymous|ftp|guest)$/i.test(this.#user ?? '')
      ? this.#password.slice(0, 64)
      : '<hidden>';
  }
}

function placeOf(verb: string, argument: string, reply: FtpReply | undefined): DataPlace | undefined {
  if (verb === 'PORT') return parseHostPort(argument);
  if (verb === 'EPRT') return parseExtended(argument);
  const text = reply?.lines.at(-1) ?? '';
  if (verb === 'PASV' && reply?.code === 227) return parseHostPort(text);
  return verb === 'EPSV' && reply?.code === 229 ? parseExtended(text) : undefined;
}

function sizeOf(message: string | undefined): number | undefined {
  const size = /\((\d{1,12}) bytes\)/.exec(message ?? '')?.[1];
  return size === undefined ? undefined : Number(size);
}

const LATIN = new TextDecoder('latin1');

export const ftpDissector: DissectorFactory = {
  protocol: 'ftp',
  transport: 'tcp',
  ports: [FTP_PORT, 2121],
  probe(buffer, start, end, fromOriginator) {
    if (end - start < 5) return undefined;
    const text = LATIN.decode(buffer.subarray(start, Math.min(end, start + 128)));
    if (fromOriginator) return /^(USER|PASS|TYPE|PASV|EPSV|RETR|STOR|CWD|SYST) ?[^\n]*\r?\n?/.test(text) ? 0.8 : 0;
    // Mail servers greet with the same code and say what they are.
    if (/^220[ -]/.test(text)) return /SMTP|mail/i.test(text) ? 0 : /ftp/i.test(text) ? 0.9 : 0.3;
    return /^[1-5]\d\d[ -][\x20-\x7e]*\r?\n/.test(text) ? 0.2 : 0;
  },
  create: (emit) => new FtpDissector(emit),
};
