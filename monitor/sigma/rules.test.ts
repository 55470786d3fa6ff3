import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FieldValue, FileError, ProtocolEvent } from '@penstock/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FlowView } from '../subject.ts';
import { Subject } from '../subject.ts';
import { RuleEngine } from './engine.ts';
import { checkRuleFile } from './lint.ts';
import { loadRules, parseRules, type RuleSet } from './rules.ts';

const head = (name: string, level = 'medium'): string => `title: ${name}
name: ${name}
description: A rule of the tests.
level: ${level}
`;
const alert = "alert:\n  message: 'hit {count}'\n";
const detection = (body: string, service = 'modbus_detailed'): string =>
  `logsource:\n  product: zeek\n  service: ${service}\ndetection:\n${body
    .split('\n')
    .map((line) => `  ${line}`)
    .join('\n')}\n`;
const rule = (body: string): string => head('rule') + detection(body) + alert;
const problemsOf = (path: string): [string, string][] => {
  try {
    checkRuleFile(path);
    return [];
  } catch (error) {
    return (error as FileError).problems.map(({ id, message }) => [id, message.slice(message.indexOf(': ') + 2)]);
  }
};
const load = (text: string, file = 'rules/rule.yml'): RuleSet => parseRules([{ file, text }]);

const flow = (from = '10.0.0.1', to = '10.0.0.2', packet = 1): FlowView => ({
  serial: 1,
  transport: 'tcp',
  service: 'modbus',
  originatorAddress: from,
  originatorPort: 40_000,
  responderAddress: to,
  responderPort: 502,
  originatorMac: undefined,
  responderMac: undefined,
  uid: 'C1',
  lastPacket: packet,
  dissector: undefined,
});

/** Feeds events (columns, seconds, source address) and returns what hit when. */
function run(set: RuleSet, events: [Record<string, FieldValue>, number, string?][]): string[] {
  const hits: string[] = [];
  const engine = new RuleEngine(set, (hit, source, subject, count) =>
    hits.push(`${hit.name}@${subject.time / 1e6} ${hit.message(source, subject, count)}`),
  );
  events.forEach(([columns, seconds, from], i) => {
    const subject = new Subject();
    subject.time = seconds * 1e6;
    subject.packet = i + 1;
    subject.flow = flow(from, undefined, i + 1);
    subject.event = { name: 'modbus_detailed', time: subject.time, ...columns } as ProtocolEvent;
    engine.judge('zeek/modbus_detailed', subject);
  });
  return hits;
}

describe('detection rules', () => {
  it('combine maps by and, lists by or, selections by the condition', () => {
    const set = load(
      rule(`reads:
  func|startswith: READ
  quantity|gt: 10
writes:
  - func: WRITE_SINGLE_REGISTER
    address: [1, 2]
  - func: WRITE_SINGLE_COIL
allowed:
  unit: 255
condition: (reads or writes) and not allowed`),
    );
    const hits = (columns: Record<string, FieldValue>): number => run(set, [[columns, 0]]).length;
    expect(hits({ func: 'READ_COILS', quantity: 11 })).toBe(1);
    expect(hits({ func: 'READ_COILS', quantity: 10 })).toBe(0);
    expect(hits({ func: 'WRITE_SINGLE_REGISTER', address: 2 })).toBe(1);
    expect(hits({ func: 'WRITE_SINGLE_REGISTER', address: 3 })).toBe(0);
    expect(hits({ func: 'WRITE_SINGLE_COIL', address: 3 })).toBe(1);
    expect(hits({ func: 'WRITE_SINGLE_COIL', unit: 255 })).toBe(0);
  });

  it('hit when one of several conditions holds', () => {
    const set = load(rule('a:\n  unit: 1\nb:\n  unit: 2\ncondition:\n  - a\n  - b'));
    expect(
      run(set, [
        [{ unit: 1 }, 0],
        [{ unit: 2 }, 1],
        [{ unit: 3 }, 2],
      ]),
    ).toHaveLength(2);
  });

  it('settle what the fixed fields decide as the full test does', () => {
    const columns = fc.record({
      unit: fc.constantFrom(1, 2),
      func: fc.constantFrom('READ_COILS', 'WRITE_SINGLE_COIL'),
      tid: fc.constantFrom(1, 2),
    });
    const atoms = ['unit: 1', 'unit: 2', 'func|startswith: READ', 'tid: 1', 'func: WRITE_SINGLE_COIL'];
    const condition = fc.letrec((tie) => ({
      node: fc.oneof(
        { maxDepth: 4 },
        fc.integer({ min: 0, max: atoms.length - 1 }).map((i) => `s${i}`),
        tie('node').map((n) => `not ${n}`),
        fc.tuple(tie('node'), fc.constantFrom('and', 'or'), tie('node')).map(([a, op, b]) => `(${a} ${op} ${b})`),
      ),
    })).node as fc.Arbitrary<string>;
    const use = `and (${atoms.map((_, i) => `s${i}`).join(' or ')} or not s0)`;
    fc.assert(
      fc.property(condition, columns, (text, event) => {
        const selections = atoms.map((atom, i) => `s${i}:\n  ${atom}`).join('\n');
        const compiled = load(rule(`${selections}\ncondition: ${text} ${use}`)).rules[0]?.detection;
        const subject = new Subject();
        subject.event = { name: 'modbus_detailed', time: 0, ...event } as ProtocolEvent;
        const settled = compiled?.settle(subject);
        if (settled !== undefined) expect(settled).toBe(compiled?.test(subject));
      }),
      { numRuns: 200 },
    );
  });
});

describe('correlation rules', () => {
  const base = (name: string, body: string): string => head(name) + detection(body);
  const correlate = (body: string): string =>
    `---\n${head('rule')}correlation:\n${body
      .split('\n')
      .map((line) => `  ${line}`)
      .join('\n')}\n${alert}`;
  const write = base('write', 's:\n  func|startswith: WRITE\ncondition: s');
  const read = base('read', 's:\n  func|startswith: READ\ncondition: s');
  const W = { func: 'WRITE_SINGLE_COIL' };
  const R = { func: 'READ_COILS' };

  it('event_count: so many within the span, for each group, then anew', () => {
    const set = load(
      write +
        correlate('type: event_count\nrules: [write]\ngroup-by: [id.orig_h]\ntimespan: 10s\ncondition:\n  gte: 3'),
    );
    expect(
      run(set, [
        [W, 0],
        [W, 5],
        [W, 11],
        [W, 12],
        [W, 13],
        [W, 14],
        [W, 15],
      ]),
    ).toEqual(['rule@12 hit 3', 'rule@15 hit 3']);
    expect(
      run(set, [
        [W, 0, 'a'],
        [W, 1, 'b'],
        [W, 2, 'a'],
        [W, 3, 'b'],
      ]),
    ).toEqual([]);
    expect(
      run(set, [
        [W, 0],
        [W, 10],
        [W, 10],
      ]),
    ).toEqual(['rule@10 hit 3']);
  });

  it('value_count: so many different values, repetitions keep a value young', () => {
    const set = load(
      write +
        correlate(
          'type: value_count\nrules: [write]\ngroup-by: [id.orig_h]\ntimespan: 10s\ncondition:\n  field: address\n  gt: 2',
        ),
    );
    const at = (address: number, time: number): [Record<string, FieldValue>, number] => [{ ...W, address }, time];
    expect(run(set, [at(1, 0), at(1, 1), at(2, 2), at(2, 3)])).toEqual([]);
    expect(run(set, [at(1, 0), at(2, 5), at(3, 9)])).toEqual(['rule@9 hit 3']);
    expect(run(set, [at(1, 0), at(2, 5), at(3, 11)])).toEqual([]);
    expect(run(set, [at(1, 0), at(2, 5), at(1, 8), at(3, 14)])).toEqual(['rule@14 hit 3']);
    expect(
      run(set, [
        [W, 0],
        [W, 1],
        [W, 2],
      ]),
    ).toEqual([]);
  });

  it('temporal: all rules within the span, in any order', () => {
    const set = load(
      `${write}---\n${read}${correlate('type: temporal\nrules: [write, read]\ngroup-by: [id.orig_h]\ntimespan: 10s')}`,
    );
    expect(
      run(set, [
        [R, 0],
        [W, 5],
      ]),
    ).toEqual(['rule@5 hit 2']);
    expect(
      run(set, [
        [W, 0],
        [R, 10],
      ]),
    ).toEqual(['rule@10 hit 2']);
    expect(
      run(set, [
        [W, 0],
        [R, 11],
      ]),
    ).toEqual([]);
    expect(
      run(set, [
        [W, 0, 'a'],
        [R, 1, 'b'],
      ]),
    ).toEqual([]);
  });

  it('temporal_ordered: in the order of the list only', () => {
    const set = load(
      `${write}---\n${read}${correlate('type: temporal_ordered\nrules: [write, read, write]\ngroup-by: []\ntimespan: 10s')}`,
    );
    expect(
      run(set, [
        [W, 0],
        [R, 1],
        [W, 2],
      ]),
    ).toEqual(['rule@2 hit 3']);
    expect(
      run(set, [
        [R, 0],
        [W, 1],
        [W, 2],
      ]),
    ).toEqual([]);
    expect(
      run(set, [
        [W, 0],
        [R, 1],
        [W, 11],
      ]),
    ).toEqual([]);
    // A later start makes a chain that the first one would be too old for.
    expect(
      run(set, [
        [W, 0],
        [W, 8],
        [R, 9],
        [W, 15],
      ]),
    ).toEqual(['rule@15 hit 3']);
  });

  it('take aliases for fields that differ between rules, and feed correlations of correlations', () => {
    const set = load(
      write +
        '---\n' +
        read +
        correlate(
          'type: temporal\nrules: [write, read]\ngroup-by: [place]\naliases:\n  place:\n    write: address\n    read: quantity\ntimespan: 10s',
        ),
    );
    expect(
      run(set, [
        [{ ...W, address: 7 }, 0],
        [{ ...R, quantity: 7 }, 1],
      ]),
    ).toEqual(['rule@1 hit 2']);
    expect(
      run(set, [
        [{ ...W, address: 7 }, 0],
        [{ ...R, address: 7, quantity: 8 }, 1],
      ]),
    ).toEqual([]);
    const nested = load(
      `${write}---\n${head('twice')}correlation:\n  type: event_count\n  rules: [write]\n  timespan: 1m\n  condition:\n    gte: 2\n${correlate('type: event_count\nrules: [twice]\ntimespan: 1h\ncondition:\n  gte: 2')}`,
    );
    expect(
      run(nested, [
        [W, 0],
        [W, 1],
        [W, 2],
        [W, 3],
      ]),
    ).toEqual(['rule@3 hit 2']);
  });

  it('let rules that they use raise alerts only with generate', () => {
    const noisy = head('write') + detection('s:\n  func|startswith: WRITE\ncondition: s') + alert;
    const text = noisy + correlate('type: event_count\nrules: [write]\ntimespan: 10s\ncondition:\n  gte: 2');
    expect(run(load(text), [[W, 0]])).toEqual([]);
    expect(run(load(text.replace('  timespan', '  generate: true\n  timespan')), [[W, 0]])).toEqual(['write@0 hit 1']);
  });

  it('remember a bounded number of groups and step back in no time', () => {
    const set = load(
      write +
        correlate('type: event_count\nrules: [write]\ngroup-by: [id.orig_h]\ntimespan: 10s\ncondition:\n  gte: 2'),
    );
    let hits = 0;
    const engine = new RuleEngine(set, () => hits++);
    const feed = (from: string, seconds: number): void => {
      const subject = new Subject();
      subject.time = seconds * 1e6;
      subject.flow = flow(from);
      subject.event = { name: 'modbus_detailed', time: subject.time, ...W } as ProtocolEvent;
      engine.judge('zeek/modbus_detailed', subject);
    };
    for (let i = 0; i < 5000; i++) feed(`host ${i}`, 100);
    expect(engine.forgotten).toBe(5000 - 4096);
    feed('host 0', 100);
    expect(hits).toBe(0);
    feed('host 4999', 50);
    expect(hits).toBe(1);
  });
});

describe('rule files', () => {
  const problem = (text: string, file = 'rules/rule.yml'): string => {
    try {
      load(text, file);
    } catch (error) {
      return (error as Error).message;
    }
    return 'no problem';
  };
  const sound = rule('s:\n  unit: 1\ncondition: s');

  it('load when they are sound, and hash what they say rather than how', () => {
    const plain = load(sound);
    expect(load(`# a comment\n${sound.replace('unit: 1', 'unit:   1')}\n`).hash).toBe(plain.hash);
    expect(load(sound.replace('unit: 1', 'unit: 2')).hash).not.toBe(plain.hash);
    expect(plain.rules[0]).toMatchObject({ name: 'rule', level: 'medium', alerts: true, knowsSources: false });
  });

  it.each([
    [
      'an unknown field',
      sound.replace('unit: 1', 'unti: 1'),
      "rules/rule.yml:10:11: zeek/modbus_detailed has no field 'unti'; did you mean 'unit'?",
    ],
    [
      'an unknown modifier',
      sound.replace('unit: 1', 'unit|gtt: 1'),
      "rules/rule.yml:10:15: there is no modifier 'gtt'; did you mean 'gt'?",
    ],
    [
      'an unknown log source',
      sound.replace('modbus_detailed', 'modbus_detail'),
      "rules/rule.yml:7:12: there is no log source 'zeek/modbus_detail'; did you mean 'zeek/modbus_detailed'?",
    ],
    [
      'a log source of another product',
      sound.replace('modbus_detailed', 'point_write'),
      "did you mean 'penstock/point_write'?",
    ],
    [
      'an unknown selection',
      sound.replace('condition: s', 'condition: t'),
      "there is no selection 't'; did you mean 's'?",
    ],
    [
      'an unused selection',
      sound.replace('  condition', '  spare:\n    unit: 2\n  condition'),
      "rules/rule.yml:12:5: the condition does not use the selection 'spare'",
    ],
    ['an unknown key', sound.replace('level:', 'levle:'), "unknown key 'levle'; did you mean 'level'?"],
    ['a bad regular expression', sound.replace('unit: 1', "func|re: 'a('"), 'rules/rule.yml:10:14: '],
    ['a bad level', sound.replace('medium', 'urgent'), 'expected'],
    [
      'a revoked technique',
      `${sound}tags: [attack.t0855]\n`,
      "rules/rule.yml:14:8: ATT&CK for ICS v19 replaced T0855 by T1692.001; write 'attack.t1692.001'",
    ],
    ['an unknown technique', `${sound}tags: [attack.t0899]\n`, "has no technique or tactic 't0899'"],
    ['a malformed tag', `${sound}tags: [T0836]\n`, "'T0836' is no tag"],
    [
      "a name that is not the file's",
      sound.replace('name: rule', 'name: other'),
      "one rule of this file must be named 'rule'",
    ],
    ['a missing message', sound.replace(alert, ''), "a rule that raises alerts needs 'alert: { message: … }'"],
    ['an unknown field in a sentence', sound.replace('{count}', '{fnuc}'), "has no field 'fnuc'; did you mean 'func'?"],
    ['an open bracket', sound.replace('hit', 'hit ['), "has no ']'"],
    ['an unknown field in fields', `${sound}fields: [fnuc]\n`, "has no field 'fnuc'"],
    ['an empty file', '# nothing\n', 'rules/rule.yml:1:1: the file holds no rule'],
    ['keywords', sound.replace('    unit: 1', '    - evil'), 'expected a map'],
    ['a malformed id', `${sound}id: seven\n`, 'id'],
    ['broken YAML', `${sound}tags: [\n`, 'rules/rule.yml:15'],
  ])('name file and line for %s', (_, text, message) => {
    expect(problem(text)).toContain(message);
  });

  it('name both places of a duplicate id or name', () => {
    const id = 'id: 0a1c2f5e-5c61-4a1e-9f27-6d1d8a7a5b99\n';
    const two = [
      { file: 'rule.yml', text: sound + id },
      { file: 'twin.yml', text: sound.replace('name: rule', 'name: twin') + id },
    ];
    expect(() => parseRules(two)).toThrow(
      'twin.yml:14:5: the id 0a1c2f5e-5c61-4a1e-9f27-6d1d8a7a5b99 is taken by rule.yml:14; ids are unique',
    );
    expect(() =>
      parseRules([
        { file: 'rule.yml', text: sound },
        { file: 'rule.yml', text: sound },
      ]),
    ).toThrow("the name 'rule' is taken by rule.yml:2");
  });

  it('can be checked one by one, among their neighbours', () => {
    const folder = mkdtempSync(join(tmpdir(), 'penstock-rules-'));
    try {
      const id = (digit: number): string => `id: 0a1c2f5e-5c61-4a1e-9f27-6d1d8a7a5b9${digit}\n`;
      const base = sound.replace('name: rule', 'name: base') + id(1);
      const words = 'tags: [attack.t0836]\nfalsepositives: [A test]\n';
      const counted = `${head('counted')}${id(2)}${words}correlation:\n  type: event_count\n  rules: [base]\n  timespan: 1m\n  condition:\n    gte: 2\n${alert}`;
      mkdirSync(join(folder, 'captures'));
      for (const kind of ['fires', 'silent']) writeFileSync(join(folder, 'captures', `counted.${kind}.pcap`), '');
      writeFileSync(join(folder, 'base.yml'), base);
      writeFileSync(join(folder, 'counted.yml'), counted);
      writeFileSync(
        join(folder, 'broken.yml'),
        sound.replace('name: rule', 'name: broken').replace('unit: 1', 'unti: 1'),
      );
      expect(() => checkRuleFile(join(folder, 'counted.yml'))).not.toThrow();
      expect(() => checkRuleFile(join(folder, 'broken.yml'))).toThrow('broken.yml:10:11: ');
      expect(() => checkRuleFile(join(folder, 'absent.yml'))).toThrow('there is no file');
      rmSync(join(folder, 'broken.yml'));
      writeFileSync(
        join(folder, 'bare.yml'),
        sound.replace('name: rule', 'name: bare').replace('level: medium', 'level: high'),
      );
      expect(problemsOf(join(folder, 'bare.yml'))).toEqual([
        ['rule.id', "'bare' needs an id (a UUID), by which it is known whatever it is called"],
        ['rule.technique', "'bare' raises alerts; say by tags which ATT&CK for ICS technique or tactic it is about"],
        ['rule.falsepositives', "'bare' raises alerts; say under 'falsepositives' what else looks like it"],
        ['rule.level', "'bare' calls people (high) and is experimental; rules that page are 'test' or 'stable'"],
        ['rule.level', "'bare' calls people (high); say under 'alert.why' what for"],
        ['rule.captures', "there is no capture that fires 'bare': captures/bare.fires.pcap"],
        ['rule.captures', "there is no capture that looks alike and leaves 'bare' silent: captures/bare.silent.pcap"],
      ]);
      expect(() => loadRules(join(folder, 'nothing'))).toThrow('there are no rules (*.yml)');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('count lines on in files with several rules', () => {
    const text = `${sound}---\n${head('second')}${detection('s:\n  unti: 1\ncondition: s')}${alert}`;
    expect(problem(text)).toContain('rules/rule.yml:24:11: ');
  });

  const correlated = (body: string): string =>
    `${head('write')}${detection('s:\n  unit: 1\ncondition: s')}---\n${head('rule')}correlation:\n  rules: [write]\n  timespan: 1m\n${body}${alert}`;
  it.each([
    [
      'an unknown rule',
      correlated('  type: event_count\n  condition:\n    gte: 2\n').replace('[write]', '[wirte]'),
      "there is no rule 'wirte'; did you mean 'write'?",
    ],
    [
      'a cycle',
      correlated('  type: event_count\n  condition:\n    gte: 2\n').replace('[write]', '[rule]'),
      "'rule' depends on this rule in turn",
    ],
    ['a missing condition', correlated('  type: event_count\n'), "the condition needs one of 'gte', 'gt' or 'eq'"],
    ['an upper bound', correlated('  type: event_count\n  condition:\n    lt: 2\n'), "unknown key 'lt'"],
    [
      'a value_count without a field',
      correlated('  type: value_count\n  condition:\n    gte: 2\n'),
      "'value_count' needs condition.field",
    ],
    [
      'a field that nobody counts',
      correlated('  type: event_count\n  condition:\n    gte: 2\n    field: unit\n'),
      "only 'value_count' counts a field",
    ],
    [
      'an unknown group',
      correlated('  type: event_count\n  group-by: [unti]\n  condition:\n    gte: 2\n'),
      "has no field 'unti'",
    ],
    ['one temporal rule', correlated('  type: temporal\n'), "'temporal' needs at least two rules"],
    [
      'a boundless count',
      correlated('  type: event_count\n  condition:\n    gte: 1000000\n'),
      'expected a whole number from 1 to 10000',
    ],
    [
      'a malformed timespan',
      correlated('  type: event_count\n  condition:\n    gte: 2\n').replace('1m', '1 minute'),
      'a timespan is a number and s, m, h, d or w',
    ],
    [
      'an alias of no rule',
      correlated('  type: event_count\n  aliases:\n    a:\n      raed: unit\n  condition:\n    gte: 2\n'),
      "'raed' is not among the rules",
    ],
  ])('refuse a correlation with %s', (_, text, message) => {
    expect(problem(text)).toContain(message);
  });

  it('never throw anything but a readable error, whatever the text', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 200 }), fc.nat(sound.length), (noise, at) => {
        try {
          load(sound.slice(0, at) + noise + sound.slice(at));
        } catch (error) {
          expect((error as { id?: string }).id).toMatch(/^file\./);
        }
      }),
      { numRuns: 200 },
    );
  });
});
