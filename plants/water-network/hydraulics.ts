/**
 * The network solved for an instant, by EPANET: a pure function of levels, wanted demands, pumps and valves, since flows are found afresh each
 * time. What was found is held until the next solution, in arrays that a snapshot keeps.
 */
import { EpanetNetwork } from './epanet.ts';
import {
  epanetText,
  FILL_VALVE,
  JUNCTIONS,
  PIPES,
  PUMPS,
  REDUCING_VALVE,
  RELIEF_VALVE,
  SOURCES,
  TANKS,
} from './network.ts';
import type { Layout, Line } from './transport.ts';

const PER_LITRE = 1e-3;

/** Nodes and links in the order in which EPANET numbers them. */
const NODES = [...JUNCTIONS, ...SOURCES, ...TANKS].map(({ id }) => id);
const LINKS: readonly { readonly id: string; readonly from: string; readonly to: string }[] = [
  ...PIPES,
  ...PUMPS,
  FILL_VALVE,
  REDUCING_VALVE,
  RELIEF_VALVE,
];
export const node = (id: string): number => NODES.indexOf(id);
export const link = (id: string): number => LINKS.findIndex((each) => each.id === id);

/** What the transport needs to know. */
export const LAYOUT: Layout = {
  nodes: NODES.length,
  lines: LINKS.map(({ id, from, to }): Line => {
    const pipe = PIPES.find((each) => each.id === id);
    const diameter = (pipe?.diameter ?? 0) / 1000;
    const length = pipe?.length ?? 0;
    const volume = ((Math.PI * diameter * diameter) / 4) * length;
    return { from: node(from), to: node(to), volume, diameter, length };
  }),
  tanks: TANKS.map(({ id }) => node(id)),
  sources: SOURCES.map(({ id }) => node(id)),
};

const TANK_NODES = LAYOUT.tanks;
const PUMP_LINKS = PUMPS.map(({ id }) => link(id));
const FILL = link(FILL_VALVE.id);
const REDUCING = link(REDUCING_VALVE.id);
const RELIEF = link(RELIEF_VALVE.id);

/** What the network is to be solved for. */
export interface Situation {
  /** By tank, m above its floor. */
  readonly levels: Float64Array;
  /** By junction, L/s. */
  readonly wanted: Float64Array;
  /** By pump, 1 runs. */
  readonly pumps: Float64Array;
  /** L/s, 0 shut. */
  fill: number;
  /** m of water behind the reducing valve. */
  reduced: number;
}

export const makeSituation = (): Situation => ({
  levels: Float64Array.from(TANKS, ({ initial }) => initial),
  wanted: new Float64Array(JUNCTIONS.length),
  pumps: new Float64Array(PUMPS.length),
  fill: 0,
  reduced: REDUCING_VALVE.setting,
});

export class Hydraulics {
  /** By node, m above the sea. */
  readonly heads = new Float64Array(NODES.length);
  /** By node, m³/s; of tanks and sources what flows in. */
  readonly taken = new Float64Array(NODES.length);
  /** By link, m³/s. */
  readonly flows = new Float64Array(LINKS.length);
  readonly memory: readonly Float64Array[] = [this.heads, this.taken, this.flows];
  readonly #network: EpanetNetwork;

  /** @param relief whether the relief valve of the harbour is there */
  constructor(relief: boolean) {
    this.#network = new EpanetNetwork(epanetText());
    if (!relief) this.#network.beginOpen(RELIEF, false);
  }

  /** Solves the network and holds what was found. @throws PenstockError `water-network.epanet` when it has no solution */
  solve(situation: Situation): void {
    const network = this.#network;
    const { levels, wanted, pumps, fill, reduced } = situation;
    for (let n = 0; n < TANKS.length; n++) {
      const { least, overflow } = TANKS[n] as (typeof TANKS)[number];
      network.fill(TANK_NODES[n] as number, Math.min(overflow, Math.max(least, levels[n] as number)));
    }
    for (let n = 0; n < wanted.length; n++) network.demand(n, wanted[n] as number);
    for (let n = 0; n < pumps.length; n++) network.beginOpen(PUMP_LINKS[n] as number, pumps[n] === 1);
    if (fill > 0) network.beginSetting(FILL, fill);
    else network.beginOpen(FILL, false);
    network.beginSetting(REDUCING, reduced);
    network.begin();
    network.solve();
    keep(this.heads, network.heads(), 1);
    keep(this.taken, network.taken(), PER_LITRE);
    keep(this.flows, network.flows(), PER_LITRE);
  }
}

function keep(into: Float64Array, found: readonly number[], unit: number): void {
  for (let n = 0; n < into.length; n++) into[n] = (found[n] as number) * unit;
}
