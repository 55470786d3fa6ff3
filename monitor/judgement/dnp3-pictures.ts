/**
 * What each master has been told of each outstation's points: values come one by one, as events, in polls of classes or of ranges, and a
 * point that is not reported stands as it stood. Every answer thus confirms the whole picture.
 */
import type { ObjectsEvent } from '@penstock/protocols/dnp3';
import { type Dnp3Place, type Dnp3Places, isEventGroup, wordsOf } from '../watch/dnp3-places.ts';
import type { ProcessWatch, ReadBlock, Reader, WatchedDevice } from '../watch/index.ts';
import type { Point } from '../watch/points.ts';

/** Clocks and ways differ by so much, microseconds: what happened less long before the newest value may still be newer. */
const SLACK = 1e6;

const FLAG = { online: 1, restart: 2, communicationLost: 4, remoteForced: 8, localForced: 16 } as const;

export class Picture {
  readonly block: ReadBlock;
  readonly words: number[];
  /** By a point's order: when its value was true, microseconds since 1970 by the sensor's clock. */
  readonly #known: Float64Array;
  readonly #points: readonly (Point | undefined)[];
  readonly #places: readonly Dnp3Place[];
  /** By how much the outstation's clock is behind the packets that carry its times, at least; unknown at first. */
  #behind = Number.POSITIVE_INFINITY;

  constructor(block: ReadBlock, { all, size }: Dnp3Places) {
    this.block = block;
    this.words = new Array<number>(size).fill(-1);
    this.#known = new Float64Array(all.length).fill(Number.NEGATIVE_INFINITY);
    this.#points = all.map(({ address }) => block.device.points?.at('dnp3', address, block.station));
    this.#places = all;
  }

  /** The outstation's clock was set: what its times meant before is over. */
  clockSet(): void {
    this.#behind = Number.POSITIVE_INFINITY;
  }

  /** What was commanded stands until the outstation says otherwise. */
  commanded({ address, order }: Dnp3Place, words: readonly number[], time: number): void {
    words.forEach((word, i) => {
      this.words[address + i] = word;
    });
    this.#known[order] = time;
  }

  /** An answer begins. What was written over another protocol since a point was told is not known here until it is told again. */
  begin(): void {
    for (const { order, address, length } of this.#places) {
      const written = this.#points[order]?.pending?.time;
      if (written === undefined || written <= (this.#known[order] as number)) continue;
      this.#known[order] = written;
      this.words.fill(-1, address, address + length);
    }
  }

  /** Takes in the values behind one object header. @returns how many points' values it told */
  tell({ group, indices, range_low: low, values, flags, times, time }: ObjectsEvent, watch: ProcessWatch): number {
    const places = this.block.device.points?.dnp3;
    if (!Array.isArray(values) || (times !== undefined && !Array.isArray(times)) || places === undefined) return 0;
    const newest = times?.reduce((latest, at) => Math.max(latest, at), Number.NEGATIVE_INFINITY);
    if (newest !== undefined) this.#behind = Math.min(this.#behind, time - newest * 1e6);
    let told = 0;
    for (let i = 0; i < values.length; i++) {
      const index = indices?.[i] ?? (low === undefined ? undefined : low + i);
      const place = index === undefined ? undefined : places.find(group, index);
      if (place === undefined) continue;
      told++;
      if (!this.#isWorth(place, flags?.[i], watch)) continue;
      const at = times === undefined || !isEventGroup(group) ? time : (times[i] as number) * 1e6 + this.#behind;
      // What waited in the outstation's buffer may be older than what was read of it meanwhile.
      if (at + SLACK < (this.#known[place.order] as number)) continue;
      this.#known[place.order] = Math.min(at, time);
      wordsOf(place, values[i] as number).forEach((word, k) => {
        this.words[place.address + k] = word;
      });
    }
    return told;
  }

  /** Whether a value says something of the process. */
  #isWorth({ order }: Dnp3Place, flags: number | undefined, watch: ProcessWatch): boolean {
    if (flags === undefined) return true;
    const point = this.#points[order];
    const state = qualityOf(flags);
    if (point !== undefined) watch.quality(this.block, point, state);
    return state === 'good' || state === 'forced';
  }
}

/** Flags of inputs and outputs (IEEE 1815-2012, clause 11.6). */
function qualityOf(flags: number): string {
  if ((flags & FLAG.communicationLost) !== 0) return 'communication-lost';
  if ((flags & FLAG.restart) !== 0) return 'restart';
  if ((flags & FLAG.online) === 0) return 'offline';
  return (flags & (FLAG.remoteForced | FLAG.localForced)) === 0 ? 'good' : 'forced';
}

export class Pictures {
  readonly #watch: ProcessWatch;
  /** By outstation, and the address of the master that was told. */
  readonly #pictures = new WeakMap<WatchedDevice, Map<string, Picture>>();

  constructor(watch: ProcessWatch) {
    this.#watch = watch;
  }

  /** The picture of one master; undefined for an outstation whose points nobody listed. */
  of(device: WatchedDevice, reader: Reader): Picture | undefined {
    const places = device.points?.dnp3;
    if (places === undefined) return undefined;
    let pictures = this.#pictures.get(device);
    if (pictures === undefined) {
      pictures = new Map();
      this.#pictures.set(device, pictures);
    }
    const range = { table: 'dnp3', address: 0, quantity: places.size } as const;
    const block = this.#watch.block(device, reader, range, 0);
    let picture = pictures.get(reader.src.address);
    if (picture === undefined || picture.block !== block) {
      if (picture === undefined && pictures.size >= MAX_PICTURES) return undefined;
      picture = new Picture(block, places);
      pictures.set(reader.src.address, picture);
    }
    return picture;
  }

  all(device: WatchedDevice): Iterable<Picture> {
    return this.#pictures.get(device)?.values() ?? [];
  }
}

/** Masters of one outstation whose pictures are kept. */
const MAX_PICTURES = 64;
