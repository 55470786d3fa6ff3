/** The part of the plant check that looks into standing conversations: whom, by which way, and what is read and written there. */
import type { DeviceSpec, PointSpec, PollSpec, ServiceSpec } from './plant.ts';
import type { BacnetPollSpec } from './plant-bacnet.ts';
import type { PlantCheck } from './plant-check.ts';
import { checkOpcUaPoll } from './plant-check-opcua.ts';
import type { Dnp3PollSpec, Dnp3ServiceSpec } from './plant-dnp3.ts';
import type { ModbusPollSpec, ModbusServiceSpec } from './plant-modbus.ts';
import { mayReach } from './plant-network.ts';
import type { OpcUaPollSpec, OpcUaServiceSpec } from './plant-opcua.ts';
import { lengthInArea, pollReads, registersOfPoint, s7AreaText } from './plant-polls.ts';
import type { S7PollSpec } from './plant-s7.ts';
import type { ValuePath } from './yaml-source.ts';

/** What one request may read (Modbus Application Protocol V1.1b3, 6.1 to 6.4). */
const MOST_BITS = 2000;
const MOST_REGISTERS = 125;

/** The service of a protocol that a device offers. */
export const serviceOf = <P extends PollSpec['protocol']>(
  device: DeviceSpec,
  protocol: P,
): Extract<ServiceSpec, { protocol: P }> | undefined =>
  device.services.find((service): service is Extract<ServiceSpec, { protocol: P }> => service.protocol === protocol);

export function checkPoll(check: PlantCheck, device: DeviceSpec, poll: PollSpec, path: ValuePath): void {
  const { protocol } = poll;
  if (poll.every <= 0) check.wrong([...path, 'every'], 'poll', `${device.id} would poll ${poll.device} every 0 s`);
  if (!check.known('device', poll.device, check.devices, [...path, 'device'])) return;
  const server = check.devices.get(poll.device) as DeviceSpec;
  const service = serviceOf(server, protocol);
  if (service === undefined) {
    check.wrong([...path, 'device'], 'poll', `${server.id} offers no ${protocol} service to ${device.id}`);
    return;
  }
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
  const transport = service.protocol === 'dnp3' ? service.transport : service.protocol === 'bacnet' ? 'udp' : 'tcp';
  if (!mayReach(check.plant, device, server, transport, service.port))
    check.wrong(
      [...path, 'device'],
      'no-way',
      `no conduit lets ${device.id} (zone ${device.zone}) open ${transport.toUpperCase()} port ${service.port} of ${server.id} (zone ${server.zone})`,
    );
  if (poll.protocol === 'opcua') {
    checkOpcUaPoll(check, device, server, service as OpcUaServiceSpec, poll, path);
    return;
  }
  if (poll.protocol === 'dnp3') checkDnp3Poll(check, server, service as Dnp3ServiceSpec, poll, path);
  else if (poll.protocol === 'bacnet') checkBacnetPoll(check, server, poll, path);
  else {
    if (poll.reads.length === 0 && poll.writes.length === 0)
      check.wrong(path, 'poll', `the poll of ${server.id} neither reads nor writes anything`);
    if (poll.protocol === 'modbus') checkModbusPoll(check, server, service as ModbusServiceSpec, poll, path);
    else checkS7Blocks(check, server, poll, path);
  }
  checkTagsOfPoll(check, device, server, poll, path);
}

function checkModbusPoll(
  check: PlantCheck,
  server: DeviceSpec,
  service: ModbusServiceSpec,
  poll: ModbusPollSpec,
  path: ValuePath,
): void {
  if (!service.units.includes(poll.unit))
    check.wrong(
      [...path, 'unit'],
      'poll',
      `${server.id} answers to units ${service.units.join(', ')}, not to ${poll.unit}`,
    );
  poll.reads.forEach((block, i) => {
    checkBlock(check, server, block, [...path, 'reads', i]);
  });
}

function checkDnp3Poll(
  check: PlantCheck,
  server: DeviceSpec,
  service: Dnp3ServiceSpec,
  poll: Dnp3PollSpec,
  path: ValuePath,
): void {
  const { address } = poll;
  if (address !== undefined && !service.anyMaster && !service.masters.includes(address))
    check.wrong(
      [...path, 'address'],
      'poll',
      `${server.id} knows the masters ${service.masters.join(', ')}, not ${address}`,
    );
  poll.writes.forEach(({ tag }, i) => {
    const kind = server.points.find((point) => point.tag === tag)?.dnp3?.kind;
    if (kind !== undefined && kind !== 'binary-output' && kind !== 'analog-output')
      check.wrong([...path, 'writes', i, 'tag'], 'poll', `${tag} in ${server.id} is no output that could be commanded`);
  });
  if (poll.integrity !== undefined && poll.integrity <= 0)
    check.wrong([...path, 'integrity'], 'poll', `${server.id} would be read as a whole every 0 s`);
}

function checkBacnetPoll(check: PlantCheck, server: DeviceSpec, poll: BacnetPollSpec, path: ValuePath): void {
  if (poll.cov !== undefined && poll.cov.lifetime <= poll.every)
    check.wrong(
      [...path, 'cov', 'lifetime'],
      'poll',
      `a subscription at ${server.id} must last longer than the ${poll.every / 1e6} s between two looks at it`,
    );
}

type Block = ModbusPollSpec['reads'][number];

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
    const pointEnd = modbus.address + registersOfPoint(modbus);
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

/** A block of S7 memory: within its area, and no point cut in two. */
function checkS7Blocks(check: PlantCheck, server: DeviceSpec, poll: S7PollSpec, path: ValuePath): void {
  poll.reads.forEach((block, i) => {
    const at = [...path, 'reads', i];
    const end = block.byte + block.count;
    const here = server.points.flatMap(({ tag, s7 }) =>
      s7 !== undefined && s7.area === block.area && s7.db === block.db
        ? [{ tag, from: s7.byte, to: s7.byte + lengthInArea(s7) }]
        : [],
    );
    const last = Math.max(0, ...here.map(({ to }) => to));
    if (end > last)
      check.wrong(
        at,
        'unmapped',
        `${s7AreaText(block)} of ${server.id} ${last === 0 ? 'has no point' : `ends at ${last - 1}`}, so reading ${block.byte} to ${end - 1} would be refused`,
      );
    for (const { tag, from, to } of here)
      if ((from < block.byte && to > block.byte) || (from < end && to > end))
        check.wrong(at, 'poll', `the block cuts ${tag} (${s7AreaText(block)} ${from} to ${to - 1}) in two`);
  });
}

function checkTagsOfPoll(
  check: PlantCheck,
  device: DeviceSpec,
  server: DeviceSpec,
  poll: Exclude<PollSpec, OpcUaPollSpec>,
  path: ValuePath,
): void {
  const { protocol } = poll;
  const points = new Map(server.points.map((point) => [point.tag, point]));
  const none = (tag: string): string => `${server.id} has no ${protocol} point for ${tag}`;
  poll.writes.forEach((write, i) => {
    const at = [...path, 'writes', i, 'tag'];
    if (!check.known('tag', write.tag, check.tags, at)) return;
    const point = points.get(write.tag);
    if (point?.[protocol] === undefined) check.wrong(at, 'poll', none(write.tag));
    else if (!point.writable) check.wrong(at, 'poll', `${write.tag} in ${server.id} is not writable`);
  });
  for (const tag of Object.keys(poll.into ?? {})) {
    const at = [...path, 'into', tag];
    const point = points.get(tag);
    if (!device.controller)
      check.wrong(at, 'poll', `${device.id} has no controller, so there is no variable to read ${tag} into`);
    else if (point?.[protocol] === undefined) check.wrong(at, 'poll', none(tag));
    else if (!pollReads(poll, point)) check.wrong(at, 'poll', `no block of this poll reads ${tag} (${placeOf(point)})`);
  }
}

const placeOf = ({ modbus, s7 }: PointSpec): string =>
  modbus !== undefined ? `${modbus.table} ${modbus.address}` : s7 !== undefined ? `${s7AreaText(s7)} ${s7.byte}` : '';

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
