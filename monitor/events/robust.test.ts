import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { recorder } from '../test/recorder.ts';
import { allCaptures, CAPTURES, hasCaptures, run } from '../test/reference.ts';
import { DISSECTORS } from './registry.ts';

const DISSECTORS_AND_RECORDERS = [...DISSECTORS, recorder('tcp'), recorder('udp')];
const captures = allCaptures().map((path) => ({ path, name: relative(CAPTURES, path), bytes: readFileSync(path) }));

/** A PCG-style generator: the damage must be the same in every run. */
function* numbers(seed: number): Generator<number, never> {
  let state = seed >>> 0;
  for (;;) {
    state = (Math.imul(state, 747_796_405) + 2_891_336_453) >>> 0;
    yield ((state >>> ((state >>> 28) + 4)) ^ state) >>> 0;
  }
}

describe.skipIf(!hasCaptures)('every reference capture of any protocol passes', () => {
  for (const { name, bytes } of captures)
    it(name, () => {
      const { summary } = run(bytes, DISSECTORS_AND_RECORDERS);
      // One conformance case of the reference captures has no packet at all.
      expect(summary.packets > 0).toBe(bytes.length > 24);
      expect(summary.activeFlows).toBe(0);
      expect(summary.dropped.dissectorFaults).toBe(0);
      expect(summary.dropped.unknownLink).toBe(0);
    });

  it('gives the same logs, ids and order when it runs again', () => {
    for (const { bytes } of captures.slice(0, 40))
      expect([...run(bytes, DISSECTORS).logs]).toEqual([...run(bytes, DISSECTORS).logs]);
  });
});

describe.skipIf(!hasCaptures)('damaged captures pass as far as they can be read', () => {
  it('cut off anywhere', () => {
    const random = numbers(1);
    for (const { bytes } of captures)
      for (let i = 0; i < 3; i++)
        run(bytes.subarray(0, 4 + (random.next().value % (bytes.length - 4))), DISSECTORS_AND_RECORDERS);
  });

  it('with flipped bits in packets and headers', () => {
    const random = numbers(2);
    for (const { bytes } of captures) {
      if (bytes.length > 2_000_000) continue;
      for (let variant = 0; variant < 3; variant++) {
        const damaged = new Uint8Array(bytes);
        const flips = 1 + (random.next().value % 200);
        for (let i = 0; i < flips; i++) {
          const at = 4 + (random.next().value % (damaged.length - 4));
          damaged[at] = (damaged[at] as number) ^ (1 << (random.next().value & 7));
        }
        expect(run(damaged, DISSECTORS_AND_RECORDERS).summary.dropped.dissectorFaults).toBe(0);
      }
    }
  });
});

describe('the pipeline takes anything', () => {
  it('random bytes as frames of every link type', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(0, 1, 12, 101, 108, 113, 228, 229, 276, 147),
        fc.array(fc.uint8Array({ maxLength: 120 }), { maxLength: 30 }),
        (linkType, frames) => {
          const header = new DataView(new ArrayBuffer(24));
          header.setUint32(0, 0xa1b2c3d4, true);
          header.setUint32(20, linkType, true);
          const records = frames.map((frame) => {
            const record = new Uint8Array(16 + frame.length);
            new DataView(record.buffer).setUint32(8, frame.length, true);
            new DataView(record.buffer).setUint32(12, frame.length, true);
            record.set(frame, 16);
            return record;
          });
          const bytes = Buffer.concat([new Uint8Array(header.buffer), ...records]);
          expect(run(bytes, DISSECTORS_AND_RECORDERS).summary.packets).toBe(frames.length);
        },
      ),
    );
  });
});
