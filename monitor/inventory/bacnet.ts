/** What BACnet tells of a device: the instance of its device object, who made it, and what it says of itself. */
import { type DiscoveryEvent, PROPERTY, type PropertyEvent } from '@penstock/protocols/bacnet';

const DEVICE = 'device';

/** Properties of the device object that identify, under the names that Modbus gives the same things. */
const IDENTITY: ReadonlyMap<number, string> = new Map([
  [PROPERTY.vendorName, 'VendorName'],
  [PROPERTY.modelName, 'ModelName'],
  [PROPERTY.firmwareRevision, 'MajorMinorVersion'],
  [PROPERTY.applicationSoftwareVersion, 'ApplicationVersion'],
  [PROPERTY.objectName, 'UserAssignedId'],
  [PROPERTY.location, 'Location'],
  [PROPERTY.serialNumber, 'SerialNumber'],
]);
/** The name under which the device's instance is kept. */
const INSTANCE = 'BacnetDevice';

/** What a device says of itself in an answer; undefined for everything else. */
export function bacnetIdentity({
  pdu_service: service,
  object_type,
  property_id: property,
  value,
}: PropertyEvent): readonly [name: string, value: string] | undefined {
  if (object_type !== DEVICE || value === undefined || !service.endsWith('-ack')) return undefined;
  const name = IDENTITY.get(property);
  return name === undefined ? undefined : [name, value];
}

/** What an I-Am says. */
export function bacnetIntroduction(event: DiscoveryEvent): readonly (readonly [name: string, value: string])[] {
  if (event.pdu_service !== 'i-am' || event.instance_number === undefined) return [];
  const instance = [INSTANCE, String(event.instance_number)] as const;
  return event.vendor === undefined || event.vendor.startsWith('Unknown')
    ? [instance]
    : [instance, ['VendorName', event.vendor]];
}
