/** The equipment library: one builder for each kind that a scene may place. */
import type { EquipmentKind, EquipmentSpec } from '@penstock/core/scene';
import type { Shape } from '../shape.ts';
import { contactTank, filter, intake, reservoir } from './basins.ts';
import type { Builder, Built } from './built.ts';
import { compressor, drum, flare, rack, reactor } from './chemical.ts';
import { dosing, mixer, pump, valve } from './machines.ts';
import { coolingTower, dam, generator, stack } from './power-stations.ts';
import { analyser, building, cabinet, district } from './structures.ts';
import { bay, busbar, transformer } from './switchyard.ts';
import { column, elevatedTank, exchanger, tank, vessel } from './vessels.ts';

const BUILDERS: { readonly [K in EquipmentKind]: Builder<K> } = {
  tank,
  vessel,
  column,
  exchanger,
  reactor,
  drum,
  compressor,
  flare,
  rack,
  pump,
  valve,
  filter,
  mixer,
  dosing,
  analyser,
  building,
  'elevated-tank': elevatedTank,
  'contact-tank': contactTank,
  reservoir,
  intake,
  cabinet,
  busbar,
  bay,
  transformer,
  generator,
  'cooling-tower': coolingTower,
  stack,
  dam,
  district,
};

/** Builds one item around the middle of its foot, unrotated: solid parts into `solid`, panes into `glass`. */
export function buildEquipment(item: EquipmentSpec, solid: Shape, glass: Shape): Built {
  return (BUILDERS[item.kind] as Builder<EquipmentKind>)(item as never, solid, glass);
}
