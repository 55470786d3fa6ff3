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

  it('remember ten minutes, one value a second', () => {
    const values = new Values(() => {});
    values.begin(['LIT101']);
    for (let quarter = 0; quarter < 4 * 700; quarter++) values.take(message(quarter / 4, [quarter]));
    const history = values.history('LIT101');
    expect([history.length, history[0], history.at(-1)]).toEqual([600, 400, 2796]);
  });
});
