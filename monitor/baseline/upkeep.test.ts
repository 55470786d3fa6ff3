/** Files of both versions, hashes, edits, differences, and what is still being learned. */
import { describe, expect, it } from 'vitest';
import { DOSING, float, knowledge, learnedBaseline, MONDAY, SCADA, STRANGER, Traffic } from '../test/works.ts';
import { changeText, diffBaselines } from './diff.ts';
import { applyEdits, sealBaseline } from './edit.ts';
import { type BaselineData, formatBaselineData, hashOfBaseline, parseBaselineData } from './format.ts';
import { Baseline, formatBaseline, parseBaseline } from './index.ts';
import { conversationMaturity, maturityOf } from './maturity.ts';
import { pollText, readingText, writeText } from './text.ts';

const AT = '2026-03-12T10:00:00.000Z';
const learned = (): BaselineData => learnedBaseline().toJSON();
const parsed = (): BaselineData => parseBaselineData(formatBaselineData(learned()), 'baseline.json');

const FIRST = `{
  "version": 1,
  "plant": "works",
  "from": 1000000,
  "to": 2000000,
  "conversations": [
    {"source":"10.0.0.1","destination":"10.0.0.2","transport":"tcp","port":502}
  ],
  "requests": [
    {"source":"10.0.0.1","destination":"10.0.0.2","station":1,"functions":["READ_COILS"],"addresses":{"coil":[[0,7]]}}
  ],
  "writes": [
    {"source":"10.0.0.1","destination":"10.0.0.2","table":"coil","address":1,"tag":null,"low":0,"high":1,"count":30}
  ],
  "readings": [
    {"device":"plc","tag":"LIT101","low":1,"high":2}
  ]
}
`;

describe('the file', () => {
  it('of version 1 is read, judges as it did, and is written as version 2', () => {
    const baseline = parseBaseline(FIRST, 'old.json');
    expect(baseline.knowsConversation('10.0.0.1', '10.0.0.2', 'tcp', 502)).toBe(true);
    expect(baseline.knowsValue('10.0.0.1', '10.0.0.2', 'coil', 1, 1)).toBe(true);
    expect(baseline.readingRange('plc', 'LIT101')).toEqual([1, 2]);
    expect(baseline.readingSlope('plc', 'LIT101')).toBeUndefined();
    const text = formatBaseline(baseline);
    expect(text).toMatch(/^\{\n {2}"version": 2,\n {2}"hash": "[0-9a-f]{64}",\n/);
    expect(formatBaseline(parseBaseline(text, 'new.json'))).toBe(text);
    expect(maturityOf(parseBaselineData(FIRST, 'old.json'), 2e6)).toMatchObject({
      conversations: { total: 1, unknown: 1 },
      readings: { total: 1, unknown: 1 },
      writes: { total: 1, settled: 1 },
    });
  });

  it('that was changed by hand is refused until somebody answers for it', () => {
    const text = formatBaseline(learnedBaseline()).replace('"high":9,', '"high":90,');
    expect(() => parseBaseline(text, 'baseline.json')).toThrow(
      'baseline.json:3:11: the content is not what its hash says: somebody changed it by hand',
    );
    const changed = parseBaselineData(text, 'baseline.json', { sealed: false });
    const sealed = sealBaseline(changed, { by: 'J. Doe', why: 'more lye in winter', at: AT });
    const again = parseBaselineData(formatBaselineData(sealed), 'baseline.json');
    expect(again).toMatchObject({
      parent: hashOfBaseline(learned()),
      edits: [{ at: AT, by: 'J. Doe', why: 'more lye in winter', parent: hashOfBaseline(learned()) }],
    });
    expect(Baseline.from(again).knowsValue(SCADA, DOSING, 'holding', 10, 80)).toBe(true);
  });

  it('without a hash is nobody has sealed, and is read', () => {
    expect(
      parseBaselineData(formatBaseline(learnedBaseline()).replace(/"hash": "\w+"/, '"hash": null'), 'b.json'),
    ).toEqual(learned());
  });
});

describe('what is learned', () => {
  it('is how often, how far and how fast', () => {
    const { polls, writes, readings, conversations } = learned();
    expect(polls.map((poll) => pollText(poll))).toContain(
      `${SCADA} asks ${DOSING} for READ_INPUT_REGISTERS input 0+1 1550 times, every 1 s (1 s to 1 s)`,
    );
    expect(writes.map(writeText)).toContain(
      `${SCADA} writes AIC401 of ${DOSING}: 7.5 to 9 (5 times, at most 1 at once)`,
    );
    expect(readings.map(readingText)).toContain(
      'AIT402 of dosing-plc (measurement): 8.3 to 8.32 (1548 changes, rises at most 0.00996016/s, falls at most 0.0199203/s, at most 0.02 at once)',
    );
    expect(conversations).toMatchObject([{ count: 1, first: MONDAY + 1000 }]);
    expect(learnedBaseline().readingSlope('dosing-plc', 'AIT402')).toMatchObject({ step: expect.closeTo(0.02, 6) });
    // A handful of changes says nothing about how fast a tag may move.
    expect(learnedBaseline().readingSlope('dosing-plc', 'AIC401')).toBeUndefined();
    expect(
      learnedBaseline().pollRhythm(SCADA, DOSING, 1, 'READ_COILS', { table: 'coil', address: 3, quantity: 1 })?.every,
    ).toBeCloseTo(1.004, 2);
  });

  it('counts how often a conversation is opened', () => {
    const traffic = new Traffic({ knowledge: knowledge(), learning: true });
    for (let i = 0; i < 3; i++) traffic.end(traffic.wait(10).open(SCADA, DOSING), 'SF');
    traffic.open(STRANGER, DOSING);
    expect(traffic.baseline.toJSON().conversations.map(({ source, count }) => [source, count])).toEqual([
      [SCADA, 3],
      [STRANGER, 1],
    ]);
  });
});

describe('maturity', () => {
  const DAY = 86_400e6;
  const period = 7 * DAY;

  it.each([
    ['often', { count: 3, first: 0, last: 10 }, 'settled'],
    ['once in seven days', { count: 1, first: 5 * DAY, last: 5 * DAY }, 'rare'],
    ['one connection that lasts', { count: 1, first: 0, last: 6 * DAY }, 'settled'],
    ['added by hand', { note: 'J. Doe: new' }, 'added'],
    ['by version 1', {}, 'unknown'],
  ])('of a conversation: %s', (_, seen, expected) => {
    expect(conversationMaturity(seen, period)).toBe(expected);
  });

  it('of the whole goes by the time that was learned and by what still came', () => {
    const verdict = (days: number, firsts: readonly number[]): string => {
      const baseline = new Baseline();
      baseline.learnTime(0);
      baseline.learnTime(days * DAY);
      firsts.forEach((first, i) => {
        for (let k = 0; k < 3; k++) baseline.learnConversation('10.0.0.1', '10.0.0.2', 'tcp', i, first * DAY + k);
      });
      return maturityOf(baseline.toJSON(), days * DAY).verdict;
    };
    expect([verdict(0.5, [0]), verdict(3, [0]), verdict(7, [0, 6.9]), verdict(7, [0, 1]), verdict(7, [])]).toEqual([
      ...['less than a day', 'less than a week', 'still finding new things', 'settled', 'nothing learned'],
    ]);
  });

  it('tells age and counts', () => {
    const data = learned();
    expect(maturityOf(data, (data.to as number) + 5 * DAY)).toMatchObject({
      ageSeconds: 5 * 86_400,
      verdict: 'less than a day',
      polls: { total: 6, settled: 4 },
      readings: { total: 4, settled: 1, few: 2, constant: 1 },
    });
  });
});

describe('edits', () => {
  const edit = (changes: string, data = parsed()) =>
    applyEdits(data, `version: 1\nby: J. Doe # of the works\nwhy: WO-17\nchanges:\n${changes}`, 'edits.yaml', AT);

  it('add and remove entries, and say who did what and why', () => {
    const { data, changes } = edit(`
  - add: conversation
    entry: { source: 10.10.2.31, destination: 10.10.1.13, transport: tcp, port: 502 }
  - add: request
    entry: { source: ${SCADA}, destination: ${DOSING}, station: 1, functions: [READ_FIFO_QUEUE], addresses: { input: [[4, 9]] } }
  - remove: write
    where: { table: coil }
    why: by chance
`);
    expect(changes).toEqual([
      'added: 10.10.2.31 speaks to 10.10.1.13 over tcp port 502',
      `added: ${SCADA} asks ${DOSING} unit 1 with READ_FIFO_QUEUE on input 4-9`,
      `removed: ${SCADA} writes HS401 of ${DOSING}: 0 to 1 (2 times, at most 1 at once)`,
    ]);
    const saved = parseBaselineData(formatBaselineData(data), 'baseline.json');
    expect(saved).toMatchObject({
      parent: parsed().hash,
      edits: [{ at: AT, by: 'J. Doe', why: 'WO-17', parent: parsed().hash, changes }],
    });
    expect(saved.conversations.find((c) => c.source === '10.10.2.31')?.note).toBe('J. Doe: WO-17');
    const baseline = Baseline.from(saved);
    expect(baseline.knowsConversation('10.10.2.31', DOSING, 'tcp', 502)).toBe(true);
    const range = { table: 'input', address: 5, quantity: 2 } as const;
    expect(baseline.knowsRequest(SCADA, DOSING, 1, 'READ_FIFO_QUEUE', range)).toBe(true);
    expect(baseline.knowsPoint(SCADA, DOSING, 'coil', 3)).toBe(false);
    const second = edit('\n  - remove: conversation\n    where: { source: 10.10.2.31 }', saved).data;
    expect(second.edits.map((e) => e.parent)).toEqual([parsed().hash, hashOfBaseline(saved)]);
  });

  it('make what was unheard of normal', () => {
    const { data } = edit(`
  - add: conversation
    entry: { source: ${STRANGER}, destination: ${DOSING}, transport: tcp, port: 502 }`);
    const raised = (baseline: Baseline): string[] => {
      const traffic = new Traffic({ knowledge: knowledge(), baseline });
      traffic.read(traffic.open(STRANGER, DOSING), 'holding', 10, float(8));
      return traffic.raised;
    };
    expect(raised(learnedBaseline())).toContain('new-conversation');
    expect(raised(Baseline.from(data))).not.toContain('new-conversation');
  });

  it.each([
    ['  - add: conversatoin\n    entry: {}', 'edits.yaml:5:'],
    ['  - add: conversation\n    entry: { source: ten }', 'edits.yaml:5:5: this is no conversation: source'],
    [
      '  - remove: write\n    where: { tabel: coil }',
      'edits.yaml:5:5: a write is chosen by one or more of source, destination',
    ],
    ['  - remove: write\n    where: {}', 'edits.yaml:5:5: a write is chosen by one or more of'],
    ['  - remove: write\n    where: { table: input }', 'edits.yaml:5:5: no write in the baseline is like this'],
    [
      `  - add: conversation\n    entry: { source: ${SCADA}, destination: ${DOSING}, transport: tcp, port: 502 }`,
      'edits.yaml:5:5: the baseline has this conversation already',
    ],
  ])('refuse %j with its line, as a whole', (changes, message) => {
    expect(() => edit(changes)).toThrow(message);
  });
});

describe('differences', () => {
  it('are none to itself', () => {
    expect(diffBaselines(learned(), learned())).toEqual([]);
  });

  it('are entries that came and went, ranges that reach further and intervals that are others', () => {
    const other = learnedBaseline();
    other.learnConversation(STRANGER, DOSING, 'tcp', 80, 1);
    other.learnWrite(SCADA, DOSING, 'holding', 10, 'AIC401', 15);
    const data = other.toJSON();
    const [slow, ...rest] = data.polls as [BaselineData['polls'][number], ...BaselineData['polls']];
    const after = { ...data, polls: [{ ...slow, total: slow.total * 3 }, ...rest], requests: [] };
    const lines = diffBaselines(learned(), after).map((change) => changeText(change));
    expect(lines.map((line) => line.slice(0, 21).trim().split(/ +/))).toEqual([
      ['added', 'conversation'],
      ['removed', 'request'],
      ['changed', 'poll'],
      ['changed', 'write'],
    ]);
    expect(lines[3]).toContain('7.5 to 15 (6 times');
    expect(lines[3]).toContain('; before: ');
  });
});
