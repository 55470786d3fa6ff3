/**
 * A DNP3 outstation (IEEE 1815-2012): one `Dnp3Outstation` for a device, one `OutstationSession` for a connection to it (or for a UDP peer). Every
 * value it reports comes from the device when it is asked for; what it keeps is what the protocol is about: which changes a
 * master has not seen yet, what was frozen, which requests were answered.
 */
import { type DeviceIdentity, type Duration, type Instant, NEVER, seconds, UsageError } from '@penstock/core';
import type {
  Answer,
  AssociationHost,
  AssociationOptions,
  AssociationPort,
  Request,
  UnsolicitedOptions,
} from './association-types.ts';
import type { EventBufferSnapshot, EventClass } from './event-buffer.ts';
import { type LinkOptions, stationAddress } from './link-session.ts';
import { Association } from './outstation-association.ts';
import { AttributeSet, type AttributeSource } from './outstation-attributes.ts';
import { FrozenCounters } from './outstation-counters.ts';
import {
  type OutstationClock,
  type OutstationDevice,
  type OutstationFiles,
  type RestartKind,
  SettableClock,
} from './outstation-device.ts';
import { type FileLimits, FileTransfers } from './outstation-files.ts';
import { type OutputCommand, Outputs } from './outstation-outputs.ts';
import {
  COMMAND_EVENTS,
  type OutstationPoint,
  type PointClass,
  PointTable,
  STATIC_KINDS,
  type StaticKind,
} from './outstation-points.ts';
import { RequestHandlers, type RequestHost } from './outstation-requests.ts';
import { OutstationSession } from './outstation-session.ts';
import type { Reading } from './response-writer.ts';
import { IIN } from './tables.ts';
import { FLAG } from './values.ts';

export interface OutstationOptions {
  /** Link address. */
  readonly address: number;
  /** Masters that it knows, each with its own events; default 1 alone. */
  readonly masters?: readonly number[] | undefined;
  /** Answers whoever asks, as the first master it knows; otherwise frames of unknown stations are dropped and counted. */
  readonly anyMaster?: boolean | undefined;
  readonly points: readonly OutstationPoint[];
  readonly device: OutstationDevice;
  readonly identity: DeviceIdentity;
  /** What else group 0 tells. */
  readonly about?: Pick<AttributeSource, 'serialNumber' | 'location' | 'name' | 'id'> | undefined;
  readonly files?: OutstationFiles | undefined;
  readonly fileLimits?: FileLimits | undefined;
  /** The device's clock; one of its own when left out, that begins in 1970. */
  readonly clock?: OutstationClock | undefined;
  /** Whether masters have to set the clock (IIN1.4), and after how long again; a device that has the time from elsewhere leaves it out. */
  readonly timeSync?: { readonly every?: Duration | undefined } | undefined;
  /** Octets of the longest fragment that is sent, 300 to 65535; default 2048. */
  readonly largestFragment?: number | undefined;
  /** Commands in one request; default 16. */
  readonly mostControls?: number | undefined;
  /** Kinds of points that a READ of class 0 reports; all when left out. */
  readonly class0?: readonly StaticKind[] | undefined;
  /** Undefined: the device has no unsolicited responses. */
  readonly unsolicited?: UnsolicitedOptions | undefined;
  readonly confirmTimeout?: Duration | undefined;
  readonly selectTimeout?: Duration | undefined;
  /** Events kept for each kind. */
  readonly events?: AssociationOptions['events'];
  /** How often changes are looked for; default 1 s. 'never': only when `scan` is called, or a command was carried out. */
  readonly scanEvery?: Duration | 'never' | undefined;
  readonly link?: Omit<LinkOptions, 'role' | 'address'> | undefined;
}

export interface OutstationCounters {
  /** Frames of masters that it does not know. */
  strangers: number;
  /** Requests that change something, from somebody who may only read. */
  refused: number;
  events: number;
}

/** What an outstation keeps over a warm restart: what masters have not confirmed. */
export interface OutstationSnapshot {
  /** Milliseconds since 1970 by the device's clock when it was made. */
  readonly time: number;
  /** By master. */
  readonly events: readonly (EventBufferSnapshot & { readonly master: number })[];
}

const MOST_MASTERS = 8;

export class Dnp3Outstation implements AssociationHost, RequestHost {
  readonly address: number;
  readonly device: OutstationDevice;
  readonly tables: Readonly<Record<StaticKind, PointTable>>;
  readonly attributes: AttributeSet;
  readonly class0: readonly StaticKind[];
  readonly outputs: Outputs;
  readonly frozen: FrozenCounters;
  readonly clock: OutstationClock;
  readonly files: FileTransfers | undefined;
  readonly mostControls: number;
  readonly counters: OutstationCounters = { strangers: 0, refused: 0, events: 0 };
  readonly #link: Omit<LinkOptions, 'role'>;
  readonly #anyMaster: boolean;
  readonly #associations: readonly Association[];
  readonly #handlers: RequestHandlers;
  readonly #scanEvery: Duration | undefined;
  readonly #timeEvery: Duration | undefined;
  readonly #mustSync: boolean;
  readonly #reading: Reading = { value: 0, flags: 0, time: 0, octets: undefined };
  #needTime: boolean;
  #needTimeAt = NEVER;
  #scanAt = NEVER;
  #begun = false;
  #restarting = false;
  #now = 0 as Instant;

  /** @throws UsageError `dnp3.address`, `dnp3.point`, `dnp3.fragment` or `dnp3.masters` when an option cannot be. */
  constructor(options: OutstationOptions) {
    const { device, points } = options;
    const largest = options.largestFragment ?? 2048;
    if (!Number.isInteger(largest) || largest < 300 || largest > 65_535)
      throw new UsageError('dnp3.fragment', `the longest fragment has 300 to 65535 octets, not ${largest}`);
    const masters = options.masters ?? [1];
    if (masters.length === 0 || masters.length > MOST_MASTERS || new Set(masters).size !== masters.length)
      throw new UsageError(
        'dnp3.masters',
        `an outstation has 1 to ${MOST_MASTERS} different masters, not [${masters.join(', ')}]`,
      );
    this.address = stationAddress(options.address);
    this.device = device;
    this.tables = tablesOf(points);
    this.class0 = options.class0 ?? STATIC_KINDS;
    this.clock = options.clock ?? new SettableClock();
    this.mostControls = options.mostControls ?? 16;
    this.outputs = new Outputs(device, this.tables['binary-output'], this.tables['analog-output']);
    this.frozen = new FrozenCounters(
      device,
      this.tables.counter,
      this.tables['frozen-counter'],
      this.read,
      (position, now) => this.#frozenEvent(position, now),
    );
    this.files = options.files && new FileTransfers(options.files, largest, options.fileLimits);
    this.attributes = new AttributeSet({
      ...options.about,
      identity: options.identity,
      tables: this.tables,
      largestSent: largest,
      largestTaken: options.link?.largestFragment ?? 2048,
      mostControls: this.mostControls,
    });
    this.#link = { ...options.link, address: this.address };
    this.#anyMaster = options.anyMaster === true;
    this.#handlers = new RequestHandlers(this);
    this.#scanEvery = options.scanEvery === 'never' ? undefined : (options.scanEvery ?? seconds(1));
    this.#mustSync = options.timeSync !== undefined;
    this.#timeEvery = options.timeSync?.every;
    this.#needTime = this.#mustSync;
    const { confirmTimeout, selectTimeout, unsolicited, events } = options;
    this.#associations = masters.map(
      (master) =>
        new Association(this, {
          master: stationAddress(master),
          largestFragment: largest,
          confirmTimeout,
          selectTimeout,
          unsolicited,
          events,
        }),
    );
  }

  /** What it keeps for a master; of the first one when none is named. */
  association(master?: number): Association | undefined {
    return master === undefined
      ? this.#associations[0]
      : this.#associations.find((candidate) => candidate.master === master);
  }

  /**
   * A connection from `address`:`port`. Commands through it name that writer.
   * @param onRefused with it the other side may only read: it is told the function code of what was refused
   * @param onOutput called when there is something to send that nothing received through this session caused
   */
  session(address: string, port: number, onRefused?: (code: number) => void, onOutput?: () => void): OutstationSession {
    return new OutstationSession(this, this.#link, { protocol: 'dnp3', address, port }, onRefused, onOutput);
  }

  accepts(source: number): boolean {
    if (this.#anyMaster || this.association(source) !== undefined) return true;
    this.counters.strangers++;
    return false;
  }

  /** A connection stands: a device with unsolicited responses announces itself to masters that it does not hear otherwise. */
  opened(port: AssociationPort, now: Instant): void {
    this.#start(now);
    for (const association of this.#associations) association.opened(port, now);
  }

  closed(port: AssociationPort): void {
    for (const association of this.#associations) association.closed(port);
  }

  receive(fragment: Uint8Array, source: number, destination: number, port: AssociationPort, now: Instant): void {
    this.#start(now);
    this.#now = now;
    const association = this.association(source) ?? (this.#associations[0] as Association);
    association.receive(fragment, source, destination, port, now);
  }

  handle(request: Request, association: Association, now: Instant): Answer {
    return this.#handlers.handle(request, association, now);
  }

  due(): Instant {
    let due = Math.min(this.#scanAt, this.#needTimeAt, this.outputs.due(), this.frozen.due());
    for (const association of this.#associations) due = Math.min(due, association.due());
    return due as Instant;
  }

  /** Sees to pulses, freezes, changes, and what masters did not confirm. */
  tick(now: Instant): void {
    this.#start(now);
    this.#now = now;
    if (now >= this.#needTimeAt) {
      this.#needTime = true;
      this.#needTimeAt = NEVER;
    }
    this.frozen.tick(now);
    if (this.outputs.tick(now) || now >= this.#scanAt) this.scan(now);
    for (const association of this.#associations) association.tick(now);
  }

  /** Looks for changes of points in classes 1 to 3; each is an event. */
  scan(now: Instant): void {
    this.#start(now);
    this.#now = now;
    if (this.#scanEvery !== undefined) this.#scanAt = (now + this.#scanEvery) as Instant;
    for (const kind of STATIC_KINDS) if (kind !== 'frozen-counter') this.#scanTable(this.tables[kind], now);
  }

  /** Milliseconds since 1970 by the device's clock. */
  time(): number {
    return this.clock.read(this.#now);
  }

  indications(): number {
    const own = this.device.conditions?.() ?? 0;
    const most = IIN.localControl | IIN.deviceTrouble | IIN.configurationCorrupt;
    return (own & most) | (this.#needTime ? IIN.needTime : 0);
  }

  timeSet(now: Instant): void {
    this.#needTime = false;
    this.#needTimeAt = this.#timeEvery === undefined ? NEVER : ((now + this.#timeEvery) as Instant);
  }

  restart(kind: RestartKind, request: Request, now: Instant): Duration | 'executing' | undefined {
    if (this.#restarting) return 'executing';
    const delay = this.device.restart?.(kind, request.port.writer, now);
    if (delay !== undefined) this.#restarting = true;
    return delay;
  }

  /** The device is there again after a restart: masters see IIN1.7 until they clear it; after a cold one events are gone. */
  restarted(kind: RestartKind, now: Instant): void {
    this.#restarting = false;
    this.#begun = false;
    this.#needTime = this.#mustSync;
    this.outputs.clear();
    this.frozen.clear();
    this.files?.clear();
    this.#handlers.clear();
    for (const association of this.#associations) association.restart(kind === 'cold');
    this.#start(now);
  }

  /** What a run that starts from here needs of it beside its device's memory. */
  save(now: Instant): OutstationSnapshot {
    const events = this.#associations.map(({ master, buffer }) => ({ master, ...buffer.save() }));
    return { time: this.clock.read(now), events };
  }

  /** Before anything else is done with it: as after a warm restart of a device that had saved this. Events keep their age. */
  load({ time, events }: OutstationSnapshot, now: Instant): void {
    const later = this.clock.read(now) - time;
    for (const { master, ...kept } of events)
      this.association(master)?.buffer.load({
        ...kept,
        events: kept.events.map((event) => ({ ...event, time: event.time + later })),
      });
  }

  changed(now: Instant): void {
    this.scan(now);
  }

  commanded(command: OutputCommand, index: number, status: number, now: Instant): void {
    const eventClass = this.outputs.row(command, index)?.commandClass ?? 0;
    if (eventClass === 0) return;
    const kind = command.type === 'crob' ? 'binary-command' : 'analog-command';
    // Of a block the state is reported that it asked for (11.9.6).
    const isOn = command.type === 'crob' && command.tripClose !== 2 && (command.operation & 1) === 1;
    this.#event({
      kind,
      index,
      value: command.type === 'crob' ? Number(isOn) : command.value,
      flags: status,
      eventClass,
      variation: COMMAND_EVENTS[kind].eventVariation,
      time: this.clock.read(now),
      now,
    });
  }

  assignClass(table: PointTable, position: number, pointClass: PointClass): void {
    if (table.classes[position] === 0) this.#remember(table, position);
    table.classes[position] = pointClass;
  }

  /** What the device says of a point now; frozen counters are as they were frozen. */
  readonly read = (table: PointTable, position: number, into: Reading): void => {
    if (table.kind === 'frozen-counter') {
      into.value = table.frozen[position] as number;
      into.flags = table.frozenFlags[position] as number;
      into.time = table.frozenTimes[position] as number;
      into.octets = undefined;
      return;
    }
    const point = table.points[position] as number;
    const { device } = this;
    into.flags = device.flags === undefined ? FLAG.online : device.flags(point);
    into.time = this.clock.read(this.#now);
    into.octets = undefined;
    switch (table.kind) {
      case 'binary':
      case 'binary-output':
        into.value = device.read(point) === 0 ? 0 : 1;
        return;
      case 'double-bit':
        into.value = Math.round(this.#onWire(table, position)) & 3;
        return;
      case 'octet-string': {
        const octets = device.octets?.(point);
        into.value = 0;
        // Variation 0 means any length, so that an empty string has one octet (11.9.11).
        into.octets = octets === undefined || octets.length === 0 ? EMPTY : octets.subarray(0, 255);
        return;
      }
      default: {
        const value = this.#onWire(table, position);
        into.value = table.kind === 'counter' ? Math.max(0, Math.floor(value)) : value;
        if (!Number.isFinite(value)) into.flags &= ~FLAG.online;
      }
    }
  };

  #onWire(table: PointTable, position: number): number {
    const value = this.device.read(table.points[position] as number);
    return (value - (table.offsets[position] as number)) / (table.scales[position] as number);
  }

  #start(now: Instant): void {
    if (this.#begun) return;
    this.#begun = true;
    this.#now = now;
    for (const kind of STATIC_KINDS) {
      const table = this.tables[kind];
      for (let position = 0; position < table.count; position++) this.#remember(table, position);
    }
    this.frozen.begin();
    if (this.#scanEvery !== undefined) this.#scanAt = (now + this.#scanEvery) as Instant;
  }

  /** What stands there now is no change. */
  #remember(table: PointTable, position: number): void {
    this.read(table, position, this.#reading);
    table.reported[position] = this.#reading.value;
    table.reportedFlags[position] = this.#reading.flags;
    table.reportedOctets[position] = this.#reading.octets?.slice();
  }

  #scanTable(table: PointTable, now: Instant): void {
    const reading = this.#reading;
    for (let position = 0; position < table.count; position++) {
      const eventClass = table.classes[position] as PointClass;
      if (eventClass === 0) continue;
      this.read(table, position, reading);
      if (!isChange(table, position, reading)) continue;
      const { value, flags, time } = reading;
      const octets = reading.octets?.slice();
      table.reported[position] = value;
      table.reportedFlags[position] = flags;
      table.reportedOctets[position] = octets;
      const variation = table.eventVariations[position] as number;
      const index = table.indices[position] as number;
      this.#event({ kind: table.kind, index, value, flags, eventClass, variation, time, octets, now });
    }
  }

  #frozenEvent(position: number, now: Instant): void {
    const table = this.tables['frozen-counter'];
    const eventClass = table.classes[position] as PointClass;
    if (eventClass === 0) return;
    this.#event({
      kind: 'frozen-counter',
      index: table.indices[position] as number,
      value: table.frozen[position] as number,
      flags: table.frozenFlags[position] as number,
      time: table.frozenTimes[position] as number,
      eventClass,
      variation: table.eventVariations[position] as number,
      now,
    });
  }

  #event(event: {
    readonly kind: StaticKind | 'binary-command' | 'analog-command';
    readonly index: number;
    readonly value: number;
    readonly flags: number;
    readonly time: number;
    readonly eventClass: PointClass;
    readonly variation: number;
    readonly octets?: Uint8Array | undefined;
    readonly now: Instant;
  }): void {
    const { now, ...fields } = event;
    const whole = { ...fields, eventClass: event.eventClass as EventClass, synchronized: !this.#needTime };
    this.counters.events++;
    for (const association of this.#associations) association.event(whole, now);
  }
}

const EMPTY = new Uint8Array(1);

function isChange(table: PointTable, position: number, reading: Reading): boolean {
  if (reading.flags !== table.reportedFlags[position]) return true;
  const { octets, value } = reading;
  if (octets !== undefined) {
    const before = table.reportedOctets[position];
    return before === undefined || before.length !== octets.length || octets.some((octet, at) => octet !== before[at]);
  }
  const difference = Math.abs(value - (table.reported[position] as number));
  return difference > (table.deadbands[position] as number);
}

function tablesOf(points: readonly OutstationPoint[]): Readonly<Record<StaticKind, PointTable>> {
  const entries = STATIC_KINDS.map((kind): [StaticKind, PointTable] => [
    kind,
    new PointTable(
      kind,
      points.filter((point) => point.kind === (kind === 'frozen-counter' ? 'counter' : kind)),
    ),
  ]);
  return Object.fromEntries(entries) as Record<StaticKind, PointTable>;
}
