/**
 * The sensor: in the host's network namespace, without any right but tcpdump's own, it captures on the bridge of each zone and tells the
 * range what passed. Bridges, captures and the range may come and go in any order; what could not be told is counted, and that is told.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { captureLive, type LiveCapture } from '@penstock/monitor';
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

/** One zone's bridge, with the capture on it as long as it is there. */
class Bridge {
  dropped = 0;
  readonly #number: number;
  readonly #zone: { readonly id: string; readonly bridge: string };
  readonly #options: SensorOptions;
  readonly #outbox: Outbox;
  #capture: LiveCapture | undefined;
  #ended: Promise<void> = Promise.resolve();
  #stopped = false;
  #frames = 0;
  #own = 0;
  /** Lost by captures that have ended, and by the one that runs. */
  #lostBefore = 0;
  #lost = 0;
  #starts = 0;
  #trouble: string | undefined;
  #notBefore = 0;
  #blindSince: number | undefined;
  #ownMac = -1;

  constructor(number: number, options: SensorOptions, outbox: Outbox) {
    this.#number = number;
    this.#zone = options.zones[number] as { id: string; bridge: string };
    this.#options = options;
    this.#outbox = outbox;
  }

  get statistics(): BridgeStatistics {
    const { id, bridge } = this.#zone;
    return {
      ...{ zone: id, bridge, capturing: this.#capture !== undefined, frames: this.#frames },
      ...{ lost: this.#lostBefore + this.#lost, dropped: this.dropped, own: this.#own },
      ...{ starts: this.#starts, trouble: this.#trouble },
    };
  }

  /** Not there, or captured on; a capture that has just ended may take a moment. */
  get isWell(): boolean {
    return this.#blindSince === undefined || performance.now() - this.#blindSince < PATIENCE_MS;
  }

  look(present: ReadonlySet<string>): void {
    const now = performance.now();
    if (this.#capture !== undefined || !present.has(this.#zone.bridge)) {
      this.#blindSince = undefined;
      return;
    }
    this.#blindSince ??= now;
    if (!this.#stopped && now >= this.#notBefore) this.#begin(now);
  }

  /** Has the system asked how much it has lost. */
  ask(): void {
    this.#capture?.ask();
  }

  stop(): Promise<void> {
    this.#stopped = true;
    this.#capture?.stop();
    return this.#ended;
  }

  #begin(now: number): void {
    const { bridge } = this.#zone;
    const { command, note } = this.#options;
    this.#starts++;
    this.#ownMac = macOf(bridge);
    const capture = captureLive(
      bridge,
      { frame: (time, buffer, start, end) => this.#frame(time, buffer, start, end) },
      { prompt: true, onLost: (lost) => this.#count(lost), ...(command !== undefined && { command }) },
    );
    this.#capture = capture;
    const ended = (trouble: string | undefined): void => {
      this.#capture = undefined;
      this.#lostBefore += this.#lost;
      this.#lost = 0;
      if (this.#stopped) return;
      const isSame = trouble === this.#trouble;
      this.#trouble = trouble ?? `the capture on ${bridge} ended`;
      if (performance.now() - now < RETRY_MS) this.#notBefore = now + RETRY_MS;
      if (!isSame) note?.(`${bridge}: ${this.#trouble}`);
    };
    this.#ended = capture.done.then(
      ({ lost }) => {
        this.#lost = lost;
        ended(undefined);
      },
      (error: Error) => ended(error.message),
    );
  }

  #count(lost: number): void {
    this.#lost = lost;
    // It answers: so it runs.
    this.#trouble = undefined;
  }

  #frame(time: number, buffer: Uint8Array, start: number, end: number): void {
    this.#trouble = undefined;
    if (end - start >= 14 && readMacAddress(buffer, start + 6) === this.#ownMac) {
      this.#own++;
      return;
    }
    this.#frames++;
    this.#outbox.put(frameRecord(this.#number, time, buffer, start, end), this.#number);
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
