/**
 * What the wire costs: a standing connection polled at a fixed pace, request, response and acknowledgement, past a tap that
 * counts. Prints one JSON line: `node simulator/kernel/bench/wire.ts [polls] [request bytes] [response bytes]`.
 */
import type { Instant } from '@penstock/core';
import { parseIpv4 } from '@penstock/protocols/ethernet';
import { buildBenchWire } from './two-hosts.ts';

const polls = Number(process.argv[2] ?? 400_000);
const request = new Uint8Array(Number(process.argv[3] ?? 12)).fill(7);
const response = new Uint8Array(Number(process.argv[4] ?? 49)).fill(9);

const { queue, wire, server, client } = buildBenchWire();
server.listen(502, (connection) => ({
  data: () => void connection.send(response),
  closed() {},
}));
let answered = 0;
const connection = client.connect(parseIpv4('10.20.1.13'), 502, {
  data: () => void answered++,
  closed: (reason) => console.error(`closed: ${reason}`),
});
queue.runUntil(1e6 as Instant);
const poll = {
  run() {
    connection.send(request);
    // Above the 40 ms that an acknowledgement may wait, so that each poll has one of its own.
    if (answered < polls) queue.in(50_000 as never, poll);
  },
};
const rounds: number[] = [];
const framesBefore = wire.tap.frames;
queue.in(0 as never, poll);
const step = Math.floor(polls / 8);
for (let goal = step; goal <= polls; goal += step) {
  const before = process.hrtime.bigint();
  const from = answered;
  while (answered < goal) queue.step(Number.POSITIVE_INFINITY as Instant);
  rounds.push(Number(process.hrtime.bigint() - before) / 1000 / (answered - from));
}
rounds.sort((a, b) => a - b);
console.log(
  JSON.stringify({
    polls: answered,
    framesPerPoll: (wire.tap.frames - framesBefore) / answered,
    microsecondsPerPoll: { median: rounds[rounds.length >> 1], best: rounds[0] },
  }),
);
