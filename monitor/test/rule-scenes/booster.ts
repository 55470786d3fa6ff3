/** The booster station and its master at their usual work. */
import { latch, setPoint } from '@penstock/protocols/dnp3';
import { Dnp3Line, type LineOptions, type Loss } from '../dnp3-line.ts';
import type { Lan } from '../lan.ts';

/** The noise of the pressure behind the pump. */
const pressure = (second: number): number => 5.2 + 0.02 * Math.sin(2.3 * second) + 0.015 * Math.cos(7.1 * second);

const lives =
  (line: Dnp3Line) =>
  (second: number): void => {
    line.booster.values[1] = pressure(second);
    line.booster.values[4] = 1000 + second;
  };

/** Set-up and polls. @param time seconds */
export function usualWork(
  lan: Lan,
  from: string,
  to: string,
  time: number,
  options: LineOptions & { readonly confirmed?: boolean } = {},
): Dnp3Line {
  const line = new Dnp3Line(lan, from, to, options);
  return line.run(time, lives(line));
}

/** What is learned of it: set-up, polls, commands that are selected first, the time. @param each what else passes every second in the end */
export function boosterMorning(lan: Lan, from: string, to: string, time: number, each: (second: number) => void): void {
  const line = usualWork(lan, from, to, 30);
  for (const value of [5, 5.2, 5.4, 5.1, 5.3, 5])
    line.work((master, now) => master.command([{ index: 0, value: setPoint(value) }], 'select', now), 20);
  for (const on of [true, false])
    line.work((master, now) => master.command([{ index: 0, value: latch(on) }], 'select', now), 20);
  line.work((master, now) => master.setTime(now));
  const live = lives(line);
  line.run(time, (second) => {
    live(second);
    each(second);
  });
}

/** Frames that a radio link loses: one of so many, both ways. */
function radio(every: number): Loss {
  let count = 0;
  return () => ++count % every === 0;
}

/** Normal work over a bad radio link. @param lost one frame of so many */
export function badRadio(lan: Lan, from: string, to: string, confirmed: boolean, lost: number): Dnp3Line {
  const line = usualWork(lan, from, to, 120, { latency: 0.4, loss: radio(lost), confirmed });
  for (const value of [5.1, 5.2, 5.3])
    line.work((master, now) => master.command([{ index: 0, value: setPoint(value) }], 'select', now), 60);
  return line.run(1200, lives(line));
}
