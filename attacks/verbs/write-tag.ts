/** Verb `write-tag`: writes one point through the session of the host that the adversary sits at (Modbus FC 5, 6 or 16). */
import type { ModbusServiceSpec } from '@penstock/core';
import { decodeResponse, PointWrite, RegisterMap } from '@penstock/protocols/modbus';
import type { Reply } from '@penstock/simulator/kernel';
import type { StepSpec } from '../scenario.ts';
import { ScopeError } from '../scope.ts';
import type { StepResult, VerbRun } from './context.ts';

export const writeTag: VerbRun<Extract<StepSpec, { verb: 'write-tag' }>> = (step, context, end) => {
  const { guard, plant, cause } = context;
  const from = guard.device(step.from);
  const { device } = guard.point(step.to, step.tag);
  const spec = plant.devices.find((d) => d.id === device.id) as (typeof plant.devices)[number];
  const entry = new RegisterMap(spec.points, spec.id).entry(spec.points.findIndex((p) => p.tag === step.tag));
  if (entry === undefined)
    throw new ScopeError('scope.no-point', `'${step.tag}' of '${step.to}' has no Modbus address`);
  const value = context.value(step.value);
  const session = context.foothold(from.id).modbus(device.id);
  session.request(unitOf(spec.services), new PointWrite(0, entry).set(value).request, cause, (reply) => {
    session.release();
    end(resultOf(reply, `${step.tag} := ${value}`));
  });
};

type Services = readonly { readonly protocol: string }[];

/** The unit that a device's Modbus server answers to. */
export const unitOf = (services: Services): number =>
  (services.find((s) => s.protocol === 'modbus') as ModbusServiceSpec | undefined)?.units[0] ?? 1;

export function resultOf(reply: Reply, what: string): StepResult {
  if (reply.outcome !== 'answered') return { outcome: 'failed', detail: `${what}: ${reply.outcome}` };
  const response = decodeResponse(reply.pdu);
  if (response.status !== 'ok') return { outcome: 'failed', detail: `${what}: ${response.reason}` };
  if ('exception' in response.message)
    return { outcome: 'failed', detail: `${what}: exception ${response.message.exception}` };
  return { outcome: 'done', detail: what };
}
