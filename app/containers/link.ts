/**
 * The management channel between the range and the devices' containers: lines of JSON over TCP, both ways. Numbers go as they are, NaN as
 * null, typed arrays and bytes in base64. It is no part of the plant: no zone reaches it.
 */
import type { Socket } from 'node:net';
import type { PlantSpec, WriteOutcome, Writer } from '@penstock/core';
import type { LogEntry } from '@penstock/simulator/devices';
import type { Cause, Mark } from '@penstock/simulator/kernel';
import type { OptionValue } from '@penstock/simulator/process';
import type { Opening, Work } from './session-words.ts';

/** What a device's container needs to know of a run to take part. */
export interface Begin {
  readonly t: 'begin';
  readonly run: string;
  /** The plant as the run's options make it, and the programs of its controllers. */
  readonly plant: PlantSpec;
  readonly programs: Readonly<Record<string, string>>;
  readonly options: Readonly<Record<string, OptionValue>>;
  readonly seed: number;
  /** Microseconds since 1970 that the plant's clock shows at the run's start. */
  readonly epoch: number;
  /** Microseconds since 1970 of the real clock at the run's start. */
  readonly origin: number;
  /** Whether the device is powered. */
  readonly on: boolean;
  /** Its controller as it stands: settled at the run's start, retained memory after a restart of the container. */
  readonly memory?: string;
  /** What its outstation had not told its masters when the run started. */
  readonly outstation?: string;
  /** Passwords, firmware and files that are not as they were delivered. */
  readonly doors?: string;
  /** It was there before in this run: its power comes back. */
  readonly restarted: boolean;
}

/** What is done to a device on site, or by who sits at it. */
export type Act =
  | { readonly do: 'power-on' | 'power-off' | 'link-up' | 'link-down' }
  | { readonly do: 'reflash'; readonly revision: string }
  | { readonly do: 'variable'; readonly path: string; readonly value: number }
  | { readonly do: 'probe'; readonly zone: string; readonly ports: readonly number[]; readonly cause: Cause };

export type ToDevice =
  | Begin
  /** It is still in the run that it was in. */
  | { readonly t: 'resume' }
  /** Level-0 wiring: by the order of `wiredTags`, values and whether they are good. */
  | { readonly t: 'inputs'; readonly values: readonly (number | null)[]; readonly good: readonly (0 | 1)[] }
  | ({ readonly t: 'act' } & Act)
  | ({ readonly t: 'open'; readonly session: number } & Opening)
  | { readonly t: 'ask'; readonly session: number; readonly id: number; readonly work: Work }
  | { readonly t: 'release'; readonly session: number }
  | { readonly t: 'ping'; readonly id: number; readonly target: string; readonly cause: Cause }
  | {
      readonly t: 'connect';
      readonly id: number;
      readonly target: string;
      readonly port: number;
      readonly cause: Cause;
    }
  /** Somebody at the firewall takes every rule of a conduit away. */
  | { readonly t: 'revoke'; readonly conduit: string }
  /** Journal entries up to this number are safe. */
  | { readonly t: 'kept'; readonly number: number };

/** Something for the truth journal; numbered, and kept by the device until the range has it on disk. */
export type Told = { readonly number: number; readonly at: number } & (
  | {
      readonly what: 'wrote';
      readonly tag: string;
      readonly value: number;
      readonly outcome: WriteOutcome;
      readonly writer: Writer;
    }
  | { readonly what: 'logged'; readonly entry: LogEntry }
);

export type FromDevice =
  | { readonly t: 'hello'; readonly device: string; readonly version: string; readonly run: string | null }
  /** Level-0 wiring: orders to final elements, by tag number. */
  | { readonly t: 'outputs'; readonly orders: readonly (readonly [tag: number, value: number])[] }
  | {
      readonly t: 'state';
      readonly on: boolean;
      readonly up: boolean;
      readonly memory?: string;
      readonly values?: string;
      readonly times?: string;
    }
  /** Passwords, firmware and files of its doors, whenever they have changed; without any it is as it was delivered. */
  | { readonly t: 'doors'; readonly changed?: string }
  | { readonly t: 'journal'; readonly entries: readonly Told[] }
  | { readonly t: 'marks'; readonly marks: readonly Mark[] }
  /** What came of work over a session, as the session itself says it; without a result where there was none that could do it. */
  | { readonly t: 'reply'; readonly id: number; readonly result?: unknown }
  | { readonly t: 'answer'; readonly id: number; readonly answer: string }
  /** A message that a session with a broker has subscribed to. */
  | { readonly t: 'heard'; readonly session: number; readonly topic: string; readonly payload: Uint8Array }
  | { readonly t: 'trouble'; readonly text: string };

/** The longest line; a plant with its programs is the largest thing that is sent. */
const LONGEST = 16 * 1024 * 1024;
/** Bytes that wait to be sent to who does not read; beyond it the channel is ended. */
const MOST_WAITING = 64 * 1024 * 1024;

/** One end of the channel. A line that is no JSON, or too long, ends it. */
export class Link<In, Out> {
  readonly #socket: Socket;
  #rest: Buffer[] = [];
  #held = 0;

  constructor(socket: Socket, heard: (message: In) => void, closed: () => void) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.setKeepAlive(true, 2000);
    socket.on('data', (bytes: Buffer) => this.#take(bytes, heard));
    socket.on('error', () => {});
    socket.on('close', closed);
  }

  get remoteAddress(): string {
    return this.#socket.remoteAddress ?? '';
  }

  send(message: Out): void {
    if (this.#socket.destroyed) return;
    this.#socket.write(`${encodeLine(message)}\n`);
    if (this.#socket.writableLength > MOST_WAITING) this.#socket.destroy();
  }

  end(): void {
    this.#socket.destroy();
  }

  #take(bytes: Buffer, heard: (message: In) => void): void {
    let start = 0;
    for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, start)) {
      const line = Buffer.concat([...this.#rest, bytes.subarray(start, at)]).toString('utf8');
      this.#rest = [];
      this.#held = 0;
      start = at + 1;
      let message: In;
      try {
        message = decodeLine(line) as In;
      } catch {
        this.#socket.destroy();
        return;
      }
      heard(message);
      if (this.#socket.destroyed) return;
    }
    if (start === bytes.length) return;
    this.#held += bytes.length - start;
    if (this.#held > LONGEST) this.#socket.destroy();
    else this.#rest.push(bytes.subarray(start));
  }
}

/** A message as one line of text. */
export const encodeLine = (message: unknown): string => JSON.stringify(message, forLine);

/** The other way round. @throws SyntaxError for what is no JSON */
export const decodeLine = (line: string): unknown => JSON.parse(line, fromLine);

/**
 * What JSON has no word for: bytes, numbers that are none (a limit without an upper end) or too long, tables, and what a list leaves
 * out at a place.
 */
function forLine(this: unknown, _key: string, value: unknown): unknown {
  if (value === undefined) return Array.isArray(this) ? { nothing: true } : undefined;
  if (typeof value === 'number' && !Number.isFinite(value)) return { number: String(value) };
  if (typeof value === 'bigint') return { bigint: String(value) };
  if (value instanceof Map) return { table: [...value] };
  // A Buffer was made plain before it comes here.
  if (isPlainBuffer(value)) return { bytes: Buffer.from(value.data).toString('base64') };
  return value instanceof Uint8Array ? { bytes: Buffer.from(value).toString('base64') } : value;
}

const isPlainBuffer = (value: unknown): value is { type: 'Buffer'; data: number[] } =>
  typeof value === 'object' && value !== null && (value as { type?: string }).type === 'Buffer' && 'data' in value;

const fromLine = (_key: string, value: unknown): unknown => {
  if (typeof value !== 'object' || value === null) return value;
  const keys = Object.keys(value);
  if (keys.length !== 1) return value;
  if (keys[0] === 'number' && typeof (value as { number: unknown }).number === 'string')
    return Number((value as { number: string }).number);
  if (keys[0] === 'bigint' && /^-?\d{1,20}$/.test(String((value as { bigint: unknown }).bigint)))
    return BigInt((value as { bigint: string }).bigint);
  if (keys[0] === 'table' && Array.isArray((value as { table: unknown }).table))
    return new Map((value as { table: [unknown, unknown][] }).table);
  // A list keeps the place.
  if (keys[0] === 'nothing' && (value as { nothing: unknown }).nothing === true) return undefined;
  if (keys[0] === 'bytes' && typeof (value as { bytes: unknown }).bytes === 'string')
    return new Uint8Array(Buffer.from((value as { bytes: string }).bytes, 'base64'));
  return value;
};

/** Tags that a controller is wired to or a camera looks at, in the order in which `inputs` has them. */
export const wiredTags = ({ controller, services }: PlantSpec['devices'][number]): readonly string[] => {
  const seen = services.flatMap((service) => (service.protocol === 'web' ? service.views.map(({ tag }) => tag) : []));
  return [...new Set([...(controller?.inputs ?? []), ...(controller?.outputs ?? []), ...seen])];
};
