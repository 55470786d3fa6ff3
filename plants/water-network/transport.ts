/**
 * What the water carries through the network: free chlorine, which decays, and the age of the water. Every pipe is in plug flow, a row of
 * parcels that flows may push to either side; waters mix at once at junctions and in tanks (the Lagrangian time-driven method of Liou & Kroon
 * 1987 as EPANET uses it). Chlorine decays to first order in the bulk and at the walls, where it has to get to (Rossman, Clark & Grayman 1994).
 *
 * A parcel that enters a pipe joins the last one until that is a share of the pipe, so memory is bounded; all of it is in one array, so a run goes
 * on from a snapshot bit for bit. EPANET's own quality engine keeps its parcels where its interface cannot set them, so it cannot.
 */

export interface Line {
  readonly from: number;
  readonly to: number;
  /** m³; 0 of pumps and valves. */
  readonly volume: number;
  /** m. */
  readonly diameter: number;
  readonly length: number;
}

export interface Layout {
  readonly nodes: number;
  readonly lines: readonly Line[];
  /** Numbers of the nodes that are tanks and sources; what flows into a source has left. */
  readonly tanks: readonly number[];
  readonly sources: readonly number[];
}

/** Parcels that a full pipe is cut into at least. */
const RESOLUTION = 40;
const SLOTS = RESOLUTION + 4;
const PARCEL = 3;
/** Beside the parcels of a pipe: the place of the first, and how many. */
const HEADER = 2;
const COUNT = 1;
const PIPE_WORDS = HEADER + SLOTS * PARCEL;
/** Words of the books. */
export const ENTERED = 0;
export const LEFT = 1;
export const DECAYED = 2;
const BOOKS = 3;
/** Flows below stand still, m³/s: EPANET gives closed links a millionth of a cubic foot per second. */
const STANDS = 1e-7;
/** Of chlorine in water, m²/s, and the kinematic viscosity, m²/s: EPANET's own values. */
const DIFFUSIVITY = 1.208e-9;
const VISCOSITY = 1.022e-6;
const SCHMIDT = VISCOSITY / DIFFUSIVITY;
const LAMINAR = 2300;

export class Transport {
  /** Pipes' parcels, then tanks, nodes and the books. */
  readonly memory: Float64Array;
  /** Views on memory by node: chlorine mg/L and age h. A tank's are those of its water. */
  readonly chlorine: Float64Array;
  readonly age: Float64Array;
  /** Grams of chlorine that have entered, left and decayed since the network was filled. */
  readonly books: Float64Array;
  readonly #layout: Layout;
  readonly #pipes: Float64Array;
  /** By tank: m³ at the end of the last step. */
  readonly #volumes: Float64Array;
  readonly #tankOf: Int32Array;
  readonly #sourceOf: Int32Array;
  /** Lines that end at each node, whichever way they are drawn. */
  readonly #linesOf: readonly Int32Array[];
  readonly #order: Int32Array;
  readonly #waits: Int32Array;
  readonly #direction: Int8Array;
  #sorted = false;
  // What was last taken out: g, h × m³.
  #outChlorine = 0;
  #outAge = 0;

  constructor(layout: Layout) {
    this.#layout = layout;
    const { nodes, lines, tanks, sources } = layout;
    this.memory = new Float64Array(lines.length * PIPE_WORDS + tanks.length + 2 * nodes + BOOKS);
    let at = 0;
    const view = (length: number): Float64Array => {
      at += length;
      return this.memory.subarray(at - length, at);
    };
    this.#pipes = view(lines.length * PIPE_WORDS);
    this.#volumes = view(tanks.length);
    this.chlorine = view(nodes);
    this.age = view(nodes);
    this.books = view(BOOKS);
    const numbers = (of: readonly number[]) => {
      const found = new Int32Array(nodes).fill(-1);
      for (const [n, node] of of.entries()) found[node] = n;
      return found;
    };
    this.#tankOf = numbers(tanks);
    this.#sourceOf = numbers(sources);
    const linesOf: number[][] = Array.from({ length: nodes }, () => []);
    for (const [n, { from, to }] of lines.entries()) {
      linesOf[from]?.push(n);
      linesOf[to]?.push(n);
    }
    this.#linesOf = linesOf.map((of) => Int32Array.from(of));
    this.#order = new Int32Array(nodes);
    this.#waits = new Int32Array(nodes);
    this.#direction = new Int8Array(lines.length);
  }

  /** Everything holds water of this chlorine, just come in; `volumes` in m³ by tank. */
  fill(chlorine: number, volumes: ArrayLike<number>): void {
    this.memory.fill(0);
    for (const [n, { volume }] of this.#layout.lines.entries()) {
      const base = n * PIPE_WORDS;
      if (volume === 0) continue;
      this.#pipes[base + COUNT] = 1;
      this.#pipes[base + HEADER] = volume;
      this.#pipes[base + HEADER + 1] = chlorine;
    }
    this.chlorine.fill(chlorine);
    for (let n = 0; n < this.#volumes.length; n++) this.#volumes[n] = volumes[n] as number;
  }

  /** Grams of chlorine in pipes and tanks. */
  content(): number {
    let sum = 0;
    for (let n = 0; n < this.#layout.lines.length; n++) {
      const base = n * PIPE_WORDS;
      for (let k = 0; k < (this.#pipes[base + COUNT] as number); k++) {
        const at = this.#slot(base, k);
        sum += (this.#pipes[at] as number) * (this.#pipes[at + 1] as number);
      }
    }
    for (const [n, node] of this.#layout.tanks.entries())
      sum += (this.#volumes[n] as number) * (this.chlorine[node] as number);
    return sum;
  }

  /**
   * `dt` seconds of the flows that were held.
   * @param flows by line, m³/s, against the line's direction below 0
   * @param taken by node, m³/s
   * @param volumes by tank at the end of the step, m³; what came in and is not there has run over
   * @param given by source: chlorine of what it gives, mg/L
   * @param bulk first-order decay in the water, 1/s
   * @param wall the same at the walls, m/s
   */
  move(
    dt: number,
    flows: Float64Array,
    taken: Float64Array,
    volumes: ArrayLike<number>,
    given: ArrayLike<number>,
    bulk: number,
    wall: number,
  ): void {
    this.#decay(dt, flows, bulk, wall);
    this.#follow(flows);
    const { tanks, sources } = this.#layout;
    for (let k = 0; k < this.#order.length; k++) this.#mix(this.#order[k] as number, dt, flows, taken, given);
    for (let n = 0; n < tanks.length; n++) this.#fillTank(n, tanks[n] as number, dt, flows, volumes[n] as number);
    for (let n = 0; n < sources.length; n++) this.#drain(sources[n] as number, dt, flows);
  }

  #decay(dt: number, flows: Float64Array, bulk: number, wall: number): void {
    const pipes = this.#pipes;
    const hours = dt / 3600;
    const { lines, tanks } = this.#layout;
    let decayed = 0;
    for (let n = 0; n < lines.length; n++) {
      const line = lines[n] as Line;
      if (line.volume === 0) continue;
      const keep = Math.exp(-(bulk + wallDecay(line, flows[n] as number, wall)) * dt);
      const base = n * PIPE_WORDS;
      const count = pipes[base + COUNT] as number;
      for (let k = 0; k < count; k++) {
        const at = this.#slot(base, k);
        const before = pipes[at + 1] as number;
        pipes[at + 1] = before * keep;
        decayed += (pipes[at] as number) * before * (1 - keep);
        pipes[at + 2] = (pipes[at + 2] as number) + hours;
      }
    }
    const keep = Math.exp(-bulk * dt);
    for (let n = 0; n < tanks.length; n++) {
      const node = tanks[n] as number;
      const before = this.chlorine[node] as number;
      decayed += (this.#volumes[n] as number) * before * (1 - keep);
      this.chlorine[node] = before * keep;
      this.age[node] = (this.age[node] as number) + hours;
    }
    this.books[DECAYED] = (this.books[DECAYED] as number) + decayed;
  }

  /** Orders the nodes so that water comes to each after all that is above it; only when a flow has turned. */
  #follow(flows: Float64Array): void {
    const { lines, nodes } = this.#layout;
    let turned = !this.#sorted;
    for (let n = 0; n < lines.length; n++) {
      const flow = flows[n] as number;
      const direction = flow > STANDS ? 1 : flow < -STANDS ? -1 : 0;
      if (direction !== this.#direction[n]) {
        this.#direction[n] = direction;
        turned = true;
      }
    }
    if (!turned) return;
    this.#sorted = true;
    const waits = this.#waits.fill(0);
    for (let n = 0; n < lines.length; n++) {
      const down = this.#downstream(n);
      // What flows into a tank or a source does not decide what it gives in this step.
      if (down >= 0 && this.#stores(down) === false) waits[down] = (waits[down] as number) + 1;
    }
    let placed = 0;
    for (let node = 0; node < nodes; node++) if (waits[node] === 0) this.#order[placed++] = node;
    for (let k = 0; k < placed; k++) {
      const node = this.#order[k] as number;
      const linesOf = this.#linesOf[node] as Int32Array;
      for (let i = 0; i < linesOf.length; i++) {
        const line = linesOf[i] as number;
        const down = this.#downstream(line);
        if (down < 0 || down === node || this.#stores(down)) continue;
        const left = (waits[down] as number) - 1;
        waits[down] = left;
        if (left === 0) this.#order[placed++] = down;
      }
    }
    // Water in a ring by rounding alone: nodes that still wait, as they are numbered.
    for (let node = 0; node < nodes && placed < nodes; node++)
      if ((waits[node] as number) > 0) this.#order[placed++] = node;
  }

  /** Takes what flows to a junction out of its lines, mixes it, and gives it to the lines that leave. Tanks and sources only give. */
  #mix(node: number, dt: number, flows: Float64Array, taken: Float64Array, given: ArrayLike<number>): void {
    const lines = this.#linesOf[node] as Int32Array;
    const source = this.#sourceOf[node] as number;
    const stores = this.#stores(node);
    let water = 0;
    let chlorine = 0;
    let age = 0;
    let out = 0;
    for (let i = 0; i < lines.length; i++) {
      const line = lines[i] as number;
      if (this.#direction[line] === 0) continue;
      const volume = Math.abs(flows[line] as number) * dt;
      if (this.#downstream(line) !== node) out += volume;
      else if (!stores) {
        this.#takeOut(line, volume);
        water += volume;
        chlorine += this.#outChlorine;
        age += this.#outAge;
      }
    }
    if (source >= 0) {
      this.chlorine[node] = given[source] as number;
      this.age[node] = 0;
      this.books[ENTERED] = (this.books[ENTERED] as number) + out * (given[source] as number);
    } else if (!stores && water > 0) {
      const use = Math.max(0, taken[node] as number) * dt;
      out += use;
      // By what leaves, not by what came: the two are the same to rounding, and so no chlorine is made or lost.
      this.chlorine[node] = chlorine / (out > 0 ? out : water);
      this.age[node] = age / (out > 0 ? out : water);
      this.books[LEFT] = (this.books[LEFT] as number) + use * (this.chlorine[node] as number);
    } else if (!stores) this.age[node] = (this.age[node] as number) + dt / 3600;
    for (let i = 0; i < lines.length; i++) {
      const line = lines[i] as number;
      if (this.#direction[line] === 0 || this.#downstream(line) === node) continue;
      const volume = Math.abs(flows[line] as number) * dt;
      this.#putIn(line, volume, this.chlorine[node] as number, this.age[node] as number);
    }
  }

  /** Takes what flows into a source out of the network. */
  #drain(node: number, dt: number, flows: Float64Array): void {
    const lines = this.#linesOf[node] as Int32Array;
    for (let i = 0; i < lines.length; i++) {
      const line = lines[i] as number;
      if (this.#downstream(line) !== node) continue;
      this.#takeOut(line, Math.abs(flows[line] as number) * dt);
      this.books[LEFT] = (this.books[LEFT] as number) + this.#outChlorine;
    }
  }

  /** Mixes into a tank what its lines bring. */
  #fillTank(n: number, node: number, dt: number, flows: Float64Array, after: number): void {
    const lines = this.#linesOf[node] as Int32Array;
    let volume = this.#volumes[n] as number;
    let chlorine = volume * (this.chlorine[node] as number);
    let age = volume * (this.age[node] as number);
    for (let i = 0; i < lines.length; i++) {
      const line = lines[i] as number;
      if (this.#direction[line] === 0) continue;
      const moved = Math.abs(flows[line] as number) * dt;
      if (this.#downstream(line) === node) {
        this.#takeOut(line, moved);
        volume += moved;
        chlorine += this.#outChlorine;
        age += this.#outAge;
      } else {
        volume -= moved;
        chlorine -= moved * (this.chlorine[node] as number);
        age -= moved * (this.age[node] as number);
      }
    }
    const per = 1 / Math.max(1e-6, volume);
    this.chlorine[node] = chlorine * per;
    this.age[node] = age * per;
    this.books[LEFT] = (this.books[LEFT] as number) + (volume - after) * (this.chlorine[node] as number);
    this.#volumes[n] = after;
  }

  #stores(node: number): boolean {
    return (this.#tankOf[node] as number) >= 0 || (this.#sourceOf[node] as number) >= 0;
  }

  /** Node to which a line's water flows, -1 when it stands. */
  #downstream(line: number): number {
    const direction = this.#direction[line] as number;
    const { from, to } = this.#layout.lines[line] as Line;
    return direction > 0 ? to : direction < 0 ? from : -1;
  }

  /** Takes a volume from the end of a line to which its water flows; its grams (and hours × m³) are in the fields. */
  #takeOut(line: number, volume: number): void {
    this.#outChlorine = 0;
    this.#outAge = 0;
    const pipes = this.#pipes;
    const base = line * PIPE_WORDS;
    const forward = (this.#direction[line] as number) > 0;
    let left = volume;
    while (left > 0) {
      const count = pipes[base + COUNT] as number;
      if (count === 0) return;
      const at = this.#slot(base, forward ? 0 : count - 1);
      const there = pipes[at] as number;
      // The last one is taken as it is: volumes that come and go are equal to rounding only.
      const part = there <= left && count > 1 ? there : Math.min(left, there);
      this.#outChlorine += part * (pipes[at + 1] as number);
      this.#outAge += part * (pipes[at + 2] as number);
      left -= part;
      if (part < there) {
        pipes[at] = there - part;
        return;
      }
      pipes[base + COUNT] = count - 1;
      if (forward) pipes[base] = ((pipes[base] as number) + 1) % SLOTS;
    }
  }

  /** Puts a volume into the end of a line from which its water comes. */
  #putIn(line: number, volume: number, chlorine: number, age: number): void {
    const pipes = this.#pipes;
    const base = line * PIPE_WORDS;
    const forward = (this.#direction[line] as number) > 0;
    const count = pipes[base + COUNT] as number;
    const smallest = (this.#layout.lines[line] as Line).volume / RESOLUTION;
    if (count > 0) {
      const at = this.#slot(base, forward ? count - 1 : 0);
      const there = pipes[at] as number;
      if (there + volume <= smallest || count === SLOTS) {
        const both = there + volume;
        pipes[at + 1] = (there * (pipes[at + 1] as number) + volume * chlorine) / both;
        pipes[at + 2] = (there * (pipes[at + 2] as number) + volume * age) / both;
        pipes[at] = both;
        return;
      }
    }
    if (!forward) pipes[base] = ((pipes[base] as number) + SLOTS - 1) % SLOTS;
    pipes[base + COUNT] = count + 1;
    const at = this.#slot(base, forward ? count : 0);
    pipes[at] = volume;
    pipes[at + 1] = chlorine;
    pipes[at + 2] = age;
  }

  /** Where the k-th parcel of the pipe at `base` stands, counted from the end that its `from` is not. */
  #slot(base: number, k: number): number {
    const at = (this.#pipes[base] as number) + k;
    return base + HEADER + (at < SLOTS ? at : at - SLOTS) * PARCEL;
  }
}

/** Decay at the wall as a first-order rate of the pipe's water, 1/s: mass transfer to the wall and reaction there in series (EPANET 2.2 manual, ch. 12). */
function wallDecay({ diameter, length }: Line, flow: number, wall: number): number {
  if (wall === 0) return 0;
  const velocity = (4 * Math.abs(flow)) / (Math.PI * diameter * diameter);
  const reynolds = (velocity * diameter) / VISCOSITY;
  let sherwood = 2;
  if (reynolds >= LAMINAR) sherwood = 0.0149 * reynolds ** 0.88 * SCHMIDT ** (1 / 3);
  else if (reynolds >= 1) {
    const y = (diameter / length) * reynolds * SCHMIDT;
    sherwood = 3.65 + (0.0668 * y) / (1 + 0.04 * y ** (2 / 3));
  }
  const transfer = (sherwood * DIFFUSIVITY) / diameter;
  return ((4 / diameter) * wall * transfer) / (wall + transfer);
}
