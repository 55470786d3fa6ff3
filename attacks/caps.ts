/** What a scenario and each of its steps may send at most. The engine counts; a verb that wants more is ended. */
import { type Duration, hours, type Instant } from '@penstock/core';
import type { ServiceName } from '@penstock/protocols/opcua';
import { S7Transaction } from '@penstock/protocols/s7comm';
import type {
  BacnetReplied,
  BacnetSession,
  Cause,
  Dnp3Replied,
  Dnp3Session,
  DoorSession,
  EngineeringSession,
  EventQueue,
  Foothold,
  ModbusSession,
  MqttLogin,
  MqttSession,
  OpcUaLogin,
  OpcUaSession,
  Reply,
  S7Session,
  Worked,
} from '@penstock/simulator/kernel';
import type { CapsSpec } from './words.ts';

/** Bounds that hold where a scenario names none. */
export const DEFAULT_CAPS = { packets: 100_000, writes: 2000, perSecond: 100, duration: hours(7 * 24) } as const;

/** Modbus functions that change something in the device. */
const WRITES = new Set([5, 6, 15, 16, 21, 22, 23]);

/** DNP3 functions that change nothing: READ, DELAY_MEASURE. */
const DNP3_ASKS = new Set([1, 23]);

export class Meter {
  packets = 0;
  writes = 0;
  /** Writes that a device took. */
  taken = 0;
  readonly #caps: Required<{ [K in keyof CapsSpec]: NonNullable<CapsSpec[K]> }>;
  readonly #name: string;
  #next = 0;
  #began: Instant | undefined;

  /** `name`: whose caps these are, for messages. */
  constructor(caps: CapsSpec, name: string) {
    this.#name = name;
    this.#caps = {
      packets: caps.packets ?? DEFAULT_CAPS.packets,
      writes: caps.writes ?? DEFAULT_CAPS.writes,
      perSecond: caps.perSecond ?? DEFAULT_CAPS.perSecond,
      duration: caps.duration ?? DEFAULT_CAPS.duration,
    };
  }

  begin(now: Instant): void {
    this.#began ??= now;
  }

  /** Why one more may not be sent; undefined when it may. */
  refusal(now: Instant, write: boolean): string | undefined {
    const { packets, writes } = this.#caps;
    if (this.packets >= packets) return `${this.#name} may send ${packets} packets`;
    if (write && this.writes >= writes) return `${this.#name} may write ${writes} times`;
    return this.overdue(now);
  }

  /** Why it has to end by now. */
  overdue(now: Instant): string | undefined {
    const { duration } = this.#caps;
    if (this.#began === undefined || now - this.#began < duration) return undefined;
    return `${this.#name} may last ${duration / 1e6} s`;
  }

  /** Earliest time for one more. */
  slot(now: Instant): Instant {
    return Math.max(now, this.#next) as Instant;
  }

  /** One more goes out at `at`. */
  take(at: Instant, write: boolean): void {
    this.packets++;
    if (write) this.writes++;
    this.#next = at + Math.ceil(1e6 / this.#caps.perSecond);
  }
}

/** Who counts, and what happens when a cap is reached. */
export interface Metering {
  readonly queue: EventQueue;
  readonly meters: readonly Meter[];
  /** Whether the step still runs; what it wants later is not sent any more. */
  active(): boolean;
  /** A cap is reached: the step ends. */
  capped(reason: string): void;
  /** A session was opened, to be ended with the step if the step cannot do so itself. */
  opened(session: { release(): void }): void;
}

/** The same foothold, with everything that goes out of it counted, held to its rate, and refused beyond its caps. */
export function meteredFoothold(foothold: Foothold, metering: Metering): Foothold {
  const { queue, meters, active, capped } = metering;
  const send = (write: boolean, act: () => void): void => {
    if (!active()) return;
    const now = queue.now;
    for (const meter of meters) {
      const reason = meter.refusal(now, write);
      if (reason !== undefined) {
        capped(reason);
        return;
      }
    }
    let at = now;
    for (const meter of meters) at = Math.max(at, meter.slot(now)) as Instant;
    for (const meter of meters) meter.take(at, write);
    if (at === now) act();
    else queue.at(at, { run: () => active() && act() });
  };
  const { s7, dnp3, bacnet, mqtt, opcua, engineer, doors, ping, connect, interpose } = foothold;
  return {
    device: foothold.device,
    modbus(target) {
      const session = foothold.modbus(target);
      metering.opened(session);
      return meteredSession(session, send, metering);
    },
    ...(s7 && {
      s7: (target: string) => {
        const session = s7.call(foothold, target);
        metering.opened(session);
        return meteredS7(session, send, metering);
      },
    }),
    ...(dnp3 && {
      dnp3: (target: string, cause: Cause, as?: number) => {
        const session = dnp3.call(foothold, target, cause, as);
        metering.opened(session);
        return meteredDnp3(session, send, metering);
      },
    }),
    ...(mqtt && {
      mqtt: (target: string, login: MqttLogin, cause: Cause) => {
        const session = mqtt.call(foothold, target, login, cause);
        metering.opened(session);
        return meteredMqtt(session, send, metering);
      },
    }),
    ...(bacnet && {
      bacnet: (target: string, cause: Cause) => {
        const session = bacnet.call(foothold, target, cause);
        metering.opened(session);
        return meteredBacnet(session, send, metering);
      },
    }),
    ...(opcua && {
      opcua: (target: string, cause: Cause, login?: OpcUaLogin) => {
        const session = opcua.call(foothold, target, cause, login);
        metering.opened(session);
        return meteredOpcUa(session, send, metering);
      },
    }),
    ...(engineer && {
      engineer: (target: string, cause: Cause) => {
        const session = engineer.call(foothold, target, cause);
        metering.opened(session);
        return meteredEngineering(session, send, metering);
      },
    }),
    ...(doors && {
      doors: (target: string, cause: Cause) => meteredDoors(doors.call(foothold, target, cause), send, metering),
    }),
    ...(ping && {
      ping: (target: string, cause: Cause, done: (answered: boolean) => void) =>
        send(false, () => ping.call(foothold, target, cause, (answered) => active() && done(answered))),
    }),
    ...(connect && {
      connect: (target, port, cause, done) =>
        send(false, () => connect.call(foothold, target, port, cause, (answer) => active() && done(answer))),
    }),
    ...(interpose && { interpose: (near, far, options) => interpose.call(foothold, near, far, options) }),
  };
}

function meteredSession(
  session: ModbusSession,
  send: (write: boolean, act: () => void) => void,
  { meters, active }: Metering,
): ModbusSession {
  return {
    request(unit: number, pdu: Uint8Array, cause: Cause, done: (reply: Reply, now: Instant) => void) {
      const write = WRITES.has(pdu[0] as number);
      send(write, () =>
        session.request(unit, pdu, cause, (reply, now) => {
          // An exception has the highest bit of its function set.
          if (write && reply.outcome === 'answered' && (reply.pdu[0] as number) < 0x80)
            for (const meter of meters) meter.taken++;
          if (active()) done(reply, now);
        }),
      );
    },
    release: () => session.release(),
  };
}

function meteredS7(
  session: S7Session,
  send: (write: boolean, act: () => void) => void,
  { meters, active }: Metering,
): S7Session {
  return {
    request(message, cause, done) {
      const write = new S7Transaction(message).changes;
      send(write, () =>
        session.request(message, cause, (reply, now) => {
          // A refusal of the whole is an acknowledgement without data; of one item, its return code stands behind the header.
          if (write && reply.outcome === 'answered' && reply.pdu[1] === 3 && reply.pdu[14] === 0xff)
            for (const meter of meters) meter.taken++;
          if (active()) done(reply, now);
        }),
      );
    },
    release: () => session.release(),
  };
}

/** What a client says counts as one request each; a message that is acknowledged as a write. */
function meteredMqtt(
  session: MqttSession,
  send: (write: boolean, act: () => void) => void,
  { meters, active }: Metering,
): MqttSession {
  return {
    connect: (done) => send(false, () => session.connect((code) => active() && done(code))),
    publish: (message, done) =>
      send(true, () =>
        session.publish(message, (answer) => {
          if (answer !== 'closed' && answer < 0x80) for (const meter of meters) meter.taken++;
          if (active()) done(answer);
        }),
      ),
    subscribe: (filters, done, heard) =>
      send(false, () =>
        session.subscribe(
          filters,
          (codes) => active() && done(codes),
          (name, payload) => active() && heard(name, payload),
        ),
      ),
    raw: (bytes) => send(false, () => session.raw(bytes)),
    release: () => session.release(),
  };
}

/**
 * What asks through sessions that say how many requests it took: a SELECT with its OPERATE, and what had to be repeated, count as their
 * requests do once it is known how many those were.
 */
const counted =
  <R extends { readonly requests: number; readonly outcome: string }>(
    send: (write: boolean, act: () => void) => void,
    { meters, active }: Metering,
  ) =>
  (
    write: boolean,
    act: (done: (reply: R, now: Instant) => void) => void,
    done: (reply: R, now: Instant) => void,
  ): void =>
    send(write, () =>
      act((reply, now) => {
        for (const meter of meters) {
          meter.packets += Math.max(0, reply.requests - 1);
          if (write && reply.outcome === 'done') meter.taken++;
        }
        if (active()) done(reply, now);
      }),
    );

function meteredDnp3(
  session: Dnp3Session,
  send: (write: boolean, act: () => void) => void,
  metering: Metering,
): Dnp3Session {
  const work = counted<Parameters<Dnp3Replied>[0]>(send, metering);
  return {
    read: (objects, cause, done) => work(false, (then) => session.read(objects, cause, then), done),
    command: (command, way, cause, done) => work(true, (then) => session.command(command, way, cause, then), done),
    perform: (code, objects, cause, done) =>
      work(!DNP3_ASKS.has(code), (then) => session.perform(code, objects, cause, then), done),
    release: () => session.release(),
  };
}

/** Services of OPC UA that change something. */
const CHANGES: ReadonlySet<ServiceName> = new Set(['Write', 'Call', 'AddNodes', 'DeleteNodes', 'HistoryUpdate']);

function meteredOpcUa(
  session: OpcUaSession,
  send: (write: boolean, act: () => void) => void,
  { meters, active }: Metering,
): OpcUaSession {
  return {
    request: (service, body, cause, done) => {
      const write = CHANGES.has(service);
      send(write, () =>
        session.request(service, body, cause, (response, status, now) => {
          if (write && response !== undefined) for (const meter of meters) meter.taken++;
          if (active()) done(response, status, now);
        }),
      );
    },
    release: () => session.release(),
  };
}

function meteredBacnet(
  session: BacnetSession,
  send: (write: boolean, act: () => void) => void,
  metering: Metering,
): BacnetSession {
  const work = counted<Parameters<BacnetReplied>[0]>(send, metering);
  return {
    read: (place, cause, done) => work(false, (then) => session.read(place, cause, then), done),
    write: (place, values, priority, cause, done) =>
      work(true, (then) => session.write(place, values, priority, cause, then), done),
    reinitialize: (request, cause, done) => work(true, (then) => session.reinitialize(request, cause, then), done),
    communicationControl: (control, cause, done) =>
      work(true, (then) => session.communicationControl(control, cause, then), done),
    whoIs: (low, high, everybody, cause) => send(false, () => session.whoIs(low, high, everybody, cause)),
    release: () => session.release(),
  };
}

/** Console commands that change nothing. */
const ASKS = /^(help|version|tags|show|log|net|status|users|exit)\b/;

/** A page, a file and an SNMP request count as one each, a console session as its lines. */
function meteredDoors(
  session: DoorSession,
  send: (write: boolean, act: () => void) => void,
  { meters, active }: Metering,
): DoorSession {
  const took = (write: boolean, isTaken: boolean): void => {
    if (write && isTaken) for (const meter of meters) meter.taken++;
  };
  return {
    web(request, done) {
      const write = request.method !== 'GET';
      send(write, () =>
        session.web(request, (response, now) => {
          took(write, response !== undefined && response.status < 400);
          if (active()) done(response, now);
        }),
      );
    },
    console(login, lines, done) {
      const write = lines.some((line) => !ASKS.test(line));
      send(write, () => {
        for (const meter of meters) meter.packets += Math.max(0, lines.length - 1);
        session.console(login, lines, (outcome, now) => {
          took(write, outcome.outcome === 'done');
          if (active()) done(outcome, now);
        });
      });
    },
    files(login, errand, done) {
      const write = errand.kind === 'store' || errand.kind === 'delete';
      send(write, () =>
        session.files(login, errand, (outcome, now) => {
          took(write, outcome.outcome === 'done');
          if (active()) done(outcome, now);
        }),
      );
    },
    snmp: (community, kind, oids, done) =>
      send(false, () => session.snmp(community, kind, oids, (bindings, now) => active() && done(bindings, now))),
  };
}

/** A piece of work counts as its requests do, once it is known how many those were; at its start it takes one. */
function meteredEngineering(
  session: EngineeringSession,
  send: (write: boolean, act: () => void) => void,
  { meters, active }: Metering,
): EngineeringSession {
  const work = <T>(write: boolean, act: (done: Worked<T>) => void, done: Worked<T>): void =>
    send(write, () =>
      act((outcome, now) => {
        for (const meter of meters) {
          meter.packets += Math.max(0, outcome.requests - 1);
          if (write && outcome.outcome === 'done') meter.taken++;
        }
        if (active()) done(outcome, now);
      }),
    );
  return {
    protocol: session.protocol,
    readProgram: (done) => work(false, (then) => session.readProgram(then), done),
    writeProgram: (text, done) => work(true, (then) => session.writeProgram(text, then), done),
    deleteProgram: (done) => work(true, (then) => session.deleteProgram(then), done),
    setMode: (mode, done) => work(true, (then) => session.setMode(mode, then), done),
    release: () => session.release(),
  };
}

/** A pause that ends when it is told to: `act` runs later unless the step is over by then. */
export const laterIn =
  (queue: EventQueue, active: () => boolean) =>
  (delay: Duration, act: () => void): void =>
    void queue.in(delay, { run: () => active() && act() });
