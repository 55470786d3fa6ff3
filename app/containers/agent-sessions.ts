/** Sessions that somebody holds who sits at a container's device: opened, used and ended as the range says. */
import { PenstockError } from '@penstock/core';
import type {
  BacnetSession,
  Dnp3Session,
  DoorSession,
  EngineeringSession,
  Foothold,
  ModbusSession,
  MqttSession,
  OpcUaSession,
  PointSession,
  S7Session,
} from '@penstock/simulator/kernel';
import type { Opening, Served, Work } from './session-words.ts';

type Session =
  | { readonly over: 'modbus'; readonly it: ModbusSession }
  | { readonly over: 's7'; readonly it: S7Session }
  | { readonly over: 'dnp3'; readonly it: Dnp3Session }
  | { readonly over: 'bacnet'; readonly it: BacnetSession }
  | { readonly over: 'mqtt'; readonly it: MqttSession }
  | { readonly over: 'opcua'; readonly it: OpcUaSession }
  | { readonly over: 'engineering'; readonly it: EngineeringSession }
  | { readonly over: 'doors'; readonly it: DoorSession }
  | { readonly over: 'points'; readonly it: PointSession };

type Done = (result: unknown) => void;

/** Sessions at once; who opens more and ends none of them gets no answers any more. */
const MOST = 1000;

export class AgentSessions {
  readonly #foothold: Foothold;
  readonly #heard: (session: number, topic: string, payload: Uint8Array) => void;
  readonly #all = new Map<number, Session>();

  /** @param heard gets the messages that a session with a broker has subscribed to */
  constructor(foothold: Foothold, heard: (session: number, topic: string, payload: Uint8Array) => void) {
    this.#foothold = foothold;
    this.#heard = heard;
  }

  /** @throws PenstockError as the foothold does, for a target that does not speak the protocol */
  open(number: number, opening: Opening): void {
    if (this.#all.size >= MOST) return;
    const session = opened(this.#foothold, opening);
    if (session !== undefined) this.#all.set(number, session);
  }

  /** `done` hears what came of it, undefined where there is no such session: it is as if it had been closed. */
  work(number: number, work: Work, done: Done): void {
    const session = this.#all.get(number);
    const heard = (topic: string, payload: Uint8Array): void => {
      // Who is gone listens no more.
      if (this.#all.get(number) === session) this.#heard(number, topic, payload);
    };
    try {
      if (session === undefined || !isTaken(session, work, done, heard)) done(undefined);
    } catch (error) {
      // What the plant does not have, asked for by a range that should know it.
      if (!(error instanceof PenstockError)) throw error;
      done(undefined);
    }
  }

  release(number: number): void {
    const session = this.#all.get(number);
    this.#all.delete(number);
    // Through doors each piece of work has a connection of its own, which ends with it.
    if (session !== undefined && session.over !== 'doors') session.it.release();
  }
}

function opened(foothold: Foothold, opening: Opening): Session | undefined {
  const { over, target } = opening;
  switch (over) {
    case 'modbus':
      return { over, it: foothold.modbus(target) };
    case 's7': {
      const it = foothold.s7?.(target);
      return it && { over, it };
    }
    case 'dnp3': {
      const it = foothold.dnp3?.(target, opening.cause, opening.as);
      return it && { over, it };
    }
    case 'bacnet': {
      const it = foothold.bacnet?.(target, opening.cause);
      return it && { over, it };
    }
    case 'mqtt': {
      const it = foothold.mqtt?.(target, opening.login, opening.cause);
      return it && { over, it };
    }
    case 'opcua': {
      const it = foothold.opcua?.(target, opening.cause, opening.login);
      return it && { over, it };
    }
    case 'engineering': {
      const it = foothold.engineer?.(target, opening.cause);
      return it && { over, it };
    }
    case 'doors': {
      const it = foothold.doors?.(target, opening.cause);
      return it && { over, it };
    }
    case 'points': {
      const it = foothold.points?.(target, opening.cause);
      return it && { over, it };
    }
  }
}

/** Whether a session can do such work at all. */
function isTaken(
  session: Session,
  work: Work,
  done: Done,
  heard: (topic: string, payload: Uint8Array) => void,
): boolean {
  switch (session.over) {
    case 'modbus':
      if (work.do !== 'pdu') return false;
      session.it.request(work.unit, work.pdu, work.cause, done);
      return true;
    case 's7':
      if (work.do !== 'message') return false;
      session.it.request(work.message, work.cause, done);
      return true;
    case 'points':
      if (work.do !== 'write-point') return false;
      session.it.write(work.tag, work.value, done);
      return true;
    case 'opcua':
      if (work.do !== 'service') return false;
      session.it.request(work.service, work.body as never, work.cause, (response, status) =>
        done({ ...(response !== undefined && { response }), status } satisfies Served),
      );
      return true;
    case 'dnp3':
      return isTakenByMaster(session.it, work, done);
    case 'bacnet':
      return isTakenByClient(session.it, work, done);
    case 'mqtt':
      return isTakenBySubscriber(session.it, work, done, heard);
    case 'engineering':
      return isTakenByEngineer(session.it, work, done);
    case 'doors':
      return isTakenAtDoors(session.it, work, done);
  }
}

function isTakenByMaster(session: Dnp3Session, work: Work, done: Done): boolean {
  if (work.do === 'read') session.read(work.objects, work.cause, done);
  else if (work.do === 'perform') session.perform(work.code, work.objects, work.cause, done);
  else if (work.do === 'command') session.command(work.command, work.way, work.cause, done);
  else return false;
  return true;
}

function isTakenByClient(session: BacnetSession, work: Work, done: Done): boolean {
  if (work.do === 'read-property') session.read(work.place, work.cause, done);
  else if (work.do === 'write-property') session.write(work.place, work.values, work.priority, work.cause, done);
  else if (work.do === 'reinitialize') session.reinitialize(work.request, work.cause, done);
  else if (work.do === 'communication-control') session.communicationControl(work.control, work.cause, done);
  else if (work.do === 'who-is') {
    session.whoIs(work.low, work.high, work.everybody, work.cause);
    // Nobody need answer.
    done(true);
  } else return false;
  return true;
}

function isTakenBySubscriber(
  session: MqttSession,
  work: Work,
  done: Done,
  heard: (topic: string, payload: Uint8Array) => void,
): boolean {
  if (work.do === 'connect') session.connect(done);
  else if (work.do === 'publish') session.publish(work.message, done);
  else if (work.do === 'subscribe') session.subscribe(work.filters, done, heard);
  else if (work.do === 'raw') {
    session.raw(work.bytes);
    done(true);
  } else return false;
  return true;
}

function isTakenByEngineer(session: EngineeringSession, work: Work, done: Done): boolean {
  if (work.do === 'read-program') session.readProgram(done);
  else if (work.do === 'log-on' && session.logOn !== undefined) session.logOn(work.password, done);
  else if (work.do === 'write-program') session.writeProgram(work.text, done);
  else if (work.do === 'delete-program') session.deleteProgram(done);
  else if (work.do === 'set-mode') session.setMode(work.mode, done);
  else return false;
  return true;
}

function isTakenAtDoors(session: DoorSession, work: Work, done: Done): boolean {
  if (work.do === 'web') session.web(work.request, done);
  else if (work.do === 'console') session.console(work.login, work.lines, done);
  else if (work.do === 'files') session.files(work.login, work.errand, done);
  else if (work.do === 'snmp') session.snmp(work.community, work.kind, work.oids, done);
  else return false;
  return true;
}
