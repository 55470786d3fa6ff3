/** What is known of a tag beyond its values: who wrote it last, and what acts on its loop by itself. */
import { inSeconds, type PlantSpec, type TagPageMessage } from '@penstock/core';
import type { WriteRecord } from '@penstock/range';

/** The last write of each tag that came over the network; as many as the plant has tags. */
export class LastWrites {
  readonly #last = new Map<string, NonNullable<TagPageMessage['lastWrite']>>();
  readonly #names: ReadonlyMap<string, string>;

  constructor(plant: PlantSpec) {
    this.#names = new Map(plant.devices.map(({ address, id }) => [address, id]));
  }

  take({ at, tag, value, outcome, protocol, source }: WriteRecord): void {
    // What a hand at the cabinet did is on no wire, and a refused write changed nothing.
    if (outcome !== 'done' || !/^\d+(\.\d+){3}$/.test(source)) return;
    const writer = this.#names.get(source) ?? source;
    this.#last.set(tag, { time: inSeconds(at), value, writer, address: source, protocol });
  }

  of(tag: string): TagPageMessage['lastWrite'] {
    return this.#last.get(tag) ?? null;
  }
}

/** Undefined for a tag that the plant does not have. */
export function tagPage(plant: PlantSpec, writes: LastWrites, id: string): TagPageMessage | undefined {
  const tag = plant.tags.find((one) => one.id === id);
  if (!tag) return undefined;
  const device = plant.devices.find((one) => one.controller && one.points.some((point) => point.tag === id));
  const own = plant.safeguards.filter((safeguard) => device !== undefined && safeguard.device === device.id);
  const guarded = new Set(own.flatMap(({ guards }) => guards));
  const concerned = plant.safeguards.filter(
    (safeguard) =>
      own.includes(safeguard) || (safeguard.kind === 'sis' && safeguard.guards.some((one) => guarded.has(one))),
  );
  const points = new Set(device?.points.map((point) => point.tag));
  const flags = plant.tags.filter((one) => one.area === tag.area && points.has(one.id) && tellsInterlock(one.id));
  return {
    tag: id,
    lastWrite: writes.of(id),
    interlocks: concerned.map(({ id: safeguard, name, kind, device: at = null }) => ({
      ...{ id: safeguard, name, kind, device: at },
    })),
    flags: flags.map((one) => one.id),
  };
}

/** XA after ISA-5.1; numbers from 90 on in each hundred are the controllers' own watchdogs. */
const tellsInterlock = (id: string): boolean => /^XA\d[0-8]/.test(id);
