/**
 * What reading DNP3 passively costs: an integrity poll of a middling station, its exceptions, and a control, again and again.
 *
 *     node protocols/dnp3/dissector.bench.ts
 */
import {
  type AppFragment,
  allOf,
  dnp3Dissector,
  encodeFragment,
  encodeLinkFrame,
  FUNCTION,
  indexed,
  segment,
  valuesFrom,
} from './index.ts';

const control = (seq: number) => ({ fir: true, fin: true, con: false, uns: false, seq });

function stream(fragment: AppFragment): Uint8Array {
  const dir = fragment.iin === undefined;
  const [source, destination] = dir ? [1, 10] : [10, 1];
  const link = { dir, prm: true, fcb: false, fcv: false, function: 4 } as const;
  const payloads = segment(encodeFragment(fragment), 0);
  return Buffer.concat(payloads.map((payload) => encodeLinkFrame({ control: link, source, destination, payload })));
}

const request = (code: number, objects: AppFragment['objects']) =>
  stream({ control: control(1), function: code, objects });
const response = (objects: AppFragment['objects']) =>
  stream({ control: control(1), function: FUNCTION.response, iin: 0, objects });

const relay = {
  ...{ operation: 3, queue: false, clear: false, tripClose: 0, count: 1, onTime: 100, offTime: 100, status: 0 },
  type: 'crob' as const,
};
const command = indexed(12, 1, [{ index: 3, value: relay }]);
const EXCHANGES: readonly (readonly [boolean, Uint8Array])[] = [
  [
    true,
    request(
      FUNCTION.read,
      [2, 3, 4, 1].map((variation) => allOf(60, variation)),
    ),
  ],
  [
    false,
    response([
      valuesFrom(
        1,
        2,
        0,
        Array.from({ length: 40 }, (_, i) => ({ type: 'binary', value: i % 3 === 0, flags: 1 })),
      ),
      valuesFrom(
        30,
        5,
        0,
        Array.from({ length: 30 }, (_, i) => ({ type: 'analog', value: i * 1.25, flags: 1 })),
      ),
      valuesFrom(
        20,
        1,
        0,
        Array.from({ length: 8 }, (_, i) => ({ type: 'counter', value: i * 1000, flags: 1 })),
      ),
    ]),
  ],
  [
    true,
    request(
      FUNCTION.read,
      [2, 3, 4].map((variation) => allOf(60, variation)),
    ),
  ],
  [
    false,
    response([
      indexed(
        32,
        7,
        [1, 2, 3].map((index) => ({ index, value: { type: 'analog', value: 2.5, flags: 1, time: 1.7e12 } })),
      ),
    ]),
  ],
  [true, request(FUNCTION.directOperate, [command])],
  [false, response([command])],
];

const ROUNDS = 20_000;
const octets = EXCHANGES.reduce((sum, [, bytes]) => sum + bytes.length, 0);
let events = 0;
let best = Number.POSITIVE_INFINITY;
for (let round = 0; round < 4; round++) {
  const dissector = dnp3Dissector.create(() => events++);
  const began = performance.now();
  for (let i = 0; i < ROUNDS; i++)
    for (const [fromMaster, bytes] of EXCHANGES) dissector.data(fromMaster, i, bytes, 0, bytes.length);
  best = Math.min(best, (performance.now() - began) / 1000);
}
const figure = (name: string, value: number, unit: string) =>
  console.log(`figure: dnp3.${name} ${value.toPrecision(4)} ${unit}`);
console.log(`${events / 4 / ROUNDS} events of ${EXCHANGES.length} packets with ${octets} octets`);
figure('dissectPacketsPerSecond', (ROUNDS * EXCHANGES.length) / best, 'packets/s');
figure('dissectMegabytesPerSecond', (ROUNDS * octets) / best / 1e6, 'MB/s');
