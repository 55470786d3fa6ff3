import { type Instant, milliseconds, minutes, NEVER, START, seconds } from '@penstock/core';
import { describe, expect, it } from 'vitest';
import { Dice } from '../../exchange/test/dice.ts';
import {
  COMMAND_STATUS,
  type DeviceAttribute,
  Dnp3Master,
  Dnp3Outstation,
  FUNCTION,
  IIN,
  latch,
  type MasterOptions,
  type OutstationOptions,
  pulse,
  rangeOf,
  setPoint,
} from '../index.ts';
import { FAIR, IDENTITY, Line, MASTER, OUTSTATION, percent, TestDevice, TestFiles, testPoints } from './stations.ts';

interface Seen {
  readonly kind: string;
  readonly index: number;
  readonly value: number;
  readonly flags: number;
  readonly time: number | undefined;
  readonly isEvent: boolean;
}

function pair(
  options: { master?: Partial<MasterOptions>; outstation?: Partial<OutstationOptions>; seed?: number } = {},
) {
  const device = new TestDevice();
  const files = new TestFiles();
  const link = { datagrams: true };
  const outstation = new Dnp3Outstation({
    ...{ address: OUTSTATION, masters: [MASTER], points: testPoints(), device, identity: IDENTITY, files, link },
    ...{ unsolicited: { timeout: seconds(3) }, timeSync: {}, scanEvery: milliseconds(100) },
    ...options.outstation,
  });
  const seen: Seen[] = [];
  const ended: string[] = [];
  const reachable: boolean[] = [];
  const view = new Map<string, number>();
  const master = new Dnp3Master({
    outstation: OUTSTATION,
    link,
    responseTimeout: seconds(2),
    clock: (now) => 1_750_000_000_000 + now / 1000,
    handler: {
      update: ({ kind, index, value, flags, time, isEvent }) => {
        seen.push({ kind, index, value, flags, time, isEvent });
        view.set(`${kind} ${index}`, value);
      },
      ended: (name, outcome) => ended.push(`${name} ${outcome}`),
      reachable: (is) => reachable.push(is),
    },
    ...options.master,
  });
  const session = outstation.session('10.1.1.1', 20_000);
  const line = new Line(master, session, new Dice(options.seed ?? 1));
  const open = (): void => {
    session.opened(line.now);
    master.opened(line.now);
  };
  const run = (microseconds: number, act: (now: Instant) => Instant = () => NEVER): void =>
    line.run((line.now + microseconds) as Instant, act);
  return { device, files, outstation, master, session, line, seen, ended, reachable, view, open, run };
}

describe('a master and an outstation', () => {
  it('where it is asked to, reads who the outstation is at the end of setting up', () => {
    const attributes = new Map<number, unknown>();
    const handler = { attribute: (variation: number, { value }: DeviceAttribute) => attributes.set(variation, value) };
    const { open, run, master } = pair({ master: { identify: true, handler } });
    open();
    run(seconds(5));
    expect([242, 243, 250, 252].map((variation) => attributes.get(variation))).toEqual([
      '4.2.1',
      'WS-70 rev C',
      'Telemetry outstation WS-70',
      'Weir & Sons',
    ]);
    expect([attributes.get(233), attributes.get(224)]).toEqual([10, 10]);
    expect(master.pending).toBe(0);
  });

  it('come to terms: unsolicited off, restart cleared, everything read, unsolicited on, time set', () => {
    const { open, run, ended, outstation, view, device, master } = pair();
    device.values.set([1, 0, 1], 0);
    device.values[203] = 12.25;
    open();
    run(seconds(2));
    expect(ended).toEqual(['disable done', 'clear done', 'integrity done', 'enable done', 'time done']);
    expect(view.get('analog 3')).toBe(12);
    expect([0, 1, 2].map((index) => view.get(`binary ${index}`))).toEqual([1, 0, 1]);
    expect(view.size).toBe(80);
    expect(outstation.association()?.restarted).toBe(false);
    // Within the line's delay of a millisecond.
    expect(Math.abs(outstation.time() - 1_750_000_000_000 - 2000)).toBeLessThan(2000);
    expect(master.counters).toMatchObject({ timeouts: 0, retries: 0, ignored: 0 });
  });

  it('set the clock within a millisecond over a slow serial line too, where both ways are equally long', () => {
    for (const timeSync of ['lan', 'serial'] as const) {
      const { open, run, line, outstation } = pair({ master: { timeSync } });
      line.weather = { ...FAIR, delay: 400_000 };
      open();
      run(seconds(30));
      outstation.tick(line.now);
      const error = outstation.time() - (1_750_000_000_000 + line.now / 1000);
      expect(Math.abs(error), timeSync).toBeLessThanOrEqual(timeSync === 'lan' ? 401 : 1);
    }
  });

  it('tell changes unsolicited, each once and in order', () => {
    const { open, run, device, seen, master } = pair();
    open();
    run(seconds(2));
    seen.length = 0;
    device.values[4] = 1;
    run(milliseconds(500));
    device.values[4] = 0;
    device.values[200] = 7;
    run(seconds(1));
    expect(seen.map(({ kind, index, value, isEvent }) => [kind, index, value, isEvent])).toEqual([
      ['binary', 4, 1, true],
      ['binary', 4, 0, true],
      ['analog', 0, 7, true],
    ]);
    expect(master.counters.unsolicited).toBe(3);
  });

  it('poll by class when the device has no unsolicited responses, and read what indications speak of at once', () => {
    const { open, run, device, seen, ended } = pair({
      outstation: { unsolicited: undefined },
      master: {
        readsIndicated: false,
        eventEvery: seconds(60),
        polls: [{ name: 'levels', every: seconds(5), objects: [rangeOf(30, 0, 0, 1)] }],
      },
    });
    open();
    run(seconds(4));
    expect(ended).toContain('disable refused');
    seen.length = 0;
    device.values[7] = 1;
    run(seconds(3));
    expect(seen.filter(({ kind }) => kind === 'binary')).toEqual([]);
    expect(seen.filter(({ kind }) => kind === 'analog').length).toBe(2);
    run(seconds(60));
    expect(seen.find(({ kind }) => kind === 'binary')).toMatchObject({ index: 7, value: 1, isEvent: true });

    const other = pair({
      outstation: { unsolicited: undefined },
      master: { polls: [{ name: 'levels', every: seconds(5), objects: [rangeOf(30, 0, 0, 1)] }] },
    });
    other.open();
    other.run(seconds(4));
    other.device.values[7] = 1;
    other.run(seconds(3));
    expect(other.ended.slice(-2)).toEqual(['levels done', 'indicated events done']);
    expect(other.seen.at(-1)).toMatchObject({ kind: 'binary', index: 7, value: 1, isEvent: true });
  });

  it('carry commands, with select and without, and tell what became of each', () => {
    const { open, run, device, line, master } = pair();
    device.outcomes.set(503, 'range');
    open();
    run(seconds(2));
    const results: unknown[] = [];
    const note = (result: unknown) => results.push(result);
    master.command([{ index: 2, value: latch(true) }], 'select', line.now, note);
    master.command([{ index: 1, value: setPoint(4.5) }], 'direct', line.now, note);
    master.command([{ index: 3, value: setPoint(1) }], 'select', line.now, note);
    master.command([{ index: 77, value: latch(true) }], 'direct', line.now, note);
    master.command([{ index: 5, value: setPoint(3), variation: 2 }], 'direct-no-ack', line.now, note);
    run(seconds(2));
    expect(results).toEqual([
      { outcome: 'done', statuses: [COMMAND_STATUS.success] },
      { outcome: 'done', statuses: [COMMAND_STATUS.success] },
      { outcome: 'refused', statuses: [COMMAND_STATUS.outOfRange] },
      { outcome: 'refused', statuses: [COMMAND_STATUS.notSupported] },
      { outcome: 'done', statuses: [] },
    ]);
    expect(device.written.map(({ point, value }) => [point, value])).toEqual([
      [402, 1],
      [501, 4.5],
      [505, 3],
    ]);
    expect(device.written[0]?.writer).toEqual({ protocol: 'dnp3', address: '10.1.1.1', port: 20_000 });
  });

  it('move files: read, write, append, delete, list, with and without a password', () => {
    const { open, run, files, line, master } = pair();
    const program = Uint8Array.from({ length: 5000 }, (_, i) => i);
    files.files.set('config.txt', program);
    open();
    run(seconds(2));
    const results: { outcome: string; status: number; octets?: Uint8Array | undefined }[] = [];
    const note = (result: (typeof results)[number]) => results.push(result);
    master.file({ name: 'config.txt', what: 'read', blockSize: 700 }, line.now, note);
    master.file({ name: 'new.txt', what: 'write', octets: program.slice(0, 1500) }, line.now, note);
    master.file({ name: 'new.txt', what: 'write', append: true, octets: program.slice(1500, 1600) }, line.now, note);
    master.file({ name: 'none.txt', what: 'read' }, line.now, note);
    master.file({ name: 'config.txt', what: 'delete' }, line.now, note);
    run(seconds(10));
    expect(results.map(({ outcome, status }) => [outcome, status])).toEqual([
      ['done', 0],
      ['done', 0],
      ['done', 0],
      ['refused', 3],
      ['done', 0],
    ]);
    expect(Buffer.from(results[0]?.octets as Uint8Array).equals(Buffer.from(program))).toBe(true);
    expect(Buffer.from(files.files.get('new.txt') as Uint8Array).equals(Buffer.from(program.slice(0, 1600)))).toBe(
      true,
    );
    expect([...files.files.keys()]).toEqual(['new.txt']);

    Object.assign(files, { authenticate: (user: string, password: string) => user === 'ops' && password === 'pump' });
    results.length = 0;
    const asked = { name: 'new.txt', what: 'read' } as const;
    master.file(asked, line.now, note);
    master.file({ ...asked, user: 'ops', password: 'guess' }, line.now, note);
    master.file({ ...asked, user: 'ops', password: 'pump' }, line.now, note);
    run(seconds(5));
    expect(results.map(({ outcome, status, octets }) => [outcome, status, octets?.length])).toEqual([
      ['refused', 1, undefined],
      ['refused', 1, undefined],
      ['done', 0, 1600],
    ]);
  });

  it('set up anew after the outstation restarted, and after the connection', () => {
    const { open, run, outstation, session, line, master, ended, reachable } = pair();
    open();
    run(seconds(20));
    ended.length = 0;
    outstation.restarted('cold', line.now);
    run(seconds(30));
    expect(ended).toEqual(['clear done', 'integrity done', 'enable done', 'time done']);
    const results: string[] = [];
    master.read([rangeOf(1, 0, 0, 3)], line.now, (outcome) => results.push(outcome));
    session.closed();
    master.disconnected(line.now);
    expect(results).toEqual(['closed']);
    expect(master.read([], line.now)).toBe(false);
    ended.length = 0;
    open();
    run(seconds(20));
    expect(ended).toEqual(['disable done', 'integrity done', 'enable done']);
    expect(reachable).toEqual([true, false, true]);
  });

  it('notice that the other is gone: a request without an answer, a link without a status', () => {
    const silent = pair({ master: { integrityEvery: seconds(30) } });
    silent.open();
    silent.run(seconds(10));
    silent.line.weather = { ...FAIR, lost: 100 };
    silent.run(seconds(60));
    expect(silent.reachable).toEqual([true, false]);
    expect(silent.master.counters).toMatchObject({ timeouts: 2, retries: 4 });
    const quiet = pair({ master: { link: { datagrams: true, keepAlive: seconds(20) } } });
    quiet.open();
    quiet.run(seconds(100));
    expect(quiet.reachable).toEqual([true]);
    quiet.line.weather = { ...FAIR, lost: 100 };
    quiet.run(seconds(40));
    expect(quiet.reachable).toEqual([true, false]);
  });

  it('freeze, assign classes and restart on request', () => {
    const { open, run, device, line, master, seen } = pair();
    device.values[302] = 55;
    open();
    run(seconds(2));
    const answers: [string, number][] = [];
    const note = (outcome: string, answered: readonly unknown[]) => answers.push([outcome, answered.length]);
    master.perform(FUNCTION.freezeClear, [rangeOf(20, 0, 2, 2)], line.now, note);
    master.read([rangeOf(21, 0, 2, 2), rangeOf(20, 0, 2, 2)], line.now);
    master.perform(FUNCTION.coldRestart, [], line.now, note);
    run(seconds(2));
    expect(answers).toEqual([
      ['done', 0],
      ['refused', 0],
    ]);
    expect(seen.filter(({ index, isEvent }) => index === 2 && !isEvent).slice(-2)).toMatchObject([
      { kind: 'counter', value: 0 },
      { kind: 'frozen-counter', value: 55 },
    ]);
  });
});

/** Over a line that loses, doubles, damages and delays: what a year of radio does, in minutes. */
describe('a master and an outstation over a bad line', () => {
  const runs = process.env.PENSTOCK_PROVE === '1' ? 200 : 12;
  for (const confirmed of [false, true])
    it(`lose no change, carry out no command twice and agree in the end ${confirmed ? 'with' : 'without'} confirmation by the link`, () => {
      for (let seed = 1; seed <= runs; seed++) badRun(seed, confirmed);
    });
});

function badRun(seed: number, confirmed: boolean): void {
  const dice = new Dice(seed * 7919);
  const link = { datagrams: true, confirmed, timeout: milliseconds(800) };
  const { device, outstation, line, master, open, run, seen, view } = pair({
    seed,
    master: { link, integrityEvery: minutes(5), retries: 3, responseTimeout: seconds(4) },
    outstation: { link, unsolicited: { timeout: seconds(4), pause: seconds(20) } },
  });
  const made = new Map<string, number>();
  const results = new Map<number, { outcome: string; statuses: readonly number[] }>();
  let commands = 0;
  const act = (now: Instant): Instant => {
    // A change per scan at most, so that each is one event.
    const index = dice.below(10);
    device.values[index] = 1 - (device.values[index] as number);
    made.set(`${index}`, (made.get(`${index}`) ?? 0) + 1);
    if (percent(dice, 30)) {
      const number = ++commands;
      const way = percent(dice, 50) ? 'select' : 'direct';
      const taken = master.command([{ index: number % 10, value: setPoint(number) }], way, now, (result) =>
        results.set(number, result),
      );
      if (!taken) results.set(number, { outcome: 'not taken', statuses: [] });
    }
    return (now + milliseconds(1500) + milliseconds(dice.below(4000))) as Instant;
  };
  open();
  run(seconds(15));
  seen.length = 0;
  line.weather = {
    ...{ lost: dice.below(25), doubled: dice.below(25), damaged: dice.below(10) },
    ...{ delay: 1000 * (20 + dice.below(300)), jitter: 1000 * dice.below(200) },
  };
  run(minutes(4), act);
  line.weather = FAIR;
  run(minutes(3));
  const where = `seed ${seed}`;
  // Every change arrived, at least once and in the order in which it happened.
  for (let index = 0; index < 10; index++) {
    const told = seen.filter((update) => update.isEvent && update.kind === 'binary' && update.index === index);
    const distinct = new Map(told.map(({ time, value }) => [time, value]));
    expect(distinct.size, `${where}, input ${index}`).toBe(made.get(`${index}`) ?? 0);
    expect(view.get(`binary ${index}`), `${where}, input ${index}`).toBe(device.values[index]);
    expect(view.get(`analog-output ${index}`), `${where}, output ${index}`).toBe(device.values[500 + index]);
  }
  expect(outstation.association()?.buffer.size, where).toBe(0);
  expect(outstation.association()?.buffer.dropped, where).toBe(0);
  // Every command had its result; those that were done were carried out once, the others at most once.
  expect(results.size, where).toBe(commands);
  for (const [number, { outcome, statuses }] of results) {
    const times = device.written.filter(({ value }) => value === number).length;
    if (outcome === 'done') expect(times, `${where}, command ${number}`).toBe(1);
    else expect(times, `${where}, command ${number} ${outcome} ${statuses}`).toBeLessThanOrEqual(1);
  }
  expect(master.pending, where).toBe(0);
}

describe('a request that cannot be written down', () => {
  it('is refused when it is made, not when its turn comes', () => {
    const { master, open, line } = pair();
    open();
    const wrong = (act: () => unknown) => expect(act).toThrow(expect.objectContaining({ id: 'dnp3.encode' }));
    wrong(() => master.command([{ index: 0, value: pulse(1e12) }], 'select', line.now));
    wrong(() => master.command([{ index: 0, value: setPoint(1e6), variation: 2 }], 'select', line.now));
    wrong(() => master.read([rangeOf(1, 0, 5, 3)], line.now));
    wrong(() => master.file({ name: '→.txt', what: 'read', user: 'a', password: 'b' }, line.now));
    expect(() => master.perform(FUNCTION.response, [], line.now)).toThrow(
      expect.objectContaining({ id: 'dnp3.function' }),
    );
  });
});

describe('what a master does not believe', () => {
  it('is what comes from another station, has another number, or cannot be read', () => {
    const { master, open, run, line, outstation } = pair();
    open();
    run(seconds(2));
    const before = { ...master.counters };
    const stranger = new Dnp3Outstation({
      ...{ address: 99, points: testPoints(), device: new TestDevice(), identity: IDENTITY },
      unsolicited: {},
    }).session('10.9.9.9', 1);
    stranger.opened(START);
    master.receive(stranger.take() as Uint8Array, line.now);
    expect(master.counters).toEqual(before);
    expect(master.link.counters.ignored).toBe(1);
    const forger = new Dnp3Outstation({
      ...{ address: OUTSTATION, points: testPoints(), device: new TestDevice(), identity: IDENTITY },
    });
    const session = forger.session('10.9.9.9', 1);
    session.send(Uint8Array.of(0xc9, FUNCTION.response, 0, 0), MASTER);
    session.send(Uint8Array.of(0xf9, FUNCTION.unsolicitedResponse, 0, 0, 30, 1, 0x28, 9), MASTER);
    master.receive(session.take() as Uint8Array, line.now);
    expect(master.counters.ignored).toBe(before.ignored + 2);
    expect(outstation.association()?.counters.wrongConfirms).toBe(0);
    expect(IIN.needTime & outstation.indications()).toBe(0);
  });
});
