/** Random and broken frames for a server, and a shadow of it that says what each of them may change. */

import type { Dice } from '../../exchange/test/dice.ts';
import { encodeAdu } from '../index.ts';
import type { TestDevice } from './device.ts';

const CODES = [1, 2, 3, 4, 5, 6, 7, 8, 11, 15, 16, 17, 20, 21, 22, 23, 24, 43];

/** A PDU: some right, most nearly right, some nonsense. */
function randomPdu(dice: Dice): Uint8Array {
  const shape = dice.below(10);
  if (shape === 0) return dice.bytes(1 + dice.below(253));
  const code = CODES[dice.below(CODES.length)] as number;
  const body = nearlyRight(code, dice);
  const pdu = Uint8Array.of(code, ...body).slice(0, 253);
  if (shape === 1) return pdu.slice(0, 1 + dice.below(pdu.length));
  if (shape === 2) pdu[dice.below(pdu.length)] = dice.below(256);
  return pdu;
}

function nearlyRight(code: number, dice: Dice): number[] {
  const address = dice.below(8) === 0 ? dice.below(0x10000) : dice.below(340);
  const quantity = dice.below(8) === 0 ? dice.below(2200) : 1 + dice.below(20);
  const at = [address >> 8, address & 255];
  const many = [quantity >> 8, quantity & 255];
  const words = (count: number) => [...dice.bytes(2 * count)];
  switch (code) {
    case 5:
      return [...at, dice.below(3) === 0 ? dice.below(256) : 0xff * dice.below(2), 0];
    case 6:
      return [...at, ...words(1)];
    case 8:
      return [0, dice.below(24), ...words(1)];
    case 15:
      return [...at, ...many, (quantity + 7) >> 3, ...dice.bytes(Math.min(246, (quantity + 7) >> 3))];
    case 16:
      return [...at, ...many, (2 * quantity) & 255, ...words(Math.min(123, quantity))];
    case 20:
      return [7, 6, 0, dice.below(3), 0, dice.below(210), 0, dice.below(10)];
    case 21: {
      const count = dice.below(4);
      return [7 + 2 * count, 6, 0, dice.below(3), 0, dice.below(210), 0, count, ...words(count)];
    }
    case 22:
      return [...at, ...words(2)];
    case 23: {
      const count = 1 + dice.below(10);
      return [...at, ...many, 0, dice.below(220), 0, count, 2 * count, ...words(count)];
    }
    case 24:
      return at;
    case 43:
      return [13 + dice.below(3), dice.below(6), dice.below(10)];
    default:
      return code === 7 || code === 11 || code === 17 ? [] : [...at, ...many];
  }
}

/** A whole frame; one in twenty has a wrong header. `length` of the header stays right where `keepsPlace`. */
export function randomFrame(dice: Dice, id: number, keepsPlace: boolean): Uint8Array {
  const unit = dice.below(10) === 0 ? dice.below(256) : 1;
  const frame = encodeAdu(id & 0xffff, unit, randomPdu(dice));
  if (dice.below(20) === 0) frame[2 + dice.below(2)] = dice.below(256);
  if (!keepsPlace && dice.below(20) === 0) frame[4 + dice.below(2)] = dice.below(256);
  return frame;
}

/**
 * What the request in `frame` may write to holding registers 0–199 and coils, by the standard's text and the device's rules, worked out
 * separately from the server: `[tag, value]` of every point, empty when it must not write any.
 */
export function allowedWrites(frame: Uint8Array, device: TestDevice): [string, number][] {
  if (frame.length < 8 || frame[2] !== 0 || frame[3] !== 0) return [];
  if (frame[6] !== 1 && frame[6] !== 255) return [];
  const pdu = Buffer.from(frame.subarray(7));
  const word = (at: number) => (at + 2 <= pdu.length ? pdu.readUInt16BE(at) : -1);
  const address = word(1);
  const registers = (from: number, to: number, data: number[]): [string, number][] => {
    const writes: [string, number][] = [];
    for (let i = from; i < to; i++) writes.push([`H${i}`, data[i - from] as number]);
    const refused = writes.some(([tag, value]) => {
      const index = Number(tag.slice(1));
      return index > 199 || index === 50 || (index === 60 && value > 500);
    });
    return refused ? [] : writes;
  };
  switch (pdu[0]) {
    case 5: {
      const on = word(3);
      if (pdu.length !== 5 || (on !== 0 && on !== 0xff00) || address > 2047 || address === 70) return [];
      return [[`C${address}`, on === 0 ? 0 : 1]];
    }
    case 6:
      return pdu.length === 5 ? registers(address, address + 1, [word(3)]) : [];
    case 15: {
      const count = word(3);
      if (count < 1 || count > 1968 || pdu[5] !== Math.ceil(count / 8) || pdu.length !== 6 + Math.ceil(count / 8))
        return [];
      if (address + count > 2048 || (address <= 70 && address + count > 70)) return [];
      return Array.from({ length: count }, (_, i) => [
        `C${address + i}`,
        ((pdu[6 + (i >> 3)] as number) >> (i % 8)) & 1,
      ]);
    }
    case 16: {
      const count = word(3);
      if (count < 1 || count > 123 || pdu[5] !== 2 * count || pdu.length !== 6 + 2 * count) return [];
      return registers(
        address,
        address + count,
        Array.from({ length: count }, (_, i) => word(6 + 2 * i)),
      );
    }
    case 22: {
      if (pdu.length !== 7 || address > 199) return [];
      const mask = word(3);
      return registers(address, address + 1, [(device.value(`H${address}`) & mask) | (word(5) & ~mask & 0xffff)]);
    }
    case 23: {
      const reads = word(3);
      const count = word(7);
      if (reads < 1 || reads > 125 || count < 1 || count > 121) return [];
      if (pdu[9] !== 2 * count || pdu.length !== 10 + 2 * count) return [];
      if (!allMapped(address, reads, device)) return [];
      return registers(
        word(5),
        word(5) + count,
        Array.from({ length: count }, (_, i) => word(10 + 2 * i)),
      );
    }
    default:
      return [];
  }
}

function allMapped(from: number, count: number, device: TestDevice): boolean {
  let addresses = mapped.get(device);
  if (addresses === undefined) {
    addresses = new Set();
    for (const { modbus } of device.points)
      if (modbus?.table === 'holding')
        for (let i = 0; i < (modbus.type.endsWith('32') ? 2 : 1); i++) addresses.add(modbus.address + i);
    mapped.set(device, addresses);
  }
  for (let i = from; i < from + count; i++) if (!addresses.has(i)) return false;
  return true;
}

const mapped = new WeakMap<TestDevice, Set<number>>();

/** Whether a request aims at the 32-bit and scaled points from 300 on, which the shadow leaves to their own tests. */
export function aimsBeyondShadow(frame: Uint8Array): boolean {
  const pdu = Buffer.from(frame.subarray(7));
  const at = pdu[0] === 23 ? 5 : 1;
  if (pdu.length < at + 2 || ![6, 16, 22, 23].includes(pdu[0] as number)) return false;
  const address = pdu.readUInt16BE(at);
  return address >= 200 && address < 314;
}
