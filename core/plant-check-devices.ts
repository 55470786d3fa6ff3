/** The part of the plant check that looks into devices: addresses, points, services, programs and standing conversations. */

import type { ControllerSpec, DeviceSpec, ServiceSpec, TagSpec } from './plant.ts';
import type { PlantCheck } from './plant-check.ts';
import { checkBacnetPoint, checkBacnetService } from './plant-check-bacnet.ts';
import { checkDnp3Point } from './plant-check-dnp3.ts';
import { checkDoors } from './plant-check-doors.ts';
import { checkMqtt } from './plant-check-mqtt.ts';
import { checkOpcUaServices } from './plant-check-opcua.ts';
import { checkPoll, serviceOf } from './plant-check-polls.ts';
import { checkS7Point } from './plant-check-s7.ts';
import type { ModbusPoint } from './plant-modbus.ts';
import { mayReach } from './plant-network.ts';
import { registersOfPoint } from './plant-polls.ts';
import type { ValuePath } from './yaml-source.ts';

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
  const instances = new Map<number, string>();
  devices.forEach((device, i) => {
    const path = ['devices', i];
    if (Number.parseInt(device.mac.slice(0, 2), 16) & 1)
      check.wrong([...path, 'mac'], 'mac', `${device.mac} is a multicast address; a device's first octet is even`);
    checkServices(check, device, path);
    checkPoints(check, device, path);
    checkBacnetService(check, device, instances, path);
    checkMqtt(check, device, path);
    checkOpcUaServices(check, device, path);
    checkDoors(check, device, path);
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
    const allow = 'allow' in service ? service.allow : undefined;
    const writers = 'writers' in service ? service.writers : undefined;
    for (const [list, names] of Object.entries({ allow, writers }))
      names?.forEach((name, j) => {
        check.known('device', name, check.devices, [...path, 'services', i, list, j]);
      });
  });
}

function checkPoints(check: PlantCheck, device: DeviceSpec, path: ValuePath): void {
  const serves = serviceOf(device, 'modbus') !== undefined;
  const taken = new Map<string, string>();
  const memory = new Map<string, string>();
  const indices = new Map<string, string>();
  const objects = new Map<string, string>();
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
    if (point.s7 !== undefined) checkS7Point(check, device, point, point.s7, memory, [...at, 's7']);
    if (point.dnp3 !== undefined) checkDnp3Point(check, device, point, point.dnp3, indices, [...at, 'dnp3']);
    if (point.bacnet !== undefined) checkBacnetPoint(check, device, point, point.bacnet, objects, [...at, 'bacnet']);
    const { modbus } = point;
    if (modbus === undefined) return;
    if (!serves)
      check.wrong(
        [...at, 'modbus'],
        'point',
        `${device.id} offers no modbus service, so nobody could read ${point.tag} there`,
      );
    checkModbusPoint(check, point.tag, modbus, point.writable, [...at, 'modbus']);
    for (let register = modbus.address; register < modbus.address + registersOfPoint(modbus); register++) {
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
  if (point.address + registersOfPoint(point) > 65_536)
    check.wrong(
      [...path, 'address'],
      'point',
      `${tag} takes ${registersOfPoint(point)} registers and would end beyond 65535`,
    );
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
  const used = new Set([...controller.inputs, ...controller.outputs, ...device.points.map(({ tag }) => tag)]);
  for (const tag of Object.keys(controller.variables ?? {}))
    if (!used.has(tag))
      check.wrong(
        [...at, 'variables', tag],
        'variable',
        `${tag} is neither an input, an output nor a point of ${device.id}; take it off its variables`,
      );
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
