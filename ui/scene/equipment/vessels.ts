/** Closed vessels: tanks, pressure vessels, columns, heat exchangers, elevated tanks. Round ones are cut open, so that one sees the level. */
import type { Shape, Triple } from '../shape.ts';
import type { Builder } from './built.ts';
import { cutShell, flange, handrail, ladder, nozzle } from './parts.ts';

/** Points of a dished (two-to-one elliptical) head from the rim to the pole. */
export function head(radius: number, base: number, up: 1 | -1, steps = 6): [number, number][] {
  return Array.from({ length: steps + 1 }, (_, i): [number, number] => {
    const angle = (i / steps) * (Math.PI / 2);
    return [Math.max(0.001, radius * Math.cos(angle)), base + up * (radius / 2) * Math.sin(angle)];
  });
}

export function legs(shape: Shape, radius: number, height: number): void {
  for (let i = 0; i < 4; i++) {
    const angle = Math.PI / 4 + (i * Math.PI) / 2;
    const [x, z] = [Math.cos(angle) * radius * 0.82, Math.sin(angle) * radius * 0.82];
    shape.round('steelDark', 0.09, height + radius * 0.4, [x, 0, z], { segments: 8 });
    shape.box('steelDark', [0.3, 0.04, 0.3], [x, 0, z]);
  }
}

export const tank: Builder<'tank'> = (item, solid) => {
  const { diameter, height, bottom, top } = item;
  const radius = diameter / 2;
  const drop = bottom === 'flat' ? 0 : bottom === 'dished' ? radius / 2 : radius;
  const foot = item.legs > 0 ? Math.max(item.legs, drop + 0.3) : drop > 0 ? drop + 0.3 : 0.1;
  if (foot > 0.1) legs(solid, radius, foot);
  else solid.round('concrete', radius * 1.08, 0.1, [0, 0, 0]);
  if (bottom === 'dished') solid.turned('steel', head(radius, foot, -1).toReversed(), [0, 0, 0]);
  else if (bottom === 'cone') solid.round('steel', 0.08, radius, [0, foot - radius, 0], { top: radius, open: true });
  else solid.round('steelDark', radius, 0.05, [0, foot, 0]);
  cutShell(solid, 'steel', radius, height, [0, foot, 0]);
  for (const share of [0.02, 0.5, 0.98])
    solid.ring('steelDark', radius + 0.01, 0.025, [0, foot + height * share, 0], 'y', 28);
  const brim = foot + height;
  if (top === 'dome') solid.turned('steel', head(radius, brim, 1), [0, 0, 0]);
  else if (top === 'flat') solid.round('steelDark', radius, 0.06, [0, brim, 0]);
  const ladderZ = -radius - 0.1;
  ladder(solid, [0, 0, ladderZ], brim);
  const roof = top === 'dome' ? brim + radius / 2 : brim + 0.06;
  return {
    nozzles: {
      inlet: nozzle(solid, [-radius * 0.98, foot + height * 0.85, 0], 'west', 0.15),
      outlet: nozzle(solid, [radius * 0.98, foot + height * 0.12, 0], 'east', 0.15),
      drain: nozzle(solid, [0, foot - drop, 0], 'down', 0.1, 0.15),
      overflow: nozzle(solid, [0, foot + height * 0.95, -radius * 0.98], 'north', 0.12),
    },
    waters: [
      {
        form: 'round',
        at: [0, foot + 0.02, 0],
        size: [(radius - 0.08) * 2, height - 0.04, (radius - 0.08) * 2],
        water: item.water,
        level: item.bind.level ?? 0.6,
        ghost: true,
      },
    ],
    top: [0, roof + 0.4, 0],
    extent: [radius, radius, roof],
    instrument: [0, roof, 0],
  };
};

export const vessel: Builder<'vessel'> = (item, solid) => {
  const radius = item.diameter / 2;
  const { length, saddles } = item;
  const axis = saddles + radius;
  for (const x of [-length * 0.3, length * 0.3]) {
    solid.box('concrete', [0.35, saddles, item.diameter * 0.8], [x, 0, 0]);
    solid.box('steelDark', [0.16, radius * 0.8, item.diameter * 0.85], [x, saddles - 0.1, 0]);
  }
  solid.round('steel', radius, length, [-length / 2, axis, 0], { axis: 'x', open: true, segments: 24 });
  solid.turned('steel', head(radius, length / 2, 1), [0, axis, 0], { axis: 'x' });
  solid.turned('steel', head(radius, -length / 2, -1).toReversed(), [0, axis, 0], { axis: 'x' });
  // A gauge glass at its side: a tube between two cocks.
  const gauge: Triple = [0, saddles + radius * 0.2, radius + 0.14];
  for (const y of [saddles + radius * 0.2, saddles + radius * 1.8])
    solid.box('steelDark', [0.12, 0.12, 0.24], [0, y, radius]);
  return {
    nozzles: {
      inlet: nozzle(solid, [-length * 0.35, saddles + item.diameter * 0.99, 0], 'up', 0.2),
      outlet: nozzle(solid, [length * 0.35, saddles + 0.02, 0], 'down', 0.2, 0.2),
    },
    waters: [
      {
        form: 'round',
        at: gauge,
        size: [0.14, radius * 1.6, 0.14],
        water: item.water,
        level: item.bind.level ?? 0.5,
        ghost: true,
      },
    ],
    top: [0, saddles + item.diameter + 0.5, 0],
    extent: [length / 2 + radius / 2, radius, saddles + item.diameter],
    instrument: gauge,
  };
};

export const column: Builder<'column'> = (item, solid) => {
  const radius = item.diameter / 2;
  const skirt = 1.6;
  const { height, trays } = item;
  solid.round('concrete', radius * 1.3, 0.3, [0, 0, 0]);
  solid.round('steelDark', radius * 1.02, skirt, [0, 0.3, 0], { open: true });
  const base = skirt + 0.3;
  cutShell(solid, 'steel', radius, height, [0, base, 0]);
  solid.turned('steel', head(radius, base, -1).toReversed(), [0, 0, 0]);
  solid.turned('steel', head(radius, base + height, 1), [0, 0, 0]);
  const bottomShare = 0.14;
  for (let i = 0; i < trays; i++) {
    const y = base + height * (bottomShare + (0.8 * (i + 0.5)) / trays);
    // A segment of each tray is left out for the downcomer, in turns east and west.
    solid.round('flange', radius * 0.93, 0.05, [0, y, 0], { from: i % 2 === 0 ? 2.1 : -1.0, arc: Math.PI * 1.62 });
  }
  for (let y = base + 4; y < base + height; y += 5) {
    solid.ring('rail', radius + 0.8, 0.04, [0, y + 1, 0], 'y', 24);
    solid.round('steelDark', radius + 0.85, 0.06, [0, y, 0], { from: 1.6, arc: 3.2 });
  }
  ladder(solid, [0, 0, -radius - 0.12], base + height);
  return {
    nozzles: {
      feed: nozzle(solid, [-radius * 0.98, base + height * 0.5, 0], 'west', 0.2),
      top: nozzle(solid, [0, base + height + radius / 2 - 0.02, 0], 'up', 0.25),
      bottom: nozzle(solid, [0, base - radius / 2, 0], 'down', 0.2, 0.2),
    },
    waters: [
      {
        form: 'round',
        at: [0, base + 0.02, 0],
        size: [(radius - 0.08) * 2, height * bottomShare, (radius - 0.08) * 2],
        water: item.water,
        level: item.bind.level ?? 0.5,
        ghost: true,
      },
    ],
    top: [0, base + height + radius + 0.4, 0],
    extent: [radius, radius, base + height + radius / 2],
  };
};

export const exchanger: Builder<'exchanger'> = (item, solid) => {
  const radius = item.diameter / 2;
  const { length } = item;
  const axis = radius + 0.7;
  for (const x of [-length * 0.25, length * 0.25]) {
    solid.box('concrete', [0.3, 0.6, item.diameter * 0.8], [x, 0, 0]);
    solid.box('steelDark', [0.12, axis - radius * 0.5 - 0.6, item.diameter * 0.7], [x, 0.6, 0]);
  }
  solid.round('steel', radius, length * 0.76, [-length * 0.38, axis, 0], { axis: 'x', segments: 24 });
  for (const x of [-length * 0.38, length * 0.38]) flange(solid, [x, axis, 0], [1, 0, 0], item.diameter * 0.95);
  solid.round('casing', radius * 0.98, length * 0.12, [length * 0.38, axis, 0], { axis: 'x', segments: 24 });
  solid.turned('casing', head(radius * 0.98, -length * 0.38, -1).toReversed(), [0, axis, 0], { axis: 'x' });
  const bore = Math.min(0.3, item.diameter * 0.4);
  return {
    nozzles: {
      'shell-in': nozzle(solid, [-length * 0.28, axis + radius * 0.98, 0], 'up', bore),
      'shell-out': nozzle(solid, [length * 0.28, axis - radius * 0.98, 0], 'down', bore, 0.25),
      'tube-in': nozzle(solid, [length * 0.44, axis - radius * 0.98, 0], 'down', bore, 0.25),
      'tube-out': nozzle(solid, [length * 0.44, axis + radius * 0.98, 0], 'up', bore),
    },
    top: [0, axis + radius + 0.6, 0],
    extent: [length / 2, radius, axis + radius],
  };
};

export const elevatedTank: Builder<'elevated-tank'> = (item, solid) => {
  const radius = item.diameter / 2;
  const { height, shaft } = item;
  const stem = Math.max(1, radius * 0.34);
  const cone = radius * 0.45;
  solid.round('concrete', stem * 1.9, 0.5, [0, 0, 0], { segments: 28 });
  solid.round('concrete', stem * 1.12, shaft - cone, [0, 0.4, 0], { top: stem, segments: 28, open: true });
  solid.round('concrete', stem, cone + 0.4, [0, shaft - cone, 0], { top: radius, segments: 36, open: true });
  // The bowl: a wall with a wide window cut into it, under a low roof.
  solid.round('concrete', radius, 0.35, [0, shaft + 0.05, 0], { segments: 36 });
  cutShell(solid, 'concrete', radius, height, [0, shaft + 0.4, 0], 0.25);
  const brim = shaft + 0.4 + height;
  solid.round('roof', radius * 1.04, radius * 0.24, [0, brim, 0], { top: 0.5, segments: 36 });
  solid.round('steelDark', 0.35, 0.6, [0, brim + radius * 0.22, 0], { segments: 12 });
  solid.box('door', [1, 2.2, 0.2], [0, 0.4, stem * 1.1]);
  for (let y = 5; y < shaft - cone; y += 4.5) solid.box('window', [0.5, 0.9, 0.2], [0, y, stem * 1.03]);
  handrail(
    solid,
    Array.from({ length: 19 }, (_, i): Triple => {
      const angle = (i / 18) * Math.PI * 2;
      return [Math.sin(angle) * (radius + 0.35), shaft + 0.35, Math.cos(angle) * (radius + 0.35)];
    }),
    0.9,
  );
  solid.round('concrete', radius + 0.5, 0.14, [0, shaft + 0.24, 0], { segments: 36 });
  return {
    nozzles: {
      inlet: nozzle(solid, [-stem * 1.08, 0.7, 0], 'west', 0.5, 0.8),
      outlet: nozzle(solid, [stem * 1.08, 0.7, 0], 'east', 0.5, 0.8),
    },
    waters: [
      {
        form: 'round',
        at: [0, shaft + 0.42, 0],
        size: [(radius - 0.28) * 2, height - 0.05, (radius - 0.28) * 2],
        water: item.water,
        level: item.bind.level ?? 0.6,
        ghost: true,
      },
    ],
    top: [0, brim + radius * 0.3 + 0.8, 0],
    extent: [radius, radius, brim],
    foot: [stem * 2, stem * 2],
    instrument: [radius * 0.5, shaft + 1, radius * 0.9],
  };
};
