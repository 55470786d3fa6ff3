/**
 * What the sensor tells the range over their unix socket: records of a length, a kind and a body, little endian. The sensor writes them, the
 * range reads them; a sensor that sends anything else is not one.
 */

/** What one bridge's capture has come to, since the sensor's start. */
export interface BridgeStatistics {
  readonly zone: string;
  readonly bridge: string;
  /** The bridge is there and is being captured on. */
  readonly capturing: boolean;
  readonly frames: number;
  /** Frames that the kernel dropped because the capture was not quick enough. */
  readonly lost: number;
  /** Frames that the sensor dropped because the range was away, or did not read. */
  readonly dropped: number;
  /** Frames of the host itself on its bridge, which is no part of the plant. */
  readonly own: number;
  /** Times that the capture has begun. */
  readonly starts: number;
  /** What keeps it from capturing, in one line. */
  readonly trouble: string | undefined;
}

export interface SensorStatistics {
  readonly bridges: readonly BridgeStatistics[];
}

/** Who speaks: zones in the order in which frames number their bridges. */
export interface SensorHello {
  readonly zones: readonly string[];
}

const FRAME = 1;
const STATISTICS = 2;
const HELLO = 3;
/** Bytes before a frame's own: length, kind, bridge, time. */
const FRAME_HEADER = 14;
const RECORD_HEADER = 5;
/** Longest record that is believed: a large send of 64 KiB and its headers, or the statistics of many zones. */
const LONGEST = 256 * 1024;

/**
 * One captured frame as a record.
 * @param bridge place of its zone in the hello, below 256
 * @param time capture time, microseconds since 1970
 */
export function frameRecord(bridge: number, time: number, buffer: Uint8Array, start: number, end: number): Buffer {
  const record = Buffer.allocUnsafe(FRAME_HEADER + end - start);
  record.writeUInt32LE(record.length - 4, 0);
  record[4] = FRAME;
  record[5] = bridge;
  record.writeDoubleLE(time, 6);
  record.set(buffer.subarray(start, end), FRAME_HEADER);
  return record;
}

export const statisticsRecord = (statistics: SensorStatistics): Buffer => jsonRecord(STATISTICS, statistics);
export const helloRecord = (hello: SensorHello): Buffer => jsonRecord(HELLO, hello);

function jsonRecord(kind: number, body: object): Buffer {
  const text = Buffer.from(JSON.stringify(body));
  const record = Buffer.allocUnsafe(RECORD_HEADER + text.length);
  record.writeUInt32LE(record.length - 4, 0);
  record[4] = kind;
  text.copy(record, RECORD_HEADER);
  return record;
}

export interface StreamListener {
  /** `bytes` is the listener's own from here on. */
  frame(bridge: number, time: number, bytes: Uint8Array): void;
  statistics(statistics: SensorStatistics): void;
  hello(hello: SensorHello): void;
}

/** Reads records from bytes as they come. Holds at most one unfinished record. */
export class StreamReader {
  readonly #listener: StreamListener;
  #rest: Buffer = Buffer.alloc(0);
  /** What was wrong with the stream; nothing behind it is read. */
  broken: string | undefined;

  constructor(listener: StreamListener) {
    this.#listener = listener;
  }

  /** Never throws: false when this is no sensor's stream (see `broken`). */
  take(chunk: Buffer): boolean {
    if (this.broken !== undefined) return false;
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    let at = 0;
    while (bytes.length - at >= RECORD_HEADER) {
      const length = bytes.readUInt32LE(at);
      if (length < 1 || length > LONGEST) return this.#break(`a record claims ${length} bytes`);
      if (bytes.length - at - 4 < length) break;
      const problem = this.#record(bytes[at + 4] as number, bytes.subarray(at + RECORD_HEADER, at + 4 + length));
      if (problem !== undefined) return this.#break(problem);
      at += 4 + length;
    }
    // A copy, so that what is left of a chunk does not keep all of it.
    this.#rest = at === bytes.length ? Buffer.alloc(0) : Buffer.from(bytes.subarray(at));
    return true;
  }

  #record(kind: number, body: Buffer): string | undefined {
    if (kind === FRAME) {
      if (body.length < FRAME_HEADER - RECORD_HEADER) return 'a frame ends before its time does';
      const time = body.readDoubleLE(1);
      if (!(time >= 0 && time < MOST_TIME)) return `a frame was captured at ${time} µs`;
      this.#listener.frame(body[0] as number, time, new Uint8Array(body.subarray(9)));
      return undefined;
    }
    if (kind !== STATISTICS && kind !== HELLO) return `there is no record of kind ${kind}`;
    const said = parsed(body);
    if (kind === HELLO) {
      if (!isHello(said)) return 'a hello without zones';
      this.#listener.hello(said);
    } else {
      if (!isStatistics(said)) return 'statistics without bridges';
      this.#listener.statistics(said);
    }
    return undefined;
  }

  #break(problem: string): false {
    this.broken = problem;
    this.#rest = Buffer.alloc(0);
    return false;
  }
}

function parsed(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
}

/** The year 2106, where the seconds of a capture end. */
const MOST_TIME = 2 ** 32 * 1e6;

const isHello = (said: unknown): said is SensorHello => {
  const { zones } = (said ?? {}) as { zones?: unknown };
  return Array.isArray(zones) && zones.every((zone) => typeof zone === 'string');
};

const isStatistics = (said: unknown): said is SensorStatistics => {
  const { bridges } = (said ?? {}) as { bridges?: unknown };
  if (!Array.isArray(bridges)) return false;
  return bridges.every((bridge: unknown) => {
    const { zone, frames, lost, dropped } = (bridge ?? {}) as Record<string, unknown>;
    return typeof zone === 'string' && [frames, lost, dropped].every((count) => typeof count === 'number');
  });
};
