/** Engineering stations at work on a controller: over S7 where it speaks that, else over the file records of Modbus. */
import { type DeviceSpec, type Instant, PenstockError, type PlantSpec, seconds } from '@penstock/core';
import { type Outcome, S7Engineer } from '@penstock/protocols/s7comm';
import type {
  Cause,
  EngineeringSession,
  EventQueue,
  Foothold,
  NetworkHost,
  Worked,
  WorkOutcome,
} from '@penstock/simulator/kernel';
import { ModbusOperator } from './operator.ts';
import { PROGRAMMER, S7Peer } from './s7-peer.ts';

interface Station {
  readonly queue: EventQueue;
  readonly host: NetworkHost;
  readonly plant: PlantSpec;
}

/**
 * Over what a device is programmed.
 * @throws PenstockError `device.no-engineering` for a device without a controller or a protocol to program it with
 */
export function engineeringProtocol({ id, controller, services }: DeviceSpec): EngineeringSession['protocol'] {
  const offers = (protocol: string): boolean => services.some((service) => service.protocol === protocol);
  if (controller !== undefined && offers('s7')) return 'S7';
  if (controller !== undefined && offers('modbus')) return 'Modbus';
  throw new PenstockError(
    'device.no-engineering',
    `'${id}' cannot be programmed over the network: it has no controller with an s7 or modbus service`,
  );
}

/** @throws PenstockError as `engineeringProtocol` */
export function engineeringSession(
  foothold: Foothold,
  station: Station,
  target: DeviceSpec,
  cause: Cause,
): EngineeringSession {
  return engineeringProtocol(target) === 'S7'
    ? new S7Session(station, target, cause)
    : new ModbusSession(foothold, station, target, cause);
}

/** A connection as programming devices open it, for this work alone. */
class S7Session implements EngineeringSession {
  readonly protocol = 'S7';
  readonly #queue: EventQueue;
  readonly #peer: S7Peer;
  readonly #engineer: S7Engineer;

  constructor({ queue, host }: Station, target: DeviceSpec, cause: Cause) {
    this.#queue = queue;
    this.#peer = new S7Peer(queue, host, target, PROGRAMMER, cause);
    this.#engineer = new S7Engineer(this.#peer);
  }

  logOn(password: string, done: Worked<true>): void {
    this.#work(done, (then) => this.#engineer.logOn(password, this.#queue.now, then));
  }

  readProgram(done: Worked<string>): void {
    this.#work(done, (then) => this.#engineer.readProgram(this.#queue.now, then));
  }

  writeProgram(text: string, done: Worked<true>): void {
    this.#work(done, (then) => this.#engineer.writeProgram(text, this.#queue.now, then));
  }

  deleteProgram(done: Worked<true>): void {
    this.#work(done, (then) => this.#engineer.deleteProgram(this.#queue.now, then));
  }

  setMode(mode: 'run' | 'stop', done: Worked<true>): void {
    const engineer = this.#engineer;
    const { now } = this.#queue;
    this.#work(done, (then) => (mode === 'run' ? engineer.start('warm', now, then) : engineer.stop(now, then)));
  }

  release(): void {
    this.#peer.close();
  }

  #work<T>(done: Worked<T>, act: (then: (outcome: Outcome<T>, now: Instant) => void) => void): void {
    const before = this.#engineer.requests;
    act((outcome, now) => {
      const requests = this.#engineer.requests - before;
      if (outcome.ok) done({ outcome: 'done', value: outcome.value, requests }, now);
      else {
        const { reason, detail } = outcome;
        done({ outcome: reason === 'mismatch' ? 'refused' : reason, detail, requests }, now);
      }
    });
  }
}

/** File records (functions 20 and 21); Modbus has no way to start, stop or delete. */
class ModbusSession implements EngineeringSession {
  readonly protocol = 'Modbus';
  readonly #queue: EventQueue;
  readonly #operator: ModbusOperator;
  #counted = 0;

  constructor(foothold: Foothold, { queue, plant }: Station, target: DeviceSpec, cause: Cause) {
    this.#queue = queue;
    this.#operator = new ModbusOperator(foothold, plant, target.id, cause);
  }

  readProgram(done: Worked<string>): void {
    this.#operator.readProgram((text) => this.#told(done, text, 'the program could not be read'));
  }

  writeProgram(text: string, done: Worked<true>): void {
    this.#operator.writeProgram(text, (taken) => this.#told(done, taken, 'the program was not taken'));
  }

  deleteProgram(done: Worked<true>): void {
    this.#cannot(done, 'a program cannot be deleted over Modbus');
  }

  setMode(_mode: 'run' | 'stop', done: Worked<true>): void {
    this.#cannot(done, 'a controller cannot be started or stopped over Modbus');
  }

  release(): void {
    this.#operator.release();
  }

  #told<T>(done: Worked<T>, value: T | undefined, detail: string): void {
    const requests = this.#operator.requests - this.#counted;
    this.#counted = this.#operator.requests;
    const { now } = this.#queue;
    done(value === undefined ? { outcome: 'refused', detail, requests } : { outcome: 'done', value, requests }, now);
  }

  #cannot<T>(done: Worked<T>, detail: string): void {
    const outcome: WorkOutcome<T> = { outcome: 'refused', detail, requests: 0 };
    this.#queue.in(seconds(0), { run: (now) => done(outcome, now) });
  }
}
