import type { ProtocolEvent } from '@penstock/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { answerNtp, askNtp, decodeNtp, encodeNtp, ntpDissector } from './index.ts';

const TIME = Date.UTC(2026, 2, 2, 9) * 1000 + 123_456;

describe('NTP', () => {
  it('writes a client question as RFC 5905 lays it out', () => {
    const bytes = encodeNtp(askNtp(TIME));
    expect(bytes).toHaveLength(48);
    expect([...bytes.subarray(0, 4)]).toEqual([0x23, 0, 6, 0xec]);
    // 1,772,442,000 s since 1970 are 3,981,430,800 since 1900; 0.123456 of 2^32 is 530,239,482.
    expect([...bytes.subarray(40)]).toEqual([0xed, 0x4f, 0xd0, 0x10, 0x1f, 0x9a, 0xcf, 0xfa]);
  });

  it('answers with the question as origin', () => {
    const answer = answerNtp(askNtp(TIME), 0x0a140101, TIME + 100, TIME + 150);
    const read = decodeNtp(encodeNtp(answer), 0, 48);
    expect(read).toMatchObject({
      mode: 4,
      stratum: 2,
      originTime: TIME,
      receiveTime: TIME + 100,
      transmitTime: TIME + 150,
      referenceId: 0x0a140101,
    });
  });

  it('keeps every time of the years 1970 to 2100 to the microsecond', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 4_102_444_800_000_000 }), (time) => {
        expect(decodeNtp(encodeNtp(askNtp(time)), 0, 48)?.transmitTime).toBe(time);
      }),
    );
  });

  it('is told apart, and never throws on anything', () => {
    const events: ProtocolEvent[] = [];
    const dissector = ntpDissector.create((event) => events.push(event));
    const bytes = encodeNtp(askNtp(TIME));
    expect(ntpDissector.probe(bytes, 0, 48, true)).toBeGreaterThan(0.5);
    dissector.data(true, TIME, bytes, 0, 48);
    expect(events).toMatchObject([{ name: 'ntp', version: 4, mode: 3, xmt_time: TIME / 1e6 }]);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (noise) => dissector.data(true, 0, noise, 0, noise.length)),
    );
  });
});
