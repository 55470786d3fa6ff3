/**
 * The object library (IEEE 1815-2012, clause 11 and annex A): one row for every group and variation that has a size or a form, read
 * by one interpreter (`object-codec.ts`). A row missing here is an object that this codec does not know: unsupported, not illegal.
 */

/** How a number is sent. */
export type NumberForm = 'u8' | 'u16' | 'u32' | 'i16' | 'i32' | 'f32' | 'f64';

/** The octets of a point, in their order: flags, number, time. */
export interface PointForm {
  readonly kind: 'point';
  readonly type: 'binary' | 'double-bit' | 'counter' | 'analog';
  readonly flags: boolean;
  /** Undefined where the state is in the flags. */
  readonly number: NumberForm | undefined;
  /** 48 bits since 1970, or 16 bits since the common time of occurrence. */
  readonly time: 'absolute' | 'relative' | undefined;
}

export type ObjectForm =
  | PointForm
  /** One or two bits a point, the first in the lowest. */
  | { readonly kind: 'packed'; readonly bits: 1 | 2 }
  | { readonly kind: 'analog-command'; readonly number: NumberForm }
  | { readonly kind: 'binary-command-event'; readonly time: boolean }
  | { readonly kind: 'analog-command-event'; readonly number: NumberForm; readonly time: boolean }
  | { readonly kind: 'crob' | 'time' | 'time-interval' | 'time-interval-units' | 'delay' | 'buffer-status' | 'private' }
  | { readonly kind: 'security-statistic'; readonly time: boolean }
  | { readonly kind: 'bcd'; readonly octets: number }
  | { readonly kind: 'unsigned'; readonly number: NumberForm }
  | { readonly kind: 'attribute' }
  /** So many octets; `variation` says how many, or the prefix of a sized object does. */
  | { readonly kind: 'octets'; readonly octets: number | 'variation' | 'prefix' }
  | {
      readonly kind:
        | 'file-authentication'
        | 'file-command'
        | 'file-status'
        | 'file-transport'
        | 'file-transport-status'
        | 'file-descriptor'
        | 'name'
        | 'activation-status';
    }
  /** Only headers exist. */
  | { readonly kind: 'none' };

export interface ObjectType {
  readonly group: number;
  /** 0 stands for all variations of a group whose variation is a length or an attribute. */
  readonly variation: number;
  readonly name: string;
  readonly form: ObjectForm;
  /** Octets of one object; undefined where objects differ, and for packed bits. */
  readonly octets: number | undefined;
}

const NUMBER_OCTETS: Record<NumberForm, number> = { u8: 1, u16: 2, u32: 4, i16: 2, i32: 4, f32: 4, f64: 8 };

function octetsOf(form: ObjectForm): number | undefined {
  switch (form.kind) {
    case 'point':
      return (
        (form.flags ? 1 : 0) +
        (form.number === undefined ? 0 : NUMBER_OCTETS[form.number]) +
        (form.time === 'absolute' ? 6 : form.time === 'relative' ? 2 : 0)
      );
    case 'analog-command':
      return NUMBER_OCTETS[form.number] + 1;
    case 'binary-command-event':
      return form.time ? 7 : 1;
    case 'analog-command-event':
      return 1 + NUMBER_OCTETS[form.number] + (form.time ? 6 : 0);
    case 'crob':
      return 11;
    case 'time':
      return 6;
    case 'time-interval':
      return 10;
    case 'time-interval-units':
      return 11;
    case 'delay':
      return 2;
    case 'buffer-status':
      return 3;
    case 'security-statistic':
      return form.time ? 13 : 7;
    case 'bcd':
      return form.octets;
    case 'unsigned':
      return NUMBER_OCTETS[form.number];
    case 'octets':
      return typeof form.octets === 'number' ? form.octets : undefined;
    default:
      return undefined;
  }
}

const TYPES = new Map<number, ObjectType>();

function add(group: number, variation: number, name: string, form: ObjectForm): void {
  TYPES.set(group * 256 + variation, { group, variation, name, form, octets: octetsOf(form) });
}

function rows(group: number, name: string, list: readonly (readonly [number, string, ObjectForm])[]): void {
  for (const [variation, what, form] of list) add(group, variation, `${name}, ${what}`, form);
}

/**
 * Variations 1, 2, … of a point, in words: its number (none where the state is in the flags), `flag`, `time` or `relative-time`.
 */
function points(group: number, name: string, type: PointForm['type'], variations: readonly string[]): void {
  variations.forEach((text, index) => {
    const words = text.split(' ');
    const form: PointForm = {
      kind: 'point',
      type,
      flags: words.includes('flag'),
      number: words.find((word): word is NumberForm => word in NUMBER_OCTETS),
      time: words.includes('time') ? 'absolute' : words.includes('relative-time') ? 'relative' : undefined,
    };
    add(group, index + 1, `${name}, ${text}`, form);
  });
}

const BIT: ObjectForm = { kind: 'packed', bits: 1 };
const SIZED: ObjectForm = { kind: 'octets', octets: 'prefix' };
const BY_VARIATION: ObjectForm = { kind: 'octets', octets: 'variation' };
const NONE: ObjectForm = { kind: 'none' };

const COUNTER_EVENTS = ['u32 flag', 'u16 flag', 'u32 flag', 'u16 flag', 'u32 flag time', 'u16 flag time'];
const ANALOG_EVENTS = ['i32 flag', 'i16 flag', 'i32 flag time', 'i16 flag time', 'f32 flag', 'f64 flag'];
const FLOAT_TIMES = ['f32 flag time', 'f64 flag time'];
const DELTA_TIMES = ['u32 flag time', 'u16 flag time'];

add(0, 0, 'Device attribute', { kind: 'attribute' });
points(1, 'Binary input', 'binary', ['flag', 'flag']);
add(1, 1, 'Binary input, packed', BIT);
points(2, 'Binary input event', 'binary', ['flag', 'flag time', 'flag relative-time']);
points(3, 'Double-bit binary input', 'double-bit', ['flag', 'flag']);
add(3, 1, 'Double-bit binary input, packed', { kind: 'packed', bits: 2 });
points(4, 'Double-bit binary input event', 'double-bit', ['flag', 'flag time', 'flag relative-time']);
points(10, 'Binary output status', 'binary', ['flag', 'flag']);
add(10, 1, 'Binary output, packed', BIT);
points(11, 'Binary output event', 'binary', ['flag', 'flag time']);
rows(12, 'Binary output command', [
  [1, 'control relay output block', { kind: 'crob' }],
  [2, 'pattern control block', { kind: 'crob' }],
  [3, 'pattern mask', BIT],
]);
rows(13, 'Binary output command event', [
  [1, 'status', { kind: 'binary-command-event', time: false }],
  [2, 'status time', { kind: 'binary-command-event', time: true }],
]);

// Variations of the obsolete delta counters look like the others.
points(20, 'Counter', 'counter', ['u32 flag', 'u16 flag', 'u32 flag', 'u16 flag', 'u32', 'u16', 'u32', 'u16']);
points(21, 'Frozen counter', 'counter', [...COUNTER_EVENTS, ...DELTA_TIMES, 'u32', 'u16', 'u32', 'u16']);
points(22, 'Counter event', 'counter', [...COUNTER_EVENTS, ...DELTA_TIMES]);
points(23, 'Frozen counter event', 'counter', [...COUNTER_EVENTS, ...DELTA_TIMES]);

points(30, 'Analog input', 'analog', ['i32 flag', 'i16 flag', 'i32', 'i16', 'f32 flag', 'f64 flag']);
points(31, 'Frozen analog input', 'analog', [
  ...['i32 flag', 'i16 flag', 'i32 flag time', 'i16 flag time', 'i32', 'i16', 'f32 flag', 'f64 flag'],
]);
points(32, 'Analog input event', 'analog', [...ANALOG_EVENTS, ...FLOAT_TIMES]);
points(33, 'Frozen analog input event', 'analog', [...ANALOG_EVENTS, ...FLOAT_TIMES]);
points(34, 'Analog input reporting dead band', 'analog', ['u16', 'u32', 'f32']);
points(40, 'Analog output status', 'analog', ['i32 flag', 'i16 flag', 'f32 flag', 'f64 flag']);
for (const [index, form] of (['i32', 'i16', 'f32', 'f64'] as const).entries()) {
  add(41, index + 1, `Analog output block, ${form}`, { kind: 'analog-command', number: form });
  const floats = index < 2 ? 0 : 2;
  const event = { kind: 'analog-command-event', number: form } as const;
  add(43, index + 1 + floats, `Analog output command event, ${form}`, { ...event, time: false });
  add(43, index + 3 + floats, `Analog output command event, ${form} time`, { ...event, time: true });
}
points(42, 'Analog output event', 'analog', [...ANALOG_EVENTS, ...FLOAT_TIMES]);

rows(50, 'Time and date', [
  [1, 'absolute time', { kind: 'time' }],
  [2, 'absolute time and interval', { kind: 'time-interval' }],
  [3, 'absolute time at last recorded time', { kind: 'time' }],
  [4, 'indexed absolute time and long interval', { kind: 'time-interval-units' }],
]);
rows(51, 'Time and date common time of occurrence', [
  [1, 'synchronized', { kind: 'time' }],
  [2, 'unsynchronized', { kind: 'time' }],
]);
rows(52, 'Time delay', [
  [1, 'coarse', { kind: 'delay' }],
  [2, 'fine', { kind: 'delay' }],
]);
rows(60, 'Class objects', [
  [1, 'class 0', NONE],
  [2, 'class 1', NONE],
  [3, 'class 2', NONE],
  [4, 'class 3', NONE],
]);
rows(70, 'File control', [
  [1, 'file identifier (obsolete)', SIZED],
  [2, 'authentication', { kind: 'file-authentication' }],
  [3, 'file command', { kind: 'file-command' }],
  [4, 'file command status', { kind: 'file-status' }],
  [5, 'file transport', { kind: 'file-transport' }],
  [6, 'file transport status', { kind: 'file-transport-status' }],
  [7, 'file descriptor', { kind: 'file-descriptor' }],
  [8, 'file specification string', { kind: 'name' }],
]);
add(80, 1, 'Internal indications, packed', BIT);
add(81, 1, 'Device storage, buffer fill status', { kind: 'buffer-status' });
add(82, 1, 'Device profile, functions and indexes', SIZED);
rows(83, 'Data set', [
  [1, 'private registration', { kind: 'private' }],
  [2, 'private registration descriptor', SIZED],
]);
add(85, 1, 'Data set prototype, with UUID', SIZED);
rows(86, 'Data set descriptor', [
  [1, 'data set contents', SIZED],
  [2, 'characteristics', { kind: 'octets', octets: 1 }],
  [3, 'point index attributes', SIZED],
]);
add(87, 1, 'Data set, present value', SIZED);
add(88, 1, 'Data set event, snapshot', SIZED);
add(90, 1, 'Application, identifier', { kind: 'name' });
add(91, 1, 'Status of requested operation, activate configuration', { kind: 'activation-status' });

rows(101, 'Binary-coded decimal integer', [
  [1, 'small', { kind: 'bcd', octets: 2 }],
  [2, 'medium', { kind: 'bcd', octets: 4 }],
  [3, 'large', { kind: 'bcd', octets: 8 }],
]);
add(102, 1, 'Unsigned integer, 8-bit', { kind: 'unsigned', number: 'u8' });
add(110, 0, 'Octet string', BY_VARIATION);
add(111, 0, 'Octet string event', BY_VARIATION);
add(112, 0, 'Virtual terminal output block', BY_VARIATION);
add(113, 0, 'Virtual terminal event data', BY_VARIATION);

rows(120, 'Authentication', [
  ...([
    [1, 'challenge'],
    [2, 'reply'],
    [5, 'session key status'],
    [6, 'session key change'],
    [7, 'error'],
    [8, 'user certificate'],
    [9, 'message authentication code'],
    [10, 'user status change'],
    [11, 'update key change request'],
    [12, 'update key change reply'],
    [13, 'update key change'],
    [14, 'update key change signature'],
    [15, 'update key change confirmation'],
  ].map(([variation, what]) => [variation, what, SIZED]) as [number, string, ObjectForm][]),
  [3, 'aggressive mode request', { kind: 'octets', octets: 6 }],
  [4, 'session key status request', { kind: 'octets', octets: 2 }],
]);
add(121, 1, 'Security statistic', { kind: 'security-statistic', time: false });
add(122, 1, 'Security statistic event', { kind: 'security-statistic', time: false });
add(122, 2, 'Security statistic event, time', { kind: 'security-statistic', time: true });

/** Groups whose variation is a length or the number of an attribute. */
const ANY_VARIATION: ReadonlySet<number> = new Set([0, 110, 111, 112, 113]);

/** What an object looks like; undefined for a group or variation that is not in the library. */
export function objectType(group: number, variation: number): ObjectType | undefined {
  return TYPES.get(ANY_VARIATION.has(group) ? group * 256 : group * 256 + variation);
}

/** Whether any variation of a group is in the library, as a request for variation 0 (whichever the outstation prefers) needs. */
export function isKnownGroup(group: number): boolean {
  return GROUPS.has(group);
}

const GROUPS: ReadonlySet<number> = new Set([...TYPES.values()].map((type) => type.group));
