/**
 * EPANET 2.3 (US EPA and Open Water Analytics, MIT; compiled to WebAssembly by epanet-js, MIT) as the hydraulics of a process: a network is
 * opened from its text, its demands, pumps and valves are set, and it is solved for the heads and flows of an instant.
 */
import { PenstockError } from '@penstock/core';
import * as epanet from 'epanet-js';

/** What is used of the library; its own declarations cannot be resolved by Node's rules. Indices count from 1. */
interface Toolkit {
  open(input: string, report: string, output: string): void;
  close(): void;
  openH(): void;
  initH(flag: number): void;
  runH(): number;
  nextH(): number;
  getCount(of: number): number;
  getNodeId(node: number): string;
  getNodeType(node: number): number;
  getNodeValue(node: number, property: number): number;
  getNodeValues(property: number): number[];
  setNodeValue(node: number, property: number, value: number): void;
  getLinkId(link: number): string;
  getLinkValues(property: number): number[];
  setLinkValue(link: number, property: number, value: number): void;
  setTimeParameter(parameter: number, seconds: number): void;
  openQ(): void;
  initQ(flag: number): void;
  runQ(): number;
  nextQ(): number;
  _checkError(code: number): void;
}
interface ToolkitMemory {
  loadModule(): Promise<void>;
  writeFile(path: string, text: string): void;
  getError(code: number): string;
}
const { Project, Workspace } = epanet as unknown as {
  readonly Project: new (memory: ToolkitMemory) => Toolkit;
  readonly Workspace: new () => ToolkitMemory;
};

/** Codes of EPANET's toolkit (EN_… of its programmer's manual). */
const COUNT = { nodes: 0, links: 2 } as const;
const NODE = {
  elevation: 0,
  baseDemand: 1,
  initialQuality: 4,
  initialLevel: 8,
  demand: 9,
  head: 10,
  quality: 12,
} as const;
const LINK = { initialStatus: 4, initialSetting: 5, flow: 8, status: 11, setting: 12 } as const;
const TANK = 2;
const TIME = { duration: 0, hydraulicStep: 1 } as const;
const FIND_FLOWS_AFRESH = 10;
/** Codes below are warnings: the solution stands. */
const FIRST_ERROR = 100;

/** One engine in memory for all networks of this process of the computer; its loading is the only thing here that takes time of its own. */
const workspace = new Workspace();
await workspace.loadModule();
let opened = 0;

export class EpanetNetwork {
  /** What EPANET warned of when it last solved: 0 nothing, 1 trials used up, 4 a pump cannot deliver, 5 a valve cannot hold, 6 negative pressures. */
  warning = 0;
  readonly nodes: readonly string[];
  readonly links: readonly string[];
  /** Numbers of the nodes that are tanks, into {@link nodes}. */
  readonly tanks: readonly number[];
  readonly #project: Toolkit;
  readonly #node: ReadonlyMap<string, number>;
  readonly #link: ReadonlyMap<string, number>;

  /**
   * @param text a network in EPANET's INP format
   * @throws PenstockError `water-network.epanet` with what EPANET says is wrong
   */
  constructor(text: string) {
    const name = `network${++opened}`;
    workspace.writeFile(`${name}.inp`, text);
    this.#project = new Project(workspace);
    // The library prints warnings; a network that is badly off would fill the log.
    this.#project._checkError = (code) => {
      if (code >= FIRST_ERROR) throw new Error(workspace.getError(code));
      if (code > 0) this.warning = code;
    };
    this.#try('read', () => {
      this.#project.open(`${name}.inp`, `${name}.rpt`, `${name}.out`);
      this.#project.openH();
    });
    const count = (of: number) => this.#project.getCount(of);
    this.nodes = Array.from({ length: count(COUNT.nodes) }, (_, n) => this.#project.getNodeId(n + 1));
    this.links = Array.from({ length: count(COUNT.links) }, (_, n) => this.#project.getLinkId(n + 1));
    this.tanks = this.nodes.flatMap((_, n) => (this.#project.getNodeType(n + 1) === TANK ? [n] : []));
    this.#node = new Map(this.nodes.map((id, n) => [id, n]));
    this.#link = new Map(this.links.map((id, n) => [id, n]));
  }

  /** Number of a node. @throws PenstockError `water-network.node` */
  node(id: string): number {
    return this.#known(this.#node, 'node', id);
  }

  /** Number of a pipe, pump or valve. @throws PenstockError `water-network.link` */
  link(id: string): number {
    return this.#known(this.#link, 'link', id);
  }

  /** Sets the clock of patterns and controls to 0 and the tanks to their initial levels; the flows are found afresh. */
  begin(): void {
    this.#try('begun', () => this.#project.initH(FIND_FLOWS_AFRESH));
  }

  /** Solves the network as it stands; gives the seconds on EPANET's clock. @throws PenstockError `water-network.epanet` when it has no solution */
  solve(): number {
    this.warning = 0;
    return this.#try('solved', () => this.#project.runH());
  }

  /** Fills or drains the tanks up to the next instant at which something changes; gives the seconds until then, 0 at the end. */
  next(): number {
    return this.#try('advanced', () => this.#project.nextH());
  }

  /** Seconds after which {@link next} is at the end. */
  set duration(seconds: number) {
    this.#project.setTimeParameter(TIME.duration, seconds);
  }

  /** Longest step of {@link next}, seconds. */
  set longestStep(seconds: number) {
    this.#project.setTimeParameter(TIME.hydraulicStep, seconds);
  }

  /** Hydraulic heads of all nodes and flows of all links, in the network's units. */
  heads(): readonly number[] {
    return this.#project.getNodeValues(NODE.head);
  }

  flows(): readonly number[] {
    return this.#project.getLinkValues(LINK.flow);
  }

  /** What is taken at each node; of a tank or source what flows into it. */
  taken(): readonly number[] {
    return this.#project.getNodeValues(NODE.demand);
  }

  /** What EPANET's own quality engine finds at each node. */
  qualities(): readonly number[] {
    return this.#project.getNodeValues(NODE.quality);
  }

  /** Sets the water in the network to what {@link holds} gave it and what EPANET follows to its begin; after {@link begin}. */
  beginQuality(): void {
    this.#try('begun', () => {
      this.#project.openQ();
      this.#project.initQ(0);
    });
  }

  /** Carries what is dissolved over the step that {@link next} is about to make; in turn {@link solve}, this, {@link next}, {@link carried}. */
  carry(): void {
    this.#try('solved', () => this.#project.runQ());
  }

  carried(): void {
    this.#try('advanced', () => this.#project.nextQ());
  }

  /** Quality of the water that a node begins with; of a source what it gives all the time. */
  holds(node: number, quality: number): void {
    this.#project.setNodeValue(node + 1, NODE.initialQuality, quality);
  }

  /** Level of a tank above its bottom, in the network's units. */
  level(tank: number): number {
    return this.#project.getNodeValue(tank + 1, NODE.head) - this.#project.getNodeValue(tank + 1, NODE.elevation);
  }

  /** Level that a tank begins with. */
  fill(tank: number, level: number): void {
    this.#try('filled', () => this.#project.setNodeValue(tank + 1, NODE.initialLevel, level));
  }

  /** What is taken at a node, times its pattern where it has one. */
  demand(node: number, flow: number): void {
    this.#project.setNodeValue(node + 1, NODE.baseDemand, flow);
  }

  /** Whether a link is open, a pump runs, from the next {@link begin} on. */
  beginOpen(link: number, open: boolean): void {
    this.#project.setLinkValue(link + 1, LINK.initialStatus, open ? 1 : 0);
  }

  /** Speed of a pump, setting of a valve from the next {@link begin} on. */
  beginSetting(link: number, value: number): void {
    this.#project.setLinkValue(link + 1, LINK.initialSetting, value);
  }

  /** Opens or closes a link: a pump runs or stands. Takes effect with the next solution. */
  open(link: number, open: boolean): void {
    this.#project.setLinkValue(link + 1, LINK.status, open ? 1 : 0);
  }

  /** Relative speed of a pump, setting of a valve. */
  setting(link: number, value: number): void {
    this.#project.setLinkValue(link + 1, LINK.setting, value);
  }

  /** Gives the memory of the network back. */
  close(): void {
    this.#project.close();
  }

  #known(map: ReadonlyMap<string, number>, what: string, id: string): number {
    const n = map.get(id);
    if (n === undefined)
      throw new PenstockError(
        `water-network.${what}`,
        `the network has no ${what} '${id}'; there are ${[...map.keys()].join(', ')}`,
      );
    return n;
  }

  #try<T>(done: string, act: () => T): T {
    try {
      return act();
    } catch (error) {
      throw new PenstockError(
        'water-network.epanet',
        `the network cannot be ${done}: ${(error as Error).message}`,
        undefined,
        error,
      );
    }
  }
}
