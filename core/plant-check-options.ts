/** The part of the plant check that looks into options and responses: that what they switch is there, and switches something. */
import type { DeviceSpec, OptionSpec, PlantSpec, ResponseAction } from './plant.ts';
import type { PlantCheck } from './plant-check.ts';
import { checkAllowLine } from './plant-check-conduits.ts';
import { closedWays, OPTION_KINDS, splitLine } from './plant-options.ts';
import { compilePredicate } from './predicate.ts';
import type { ValuePath } from './yaml-source.ts';

export function checkOptions(check: PlantCheck): void {
  for (const [name, option] of Object.entries(check.plant.options)) {
    const path = ['options', name];
    const kinds = OPTION_KINDS.filter((kind) => option[kind] !== undefined);
    if (kinds.length > 1)
      check.wrong(path, 'option', `option '${name}' switches ${kinds.join(' and ')}; an option switches one thing`);
    if (kinds.length > 0 && typeof option.default !== 'boolean')
      check.wrong(
        [...path, 'default'],
        'option',
        `option '${name}' switches a ${kinds[0]}, so it is true or false, not ${option.default}`,
      );
    if (option.device !== undefined) check.known('device', option.device, check.devices, [...path, 'device']);
    checkConduitOption(check, name, option, path);
    checkAllowLists(check, option, path);
    option.selectRequired?.forEach((device, i) => {
      const at = [...path, 'selectRequired', i];
      if (!check.known('device', device, check.devices, at)) return;
      const services = (check.devices.get(device) as DeviceSpec).services.filter((one) => one.protocol === 'dnp3');
      if (services.length === 0)
        check.wrong(at, 'option', `${device} has no dnp3 service whose outputs could be selected; name an outstation`);
      else if (services.every((service) => service.selectRequired))
        check.wrong(
          at,
          'option',
          `${device} wants its outputs selected already; option '${name}' would change nothing`,
        );
    });
    option.keyAtRun?.forEach((device, i) => {
      const at = [...path, 'keyAtRun', i];
      if (!check.known('device', device, check.devices, at)) return;
      const { controller } = check.devices.get(device) as DeviceSpec;
      if (controller === undefined)
        check.wrong(at, 'option', `${device} has no controller, and so no mode key; name a device with a controller`);
      else if (controller.key === 'run')
        check.wrong(at, 'option', `the key of ${device} stands at RUN already; option '${name}' would change nothing`);
    });
    option.protection?.forEach(({ device }, i) => {
      const at = [...path, 'protection', i, 'device'];
      if (!check.known('device', device, check.devices, at)) return;
      if (!check.devices.get(device)?.services.some(({ protocol }) => protocol === 's7'))
        check.wrong(at, 'option', `${device} has no s7 service that could ask for a password; name a device with one`);
    });
    option.signedFirmware?.forEach((device, i) => {
      const at = [...path, 'signedFirmware', i];
      if (!check.known('device', device, check.devices, at)) return;
      const { firmware } = check.devices.get(device) as DeviceSpec;
      if (firmware === undefined)
        check.wrong(at, 'option', `the firmware of ${device} cannot be replaced; name a device with 'firmware'`);
      else if (firmware.signed)
        check.wrong(
          at,
          'option',
          `${device} takes signed firmware only already; option '${name}' would change nothing`,
        );
    });
    option.topicRights?.forEach(({ broker, user }, i) => {
      const at = [...path, 'topicRights', i];
      if (!check.known('device', broker, check.devices, [...at, 'broker'])) return;
      const service = check.devices.get(broker)?.services.find((one) => one.protocol === 'mqtt');
      if (service === undefined)
        check.wrong([...at, 'broker'], 'option', `${broker} has no mqtt service with users; name a broker`);
      else check.known('user', user, new Set(service.users.map((one) => one.name)), [...at, 'user']);
    });
    option.rules?.forEach((rule, i) => {
      const at = [...path, 'rules', i];
      const conduits = new Map(check.plant.conduits.map((conduit) => [conduit.id, conduit]));
      if (!check.known('conduit', rule.conduit, conduits, [...at, 'conduit'])) return;
      checkAllowLine(check, conduits.get(rule.conduit) as PlantSpec['conduits'][number], rule, at);
    });
  }
}

function checkConduitOption(check: PlantCheck, name: string, option: OptionSpec, path: ValuePath): void {
  if (option.conduit === undefined) return;
  const closed = closedWays(option.conduit);
  const at = typeof option.conduit === 'string' ? [...path, 'conduit'] : [...path, 'conduit', 'id'];
  const conduits = new Map(check.plant.conduits.map((conduit) => [conduit.id, conduit]));
  if (!check.known('conduit', closed.id, conduits, at)) return;
  let known = true;
  for (const side of ['from', 'to'] as const)
    closed[side]?.forEach((device, i) => {
      if (!check.known('device', device, check.devices, [...path, 'conduit', side, i])) known = false;
    });
  const { allow } = conduits.get(closed.id) as PlantSpec['conduits'][number];
  if (known && !allow.some((line) => splitLine(line, closed).closed !== undefined))
    check.wrong(
      [...path, 'conduit'],
      'option',
      `option '${name}' closes nothing: no line of the conduit ${closed.id} fits it`,
    );
}

function checkAllowLists(check: PlantCheck, option: OptionSpec, path: ValuePath): void {
  option.allowList?.forEach((list, i) => {
    const at = [...path, 'allowList', i];
    list.from.forEach((device, j) => {
      check.known('device', device, check.devices, [...at, 'from', j]);
    });
    if (!check.known('device', list.device, check.devices, [...at, 'device'])) return;
    const device = check.devices.get(list.device) as DeviceSpec;
    if (device.controller === undefined) {
      check.wrong(
        [...at, 'device'],
        'option',
        `${device.id} has no controller, and so no access control list; name a device with a controller`,
      );
      return;
    }
    if (!device.services.some(({ protocol }) => ['modbus', 's7', 'dnp3', 'opcua', 'bacnet'].includes(protocol))) {
      check.wrong(
        [...at, 'device'],
        'option',
        `${device.id} offers no modbus, s7, dnp3, bacnet or opcua service that a list could guard`,
      );
      return;
    }
    for (const client of check.plant.devices) {
      const locked = client.polls.some(
        (poll) => poll.device === device.id && (list.refuses === 'sessions' || poll.writes.length > 0),
      );
      if (locked && !list.from.includes(client.id))
        check.wrong(
          [...at, 'from'],
          'option',
          `${client.id} ${list.refuses === 'sessions' ? 'polls' : 'writes to'} ${device.id} and would be shut out; add it to the list`,
        );
    }
  });
}

/** Responses' devices, points and predicates. Kinds and parameters are checked by whoever performs them. */
export function checkResponses(check: PlantCheck): void {
  const { responses } = check.plant;
  check.unique(
    'response',
    responses,
    (response) => response.id,
    (i) => ['responses', i, 'id'],
  );
  responses.forEach((response, i) => {
    const path = ['responses', i];
    response.on?.devices.forEach((device, j) => {
      check.known('device', device, check.devices, [...path, 'on', 'devices', j]);
    });
    response.on?.tags.forEach((tag, j) => {
      check.known('tag', tag, check.tags, [...path, 'on', 'tags', j]);
    });
    if (response.on !== undefined && response.on.devices.length + response.on.tags.length === 0)
      check.wrong(
        [...path, 'on'],
        'response',
        `response '${response.id}' answers no alert; name devices or tags, or leave 'on' out for all`,
      );
    response.actions.forEach((action, j) => {
      checkAction(check, action, [...path, 'actions', j]);
    });
  });
}

function checkAction(check: PlantCheck, action: ResponseAction, path: ValuePath): void {
  if (action.device !== undefined) check.known('device', action.device, check.devices, [...path, 'device']);
  const { to, tag, conduit } = action.with;
  if (typeof to === 'string') check.known('device', to, check.devices, [...path, 'with', 'to']);
  if (typeof tag === 'string') check.known('tag', tag, check.tags, [...path, 'with', 'tag']);
  if (typeof conduit === 'string')
    check.known('conduit', conduit, new Set(check.plant.conduits.map(({ id }) => id)), [...path, 'with', 'conduit']);
  const names = [...check.tags.keys()];
  for (const key of ['when', 'until'] as const) {
    const text = action[key];
    if (text !== undefined)
      check.wrongBy([...path, key], (place) => {
        compilePredicate(text, names, place);
      });
  }
  if ((action.every === undefined) !== (action.until === undefined))
    check.wrong(
      [...path, action.every === undefined ? 'until' : 'every'],
      'response',
      "'every' and 'until' go together: how often it is tried, and when it has worked",
    );
  if (action.every !== undefined && action.every <= 0)
    check.wrong([...path, 'every'], 'response', 'it would be tried every 0 s; give a length of time');
}
