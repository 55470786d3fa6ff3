/**
 * The plant's network in memory: segments, hosts and the tap. Real frames travel between hosts as events of the run's queue;
 * nothing here knows time or chance but the queue and the run's seed.
 */
import { type Duration, microseconds, nearest, PenstockError } from '@penstock/core';
import { parseIpv4, parseMac, parseSubnet } from '@penstock/protocols/ethernet';
import { DeadlineSet } from './deadlines.ts';
import { FramePool } from './frame.ts';
import { Host } from './host.ts';
import type { StackProfile } from './profile.ts';
import type { EventQueue } from './queue.ts';
import { Random } from './random.ts';
import { Segment } from './segment.ts';
import { Tap } from './tap.ts';

export interface WireOptions {
  readonly seed: number;
  /** Microseconds since 1970 of the run's start; time stamps of the tap count from it. */
  readonly epoch: number;
}

export interface NewSegment {
  /** Zone id. */
  readonly id: string;
  /** `10.20.1.0/24` */
  readonly subnet: string;
  /** From the sender's port to the receiver's; 25 µs (a switch and two short frames at 100 Mbit/s) when left out. */
  readonly latency?: Duration | undefined;
  readonly loss?: number | undefined;
  readonly jitter?: Duration | undefined;
}

export interface NewHost {
  readonly id: string;
  /** Segment id. */
  readonly segment: string;
  readonly address: string;
  readonly mac: string;
  readonly profile?: StackProfile;
  /** Next hop for other networks; the segment's first address when left out. */
  readonly gateway?: string;
  /** False for a host that is brought later. */
  readonly up?: boolean;
}

const LATENCY = microseconds(25);

export class Wire {
  readonly queue: EventQueue;
  readonly seed: number;
  readonly tap: Tap;
  readonly pool = new FramePool();
  /** Retransmission timers of all hosts. */
  readonly retransmissions: DeadlineSet;
  readonly #segments = new Map<string, Segment>();
  readonly #hosts = new Map<string, Host>();

  constructor(queue: EventQueue, options: WireOptions) {
    this.queue = queue;
    this.seed = options.seed;
    this.tap = new Tap(options.epoch);
    this.retransmissions = new DeadlineSet(queue);
  }

  get segments(): readonly Segment[] {
    return [...this.#segments.values()];
  }

  get hosts(): readonly Host[] {
    return [...this.#hosts.values()];
  }

  /** @throws PenstockError `wire.segment` when the id is taken, `address.subnet` for a malformed subnet. */
  addSegment(options: NewSegment): Segment {
    const { id, subnet, latency = LATENCY, loss = 0, jitter = microseconds(0) } = options;
    if (this.#segments.has(id)) throw new PenstockError('wire.segment', `there are two segments '${id}'`);
    const segment = new Segment(
      this,
      { id, subnet: parseSubnet(subnet), latency, loss, jitter },
      new Random(this.seed, `segment:${id}`),
    );
    this.#segments.set(id, segment);
    return segment;
  }

  /** @throws PenstockError `wire.segment` for an unknown segment, `wire.host`, `wire.address`, `wire.mac` for what is taken or misplaced. */
  addHost(options: NewHost): Host {
    const segment = this.segment(options.segment);
    this.#refuseTaken(options.id);
    const host = new Host(this, options.id, options.profile);
    const gateway = options.gateway === undefined ? segment.gateway : parseIpv4(options.gateway);
    host.plug(segment, parseIpv4(options.address), parseMac(options.mac), gateway, options.up ?? true);
    this.register(host);
    return host;
  }

  /** Enters a host that was made elsewhere (a firewall). @throws PenstockError `wire.host` when the id is taken. */
  register(host: Host): void {
    this.#refuseTaken(host.id);
    this.#hosts.set(host.id, host);
  }

  #refuseTaken(id: string): void {
    if (this.#hosts.has(id)) throw new PenstockError('wire.host', `there are two hosts '${id}'`);
  }

  /** @throws PenstockError `wire.segment` with the nearest id. */
  segment(id: string): Segment {
    const segment = this.#segments.get(id);
    if (segment === undefined) throw unknown('segment', id, this.#segments.keys());
    return segment;
  }

  /** @throws PenstockError `wire.host` with the nearest id. */
  host(id: string): Host {
    const host = this.#hosts.get(id);
    if (host === undefined) throw unknown('host', id, this.#hosts.keys());
    return host;
  }
}

function unknown(kind: 'segment' | 'host', id: string, known: Iterable<string>): PenstockError {
  const all = [...known];
  const near = nearest(id, all);
  return new PenstockError(
    `wire.${kind}`,
    `the wire has no ${kind} '${id}'${near ? `; did you mean '${near}'?` : ` (it has ${all.join(', ') || 'none'})`}`,
  );
}
