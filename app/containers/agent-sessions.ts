/** Sessions that somebody holds who sits at a container's device: opened, used and ended as the range says. */
import type {
  Dnp3Session,
  EngineeringSession,
  Foothold,
  ModbusSession,
  PointSession,
  S7Session,
} from '@penstock/simulator/kernel';
import type { Opening, Work } from './session-words.ts';

type Session =
  | { readonly over: 'modbus'; readonly it: ModbusSession }
  | { readonly over: 's7'; readonly it: S7Session }
  | { readonly over: 'dnp3'; readonly it: Dnp3Session }
  | { readonly over: 'engineering'; readonly it: EngineeringSession }
  | { readonly over: 'points'; readonly it: PointSession };

/** Sessions at once; who opens more and ends none of them gets no answers any more. */
const MOST = 1000;

export class AgentSessions {
  readonly #foothold: Foothold;
  readonly #all = new Map<number, Session>();

  constructor(foothold: Foothold) {
    this.#foothold = foothold;
  }

  /** @throws PenstockError as the foothold does, for a target that does not speak the protocol */
  open(number: number, opening: Opening): void {
    if (this.#all.size >= MOST) return;
    const session = opened(this.#foothold, opening);
    if (session !== undefined) this.#all.set(number, session);
  }

  /** `done` hears what came of it, undefined where there is no such session: it is as if it had been closed. */
  work(number: number, work: Work, done: (result: unknown) => void): void {
    const session = this.#all.get(number);
    if (session === undefined || !isTaken(session, work, done)) done(undefined);
  }

  release(number: number): void {
    this.#all.get(number)?.it.release();
    this.#all.delete(number);
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
    case 'engineering': {
      const it = foothold.engineer?.(target, opening.cause);
      return it && { over, it };
    }
    case 'points': {
      const it = foothold.points?.(target, opening.cause);
      return it && { over, it };
    }
  }
}

/** Whether a session can do such work at all. */
function isTaken(session: Session, work: Work, done: (result: unknown) => void): boolean {
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
    case 'dnp3':
      return isTakenByMaster(session.it, work, done);
    case 'engineering':
      return isTakenByEngineer(session.it, work, done);
  }
}

function isTakenByMaster(session: Dnp3Session, work: Work, done: (result: unknown) => void): boolean {
  if (work.do === 'read') session.read(work.objects, work.cause, done);
  else if (work.do === 'perform') session.perform(work.code, work.objects, work.cause, done);
  else if (work.do === 'command') session.command(work.command, work.way, work.cause, done);
  else return false;
  return true;
}

function isTakenByEngineer(session: EngineeringSession, work: Work, done: (result: unknown) => void): boolean {
  if (work.do === 'read-program') session.readProgram(done);
  else if (work.do === 'log-on' && session.logOn !== undefined) session.logOn(work.password, done);
  else if (work.do === 'write-program') session.writeProgram(work.text, done);
  else if (work.do === 'delete-program') session.deleteProgram(done);
  else if (work.do === 'set-mode') session.setMode(work.mode, done);
  else return false;
  return true;
}
