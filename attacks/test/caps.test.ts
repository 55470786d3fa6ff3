import { type Instant, seconds } from '@penstock/core';
import { EventQueue, type Foothold } from '@penstock/simulator/kernel';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DEFAULT_CAPS, Meter, meteredFoothold } from '../caps.ts';

const at = (s: number) => seconds(s) as number as Instant;
const CAUSE = { actor: 'scenario:x', step: 'y' };

/** A foothold that answers at once, behind meters. */
function stage(meters: readonly Meter[], over: string[] = []) {
  const queue = new EventQueue();
  const sent: number[] = [];
  const released: string[] = [];
  let active = true;
  const bare: Foothold = {
    device: 'scada',
    modbus: (target) => ({
      request(_unit, pdu, _cause, done) {
        sent.push(queue.now);
        done({ outcome: 'answered', pdu }, queue.now);
      },
      release: () => void released.push(target),
    }),
    ping(_target, _cause, done) {
      sent.push(queue.now);
      done(true);
    },
  };
  const foothold = meteredFoothold(bare, {
    queue,
    meters,
    active: () => active,
    capped: (reason) => void over.push(reason),
    opened: () => {},
  });
  const ask = (code: number) => foothold.modbus('plc').request(1, Uint8Array.of(code), CAUSE, () => {});
  return { queue, sent, released, foothold, ask, end: () => (active = false) };
}

describe('caps', () => {
  it('let so many packets through and no more', () => {
    const over: string[] = [];
    const { ask, queue, sent } = stage([new Meter({ packets: 3, perSecond: 100 }, "step 'x'")], over);
    for (let i = 0; i < 5; i++) ask(3);
    queue.runUntil(at(10));
    expect(sent).toHaveLength(3);
    expect(over).toEqual(["step 'x' may send 3 packets", "step 'x' may send 3 packets"]);
  });

  it.each([5, 6, 15, 16, 21, 22, 23])('count function %d as a write', (code) => {
    const over: string[] = [];
    const { ask, queue, sent } = stage([new Meter({ writes: 1 }, "step 'x'")], over);
    ask(code);
    ask(3);
    ask(code);
    queue.runUntil(at(10));
    expect(sent).toHaveLength(2);
    expect(over).toEqual(["step 'x' may write 1 times"]);
  });

  it('may forbid writing altogether', () => {
    const over: string[] = [];
    const { ask, sent } = stage([new Meter({ writes: 0 }, "step 'x'")], over);
    ask(6);
    expect(sent).toEqual([]);
    expect(over).toHaveLength(1);
  });

  it('hold what comes too fast back, whatever the pattern', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 50 }),
        fc.array(fc.integer({ min: 0, max: 2_000_000 }), { maxLength: 60 }),
        (perSecond, times) => {
          const { ask, queue, sent } = stage([new Meter({ perSecond }, 'x')]);
          for (const time of times) queue.at(time as Instant, { run: () => ask(3) });
          queue.runUntil(at(200));
          expect(sent).toHaveLength(times.length);
          for (const from of sent)
            expect(sent.filter((t) => t >= from && t < from + 1e6).length).toBeLessThanOrEqual(perSecond);
        },
      ),
      { numRuns: 50 },
    );
  });

  it('of the scenario hold beside those of the step', () => {
    const scenario = new Meter({ packets: 2 }, "scenario 's'");
    const over: string[] = [];
    stage([new Meter({}, "step 'a'"), scenario], over).ask(3);
    const second = stage([new Meter({}, "step 'b'"), scenario], over);
    second.ask(3);
    second.ask(3);
    expect(over).toEqual(["scenario 's' may send 2 packets"]);
  });

  it('end a step that lasts too long', () => {
    const meter = new Meter({ duration: seconds(10) }, "step 'x'");
    expect(meter.overdue(at(100))).toBeUndefined();
    meter.begin(at(100));
    expect(meter.overdue(at(109))).toBeUndefined();
    expect(meter.overdue(at(110))).toBe("step 'x' may last 10 s");
    expect(meter.refusal(at(111), false)).toBe("step 'x' may last 10 s");
  });

  it('are there where a scenario names none', () => {
    const over: string[] = [];
    const { ask, queue, sent } = stage([new Meter({}, 'x')], over);
    for (let i = 0; i < DEFAULT_CAPS.writes + 1; i++) ask(6);
    queue.runUntil(at(100));
    expect(sent).toHaveLength(DEFAULT_CAPS.writes);
    expect(over).toHaveLength(1);
  });

  it('count pings too', () => {
    const over: string[] = [];
    const { foothold, sent } = stage([new Meter({ packets: 1 }, 'x')], over);
    foothold.ping?.('plc', CAUSE, () => {});
    foothold.ping?.('plc', CAUSE, () => {});
    expect([sent.length, over.length]).toEqual([1, 1]);
  });

  it('send nothing that was held back once the step is over', () => {
    const { ask, queue, sent, end } = stage([new Meter({ perSecond: 1 }, 'x')]);
    ask(3);
    ask(3);
    end();
    queue.runUntil(at(10));
    expect(sent).toHaveLength(1);
  });
});
