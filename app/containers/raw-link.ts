/**
 * Frames of one's own making on a real network, as an attacker with the right to them sends: what it takes to stand between two parties on a
 * zone's bridge. A small program pumps them between the network card and this process (`docker/attack-box/raw-link.py`), so that only the
 * attack box needs that right.
 */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { PenstockError } from '@penstock/core';
import type { Ipv4Address } from '@penstock/protocols/ethernet';
import {
  type Cause,
  type EventQueue,
  type Interposed,
  Interposition,
  type InterpositionOptions,
  type Mark,
  type OutsideEntry,
  type PingHandler,
} from '@penstock/simulator/kernel';
import { BridgedSegment } from './bridged-segment.ts';
import { asOnWire } from './offload.ts';

export interface RawNetworkOptions {
  /** Of the card on the zone's bridge. */
  readonly address: string;
  readonly mac: string;
  /** The zone's. */
  readonly subnet: string;
  readonly queue: EventQueue;
  /** Where what comes from outside enters the queue. */
  readonly clock: OutsideEntry;
  /** Told of every frame that somebody caused. */
  readonly onMark: (mark: Mark) => void;
  /** One line for the log. */
  readonly note?: (text: string) => void;
  /** Name of the card; the one with the address when left out. */
  readonly interface?: string;
  /** The program that pumps, and what it is given before the card's name. */
  readonly command?: readonly [string, ...string[]];
}

const PUMP = fileURLToPath(new URL('../../docker/attack-box/raw-link.py', import.meta.url));
/** Longest record that is believed: a large send of 64 KiB with its headers. */
const LONGEST = 131_072;
/** Bytes that wait for the card; beyond it frames are dropped, as a card does. */
const MOST_WAITING = 4 * 1024 * 1024;

export class RawNetwork {
  /** Frames that were dropped because the card did not take them. */
  dropped = 0;
  /** Resolves when the card is listened to; rejects with PenstockError `raw-link.gone` and the reason. */
  readonly ready: Promise<void>;
  readonly #options: RawNetworkOptions;
  readonly #card: string;
  readonly #segment: BridgedSegment;
  readonly #pump: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly #ended: Promise<void>;
  readonly #places = new Set<Interposition>();
  #rest: Buffer = Buffer.alloc(0);
  #isReady: () => void = () => {};
  #gone: string | undefined;
  #closing = false;

  private constructor(options: RawNetworkOptions) {
    this.#options = options;
    const { queue, address, mac, subnet, command = ['python3', PUMP] } = options;
    this.#card = options.interface ?? cardOf(address);
    this.#segment = new BridgedSegment({
      queue,
      address,
      mac,
      subnet,
      send: (bytes, cause) => this.#send(bytes, cause),
    });
    const [program, ...rest] = command;
    this.#pump = spawn(program, [...rest, this.#card], { stdio: ['pipe', 'pipe', 'pipe'] });
    let complaint = '';
    this.#pump.stderr.on('data', (text: Buffer) => {
      complaint = (complaint + text.toString('utf8')).slice(-4096);
    });
    this.#pump.stdin.on('error', () => {});
    this.#pump.stdout.on('data', (chunk: Buffer) => this.#take(chunk));
    this.#ended = new Promise((resolve) => {
      const end = (why: string): void => {
        this.#gone ??= why;
        resolve();
      };
      this.#pump.on('error', (error) => end(error.message));
      this.#pump.on('close', (code) => end(complaint.trim().split('\n').at(-1) || `it ended with code ${code}`));
    });
    this.ready = new Promise((resolve, reject) => {
      this.#isReady = resolve;
      void this.#ended.then(() => {
        if (!this.#closing) options.note?.(`the raw link on ${this.#card} is gone: ${this.#gone}`);
        reject(this.#lost());
      });
    });
    // Who does not wait for it is told when the link is used.
    this.ready.catch(() => {});
  }

  /**
   * Opens the way to a zone's bridge.
   * @throws PenstockError `raw-link.card` where no card has the address, `wire.…`, `address.…` for what fits no segment
   */
  static open(options: RawNetworkOptions): RawNetwork {
    return new RawNetwork(options);
  }

  /**
   * Stands between two neighbours, or between one and the gateway, until it is told to stop. From within an event of the queue.
   * @throws PenstockError `raw-link.forwarding` where the system itself passes on what is not for it, `raw-link.gone`,
   *   `interposition.segment`, `interposition.busy`
   */
  interpose(first: Ipv4Address, second: Ipv4Address | undefined, options: InterpositionOptions): Interposed {
    if (this.#gone !== undefined) throw this.#lost();
    if (isForwarding(this.#card))
      throw new PenstockError(
        'raw-link.forwarding',
        `this host forwards packets itself, so that every one would pass twice; once: sysctl -w net.ipv4.ip_forward=0`,
      );
    const { host } = this.#segment;
    const place = new Interposition(host, first, second ?? host.segment.gateway, options);
    this.#places.add(place);
    return place;
  }

  /** One echo request in a frame of our own. */
  ping(address: Ipv4Address, done: PingHandler, cause?: Cause): void {
    this.#segment.host.ping(address, done, 56, cause);
  }

  /** Tells everybody the truth that was lied to, and ends. */
  async close(): Promise<void> {
    this.#closing = true;
    for (const place of this.#places) place.stop();
    this.#segment.flush();
    // What was written goes out before the pump sees the end.
    this.#pump.stdin.end();
    await this.#ended;
  }

  #lost(): PenstockError {
    return new PenstockError('raw-link.gone', `there is no raw link on ${this.#card}: ${this.#gone}`);
  }

  #send(bytes: Uint8Array, cause: Cause | undefined): void {
    const { stdin } = this.#pump;
    if (this.#gone !== undefined || stdin.writableLength > MOST_WAITING || stdin.writableEnded) {
      this.dropped++;
      return;
    }
    // Told before it leaves.
    if (cause !== undefined) {
      const local = { address: this.#options.address, port: 0 };
      this.#options.onMark({ kind: 'frame', local, remote: local, sent: bytes, cause });
    }
    const record = Buffer.allocUnsafe(4 + bytes.length);
    record.writeUInt32LE(bytes.length, 0);
    record.set(bytes, 4);
    stdin.write(record);
  }

  #take(chunk: Buffer): void {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const frames: Uint8Array[] = [];
    let at = 0;
    while (bytes.length - at >= 4) {
      const length = bytes.readUInt32LE(at);
      if (length > LONGEST) {
        this.#gone ??= `its pump speaks of a frame of ${length} bytes`;
        this.#pump.kill();
        return;
      }
      if (bytes.length - at - 4 < length) break;
      if (length === 0) this.#isReady();
      // The sender's system may have left sums and cuts to a card: what goes on from here must have them.
      else asOnWire(new Uint8Array(bytes.subarray(at + 4, at + 4 + length)), (frame) => void frames.push(frame));
      at += 4 + length;
    }
    this.#rest = at === bytes.length ? Buffer.alloc(0) : Buffer.from(bytes.subarray(at));
    if (frames.length > 0 && !this.#closing)
      this.#options.clock.outside({
        run: (now) => {
          for (const frame of frames) this.#segment.arrived(frame, now);
        },
      });
  }
}

function cardOf(address: string): string {
  for (const [name, addresses] of Object.entries(networkInterfaces()))
    if (addresses?.some((one) => one.address === address)) return name;
  throw new PenstockError('raw-link.card', `no network card here has the address ${address}`);
}

/** Whether the system routes what comes to a card for others. */
function isForwarding(card: string): boolean {
  try {
    return readFileSync(`/proc/sys/net/ipv4/conf/${card}/forwarding`, 'utf8').trim() === '1';
  } catch {
    return false;
  }
}
