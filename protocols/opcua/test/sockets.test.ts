/** The server behind a gate, under broken messages from real sockets. */
import { afterEach, describe, expect, it } from 'vitest';
import { Dice } from '../../exchange/test/dice.ts';
import type { Gated } from '../../exchange/test/gate.ts';
import { answerTo, assail, OVER_SOCKETS } from '../../exchange/test/hostile.ts';
import { conversation } from './conversation.ts';
import { openGate } from './gate.ts';
import { testPlant } from './plant.ts';

describe('an OPC UA server behind a gate', () => {
  let gate: Gated | undefined;
  afterEach(async () => {
    await gate?.close();
    gate = undefined;
  });

  it(`survives ${OVER_SOCKETS} broken messages, writes nothing, and serves who comes after them`, {
    timeout: 900_000,
  }, async () => {
    const plant = testPlant({ anonymous: 'observer' });
    gate = await openGate(plant, false);
    const served = gate;
    const good = conversation()
      .filter(({ fromClient }) => fromClient)
      .map(({ bytes }) => bytes);
    await assail(served, { good, opening: 2, dice: new Dice(6) }, async () => {
      const answer = await answerTo(served, good[0] as Uint8Array);
      expect(answer.subarray(0, 4).toString('latin1')).toBe('ACKF');
    });
    expect(plant.writes).toEqual([]);
  });
});
