/** Random and broken messages for a server, and a shadow of its memory that says what each of them may change. */

import type { Dice } from '../../exchange/test/dice.ts';
import { AREA_CODES, blockFileName, encodeCotp, encodeS7, encodeTpkt, type S7Message, tsapOf } from '../index.ts';
import { POINTS } from './device.ts';

export const packet = (message: Uint8Array): Uint8Array =>
  encodeTpkt(encodeCotp({ type: 'data', endOfMessage: true, number: 0, data: message }));

/** Connection request and setup. */
export const GREETING = Uint8Array.from([
  ...encodeTpkt(
    encodeCotp({
      ...{ type: 'connection-request', destinationReference: 0, sourceReference: 1, classOption: 0, tpduSize: 10 },
      ...{ callingTsap: tsapOf(1, 0, 0), calledTsap: tsapOf(1, 0, 2) },
    }),
  ),
  ...packet(
    encodeS7({ rosctr: 'job', reference: 0, body: { function: 'setup', maxCalling: 1, maxCalled: 1, pduLength: 480 } }),
  ),
]);

/** A message: most nearly right, some with a byte changed or cut off, some nonsense. None stops or reprograms the controller. */
export function randomMessage(dice: Dice, reference: number): Uint8Array {
  const shape = dice.below(10);
  if (shape === 0) return dice.bytes(1 + dice.below(60));
  const message = encodeS7({ ...nearlyRight(dice), reference: reference & 0xffff } as S7Message);
  if (shape === 1) return message.slice(0, 1 + dice.below(message.length));
  if (shape === 2) message[dice.below(message.length)] = dice.below(256);
  return message;
}

const AREAS = [...Object.values(AREA_CODES), 0x85, 3, 6];

function item(dice: Dice) {
  const transportSize = dice.below(12) === 0 ? dice.below(256) : 1 + dice.below(8);
  const address =
    dice.below(6) === 0 ? dice.below(0xffffff) : dice.below(36) * 8 + (transportSize === 1 ? dice.below(8) : 0);
  const area = dice.below(4) === 0 ? dice.of(AREAS) : 0x84;
  return {
    syntax: 'any' as const,
    ...{
      transportSize,
      count: dice.below(8) === 0 ? dice.below(0x10000) : 1 + (transportSize === 1 ? 0 : dice.below(4)),
    },
    ...{ db: dice.below(10) === 0 ? dice.below(0x10000) : 1 + dice.below(2), area, address },
  };
}

const BYTES_OF: Readonly<Record<number, number>> = { 1: 1, 2: 1, 3: 1, 4: 2, 5: 2, 6: 4, 7: 4, 8: 4 };
const MARK_OF: Readonly<Record<number, number>> = { 1: 3, 3: 9, 8: 7 };

function nearlyRight(dice: Dice): object {
  const file = { type: dice.of(['08', '0A', '0F']), number: dice.below(3), filesystem: dice.of(['A', 'P', 'B', 'Z']) };
  blockFileName(file);
  const empty = new Uint8Array(0);
  const job = (body: object): object => ({ rosctr: 'job', body });
  switch (dice.below(12)) {
    case 0:
    case 1:
    case 2:
      return job({ function: 'read', items: Array.from({ length: 1 + dice.below(6) }, () => item(dice)) });
    case 3:
    case 4:
    case 5:
    case 6: {
      const items = Array.from({ length: 1 + dice.below(4) }, () => item(dice));
      const data = items.map(({ transportSize, count }) => ({
        code: 0,
        transport: dice.below(12) === 0 ? dice.below(12) : (MARK_OF[transportSize] ?? 4),
        bytes: dice.bytes(dice.below(12) === 0 ? dice.below(9) : Math.min(64, (BYTES_OF[transportSize] ?? 1) * count)),
      }));
      return job({ function: 'write', items, data });
    }
    case 7:
      return job({ function: 'start-upload', file });
    case 8:
      return job(
        dice.of([
          { function: 'upload', session: dice.below(5) },
          { function: 'end-upload', error: 0, session: dice.below(5) },
        ]),
      );
    case 9:
      return job({
        function: 'other',
        code: 0x40 + dice.below(0x90),
        parameters: dice.bytes(dice.below(8)),
        data: empty,
      });
    case 10:
      return { rosctr: dice.of(['ack', 'ack-data']), error: 0, body: { function: 'done', code: dice.below(256) } };
    default:
      return {
        ...{
          rosctr: 'userdata',
          kind: 'request',
          group: dice.below(8),
          subfunction: dice.below(5),
          sequence: dice.below(3),
        },
        unit: dice.below(4) === 0 ? { reference: 0, more: false, error: 0 } : undefined,
        data: { code: 0xff, transport: 9, bytes: dice.bytes(dice.below(12)) },
      };
  }
}

/** One write as the shadow has it: whose bits of which byte of DB1. */
interface Change {
  readonly tag: string;
  readonly value: number;
}

/**
 * What a message may write to the bytes, bits and words of DB1, read from its bytes by hand and worked out apart from the server: in the order of
 * its items. `undefined` where the message aims at points whose scaling the shadow does not know.
 */
export function allowedWrites(message: Uint8Array, words: ReadonlyMap<string, number>): Change[] | undefined {
  const view = Buffer.from(message);
  if (view.length < 12 || view[0] !== 0x32 || view[1] !== 1 || view[10] !== 5) return [];
  const [parameters, data] = [view.readUInt16BE(6), view.readUInt16BE(8)];
  const count = view[11] as number;
  if (10 + parameters + data !== view.length || count === 0) return [];
  const middle = 10 + parameters;
  const items: { at: number; data: number; length: number; code: number; mark: number }[] = [];
  let at = 12;
  let from = middle;
  for (let i = 0; i < count; i++) {
    if (at + 3 > middle || view[at] !== 0x12) return [];
    const size = view[at + 1] as number;
    if (size === 0 || at + 2 + size > middle || from + 4 > view.length) return [];
    const mark = view[from + 1] as number;
    const told = view.readUInt16BE(from + 2);
    const length = mark === 0 ? 0 : mark === 4 || mark === 5 ? Math.floor((told + 7) / 8) : told;
    items.push({ at, data: from + 4, length, code: size === 10 && view[at + 2] === 0x10 ? 0 : 6, mark });
    at += 2 + size + (i + 1 < count ? size % 2 : 0);
    from += 4 + length + (i + 1 < count ? length % 2 : 0);
  }
  if (at !== middle || from !== view.length) return [];
  const now = new Map(words);
  const changes: Change[] = [];
  for (const one of items) {
    if (one.code !== 0) continue;
    const made = itemWrites(view, one, now);
    if (made === undefined) return undefined;
    for (const change of made) {
      now.set(change.tag, change.value);
      changes.push(change);
    }
  }
  return changes;
}

/** Bytes of DB1 with the tags whose raw content is their value: byte → tag and place in it. */
const PLAIN: Readonly<Record<number, readonly [string, number, number]>> = {
  ...{ 1: ['BYTE', 0, 1], 2: ['CHAR', 0, 1], 4: ['LOW', 0, 1], 8: ['WORD', 0, 2], 9: ['WORD', 1, 2] },
  ...{ 12: ['DWORD', 0, 4], 13: ['DWORD', 1, 4], 14: ['DWORD', 2, 4], 15: ['DWORD', 3, 4] },
};
const NOBODYS = new Set([3, 5, 6, 7]);
const BITS: readonly (string | undefined)[] = [
  'BIT0',
  'BIT1',
  undefined,
  undefined,
  undefined,
  undefined,
  undefined,
  'BIT7',
];
const LENGTH = Math.max(...POINTS.map(({ s7 }) => (s7?.db === 1 ? s7.byte + 2 : 0)));

function itemWrites(
  view: Buffer,
  one: { at: number; data: number; length: number; mark: number },
  now: ReadonlyMap<string, number>,
): Change[] | undefined {
  const size = view[one.at + 3] as number;
  const count = view.readUInt16BE(one.at + 4);
  const [db, area] = [view.readUInt16BE(one.at + 6), view[one.at + 8] as number];
  const address = view.readUIntBE(one.at + 9, 3);
  if (area !== 0x84 && area !== 0x85)
    return area === 0x83 || area === 0x82 || area === 28 || area === 29 ? undefined : [];
  if (db !== 1 || count === 0) return [];
  const first = Math.floor(address / 8);
  const isBit = size === 1;
  if (!isBit && BYTES_OF[size] === undefined) return [9, 10, 11, 12, 15, 30, 31].includes(size) ? undefined : [];
  const bytes = isBit ? 1 : (BYTES_OF[size] as number) * count;
  if (isBit ? count !== 1 : address % 8 !== 0) return [];
  if (first + bytes > LENGTH || (one.mark === 3) !== isBit || one.length !== bytes) return [];
  const planned = new Map<string, number>();
  for (let i = 0; i < bytes; i++) {
    const byte = first + i;
    const value = isBit ? ((view[one.data] as number) & 1) << (address % 8) : (view[one.data + i] as number);
    const mask = isBit ? 1 << (address % 8) : 0xff;
    if (NOBODYS.has(byte)) {
      if ((value & mask) !== 0) return [];
    } else if (byte === 0) {
      for (let bit = 0; bit < 8; bit++) {
        if (((mask >> bit) & 1) === 0) continue;
        const tag = BITS[bit];
        if (tag === 'BIT7' || (tag === undefined && ((value >> bit) & 1) === 1)) return [];
        if (tag !== undefined) planned.set(tag, (value >> bit) & 1);
      }
    } else {
      const place = PLAIN[byte];
      if (place === undefined) return undefined;
      const [tag, part, width] = place;
      const shift = 8 * (width - 1 - part);
      const before = planned.get(tag) ?? now.get(tag) ?? 0;
      const old = Math.floor(before / 2 ** shift) % 256;
      planned.set(tag, before + (((old & ~mask) | (value & mask)) - old) * 2 ** shift);
    }
  }
  return (planned.get('LOW') ?? 0) > 100 ? [] : [...planned].map(([tag, value]) => ({ tag, value }));
}
