import type { Instant } from '@penstock/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compile, Runtime } from '../index.ts';
import { Bench } from './run.ts';

const at = (milliseconds: number) => (milliseconds * 1000) as Instant;

describe('faults', () => {
  const faultOf = (declarations: string, body: string, before = '', budget?: number) =>
    new Bench(`${before}\nPROGRAM MAIN VAR ${declarations} END_VAR\n${body}\nEND_PROGRAM`, 'MAIN', budget).scan(0);

  it.each([
    ['X, Z : INT;', 'X := 1;\nX := X / Z;', 'st.divide', 4],
    ['X, Z : LINT;', 'X := X MOD Z;', 'st.divide', 3],
    ['A : ARRAY[1..3] OF INT; I : INT := 4;', 'A[I] := 1;', 'st.index', 3],
    ['A : ARRAY[1..3] OF INT; I, X : INT;', 'X := A[I];', 'st.index', 3],
    ['A : ARRAY[1..3, 0..1] OF INT; I : INT := 2;', ';\nA[3, I] := 1;', 'st.index', 4],
    ['X : INT (0..10); Y : INT := 11;', 'X := Y;', 'st.range', 3],
    ['T : TIME; N : INT;', 'T := T#1s / N;', 'st.divide', 3],
  ])('%s %s', (declarations, body, id, line) => {
    expect(faultOf(declarations, body)).toMatchObject({ id, line });
  });

  it('come from every runaway loop', () => {
    for (const body of [
      'WHILE TRUE DO END_WHILE;',
      'REPEAT UNTIL FALSE END_REPEAT;',
      'FOR X := 1 TO 2 BY Z DO END_FOR;',
      'FOR X := 1 TO 2 DO X := 1; END_FOR;',
    ])
      expect(faultOf('X, Z : INT;', body)).toMatchObject({ id: 'st.watchdog', line: 3 });
  });

  it('come from calls that multiply and from copies without end', () => {
    const chain = Array.from({ length: 12 }, (_, i) =>
      i === 0
        ? 'FUNCTION F0 : INT F0 := 1; END_FUNCTION'
        : `FUNCTION F${i} : INT F${i} := ${Array.from({ length: 10 }, () => `F${i - 1}()`).join(' + ')}; END_FUNCTION`,
    ).join('\n');
    expect(faultOf('X : INT;', 'X := F11();', chain)?.id).toBe('st.watchdog');
    expect(faultOf('A, B : ARRAY[1..100000] OF LREAL; I : DINT;', 'FOR I := 1 TO 1000 DO A := B; END_FOR;')?.id).toBe(
      'st.watchdog',
    );
  });

  it('count statements, not time', () => {
    const body = 'FOR I := 1 TO 10 DO X := X + 1; X := X + 1; END_FOR;';
    // 1 for FOR, 10 rounds of 1 + 2.
    expect(faultOf('I, X : INT;', body, '', 31)).toBeUndefined();
    const bench = new Bench(`PROGRAM MAIN VAR I, X : INT; END_VAR ${body} END_PROGRAM`);
    bench.scan(0);
    expect(bench.runtime.statements).toBe(31);
  });

  it('leave the runtime usable', () => {
    const bench = new Bench('PROGRAM MAIN VAR X, Z, R : INT; END_VAR X := X + 1; R := 10 / Z; END_PROGRAM');
    expect(bench.scan()?.id).toBe('st.divide');
    bench.set('Z', 5);
    expect(bench.scan()).toBeUndefined();
    expect([bench.get('X'), bench.get('R')]).toEqual([2, 2]);
  });

  it('refuse levels that add up over calls', () => {
    const deep = Array.from({ length: 22 }, (_, i) => {
      const value = `${i === 0 ? 'TRUE' : `F${i - 1}(X)`} ${'XOR X '.repeat(190)}`;
      return `FUNCTION F${i} : BOOL VAR_INPUT X : BOOL; END_VAR ${'IF X THEN '.repeat(58)} F${i} := ${value}; ${'END_IF; '.repeat(58)} END_FUNCTION`;
    }).join('\n');
    expect(() => compile(deep)).toThrow('levels deep over all calls, at most 1000 are allowed');
  });

  it('refuse calls nested too deeply when compiling', () => {
    const chain = Array.from(
      { length: 40 },
      (_, i) => `FUNCTION F${i} : INT F${i} := ${i === 0 ? '1' : `F${i - 1}()`}; END_FUNCTION`,
    ).join('\n');
    expect(() => compile(chain)).toThrow('calls are nested deeper than 24');
  });
});

const PLANT = `
TYPE MODE : (OFF, MANUAL, AUTO); END_TYPE
FUNCTION_BLOCK MOTOR VAR_INPUT RUN : BOOL; END_VAR VAR RETAIN HOURS : LREAL; END_VAR VAR STARTS : INT; EDGE : R_TRIG; END_VAR
  EDGE(CLK := RUN); IF EDGE.Q THEN STARTS := STARTS + 1; END_IF; IF RUN THEN HOURS := HOURS + 0.1; END_IF; END_FUNCTION_BLOCK
VAR_GLOBAL RETAIN SP : REAL := 8.0; TOTAL : LINT; LABEL : STRING := 'a'; END_VAR
VAR_GLOBAL LEVEL : REAL; M : MODE := MANUAL; A : ARRAY[1..3] OF INT := [1, 2, 3]; END_VAR
VAR_GLOBAL CONSTANT LIMIT_HI : REAL := 9.0; END_VAR
PROGRAM MAIN VAR P : ARRAY[1..2] OF MOTOR; T : TON; I : INT; RAW AT %IW3 : INT; END_VAR
  I := I + 1; P[1](RUN := I MOD 3 <> 0); P[2](RUN := TRUE); T(IN := TRUE, PT := T#10s); TOTAL := TOTAL + 1; LEVEL := LEVEL + 0.1; END_PROGRAM
PROGRAM SLOW VAR N : INT; END_VAR N := N + 1; A[2] := N; END_PROGRAM`;

const plant = (source = PLANT) => new Runtime(compile(source), ['MAIN', 'SLOW']);
const run = (runtime: Runtime, from: number, to: number) => {
  for (let k = from; k < to; k++) {
    runtime.beginScan(at(k * 100));
    expect(runtime.run(0)).toBeUndefined();
    if (k % 10 === 0) expect(runtime.run(1)).toBeUndefined();
  }
};
const values = (runtime: Runtime) =>
  Object.fromEntries(runtime.variables.list().map((variable) => [variable.path, variable.text]));

describe('the table of variables', () => {
  it('lists every single variable with path, type, retain flag and location', () => {
    const { variables } = plant();
    const paths = variables.list().map((variable) => variable.path);
    expect(paths).toContain('MAIN.P[2].EDGE.Q');
    expect(paths).toContain('A[3]');
    expect(variables.require('main.p[1].hours')).toMatchObject({
      path: 'MAIN.P[1].HOURS',
      retain: true,
      constant: false,
      location: undefined,
    });
    expect(variables.require('MAIN.RAW')).toMatchObject({ location: '%IW3', type: { name: 'INT' } });
    expect(variables.require('SP')).toMatchObject({ retain: true });
    expect(variables.require('LIMIT_HI').constant).toBe(true);
  });

  it('finds what only one program has without its name', () => {
    const { variables } = plant();
    expect(variables.find('T.ET')?.path).toBe('MAIN.T.ET');
    expect(variables.find('N')?.path).toBe('SLOW.N');
    expect(variables.find('A')).toBeUndefined();
    expect(variables.find('A[4]')).toBeUndefined();
    expect(variables.find('A[1')).toBeUndefined();
    expect(() => variables.require('LEVLE')).toThrow("the program has no variable 'LEVLE'; did you mean 'LEVEL'?");
  });

  it('coerces what is set and refuses what does not fit', () => {
    const { variables } = plant();
    const i = variables.require('MAIN.I');
    expect([i.set(3.6), i.get(), i.set(40_000), i.get(), i.set(Number.NaN)]).toEqual([true, 4, false, 4, false]);
    const level = variables.require('LEVEL');
    expect([level.set(0.1), level.get(), level.set(1e300)]).toEqual([true, Math.fround(0.1), false]);
    const b = variables.require('MAIN.P[1].RUN');
    expect([b.set(7), b.get()]).toEqual([true, 1]);
    const label = variables.require('LABEL');
    label.text = 'new';
    expect([label.text, label.get(), label.set(1)]).toEqual(['new', Number.NaN, false]);
    expect([variables.require('TOTAL').set(2 ** 40), variables.require('TOTAL').get()]).toEqual([true, 2 ** 40]);
    expect(variables.require('M').text).toBe('MANUAL');
  });
});

describe('restart', () => {
  it('cold gives everything its initial value', () => {
    const runtime = plant();
    const fresh = values(runtime);
    run(runtime, 0, 30);
    expect(values(runtime)).not.toEqual(fresh);
    runtime.restart('cold');
    expect(values(runtime)).toEqual(fresh);
  });

  it('warm keeps what is RETAIN, inside blocks and arrays too', () => {
    const runtime = plant();
    const fresh = values(runtime);
    run(runtime, 0, 30);
    runtime.variables.require('SP').set(6.5);
    runtime.variables.require('LABEL').text = 'kept';
    const before = values(runtime);
    runtime.restart('warm');
    const kept = ['SP', 'TOTAL', 'LABEL', 'MAIN.P[1].HOURS', 'MAIN.P[2].HOURS'];
    for (const [path, text] of Object.entries(values(runtime)))
      expect([path, text]).toEqual([path, kept.includes(path) ? before[path] : fresh[path]]);
  });
});

describe('snapshots', () => {
  it('continue exactly where they were taken', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 60 }), fc.integer({ min: 0, max: 60 }), (before, after) => {
        const straight = plant();
        run(straight, 0, before + after);
        const first = plant();
        run(first, 0, before);
        const saved = structuredClone(first.save());
        run(first, before, before + 5);
        const second = plant();
        second.load(saved);
        run(second, before, before + after);
        expect(values(second)).toEqual(values(straight));
        expect(second.save()).toEqual(straight.save());
      }),
      { numRuns: 20 },
    );
  });

  it('of another program are refused', () => {
    expect(() => plant().load(new Bench('PROGRAM MAIN END_PROGRAM').runtime.save())).toThrow('another program');
  });
});

describe('online change', () => {
  it('keeps the values of variables that both programs have with the same type', () => {
    const before = plant();
    run(before, 0, 30);
    const source = PLANT.replace('LEVEL : REAL;', 'EXTRA : INT := 5; LEVEL : LREAL;')
      .replace('A : ARRAY[1..3] OF INT := [1, 2, 3]', 'A : ARRAY[2..5] OF INT := [4(9)]')
      .replace('LIMIT_HI : REAL := 9.0', 'LIMIT_HI : REAL := 7.0')
      .replace('VAR P :', 'VAR NEW : BOOL; P :')
      .replace('STARTS : INT;', 'STARTS : INT; MORE : STRING;');
    const after = plant(source);
    after.adopt(before);
    const [old, now] = [values(before), values(after)];
    for (const path of [
      'SP',
      'TOTAL',
      'LABEL',
      'M',
      'MAIN.I',
      'MAIN.T.ET',
      'MAIN.P[1].HOURS',
      'MAIN.P[2].STARTS',
      'SLOW.N',
      'A[2]',
      'A[3]',
    ])
      expect([path, now[path]]).toEqual([path, old[path]]);
    // New, of another type, or constant: the new program's own.
    expect([now.EXTRA, now.LEVEL, now.LIMIT_HI, now['MAIN.NEW'], now['A[5]']]).toEqual(['5', '0', '7', 'FALSE', '9']);
    run(after, 30, 40);
  });
});

describe('programs', () => {
  it('are instantiated per task', () => {
    const runtime = new Runtime(
      compile('VAR_GLOBAL G : INT; END_VAR PROGRAM P VAR N : INT; END_VAR N := N + 1; G := G + N; END_PROGRAM'),
      ['P', 'P'],
    );
    runtime.beginScan(at(0));
    runtime.run(0);
    runtime.run(1);
    runtime.run(1);
    expect(['P.N', 'P_2.N', 'G'].map((path) => runtime.variables.require(path).get())).toEqual([1, 2, 4]);
  });

  it('must exist', () => {
    expect(() => new Runtime(compile('PROGRAM P END_PROGRAM'), ['Q'])).toThrow(
      "there is no program 'Q'; the text has P",
    );
  });
});
