/** The range as an attack's engine knows it, and whom a scenario is about. */
import {
  type EngineHost,
  type ScenarioSpec,
  type StepRecord,
  type StepSpec,
  tagsOf,
  targetsOf,
} from '@penstock/attacks';
import { compilePredicate, type PlantSpec } from '@penstock/core';
import { gatewayAddress } from '@penstock/simulator/kernel';
import type { Plant } from './plants.ts';
import type { Range } from './range.ts';

/** What the engine may ask of a range and tell it. */
export function engineHost(range: Range, record: (record: StepRecord) => void): EngineHost {
  const { run, spec, queue, registry, truth } = range;
  return {
    ...{ run, plant: spec, queue, registry, truth, record },
    foothold: (id) => range.foothold(id),
    disturb: (name, value, over) => range.disturb(name, value, over),
    received: (id) => range.devices.get(id)?.store.values ?? [],
    device: (id) => {
      const device = range.devices.get(id);
      const { key, mode } = device?.controller ?? {};
      return { on: device?.on === true && device.up, key, mode };
    },
    firmware: (id) => range.devices.get(id)?.doors?.firmware,
    reflash: (id, revision) => range.devices.get(id)?.reflash(revision, queue.now),
    memory: (id, tag) => {
      const device = range.devices.get(id);
      const point = device?.spec.points.findIndex((p) => p.tag === tag) ?? -1;
      return point < 0 ? undefined : device?.points?.read(point);
    },
    program: (id) => {
      const controller = range.devices.get(id)?.controller;
      return controller && { source: controller.source, mode: controller.mode };
    },
    attach: (id, there) => {
      const device = range.devices.get(id);
      if (there) device?.powerOn(queue.now);
      else device?.powerOff(queue.now);
    },
  };
}

/**
 * What a true alert must name: the devices that a scenario's steps act from and upon, by id and by every address that a monitor may know
 * them by, and tags that the steps name or that the scenario says its effects will show in.
 */
export function labelledParties(
  plant: Plant,
  scenario: ScenarioSpec,
  variant: 'attack' | 'twin',
): { devices: Set<string>; tags: Set<string>; actors: Set<string> } {
  const { spec } = plant;
  const { steps, revert } = variant === 'twin' ? scenario.twin : scenario;
  const all = [...steps, ...revert];
  const roles = new Set(all.flatMap((step) => [step.from, ...targetsOf(step, spec)]));
  const from = new Set(all.map((step) => step.from));
  const effects = variant === 'twin' ? [] : scenario.effects.flatMap((effect) => tagsIn(effect.predicate.when, spec));
  return {
    devices: new Set([
      ...spec.devices.filter(({ role }) => roles.has(role)).flatMap(({ id, address }) => [id, address]),
      ...all.flatMap((step) => gatewayIn(step, spec)),
    ]),
    tags: new Set([...all.flatMap((step) => tagsOf(step, spec)), ...effects]),
    actors: new Set(spec.devices.filter(({ role }) => from.has(role)).flatMap(({ id, address }) => [id, address])),
  };
}

/** Who stands before a gateway speaks in its name: a monitor knows it by the address that it has in that zone. */
function gatewayIn(step: StepSpec, { devices, zones }: PlantSpec): string[] {
  if (step.verb !== 'interpose') return [];
  const zone = devices.find(({ role }) => role === step.between)?.zone;
  return zones.filter(({ id }) => id === zone).map(({ subnet }) => gatewayAddress(subnet));
}

const tagsIn = (when: string, { tags }: PlantSpec): readonly string[] =>
  compilePredicate(
    when,
    tags.map((tag) => tag.id),
  ).tags;
