/** A tag that an OPC UA server offers: read and written there, whoever holds the point. */
import type { DeviceSpec, OpcUaPollSpec, OpcUaServiceSpec, PlantSpec } from '@penstock/core';
import {
  BUILT_IN,
  isGood,
  type NodeId,
  nodeIdText,
  PLANT_NAMESPACE,
  readRequest,
  statusName,
  stringId,
  writeBody,
} from '@penstock/protocols/opcua';
import type { Cause, OpcUaLogin } from '@penstock/simulator/kernel';
import { ScopeError, type ScopeGuard } from '../scope.ts';
import type { StepResult } from './context.ts';
import { nobody } from './dnp3.ts';
import { specOf } from './modbus.ts';
import { named, type PointLine, type PointTarget, type Read } from './point.ts';

/** @throws ScopeError for a role that is out of scope; `scope.no-opcua` for a device that offers none */
export function opcuaServer(guard: ScopeGuard, plant: PlantSpec, role: string) {
  const device = specOf(plant, guard.device(role).id);
  const service = device.services.find((one): one is OpcUaServiceSpec => one.protocol === 'opcua');
  if (service === undefined) throw new ScopeError('scope.no-opcua', `'${role}' does not offer OPC UA`);
  return { device, service };
}

export const offersOpcUa = (guard: ScopeGuard, plant: PlantSpec, role: string): boolean =>
  specOf(plant, guard.device(role).id).services.some(({ protocol }) => protocol === 'opcua');

/**
 * The logon of a device at a server, as whoever read its configuration has it; anonymous for nobody's.
 * @throws ScopeError as `opcuaServer`; `scope.no-account` for a device that logs on to nobody there
 */
export function opcuaLogin(
  guard: ScopeGuard,
  plant: PlantSpec,
  server: string,
  account: string | undefined,
): OpcUaLogin {
  const { device } = opcuaServer(guard, plant, server);
  if (account === undefined) return {};
  const poll = specOf(plant, guard.device(account).id).polls.find(
    (one): one is OpcUaPollSpec => one.protocol === 'opcua' && one.device === device.id,
  );
  if (poll === undefined) throw new ScopeError('scope.no-account', `'${account}' does not log on to '${server}'`);
  return { user: poll.user };
}

/** Through which server, and with whose logon there. */
export interface OverServer {
  readonly server: string;
  readonly account: string | undefined;
}

export class NodePoint implements PointTarget {
  readonly device: DeviceSpec;
  readonly tag: string;
  readonly place: string;
  readonly #server: string;
  readonly #login: OpcUaLogin;
  readonly #node: NodeId;
  readonly #isBit: boolean;

  /** @throws ScopeError as `opcuaLogin`; `scope.no-point` for a tag that the server does not offer, or `role` does not have */
  constructor(guard: ScopeGuard, plant: PlantSpec, role: string, tag: string, { server, account }: OverServer) {
    const { device, service } = opcuaServer(guard, plant, server);
    if (guard.device(role).id !== device.id) guard.point(role, tag);
    if (!service.points.some((point) => point.tag === tag))
      throw new ScopeError('scope.no-point', `'${server}' does not offer '${tag}' over OPC UA`);
    this.device = specOf(plant, guard.device(role).id);
    this.tag = tag;
    this.#server = device.id;
    this.#login = opcuaLogin(guard, plant, server, account);
    this.#node = stringId(tag, PLANT_NAMESPACE);
    this.#isBit = plant.tags.find(({ id }) => id === tag)?.states !== undefined;
    this.place = nodeIdText(this.#node);
  }

  same(a: number, b: number): boolean {
    // What stands behind the server keeps 32 bits of a number.
    return this.#isBit ? (a !== 0) === (b !== 0) : Math.fround(a) === Math.fround(b);
  }

  read(line: PointLine, cause: Cause, done: Read): void {
    const what = `read ${this.tag}`;
    const session = line.opcua(this.#server, this.#login, cause);
    if (session === undefined) {
      done(undefined, `${what}: ${nobody(line.from, 'OPC UA')}`);
      return;
    }
    session.request('Read', readRequest([this.#node]).body, cause, (response, status) => {
      session.release();
      const result = response?.results[0];
      const content = result?.value?.value;
      const value = typeof content === 'boolean' ? Number(content) : content;
      if (typeof value === 'number') done(value, what);
      else done(undefined, `${what}: ${statusName(result?.status ?? status)}`);
    });
  }

  write(line: PointLine, value: number, cause: Cause, done: (result: StepResult) => void): void {
    const what = named(this.tag, value);
    const session = line.opcua(this.#server, this.#login, cause);
    if (session === undefined) {
      done({ outcome: 'failed', detail: `${what}: ${nobody(line.from, 'OPC UA')}` });
      return;
    }
    const variant = this.#isBit ? { type: BUILT_IN.Boolean, value: value !== 0 } : { type: BUILT_IN.Double, value };
    session.request('Write', writeBody([[this.#node, variant]]), cause, (response, status) => {
      session.release();
      const result = response?.results[0] ?? status;
      const isDone = response !== undefined && isGood(result);
      done({ outcome: isDone ? 'done' : 'failed', detail: isDone ? what : `${what}: ${statusName(result)}` });
    });
  }
}
