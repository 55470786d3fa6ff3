/** Speed of Structured Text, by hand: `node --expose-gc simulator/controllers/st/bench.ts`. Prints nanoseconds for a statement. */
import type { Instant } from '@penstock/core';
import { compile, Runtime } from './index.ts';

const PASSES = 200_000;

interface Case {
  readonly name: string;
  /** Statements of one pass. */
  readonly statements: number;
  readonly source: string;
}

const repeat = (count: number, make: (i: number) => string): string =>
  Array.from({ length: count }, (_, i) => make(i)).join('\n');

/** Forty statements as a dosing controller has them: limits, alarms, timers, a control loop, a sequence. */
const TASK = `
FUNCTION_BLOCK ALARM
VAR_INPUT PV : REAL; LIMIT_HI : REAL; DELAY : TIME; END_VAR
VAR_OUTPUT ACTIVE : BOOL; END_VAR
VAR T : TON; END_VAR
T(IN := PV > LIMIT_HI, PT := DELAY, Q => ACTIVE);
END_FUNCTION_BLOCK
PROGRAM MAIN
VAR
  FIT, AIT, SP, ERR, FLOW, DOSE, RATIO, TOTAL, SPEED, CMD, LEVEL, PRESS : REAL := 1.0;
  AUTO, RUN, PERMIT, TRIP, HI, LO, START, STOP, FAULT, READY : BOOL;
  STATE, COUNT : INT;
  LOOP : PID := (KP := 2.0, TI := T#30s);
  A1, A2 : ALARM; DELAY : TON; EDGE : R_TRIG;
END_VAR
FLOW := FLOW + (FIT - FLOW) * 0.1;
RATIO := LIMIT(0.0, SP * FLOW / 100.0, 40.0);
PERMIT := FLOW > 0.5 AND NOT TRIP AND LEVEL > 0.2;
IF PERMIT AND NOT FAULT THEN RUN := AUTO OR START; ELSE RUN := FALSE; END_IF;
LOOP(PV := AIT, SP := SP, AUTO := AUTO, MAN := 50.0, FF := RATIO);
CMD := SEL(RUN, 0.0, LOOP.CV);
A1(PV := AIT, LIMIT_HI := 9.0, DELAY := T#5s, ACTIVE => HI);
A2(PV := PRESS, LIMIT_HI := 600.0, DELAY := T#2s);
EDGE(CLK := START);
IF EDGE.Q THEN COUNT := COUNT + 1; END_IF;
DELAY(IN := RUN, PT := T#3s, Q => READY);
CASE STATE OF
  0: IF RUN THEN STATE := 1; END_IF;
  1: IF READY THEN STATE := 2; ELSIF NOT RUN THEN STATE := 0; END_IF;
  2: IF NOT RUN THEN STATE := 0; END_IF;
END_CASE;
TOTAL := TOTAL + FLOW * 0.1;
IF TOTAL > 10000.0 THEN TOTAL := 0.0; END_IF;
ERR := ABS(SP - AIT);
LO := AIT < 6.5 OR (ERR > 2.0 AND RUN);
SPEED := LIMIT(0.0, CMD, 100.0);
IF HI OR A2.ACTIVE THEN SPEED := SPEED * 0.5; END_IF;
DOSE := SPEED * 0.4;
LEVEL := LEVEL + (FLOW - DOSE) * 0.001;
PRESS := MAX(PRESS * 0.99 + 3.0, 100.0);
STOP := NOT RUN AND STATE = 0;
FAULT := TRIP OR (STOP AND FLOW > 100.0);
END_PROGRAM`;

const CASES: readonly Case[] = [
  {
    name: 'IF a > b AND NOT c THEN x := LIMIT(lo, y*z + w, hi)',
    statements: 200, // the IF and what stands in it
    source: `PROGRAM MAIN VAR a, x, y, z, w : REAL := 1.5; b : REAL := 1.0; lo : REAL; hi : REAL := 50.0; c : BOOL; END_VAR
      ${repeat(100, () => 'IF a > b AND NOT c THEN x := LIMIT(lo, y * z + w, hi); END_IF;')} END_PROGRAM`,
  },
  {
    name: 'x := y * z + w (REAL)',
    statements: 100,
    source: `PROGRAM MAIN VAR x, y, z, w : REAL := 1.5; END_VAR ${repeat(100, () => 'x := y * z + w;')} END_PROGRAM`,
  },
  {
    name: 'i := i * 3 + j (DINT)',
    statements: 100,
    source: `PROGRAM MAIN VAR i, j : DINT := 5; END_VAR ${repeat(100, () => 'i := i * 3 + j;')} END_PROGRAM`,
  },
  {
    name: 'a[i] := a[i - 1] + 1 in FOR',
    statements: 100,
    source: `PROGRAM MAIN VAR i : INT; a : ARRAY[0..100] OF INT; END_VAR FOR i := 1 TO 100 DO a[i] := a[i - 1] + 1; END_FOR; END_PROGRAM`,
  },
  {
    name: 't(IN := b, PT := T#5s, Q => q)',
    statements: 100,
    source: `PROGRAM MAIN VAR t : TON; b, q : BOOL; END_VAR ${repeat(100, () => 't(IN := b, PT := T#5s, Q => q);')} END_PROGRAM`,
  },
  { name: 'task of 40 statements', statements: 40, source: TASK },
];

for (const { name, statements, source } of CASES) {
  const runtime = new Runtime(compile(source), ['MAIN']);
  const passes = Math.ceil(PASSES / Math.max(1, statements / 40));
  const pass = (count: number): number => {
    const start = process.hrtime.bigint();
    for (let i = 0; i < count; i++) {
      runtime.beginScan((i * 100_000) as Instant);
      const fault = runtime.run(0);
      if (fault !== undefined) throw fault;
    }
    return Number(process.hrtime.bigint() - start) / count;
  };
  pass(Math.ceil(passes / 4));
  const nanoseconds = Math.min(pass(passes), pass(passes), pass(passes));
  globalThis.gc?.();
  const before = process.memoryUsage().heapUsed;
  pass(1000);
  const bytes = (process.memoryUsage().heapUsed - before) / 1000;
  console.log(
    `${(nanoseconds / statements).toFixed(1).padStart(7)} ns a statement, ${nanoseconds.toFixed(0).padStart(6)} ns a pass, ${bytes.toFixed(0).padStart(4)} bytes allocated: ${name}`,
  );
}
