import { z } from 'zod';

/** Seconds since the run's start. */
export const runTime = z.number().nonnegative();

/** Who looks: a trainee gets what instruments and monitor say, the instructor also what is true and what the attack does. */
export const pageRole = z.enum(['trainee', 'instructor']);
export type PageRole = z.output<typeof pageRole>;
