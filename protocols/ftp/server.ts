/**
 * An FTP server's control connection (RFC 959 with PASV, EPSV, SIZE, MDTM), over files that a device keeps in its memory. Data connections
 * are the owner's: passive ones on ports that the device declares, active ones to whoever holds the control connection and to nobody else,
 * so that nothing can be made to connect elsewhere (RFC 2577).
 */
import { type Instant, minutes, NEVER, type StreamMachine, seconds } from '@penstock/core';
import { encodeReply, formatHostPort, LineReader, parseCommand, parseExtended, parseHostPort } from './codec.ts';
import { directoryOf, type FtpFiles, nameOf, resolvePath, type StoredFile } from './files.ts';

/** A data connection, as its owner runs it. */
export interface DataChannel {
  /** Sends all of it and ends the connection. */
  send(bytes: Uint8Array): void;
  abort(): void;
}

/** What a data connection tells the session. */
export interface DataListener {
  open(channel: DataChannel): void;
  data(buffer: Uint8Array, start: number, end: number): void;
  /** `whole`: both sides ended it in order. */
  closed(whole: boolean): void;
}

/** Opens data connections. */
export interface DataPlane {
  /** Address of the device, for PASV. */
  readonly address: string;
  /** Waits for a connection from the client; its port, undefined when all are in use. */
  listen(listener: DataListener): { readonly port: number; stop(): void } | undefined;
  /** Connects to the client's address. */
  dial(port: number, listener: DataListener): void;
}

export interface FtpAccess {
  readonly user: string;
  readonly mayWrite: boolean;
}

/** The device behind the server. */
export interface FtpHost {
  readonly banner: string;
  readonly system: string;
  readonly files: FtpFiles;
  /** Undefined for a user or password that is wrong. Anonymous comes as user `anonymous`. */
  login(user: string, password: string, now: Instant): FtpAccess | undefined;
  /** A file was stored. */
  stored?(path: string, access: FtpAccess, now: Instant): void;
}

type Transfer =
  | { readonly kind: 'send'; readonly bytes: Uint8Array; readonly what: string }
  | { readonly kind: 'receive'; readonly path: string; readonly before: Uint8Array };

const TRIES = 3;
const IDLE = minutes(5);
const PENALTY = seconds(1);
const DATA_WITHIN = seconds(30);
const LARGEST_FILE = 2 * 1024 * 1024;

export class FtpServer implements StreamMachine {
  closing = false;
  readonly #host: FtpHost;
  readonly #plane: DataPlane;
  readonly #clientAddress: string;
  readonly #lines: LineReader;
  #out: string[] = [];
  #user: string | undefined;
  #access: FtpAccess | undefined;
  #tries = 0;
  #directory = '/';
  #binary = false;
  #now: Instant;
  #idle: Instant;
  #dataBy: Instant = NEVER;
  #penalty: { readonly until: Instant; readonly then: () => void } | undefined;
  readonly #waiting: string[] = [];
  #passive: ReturnType<DataPlane['listen']>;
  #activePort: number | undefined;
  #channel: DataChannel | undefined;
  #transfer: Transfer | undefined;
  #received: Uint8Array[] = [];
  #receivedBytes = 0;
  /** The peer ended its data before the command that it is for was read. */
  #early = false;
  /** What arrives on a data connection of an earlier transfer does not count. */
  #round = 0;

  /** @param clientAddress of the control connection; active data connections go there and nowhere else */
  constructor(host: FtpHost, plane: DataPlane, clientAddress: string, now: Instant) {
    this.#host = host;
    this.#plane = plane;
    this.#clientAddress = clientAddress;
    this.#now = now;
    this.#idle = (now + IDLE) as Instant;
    this.#lines = new LineReader((line) => this.#line(line));
    this.#reply(220, ...host.banner.split('\n'));
  }

  receive(bytes: Uint8Array, now: Instant): void {
    this.#now = now;
    this.#idle = (now + IDLE) as Instant;
    this.#lines.push(bytes);
  }

  due(): Instant {
    return this.closing ? NEVER : (Math.min(this.#idle, this.#dataBy, this.#penalty?.until ?? NEVER) as Instant);
  }

  tick(now: Instant): void {
    this.#now = now;
    const penalty = this.#penalty;
    if (penalty !== undefined && now >= penalty.until) {
      this.#penalty = undefined;
      penalty.then();
      while (this.#penalty === undefined && this.#waiting.length > 0) this.#line(this.#waiting.shift() as string);
    }
    if (now >= this.#dataBy) {
      this.#dropData();
      this.#reply(425, 'No data connection came about');
    }
    if (now >= this.#idle && !this.closing) {
      this.#reply(421, 'Nothing was asked for five minutes');
      this.#end();
    }
  }

  take(): Uint8Array | undefined {
    if (this.#out.length === 0) return undefined;
    const bytes = ENCODER.encode(this.#out.join(''));
    this.#out = [];
    return bytes;
  }

  /** The control connection is gone, and with it the data connection. */
  ended(): void {
    this.#dropData();
    this.closing = true;
  }

  #reply(code: number, ...lines: readonly string[]): void {
    this.#out.push(`${encodeReply(code, ...lines)}\r\n`);
  }

  #end(): void {
    this.#dropData();
    this.closing = true;
  }

  #line(line: string): void {
    if (this.closing) return;
    if (this.#penalty !== undefined) {
      if (this.#waiting.length < 16) this.#waiting.push(line);
      return;
    }
    const command = parseCommand(line);
    if (command === undefined) {
      this.#reply(500, 'That is no command');
      return;
    }
    const { verb, argument } = command;
    const always = ALWAYS[verb];
    if (always !== undefined) always(this.#acts, argument);
    else if (ORDERS[verb] === undefined) this.#reply(502, `${verb} is not known here`);
    else if (this.#access === undefined) this.#reply(530, 'Log on with USER and PASS first');
    else ORDERS[verb](this.#acts, argument);
  }

  /** What commands do, by their verb; the tables below say which. */
  readonly #acts: Acts = {
    user: (name) => {
      this.#access = undefined;
      this.#user = name;
      this.#reply(331, `Password required for ${name}`);
    },
    pass: (password) => this.#login(password),
    quit: () => {
      this.#reply(221, 'Goodbye');
      this.#end();
    },
    say: (code, ...lines) => this.#reply(code, ...lines),
    system: () => this.#reply(215, this.#host.system),
    type: (type) => {
      const wanted = type.toUpperCase().split(' ', 1)[0];
      if (wanted !== 'A' && wanted !== 'I') {
        this.#reply(504, `Type ${type} is not performed; A and I are`);
        return;
      }
      this.#binary = wanted === 'I';
      this.#reply(200, `Type is ${wanted}`);
    },
    where: () => this.#reply(257, `"${this.#directory}" is the current directory`),
    change: (name) => {
      const path = resolvePath(this.#directory, name);
      if (path === undefined || !this.#host.files.directories.includes(path)) {
        this.#reply(550, `There is no directory ${name}`);
        return;
      }
      this.#directory = path;
      this.#reply(250, `Now in ${path}`);
    },
    passive: (extended) => this.#listen(extended),
    active: (argument, extended) => this.#port(argument, extended),
    list: (argument, long) => this.#list(argument, long),
    retrieve: (name) => {
      const path = this.#path(name);
      const bytes = path === undefined ? undefined : this.#host.files.read(path);
      if (bytes === undefined) this.#reply(550, `There is no file ${name}`);
      else this.#begin({ kind: 'send', bytes, what: `${name} (${bytes.length} bytes)` });
    },
    store: (name, append) => this.#store(name, append),
    remove: (name) => this.#remove(name),
    size: (name) => {
      const path = this.#path(name);
      const bytes = path === undefined ? undefined : this.#host.files.read(path);
      if (bytes === undefined) this.#reply(550, `There is no file ${name}`);
      else this.#reply(213, String(bytes.length));
    },
    modified: (name) => {
      const path = this.#path(name);
      const file = this.#host.files.list().find((one) => one.path === path);
      if (file === undefined) this.#reply(550, `There is no file ${name}`);
      else this.#reply(213, timeValue(file.modified));
    },
    abort: () => {
      this.#dropData();
      this.#reply(226, 'Nothing is under way');
    },
  };

  #path(name: string): string | undefined {
    return name === '' ? undefined : resolvePath(this.#directory, name);
  }

  #login(password: string): void {
    const user = this.#user;
    if (user === undefined) {
      this.#reply(503, 'USER comes first');
      return;
    }
    this.#user = undefined;
    const access = this.#host.login(user.toLowerCase() === 'ftp' ? 'anonymous' : user, password, this.#now);
    if (access !== undefined) {
      this.#access = access;
      this.#reply(230, `${user} logged on`);
      return;
    }
    this.#tries++;
    const then = (): void => {
      this.#reply(530, 'Wrong user or password');
      if (this.#tries >= TRIES) this.#end();
    };
    this.#penalty = { until: (this.#now + PENALTY) as Instant, then };
  }

  #listen(extended: boolean): void {
    this.#dropData();
    const round = this.#round;
    const passive = this.#plane.listen(this.#listener(round));
    this.#passive = passive;
    if (passive === undefined) this.#reply(425, 'All data ports are in use');
    else if (extended) this.#reply(229, `Entering extended passive mode (|||${passive.port}|)`);
    else this.#reply(227, `Entering passive mode (${formatHostPort(this.#plane.address, passive.port)})`);
  }

  #port(argument: string, extended: boolean): void {
    this.#dropData();
    const place = extended ? parseExtended(argument) : parseHostPort(argument);
    // Ports of services, and other hosts, are not for data (RFC 2577, clauses 3 and 5).
    if (place === undefined) this.#reply(501, 'That is no address and port');
    else if (place.address !== this.#clientAddress || place.port < 1024)
      this.#reply(504, 'Data goes to the address of this connection only, and to no service port');
    else {
      this.#activePort = place.port;
      this.#reply(200, 'Data will go there');
    }
  }

  #list(argument: string, long: boolean): void {
    const { files } = this.#host;
    const name = argument.replace(/^-\S* ?/, '');
    const path = name === '' ? this.#directory : resolvePath(this.#directory, name);
    const isDirectory = path !== undefined && files.directories.includes(path);
    const found = files.list().filter((file) => (isDirectory ? directoryOf(file.path) === path : file.path === path));
    if (!isDirectory && found.length === 0) {
      this.#reply(550, `There is no ${name}`);
      return;
    }
    const folders = isDirectory ? files.directories.filter((one) => one !== '/' && directoryOf(one) === path) : [];
    const rows = long
      ? [...folders.map(folderLine), ...found.map(fileLine)]
      : [...folders, ...found.map((file) => file.path)].map(nameOf);
    const bytes = ENCODER.encode(rows.map((row) => `${row}\r\n`).join(''));
    this.#begin({ kind: 'send', bytes, what: 'the list' });
  }

  #store(name: string, append: boolean): void {
    const path = this.#path(name);
    const files = this.#host.files;
    if (path === undefined || !files.directories.includes(directoryOf(path))) {
      this.#reply(553, `${name || 'Nothing'} cannot be stored here`);
      return;
    }
    if (this.#access?.mayWrite !== true) {
      this.#reply(550, 'Permission denied');
      return;
    }
    const before = append ? (files.read(path) ?? NOTHING) : NOTHING;
    this.#begin({ kind: 'receive', path, before });
  }

  #remove(name: string): void {
    const path = this.#path(name);
    const outcome =
      this.#access?.mayWrite !== true ? 'read-only' : path === undefined ? 'missing' : this.#host.files.remove(path);
    if (outcome === 'done') this.#reply(250, `${name} deleted`);
    else this.#reply(550, outcome === 'missing' ? `There is no file ${name}` : 'Permission denied');
  }

  #begin(transfer: Transfer): void {
    if (this.#passive === undefined && this.#activePort === undefined) {
      this.#reply(425, 'Say PASV or PORT first');
      return;
    }
    this.#transfer = transfer;
    this.#dataBy = (this.#now + DATA_WITHIN) as Instant;
    const how = this.#binary ? 'binary' : 'ASCII';
    this.#reply(
      150,
      `Opening ${how} data connection for ${transfer.kind === 'send' ? transfer.what : nameOf(transfer.path)}`,
    );
    const port = this.#activePort;
    if (port !== undefined) {
      this.#activePort = undefined;
      this.#plane.dial(port, this.#listener(this.#round));
    } else this.#proceed();
  }

  /** Connection and command are both there. */
  #proceed(): void {
    const { channel, transfer } = { channel: this.#channel, transfer: this.#transfer };
    if (channel === undefined || transfer === undefined) return;
    this.#dataBy = NEVER;
    if (transfer.kind === 'send') channel.send(transfer.bytes);
    else if (this.#early) this.#finished(true);
  }

  #listener(round: number): DataListener {
    const isNow = (): boolean => round === this.#round;
    return {
      open: (channel) => {
        if (!isNow() || this.#channel !== undefined) {
          channel.abort();
          return;
        }
        this.#channel = channel;
        this.#proceed();
      },
      data: (buffer, start, end) => {
        if (!isNow()) return;
        this.#receivedBytes += end - start;
        if (this.#receivedBytes <= LARGEST_FILE) this.#received.push(buffer.slice(start, end));
      },
      closed: (whole) => {
        if (!isNow()) return;
        if (this.#transfer === undefined) this.#early = whole;
        else this.#finished(whole);
      },
    };
  }

  #finished(whole: boolean): void {
    const transfer = this.#transfer as Transfer;
    const parts = this.#received;
    const bytes = this.#receivedBytes;
    this.#dropData();
    if (!whole) this.#reply(426, 'The data connection broke');
    else if (transfer.kind === 'send') this.#reply(226, 'Transfer complete');
    else if (bytes + transfer.before.length > LARGEST_FILE) this.#reply(552, 'The file is too large');
    else {
      const outcome = this.#host.files.write(transfer.path, joined([transfer.before, ...parts]));
      if (outcome === 'done') {
        this.#reply(226, 'Transfer complete');
        this.#host.stored?.(transfer.path, this.#access as FtpAccess, this.#now);
      } else this.#reply(outcome === 'full' ? 452 : 553, outcome === 'full' ? 'No room left' : 'Permission denied');
    }
  }

  #dropData(): void {
    this.#round++;
    this.#passive?.stop();
    this.#passive = undefined;
    this.#activePort = undefined;
    this.#channel?.abort();
    this.#channel = undefined;
    this.#transfer = undefined;
    this.#received = [];
    this.#receivedBytes = 0;
    this.#early = false;
    this.#dataBy = NEVER;
  }
}

interface Acts {
  user(name: string): void;
  pass(password: string): void;
  quit(): void;
  say(code: number, ...lines: readonly string[]): void;
  system(): void;
  type(type: string): void;
  where(): void;
  change(name: string): void;
  passive(extended: boolean): void;
  active(argument: string, extended: boolean): void;
  list(argument: string, long: boolean): void;
  retrieve(name: string): void;
  store(name: string, append: boolean): void;
  remove(name: string): void;
  size(name: string): void;
  modified(name: string): void;
  abort(): void;
}
type Act = (acts: Acts, argument: string) => void;

/** Commands that need no logon. */
const ALWAYS: Readonly<Record<string, Act | undefined>> = {
  USER: (acts, name) => acts.user(name),
  PASS: (acts, password) => acts.pass(password),
  QUIT: (acts) => acts.quit(),
  NOOP: (acts) => acts.say(200, 'Well'),
  SYST: (acts) => acts.system(),
  FEAT: (acts) => acts.say(211, 'Features:', 'EPRT', 'EPSV', 'MDTM', 'PASV', 'SIZE', 'End'),
  HELP: (acts) => acts.say(214, `Commands: ${[...Object.keys(ALWAYS), ...Object.keys(ORDERS)].join(' ')}`),
  AUTH: (acts) => acts.say(534, 'There is no encryption here'),
};
const ORDERS: Readonly<Record<string, Act | undefined>> = {
  TYPE: (acts, type) => acts.type(type),
  MODE: (acts, mode) => acts.say(mode.toUpperCase() === 'S' ? 200 : 504, `Mode ${mode}`),
  STRU: (acts, structure) => acts.say(structure.toUpperCase() === 'F' ? 200 : 504, `Structure ${structure}`),
  PWD: (acts) => acts.where(),
  XPWD: (acts) => acts.where(),
  CWD: (acts, name) => acts.change(name),
  CDUP: (acts) => acts.change('..'),
  PASV: (acts) => acts.passive(false),
  EPSV: (acts) => acts.passive(true),
  PORT: (acts, place) => acts.active(place, false),
  EPRT: (acts, place) => acts.active(place, true),
  LIST: (acts, name) => acts.list(name, true),
  NLST: (acts, name) => acts.list(name, false),
  RETR: (acts, name) => acts.retrieve(name),
  STOR: (acts, name) => acts.store(name, false),
  APPE: (acts, name) => acts.store(name, true),
  DELE: (acts, name) => acts.remove(name),
  SIZE: (acts, name) => acts.size(name),
  MDTM: (acts, name) => acts.modified(name),
  ABOR: (acts) => acts.abort(),
  ALLO: (acts) => acts.say(202, 'Not needed here'),
};

const ENCODER = new TextEncoder();
const NOTHING = new Uint8Array(0);
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const two = (n: number): string => String(n).padStart(2, '0');

/** As `ls -l` writes, which clients read. */
function fileLine({ path, size, modified, writable }: StoredFile): string {
  const date = new Date(modified / 1000);
  const day = String(date.getUTCDate()).padStart(2);
  const time = `${two(date.getUTCHours())}:${two(date.getUTCMinutes())}`;
  const mode = writable ? '-rw-rw-r--' : '-r--r--r--';
  return `${mode}   1 device device ${String(size).padStart(9)} ${MONTHS[date.getUTCMonth()]} ${day} ${time} ${nameOf(path)}`;
}

const folderLine = (path: string): string => `drwxrwxr-x   2 device device         0 Jan  1 00:00 ${nameOf(path)}`;

/** RFC 3659, clause 2.3. */
const timeValue = (time: number): string => new Date(time / 1000).toISOString().replace(/[-:T]/g, '').slice(0, 14);

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
