/**
 * Verb `snmp-read`: walks one group of a device's SNMP agent with a community that the vendor delivers: GETNEXT of version 2c, one request an object.
 * From `points` the adversary learns what tags read.
 */
import { compareOids, ENTERPRISE, type Oid, type SnmpValue, SYSTEM, valueText } from '@penstock/protocols/snmp';
import { z } from 'zod';
import { ScopeError } from '../scope.ts';
import { common, roleName } from '../words.ts';
import { defineVerb, type PlanContext } from './context.ts';
import { atDoors, doorOf } from './doors.ts';
import { shownDevice } from './modbus.ts';

const GROUPS: Readonly<Record<'system' | 'interfaces' | 'points', Oid>> = {
  system: SYSTEM,
  interfaces: [1, 3, 6, 1, 2, 1, 2],
  points: [...ENTERPRISE, 2, 1],
};
/** Objects of one walk; a device with more is left after so many. */
const MOST_OBJECTS = 512;
const TAG_COLUMN = 1;
const VALUE_COLUMN = 4;
const THOUSANDTHS = 1000;

/** @throws ScopeError `scope.no-account` for an agent that has no community as delivered */
function agentOf({ guard, plant }: Pick<PlanContext, 'guard' | 'plant'>, role: string) {
  const { device, service } = doorOf(guard, plant, role, 'snmp');
  const community = service.communities.find((one) => one.vendorDefault)?.name;
  if (community === undefined)
    throw new ScopeError('scope.no-account', `'${role}' has no community that its vendor delivers`);
  return { device, community };
}

export const snmpRead = defineVerb({
  schema: z.strictObject({
    ...common,
    verb: z.literal('snmp-read'),
    from: roleName,
    to: roleName,
    group: z.enum(['system', 'interfaces', 'points']).default('system'),
  }),
  targets: (step) => [step.to],
  tags: () => [],
  overwrites: () => [],

  plan(step, context) {
    agentOf(context, step.to);
    const { guard } = context;
    return [
      {
        from: shownDevice(guard, step.from),
        to: shownDevice(guard, step.to),
        point: `SNMP group ${step.group}`,
        value: null,
      },
    ];
  },

  run(step, context, end) {
    const { device, community } = agentOf(context, step.to);
    const doors = atDoors(context, step.from, device, end);
    if (doors === undefined) return;
    const group = GROUPS[step.group];
    const found: { readonly oid: Oid; readonly value: SnmpValue }[] = [];
    const finish = (): void => {
      if (step.group === 'points') learn(found, context.learned);
      const first = found[0] === undefined ? '' : `; ${valueText(found[0].value)}`;
      end({
        outcome: found.length > 0 ? 'done' : 'failed',
        detail: `${found.length} objects of ${step.group}${step.group === 'system' ? first : ''}`,
      });
    };
    const next = (oid: Oid): void =>
      doors.snmp(community, 'get-next-request', [oid], (bindings) => {
        const binding = bindings?.[0];
        const isInside = binding !== undefined && compareOids(binding.oid.slice(0, group.length), group) === 0;
        if (bindings === undefined && found.length === 0)
          end({ outcome: 'failed', detail: `SNMP of ${step.to}: no answer` });
        else if (!isInside || binding.value.type === 'endOfMibView' || found.length >= MOST_OBJECTS) finish();
        else {
          found.push(binding);
          next(binding.oid);
        }
      });
    next(group);
  },
});

/** Rows of the table of points: the tag in one column, its value in another. */
function learn(
  found: readonly { readonly oid: Oid; readonly value: SnmpValue }[],
  learned: (tag: string, value: number) => void,
): void {
  const column = (n: number): Map<number, SnmpValue> =>
    new Map(found.flatMap(({ oid, value }) => (oid.at(-2) === n ? [[oid.at(-1) as number, value]] : [])));
  const values = column(VALUE_COLUMN);
  for (const [row, name] of column(TAG_COLUMN)) {
    const value = values.get(row);
    if (value?.type === 'integer') learned(valueText(name), value.value / THOUSANDTHS);
  }
}
