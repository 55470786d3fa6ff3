/** Whom alarms of a class are told, how urgent they are, and whether they must be acknowledged (ASHRAE 135-2020, clause 12.21). */
import { array, completed, fixed, OUT_OF_RANGE, type Property, type ServedObject, WRONG_TYPE } from './objects.ts';
import { PROPERTY } from './property-ids.ts';
import { unsignedAt } from './reader.ts';
import { type BacnetValue, bits, bool, constructed, instanceOf, objectId, typeOf, unsigned } from './values.ts';

/** Somebody who is told. */
export interface Recipient {
  /** A device by instance, or a station by address. */
  readonly device?: number | undefined;
  readonly address?: { readonly address: number; readonly port: number } | undefined;
  readonly process: number;
  readonly confirmed: boolean;
  /** To off-normal, to fault, to normal. */
  readonly transitions: readonly boolean[];
}

export interface NotificationClassSpec {
  readonly instance: number;
  readonly name: string;
  /** To off-normal, to fault, to normal: 0 is the most urgent, 255 the least. */
  readonly priorities: readonly [number, number, number];
  readonly ackRequired: readonly [boolean, boolean, boolean];
  readonly recipients: readonly Recipient[];
}

const TYPE = 15;
const DEVICE = 8;
const MOST_RECIPIENTS = 32;
const ALL_DAYS = [true, true, true, true, true, true, true];

export class NotificationClass implements ServedObject {
  readonly id: number;
  readonly name: string;
  readonly properties: ReadonlyMap<number, Property>;
  readonly priorities: readonly number[];
  readonly ackRequired: readonly boolean[];
  recipients: readonly Recipient[];
  readonly #spec: NotificationClassSpec;

  constructor(spec: NotificationClassSpec) {
    this.id = objectId(TYPE, spec.instance);
    this.name = spec.name;
    this.#spec = spec;
    this.priorities = spec.priorities;
    this.ackRequired = spec.ackRequired;
    this.recipients = spec.recipients;
    this.properties = completed(this.id, spec.name, [
      [PROPERTY.notificationClass, fixed(unsigned(spec.instance))],
      [PROPERTY.priority, array(() => this.priorities.map(unsigned), true)],
      [PROPERTY.ackRequired, fixed(() => bits(this.ackRequired))],
      [
        PROPERTY.recipientList,
        {
          required: true,
          read: () => this.recipients.flatMap(destination),
          write: ({ values }) => {
            const recipients = destinations(values);
            if (recipients === undefined) return WRONG_TYPE;
            if (recipients.length > MOST_RECIPIENTS) return OUT_OF_RANGE;
            this.recipients = recipients;
            return undefined;
          },
        },
      ],
    ]);
  }

  restart(): void {
    this.recipients = this.#spec.recipients;
  }
}

/** BACnetDestination: days, from, to, who, process, confirmed, transitions. Everybody is told on all days here. */
function destination(recipient: Recipient): BacnetValue[] {
  return [
    bits(ALL_DAYS),
    { kind: 'time', hour: 0, minute: 0, second: 0, hundredths: 0 },
    { kind: 'time', hour: 23, minute: 59, second: 59, hundredths: 99 },
    recipientValue(recipient),
    unsigned(recipient.process),
    bool(recipient.confirmed),
    bits(recipient.transitions),
  ];
}

/** BACnetRecipient: a device, or a network (0: this one) and an address there. */
export function recipientValue({ device, address }: Pick<Recipient, 'device' | 'address'>): BacnetValue {
  if (address === undefined) {
    const id = objectId(DEVICE, device ?? 0);
    return { kind: 'context', tag: 0, value: Uint8Array.of(id >>> 24, (id >>> 16) & 255, (id >>> 8) & 255, id & 255) };
  }
  const { address: ip, port } = address;
  const value = Uint8Array.of(ip >>> 24, (ip >>> 16) & 255, (ip >>> 8) & 255, ip & 255, port >> 8, port & 255);
  return constructed(1, [unsigned(0), { kind: 'octets', value }]);
}

const SIZE = 7;

function destinations(values: readonly BacnetValue[]): Recipient[] | undefined {
  if (values.length % SIZE !== 0) return undefined;
  const recipients: Recipient[] = [];
  for (let at = 0; at < values.length; at += SIZE) {
    const [days, from, to, who, process, confirmed, transitions] = values.slice(at, at + SIZE);
    const whom = who && recipientOf(who);
    if (days?.kind !== 'bits' || from?.kind !== 'time' || to?.kind !== 'time' || whom === undefined) return undefined;
    if (process?.kind !== 'unsigned' || confirmed?.kind !== 'boolean' || transitions?.kind !== 'bits') return undefined;
    recipients.push({
      ...whom,
      process: process.value,
      confirmed: confirmed.value,
      transitions: transitions.value.slice(0, 3),
    });
  }
  return recipients;
}

function recipientOf(value: BacnetValue): Pick<Recipient, 'device' | 'address'> | undefined {
  if (value.kind === 'context' && value.tag === 0 && value.value.length === 4) {
    const id = unsignedAt(value.value, 0, 4);
    return typeOf(id) === DEVICE ? { device: instanceOf(id) } : undefined;
  }
  if (value.kind !== 'constructed' || value.tag !== 1) return undefined;
  const [network, mac] = value.items;
  if (network?.kind !== 'unsigned' || mac?.kind !== 'octets' || mac.value.length !== 6) return undefined;
  return { address: { address: unsignedAt(mac.value, 0, 4), port: unsignedAt(mac.value, 4, 2) } };
}
