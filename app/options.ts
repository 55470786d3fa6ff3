/** Readers of command-line values; what cannot be read is wrong use. */
import { resolve } from 'node:path';
import { type Duration, formatDuration, parseDuration, UsageError } from '@penstock/core';
import { InvalidArgumentError, Option } from 'commander';

export function seedOption(text: string): number {
  const seed = Number(text);
  if (!Number.isInteger(seed) || seed < 0 || seed > Number.MAX_SAFE_INTEGER)
    throw new InvalidArgumentError('A seed is a whole number from 0 on.');
  return seed;
}

/** @throws UsageError `up.hour` */
export function hourOption(text: string): number {
  const hour = Number(text);
  if (!Number.isInteger(hour) || hour < 0 || hour > 167)
    throw new UsageError('up.hour', `--hour is a whole number of hours since Monday 00:00 (0 to 167), not '${text}'`);
  return hour;
}

export function portOption(text: string): number {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new InvalidArgumentError('A port is a whole number from 0 to 65535.');
  return port;
}

export function rateOption(text: string): number {
  const rate = Number(text);
  if (!(rate > 0 && rate <= 100))
    throw new InvalidArgumentError('A rate is a number above 0 and up to 100, for example 1 or 10.');
  return rate;
}

export function durationOption(text: string): Duration {
  try {
    return parseDuration(text);
  } catch (error) {
    throw new InvalidArgumentError((error as Error).message);
  }
}

/** An option that takes a length of time, whose help says in words for people how long it is when left out. */
export const lengthOption = (flags: string, description: string, ordinarily: Duration): Option =>
  new Option(flags, description).argParser(durationOption).default(ordinarily, formatDuration(ordinarily));

/** An input of a scenario, beside those given before. @throws UsageError `run.input` */
export function inputOption(text: string, before: Record<string, number> = {}): Record<string, number> {
  const [, name, value] = /^([^=]+)=(.+)$/.exec(text) ?? [];
  if (name === undefined || value === undefined || value.trim() === '' || !Number.isFinite(Number(value)))
    throw new UsageError('run.input', `--input wants NAME=NUMBER, for example dose=11100; this is '${text}'`);
  return { ...before, [name]: Number(value) };
}

/** How a run's file names its plant: an id as it is, a folder by its full path. */
export const plantReference = (id: string): string => (/[\\/]/.test(id) ? resolve(id) : id);

/** Rules' folder as a run's file names it: a replay may be asked for from another folder. */
export const rulesReference = (folder: string | undefined): string | null =>
  folder === undefined ? null : resolve(folder);
