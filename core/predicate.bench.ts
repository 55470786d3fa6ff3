/**
 * What a hazard costs: every predicate is evaluated once in each simulated second.
 *
 *     node core/predicate.bench.ts
 */
import { compilePredicate, PredicateTimer } from './predicate.ts';
import { type Instant, minutes } from './time.ts';

const names = Array.from({ length: 60 }, (_, i) => `LIT${101 + i}`);
const predicates = [
  'LIT101 < 6.5 || LIT101 > 9.5',
  'LIT102 > 11',
  'LIT103 > 5',
  'LIT104 * LIT105 / 2 < 15',
  'LIT106 == 1 && LIT107 < 0.2 && abs(LIT108 - LIT109) > 0.5',
].map((text) => ({ predicate: compilePredicate(text, names), timer: new PredicateTimer(minutes(15)) }));
const values = new Float64Array(names.length);

const rounds = 1_000_000;
let held = 0;
for (const warm of [true, false]) {
  const began = performance.now();
  for (let second = 0; second < rounds; second++) {
    values[second % values.length] = second % 13;
    for (let i = 0; i < predicates.length; i++) {
      const { predicate, timer } = predicates[i] as (typeof predicates)[number];
      if (timer.update((second * 1e6) as Instant, predicate.evaluate(values))) held++;
    }
  }
  const each = ((performance.now() - began) * 1e3) / rounds / predicates.length;
  if (!warm) console.log(`figure: core.predicateMicroseconds ${each.toFixed(4)} µs`);
}
console.log(`${predicates.length} predicates over ${rounds} seconds held ${held} times`);
