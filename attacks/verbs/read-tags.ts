/** Verb `read-tags`: reads points through the session of the host that the adversary sits at, one request a point. */
import { RegisterMap, readTransaction } from '@penstock/protocols/modbus';
import type { StepSpec } from '../scenario.ts';
import { ScopeError } from '../scope.ts';
import type { VerbRun } from './context.ts';
import { resultOf, unitOf } from './write-tag.ts';

export const readTags: VerbRun<Extract<StepSpec, { verb: 'read-tags' }>> = (step, context, end) => {
  const { guard, plant, cause } = context;
  const from = guard.device(step.from);
  const points = step.tags.map((tag) => guard.point(step.to, tag));
  const target = guard.device(step.to);
  const spec = plant.devices.find((d) => d.id === target.id) as (typeof plant.devices)[number];
  const map = new RegisterMap(spec.points, spec.id);
  const requests = points.map(({ point }) => {
    const entry = map.entry(spec.points.indexOf(point));
    if (entry === undefined)
      throw new ScopeError('scope.no-point', `'${point.tag}' of '${step.to}' has no Modbus address`);
    return { tag: point.tag, pdu: readTransaction(0, entry.table, entry.address, entry.width).request };
  });
  const session = context.foothold(from.id).modbus(target.id);
  const next = (i: number): void => {
    const request = requests[i];
    if (request === undefined) {
      session.release();
      end({ outcome: 'done', detail: `read ${step.tags.join(', ')}` });
      return;
    }
    session.request(unitOf(spec.services), request.pdu, cause, (reply) => {
      const result = resultOf(reply, `read ${request.tag}`);
      if (result.outcome === 'done') return next(i + 1);
      session.release();
      end(result);
    });
  };
  next(0);
};
