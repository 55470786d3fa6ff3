/** What chemical plants have beside vessels and pumps: agitated reactors, separating drums, compressors, flares, steel frames. */
import type { EquipmentOf } from '@penstock/core/scene';
import type { Shape, Triple } from '../shape.ts';
import type { Builder, WaterPart } from './built.ts';
import { motor } from './machines.ts';
import { cutShell, flange, handrail, ladder, nozzle } from './parts.ts';
import { head, legs } from './vessels.ts';

/** An upright pressure vessel on legs, cut open, with a platform around its brim and a level gauge at its side. */
function upright(item: EquipmentOf<'reactor'> | EquipmentOf<'drum'>, solid: Shape): WaterPart {
  const { diameter, height } = item;
  const radius = diameter / 2;
  const foot = Math.max(item.legs, radius / 2 + 0.5);
  for (const side of [-1, 1]) solid.box('concrete', [diameter, 0.25, 0.7], [0, 0, side * radius * 0.58]);
  legs(solid, radius, foot);
  solid.turned('steel', head(radius, foot, -1).toReversed(), [0, 0, 0]);
  cutShell(solid, 'steel', radius, height, [0, foot, 0], 0.09);
  solid.turned('steel', head(radius, foot + height, 1), [0, 0, 0]);
  for (const share of [0.01, 0.99]) flange(solid, [0, foot + height * share, 0], [0, 1, 0], (radius * 1.05) / 0.72);
  const deck = foot + height * 0.86;
  // The platform runs around the back, where the ladder comes up.
  solid.round('steelDark', radius + 0.95, 0.06, [0, deck, 0], { from: 1.75, arc: 2.8 });
  handrail(
    solid,
    Array.from({ length: 9 }, (_, i): Triple => {
      const angle = 1.75 + (2.8 * i) / 8;
      return [Math.sin(angle) * (radius + 0.9), deck + 0.06, Math.cos(angle) * (radius + 0.9)];
    }),
  );
  ladder(solid, [0, 0, -radius - 1], deck + 1);
  return {
    form: 'round',
    at: [0, foot + 0.02, 0],
    size: [(radius - 0.11) * 2, height - 0.04, (radius - 0.11) * 2],
    water: item.water,
    level: item.bind.level ?? 0.5,
    ghost: true,
  };
}

const footOf = ({ legs: wanted, diameter }: { legs: number; diameter: number }): number =>
  Math.max(wanted, diameter / 4 + 0.5);

/** Gas comes in from below and leaves at the shoulder; agitator from above; cooling coil inside. */
export const reactor: Builder<'reactor'> = (item, solid) => {
  const { height } = item;
  const radius = item.diameter / 2;
  const water = upright(item, solid);
  const foot = footOf(item);
  for (let y = foot + height * 0.1; y < foot + height * 0.78; y += 0.46)
    solid.ring('flange', radius * 0.78, 0.08, [0, y, 0], 'y', 22);
  const crown = foot + height + radius / 2;
  const impeller = foot + height * 0.22;
  solid.rod('steelDark', [0, impeller - 0.2, 0], [0, crown, 0], 0.08);
  // Seal housing, gear and motor above the crown.
  solid.round('casing', 0.34, 0.6, [0, crown - 0.05, 0], { segments: 14 });
  solid.round('flange', 0.5, 0.1, [0, crown + 0.5, 0], { segments: 16 });
  solid.box('casing', [0.9, 0.6, 0.8], [0, crown + 0.6, 0]);
  solid.round('motor', 0.36, 1.0, [0, crown + 1.2, 0], { segments: 16 });
  solid.round('steelDark', 0.4, 0.16, [0, crown + 2.2, 0], { top: 0.3, segments: 16 });
  const { running, speed } = item.bind;
  const turning = { axis: 'y', running, speed } as const;
  return {
    nozzles: {
      feed: nozzle(solid, [0, foot - radius / 2, 0], 'down', 0.4, 0.25),
      gas: nozzle(solid, [radius * 0.98, foot + height * 0.93, 0], 'east', 0.4),
      'water-in': nozzle(solid, [-radius * 0.98, foot + height * 0.15, 0], 'west', 0.3),
      'water-out': nozzle(solid, [-radius * 0.98, foot + height * 0.8, 0], 'west', 0.3),
    },
    waters: [water],
    movers: [
      { ...turning, kind: 'impeller', at: [0, impeller, 0], scale: radius * 0.6 },
      { ...turning, kind: 'impeller', at: [0, impeller + height * 0.28, 0], scale: radius * 0.6 },
      { ...turning, kind: 'coupling', at: [0, crown + 0.55, 0], scale: 0.26 },
    ],
    top: [0, crown + 2.9, 0],
    extent: [radius + 0.95, radius + 1, crown + 2.4],
    foot: [radius, radius],
    instrument: [radius * 0.4, foot + height * 0.5, radius * 0.95],
  };
};

/** Gas and mist come in at the side, gas leaves through a mesh at the top, liquid at the bottom. */
export const drum: Builder<'drum'> = (item, solid) => {
  const { height } = item;
  const radius = item.diameter / 2;
  const water = upright(item, solid);
  const foot = footOf(item);
  solid.round('flange', radius * 0.94, 0.22, [0, foot + height * 0.9, 0], { segments: 28 });
  // Inside the inlet a plate turns the stream downwards.
  solid.box('steelDark', [0.06, 0.9, 0.9], [-radius * 0.62, foot + height * 0.74, 0]);
  return {
    nozzles: {
      inlet: nozzle(solid, [-radius * 0.98, foot + height * 0.8, 0], 'west', 0.4),
      gas: nozzle(solid, [0, foot + height + radius / 2 - 0.02, 0], 'up', 0.4),
      liquid: nozzle(solid, [0, foot - radius / 2, 0], 'down', 0.25, 0.25),
    },
    waters: [water],
    top: [0, foot + height + radius / 2 + 1.2, 0],
    extent: [radius + 0.95, radius + 1, foot + height + radius / 2],
    foot: [radius, radius],
    instrument: [radius * 0.4, foot + height * 0.4, radius * 0.95],
  };
};

/** A barrel compressor, its gear and its motor in one line from west to east. */
export const compressor: Builder<'compressor'> = (item, solid) => {
  const k = item.bore / 0.5;
  const axis = 0.3 + 1.05 * k;
  solid.box('concrete', [6.4 * k, 0.3, 2.3 * k], [0.6 * k, 0, 0]);
  solid.box('steelDark', [6.1 * k, 0.16, 2.0 * k], [0.6 * k, 0.3, 0]);
  // Casing with its split and the covers at its ends.
  solid.round('casing', 0.85 * k, 1.9 * k, [-2.2 * k, axis, 0], { axis: 'x', segments: 26 });
  for (const x of [-2.2, -0.3]) flange(solid, [x * k, axis, 0], [1, 0, 0], (0.95 * k) / 0.72);
  solid.round('steelDark', 0.42 * k, 0.5 * k, [-2.7 * k, axis, 0], { axis: 'x', segments: 18 });
  solid.round('steelDark', 0.42 * k, 0.5 * k, [-0.3 * k, axis, 0], { axis: 'x', segments: 18 });
  for (const x of [-1.9, -0.7]) solid.box('casing', [0.3 * k, axis - 0.4 * k, 1.5 * k], [x * k, 0.3, 0]);
  solid.rod('steelDark', [0.2 * k, axis, 0], [1.9 * k, axis, 0], 0.1 * k);
  solid.box('casing', [0.9 * k, axis + 0.25 * k, 1.3 * k], [0.95 * k, 0.3, 0]);
  motor(solid, 1.75 * k, axis, 0.72 * k, 1.9 * k);
  // Lubricating oil: reservoir and cooler in front.
  solid.box('steelDark', [1.4 * k, 0.7 * k, 0.5 * k], [1 * k, 0.3, 1.25 * k]);
  solid.round('steel', 0.16 * k, 1.3 * k, [0.35 * k, 1.2 * k, 1.25 * k], { axis: 'x', segments: 12 });
  const { running, speed } = item.bind;
  return {
    nozzles: {
      suction: nozzle(solid, [-1.8 * k, axis + 0.8 * k, 0], 'up', item.bore),
      discharge: nozzle(solid, [-0.75 * k, axis + 0.8 * k, 0], 'up', item.bore * 0.8),
    },
    movers: [
      { kind: 'coupling', at: [0.35 * k, axis, 0], axis: 'x', scale: 0.3 * k, running, speed },
      { kind: 'coupling', at: [1.58 * k, axis, 0], axis: 'x', scale: 0.3 * k, running, speed },
      { kind: 'fan', at: [3.68 * k, axis, 0], axis: 'x', scale: 0.62 * k, running, speed },
    ],
    top: [0, axis + 2 * k, 0],
    extent: [3.8 * k, 1.5 * k, axis + 1.1 * k],
    instrument: [-1.25 * k, axis, 0.9 * k],
  };
};

/** A guyed stack with its knock-out pot at the foot and the flame at its tip. */
export const flare: Builder<'flare'> = (item, solid) => {
  const { height } = item;
  solid.round('concrete', 1.5, 0.4, [0, 0, 0]);
  solid.round('steel', 0.7, 2.2, [0, 0.4, 0], { segments: 20 });
  solid.turned('steel', head(0.7, 2.6, 1), [0, 0, 0]);
  solid.round('steel', 0.26, height - 4.4, [0, 2.8, 0], { segments: 14 });
  solid.round('steelDark', 0.32, 1.6, [0, height - 1.6, 0], { segments: 14 });
  solid.round('steelDark', 0.5, 0.5, [0, height - 0.9, 0], { top: 0.62, segments: 14, open: true });
  for (let y = 6; y < height - 2; y += 6) solid.ring('rail', 0.3, 0.06, [0, y, 0]);
  for (const turn of [0, 120, 240])
    solid.within([0, 0, 0], turn, () => {
      const anchor = height * 0.42;
      solid.box('concrete', [0.7, 0.5, 0.7], [0, 0, anchor]);
      for (const share of [0.55, 0.92]) solid.rod('steelDark', [0, height * share, 0.2], [0, 0.5, anchor], 0.03, 5);
    });
  ladder(solid, [0, 2.8, -0.42], height - 4);
  return {
    nozzles: { inlet: nozzle(solid, [-0.66, 1.5, 0], 'west', 0.35) },
    movers: [{ kind: 'flame', at: [0, height, 0], axis: 'y', scale: height * 0.13, travel: item.bind.flow }],
    top: [0, height + 3, 0],
    extent: [0.7, 0.7, height],
    foot: [1.5, 1.5],
  };
};

/** Frames every six metres at most, beams between them, and floors with rails where it has any. */
export const rack: Builder<'rack'> = (item, solid) => {
  const { length, width, decks } = item;
  const top = Math.max(...decks);
  const bays = Math.max(1, Math.ceil(length / 6));
  const [east, south] = [length / 2, width / 2];
  for (let i = 0; i <= bays; i++) {
    const x = -east + (length * i) / bays;
    for (const z of [-south, south]) {
      solid.box('concrete', [0.5, 0.2, 0.5], [x, 0, z]);
      solid.box('frame', [0.22, top, 0.22], [x, 0.1, z]);
    }
    for (const y of decks) solid.bar('frame', [x, y - 0.12, -south], [x, y - 0.12, south], 0.2);
  }
  for (const y of decks)
    for (const z of [-south, south]) solid.bar('frame', [-east, y - 0.12, z], [east, y - 0.12, z], 0.18);
  // The outer bays are braced.
  for (const z of [-south, south])
    for (const [from, to] of [
      [-east, -east + length / bays],
      [east, east - length / bays],
    ] as const)
      solid.bar('frame', [from, 0.2, z], [to, Math.min(...decks) - 0.2, z], 0.1);
  if (item.floors)
    for (const y of decks) {
      solid.box('steelDark', [length, 0.05, width], [0, y, 0]);
      handrail(solid, [
        [-east, y, south],
        [-east, y, -south],
        [east, y, -south],
        [east, y, south],
        [-east, y, south],
      ]);
    }
  if (item.floors) ladder(solid, [east * 0.7, 0, -south - 0.2], top + 1);
  return { nozzles: {}, top: [0, top + 1.6, 0], extent: [east, south, top], foot: [0.3, 0.3] };
};
