import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseYaml } from './files.ts';
import { type AllowLine, type PlantSpec, plantSchema, serviceSchema } from './plant.ts';
import { checkPlant } from './plant-check.ts';
import { plantWithOptions, splitLine } from './plant-options.ts';

const GOOD = readFileSync(new URL('./test/plant/plant.yaml', import.meta.url), 'utf8');

function parsed(options: string, more = '') {
  const text = `${GOOD.replace('  relief-valve: ', `${options}\n  relief-valve: `)}\n${more}`;
  return parseYaml(text, 'plant.yaml', plantSchema);
}

const plantWith = (options: string): PlantSpec => parsed(options).value;

function problems(options: string, more = ''): string[] {
  const { value, source } = parsed(options, more);
  return checkPlant(value, source).map(({ id, message }) => `${id} ${message.replace(/^\S+: /, '')}`);
}

const CLOSED = `  way: { default: true, about: The way to the controller., conduit: supervision-control }`;
const PART = `  way: { default: true, about: The way to the controller., conduit: { id: supervision-control, port: 502, from: [scada] } }`;
const LISTED = `  list: { default: false, about: A list., allowList: [{ device: transfer-plc, from: [scada] }] }`;
const WRITERS = `  list: { default: false, about: A list., allowList: [{ device: transfer-plc, from: [scada], refuses: writes }] }`;
const RULE = `  left: { default: false, about: A rule that was left behind., rules: [{ conduit: supervision-control, from: [hmi], to: [transfer-plc], port: 80 }] }`;

const KEYED = `  key: { default: false, about: The key at RUN., keyAtRun: [transfer-plc] }`;
const PROTECTED = `  word: { default: false, about: A password., protection: [{ device: transfer-plc, level: 2, password: sesame }] }`;
const SELECTED = `  select: { default: false, about: Select before operate., selectRequired: [transfer-plc] }`;

const SIGNED = `  signed: { default: false, about: Signed images only., signedFirmware: [transfer-plc] }`;
const TOPICS = `  topics: { default: false, about: Fewer topics., topicRights: [{ broker: hmi, user: panel, publish: ['works/state'] }] }`;

const modbus = (plant: PlantSpec) =>
  plant.devices.find((device) => device.id === 'transfer-plc')?.services.find((s) => s.protocol === 'modbus');

describe('plantWithOptions', () => {
  it('is the plant itself where no option changes it', () => {
    const plant = plantWith([CLOSED.replace('way', 'way'), LISTED, RULE].join('\n'));
    expect(plantWithOptions(plant, {})).toBe(plant);
    expect(plantWithOptions(plant, { way: true, list: false, left: false })).toBe(plant);
  });

  it('closes a conduit, or the ways of it that fit', () => {
    const all = plantWith(CLOSED);
    expect(plantWithOptions(all, { way: false }).conduits[0]?.allow).toEqual([]);
    expect(all.conduits[0]?.allow).toHaveLength(1);
    expect(plantWithOptions(plantWith(PART), { way: false }).conduits[0]?.allow).toEqual([]);
    const other = plantWith(PART.replace('port: 502', 'port: 503'));
    expect(plantWithOptions(other, { way: false }).conduits[0]?.allow).toHaveLength(1);
  });

  it('adds rules to their conduit', () => {
    const { conduits } = plantWithOptions(plantWith(RULE), { left: true });
    expect(conduits[0]?.allow.at(-1)).toEqual({ from: ['hmi'], to: ['transfer-plc'], transport: 'tcp', port: 80 });
  });

  it('gives a controller a list of who may connect, or who may write', () => {
    // The controller of this plant has a list of its own already: who may connect must stand on both.
    expect(modbus(plantWithOptions(plantWith(LISTED), { list: true }))).toMatchObject({ allow: ['scada'] });
    const wider = LISTED.replace('[scada]', '[hmi, scada]');
    expect(modbus(plantWithOptions(plantWith(wider), { list: true }))).toMatchObject({ allow: ['scada'] });
    expect(modbus(plantWithOptions(plantWith(WRITERS), { list: true }))).toMatchObject({ writers: ['scada'] });
  });
});

describe('plantWithOptions, of controllers themselves', () => {
  const controller = (plant: PlantSpec) => plant.devices.find((device) => device.id === 'transfer-plc');

  it('turns a key to RUN', () => {
    const plant = plantWith(KEYED);
    expect(controller(plantWithOptions(plant, { key: true }))?.controller?.key).toBe('run');
    expect(plantWithOptions(plant, { key: false })).toBe(plant);
  });

  it('gives a CPU a password', () => {
    const { value } = parsed(PROTECTED);
    const devices = value.devices.map((device) =>
      device.id === 'transfer-plc'
        ? { ...device, services: [...device.services, serviceSchema.parse({ protocol: 's7' })] }
        : device,
    );
    const s7 = (on: boolean) =>
      controller(plantWithOptions({ ...value, devices }, { word: on }))?.services.find((s) => s.protocol === 's7');
    expect(s7(false)).toMatchObject({ protection: { level: 1 } });
    expect(s7(true)).toMatchObject({ protection: { level: 2, password: 'sesame' } });
  });
});

describe('plantWithOptions, of updates', () => {
  const changed = (options: string, id: string, change: Partial<PlantSpec['devices'][number]>): PlantSpec => {
    const plant = plantWith(options);
    return { ...plant, devices: plant.devices.map((device) => (device.id === id ? { ...device, ...change } : device)) };
  };

  it('makes a device look for a signature', () => {
    const plant = changed(SIGNED, 'transfer-plc', { firmware: { signed: false } });
    const firmware = (on: boolean) =>
      plantWithOptions(plant, { signed: on }).devices.find(({ id }) => id === 'transfer-plc')?.firmware;
    expect([firmware(false), firmware(true)]).toEqual([{ signed: false }, { signed: true }]);
  });

  it('gives a user of a broker fewer topics, and the others theirs', () => {
    const users = ['panel', 'other'].map((name) => ({ name, password: 'x', publish: ['works/#'], subscribe: ['#'] }));
    const plant = changed(TOPICS, 'hmi', { services: [serviceSchema.parse({ protocol: 'mqtt', users })] });
    const topics = (on: boolean) => {
      const { devices } = plantWithOptions(plant, { topics: on });
      const service = devices.find(({ id }) => id === 'hmi')?.services.find((one) => one.protocol === 'mqtt');
      return service?.users.map(({ name, publish, subscribe }) => [name, publish, subscribe]);
    };
    expect(topics(true)).toEqual([
      ['panel', ['works/state'], ['#']],
      ['other', ['works/#'], ['#']],
    ]);
    expect(topics(false)?.[0]).toEqual(['panel', ['works/#'], ['#']]);
  });
});

describe('splitLine', () => {
  const device: fc.Arbitrary<string> = fc.constantFrom('a', 'b', 'c', 'd');
  const devices = fc.uniqueArray(device, { minLength: 1 });
  const line: fc.Arbitrary<AllowLine> = fc.record({
    from: devices,
    to: devices,
    transport: fc.constantFrom('tcp' as const, 'udp' as const),
    port: fc.option(fc.constantFrom(80, 502), { nil: undefined }),
  });
  const pairs = (lines: readonly AllowLine[]) =>
    lines.flatMap(({ from, to }) => from.flatMap((a) => to.map((b) => `${a}>${b}`))).sort();

  it('loses no way and opens none', () => {
    const ways = fc.record({
      id: fc.constant('x'),
      from: fc.option(devices, { nil: undefined }),
      to: fc.option(devices, { nil: undefined }),
      transport: fc.option(fc.constantFrom('tcp' as const, 'udp' as const), { nil: undefined }),
      port: fc.option(fc.constantFrom(80, 502), { nil: undefined }),
    });
    fc.assert(
      fc.property(line, ways, (whole, chosen) => {
        const { closed, open } = splitLine(whole, chosen);
        const all = closed === undefined ? open : [closed, ...open];
        expect(pairs(all)).toEqual(pairs([whole]));
        const inScope = (way: string) => {
          const [a, b] = way.split('>') as [string, string];
          return (chosen.from?.includes(a) ?? true) && (chosen.to?.includes(b) ?? true);
        };
        if (closed !== undefined) {
          expect(pairs([closed]).every(inScope)).toBe(true);
          expect(pairs(open).some(inScope)).toBe(false);
        }
      }),
    );
  });
});

describe('checkPlant of options', () => {
  it.each([CLOSED, PART, LISTED, WRITERS, RULE, KEYED])('finds nothing wrong with %s', (option) => {
    expect(problems(option)).toEqual([]);
  });

  it.each<[string, string, string]>([
    [
      'an unknown conduit',
      CLOSED.replace('supervision-control', 'supervision-contrl'),
      "plant.unknown-conduit there is no conduit 'supervision-contrl'; did you mean 'supervision-control'?",
    ],
    [
      'a conduit of which nothing fits',
      PART.replace('port: 502', 'port: 503'),
      "plant.option option 'way' closes nothing: no line of the conduit supervision-control fits it",
    ],
    [
      'a list at a device without a controller',
      LISTED.replace('device: transfer-plc', 'device: hmi'),
      'plant.option hmi has no controller, and so no access control list; name a device with a controller',
    ],
    [
      'a list that shuts out who polls',
      LISTED.replace('from: [scada]', 'from: [hmi]'),
      'plant.option scada polls transfer-plc and would be shut out; add it to the list',
    ],
    [
      'a list that shuts out who writes',
      WRITERS.replace('from: [scada]', 'from: [hmi]'),
      'plant.option scada writes to transfer-plc and would be shut out; add it to the list',
    ],
    [
      'an unknown device on a list',
      LISTED.replace('from: [scada]', 'from: [scada, hmy]'),
      "plant.unknown-device there is no device 'hmy'; did you mean 'hmi'?",
    ],
    [
      'a rule within a zone',
      RULE.replace('from: [hmi]', 'from: [transfer-plc]'),
      'plant.conduit lets devices of one zone reach each other; inside a zone nothing needs to be allowed',
    ],
    [
      'outputs that nobody could select',
      SELECTED,
      'plant.option transfer-plc has no dnp3 service whose outputs could be selected; name an outstation',
    ],
    [
      'an unknown outstation',
      SELECTED.replace('transfer-plc', 'transfer-plx'),
      "plant.unknown-device there is no device 'transfer-plx'; did you mean 'transfer-plc'?",
    ],
    [
      'a key where there is none',
      KEYED.replace('[transfer-plc]', '[hmi]'),
      'plant.option hmi has no controller, and so no mode key; name a device with a controller',
    ],
    [
      'a password that nothing asks for',
      PROTECTED,
      'plant.option transfer-plc has no s7 service that could ask for a password; name a device with one',
    ],
    [
      'firmware that cannot be replaced',
      SIGNED,
      "plant.option the firmware of transfer-plc cannot be replaced; name a device with 'firmware'",
    ],
    ['topics of what is no broker', TOPICS, 'plant.option hmi has no mqtt service with users; name a broker'],
    [
      'an option that is a number',
      CLOSED.replace('default: true', 'default: 1'),
      "plant.option option 'way' switches a conduit, so it is true or false, not 1",
    ],
    [
      'an option that switches two things',
      CLOSED.replace('conduit:', 'device: hmi, conduit:'),
      "plant.option option 'way' switches device and conduit; an option switches one thing",
    ],
    [
      'an unknown device',
      '  x: { default: true, about: It is there., device: trip }',
      "plant.unknown-device there is no device 'trip'",
    ],
  ])('finds %s', (_, option, expected) => {
    expect(problems(option)).toContain(expected);
  });
});

describe('checkPlant of responses', () => {
  const response = (action: string, on = 'on: { tags: [LIC101_SP] }') =>
    `responses:\n  - { id: back, name: Set point back, by: control-room, ${on}, actions: [${action}] }`;
  const GOOD_ACTION = '{ kind: setpoint, device: scada, with: { to: transfer-plc, tag: LIC101_SP, value: 2 } }';

  it('finds nothing wrong with one that fits', () => {
    expect(problems(CLOSED, response(GOOD_ACTION))).toEqual([]);
  });

  it.each<[string, string, string]>([
    [
      'an unknown point',
      response(GOOD_ACTION.replace('tag: LIC101_SP', 'tag: LIC101_PS')),
      "plant.unknown-tag there is no tag 'LIC101_PS'; did you mean 'LIC101_SP'?",
    ],
    [
      'a predicate over an unknown tag',
      response(GOOD_ACTION.replace('kind:', "when: 'LIT109 > 1', kind:")),
      "predicate.unknown-tag the predicate 'LIT109 > 1' (character 1) knows no tag LIT109; did you mean LIT101?",
    ],
    [
      'a repetition without an end',
      response(GOOD_ACTION.replace('kind:', 'every: 60s, kind:')),
      "plant.response 'every' and 'until' go together: how often it is tried, and when it has worked",
    ],
    [
      'a response to nothing',
      response(GOOD_ACTION, 'on: {}'),
      "plant.response response 'back' answers no alert; name devices or tags, or leave 'on' out for all",
    ],
    [
      'an unknown conduit',
      response('{ kind: close-conduit, with: { conduit: supervision } }'),
      "plant.unknown-conduit there is no conduit 'supervision'",
    ],
  ])('finds %s', (_, text, expected) => {
    expect(problems(CLOSED, text)).toContain(expected);
  });
});
