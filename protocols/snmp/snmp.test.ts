import type { ProtocolEvent } from '@penstock/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SECRET } from '../credentials/index.ts';
import {
  type Binding,
  decodeSnmp,
  ENTERPRISE,
  encodeSnmp,
  interfacesGroup,
  type Oid,
  octets,
  SnmpAgent,
  type SnmpMessage,
  type SnmpValue,
  SYSTEM,
  type SystemFacts,
  snmpDissector,
  snmpGroup,
  systemGroup,
  valueText,
} from './index.ts';

const source = { address: '10.1.0.9', port: 40_000 };

function agentOf() {
  const facts: SystemFacts = {
    description: () => 'Calder PAC-7 V2.4',
    objectId: [...ENTERPRISE, 1, 7],
    upTime: () => 12_345,
    contact: 'operations',
    name: 'pac7',
    location: 'booster',
    services: 72,
  };
  const wrong: string[] = [];
  const agent = new SnmpAgent(
    {
      communities: () => [
        { name: 'public', access: 'read' },
        { name: 'private', access: 'write' },
      ],
      objects: [
        ...systemGroup(facts),
        ...interfacesGroup({ description: 'eth0', mac: Uint8Array.of(0, 1, 2, 3, 4, 5), speed: 1e8, isUp: () => true }),
      ],
      onWrongCommunity: (community) => void wrong.push(community),
    },
    snmpGroup,
  );
  return { agent, facts, wrong };
}

const request = (type: SnmpMessage['type'], oids: readonly Oid[], more: Partial<SnmpMessage> = {}): SnmpMessage => ({
  version: 2,
  community: 'public',
  type,
  requestId: 77,
  errorStatus: 0,
  errorIndex: 0,
  bindings: oids.map((oid) => ({ oid, value: { type: 'null' } })),
  ...more,
});

function ask(agent: SnmpAgent, message: SnmpMessage): SnmpMessage | undefined {
  const bytes = encodeSnmp(message);
  const answer = agent.answer(bytes, 0, bytes.length, source);
  if (answer === undefined) return undefined;
  const decoded = decodeSnmp(answer);
  if (decoded.status !== 'ok') throw new Error(decoded.reason);
  return decoded.message;
}

const shown = (message: SnmpMessage | undefined): string[] =>
  (message?.bindings ?? []).map(({ oid, value }) => `${oid.slice(6).join('.')}=${valueText(value)}`);

describe('an agent', () => {
  it('answers what it is asked for, and says what is not there in the words of each version', () => {
    const { agent } = agentOf();
    const [here, nowhere] = [
      [...SYSTEM, 1, 0],
      [...SYSTEM, 99, 0],
    ] as [Oid, Oid];
    expect(shown(ask(agent, request('get-request', [here, nowhere])))).toEqual([
      '1.1.0=Calder PAC-7 V2.4',
      '1.99.0=noSuchObject',
    ]);
    expect(ask(agent, request('get-request', [here, nowhere], { version: 1 }))).toMatchObject({
      errorStatus: 2,
      errorIndex: 2,
    });
  });

  it('is walked from end to end, by GETNEXT and by GETBULK alike', () => {
    const { agent } = agentOf();
    const walked: string[] = [];
    let oid: Oid = [1, 3];
    for (;;) {
      const [binding] = (ask(agent, request('get-next-request', [oid])) as SnmpMessage).bindings as [Binding];
      if (binding.value.type === 'endOfMibView') break;
      walked.push(binding.oid.join('.'));
      oid = binding.oid;
    }
    expect(walked).toHaveLength(21);
    expect(walked.slice(0, 2)).toEqual(['1.3.6.1.2.1.1.1.0', '1.3.6.1.2.1.1.2.0']);
    const bulk = ask(agent, request('get-bulk-request', [[1, 3]], { errorIndex: 50 })) as SnmpMessage;
    expect(bulk.bindings.slice(0, -1).map((one) => one.oid.join('.'))).toEqual(walked);
    expect(bulk.bindings.at(-1)?.value.type).toBe('endOfMibView');
  });

  it('says nothing to who does not know a community, and remembers that', () => {
    const { agent, wrong } = agentOf();
    expect(ask(agent, request('get-request', [[...SYSTEM, 1, 0]], { community: 'guess' }))).toBeUndefined();
    expect(wrong).toEqual(['guess']);
    expect(agent.counters).toMatchObject({ inPackets: 1, badCommunities: 1, outPackets: 0 });
  });

  it('is changed only by who may write, and only where something can be changed', () => {
    const { agent, facts } = agentOf();
    const set = (n: number, value: SnmpValue, more: Partial<SnmpMessage> = {}) =>
      ask(agent, { ...request('set-request', []), bindings: [{ oid: [...SYSTEM, n, 0], value }], ...more });
    expect(set(6, octets('elsewhere'))).toMatchObject({ errorStatus: 6, errorIndex: 1 });
    expect(set(6, octets('elsewhere'), { version: 1 })).toMatchObject({ errorStatus: 2 });
    expect(set(1, octets('x'), { community: 'private' })).toMatchObject({ errorStatus: 17 });
    expect(set(6, { type: 'integer', value: 1 }, { community: 'private' })).toMatchObject({ errorStatus: 7 });
    expect(facts.location).toBe('booster');
    expect(set(6, octets('elsewhere'), { community: 'private' })).toMatchObject({ errorStatus: 0 });
    expect(facts.location).toBe('elsewhere');
  });

  it('answers whatever it hears without a failure', () => {
    const { agent } = agentOf();
    const good = encodeSnmp(request('get-bulk-request', [SYSTEM], { errorIndex: 10 }));
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), fc.nat(good.length - 1), (bytes, place) => {
        const changed = good.slice();
        changed.set(bytes.subarray(0, changed.length - place), place);
        for (const datagram of [bytes, changed]) {
          agent.answer(datagram, 0, datagram.length, source);
          const dissector = snmpDissector.create(() => {});
          dissector.data(true, 0, datagram, 0, datagram.length);
          dissector.end(0);
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('SNMP messages', () => {
  const u32 = fc.integer({ min: 0, max: 0xffff_ffff });
  const value: fc.Arbitrary<SnmpValue> = fc.oneof(
    fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }).map((n): SnmpValue => ({ type: 'integer', value: n })),
    fc
      .constantFrom('counter32', 'gauge32', 'timeticks')
      .chain((type) => u32.map((n): SnmpValue => ({ type, value: n }))),
    fc.maxSafeNat().map((n): SnmpValue => ({ type: 'counter64', value: n })),
    fc.uint8Array({ maxLength: 300 }).map((bytes): SnmpValue => ({ type: 'octets', value: bytes })),
    fc.constantFrom('null', 'noSuchObject', 'noSuchInstance', 'endOfMibView').map((type): SnmpValue => ({ type })),
  );
  const oid = fc
    .tuple(fc.nat(2), fc.nat(39), fc.array(u32, { maxLength: 20 }))
    .map(([a, b, rest]): Oid => [a, b, ...rest]);

  it('are what they were after a way over the wire', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ oid, value }), { maxLength: 12 }),
        fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
        (bindings, requestId) => {
          const message: SnmpMessage = { ...request('response', []), requestId, bindings };
          expect(decodeSnmp(encodeSnmp(message))).toEqual({ status: 'ok', message });
        },
      ),
    );
  });

  it('are bytes as net-snmp writes them', () => {
    // snmpget -v2c -c public … 1.3.6.1.2.1.1.1.0 with request id 1
    const bytes = '302602010104067075626c6963a019020101020100020100300e300c06082b060102010101000500';
    const message = request('get-request', [[...SYSTEM, 1, 0]], { requestId: 1 });
    expect(Buffer.from(encodeSnmp(message)).toString('hex')).toBe(bytes);
    expect(decodeSnmp(Buffer.from(bytes, 'hex'))).toEqual({ status: 'ok', message });
  });

  it('that are cut anywhere are illegal, and those of version 3 are not ours', () => {
    const bytes = encodeSnmp(request('get-request', [SYSTEM]));
    for (let end = 0; end < bytes.length; end++) expect(decodeSnmp(bytes, 0, end).status).toBe('illegal');
    expect(decodeSnmp(Uint8Array.of(0x30, 3, 2, 1, 3))).toEqual({ status: 'unsupported', reason: 'version 3' });
  });
});

describe('who listens to SNMP', () => {
  it('learns who is who, which communities work, and what is written', () => {
    const { agent } = agentOf();
    const events: ProtocolEvent[] = [];
    const dissector = snmpDissector.create((event) => events.push(event));
    const pass = (message: SnmpMessage, time: number): void => {
      const bytes = encodeSnmp(message);
      dissector.data(true, time, bytes, 0, bytes.length);
      const answer = agent.answer(bytes, 0, bytes.length, source);
      if (answer !== undefined) dissector.data(false, time + 1000, answer, 0, answer.length);
    };
    pass(
      request('get-request', [
        [...SYSTEM, 1, 0],
        [...SYSTEM, 3, 0],
      ]),
      1e9,
    );
    pass(request('get-request', [[...SYSTEM, 1, 0]], { community: 'guess', requestId: 78 }), 1.5e9);
    pass(
      {
        ...request('set-request', [], { community: 'private', requestId: 79 }),
        bindings: [{ oid: [...SYSTEM, 5, 0], value: octets('mine') }],
      },
      2e9,
    );
    dissector.end(3e9);
    expect(events).toMatchObject([
      { name: 'credential', protocol: 'snmp', user: undefined, password: 'p*****', success: true, [SECRET]: 'public' },
      { name: 'snmp_identity', object: 'sysDescr', value: 'Calder PAC-7 V2.4', is_orig: false },
      { name: 'credential', password: 'p******', success: true },
      { name: 'snmp_set', oid: '1.3.6.1.2.1.1.5.0', value: 'mine', accepted: true },
      { name: 'snmp_identity', object: 'sysName', value: 'mine' },
      { name: 'credential', password: 'g****', success: false },
      {
        name: 'snmp',
        version: '2c',
        community: 'p*****',
        get_requests: 2,
        get_responses: 2,
        set_requests: 1,
        display_string: 'Calder PAC-7 V2.4',
        up_since: 1e9 + 1000 - 12_345 * 10_000,
      },
    ]);
  });
});
