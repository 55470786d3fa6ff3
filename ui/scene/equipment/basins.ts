/** Open and covered basins of a waterworks, their south wall a pane: rapid filter, contact tank, reservoir, river intake. */
import type { Shape, Triple } from '../shape.ts';
import type { Builder, MoverPart } from './built.ts';
import { basin, handrail, ladder, nozzle } from './parts.ts';

const WALL = 0.3;

/** Rapid gravity filter: plenum and nozzle floor, gravel, sand, anthracite, wash troughs into a gullet, walkway around. */
export const filter: Builder<'filter'> = (item, solid, glass) => {
  const { length, width, height, media } = item;
  const side = item.gallery === 'east' ? 1 : -1;
  basin(solid, glass, [length, height, width], WALL);
  const gullet = 0.7;
  const inside = length - WALL * 2;
  // The gullet lies towards the gallery, behind a wall as high as the troughs.
  const trough = media + 0.7;
  const bedLength = inside - gullet - 0.15;
  const bedX = -side * ((gullet + 0.15) / 2);
  const gulletX = side * (inside / 2 - gullet / 2);
  const depth = width - WALL;
  const middle = WALL / 2 - 0.05;
  solid.box('concrete', [0.15, trough - WALL, depth - 0.1], [side * (inside / 2 - gullet - 0.075), WALL, middle]);
  const layers: readonly (readonly ['gravel' | 'sand' | 'anthracite', number])[] = [
    ['gravel', 0.24],
    ['sand', (media - 1.0) * 0.42],
    ['anthracite', (media - 1.0) * 0.58],
  ];
  let up = 0.76;
  solid.box('cut', [bedLength, 0.12, depth - 0.1], [bedX, up - 0.12, middle]);
  // Underdrain: pillars and nozzle stems below the false floor.
  const stems = Math.floor(bedLength / 0.36);
  for (let i = 0; i < stems; i++) {
    const x = bedX - bedLength / 2 + 0.18 + i * 0.36;
    solid.round('steel', 0.035, 0.22, [x, up - 0.34, width / 2 - 0.16], { segments: 6 });
    solid.round('plastic', 0.07, 0.09, [x, up, width / 2 - 0.1], { top: 0.04, segments: 6 });
    if (i % 3 === 1) solid.box('concrete', [0.14, 0.34, 0.14], [x, WALL, 0]);
  }
  const scale = (media - 0.76) / layers.reduce((sum, [, thick]) => sum + thick, 0);
  for (const [material, thick] of layers) {
    solid.box(material, [bedLength, thick * scale, depth - 0.12], [bedX, up, middle]);
    up += thick * scale;
  }
  for (const z of [-depth * 0.24, depth * 0.24]) washTrough(solid, bedLength, [bedX, trough, z + middle]);
  walkway(solid, length, width, height);
  const wallX = side * (length / 2);
  const to = item.gallery;
  const movers: MoverPart[] = [];
  if (item.bind.scour !== undefined)
    movers.push({
      kind: 'bubbles',
      at: [bedX, media, middle],
      axis: 'y',
      scale: bedLength / 2,
      travel: item.bind.scour,
    });
  return {
    nozzles: {
      inlet: nozzle(solid, [wallX, height - 0.75, -width * 0.3], to, 0.35, 0.3),
      washout: nozzle(solid, [wallX, media - 0.1, -width * 0.08], to, 0.4, 0.3),
      outlet: nozzle(solid, [wallX, 0.5, width * 0.34], to, 0.3, 0.3),
      wash: nozzle(solid, [wallX, 0.55, width * 0.06], to, 0.4, 0.3),
      air: nozzle(solid, [wallX, 1.25, width * 0.2], to, 0.2, 0.3),
      waste: nozzle(solid, [wallX, 0.5, -width * 0.26], to, 0.3, 0.3),
    },
    waters: [
      {
        form: 'box',
        at: [bedX, media, middle],
        size: [bedLength, height - media - 0.1, depth - 0.14],
        water: item.water,
        level: item.bind.level ?? 0.6,
        ghost: true,
      },
      {
        form: 'box',
        at: [gulletX, media, middle],
        size: [gullet, height - media - 0.1, depth - 0.14],
        water: item.water,
        level: item.bind.level ?? 0.6,
      },
    ],
    movers,
    top: [0, height + 1.4, 0],
    extent: [length / 2, width / 2, height],
    instrument: [bedX, height + 0.2, width / 2 - 0.3],
  };
};

/** A launder: a gutter with a pointed bottom along east-west. */
function washTrough(solid: Shape, length: number, [x, y, z]: Triple): void {
  for (const dz of [-0.22, 0.22]) solid.box('plastic', [length, 0.3, 0.05], [x, y - 0.3, z + dz]);
  solid.bar('plastic', [x - length / 2, y - 0.34, z], [x + length / 2, y - 0.34, z], 0.3);
}

function walkway(solid: Shape, length: number, width: number, height: number): void {
  const [x, z] = [length / 2, width / 2];
  solid.box('screed', [length + 1.2, 0.12, 1], [0, height, -z - 0.2]);
  handrail(solid, [
    [x + 0.5, height + 0.12, -z - 0.6],
    [-x - 0.5, height + 0.12, -z - 0.6],
  ]);
  for (const side of [-1, 1])
    handrail(solid, [
      [side * (x - 0.15), height, -z + 0.3],
      [side * (x - 0.15), height, z - 0.15],
    ]);
}

/** A serpentine: walls across, open in turns at the north and at the south end. */
export const contactTank: Builder<'contact-tank'> = (item, solid, glass) => {
  const { length, width, height, passes, depth } = item;
  basin(solid, glass, [length, height, width], WALL);
  const inside = length - WALL * 2;
  const pitch = inside / passes;
  const gap = Math.min(pitch * 0.9, width * 0.22);
  for (let i = 1; i < passes; i++) {
    const x = -inside / 2 + i * pitch;
    const north = i % 2 === 0;
    solid.box(
      'concrete',
      [0.16, height - WALL - 0.12, width - WALL - gap],
      [x, WALL, north ? gap / 2 + 0.05 : -gap / 2 + 0.05],
    );
    if (north) solid.box('cut', [0.16, height - WALL - 0.12, 0.02], [x, WALL, width / 2 - 0.1]);
  }
  // The outlet weir.
  const weirX = inside / 2 - pitch * 0.35;
  solid.box('steelDark', [0.06, depth - 0.05, width * 0.2], [weirX, WALL, width / 2 - width * 0.12 - 0.1]);
  const z = -width / 2;
  solid.box('screed', [length + 0.2, 0.12, 1], [0, height, z - 0.2]);
  handrail(solid, [
    [length / 2, height + 0.12, z - 0.6],
    [-length / 2, height + 0.12, z - 0.6],
  ]);
  ladder(solid, [length / 2 - 0.6, 0, z - 0.8], height + 1);
  return {
    nozzles: {
      inlet: nozzle(solid, [-length / 2, 0.8, width * 0.3], 'west', 0.4, 0.4),
      outlet: nozzle(solid, [length / 2, 0.8, width * 0.3], 'east', 0.4, 0.4),
    },
    waters: [
      {
        form: 'box',
        at: [0, WALL, 0.1],
        size: [inside, depth, width - WALL - 0.1],
        water: item.water,
        level: 1,
      },
    ],
    top: [0, height + 1.4, 0],
    extent: [length / 2, width / 2, height],
    instrument: [length / 2 - 0.6, height, width / 2 - 0.4],
  };
};

/** A clearwell: columns under a roof, of which the southern part is cut away. */
export const reservoir: Builder<'reservoir'> = (item, solid, glass) => {
  const { length, width, height } = item;
  basin(solid, glass, [length, height, width], WALL);
  const columns = Math.max(2, Math.round(length / 4.5));
  const rows = Math.max(2, Math.round(width / 4.5));
  for (let i = 0; i < columns; i++)
    for (let j = 0; j < rows; j++) {
      const x = -length / 2 + (length * (i + 0.5)) / columns;
      const z = -width / 2 + (width * (j + 0.5)) / rows;
      solid.box('concrete', [0.35, height - WALL, 0.35], [x, WALL, z]);
      solid.box('concrete', [0.9, 0.18, 0.9], [x, height - 0.18, z]);
    }
  const covered = width * 0.46;
  solid.box('concrete', [length + 0.4, 0.26, covered], [0, height, -width / 2 + covered / 2 - 0.1]);
  solid.box('cut', [length + 0.4, 0.26, 0.02], [0, height, -width / 2 + covered - 0.1]);
  for (const side of [-1, 1])
    solid.box('concrete', [0.3, 0.26, width - covered], [side * (length / 2), height, covered / 2]);
  for (const x of [-length * 0.3, length * 0.3]) vent(solid, [x, height + 0.26, -width * 0.3]);
  solid.box('steelDark', [1.1, 0.35, 1.1], [0, height + 0.26, -width * 0.22]);
  ladder(solid, [-length / 2 + 0.8, WALL, -width / 2 + 0.4], height - WALL);
  return {
    nozzles: {
      inlet: nozzle(solid, [-length / 2, height - 0.7, width * 0.3], 'west', 0.4, 0.4),
      outlet: nozzle(solid, [length / 2, 0.7, width * 0.1], 'east', 0.5, 0.5),
      wash: nozzle(solid, [length / 2, 0.7, width * 0.36], 'east', 0.4, 0.5),
      overflow: nozzle(solid, [-length / 2, height - 0.35, -width * 0.3], 'west', 0.4, 0.4),
    },
    waters: [
      {
        form: 'box',
        at: [0, WALL, 0.1],
        size: [length - WALL * 2, height - WALL, width - WALL - 0.1],
        water: item.water,
        level: item.bind.level ?? 0.6,
        ghost: true,
      },
    ],
    top: [0, height + 1.6, width * 0.1],
    extent: [length / 2, width / 2, height],
    instrument: [length / 2 - 0.5, height + 0.3, 0],
  };
};

/** A swan-neck vent. */
function vent(solid: Shape, [x, y, z]: Triple): void {
  solid.round('steel', 0.16, 0.9, [x, y, z], { segments: 10 });
  solid.round('steel', 0.34, 0.18, [x, y + 0.9, z], { top: 0.1, segments: 12 });
}

/** A bank intake: forebay with bar screen and sluice gate towards the west, then the sump under the pumps' deck. */
export const intake: Builder<'intake'> = (item, solid, glass) => {
  const { length, width, height } = item;
  basin(solid, glass, [length, height, width], WALL, { west: false });
  const west = -length / 2;
  const bay = 2.6;
  // West wall above the sluice's opening, and the forebay before it.
  solid.box('concrete', [WALL, height - 1.7, width], [west + WALL / 2, 1.7, 0]);
  for (const z of [-1, 1])
    solid.box('concrete', [WALL, 1.7, width / 2 - 0.6], [west + WALL / 2, 0, z * (width / 4 + 0.3)]);
  for (const z of [-1, 1])
    solid.box('concrete', [bay, height - 0.4, WALL], [west - bay / 2, 0, z * (width / 2 - WALL / 2 - 0.5)]);
  solid.box('concrete', [bay, WALL, width - 1], [west - bay / 2, 0, 0]);
  // Bar screen, leaning, with its rake's frame above.
  const opening = width - 1 - WALL * 2;
  const bars = Math.floor(opening / 0.16);
  for (let i = 0; i <= bars; i++) {
    const z = -opening / 2 + (opening * i) / bars;
    solid.bar('steelDark', [west - bay + 0.1, 0.2, z], [west - bay + 1.1, height + 0.5, z], 0.045);
  }
  for (const z of [-1, 1]) {
    solid.bar(
      'steel',
      [west - bay + 1.1, height - 0.5, z * (opening / 2 + 0.1)],
      [west - bay + 1.5, height + 2.2, z * (opening / 2 + 0.1)],
      0.16,
    );
  }
  solid.bar(
    'steel',
    [west - bay + 1.5, height + 2.1, -opening / 2 - 0.1],
    [west - bay + 1.5, height + 2.1, opening / 2 + 0.1],
    0.2,
  );
  solid.box('motor', [0.4, 0.4, 0.7], [west - bay + 1.5, height + 2.1, 0]);
  // Sluice gate in front of the opening: leaf, spindle, handwheel.
  solid.box('steelDark', [0.12, 1.2, 1.3], [west - 0.12, 1.7, 0]);
  solid.round('steel', 0.05, height + 0.9 - 2.6, [west - 0.12, 2.6, 0], { segments: 8 });
  solid.box('frame', [0.3, 0.7, 0.3], [west - 0.12, height, 0]);
  solid.ring('steelDark', 0.34, 0.035, [west - 0.12, height + 0.95, 0]);
  // Deck over the northern half, so that the columns of the pumps are seen.
  solid.box('concrete', [length, 0.22, width], [0, height - 0.02, 0]);
  solid.box('cut', [length, 0.22, 0.02], [0, height - 0.02, width / 2]);
  handrail(solid, [
    [length / 2 - 0.1, height + 0.2, -width / 2 + 0.1],
    [west + 0.1, height + 0.2, -width / 2 + 0.1],
    [west + 0.1, height + 0.2, -width / 4],
  ]);
  handrail(solid, [
    [length / 2 - 0.1, height + 0.2, width / 2 - 0.1],
    [west + 0.1, height + 0.2, width / 2 - 0.1],
  ]);
  return {
    nozzles: {
      river: { at: [west - bay, 1, 0], out: [-1, 0, 0] },
      'suction-1': { at: [-length * 0.12, 0.4, -width * 0.05], out: [0, 1, 0] },
      'suction-2': { at: [length * 0.28, 0.4, -width * 0.05], out: [0, 1, 0] },
    },
    waters: [
      {
        form: 'box',
        at: [0, WALL, 0.1],
        size: [length - WALL * 2, height - WALL - 0.1, width - WALL - 0.1],
        water: item.water,
        level: item.bind.level ?? 0.6,
        ghost: true,
      },
    ],
    top: [0, height + 4, 0],
    extent: [length / 2 + bay / 2, width / 2, height],
    instrument: [length / 2 - 0.5, height + 0.3, width / 2 - 0.5],
  };
};
