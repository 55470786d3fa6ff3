/**
 * What somebody who sits at a device can make it send. Normal operation and attacks use the same footholds, so that nothing on
 * the wire tells them apart. A foothold reaches registered devices only; it has no parameter for an address.
 */
import type { Instant } from '@penstock/core';
import type { BacnetValue, CommunicationControl, PropertyPlace, Reinitialize } from '@penstock/protocols/bacnet';
import type { Command, ObjectBlock, TaskOutcome } from '@penstock/protocols/dnp3';
import type { RequestOf, ResponseOf, ServiceName } from '@penstock/protocols/opcua';
import type { DoorSession } from './door-session.ts';
import type { InterpositionOptions } from './interposition.ts';

/** Who made a frame, for the truth journal only. Nothing of it is ever on the wire. */
export interface Cause {
  /** `scenario:lye-setpoint`, `operation:shift-change`, `operator`, `gate:office`, … */
  readonly actor: string;
  readonly step: string;
}

/** The outcome of one request: response bytes, or why there is none. */
export type Reply =
  | { readonly outcome: 'answered'; readonly pdu: Uint8Array }
  | { readonly outcome: 'refused' | 'timeout' | 'closed' };

/** A Modbus session from a foothold to one device: raw protocol data units, so that a verb may send what no client would. */
export interface ModbusSession {
  request(unit: number, pdu: Uint8Array, cause: Cause, done: (reply: Reply, now: Instant) => void): void;
  /** Ends the session if it was opened for this purpose; a standing one stays. */
  release(): void;
}

/** Points of one device that are written as its operators write them, over the protocol that they have with it. */
export interface PointSession {
  /** Writes an engineering value; `done` hears whether it was taken. @throws PenstockError `operator.point` for a tag without a point there */
  write(tag: string, value: number, done?: (accepted: boolean) => void): void;
  /** Ends the session if it was opened for this purpose; a standing one stays. */
  release(): void;
}

/** An S7 session from a foothold to one device: whole S7 messages, whose references the session sets; answers are such, refusals too. */
export interface S7Session {
  request(message: Uint8Array, cause: Cause, done: (reply: Reply, now: Instant) => void): void;
  /** Ends the session if it was opened for this purpose; a standing one stays. */
  release(): void;
}

/** What came of a piece of work over DNP3, with the values that were answered, and how many requests it took. */
export interface Dnp3Reply {
  readonly outcome: TaskOutcome;
  readonly values: readonly { readonly group: number; readonly index: number; readonly value: number }[];
  readonly requests: number;
}
/** Who hears what came of it. */
export type Dnp3Replied = (reply: Dnp3Reply, now: Instant) => void;

/** A DNP3 session from a foothold to one outstation. One piece of work after the other; what goes wrong is repeated as masters do. */
export interface Dnp3Session {
  /** READs objects. */
  read(objects: readonly ObjectBlock[], cause: Cause, done: Dnp3Replied): void;
  /** Commands one output: by SELECT and OPERATE, or at once. */
  command(command: Command, way: 'select' | 'direct', cause: Cause, done: Dnp3Replied): void;
  /** Any other request with one answer, by its function code. */
  perform(code: number, objects: readonly ObjectBlock[], cause: Cause, done: Dnp3Replied): void;
  /** Ends the session if it was opened for this purpose; a standing one stays. */
  release(): void;
}

/** What came of a request over BACnet, with the values that were answered, and how often it was sent. `detail`: why it was refused. */
export interface BacnetReply {
  readonly outcome: 'done' | 'refused' | 'timeout' | 'closed';
  readonly detail: string;
  readonly values: readonly BacnetValue[];
  readonly requests: number;
}
/** Who hears what came of it. */
export type BacnetReplied = (reply: BacnetReply, now: Instant) => void;

/** BACnet from a foothold to one device. What is not answered is repeated as clients do. */
export interface BacnetSession {
  read(place: PropertyPlace, cause: Cause, done: BacnetReplied): void;
  /** Without a priority at the lowest. */
  write(
    place: PropertyPlace,
    values: BacnetValue | readonly BacnetValue[],
    priority: number | undefined,
    cause: Cause,
    done: BacnetReplied,
  ): void;
  reinitialize(request: Reinitialize, cause: Cause, done: BacnetReplied): void;
  communicationControl(control: CommunicationControl, cause: Cause, done: BacnetReplied): void;
  /** Asks who is there: everybody on the foothold's network, or the device alone. */
  whoIs(low: number, high: number, everybody: boolean, cause: Cause): void;
  /** Ends the session if it was opened for this purpose; a standing one stays. */
  release(): void;
}

/** Who a client says that it is to an MQTT broker. */
export interface MqttLogin {
  readonly clientId: string;
  /** 4 is 3.1.1. */
  readonly version?: 4 | 5 | undefined;
  readonly user?: string | undefined;
  readonly password?: string | undefined;
}

/** A client of its own on a broker, from a foothold. Everything is of the cause that it was opened for. */
export interface MqttSession {
  /** Opens the connection; `done` hears CONNACK's code, 0 for success. */
  connect(done: (code: number | 'closed') => void): void;
  /** `done` hears the code of the acknowledgement; 0 with QoS 0. */
  publish(
    message: {
      readonly topic: string;
      readonly payload: Uint8Array;
      readonly qos?: 0 | 1 | 2;
      readonly retain?: boolean;
    },
    done: (answer: number | 'closed') => void,
  ): void;
  /** `done` hears a code for each filter. */
  subscribe(
    filters: readonly string[],
    done: (codes: readonly number[] | 'closed') => void,
    heard: (topic: string, payload: Uint8Array) => void,
  ): void;
  /** Bytes as they are, which need not be MQTT. */
  raw(bytes: Uint8Array): void;
  /** Says goodbye. */
  release(): void;
}

/** Who somebody says that he is to an OPC UA server; anonymous without a user. */
export interface OpcUaLogin {
  readonly user?: { readonly name: string; readonly password: string } | undefined;
  /** What the session is called; the device's name when left out. */
  readonly session?: string | undefined;
  /** What application it is; the device's own client when left out. */
  readonly applicationUri?: string | undefined;
}

/** An OPC UA session from a foothold to one server. */
export interface OpcUaSession {
  /** `done` hears the response; undefined with the status of the fault, or of the connection's end. */
  request<N extends ServiceName>(
    service: N,
    body: RequestOf<N>,
    cause: Cause,
    done: (response: ResponseOf<N> | undefined, status: number, now: Instant) => void,
  ): void;
  /** Ends the session if it was opened for this purpose; a standing one stays. */
  release(): void;
}

/** What came of a piece of an engineering station's work, and how many requests it took. */
export type WorkOutcome<T> =
  | { readonly outcome: 'done'; readonly value: T; readonly requests: number }
  | { readonly outcome: 'refused' | 'timeout' | 'closed'; readonly detail: string; readonly requests: number };

/** Who hears what came of it. */
export type Worked<T> = (outcome: WorkOutcome<T>, now: Instant) => void;

/**
 * What an engineering station does with a controller, over whichever protocol of its own the controller is programmed. One piece of work at
 * a time.
 */
export interface EngineeringSession {
  /** How the controller is reached, for people: `S7`, `Modbus`. */
  readonly protocol: string;
  /** Gives the controller's password, up to 8 characters; over a protocol that has none it is missing. */
  logOn?(password: string, done: Worked<true>): void;
  /** The text of the program that is loaded. */
  readProgram(done: Worked<string>): void;
  /** Loads a program and activates it; one that the controller does not take is `refused`, and the old one goes on. */
  writeProgram(text: string, done: Worked<true>): void;
  deleteProgram(done: Worked<true>): void;
  /** Starts or stops the controller. */
  setMode(mode: 'run' | 'stop', done: Worked<true>): void;
  /** The work is done: the session is closed. */
  release(): void;
}

/** What a TCP connect came to. */
export type PortAnswer = 'open' | 'refused' | 'silent';

/** A place between two parties that is held until `stop`. */
export interface Interposed {
  /** Whether both sides have been found and are being lied to. */
  readonly running: boolean;
  readonly relayed: number;
  readonly changed: number;
  readonly dropped: number;
  /** Tells both sides the truth again, and is gone a few seconds later. */
  stop(): void;
}

export interface Foothold {
  /** Id of the device that the actor sits at. */
  readonly device: string;
  /** The device's standing session with `target` (a device id) where it has one, or a new connection from its own address. */
  modbus(target: string): ModbusSession;
  /** Points of `target` over the protocol of the device's standing conversation with it; undefined where that is Modbus or there is none. */
  points?(target: string, cause: Cause): PointSession | undefined;
  /** As `modbus`, to a device that speaks S7. @throws PenstockError `device.no-s7` */
  s7?(target: string): S7Session;
  /**
   * As `modbus`, to a DNP3 outstation.
   * @param as link address to speak under, which a standing session need not have
   * @throws PenstockError `device.no-dnp3`
   */
  dnp3?(target: string, cause: Cause, as?: number): Dnp3Session;
  /** A client of somebody's own on the broker that `target` is. @throws PenstockError `device.no-mqtt` */
  mqtt?(target: string, login: MqttLogin, cause: Cause): MqttSession;
  /** A session of its own with an OPC UA server, or the standing one where no login is given and there is one. */
  opcua?(target: string, cause: Cause, login?: OpcUaLogin): OpcUaSession;
  /**
   * A session to program `target` from the device's own address. @throws PenstockError `device.no-engineering` for a device that cannot be
   * programmed over the network
   */
  engineer?(target: string, cause: Cause): EngineeringSession;
  /** The pages, console, file drop and SNMP agent of `target`, over connections from the device's own address. */
  doors?(target: string, cause: Cause): DoorSession;
  /** As `modbus`, to a BACnet device. @throws PenstockError `device.no-bacnet` */
  bacnet?(target: string, cause: Cause): BacnetSession;
  /** One ICMP echo request. Footholds that are no host on the wire (a gate) have none of the following. */
  ping?(target: string, cause: Cause, done: (answered: boolean) => void): void;
  /** One TCP connect, hung up at once where somebody listens. */
  connect?(target: string, port: number, cause: Cause, done: (answer: PortAnswer) => void): void;
  /**
   * Stands between `near`, a neighbour on the foothold's segment, and `far`: neighbours too, or devices of other zones, in which case
   * between `near` and its gateway. The hook sees packets between `near` and `far` and nobody else's; those are relayed untouched.
   * @throws PenstockError `interposition.segment` where ARP cannot reach, `interposition.busy` when it stands between two already
   */
  interpose?(near: string, far: readonly string[], options: InterpositionOptions): Interposed;
}
