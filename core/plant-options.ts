/** What a plant's options make of it: the plant that a run is built of. */
import type { AllowLine, ConduitSpec, DeviceSpec, OptionSpec, PlantSpec, ServiceSpec } from './plant.ts';

/** What an option switches; `process` where the process itself knows it. */
export const OPTION_KINDS = [
  'device',
  'conduit',
  'allowList',
  'rules',
  'selectRequired',
  'keyAtRun',
  'protection',
  'signedFirmware',
  'topicRights',
] as const;
export type OptionKind = (typeof OPTION_KINDS)[number] | 'process';

export const optionKind = (option: OptionSpec): OptionKind =>
  OPTION_KINDS.find((kind) => option[kind] !== undefined) ?? 'process';

/** The ways that an option of kind `conduit` closes. */
export interface ClosedWays {
  readonly id: string;
  readonly from?: readonly string[] | undefined;
  readonly to?: readonly string[] | undefined;
  readonly transport?: AllowLine['transport'] | undefined;
  readonly port?: number | undefined;
}

export const closedWays = (conduit: NonNullable<OptionSpec['conduit']>): ClosedWays =>
  typeof conduit === 'string' ? { id: conduit } : conduit;

/**
 * The plant with its options as `values` has them; defaults for the rest. Conduits, rules, access control lists, how outputs are commanded, keys,
 * passwords, firmware that is taken and topics are changed; devices that are left out still stand in the list (they keep their address). Shares all that does not change with
 * `plant`.
 */
export function plantWithOptions(plant: PlantSpec, values: Readonly<Record<string, boolean | number>>): PlantSpec {
  let { conduits, devices } = plant;
  for (const [name, option] of Object.entries(plant.options)) {
    const on = (values[name] ?? option.default) === true;
    if (option.conduit !== undefined && !on) conduits = conduits.map((conduit) => without(conduit, option));
    if (option.rules !== undefined && on) {
      const { rules } = option;
      conduits = conduits.map((conduit) => ({
        ...conduit,
        allow: [...conduit.allow, ...rules.filter((rule) => rule.conduit === conduit.id).map(lineOf)],
      }));
    }
    if (option.allowList !== undefined && on) devices = devices.map((device) => listed(device, option));
    if (option.selectRequired !== undefined && on) devices = devices.map((device) => selecting(device, option));
    if (option.keyAtRun !== undefined && on) devices = devices.map((device) => locked(device, option));
    if (option.protection !== undefined && on) devices = devices.map((device) => protectedBy(device, option));
    if (option.signedFirmware !== undefined && on) devices = devices.map((device) => signing(device, option));
    if (option.topicRights !== undefined && on) devices = devices.map((device) => narrowed(device, option));
  }
  return conduits === plant.conduits && devices === plant.devices ? plant : { ...plant, conduits, devices };
}

const lineOf = ({ from, to, transport, port }: AllowLine): AllowLine => ({ from, to, transport, port });

/** A line of a conduit split into what an option closes and what stays. */
export function splitLine(line: AllowLine, closed: ClosedWays): { closed: AllowLine | undefined; open: AllowLine[] } {
  const fits =
    (closed.transport === undefined || closed.transport === line.transport) &&
    (closed.port === undefined || line.port === undefined || closed.port === line.port);
  const from = line.from.filter((device) => closed.from?.includes(device) ?? true);
  const to = line.to.filter((device) => closed.to?.includes(device) ?? true);
  if (!fits || from.length === 0 || to.length === 0) return { closed: undefined, open: [line] };
  const open = [
    { ...line, from: line.from.filter((device) => !from.includes(device)) },
    { ...line, from, to: line.to.filter((device) => !to.includes(device)) },
  ].filter((rest) => rest.from.length > 0 && rest.to.length > 0);
  return { closed: { ...line, from, to }, open };
}

function without(conduit: ConduitSpec, option: OptionSpec): ConduitSpec {
  const closed = closedWays(option.conduit as NonNullable<OptionSpec['conduit']>);
  if (closed.id !== conduit.id) return conduit;
  return { ...conduit, allow: conduit.allow.flatMap((line) => splitLine(line, closed).open) };
}

function listed(device: DeviceSpec, option: OptionSpec): DeviceSpec {
  const lists = option.allowList?.filter((list) => list.device === device.id) ?? [];
  if (lists.length === 0) return device;
  // Two lists together let through who stands on both.
  const both = (before: readonly string[] | undefined, refuses: 'sessions' | 'writes'): string[] | undefined => {
    const wanted = lists.filter((list) => list.refuses === refuses).map((list) => list.from);
    const all = before === undefined ? wanted : [before, ...wanted];
    return all[0]?.filter((id) => all.every((list) => list.includes(id)));
  };
  const services = device.services.map((service): ServiceSpec => {
    const { protocol } = service;
    const isPoints = protocol === 'modbus' || protocol === 's7' || protocol === 'dnp3';
    if (!isPoints && protocol !== 'bacnet' && protocol !== 'opcua') return service;
    const [allow, writers] = [both(service.allow, 'sessions'), both(service.writers, 'writes')];
    return { ...service, ...(allow && { allow }), ...(writers && { writers }) };
  });
  return { ...device, services };
}

function selecting(device: DeviceSpec, { selectRequired }: OptionSpec): DeviceSpec {
  if (!selectRequired?.includes(device.id)) return device;
  const services = device.services.map(
    (service): ServiceSpec => (service.protocol === 'dnp3' ? { ...service, selectRequired: true } : service),
  );
  return { ...device, services };
}

function locked(device: DeviceSpec, { keyAtRun }: OptionSpec): DeviceSpec {
  const { id, controller } = device;
  return keyAtRun?.includes(id) && controller !== undefined
    ? { ...device, controller: { ...controller, key: 'run' } }
    : device;
}

function protectedBy(device: DeviceSpec, option: OptionSpec): DeviceSpec {
  const found = option.protection?.find((one) => one.device === device.id);
  if (found === undefined) return device;
  const { level, password } = found;
  const services = device.services.map(
    (service): ServiceSpec => (service.protocol === 's7' ? { ...service, protection: { level, password } } : service),
  );
  return { ...device, services };
}

function signing(device: DeviceSpec, { signedFirmware }: OptionSpec): DeviceSpec {
  const { id, firmware } = device;
  return signedFirmware?.includes(id) && firmware !== undefined
    ? { ...device, firmware: { ...firmware, signed: true } }
    : device;
}

function narrowed(device: DeviceSpec, { topicRights }: OptionSpec): DeviceSpec {
  const rights = new Map(topicRights?.flatMap((one) => (one.broker === device.id ? [[one.user, one.publish]] : [])));
  if (rights.size === 0) return device;
  const services = device.services.map((service): ServiceSpec => {
    if (service.protocol !== 'mqtt') return service;
    return {
      ...service,
      users: service.users.map((user) => ({ ...user, publish: rights.get(user.name) ?? user.publish })),
    };
  });
  return { ...device, services };
}
