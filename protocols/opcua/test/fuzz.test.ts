import type { Instant, ProtocolEvent } from '@penstock/core';
import { describe, expect, it } from 'vitest';
import { Dice } from '../../exchange/test/dice.ts';
import { opcuaDissector } from '../index.ts';
import { conversation } from './conversation.ts';
import { testPlant } from './plant.ts';

const PROVE = process.env.PENSTOCK_PROVE === '1';
const MESSAGES = PROVE ? 1_000_000 : 6000;

describe('an OPC UA server', () => {
  it(`takes ${MESSAGES} broken messages without an exception, and writes nothing that nobody may`, {
    timeout: 600_000,
  }, () => {
    const dice = new Dice(12_345);
    const good = conversation().filter(({ fromClient }) => fromClient);
    const plant = testPlant({ anonymous: 'observer' });
    let connection = plant.server.connection('10.0.0.9', 1);
    let sent = 0;
    for (let i = 0; i < MESSAGES; i++) {
      if (connection.closing || dice.below(40) === 0) {
        connection.ended();
        connection = plant.server.connection('10.0.0.9', i & 0xffff);
        sent = 0;
      }
      const bytes = (good[Math.min(sent++, good.length - 1)] as { bytes: Uint8Array }).bytes.slice();
      // The greeting and the channel are mostly left as they are, or nothing behind them would be reached.
      if (sent > 2 || dice.below(10) === 0)
        for (let n = dice.below(4); n > 0; n--) bytes[dice.below(bytes.length)] = dice.below(256);
      const now = (i * 1000) as Instant;
      connection.receiveRange(bytes, 0, dice.below(20) === 0 ? dice.below(bytes.length) : bytes.length, now);
      if (connection.due() <= now) connection.tick(now);
      connection.take();
    }
    expect(plant.server.open).toBeLessThanOrEqual(1);
    expect(plant.server.sessions.size).toBeLessThanOrEqual(plant.server.limits.sessions);
    expect(plant.server.counters.broken).toBeGreaterThan(0);
    // The session that the good messages name is one of another server: whatever is written needs a logon of this one.
    expect(plant.writes).toEqual([]);
  });

  it('ends a connection that never opens a channel, and one that is not renewed', () => {
    const plant = testPlant();
    const silent = plant.server.connection('10.0.0.9', 1);
    silent.receive(Uint8Array.of(0x48), 0 as Instant);
    expect(silent.due()).toBe(10_000_000);
    silent.tick(10_000_000 as Instant);
    expect(silent.closing).toBe(true);
    expect(plant.server.open).toBe(0);
  });

  it.each([
    ['no message of OPC UA', [0x47, 0x45, 0x54, 0x20, 0x2f, 0x20, 0x48, 0x54], 0x807e0000],
    ['a chunk beyond all bounds', [0x4d, 0x53, 0x47, 0x46, 0xff, 0xff, 0xff, 0x7f], 0x80800000],
    [
      'a message before any channel',
      [0x4d, 0x53, 0x47, 0x46, 24, 0, 0, 0, ...new Array<number>(16).fill(1)],
      0x807e0000,
    ],
  ])('answers %s with an error, and hangs up', (_, bytes, status) => {
    const connection = testPlant().server.connection('10.0.0.9', 1);
    connection.receive(Uint8Array.from(bytes), 0 as Instant);
    const answer = connection.take() as Uint8Array;
    expect(Buffer.from(answer.subarray(0, 4)).toString()).toBe('ERRF');
    expect(new DataView(answer.buffer, answer.byteOffset).getUint32(8, true)).toBe(status);
    expect(connection.closing).toBe(true);
  });
});

describe('the OPC UA dissector', () => {
  const watch = () => {
    const events: Record<string, unknown>[] = [];
    const dissector = opcuaDissector.create((event: ProtocolEvent) => events.push(event as never));
    return { events, dissector, of: (name: string) => events.filter((event) => event.name === name) };
  };
  const play = (
    dissector: ReturnType<typeof opcuaDissector.create>,
    traffic: readonly { fromClient: boolean; bytes: Uint8Array }[],
  ): void => {
    traffic.forEach(({ fromClient, bytes }, i) => {
      dissector.data(fromClient, i, bytes, 0, bytes.length);
    });
  };

  it('tells the values of a subscription by their nodes, sessions and writes, with the password masked', () => {
    const { events, dissector, of } = watch();
    play(dissector, conversation());
    dissector.end(1000);
    expect(dissector.violations).toBe(0);
    expect(dissector.unparsedBytes).toBe(0);
    expect(of('opcua_session')).toMatchObject([
      { user: 'engineer', token_type: 'UserName', security_mode: 'None', best_offered: 'None', success: true },
    ]);
    expect(of('credential')).toMatchObject([
      { protocol: 'opcua', user: 'engineer', password: 's*****', success: true },
    ]);
    expect(JSON.stringify(events)).not.toContain('sluice');
    const values = of('opcua_value').map(({ service, node_id, number, status_code_name }) => [
      ...[service, node_id, number, status_code_name],
    ]);
    expect(values).toEqual([
      ['Read', 'ns=2;s=LIT101', 2.5, 'Good'],
      ['Read', 'ns=2;s=P101', 1, 'Good'],
      ['Write', 'ns=2;s=SP101', 3, 'Good'],
      ['Publish', 'ns=2;s=LIT101', 2.5, 'Good'],
    ]);
    expect(of('opcua_identity').map(({ object, value }) => [object, value])).toContainEqual([
      'ApplicationUri',
      'urn:works:scada',
    ]);
  });

  it('takes no answer of another service for one', () => {
    const traffic = conversation();
    const READ_RESPONSE = 634;
    const PUBLISH_REQUEST = 826;
    // Messages of one chunk: the type's number stands behind the headers, in the four-byte form.
    const find = (type: number) =>
      traffic.find(
        ({ bytes }) =>
          bytes.length > 28 && bytes[24] === 1 && ((bytes[26] as number) | ((bytes[27] as number) << 8)) === type,
      )?.bytes as Uint8Array;
    const answer = find(READ_RESPONSE).slice();
    answer.set(find(PUBLISH_REQUEST).subarray(20, 24), 20);
    const { dissector, of } = watch();
    dissector.data(true, 0, find(PUBLISH_REQUEST), 0, find(PUBLISH_REQUEST).length);
    dissector.data(false, 1, answer, 0, answer.length);
    expect(of('opcua_violation').map(({ layer, reason }) => [layer, reason])).toEqual([['message', 'mixed']]);
    expect(of('opcua_value')).toEqual([]);
  });

  it('says the same however the segments are cut', () => {
    const whole = watch();
    const cut = watch();
    const traffic = conversation();
    play(whole.dissector, traffic);
    traffic.forEach(({ fromClient, bytes }, i) => {
      for (let from = 0; from < bytes.length; from += 7)
        cut.dissector.data(fromClient, i, bytes, from, Math.min(bytes.length, from + 7));
    });
    expect(cut.events).toEqual(whole.events);
  });

  it('picks up in the middle, and goes on behind a gap', () => {
    const traffic = conversation();
    const middle = watch();
    play(middle.dissector, traffic.slice(10));
    expect(middle.of('opcua_value').length).toBeGreaterThan(0);
    const torn = watch();
    traffic.forEach(({ fromClient, bytes }, i) => {
      if (i === 8) {
        torn.dissector.data(fromClient, i, bytes, 0, 20);
        torn.dissector.gap(fromClient, i, bytes.length - 20);
      } else torn.dissector.data(fromClient, i, bytes, 0, bytes.length);
    });
    expect(torn.of('opcua_violation')).toMatchObject([{ layer: 'chunk', reason: 'truncated' }]);
    expect(torn.of('opcua_value').some(({ service }) => service === 'Publish')).toBe(true);
  });

  it('tells of an encrypted channel by its outside', () => {
    const { dissector, of } = watch();
    const uri = Buffer.from('http://opcfoundation.org/UA/SecurityPolicy#Basic256Sha256');
    const head = Buffer.concat([
      Buffer.from('OPNF'),
      Buffer.alloc(8),
      Buffer.from([uri.length, 0, 0, 0]),
      uri,
      Buffer.from([4, 0, 0, 0, 1, 2, 3, 4, 0xff, 0xff, 0xff, 0xff]),
      Buffer.alloc(64, 0xa5),
    ]);
    head.writeUInt32LE(head.length, 4);
    const message = Buffer.concat([Buffer.from('MSGF'), Buffer.alloc(12), Buffer.alloc(80, 0x5a)]);
    message.writeUInt32LE(message.length, 4);
    message.writeUInt32LE(77, 8);
    dissector.data(true, 1, head, 0, head.length);
    dissector.data(true, 2, message, 0, message.length);
    expect(of('opcua_binary')).toMatchObject([
      { msg_type: 'OPN', sec_policy_uri: uri.toString(), snd_cert_len: 4, readable: false },
      { msg_type: 'MSG', sec_channel_id: 77, total_size: message.length, readable: false },
    ]);
    expect(dissector.violations).toBe(0);
  });

  it(`takes ${MESSAGES} broken chunks without an exception`, { timeout: 600_000 }, () => {
    const dice = new Dice(12_345);
    const traffic = conversation();
    const { dissector } = watch();
    for (let i = 0; i < MESSAGES; i++) {
      const { fromClient, bytes } = traffic[dice.below(traffic.length)] as (typeof traffic)[number];
      const broken = bytes.slice();
      for (let n = dice.below(5); n > 0; n--) broken[dice.below(broken.length)] = dice.below(256);
      dissector.data(fromClient, i, broken, 0, dice.below(10) === 0 ? dice.below(broken.length) : broken.length);
      if (dice.below(100) === 0) dissector.gap(fromClient, i, dice.below(500));
    }
    dissector.end(MESSAGES);
    expect(dissector.violations).toBeGreaterThan(0);
  });
});
