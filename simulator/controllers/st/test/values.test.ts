import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { once, textOf, value } from './run.ts';

describe('integer widths', () => {
  const cases: [type: string, low: bigint, high: bigint][] = [
    ['SINT', -128n, 127n],
    ['INT', -32_768n, 32_767n],
    ['DINT', -2_147_483_648n, 2_147_483_647n],
    ['USINT', 0n, 255n],
    ['UINT', 0n, 65_535n],
    ['UDINT', 0n, 4_294_967_295n],
    ['LINT', -(2n ** 63n), 2n ** 63n - 1n],
    ['ULINT', 0n, 2n ** 64n - 1n],
  ];
  it.each(cases)('%s wraps by two’s complement at both ends', (type, low, high) => {
    const bench = once(
      `HI : ${type} := ${high}; LO : ${type} := ${low}; ONE : ${type} := 1; UP, DOWN, TWICE : ${type}; OK : BOOL;`,
      'UP := HI + ONE; DOWN := LO - ONE; TWICE := HI * HI; OK := UP = LO AND DOWN = HI AND TWICE = ONE;',
    );
    // The square of the largest value ends in ...01 in every width.
    expect(bench.text('OK')).toBe('TRUE');
  });

  it('divides towards zero and gives the remainder the sign of the dividend', () => {
    for (const [a, b] of [
      [7, 2],
      [-7, 2],
      [7, -2],
      [-7, -2],
    ]) {
      const bench = once(`A : INT := ${a}; B : INT := ${b}; Q, R : INT;`, 'Q := A / B; R := A MOD B;');
      expect([bench.get('Q'), bench.get('R')]).toEqual([Math.trunc(a / b), a % b]);
    }
  });

  it('wraps the quotient that does not exist: -128 / -1 in SINT', () => {
    expect(once('A : SINT := -128; B : SINT := -1; R : SINT;', 'R := A / B;').get('R')).toBe(-128);
    expect(once('A : DINT := -2147483648; B : DINT := -1; R : DINT;', 'R := A / B;').get('R')).toBe(-2147483648);
  });

  it('negates within the width', () => {
    expect(once('A : INT := -32768; R : INT;', 'R := -A;').get('R')).toBe(-32768);
    expect(once('A : UINT := 1; R : UINT;', 'R := -A;').get('R')).toBe(65535);
  });

  it('computes mixed widths in the type that holds both', () => {
    expect(once('A : SINT := 100; B : INT := 1000; R : DINT;', 'R := A + B;').get('R')).toBe(1100);
    expect(once('A : USINT := 200; B : SINT := -100; R : INT;', 'R := A + B;').get('R')).toBe(100);
    expect(once('A : UINT := 60000; B : INT := -10000; R : DINT;', 'R := A * B;').get('R')).toBe(-600_000_000);
    // INT * INT is computed in INT and widened afterwards, as the standard has it.
    expect(once('A, B : INT := 1000; R : DINT;', 'R := A * B;').get('R')).toBe(16_960);
  });
});

type Tree = { readonly text: string; readonly value: bigint };
const wrap32 = (v: bigint): bigint => BigInt.asIntN(32, v);

const dintTree: fc.Arbitrary<Tree> = fc.letrec<{ tree: Tree; leaf: Tree }>((tie) => ({
  leaf: fc.integer({ min: -2_147_483_648, max: 2_147_483_647 }).map((n) => ({ text: `DINT#${n}`, value: BigInt(n) })),
  tree: fc.oneof(
    { maxDepth: 5 },
    tie('leaf'),
    fc
      .tuple(fc.constantFrom('+', '-', '*', '/', 'MOD', 'neg'), tie('tree'), tie('tree'))
      .map(([operator, a, b]): Tree => {
        if (operator === 'neg') return { text: `(-${a.text})`, value: wrap32(-a.value) };
        const text = `(${a.text} ${operator} ${b.text})`;
        if (operator === '+') return { text, value: wrap32(a.value + b.value) };
        if (operator === '-') return { text, value: wrap32(a.value - b.value) };
        if (operator === '*') return { text, value: wrap32(a.value * b.value) };
        if (b.value === 0n) return a;
        return { text, value: wrap32(operator === '/' ? a.value / b.value : a.value % b.value) };
      }),
  ),
})).tree;

describe('random expressions', () => {
  it('agree with arbitrary precision arithmetic reduced to 32 bits, folded and at run time', () => {
    fc.assert(
      fc.property(dintTree, (tree) => {
        expect(BigInt(value('DINT', tree.text))).toBe(tree.value);
        // The same with variables, so that nothing is folded.
        const values: string[] = [];
        const text = tree.text.replace(/DINT#-?\d+/g, (literal) => `V${values.push(literal) - 1}`);
        const declarations = values.map((literal, i) => `V${i} : DINT := ${literal};`).join(' ');
        expect(BigInt(once(`${declarations} R : DINT;`, `R := ${text};`).get('R'))).toBe(tree.value);
      }),
      { numRuns: 150 },
    );
  });

  it('agree with single precision arithmetic at every step for REAL', () => {
    const real = fc.float({ noNaN: true, noDefaultInfinity: true });
    const bench = once(
      'A, B, C, R, S, D : REAL; L : LREAL;',
      'R := A * B + C; S := C + A * B - A; D := A / B; L := A; L := L * B + C;',
    );
    const f = Math.fround;
    fc.assert(
      fc.property(real, real, real, (a, b, c) => {
        bench.set('A', a);
        bench.set('B', b);
        bench.set('C', c);
        expect(bench.scan()).toBeUndefined();
        const results = ['R', 'S', 'D', 'L'].map((name) => bench.get(name));
        expect(results).toEqual([f(f(a * b) + c), f(f(c + f(a * b)) - a), f(a / b), a * b + c]);
      }),
    );
  });
});

describe('REAL and LREAL', () => {
  it('round to single precision at every operation', () => {
    expect(value('REAL', '0.1')).toBe(Math.fround(0.1));
    expect(once('A : REAL := 16777216.0; R : REAL;', 'R := A + 1.0;').get('R')).toBe(16777216);
    expect(once('A : LREAL := 16777216.0; R : LREAL;', 'R := A + 1.0;').get('R')).toBe(16777217);
  });

  it('divide by zero as IEEE 754 says', () => {
    const bench = once('Z : REAL; P, N, Q : REAL;', 'P := 1.0 / Z; N := -1.0 / Z; Q := Z / Z;');
    expect([bench.get('P'), bench.get('N'), bench.get('Q')]).toEqual([
      Number.POSITIVE_INFINITY,
      Number.NEGATIVE_INFINITY,
      Number.NaN,
    ]);
  });

  it('raise to a power', () => {
    expect(value('REAL', '2.0 ** 10')).toBe(1024);
    expect(value('LREAL', 'EXPT(LREAL#2.0, 0.5)')).toBeCloseTo(Math.SQRT2, 15);
    expect(value('REAL', '-2.0 ** 2.0')).toBe(4);
  });
});

describe('operator precedence', () => {
  it.each([
    ['1 + 2 * 3', 7],
    ['(1 + 2) * 3', 9],
    ['10 - 4 - 3', 3],
    ['2 * 3 MOD 4', 2],
    ['-3 + 5', 2],
    ['7 / 2 * 2', 6],
  ])('%s = %d', (text, result) => expect(value('INT', text)).toBe(result));

  it.each([
    ['TRUE OR FALSE AND FALSE', 1],
    ['NOT FALSE AND FALSE', 0],
    ['TRUE XOR TRUE AND FALSE', 1],
    ['TRUE OR TRUE XOR TRUE', 1],
    ['1 < 2 AND 2 < 3', 1],
    ['1 < 2 = TRUE', 1],
    ['TRUE & FALSE', 0],
  ])('%s = %d', (text, result) => expect(value('BOOL', text)).toBe(result));
});

describe('literals', () => {
  it.each([
    ['DINT', '16#FF', 255],
    ['DINT', '2#1010_1010', 170],
    ['DINT', '8#17', 15],
    ['DINT', '1_000_000', 1_000_000],
    ['DINT', 'INT#-5', -5],
    ['DINT', 'INT#16#7FFF', 32767],
    ['REAL', 'REAL#1.5', 1.5],
    ['REAL', '1.5E2', 150],
    ['REAL', '3', 3],
    ['WORD', 'WORD#16#BEEF', 0xbeef],
    ['BOOL', '1', 1],
    ['BOOL', 'BOOL#TRUE', 1],
    ['TIME', 'T#1m30s', 90e6],
    ['TIME', 't#1d2h3m4s5ms6us', 93_784_005_006],
    ['TIME', 'TIME#-1.5s', -1.5e6],
    ['TIME', 'T#1d_12h', 129_600e6],
    ['TIME', 'T#90s', 90e6],
    ['DATE', 'D#1970-01-02', 86_400e6],
    ['TOD', 'TOD#01:00:00.5', 3600.5e6],
    ['DT', 'DT#1970-01-01-00:01:00', 60e6],
  ])('%s %s', (type, text, result) => expect(value(type, text)).toBe(result));

  it('reads escapes in strings', () => {
    expect(textOf("'It$'s $$5$L$41'")).toBe("It's $5\nA");
  });
});

describe('bit strings', () => {
  it.each([
    ['BYTE', 'NOT BYTE#16#0F', 0xf0],
    ['WORD', 'WORD#16#F0F0 AND 16#FF00', 0xf000],
    ['DWORD', 'DWORD#16#80000000 OR 1', 0x80000001],
    ['DWORD', 'NOT DWORD#0', 0xffffffff],
    ['WORD', 'WORD#16#FFFF XOR 16#00FF', 0xff00],
    ['WORD', '16#F000 OR 16#000F', 0xf00f],
    ['BYTE', 'SHL(BYTE#16#81, 1)', 0x02],
    ['BYTE', 'SHR(BYTE#16#81, 1)', 0x40],
    ['BYTE', 'ROL(BYTE#16#81, 1)', 0x03],
    ['BYTE', 'ROR(BYTE#16#81, 1)', 0xc0],
    ['BYTE', 'ROL(BYTE#16#81, 9)', 0x03],
    ['DWORD', 'SHL(DWORD#1, 31)', 0x80000000],
    ['DWORD', 'SHL(DWORD#1, 32)', 0],
    ['DWORD', 'ROL(DWORD#16#80000001, 4)', 0x18],
    ['DWORD', 'SHR(DWORD#16#80000000, 31)', 1],
  ])('%s %s', (type, text, result) => expect(value(type, text)).toBe(result));

  it('compute with 64 bits', () => {
    expect(textOf('LWORD_TO_STRING(SHL(LWORD#1, 63))')).toBe('9223372036854775808');
    expect(textOf('LWORD_TO_STRING(NOT LWORD#0)')).toBe('18446744073709551615');
    expect(textOf('LWORD_TO_STRING(ROL(SHL(LWORD#3, 62), 1))')).toBe('9223372036854775809');
  });

  it('read and write single bits', () => {
    const bench = once(
      'W : WORD := 16#8000; L : LWORD; B, C : BOOL;',
      'B := W.15; W.0 := TRUE; W.%X15 := FALSE; L.63 := TRUE; C := L.%X63;',
    );
    expect([bench.get('B'), bench.get('W'), bench.get('C')]).toEqual([1, 1, 1]);
  });
});

describe('TIME', () => {
  it.each([
    ['T#1m + T#30s', 90e6],
    ['T#1m - T#90s', -30e6],
    ['T#10s * 3', 30e6],
    ['T#10s * 0.5', 5e6],
    ['2.5 * T#10s', 25e6],
    ['T#10s / 4', 2.5e6],
    ['ADD_TIME(T#1s, T#2s)', 3e6],
    ['MULTIME(T#1s, 3)', 3e6],
    ['DT#2025-01-02-00:00:00 - DT#2025-01-01-23:00:00', 3600e6],
    ['TOD#12:00:00 - TOD#11:59:00', 60e6],
    ['DINT_TO_TIME(1500)', 1.5e6],
    ['LREAL_TO_TIME(0.25)', 250],
    ['ABS(T#-5s)', 5e6],
    ['MAX(T#1s, T#2s)', 2e6],
  ])('%s', (text, result) => expect(value('TIME', text)).toBe(result));

  it('converts in milliseconds', () => {
    expect(value('DINT', 'TIME_TO_DINT(T#1m)')).toBe(60_000);
    expect(value('REAL', 'TIME_TO_REAL(T#1s500us)')).toBe(1000.5);
  });

  it('takes dates apart and together', () => {
    expect(value('DT', 'CONCAT_DATE_TOD(D#2025-03-01, TOD#06:30:00)')).toBe(Date.UTC(2025, 2, 1, 6, 30) * 1000);
    expect(value('DATE', 'DT_TO_DATE(DT#2025-03-01-06:30:00)')).toBe(Date.UTC(2025, 2, 1) * 1000);
    expect(value('TOD', 'DT_TO_TOD(DT#2025-03-01-06:30:00)')).toBe(23_400e6);
  });
});

describe('conversions', () => {
  it.each([
    ['DINT', 'REAL_TO_DINT(2.5)', 2],
    ['DINT', 'REAL_TO_DINT(3.5)', 4],
    ['DINT', 'REAL_TO_DINT(-2.5)', -2],
    ['DINT', 'REAL_TO_DINT(-0.6)', -1],
    ['DINT', 'TRUNC(-2.7)', -2],
    ['INT', 'TRUNC(2.7)', 2],
    ['INT', 'REAL_TRUNC_INT(2.7)', 2],
    ['INT', 'REAL_TO_INT(1.0E9)', 32767],
    ['USINT', 'REAL_TO_USINT(-5.0)', 0],
    ['SINT', 'INT_TO_SINT(200)', -56],
    ['UINT', 'INT_TO_UINT(-1)', 65535],
    ['INT', 'WORD_TO_INT(16#FFFF)', -1],
    ['WORD', 'INT_TO_WORD(-1)', 65535],
    ['BOOL', 'INT_TO_BOOL(2)', 1],
    ['INT', 'BOOL_TO_INT(TRUE)', 1],
    ['REAL', 'DINT_TO_REAL(16777217)', 16777216],
    ['LREAL', 'TO_LREAL(16777217)', 16777217],
    ['INT', "STRING_TO_INT('-42')", -42],
    ['INT', "STRING_TO_INT('x')", 0],
    ['REAL', "STRING_TO_REAL('1.25')", 1.25],
    ['LINT', 'DINT_TO_LINT(-5)', -5],
    ['DINT', 'LINT_TO_DINT(LINT#4294967297)', 1],
    ['REAL', 'LINT_TO_REAL(LINT#5)', 5],
    ['LINT', 'LREAL_TO_LINT(LREAL#1.0E30)', 2 ** 63],
  ])('%s := %s', (type, text, result) => expect(value(type, text)).toBe(result));

  it('widen implicitly where nothing is lost', () => {
    const bench = once(
      'S : SINT := -5; U : USINT := 200; R : REAL; D : DINT := 7; L : LREAL; I : INT; W : WORD; B : BYTE := 16#AB; LI : LINT;',
      'R := S; I := U; L := D; W := B; LI := D;',
    );
    expect(['R', 'I', 'L', 'W', 'LI'].map((name) => bench.get(name))).toEqual([-5, 200, 7, 0xab, 7]);
  });

  it.each([
    ['INT_TO_STRING(-5)', '-5'],
    ['REAL_TO_STRING(0.1)', '0.1'],
    ['REAL_TO_STRING(1234.5)', '1234.5'],
    ['LREAL_TO_STRING(LREAL#0.1)', '0.1'],
    ['BOOL_TO_STRING(TRUE)', 'TRUE'],
    ['TIME_TO_STRING(T#90.5s)', 'T#1m30s500ms'],
    ['ULINT_TO_STRING(ULINT#18446744073709551615)', '18446744073709551615'],
  ])('%s', (text, result) => expect(textOf(text)).toBe(result));
});

describe('standard functions', () => {
  it.each([
    ['REAL', 'SQRT(2.0)', Math.fround(Math.SQRT2)],
    ['REAL', 'LN(10.0)', Math.fround(Math.LN10)],
    ['REAL', 'LOG(1000.0)', 3],
    ['LREAL', 'EXP(LREAL#1.0)', Math.E],
    ['LREAL', 'SIN(LREAL#0.5) ** 2 + COS(LREAL#0.5) ** 2', 1],
    ['REAL', 'TAN(0.5)', Math.fround(Math.tan(0.5))],
    ['REAL', 'ASIN(0.5)', Math.fround(Math.asin(0.5))],
    ['REAL', 'ACOS(0.5)', Math.fround(Math.acos(0.5))],
    ['REAL', 'ATAN(0.5)', Math.fround(Math.atan(0.5))],
    ['INT', 'ABS(-5)', 5],
    ['SINT', 'ABS(SINT#-128)', -128],
    ['INT', 'MAX(3, 9, 4)', 9],
    ['INT', 'MIN(3, 9, 1)', 1],
    ['INT', 'LIMIT(0, 15, 10)', 10],
    ['INT', 'LIMIT(MN := 0, IN := -3, MX := 10)', 0],
    ['INT', 'SEL(TRUE, 1, 2)', 2],
    ['INT', 'SEL(G := FALSE, IN0 := 1, IN1 := 2)', 1],
    ['INT', 'MUX(2, 10, 20, 30)', 30],
    ['INT', 'ADD(1, 2, 3)', 6],
    ['INT', 'MUL(2, 3, 4)', 24],
    ['INT', 'SUB(10, 3)', 7],
    ['INT', 'DIV(10, 3)', 3],
    ['INT', 'MOD(10, 3)', 1],
    ['BOOL', 'GT(3, 2, 1)', 1],
    ['BOOL', 'GT(3, 2, 2)', 0],
    ['BOOL', 'NE(1, 2)', 1],
    ['BOOL', 'AND(TRUE, TRUE, FALSE)', 0],
    ['INT', 'MOVE(7)', 7],
    ['REAL', 'MAX(1, 2.5)', 2.5],
  ])('%s %s', (type, text, result) => expect(value(type, text)).toBeCloseTo(result, 12));

  it('LIMIT takes the upper bound where the bounds cross and keeps what is no number', () => {
    expect(value('INT', 'LIMIT(10, 5, 3)')).toBe(3);
    expect(once('Z, R : REAL;', 'R := LIMIT(0.0, Z / Z, 1.0);').get('R')).toBeNaN();
  });
});

describe('strings', () => {
  it.each([
    ["LEFT('ASTR', 3)", 'AST'],
    ["RIGHT('ASTR', 3)", 'STR'],
    ["MID('ASTR', 2, 2)", 'ST'],
    ["CONCAT('AB', 'CD', 'E')", 'ABCDE'],
    ["INSERT('ABC', 'XY', 2)", 'ABXYC'],
    ["DELETE('ABXYC', 2, 3)", 'ABC'],
    ["REPLACE('ABCDE', 'X', 2, 3)", 'ABXE'],
    ["LEFT(IN := 'ASTR', L := 9)", 'ASTR'],
    ["RIGHT('ASTR', -1)", ''],
    ["SEL(TRUE, 'off', 'on')", 'on'],
    ["MAX('AB', 'AC')", 'AC'],
  ])('%s', (text, result) => expect(textOf(text)).toBe(result));

  it('count and find', () => {
    expect(value('INT', "LEN('ASTRING')")).toBe(7);
    expect(value('INT', "FIND('ABCBC', 'BC')")).toBe(2);
    expect(value('INT', "FIND('ABC', 'X')")).toBe(0);
    expect(value('BOOL', "'AB' < 'AC'")).toBe(1);
  });

  it('are cut to the length of their variable', () => {
    expect(once("S : STRING[3]; T : STRING[5] := 'abcdefg';", 'S := T;').text('S')).toBe('abc');
  });
});
