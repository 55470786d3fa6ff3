/** A device's MQTT connection to a broker: kept open, opened again after a loss. */
import { type DeviceSpec, type Instant, type MqttServiceSpec, PenstockError, seconds } from '@penstock/core';
import { parseIpv4 } from '@penstock/protocols/ethernet';
import type { MqttClient } from '@penstock/protocols/mqtt';
import type { Cause, Connection } from '@penstock/simulator/kernel';
import { CausedLink } from './caused-link.ts';
import type { DeviceContext } from './context.ts';
import { Every } from './every.ts';

const RETRY_EVERY = seconds(5);
const CONNECT_TIMEOUT = seconds(5);

/** Whoever a client of a broker is part of: a device, or a host that is none. */
export type MqttStation = Pick<DeviceContext, 'queue' | 'host' | 'random' | 'causedBy'>;

/** The broker of a device. @throws PenstockError `device.no-mqtt` when it has none */
export function mqttServiceOf({ id, services }: DeviceSpec): MqttServiceSpec {
  const service = services.find((s): s is MqttServiceSpec => s.protocol === 'mqtt');
  if (service === undefined) throw new PenstockError('device.no-mqtt', `'${id}' has no MQTT broker`);
  return service;
}

export class MqttPeer {
  /** Id of the broker's device. */
  readonly target: string;
  readonly client: MqttClient;
  readonly #context: MqttStation;
  readonly #address: number;
  readonly #port: number;
  readonly #again: Every;
  readonly #cause: Cause | undefined;
  #link: ClientLink | undefined;
  #connection: Connection | undefined;

  /**
   * @param cause of all that it says; none for a standing conversation
   * @throws PenstockError `device.no-mqtt` when the target has no MQTT broker
   */
  constructor(context: MqttStation, target: DeviceSpec, client: MqttClient, cause?: Cause) {
    const { port } = mqttServiceOf(target);
    this.target = target.id;
    this.client = client;
    this.#context = context;
    this.#address = parseIpv4(target.address);
    this.#port = port;
    this.#cause = cause;
    this.#again = new Every(context, RETRY_EVERY, () => this.dial());
  }

  /** Who caused the bytes that are being read, where the network knows it. */
  get heard(): Cause | undefined {
    return this.#connection?.heard;
  }

  /** Whom it answers to, for what it does of its own accord. */
  get place(): { readonly address: number; readonly port: number } {
    return { address: this.#address, port: this.#port };
  }

  start(): void {
    this.#again.start();
  }

  /** The device lost power: nothing is said to anybody. */
  stop(now: Instant): void {
    this.#again.stop();
    this.#link = undefined;
    this.#connection = undefined;
    this.client.disconnected(now);
  }

  /** Ends the connection once what was said is sent. */
  close(now: Instant): void {
    this.client.close(now);
    this.#link?.pump();
    this.#again.stop();
  }

  /** Opens the connection unless it stands. @param closed hears that it came to its end, or to nothing */
  dial(closed?: (now: Instant) => void): void {
    if (this.#connection !== undefined) return;
    const link = new ClientLink(this.#context, this.client, (_, at) => {
      if (this.#link !== link) return;
      this.#link = undefined;
      this.#connection = undefined;
      this.client.disconnected(at);
      closed?.(at);
    });
    this.#link = link;
    const { host } = this.#context;
    this.#connection = link.dial(host, this.#address, this.#port, { timeout: CONNECT_TIMEOUT, cause: this.#cause });
    this.#connection.cause = this.#cause;
  }

  /** Sends what `act` asks of the client. A cause marks its frames in the truth journal. */
  speak<T>(act: (client: MqttClient, now: Instant) => T, cause?: Cause): T {
    const connection = this.#connection;
    if (connection !== undefined) connection.cause = cause ?? this.#cause;
    const result = act(this.client, this.#context.queue.now);
    this.#link?.pump();
    if (connection !== undefined) connection.cause = this.#cause;
    return result;
  }
}

/** Tells the client that the connection stands. */
class ClientLink extends CausedLink {
  readonly #client: MqttClient;
  readonly #now: () => Instant;

  constructor(context: MqttStation, client: MqttClient, closed: ConstructorParameters<typeof CausedLink>[2]) {
    super(context, client, closed);
    this.#client = client;
    this.#now = () => context.queue.now;
  }

  override open(): void {
    this.#client.opened(this.#now());
    super.open();
  }
}
