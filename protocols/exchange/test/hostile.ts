/** Broken conversations over real sockets, at a gate whose server must go on serving others. */
import { once } from 'node:events';
import { connect } from 'node:net';
import type { Dice } from './dice.ts';
import type { Gated } from './gate.ts';

/** How many messages go over sockets in a landing and when everything is proven. */
export const OVER_SOCKETS = process.env.PENSTOCK_PROVE === '1' ? 20_000 : 1_000;
const A_CONNECTION = 100;

/**
 * Sends `OVER_SOCKETS` messages of good conversations with bytes changed, a hundred over each connection. The first `opening` messages
 * of a connection are mostly left whole, or nothing behind them would be reached. `after` is asked when a connection is over.
 */
export async function assail(
  gate: Gated,
  { good, opening, dice }: { good: readonly Uint8Array[]; opening: number; dice: Dice },
  after: () => Promise<void>,
): Promise<void> {
  for (let sent = 0; sent < OVER_SOCKETS; ) {
    const batch: Uint8Array[] = [];
    for (let i = 0; i < A_CONNECTION && sent < OVER_SOCKETS; i++, sent++) {
      const message = (good[Math.min(i, opening + dice.below(good.length - opening))] as Uint8Array).slice();
      if (i >= opening || dice.below(10) === 0)
        for (let n = dice.below(4); n > 0; n--) message[dice.below(message.length)] = dice.below(256);
      batch.push(message);
    }
    const socket = connect(gate.port, gate.host);
    socket.on('error', () => {});
    socket.resume();
    await once(socket, 'connect');
    const over = once(socket, 'close');
    socket.write(Buffer.concat(batch), () => socket.resetAndDestroy());
    await over;
    await after();
  }
}

/** The first bytes that a server answers a new connection with. */
export async function answerTo(gate: Gated, greeting: Uint8Array): Promise<Buffer> {
  const socket = connect(gate.port, gate.host);
  try {
    socket.write(greeting);
    const [answer] = (await once(socket, 'data')) as [Buffer];
    return answer;
  } finally {
    socket.destroy();
  }
}
