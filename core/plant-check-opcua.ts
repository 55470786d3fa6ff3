/** The part of the plant check that looks at OPC UA: that servers have what they offer, and clients may do what they want. */
import type { DeviceSpec } from './plant.ts';
import type { PlantCheck } from './plant-check.ts';
import type { OpcUaPollSpec, OpcUaServiceSpec } from './plant-opcua.ts';
import type { ValuePath } from './yaml-source.ts';

export function checkOpcUaServices(check: PlantCheck, device: DeviceSpec, path: ValuePath): void {
  device.services.forEach((service, i) => {
    if (service.protocol === 'opcua') checkService(check, device, service, [...path, 'services', i]);
  });
}

function checkService(check: PlantCheck, device: DeviceSpec, service: OpcUaServiceSpec, path: ValuePath): void {
  const { points, users, methods, history } = service;
  check.unique(
    'offered tag',
    points,
    ({ tag }) => tag,
    (i) => [...path, 'points', i, 'tag'],
  );
  check.unique(
    'user',
    users,
    ({ name }) => name,
    (i) => [...path, 'users', i, 'name'],
  );
  check.unique(
    'method',
    methods,
    ({ name, area }) => `${area}.${name}`,
    (i) => [...path, 'methods', i, 'name'],
  );
  if (service.anonymous === 'none' && users.length === 0)
    check.wrong([...path, 'anonymous'], 'opcua', `nobody could log on to ${device.id}; give it 'users'`);
  if (history !== undefined && !points.some((point) => point.history))
    check.wrong(
      [...path, 'history'],
      'opcua',
      `no point of ${device.id} has 'history: true', so nothing would be kept`,
    );
  if (history === undefined && points.some((point) => point.history))
    check.wrong([...path, 'points'], 'opcua', `say with 'history' how often ${device.id} keeps values, and how many`);
  if (history !== undefined && history.every <= 0)
    check.wrong([...path, 'history', 'every'], 'opcua', `${device.id} would keep a value every 0 s`);
  points.forEach(({ tag, writable }, i) => {
    const at = [...path, 'points', i];
    if (!check.known('tag', tag, check.tags, [...at, 'tag'])) return;
    if (device.controller !== undefined) checkOwn(check, device, tag, writable, at);
    else if (writable && holderOf(check, device, tag) === undefined)
      check.wrong(
        [...at, 'writable'],
        'opcua',
        `${device.id} could not pass a write of ${tag} on: no device that it polls has a writable point of it`,
      );
  });
  methods.forEach(({ tag }, i) => {
    const at = [...path, 'methods', i, 'tag'];
    if (!check.known('tag', tag, check.tags, at)) return;
    const holds =
      device.controller === undefined
        ? holderOf(check, device, tag) !== undefined
        : device.points.some((point) => point.tag === tag && point.writable);
    if (!holds) check.wrong(at, 'opcua', `${device.id} has no way to write ${tag}`);
  });
}

function checkOwn(check: PlantCheck, device: DeviceSpec, tag: string, writable: boolean, path: ValuePath): void {
  const point = device.points.find((candidate) => candidate.tag === tag);
  if (point === undefined) check.wrong([...path, 'tag'], 'opcua', `${device.id} has no point of ${tag}`);
  else if (writable && !point.writable)
    check.wrong([...path, 'writable'], 'opcua', `the point of ${tag} in ${device.id} is not writable`);
}

/** The device whose point of a tag somebody writes through his standing conversation with it. */
const holderOf = (check: PlantCheck, device: DeviceSpec, tag: string): DeviceSpec | undefined =>
  device.polls
    .filter(({ protocol }) => protocol !== 'opcua')
    .map((poll) => check.devices.get(poll.device))
    .find((server) => server?.points.some((point) => point.tag === tag && point.writable));

export function checkOpcUaPoll(
  check: PlantCheck,
  device: DeviceSpec,
  server: DeviceSpec,
  service: OpcUaServiceSpec,
  poll: OpcUaPollSpec,
  path: ValuePath,
): void {
  const offered = new Map(service.points.map((point) => [point.tag, point]));
  const none = (tag: string): string => `${server.id} does not offer ${tag} over OPC UA`;
  poll.tags?.forEach((tag, i) => {
    if (!offered.has(tag)) check.wrong([...path, 'tags', i], 'poll', none(tag));
  });
  const user = service.users.find(({ name }) => name === poll.user?.name);
  if (poll.user === undefined) {
    if (service.anonymous === 'none')
      check.wrong(path, 'poll', `${server.id} takes nobody without a name; give ${device.id} a 'user'`);
  } else if (user === undefined || user.password !== poll.user.password)
    check.wrong([...path, 'user'], 'poll', `${server.id} knows no user '${poll.user.name}' with that password`);
  const role = poll.user === undefined ? service.anonymous : user?.role;
  poll.writes.forEach(({ tag }, i) => {
    const at = [...path, 'writes', i, 'tag'];
    if (!check.known('tag', tag, check.tags, at)) return;
    if (offered.get(tag)?.writable !== true) check.wrong(at, 'poll', `${tag} at ${server.id} is not writable`);
    else if (role === 'observer') check.wrong(at, 'poll', `${server.id} lets ${device.id} only read`);
  });
  for (const tag of Object.keys(poll.into ?? {})) {
    const at = [...path, 'into', tag];
    if (device.controller === undefined)
      check.wrong(at, 'poll', `${device.id} has no controller, so there is no variable to read ${tag} into`);
    else if (!offered.has(tag) || poll.tags?.includes(tag) === false) check.wrong(at, 'poll', none(tag));
  }
}
