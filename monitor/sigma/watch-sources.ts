/** What the process watch tells rules about beside limits: each log source with the fields of its own. All have the point's, too. */

type Kind = 'text' | 'number' | 'boolean' | 'texts';

interface WatchSource {
  readonly service: string;
  readonly about: string;
  readonly fields: readonly (readonly [name: string, kind: Kind, about: string])[];
}

export const WATCH_SOURCES: readonly WatchSource[] = [
  {
    service: 'readback',
    about: 'a device shows after a write that a point has another value than the one written',
    fields: [
      ['readback.written', 'number', 'what was written'],
      ['readback.seconds', 'number', 'time between write and reading'],
      ['readback.learned', 'boolean', 'the point did not keep what it was given while learning, either'],
    ],
  },
  {
    service: 'point_rate',
    about: 'a reading or set point moves faster than the owner says that it can, or than three times what was learned',
    fields: [
      ['rate.per_second', 'number', 'change per second; for a set point the size of the step'],
      ['rate.limit', 'number', 'what it may be'],
      ['rate.basis', 'text', 'owner or learned'],
      ['rate.count', 'number', 'how many values of the same answer do'],
    ],
  },
  {
    service: 'point_unordered',
    about: 'a set point or mode changes without a write that was seen',
    fields: [
      ['unordered.after_command', 'boolean', 'another point of the device was commanded in the 30 s before'],
      ['unordered.gap', 'number', 'seconds since the reading before, in which it changed'],
      ['unordered.learned', 'boolean', 'it changed without a write while learning, too'],
    ],
  },
  {
    service: 'point_invalid',
    about: 'a reading is no number (NaN or infinite), as instruments tell that they are out of order',
    fields: [],
  },
  {
    service: 'point_quality',
    about:
      'a device says that a value is worth nothing any more, or something again, or that it is forced (flags of DNP3)',
    fields: [
      ['quality.state', 'text', 'good, offline, communication-lost, restart or forced'],
      ['quality.before', 'text', 'what it was before'],
    ],
  },
  {
    service: 'point_still',
    about: 'a reading stands still for three times as long as it ever did, while it is polled',
    fields: [
      ['still.seconds', 'number', 'for how long'],
      ['still.usual', 'number', 'longest time that it stood still before, seconds'],
      ['still.tags', 'texts', 'tags of the block that began to stand still together'],
      ['still.count', 'number', 'how many they are'],
      ['still.neighbours', 'number', 'other readings of the same block that move'],
    ],
  },
  {
    service: 'point_replay',
    about: 'readings repeat an earlier stretch value for value although they carry noise: a recording is played back',
    fields: [
      ['replay.tags', 'texts', 'tags that repeat themselves'],
      ['replay.count', 'number', 'how many they are'],
      ['replay.readings', 'number', 'readings of the first one that were compared and are equal'],
      ['replay.seconds_back', 'number', 'about how long ago the recording was made'],
    ],
  },
  {
    service: 'view',
    about: 'a client is no longer told what it polled regularly',
    fields: [
      ['view.whole', 'boolean', 'nothing of this device reaches the client any more, rather than part of it'],
      ['view.reason', 'text', 'refused (exceptions), unanswered, or silent (nobody asks)'],
      ['view.exception', 'text', 'the newest exception'],
      ['view.tags', 'texts', 'tags whose displayed values are old'],
      ['view.count', 'number', 'how many they are'],
      ['view.seconds', 'number', 'age of the data'],
    ],
  },
  {
    service: 'invariant',
    about: 'displayed values contradict what the owner says must hold between them',
    fields: [
      ['invariant.id', 'text', "the invariant's id"],
      ['invariant.name', 'text', 'what it says'],
      ['invariant.holds', 'text', 'the expression that does not hold'],
      ['invariant.severity', 'text', 'low, medium or high, as the owner has it'],
      ['invariant.matters', 'text', 'why it matters'],
      ['invariant.tags', 'texts', 'tags that it accuses'],
      ['invariant.devices', 'texts', 'devices of those tags'],
      ['invariant.values', 'text', 'displayed values of all tags in it'],
      ['invariant.seconds', 'number', 'for how long it has not held'],
    ],
  },
];
