/** The standard function blocks (IEC 61131-3 ed. 3, clause 6.6.3.5, tables 43 to 46) and PID, native on the controller's memory. */
import type { Pou } from './ir.ts';
import { NOW } from './memory.ts';
import { pid } from './pid.ts';
import {
  BOOL,
  DINT,
  type Elementary,
  INT,
  LREAL,
  limits,
  type Member,
  REAL,
  TIME,
  UDINT,
  type Value,
} from './types.ts';

/** Makes the body of an instance whose members begin at `base` of the number store. */
export type NativeBody = (m: Float64Array, base: number) => () => void;

type MemberRow = readonly [name: string, type: Elementary, initial?: Value];

interface Description {
  readonly inputs: readonly MemberRow[];
  readonly outputs: readonly MemberRow[];
  readonly state: readonly MemberRow[];
  readonly body: NativeBody;
}

/** Q rises when IN has been true for PT. Figure 15a. */
const ton: NativeBody = (m, base) => () => {
  if (m[base] === 0) {
    m[base + 2] = 0;
    m[base + 3] = 0;
    m[base + 4] = 0;
    return;
  }
  if (m[base + 4] === 0) {
    m[base + 4] = 1;
    m[base + 5] = m[NOW];
  }
  const elapsed = m[NOW] - m[base + 5];
  const preset = m[base + 1];
  const done = elapsed >= preset;
  m[base + 2] = done ? 1 : 0;
  m[base + 3] = done ? preset : elapsed;
};

/** Q falls when IN has been false for PT. */
const tof: NativeBody = (m, base) => () => {
  if (m[base] !== 0) {
    m[base + 2] = 1;
    m[base + 3] = 0;
    m[base + 4] = 1;
    return;
  }
  if (m[base + 2] === 0) return;
  if (m[base + 4] === 1) {
    m[base + 4] = 2;
    m[base + 5] = m[NOW];
  }
  const elapsed = m[NOW] - m[base + 5];
  const preset = m[base + 1];
  const done = elapsed >= preset;
  m[base + 2] = done ? 0 : 1;
  m[base + 3] = done ? preset : elapsed;
};

/** A rising IN starts a pulse of PT that nothing cuts short or prolongs. State: 0 idle, 1 pulse, 2 waiting for IN to fall. */
const tp: NativeBody = (m, base) => () => {
  const on = m[base] !== 0;
  if (m[base + 4] === 0 && on) {
    m[base + 4] = 1;
    m[base + 5] = m[NOW];
  }
  if (m[base + 4] === 1) {
    const elapsed = m[NOW] - m[base + 5];
    const preset = m[base + 1];
    const done = elapsed >= preset;
    m[base + 2] = done ? 0 : 1;
    m[base + 3] = done ? preset : elapsed;
    if (done) m[base + 4] = 2;
  }
  if (m[base + 4] === 2 && !on) {
    m[base + 4] = 0;
    m[base + 3] = 0;
  }
};

/** CU, R, PV, Q, CV, edge memory of CU. */
const ctu =
  (highest: number): NativeBody =>
  (m, base) =>
  () => {
    if (m[base + 1] !== 0) m[base + 4] = 0;
    else if (m[base] !== 0 && m[base + 5] === 0 && m[base + 4] < highest) m[base + 4] += 1;
    m[base + 5] = m[base];
    m[base + 3] = m[base + 4] >= m[base + 2] ? 1 : 0;
  };

/** CD, LD, PV, Q, CV, edge memory of CD. */
const ctd =
  (lowest: number): NativeBody =>
  (m, base) =>
  () => {
    if (m[base + 1] !== 0) m[base + 4] = m[base + 2];
    else if (m[base] !== 0 && m[base + 5] === 0 && m[base + 4] > lowest) m[base + 4] -= 1;
    m[base + 5] = m[base];
    m[base + 3] = m[base + 4] <= 0 ? 1 : 0;
  };

/** CU, CD, R, LD, PV, QU, QD, CV, edge memories of CU and CD. */
const ctud =
  (lowest: number, highest: number): NativeBody =>
  (m, base) =>
  () => {
    const up = m[base] !== 0 && m[base + 8] === 0;
    const down = m[base + 1] !== 0 && m[base + 9] === 0;
    if (m[base + 2] !== 0) m[base + 7] = 0;
    else if (m[base + 3] !== 0) m[base + 7] = m[base + 4];
    else if (up !== down) {
      if (up && m[base + 7] < highest) m[base + 7] += 1;
      else if (down && m[base + 7] > lowest) m[base + 7] -= 1;
    }
    m[base + 8] = m[base];
    m[base + 9] = m[base + 1];
    m[base + 5] = m[base + 7] >= m[base + 4] ? 1 : 0;
    m[base + 6] = m[base + 7] <= 0 ? 1 : 0;
  };

const risingEdge: NativeBody = (m, base) => () => {
  m[base + 1] = m[base] !== 0 && m[base + 2] === 0 ? 1 : 0;
  m[base + 2] = m[base];
};

/** As in the standard, the first call with CLK false counts as an edge. */
const fallingEdge: NativeBody = (m, base) => () => {
  m[base + 1] = m[base] === 0 && m[base + 2] === 0 ? 1 : 0;
  m[base + 2] = m[base] === 0 ? 1 : 0;
};

/** Set dominates: Q1 := S1 OR (NOT R AND Q1). */
const setReset: NativeBody = (m, base) => () => {
  m[base + 2] = m[base] !== 0 || (m[base + 1] === 0 && m[base + 2] !== 0) ? 1 : 0;
};

/** Reset dominates: Q1 := NOT R1 AND (S OR Q1). */
const resetSet: NativeBody = (m, base) => () => {
  m[base + 2] = m[base + 1] === 0 && (m[base] !== 0 || m[base + 2] !== 0) ? 1 : 0;
};

const timer = (body: NativeBody): Description => ({
  inputs: [
    ['IN', BOOL],
    ['PT', TIME],
  ],
  outputs: [
    ['Q', BOOL],
    ['ET', TIME],
  ],
  state: [
    ['STATE', LREAL],
    ['START', TIME],
  ],
  body,
});

function counters(suffix: string, type: Elementary): [string, Description][] {
  const [lowest, highest] = [Number(limits(type).low), Number(limits(type).high)];
  return [
    [
      `CTU${suffix}`,
      {
        inputs: [
          ['CU', BOOL],
          ['R', BOOL],
          ['PV', type],
        ],
        outputs: [
          ['Q', BOOL],
          ['CV', type],
        ],
        state: [['M', BOOL]],
        body: ctu(highest),
      },
    ],
    [
      `CTD${suffix}`,
      {
        inputs: [
          ['CD', BOOL],
          ['LD', BOOL],
          ['PV', type],
        ],
        outputs: [
          ['Q', BOOL],
          ['CV', type],
        ],
        state: [['M', BOOL]],
        body: ctd(lowest),
      },
    ],
    [
      `CTUD${suffix}`,
      {
        inputs: [
          ['CU', BOOL],
          ['CD', BOOL],
          ['R', BOOL],
          ['LD', BOOL],
          ['PV', type],
        ],
        outputs: [
          ['QU', BOOL],
          ['QD', BOOL],
          ['CV', type],
        ],
        state: [
          ['MU', BOOL],
          ['MD', BOOL],
        ],
        body: ctud(lowest, highest),
      },
    ],
  ];
}

const edge = (body: NativeBody): Description => ({
  inputs: [['CLK', BOOL]],
  outputs: [['Q', BOOL]],
  state: [['M', BOOL]],
  body,
});

const PID: Description = {
  inputs: [
    ...([
      ['PV', REAL],
      ['SP', REAL],
      ['AUTO', BOOL, 1],
      ['MAN', REAL],
    ] as const),
    ...([
      ['KP', REAL, 1],
      ['TI', TIME],
      ['TD', TIME],
      ['N', REAL, 8],
      ['B', REAL, 1],
      ['FF', REAL],
    ] as const),
    ...([
      ['DIRECT', BOOL],
      ['OUT_MIN', REAL],
      ['OUT_MAX', REAL, 100],
    ] as const),
  ],
  outputs: [
    ['CV', REAL],
    ['E', REAL],
    ['LIM_HI', BOOL],
    ['LIM_LO', BOOL],
  ],
  state: [
    ['INTEGRAL', LREAL],
    ['DERIVATIVE', LREAL],
    ['LAST_PV', REAL],
    ['LAST_TIME', TIME],
    ['STARTED', BOOL],
  ],
  body: pid,
};

const DESCRIPTIONS = new Map<string, Description>([
  ['TON', timer(ton)],
  ['TOF', timer(tof)],
  ['TP', timer(tp)],
  ...counters('', INT),
  ...counters('_DINT', DINT),
  ...counters('_UDINT', UDINT),
  ['R_TRIG', edge(risingEdge)],
  ['F_TRIG', edge(fallingEdge)],
  [
    'SR',
    {
      inputs: [
        ['S1', BOOL],
        ['R', BOOL],
      ],
      outputs: [['Q1', BOOL]],
      state: [],
      body: setReset,
    },
  ],
  [
    'RS',
    {
      inputs: [
        ['S', BOOL],
        ['R1', BOOL],
      ],
      outputs: [['Q1', BOOL]],
      state: [],
      body: resetSet,
    },
  ],
  ['PID', PID],
]);

function describe(name: string, { inputs, outputs, state }: Description): Pou {
  const members = new Map<string, Member>();
  const rows = [
    ...inputs.map((row) => [row, 'input'] as const),
    ...outputs.map((row) => [row, 'output'] as const),
    ...state.map((row) => [row, 'internal'] as const),
  ];
  for (const [i, [[member, type, initial], section]] of rows.entries())
    members.set(member, {
      name: member,
      type,
      offset: { number: i, big: 0, text: 0 },
      initial: initial === undefined ? undefined : { kind: 'value', value: initial },
      section,
      retain: false,
      constant: false,
      location: undefined,
    });
  const size = { number: rows.length, big: 0, text: 0 };
  return {
    kind: 'function-block',
    name,
    members,
    size,
    result: undefined,
    block: { kind: 'block', name, members, size },
    declaration: undefined,
    body: [],
    callees: new Set(),
    native: name,
  };
}

/** By upper-case name. Every member of theirs is a number, one slot each, in the order inputs, outputs, state. */
export const STANDARD_BLOCKS: ReadonlyMap<string, Pou> = new Map(
  [...DESCRIPTIONS].map(([name, description]) => [name, describe(name, description)]),
);

export const nativeBody = (name: string): NativeBody => (DESCRIPTIONS.get(name) as Description).body;
