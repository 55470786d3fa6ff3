/** The part of the plant check that looks at MQTT: that edge nodes and host applications reach their broker, and tell what they have. */
import type { DeviceSpec } from './plant.ts';
import type { PlantCheck } from './plant-check.ts';
import { serviceOf } from './plant-check-polls.ts';
import type { EdgeSpec, HostApplicationSpec, MqttServiceSpec } from './plant-mqtt.ts';
import { mayReach } from './plant-network.ts';
import { pollReads } from './plant-polls.ts';
import type { ValuePath } from './yaml-source.ts';

export function checkMqtt(check: PlantCheck, device: DeviceSpec, path: ValuePath): void {
  const { edge, host } = device.sparkplug ?? {};
  device.services.forEach((service, i) => {
    if (service.protocol !== 'mqtt') return;
    const at = [...path, 'services', i];
    check.unique(
      'user',
      service.users,
      ({ name }) => name,
      (j) => [...at, 'users', j, 'name'],
    );
    if (service.anonymous === undefined && service.users.length === 0)
      check.wrong(at, 'mqtt', `nobody could connect to the broker of ${device.id}; give it 'users' or 'anonymous'`);
  });
  if (host !== undefined) checkClient(check, device, host, [...path, 'sparkplug', 'host']);
  if (edge === undefined) return;
  const at = [...path, 'sparkplug', 'edge'];
  checkClient(check, device, edge, at);
  checkEdge(check, device, edge, at);
}

function checkClient(
  check: PlantCheck,
  device: DeviceSpec,
  client: EdgeSpec | HostApplicationSpec,
  path: ValuePath,
): void {
  if (!check.known('device', client.broker, check.devices, [...path, 'broker'])) return;
  const broker = check.devices.get(client.broker) as DeviceSpec;
  const service = broker.services.find((one): one is MqttServiceSpec => one.protocol === 'mqtt');
  if (service === undefined) {
    check.wrong([...path, 'broker'], 'mqtt', `${broker.id} offers no mqtt service to ${device.id}`);
    return;
  }
  if (service.allow !== undefined && !service.allow.includes(device.id))
    check.wrong(
      [...path, 'broker'],
      'mqtt',
      `${broker.id} lets only ${service.allow.join(', ')} connect, not ${device.id}`,
    );
  if (broker.id !== device.id && !mayReach(check.plant, device, broker, 'tcp', service.port))
    check.wrong(
      [...path, 'broker'],
      'no-way',
      `no conduit lets ${device.id} (zone ${device.zone}) open TCP port ${service.port} of ${broker.id} (zone ${broker.zone})`,
    );
  const { user, password } = client;
  if (user === undefined) {
    if (service.anonymous === undefined)
      check.wrong(path, 'mqtt', `${broker.id} takes nobody without a name; give ${device.id} a 'user'`);
    return;
  }
  const known = new Map(service.users.map((one) => [one.name, one]));
  if (!check.known('user', user, known, [...path, 'user'])) return;
  if (known.get(user)?.password !== (password ?? ''))
    check.wrong(
      [...path, password === undefined ? 'user' : 'password'],
      'mqtt',
      `${broker.id} has another password for ${user}`,
    );
}

function checkEdge(check: PlantCheck, device: DeviceSpec, edge: EdgeSpec, path: ValuePath): void {
  if (edge.every <= 0) check.wrong([...path, 'every'], 'mqtt', `${device.id} would look for changes every 0 s`);
  if (edge.updates !== undefined && device.firmware === undefined)
    check.wrong([...path, 'updates'], 'mqtt', `the firmware of ${device.id} cannot be replaced; give it 'firmware'`);
  check.unique(
    'Sparkplug device',
    edge.devices,
    (one) => one.id,
    (i) => [...path, 'devices', i, 'id'],
  );
  edge.devices.forEach(({ id, source, tags, commands }, i) => {
    const at = [...path, 'devices', i];
    check.unique(
      'tag',
      tags,
      (tag) => tag,
      (j) => [...at, 'tags', j],
    );
    if (!check.known('device', source, check.devices, [...at, 'source'])) return;
    const holder = check.devices.get(source) as DeviceSpec;
    const polls = device.polls.filter((poll) => poll.device === source);
    tags.forEach((tag, j) => {
      if (!check.known('tag', tag, check.tags, [...at, 'tags', j])) return;
      const point = holder.points.find((one) => one.tag === tag);
      if (point === undefined) check.wrong([...at, 'tags', j], 'mqtt', `${source} has no point for ${tag}`);
      else if (source !== device.id && !polls.some((poll) => pollReads(poll, point)))
        check.wrong(
          [...at, 'tags', j],
          'mqtt',
          `${device.id} does not poll ${tag} of ${source}, so it has nothing to tell`,
        );
    });
    commands.forEach((tag, j) => {
      const place = [...at, 'commands', j];
      if (!tags.includes(tag)) check.wrong(place, 'mqtt', `${tag} is commanded, but none of the tags of ${id}`);
      else if (holder.points.find((one) => one.tag === tag)?.writable === false)
        check.wrong(place, 'mqtt', `${tag} in ${source} is not writable`);
      const service = polls[0] && serviceOf(holder, polls[0].protocol);
      if (service !== undefined && 'writers' in service && service.writers?.includes(device.id) === false)
        check.wrong(place, 'mqtt', `${source} lets only ${service.writers.join(', ')} write, not ${device.id}`);
    });
  });
}
