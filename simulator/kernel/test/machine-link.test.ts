import { type Instant, milliseconds, NEVER, type StreamMachine } from '@penstock/core';
import { expect, test } from 'vitest';
import { MachineLink } from '../index.ts';
import { buildPair, PLC, pattern, watch } from './plant.ts';

/** Answers each byte after a while with its double, and hangs up on 0. */
class SlowDouble implements StreamMachine {
  closing = false;
  #waiting: { byte: number; at: Instant }[] = [];
  #out: number[] = [];

  receive(bytes: Uint8Array, now: Instant): void {
    for (const byte of bytes) this.#waiting.push({ byte, at: (now + milliseconds(2)) as Instant });
  }

  due(): Instant {
    return this.#waiting[0]?.at ?? NEVER;
  }

  tick(now: Instant): void {
    while ((this.#waiting[0]?.at ?? NEVER) <= now) {
      const { byte } = this.#waiting.shift() as { byte: number };
      if (byte === 0) this.closing = true;
      else this.#out.push(byte * 2);
    }
  }

  take(): Uint8Array | undefined {
    if (this.#out.length === 0) return undefined;
    const bytes = Uint8Array.from(this.#out);
    this.#out = [];
    return bytes;
  }
}

test('feeds a machine, keeps its time, sends what it says, and closes when it wants', () => {
  const { plc, scada, run, queue } = buildPair();
  const ends: string[] = [];
  plc.listen(7, (connection) =>
    new MachineLink(queue, new SlowDouble(), (reason) => ends.push(reason)).attach(connection),
  );
  const { handler, bytes, log } = watch();
  const connection = scada.connect(PLC, 7, handler);
  run(1);
  connection.send(Uint8Array.of(1, 2));
  run(0.001);
  expect(bytes).toEqual([]);
  connection.send(Uint8Array.of(3));
  run(1);
  expect(bytes).toEqual([2, 4, 6]);
  connection.send(Uint8Array.of(0));
  run(1);
  expect(log).toEqual(['open', 'closed']);
  expect(ends).toEqual(['closed']);
});

test('dials for a client machine, which is pumped when it has something to say', () => {
  const { plc, scada, run, queue } = buildPair();
  plc.listen(7, (connection) => ({ data: (b, s, e) => void connection.send(b, s, e), closed() {} }));
  const got: number[] = [];
  let queued: Uint8Array | undefined = Uint8Array.of(5);
  const link = new MachineLink(queue, {
    closing: false,
    receive: (bytes) => void got.push(...bytes),
    due: () => NEVER,
    tick() {},
    take() {
      const bytes = queued;
      queued = undefined;
      return bytes;
    },
  });
  link.dial(scada, PLC, 7);
  run(1);
  expect(got).toEqual([5]);
  queued = Uint8Array.of(6);
  link.pump();
  run(1);
  expect(got).toEqual([5, 6]);
  expect(link.connection?.writable).toBe(true);
});

test('nothing more is read from a client that does not take the answers', () => {
  const { plc, scada, run, queue } = buildPair();
  let answered = 0;
  let asked = 0;
  plc.listen(7, (connection) => {
    const out: Uint8Array[] = [];
    return new MachineLink(queue, {
      closing: false,
      receive: (bytes) => {
        asked += bytes.length;
        for (let i = 0; i < bytes.length; i++) out.push(pattern(100));
      },
      due: () => NEVER,
      tick() {},
      take() {
        answered += out.length > 0 ? 1 : 0;
        return out.shift();
      },
    }).attach(connection);
  });
  let got = 0;
  const connection = scada.connect(PLC, 7, {
    data(_buffer, start, end) {
      got += end - start;
    },
    closed() {},
  });
  connection.pause();
  for (let i = 0; i < 200; i++) {
    connection.send(pattern(1000));
    run(0.1);
  }
  expect(asked).toBeLessThan(20_000);
  expect(answered).toBe(asked);
  connection.resume();
  run(200);
  expect(asked).toBe(200_000);
  expect(got).toBe(20_000_000);
});
