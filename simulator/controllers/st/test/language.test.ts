import { PenstockError } from '@penstock/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compile, diagnose, Runtime } from '../index.ts';
import { Bench, once } from './run.ts';

describe('IF and CASE', () => {
  it('takes the first branch that holds', () => {
    for (const [x, branch] of [
      [5, 1],
      [15, 2],
      [25, 3],
      [99, 4],
    ])
      expect(
        once(
          `X : INT := ${x}; R : INT;`,
          'IF X < 10 THEN R := 1; ELSIF X < 20 THEN R := 2; ELSIF X < 30 THEN R := 3; ELSE R := 4; END_IF;',
        ).get('R'),
      ).toBe(branch);
  });

  it('knows values, lists, ranges and ELSE', () => {
    const bench = once(
      'X, R : INT;',
      'CASE X OF 1: R := 10; 2, 3: R := 20; 4..6, 8: R := 30; -5: R := 40; ELSE R := 50; END_CASE;',
    );
    for (const [x, r] of [
      [1, 10],
      [2, 20],
      [3, 20],
      [4, 30],
      [5, 30],
      [6, 30],
      [7, 50],
      [8, 30],
      [-5, 40],
      [1000, 50],
      [-30000, 50],
    ]) {
      bench.set('X', x);
      bench.scan();
      expect(bench.get('R')).toBe(r);
    }
  });

  it('reaches over wide ranges and enumerations', () => {
    const wide = once('X : DINT := 70000; R : INT;', 'CASE X OF 0: R := 1; 60000..80000: R := 2; END_CASE;');
    expect(wide.get('R')).toBe(2);
    const colours = 'TYPE COLOUR : (RED, GREEN := 5, BLUE); END_TYPE';
    const bench = once(
      'C : COLOUR := GREEN; R : INT;',
      'CASE C OF RED: R := 1; COLOUR#GREEN: R := 2; COLOUR.BLUE: R := 3; END_CASE; C := BLUE;',
      colours,
    );
    expect([bench.get('R'), bench.get('C'), bench.text('C')]).toEqual([2, 6, 'BLUE']);
  });
});

describe('loops', () => {
  it('FOR counts up, down and by steps, and computes its bounds once', () => {
    const bench = once(
      'I, N, A, B, C : INT;',
      'FOR I := 1 TO 5 DO A := A + I; END_FOR; FOR I := 5 TO 1 BY -2 DO B := B * 10 + I; END_FOR; N := 3; FOR I := 1 TO N DO N := 10; C := C + 1; END_FOR;',
    );
    expect([bench.get('A'), bench.get('B'), bench.get('C')]).toEqual([15, 531, 3]);
  });

  it('FOR ends where the type ends', () => {
    const up = once('I : SINT; N : INT;', 'FOR I := 120 TO 127 DO N := N + 1; END_FOR;');
    expect(up.get('N')).toBe(8);
    const down = once('I : USINT; N : INT;', 'FOR I := 3 TO 0 BY -1 DO N := N + 1; END_FOR;');
    expect(down.get('N')).toBe(4);
    expect(
      once(
        'I : LINT; N : INT;',
        'FOR I := LINT#9223372036854775806 TO LINT#9223372036854775807 DO N := N + 1; END_FOR;',
      ).get('N'),
    ).toBe(2);
  });

  it('does not run when the start lies behind the end', () => {
    expect(once('I, N : INT;', 'FOR I := 5 TO 1 DO N := N + 1; END_FOR;').get('N')).toBe(0);
  });

  it('EXIT leaves the inner loop, CONTINUE goes on with it, RETURN ends the unit', () => {
    const bench = once(
      'I, J, N, M : INT;',
      'FOR I := 1 TO 3 DO FOR J := 1 TO 10 DO IF J = 2 THEN CONTINUE; END_IF; IF J > 4 THEN EXIT; END_IF; N := N + 1; END_FOR; END_FOR; WHILE TRUE DO M := M + 1; IF M = 7 THEN RETURN; END_IF; END_WHILE; M := 100;',
    );
    expect([bench.get('N'), bench.get('M')]).toEqual([9, 7]);
  });

  it('REPEAT runs at least once', () => {
    expect(once('N : INT;', 'REPEAT N := N + 1; UNTIL TRUE END_REPEAT;').get('N')).toBe(1);
  });
});

describe('AND and OR', () => {
  it('leave the right operand alone when the left one decides', () => {
    expect(once('I : INT := 9; A : ARRAY[1..3] OF INT; R : BOOL;', 'R := I <= 3 AND A[I] > 0;').get('R')).toBe(0);
  });
});

describe('arrays and structures', () => {
  it('index in several dimensions with any lower bound', () => {
    const bench = once(
      'A : ARRAY[-1..1, 5..6] OF INT := [1, 2, 3, 4, 5, 6]; I : INT := 1; J : INT := 6; R, S : INT;',
      'R := A[I, J]; A[I - 1, J - 1] := 77; S := A[0, 5];',
    );
    expect([bench.get('R'), bench.get('S'), bench.get('A[-1,5]'), bench.get('A[0,5]')]).toEqual([6, 77, 1, 77]);
  });

  it('take repeated and nested initial values', () => {
    const bench = once(
      'A : ARRAY[1..6] OF INT := [9, 3(7), 2(1)]; B : ARRAY[1..2, 1..2] OF REAL := [[1.0, 2.0], [3.0, 4.0]];',
      ';',
    );
    expect([1, 2, 3, 4, 5, 6].map((i) => bench.get(`A[${i}]`))).toEqual([9, 7, 7, 7, 1, 1]);
    expect(bench.get('B[2,1]')).toBe(3);
  });

  it('nest, are copied as a whole and keep apart', () => {
    const types = `TYPE POINT : STRUCT X, Y : REAL := 1.5; END_STRUCT
      BOX : STRUCT P : ARRAY[1..2] OF POINT; NAME : STRING := 'b'; BIG : LINT := 5; END_STRUCT END_TYPE`;
    const bench = once(
      'A, B : BOX; L : ARRAY[1..3] OF BOX; I : INT := 2; R : REAL;',
      "A.P[2].X := 4.0; A.NAME := 'a'; A.BIG := 7; B := A; A.P[2].X := 9.0; L[I] := B; R := L[I].P[2].X + L[I].P[1].Y;",
      types,
    );
    expect(bench.get('B.P[2].X')).toBe(4);
    expect(bench.get('R')).toBe(5.5);
    expect([bench.text('L[2].NAME'), bench.get('L[2].BIG'), bench.text('L[1].NAME'), bench.get('L[3].BIG')]).toEqual([
      'a',
      7,
      'b',
      5,
    ]);
  });

  it('take initial values by member and by default of the type', () => {
    const types =
      'TYPE SPEED : REAL := 2.5; RANGE : INT (5..10); S : STRUCT A : SPEED; B : RANGE; C : INT := 3; END_STRUCT END_TYPE';
    const bench = once('X : S; Y : S := (C := 8, A := 1.0); Z : ARRAY[1..2] OF SPEED;', ';', types);
    expect(['X.A', 'X.B', 'X.C', 'Y.A', 'Y.B', 'Y.C', 'Z[2]'].map((path) => bench.get(path))).toEqual([
      2.5, 5, 3, 1, 5, 8, 2.5,
    ]);
  });
});

describe('functions', () => {
  it('start every call with fresh variables, also inside their own arguments', () => {
    const f =
      'FUNCTION F : INT VAR_INPUT A : INT; B : INT := 10; END_VAR VAR N : INT := 1; END_VAR N := N + A; F := N * B; END_FUNCTION';
    const bench = once(
      'R, S, T : INT;',
      'R := F(F(1, 2), F(2, 3)); S := F(A := 4); T := F(1, 1) + F(2, 1) * F(3, 1);',
      f,
    );
    expect([bench.get('R'), bench.get('S'), bench.get('T')]).toEqual([5 * 9, 50, 2 + 3 * 4]);
  });

  it('change variables by reference and hand out several results', () => {
    const f = `FUNCTION SWAP : BOOL VAR_IN_OUT A, B : INT; END_VAR VAR_OUTPUT SUM : INT; END_VAR VAR T : INT; END_VAR
      T := A; A := B; B := T; SUM := A + B; SWAP := A > B; END_FUNCTION`;
    const bench = once(
      'X : INT := 1; L : ARRAY[1..2] OF INT := [5, 6]; I : INT := 2; S : INT; R : BOOL;',
      'R := SWAP(A := X, B := L[I], SUM => S);',
      f,
    );
    expect(['X', 'L[2]', 'S', 'R'].map((path) => bench.get(path))).toEqual([6, 1, 7, 1]);
  });

  it('read a variable before a call that changes it, when it stands left of the call', () => {
    const f =
      'VAR_GLOBAL G : INT := 1; END_VAR FUNCTION BUMP : INT VAR_INPUT D : INT; END_VAR G := G + 10; BUMP := G; END_FUNCTION';
    expect(once('R : INT;', 'R := G + BUMP(0);', f).get('R')).toBe(12);
  });

  it('keep tables of constants', () => {
    const f =
      'FUNCTION F : INT VAR_INPUT I : INT; END_VAR VAR CONSTANT K : INT := 2; T : ARRAY[0..3] OF INT := [1, 2, 4, 8]; END_VAR F := T[I] * K; END_FUNCTION';
    expect(once('R : INT; I : INT := 3;', 'R := F(I) + F(1);', f).get('R')).toBe(20);
  });

  it('take and return strings, 64-bit integers and whole arrays', () => {
    const f = `TYPE ROW : ARRAY[1..3] OF INT; END_TYPE
      FUNCTION SUM : INT VAR_INPUT R : ROW; END_VAR VAR I : INT; END_VAR FOR I := 1 TO 3 DO SUM := SUM + R[I]; END_FOR; END_FUNCTION
      FUNCTION TWICE : STRING VAR_INPUT S : STRING; END_VAR TWICE := CONCAT(S, S); END_FUNCTION
      FUNCTION BIG : LINT VAR_INPUT A, B : LINT; END_VAR BIG := A * B; END_FUNCTION`;
    const bench = once(
      'R : ROW := [1, 2, 3]; N : INT; S : STRING; L : LINT;',
      "N := SUM(R); S := TWICE(TWICE('ab')); L := BIG(BIG(3000000000, 2), LINT#2);",
      f,
    );
    expect([bench.get('N'), bench.text('S'), bench.get('L')]).toEqual([6, 'abababab', 12e9]);
  });
});

describe('function blocks', () => {
  const counter = `FUNCTION_BLOCK COUNTER VAR_INPUT STEP : INT := 1; END_VAR VAR_OUTPUT TOTAL : INT; END_VAR VAR CALLS : INT; END_VAR VAR_TEMP T : INT := 5; END_VAR
    CALLS := CALLS + 1; T := T + STEP; TOTAL := TOTAL + STEP; IF CALLS > 1000 THEN RETURN; END_IF; END_FUNCTION_BLOCK`;

  it('keep their variables and inputs between calls, each instance its own', () => {
    const bench = once('A, B : COUNTER; R : INT;', 'A(STEP := 3); A(); B(TOTAL => R); A.STEP := 10; A();', counter);
    expect(['A.TOTAL', 'B.TOTAL', 'R', 'A.CALLS', 'A.T'].map((path) => bench.get(path))).toEqual([16, 1, 1, 3, 15]);
  });

  it('live in arrays, in other blocks and behind VAR_IN_OUT', () => {
    const more = `${counter}
      FUNCTION_BLOCK PAIR VAR_INPUT N : INT; END_VAR VAR C : ARRAY[1..2] OF COUNTER; END_VAR VAR_OUTPUT S : INT; END_VAR C[1](STEP := N); C[2](STEP := 2 * N); S := C[1].TOTAL + C[2].TOTAL; END_FUNCTION_BLOCK
      FUNCTION_BLOCK USER VAR_IN_OUT C : COUNTER; T : TON; END_VAR C(STEP := 7); T(IN := TRUE, PT := T#1s); END_FUNCTION_BLOCK`;
    const bench =
      new Bench(`${more} PROGRAM MAIN VAR L : ARRAY[0..2] OF PAIR; I : INT; U : USER; C : COUNTER; TT : ARRAY[1..2] OF TON; Q : BOOL; END_VAR
      FOR I := 0 TO 2 DO L[I](N := I + 1); END_FOR; U(C := C, T := TT[2]); Q := TT[2].Q; END_PROGRAM`);
    expect([bench.scan(0), bench.scan(500), bench.scan(1000)]).toEqual([undefined, undefined, undefined]);
    expect(
      ['L[0].S', 'L[1].S', 'L[2].S', 'C.TOTAL', 'Q', 'TT[2].ET', 'TT[1].ET'].map((path) => bench.get(path)),
    ).toEqual([9, 18, 27, 21, 1, 1e6, 0]);
  });

  it('give outputs to targets of wider types and negated', () => {
    const bench = once(
      'A : COUNTER; R : REAL; T : TON; Q : BOOL; W : WORD;',
      'A(STEP := 2, TOTAL => R); T(IN := TRUE, PT := T#1s, NOT Q => Q); T(NOT Q => W.4);',
      counter,
    );
    expect(['R', 'Q', 'W'].map((path) => bench.get(path))).toEqual([2, 1, 16]);
  });
});

describe('names', () => {
  it('ignore case and comments nest', () => {
    expect(
      once('Level : int;', '(* a (* nested *) b *) LEVEL := 3; // rest\nlevel := level + /* x */ 1;').get('lEvEl'),
    ).toBe(4);
  });

  it('find globals with and without VAR_EXTERNAL, and constants as bounds', () => {
    const bench =
      new Bench(`VAR_GLOBAL CONSTANT N : INT := 3; END_VAR VAR_GLOBAL G : INT := N; A : ARRAY[1..N] OF INT; END_VAR
      PROGRAM MAIN VAR_EXTERNAL G : INT; END_VAR VAR CONSTANT K : INT := N * 2; END_VAR VAR B : ARRAY[0..K] OF INT; END_VAR G := G + K; A[N] := G; END_PROGRAM`);
    bench.scan(0);
    expect(['G', 'A[3]', 'MAIN.B[6]'].map((path) => bench.get(path))).toEqual([9, 9, 0]);
  });
});

describe('errors', () => {
  const program = (body: string, declarations = 'X : INT; R : REAL; B : BOOL; A : ARRAY[1..3] OF INT; T1 : TON;') =>
    `PROGRAM MAIN\nVAR ${declarations} END_VAR\n${body}\nEND_PROGRAM`;

  it.each([
    ['X := 1.5;', 'st.type', '3:6', 'expected INT, found the real literal 1.5'],
    ['X := R;', 'st.type', '3:6', 'expected INT, found REAL; convert with REAL_TO_INT'],
    ['X := 40000;', 'st.type', '3:6', '40000 is outside the range of INT, -32768 to 32767'],
    ['X := LEVL;', 'st.unknown', '3:6', "the variable 'LEVL' is not declared"],
    ['  LEVL := X;', 'st.unknown', '3:3', "the variable 'LEVL' is not declared"],
    ['X := SQR(R);', 'st.unknown', '3:6', "did you mean 'SQRT'"],
    ['IF X THEN ; END_IF;', 'st.type', '3:4', 'expected BOOL, found INT'],
    ['A[4] := 1;', 'st.range', '3:3', 'the index 4 is outside 1..3'],
    ['A[1,2] := 1;', 'st.type', '3:2', '1 dimensions, 2 indices'],
    ['A[R] := 1;', 'st.type', '3:3', 'an array index is an integer'],
    ['T1.Q := B;', 'st.type', '3:4', "'Q' is an output of TON"],
    ['T1(INN := B);', 'st.unknown', '3:4', "did you mean 'IN'"],
    ['T1(B, T#1s, X);', 'st.type', '3:1', 'TON takes 2 arguments (IN, PT), 3 were given'],
    ['X := TON(B, T#1s);', 'st.type', '3:6', 'TON is a function block'],
    ['X(B);', 'st.type', '3:1', 'only instances of function blocks are called'],
    ['X := X / 0;', 'st.range', '3:10', 'division by the constant 0'],
    ['B := B + 1;', 'st.type', '3:6', '+ needs numbers, found BOOL'],
    ['X := X AND X;', 'st.type', '3:6', 'AND needs BOOL or bit strings, found INT'],
    ['EXIT;', 'st.syntax', '3:1', 'EXIT outside of a loop'],
    ['X := 1', 'st.syntax', '4:1', "expected ';' after '1', found 'END_PROGRAM'"],
    ['X := (1 + 2;', 'st.syntax', '3:12', "expected ')'"],
    ['IF B THEN X := 1; END_WHILE;', 'st.syntax', '3:19', 'expected END_IF'],
    ['X := T#5;', 'st.syntax', '3:6', "'T#5' is not a valid literal"],
    ["X := 'abc;", 'st.syntax', '3:6', 'a string that does not end on its line'],
    ['(* no end', 'st.syntax', '3:1', 'a comment (* without its closing *)'],
    ['X := $;', 'st.syntax', '3:6', 'unexpected character'],
    ['CASE X OF 1: ; 1..2: ; END_CASE;', 'st.range', '3:16', 'the value 1 has a branch already'],
    ['FOR R := 1 TO 2 DO ; END_FOR;', 'st.type', '3:1', 'FOR needs an integer variable'],
    ['FOR X := 1 TO 2 BY 0 DO ; END_FOR;', 'st.range', '3:20', 'a step of 0 never ends'],
    ['MAIN.X := 1;', 'st.unknown', '3:1', "the variable 'MAIN' is not declared"],
  ])('%s', (body, id, where, message) => {
    const [error] = diagnose(program(body), 'test.st');
    expect(error?.id).toBe(id);
    expect(error?.message).toContain(`test.st:${where}: `);
    expect(error?.message).toContain(message);
  });

  it.each([
    ['PROGRAM P VAR X : INTT; END_VAR END_PROGRAM', 'st.unknown', "did you mean 'INT'"],
    ['PROGRAM P VAR X, X : INT; END_VAR END_PROGRAM', 'st.duplicate', "'X' is declared twice"],
    ['FUNCTION SQRT : REAL END_FUNCTION', 'st.duplicate', "'SQRT' is the name of something standard"],
    ['TYPE A : STRUCT B : A; END_STRUCT END_TYPE', 'st.recursion', "'A' contains itself"],
    ['FUNCTION_BLOCK F VAR G : F; END_VAR END_FUNCTION_BLOCK', 'st.recursion', "'F' contains itself"],
    [
      'FUNCTION F : INT F := G(1); END_FUNCTION FUNCTION G : INT VAR_INPUT A : INT; END_VAR G := F(); END_FUNCTION',
      'st.recursion',
      'recursion is not allowed',
    ],
    ['PROGRAM P VAR A : ARRAY[1..100000000] OF INT; END_VAR END_PROGRAM', 'st.limit', 'memory slots'],
    ['PROGRAM P VAR A : ARRAY[5..1] OF INT; END_VAR END_PROGRAM', 'st.range', '5..1 are empty'],
    ['PROGRAM P VAR CONSTANT C : INT := 1; END_VAR C := 2; END_PROGRAM', 'st.type', "'C' is a constant"],
    ['FUNCTION F : INT VAR_INPUT A : INT; END_VAR A := 1; END_FUNCTION', 'st.type', 'cannot be assigned inside F'],
    ['VAR_INPUT A : INT; END_VAR', 'st.syntax', 'only VAR_GLOBAL may stand'],
    ['PROGRAM P VAR X : INT (0..300) := 400; END_VAR END_PROGRAM', 'st.range', '400 is outside 0..300'],
    ['FUNCTION F : INT VAR T : TON; END_VAR F := 1; END_FUNCTION', 'st.type', 'cannot hold instances'],
    ['FOO', 'st.syntax', 'expected TYPE, VAR_GLOBAL, FUNCTION, FUNCTION_BLOCK or PROGRAM'],
    [`PROGRAM P VAR X : INT; END_VAR X := ${'('.repeat(5000)}1; END_PROGRAM`, 'st.limit', 'nested deeper'],
    [`PROGRAM P VAR X : INT; END_VAR X := 1${' + 1'.repeat(5000)}; END_PROGRAM`, 'st.limit', 'nested deeper'],
    [`PROGRAM P VAR X : INT; END_VAR X := ${'- '.repeat(5000)}1; END_PROGRAM`, 'st.limit', 'nested deeper'],
  ])('%s', (source, id, message) => {
    const [error] = diagnose(source);
    expect(error?.id).toBe(id);
    expect(error?.message).toContain(message);
  });

  it('are all reported, in the order of the text', () => {
    const errors = diagnose(program('X := R;\nB := 5;\nY := 1;'));
    expect(errors.map((error) => error.place?.line)).toEqual([3, 4, 5]);
    expect(() => compile(program('X := R;\nB := 5;'))).toThrow(errors[0]?.message);
  });

  it('are PenstockErrors for any text', () => {
    const words =
      "PROGRAM END_PROGRAM VAR END_VAR IF THEN ELSE END_IF FOR TO DO END_FOR CASE OF END_CASE X Y INT REAL ARRAY [ ] ( ) := ; : .. . , + - * / = <> 1 2.5 T#1s 16#FF TRUE NOT AND MOD TON FUNCTION END_FUNCTION TYPE STRUCT END_STRUCT END_TYPE RETAIN => 'a' (* *) $ %IX0.0".split(
        ' ',
      );
    const sane = (source: string) => {
      try {
        const compiled = compile(source);
        new Runtime(compiled, compiled.programs);
      } catch (error) {
        expect(error).toBeInstanceOf(PenstockError);
      }
    };
    fc.assert(fc.property(fc.string({ maxLength: 200 }), sane), { numRuns: 300 });
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...words), { maxLength: 60 }).map((list) => list.join(' ')),
        sane,
      ),
      { numRuns: 500 },
    );
    fc.assert(
      fc.property(
        fc
          .array(fc.constantFrom(...words), { maxLength: 25 })
          .map((list) => `PROGRAM P VAR X : INT; Y : REAL; END_VAR X := ${list.join(' ')}; END_PROGRAM`),
        sane,
      ),
      { numRuns: 500 },
    );
  });
});
