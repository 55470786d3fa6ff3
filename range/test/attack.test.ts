import { fileURLToPath } from 'node:url';
import { type ScenarioSpec, scenarioSchema } from '@penstock/attacks';
import { type Instant, PenstockError, parseYamlText, seconds } from '@penstock/core';
import { builtInRules } from '@penstock/monitor';
import { ModbusOperator } from '@penstock/simulator/devices';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { measureControls, type Plant, Play, type PlayRequest, readPlant, summarize } from '../index.ts';

let plant: Plant;
beforeAll(async () => {
  plant = await readPlant(fileURLToPath(new URL('./small-plant', import.meta.url)));
});

const at = (s: number) => seconds(s) as number as Instant;

const scenario = (steps: string, rest = ''): ScenarioSpec =>
  parseYamlText(
    `
id: secret-scenario-name
name: Secret
plant: small-plant
story: Somebody is in the plant.
basis: { incident: none, documented: [], invented: [everything], sources: [none] }
start: 30s
observe: 10m
${rest}
steps:
${steps}
twin:
  name: Legitimate
  about: The same by somebody who may.
  steps:
    - { id: secret-twin-step, about: x, verb: write-tag, from: scada, to: tank-plc, tag: LIC101_SP, value: 3, techniques: [T0836] }
`,
    'secret-scenario-name.yaml',
    scenarioSchema,
  );

const request = (spec: ScenarioSpec, change: Partial<PlayRequest> = {}): PlayRequest => ({
  plant,
  run: 'secret-run-name',
  seed: 7,
  startAt: 0 as never,
  monitor: { rules: builtInRules(), mode: 'watch' },
  scenario: { spec, variant: 'attack' },
  ...change,
});

interface Kept {
  readonly bytes: Uint8Array;
  readonly ours: boolean;
}

/** Plays with every frame kept as it passes the tap, and whether the scenario caused it. */
function play(of: PlayRequest, until: number) {
  const played = new Play(of);
  const frames: Kept[] = [];
  const { tap } = played.range.network.wire;
  const pass = tap.pass.bind(tap);
  tap.pass = (frame, now) => {
    const bytes = frame.buffer.slice(frame.start, frame.end);
    frames.push({ bytes, ours: frame.cause?.actor.startsWith('scenario:') === true });
    pass(frame, now);
  };
  played.runUntil(at(until));
  return { played, range: played.range, frames, result: played.finish() };
}

const MIDDLE = `
  - id: secret-middle
    about: between controller and SCADA server
    verb: interpose
    from: laptop
    between: tank-plc
    and: [scada]
    record: 30s
    replay: [LIT101, LIC101_SP]
    techniques: [T0830]
  - { id: secret-order, about: fill it, verb: write-tag, from: laptop, to: tank-plc, tag: LIC101_SP, value: 4, techniques: [T0836], after: { step: secret-middle, wait: 5s } }
`;
const PLUGGED = 'conditions: [{ attach: laptop }]\nrevertAfter: 5m';

describe('an attack that is to begin at once', () => {
  it('has first plugged in what would be there by the time at which its file begins it', () => {
    const spec = scenario(
      '  - { id: order, about: fill it, verb: write-tag, from: laptop, to: tank-plc, tag: LIC101_SP, value: 4, techniques: [T0836] }',
      'prerequisites: [{ about: The laptop is plugged in, foothold: laptop }]\nconditions: [{ attach: laptop, at: 20s }]',
    );
    const played = new Play({ plant, run: 'test', seed: 7, startAt: 0 as never });
    played.launch({ spec, variant: 'attack', now: true });
    const { range } = played;
    played.runUntil(at(4));
    expect([range.devices.get('laptop')?.on, range.truth[range.engine.tagIndex('LIC101_SP')]]).toEqual([true, 2.5]);
    played.runUntil(at(10));
    expect(range.truth[range.engine.tagIndex('LIC101_SP')]).toBe(4);
    played.finish();
  });
});

describe('a man in the middle', () => {
  it('leaves true and measured as they are, and lets the displayed values lie until it is undone', () => {
    const played = new Play(request(scenario(MIDDLE, PLUGGED)));
    const { range } = played;
    const level = range.engine.tagIndex('LIT101');
    const order = range.engine.tagIndex('LIC101_SP');
    const pump = range.engine.tagIndex('P101');
    played.runUntil(at(320));
    const now = { truth: range.truth[level] as number, shown: range.displayed.values[level] as number };
    expect(now.truth).toBeGreaterThan(3.7);
    expect(Math.abs(now.truth - (range.measured[level] as number))).toBeLessThan(0.05);
    expect(now.shown).toBeLessThan(2.8);
    expect(range.truth[order]).toBe(4);
    expect(range.displayed.values[order]).toBe(2.5);
    // A tag that is not named is shown as it is.
    expect(range.displayed.values[pump]).toBe(range.truth[pump]);
    expect(320 - (range.displayed.times[level] as number) / 1e6).toBeLessThan(3);
    played.runUntil(at(420));
    expect(range.displayed.values[order]).toBe(2.5);
    expect(range.truth[order]).toBe(2.5);
    expect(Math.abs((range.displayed.values[level] as number) - (range.truth[level] as number))).toBeLessThan(0.1);
    const { attack, watched } = played.finish();
    expect(attack?.revert).toMatchObject({
      state: 'proven',
      tags: [{ device: 'tank-plc', tag: 'LIC101_SP', before: 2.5, readBack: 2.5, controller: 2.5, proven: true }],
    });
    expect(new Set(watched?.manipulatedView.map((v) => v.tag))).toEqual(new Set(['LIT101', 'LIC101_SP']));
    expect(watched?.lostView).toEqual([]);
  });

  it('is told in the summary: manipulation of view is computed, not written', () => {
    const spec = scenario(
      MIDDLE,
      `${PLUGGED}
effects: [{ about: the tank fills, predicate: { when: LIT101 > 3.5 }, within: 5m }, { about: it runs over, predicate: { when: LIT101 > 4.95 }, within: 5m }]
outcomes: { success: { about: filled, predicate: { when: LIT101 > 3.5 }, steps: [secret-order] } }
expect: [{ about: an address moves, within: 10s, rule: 'addres*' }, { about: never, within: 10s, technique: T0816 }]
controls:
  - { id: leaky, name: A leak, about: It leaks., options: { leakyTank: true } }
  - { id: unknown, name: Unknown, about: The plant cannot do it., options: { noSuchOption: true } }`,
    );
    const asked = { scenario: spec, seed: 7 };
    const { result } = play(request(spec), 630);
    const told = summarize(plant, asked, result, undefined);
    expect(told.techniques).toEqual(expect.arrayContaining(['T0830', 'T0836', 'T0832']));
    expect(told.impacts.find((i) => i.technique === 'T0832')?.evidence).toMatch(
      /LI[TC]101.* shows .* where the controller has/,
    );
    expect(told.effects.map((e) => e.met)).toEqual([true, false]);
    expect(told.adversary).toMatchObject({ outcome: 'success', about: 'filled' });
    expect(told.expected.map((e) => e.met)).toEqual([true, false]);
    expect(told.detected).toBe(true);
    expect(told.reverted.state).toBe('proven');
    expect(told.view.manipulated.length).toBeGreaterThan(0);
    expect(told.falseAlarms).toEqual([]);
    const controls = measureControls(plant, asked, { summary: told, result }, undefined);
    expect(controls.map((c) => [c.control, c.missing])).toEqual([
      ['none', []],
      ['leaky', []],
      ['unknown', ['noSuchOption']],
    ]);
    expect(controls[1]).toMatchObject({ stepsDone: 2, adversary: 'success', reverted: 'proven' });
    expect(controls[2]).toMatchObject({ stepsDone: 0, adversary: null });
  });

  it('is the same byte for byte when it is played again', () => {
    const one = play(request(scenario(MIDDLE, PLUGGED)), 200).result;
    const two = play(request(scenario(MIDDLE, PLUGGED)), 200).result;
    expect(two.hashes).toEqual(one.hashes);
  });

  it('touches frames of the two parties only: what others say through the same gateway passes as it was', () => {
    const beside = `
  - { id: change, about: x, verb: interpose, from: hmi, between: scada, and: [tank-plc], change: [{ tag: P101, value: 1 }, { tag: LIT101, value: 1.25 }], techniques: [T0830] }
`;
    const { range, result } = play(request(scenario(beside)), 200);
    const value = (tag: string) => range.displayed.values[range.engine.tagIndex(tag)];
    expect(value('LIT101')).toBe(1.25);
    expect(value('P101')).toBe(1);
    // The trip's answers cross the same gateway at the same point of its table.
    expect(value('XV101')).toBe(range.truth[range.engine.tagIndex('XV101')]);
    expect(result.steps.map((s) => `${s.step} ${s.event}`)).toEqual(['change start', 'change done']);
  });

  it.each([
    [
      'a tag that none of the two has',
      'from: hmi, between: scada, and: [tank-plc], change: [{ tag: XV101, value: 0 }]',
      /none of tank-plc, scada has a point for 'XV101'/,
    ],
    [
      'a party that is nobody',
      'from: hmi, between: scada, and: [dosing-plc]',
      /no device of this run has the role 'dosing-plc'/,
    ],
  ])('refuses %s before anything is sent', (_, step, why) => {
    const spec = scenario(`  - { id: x, about: x, verb: interpose, techniques: [T0830], ${step} }\n`);
    expect(() => new Play(request(spec))).toThrow(why);
  });

  it('fails where ARP cannot reach', () => {
    const spec = scenario(
      '  - { id: x, about: x, verb: interpose, techniques: [T0830], from: hmi, between: tank-plc, and: [scada] }\n',
    );
    const { result, frames } = play(request(spec), 60);
    expect(result.steps.at(-1)).toMatchObject({
      step: 'x',
      event: 'refused',
      detail: expect.stringMatching(/only neighbours on its own segment/),
    });
    expect(frames.some((f) => f.ours)).toBe(false);
  });

  it('loses the view where it drops what comes back', () => {
    const spec = scenario(
      '  - { id: x, about: x, verb: interpose, techniques: [T1691.002], from: hmi, between: scada, and: [tank-plc], drop: responses }\n',
    );
    const { result } = play(request(spec), 400);
    expect(result.watched?.lostView.map((v) => v.tag)).toContain('LIT101');
    expect(result.watched?.manipulatedView).toEqual([]);
  });
});

describe('what must hold before', () => {
  it('is looked at before anything is sent, and told with the reason', () => {
    const { result, frames } = play(request(scenario(MIDDLE)), 120);
    expect(frames.some((f) => f.ours)).toBe(false);
    expect(result.firstPacket).toBeUndefined();
    expect(result.attack?.prerequisites).toEqual([
      { about: "somebody can act from 'laptop'", met: false, reason: "'laptop' is not there or switched off" },
    ]);
    expect(result.steps.map((s) => s.event)).toEqual(['unmet']);
  });

  it.each([
    ['the key', '{ about: key, device: trip, key: [remote] }', /the key of 'trip' is at run, not at remote/],
    [
      'the mode',
      '{ about: mode, device: tank-plc, mode: stopped }',
      /the program of 'tank-plc' is in running, not in stopped/,
    ],
    ['the state', '{ about: state, when: LIT101 > 4 && P101 == 0 }', /does not hold: LIT101 is 2/],
  ])('names %s', (_, prerequisite, reason) => {
    const spec = scenario(
      '  - { id: x, about: x, verb: write-tag, from: scada, to: tank-plc, tag: LIC101_SP, value: 3, techniques: [T0836] }\n',
      `prerequisites: [${prerequisite}, { about: there, device: tank-plc, key: [remote, run, program], mode: running }]`,
    );
    const { result } = play(request(spec), 60);
    expect(result.attack?.prerequisites[0]).toMatchObject({ met: false, reason: expect.stringMatching(reason) });
    expect(result.attack?.prerequisites[1]).toMatchObject({ met: true, reason: '' });
    expect(result.firstPacket).toBeUndefined();
  });
});

describe('on the wire', () => {
  const order =
    '  - { id: secret-order, about: x, verb: write-tag, from: scada, to: tank-plc, tag: LIC101_SP, value: 4, techniques: [T0836] }\n';

  it('an attack’s write is the operator’s write, bit for bit', () => {
    const attack = play(request(scenario(order)), 90);
    const operator = play(
      {
        ...request(scenario(order), { run: 'another-run' }),
        scenario: undefined as never,
        outside: ({ range }) =>
          void range.queue.at(at(30), {
            run: () =>
              new ModbusOperator(range.foothold('scada'), range.spec, 'tank-plc', {
                actor: 'operation:shift',
                step: '1',
              }).write('LIC101_SP', 4),
          }),
      },
      90,
    );
    expect(attack.frames.some((f) => f.ours)).toBe(true);
    expect(operator.result.hashes.capture).toBe(attack.result.hashes.capture);
    expect(operator.frames.map((f) => Buffer.from(f.bytes).toString('hex'))).toEqual(
      attack.frames.map((f) => Buffer.from(f.bytes).toString('hex')),
    );
  });

  it('the same attack in another run, under another name, is the same bytes', () => {
    const one = play(request(scenario(order)), 90).result;
    const other = { ...scenario(order), id: 'other', name: 'Other' };
    const two = play(
      request(other, { run: 'other-run', monitor: { rules: builtInRules(), mode: 'watch' } }),
      90,
    ).result;
    expect(two.hashes.capture).toBe(one.hashes.capture);
  });

  it('no payload says which scenario, step, run or actor it belongs to', () => {
    const all = `${MIDDLE}  - { id: secret-look, about: x, verb: discover, from: laptop, zone: control, techniques: [T0846] }
  - { id: secret-probe, about: x, verb: probe-registers, from: laptop, to: tank-plc, ranges: [{ table: holding, count: 4 }, { table: coil, count: 2 }], write: both, techniques: [T0861] }
  - { id: secret-read, about: x, verb: read-tags, from: scada, to: tank-plc, tags: [LIT101], techniques: [T0801] }
`;
    const { frames, result } = play(request(scenario(all, PLUGGED)), 450);
    expect(result.steps.filter((s) => s.event === 'done').map((s) => s.step)).toEqual(
      expect.arrayContaining(['secret-middle', 'secret-look', 'secret-probe', 'secret-read', 'secret-order']),
    );
    const words = ['secret', 'scenario', 'twin:', 'penstock', 'Secret', 'attack', 'adversary', 'T0836', 'T0830'];
    const needles = words.flatMap((word) => [Buffer.from(word, 'latin1'), Buffer.from(word, 'utf16le')]);
    const found = frames.flatMap(({ bytes }) =>
      needles.filter((needle) => Buffer.from(bytes).includes(needle)).map(String),
    );
    expect(found).toEqual([]);
    expect(frames.filter((f) => f.ours).length).toBeGreaterThan(50);
  });
});

/** Any step that can be written down: some of it means something in this plant, some does not. */
const anyStep = fc.record({
  verb: fc.constantFrom('write-tag', 'read-tags', 'discover', 'probe-registers', 'interpose', 'release'),
  from: fc.constantFrom('scada', 'hmi', 'laptop', 'tank-plc', 'services', 'nobody'),
  to: fc.constantFrom('tank-plc', 'tank-plc', 'trip', 'scada', 'hmi', 'laptop', 'elsewhere'),
  and: fc.constantFrom('scada', 'tank-plc', 'services'),
  tag: fc.constantFrom('LIC101_SP', 'LIT101', 'LIC101_MODE', 'XV101', 'FIT999'),
  value: fc.integer({ min: 0, max: 5 }),
  zone: fc.constantFrom('control', 'supervisory', 'office'),
  count: fc.integer({ min: 1, max: 8 }),
  table: fc.constantFrom('coil', 'discrete', 'holding', 'input'),
});

function written(step: typeof anyStep extends fc.Arbitrary<infer T> ? T : never, i: number): string {
  const { verb, from, to, and, tag, value, zone, count, table } = step;
  const what = {
    'write-tag': `to: ${to}, tag: ${tag}, value: ${value}`,
    'read-tags': `to: ${to}, tags: [${tag}]`,
    discover: `zone: ${zone}, ports: [502, 80], perSecond: 50`,
    'probe-registers': `to: ${to}, ranges: [{ table: ${table}, count: ${count} }], write: both, perSecond: 50`,
    interpose: `between: ${to}, and: [${and}], change: [{ tag: ${tag}, value: ${value} }]`,
    release: '',
  }[verb];
  return `  - { id: s${i}, about: x, verb: ${verb}, from: ${from}, ${what ? `${what}, ` : ''}techniques: [T0836] }\n`;
}

describe('whatever a scenario says', () => {
  it('no frame of it goes to an address that did not register for the run', () => {
    let played = 0;
    fc.assert(
      fc.property(fc.array(anyStep, { minLength: 1, maxLength: 4 }), fc.boolean(), (steps, plugged) => {
        let spec: ScenarioSpec;
        try {
          spec = scenario(steps.map(written).join(''), plugged ? PLUGGED : '');
          new Play(request(spec, { monitor: undefined as never })).finish();
        } catch (error) {
          if (!(error instanceof PenstockError)) throw error;
          return;
        }
        played++;
        const { frames, range } = play(request(spec), 60);
        const known = new Set(range.registry.devices.map((d) => d.address));
        for (const zone of plant.spec.zones) known.add(zone.subnet.replace(/0\/24$/, '1'));
        for (const { bytes, ours } of frames) if (ours) expect(known).toContain(destinationOf(bytes));
      }),
      { numRuns: 40, seed: 3 },
    );
    expect(played).toBeGreaterThan(5);
  });
});

/** Whom a frame is for: the IPv4 destination, or the address that an ARP packet is about. */
function destinationOf(bytes: Uint8Array): string {
  const at14 = bytes[12] === 8 && bytes[13] === 6 ? 38 : 30;
  return [...bytes.subarray(at14, at14 + 4)].join('.');
}
