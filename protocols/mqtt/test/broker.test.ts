import { describe, expect, it } from 'vitest';
import { REASON } from '../index.ts';
import { Bench, bytes, EVERYTHING, WiredClient } from './wired.ts';

const codeOf = (packets: readonly object[], type: string): number | undefined =>
  (packets.find((packet) => (packet as { type: string }).type === type) as { code: number } | undefined)?.code;

describe('CONNECT', () => {
  it('has to come first, and once', () => {
    const bench = new Bench();
    const hand = bench.hand().say({ type: 'pingreq' });
    expect([hand.connection.closing, hand.heard()]).toEqual([true, []]);
    const second = bench.connected('a', 5);
    second.connect('a');
    expect([second.connection.closing, codeOf(second.heard(), 'disconnect')]).toEqual([true, REASON.protocolError]);
    const server = bench.connected('b', 5).say({ type: 'pingresp' });
    expect(codeOf(server.heard(), 'disconnect')).toBe(REASON.protocolError);
    const auth = bench.connected('c', 5).say({ type: 'auth', code: 0x19 });
    expect(codeOf(auth.heard(), 'disconnect')).toBe(REASON.protocolError);
  });

  it('has ten seconds', () => {
    const bench = new Bench();
    const hand = bench.hand();
    expect(hand.connection.due()).toBe(10e6);
    bench.wait(10);
    hand.connection.tick(bench.now);
    expect(hand.connection.closing).toBe(true);
  });

  it.each([
    ['a version that there is not', 4, { version: 6 as 5 }, 1],
    ['no client id and a session to keep, 3.1.1', 4, { clientId: '', cleanStart: false }, 2],
    ['a wrong password, 3.1.1', 4, { username: 'pump', password: bytes('x') }, 4],
    ['nobody, 3.1.1', 4, {}, 5],
    ['a wrong password', 5, { username: 'pump', password: bytes('x') }, REASON.badCredentials],
    ['an unknown user', 5, { username: 'x', password: bytes('secret') }, REASON.badCredentials],
    ['nobody', 5, {}, REASON.notAuthorized],
    ['another way to log on', 5, { properties: { authenticationMethod: 'SCRAM' } }, REASON.badAuthenticationMethod],
    ['a long client id', 5, { clientId: 'x'.repeat(300) }, REASON.clientIdInvalid],
    [
      'a will that the user may not publish',
      5,
      {
        ...{ username: 'pump', password: bytes('secret') },
        will: { topic: 'other', payload: bytes(''), qos: 0 as const, retain: false },
      },
      REASON.notAuthorized,
    ],
  ] as const)('refuses %s', (_, version, connect, code) => {
    const bench = new Bench({ users: [{ name: 'pump', password: 'secret', publish: ['pump/#'], subscribe: [] }] });
    const hand = bench.hand(version);
    hand.connect('a', connect);
    const connack = hand.heard();
    expect([codeOf(connack, 'connack'), hand.connection.closing]).toEqual([code, true]);
    expect(bench.broker.clients).toEqual([]);
  });

  it('gives a client without id one, and tells limits', () => {
    const bench = new Bench({ anonymous: EVERYTHING, limits: { keepAlive: 60, sessionExpirySeconds: 100 } });
    const hand = bench.hand(5);
    hand.connect('', { properties: { sessionExpiry: 1000 } });
    expect(hand.heard()[0]).toMatchObject({
      properties: { assignedClientId: 'auto-00000001', sessionExpiry: 100, serverKeepAlive: 60, receiveMaximum: 64 },
    });
  });

  it('takes a session over, from whoever has it', () => {
    const bench = new Bench();
    const first = bench.connected('edge', 5, { will: { topic: 'w', payload: bytes('gone'), qos: 0, retain: false } });
    const watcher = bench.connected('watcher');
    watcher.subscribe('w');
    const second = bench.connected('edge', 5);
    expect([first.connection.closing, codeOf(first.heard(), 'disconnect')]).toEqual([true, REASON.takenOver]);
    expect([second.connection.closing, watcher.messages()]).toEqual([false, ['w gone']]);
    expect(bench.notices).toContain('taken-over edge 10.1.1.1');
    first.drop();
    expect(bench.broker.clients).toEqual(['watcher', 'edge']);
  });
});

describe('messages', () => {
  it('go by wildcards, which do not reach what begins with $', () => {
    const bench = new Bench();
    const filters = ['a/b', 'a/+', 'a/#', '+/b', '#', '+', 'a/b/c', '/+', '+/+/#'];
    const hands = filters.map((filter) => {
      const hand = bench.connected(`client-${filter}`);
      hand.subscribe(filter);
      return hand;
    });
    const sender = bench.connected('sender');
    const got = (topic: string): string[] => {
      sender.publish(topic, '');
      return filters.filter((_, i) => hands[i]?.messages().length === 1);
    };
    expect(got('a/b')).toEqual(['a/b', 'a/+', 'a/#', '+/b', '#', '+/+/#']);
    expect(got('a')).toEqual(['a/#', '#', '+']);
    expect(got('/x')).toEqual(['#', '/+', '+/+/#']);
    expect(got('a/b/c')).toEqual(['a/#', '#', 'a/b/c', '+/+/#']);
    hands[4]?.subscribe('$SYS/broker/clients/#');
    expect(hands[4]?.messages()).toEqual([]);
    const status = bench.connected('status', 5).say({
      ...{ type: 'subscribe', id: 1, filters: [{ filter: '$SYS/broker/clients/+', qos: 0 }] },
    });
    expect(status.messages()).toEqual([
      '$SYS/broker/clients/connected 11 retained',
      '$SYS/broker/clients/total 11 retained',
    ]);
  });

  it('come once to a client whose filters overlap, with the better quality and all ids', () => {
    const bench = new Bench();
    const hand = bench.connected('a', 5);
    hand.say({ type: 'subscribe', id: 1, filters: [{ filter: 'x/#', qos: 0 }], properties: { subscriptionIds: [3] } });
    hand.say({ type: 'subscribe', id: 2, filters: [{ filter: 'x/y', qos: 1 }], properties: { subscriptionIds: [4] } });
    hand.heard();
    bench.connected('b').publish('x/y', '1', { qos: 1, id: 1 });
    expect(hand.heard()).toMatchObject([{ type: 'publish', qos: 1, id: 1, properties: { subscriptionIds: [3, 4] } }]);
  });

  it('with QoS 1 and 2 are acknowledged, and with QoS 2 not given out twice', () => {
    const bench = new Bench();
    const hand = bench.connected('a', 5);
    hand.subscribe('x', 2);
    const sender = bench.connected('b', 5);
    expect(sender.publish('x', '1', { qos: 1, id: 5 }).heard()).toMatchObject([{ type: 'puback', id: 5, code: 0 }]);
    expect(sender.publish('nobody', '1', { qos: 1, id: 6 }).heard()).toMatchObject([{ code: 0x10 }]);
    sender.publish('x', '2', { qos: 2, id: 7 });
    sender.publish('x', '2', { qos: 2, id: 7, dup: true });
    expect(sender.heard()).toMatchObject([
      { type: 'pubrec', id: 7 },
      { type: 'pubrec', id: 7 },
    ]);
    expect(sender.say({ type: 'pubrel', id: 7, code: 0 }).heard()).toMatchObject([{ type: 'pubcomp', code: 0 }]);
    expect(sender.say({ type: 'pubrel', id: 7, code: 0 }).heard()).toMatchObject([{ type: 'pubcomp', code: 0x92 }]);
    expect(hand.messages()).toEqual(['x 1 qos1', 'x 2 qos2']);
    expect(hand.say({ type: 'pubrec', id: 2, code: 0 }).heard()).toMatchObject([{ type: 'pubrel', id: 2, code: 0 }]);
    expect(hand.say({ type: 'pubcomp', id: 2, code: 0 }).heard()).toEqual([]);
  });

  it('wait while the client has as many under way as it said', () => {
    const bench = new Bench();
    const hand = bench.connected('a', 5, { properties: { receiveMaximum: 2 } });
    hand.subscribe('x', 1);
    const sender = bench.connected('b');
    for (let id = 1; id <= 4; id++) sender.publish('x', `${id}`, { qos: 1, id });
    expect(hand.messages()).toEqual(['x 1 qos1', 'x 2 qos1']);
    hand.say({ type: 'puback', id: 1, code: 0 });
    expect(hand.messages()).toEqual(['x 3 qos1']);
  });

  it('by alias, both ways, and a wrong alias ends the connection', () => {
    const bench = new Bench();
    const hand = bench.connected('a', 5, { properties: { topicAliasMaximum: 1 } });
    hand.subscribe('#');
    const sender = bench.connected('b', 5);
    sender.publish('long/topic', '1', { properties: { topicAlias: 1 } });
    sender.publish('', '2', { properties: { topicAlias: 1 } });
    sender.publish('other', '3');
    expect(hand.heard()).toMatchObject([
      { topic: 'long/topic', properties: { topicAlias: 1 } },
      { topic: '', properties: { topicAlias: 1 } },
      { topic: 'other', properties: undefined },
    ]);
    sender.publish('', '4', { properties: { topicAlias: 2 } });
    expect(codeOf(sender.heard(), 'disconnect')).toBe(REASON.aliasInvalid);
    const other = bench.connected('c', 5).publish('x', '', { properties: { topicAlias: 33 } });
    expect(codeOf(other.heard(), 'disconnect')).toBe(REASON.aliasInvalid);
  });

  it('too large for a client are not sent to it, and too large for the broker end the connection', () => {
    const bench = new Bench({ anonymous: EVERYTHING, limits: { packetSize: 1000 } });
    const hand = bench.connected('a', 5, { properties: { maximumPacketSize: 100 } });
    hand.subscribe('x', 1);
    const sender = bench.connected('b', 5);
    sender.publish('x', 'y'.repeat(200)).publish('x', 'small');
    expect(hand.messages()).toEqual(['x small']);
    sender.publish('x', 'y'.repeat(2000));
    expect(codeOf(sender.heard(), 'disconnect')).toBe(REASON.packetTooLarge);
  });

  it('expire', () => {
    const bench = new Bench();
    const hand = bench.connected('a', 5, { properties: { sessionExpiry: 100 } });
    hand.subscribe('x', 1);
    hand.drop();
    const sender = bench.connected('b', 5);
    sender.publish('x', 'short', { qos: 1, id: 1, properties: { messageExpiry: 5 } });
    sender.publish('x', 'long', { qos: 1, id: 2, properties: { messageExpiry: 50 } });
    bench.wait(10);
    const back = bench.hand(5);
    back.connect('a', { cleanStart: false });
    expect(back.heard()).toMatchObject([
      { type: 'connack', sessionPresent: true },
      { type: 'publish', properties: { messageExpiry: 40 } },
    ]);
  });

  it('more than the receive maximum with QoS 2 end the connection', () => {
    const bench = new Bench({ anonymous: EVERYTHING, limits: { receiveMaximum: 2 } });
    const sender = bench.connected('a', 5);
    for (let id = 1; id <= 3; id++) sender.publish('x', '', { qos: 2, id });
    expect(codeOf(sender.heard(), 'disconnect')).toBe(REASON.receiveMaximum);
  });

  it('of a shared subscription go to one of its members in turn', () => {
    const bench = new Bench();
    const members = ['a', 'b'].map((name) => {
      const hand = bench.connected(name, 5);
      expect(hand.subscribe('$share/g/x/+', 0)).toBe(0);
      return hand;
    });
    const sender = bench.connected('s');
    for (const payload of ['1', '2', '3']) sender.publish('x/y', payload);
    expect(members.map((hand) => hand.messages())).toEqual([['x/y 1', 'x/y 3'], ['x/y 2']]);
    members[0]?.drop();
    sender.publish('x/y', '4');
    expect(members[1]?.messages()).toEqual(['x/y 4']);
    expect(bench.connected('c', 5).subscribe('$share/+/x')).toBe(REASON.filterInvalid);
  });

  it('of a client itself do not come back where it said so', () => {
    const bench = new Bench();
    const hand = bench.connected('a', 5);
    hand.subscribe('x', 0, { noLocal: true });
    expect(hand.publish('x', '1').messages()).toEqual([]);
  });
});

describe('retained messages', () => {
  it('are sent at a subscription as it wishes, replaced, and deleted by an empty one', () => {
    const bench = new Bench();
    const sender = bench.connected('s', 5);
    sender
      .publish('x/1', 'a', { retain: true })
      .publish('x/1', 'b', { retain: true })
      .publish('x/2', 'c', { retain: true });
    const hand = bench.connected('a', 5);
    const asked = (filter: string, retainHandling: 0 | 1 | 2): string[] => {
      hand.say({ type: 'subscribe', id: 1, filters: [{ filter, qos: 1, retainHandling }] });
      return hand.messages();
    };
    expect(asked('x/+', 0)).toEqual(['x/1 b retained', 'x/2 c retained']);
    expect(asked('x/+', 1)).toEqual([]);
    expect(asked('x/1', 1)).toEqual(['x/1 b retained']);
    expect(asked('x/2', 2)).toEqual([]);
    sender.publish('x/1', '', { retain: true });
    expect(hand.messages()).toEqual(['x/1 ']);
    expect([...bench.broker.retained.keys()]).toEqual(['x/2']);
  });

  it('keep their flag on the way only where that was asked for', () => {
    const bench = new Bench();
    const [plain, asPublished] = [bench.connected('a', 5), bench.connected('b', 5)];
    plain.subscribe('x');
    asPublished.subscribe('x', 0, { retainAsPublished: true });
    bench.connected('s').publish('x', '1', { retain: true });
    expect([plain.messages(), asPublished.messages()]).toEqual([['x 1'], ['x 1 retained']]);
  });

  it('find no more room than there is', () => {
    const bench = new Bench({ anonymous: EVERYTHING, limits: { retained: 1, retainedBytes: 10 } });
    const sender = bench.connected('s', 5);
    const code = (topic: string, payload: string) =>
      codeOf(sender.publish(topic, payload, { retain: true, qos: 1, id: 1 }).heard(), 'puback');
    expect([code('a', '1'), code('b', '1'), code('a', 'x'.repeat(20))]).toEqual([0x10, 0x97, 0x97]);
    expect(bench.broker.droppedRetained).toBe(2);
  });
});

describe('sessions', () => {
  it('live on as long as was agreed, with what came meanwhile and what was not acknowledged', () => {
    const bench = new Bench();
    const hand = bench.connected('a', 5, { properties: { sessionExpiry: 60 } });
    hand.subscribe('x', 2);
    const sender = bench.connected('s');
    sender.publish('x', '1', { qos: 1, id: 1 });
    expect(hand.messages()).toEqual(['x 1 qos1']);
    hand.drop();
    sender.publish('x', '2', { qos: 1, id: 2 }).publish('x', 'lost');
    const back = bench.hand(5);
    back.connect('a', { cleanStart: false, properties: { sessionExpiry: 60 } });
    expect(back.messages()).toEqual(['x 1 qos1 again', 'x 2 qos1']);
    back.drop();
    bench.wait(61);
    const late = bench.hand(5);
    late.connect('a', { cleanStart: false });
    expect(late.heard()).toMatchObject([{ type: 'connack', sessionPresent: false }]);
  });

  it('of 3.1.1 are kept unless they are clean', () => {
    const bench = new Bench();
    bench.connected('a', 4, { cleanStart: false }).subscribe('x', 1);
    bench.hand().connect('a', { cleanStart: false });
    const sender = bench.connected('s');
    const again = bench.hand();
    again.connect('a', { cleanStart: false });
    expect(again.heard()).toMatchObject([{ sessionPresent: true }]);
    sender.publish('x', '1', { qos: 1, id: 1 });
    expect(again.messages()).toEqual(['x 1 qos1']);
    const clean = bench.hand();
    clean.connect('a', { cleanStart: true });
    expect(clean.heard()).toMatchObject([{ sessionPresent: false }]);
  });

  it('cannot be given a life at the end that they did not have', () => {
    const bench = new Bench();
    const hand = bench.connected('a', 5).say({ type: 'disconnect', code: 0, properties: { sessionExpiry: 5 } });
    expect(codeOf(hand.heard(), 'disconnect')).toBe(REASON.protocolError);
  });

  it('keep a bounded number of messages', () => {
    const bench = new Bench({ anonymous: EVERYTHING, limits: { queued: 3 } });
    bench.connected('a', 4, { cleanStart: false }).subscribe('x', 1);
    bench.connected('a', 4, { cleanStart: false }).drop();
    const sender = bench.connected('s');
    for (let id = 1; id <= 5; id++) sender.publish('x', `${id}`, { qos: 1, id });
    const back = bench.hand();
    back.connect('a', { cleanStart: false });
    expect(back.messages()).toEqual(['x 1 qos1', 'x 2 qos1', 'x 3 qos1']);
  });
});

describe('the will', () => {
  const will = { topic: 'w', payload: bytes('gone'), qos: 1, retain: true } as const;

  it('is published when the network goes, not after a goodbye, and after one that asks for it', () => {
    const bench = new Bench();
    const watcher = bench.connected('watcher');
    watcher.subscribe('w', 1);
    bench.connected('a', 4, { will }).drop();
    expect(watcher.messages()).toEqual(['w gone qos1']);
    bench.connected('b', 4, { will }).say({ type: 'disconnect', code: 0 }).drop();
    expect(watcher.messages()).toEqual([]);
    bench.connected('c', 5, { will }).say({ type: 'disconnect', code: 4 }).drop();
    expect(watcher.messages()).toEqual(['w gone qos1']);
    expect([...bench.broker.retained.keys()]).toEqual(['w']);
  });

  it('waits as long as it is to, and is not published when the client comes back before', () => {
    const bench = new Bench();
    const watcher = bench.connected('watcher');
    watcher.subscribe('w');
    const delayed = { will: { ...will, properties: { willDelay: 10 } }, properties: { sessionExpiry: 60 } };
    bench.connected('a', 5, delayed).drop();
    bench.wait(5);
    bench.connected('a', 5, { ...delayed, cleanStart: false }).drop();
    expect(bench.broker.due()).toBe(15e6);
    bench.wait(9);
    expect(watcher.messages()).toEqual([]);
    bench.wait(1);
    expect(watcher.messages()).toEqual(['w gone']);
  });

  it('follows a client that is silent for one and a half times its keep-alive', () => {
    const bench = new Bench();
    const watcher = bench.connected('watcher');
    watcher.subscribe('w');
    const hand = bench.connected('a', 5, { will, keepAlive: 10 });
    bench.wait(14);
    hand.say({ type: 'pingreq' });
    expect(hand.heard()).toEqual([{ type: 'pingresp' }]);
    bench.wait(14);
    hand.connection.tick(bench.now);
    expect(hand.connection.closing).toBe(false);
    bench.wait(1);
    hand.connection.tick(bench.now);
    expect(codeOf(hand.heard(), 'disconnect')).toBe(REASON.keepAliveTimeout);
    expect(watcher.messages()).toEqual(['w gone']);
  });
});

describe('users', () => {
  const users = [
    { name: 'edge', password: 'e', publish: ['spBv1.0/works/+/%c/#'], subscribe: ['spBv1.0/works/NCMD/%c'] },
    { name: 'host', password: 'h', publish: ['spBv1.0/works/+/#'], subscribe: ['spBv1.0/#'] },
  ];
  const login = (name: string) => ({ username: name, password: bytes(name[0] as string) });

  it('publish and subscribe what they may', () => {
    const bench = new Bench({ users });
    const edge = bench.connected('n1', 5, login('edge'));
    expect(edge.subscribe('spBv1.0/works/NCMD/n1')).toBe(0);
    for (const filter of ['#', 'spBv1.0/#', 'spBv1.0/works/NCMD/+', 'spBv1.0/works/NCMD/n2', '$SYS/#', '$share/g/#'])
      expect([filter, edge.subscribe(filter)]).toEqual([filter, REASON.notAuthorized]);
    const host = bench.connected('host', 4, login('host'));
    expect([host.subscribe('spBv1.0/works/#', 1), host.subscribe('#')]).toEqual([1, 0x80]);
    const put = (topic: string) => codeOf(edge.publish(topic, '1', { qos: 1, id: 1 }).heard(), 'puback');
    expect([put('spBv1.0/works/NDATA/n1'), put('spBv1.0/works/NDATA/n2'), put('$SYS/broker/version')]).toEqual([
      0, 0x87, 0x87,
    ]);
    expect(host.messages()).toEqual(['spBv1.0/works/NDATA/n1 1 qos1']);
    // Version 3.1.1 cannot say no.
    expect(codeOf(host.publish('other', '1', { qos: 1, id: 1 }).heard(), 'puback')).toBe(0);
    expect(bench.notices.filter((line) => line.includes('denied')).length).toBe(10);
  });

  it('do not widen their permissions by a client id', () => {
    const bench = new Bench({ users });
    expect(bench.connected('+', 5, login('edge')).subscribe('spBv1.0/works/NCMD/+')).toBe(REASON.notAuthorized);
  });
});

describe('our client', () => {
  it('publishes with every quality, subscribes, and takes both up again after a loss', () => {
    const bench = new Bench();
    const wired = new WiredClient(bench, {
      clientId: 'c',
      version: 5,
      cleanStart: false,
      properties: { sessionExpiry: 600 },
    }).dial();
    const { client } = wired;
    const answers: unknown[] = [];
    client.subscribe([{ filter: 'x/#', qos: 2 }], bench.now, (codes) => answers.push(codes));
    wired.run();
    for (const qos of [0, 1, 2] as const)
      client.publish({ topic: `x/${qos}`, payload: bytes('v'), qos }, bench.now, (answer) => answers.push(answer));
    wired.run();
    expect(answers).toEqual([[2], 0, 0, 0]);
    expect(wired.messages.map(({ topic, qos }) => `${topic} ${qos}`)).toEqual(['x/0 0', 'x/1 1', 'x/2 2']);
    wired.drop();
    expect(client.publish({ topic: 'x/kept', payload: bytes('v'), qos: 1 }, bench.now)).toBe(true);
    expect(client.publish({ topic: 'x/not', payload: bytes('v') }, bench.now)).toBe(false);
    wired.dial();
    expect(wired.messages.at(-1)?.topic).toBe('x/kept');
    // The broker forgot its session: what was subscribed is so again.
    wired.drop();
    bench.wait(601);
    wired.dial();
    bench.connected('s').publish('x/new', '1');
    wired.run();
    expect(wired.messages.at(-1)?.topic).toBe('x/new');
  });

  it('pings, and gives up on a broker that does not answer', () => {
    const bench = new Bench();
    const wired = new WiredClient(bench, { clientId: 'c', keepAlive: 30 }).dial();
    expect(wired.client.due()).toBe(30e6);
    bench.wait(30);
    wired.client.tick(bench.now);
    wired.run();
    expect(wired.client.due()).toBe(60e6);
    bench.wait(30);
    wired.client.tick(bench.now);
    bench.wait(20);
    wired.client.tick(bench.now);
    expect(wired.client.closing).toBe(true);
  });

  it('hears why it was refused, and that it was taken over', () => {
    const bench = new Bench({ users: [] });
    const codes: unknown[] = [];
    const heard = {
      onConnected: ({ code }: { code: number }) => codes.push(code),
      onDisconnected: (code?: number) => codes.push(code),
    };
    const refused = new WiredClient(bench, { clientId: 'c', version: 5, ...heard }).dial();
    expect([refused.client.closing, codes]).toEqual([true, [REASON.notAuthorized]]);
    const open = new Bench();
    const taken = new WiredClient(open, { clientId: 'c', version: 5, ...heard }).dial();
    open.connected('c');
    taken.run();
    taken.drop();
    expect(codes).toEqual([REASON.notAuthorized, 0, REASON.takenOver]);
  });
});
