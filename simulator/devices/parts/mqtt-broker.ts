/** A device's MQTT broker on the wire: its clients, who may do what, and what it logs of them. */
import { type Instant, type MqttServiceSpec, NEVER } from '@penstock/core';
import { formatIpv4, parseIpv4 } from '@penstock/protocols/ethernet';
import {
  type BrokerConnection,
  type BrokerNotice,
  MqttBroker,
  type NoticeDetails,
  REASON_NAMES,
} from '@penstock/protocols/mqtt';
import type { Cause, Connection, Listening, Task } from '@penstock/simulator/kernel';
import { AccessList } from '../access-list.ts';
import { CausedLink } from '../caused-link.ts';
import type { DeviceContext, LogEntry, Part } from '../context.ts';
import { Seldom } from '../seldom.ts';

/** What a broker's log says, and how urgent that is; what is left out is said to nobody. */
const LINES: Readonly<Partial<Record<BrokerNotice, (of: NoticeDetails) => Omit<LogEntry, 'parameters'>>>> = {
  connected: ({ clientId, address }) => ({
    severity: 6,
    id: 'client-connected',
    text: `client ${clientId} from ${address} connected`,
  }),
  refused: ({ clientId, address, code }) => ({
    severity: 4,
    id: 'logon-failed',
    text: `client ${clientId} from ${address} refused: ${REASON_NAMES[code] ?? code}`,
  }),
  'taken-over': ({ clientId, address, subject }) => ({
    severity: 4,
    id: 'session-taken-over',
    text: `client ${clientId} at ${subject} replaced by ${address}`,
  }),
  'keep-alive': ({ clientId, address }) => ({
    severity: 5,
    id: 'client-silent',
    text: `client ${clientId} from ${address} timed out`,
  }),
  'publish-denied': ({ clientId, address, subject }) => ({
    severity: 4,
    id: 'access-denied',
    text: `client ${clientId} from ${address} may not publish ${subject}`,
  }),
  'subscribe-denied': ({ clientId, address, subject }) => ({
    severity: 4,
    id: 'access-denied',
    text: `client ${clientId} from ${address} may not subscribe ${subject}`,
  }),
  violation: ({ clientId, address, subject }) => ({
    severity: 4,
    id: 'protocol-violation',
    text: `client ${clientId || '?'} from ${address} broke the protocol: ${subject}`,
  }),
};

class MqttBrokerPart implements Part, Task {
  readonly #context: DeviceContext;
  readonly #spec: MqttServiceSpec;
  readonly #broker: MqttBroker;
  readonly #list: AccessList;
  readonly #seldom = new Seldom();
  #listener: Listening | undefined;
  #planned: Instant = NEVER;
  /** Who caused what is being handled: what goes out to others because of it is of the same cause. */
  #heard: Cause | undefined;

  constructor(context: DeviceContext, spec: MqttServiceSpec) {
    const { productName, revision } = context.spec.identity;
    this.#context = context;
    this.#spec = spec;
    this.#list = new AccessList(context, spec);
    this.#broker = new MqttBroker({
      users: spec.users,
      anonymous: spec.anonymous,
      product: `${productName} ${revision}`,
      limits: {
        connections: spec.connections,
        ...(spec.keepAlive !== undefined && { keepAlive: Math.round(spec.keepAlive / 1e6) }),
      },
      onNotice: (notice, details) => this.#notice(notice, details),
      onPlan: () => this.#plan(),
    });
  }

  start(): void {
    this.#listener ??= this.#context.host.listen(this.#spec.port, (connection) => this.#accept(connection));
  }

  stop(): void {
    this.#listener?.close();
    this.#listener = undefined;
    this.#broker.reset();
  }

  /** The broker's own time has come (a delayed will, the end of a session), or an earlier plan of it. */
  run(now: Instant): void {
    if (now !== this.#planned) return;
    this.#planned = NEVER;
    this.#broker.tick(now);
    this.#plan();
  }

  /** For links: runs `act` as being of `cause`. */
  caused(cause: Cause | undefined, act: () => void): void {
    this.#heard = cause;
    act();
    this.#heard = undefined;
  }

  #accept(connection: Connection): BrokerLink | undefined {
    const { remoteAddress, remotePort } = connection;
    if (!this.#list.admits(remoteAddress)) return undefined;
    const { queue } = this.#context;
    const session = this.#broker.connection(formatIpv4(remoteAddress), remotePort, queue.now, () => {
      connection.cause = this.#heard;
      link.pump();
      connection.cause = undefined;
    });
    const link = new BrokerLink(this.#context, this, session);
    link.attach(connection);
    return link;
  }

  #plan(): void {
    const due = this.#broker.due();
    if (due >= this.#planned) return;
    const { queue } = this.#context;
    this.#planned = Math.max(due, queue.now) as Instant;
    queue.at(this.#planned, this);
  }

  #notice(notice: BrokerNotice, details: NoticeDetails): void {
    const line = LINES[notice]?.(details);
    if (line === undefined) return;
    const { address, clientId, user } = details;
    // A probe of the broker's health comes from the device itself, and gets no further than this.
    if (clientId === '' && this.#context.host.owns(parseIpv4(address))) return;
    if (!this.#seldom.tells(`${line.id} ${address} ${clientId}`, this.#context.queue.now)) return;
    this.#context.log({
      ...line,
      parameters: {
        src: address,
        dport: String(this.#spec.port),
        client: clientId,
        ...(user !== undefined && { user }),
      },
    });
  }
}

/** A client's connection. What it says may make the broker speak to others, in its name. */
class BrokerLink extends CausedLink {
  readonly #part: MqttBrokerPart;
  readonly #session: BrokerConnection;

  constructor(context: DeviceContext, part: MqttBrokerPart, session: BrokerConnection) {
    super(context, session, (_, now) => session.ended(now));
    this.#part = part;
    this.#session = session;
  }

  override data(buffer: Uint8Array, start: number, end: number, now: Instant): void {
    this.#part.caused(this.connection?.heard, () => super.data(buffer, start, end, now));
  }

  override drained(): void {
    this.#session.drained();
    super.drained();
    this.pump();
  }
}

export function mqttBroker(context: DeviceContext): Part | undefined {
  const spec = context.spec.services.find((s): s is MqttServiceSpec => s.protocol === 'mqtt');
  return spec && new MqttBrokerPart(context, spec);
}
