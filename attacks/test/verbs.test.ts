import { type Instant, seconds } from '@penstock/core';
import { encodeResponse } from '@penstock/protocols/modbus';
import { EventQueue, type Foothold, type Interposed } from '@penstock/simulator/kernel';
import { describe, expect, it } from 'vitest';
import { AttackEngine } from '../engine.ts';
import type { StepRecord } from '../host.ts';
import { registryOf, SmallController, smallPlant, smallScenario } from './plant.ts';

interface Sent {
  readonly at: number;
  readonly to: string;
  readonly what: string;
}

/** Plays one step from the SCADA server's host. */
function play(step: string, change: (foothold: Foothold) => Foothold = (f) => f) {
  const queue = new EventQueue();
  const plant = smallPlant();
  const controller = new SmallController();
  const sent: Sent[] = [];
  const records: StepRecord[] = [];
  const place = { running: true, relayed: 10, changed: 3, dropped: 1, stopped: 0, stop: () => void place.stopped++ };
  const note = (to: string, what: string) => void sent.push({ at: queue.now / 1e6, to, what });
  const soon = (act: (now: Instant) => void) => void queue.in(seconds(0.01), { run: act });
  const foothold: Foothold = change({
    device: 'scada-1',
    modbus: (to) => ({
      request(_unit, pdu, _cause, done) {
        note(to, Buffer.from(pdu).toString('hex'));
        const identity = {
          function: 43,
          mei: 14,
          access: 3,
          conformity: 0x83,
          moreFollows: false,
          nextObject: 0,
          objects: ['Acme', 'P1', '2.0'].map((text, object) => ({ object, value: new TextEncoder().encode(text) })),
        } as const;
        const reply = pdu[0] === 43 ? encodeResponse(identity) : controller.answer(pdu);
        soon((now) => done({ outcome: 'answered', pdu: reply }, now));
      },
      release: () => note(to, 'released'),
    }),
    ping(to, _cause, done) {
      note(to, 'ping');
      soon(() => done(to === 'dosing'));
    },
    connect(to, port, _cause, done) {
      note(to, `connect ${port}`);
      soon(() => done(port === 502 ? 'open' : 'refused'));
    },
    interpose(near, far): Interposed {
      note(near, `between ${near} and ${far.join()}`);
      return place;
    },
  });
  const engine = new AttackEngine(
    smallScenario((text) =>
      text
        .replace(
          /steps:\n( {2}- .*\n)+revertAfter/,
          `steps:\n  - { id: x, about: x, techniques: [T0836], ${step} }\nrevertAfter`,
        )
        .replace(/revert:\n.*\n/, 'revert: []\n'),
    ),
    {
      run: 'run-1',
      plant,
      queue,
      registry: registryOf(plant),
      foothold: () => foothold,
      disturb() {},
      record: (record) => void records.push(record),
      memory: (_device, tag) => controller.values[tag],
    },
    { variant: 'attack' },
  );
  engine.start();
  queue.runUntil(seconds(600) as number as Instant);
  const end = records.find((r) => r.step === 'x' && r.event !== 'start');
  return { engine, queue, sent, records, controller, place, end };
}

describe('discover', () => {
  it('asks the zone’s registered devices, one after the other at its rate', () => {
    const { sent, end } = play('verb: discover, from: scada, zone: control, ports: [80, 502], perSecond: 2');
    expect(sent.filter((s) => s.what !== 'released')).toEqual([
      { at: 60, to: 'dosing', what: 'ping' },
      { at: 60.5, to: 'dosing', what: 'connect 80' },
      { at: 61, to: 'dosing', what: 'connect 502' },
      { at: 61.5, to: 'dosing', what: '2b0e0300' },
    ]);
    expect(end).toMatchObject({
      event: 'done',
      target: 'dosing-plc',
      detail: '1 of 1 hosts answered; 1 ports open; dosing-plc is Acme P1 2.0',
    });
  });

  it('does not ask itself, and fails where nobody is', () => {
    expect(play('verb: discover, from: scada, zone: supervisory').end).toMatchObject({
      event: 'failed',
      detail: "nobody is in zone 'supervisory'",
    });
  });

  it('fails where nobody answers', () => {
    const { end } = play('verb: discover, from: scada, zone: control, by: [ping]', (f) => ({
      ...f,
      ping: (_to, _cause, done) => done(false),
    }));
    expect(end).toMatchObject({ event: 'failed', detail: '0 of 1 hosts answered; 0 ports open' });
  });

  it('says plainly what a gate cannot do', () => {
    const { end, sent } = play('verb: discover, from: scada, zone: control', ({ device, modbus }) => ({
      device,
      modbus,
    }));
    expect(end).toMatchObject({
      event: 'failed',
      detail: "from 'scada' only sessions can be opened here, no pings or port scans",
    });
    expect(sent).toEqual([]);
  });

  it('can do without ping and ports', () => {
    expect(
      play('verb: discover, from: scada, zone: control, by: [identify]', ({ device, modbus }) => ({ device, modbus }))
        .end?.event,
    ).toBe('done');
  });
});

describe('probe-registers', () => {
  const ranges = 'ranges: [{ table: holding, from: 9, count: 2 }, { table: coil, from: 3, count: 1 }]';

  it('reads address by address at its rate and tells what is there', () => {
    const { sent, end } = play(`verb: probe-registers, from: scada, to: dosing-plc, ${ranges}, perSecond: 4`);
    expect(sent.map((s) => s.what)).toEqual(['0300090001', '03000a0001', '0100030001', 'released']);
    expect(sent.map((s) => s.at)).toEqual([60, 60.26, 60.52, 60.78]);
    expect(end).toMatchObject({
      event: 'done',
      tags: ['AIC301_SP', 'AIC301_MODE'],
      detail: '1 addresses answer, 2 do not; 0 writes taken, 0 refused',
    });
  });

  it('writes back what it has just read, and nothing else', () => {
    const { sent, controller, engine } = play(
      `verb: probe-registers, from: scada, to: dosing-plc, ${ranges}, write: same`,
    );
    expect(sent.map((s) => s.what).filter((w) => /^0[56]/.test(w))).toEqual(['050003ff00']);
    expect(controller.values).toEqual({ AIC301_SP: 8, AIC301_MODE: 1 });
    expect(engine.report).toMatchObject({ writes: 1, taken: 1 });
  });

  it('writes nothing to addresses that were refused, where it is told to, and not more often than that', () => {
    const { sent, end } = play(
      'verb: probe-registers, from: scada, to: dosing-plc, ranges: [{ table: holding, from: 20, count: 5 }], write: unmapped, mostUnmapped: 2',
    );
    expect(sent.map((s) => s.what).filter((w) => w.startsWith('06'))).toEqual(['0600140000', '0600150000']);
    expect(end).toMatchObject({ event: 'failed', detail: '0 addresses answer, 5 do not; 0 writes taken, 2 refused' });
  });

  it('fails where nothing that it writes back is taken', () => {
    const refuses = (foothold: Foothold): Foothold => ({
      ...foothold,
      modbus: (to) => {
        const session = foothold.modbus(to);
        return {
          ...session,
          request: (unit, pdu, cause, done) =>
            pdu[0] === 5
              ? done({ outcome: 'answered', pdu: Uint8Array.of(0x85, 1) }, 0 as Instant)
              : session.request(unit, pdu, cause, done),
        };
      },
    });
    const { end, engine } = play(`verb: probe-registers, from: scada, to: dosing-plc, ${ranges}, write: same`, refuses);
    expect(end).toMatchObject({
      event: 'failed',
      detail: '1 addresses answer, 2 do not; 0 writes taken, 1 refused',
    });
    expect(engine.report).toMatchObject({ writes: 1, taken: 0 });
  });

  it('never writes to tables that cannot be written', () => {
    const { sent } = play(
      'verb: probe-registers, from: scada, to: dosing-plc, ranges: [{ table: input, count: 3 }, { table: discrete, count: 3 }], write: both',
    );
    expect(sent.map((s) => s.what).filter((w) => /^0[56]|^1/.test(w))).toEqual([]);
  });

  it('ends when nobody answers any more', () => {
    const { end, sent } = play(`verb: probe-registers, from: scada, to: dosing-plc, ${ranges}`, (f) => ({
      ...f,
      modbus: () => ({
        request: (_unit, _pdu, _cause, done) => done({ outcome: 'timeout' }, 0 as Instant),
        release() {},
      }),
    }));
    expect(end).toMatchObject({
      event: 'failed',
      detail: expect.stringMatching(/dosing-plc after 0 addresses: timeout/),
    });
    expect(sent).toEqual([]);
  });
});

describe('interpose and release', () => {
  const step = 'verb: interpose, from: scada, between: dosing-plc, and: [scada]';

  it('stands between the two until the revert, which comes by itself', () => {
    const { end, place, sent } = play(step);
    expect(sent).toEqual([{ at: 60, to: 'dosing', what: 'between dosing and scada-1' }]);
    expect(end).toMatchObject({
      event: 'done',
      detail: 'stands between dosing-plc and scada',
      target: 'dosing-plc scada',
    });
    expect(place.stopped).toBe(0);
  });

  it('is ended by its caps', () => {
    const { place, records } = play(`${step}, caps: { duration: 2m }`);
    expect(place.stopped).toBe(1);
    expect(records.find((r) => r.event === 'capped')).toMatchObject({
      at: 180e6,
      step: 'x',
      detail: "step 'x' may last 120 s",
    });
  });

  it('is ended by a cap on changed packets', () => {
    const { place } = play(`${step}, caps: { packets: 2 }`);
    expect(place.stopped).toBe(1);
  });

  it('fails when the parties do not answer for their addresses, and leaves nothing behind', () => {
    const { end, place } = play(step, (f) => ({ ...f, interpose: () => Object.assign(place0(), {}) }));
    expect(end).toMatchObject({ event: 'failed', detail: 'dosing-plc and scada do not answer for their addresses' });
    expect(place.stopped).toBe(0);
  });

  it('fails when no reading of a named tag has passed', () => {
    const { end } = play(`${step}, record: 10s, replay: [AIC301_SP]`);
    expect(end).toMatchObject({
      event: 'failed',
      detail: 'no reading of AIC301_SP passed between dosing-plc and scada',
    });
  });

  it('says plainly that a gate cannot do it', () => {
    const { end } = play(step, ({ device, modbus }) => ({ device, modbus }));
    expect(end?.detail).toMatch(/standing between two parties needs a host on their segment/);
  });

  it('release fails where nobody stands', () => {
    expect(play('verb: release, from: scada').end).toMatchObject({
      event: 'failed',
      detail: "'scada' stands between nobody",
    });
  });
});

const place0 = (): Interposed => ({ running: false, relayed: 0, changed: 0, dropped: 0, stop() {} });
