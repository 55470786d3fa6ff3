import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compilePredicate, PredicateTimer, predicateEnvironment } from './predicate.ts';
import { after, minutes, NEVER, START, seconds } from './time.ts';

const NAMES = ['LIT101', 'P101', 'AIT301', 'FIT201'];

function error(text: string): string {
  try {
    compilePredicate(text, NAMES, { file: 'plant.yaml', line: 7, column: 13 });
  } catch (caught) {
    return `${(caught as { id: string }).id} ${(caught as Error).message}`;
  }
  return 'compiles';
}

describe('compilePredicate', () => {
  it('reads values in the order of the names', () => {
    const predicate = compilePredicate('AIT301 > 9.3 && P101 == 1', NAMES);
    expect(predicate.tags).toEqual(['P101', 'AIT301']);
    expect(predicate.evaluate(Float64Array.of(0, 1, 9.4, 0))).toBe(true);
    expect(predicate.evaluate(Float64Array.of(0, 0, 9.4, 0))).toBe(false);
    expect(predicate.evaluate([0, 1, 9.3, 0])).toBe(false);
  });

  it.each([
    ['LIT101 in [1, 2]', [2, 0, 0, 0], true],
    ['LIT101 in [1.5, P101]', [0, 0, 0, 0], true],
    ['abs(LIT101 - AIT301) > 2 * P101', [1, 2, 6, 0], true],
    ['max(LIT101, min(P101, 3)) >= 3', [1, 9, 0, 0], true],
    ['LIT101 > (P101 == 1 ? 2.0 : 4.0)', [3, 0, 0, 0], false],
    ['LIT101 / 2 > 1 / 2', [0.5, 0, 0, 0], true],
    ['!(LIT101 > 1) || FIT201 != 0', [2, 0, 0, 0], false],
    ['LIT101 > 1 == (P101 > 1)', [2, 0, 0, 0], false],
    ['LIT101 / P101 > 1e300', [1, 0, 0, 0], true],
  ])('%s of %j is %s', (text, values, expected) => {
    expect(compilePredicate(text, NAMES).evaluate(values)).toBe(expected);
  });

  it.each([
    ['LIT101 >', "predicate.syntax plant.yaml:7:13: the predicate 'LIT101 >' (character 9) unexpected token: EOF"],
    [
      'LIT-101 > 1',
      "predicate.unknown-tag plant.yaml:7:13: the predicate 'LIT-101 > 1' (character 1) knows no tag LIT; tags stand without hyphen, write LIT101",
    ],
    [
      'P101 == 1 && LIT10 > 1',
      "predicate.unknown-tag plant.yaml:7:13: the predicate 'P101 == 1 && LIT10 > 1' (character 14) knows no tag LIT10; did you mean LIT101?",
    ],
    [
      'P101',
      "predicate.type plant.yaml:7:13: the predicate 'P101' gives a number, not true or false; compare it, for example with > or ==",
    ],
    [
      'P101 && true',
      "predicate.type plant.yaml:7:13: the predicate 'P101 && true' (character 1) logical operator requires bool operands, got 'double'; a tag is a number, write for example P101 == 1",
    ],
    ['1/0 > P101', "predicate.type plant.yaml:7:13: the predicate '1/0 > P101' (character 1) division by zero"],
    [
      '(P101 == 1 ? 1 : 2) > 1',
      "predicate.unsupported plant.yaml:7:13: the predicate '(P101 == 1 ? 1 : 2) > 1' (character 2) chooses between whole numbers; write them with a decimal point",
    ],
  ])('refuses %s', (text, expected) => {
    expect(error(text)).toBe(expected);
  });

  it.each(['int(LIT101) > 1', 'size([LIT101]) == 1', '{"a": LIT101}.a > 1.0', '[LIT101][0] > 1.0'])(
    'refuses %s as beyond the language',
    (text) => expect(error(text)).toMatch(/^predicate\.unsupported .*there are comparison, arithmetic/),
  );

  it('agrees with the CEL evaluator on every expression of the language', () => {
    const environment = predicateEnvironment(NAMES);
    fc.assert(
      fc.property(
        expression().truth,
        fc.array(fc.oneof(fc.double(), fc.constantFrom(0, 1, 2, -1, Number.NaN)), {
          minLength: NAMES.length,
          maxLength: NAMES.length,
        }),
        (text, values) => {
          const expected = environment.evaluate(text, Object.fromEntries(NAMES.map((name, i) => [name, values[i]])));
          expect(compilePredicate(text, NAMES).evaluate(values)).toBe(expected);
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('throws nothing but PenstockErrors on any text', () => {
    const words = fc.constantFrom(
      ...NAMES,
      '1',
      '2.5',
      '&&',
      '||',
      '!',
      '(',
      ')',
      '>',
      '==',
      'in',
      '[',
      ']',
      ',',
      '?',
      ':',
      '"a"',
      '.',
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(words).map((parts) => parts.join(' ')),
        ),
        (text) => {
          expect(error(text)).toMatch(/^(compiles|predicate\.)/);
        },
      ),
      { numRuns: 2000 },
    );
  });
});

/** Expressions that predicates allow, as text. Whole numbers only beside tags, as CEL would otherwise divide without fraction. */
function expression() {
  return fc.letrec<{ number: string; truth: string }>((tie) => ({
    number: fc.oneof(
      { maxDepth: 4, depthIdentifier: 'd' },
      fc.constantFrom(...NAMES),
      fc.constantFrom('0.0', '1.5', '-2.25', '1e3'),
      fc
        .tuple(fc.constantFrom(...NAMES), fc.constantFrom('+', '-', '*', '/'), fc.nat(9))
        .map((p) => `(${p.join(' ')})`),
      fc.tuple(tie('number'), fc.constantFrom('+', '-', '*', '/'), tie('number')).map((p) => `(${p.join(' ')})`),
      tie('number').map((a) => `(-${a})`),
      tie('number').map((a) => `abs(${a})`),
      fc.tuple(tie('number'), tie('number')).map((p) => `max(${p.join(', ')})`),
      fc.tuple(tie('truth'), tie('number'), tie('number')).map(([c, a, b]) => `(${c} ? ${a} : ${b})`),
    ),
    truth: fc.oneof(
      { maxDepth: 4, depthIdentifier: 'd' },
      fc
        .tuple(tie('number'), fc.constantFrom('<', '<=', '>', '>=', '==', '!='), tie('number'))
        .map((p) => `(${p.join(' ')})`),
      fc
        .tuple(fc.constantFrom(...NAMES), fc.constantFrom('<', '>', '==', '!='), fc.nat(3))
        .map((p) => `(${p.join(' ')})`),
      fc.tuple(tie('truth'), fc.constantFrom('&&', '||', '==', '!='), tie('truth')).map((p) => `(${p.join(' ')})`),
      fc
        .tuple(tie('number'), fc.array(tie('number'), { minLength: 1, maxLength: 3 }))
        .map(([a, l]) => `(${a} in [${l.join(', ')}])`),
      tie('truth').map((a) => `(!${a})`),
      fc.constantFrom('true', 'false'),
    ),
  }));
}

describe('PredicateTimer', () => {
  it('is true once the predicate has held without a break for the time', () => {
    const timer = new PredicateTimer(seconds(60));
    expect(timer.update(after(START, seconds(10)), true)).toBe(false);
    expect(timer.update(after(START, seconds(69)), true)).toBe(false);
    expect(timer.update(after(START, seconds(70)), true)).toBe(true);
    expect(timer.since).toBe(seconds(10));
    expect(timer.update(after(START, seconds(71)), false)).toBe(false);
    expect(timer.since).toBe(NEVER);
    expect(timer.update(after(START, seconds(72)), true)).toBe(false);
  });

  it('without a time is true as soon as the predicate is', () => {
    const timer = new PredicateTimer(undefined);
    expect(timer.update(START, true)).toBe(true);
    expect(timer.update(START, false)).toBe(false);
  });

  it('goes on from its saved state', () => {
    const first = new PredicateTimer(minutes(15));
    first.update(after(START, seconds(5)), true);
    const second = new PredicateTimer(minutes(15));
    second.restore(JSON.parse(JSON.stringify(first.save())));
    expect(second.update(after(START, seconds(904)), true)).toBe(false);
    expect(second.update(after(START, seconds(905)), true)).toBe(true);
    second.restore(new PredicateTimer(minutes(15)).save());
    expect(second.since).toBe(NEVER);
  });
});
