/**
 * The range's end of the sensor: takes what it captured on the zones' bridges over a unix socket and hands it on as the tap of the wire in
 * memory would, each frame once, in order of time, as a wire would have carried it. Nothing that comes in can stop it.
 */
import { chmodSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { type FrameListener, FrameMerge, type MergeCounters, REORDER_WINDOW } from './frame-merge.ts';
import { asOnWire } from './offload.ts';
import { type SensorStatistics, StreamReader } from './sensor-stream.ts';
import { wallMicroseconds } from './wall.ts';

/** How often waiting frames are looked at, milliseconds. */
const DRAIN_EVERY = 20;

export interface FeedOptions {
  /** Path of the unix socket; what an earlier range left there is removed. */
  readonly socket: string;
  /** Zones of the plant in the order of the layout; a sensor of other zones is sent away. */
  readonly zones: readonly string[];
  /** Every frame of the plant's network in order: its bytes, when it was captured (whole microseconds since 1970), number of its zone. */
  readonly onFrame: FrameListener;
  /** A sensor has come, or has gone. */
  readonly onSensor?: (present: boolean) => void;
  /** What the sensor says of itself, once a second. */
  readonly onStatistics?: (statistics: SensorStatistics) => void;
  /** One line for the log: a stream that is none. */
  readonly note?: (text: string) => void;
  /** Microseconds that a frame waits for earlier ones; 150 ms when left out. */
  readonly window?: number;
}

export interface FeedCounters extends MergeCounters {
  /** Frames that no wire could have carried. */
  readonly oversize: number;
  /** Streams that were ended because they were no sensor's. */
  readonly refused: number;
}

export class FrameFeed {
  readonly #options: FeedOptions;
  readonly #merge: FrameMerge;
  readonly #server: Server;
  readonly #timer: NodeJS.Timeout;
  #sensor: Socket | undefined;
  #oversize = 0;
  #refused = 0;

  private constructor(options: FeedOptions) {
    this.#options = options;
    this.#merge = new FrameMerge(options.onFrame, options.window ?? REORDER_WINDOW);
    this.#server = createServer((socket) => this.#welcome(socket));
    this.#timer = setInterval(() => this.#merge.drain(wallMicroseconds()), DRAIN_EVERY);
  }

  /** Listens for the sensor. Rejects with the system's error where the socket cannot be made. */
  static async open(options: FeedOptions): Promise<FrameFeed> {
    const feed = new FrameFeed(options);
    try {
      rmSync(options.socket, { force: true });
      await new Promise<void>((resolve, reject) => {
        feed.#server.once('error', reject);
        feed.#server.listen(options.socket, resolve);
      });
      // Sensor and range are different users of a volume that nobody else has.
      chmodSync(options.socket, 0o666);
      return feed;
    } catch (error) {
      clearInterval(feed.#timer);
      throw error;
    }
  }

  get counters(): FeedCounters {
    return { ...this.#merge.counters, oversize: this.#oversize, refused: this.#refused };
  }

  /** Whether a sensor is there. */
  get present(): boolean {
    return this.#sensor !== undefined;
  }

  /** Hands on all that waits and ends. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#sensor?.destroy();
    this.#sensor = undefined;
    await new Promise<void>((resolve) => void this.#server.close(() => resolve()));
    this.#merge.drain(Number.POSITIVE_INFINITY);
  }

  #welcome(socket: Socket): void {
    // A sensor that was started anew is quicker than the news that the one before it is gone.
    this.#sensor?.destroy();
    this.#sensor = socket;
    const { zones, onStatistics, onSensor, note } = this.#options;
    const away = (why: string): void => {
      this.#refused++;
      note?.(`what came to the sensor's socket was sent away: ${why}`);
      socket.destroy();
    };
    let known = false;
    const reader = new StreamReader({
      hello: (hello) => {
        known = hello.zones.join() === zones.join();
        if (known) onSensor?.(true);
        else away(`its zones are ${hello.zones.join(', ')}, the plant's are ${zones.join(', ')}`);
      },
      frame: (bridge, time, bytes) => {
        if (!known) return;
        if (bridge < zones.length) this.#take(bridge, time, bytes);
        else away(`a frame is of bridge ${bridge}, and there are ${zones.length}`);
      },
      statistics: (statistics) => {
        if (known) onStatistics?.(statistics);
      },
    });
    socket.on('data', (chunk: Buffer) => {
      if (!socket.destroyed && !reader.take(chunk)) away(reader.broken ?? 'it is no sensor');
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      if (this.#sensor !== socket) return;
      this.#sensor = undefined;
      if (known) onSensor?.(false);
    });
  }

  #take(bridge: number, time: number, bytes: Uint8Array): void {
    const now = wallMicroseconds();
    if (!asOnWire(bytes, (frame) => this.#merge.add(bridge, time, frame, now))) this.#oversize++;
  }
}
