/** Warm states: process and controllers as they stand at an hour of the day, so that a run need not settle first. */
import { PenstockError } from '@penstock/core';
import type { ControllerSnapshot } from '@penstock/simulator/controllers';
import type { Device } from '@penstock/simulator/devices';
import type { ProcessEngine, ProcessSnapshot } from '@penstock/simulator/process';
import type { Plant } from './plants.ts';

export interface WarmState {
  /** Hash of the plant that it was made for. */
  readonly plant: string;
  readonly process: ProcessSnapshot;
  readonly controllers: Readonly<Record<string, ControllerSnapshot>>;
}

export function saveWarmState(plant: Plant, engine: ProcessEngine, devices: ReadonlyMap<string, Device>): WarmState {
  const controllers: Record<string, ControllerSnapshot> = {};
  for (const [id, { controller }] of devices) {
    if (controller === undefined) continue;
    const { diagnostics: _diagnostics, ...snapshot } = controller.save();
    // The plant has the program; only one that was changed is worth keeping.
    controllers[id] = { ...snapshot, diagnostics: [], source: controller.isOriginal ? '' : snapshot.source };
  }
  return { plant: plant.hash, process: engine.save(), controllers };
}

/**
 * Puts process and controllers into a saved state; random streams stay those of the run's seed, time that of its start.
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
  engine.load({ ...warm.process, start, steps: 0 }, { streams: 'own' });
  for (const [id, snapshot] of Object.entries(warm.controllers)) {
    const device = devices.get(id);
    device?.resume({ ...snapshot, source: snapshot.source || (device.controller?.source ?? '') });
  }
}

/** A warm state as JSON; typed arrays become `{"float64": "…"}` with their bytes in base64. */
export const packWarm = (state: WarmState): string =>
  JSON.stringify(state, (_, value: unknown) => {
    if (!ArrayBuffer.isView(value)) return value;
    const kind = KINDS.findIndex((make) => value instanceof make);
    const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64');
    return { [NAMES[kind] as string]: bytes };
  });

/** The other way round. @throws SyntaxError when it is not JSON */
export const unpackWarm = (text: string): WarmState =>
  JSON.parse(text, (_, value: unknown) => {
    if (typeof value !== 'object' || value === null) return value;
    const kind = NAMES.findIndex((name) => name in value);
    if (kind < 0) return value;
    const bytes = Uint8Array.from(
      Buffer.from((value as Record<string, string>)[NAMES[kind] as string] as string, 'base64'),
    );
    return new (KINDS[kind] as typeof Float64Array)(bytes.buffer as ArrayBuffer);
  }) as WarmState;

const NAMES = ['float64', 'bigint64', 'uint8'] as const;
const KINDS = [Float64Array, BigInt64Array, Uint8Array] as const;
