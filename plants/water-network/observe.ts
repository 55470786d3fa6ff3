/** The outputs: what an instrument at each place would find. */
import { positions } from '@penstock/simulator/process';
import { LAYOUT, link, node } from './hydraulics.ts';
import { FILL_VALVE, JUNCTIONS, REDUCING_VALVE, RELIEF_VALVE } from './network.ts';
import { KPA_PER_METRE, OUTPUTS, PRESSURES, PUMP_OUTPUTS, TANK_OUTPUTS, WATERS } from './signals.ts';
import type { WaterNetwork } from './town.ts';

const Y = positions(OUTPUTS) as Readonly<Record<string, number>>;
const LITRES = 1000;

const TANK_AT = TANK_OUTPUTS.map((name) => ({
  level: Y[`${name}LevelM`] as number,
  over: Y[`${name}OverflowLPerS`] as number,
  chlorine: Y[`${name}ChlorineMgL`] as number,
}));
const PUMP_AT = PUMP_OUTPUTS.map((name) => ({
  running: Y[`${name}Running`] as number,
  starts: Y[`${name}StartsPerHour`] as number,
}));
const PRESSURE_AT = Object.entries(PRESSURES).map(([name, id]) => ({ at: Y[name] as number, node: node(id) }));
const WATER_AT = Object.entries(WATERS).map(([name, id]) => ({
  chlorine: Y[`${name}ChlorineMgL`] as number,
  age: Y[`${name}AgeH`] as number,
  node: node(id),
}));
/** Pumps of each station. */
const STATIONS = [
  { flow: Y.worksFlowLPerS as number, power: Y.worksPowerKw as number, pumps: [0, 1, 2] },
  { flow: Y.wellFlowLPerS as number, power: Y.wellPowerKw as number, pumps: [3] },
  { flow: Y.northFlowLPerS as number, power: Y.northPowerKw as number, pumps: [4, 5] },
  { flow: Y.moorFlowLPerS as number, power: Y.moorPowerKw as number, pumps: [6] },
];
const FLOW_AT = [
  { at: Y.fillFlowLPerS as number, link: link(FILL_VALVE.id) },
  { at: Y.reducingFlowLPerS as number, link: link(REDUCING_VALVE.id) },
  { at: Y.reliefFlowLPerS as number, link: link(RELIEF_VALVE.id) },
];

export function observe(town: WaterNetwork, t: number, x: Float64Array, _u: Float64Array, y: Float64Array): void {
  const { hydraulics, transport } = town;
  let over = 0;
  for (let n = 0; n < TANK_AT.length; n++) {
    const { level, over: spilt, chlorine } = TANK_AT[n] as (typeof TANK_AT)[number];
    const at = LAYOUT.tanks[n] as number;
    const spills = town.spilling(n, x) ? (hydraulics.taken[at] as number) * LITRES : 0;
    y[level] = town.level(n, x);
    y[spilt] = spills;
    y[chlorine] = transport.chlorine[at] as number;
    over += spills;
  }
  let most = 0;
  for (let n = 0; n < PUMP_AT.length; n++) {
    const { running, starts } = PUMP_AT[n] as (typeof PUMP_AT)[number];
    const count = town.startsPerHour(n, t);
    y[running] = town.running[n] as number;
    y[starts] = count;
    if (count > most) most = count;
  }
  for (const { flow, power, pumps } of STATIONS) {
    let water = 0;
    let kw = 0;
    for (let k = 0; k < pumps.length; k++) {
      water += town.pumpFlow(pumps[k] as number);
      kw += town.power[pumps[k] as number] as number;
    }
    y[flow] = Math.max(0, water * LITRES);
    y[power] = kw;
  }
  for (let k = 0; k < PRESSURE_AT.length; k++) {
    const { at, node: n } = PRESSURE_AT[k] as (typeof PRESSURE_AT)[number];
    y[at] = pressure(town, n);
  }
  for (let k = 0; k < WATER_AT.length; k++) {
    const { chlorine, age, node: n } = WATER_AT[k] as (typeof WATER_AT)[number];
    y[chlorine] = transport.chlorine[n] as number;
    y[age] = transport.age[n] as number;
  }
  for (let k = 0; k < FLOW_AT.length; k++) {
    const { at, link: n } = FLOW_AT[k] as (typeof FLOW_AT)[number];
    y[at] = Math.max(0, (hydraulics.flows[n] as number) * LITRES);
  }
  observeService(town, y);
  y[MOST_STARTS] = most;
  y[TOTAL_OVER] = over + (y[FLOW_AT[2]?.at as number] as number);
}

const DEMAND = Y.demandLPerS as number;
const SERVED = Y.servedPercent as number;
const LEAST = Y.leastPressureKPa as number;
const MOST_STARTS = Y.mostStartsPerHour as number;
const TOTAL_OVER = Y.totalOverflowLPerS as number;

/** What those who take water get of it. */
function observeService(town: WaterNetwork, y: Float64Array): void {
  const { taken } = town.hydraulics;
  const { wanted } = town.situation;
  let delivered = 0;
  let asked = 0;
  let least = Number.POSITIVE_INFINITY;
  for (let n = 0; n < JUNCTIONS.length; n++) {
    if (JUNCTIONS[n]?.demand === 0) continue;
    delivered += (taken[n] as number) * LITRES;
    asked += wanted[n] as number;
    least = Math.min(least, pressure(town, n));
  }
  y[DEMAND] = delivered;
  y[SERVED] = asked > 0 ? (100 * delivered) / asked : 100;
  y[LEAST] = least;
}

/** At ground level, kPa; never below none, as air comes in. */
const pressure = ({ hydraulics }: WaterNetwork, n: number): number =>
  Math.max(0, (hydraulics.heads[n] as number) - (JUNCTIONS[n]?.elevation as number)) * KPA_PER_METRE;
