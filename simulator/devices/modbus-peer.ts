/** A device's Modbus connection to one other device: opened when needed, opened again after a loss, shared by all who speak through it. */
import {
  type DeviceSpec,
  type Duration,
  type Instant,
  type ModbusServiceSpec,
  PenstockError,
  seconds,
} from '@penstock/core';
import { parseIpv4 } from '@penstock/protocols/ethernet';
import { ModbusClient, type ModbusTransaction } from '@penstock/protocols/modbus';
import {
  type Cause,
  type Connection,
  type EventQueue,
  MachineLink,
  type NetworkHost,
} from '@penstock/simulator/kernel';

/** Clients of this trade wait a little before they dial again. */
const RETRY_AFTER = seconds(5);
const CONNECT_TIMEOUT = seconds(5);
/** Requests in flight at a time; field devices commonly take four. */
const DEPTH = 4;

export class ModbusPeer {
  readonly target: string;
  readonly unit: number;
  readonly #queue: EventQueue;
  readonly #host: NetworkHost;
  readonly #address: number;
  readonly #port: number;
  readonly #client: ModbusClient;
  #link: MachineLink | undefined;
  #connection: Connection | undefined;
  #notBefore = 0;

  /** @throws PenstockError `device.no-modbus` when the target has no Modbus server */
  constructor(queue: EventQueue, host: NetworkHost, target: DeviceSpec, timeout: Duration = seconds(1)) {
    const service = target.services.find((s): s is ModbusServiceSpec => s.protocol === 'modbus');
    if (service === undefined) throw new PenstockError('device.no-modbus', `'${target.id}' has no Modbus server`);
    this.target = target.id;
    this.unit = service.units[0] ?? 1;
    this.#queue = queue;
    this.#host = host;
    this.#address = parseIpv4(target.address);
    this.#port = service.port;
    this.#client = new ModbusClient({ timeout, depth: DEPTH });
  }

  /** Whether requests can be sent, or will be once the handshake is through. */
  get connected(): boolean {
    return this.#connection !== undefined;
  }

  /** Sends a transaction; it ends as `closed` when there is no connection. A cause marks its frames in the truth journal. */
  submit(transaction: ModbusTransaction, now: Instant, cause?: Cause): boolean {
    const connection = this.#dial(now, cause);
    if (connection === undefined) return false;
    connection.cause = cause;
    const taken = this.#client.submit(transaction, now);
    this.#link?.pump();
    connection.cause = undefined;
    return taken;
  }

  /** Ends the connection with a goodbye. */
  close(): void {
    this.#connection?.close();
  }

  /** The device lost power: what was under way is gone, and the next request dials anew. */
  forget(now: Instant): void {
    this.#connection = undefined;
    this.#link = undefined;
    this.#notBefore = 0;
    this.#client.disconnected(now);
  }

  #dial(now: Instant, cause: Cause | undefined): Connection | undefined {
    if (this.#connection !== undefined) return this.#connection;
    if (now < this.#notBefore) return undefined;
    const link = new MachineLink(this.#queue, this.#client, (_, at) => {
      if (this.#link !== link) return;
      this.#connection = undefined;
      this.#link = undefined;
      this.#notBefore = at + RETRY_AFTER;
      this.#client.disconnected(at);
    });
    this.#link = link;
    this.#connection = link.dial(this.#host, this.#address, this.#port, { timeout: CONNECT_TIMEOUT, cause });
    return this.#connection;
  }
}
