/** The part of the plant check that looks at BACnet objects and services. */
import type { DeviceSpec, PointSpec } from './plant.ts';
import type { BacnetPoint } from './plant-bacnet.ts';
import type { PlantCheck } from './plant-check.ts';
import { serviceOf } from './plant-check-polls.ts';
import { mayReach } from './plant-network.ts';
import type { ValuePath } from './yaml-source.ts';

const familyOf = ({ kind }: BacnetPoint): 'analog' | 'binary' | 'multi-state' =>
  kind.startsWith('analog') ? 'analog' : kind.startsWith('binary') ? 'binary' : 'multi-state';

/** Whether it has a priority array. */
export const isCommanded = ({ kind, commandable }: Pick<BacnetPoint, 'kind' | 'commandable'>): boolean =>
  kind.endsWith('output') || (kind.endsWith('value') && commandable);

/** Notes what is wrong with one point. `objects`: which tag is which object so far. */
export function checkBacnetPoint(
  check: PlantCheck,
  device: DeviceSpec,
  { tag, writable }: PointSpec,
  point: BacnetPoint,
  objects: Map<string, string>,
  path: ValuePath,
): void {
  const wrong = (key: string, message: string, id = 'point'): void => check.wrong([...path, key], id, message);
  const { kind, instance, alarm, states, relinquishDefault } = point;
  const service = serviceOf(device, 'bacnet');
  if (service === undefined)
    check.wrong(path, 'point', `${device.id} offers no bacnet service, so nobody could read ${tag} there`);
  const key = `${kind} ${instance}`;
  const other = objects.get(key);
  if (other !== undefined) wrong('instance', `${key} of ${device.id} belongs to ${other} already`, 'point-overlap');
  else objects.set(key, tag);
  const isInput = kind.endsWith('input');
  if (isInput && writable)
    wrong('kind', `${tag} is writable, but nobody writes an input; use ${kind.replace('input', 'value')}`);
  if (kind.endsWith('output') && !writable)
    wrong(
      'kind',
      `${tag} is an output that nobody may write; make it writable, or use ${kind.replace('output', 'input')}`,
    );
  if (isCommanded(point) && relinquishDefault === undefined)
    wrong(
      'relinquishDefault',
      `${tag} is commanded by priority; say with 'relinquishDefault' what holds when nobody does`,
    );
  if (!isCommanded(point) && relinquishDefault !== undefined)
    wrong('relinquishDefault', `${tag} has no priority array, so that nothing can be relinquished`);
  const family = familyOf(point);
  if (family === 'multi-state' && states === undefined) wrong('states', `${tag} is multi-state; name its states`);
  if (family !== 'multi-state' && states !== undefined)
    wrong('states', `${tag} is ${kind}, whose states are the tag's`);
  if (alarm === undefined) return;
  const hasLimits = alarm.high !== undefined || alarm.low !== undefined;
  if (family === 'analog' ? !hasLimits || alarm.values !== undefined : hasLimits || alarm.values === undefined)
    wrong(
      'alarm',
      family === 'analog'
        ? `${tag} is analog: its alarm has 'high', 'low' or both, and no 'values'`
        : `${tag} is ${family}: its alarm has the 'values' that are alarms, and no limits`,
    );
  if (service !== undefined && !service.classes.some((one) => one.instance === alarm.class))
    wrong('alarm', `${device.id} has no notification class ${alarm.class} that ${tag} could report to`);
}

/** Notes what is wrong with a device's service, and where instances of devices are not their own. */
export function checkBacnetService(
  check: PlantCheck,
  device: DeviceSpec,
  instances: Map<number, string>,
  path: ValuePath,
): void {
  const index = device.services.findIndex(({ protocol }) => protocol === 'bacnet');
  const service = serviceOf(device, 'bacnet');
  if (service === undefined) return;
  const at = [...path, 'services', index];
  const other = instances.get(service.instance);
  if (other !== undefined)
    check.wrong(
      [...at, 'instance'],
      'bacnet-instance',
      `device instance ${service.instance} belongs to ${other} already`,
    );
  else instances.set(service.instance, device.id);
  service.classes.forEach(({ recipients }, i) => {
    recipients.forEach((recipient, j) => {
      const place = [...at, 'classes', i, 'recipients', j, 'device'];
      if (!check.known('device', recipient.device, check.devices, place)) return;
      const to = check.devices.get(recipient.device) as DeviceSpec;
      if (!mayReach(check.plant, device, to, 'udp', service.port))
        check.wrong(
          place,
          'no-way',
          `no conduit lets ${device.id} (zone ${device.zone}) tell alarms to ${to.id} (zone ${to.zone}), UDP port ${service.port}`,
        );
    });
  });
  service.trends.forEach(({ tag, every }, i) => {
    if (!device.points.some((point) => point.tag === tag && point.bacnet !== undefined))
      check.wrong([...at, 'trends', i, 'tag'], 'point', `${device.id} has no BACnet object of ${tag} to record`);
    if (every <= 0) check.wrong([...at, 'trends', i, 'every'], 'point', `${device.id} would record ${tag} every 0 s`);
  });
  service.bbmd?.peers.forEach((peer, i) => {
    const place = [...at, 'bbmd', 'peers', i];
    if (!check.known('device', peer, check.devices, place)) return;
    if (serviceOf(check.devices.get(peer) as DeviceSpec, 'bacnet')?.bbmd === undefined)
      check.wrong(place, 'bacnet-bbmd', `${peer} hands no broadcasts on; give its bacnet service a 'bbmd'`);
  });
}
