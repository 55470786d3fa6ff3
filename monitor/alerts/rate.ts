/**
 * How many alerts people get. The measure is that of alarm systems in control rooms: ISA-18.2 and EEMUA 191 call an average of
 * about six an hour (one in ten minutes) for one operator very likely acceptable and about twelve the most that can be managed;
 * more than ten within ten minutes are a flood.
 */
import { LEVELS, type Level } from '../sigma/schema.ts';

export interface AlertRate {
  /** Hours of event time that were watched; a part of an hour counts as such. */
  readonly hours: number;
  readonly perHour: number;
  readonly bySeverity: Readonly<Record<Level, { readonly alerts: number; readonly perHour: number }>>;
  /** The hour since the start with the most alerts; `from` in seconds. Null when there was none. */
  readonly worstHour: { readonly from: number; readonly alerts: number } | null;
  /** Ten-minute periods since the start with more than ten alerts. */
  readonly floods: number;
  readonly rating: 'acceptable' | 'manageable' | 'too many';
}

const HOUR = 3600;
const FLOOD_PERIOD = 600;
const FLOOD = 10;
const ACCEPTABLE_PER_HOUR = 6;
const MANAGEABLE_PER_HOUR = 12;

/** Counts in constant memory. Alerts come in the order of time; a straggler counts for the period that is current. */
export class RateMeter {
  readonly #bySeverity = new Map<Level, number>();
  #total = 0;
  #hour = 0;
  #inHour = 0;
  #worst: { from: number; alerts: number } | null = null;
  #period = 0;
  #inPeriod = 0;
  #floods = 0;

  /** @param seconds since the start */
  alert(level: Level, seconds: number): void {
    this.#total++;
    this.#bySeverity.set(level, (this.#bySeverity.get(level) ?? 0) + 1);
    const hour = Math.floor(seconds / HOUR);
    if (hour > this.#hour) {
      this.#hour = hour;
      this.#inHour = 0;
    }
    this.#inHour++;
    if (this.#inHour > (this.#worst?.alerts ?? 0)) this.#worst = { from: this.#hour * HOUR, alerts: this.#inHour };
    const period = Math.floor(seconds / FLOOD_PERIOD);
    if (period > this.#period) {
      this.#period = period;
      this.#inPeriod = 0;
    }
    if (++this.#inPeriod === FLOOD + 1) this.#floods++;
  }

  /** @param seconds event time since the start so far */
  report(seconds: number): AlertRate {
    const hours = Math.max(seconds, 0) / HOUR;
    // Of less than an hour nobody can say what it makes in one.
    const divisor = Math.max(hours, 1);
    const rate = (alerts: number): number => Math.round((alerts / divisor) * 1000) / 1000;
    const perHour = rate(this.#total);
    const severities = LEVELS.map((level) => {
      const alerts = this.#bySeverity.get(level) ?? 0;
      return [level, { alerts, perHour: rate(alerts) }] as const;
    });
    return {
      hours,
      perHour,
      bySeverity: Object.fromEntries(severities) as AlertRate['bySeverity'],
      worstHour: this.#worst,
      floods: this.#floods,
      rating:
        perHour <= ACCEPTABLE_PER_HOUR ? 'acceptable' : perHour <= MANAGEABLE_PER_HOUR ? 'manageable' : 'too many',
    };
  }
}
