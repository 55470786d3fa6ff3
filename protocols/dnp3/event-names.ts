/**
 * Words of the logs: what ICSNPP's `dnp3_objects` and `dnp3_control` call things, so that rows can be compared, and the standard's own
 * words for what ICSNPP has none for. (From status 5 on ICSNPP's words are shifted against the standard; these are the standard's.)
 */
import { objectType } from './objects.ts';
import { FUNCTION_NAMES } from './tables.ts';

/** By group: the name of variation 0, then of 1, 2, …; '' where ICSNPP has none. */
const OBJECTS: Readonly<Record<number, readonly string[]>> = {
  1: ['Binary Input Default Variation', 'Single-bit Binary Input', 'Binary Input With Status'],
  2: [
    'Binary Input Change Default Variation',
    'Binary Input Change Without Time',
    'Binary Input Change With Time',
    'Binary Input Change With Relative Time',
  ],
  3: ['Double-bit Input Default Variation', 'Double-bit Input No Flags', 'Double-bit Input With Status'],
  4: [
    'Double-bit Input Change Default Variation',
    'Double-bit Input Change Without Time',
    'Double-bit Input Change With Time',
    'Double-bit Input Change With Relative Time',
  ],
  10: ['Binary Output Default Variation', 'Binary Output', 'Binary Output Status'],
  11: ['Binary Output Change Default Variation', 'Binary Output Change Without Time', 'Binary Output Change With Time'],
  // The commands are called as in `dnp3_control`; ICSNPP does not tell them here.
  12: ['', 'Control Relay Output Block', 'Pattern Control Block', 'Pattern Mask'],
  20: [
    'Binary Counter Default Variation',
    ...['32-Bit Binary Counter', '16-Bit Binary Counter', '32-Bit Delta Counter', '16-Bit Delta Counter'],
    ...['32-Bit Binary Counter Without Flag', '16-Bit Binary Counter Without Flag'],
    ...['32-Bit Delta Counter Without Flag', '16-Bit Delta Counter Without Flag'],
  ],
  21: [
    'Frozen Binary Counter Default Variation',
    ...['32-Bit Frozen Counter', '16-Bit Frozen Counter', '32-Bit Frozen Delta Counter', '16-Bit Frozen Delta Counter'],
    ...['32-Bit Frozen Counter w/ Time of Freeze', '16-Bit Frozen Counter w/ Time of Freeze'],
    ...['32-Bit Frozen Delta Counter w/ Time of Freeze', '16-Bit Frozen Delta Counter w/ Time of Freeze'],
    ...['32-Bit Frozen Counter Without Flag', '16-Bit Frozen Counter Without Flag'],
    ...['32-Bit Frozen Delta Counter Without Flag', '16-Bit Frozen Delta Counter Without Flag'],
  ],
  22: [
    'Counter Change Event Default Variation',
    ...['32-Bit Counter Change Event w/o Time', '16-Bit Counter Change Event w/o Time'],
    ...['32-Bit Delta Counter Change Event w/o Time', '16-Bit Delta Counter Change Event w/o Time'],
    ...['32-Bit Counter Change Event with Time', '16-Bit Counter Change Event with Time'],
    ...['32-Bit Delta Counter Change Event with Time', '16-Bit Delta Counter Change Event with Time'],
  ],
  23: [
    'Frozen Binary Counter Change Event Default Variation',
    ...['32-Bit Frozen Counter Change Event', '16-Bit Frozen Counter Change Event'],
    ...['32-Bit Frozen Delta Counter Change Event', '16-Bit Frozen Delta Counter Change Event'],
    ...['32-Bit Frozen Counter Change Event w/ Time of Freeze', '16-Bit Frozen Counter Change Event w/ Time of Freeze'],
    '32-Bit Frozen Delta Counter Change Event w/ Time of Freeze',
    '16-Bit Frozen Delta Counter Change Event w/ Time of Freeze',
  ],
  30: [
    'Analog Input Default Variation',
    ...['32-Bit Analog Input', '16-Bit Analog Input'],
    ...['32-Bit Analog Input Without Flag', '16-Bit Analog Input Without Flag'],
    ...['32-Bit Floating Point Input', '64-Bit Floating Point Input'],
  ],
  31: [
    '',
    ...['32-Bit Frozen Analog Input', '16-Bit Frozen Analog Input'],
    ...['32-Bit Frozen Analog Input w/ Time of Freeze', '16-Bit Frozen Analog Input w/ Time of Freeze'],
    ...['32-Bit Frozen Analog Input Without Flag', '16-Bit Frozen Analog Input Without Flag'],
    ...['32-Bit Frozen Floating Point Input', '64-Bit Frozen Floating Point Input'],
  ],
  32: [
    'Analog Input Change Default Variation',
    ...['32-Bit Analog Change Event w/o Time', '16-Bit Analog Change Event w/o Time'],
    ...['32-Bit Analog Change Event w/ Time', '16-Bit Analog Change Event w/ Time'],
    ...['32-Bit Floating Point Change Event w/o Time', '64-Bit Floating Point Change Event w/o Time'],
    ...['32-Bit Floating Point Change Event w/ Time', '64-Bit Floating Point Change Event w/ Time'],
  ],
  33: [
    '',
    ...['32-Bit Frozen Analog Event w/o Time', '16-Bit Frozen Analog Event w/o Time'],
    ...['32-Bit Frozen Analog Event w/ Time', '16-Bit Frozen Analog Event w/ Time'],
    ...['32-Bit Floating Point Frozen Change Event w/o Time', '64-Bit Floating Point Frozen Change Event w/o Time'],
    ...['32-Bit Floating Point Frozen Change Event w/ Time', '64-Bit Floating Point Frozen Change Event w/ Time'],
  ],
  40: [
    'Analog Output Default Variation',
    ...['32-Bit Analog Output Status', '16-Bit Analog Output Status'],
    ...['32-Bit Floating Point Output Status', '64-Bit Floating Point Output Status'],
  ],
  41: [
    '',
    ...['32-Bit Analog Output Block', '16-Bit Analog Output Block'],
    ...['32-Bit Floating Point Output Block', '64-Bit Floating Point Output Block'],
  ],
  42: [
    'Analog Output Event Default Variation',
    ...['32-Bit Analog Output Event w/o Time', '16-Bit Analog Output Event w/o Time'],
    ...['32-Bit Analog Output Event w/ Time', '16-Bit Analog Output Event w/ Time'],
    ...['32-Bit Floating Point Output Event w/o Time', '64-Bit Floating Point Output Event w/o Time'],
    ...['32-Bit Floating Point Output Event w/ Time', '64-Bit Floating Point Output Event w/ Time'],
  ],
  60: ['', 'Class 0 Data', 'Class 1 Data', 'Class 2 Data', 'Class 3 Data'],
};

/** What an object is called; one that nobody knows by its numbers. */
export function objectName(group: number, variation: number): string {
  return OBJECTS[group]?.[variation] || (objectType(group, variation)?.name ?? `g${group}v${variation}`);
}

export const functionName = (code: number): string => FUNCTION_NAMES[code] ?? `unknown-${code.toString(16)}`;

const OPERATIONS = ['Nul', 'Pulse On', 'Pulse Off', 'Latch On', 'Latch Off'];
const TRIP_CODES = ['Nul', 'Close', 'Trip'];
const STATUS: Readonly<Record<number, string>> = {
  0: 'Success',
  1: 'Timeout',
  2: 'No Select',
  3: 'Format Error',
  4: 'Not Supported',
  5: 'Already Active',
  6: 'Hardware Error',
  7: 'Local',
  8: 'Too Many Objs',
  9: 'Not Authorized',
  10: 'Automation Inhibit',
  11: 'Processing Limited',
  12: 'Out of Range',
  13: 'Downstream Local',
  14: 'Already Complete',
  15: 'Blocked',
  16: 'Canceled',
  17: 'Blocked Other Master',
  18: 'Downstream Fail',
  126: 'Non Participating',
  127: 'Undefined',
};

const FILE_MODES = ['Nul', 'Read', 'Write', 'Append'];
const FILE_STATUS: Readonly<Record<number, string>> = {
  0: 'Success',
  1: 'Permission Denied',
  2: 'Invalid Mode',
  3: 'Not Found',
  4: 'Locked',
  5: 'Too Many Open',
  6: 'Invalid Handle',
  7: 'Write Block Size',
  8: 'Comm Lost',
  9: 'Cannot Abort',
  16: 'Not Opened',
  17: 'Handle Expired',
  18: 'Buffer Overrun',
  19: 'Fatal',
  20: 'Block Sequence',
  255: 'Undefined',
};

const named = (names: readonly string[] | Readonly<Record<number, string>>, code: number): string =>
  (names as Record<number, string>)[code] ?? `unknown-${code.toString(16)}`;

export const operationName = (code: number): string => named(OPERATIONS, code);
export const tripCloseName = (code: number): string => named(TRIP_CODES, code);
export const statusName = (code: number): string => named(STATUS, code);
export const fileModeName = (code: number): string => named(FILE_MODES, code);
export const fileStatusName = (code: number): string => named(FILE_STATUS, code);

/** Names of the internal indications, from the highest bit of their 16. */
const INDICATIONS = [
  ...['DEVICE_RESTART', 'DEVICE_TROUBLE', 'LOCAL_CONTROL', 'NEED_TIME'],
  ...['CLASS_3_EVENTS', 'CLASS_2_EVENTS', 'CLASS_1_EVENTS', 'BROADCAST'],
  ...['RESERVED_2', 'RESERVED_1', 'CONFIG_CORRUPT', 'ALREADY_EXECUTING'],
  ...['EVENT_BUFFER_OVERFLOW', 'PARAMETER_ERROR', 'OBJECT_UNKNOWN', 'NO_FUNC_CODE_SUPPORT'],
];
const known = new Map<number, readonly string[]>();

/** The indications that are set; the same list for the same number. */
export function indicationNames(iin: number): readonly string[] {
  let names = known.get(iin);
  if (names === undefined) {
    names = INDICATIONS.filter((_, bit) => (iin & (0x8000 >> bit)) !== 0);
    known.set(iin, names);
  }
  return names;
}
