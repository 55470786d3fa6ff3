/** Events of a server and who hears them (OPC 10000-5, 6.4): conditions, and audits of what was written. */
import type { Node } from './address-space.ts';
import { BUILT_IN, type DataValue, NO_VALUE, type NodeId, numericId, type Variant } from './builtin.ts';
import type { MonitoredItem } from './monitored-item.ts';
import type { OpcUaServer } from './server.ts';
import type { Session } from './server-session.ts';
import { isGood, STATUS, statusName } from './status.ts';
import type { Subscription } from './subscription.ts';
import { NODE } from './tables.ts';

/** Fields of an event by their browse path, joined by `/`. */
export type EventFields = Readonly<Record<string, Variant>>;

export interface OpcUaEvent {
  /** Number of its type. */
  readonly type: number;
  readonly sourceNode: NodeId;
  readonly sourceName: string;
  /** Microseconds since 1970. */
  readonly time: number;
  readonly message: string;
  readonly severity: number;
  readonly eventId: Uint8Array;
  readonly fields?: EventFields | undefined;
}

const text = (value: string | undefined): Variant => ({ type: BUILT_IN.String, value });
const time = (value: number): Variant => ({ type: BUILT_IN.DateTime, value });

function fieldsOf({
  type,
  sourceNode,
  sourceName,
  time: at,
  message,
  severity,
  eventId,
  fields,
}: OpcUaEvent): EventFields {
  return {
    EventId: { type: BUILT_IN.ByteString, value: eventId },
    EventType: { type: BUILT_IN.NodeId, value: numericId(type) },
    SourceNode: { type: BUILT_IN.NodeId, value: sourceNode },
    SourceName: text(sourceName),
    Time: time(at),
    ReceiveTime: time(at),
    Message: { type: BUILT_IN.LocalizedText, value: { text: message } },
    Severity: { type: BUILT_IN.UInt16, value: severity },
    ...fields,
  };
}

const AUDITS = new Set<number>([NODE.AuditEventType, NODE.AuditWriteUpdateEventType]);

export class EventDesk {
  readonly #server: OpcUaServer;

  constructor(server: OpcUaServer) {
    this.#server = server;
  }

  eventId(): Uint8Array {
    return this.#server.options.random(16);
  }

  /** Tells an event to all that listen at the server object or the plant; audits to engineers only. */
  raise(event: OpcUaEvent): void {
    let fields: EventFields | undefined;
    const isAudit = AUDITS.has(event.type);
    for (const session of this.#server.sessions.values()) {
      if (isAudit && session.role !== 'engineer') continue;
      for (const subscription of session.subscriptions.values())
        for (const item of listeners(subscription)) {
          if (isAudit && !isServer(item.node)) continue;
          fields ??= fieldsOf(event);
          tell(item, fields);
        }
    }
  }

  /** Somebody wrote an item, or tried. */
  written(session: Session, node: Node, value: DataValue, status: number, auditEntryId: string | undefined): void {
    const name = node.browseName.name ?? '';
    const written = value.value?.value;
    const who = session.user || 'anonymous';
    const done = isGood(status);
    this.#server.notice(
      done ? 'write' : 'write-refused',
      session.writer,
      done
        ? `${name} set to ${String(written)} by ${who}`
        : `write of ${name} by ${who} refused: ${statusName(status)}`,
    );
    this.raise({
      type: NODE.AuditWriteUpdateEventType,
      sourceNode: numericId(NODE.Server),
      sourceName: 'Attribute/Write',
      time: this.#server.now(),
      message: `${who} wrote ${name}`,
      severity: done ? 100 : 500,
      eventId: this.eventId(),
      fields: {
        ActionTimeStamp: time(this.#server.now()),
        Status: { type: BUILT_IN.Boolean, value: done },
        ServerId: text(this.#server.options.applicationUri),
        ClientAuditEntryId: text(auditEntryId),
        ClientUserId: text(session.user || undefined),
        AttributeId: { type: BUILT_IN.UInt32, value: 13 },
        IndexRange: text(undefined),
        NewValue: value.value ?? NO_VALUE,
        InputNode: { type: BUILT_IN.NodeId, value: node.id },
      },
    });
  }

  /** Tells a subscription every condition that is of interest now (OPC 10000-9, 5.5.7). @returns a status */
  refresh(session: Session, subscriptionId: number): number {
    const subscription = session.subscriptions.get(subscriptionId);
    if (subscription === undefined) return STATUS.badSubscriptionIdInvalid;
    const mark = (type: number, message: string): EventFields =>
      fieldsOf({
        ...{ type, sourceNode: numericId(NODE.Server), sourceName: 'Server', time: this.#server.now() },
        ...{ message, severity: 1, eventId: this.eventId() },
      });
    for (const item of listeners(subscription)) {
      tell(item, mark(NODE.RefreshStartEventType, 'refresh begins'));
      for (const event of this.#server.alarms.retained()) tell(item, fieldsOf(event));
      tell(item, mark(NODE.RefreshEndEventType, 'refresh ends'));
    }
    return STATUS.good;
  }
}

const isServer = ({ id }: Node): boolean => id.namespace === 0 && id.value === NODE.Server;

function* listeners(subscription: Subscription): Generator<MonitoredItem> {
  for (const item of subscription.items.values())
    if (item.settings.select !== undefined && item.settings.mode !== 0) yield item;
}

function tell(item: MonitoredItem, fields: EventFields): void {
  const { select = [] } = item.settings;
  item.heard(select.map(({ browsePath }) => fields[browsePath.map(({ name }) => name).join('/')] ?? NO_VALUE));
}
