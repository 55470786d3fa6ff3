/**
 * The sensor: in the host's network namespace, without any right but tcpdump's own, it captures on the bridge of each zone and tells the
 * range what passed. Bridges, captures and the range may come and go in any order; what could not be told is counted, and that is told.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { type CaptureSink, captureLive, type LiveCapture, type PromptCapture } from '@penstock/monitor';
import { parseMac, readMacAddress } from '@penstock/protocols/ethernet';
import { type BridgeStatistics, frameRecord, helloRecord, statisticsRecord } from './sensor-stream.ts';

export interface SensorOptions {
  /** Zones and their bridges, in the order of the layout. */
  readonly zones: readonly { readonly id: string; readonly bridge: string }[];
  /** The range's unix socket. */
  readonly socket: string;
  /** A file that is written every second while every bridge that is there is being captured on. */
  readonly health?: string;
  /** Another program with tcpdump's options. */
  readonly command?: string;
  /** One line for the log: a capture began, could not begin, or broke off. */
  readonly note?: (text: string) => void;
}

const LOOK_EVERY_MS = 250;
const TELL_EVERY_MS = 1000;
const RECONNECT_MS = 250;
/** Pause after a capture that broke off at once, so that a missing right is not asked for four times a second. */
const RETRY_MS = 2000;
/** A bridge that is there may be without a capture for so long before the sensor calls itself ill. */
const PATIENCE_MS = 5000;
/** Bytes that wait while the range is away or does not read: some minutes of a plant's traffic. */
const MOST_WAITING = 16 * 1024 * 1024;

export class Sensor {
  readonly #options: SensorOptions;
  readonly #bridges: readonly Bridge[];
  readonly #outbox: Outbox;
  readonly #timers: NodeJS.Timeout[] = [];

  constructor(options: SensorOptions) {
    this.#options = options;
    const hello = helloRecord({ zones: options.zones.map(({ id }) => id) });
    this.#outbox = new Outbox(options.socket, hello, (bridge) => {
      (this.#bridges[bridge] as Bridge).dropped++;
    });
    this.#bridges = options.zones.map((_, number) => new Bridge(number, options, this.#outbox));
  }

  start(): void {
    this.#outbox.open();
    this.#look();
    this.#timers.push(setInterval(() => this.#look(), LOOK_EVERY_MS));
    this.#timers.push(setInterval(() => this.#tell(), TELL_EVERY_MS));
  }

  /** Resolves when no capture is left and the socket is closed. */
  async stop(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    await Promise.all(this.#bridges.map((bridge) => bridge.stop()));
    this.#outbox.close();
  }

  get statistics(): readonly BridgeStatistics[] {
    return this.#bridges.map((bridge) => bridge.statistics);
  }

  #look(): void {
    const present = interfaces();
    for (const bridge of this.#bridges) bridge.look(present);
  }

  #tell(): void {
    const { statistics } = this;
    this.#outbox.tell(statisticsRecord({ bridges: statistics }));
    for (const bridge of this.#bridges) bridge.ask();
    const { health, note } = this.#options;
    if (health === undefined || !this.#bridges.every((bridge) => bridge.isWell)) return;
    try {
      writeFileSync(health, JSON.stringify(statistics));
    } catch (error) {
      note?.(`cannot write ${health}: ${(error as Error).message}`);
    }
  }
}

/** Names of the interfaces of this network namespace; bridges without addresses are listed nowhere else. */
function interfaces(): ReadonlySet<string> {
  const lines = readFileSync('/proc/self/net/dev', 'utf8').split('\n').slice(2);
  return new Set(lines.map((line) => line.slice(0, line.indexOf(':')).trim()));
}

/** Frames as a wire has them, nearly all there are. */
const ORDINARY: PromptCapture = { snapLength: 1600, buffer: 8192, filter: 'less 1600' };
/** Large sends, which a virtual cable does not cut. */
const LARGE: PromptCapture = { snapLength: 65_550, buffer: 8192, filter: 'greater 1601' };

/** One zone's bridge: what passes is captured by two programs, so that the rare long frame leaves the many short ones their room. */
class Bridge {
  dropped = 0;
  frames = 0;
  own = 0;
  readonly #number: number;
  readonly #zone: { readonly id: string; readonly bridge: string };
  readonly #outbox: Outbox;
  readonly #strands: readonly Strand[];
  #ownMac: number;

  constructor(number: number, options: SensorOptions, outbox: Outbox) {
    this.#number = number;
    this.#zone = options.zones[number] as { id: string; bridge: string };
    this.#outbox = outbox;
    const { bridge } = this.#zone;
    this.#ownMac = macOf(bridge);
    const { command, note } = options;
    const take = this.#frame.bind(this);
    this.#strands = [
      new Strand(bridge, ORDINARY, command, take, note),
      // What keeps one from capturing keeps the other, and is told once.
      new Strand(bridge, LARGE, command, take, undefined),
    ];
  }

  get statistics(): BridgeStatistics {
    const { id, bridge } = this.#zone;
    const strands = this.#strands;
    return {
      ...{ zone: id, bridge, capturing: strands.every((strand) => strand.runs), frames: this.frames },
      ...{ lost: strands.reduce((sum, strand) => sum + strand.lost, 0), dropped: this.dropped, own: this.own },
      starts: Math.max(...strands.map((strand) => strand.starts)),
      trouble: strands.find((strand) => strand.trouble !== undefined)?.trouble,
    };
  }

  /** Not there, or captured on; a capture that has just ended may take a moment. */
  get isWell(): boolean {
    return this.#strands.every((strand) => strand.isWell);
  }

  look(present: ReadonlySet<string>): void {
    const isPresent = present.has(this.#zone.bridge);
    for (const strand of this.#strands) strand.look(isPresent);
  }

  /** Has the system asked how much it has lost, and what the bridge's MAC is: one that nobody has set changes with what is plugged in. */
  ask(): void {
    this.#ownMac = macOf(this.#zone.bridge);
    for (const strand of this.#strands) strand.ask();
  }

  async stop(): Promise<void> {
    await Promise.all(this.#strands.map((strand) => strand.stop()));
  }

  #frame(time: number, buffer: Uint8Array, start: number, end: number): void {
    if (end - start >= 14 && readMacAddress(buffer, start + 6) === this.#ownMac) {
      this.own++;
      return;
    }
    this.frames++;
    this.#outbox.put(frameRecord(this.#number, time, buffer, start, end), this.#number);
  }
}

/** One capture on a bridge, started again as often as it ends while the bridge is there. */
class Strand {
  starts = 0;
  trouble: string | undefined;
  readonly #bridge: string;
  readonly #prompt: PromptCapture;
  readonly #command: string | undefined;
  readonly #take: CaptureSink['frame'];
  readonly #note: ((text: string) => void) | undefined;
  #capture: LiveCapture | undefined;
  #ended: Promise<void> = Promise.resolve();
  #stopped = false;
  /** Lost by captures that have ended, and by the one that runs. */
  #lostBefore = 0;
  #lost = 0;
  #notBefore = 0;
  #blindSince: number | undefined;

  constructor(
    bridge: string,
    prompt: PromptCapture,
    command: string | undefined,
    take: CaptureSink['frame'],
    note: ((text: string) => void) | undefined,
  ) {
    this.#bridge = bridge;
    this.#prompt = prompt;
    this.#command = command;
    this.#take = take;
    this.#note = note;
  }

  get runs(): boolean {
    return this.#capture !== undefined;
  }

  get lost(): number {
    return this.#lostBefore + this.#lost;
  }

  get isWell(): boolean {
    return this.#blindSince === undefined || performance.now() - this.#blindSince < PATIENCE_MS;
  }

  look(isPresent: boolean): void {
    const now = performance.now();
    if (this.#capture !== undefined || !isPresent) {
      this.#blindSince = undefined;
      return;
    }
    this.#blindSince ??= now;
    if (!this.#stopped && now >= this.#notBefore) this.#begin(now);
  }

  ask(): void {
    this.#capture?.ask();
  }

  stop(): Promise<void> {
    this.#stopped = true;
    this.#capture?.stop();
    return this.#ended;
  }

  #begin(now: number): void {
    this.starts++;
    const command = this.#command;
    const onLost = (lost: number): void => {
      this.#lost = lost;
      // It answers: so it runs.
      this.trouble = undefined;
    };
    const capture = captureLive(
      this.#bridge,
      { frame: this.#take },
      { prompt: this.#prompt, onLost, ...(command !== undefined && { command }) },
    );
    this.#capture = capture;
    this.#ended = capture.done.then(
      ({ lost }) => {
        this.#lost = lost;
        this.#over(now, `the capture on ${this.#bridge} ended`);
      },
      (error: Error) => this.#over(now, error.message),
    );
  }

  #over(began: number, trouble: string): void {
    this.#capture = undefined;
    this.#lostBefore += this.#lost;
    this.#lost = 0;
    if (this.#stopped) return;
    if (performance.now() - began < RETRY_MS) this.#notBefore = began + RETRY_MS;
    if (trouble !== this.trouble) this.#note?.(`${this.#bridge}: ${trouble}`);
    this.trouble = trouble;
  }
}

/**
 * The bridge's own MAC, which only the host itself sends from: it is no part of the plant. -1 where it cannot be read, and then everything
 * is told.
 */
function macOf(bridge: string): number {
  try {
    // An interface without one (the loopback) shows zeros.
    return parseMac(readFileSync(`/sys/class/net/${bridge}/address`, 'utf8').trim()) || -1;
  } catch {
    return -1;
  }
}

/** What is to be told, and the connection over which it goes whenever there is one. The oldest frames go when too much waits. */
class Outbox {
  readonly #path: string;
  readonly #hello: Buffer;
  readonly #onDropped: (bridge: number) => void;
  #socket: Socket | undefined;
  #ready = false;
  #retry: NodeJS.Timeout | undefined;
  #closed = false;
  #waiting: { record: Buffer; bridge: number }[] = [];
  #first = 0;
  #bytes = 0;
  #flushing = false;

  constructor(path: string, hello: Buffer, onDropped: (bridge: number) => void) {
    this.#path = path;
    this.#hello = hello;
    this.#onDropped = onDropped;
  }

  open(): void {
    if (this.#closed) return;
    const socket = connect(this.#path);
    this.#socket = socket;
    socket.on('connect', () => {
      this.#ready = true;
      socket.write(this.#hello);
      this.#flush();
    });
    socket.on('drain', () => {
      this.#ready = true;
      this.#flush();
    });
    // The range says nothing; reading is how its end is noticed.
    socket.resume();
    socket.on('error', () => {});
    socket.on('close', () => {
      this.#ready = false;
      if (!this.#closed) this.#retry = setTimeout(() => this.open(), RECONNECT_MS);
    });
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#retry);
    this.#flush();
    this.#socket?.destroySoon();
  }

  put(record: Buffer, bridge: number): void {
    this.#waiting.push({ record, bridge });
    this.#bytes += record.length;
    while (this.#bytes > MOST_WAITING) this.#onDropped(this.#shift().bridge);
    if (this.#flushing || !this.#ready) return;
    // All that one piece of a capture holds goes out together.
    this.#flushing = true;
    setImmediate(() => {
      this.#flushing = false;
      this.#flush();
    });
  }

  /** Says something that nobody needs later. */
  tell(record: Buffer): void {
    if (!this.#ready) return;
    this.#flush();
    if (this.#ready) this.#ready = this.#socket?.write(record) ?? false;
  }

  #flush(): void {
    const socket = this.#socket;
    if (socket === undefined) return;
    socket.cork();
    while (this.#ready && this.#first < this.#waiting.length) this.#ready = socket.write(this.#shift().record);
    socket.uncork();
  }

  #shift(): { record: Buffer; bridge: number } {
    const item = this.#waiting[this.#first] as { record: Buffer; bridge: number };
    this.#first++;
    this.#bytes -= item.record.length;
    if (this.#first === this.#waiting.length) {
      this.#waiting = [];
      this.#first = 0;
    } else if (this.#first > 4096 && this.#first * 2 > this.#waiting.length) {
      this.#waiting = this.#waiting.slice(this.#first);
      this.#first = 0;
    }
    return item;
  }
}
