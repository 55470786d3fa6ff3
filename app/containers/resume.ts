/** What a range in a container needs to go on with its run after it was killed: written every second, taken away when it ends orderly. */
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { packArrays, unpackArrays } from '@penstock/core';
import type { Interrupted } from '@penstock/range';

export interface Resume {
  readonly version: string;
  /** SHA-256 of the plant as it was. */
  readonly plant: string;
  readonly run: string;
  readonly seed: number;
  readonly hour: number;
  /** Microseconds since 1970 of the real clock at the run's start. */
  readonly origin: number;
  readonly from: Interrupted;
  /** Journal entries of devices that are on disk, by number. */
  readonly kept: Readonly<Record<string, number>>;
  /** How often the run was interrupted before. */
  readonly parts: number;
}

export function writeResume(file: string, resume: Resume): void {
  writeFileSync(`${file}.new`, packArrays(resume));
  renameSync(`${file}.new`, file);
}

/** Undefined where there is none, or none that this version and plant can go on with. */
export function readResume(file: string, version: string, plant: string): Resume | undefined {
  try {
    const resume = unpackArrays(readFileSync(file, 'utf8')) as Resume;
    return resume.version === version && resume.plant === plant ? resume : undefined;
  } catch {
    return undefined;
  }
}

export const forgetResume = (file: string): void => rmSync(file, { force: true });
