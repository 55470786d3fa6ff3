/** What moves and doses: pumps with volute and motor, valves whose actuators travel, mixers, dosing skids with their day tanks. */
import { Matrix4, TorusGeometry } from 'three';
import type { Shape, Triple } from '../shape.ts';
import type { Builder, Built } from './built.ts';
import { cutShell, flange, handrail, ladder, nozzle } from './parts.ts';

export const pump: Builder<'pump'> = (item, solid) =>
  item.style === 'vertical'
    ? verticalPump(item, solid)
    : item.style === 'blower'
      ? blower(item, solid)
      : endSuction(item, solid);

type PumpBuilder = (item: Parameters<typeof pump>[0], solid: Shape) => Built;

/** A motor lying along east-west: frame with cooling fins, fan cowl, terminal box, feet. Its drive end is at `x`. */
export function motor(solid: Shape, x: number, axis: number, radius: number, length: number): void {
  solid.round('motor', radius, length, [x, axis, 0], { axis: 'x', segments: 18 });
  for (let i = 0; i < 10; i++) {
    const angle = (i / 10) * Math.PI * 2 + 0.3;
    const [y, z] = [Math.cos(angle) * radius, Math.sin(angle) * radius];
    solid.bar('motor', [x + length * 0.12, axis + y, z], [x + length * 0.8, axis + y, z], radius * 0.13);
  }
  solid.round('steelDark', radius * 1.05, length * 0.16, [x + length * 0.86, axis, 0], { axis: 'x', segments: 18 });
  solid.box('casing', [length * 0.34, radius * 0.5, radius * 0.9], [x + length * 0.4, axis + radius * 0.85, 0]);
  for (const share of [0.2, 0.7])
    solid.box('motor', [length * 0.12, axis - radius * 0.6 - 0.3, radius * 1.9], [x + length * share, 0.3, 0]);
}

/** Back pull-out pump with volute on a common base: suction from the west, discharge upwards, motor to the east. */
const endSuction: PumpBuilder = (item, solid) => {
  const k = item.bore / 0.25;
  const axis = 0.3 + 0.62 * k;
  const volute = 0.46 * k;
  solid.box('concrete', [3.1 * k, 0.18, 1.15 * k], [0.55 * k, 0, 0]);
  solid.box('steelDark', [2.9 * k, 0.14, 0.9 * k], [0.55 * k, 0.17, 0]);
  solid.box('casing', [0.22 * k, axis - 0.3, 0.5 * k], [-0.45 * k, 0.3, 0]);
  // The volute: a swelling ring around a disc.
  const ring = new TorusGeometry(volute, 0.19 * k, 10, 24);
  solid.add('casing', ring.rotateY(Math.PI / 2), new Matrix4().makeTranslation(-0.45 * k, axis, 0));
  solid.round('casing', volute, 0.22 * k, [-0.56 * k, axis, 0], { axis: 'x', segments: 22 });
  solid.round('casing', 0.24 * k, 0.55 * k, [-0.36 * k, axis, 0], { axis: 'x', top: 0.17 * k, segments: 16 });
  const out = nozzle(solid, [-0.45 * k, axis + volute, volute * 0.55], 'up', item.bore, 0.42 * k);
  const into = nozzle(solid, [-0.55 * k, axis, 0], 'west', item.bore * 1.15, 0.34 * k);
  motor(solid, 0.68 * k, axis, 0.36 * k, 1.2 * k);
  return {
    nozzles: { suction: into, discharge: out },
    movers: [
      {
        kind: 'coupling',
        at: [0.42 * k, axis, 0],
        axis: 'x',
        scale: 0.24 * k,
        running: item.bind.running,
        speed: item.bind.speed,
      },
      {
        kind: 'fan',
        at: [1.89 * k, axis, 0],
        axis: 'x',
        scale: 0.33 * k,
        running: item.bind.running,
        speed: item.bind.speed,
      },
    ],
    top: [0.4 * k, axis + 1.0 * k, 0],
    extent: [1.5 * k, 0.6 * k, axis + 0.7 * k],
    instrument: [-0.45 * k, axis, 0.6 * k],
  };
};

/** Vertical turbine pump: motor above the deck, discharge head with its bend to the east, column and bowls hanging below. */
const verticalPump: PumpBuilder = (item, solid) => {
  const k = item.bore / 0.25;
  solid.box('steelDark', [0.95 * k, 0.08, 0.95 * k], [0, 0, 0]);
  solid.round('casing', 0.32 * k, 0.75 * k, [0, 0.08, 0], { top: 0.27 * k, segments: 18 });
  const discharge = nozzle(solid, [0.2 * k, 0.42 * k, 0], 'east', item.bore, 0.5 * k);
  for (const angle of [0, 1, 2, 3])
    solid.box(
      'casing',
      [0.06 * k, 0.45 * k, 0.06 * k],
      [Math.cos((angle * Math.PI) / 2 + 0.8) * 0.27 * k, 0.83 * k, Math.sin((angle * Math.PI) / 2 + 0.8) * 0.27 * k],
    );
  const motorFoot = 1.25 * k;
  solid.round('flange', 0.38 * k, 0.06 * k, [0, motorFoot, 0], { segments: 18 });
  solid.round('motor', 0.34 * k, 0.95 * k, [0, motorFoot + 0.05, 0], { segments: 18 });
  for (let i = 0; i < 12; i++) {
    const angle = (i / 12) * Math.PI * 2;
    solid.box(
      'motor',
      [0.05 * k, 0.75 * k, 0.05 * k],
      [Math.cos(angle) * 0.35 * k, motorFoot + 0.12, Math.sin(angle) * 0.35 * k],
    );
  }
  solid.round('steelDark', 0.38 * k, 0.16 * k, [0, motorFoot + 1.0 * k, 0], { top: 0.3 * k, segments: 18 });
  solid.box('casing', [0.3 * k, 0.4 * k, 0.28 * k], [0, motorFoot + 0.3 * k, 0.42 * k]);
  solid.round('steelDark', 0.17 * k, 3.6, [0, -3.6, 0], { segments: 12 });
  for (const y of [-4.0, -3.7]) solid.round('casing', 0.2 * k, 0.28, [0, y - 0.2, 0], { top: 0.29 * k, segments: 16 });
  solid.round('casing', 0.32 * k, 0.3, [0, -4.45, 0], { top: 0.2 * k, segments: 16, open: true });
  return {
    nozzles: { suction: { at: [0, -4.4, 0], out: [0, -1, 0] }, discharge },
    movers: [
      {
        kind: 'coupling',
        at: [0, 1.02 * k, 0],
        axis: 'y',
        scale: 0.21 * k,
        running: item.bind.running,
        speed: item.bind.speed,
      },
      {
        kind: 'fan',
        at: [0, motorFoot + 1.17 * k, 0],
        axis: 'y',
        scale: 0.28 * k,
        running: item.bind.running,
        speed: item.bind.speed,
      },
    ],
    top: [0, motorFoot + 1.9 * k, 0],
    extent: [0.5 * k, 0.5 * k, motorFoot + 1.2 * k],
    instrument: [0, 0.8 * k, 0.4 * k],
  };
};

/** Rotary-lobe blower under its motor's belt guard, with silencer. */
const blower: PumpBuilder = (item, solid) => {
  const k = item.bore / 0.2;
  solid.box('steelDark', [1.9 * k, 0.2, 1.0 * k], [0, 0, 0]);
  solid.round('casing', 0.36 * k, 0.62 * k, [-0.75 * k, 0.75 * k, 0], { axis: 'x', segments: 16 });
  solid.box('casing', [0.62 * k, 0.3 * k, 0.6 * k], [-0.44 * k, 0.2, 0]);
  motor(solid, 0.15 * k, 0.68 * k, 0.27 * k, 0.75 * k);
  solid.round('steel', 0.24 * k, 0.9 * k, [-0.44 * k, 1.05 * k, 0], { segments: 16 });
  const discharge = nozzle(solid, [-0.44 * k, 0.75 * k, 0.3 * k], 'south', item.bore, 0.3 * k);
  return {
    nozzles: { suction: { at: [-0.44 * k, 1.95 * k, 0], out: [0, 1, 0] }, discharge },
    movers: [
      {
        kind: 'coupling',
        at: [0.02 * k, 0.68 * k, 0],
        axis: 'x',
        scale: 0.2 * k,
        running: item.bind.running,
        speed: item.bind.speed,
      },
      {
        kind: 'fan',
        at: [0.92 * k, 0.68 * k, 0],
        axis: 'x',
        scale: 0.25 * k,
        running: item.bind.running,
        speed: item.bind.speed,
      },
    ],
    top: [0, 2.3 * k, 0],
    extent: [0.95 * k, 0.5 * k, 1.9 * k],
  };
};

/** On a pipe along east-west, its axis at the item's position. */
export const valve: Builder<'valve'> = (item, solid) => {
  const { bore, style } = item;
  const half = style === 'gate' ? bore * 0.55 : bore * 0.28;
  solid.round('casing', bore * 0.74, half * 2, [-half, 0, 0], { axis: 'x', segments: 18 });
  for (const x of [-half, half]) flange(solid, [x, 0, 0], [1, 0, 0], bore * 1.08);
  const nozzles = {
    a: { at: [-half, 0, 0], out: [-1, 0, 0] },
    b: { at: [half, 0, 0], out: [1, 0, 0] },
  } as const;
  const neck = bore * 0.74;
  if (style === 'check') {
    solid.round('casing', bore * 0.3, bore * 0.5, [0, neck * 0.6, 0], { segments: 12 });
    solid.bar('steelDark', [0, bore * 0.5, bore * 0.6], [bore * 0.9, bore * 0.2, bore * 0.6], bore * 0.12);
    return { nozzles, top: [0, bore * 1.6, 0], extent: [half, bore, bore] };
  }
  solid.round('casing', bore * 0.2, bore * 0.55, [0, neck * 0.8, 0], { segments: 10 });
  const head = neck * 0.8 + bore * 0.55;
  const body = Math.max(0.24, bore * 0.75);
  if (style === 'gate') {
    solid.round('casing', bore * 0.42, bore * 0.25, [0, head - bore * 0.1, 0], { segments: 14 });
    for (const x of [-bore * 0.25, bore * 0.25])
      solid.box('casing', [bore * 0.1, bore * 0.8, bore * 0.14], [x, head, 0]);
    solid.box('motor', [body, body * 0.7, body * 0.8], [0, head + bore * 0.8, 0]);
    return {
      nozzles,
      movers: [
        { kind: 'stem', at: [0, head + bore * 0.8 + body * 0.7, 0], axis: 'y', scale: bore, travel: item.bind.travel },
      ],
      top: [0, head + bore * 2.2, 0],
      extent: [bore * 0.6, bore * 0.6, head + bore * 1.4],
      instrument: [0, head + bore, 0],
    };
  }
  // Quarter-turn electric actuator: gearbox, motor to the side, handwheel, pointer on top.
  solid.round('motor', body * 0.5, body * 0.62, [0, head, 0], { segments: 16 });
  solid.round('motor', body * 0.26, body * 0.9, [0, head + body * 0.3, -body * 0.3], { axis: 'z', segments: 12 });
  solid.ring('steelDark', body * 0.34, body * 0.04, [0, head + body * 0.3, -body * 0.75], 'z', 14);
  return {
    nozzles,
    movers: [
      { kind: 'pointer', at: [0, head + body * 0.64, 0], axis: 'y', scale: body * 0.62, travel: item.bind.travel },
    ],
    top: [0, head + body * 1.5, 0],
    extent: [Math.max(half, body * 0.5), Math.max(bore * 0.74, body * 0.5), head + body],
    instrument: [0, head + body * 0.5, body * 0.5],
  };
};

export const mixer: Builder<'mixer'> = (item, solid, glass) =>
  item.style === 'flash' ? flashMixer(item, solid, glass) : staticMixer(item, solid, glass);

/** A small deep tank with a mixer from above, cut open to the south, on a concrete frame. */
const flashMixer: Builder<'mixer'> = (item, solid, glass) => {
  const { bore: side, length: height, stand } = item;
  const wall = 0.16;
  if (stand > 0) {
    for (const x of [-1, 1])
      for (const z of [-1, 1])
        solid.box('concrete', [0.3, stand, 0.3], [x * (side / 2 - 0.1), 0, z * (side / 2 - 0.1)]);
    solid.box('concrete', [side + 0.9, 0.2, side + 0.9], [0, stand - 0.2, 0]);
    const [edge, up] = [side / 2 + 0.4, stand];
    handrail(solid, [
      [edge, up, edge],
      [edge, up, -edge],
      [-edge, up, -edge],
      [-edge, up, edge],
    ]);
    ladder(solid, [side * 0.3, 0, -side / 2 - 0.5], stand + 1);
  }
  const [foot, top] = [stand, stand + height];
  solid.box('concrete', [side, wall, side], [0, foot, 0]);
  for (const x of [-1, 1]) {
    solid.box('concrete', [wall, height, side], [x * (side / 2 - wall / 2), foot, 0]);
    solid.box('cut', [wall, height, 0.02], [x * (side / 2 - wall / 2), foot, side / 2]);
  }
  solid.box('cut', [side, wall, 0.02], [0, foot, side / 2]);
  solid.box('concrete', [side, height, wall], [0, foot, -side / 2 + wall / 2]);
  glass.box('display', [side - wall * 2, height - wall, 0.03], [0, foot + wall, side / 2 - 0.03]);
  // Bridge, gearbox, motor and shaft.
  solid.box('steelDark', [side * 1.1, 0.14, 0.5], [0, top, 0]);
  solid.box('casing', [0.46, 0.34, 0.46], [0, top + 0.14, 0]);
  solid.round('motor', 0.23, 0.7, [0, top + 0.48, 0], { segments: 16 });
  solid.round('steelDark', 0.26, 0.12, [0, top + 1.18, 0], { segments: 16 });
  solid.round('steel', 0.05, height * 0.72, [0, foot + height * 0.3, 0], { segments: 8 });
  const running = item.bind.running;
  return {
    nozzles: {
      inlet: nozzle(solid, [-side / 2, foot + 0.5, 0], 'west', 0.3, 0.3),
      outlet: nozzle(solid, [side / 2, foot + height * 0.72, 0], 'east', 0.35, 0.3),
      dose: { at: [side * 0.2, top + 0.1, -side * 0.3], out: [0, 1, 0] },
    },
    waters: [
      {
        form: 'box',
        at: [0, foot + wall, 0.02],
        size: [side - wall * 2, height - wall, side - wall * 1.3],
        water: item.water,
        level: 0.86,
      },
    ],
    movers: [
      { kind: 'impeller', at: [0, foot + height * 0.34, 0], axis: 'y', scale: side * 0.34, running },
      { kind: 'impeller', at: [0, foot + height * 0.62, 0], axis: 'y', scale: side * 0.26, running },
      { kind: 'fan', at: [0, top + 1.31, 0], axis: 'y', scale: 0.22, running },
    ],
    top: [0, top + 1.9, 0],
    extent: [side / 2, side / 2, top + 1.2],
    instrument: [side / 2, top, side / 2],
  };
};

/** A length of pipe between flanges with crossed blades seen through a cut, and an injection quill. */
const staticMixer: Builder<'mixer'> = (item, solid) => {
  const { bore, length } = item;
  const radius = bore / 2 + 0.05;
  solid.round('steel', radius, length, [-length / 2, 0, 0], {
    axis: 'x',
    open: true,
    segments: 20,
    from: 2.4,
    arc: Math.PI * 1.3,
  });
  for (const x of [-length / 2, length / 2]) flange(solid, [x, 0, 0], [1, 0, 0], bore * 1.12);
  const blades = Math.max(3, Math.round(length / (bore * 1.1)));
  for (let i = 0; i < blades; i++) {
    const x = -length / 2 + (length * (i + 0.5)) / blades;
    const lean = i % 2 === 0 ? 1 : -1;
    solid.bar(
      'steelDark',
      [x - bore * 0.3, -bore * 0.42 * lean, bore * 0.2],
      [x + bore * 0.3, bore * 0.42 * lean, bore * 0.2],
      bore * 0.16,
    );
    solid.bar(
      'steelDark',
      [x - bore * 0.3, bore * 0.42 * lean, -bore * 0.1],
      [x + bore * 0.3, -bore * 0.42 * lean, -bore * 0.1],
      bore * 0.16,
    );
  }
  solid.round('casing', 0.07, bore * 0.9, [-length / 2 - bore * 0.4, radius * 0.8, 0], { segments: 10 });
  solid.box('casing', [0.2, 0.16, 0.2], [-length / 2 - bore * 0.4, radius * 0.8 + bore * 0.8, 0]);
  return {
    nozzles: {
      inlet: { at: [-length / 2, 0, 0], out: [-1, 0, 0] },
      outlet: { at: [length / 2, 0, 0], out: [1, 0, 0] },
      dose: { at: [-length / 2 - bore * 0.4, radius * 0.8 + bore * 0.96, 0], out: [0, 1, 0] },
    },
    top: [0, bore * 1.6, 0],
    extent: [length / 2, radius, bore],
  };
};

/** Day tank in its bund, with a diaphragm dosing pump on a shelf before it. */
export const dosing: Builder<'dosing'> = (item, solid) => {
  const radius = item.diameter / 2;
  const { height } = item;
  const bund = radius + 0.35;
  solid.box('concrete', [bund * 2, 0.12, bund * 2], [0, 0, -0.1]);
  for (const x of [-1, 1]) solid.box('concrete', [0.1, 0.55, bund * 2], [x * (bund - 0.05), 0, -0.1]);
  solid.box('concrete', [bund * 2, 0.55, 0.1], [0, 0, -bund - 0.05]);
  solid.box('concrete', [bund * 2, 0.35, 0.1], [0, 0, bund - 0.15]);
  cutShell(solid, 'plastic', radius, height, [0, 0.14, 0], 0.05);
  solid.round('plastic', radius, 0.22, [0, 0.14 + height, 0], { top: radius * 0.4, segments: 24 });
  solid.round('rubber', radius * 0.3, 0.1, [0, 0.36 + height, 0], { segments: 16 });
  // The skid beside it: frame, pump head, motor, pulsation damper, suction and delivery line.
  const [x, front] = [bund + 0.75, bund * 0.4];
  solid.box('frame', [1.3, 0.06, 0.6], [x, 0.75, front]);
  for (const side of [-0.6, 0.6]) solid.box('frame', [0.06, 0.7, 0.5], [x + side, 0.1, front]);
  solid.box('frame', [1.3, 1.0, 0.04], [x, 0.8, front - 0.28]);
  solid.box('motor', [0.36, 0.34, 0.3], [x + 0.12, 0.81, front + 0.05]);
  solid.round('motor', 0.14, 0.34, [x + 0.12, 1.15, front + 0.05], { segments: 14 });
  solid.round('plastic', 0.17, 0.14, [x - 0.2, 1.0, front + 0.05], { axis: 'x', segments: 16 });
  solid.round('steelDark', 0.11, 0.3, [x - 0.45, 1.25, front + 0.05], { segments: 14 });
  const line: Triple[] = [
    [radius * 0.94, 0.32, 0.2],
    [x - 0.14, 0.32, 0.2],
    [x - 0.14, 0.32, front + 0.05],
    [x - 0.14, 1.56, front + 0.05],
    [x + 0.4, 1.56, front + 0.05],
  ];
  for (let i = 1; i < line.length; i++) solid.rod('steelDark', line[i - 1] as Triple, line[i] as Triple, 0.035);
  return {
    nozzles: {
      fill: { at: [radius * 0.6, 0.3 + height, -radius * 0.4], out: [0, 1, 0] },
      dose: { at: [x + 0.4, 1.52, front + 0.05], out: [0, 1, 0] },
    },
    waters: [
      {
        form: 'round',
        at: [0, 0.16, 0],
        size: [(radius - 0.07) * 2, height - 0.04, (radius - 0.07) * 2],
        water: undefined,
        chemical: true,
        level: item.bind.level ?? 0.7,
        ghost: true,
      },
    ],
    movers: [
      { kind: 'fan', at: [x + 0.12, 1.52, front + 0.05], axis: 'y', scale: 0.15, running: item.bind.running },
      { kind: 'coupling', at: [x - 0.04, 1.0, front + 0.05], axis: 'x', scale: 0.12, running: item.bind.running },
    ],
    top: [0, height + 0.9, 0],
    extent: [bund, bund, height + 0.5],
    instrument: [radius * 0.4, 0.14 + height, radius * 0.7],
  };
};
