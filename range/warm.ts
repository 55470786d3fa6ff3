/** Warm states: process, controllers and what outstations have not told yet, at an hour of the day, so that a run need not settle first. */
import { PenstockError, packArrays, unpackArrays } from '@penstock/core';
import type { ControllerSnapshot } from '@penstock/simulator/controllers';
import { type Device, Dnp3Service, type DoorsSnapshot } from '@penstock/simulator/devices';
import type { ProcessEngine, ProcessSnapshot } from '@penstock/simulator/process';
import type { Plant } from './plants.ts';

/** What an outstation has not told its masters. */
type OutstationSnapshot = ReturnType<Dnp3Service['save']>;

export interface WarmState {
  /** Hash of the plant that it was made for. */
  readonly plant: string;
  readonly process: ProcessSnapshot;
  readonly controllers: Readonly<Record<string, ControllerSnapshot>>;
  /** Left out by states from before there were any. */
  readonly outstations?: Readonly<Record<string, OutstationSnapshot>>;
  /** Passwords and firmware that are no longer as delivered; left out where there are none. */
  readonly doors?: Readonly<Record<string, DoorsSnapshot>>;
}

export function saveWarmState(plant: Plant, engine: ProcessEngine, devices: ReadonlyMap<string, Device>): WarmState {
  const controllers: Record<string, ControllerSnapshot> = {};
  const outstations: Record<string, OutstationSnapshot> = {};
  for (const [id, device] of devices) {
    const outstation = device.part(Dnp3Service);
    if (outstation !== undefined) outstations[id] = outstation.save();
    const { controller } = device;
    if (controller === undefined) continue;
    const { diagnostics: _diagnostics, ...snapshot } = controller.save();
    // The plant has the program; only one that was changed is worth keeping.
    controllers[id] = { ...snapshot, diagnostics: [], source: controller.isOriginal ? '' : snapshot.source };
  }
  const doors: Record<string, DoorsSnapshot> = {};
  for (const [id, device] of devices) {
    const changed = device.doors?.save();
    if (changed !== undefined) doors[id] = changed;
  }
  return {
    plant: plant.hash,
    process: engine.save(),
    controllers,
    outstations,
    ...(Object.keys(doors).length > 0 && { doors }),
  };
}

/**
 * Puts process, controllers and outstations into a saved state; random streams stay those of the run's seed, time that of its start.
 * @param start seconds since Monday 00:00
 * @throws PenstockError `warm.stale` when the plant has changed since
 */
export function useWarmState(
  warm: WarmState,
  plant: Plant,
  engine: ProcessEngine,
  devices: ReadonlyMap<string, Device>,
  start: number,
): void {
  if (warm.plant !== plant.hash)
    throw new PenstockError(
      'warm.stale',
      `what was learned of plant '${plant.spec.id}' is older than the plant; run: penstock learn ${plant.spec.id}`,
    );
  for (const [id, changed] of Object.entries(warm.doors ?? {})) devices.get(id)?.resumeDoors(changed);
  engine.load({ ...warm.process, start, steps: 0 }, { streams: 'own' });
  for (const [id, snapshot] of Object.entries(warm.controllers)) {
    const device = devices.get(id);
    const { source, key } = device?.controller ?? {};
    // A key that an option of this run has turned stays where it is.
    device?.resume({ ...snapshot, source: snapshot.source || (source ?? ''), key: key ?? snapshot.key });
  }
  for (const [id, snapshot] of Object.entries(warm.outstations ?? {}))
    devices.get(id)?.part(Dnp3Service)?.load(snapshot);
}

/** A warm state as JSON. */
export const packWarm = (state: WarmState): string => packArrays(state);

/** The other way round. @throws SyntaxError when it is not JSON */
export const unpackWarm = (text: string): WarmState => unpackArrays(text) as WarmState;
