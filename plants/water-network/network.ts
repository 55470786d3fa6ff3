/**
 * The town's network as data: nodes, tanks, pipes, pumps and valves with their dimensions, and the text that EPANET reads. Elevations and heads
 * in metres above the sea, lengths in m, diameters in mm, flows in L/s. `x` and `y` are metres east and north of the market square.
 */

/** Who takes water at a junction; each has its own day (`demand.ts`). */
export const USES = ['homes', 'trade', 'industry', 'hospital', 'farms', 'harbour'] as const;
export type Use = (typeof USES)[number];

export interface Junction {
  readonly id: string;
  readonly name: string;
  readonly x: number;
  readonly y: number;
  readonly elevation: number;
  /** Mean demand in L/s. */
  readonly demand: number;
  readonly use: Use;
}

const junction = (
  id: string,
  name: string,
  x: number,
  y: number,
  elevation: number,
  demand = 0,
  use: Use = 'homes',
): Junction => ({ id, name, x, y, elevation, demand, use });

export const JUNCTIONS: readonly Junction[] = [
  // Main zone
  junction('J01', 'Works outlet', -2600, 200, 58),
  junction('J02', 'Trunk branch', -1800, 200, 60),
  junction('J03', 'West side, lower', -1700, 700, 62, 5),
  junction('J04', 'West side, upper', -1300, 1200, 66, 5),
  junction('J05', 'Foot of Castle Hill', -900, 900, 72, 2),
  junction('J06', 'Town centre, north', -500, 250, 55, 7, 'trade'),
  junction('J07', 'Market square', 0, 0, 50, 8, 'trade'),
  junction('J08', 'Town centre, south', 50, -450, 47, 7),
  junction('J09', 'Hospital', -300, 650, 57, 3, 'hospital'),
  junction('J10', 'Station quarter', 200, 550, 52, 5),
  junction('J11', 'East side, lower', 700, 150, 58, 5),
  junction('J12', 'East side, upper', 1250, 400, 64, 5),
  junction('J13', 'Foot of the east tower', 1700, 200, 68, 2),
  junction('J14', 'Industrial estate', 1000, -600, 54, 8, 'industry'),
  junction('J15', 'South suburb, west', 250, -1000, 49, 4),
  junction('J16', 'South suburb, east', 800, -1150, 45, 4.5),
  junction('J17', 'Well field outlet', 1900, -1000, 50),
  junction('J18', 'Harbour valve chamber', -350, -1000, 40),
  // North zone
  junction('J19', 'North booster, suction', -800, 1450, 70),
  junction('J20', 'North booster, discharge', -790, 1480, 70),
  junction('J21', 'North side, lower', -700, 2100, 86, 4),
  junction('J22', 'North side, upper', -600, 2650, 96, 3.5),
  junction('J23', 'North ridge', -150, 2800, 102, 3),
  junction('J24', 'North school', -150, 2250, 90, 2.5),
  junction('J25', 'Foot of the standpipe', -800, 3050, 117),
  // Moor zone
  junction('J26', 'Moor booster, suction', 1900, 900, 66),
  junction('J27', 'Moor booster, discharge', 1920, 920, 66),
  junction('J28', 'Moor village', 2900, 2000, 110, 2),
  junction('J29', 'Moor farms', 3500, 2900, 118, 1, 'farms'),
  junction('J30', 'Moor end', 4300, 3900, 114, 0.4, 'farms'),
  junction('J31', 'Moor hamlet', 3500, 1500, 105, 0.8),
  // Harbour zone
  junction('J32', 'Harbour road', -1100, -1550, 20, 1),
  junction('J33', 'West quay', -1000, -2000, 8, 4, 'harbour'),
  junction('J34', 'Fish market', -600, -2200, 6, 5, 'harbour'),
  junction('J35', 'Old town', -650, -1700, 12, 4),
  junction('J36', 'Breakwater', 0, -2550, 5, 1, 'harbour'),
  junction('J37', 'Behind the reducing valve', -450, -1450, 14, 1),
  junction('J38', 'Inlet of the harbour tank', -1250, -1050, 50.5),
  junction('J39', 'Relief valve outlet', -560, -2290, 4),
  junction('J40', 'Outlet of the harbour tank', -1330, -1100, 49.5),
];

export interface Source {
  readonly id: string;
  readonly name: string;
  readonly x: number;
  readonly y: number;
  readonly head: number;
}

/** The works' clearwell, the well field at its pumped water level, and the dock into which the relief valve spills. */
export const SOURCES: readonly Source[] = [
  { id: 'WORKS', name: 'Clearwell of the waterworks', x: -2800, y: 200, head: 60 },
  { id: 'WELLS', name: 'Well field', x: 2000, y: -1100, head: 35 },
  { id: 'DOCK', name: 'Dock', x: -540, y: -2340, head: 4.5 },
];

export interface Tank {
  readonly id: string;
  readonly name: string;
  readonly x: number;
  readonly y: number;
  /** Of its floor. */
  readonly elevation: number;
  /** Level above the floor at which it runs over, and at which nothing more flows out. */
  readonly overflow: number;
  readonly least: number;
  readonly diameter: number;
  readonly initial: number;
}

const tank = (
  id: string,
  name: string,
  [x, y]: readonly [number, number],
  elevation: number,
  overflow: number,
  diameter: number,
  initial: number,
): Tank => ({ id, name, x, y, elevation, overflow, least: 0.2, diameter, initial });

export const TANKS: readonly Tank[] = [
  tank('T1', 'Castle Hill reservoir', [-700, 1050], 104, 6, 22, 4.8),
  tank('T2', 'East tower', [1780, 260], 103.2, 7, 12, 5.2),
  tank('T3', 'North standpipe', [-850, 3100], 118, 14, 9, 11),
  tank('T4', 'Moor tower', [2950, 2280], 150, 5, 8, 3.5),
  tank('T5', 'Harbour tank', [-1350, -1080], 50, 5, 16, 3.6),
];

export const areaOf = ({ diameter }: Tank): number => (Math.PI * diameter * diameter) / 4;

export interface Pipe {
  readonly id: string;
  readonly from: string;
  readonly to: string;
  readonly length: number;
  readonly diameter: number;
  /** Hazen-Williams. */
  readonly roughness: number;
  /** Lets water through from `from` to `to` only. */
  readonly checkValve: boolean;
}

const pipe = (id: string, from: string, to: string, length: number, diameter: number, roughness = 130): Pipe => ({
  id,
  from,
  to,
  length,
  diameter,
  roughness,
  checkValve: false,
});

export const PIPES: readonly Pipe[] = [
  pipe('L01', 'J01', 'J02', 800, 500),
  pipe('L02', 'J02', 'J03', 600, 300, 110),
  pipe('L03', 'J03', 'J04', 700, 250, 110),
  pipe('L04', 'J02', 'J06', 1350, 450),
  pipe('L05', 'J04', 'J05', 520, 250, 110),
  pipe('L06', 'J05', 'T1', 280, 450),
  pipe('L07', 'J02', 'J05', 1150, 400),
  pipe('L08', 'J06', 'J07', 560, 350, 120),
  pipe('L09', 'J07', 'J08', 460, 300, 110),
  pipe('L10', 'J06', 'J09', 450, 200, 110),
  pipe('L11', 'J09', 'J10', 520, 200, 110),
  pipe('L12', 'J07', 'J10', 590, 300, 110),
  pipe('L13', 'J10', 'J11', 650, 300),
  pipe('L14', 'J11', 'J12', 610, 250),
  pipe('L15', 'J12', 'J13', 500, 300),
  pipe('L16', 'J13', 'T2', 140, 350),
  pipe('L17', 'J11', 'J14', 820, 250),
  pipe('L18', 'J14', 'J16', 600, 200),
  pipe('L19', 'J08', 'J15', 590, 250, 110),
  pipe('L20', 'J15', 'J16', 580, 200, 110),
  pipe('L21', 'J17', 'J14', 1000, 250),
  pipe('L22', 'J17', 'J13', 1250, 250),
  pipe('L23', 'J08', 'J18', 690, 250, 110),
  pipe('L24', 'J05', 'J19', 570, 300),
  pipe('L25', 'J20', 'J21', 640, 250),
  pipe('L26', 'J21', 'J22', 570, 200),
  pipe('L27', 'J22', 'J23', 480, 150),
  pipe('L28', 'J21', 'J24', 580, 150),
  pipe('L29', 'J24', 'J23', 560, 150),
  pipe('L30', 'J22', 'J25', 450, 250),
  pipe('L31', 'J25', 'T3', 80, 300),
  pipe('L32', 'J12', 'J26', 830, 200),
  pipe('L33', 'J27', 'J28', 1500, 150),
  pipe('L34', 'J28', 'T4', 300, 150),
  pipe('L35', 'J28', 'J29', 1100, 100),
  pipe('L36', 'J29', 'J30', 1300, 80),
  pipe('L37', 'J28', 'J31', 800, 100),
  pipe('L38', 'J38', 'T5', 110, 200),
  pipe('L39', 'J40', 'J32', 560, 300),
  pipe('L40', 'J32', 'J33', 480, 200, 100),
  pipe('L41', 'J33', 'J34', 460, 200, 100),
  pipe('L42', 'J34', 'J36', 720, 100, 90),
  pipe('L43', 'J32', 'J35', 500, 200, 100),
  pipe('L44', 'J35', 'J34', 510, 150, 90),
  pipe('L45', 'J37', 'J35', 330, 200),
  pipe('L46', 'J39', 'DOCK', 60, 250),
  // Short, because EPANET's quality engine gives pipes with a check valve no volume.
  { ...pipe('L47', 'T5', 'J40', 2, 300), checkValve: true },
];

export interface Pump {
  readonly id: string;
  readonly name: string;
  readonly from: string;
  readonly to: string;
  /** Best point: L/s and m. EPANET makes the curve of it: a third more head without flow, no head at twice the flow. */
  readonly flow: number;
  readonly head: number;
  /** Of pump and motor at the best point. */
  readonly efficiency: number;
}

const pump = (id: string, name: string, from: string, to: string, flow: number, head: number, efficiency: number) => ({
  id,
  name,
  from,
  to,
  flow,
  head,
  efficiency,
});

export const PUMPS: readonly Pump[] = [
  pump('P1', 'Works pump 1', 'WORKS', 'J01', 55, 50, 0.74),
  pump('P2', 'Works pump 2', 'WORKS', 'J01', 55, 50, 0.74),
  pump('P3', 'Works pump 3', 'WORKS', 'J01', 55, 50, 0.74),
  pump('P4', 'Well pump', 'WELLS', 'J17', 25, 75, 0.68),
  pump('P5', 'North booster pump 1', 'J19', 'J20', 19, 27, 0.66),
  pump('P6', 'North booster pump 2', 'J19', 'J20', 19, 27, 0.66),
  pump('P7', 'Moor booster pump', 'J26', 'J27', 7, 52, 0.58),
];

/** The filling valve of the harbour tank holds a flow, L/s at full opening; the reducing valve a pressure behind it, m of water. */
export const FILL_VALVE = { id: 'V1', from: 'J18', to: 'J38', diameter: 200, most: 32 } as const;
export const REDUCING_VALVE = { id: 'V2', from: 'J18', to: 'J37', diameter: 150, setting: 34 } as const;
/** The pressure relief valve of the harbour lets water into the dock above this pressure, m of water. */
export const RELIEF_VALVE = { id: 'V3', from: 'J34', to: 'J39', diameter: 150, setting: 65 } as const;

/** Below this pressure, m of water, taps give less than is wanted: by the root of it (Wagner, Shamir & Marks 1988). */
const REQUIRED_PRESSURE = 14;

/** Chlorine decay that the text tells EPANET; ours is judged by its with the same. Per day of the bulk, m per day of the walls. */
export interface Reactions {
  readonly bulkPerDay: number;
  readonly wallMPerDay: number;
}

/** What EPANET shall follow beside the flows, for the judge of ours. */
export type Followed = 'nothing' | 'chlorine' | 'age';

/** The network as text for EPANET: demands, pumps and settings are set by whoever solves it. */
export function epanetText(
  followed: Followed = 'nothing',
  reactions: Reactions = { bulkPerDay: 0, wallMPerDay: 0 },
): string {
  const quality = { nothing: 'None', chlorine: 'Chlorine mg/L', age: 'Age' }[followed];
  const section = (name: string, lines: readonly string[]) => [`[${name}]`, ...lines, ''].join('\n');
  return [
    section(
      'JUNCTIONS',
      JUNCTIONS.map(({ id, elevation, demand }) => `${id} ${elevation} ${demand}`),
    ),
    section(
      'RESERVOIRS',
      SOURCES.map(({ id, head }) => `${id} ${head}`),
    ),
    section(
      'TANKS',
      TANKS.map(
        ({ id, elevation, initial, least, overflow, diameter }) =>
          `${id} ${elevation} ${initial} ${least} ${overflow} ${diameter} 0 * YES`,
      ),
    ),
    section(
      'PIPES',
      PIPES.map(
        ({ id, from, to, length, diameter, roughness, checkValve }) =>
          `${id} ${from} ${to} ${length} ${diameter} ${roughness} 0 ${checkValve ? 'CV' : 'Open'}`,
      ),
    ),
    section(
      'PUMPS',
      PUMPS.map(({ id, from, to }) => `${id} ${from} ${to} HEAD ${id}`),
    ),
    section(
      'CURVES',
      PUMPS.map(({ id, flow, head }) => `${id} ${flow} ${head}`),
    ),
    section('VALVES', [
      `${FILL_VALVE.id} ${FILL_VALVE.from} ${FILL_VALVE.to} ${FILL_VALVE.diameter} FCV ${FILL_VALVE.most} 0`,
      `${REDUCING_VALVE.id} ${REDUCING_VALVE.from} ${REDUCING_VALVE.to} ${REDUCING_VALVE.diameter} PRV ${REDUCING_VALVE.setting} 0`,
      `${RELIEF_VALVE.id} ${RELIEF_VALVE.from} ${RELIEF_VALVE.to} ${RELIEF_VALVE.diameter} PSV ${RELIEF_VALVE.setting} 0`,
    ]),
    section('REACTIONS', [
      'Order Bulk 1',
      'Order Tank 1',
      'Order Wall 1',
      `Global Bulk ${-reactions.bulkPerDay}`,
      `Global Wall ${-reactions.wallMPerDay}`,
    ]),
    section('TIMES', ['Duration 0', 'Hydraulic Timestep 0:01:00', 'Quality Timestep 0:01:00', 'Pattern Timestep 1:00']),
    section('REPORT', ['Status No', 'Summary No', 'Messages No']),
    section('OPTIONS', [
      'Units LPS',
      'Headloss H-W',
      'Accuracy 0.00001',
      'Trials 200',
      'Unbalanced Continue 20',
      'Demand Model PDA',
      'Minimum Pressure 0',
      `Required Pressure ${REQUIRED_PRESSURE}`,
      'Pressure Exponent 0.5',
      `Quality ${quality}`,
      'Tolerance 0.001',
    ]),
    '[END]',
    '',
  ].join('\n');
}
