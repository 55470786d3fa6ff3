/** How people read what came of a run. */
import type { Alert } from '@penstock/monitor';
import { print } from './output.ts';

/** Seconds since the run's start as `01:02:03`. */
export const clock = (seconds: number): string => {
  const whole = Math.floor(seconds);
  return [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60]
    .map((n) => String(n).padStart(2, '0'))
    .join(':');
};

/** A length of time in the unit that fits it: `3.2 s`, `12.0 min`, `5.2 h`. */
export const span = (seconds: number): string =>
  seconds < 60
    ? `${seconds.toFixed(1)} s`
    : seconds < 3600
      ? `${(seconds / 60).toFixed(1)} min`
      : `${(seconds / 3600).toFixed(1)} h`;

/** `1 alert`, `2 alerts` */
export const counted = (n: number, what: string): string => `${n} ${what}${n === 1 ? '' : 's'}`;

export function printAlerts(alerts: readonly Alert[]): void {
  for (const { time, severity, rule, message, count } of alerts)
    print(
      `  ${clock(time)}  ${severity.padEnd(13)} ${rule}: ${message}${count > 1 ? ` (${counted(count, 'time')})` : ''}`,
    );
  if (alerts.length === 0) print('  The monitor raised nothing.');
}

export function printHazards(hazards: readonly { readonly time: number; readonly hazard: string }[]): void {
  for (const { time, hazard } of hazards) print(`  ${clock(time)}  hazard        ${hazard}`);
}
