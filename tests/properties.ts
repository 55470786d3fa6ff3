/**
 * Property tests draw the same examples every time, so that a landing fails for what it changed and not for what chance found that day.
 * `npm run prove` draws new ones, and says which seed it was where one fails.
 */
import fc from 'fast-check';

const given = process.env.PENSTOCK_PROPERTY_SEED;
if (given !== undefined) fc.configureGlobal({ seed: Number(given) });
else if (process.env.PENSTOCK_PROVE !== '1') fc.configureGlobal({ seed: 2026 });
