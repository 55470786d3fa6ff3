/** Buildings, control cabinets, and the instruments that stand or sit on pipes. */
import type { Shape } from '../shape.ts';
import { house } from '../terrain.ts';
import type { Builder, Built } from './built.ts';
import { flange } from './parts.ts';

/** Walls on the sides that are not open; open sides end in a dark cut at knee height. */
export const building: Builder<'building'> = (item, solid) => {
  const { length, width, height } = item;
  const wall = 0.24;
  const stub = 0.35;
  solid.box('screed', [length + 0.4, 0.1, width + 0.4], [0, 0, 0]);
  const sides = {
    north: { size: length, at: [0, -width / 2 + wall / 2], across: false },
    south: { size: length, at: [0, width / 2 - wall / 2], across: false },
    west: { size: width, at: [-length / 2 + wall / 2, 0], across: true },
    east: { size: width, at: [length / 2 - wall / 2, 0], across: true },
  } as const;
  for (const [name, { size, at, across }] of Object.entries(sides)) {
    const open = item.open.includes(name as keyof typeof sides);
    const tall = open ? stub : height;
    const [x, z] = at;
    solid.box('wall', across ? [wall, tall, size] : [size, tall, wall], [x, 0.08, z]);
    solid.box('cut', across ? [wall, 0.03, size] : [size, 0.03, wall], [x, 0.08 + tall, z]);
    if (open) continue;
    const door = item.doors.includes(name as keyof typeof sides);
    facade(solid, { size, height, door, at: [x, z], across, outward: Math.sign(across ? x : z), wall });
  }
  if (item.open.includes('roof')) {
    // The roof's beams stay, so that the hall reads as one.
    for (let x = -length / 2 + wall / 2; x <= length / 2; x += (length - wall) / Math.max(2, Math.round(length / 4)))
      solid.box('frame', [0.16, 0.22, width * 0.34], [x, height - 0.1, -width / 2 + width * 0.17]);
  } else {
    solid.box('roof', [length + 0.5, 0.22, width + 0.5], [0, height + 0.08, 0]);
    solid.box('wall', [length + 0.5, 0.35, 0.12], [0, height + 0.2, width / 2 + 0.2]);
    solid.box('wall', [length + 0.5, 0.35, 0.12], [0, height + 0.2, -width / 2 - 0.2]);
  }
  return { nozzles: {}, top: [0, height + 0.8, -width / 4], extent: [length / 2, width / 2, height] };
};

interface Facade {
  readonly size: number;
  readonly height: number;
  readonly door: boolean;
  readonly at: readonly [number, number];
  readonly across: boolean;
  readonly outward: number;
  readonly wall: number;
}

/** A row of windows, and a door where there is one. */
function facade(solid: Shape, { size, height, door, at, across, outward, wall }: Facade): void {
  const bays = Math.max(1, Math.floor(size / 2.6));
  const [x, z] = at;
  for (let i = 0; i < bays; i++) {
    const along = -size / 2 + (size * (i + 0.5)) / bays;
    const isDoor = door && i === Math.floor(bays / 2);
    const [w, h, y] = isDoor ? [1.5, 2.3, 0.1] : [1.3, height * 0.26, height * 0.52];
    const out = outward * (wall / 2);
    const material = isDoor ? 'door' : 'window';
    if (across) solid.box(material, [0.05, h, w], [x + out, y, along]);
    else solid.box(material, [w, h, 0.05], [along, y, z + out]);
  }
}

/** A steel cabinet with two doors, a vent and a plinth. Its front is to the south. */
export const cabinet: Builder<'cabinet'> = (item, solid) => {
  const { width, height, depth } = item;
  solid.box('steelDark', [width, 0.12, depth], [0, 0, 0]);
  solid.box('cabinet', [width, height - 0.12, depth], [0, 0.12, 0]);
  const front = depth / 2;
  if (width > 0.9) solid.box('steelDark', [0.02, height - 0.2, 0.02], [0, 0.16, front]);
  solid.box('steelDark', [0.04, 0.24, 0.05], [width * 0.06, height * 0.5, front]);
  solid.box('display', [width * 0.34, height * 0.1, 0.02], [-width * 0.22, height * 0.72, front]);
  for (let i = 0; i < 4; i++)
    solid.box('steelDark', [width * 0.3, 0.025, 0.015], [-width * 0.22, 0.3 + i * 0.07, front]);
  solid.box('steelDark', [width * 0.7, 0.06, depth * 0.7], [0, height, 0]);
  const { contactor } = item.bind;
  if (contactor !== undefined) {
    solid.box('display', [width * 0.36, height * 0.24, 0.03], [width * 0.24, height * 0.6, front]);
    solid.box('mark', [width * 0.28, 0.03, 0.035], [width * 0.24, height * 0.79, front]);
    solid.box('mark', [0.03, height * 0.06, 0.035], [width * 0.24, height * 0.615, front]);
  }
  return {
    nozzles: {},
    movers:
      contactor === undefined
        ? []
        : [
            {
              kind: 'flag',
              at: [width * 0.24, height * 0.675, front + 0.03],
              axis: 'z',
              scale: height * 0.12,
              travel: { tag: contactor, full: 1 },
            },
          ],
    top: [0, height + 0.5, 0],
    extent: [width / 2, depth / 2, height],
    instrument: [0, height * 0.7, front],
  };
};

export const analyser: Builder<'analyser'> = (item, solid) =>
  item.style === 'flow-meter'
    ? flowMeter(item, solid)
    : item.style === 'transmitter'
      ? transmitter(solid)
      : panel(solid);

/** Electromagnetic flow meter on a pipe along east-west: tube between flanges, coil housing, converter on a neck. */
function flowMeter(item: Parameters<typeof analyser>[0], solid: Shape): Built {
  const { bore } = item;
  const half = bore * 0.85;
  solid.round('casing', bore * 0.86, half * 1.1, [-half * 0.55, 0, 0], { axis: 'x', segments: 20 });
  for (const x of [-half, half]) flange(solid, [x, 0, 0], [1, 0, 0], bore * 1.1);
  solid.round('casing', 0.07, bore * 0.5 + 0.15, [0, bore * 0.7, 0], { segments: 10 });
  const up = bore * 1.2 + 0.15;
  solid.round('casing', 0.2, 0.3, [0, up, -0.15], { axis: 'z', segments: 16 });
  solid.round('display', 0.15, 0.02, [0, up, 0.15], { axis: 'z', segments: 16 });
  return {
    nozzles: { a: { at: [-half, 0, 0], out: [-1, 0, 0] }, b: { at: [half, 0, 0], out: [1, 0, 0] } },
    top: [0, up + 0.5, 0],
    extent: [half, bore * 0.8, up + 0.2],
    instrument: [0, up, 0.2],
  };
}

/** An analyser's panel on a stand: flow cell, sample lines, display. */
function panel(solid: Shape): Built {
  for (const x of [-0.32, 0.32]) solid.box('frame', [0.06, 1.75, 0.06], [x, 0, 0]);
  solid.box('frame', [0.9, 0.05, 0.5], [0, 0, 0]);
  solid.box('mark', [0.84, 1.1, 0.05], [0, 0.7, 0.03]);
  solid.box('cabinet', [0.42, 0.36, 0.16], [-0.16, 1.34, 0.13]);
  solid.box('display', [0.3, 0.18, 0.02], [-0.16, 1.45, 0.21]);
  solid.round('plastic', 0.09, 0.34, [0.22, 0.95, 0.13], { segments: 12 });
  solid.round('rubber', 0.04, 0.24, [0.22, 1.29, 0.13], { segments: 8 });
  solid.rod('steelDark', [0.22, 0.95, 0.13], [0.22, 0.3, 0.13], 0.02, 6);
  solid.rod('steelDark', [-0.16, 1.34, 0.13], [-0.16, 0.8, 0.13], 0.02, 6);
  return {
    nozzles: { a: { at: [0.22, 0.3, 0.13], out: [0, -1, 0] }, b: { at: [-0.16, 0.8, 0.13], out: [0, -1, 0] } },
    top: [0, 2.2, 0],
    extent: [0.45, 0.25, 1.85],
    instrument: [-0.16, 1.55, 0.25],
  };
}

/** A transmitter's head on a short mast. */
function transmitter(solid: Shape): Built {
  solid.round('steelDark', 0.04, 0.7, [0, 0, 0], { segments: 8 });
  solid.round('casing', 0.15, 0.24, [0, 0.8, -0.12], { axis: 'z', segments: 14 });
  solid.round('display', 0.11, 0.02, [0, 0.8, 0.12], { axis: 'z', segments: 14 });
  solid.box('casing', [0.14, 0.12, 0.14], [0, 0.62, 0]);
  return {
    nozzles: { a: { at: [0, 0, 0], out: [0, -1, 0] }, b: { at: [0, 0, 0], out: [0, -1, 0] } },
    top: [0, 1.3, 0],
    extent: [0.15, 0.15, 1],
    instrument: [0, 0.85, 0.15],
  };
}

/** Houses whose windows are lit as long as they are supplied. */
export const district: Builder<'district'> = ({ at, storeys, bind }, solid) => {
  at.forEach((spot, i) => {
    house(solid, spot, storeys, i, 'lamp');
  });
  const [east, south] = [0, 1].map((axis) => Math.max(...at.map((spot) => Math.abs(spot[axis] as number))) + 4) as [
    number,
    number,
  ];
  const top = storeys * 2.7 + 3;
  return {
    nozzles: {},
    top: [0, top + 2, 0],
    extent: [east, south, top],
    instrument: [0, top, 0],
    dims: bind.supply,
    shows: bind.supply?.tag,
  };
};
