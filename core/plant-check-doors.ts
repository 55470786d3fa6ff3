/** The part of the plant check that looks at a device's doors: that somebody can come in, and that what they show and write is there. */
import type { DeviceSpec } from './plant.ts';
import type { PlantCheck } from './plant-check.ts';
import type { FtpServiceSpec, WebServiceSpec } from './plant-doors.ts';
import type { ValuePath } from './yaml-source.ts';

/** Data connections of one FTP server at once. */
const MOST_DATA_PORTS = 16;

export function checkDoors(check: PlantCheck, device: DeviceSpec, path: ValuePath): void {
  const accounts = device.accounts ?? [];
  check.unique(
    'account',
    accounts,
    ({ user }) => user,
    (i) => [...path, 'accounts', i, 'user'],
  );
  device.services.forEach((service, i) => {
    const at = [...path, 'services', i];
    const needs =
      service.protocol === 'telnet' ||
      (service.protocol === 'ftp' && service.anonymous === 'none') ||
      (service.protocol === 'web' && service.login !== 'none');
    if (needs && accounts.length === 0)
      check.wrong(
        at,
        'door',
        `nobody has an account on ${device.id}, so nobody can log on to its ${service.protocol} service`,
      );
    if (service.protocol === 'web') checkWeb(check, device, service, at);
    if (service.protocol === 'ftp') checkFtp(check, device, service, at);
    if (service.protocol === 'snmp')
      check.unique(
        'community',
        service.communities,
        ({ name }) => name,
        (j) => [...at, 'communities', j, 'name'],
      );
  });
}

function checkWeb(
  check: PlantCheck,
  device: DeviceSpec,
  { setPoints, views, port }: WebServiceSpec,
  at: ValuePath,
): void {
  setPoints.forEach((tag, i) => {
    if (device.points.find((point) => point.tag === tag)?.writable !== true)
      check.wrong(
        [...at, 'setPoints', i],
        'door',
        `${device.id} has no writable point of ${tag} that its page could write`,
      );
  });
  check.unique(
    'view',
    views,
    ({ name }) => name,
    (i) => [...at, 'views', i, 'name'],
  );
  views.forEach(({ tag }, i) => {
    if (!check.known('tag', tag, check.tags, [...at, 'views', i, 'tag'])) return;
    const { sensor, actuator } = check.tags.get(tag) as { sensor?: unknown; actuator?: unknown };
    if (sensor === undefined && actuator === undefined)
      check.wrong(
        [...at, 'views', i, 'tag'],
        'door',
        `${tag} has neither sensor nor actuator, so there is nothing of it to look at`,
      );
  });
  const other = device.services.find(
    (service) =>
      (service.protocol === 'scada' || service.protocol === 'historian') && (service.port ?? STANDARD_HTTP) === port,
  );
  if (other !== undefined)
    check.wrong([...at, 'port'], 'door', `port ${port} of ${device.id} is taken by its ${other.protocol} service`);
}

const STANDARD_HTTP = 80;

function checkFtp(
  check: PlantCheck,
  device: DeviceSpec,
  { dataPorts: [first, last] }: FtpServiceSpec,
  at: ValuePath,
): void {
  const count = last - first + 1;
  if (count < 1 || count > MOST_DATA_PORTS)
    check.wrong(
      [...at, 'dataPorts'],
      'door',
      `${first} to ${last} are ${Math.max(0, count)} ports; data connections take 1 to ${MOST_DATA_PORTS}, the first before the last`,
    );
  const taken = device.services.find(({ port }) => port !== undefined && port >= first && port <= last);
  if (taken !== undefined)
    check.wrong([...at, 'dataPorts'], 'door', `port ${taken.port} of ${device.id} is its ${taken.protocol} service's`);
}
