import { type Instant, milliseconds, seconds } from '@penstock/core';
import { describe, expect, test } from 'vitest';
import { atBest, wallTimeOf } from '../../../tests/measured.ts';
import { EventQueue, PacedClock, VirtualClock, type WallClock } from '../index.ts';

/** A wall clock that stands still unless told, and keeps what is to be woken. */
class TestWall implements WallClock {
  time = 1_000_000;
  wakes: { at: number; callback: () => void }[] = [];

  now(): number {
    return this.time;
  }

  wake(milliseconds: number, callback: () => void): () => void {
    const entry = { at: this.time + milliseconds * 1000, callback };
    this.wakes.push(entry);
    return () => {
      this.wakes = this.wakes.filter((w) => w !== entry);
    };
  }

  /** Lets time pass, waking who is due, no finer than a timer would. */
  pass(microseconds: number): void {
    const end = this.time + microseconds;
    for (;;) {
      const next = this.wakes.filter((w) => w.at <= end).sort((a, b) => a.at - b.at)[0];
      if (next === undefined) break;
      this.wakes = this.wakes.filter((w) => w !== next);
      this.time = Math.max(this.time, next.at);
      // A turn of the event loop takes a while too.
      if (next.at === this.time) this.time = Math.min(end, this.time + 5);
      next.callback();
    }
    this.time = end;
  }
}

const log = (queue: EventQueue) => {
  const ran: number[] = [];
  return {
    ran,
    task: { run: (now: Instant) => void ran.push(now) },
    at: (time: number) => queue.at(time as Instant, { run: (now) => void ran.push(now) }),
  };
};

describe('virtual time', () => {
  test('runs everything due and stops there', async () => {
    const queue = new EventQueue();
    const { ran, at } = log(queue);
    for (const time of [1, 2e6, 3e6]) at(time);
    expect(await new VirtualClock(queue).run(2e6 as Instant)).toBe(true);
    expect(ran).toEqual([1, 2e6]);
    expect(queue.now).toBe(2e6);
  });

  test('can be stopped, and tells how far it is', async () => {
    const queue = new EventQueue();
    const again = { run: () => void queue.in(milliseconds(1), again) };
    queue.in(milliseconds(1), again);
    const controller = new AbortController();
    const seen: Instant[] = [];
    const onSlice = (now: Instant) => {
      seen.push(now);
      if (seen.length === 3) controller.abort();
    };
    expect(
      await new VirtualClock(queue).run(seconds(1e9) as number as Instant, {
        signal: controller.signal,
        slice: 1,
        onSlice,
      }),
    ).toBe(false);
    expect(seen).toHaveLength(3);
    expect(seen).toEqual([...seen].sort((a, b) => a - b));
  });

  test('what comes from outside lies after everything that ran', () => {
    const queue = new EventQueue();
    const clock = new VirtualClock(queue);
    const { ran, task, at } = log(queue);
    at(100);
    queue.runUntil(100 as Instant);
    expect([clock.outside(task), clock.outside(task)]).toEqual([101, 102]);
    queue.runUntil(200 as Instant);
    expect(ran).toEqual([100, 101, 102]);
  });
});

describe('paced time', () => {
  test('runs events when their time has come, from a fixed origin', () => {
    const queue = new EventQueue();
    const wall = new TestWall();
    const clock = new PacedClock(queue, { wall });
    const { ran, at } = log(queue);
    for (const time of [500, 2000, 10_000, 10_001]) at(time);
    clock.start();
    expect(ran).toEqual([]);
    wall.pass(1500);
    expect(ran).toEqual([500]);
    wall.pass(8000);
    expect(ran).toEqual([500, 2000]);
    wall.pass(2000);
    expect(ran).toEqual([500, 2000, 10_000, 10_001]);
    expect(clock.now).toBe(11_500);
    expect(clock.report.fallsBehind).toBe(0);
    clock.stop();
    expect(wall.wakes).toEqual([]);
  });

  test('ten times as fast, and stands still when stopped', () => {
    const queue = new EventQueue();
    const wall = new TestWall();
    const clock = new PacedClock(queue, { wall, rate: 10 });
    const { ran, at } = log(queue);
    at(100_000);
    clock.start();
    wall.pass(5000);
    clock.stop();
    wall.pass(1e6);
    expect(ran).toEqual([]);
    expect(clock.now).toBe(50_000);
    clock.start();
    wall.pass(6000);
    expect(ran).toEqual([100_000]);
    clock.setRate(1);
    expect(clock.now).toBe(110_000);
    wall.pass(1000);
    expect(clock.now).toBe(111_000);
    clock.stop();
  });

  test('goes on from where the queue was moved to before it started, or while it stood', () => {
    const queue = new EventQueue();
    const wall = new TestWall();
    const clock = new PacedClock(queue, { wall });
    queue.runUntil(5_000_000 as never);
    clock.start();
    expect(clock.now).toBe(5_000_000);
    wall.pass(1000);
    clock.stop();
    queue.runUntil(9_000_000 as never);
    clock.start();
    wall.pass(2000);
    expect(clock.now).toBe(9_002_000);
    clock.stop();
  });

  test('what comes from outside runs at once, with what follows within a millisecond', () => {
    const queue = new EventQueue();
    const wall = new TestWall();
    const clock = new PacedClock(queue, { wall });
    clock.start();
    wall.pass(1000);
    const { ran } = log(queue);
    const time = clock.outside({
      run(now) {
        ran.push(now);
        queue.in(50 as never, { run: (later) => void ran.push(later) });
        queue.in(5000 as never, { run: (later) => void ran.push(later) });
      },
    });
    expect(time).toBe(1000);
    expect(ran).toEqual([1000, 1050]);
    // The run is ahead; the next one comes after what has run.
    expect(clock.outside({ run: (now) => void ran.push(now) })).toBe(1051);
    wall.pass(6000);
    expect(ran).toEqual([1000, 1050, 1051, 6000]);
    clock.stop();
  });

  test('an outside event that an event brings in waits its turn', () => {
    const queue = new EventQueue();
    const wall = new TestWall();
    const clock = new PacedClock(queue, { wall });
    const order: string[] = [];
    clock.start();
    clock.outside({
      run() {
        clock.outside({ run: () => void order.push('inner') });
        order.push('outer');
      },
    });
    expect(order).toEqual(['outer', 'inner']);
    clock.stop();
  });

  test('falling behind is counted and told, and nothing is skipped', () => {
    const queue = new EventQueue();
    const wall = new TestWall();
    const reports: number[] = [];
    const clock = new PacedClock(queue, { wall, onBehind: (report) => reports.push(report.lag) });
    const { ran, at } = log(queue);
    for (let time = 1000; time <= 3_000_000; time += 1000) at(time);
    clock.start();
    // The process was stopped for two seconds.
    wall.time += 2_000_000;
    wall.pass(10_000);
    expect(reports).toHaveLength(1);
    expect(reports[0]).toBeGreaterThan(1_990_000);
    expect(clock.report.fallsBehind).toBe(1);
    expect(ran.at(-1)).toBeGreaterThan(2_000_000);
    wall.pass(1_000_000);
    expect(ran).toHaveLength(3000);
    expect(clock.report.lag).toBe(0);
    clock.stop();
  });

  test.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY])('refuses the rate %s', (rate) => {
    expect(() => new PacedClock(new EventQueue(), { rate })).toThrow(expect.objectContaining({ id: 'clock.rate' }));
  });
});

test('the real wall clock paces a run', async () => {
  const paced = async (): Promise<number> => {
    const queue = new EventQueue();
    const clock = new PacedClock(queue, { rate: 10 });
    const elapsed = await wallTimeOf(
      () =>
        new Promise<void>((resolve) => {
          queue.at(3_000_000 as Instant, { run: () => resolve() });
          clock.start();
        }),
    );
    clock.stop();
    expect(elapsed).toBeGreaterThanOrEqual(299);
    return elapsed;
  };
  expect(await atBest(1000, paced)).toBeLessThan(1000);
});
