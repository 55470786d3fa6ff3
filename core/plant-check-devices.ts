/** The part of the plant check that looks into devices: addresses, points, services, programs and standing conversations. */

import type {
  ControllerSpec,
  DeviceSpec,
  ModbusPoint,
  ModbusServiceSpec,
  PollSpec,
  ServiceSpec,
  TagSpec,
} from './plant.ts';
import type { PlantCheck } from './plant-check.ts';
import { mayReach } from './plant-network.ts';
import type { ValuePath } from './yaml-source.ts';

/** What one request may read (Modbus Application Protocol V1.1b3, 6.1 to 6.4). */
const MOST_BITS = 2000;
const MOST_REGISTERS = 125;

const RAW_LIMITS: Record<ModbusPoint['type'], readonly [number, number]> = {
  bool: [0, 1],
  uint16: [0, 0xffff],
  int16: [-0x8000, 0x7fff],
  uint32: [0, 0xffff_ffff],
  int32: [-0x8000_0000, 0x7fff_ffff],
  float32: [-3.4e38, 3.4e38],
};

/** Checks every device, and that no two share an id, an address, a MAC or an output. */
export function checkDevices(check: PlantCheck): void {
  const { devices } = check.plant;
  check.unique(
    'device',
    devices,
    (device) => device.id,
    (i) => ['devices', i, 'id'],
  );
  check.unique(
    'address',
    devices,
    (device) => device.address,
    (i) => ['devices', i, 'address'],
  );
  check.unique(
    'MAC address',
    devices,
    (device) => device.mac,
    (i) => ['devices', i, 'mac'],
  );
  const outputs = new Map<string, string>();
  devices.forEach((device, i) => {
    const path = ['devices', i];
    if (Number.parseInt(device.mac.slice(0, 2), 16) & 1)
      check.wrong([...path, 'mac'], 'mac', `${device.mac} is a multicast address; a device's first octet is even`);
    checkServices(check, device, path);
    checkPoints(check, device, path);
    if (device.controller) checkController(check, device, device.controller, path, outputs);
    device.polls.forEach((poll, j) => {
      checkPoll(check, device, poll, [...path, 'polls', j]);
    });
    checkFeeds(check, device, path);
  });
}

function checkServices(check: PlantCheck, device: DeviceSpec, path: ValuePath): void {
  const portOf = (service: ServiceSpec) => (service.port === undefined ? service.protocol : `port ${service.port}`);
  check.unique('service', device.services, portOf, (i) => [...path, 'services', i]);
  device.services.forEach((service, i) => {
    if (service.protocol !== 'modbus') return;
    for (const list of ['allow', 'writers'] as const)
      service[list]?.forEach((name, j) => {
        check.known('device', name, check.devices, [...path, 'services', i, list, j]);
      });
  });
}

function checkPoints(check: PlantCheck, device: DeviceSpec, path: ValuePath): void {
  const serves = modbusOf(device) !== undefined;
  const taken = new Map<string, string>();
  device.points.forEach((point, i) => {
    const at = [...path, 'points', i];
    check.ascending(point.accepts, `what ${point.tag} accepts`, [...at, 'accepts']);
    if (point.accepts !== undefined && !point.writable)
      check.wrong(
        [...at, 'accepts'],
        'point',
        `${point.tag} accepts no writes; make it writable or leave 'accepts' out`,
      );
    const known = check.known('tag', point.tag, check.tags, [...at, 'tag']);
    const { modbus } = point;
    if (modbus === undefined) return;
    if (!serves)
      check.wrong(
        [...at, 'modbus'],
        'point',
        `${device.id} offers no modbus service, so nobody could read ${point.tag} there`,
      );
    checkModbusPoint(check, point.tag, modbus, point.writable, [...at, 'modbus']);
    for (let register = modbus.address; register < modbus.address + widthOf(modbus); register++) {
      const key = `${modbus.table} ${register}`;
      const other = taken.get(key);
      if (other !== undefined) {
        check.wrong(
          [...at, 'modbus', 'address'],
          'point-overlap',
          `${key} of ${device.id} belongs to ${other} already`,
        );
        break;
      }
      taken.set(key, point.tag);
    }
    if (known) checkRawRange(check, check.tags.get(point.tag) as TagSpec, modbus, [...at, 'modbus']);
  });
}

function checkModbusPoint(
  check: PlantCheck,
  tag: string,
  point: ModbusPoint,
  writable: boolean,
  path: ValuePath,
): void {
  const bits = point.table === 'coil' || point.table === 'discrete';
  if (bits && point.type !== 'bool')
    check.wrong(
      [...path, 'type'],
      'point',
      `${tag} is ${point.type} in a table of bits; use bool, or an input or holding register`,
    );
  if (writable && (point.table === 'discrete' || point.table === 'input'))
    check.wrong(
      [...path, 'table'],
      'point',
      `${tag} is writable, but table ${point.table} is only for reading; use coil or holding`,
    );
  if (point.address + widthOf(point) > 65_536)
    check.wrong([...path, 'address'], 'point', `${tag} takes ${widthOf(point)} registers and would end beyond 65535`);
}

/** A register must hold every value of the instrument's range, or it would wrap around unnoticed. */
function checkRawRange(check: PlantCheck, tag: TagSpec, point: ModbusPoint, path: ValuePath): void {
  const [low, high] = RAW_LIMITS[point.type];
  const [from, to] = tag.range.map((value) => Math.round(value / point.scale)) as [number, number];
  if (from < low || to > high)
    check.wrong(
      [...path, 'type'],
      'point-range',
      `${tag.id} from ${tag.range[0]} to ${tag.range[1]} is raw ${from} to ${to} at scale ${point.scale}, which ${point.type} does not hold`,
    );
}

function checkController(
  check: PlantCheck,
  device: DeviceSpec,
  controller: ControllerSpec,
  path: ValuePath,
  outputs: Map<string, string>,
): void {
  const at = [...path, 'controller'];
  check.unique(
    'task',
    controller.tasks,
    (task) => task.program,
    (i) => [...at, 'tasks', i, 'program'],
  );
  controller.tasks.forEach((task, i) => {
    if (task.every <= 0)
      check.wrong([...at, 'tasks', i, 'every'], 'task', `${task.program} would run every 0 s; give its scan time`);
  });
  check.unique(
    'input',
    controller.inputs,
    (tag) => tag,
    (i) => [...at, 'inputs', i],
  );
  controller.inputs.forEach((name, i) => {
    if (!check.known('tag', name, check.tags, [...at, 'inputs', i])) return;
    if (check.tags.get(name)?.sensor === undefined)
      check.wrong(
        [...at, 'inputs', i],
        'input',
        `${name} has no sensor, so ${device.id} has nothing to read; give it one or take it off the inputs`,
      );
  });
  controller.outputs.forEach((name, i) => {
    if (!check.known('tag', name, check.tags, [...at, 'outputs', i])) return;
    if (check.tags.get(name)?.actuator === undefined)
      check.wrong(
        [...at, 'outputs', i],
        'output',
        `${name} has no actuator, so ${device.id} has nothing to move; give it one or take it off the outputs`,
      );
    const other = outputs.get(name);
    if (other !== undefined) check.wrong([...at, 'outputs', i], 'output', `${name} is an output of ${other} already`);
    outputs.set(name, device.id);
  });
}

function checkPoll(check: PlantCheck, device: DeviceSpec, poll: PollSpec, path: ValuePath): void {
  if (poll.every <= 0) check.wrong([...path, 'every'], 'poll', `${device.id} would poll ${poll.device} every 0 s`);
  if (!check.known('device', poll.device, check.devices, [...path, 'device'])) return;
  const server = check.devices.get(poll.device) as DeviceSpec;
  const service = modbusOf(server);
  if (service === undefined) {
    check.wrong([...path, 'device'], 'poll', `${server.id} offers no modbus service to ${device.id}`);
    return;
  }
  if (!service.units.includes(poll.unit))
    check.wrong(
      [...path, 'unit'],
      'poll',
      `${server.id} answers to units ${service.units.join(', ')}, not to ${poll.unit}`,
    );
  if (service.allow !== undefined && !service.allow.includes(device.id))
    check.wrong(
      [...path, 'device'],
      'poll',
      `${server.id} lets only ${service.allow.join(', ')} connect, not ${device.id}`,
    );
  if (poll.writes.length > 0 && service.writers !== undefined && !service.writers.includes(device.id))
    check.wrong(
      [...path, 'writes'],
      'poll',
      `${server.id} lets only ${service.writers.join(', ')} write, not ${device.id}`,
    );
  if (!mayReach(check.plant, device, server, 'tcp', service.port))
    check.wrong(
      [...path, 'device'],
      'no-way',
      `no conduit lets ${device.id} (zone ${device.zone}) open TCP port ${service.port} of ${server.id} (zone ${server.zone})`,
    );
  if (poll.reads.length === 0 && poll.writes.length === 0)
    check.wrong(path, 'poll', `the poll of ${server.id} neither reads nor writes anything`);
  poll.reads.forEach((block, i) => {
    checkBlock(check, server, block, [...path, 'reads', i]);
  });
  checkTagsOfPoll(check, device, server, poll, path);
}

type Block = PollSpec['reads'][number];

function checkBlock(check: PlantCheck, server: DeviceSpec, block: Block, path: ValuePath): void {
  const most = block.table === 'coil' || block.table === 'discrete' ? MOST_BITS : MOST_REGISTERS;
  if (block.count > most)
    check.wrong(
      [...path, 'count'],
      'poll',
      `one request reads at most ${most} of table ${block.table}, not ${block.count}; split the block`,
    );
  const end = block.address + block.count;
  const mapped = new Set<number>();
  for (const { tag, modbus } of server.points) {
    if (modbus?.table !== block.table) continue;
    const pointEnd = modbus.address + widthOf(modbus);
    for (let register = modbus.address; register < pointEnd; register++) mapped.add(register);
    if ((modbus.address < block.address && pointEnd > block.address) || (modbus.address < end && pointEnd > end))
      check.wrong(path, 'poll', `the block cuts ${tag} (${block.table} ${modbus.address} to ${pointEnd - 1}) in two`);
  }
  const holes: number[] = [];
  for (let register = block.address; register < end; register++) if (!mapped.has(register)) holes.push(register);
  if (holes.length > 0)
    check.wrong(
      path,
      'unmapped',
      `${block.table} ${ranges(holes)} of ${server.id} belongs to no point, so the read would be refused`,
    );
}

function checkTagsOfPoll(
  check: PlantCheck,
  device: DeviceSpec,
  server: DeviceSpec,
  poll: PollSpec,
  path: ValuePath,
): void {
  const points = new Map(server.points.map((point) => [point.tag, point]));
  poll.writes.forEach((write, i) => {
    const at = [...path, 'writes', i, 'tag'];
    if (!check.known('tag', write.tag, check.tags, at)) return;
    const point = points.get(write.tag);
    if (point?.modbus === undefined) check.wrong(at, 'poll', `${server.id} has no modbus point for ${write.tag}`);
    else if (!point.writable) check.wrong(at, 'poll', `${write.tag} in ${server.id} is not writable`);
  });
  for (const tag of Object.keys(poll.into ?? {})) {
    const at = [...path, 'into', tag];
    const modbus = points.get(tag)?.modbus;
    if (!device.controller)
      check.wrong(at, 'poll', `${device.id} has no controller, so there is no variable to read ${tag} into`);
    else if (modbus === undefined) check.wrong(at, 'poll', `${server.id} has no modbus point for ${tag}`);
    else if (!poll.reads.some((block) => covers(block, modbus)))
      check.wrong(at, 'poll', `no block of this poll reads ${tag} (${modbus.table} ${modbus.address})`);
  }
}

function checkFeeds(check: PlantCheck, device: DeviceSpec, path: ValuePath): void {
  device.feeds.forEach((feed, i) => {
    const at = [...path, 'feeds', i];
    if (feed.every <= 0) check.wrong([...at, 'every'], 'feed', `${device.id} would feed ${feed.device} every 0 s`);
    feed.tags?.forEach((tag, j) => {
      check.known('tag', tag, check.tags, [...at, 'tags', j]);
    });
    if (!check.known('device', feed.device, check.devices, [...at, 'device'])) return;
    const other = check.devices.get(feed.device) as DeviceSpec;
    const service = other.services.find(({ protocol }) => protocol === 'historian' || protocol === 'scada');
    if (service === undefined)
      check.wrong(
        [...at, 'device'],
        'feed',
        `${other.id} offers neither a historian nor a scada service to ${device.id}`,
      );
    else if (!mayReach(check.plant, device, other, 'tcp', service.port))
      check.wrong(
        [...at, 'device'],
        'no-way',
        `no conduit lets ${device.id} (zone ${device.zone}) open the ${service.protocol} service of ${other.id} (zone ${other.zone})`,
      );
  });
}

const modbusOf = (device: DeviceSpec): ModbusServiceSpec | undefined =>
  device.services.find((service) => service.protocol === 'modbus');

/** Registers (or bits) that a point takes. */
const widthOf = (point: ModbusPoint): number => (point.type.endsWith('32') ? 2 : 1);

const covers = (block: Block, point: ModbusPoint): boolean =>
  block.table === point.table &&
  block.address <= point.address &&
  point.address + widthOf(point) <= block.address + block.count;

/** `1 to 3, 7` of ascending numbers. */
function ranges(numbers: readonly number[]): string {
  const parts: [number, number][] = [];
  for (const number of numbers) {
    const last = parts.at(-1);
    if (last !== undefined && last[1] === number - 1) last[1] = number;
    else parts.push([number, number]);
  }
  return parts.map(([from, to]) => (from === to ? `${from}` : `${from} to ${to}`)).join(', ');
}
