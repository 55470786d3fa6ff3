/** What somebody who sits at a device of the plant can make it send, done in its container: the same sessions as on the wire in memory. */
import type { Instant } from '@penstock/core';
import { STATUS } from '@penstock/protocols/opcua';
import {
  bacnetServiceOf,
  dnp3ServiceOf,
  doorServiceOf,
  engineeringProtocol,
  mqttServiceOf,
  opcuaServiceOf,
  pointCheck,
  s7ServiceOf,
} from '@penstock/simulator/devices';
import type {
  BacnetReplied,
  BacnetReply,
  BacnetSession,
  Cause,
  Dnp3Replied,
  Dnp3Reply,
  Dnp3Session,
  DoorSession,
  EngineeringSession,
  Foothold,
  ModbusSession,
  MqttLogin,
  MqttSession,
  OpcUaLogin,
  OpcUaSession,
  OutsideEntry,
  PointSession,
  PortAnswer,
  Reply,
  S7Session,
  Worked,
  WorkOutcome,
} from '@penstock/simulator/kernel';
import type { RemoteDevice } from './remote-device.ts';
import type { Opening, Served, Work } from './session-words.ts';

const NOBODY: Reply = { outcome: 'closed' };
const NO_CLIENT: BacnetReply = { outcome: 'closed', detail: 'its container is gone', values: [], requests: 1 };
const NO_SERVER: Served = { status: STATUS.badNotConnected };
const NO_MASTER: Dnp3Reply = { outcome: 'closed', values: [], requests: 1 };
const NO_STATION: WorkOutcome<never> = { outcome: 'closed', detail: 'its container is gone', requests: 1 };
const PORT_ANSWERS: ReadonlySet<string> = new Set<PortAnswer>(['open', 'refused', 'silent']);

export class RemoteFoothold implements Foothold {
  readonly device: string;
  readonly #device: RemoteDevice;
  readonly #clock: OutsideEntry;

  /** @param clock brings answers into the run */
  constructor(device: RemoteDevice, clock: OutsideEntry) {
    this.device = device.spec.id;
    this.#device = device;
    this.#clock = clock;
  }

  modbus(target: string): ModbusSession {
    const session = this.#open({ over: 'modbus', target });
    return {
      request: (unit, pdu, cause, done) => session.work({ do: 'pdu', unit, pdu, cause }, NOBODY, done),
      release: session.release,
    };
  }

  points(target: string, cause: Cause): PointSession | undefined {
    const check = pointCheck(this.#device, target);
    if (check === undefined) return undefined;
    const session = this.#open({ over: 'points', target, cause });
    return {
      write: (tag, value, done) => {
        check(tag);
        session.work<boolean>({ do: 'write-point', tag, value }, false, (accepted) => done?.(accepted));
      },
      release: session.release,
    };
  }

  s7(target: string): S7Session {
    s7ServiceOf(this.#device.device(target));
    const session = this.#open({ over: 's7', target });
    return {
      request: (message, cause, done) => session.work({ do: 'message', message, cause }, NOBODY, done),
      release: session.release,
    };
  }

  dnp3(target: string, cause: Cause, as?: number): Dnp3Session {
    dnp3ServiceOf(this.#device.device(target));
    const session = this.#open({ over: 'dnp3', target, cause, ...(as !== undefined && { as }) });
    const work = (what: Work, done: Dnp3Replied): void => session.work(what, NO_MASTER, done);
    return {
      read: (objects, by, done) => work({ do: 'read', objects, cause: by }, done),
      command: (command, way, by, done) => work({ do: 'command', command, way, cause: by }, done),
      perform: (code, objects, by, done) => work({ do: 'perform', code, objects, cause: by }, done),
      release: session.release,
    };
  }

  bacnet(target: string, cause: Cause): BacnetSession {
    bacnetServiceOf(this.#device.device(target));
    const session = this.#open({ over: 'bacnet', target, cause });
    const work = (what: Work, done: BacnetReplied): void => session.work(what, NO_CLIENT, done);
    return {
      read: (place, by, done) => work({ do: 'read-property', place, cause: by }, done),
      write: (place, values, priority, by, done) =>
        work({ do: 'write-property', place, values, ...(priority !== undefined && { priority }), cause: by }, done),
      reinitialize: (request, by, done) => work({ do: 'reinitialize', request, cause: by }, done),
      communicationControl: (control, by, done) => work({ do: 'communication-control', control, cause: by }, done),
      whoIs: (low, high, everybody, by) =>
        session.work({ do: 'who-is', low, high, everybody, cause: by }, undefined, () => {}),
      release: session.release,
    };
  }

  mqtt(target: string, login: MqttLogin, cause: Cause): MqttSession {
    mqttServiceOf(this.#device.device(target));
    const session = this.#open({ over: 'mqtt', target, cause, login });
    return {
      connect: (done) => session.work<number | 'closed'>({ do: 'connect' }, 'closed', done),
      publish: (message, done) => session.work<number | 'closed'>({ do: 'publish', message }, 'closed', done),
      subscribe: (filters, done, heard) => {
        session.hear(heard);
        session.work<readonly number[] | 'closed'>({ do: 'subscribe', filters }, 'closed', done);
      },
      raw: (bytes) => session.work({ do: 'raw', bytes }, undefined, () => {}),
      release: session.release,
    };
  }

  opcua(target: string, cause: Cause, login?: OpcUaLogin): OpcUaSession {
    opcuaServiceOf(this.#device.device(target));
    const session = this.#open({ over: 'opcua', target, cause, ...(login && { login }) });
    return {
      request: (service, body, by, done) =>
        session.work<Served>({ do: 'service', service, body, cause: by }, NO_SERVER, ({ response, status }, now) =>
          // It is what the session in the container answered to this service.
          done(response as Parameters<typeof done>[0], status, now),
        ),
      release: session.release,
    };
  }

  /** Each piece of work has a session of its own, for nobody says when the last one was done. */
  doors(target: string, cause: Cause): DoorSession {
    const spec = this.#device.device(target);
    const work = <T>(what: Work, otherwise: T, done: (result: T, now: Instant) => void): void => {
      const session = this.#open({ over: 'doors', target, cause });
      session.work<T>(what, otherwise, (result, now) => {
        session.release();
        done(result, now);
      });
    };
    return {
      web: (request, done) => {
        doorServiceOf(spec, 'web');
        work({ do: 'web', request }, undefined, done);
      },
      console: (login, lines, done) => {
        doorServiceOf(spec, 'telnet');
        work({ do: 'console', login, lines }, { outcome: 'lost', answers: [] }, done);
      },
      files: (login, errand, done) => {
        doorServiceOf(spec, 'ftp');
        work({ do: 'files', login, errand }, { outcome: 'lost', detail: '', bytes: new Uint8Array(0) }, done);
      },
      snmp: (community, kind, oids, done) => {
        doorServiceOf(spec, 'snmp');
        work({ do: 'snmp', community, kind, oids }, undefined, done);
      },
    };
  }

  engineer(target: string, cause: Cause): EngineeringSession {
    const protocol = engineeringProtocol(this.#device.device(target));
    const session = this.#open({ over: 'engineering', target, cause });
    const work = <T>(what: Work, done: Worked<T>): void => session.work<WorkOutcome<T>>(what, NO_STATION, done);
    return {
      protocol,
      ...(protocol === 'S7' && {
        logOn: (password: string, done: Worked<true>) => work({ do: 'log-on', password }, done),
      }),
      readProgram: (done) => work({ do: 'read-program' }, done),
      writeProgram: (text, done) => work({ do: 'write-program', text }, done),
      deleteProgram: (done) => work({ do: 'delete-program' }, done),
      setMode: (mode, done) => work({ do: 'set-mode', mode }, done),
      release: session.release,
    };
  }

  ping(target: string, cause: Cause, done: (answered: boolean) => void): void {
    this.#device.channel.ask(
      (id) => ({ t: 'ping', id, target, cause }),
      (answer) => this.#enter(() => done(answer?.t === 'answer' && answer.answer === 'true')),
    );
  }

  connect(target: string, port: number, cause: Cause, done: (answer: PortAnswer) => void): void {
    this.#device.channel.ask(
      (id) => ({ t: 'connect', id, target, port, cause }),
      (answer) =>
        this.#enter(() =>
          done(answer?.t === 'answer' && PORT_ANSWERS.has(answer.answer) ? (answer.answer as PortAnswer) : 'silent'),
        ),
    );
  }

  #open(opening: Opening): {
    /** `otherwise`: where nobody is there any more who could have done it. */
    work<T>(work: Work, otherwise: T, done: (result: T, now: Instant) => void): void;
    /** `heard` gets what the session has subscribed to. */
    hear(heard: (topic: string, payload: Uint8Array) => void): void;
    release(): void;
  } {
    const { channel } = this.#device;
    const session = this.#device.nextSession();
    channel.send({ t: 'open', session, ...opening });
    return {
      work: <T>(work: Work, otherwise: T, done: (result: T, now: Instant) => void) =>
        channel.ask(
          (id) => ({ t: 'ask', session, id, work }),
          (answer) => {
            const result = answer?.t === 'reply' && answer.result !== undefined ? (answer.result as T) : otherwise;
            this.#enter((now) => done(result, now));
          },
        ),
      hear: (heard) => channel.listen(session, (topic, payload) => this.#enter(() => heard(topic, payload))),
      release: () => {
        channel.unheard(session);
        channel.send({ t: 'release', session });
      },
    };
  }

  #enter(run: (now: Instant) => void): void {
    this.#clock.outside({ run });
  }
}
