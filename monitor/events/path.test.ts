import type { ProtocolEvent } from '@penstock/core';
import { describe, expect, it } from 'vitest';
import { Lan } from '../test/lan.ts';
import { MonitorPipeline } from './pipeline.ts';

const CLIENT = '10.10.2.10';
const SERVER = '10.10.1.13';
const OTHER = '00:0c:29:00:00:66';

function observe(act: (lan: Lan) => void, evidenceBytes = 1 << 20): Record<string, unknown>[] {
  const lan = new Lan();
  act(lan);
  const events: ProtocolEvent[] = [];
  const pipeline = new MonitorPipeline({ dissectors: [], onEvent: (event) => events.push(event), evidenceBytes });
  lan.play(pipeline);
  return events
    .filter(({ name }) => name === 'path_change' || name === 'segment_conflict')
    .map(({ time: _, ...rest }) => rest);
}

const text = (words: string): Uint8Array => new TextEncoder().encode(words);

describe('the way of packets', () => {
  it('is quiet on ordinary connections, retransmissions and keep-alives', () => {
    expect(
      observe((lan) => {
        for (let i = 0; i < 3; i++) {
          const session = lan.connect(CLIENT, SERVER, 502);
          session.send(text('hello'), {});
          session.answer(text('world'));
          const { client, server, ports } = session;
          lan.tcp(client, server, ports, session.clientSequence - 1, session.serverSequence, 16, [0]);
          session.send(text('more'));
          session.close();
        }
      }),
    ).toEqual([]);
  });

  it('tells a card that changes in mid-conversation, at the first, second, fourth, eighth time', () => {
    const events = observe((lan) => {
      const session = lan.connect(CLIENT, SERVER, 502);
      for (let i = 0; i < 9; i++) {
        const from = i % 2 === 0 ? { ...session.client, mac: OTHER } : session.client;
        lan.tcp(from, session.server, session.ports, session.clientSequence, session.serverSequence, 16, [i]);
        session.clientSequence++;
      }
    });
    expect(events.map(({ kind, count, ttl_kept }) => [kind, count, ttl_kept])).toEqual([
      ['mac', 1, true],
      ['mac', 2, true],
      ['mac', 4, true],
      ['mac', 8, true],
    ]);
    expect(events[0]).toMatchObject({ before: '02:00:0a:0a:02:0a', after: OTHER, is_orig: true });
  });

  it('tells a segment that comes again from another card, and whether a router passed it on', () => {
    const relayed = (ttl?: number): Record<string, unknown>[] =>
      observe((lan) => {
        const session = lan.connect(CLIENT, SERVER, 502);
        session.answer(text('8.3'), { mac: OTHER, ...(ttl !== undefined && { ttl }) });
      });
    const twice = (events: Record<string, unknown>[]) => events.filter(({ kind }) => kind === 'twice');
    expect(twice(relayed())).toMatchObject([{ is_orig: false, ttl_kept: true, after: OTHER }]);
    expect(twice(relayed(63))).toMatchObject([{ ttl_kept: false }]);
  });

  it('tells two versions of the same bytes with both, whatever passed in between', () => {
    const events = observe((lan) => {
      const session = lan.connect(CLIENT, SERVER, 502);
      session.answer(text('first'));
      const at = session.serverSequence;
      for (let i = 0; i < 5; i++) session.answer(text('later'));
      session.serverSequence = at - 5;
      lan.wait(0.2);
      session.answer(text('fIrst'));
    });
    expect(events).toMatchObject([
      {
        name: 'segment_conflict',
        is_orig: false,
        first: [...text('first')],
        second: [...text('fIrst')],
        mac_changed: false,
        count: 1,
      },
    ]);
    expect(events[0]?.delay).toBeGreaterThan(0.2);
  });

  it('compares nothing where no packets are kept', () => {
    expect(
      observe((lan) => {
        const session = lan.connect(CLIENT, SERVER, 502);
        session.answer(text('first'), { data: text('fIrst') });
      }, 0),
    ).toEqual([]);
  });

  it('tells another hop limit from the same card, and another way of opening connections', () => {
    const events = observe((lan) => {
      const session = lan.connect(CLIENT, SERVER, 502);
      lan.tcp({ ...session.client, ttl: 57 }, session.server, session.ports, session.clientSequence, 1, 16, []);
      const other = { ...lan.host(CLIENT), ttl: 128 };
      lan.tcp(other, lan.host(SERVER), [45_000, 502], 7, 0, 2, []);
      lan.tcp(other, lan.host(SERVER), [45_001, 503], 7, 0, 2, []);
    });
    expect(events.map(({ kind, before, after }) => [kind, before, after])).toEqual([
      ['ttl', '64', '57'],
      ['fingerprint', '64 64240 2=1460,4,1,3=7,1,1', '128 64240 2=1460,4,1,3=7,1,1'],
    ]);
  });
});
