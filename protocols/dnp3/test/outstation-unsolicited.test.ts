import { type Instant, seconds } from '@penstock/core';
import { describe, expect, it } from 'vitest';
import {
  ADDRESS,
  type AppFragment,
  allOf,
  encodeLinkFrame,
  FUNCTION,
  IIN,
  indexed,
  type ObjectBlock,
  PRIMARY,
  pulse,
  rangeOf,
  SECONDARY,
  valuesFrom,
} from '../index.ts';
import { Asker, MASTER, OUTSTATION } from './stations.ts';

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
const latchOn = indexed(12, 1, [{ index: 3, value: { ...pulse(0), operation: 3 } }]);

describe('who is answered', () => {
  const status = (session: Asker['session'], source: number, destination: number): number => {
    const control = { dir: true, prm: true, fcb: false, fcv: false, function: PRIMARY.requestLinkStatus } as const;
    session.receive(encodeLinkFrame({ control, destination, source, payload: new Uint8Array(0) }), 0 as Instant);
    return session.take()?.[3] ?? -1;
  };

  it('are the masters that it knows, others are counted; or whoever asks', () => {
    const asker = new Asker();
    expect(asker.ask(FUNCTION.read, [CLASS(0)], { source: 77 })).toBeUndefined();
    expect(asker.outstation.counters.strangers).toBe(1);
    expect(asker.ask(FUNCTION.read, [CLASS(0)])).toBeDefined();
    const open = new Asker({ anyMaster: true });
    expect(open.ask(FUNCTION.read, [CLASS(0)], { source: 77 })).toBeDefined();
    expect(open.frames.at(-1)).toMatchObject({ destination: 77, source: OUTSTATION });
  });

  it('have their own events and their own restart bit each', () => {
    const asker = new Asker({ masters: [MASTER, 2] });
    asker.device.values[0] = 1;
    asker.outstation.scan(asker.now);
    const first = asker.read(CLASS(1));
    asker.confirm(first?.control.seq as number);
    expect(headers(asker.read(CLASS(1)))).toEqual([]);
    expect(headers(asker.ask(FUNCTION.read, [CLASS(1)], { source: 2 }))).toEqual([[2, 2, 0x28, 1]]);
    asker.ask(FUNCTION.write, [clearRestart]);
    expect(iin(asker.ask(FUNCTION.read, [CLASS(0)], { source: 2 })) & IIN.deviceRestart).not.toBe(0);
  });

  it('reach it by the self address where it listens to that', () => {
    expect(status(new Asker().session, MASTER, ADDRESS.self)).toBe(-1);
    expect(status(new Asker({ link: { selfAddress: true } }).session, MASTER, ADDRESS.self)).toBe(SECONDARY.linkStatus);
  });

  it.each([
    [ADDRESS.broadcastNoConfirm, false],
    [ADDRESS.broadcastOptional, false],
    [ADDRESS.broadcastConfirm, true],
  ])(
    'may send to all (%i): it is done, not answered, and told until it is clear that the master knows',
    (destination, confirms) => {
      const asker = new Asker();
      expect(asker.ask(FUNCTION.directOperateNoAck, [latchOn], { destination })).toBeUndefined();
      expect(asker.ask(FUNCTION.directOperate, [latchOn], { destination })).toBeUndefined();
      expect(asker.device.written.length).toBe(2);
      const answer = asker.read(rangeOf(1, 2, 0, 0));
      expect([iin(answer) & IIN.broadcast, answer?.control.con]).toEqual([IIN.broadcast, confirms]);
      if (confirms) {
        expect(iin(asker.read(rangeOf(1, 2, 0, 1))) & IIN.broadcast).not.toBe(0);
        asker.confirm(asker.sequence);
      }
      expect(iin(asker.read(rangeOf(1, 2, 0, 2))) & IIN.broadcast).toBe(0);
    },
  );
});

describe('unsolicited responses', () => {
  const enable = [CLASS(1), CLASS(2)];
  const begun = (options: ConstructorParameters<typeof Asker>[0] = {}) => {
    const asker = new Asker({
      unsolicited: { timeout: seconds(5), retries: 2, pause: seconds(60) },
      scanEvery: seconds(1),
      ...options,
    });
    const announced = asker.answer();
    expect(announced).toMatchObject({
      function: FUNCTION.unsolicitedResponse,
      objects: [],
      control: { uns: true, con: true },
    });
    asker.confirm(announced?.control.seq as number, true);
    asker.ask(FUNCTION.enableUnsolicited, enable);
    return asker;
  };

  it('begin with an empty one, again and again until it is confirmed; only then and when they are enabled come events', () => {
    const asker = new Asker({ unsolicited: { timeout: seconds(5) }, scanEvery: seconds(1) });
    asker.device.values[0] = 1;
    asker.pass(seconds(17));
    const numbers = asker.inbox.map(({ control, objects }) => [control.seq, objects.length]);
    expect(numbers).toEqual([0, 1, 2, 3].map((seq) => [seq, 0]));
    asker.inbox.length = 0;
    asker.confirm(3, true);
    asker.pass(seconds(20));
    expect(asker.inbox).toEqual([]);
    expect(iin(asker.ask(FUNCTION.enableUnsolicited, enable)) & IIN.class1Events).not.toBe(0);
    expect(headers(asker.answer())).toEqual([[2, 2, 0x28, 1]]);
  });

  it('are sent again octet for octet, pause after the last try, and lose nothing', () => {
    const asker = begun();
    asker.device.values[0] = 1;
    asker.pass(seconds(20));
    expect(asker.inbox.map(({ control }) => control.seq)).toEqual([1, 1, 1]);
    expect(asker.inbox[2]).toEqual(asker.inbox[0]);
    asker.inbox.length = 0;
    asker.pass(seconds(50));
    expect(asker.inbox.length).toBe(0);
    asker.pass(seconds(10));
    const again = asker.answer();
    expect([headers(again), again?.control.seq]).toEqual([[[2, 2, 0x28, 1]], 2]);
    asker.confirm(2, true);
    asker.pass(seconds(100));
    expect(asker.inbox).toEqual([]);
  });

  it('hold for others to come, or until there are many', () => {
    const asker = begun({ unsolicited: { hold: seconds(10), holdEvents: 3 } });
    asker.device.values[0] = 1;
    asker.pass(seconds(9));
    expect(asker.inbox).toEqual([]);
    asker.device.values[1] = 1;
    asker.pass(seconds(3));
    expect(items(asker.inbox[0]).length).toBe(2);
    asker.confirm(asker.answer()?.control.seq as number, true);
    for (const point of [2, 3, 4]) asker.device.values[point] = 1;
    asker.pass(seconds(1));
    expect(items(asker.inbox[0]).length).toBe(3);
  });

  it('put a READ off until they are confirmed or late, and nothing else', () => {
    const asker = begun();
    asker.device.values[0] = 1;
    asker.pass(seconds(1));
    const event = asker.answer();
    expect(asker.read(CLASS(0))).toBeUndefined();
    expect(asker.ask(FUNCTION.delayMeasure)).toMatchObject({ objects: [{ group: 52 }] });
    expect(asker.read(CLASS(1), CLASS(0))).toBeUndefined();
    asker.confirm(event?.control.seq as number, true);
    const answer = asker.answer();
    expect([answer?.control.seq, answer?.objects[0]?.group]).toEqual([asker.sequence, 1]);
    asker.device.values[1] = 1;
    asker.pass(seconds(1));
    expect(asker.answer()?.control.uns).toBe(true);
    expect(asker.read(CLASS(1))).toBeUndefined();
    asker.pass(seconds(5));
    expect(headers(asker.answer())).toEqual([[2, 2, 0x28, 1]]);
  });

  it('stop when they are disabled, and do not exist where the device has none', () => {
    const asker = begun();
    asker.ask(FUNCTION.disableUnsolicited, [CLASS(1)]);
    asker.device.values[0] = 1;
    asker.device.values[200] = 5;
    asker.pass(seconds(2));
    expect(headers(asker.inbox[0])).toEqual([[32, 3, 0x28, 1]]);
    expect(asker.inbox.length).toBe(1);
    expect(iin(new Asker().ask(FUNCTION.enableUnsolicited, enable)) & 0xff).toBe(IIN.functionNotSupported);
    expect(iin(begun().ask(FUNCTION.enableUnsolicited, [CLASS(0)])) & 0xff).toBe(IIN.parameterError);
  });

  it('go where the master was heard last', () => {
    const asker = begun();
    const other = asker.outstation.session('10.9.9.9', 5);
    other.opened(asker.now);
    expect(other.take()).toBeUndefined();
    const first = asker.session;
    Object.assign(asker, { session: other });
    asker.read(rangeOf(1, 2, 0, 0));
    asker.device.values[0] = 1;
    asker.pass(seconds(1));
    expect(asker.inbox.at(-1)?.control.uns).toBe(true);
    expect(first.take()).toBeUndefined();
  });
});

describe('an outstation that cannot be', () => {
  it.each([
    [{ address: 65_520 }, 'dnp3.address'],
    [{ masters: [] }, 'dnp3.masters'],
    [{ masters: [1, 1] }, 'dnp3.masters'],
    [{ largestFragment: 200 }, 'dnp3.fragment'],
    [{ points: [{ kind: 'binary' as const, index: 70_000, point: 0 }] }, 'dnp3.point'],
    [{ points: [0, 0].map((index) => ({ kind: 'binary' as const, index, point: 0 })) }, 'dnp3.point'],
    [{ points: [{ kind: 'analog' as const, index: 0, point: 0, variation: 9 }] }, 'dnp3.point'],
    [{ points: [{ kind: 'analog' as const, index: 0, point: 0, deadband: -1 }] }, 'dnp3.point'],
    [{ points: [{ kind: 'analog' as const, index: 0, point: 0, scale: 0 }] }, 'dnp3.point'],
  ])('is refused: %j', (options, id) => {
    expect(() => new Asker(options)).toThrow(expect.objectContaining({ id }));
  });
});
