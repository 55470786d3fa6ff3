/**
 * What goes in and out of the area. Names follow from the equipment: line 4–5 has the breaker `cb45` at bus 4 and `cb54` at bus 5, and its ends
 * are measured as `line45…` and `line54…`, power counted into the line; `cbG1` stands between unit 1's transformer and its bus, `cbL5` before
 * the feeders of bus 5.
 */
import { positions } from '@penstock/simulator/process';
import { FEEDERS, LINES, SHEDDING_HZ, SYSTEM, UNITS, ZONE_PERCENT } from './design.ts';
import { MACHINE_STATES } from './machine.ts';
import { solvePowerFlow } from './power-flow.ts';

/** One breaker: at a line's end, between unit transformer and bus, or before feeders; `side` and `branch` where a branch hangs on it. */
export interface BreakerPlace {
  readonly id: string;
  readonly bus: number;
  readonly branch: number;
  readonly atTo: boolean;
  /** Number among the lines' ends (2 × line, + 1 at its to-end), or −1. */
  readonly lineEnd: number;
  /** Number among the feeders, or −1. */
  readonly feeder: number;
  /** Number among the units, or −1. */
  readonly unit: number;
}

export interface LineEnd {
  readonly id: string;
  readonly line: number;
  readonly branch: number;
  readonly bus: number;
  readonly atTo: boolean;
}

export const LINE_ENDS: readonly LineEnd[] = LINES.flatMap(({ branch, from, to }, line) => [
  { id: `${from}${to}`, line, branch, bus: from, atTo: false },
  { id: `${to}${from}`, line, branch, bus: to, atTo: true },
]);

export const BREAKERS: readonly BreakerPlace[] = [
  ...LINE_ENDS.map(({ id, branch, bus, atTo }, lineEnd) => ({
    id: `cb${id}`,
    bus,
    branch,
    atTo,
    lineEnd,
    feeder: -1,
    unit: -1,
  })),
  ...UNITS.map(({ number, branch, highBus }, unit) => ({
    id: `cbG${number}`,
    bus: highBus,
    branch,
    atTo: true,
    lineEnd: -1,
    feeder: -1,
    unit,
  })),
  ...FEEDERS.map((bus, feeder) => ({ id: `cbL${bus}`, bus, branch: -1, atTo: false, lineEnd: -1, feeder, unit: -1 })),
];

/** The published state of the area: what it starts from. */
export const PUBLISHED = solvePowerFlow(SYSTEM);

const table = (entries: readonly (readonly [string, number])[]): Readonly<Record<string, number>> =>
  Object.fromEntries(entries);

const publishedMw = (bus: number): number => {
  const at = SYSTEM.buses.findIndex(({ id }) => id === bus);
  return PUBLISHED.p[at] * SYSTEM.baseMva + SYSTEM.buses[at].load[0];
};

/** Coils are 1 while energised. A unit's power set point is its governor's load reference, its voltage set point that of its regulator. */
export const INPUTS = table([
  ...BREAKERS.flatMap(({ id }) => [[`${id}TripCoil`, 0] as const, [`${id}CloseCoil`, 0] as const]),
  ...UNITS.flatMap(({ number, bus }, unit) => [
    [`unit${number}PowerSetpointMw`, publishedMw(bus)] as const,
    [`unit${number}VoltageSetpointPu`, SYSTEM.sources[unit].voltage] as const,
    /** 1 shuts the steam. */
    [`unit${number}TurbineTrip`, 0] as const,
  ]),
  // The relays: 1 while their device runs, and what can be set in it
  ...BREAKERS.flatMap(({ id, branch, lineEnd, feeder, unit }) => {
    const ied = `ied${id.slice(2)}`;
    return [
      [`${ied}InService`, 1] as const,
      // Its synchronism check's contact is bridged
      ...(branch >= 0 ? [[`${ied}SyncBypass`, 0] as const] : []),
      ...(lineEnd >= 0
        ? [
            [`${ied}Zone1Percent`, ZONE_PERCENT[0]] as const,
            [`${ied}Zone2Percent`, ZONE_PERCENT[1]] as const,
            [`${ied}ReclosingOn`, 1] as const,
          ]
        : []),
      // Releases the lockout relay
      ...(unit >= 0 ? [[`${ied}Reset`, 0] as const] : []),
      ...(feeder >= 0 ? [[`${ied}SheddingHz`, SHEDDING_HZ[feeder]] as const] : []),
    ];
  }),
]);

export const DISTURBANCES = table([
  /** A three-phase short circuit on a line: 0 none, 1 an arc that goes out when the line is dead for long enough, 2 one that stays. */
  ...LINE_ENDS.filter(({ atTo }) => !atTo).flatMap(({ id }) => [
    [`line${id}Fault`, 0] as const,
    /** Share of the way from the first bus. */
    [`line${id}FaultAt`, 0.5] as const,
  ]),
  /** 1: the busbar, or the machine's side of a unit transformer (buses 1 to 3), is short-circuited. */
  ...SYSTEM.buses.map(({ id }) => [`bus${id}Fault`, 0] as const),
  ['faultResistanceOhm', 0.1],
  /** 1: the mechanism does not move. */
  ...BREAKERS.map(({ id }) => [`${id}Stuck`, 0] as const),
  /** 1: somebody at the breaker presses its button; no relay is asked. */
  ...BREAKERS.map(({ id }) => [`${id}HandClose`, 0] as const),
  /** Resistance of a short circuit on a bus's feeders, beyond their breaker, ohms at 230 kV; 0 for none. */
  ...FEEDERS.map((bus) => [`load${bus}FaultOhm`, 0] as const),
  /** Scales a bus's load. */
  ...FEEDERS.map((bus) => [`load${bus}Factor`, 1] as const),
  /** 1: loads follow day and week; 0: they are the published ones. */
  ['dailyPattern', 1],
  /** Scales the slow random part of the loads. */
  ['variability', 1],
  ['ambientC', 25],
  ['windMPerS', 0.61],
  /** Share of full sun. */
  ['sun', 0.5],
] as const);

export const OUTPUTS: readonly string[] = [
  ...SYSTEM.buses.flatMap(({ id }) => [`bus${id}VoltageKv`, `bus${id}FrequencyHz`, `bus${id}AngleDeg`]),
  ...LINE_ENDS.flatMap(({ id }) => [
    `line${id}Mw`,
    `line${id}Mvar`,
    `line${id}A`,
    // Apparent impedance, ohms; 0 where no current flows
    `line${id}ROhm`,
    `line${id}XOhm`,
  ]),
  ...LINE_ENDS.filter(({ atTo }) => !atTo).flatMap(({ id }) => [`line${id}TemperatureC`, `line${id}LoadingPercent`]),
  ...BREAKERS.flatMap(({ id }) => [`${id}Closed`, `${id}Ready`]),
  // Across the poles of an open breaker: bus less branch
  ...BREAKERS.filter(({ branch }) => branch >= 0).flatMap(({ id }) => [
    `${id}BranchKv`,
    `${id}SyncVoltageKv`,
    `${id}SyncSlipHz`,
    `${id}SyncAngleDeg`,
  ]),
  // Relays: started, trip order, cause of the last trip (CAUSE in `relays/protection.ts`), whether a close would be let through, reclosing's state
  ...BREAKERS.flatMap(({ id }) =>
    ['Started', 'Trip', 'Cause', 'InStep', 'Reclosing'].map((what) => `ied${id.slice(2)}${what}`),
  ),
  // A unit's lockout relay, and the stage of load shedding that a feeder's relay was delivered with
  ...UNITS.map(({ number }) => `iedG${number}LockedOut`),
  ...FEEDERS.map((bus) => `iedL${bus}StageHz`),
  ...UNITS.flatMap(({ number }) => [
    `unit${number}Mw`,
    `unit${number}Mvar`,
    `unit${number}SpeedHz`,
    `unit${number}FieldPu`,
    `unit${number}ValvePercent`,
    `unit${number}AngleDeg`,
  ]),
  ...FEEDERS.flatMap((bus) => [`load${bus}Mw`, `load${bus}Mvar`, `load${bus}DemandMw`]),
  'generationMw',
  'loadMw',
  /** What customers want and do not get. */
  'unservedMw',
  'lossesMw',
  /** Of the network's energised busbars, machines' terminals left out; the nominal frequency when none is. */
  'lowestFrequencyHz',
  'highestFrequencyHz',
  'hottestLineC',
  /** The largest angle across a breaker that closed between two live systems, since the start. */
  'largestClosingAngleDeg',
];

export const STATE_NAMES: readonly string[] = [
  ...UNITS.flatMap(({ number }) => MACHINE_STATES.map((state) => `unit${number}.${state}`)),
  ...FEEDERS.flatMap((bus) => [`load${bus}.conductance`, `load${bus}.susceptance`]),
  ...LINE_ENDS.filter(({ atTo }) => !atTo).map(({ id }) => `line${id}.temperature`),
];

/** First state of the loads and of the lines' temperatures; the machines' come before. */
export const LOADS_AT = UNITS.length * MACHINE_STATES.length;
export const TEMPERATURES_AT = LOADS_AT + 2 * FEEDERS.length;

/** Numbers of inputs and disturbances in `u`, and of outputs in `y`. */
export const U = positions([...Object.keys(INPUTS), ...Object.keys(DISTURBANCES)]);
export const Y = positions(OUTPUTS);
