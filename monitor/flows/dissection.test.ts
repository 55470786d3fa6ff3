import type { DissectorFactory } from '@penstock/core';
import { describe, expect, it } from 'vitest';
import { MonitorPipeline } from '../events/index.ts';
import { pcapOf, tcp, udp } from '../test/frames.ts';
import { type RecorderEvent, recorder } from '../test/recorder.ts';
import { type Run, run } from '../test/reference.ts';

/** A recorder that wants streams which begin with a letter, as surely as is said; it needs `needs` bytes to tell. */
function wants(letter: string, certainty: number, port: number, needs = 1): DissectorFactory {
  return {
    ...recorder('tcp'),
    protocol: letter,
    ports: [port],
    probe: (buffer, start, end) =>
      end - start < needs ? undefined : buffer[start] === letter.charCodeAt(0) ? certainty : 0,
  };
}

const send = (port: number, ...texts: string[]): Uint8Array => {
  let seq = 1;
  return pcapOf(
    texts.map((data) => {
      const frame = tcp({ from: '10.0.0.1:1234', to: `10.0.0.2:${port}`, seq, ack: 1, data });
      seq += data.length;
      return frame;
    }),
  );
};
const service = (result: Run): unknown => (result.events.at(-1)?.event as { service?: string } | undefined)?.service;
const text = (result: Run): string | undefined =>
  (result.events.find(({ event }) => event.name === 'recorded')?.event as RecorderEvent | undefined)?.originator;

describe('the dissector is chosen', () => {
  it('by content, on whatever port', () => {
    expect(service(run(send(80, 'a message'), [wants('b', 1, 80), wants('a', 1, 502)]))).toBe('a');
  });

  it('by port where the content would fit several', () => {
    expect(service(run(send(502, 'a'), [wants('a', 0.9, 1), { ...wants('a', 0.9, 502), protocol: 'own' }]))).toBe(
      'own',
    );
  });

  it('hardly sure, only on its own port', () => {
    expect(service(run(send(502, 'a'), [wants('a', 0.2, 502)]))).toBe('a');
    expect(service(run(send(80, 'a'), [wants('a', 0.2, 502)]))).toBeUndefined();
  });

  it('once there are enough bytes, none of which is lost', () => {
    const result = run(send(502, 'a', 'b', 'cd', 'ef'), [wants('a', 1, 502, 4)]);
    expect(text(result)).toBe('abcdef');
  });

  it('by port alone when the flow ends before there are enough', () => {
    expect(text(run(send(502, 'a'), [wants('a', 1, 502, 4)]))).toBe('a');
    expect(run(send(80, 'a'), [wants('a', 1, 502, 4)]).summary.dropped.unclaimedBytes).toBe(1);
  });

  it('at the next segment when a flow was picked up inside a message', () => {
    const result = run(send(502, 'rest of something', 'a message'), [wants('a', 1, 502)]);
    expect(text(result)).toBe('a message');
    expect(result.summary.dropped.unclaimedBytes).toBe(17);
  });

  it('and gets the start of the stream that looked like nothing, on its own port', () => {
    const start = (data: string, flags = 'A', seq = 1): Uint8Array =>
      tcp({ from: '10.0.0.1:1234', to: '10.0.0.2:502', seq, ack: flags === 'S' ? 0 : 1, flags, data });
    const answer = tcp({ from: '10.0.0.2:502', to: '10.0.0.1:1234', seq: 0, ack: 1, flags: 'SA' });
    const frames = [start('', 'S', 0), answer, start('odd '), start('a message', 'A', 5)];
    expect(text(run(pcapOf(frames), [wants('a', 1, 502)]))).toBe('odd a message');
    expect(text(run(pcapOf(frames), [wants('a', 1, 503)]))).toBe('a message');
  });

  it('again when the first choice makes no sense of anything', () => {
    const wrong: DissectorFactory = {
      ...wants('a', 1, 502),
      create: () => {
        const dissector = {
          violations: 0,
          unparsedBytes: 0,
          data: () => void dissector.violations++,
          gap: () => {},
          end: () => {},
        };
        return dissector;
      },
    };
    const texts = Array.from({ length: 12 }, () => 'a.');
    const result = run(send(502, ...texts), [wrong, { ...wants('a', 0.9, 502), protocol: 'right' }]);
    expect(service(result)).toBe('right');
    expect(result.summary.dropped.violations).toBe(9);
  });
});

describe('faults', () => {
  it('of a dissector cost its flow, not the sensor, and are counted', () => {
    const faulty: DissectorFactory = {
      ...recorder('tcp'),
      create: () => ({
        violations: 0,
        unparsedBytes: 0,
        data: () => {
          throw new Error('a defect');
        },
        gap: () => {},
        end: () => {},
      }),
    };
    const result = run(send(502, 'a', 'b'), [faulty]);
    expect(result.summary.dropped.dissectorFaults).toBe(1);
    expect(result.events.map(({ event }) => event.name)).toEqual(['conn']);
  });

  it('of whoever receives the events are not swallowed', () => {
    const monitor = new MonitorPipeline({
      dissectors: [recorder('udp')],
      onEvent: () => {
        throw new Error('a defect in a rule');
      },
    });
    const frame = udp('10.0.0.1:1', '10.0.0.2:7', 'x');
    monitor.frame(0, frame, 0, frame.length, 1);
    expect(() => monitor.flush(1)).toThrow('a defect in a rule');
  });
});
