/** Operators' writes to an OPC UA server, over the standing session of the device that they sit at. */
import { type DeviceSpec, type OpcUaServiceSpec, PenstockError, type PlantSpec } from '@penstock/core';
import {
  BUILT_IN,
  isGood,
  OpcUaRequest,
  PLANT_NAMESPACE,
  type ServiceName,
  stringId,
  type Variant,
  writeBody,
} from '@penstock/protocols/opcua';
import type { Cause, EventQueue, PointSession } from '@penstock/simulator/kernel';
import type { OpcUaPeer } from './opcua-peer.ts';

/** A tag's value as servers of the plant hold it. */
export const opcuaValue = (plant: Pick<PlantSpec, 'tags'>, tag: string, value: number): Variant =>
  plant.tags.find(({ id }) => id === tag)?.states === undefined
    ? { type: BUILT_IN.Double, value }
    : { type: BUILT_IN.Boolean, value: value !== 0 };

export const opcuaNode = (tag: string) => stringId(tag, PLANT_NAMESPACE);

/** @throws PenstockError `operator.point` for a tag that a server does not offer */
export function checkOpcUaPoint({ id, services }: DeviceSpec, tag: string): void {
  const service = services.find((s): s is OpcUaServiceSpec => s.protocol === 'opcua');
  if (!service?.points.some((point) => point.tag === tag))
    throw new PenstockError('operator.point', `'${id}' does not offer '${tag}' over OPC UA`);
}

export class OpcUaPoints implements PointSession {
  readonly #queue: EventQueue;
  readonly #plant: PlantSpec;
  readonly #peer: OpcUaPeer;
  readonly #target: DeviceSpec;
  readonly #cause: Cause;

  constructor(queue: EventQueue, plant: PlantSpec, peer: OpcUaPeer, target: DeviceSpec, cause: Cause) {
    this.#queue = queue;
    this.#plant = plant;
    this.#peer = peer;
    this.#target = target;
    this.#cause = cause;
  }

  write(tag: string, value: number, done?: (accepted: boolean) => void): void {
    checkOpcUaPoint(this.#target, tag);
    const body = writeBody([[opcuaNode(tag), opcuaValue(this.#plant, tag, value)]]);
    const request: OpcUaRequest<'Write'> = new OpcUaRequest('Write', body, ({ response }) =>
      done?.(response?.results.every(isGood) ?? false),
    );
    if (!this.#peer.submit(request as unknown as OpcUaRequest<ServiceName>, this.#queue.now, this.#cause))
      done?.(false);
  }

  release(): void {}
}
