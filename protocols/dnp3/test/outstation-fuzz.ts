/** Random and broken requests for an outstation, and a shadow of it that says what each of them may write. */
import { Dice } from '../../exchange/test/dice.ts';
import { encodeLinkFrame } from '../index.ts';
import { MASTER, OUTSTATION, percent, type TestDevice } from './stations.ts';

/** Outputs 0 to 9: binary output 3 cannot be written, analog output 6 takes 0 to 500. */
export const READ_ONLY_OUTPUT = 403;
export const LIMITED_OUTPUT = 506;

const u16 = (value: number): number[] => [value & 255, value >> 8];
const u32 = (value: number): number[] => [...u16(value & 0xffff), ...u16(value >>> 16)];

/** Objects behind one header, nearly always as the standard wants them. */
function objects(dice: Dice, code: number): number[] {
  if (code >= 3 && code <= 6) return commands(dice);
  const all = (group: number, variation = 0): number[] => [group, variation, 6];
  switch (code) {
    case 1:
      return Array.from({ length: 1 + dice.below(4) }, () => readHeader(dice)).flat();
    case 2:
      return write(dice);
    case 7:
    case 8:
    case 9:
    case 10:
      return percent(dice, 50) ? all(20) : [20, 0, 0, dice.below(12), dice.below(12)];
    case 11:
    case 12:
      return [50, 2, 7, 1, ...dice.bytes(10), ...all(20)];
    case 20:
    case 21:
      return all(60, 2 + dice.below(4));
    case 22:
      return [...all(60, 1 + dice.below(5)), 1, 0, 0, dice.below(10), dice.below(12)];
    case 25:
    case 26:
    case 27:
    case 28:
    case 29:
    case 30: {
      const body = [...u16(26), ...u16(8), ...dice.bytes(22), ...Buffer.from('file.txt')];
      return [70, 2 + dice.below(7), 0x5b, 1, ...u16(body.length), ...body];
    }
    default:
      return [];
  }
}

const READ_GROUPS = [0, 1, 2, 3, 4, 10, 11, 20, 21, 22, 23, 30, 32, 34, 40, 42, 50, 60, 80, 110, 111, 99];

function readHeader(dice: Dice): number[] {
  const group = READ_GROUPS[dice.below(READ_GROUPS.length)] as number;
  const head = [group, group === 0 ? 240 + dice.below(16) : dice.below(9)];
  switch (dice.below(5)) {
    case 0:
      return [...head, 0, dice.below(12), dice.below(12)];
    case 1:
      return [...head, 1, ...u16(dice.below(20)), ...u16(dice.below(70_000) & 0xffff)];
    case 2:
      return [...head, 7, dice.below(5)];
    case 3:
      return [...head, 0x17, 2, dice.below(12), dice.below(12)];
    default:
      return [...head, 6];
  }
}

function write(dice: Dice): number[] {
  switch (dice.below(5)) {
    case 0:
      return [50, 1 + 2 * dice.below(2), 7, 1, ...dice.bytes(6)];
    case 1:
      return [80, 1, 0, 7, 7, dice.below(2)];
    case 2:
      return [34, 2, 0, dice.below(10), dice.below(10), ...dice.bytes(4)];
    case 3:
      return [110, 4, 0, 1, 1, ...dice.bytes(4)];
    default:
      return [10, 1, 0, 0, 7, dice.below(256)];
  }
}

function commands(dice: Dice): number[] {
  const out: number[] = [];
  for (let block = 0; block <= dice.below(2); block++) {
    const isControl = percent(dice, 60);
    const variation = isControl ? 1 : 1 + dice.below(4);
    const count = 1 + dice.below(percent(dice, 5) ? 20 : 3);
    const wide = percent(dice, 30);
    out.push(isControl ? 12 : 41, variation, wide ? 0x28 : 0x17, ...(wide ? u16(count) : [count]));
    for (let i = 0; i < count; i++) {
      const index = dice.below(12);
      out.push(...(wide ? u16(index) : [index]));
      if (isControl) out.push(controlCode(dice), dice.below(3), ...u32(100 * dice.below(9)), ...u32(100), 0);
      else out.push(...analogOctets(dice, variation), 0);
    }
  }
  return out;
}

const controlCode = (dice: Dice): number =>
  percent(dice, 80) ? ([1, 2, 3, 4, 0x41, 0x81, 0x23, 0x21][dice.below(8)] as number) : dice.below(256);

function analogOctets(dice: Dice, variation: number): number[] {
  const value = dice.below(900) - 200;
  const bytes = Buffer.alloc([4, 2, 4, 8][variation - 1] as number);
  if (variation === 1) bytes.writeInt32LE(value);
  else if (variation === 2) bytes.writeInt16LE(value);
  else if (variation === 3) bytes.writeFloatLE(percent(dice, 5) ? Number.NaN : value / 4);
  else bytes.writeDoubleLE(percent(dice, 5) ? Number.POSITIVE_INFINITY : value / 8);
  return [...bytes];
}

/** Requests as an attacker or a broken master would make them, in the order in which they come. */
export class RequestSource {
  readonly #dice: Dice;
  #last: Uint8Array = Uint8Array.of(0xc0, 1);

  constructor(seed: number) {
    this.#dice = new Dice(seed);
  }

  /** The next fragment. */
  fragment(): Uint8Array {
    const dice = this.#dice;
    const kind = dice.below(20);
    const [control, code] = this.#last as unknown as [number, number];
    if (kind === 0) return this.#keep(this.#last);
    // The OPERATE that belongs to a SELECT, most of the time.
    if (code === 3 && kind < 15)
      return this.#keep(Uint8Array.of(0xc0 | ((control + 1) & 15), 4, ...this.#last.subarray(2)));
    if (kind === 1) return this.#keep(dice.bytes(2 + dice.below(60)));
    const next = percent(dice, 70) ? (control + 1) & 15 : dice.below(16);
    const wanted = percent(dice, 50) ? 3 + dice.below(4) : dice.below(34);
    const bits = percent(dice, 97) ? 0xc0 : dice.below(16) << 4;
    const octets = Uint8Array.of(bits | next, wanted, ...objects(dice, wanted));
    if (kind === 2) return this.#keep(octets.slice(0, 2 + dice.below(octets.length - 1)));
    if (kind === 3) octets[dice.below(octets.length)] = dice.below(256);
    if (kind === 4) return this.#keep(Uint8Array.of(...octets, ...dice.bytes(1 + dice.below(3))));
    return this.#keep(octets);
  }

  /** Whom it is sent to. */
  destination(): number {
    return percent(this.#dice, 3) ? 0xfffd + this.#dice.below(3) : OUTSTATION;
  }

  /** A frame that is not right: its octets changed, cut or prolonged. */
  broken(frame: Uint8Array): Uint8Array {
    const dice = this.#dice;
    const at = dice.below(frame.length);
    if (percent(dice, 30)) return frame.slice(0, at);
    if (percent(dice, 30)) return Uint8Array.of(...frame.subarray(0, at), dice.below(256), ...frame.subarray(at));
    const changed = frame.slice();
    changed[at] = (changed[at] as number) ^ (1 + dice.below(255));
    return changed;
  }

  isBroken(): boolean {
    return percent(this.#dice, 10);
  }

  #keep(octets: Uint8Array): Uint8Array {
    this.#last = octets;
    return octets;
  }
}

/** A fragment of at most 249 octets in one frame. */
export function frameOf(fragment: Uint8Array, destination: number, sequence: number, source = MASTER): Uint8Array {
  const control = { dir: true, prm: true, fcb: false, fcv: false, function: 4 } as const;
  const payload = Uint8Array.of(0xc0 | (sequence & 0x3f), ...fragment);
  return encodeLinkFrame({ control, destination, source, payload });
}

interface Command {
  readonly point: number;
  readonly code: number;
  readonly count: number;
  /** Of analogs. */
  readonly value: number;
}

/** `point=value` of every write, in order; nothing at all is right too with `orNone`. */
export interface Allowed {
  readonly writes: readonly string[];
  readonly orNone: boolean;
}

const NONE: Allowed = { writes: [], orNone: false };

/** What the outstation may write, by the standard's text and the device's rules, worked out separately from it. */
export class Shadow {
  readonly #device: TestDevice;
  #last = '';
  #selected: { octets: string; sequence: number } | undefined;
  readonly #pulsing = new Map<number, number>();

  constructor(device: TestDevice) {
    this.#device = device;
  }

  allowed(fragment: Uint8Array, isBroadcast: boolean): Allowed {
    const [control, code] = [fragment[0] as number, fragment[1] as number];
    const isClear = (code === 9 || code === 10) && (control & 0xd0) === 0xc0;
    const isRepeated = !isBroadcast && Buffer.from(fragment).toString('hex') === this.#last;
    const writes = this.#writes(fragment, isBroadcast);
    return isClear && !isRepeated ? this.#cleared(Buffer.from(fragment.subarray(2))) : { writes, orNone: false };
  }

  #writes(fragment: Uint8Array, isBroadcast: boolean): string[] {
    const octets = Buffer.from(fragment);
    const [control, code] = [octets[0] as number, octets[1] as number];
    if (octets.length < 2 || code >= 128 || code === 0 || (control & 0xd0) !== 0xc0) return [];
    const text = octets.toString('hex');
    const isRepeated = !isBroadcast && text === this.#last;
    if (isRepeated && code !== 1) return [];
    if (!isBroadcast) this.#last = text;
    const selected = this.#selected;
    this.#selected = undefined;
    if (isBroadcast && (code === 3 || code === 4)) return [];
    if (code < 3 || code > 6) return [];
    const list = parseCommands(octets.subarray(2));
    if (list === undefined) return [];
    const objectText = octets.subarray(2).toString('hex');
    if (code === 3) {
      const good = list.length <= 16 && list.every((command) => this.#isGood(command));
      if (good) this.#selected = { octets: objectText, sequence: (control + 1) & 15 };
      return [];
    }
    if (code === 4 && (selected?.octets !== objectText || selected.sequence !== (control & 15))) return [];
    return list.slice(0, 16).flatMap((command) => this.#execute(command));
  }

  /**
   * FREEZE AND CLEAR of group 20, ranges of one octet or all. What comes behind other headers is the outstation's to read: when it cannot, nothing
   * is done.
   */
  #cleared(octets: Buffer): Allowed {
    const writes: string[] = [];
    for (let at = 0; at < octets.length; ) {
      if (octets.length < at + 3) return NONE;
      const isRange = octets[at + 2] === 0;
      if (octets[at] !== 20 || (!isRange && octets[at + 2] !== 6)) return { writes, orNone: true };
      if (isRange && octets.length < at + 5) return NONE;
      const [start, stop] = isRange ? [octets[at + 3] as number, octets[at + 4] as number] : [0, 9];
      at += isRange ? 5 : 3;
      if (start > stop) return NONE;
      if (stop > 9) return { writes, orNone: true };
      for (let i = start; i <= stop; i++) writes.push(`${300 + i}=0`);
    }
    return { writes, orNone: false };
  }

  #isGood({ point, code, value }: Command): boolean {
    if (point >= 500)
      return point < 510 && Number.isFinite(value) && (point !== LIMITED_OUTPUT || (value >= 0 && value <= 500));
    if (point >= 410) return false;
    if ((code & 0xcf) === 0) return true;
    const meaning = meaningOf(code);
    if (meaning === undefined || point === READ_ONLY_OUTPUT) return false;
    const [to, pulses] = meaning;
    return !(pulses && (code & 0x20) === 0 && this.#pulsing.get(point) === to);
  }

  #execute(command: Command): string[] {
    if (!this.#isGood(command)) return [];
    const { point, code, count, value } = command;
    if (point >= 500) return [`${point}=${value}`];
    const writes: string[] = [];
    const active = this.#pulsing.get(point);
    if ((code & 0x20) !== 0 && active !== undefined) {
      writes.push(`${point}=${1 - active}`);
      this.#pulsing.delete(point);
    }
    const meaning = meaningOf(code);
    if (meaning === undefined || (code & 0xcf) === 0 || count === 0) return writes;
    const [to, pulses] = meaning;
    this.#pulsing.delete(point);
    if (pulses) this.#pulsing.set(point, to);
    return [...writes, `${point}=${to}`];
  }

  /** Whether the device holds what the writes say. */
  holds(values: Float64Array): boolean {
    return this.#device.values.every((value, point) => value === values[point] || point < 300);
  }
}

/** Value and whether it is for a while. */
function meaningOf(code: number): [number, boolean] | undefined {
  const operation = code & 15;
  switch (code >> 6) {
    case 0:
      return operation === 1 || operation === 2
        ? [2 - operation, true]
        : operation === 3 || operation === 4
          ? [4 - operation, false]
          : undefined;
    case 1:
      return operation === 0 || operation === 1 || operation === 3 ? [1, false] : undefined;
    case 2:
      return operation === 0 || operation === 1 || operation === 4 ? [0, false] : undefined;
    default:
      return undefined;
  }
}

const ANALOG_SIZES = [0, 4, 2, 4, 8];

/** All commands of a request; undefined when anything about it is wrong, so that none is carried out. */
function parseCommands(octets: Buffer): Command[] | undefined {
  const list: Command[] = [];
  let at = 0;
  if (octets.length === 0) return undefined;
  while (at < octets.length) {
    if (octets.length < at + 3) return undefined;
    const [group, variation, qualifier] = [octets[at], octets[at + 1] as number, octets[at + 2] as number];
    at += 3;
    const isControl = group === 12 && variation === 1;
    if (!isControl && !(group === 41 && variation >= 1 && variation <= 4)) return undefined;
    const [prefix, range] = [[0, 1, 2, 4][qualifier >> 4], [1, 2, 4][(qualifier & 15) - 7]];
    if (prefix === undefined || prefix === 0 || range === undefined || octets.length < at + range) return undefined;
    const count = octets.readUIntLE(at, range);
    at += range;
    const size = prefix + (isControl ? 11 : (ANALOG_SIZES[variation] as number) + 1);
    if (octets.length < at + count * size) return undefined;
    for (let i = 0; i < count; i++, at += size) {
      const index = octets.readUIntLE(at, prefix);
      const body = octets.subarray(at + prefix, at + size);
      list.push({
        point: isControl ? (index > 9 ? 499 : 400 + index) : 500 + Math.min(index, 99),
        code: body[0] as number,
        count: body[1] as number,
        value: isControl ? 0 : analogValue(body, variation),
      });
    }
  }
  return list;
}

function analogValue(body: Buffer, variation: number): number {
  if (variation === 1) return body.readInt32LE();
  if (variation === 2) return body.readInt16LE();
  return variation === 3 ? body.readFloatLE() : body.readDoubleLE();
}
