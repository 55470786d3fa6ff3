/** A good conversation of a client that reads, writes and subscribes, for tests that break it. */
import type { Instant } from '@penstock/core';
import { readRequest, stringId, writeBody } from '../index.ts';
import { testPlant } from './plant.ts';
import { TestSession } from './session.ts';

const at = (name: string) => stringId(name, 2);

/** What a client sends in a good conversation, chunk by chunk. */
export function conversation(): { fromClient: boolean; bytes: Uint8Array }[] {
  const session = new TestSession(testPlant(), { user: { name: 'engineer', password: 'sluice' } });
  session.ask('Read', readRequest([at('LIT101'), at('P101')]).body);
  session.ask('Write', writeBody([[at('SP101'), { type: 11, value: 3 }]]));
  session.client.subscribe(
    { items: [at('LIT101')], publishingInterval: 500, onData: () => {} },
    session.plant.now as Instant,
  );
  session.pump();
  session.pass(3_000_000);
  return session.traffic;
}
