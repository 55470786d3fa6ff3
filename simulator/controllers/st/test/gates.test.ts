import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Bench } from './run.ts';

const NAMES = ['A', 'B', 'C', 'D', 'E', 'F'] as const;
interface Gate {
  readonly text: string;
  readonly value: (at: (name: string) => boolean) => boolean;
}

const variable = fc.constantFrom(...NAMES).map((name): Gate => ({ text: name, value: (at) => at(name) }));
const JOIN: Record<string, (a: boolean, b: boolean) => boolean> = {
  AND: (a, b) => a && b,
  OR: (a, b) => a || b,
  XOR: (a, b) => a !== b,
};
const { gate } = fc.letrec<{ gate: Gate }>((tie) => ({
  gate: fc.oneof(
    { depthSize: 'medium', withCrossShrink: true },
    variable,
    tie('gate').map((g): Gate => ({ text: `NOT (${g.text})`, value: (at) => !g.value(at) })),
    fc.tuple(tie('gate'), fc.constantFrom('AND', 'OR', 'XOR'), tie('gate')).map(([a, op, b]): Gate => {
      const join = JOIN[op];
      return { text: `(${a.text}) ${op} (${b.text})`, value: (at) => join(a.value(at), b.value(at)) };
    }),
  ),
}));

it('gates of variables give what their truth table says, assigned, tested and passed on', () => {
  fc.assert(
    fc.property(gate, ({ text, value }) => {
      const bench = new Bench(
        `PROGRAM MAIN VAR ${NAMES.join(', ')}, R, S, T : BOOL; EDGE : R_TRIG; P, Q : INT; END_VAR
         R := ${text}; IF ${text} THEN S := TRUE; ELSE S := FALSE; END_IF; EDGE(CLK := ${text}); T := EDGE.CLK;
         P := 3; Q := P; P := Q;
         END_PROGRAM`,
      );
      for (let row = 0; row < 1 << NAMES.length; row++) {
        const at = (name: string) => ((row >> NAMES.indexOf(name as 'A')) & 1) === 1;
        for (const name of NAMES) bench.set(name, at(name) ? 1 : 0);
        bench.scan();
        const expected = value(at) ? 1 : 0;
        expect(['R', 'S', 'T', 'P', 'Q'].map((name) => bench.get(name))).toEqual([expected, expected, expected, 3, 3]);
      }
    }),
    { numRuns: 300 },
  );
});
