import { describe, expect, it } from 'vitest';
import { Bench } from './run.ts';

/** Runs a block over a row of inputs, one scan each, and returns the named outputs as rows. */
function diagram(
  declaration: string,
  call: string,
  inputs: readonly Record<string, number>[],
  outputs: readonly string[],
  every = 100,
) {
  const bench = new Bench(`PROGRAM MAIN VAR ${declaration} END_VAR ${call} END_PROGRAM`);
  return inputs.map((values, i) => {
    for (const [name, value] of Object.entries(values)) bench.set(name, value);
    bench.scan(i * every);
    return outputs.map((name) => bench.get(name));
  });
}

const bits = (pattern: string) => [...pattern].map((bit) => ({ I: Number(bit) }));
const column = (rows: number[][], k: number) => rows.map((row) => row[k]);

describe('timers, as in the timing diagrams of the standard, at a scan of 100 ms', () => {
  const declaration = (type: string) => `T : ${type}; I : BOOL;`;
  const call = 'T(IN := I, PT := T#300ms);';
  const run = (type: string, pattern: string) => {
    const rows = diagram(declaration(type), call, bits(pattern), ['T.Q', 'T.ET']);
    return { q: column(rows, 0).join(''), et: column(rows, 1).map((us) => us / 1000) };
  };

  it('TON rises PT after IN and falls with it; a shorter IN does nothing', () => {
    const { q, et } = run('TON', '0111111001100');
    expect(q).toBe('0000111000000');
    expect(et).toEqual([0, 0, 100, 200, 300, 300, 300, 0, 0, 0, 100, 0, 0]);
  });

  it('TOF falls PT after IN; an IN that returns keeps it', () => {
    const { q, et } = run('TOF', '0110011000000');
    expect(q).toBe('0111111111000');
    expect(et).toEqual([0, 0, 0, 0, 100, 0, 0, 0, 100, 200, 300, 300, 300]);
  });

  it('TP gives one pulse of PT that IN neither cuts nor prolongs', () => {
    const { q, et } = run('TP', '0100000111111110100000');
    expect(q).toBe('0111000111000000111000');
    expect(et).toEqual([0, 0, 100, 200, 0, 0, 0, 0, 100, 200, 300, 300, 300, 300, 300, 0, 0, 100, 200, 0, 0, 0]);
  });

  it('take the preset at every call', () => {
    const rows = diagram(
      'T : TON; P : TIME;',
      'T(IN := TRUE, PT := P);',
      [{ P: 500e3 }, {}, {}, { P: 200e3 }, { P: 600e3 }],
      ['T.Q'],
    );
    expect(rows.flat()).toEqual([0, 0, 0, 1, 0]);
  });
});

describe('edges and flip-flops', () => {
  it('R_TRIG is true for one call after each rise', () => {
    expect(diagram('T : R_TRIG; I : BOOL;', 'T(CLK := I);', bits('0110100'), ['T.Q']).flat().join('')).toBe('0100100');
  });

  it('R_TRIG and F_TRIG take the first call as an edge, as the standard notes', () => {
    expect(diagram('T : R_TRIG; I : BOOL;', 'T(CLK := I);', bits('110'), ['T.Q']).flat().join('')).toBe('100');
    expect(diagram('T : F_TRIG; I : BOOL;', 'T(CLK := I);', bits('0011001'), ['T.Q']).flat().join('')).toBe('1000100');
  });

  it('SR lets set win, RS reset', () => {
    const inputs = [
      { A: 0, B: 0 },
      { A: 1, B: 0 },
      { A: 0, B: 0 },
      { A: 1, B: 1 },
      { A: 0, B: 1 },
      { A: 0, B: 0 },
    ];
    expect(diagram('X : SR; A, B : BOOL;', 'X(S1 := A, R := B);', inputs, ['X.Q1']).flat()).toEqual([0, 1, 1, 1, 0, 0]);
    expect(diagram('X : RS; A, B : BOOL;', 'X(S := A, R1 := B);', inputs, ['X.Q1']).flat()).toEqual([0, 1, 1, 0, 0, 0]);
  });
});

describe('counters', () => {
  it('CTU counts rises up to its limit and is reset', () => {
    const rows = diagram(
      'C : CTU; I, R : BOOL;',
      'C(CU := I, R := R, PV := 2);',
      [{ I: 1 }, { I: 1 }, { I: 0 }, { I: 1 }, { I: 0 }, { I: 1 }, { R: 1 }, { R: 0 }],
      ['C.CV', 'C.Q'],
    );
    expect(rows).toEqual([
      [1, 0],
      [1, 0],
      [1, 0],
      [2, 1],
      [2, 1],
      [3, 1],
      [0, 0],
      [0, 0],
    ]);
  });

  it('CTD counts down from a loaded value', () => {
    const rows = diagram(
      'C : CTD; I, L : BOOL;',
      'C(CD := I, LD := L, PV := 2);',
      [{ L: 1 }, { L: 0, I: 1 }, { I: 0 }, { I: 1 }, { I: 0 }],
      ['C.CV', 'C.Q'],
    );
    expect(rows).toEqual([
      [2, 0],
      [1, 0],
      [1, 0],
      [0, 1],
      [0, 1],
    ]);
  });

  it('CTUD counts both ways, and not at all where both come at once', () => {
    const rows = diagram(
      'C : CTUD; U, D, R, L : BOOL;',
      'C(CU := U, CD := D, R := R, LD := L, PV := 2);',
      [{ U: 1 }, { U: 0 }, { U: 1, D: 1 }, { U: 0, D: 0 }, { D: 1 }, { D: 0, L: 1 }, { R: 1 }],
      ['C.CV', 'C.QU', 'C.QD'],
    );
    expect(rows).toEqual([
      [1, 0, 0],
      [1, 0, 0],
      [1, 0, 0],
      [1, 0, 0],
      [0, 0, 1],
      [2, 1, 0],
      [0, 0, 1],
    ]);
  });

  it('stop at the end of their type', () => {
    const bench = new Bench('PROGRAM MAIN VAR C : CTU; I : BOOL; END_VAR I := NOT I; C(CU := I, PV := 5); END_PROGRAM');
    bench.set('C.CV', 32766);
    for (let i = 0; i < 8; i++) bench.scan();
    expect(bench.get('C.CV')).toBe(32767);
  });
});

describe('PID', () => {
  const loop = (parameters: string) =>
    new Bench(
      `PROGRAM MAIN VAR L : PID := (${parameters}); PV, SP, MAN : REAL; AUTO : BOOL := TRUE; END_VAR L(PV := PV, SP := SP, MAN := MAN, AUTO := AUTO); END_PROGRAM`,
    );

  it('answers a step of the error with KP·e·(1 + t/TI)', () => {
    const bench = loop('KP := 2.0, TI := T#10s, OUT_MIN := -100.0, OUT_MAX := 100.0');
    bench.scan(0);
    bench.set('SP', 5);
    for (let t = 100; t <= 20_000; t += 100) {
      bench.scan(t);
      expect(bench.get('L.CV')).toBeCloseTo(2 * 5 * (1 + t / 1000 / 10), 4);
    }
  });

  it('derives the measurement only, through a filter of TD/N', () => {
    const bench = loop('KP := 2.0, TD := T#4s, N := 8.0, OUT_MIN := -1000.0, OUT_MAX := 1000.0');
    bench.scan(0);
    // No kick from the set point.
    bench.set('SP', 10);
    bench.scan(10);
    expect(bench.get('L.CV')).toBeCloseTo(20, 4);
    // A ramp of the measurement of 1/s: D settles at -KP·TD·1 with time constant TD/N = 0.5 s.
    let expected = 0;
    for (let t = 20; t <= 5000; t += 10) {
      bench.set('PV', (t - 10) / 1000);
      bench.scan(t);
      expected = -2 * 4 * (1 - Math.exp(-(t - 10) / 1000 / 0.5));
      const proportional = 2 * (10 - (t - 10) / 1000);
      expect(bench.get('L.CV') - proportional).toBeCloseTo(expected, 0);
    }
    expect(expected).toBeCloseTo(-8, 3);
    expect(bench.get('L.CV') - 2 * (10 - 4.99)).toBeCloseTo(-8, 2);
  });

  it('follows an independent simulation of a first order process with dead time, in closed loop', () => {
    const bench = loop('KP := 1.5, TI := T#20s, TD := T#2s, OUT_MIN := 0.0, OUT_MAX := 60.0');
    const dt = 0.1;
    // The same controller written out from its equation, with doubles.
    let [pv, integral, derivative, last] = [0, 0, 0, 0];
    const delay = new Array(20).fill(0);
    let independent = 0;
    let first = true;
    for (let k = 0; k < 3000; k++) {
      const sp = k < 1500 ? 40 : 20;
      const f = Math.fround;
      bench.set('PV', pv);
      bench.set('SP', sp);
      bench.scan(k * 100);
      const measured = f(pv);
      if (!first) derivative = (2 * derivative - 1.5 * 2 * 8 * (measured - last)) / (2 + 8 * dt);
      const p = 1.5 * (sp - measured);
      if (first) integral = 0 - p - derivative;
      else {
        const grown = integral + (1.5 * (sp - measured) * dt) / 20;
        const sum = p + derivative + grown;
        if (sum > 60) integral = grown > integral ? Math.max(integral, 60 - p - derivative) : grown;
        else if (sum < 0) integral = grown < integral ? Math.min(integral, 0 - p - derivative) : grown;
        else integral = grown;
      }
      const before = first ? 0 : p + derivative + integral;
      independent = Math.min(60, Math.max(0, before));
      first = false;
      last = measured;
      expect(bench.get('L.CV')).toBeCloseTo(independent, 3);
      delay.push(bench.get('L.CV'));
      pv += ((delay.shift() - pv) * dt) / 15;
    }
    expect(pv).toBeCloseTo(20, 0);
  });

  it('leaves saturation as soon as the error turns', () => {
    const bench = loop('KP := 1.0, TI := T#5s, OUT_MIN := 0.0, OUT_MAX := 100.0');
    bench.scan(0);
    bench.set('SP', 50);
    for (let t = 100; t <= 600_000; t += 100) bench.scan(t);
    expect([bench.get('L.CV'), bench.get('L.LIM_HI')]).toEqual([100, 1]);
    bench.set('PV', 60);
    bench.scan(600_100);
    // Proportional part falls by 60 at once: no wound-up integral holds the output at its limit.
    expect(bench.get('L.CV')).toBeLessThan(45);
    expect(bench.get('L.LIM_HI')).toBe(0);
  });

  it('changes between manual and automatic without a bump', () => {
    const bench = loop('KP := 3.0, TI := T#10s, TD := T#1s');
    bench.set('AUTO', 0);
    bench.set('MAN', 35);
    bench.set('PV', 20);
    bench.set('SP', 25);
    bench.scan(0);
    bench.scan(100);
    expect(bench.get('L.CV')).toBe(35);
    bench.set('AUTO', 1);
    bench.scan(200);
    expect(bench.get('L.CV')).toBeCloseTo(35 + (3 * 5 * 0.1) / 10, 4);
    for (let t = 300; t < 2000; t += 100) bench.scan(t);
    const held = bench.get('L.CV');
    bench.set('MAN', held);
    bench.set('AUTO', 0);
    bench.scan(2000);
    expect(bench.get('L.CV')).toBe(held);
  });

  it('turns its action with DIRECT, adds the feed-forward, limits manual values and keeps CV where an input is no number', () => {
    const bench = new Bench(
      'PROGRAM MAIN VAR L : PID := (KP := 2.0, DIRECT := TRUE, FF := 10.0, OUT_MIN := -50.0, OUT_MAX := 50.0); PV, SP, M, Z : REAL; AUTO : BOOL; END_VAR L(PV := PV, SP := SP, MAN := M, AUTO := AUTO); END_PROGRAM',
    );
    bench.set('M', 80);
    bench.scan(0);
    expect([bench.get('L.CV'), bench.get('L.LIM_HI')]).toEqual([50, 1]);
    bench.set('M', 10);
    bench.scan(100);
    bench.set('AUTO', 1);
    bench.set('PV', 7);
    bench.scan(200);
    expect(bench.get('L.CV')).toBeCloseTo(10 + 14, 5);
    const nan = new Bench(
      'PROGRAM MAIN VAR L : PID; PV, Z : REAL; BAD : BOOL; END_VAR PV := 1.0; IF BAD THEN PV := Z / Z; END_IF; L(PV := PV, SP := 5.0, MAN := 3.0); END_PROGRAM',
    );
    nan.scan(0);
    nan.scan(100);
    const before = nan.get('L.CV');
    nan.set('BAD', 1);
    nan.scan(200);
    expect(nan.get('L.CV')).toBe(before);
    nan.set('BAD', 0);
    nan.scan(300);
    expect(nan.get('L.CV')).toBe(before);
  });
});
