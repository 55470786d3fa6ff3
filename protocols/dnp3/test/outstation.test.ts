import { type Duration, type Instant, milliseconds, packArrays, seconds, unpackArrays } from '@penstock/core';
import { describe, expect, it } from 'vitest';
import {
  ALL_ATTRIBUTES,
  type AppFragment,
  ATTRIBUTE_LIST,
  allOf,
  COMMAND_STATUS,
  countOf,
  FUNCTION,
  IIN,
  indexed,
  type ObjectBlock,
  type OutstationSnapshot,
  pulse,
  rangeOf,
  setPoint,
  tripClose,
  valuesFrom,
  valuesOf,
} from '../index.ts';
import { Asker, IDENTITY, MASTER, TestDevice, testPoints } from './stations.ts';

const CLASS = (n: 0 | 1 | 2 | 3): ObjectBlock => allOf(60, n + 1);
const iin = (answer: AppFragment | undefined): number => (answer as AppFragment).iin as number;
const headers = (answer: AppFragment | undefined) =>
  (answer as AppFragment).objects.map(({ group, variation, qualifier, items }) => [
    group,
    variation,
    qualifier,
    items.length,
  ]);
const items = (answer: AppFragment | undefined, at = 0) => ((answer as AppFragment).objects[at] as ObjectBlock).items;
const clearRestart = valuesFrom(80, 1, 7, [{ type: 'binary', value: false }]);

describe('READ', () => {
  it('reports every kind in class 0, with indices, values and flags as the device has them', () => {
    const asker = new Asker();
    asker.device.values.set([1, 0, 1], 0);
    asker.device.values.set([2, 1, 3], 100);
    asker.device.values.set([-3, 40_000.4, 1e12], 200);
    asker.device.qualities[1] = 0x05;
    asker.device.strings.set(600, Buffer.from('pump'));
    const answer = asker.read(CLASS(0));
    expect(headers(answer)).toEqual([
      [1, 2, 0, 10],
      [3, 2, 0, 10],
      [30, 1, 0, 10],
      [20, 1, 0, 10],
      [21, 1, 0, 10],
      [10, 2, 0, 10],
      [40, 1, 0, 10],
      [110, 4, 0, 1],
      [110, 1, 0, 9],
    ]);
    expect(items(answer, 0).slice(0, 3)).toEqual([
      { index: 0, value: { type: 'binary', value: true, flags: 1 } },
      { index: 1, value: { type: 'binary', value: false, flags: 5 } },
      { index: 2, value: { type: 'binary', value: true, flags: 1 } },
    ]);
    expect(
      items(answer, 1)
        .slice(0, 3)
        .map(({ value }) => value),
    ).toMatchObject([{ value: 2 }, { value: 1 }, { value: 3 }]);
    expect(
      items(answer, 2)
        .slice(0, 3)
        .map(({ value }) => value),
    ).toEqual([
      { type: 'analog', value: -3, flags: 1 },
      { type: 'analog', value: 40_000, flags: 1 },
      { type: 'analog', value: 0x7fff_ffff, flags: 0x21 },
    ]);
    expect(items(answer, 7)[0]?.value).toEqual({ type: 'octets', octets: new Uint8Array(Buffer.from('pump')) });
  });

  it.each([
    [1, [1, 2]],
    [3, [1, 2]],
    [10, [1, 2]],
    [20, [1, 2, 5, 6]],
    [21, [1, 2, 5, 6, 9, 10]],
    [30, [1, 2, 3, 4, 5, 6]],
    [34, [1, 2, 3]],
    [40, [1, 2, 3, 4]],
  ])('answers all static variations of group %i, and knows no others', (group, variations) => {
    const asker = new Asker();
    for (const variation of variations)
      expect(headers(asker.read(rangeOf(group, variation, 2, 5))), `g${group}v${variation}`).toEqual([
        [group, variation, 0, 4],
      ]);
    for (const variation of [7, 8, 20, 200]) {
      const answer = asker.read(rangeOf(group, variation, 2, 5));
      expect([answer?.objects.length, iin(answer) & 0xff], `g${group}v${variation}`).toEqual([0, IIN.objectUnknown]);
    }
  });

  it.each([
    [2, [1, 2, 3], 0],
    [4, [1, 2, 3], 100],
    [11, [1, 2], 400],
    [22, [1, 2, 5, 6], 300],
    [23, [1, 2, 5, 6], 300],
    [32, [1, 2, 3, 4, 5, 6, 7, 8], 200],
    [42, [1, 2, 3, 4, 5, 6, 7, 8], 500],
  ])('answers all event variations of group %i', (group, variations, point) => {
    const points = testPoints().map((row) => ({ ...row, class: 1 as const, frozen: { class: 1 as const } }));
    const asker = new Asker({ points });
    for (const [turn, variation] of variations.entries()) {
      asker.device.values[point] = (group === 4 ? 1 : 0) + ((turn + 1) % 2);
      if (group === 23) asker.ask(FUNCTION.immediateFreeze, [allOf(20, 0)]);
      asker.outstation.scan(asker.now);
      const answer = asker.read(allOf(group, variation));
      const own = answer?.objects.filter((block) => block.group === group);
      expect(own?.map((block) => [block.variation, block.qualifier, block.items.length])).toEqual([
        [variation, 0x28, 1],
      ]);
      asker.confirm(answer?.control.seq as number);
    }
    expect(headers(asker.read(allOf(group, 0)))).toEqual([]);
  });

  it('sends packed bits with flags where not all is well, and only there', () => {
    const asker = new Asker();
    asker.device.values.set([1, 0, 0, 0, 0, 0, 0, 0, 1], 0);
    asker.device.qualities[4] = 0;
    const answer = asker.read(allOf(1, 1));
    expect(answer?.objects.map(({ variation, range }) => [variation, range])).toEqual([
      [1, { kind: 'start-stop', start: 0, stop: 3 }],
      [2, { kind: 'start-stop', start: 4, stop: 4 }],
      [1, { kind: 'start-stop', start: 5, stop: 9 }],
    ]);
    expect(items(answer, 0)[0]?.value).toMatchObject({ value: true });
    expect(items(answer, 2).map(({ value }) => (value as { value: boolean }).value)).toEqual([
      false,
      false,
      false,
      true,
      false,
    ]);
  });

  it('says what is wrong with a request: range, object, function', () => {
    const asker = new Asker();
    const wrong = (block: ObjectBlock) => iin(asker.read(block)) & 0xff;
    expect(wrong(rangeOf(30, 1, 0, 9))).toBe(0);
    expect(wrong(rangeOf(30, 1, 5, 12))).toBe(IIN.parameterError);
    expect(wrong(rangeOf(30, 1, 100, 200))).toBe(IIN.parameterError);
    expect(wrong(countOf(30, 1, 3))).toBe(IIN.parameterError);
    expect(wrong(rangeOf(32, 1, 0, 3))).toBe(IIN.parameterError);
    expect(wrong(allOf(31, 1))).toBe(IIN.objectUnknown);
    expect(wrong(allOf(99, 1))).toBe(IIN.objectUnknown);
    expect(iin(asker.ask(FUNCTION.initializeData)) & 0xff).toBe(IIN.functionNotSupported);
    asker.send(Uint8Array.of(0xc9, 77, 1, 2, 6));
    expect(iin(asker.answer()) & 0xff).toBe(IIN.functionNotSupported);
    asker.send(Uint8Array.of(0xca, FUNCTION.read, 1, 2, 0));
    expect(iin(asker.answer()) & 0xff).toBe(IIN.parameterError);
  });

  it('goes over several fragments, each after the confirmation of the one before', () => {
    const points = [0, 10, 20].flatMap((more) =>
      testPoints().map((row) => ({ ...row, index: row.index + more, point: row.point + more })),
    );
    const asker = new Asker({ largestFragment: 300, points });
    const fragments: AppFragment[] = [asker.read(CLASS(0)) as AppFragment];
    while (!fragments.at(-1)?.control.fin) {
      const { seq, con, fir } = (fragments.at(-1) as AppFragment).control;
      expect([con, fir]).toEqual([true, fragments.length === 1]);
      expect(asker.answer()).toBeUndefined();
      asker.confirm((seq + 1) & 15);
      expect(asker.answer()).toBeUndefined();
      asker.confirm(seq);
      const next = asker.answer() as AppFragment;
      expect(next.control.seq).toBe((seq + 1) & 15);
      fragments.push(next);
    }
    expect(fragments.length).toBeGreaterThan(1);
    const told = fragments.flatMap(({ objects }) =>
      objects.flatMap(({ group, items: list }) => list.map(({ index }) => `${group} ${index}`)),
    );
    expect([told.length, new Set(told).size]).toEqual([240, 240]);
  });

  it('tells who made the device and what it has, one attribute, all, or their list', () => {
    const asker = new Asker({ about: { serialNumber: '0815', location: 'Höhe 7', name: 'Line A–B, ☂' } });
    expect(items(asker.read(rangeOf(0, 252, 0, 0)))[0]?.value).toEqual({
      ...{ type: 'attribute', dataType: 'text', value: IDENTITY.vendor },
    });
    const all = asker.read(allOf(0, ALL_ATTRIBUTES)) as AppFragment;
    const told = new Map(
      all.objects.map(({ variation, items: [first] }) => [
        variation,
        (first as { value: { value: unknown } }).value.value,
      ]),
    );
    expect([told.get(242), told.get(239), told.get(245), told.get(248), told.get(233)]).toEqual([
      '4.2.1',
      10,
      'Höhe 7',
      '0815',
      10,
    ]);
    // What has no octet is written as it is typed, or told to be missing.
    expect(told.get(247)).toBe('Line A-B, ?');
    const list = items(asker.read(rangeOf(0, ATTRIBUTE_LIST, 0, 0)))[0]?.value as unknown as {
      value: { variation: number }[];
    };
    expect(list.value.map(({ variation }) => variation)).toEqual([...told.keys()]);
    expect(iin(asker.read(rangeOf(0, 1, 0, 0))) & 0xff).toBe(IIN.objectUnknown);
    expect(iin(asker.read(rangeOf(0, 252, 1, 1))) & 0xff).toBe(IIN.parameterError);
  });
});

describe('events', () => {
  it('wait until they are confirmed, by class, in the order in which they happened', () => {
    const asker = new Asker();
    asker.device.values[3] = 1;
    asker.outstation.scan(asker.now);
    asker.device.values[200] = 9;
    asker.outstation.scan(asker.now);
    asker.device.values[3] = 0;
    asker.outstation.scan(asker.now);
    const class1 = asker.read(CLASS(1));
    expect([headers(class1), iin(class1) & 0x0e00]).toEqual([[[2, 2, 0x28, 2]], IIN.class2Events]);
    expect(class1?.control.con).toBe(true);
    const all = asker.read(CLASS(1), CLASS(2), CLASS(3));
    expect(headers(all)).toEqual([
      [2, 2, 0x28, 1],
      [32, 3, 0x28, 1],
      [2, 2, 0x28, 1],
    ]);
    asker.confirm(all?.control.seq as number);
    expect(headers(asker.read(CLASS(1), CLASS(2), CLASS(3)))).toEqual([]);
  });

  it('come again when no confirmation does, and the time-out has passed', () => {
    const asker = new Asker({ confirmTimeout: seconds(3) });
    asker.device.values[3] = 1;
    asker.outstation.scan(asker.now);
    const first = asker.read(CLASS(1));
    asker.pass(seconds(4));
    asker.confirm(first?.control.seq as number);
    expect(headers(asker.read(CLASS(1)))).toEqual([[2, 2, 0x28, 1]]);
    expect(asker.outstation.association()?.counters).toMatchObject({ confirmTimeouts: 1, wrongConfirms: 1 });
  });

  it('overflow: the oldest of that kind are lost, which is told until there is room', () => {
    const asker = new Asker({ events: { binary: 3 } });
    for (let i = 0; i < 5; i++) {
      asker.device.values[i] = 1;
      asker.outstation.scan(asker.now);
    }
    const answer = asker.read(countOf(60, 2, 2));
    expect(items(answer).map(({ index }) => index)).toEqual([2, 3]);
    expect(iin(answer) & IIN.eventBufferOverflow).not.toBe(0);
    asker.confirm(answer?.control.seq as number);
    expect(iin(asker.read(CLASS(3))) & IIN.eventBufferOverflow).toBe(0);
    expect(asker.outstation.association()?.buffer.dropped).toBe(2);
  });

  it('are saved and loaded for each master: as after a warm restart, with their age, and what was lost is told', () => {
    const told: unknown[] = [];
    const clock = (origin: number) => ({ read: (now: Instant) => origin + now / 1000, set: () => 'done' as const });
    const asker = new Asker({ masters: [MASTER, 2], events: { binary: 3 }, clock: clock(1_000_000) });
    for (let i = 0; i < 5; i++) {
      asker.pass(seconds(1));
      asker.device.values[i] = 1;
      asker.outstation.scan(asker.now);
    }
    // The first master knows of them already.
    const answer = asker.read(CLASS(1));
    asker.confirm(answer?.control.seq as number);
    const later = new Asker({ masters: [MASTER, 2], events: { binary: 3 }, clock: clock(9_000_000) }, asker.device);
    later.outstation.load(unpackArrays(packArrays(asker.outstation.save(asker.now))) as OutstationSnapshot, later.now);
    expect(headers(later.read(CLASS(1)))).toEqual([]);
    const kept = later.ask(FUNCTION.read, [CLASS(1)], { source: 2 });
    for (const { index, value } of items(kept)) told.push([index, (value as { time: number }).time]);
    expect(told).toEqual([
      [2, 8_998_000],
      [3, 8_999_000],
      [4, 9_000_000],
    ]);
    expect(iin(kept) & (IIN.eventBufferOverflow | IIN.deviceRestart)).toBe(IIN.eventBufferOverflow | IIN.deviceRestart);
  });

  it('of analogs are what leaves the dead band, which masters read and write', () => {
    const asker = new Asker();
    expect(iin(asker.ask(FUNCTION.write, [valuesFrom(34, 3, 0, [{ type: 'analog', value: 2.5 }])])) & 0xff).toBe(0);
    expect(items(asker.read(rangeOf(34, 3, 0, 1))).map(({ value }) => (value as { value: number }).value)).toEqual([
      2.5, 0,
    ]);
    for (const value of [2.5, -2.5, 2.6, 4, 5.2]) {
      asker.device.values[200] = value;
      asker.outstation.scan(asker.now);
    }
    const values = items(asker.read(allOf(32, 7))).map(
      ({ value }) => Math.round((value as { value: number }).value * 10) / 10,
    );
    expect(values).toEqual([2.6, 5.2]);
    expect(iin(asker.ask(FUNCTION.write, [valuesFrom(34, 3, 10, [{ type: 'analog', value: 1 }])])) & 0xff).toBe(
      IIN.parameterError,
    );
    expect(iin(asker.ask(FUNCTION.write, [valuesFrom(34, 3, 0, [{ type: 'analog', value: Number.NaN }])])) & 0xff).toBe(
      IIN.parameterError,
    );
  });

  it('go to the class that a master assigned; class 0 has none', () => {
    const asker = new Asker();
    expect(
      iin(
        asker.ask(FUNCTION.assignClass, [
          CLASS(3),
          rangeOf(1, 0, 0, 1),
          CLASS(0),
          rangeOf(1, 0, 2, 2),
          CLASS(1),
          allOf(10, 0),
        ]),
      ) & 0xff,
    ).toBe(0);
    for (const point of [0, 1, 2, 3, 405]) asker.device.values[point] = 1;
    asker.outstation.scan(asker.now);
    const [class1, class2, class3] = [CLASS(1), CLASS(2), CLASS(3)].map((block) =>
      asker.read(block)?.objects.flatMap(({ group, items: list }) => list.map(({ index }) => [group, index])),
    );
    expect([class1, class2, class3]).toEqual([
      [
        [2, 3],
        [11, 5],
      ],
      [],
      [
        [2, 0],
        [2, 1],
      ],
    ]);
    expect(iin(asker.ask(FUNCTION.assignClass, [rangeOf(1, 0, 0, 1)])) & 0xff).toBe(IIN.parameterError);
    expect(iin(asker.ask(FUNCTION.assignClass, [CLASS(1), allOf(31, 0)])) & 0xff).toBe(IIN.objectUnknown);
  });

  it('carry relative times after a common one, of a clock that is right or is not', () => {
    let time = 1000;
    const asker = new Asker({ clock: { read: () => time, set: () => 'done' }, timeSync: {} });
    for (const at of [1000, 1400, 70_000, 69_000]) {
      time = at;
      asker.device.values[0] = 1 - (asker.device.values[0] as number);
      asker.outstation.scan(asker.now);
    }
    expect(
      asker
        .read(allOf(2, 3))
        ?.objects.map(({ group, variation, items: list }) => [
          group,
          variation,
          list.map(
            ({ value }) =>
              (value as { time?: number; relativeTime?: number }).relativeTime ?? (value as { time: number }).time,
          ),
        ]),
    ).toEqual([
      [51, 2, [1000]],
      [2, 3, [0, 400]],
      [51, 2, [70_000]],
      [2, 3, [0]],
      [51, 2, [69_000]],
      [2, 3, [0]],
    ]);
    asker.ask(FUNCTION.write, [valuesOf(50, 1, [{ type: 'time', time: 5 }])]);
    asker.device.values[1] = 1;
    asker.outstation.scan(asker.now);
    const objects = asker.read(allOf(2, 3))?.objects ?? [];
    expect(objects.slice(-2).map(({ group, variation }) => [group, variation])).toEqual([
      [51, 1],
      [2, 3],
    ]);
  });
});

const select = (objects: readonly ObjectBlock[]) => [FUNCTION.select, objects] as const;
const latchOn = indexed(12, 1, [{ index: 3, value: { ...pulse(0), operation: 3 } }]);
const statuses = (answer: AppFragment | undefined) =>
  answer?.objects.flatMap(({ items: list }) => list.map(({ value }) => (value as { status: number }).status));

describe('commands', () => {
  it('operate only what was selected by the request before, octet for octet, in time', () => {
    const asker = new Asker({ selectTimeout: seconds(5) });
    const { device } = asker;
    asker.ask(...select([latchOn]));
    expect(device.written).toEqual([]);
    expect(statuses(asker.ask(FUNCTION.operate, [latchOn]))).toEqual([COMMAND_STATUS.success]);
    expect(device.written.map(({ point, value }) => [point, value])).toEqual([[403, 1]]);
    const refused = (way: () => AppFragment | undefined, status: number) => {
      expect(statuses(way())).toEqual([status]);
      expect(device.written.length).toBe(1);
    };
    refused(() => asker.ask(FUNCTION.operate, [latchOn]), COMMAND_STATUS.noSelect);
    refused(() => {
      asker.ask(...select([latchOn]));
      return asker.ask(FUNCTION.operate, [indexed(12, 1, [{ index: 4, value: { ...pulse(0), operation: 3 } }])]);
    }, COMMAND_STATUS.noSelect);
    refused(() => {
      asker.ask(...select([latchOn]));
      asker.read(CLASS(0));
      return asker.ask(FUNCTION.operate, [latchOn]);
    }, COMMAND_STATUS.noSelect);
    refused(() => {
      asker.ask(...select([latchOn]));
      asker.pass(seconds(6));
      return asker.ask(FUNCTION.operate, [latchOn]);
    }, COMMAND_STATUS.timeout);
    device.outcomes.set(403, 'locked');
    refused(() => asker.ask(...select([latchOn])), COMMAND_STATUS.local);
  });

  it('give the same answer to the same request, and are not carried out again', () => {
    const asker = new Asker();
    const first = asker.ask(FUNCTION.directOperate, [latchOn]);
    asker.send(asker.request(FUNCTION.directOperate, [latchOn]));
    expect(asker.answer()).toEqual(first);
    expect(asker.device.written.length).toBe(1);
    asker.ask(FUNCTION.directOperate, [latchOn]);
    expect(asker.device.written.length).toBe(2);
  });

  it('without an answer get none, and are carried out', () => {
    const asker = new Asker();
    expect(asker.ask(FUNCTION.directOperateNoAck, [latchOn])).toBeUndefined();
    expect(asker.device.written.length).toBe(1);
  });

  it.each([1, 2, 3, 4])('set analog outputs in variation %i, scaled', (variation) => {
    const points = testPoints().map((row) => (row.kind === 'analog-output' ? { ...row, scale: 0.5, offset: 10 } : row));
    const asker = new Asker({ points });
    const answer = asker.ask(FUNCTION.directOperate, [indexed(41, variation, [{ index: 7, value: setPoint(-12) }])]);
    expect(statuses(answer)).toEqual([COMMAND_STATUS.success]);
    expect(asker.device.written.map(({ point, value }) => [point, value])).toEqual([[507, 4]]);
    expect(items(asker.read(rangeOf(40, 3, 7, 7)))[0]?.value).toMatchObject({ value: -12 });
  });

  it('mean a latch, a pulse or one of two outputs, as the output is made', () => {
    const rows = testPoints()
      .filter(({ kind }) => kind === 'binary-output')
      .slice(0, 3);
    const asker = new Asker({
      points: [
        { ...(rows[0] as (typeof rows)[0]), output: 'latch' },
        { ...(rows[1] as (typeof rows)[0]), output: 'pulse' },
        { ...(rows[2] as (typeof rows)[0]), output: 'two-output', tripPoint: 490 },
      ],
    });
    const writes = (index: number, value: ReturnType<typeof pulse>, wait = 0): [number | undefined, number[][]] => {
      asker.device.written.length = 0;
      const [status] = statuses(asker.ask(FUNCTION.directOperate, [indexed(12, 1, [{ index, value }])])) ?? [];
      asker.pass(wait);
      return [status, asker.device.written.map(({ point, value: written }) => [point, written])];
    };
    const code = (operation: number, which = 0) => ({ ...pulse(100), operation, tripClose: which });
    expect(writes(0, code(3))).toEqual([0, [[400, 1]]]);
    expect(writes(0, code(4))).toEqual([0, [[400, 0]]]);
    expect(writes(0, code(1, 1))).toEqual([0, [[400, 1]]]);
    expect(writes(0, code(1, 2))).toEqual([0, [[400, 0]]]);
    expect(writes(0, code(3, 2))).toEqual([COMMAND_STATUS.notSupported, []]);
    expect(writes(0, code(9))).toEqual([COMMAND_STATUS.notSupported, []]);
    expect(writes(0, code(1, 3))).toEqual([COMMAND_STATUS.notSupported, []]);
    expect(writes(1, pulse(100, 2, 300), milliseconds(450))).toEqual([
      0,
      [
        [401, 1],
        [401, 0],
        [401, 1],
      ],
    ]);
    expect(writes(1, pulse(100))).toEqual([COMMAND_STATUS.alreadyActive, []]);
    expect(writes(1, { ...pulse(100), clear: true })).toEqual([
      0,
      [
        [401, 0],
        [401, 1],
      ],
    ]);
    expect(writes(1, { ...pulse(100), count: 0, clear: true })).toEqual([0, [[401, 0]]]);
    expect(writes(2, tripClose('close', 50), milliseconds(60))).toEqual([
      0,
      [
        [402, 1],
        [402, 0],
      ],
    ]);
    expect(writes(2, tripClose('trip', 50), milliseconds(60))).toEqual([
      0,
      [
        [490, 1],
        [490, 0],
      ],
    ]);
    expect(writes(2, code(3))).toEqual([COMMAND_STATUS.notSupported, []]);
  });

  it('go where selecting is required only after it, and are counted in a request', () => {
    const points = testPoints().map((row) => ({ ...row, selectRequired: true, commandClass: 1 as const }));
    const asker = new Asker({ points, mostControls: 2 });
    expect(statuses(asker.ask(FUNCTION.directOperate, [latchOn]))).toEqual([COMMAND_STATUS.noSelect]);
    const three = indexed(
      12,
      1,
      [0, 1, 2].map((index) => ({ index, value: { ...pulse(0), operation: 3 } })),
    );
    expect(statuses(asker.ask(...select([three])))).toEqual([0, 0, COMMAND_STATUS.tooManyOperations]);
    asker.ask(...select([latchOn]));
    expect(statuses(asker.ask(FUNCTION.operate, [latchOn]))).toEqual([0]);
    const events = asker.read(allOf(13, 1))?.objects[0]?.items.map(({ value }) => value);
    expect(events).toEqual([
      { type: 'binary-command-event', value: true, status: COMMAND_STATUS.noSelect },
      { type: 'binary-command-event', value: true, status: 0 },
    ]);
  });

  it('are refused as not authorised, and told, where the other side may only read', () => {
    const device = new TestDevice();
    const asker = new Asker({}, device);
    const refused: number[] = [];
    const session = asker.outstation.session('10.9.9.9', 1, (code) => refused.push(code));
    Object.assign(asker, { session });
    expect(statuses(asker.ask(FUNCTION.directOperate, [latchOn]))).toEqual([COMMAND_STATUS.notAuthorized]);
    expect(iin(asker.ask(FUNCTION.coldRestart)) & 0xff).toBe(IIN.functionNotSupported);
    expect(headers(asker.read(rangeOf(1, 2, 0, 3)))).toEqual([[1, 2, 0, 4]]);
    expect([refused, device.written]).toEqual([[FUNCTION.directOperate, FUNCTION.coldRestart], []]);
  });
});

describe('counters', () => {
  it('are frozen, cleared, and both, at once or at a time', () => {
    let cleared = 0;
    const asker = new Asker({ clock: { read: (now) => Math.floor(now / 1000), set: () => 'done' } });
    asker.device.values.set([10, 20, 30], 300);
    const frozen = () => items(asker.read(rangeOf(21, 5, 0, 2))).map(({ value }) => (value as { value: number }).value);
    asker.ask(FUNCTION.immediateFreeze, [rangeOf(20, 0, 0, 1)]);
    expect(frozen()).toEqual([10, 20, 0]);
    expect(asker.ask(FUNCTION.freezeClearNoAck, [allOf(20, 0)])).toBeUndefined();
    expect([frozen(), [...asker.device.values.slice(300, 303)]]).toEqual([
      [10, 20, 30],
      [0, 0, 0],
    ]);
    cleared = asker.device.written.length;
    asker.device.values.set([7, 8, 9], 300);
    const at = { type: 'time-interval', time: 2000, interval: 1000 } as const;
    expect(iin(asker.ask(FUNCTION.freezeAtTime, [valuesOf(50, 2, [at]), allOf(20, 0)])) & 0xff).toBe(0);
    asker.pass(milliseconds(1999));
    expect(frozen()).toEqual([10, 20, 30]);
    asker.pass(milliseconds(2));
    expect(frozen()).toEqual([7, 8, 9]);
    asker.device.values[300] = 8;
    asker.pass(seconds(1));
    expect([frozen(), asker.device.written.length]).toEqual([[8, 8, 9], cleared]);
    expect(iin(asker.ask(FUNCTION.immediateFreeze, [allOf(30, 0)])) & 0xff).toBe(IIN.objectUnknown);
  });
});

describe('the device itself', () => {
  it('begins with the restart bit, until a master clears it; nothing else of g80 is written', () => {
    const asker = new Asker();
    expect(iin(asker.read(CLASS(1))) & IIN.deviceRestart).not.toBe(0);
    expect(iin(asker.ask(FUNCTION.write, [valuesFrom(80, 1, 7, [{ type: 'binary', value: true }])])) & 0xff).toBe(
      IIN.parameterError,
    );
    expect(iin(asker.ask(FUNCTION.write, [valuesFrom(80, 1, 4, [{ type: 'binary', value: false }])])) & 0xff).toBe(
      IIN.parameterError,
    );
    expect(iin(asker.ask(FUNCTION.write, [clearRestart]))).toBe(0);
    expect(items(asker.read(rangeOf(80, 1, 0, 15))).map(({ value }) => (value as { value: boolean }).value)).toEqual(
      Array(16).fill(false),
    );
  });

  it('restarts when it is told to, says for how long, and then begins anew', () => {
    const kinds: string[] = [];
    const device = Object.assign(new TestDevice(), {
      restart: (kind: string): Duration => {
        kinds.push(kind);
        return seconds(kind === 'cold' ? 90 : 3);
      },
    });
    const asker = new Asker({}, device);
    asker.ask(FUNCTION.write, [clearRestart]);
    const warm = asker.ask(FUNCTION.warmRestart);
    expect([headers(warm), items(warm)[0]?.value]).toEqual([[[52, 2, 7, 1]], { type: 'delay', delay: 3000 }]);
    expect(iin(asker.ask(FUNCTION.coldRestart)) & 0xff).toBe(IIN.alreadyExecuting);
    asker.outstation.restarted('warm', asker.now);
    expect(iin(asker.read(CLASS(1))) & IIN.deviceRestart).not.toBe(0);
    const cold = asker.ask(FUNCTION.coldRestart);
    expect([headers(cold), items(cold)[0]?.value]).toEqual([[[52, 1, 7, 1]], { type: 'delay', delay: 90 }]);
    expect(kinds).toEqual(['warm', 'cold']);
  });

  it('reports local control, trouble and a corrupt configuration, and hands on what is asked of its applications', () => {
    const asked: unknown[] = [];
    const device = Object.assign(new TestDevice(), {
      conditions: () => IIN.localControl | IIN.deviceTrouble | IIN.configurationCorrupt | IIN.broadcast,
      application: (action: string, names: readonly string[]) => {
        asked.push([action, names]);
        return action === 'stop-application' ? ('locked' as const) : ('done' as const);
      },
    });
    const asker = new Asker({}, device);
    expect(iin(asker.read(CLASS(1)))).toBe(
      IIN.localControl | IIN.deviceTrouble | IIN.configurationCorrupt | IIN.deviceRestart,
    );
    Object.assign(device, { conditions: undefined });
    const name = { type: 'name', name: 'scan' } as const;
    const block: ObjectBlock = {
      group: 90,
      variation: 1,
      qualifier: 0x5b,
      range: { kind: 'sized' },
      items: [{ index: 0, value: name }],
    };
    asker.ask(FUNCTION.write, [clearRestart]);
    expect(iin(asker.ask(FUNCTION.stopApplication, [block]))).toBe(IIN.localControl);
    expect(iin(asker.ask(FUNCTION.saveConfiguration))).toBe(0);
    expect(asked).toEqual([
      ['stop-application', ['scan']],
      ['save-configuration', []],
    ]);
  });

  it('wants the time after a start and every so often, and takes it in both ways', () => {
    const asker = new Asker({ timeSync: { every: seconds(100) } });
    const needs = () => (iin(asker.read(CLASS(1))) & IIN.needTime) !== 0;
    expect(needs()).toBe(true);
    asker.ask(FUNCTION.write, [valuesOf(50, 1, [{ type: 'time', time: 1_700_000_000_000 }])]);
    expect([needs(), asker.outstation.time()]).toEqual([false, 1_700_000_000_000]);
    asker.pass(seconds(100));
    expect([needs(), asker.outstation.time()]).toEqual([true, 1_700_000_100_000]);
    expect(iin(asker.ask(FUNCTION.write, [valuesOf(50, 3, [{ type: 'time', time: 1 }])])) & 0xff).toBe(
      IIN.parameterError,
    );
    asker.ask(FUNCTION.recordCurrentTime);
    asker.pass(seconds(5));
    asker.ask(FUNCTION.write, [valuesOf(50, 3, [{ type: 'time', time: 1_800_000_000_000 }])]);
    expect([needs(), asker.outstation.time()]).toEqual([false, 1_800_000_005_000]);
    expect(items(asker.read(countOf(50, 1, 1)))[0]?.value).toEqual({ type: 'time', time: 1_800_000_005_000 });
  });

  it('takes octet strings where the device lets it', () => {
    const asker = new Asker();
    const octets = Uint8Array.from(Buffer.from('north'));
    expect(iin(asker.ask(FUNCTION.write, [valuesFrom(110, 5, 4, [{ type: 'octets', octets }])])) & 0xff).toBe(0);
    expect(asker.device.strings.get(604)).toEqual(octets);
    expect(iin(asker.ask(FUNCTION.write, [valuesFrom(110, 5, 11, [{ type: 'octets', octets }])])) & 0xff).toBe(
      IIN.parameterError,
    );
  });
});
