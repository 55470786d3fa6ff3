import { type Duration, type Instant, NEVER } from '@penstock/core';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type EventId, EventQueue } from '../queue.ts';

const DELAYS = [0, 25, 25, 100, 1000] as const;

test('runs events by time, then by age, whether they go through the heap or a lane; cancelled ones not at all', () => {
  const action = fc.record({
    delay: fc.nat(DELAYS.length - 1),
    byLane: fc.boolean(),
    cancels: fc.boolean(),
    advance: fc.nat(60),
  });
  fc.assert(
    fc.property(fc.array(action, { maxLength: 60 }), (actions) => {
      const queue = new EventQueue();
      const ran: string[] = [];
      const expected: { due: number; age: number }[] = [];
      const waiting: { due: number; id: EventId; age: number }[] = [];
      for (const [age, { delay, byLane, cancels, advance }] of actions.entries()) {
        const span = DELAYS[delay] as number as Duration;
        const due = queue.now + span;
        const task = { run: (now: Instant) => void ran.push(`${age}@${now}`) };
        const id = byLane ? queue.inLane(queue.lane(span), task) : queue.in(span, task);
        const entry = { due, age };
        expected.push(entry);
        waiting.push({ ...entry, id });
        if (cancels) {
          const [first] = waiting.filter((w) => w.due > queue.now);
          if (first !== undefined) {
            queue.cancel(first.id);
            waiting.splice(waiting.indexOf(first), 1);
            expected.splice(
              expected.findIndex((e) => e.age === first.age),
              1,
            );
          }
        }
        queue.runUntil((queue.now + advance) as Instant);
      }
      const left = expected.filter((e) => e.due > queue.now);
      expect(queue.size).toBe(left.length);
      expect(queue.peek()).toBe(left.length === 0 ? NEVER : Math.min(...left.map((e) => e.due)));
      queue.runUntil(1e9 as Instant);
      expected.sort((a, b) => a.due - b.due || a.age - b.age);
      expect(ran).toEqual(expected.map((e) => `${e.age}@${e.due}`));
    }),
    { numRuns: 500 },
  );
});

test('an event from outside precedes those of its instant, in lanes too', () => {
  const queue = new EventQueue();
  const ran: string[] = [];
  const say = (text: string) => ({ run: () => void ran.push(text) });
  queue.inLane(queue.lane(10 as Duration), say('lane'));
  queue.in(10 as Duration, say('heap'));
  queue.outside(10 as Instant, say('outside'));
  queue.runUntil(10 as Instant);
  expect(ran).toEqual(['outside', 'lane', 'heap']);
});

test('a delay has one lane, and none lies in the past', () => {
  const queue = new EventQueue();
  expect(queue.lane(25 as Duration)).toBe(queue.lane(25 as Duration));
  expect(() => queue.lane(-1 as Duration)).toThrow(/-1 µs ahead/);
});
