/** What power stations are known by: turbine sets, cooling towers, stacks, dams. */
import { ExtrudeGeometry, Matrix4, Shape as Outline, Vector2 } from 'three';
import type { Material } from '../palette.ts';
import type { Shape, Triple } from '../shape.ts';
import type { Builder, Built, MoverPart } from './built.ts';
import { flange, handrail, ladder, nozzle } from './parts.ts';

type Generator = (item: Parameters<typeof generator>[0], solid: Shape) => Built;
export const generator: Builder<'generator'> = (item, solid) =>
  item.style === 'steam' ? steamSet(item, solid) : hydroSet(item, solid);

/** High, intermediate and low pressure, generator, exciter; from west to east on one table, the condenser below. */
const steamSet: Generator = ({ length, bind: { running, speed } }, solid) => {
  const k = length / 24;
  const axis = 4.2 * k;
  const deck = 2.2 * k;
  solid.box('concrete', [25 * k, 0.5 * k, 7 * k], [0, deck - 0.5 * k, 0]);
  for (const x of [-11.5, -4, 4, 11.5])
    for (const z of [-2.8, 2.8]) solid.box('concrete', [0.9 * k, deck - 0.5 * k, 0.9 * k], [x * k, 0, z * k]);
  const casing = (material: Material, from: number, to: number, radius: number): void => {
    solid.turned(
      material,
      [
        [0.01, from * k],
        [radius * 0.62 * k, from * k],
        [radius * k, (from + (to - from) * 0.22) * k],
        [radius * k, (from + (to - from) * 0.78) * k],
        [radius * 0.62 * k, to * k],
        [0.01, to * k],
      ],
      [0, axis, 0],
      { axis: 'x', segments: 20 },
    );
  };
  solid.rod('steelDark', [-11.8 * k, axis, 0], [11.8 * k, axis, 0], 0.26 * k, 10);
  casing('casing', -11.4, -8, 1.15);
  casing('casing', -7, -3.2, 1.5);
  for (const [x, radius] of [
    [-9.7, 1.2],
    [-5.1, 1.55],
  ] as const)
    flange(solid, [x * k, axis, 0], [1, 0, 0], (radius * k) / 0.72);
  // The low-pressure hood: wide, on its condenser.
  solid.box('casing', [5 * k, axis - deck, 5.4 * k], [0.1 * k, deck, 0]);
  solid.round('casing', 2.4 * k, 5 * k, [-2.4 * k, axis, 0], { axis: 'x', segments: 22 });
  solid.box('steelDark', [5.4 * k, deck - 0.2, 5.6 * k], [0.1 * k, 0.1, 0]);
  // Crossover pipe from the intermediate to the low pressure.
  for (const z of [-0.8, 0.8]) {
    solid.rod('steel', [-5.1 * k, axis + 1.2 * k, z * k], [-5.1 * k, axis + 3.2 * k, z * k], 0.38 * k, 10);
    solid.rod('steel', [-5.3 * k, axis + 3.2 * k, z * k], [0.3 * k, axis + 3.2 * k, z * k], 0.38 * k, 10);
    solid.rod('steel', [0.1 * k, axis + 3.2 * k, z * k], [0.1 * k, axis + 2 * k, z * k], 0.38 * k, 10);
  }
  // Generator and exciter.
  solid.round('motor', 1.75 * k, 5.6 * k, [3.7 * k, axis, 0], { axis: 'x', segments: 22 });
  for (const x of [4.1, 8.9]) solid.round('casing', 1.85 * k, 0.3 * k, [x * k, axis, 0], { axis: 'x', segments: 22 });
  solid.box('motor', [5 * k, axis - deck - 1.2 * k, 3 * k], [6.5 * k, deck, 0]);
  solid.round('motor', 0.85 * k, 1.7 * k, [10.1 * k, axis, 0], { axis: 'x', segments: 16 });
  solid.box('motor', [1.5 * k, axis - deck - 0.6 * k, 1.4 * k], [10.9 * k, deck, 0]);
  solid.box('casing', [2 * k, 1.2 * k, 0.8 * k], [6.5 * k, axis - 1.6 * k, -2 * k]);
  handrail(solid, [
    [-12.4 * k, deck, 3.4 * k],
    [12.4 * k, deck, 3.4 * k],
  ]);
  const turning = { axis: 'x', running, speed } as const;
  return {
    nozzles: {
      inlet: nozzle(solid, [-9.7 * k, axis + 1.1 * k, 0], 'up', 0.6 * k),
      terminals: { at: [6.5 * k, axis - 1 * k, -2.4 * k], out: [0, 0, -1], spread: 0.7 * k },
    },
    movers: [
      { ...turning, kind: 'coupling', at: [-7.5 * k, axis, 0], scale: 0.62 * k },
      { ...turning, kind: 'coupling', at: [-2.85 * k, axis, 0], scale: 0.62 * k },
      { ...turning, kind: 'coupling', at: [3.2 * k, axis, 0], scale: 0.7 * k },
      { ...turning, kind: 'coupling', at: [9.65 * k, axis, 0], scale: 0.6 * k },
      { ...turning, kind: 'fan', at: [11.86 * k, axis, 0], scale: 0.8 * k },
    ],
    top: [0, axis + 4 * k, 0],
    extent: [12.5 * k, 3.5 * k, axis + 3.5 * k],
    instrument: [6.5 * k, axis, 1.8 * k],
  };
};

/** Spiral casing with its guide vanes' ring at the foot, shaft, and the generator above on its columns. */
const hydroSet: Generator = ({ length, bind: { running, speed } }, solid) => {
  const k = length / 8;
  const spiral = 1.1 * k;
  solid.round('concrete', 4.2 * k, 0.2, [0, 0, 0], { segments: 24 });
  solid.ring('steel', 2.5 * k, 0.85 * k, [0, spiral, 0], 'y', 26);
  solid.round('casing', 1.9 * k, 0.5 * k, [0, spiral + 0.3 * k, 0], { segments: 22 });
  solid.ring('flange', 1.5 * k, 0.14 * k, [0, spiral + 0.95 * k, 0]);
  solid.round('steelDark', 0.36 * k, 3.4 * k, [0, spiral, 0], { segments: 12 });
  const floor = spiral + 3 * k;
  for (let i = 0; i < 8; i++) {
    const angle = ((i + 0.5) * Math.PI) / 4;
    solid.box('concrete', [0.5 * k, floor, 0.5 * k], [Math.sin(angle) * 3.4 * k, 0, Math.cos(angle) * 3.4 * k]);
  }
  solid.ring('concrete', 3.3 * k, 0.34 * k, [0, floor, 0], 'y', 24);
  solid.round('motor', 3.1 * k, 1.9 * k, [0, floor + 0.1, 0], { segments: 26 });
  solid.round('casing', 3.2 * k, 0.2 * k, [0, floor + 0.1 + 1.9 * k, 0], { segments: 26 });
  for (let i = 0; i < 6; i++) {
    const angle = (i * Math.PI) / 3;
    solid.bar(
      'casing',
      [0, floor + 2.4 * k, 0],
      [Math.sin(angle) * 2.9 * k, floor + 2.3 * k, Math.cos(angle) * 2.9 * k],
      0.4 * k,
    );
  }
  solid.round('casing', 1 * k, 0.9 * k, [0, floor + 2.2 * k, 0], { segments: 16 });
  const top = floor + 3.1 * k;
  const turning = { axis: 'y', running, speed } as const;
  return {
    nozzles: {
      inlet: nozzle(solid, [2.5 * k, spiral, -2.6 * k], 'north', 1.5 * k, 0.8 * k),
      terminals: { at: [-3.2 * k, floor + 1 * k, 0], out: [-1, 0, 0], spread: 0.7 * k },
    },
    movers: [
      { ...turning, kind: 'coupling', at: [0, spiral + 2 * k, 0], scale: 0.75 * k },
      { ...turning, kind: 'fan', at: [0, top + 0.02, 0], scale: 0.95 * k },
    ],
    top: [0, top + 1, 0],
    extent: [4 * k, 4 * k, top],
    instrument: [0, floor + k, 3.1 * k],
  };
};

/** A shell of concrete, a hyperbola in section, on slanting legs over its basin. */
export const coolingTower: Builder<'cooling-tower'> = ({ diameter, height, bind }, solid) => {
  const foot = diameter / 2;
  const lintel = height * 0.09;
  const throat = height * 0.78;
  const waist = foot * 0.58;
  const slope = throat / Math.sqrt((foot / waist) ** 2 - 1);
  const at = (y: number): number => waist * Math.sqrt(1 + ((y - throat) / slope) ** 2);
  const rows = 9;
  const outline = Array.from({ length: rows + 1 }, (_, i): [number, number] => {
    const y = lintel + ((height - lintel) * i) / rows;
    return [at(y), y];
  });
  solid.turned('concrete', outline, [0, 0, 0], { segments: 34 });
  const inside = outline.slice(-3).map(([radius, y]): [number, number] => [radius - 0.4, y]);
  solid.turned('concrete', inside.toReversed(), [0, 0, 0], { segments: 34 });
  solid.ring('cut', at(height), 0.35, [0, height, 0], 'y', 34);
  solid.ring('concrete', at(lintel), 0.5, [0, lintel, 0], 'y', 34);
  const legs = 22;
  for (let i = 0; i < legs; i++) {
    const spot = (share: number, radius: number): readonly [number, number] => {
      const angle = ((i + share) / legs) * Math.PI * 2;
      return [Math.sin(angle) * radius, Math.cos(angle) * radius];
    };
    const [x, z] = spot(0.5, at(0));
    for (const share of [0, 1]) {
      const [a, b] = spot(share, at(lintel));
      solid.bar('concrete', [x, 0, z], [a, lintel, b], 0.45);
    }
  }
  solid.round('concrete', foot + 1.4, 0.7, [0, 0, 0], { segments: 34, open: true });
  solid.round('display', foot + 1.2, 0.5, [0, 0, 0], { segments: 34 });
  const movers: MoverPart[] =
    bind.load === undefined
      ? []
      : [{ kind: 'plume', at: [0, height - 1, 0], axis: 'y', scale: at(height) * 0.72, travel: bind.load }];
  return {
    nozzles: { basin: nozzle(solid, [0, 0.9, foot + 1.2], 'south', 1) },
    movers,
    top: [0, height + 4, 0],
    extent: [foot, foot, height],
    instrument: [0, height * 0.3, foot],
  };
};

/** A chimney with the bands and platforms that aviation and inspection ask for. */
export const stack: Builder<'stack'> = ({ diameter, height, bind }, solid) => {
  const [foot, mouth] = [diameter / 2, diameter * 0.32];
  const at = (y: number): number => foot + ((mouth - foot) * y) / height;
  solid.round('concrete', foot * 1.4, 0.6, [0, 0, 0], { segments: 20 });
  const bands = [0, 0.7, 0.78, 0.86, 0.94, 1].map((share) => share * height);
  bands.slice(1).forEach((up, i) => {
    const down = bands[i] as number;
    solid.round(i % 2 === 0 ? 'concrete' : 'tile', at(down), up - down, [0, down, 0], {
      top: at(up),
      segments: 20,
      open: true,
    });
  });
  solid.round('anthracite', mouth * 0.96, 0.1, [0, height - 0.12, 0], { segments: 20 });
  for (const share of [0.5, 0.93]) {
    const y = height * share;
    solid.round('steelDark', at(y) + 0.9, 0.08, [0, y, 0], { segments: 20 });
    solid.ring('rail', at(y) + 0.85, 0.05, [0, y + 1, 0]);
  }
  ladder(solid, [0, 0.6, -foot - 0.1], 9);
  return {
    nozzles: { inlet: nozzle(solid, [-foot * 0.9, 3.5, 0], 'west', diameter * 0.5, 1) },
    movers:
      bind.load === undefined
        ? []
        : [{ kind: 'plume', at: [0, height, 0], axis: 'y', scale: mouth * 1.3, travel: bind.load }],
    top: [0, height + 2, 0],
    extent: [foot, foot, height],
    instrument: [0, height * 0.2, foot],
  };
};

/** A body along east-west with the same section all the way: pairs of south and up, counter-clockwise seen from the east. */
function prism(
  solid: Shape,
  material: Material,
  section: readonly (readonly [number, number])[],
  length: number,
  at: Triple,
): void {
  const flat = new Outline(section.map(([south, up]) => new Vector2(-south, up)));
  const geometry = new ExtrudeGeometry(flat, { depth: length, bevelEnabled: false });
  geometry.translate(0, 0, -length / 2);
  geometry.rotateY(Math.PI / 2);
  solid.add(material, geometry, new Matrix4().makeTranslation(...at));
}

/** A gravity dam: upright towards the lake, sloping towards the valley, a spillway with gates in its middle third. */
export const dam: Builder<'dam'> = ({ length, height, lake, water, bind }, solid) => {
  const crest = height * 0.16;
  const toe = height * 0.8;
  prism(
    solid,
    'concrete',
    [
      [-crest / 2, 0],
      [toe, 0],
      [crest / 2 + height * 0.1, height * 0.8],
      [crest / 2, height],
      [-crest / 2, height],
    ],
    length,
    [0, 0, 0],
  );
  // Joints between its blocks.
  const blocks = Math.round(length / (height * 0.6));
  for (let i = 1; i < blocks; i++) {
    const x = -length / 2 + (length * i) / blocks;
    solid.bar('cut', [x, 0.1, toe + 0.02], [x, height * 0.8, crest / 2 + height * 0.1 + 0.02], 0.16);
  }
  const bays = 3;
  const wide = length / 9;
  for (let i = 0; i <= bays; i++) {
    const x = (i - bays / 2) * wide;
    prism(
      solid,
      'concrete',
      [
        [-crest / 2, height],
        [crest / 2 + height * 0.22, height * 0.62],
        [crest / 2 + height * 0.06, height + 2],
        [-crest / 2, height + 2],
      ],
      wide * 0.16,
      [x, 0, 0],
    );
  }
  for (let i = 0; i < bays; i++) {
    const x = (i - (bays - 1) / 2) * wide;
    solid.box('steelDark', [wide * 0.84, height * 0.16, 0.3], [x, height * 0.86, crest / 2 + height * 0.05]);
    solid.box('casing', [wide * 0.3, 1.1, 1], [x, height + 2, 0]);
  }
  solid.box('screed', [bays * wide + 1, 0.3, crest], [0, height + 1.8, 0]);
  for (const side of [-1, 1]) {
    const [near, far] = [side * (bays / 2) * wide, (side * length) / 2];
    for (const z of [-crest / 2 + 0.1, crest / 2 - 0.1])
      handrail(solid, [
        [near, height, z],
        [far, height, z],
      ]);
  }
  // The intake's tower, at the lake.
  solid.box('concrete', [height * 0.3, height * 1.12, height * 0.22], [length * 0.3, 0, -crest / 2 - height * 0.1]);
  solid.box('roof', [height * 0.36, 0.4, height * 0.3], [length * 0.3, height * 1.12, -crest / 2 - height * 0.1]);
  return {
    nozzles: { intake: nozzle(solid, [length * 0.3, height * 0.2, toe * 0.82], 'south', height * 0.1, height * 0.18) },
    waters: [
      {
        form: 'box',
        at: [0, 0, -crest / 2 - lake / 2],
        size: [length, height * 0.97, lake],
        water,
        level: bind.level ?? 0.94,
      },
    ],
    top: [0, height + 5, 0],
    extent: [length / 2, toe, height],
    foot: [length / 2, toe],
    instrument: [0, height, crest / 2],
  };
};
