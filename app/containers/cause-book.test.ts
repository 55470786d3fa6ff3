import type { Instant } from '@penstock/core';
import { formatIpv4, parseIpv4, parseMac } from '@penstock/protocols/ethernet';
import { type Cause, EventQueue, Firewall, Interposition, type Mark, Wire } from '@penstock/simulator/kernel';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CauseBook } from './cause-book.ts';
import { Agents, NONE, Observed, underAttack } from './test/observed.ts';

const ZONES = [
  { id: 'control', subnet: '10.20.1.0/24', gateway: '10.20.1.1' },
  { id: 'office', subnet: '10.20.4.0/24', gateway: '10.20.4.1' },
];
const PLC = parseIpv4('10.20.1.13');
const SCADA = parseIpv4('10.20.1.20');
const OFFICE = parseIpv4('10.20.4.30');
const EVERYBODY = parseIpv4('10.20.1.255');
const EPOCH = 1_763_740_800_000_000;

/** A controller that echoes, a SCADA server with a standing connection to it, an office behind a firewall. */
function network(
  seed: number,
  agents: Agents,
  observe: Omit<ConstructorParameters<typeof Observed>[1] & object, 'zones'> = {},
) {
  const queue = new EventQueue();
  const wire = new Wire(queue, { seed, epoch: EPOCH });
  for (const { id, subnet } of ZONES) wire.addSegment({ id, subnet });
  const plc = wire.addHost({ id: 'plc', segment: 'control', address: formatIpv4(PLC), mac: '00:80:f4:00:00:13' });
  const scada = wire.addHost({ id: 'scada', segment: 'control', address: formatIpv4(SCADA), mac: '00:50:56:00:00:20' });
  const office = wire.addHost({
    id: 'office',
    segment: 'office',
    address: formatIpv4(OFFICE),
    mac: '00:50:56:00:04:30',
  });
  const box = wire.addHost({ id: 'box', segment: 'control', address: '10.20.1.66', mac: 'b8:ca:3a:00:00:a1' });
  const firewall = new Firewall(wire, 'firewall');
  for (const [i, segment] of wire.segments.entries())
    firewall.plug(segment, segment.gateway, parseMac('00:90:0b:00:00:01') + i, undefined);
  wire.register(firewall);
  for (const transport of ['tcp', 'udp'] as const)
    firewall.allow({ conduit: 'c', from: OFFICE, to: PLC, transport, port: undefined, diode: false });
  const observed = new Observed(wire, { ...observe, zones: ZONES });
  for (const host of [plc, scada, office, box]) agents.watch(host);
  agents.tell = (mark) => observed.tell(mark);
  plc.listen(502, (connection) => ({ data: (b, s, e) => void connection.send(b, s, e), closed() {} }));
  const caller = plc.udp(47_808, (b, s, e) => caller.send(EVERYBODY, 47_808, b, s, e));
  const service = plc.udp(123, (b, s, e, address, port) => service.send(address, port, b, s, e));
  return { queue, wire, plc, scada, office, box, observed };
}

type Action =
  | { readonly kind: 'poll' | 'ask'; readonly size: number }
  | { readonly kind: 'visit'; readonly from: 'scada' | 'office'; readonly port: number; readonly isAct: boolean }
  | {
      readonly kind: 'datagram';
      readonly from: 'scada' | 'office';
      readonly port: number;
      readonly size: number;
      readonly isAct: boolean;
    }
  | { readonly kind: 'call'; readonly size: number }
  | { readonly kind: 'ping'; readonly to: number; readonly isAct: boolean };

const size = fc.oneof(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 1400, max: 4000 }));
const from = fc.constantFrom('scada' as const, 'office' as const);
const action: fc.Arbitrary<Action> = fc.oneof(
  fc.record({ kind: fc.constantFrom('poll' as const, 'ask' as const), size }),
  fc.record({ kind: fc.constant('visit' as const), from, port: fc.constantFrom(502, 80), isAct: fc.boolean() }),
  fc.record({ kind: fc.constant('datagram' as const), from, port: fc.constantFrom(123, 9), size, isAct: fc.boolean() }),
  fc.record({ kind: fc.constant('call' as const), size: fc.integer({ min: 1, max: 300 }) }),
  fc.record({ kind: fc.constant('ping' as const), to: fc.constant(PLC), isAct: fc.boolean() }),
  // A neighbour that is not there: the search is whose need was first, and here only acts need it.
  fc.record({
    kind: fc.constant('ping' as const),
    to: fc.constantFrom(SCADA + 1, SCADA + 2),
    isAct: fc.constant(true),
  }),
);

/** Plays actions, half a second apart or closer, each with a cause of its own where it is somebody's act. */
function play(
  actions: readonly (readonly [pause: number, action: Action])[],
  options: { since?: number } = {},
): Observed {
  const { queue, scada, office, observed } = network(7, new Agents(), options);
  const hosts = { scada, office };
  const standing = scada.connect(PLC, 502, { data() {}, closed() {} });
  // Everybody knows everybody: what is asked for the first time belongs to nobody.
  office.connect(PLC, 502, { open: () => {}, data() {}, closed() {} }).send(Uint8Array.of(1));
  standing.send(Uint8Array.of(1, 2, 3));
  let number = 0;
  const act = (what: Action): void => {
    const cause: Cause = { actor: 'scenario:test', step: `step-${++number}` };
    if (what.kind === 'poll' || what.kind === 'ask') {
      standing.cause = what.kind === 'ask' ? cause : undefined;
      standing.send(new Uint8Array(what.size).fill(number));
      standing.cause = undefined;
    } else if (what.kind === 'visit') {
      const own = what.isAct ? cause : undefined;
      const say = (): void => {
        connection.cause = own;
        connection.send(Uint8Array.of(1, 2));
        connection.cause = undefined;
      };
      const handler = { open: say, data: () => connection.close(), closed() {} };
      const connection = hosts[what.from].connect(PLC, what.port, handler, { cause: own });
      connection.cause = undefined;
    } else if (what.kind === 'datagram') {
      const socket = hosts[what.from].udp(0, () => {});
      socket.cause = what.isAct ? cause : undefined;
      socket.send(PLC, what.port, new Uint8Array(what.size).fill(number));
    } else if (what.kind === 'call') {
      const socket = scada.udp(0, () => {});
      socket.cause = cause;
      socket.send(EVERYBODY, 47_808, new Uint8Array(what.size).fill(number));
    } else if (what.kind === 'ping') scada.ping(what.to, () => {}, 56, what.isAct ? cause : undefined);
  };
  let at = 1e6;
  for (const [pause, what] of actions) {
    at += pause;
    queue.at(at as Instant, { run: () => act(what) });
  }
  observed.run(at + 6e6);
  observed.end();
  return observed;
}

describe('labels from marks', () => {
  it('are those that the tap of the wire in memory knows', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: 100_000, max: 3_000_000 }), action), { maxLength: 30 }),
        (actions) => {
          const { truth, found, book } = play(actions);
          expect(found).toEqual(truth);
          expect(book.counters).toMatchObject({ refused: 0, forgotten: 0 });
        },
      ),
      { numRuns: process.env.PENSTOCK_PROVE === '1' ? 1000 : 60 },
    );
  });

  it('are found by content where the sensor came after a conversation had begun', () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { minLength: 1, maxLength: 20 }), (acts) => {
        const actions = acts.map((isAct, i): [number, Action] => [
          500_000,
          { kind: isAct ? 'ask' : 'poll', size: 12 + i },
        ]);
        const { truth, found } = play(actions, { since: 1e6 });
        expect(found).toEqual(truth);
      }),
      { numRuns: 30 },
    );
  });

  it.each([
    ['small-plant', SCENARIO],
    ['booster-plant', BY_RADIO],
    ['filter-plant', DOWNLOAD],
  ])('of the %s under attack are those of its own tap', async (name, text) => {
    const observed = await underAttack(name, text);
    expect(observed.truth.length).toBeGreaterThan(8);
    expect(observed.truth.some(({ actor }) => actor === 'scenario:overfill')).toBe(true);
    expect(observed.found).toEqual(observed.truth);
  });

  it('of somebody in between are the forgeries and what was changed, with what it led to', () => {
    const agents = new Agents();
    const { scada, box, observed } = network(7, agents, { box: 'b8ca3a0000a1' });
    const connection = scada.connect(PLC, 502, { data() {}, closed() {} });
    const write = (): void => void connection.send(Uint8Array.of(1, 2, 3, 4));
    observed.run(1e6);
    const cause = { actor: 'scenario:test', step: 'stand' };
    const place = new Interposition(box, SCADA, PLC, {
      cause,
      hook: (packet) => {
        if (packet.fromFirst && packet.end > packet.payload) {
          packet.buffer[packet.payload] = 99;
          packet.changed = true;
        }
        return true;
      },
    });
    observed.run(2e6);
    for (let i = 2; i < 8; i++) {
      write();
      observed.run(i * 1e6 + 1e6);
    }
    expect(observed.book.causeOfWriter(formatIpv4(SCADA), connection.localPort)).toBeUndefined();
    write();
    observed.run(8e6 + 10_000);
    expect(observed.book.causeOfWriter(formatIpv4(SCADA), connection.localPort)).toEqual(cause);
    place.stop();
    observed.run(14e6);
    observed.end();
    expect(place.changed).toBe(7);
    expect(observed.truth.filter(({ response }) => !response).length).toBeGreaterThan(14);
    expect(observed.found).toEqual(observed.truth);
  });
});

describe('a connection that is somebody’s as a whole', () => {
  it('is labelled in all it does, and what opens later from the same port is not', () => {
    const { scada, observed } = network(7, new Agents());
    const cause = { actor: 'scenario:test', step: 'visit' };
    const local = { address: formatIpv4(SCADA), port: 50_000 };
    const remote = { address: formatIpv4(PLC), port: 502 };
    const visit = () => {
      const connection = scada.connect(
        PLC,
        502,
        { open: () => void connection.send(Uint8Array.of(1)), data: () => connection.close(), closed() {} },
        { localPort: 50_000 },
      );
    };
    visit();
    observed.run(90e6);
    observed.tell({ kind: 'connection', local, remote, cause });
    visit();
    observed.run(180e6);
    expect(observed.book.causeOfWriter(local.address, local.port)).toEqual(cause);
    visit();
    observed.run(270e6);
    observed.end();
    expect(observed.book.causeOfWriter(local.address, local.port)).toBeUndefined();
    const frames = observed.found.map(({ frame }) => frame);
    // ARP may be asked anew; all else is one unbroken conversation.
    expect(observed.found.length).toBeGreaterThanOrEqual(8);
    expect(observed.found.some(({ response }) => response)).toBe(true);
    expect((frames.at(-1) as number) - (frames[0] as number)).toBe(frames.length - 1);
  });
});

describe('a controller’s write', () => {
  const at = { now: EPOCH };
  const cause = { actor: 'scenario:test', step: 'write' };
  const local = { address: '10.20.1.20', port: 50_000 };
  const remote = { address: '10.20.1.13', port: 502 };

  it('is the act that its writer told last, for a moment', () => {
    at.now = EPOCH;
    const book = new CauseBook({ now: () => at.now });
    expect(book.causeOfWriter(local.address, local.port)).toBeUndefined();
    book.mark([{ kind: 'bytes', local, remote, from: 0, to: 1, sent: NONE, cause }]);
    expect(book.causeOfWriter(local.address, local.port)).toEqual(cause);
    expect(book.causeOfWriter(local.address, 50_001)).toBeUndefined();
    at.now += 1_900_000;
    expect(book.causeOfWriter(local.address, local.port)).toEqual(cause);
    at.now += 200_000;
    expect(book.causeOfWriter(local.address, local.port)).toBeUndefined();
  });
});

describe('what is told', () => {
  it('is forgotten when its frames do not come, and counted', () => {
    let now = EPOCH;
    const book = new CauseBook({ now: () => now });
    const local = { address: '10.20.1.20', port: 50_000 };
    const remote = { address: '10.20.1.13', port: 502 };
    const cause = { actor: 'a', step: 's' };
    book.mark([
      { kind: 'bytes', local, remote, from: 0, to: 1, sent: NONE, cause },
      { kind: 'datagram', local: { ...local, port: 0 }, remote, sent: NONE, cause },
      { kind: 'ping', local, remote, cause },
      { kind: 'frame', local, remote, sent: new Uint8Array(60), cause },
    ]);
    now += 31e6;
    book.mark([]);
    expect(book.counters).toEqual({ marks: 4, refused: 0, unseen: 4, forgotten: 0 });
  });

  it('never throws on what is no mark or no frame', () => {
    const book = new CauseBook();
    fc.assert(
      fc.property(fc.anything(), fc.uint8Array({ maxLength: 120 }), fc.boolean(), (mark, bytes, isIp) => {
        if (isIp && bytes.length > 14) bytes.set([8, 0, 0x45], 12);
        book.mark([mark as Mark]);
        expect(book.causeOf(bytes, EPOCH)).toBeUndefined();
      }),
      { numRuns: 1000 },
    );
    expect(book.counters).toMatchObject({ marks: 0, unseen: 0 });
    expect(book.counters.refused).toBeGreaterThan(0);
  });

  it('has an end: a flood of marks and of conversations is counted', () => {
    const book = new CauseBook();
    const cause = { actor: 'a', step: 's' };
    const marks = Array.from({ length: 70_000 }, (_, i): Mark => {
      const local = { address: formatIpv4(0x0a000000 + (i >> 8)), port: 50_000 };
      return {
        kind: 'bytes',
        local,
        remote: { address: '10.20.1.13', port: 502 },
        from: i,
        to: i + 1,
        sent: NONE,
        cause,
      };
    });
    book.mark(marks);
    expect(book.counters).toMatchObject({ marks: 65_536, refused: 70_000 - 65_536 });
    for (let i = 0; i < 20_000; i++)
      book.mark([
        {
          kind: 'connection',
          local: { address: formatIpv4(0x0b000000 + i), port: 1 },
          remote: { address: '10.20.1.13', port: 502 },
          cause,
        },
      ]);
    expect(book.counters.forgotten).toBeGreaterThan(3000);
  });
});

const SCENARIO = `
id: overfill
name: Overfill
plant: small-plant
story: Somebody at the SCADA server raises the level's set point beyond the tank.
basis: { incident: none, documented: [], invented: [everything], sources: [none] }
start: 60s
observe: 2m
steps:
  - { id: look, about: reads the level, verb: read-tags, from: scada, to: tank-plc, tags: [LIT101, LIC101_SP], techniques: [T0801] }
  - { id: order, about: raises the set point, verb: write-tag, from: scada, to: tank-plc, tag: LIC101_SP, value: 6, techniques: [T0836], after: { step: look, wait: 10s } }
revertAfter: 60s
revert:
  - { id: back, about: the set point as it was, verb: write-tag, from: scada, to: tank-plc, tag: LIC101_SP, value: 2.5, techniques: [T0836] }
hazards: [overflow]
withoutSafeguards: { tripDevice: false }
twin:
  name: A higher level for the night
  about: The set point moves within what is usual.
  steps:
    - { id: order, about: raises the set point, verb: write-tag, from: scada, to: tank-plc, tag: LIC101_SP, value: 3, techniques: [T0836] }
`;

/** Over a master's standing connection, and over a stranger's own under the master's address. */
const BY_RADIO = `
id: overfill
name: Overfill by radio
plant: booster-plant
story: Somebody orders the station over DNP3.
basis: { incident: none, documented: [], invented: [everything], sources: [none] }
start: 60s
observe: 2m
steps:
  - { id: silence, about: no reports, verb: disable-unsolicited, from: engineering, to: booster-rtu, as: scada, techniques: [T0878] }
  - { id: order, about: raises the set point, verb: write-tag, from: engineering, to: booster-rtu, as: scada, command: select, tag: LIC201_SP, value: 4.9, techniques: [T0836], after: { step: silence, wait: 10s } }
  - { id: mode, about: by hand, verb: write-tag, from: scada, to: booster-rtu, tag: LIC201_MODE, value: 0, command: select, techniques: [T0836], after: { step: order, wait: 5s } }
revertAfter: 60s
hazards: [overflow]
twin:
  name: A higher level for the night
  about: The set point moves within what is usual.
  steps:
    - { id: order, about: raises the set point, verb: write-tag, from: scada, to: booster-rtu, command: select, tag: LIC201_SP, value: 3, techniques: [T0836] }
`;

/** Over a connection of its own, whose answers and parts of a block follow each other, and over one that polls. */
const DOWNLOAD = `
id: overfill
name: Overfill by program
plant: filter-plant
story: Somebody loads another program over S7.
basis: { incident: none, documented: [], invented: [everything], sources: [none] }
start: 60s
observe: 2m
steps:
  - { id: look, about: reads it, verb: program-upload, from: engineering, to: filter-plc, techniques: [T0845] }
  - { id: change, about: fills too far, verb: program-download, from: engineering, to: filter-plc, techniques: [T0843], tags: [LIT101], program: { edits: [{ find: 'LIC101_SP + 0.1', replace: 'LIC101_SP + 3.1' }] }, after: { step: look, outcome: ended, wait: 5s } }
  - { id: order, about: another level, verb: write-tag, from: scada, to: filter-plc, tag: LIC101_MODE, value: 0, techniques: [T0836], after: { step: change, outcome: ended, wait: 5s } }
revertAfter: 60s
hazards: [overflow]
twin:
  name: A look
  about: The program is read.
  steps: [{ id: look, about: reads it, verb: program-upload, from: engineering, to: filter-plc, techniques: [T0845] }]
`;
