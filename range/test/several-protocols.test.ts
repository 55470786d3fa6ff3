/** The drinking-water works: one tag over Modbus, S7 and DNP3 at the same instant, and a write over each that the others show. */
import { inSeconds, type ModbusPoint, type PointSpec, seconds } from '@penstock/core';
import { RegisterMap, readTransaction } from '@penstock/protocols/modbus';
import { type Device, ModbusOperator } from '@penstock/simulator/devices';
import type { PointSession } from '@penstock/simulator/kernel';
import { beforeAll, describe, expect, it } from 'vitest';
import { openPlant, type Plant, Play } from '../index.ts';

const CAUSE = { actor: 'test', step: 'read' };
/** A day is compared at full length; minutes show the same. */
const MINUTES = process.env.PENSTOCK_PROVE === '1' ? 24 * 60 : 30;
const PATIENCE = { timeout: 600_000 };

let plant: Plant;
beforeAll(async () => {
  plant = await openPlant('drinking-water');
});

function start() {
  const play = new Play({ plant, run: 'test', seed: 5, startAt: seconds(9 * 3600) });
  const { range } = play;
  const index = new Map(range.spec.tags.map(({ id }, i) => [id, i]));
  const begin = range.queue.now;
  const device = (id: string) => range.devices.get(id) as Device;
  return {
    range,
    run: (duration: number) => play.runUntil((range.queue.now + duration * 1e6) as never),
    passed: () => inSeconds((range.queue.now - begin) as never),
    device,
    held: (id: string, tag: string) => (device(id).controller as NonNullable<Device['controller']>).variable(tag).get(),
    shown: (tag: string) => range.displayed.values[index.get(tag) as number] as number,
    span: (tag: string) => {
      const [low, high] = (range.spec.tags[index.get(tag) as number] as (typeof range.spec.tags)[number]).range;
      return high - low;
    },
    points: (from: string, to: string) => range.foothold(from).points?.(to, CAUSE) as PointSession,
    modbus: (from: string, to: string) => new ModbusOperator(range.foothold(from), range.spec, to, CAUSE),
    finish: () => play.finish(),
  };
}

/** Reads one point by Modbus from a neighbour; `then` hears the engineering value. */
function readModbus(
  works: ReturnType<typeof start>,
  from: string,
  to: string,
  { tag, modbus }: PointSpec,
  then: (value: number) => void,
): void {
  const { table, address, type, scale } = modbus as ModbusPoint;
  const map = new RegisterMap(works.device(to).spec.points, to);
  const width = map.entry(works.device(to).spec.points.findIndex((point) => point.tag === tag))?.width ?? 1;
  const session = works.range.foothold(from).modbus(to);
  session.request(1, readTransaction(1, table, address, width).request, CAUSE, (reply) => {
    if (reply.outcome !== 'answered') throw new Error(`${tag}: ${reply.outcome}`);
    const data = new DataView(reply.pdu.buffer, reply.pdu.byteOffset + 2);
    if (type === 'bool') then(data.getUint8(0) & 1);
    else if (type === 'uint16') then(data.getUint16(0) * scale);
    else if (type === 'uint32') then(data.getUint32(0) * scale);
    else then(data.getFloat32(0) * scale);
  });
}

describe("the filters' controller", PATIENCE, () => {
  it('says the same over S7 and Modbus, and both what it holds', () => {
    const works = start();
    const both = works.device('filters-plc').spec.points.filter(({ modbus, s7 }) => modbus && s7);
    expect(both.length).toBeGreaterThan(40);
    works.run(30);
    let compared = 0;
    for (let minute = 0; minute < MINUTES; minute += MINUTES / 6) {
      works.run((MINUTES / 6) * 60 - 2);
      for (const point of both)
        readModbus(works, 'intake-plc', 'filters-plc', point, (value) => {
          const { tag, modbus } = point;
          const held = works.held('filters-plc', tag);
          expect(Math.abs(value - held), `${tag} by Modbus`).toBeLessThanOrEqual((modbus?.scale ?? 1) / 2 + 1e-4);
          // The SCADA server has it by S7, at most a poll ago.
          const counts = tag.startsWith('KI29') ? 8 : 0.02 * works.span(tag);
          expect(Math.abs(works.shown(tag) - held), `${tag} by S7`).toBeLessThanOrEqual(counts + 0.06);
          compared++;
        });
      works.run(2);
    }
    expect(compared).toBe(6 * both.length);
    works.finish();
  });

  it('takes a write over each, moves by it, and the other shows it', () => {
    const works = start();
    works.run(20);
    const accepted: string[] = [];
    works.points('scada', 'filters-plc').write('LIC210_SP', 1.62, (taken) => accepted.push(`S7 ${taken}`));
    works.run(2);
    const point = works.device('filters-plc').spec.points.find(({ tag }) => tag === 'LIC210_SP') as PointSpec;
    let read = 0;
    readModbus(works, 'intake-plc', 'filters-plc', point, (value) => {
      read = value;
    });
    works.run(2);
    expect(read).toBeCloseTo(1.62, 3);
    works.run(1800);
    expect(works.range.truth[works.range.engine.tagIndex('LIT211')]).toBeGreaterThan(1.56);
    works
      .modbus('engineering-workstation', 'filters-plc')
      .write('KIC231_SP', 480, (taken) => accepted.push(`Modbus ${taken}`));
    works.run(12);
    expect(works.shown('KIC231_SP')).toBe(480);
    expect(accepted).toEqual(['S7 true', 'Modbus true']);
    works.finish();
  });
});

describe('the remote stations', PATIENCE, () => {
  it('say over DNP3 what they hold within the dead band, and the distribution controller says it on by Modbus', () => {
    const works = start();
    const bands = new Map(
      ['tower-rtu', 'booster-rtu'].flatMap((id) =>
        works.device(id).spec.points.map(({ tag, dnp3 }) => [tag, dnp3?.deadBand ?? 0] as const),
      ),
    );
    works.run(60);
    const stations: [string, string[]][] = [
      ['tower-rtu', ['LIT601', 'FIT601', 'PIT601', 'AIT601', 'XA601', 'XS601']],
      ['booster-rtu', ['LIT701', 'FIT702', 'PIT701', 'PIT703', 'XS701', 'XS702', 'LIC701_ON', 'LIC701_MODE', 'HS703']],
    ];
    for (let look = 0; look < 6; look++) {
      works.run(MINUTES * 10);
      for (const [id, tags] of stations)
        for (const tag of tags) {
          const held = works.held(id, tag);
          const noise = works.range.spec.tags.find((one) => one.id === tag)?.sensor?.noise ?? 0;
          const near = (bands.get(tag) ?? 0) + 8 * noise;
          expect(Math.abs(works.shown(tag) - held), `${tag} at ${works.passed()} s`).toBeLessThanOrEqual(near + 1e-3);
          if (id === 'tower-rtu')
            expect(Math.abs(works.held('distribution-plc', tag) - held)).toBeLessThanOrEqual(near + 1e-3);
        }
    }
    works.finish();
  });

  it('take orders by select and operate, move by them and show them; local takes none', () => {
    const works = start();
    works.run(30);
    const accepted: string[] = [];
    const order = (tag: string, value: number) =>
      works.points('scada', 'booster-rtu').write(tag, value, (taken) => accepted.push(`${tag} ${taken}`));
    order('LIC701_MODE', 0);
    works.run(5);
    order('HS712', 1);
    order('LIC701_OFF', 3.5);
    works.run(30);
    expect(accepted.toSorted()).toEqual(['HS712 true', 'LIC701_MODE true', 'LIC701_OFF true']);
    expect(['LIC701_MODE', 'HS712', 'LIC701_OFF', 'XS702'].map((tag) => works.shown(tag))).toEqual([0, 1, 3.5, 1]);
    expect(works.range.truth[works.range.engine.tagIndex('FIT701')]).toBeGreaterThan(30);
    works.device('booster-rtu').variable('HS703')?.set(0);
    works.run(5);
    order('LIC701_OFF', 3.7);
    works.run(30);
    expect([works.held('booster-rtu', 'LIC701_MODE'), works.held('booster-rtu', 'LIC701_OFF')]).toEqual([
      1,
      expect.closeTo(3.4, 5),
    ]);
    expect(works.shown('HS703')).toBe(0);
    works.finish();
  });

  it('go on by themselves while their radio is out, and report what they kept', () => {
    const works = start();
    works.run(60);
    works.device('tower-rtu').linkDown();
    works.device('booster-rtu').linkDown();
    works.run(400);
    expect([works.held('distribution-plc', 'XA592'), works.held('booster-rtu', 'XA705')]).toEqual([1, 1]);
    works.device('tower-rtu').linkUp();
    works.device('booster-rtu').linkUp();
    works.run(150);
    expect([works.held('distribution-plc', 'XA592'), works.held('booster-rtu', 'XA705')]).toEqual([0, 0]);
    expect(Math.abs(works.shown('LIT601') - works.held('tower-rtu', 'LIT601'))).toBeLessThan(0.05);
    works.finish();
  });
});
