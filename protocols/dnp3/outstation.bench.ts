/**
 * What our DNP3 costs: an outstation's requests in memory, octets in and octets out, and a poll with its master at the other end.
 *
 *     node protocols/dnp3/outstation.bench.ts
 */
import { type Instant, START } from '@penstock/core';
import {
  allOf,
  Dnp3Master,
  Dnp3Outstation,
  encodeFragment,
  encodeLinkFrame,
  FUNCTION,
  indexed,
  latch,
  type ObjectBlock,
  type OutstationPoint,
  PRIMARY,
  rangeOf,
} from './index.ts';

const KINDS = ['binary', 'analog', 'counter', 'binary-output'] as const;
const points: OutstationPoint[] = KINDS.flatMap((kind, hundred) =>
  Array.from({ length: 20 }, (_, index): OutstationPoint => ({ kind, index, point: 100 * hundred + index })),
);
const values = Float64Array.from({ length: 400 }, (_, i) => i * 1.37);
const device = {
  read: (point: number) => values[point] as number,
  write: (point: number, value: number) => {
    values[point] = value;
    return 'done' as const;
  },
};
const identity = { vendor: 'V', productCode: 'P', revision: '1', productName: 'N', modelName: 'M' };
const outstation = new Dnp3Outstation({ address: 10, points, device, identity, scanEvery: 'never' });
const session = outstation.session('127.0.0.1', 1);

/** Best of five rounds: requests a second. */
function perSecond(count: number, call: (i: number) => void): number {
  let best = 0;
  for (let round = 0; round < 5; round++) {
    const began = performance.now();
    for (let i = 0; i < count; i++) call(i);
    best = Math.max(best, (count / (performance.now() - began)) * 1000);
  }
  return best;
}

const figure = (name: string, value: number, unit: string): void =>
  console.log(`figure: dnp3.${name} ${value.toPrecision(4)} ${unit}`);

/** The same request with all sixteen application sequences. */
function frames(code: number, objects: readonly ObjectBlock[]): Uint8Array[] {
  return Array.from({ length: 16 }, (_, seq) => {
    const control = { fir: true, fin: true, con: false, uns: false, seq };
    const payload = Uint8Array.of(0xc0 | seq, ...encodeFragment({ control, function: code, objects }));
    const link = { dir: true, prm: true, fcb: false, fcv: false, function: PRIMARY.unconfirmedUserData } as const;
    return encodeLinkFrame({ control: link, destination: 10, source: 1, payload });
  });
}

function requests(name: string, code: number, objects: readonly ObjectBlock[]): void {
  const list = frames(code, objects);
  const each = perSecond(20_000, (i) => {
    session.receive(list[i & 15] as Uint8Array, START);
    if (session.take() === undefined) throw new Error(`no answer to ${name}`);
  });
  figure(name, each, 'requests/s');
}

requests('readRangePerSecond', FUNCTION.read, [rangeOf(30, 1, 0, 9)]);
requests('readClass0Per80PointsPerSecond', FUNCTION.read, [allOf(60, 1)]);
requests('readEventsPerSecond', FUNCTION.read, [allOf(60, 2), allOf(60, 3), allOf(60, 4)]);
requests('directOperatePerSecond', FUNCTION.directOperate, [indexed(12, 1, [{ index: 3, value: latch(true) }])]);

let updates = 0;
const master = new Dnp3Master({ outstation: 10, handler: { update: () => updates++ }, timeSync: 'never' });
const end = outstation.session('127.0.0.1', 2);
const carry = (now: Instant): void => {
  for (let octets = master.take(); octets !== undefined; octets = master.take()) end.receive(octets, now);
  for (let octets = end.take(); octets !== undefined; octets = end.take()) master.receive(octets, now);
};
end.opened(START);
master.opened(START);
for (let i = 0; i < 10; i++) carry(START);
const objects = [rangeOf(30, 1, 0, 9)];
const poll = (): void => {
  master.read(objects, START);
  carry(START);
};
figure('masterPollsPerSecond', perSecond(10_000, poll), 'polls/s');
if (updates < 100_000) throw new Error(`only ${updates} values came`);
