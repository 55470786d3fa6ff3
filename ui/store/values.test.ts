import { describe, expect, it } from 'vitest';
import { Values } from './values.ts';

const message = (time: number, displayed: (number | null)[], stale: number[] = []) => ({
  ...{ time, displayed, stale, measured: [], true: [] },
});

describe('values', () => {
  it('tell listeners once a frame, however many messages came', () => {
    const frames: (() => void)[] = [];
    const values = new Values((run) => frames.push(run));
    let told = 0;
    values.begin(['LIT101', 'FIT101']);
    values.listen(() => told++);
    values.take(message(1, [1, 2]));
    values.take(message(1.25, [1.5, null], [0]));
    expect([frames.length, told]).toEqual([1, 0]);
    frames[0]?.();
    expect(told).toBe(1);
    expect(values.of('LIT101')).toEqual({ displayed: 1.5, measured: Number.NaN, true: Number.NaN, stale: true });
    expect(values.of('FIT101').displayed).toBeNaN();
  });

  it('are stale as soon as the connection is lost, and live again with the next message', () => {
    const values = new Values(() => {});
    values.begin(['LIT101']);
    values.take(message(1, [1]));
    values.lose();
    expect(values.of('LIT101').stale).toBe(true);
    values.take(message(2, [1]));
    expect(values.of('LIT101').stale).toBe(false);
  });

  it('know what a controller held lately that is nearest to what is shown', () => {
    const values = new Values(() => {});
    values.begin(['LIT101', 'FIT101']);
    const take = (time: number, displayed: number, measured: number): number => {
      values.take({ ...message(time, [displayed, 1]), measured: [measured, null] });
      return values.held(values.place('LIT101'));
    };
    expect(take(0, 5, 5)).toBe(5);
    // The process moves away; a client that has not asked again shows what was.
    expect(take(10, 5, 9)).toBe(5);
    expect(take(20, 5, 9)).toBe(5);
    // What it never was is a lie at once, and what it no longer is becomes one.
    expect(take(21, 2, 9)).toBe(5);
    expect(take(45, 5, 9)).toBe(9);
    expect([values.held(values.place('FIT101')), values.held(values.place('XS101'))]).toEqual([Number.NaN, Number.NaN]);
  });

  it('remember ten minutes, one value a second', () => {
    const values = new Values(() => {});
    values.begin(['LIT101']);
    for (let quarter = 0; quarter < 4 * 700; quarter++) values.take(message(quarter / 4, [quarter]));
    const history = values.history('LIT101');
    expect([history.length, history[0], history.at(-1)]).toEqual([600, 400, 2796]);
  });
});
