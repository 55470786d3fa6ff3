/**
 * What the wire costs: a standing connection polled once in 50 ms of the run, so that each poll is request, response and an
 * acknowledgement of its own; past a tap that counts.
 *
 *     node simulator/kernel/wire.bench.ts [polls]
 */
import { type Instant, milliseconds, NEVER, seconds } from '@penstock/core';
import { parseIpv4 } from '@penstock/protocols/ethernet';
import { buildBenchRange, REQUEST, RESPONSE_LENGTH } from './bench/range.ts';

const polls = Number(process.argv[2] ?? 400_000);

/** Median of eight rounds, microseconds a poll. */
function measure(listen: (range: ReturnType<typeof buildBenchRange>) => void): { each: number; frames: number } {
  const range = buildBenchRange();
  const { queue, wire, client } = range;
  listen(range);
  let answered = 0;
  const connection = client.connect(parseIpv4('10.20.1.13'), 502, {
    data: () => void answered++,
    closed: (reason) => console.error(`closed: ${reason}`),
  });
  queue.runUntil(seconds(1) as number as Instant);
  const poll = {
    run() {
      connection.send(REQUEST);
      if (answered < polls) queue.in(milliseconds(50), poll);
    },
  };
  const before = wire.tap.frames;
  queue.in(milliseconds(0), poll);
  const rounds: number[] = [];
  const step = Math.floor(polls / 8);
  for (let goal = step; goal <= polls; goal += step) {
    const began = performance.now();
    const from = answered;
    while (answered < goal) queue.step(NEVER);
    rounds.push(((performance.now() - began) * 1000) / (answered - from));
  }
  rounds.sort((a, b) => a - b);
  return { each: rounds[rounds.length >> 1] as number, frames: (wire.tap.frames - before) / answered };
}

const response = new Uint8Array(RESPONSE_LENGTH).fill(9);
const bare = measure(({ server }) =>
  server.listen(502, (connection) => ({ data: () => void connection.send(response), closed() {} })),
);
console.log(`figure: kernel.pollMicroseconds ${bare.each.toFixed(3)} µs`);
console.log(`figure: kernel.framesPerPoll ${bare.frames.toFixed(3)} frames`);
const modbus = measure(({ serve }) => serve());
console.log(`figure: kernel.modbusPollMicroseconds ${modbus.each.toFixed(3)} µs`);
