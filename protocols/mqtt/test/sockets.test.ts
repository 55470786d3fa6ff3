/** The broker behind a gate, under broken messages from real sockets. */
import { afterEach, describe, expect, it } from 'vitest';
import { Dice } from '../../exchange/test/dice.ts';
import type { Gated } from '../../exchange/test/gate.ts';
import { answerTo, assail, OVER_SOCKETS } from '../../exchange/test/hostile.ts';
import { MqttBroker } from '../index.ts';
import { openGate } from './gate.ts';

const bytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, 'hex'));
/** MQTT 3.1.1: CONNECT as `abc`, SUBSCRIBE to `a/#`, PUBLISH of `x` to `a/b` with QoS 0 and 1, UNSUBSCRIBE, PINGREQ. */
const CONNECT = bytes('100f00044d5154540402003c0003616263');
const GOOD = [
  CONNECT,
  bytes('820800010003612f2301'),
  bytes('30060003612f6278'),
  bytes('32080003612f62000278'),
  bytes('a20700030003612f23'),
  bytes('c000'),
];

describe('a broker behind a gate', () => {
  let gate: Gated | undefined;
  afterEach(async () => {
    await gate?.close();
    gate = undefined;
  });

  it(`survives ${OVER_SOCKETS} broken messages, and serves who comes after them`, { timeout: 900_000 }, async () => {
    const broker = new MqttBroker({ anonymous: { publish: ['a/#'], subscribe: ['a/#'] } });
    gate = await openGate(broker, false);
    const served = gate;
    await assail(served, { good: GOOD, opening: 1, dice: new Dice(5) }, async () => {
      expect((await answerTo(served, CONNECT)).subarray(0, 4)).toEqual(Buffer.from(bytes('20020000')));
    });
  });
});
