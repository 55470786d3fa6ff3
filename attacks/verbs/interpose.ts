/**
 * Verb `interpose`: the host that the adversary sits at stands between two parties by forged ARP (ATT&CK T0830), and stays there until
 * `release` or the revert. Where the other party is in another zone it stands between the one and its gateway. It can keep a window of
 * readings and replay them, give other values, hold frames up or drop them; only frames of the named parties are touched.
 */
import { duration, type PlantSpec, seconds } from '@penstock/core';
import { parseIpv4 } from '@penstock/protocols/ethernet';
import { RegisterMap } from '@penstock/protocols/modbus';
import { z } from 'zod';
import { ScopeError } from '../scope.ts';
import { common, quantity, roleName, tagName } from '../words.ts';
import { defineVerb, type PlanContext } from './context.ts';
import { addressOf, modbusPortOf, shownDevice, shownValue, specOf, targetOf } from './modbus.ts';
import { ModbusRelay, type RelayedServer } from './relay.ts';

const schema = z
  .strictObject({
    ...common,
    verb: z.literal('interpose'),
    from: roleName,
    /** The party on the foothold's own segment … */
    between: roleName,
    /** … and the others: one neighbour, or any number beyond the gateway. */
    and: z.array(roleName).min(1).max(8),
    /** Readings of this long are kept before they are replayed; the step is done when the replay begins. */
    record: duration.optional(),
    /** Tags whose recorded readings take the place of the true ones, again and again. */
    replay: z.array(tagName).min(1).max(64).optional(),
    /** Tags that are given another value. */
    change: z
      .array(z.strictObject({ tag: tagName, value: quantity }))
      .min(1)
      .max(64)
      .optional(),
    /** How long every frame of the parties is held up. */
    hold: duration.optional(),
    drop: z.enum(['requests', 'responses', 'writes']).optional(),
  })
  .refine((step) => (step.record === undefined) === (step.replay === undefined), {
    error: "'record' and 'replay' belong together: what is replayed has been recorded",
  });
type Step = z.output<typeof schema>;

/** Time in which both parties must have been found. */
const PATIENCE = seconds(20);

const falsified = (step: Step): string[] => [...(step.replay ?? []), ...(step.change ?? []).map(({ tag }) => tag)];

/** Which of the parties has a tag's point. @throws ScopeError */
function holderOf(step: Step, { guard, plant }: Pick<PlanContext, 'guard' | 'plant'>, tag: string): string {
  const parties = [...step.and, step.between];
  const holder = parties.find((role) => specOf(plant, guard.device(role).id).points.some((point) => point.tag === tag));
  if (holder === undefined)
    throw new ScopeError(
      'scope.no-point',
      `none of ${parties.join(', ')} has a point for '${tag}'; only what passes between them can be changed`,
    );
  return holder;
}

/** The firewall, which is lied to in the place of parties of other zones. */
function gatewayOf(step: Step, { devices }: PlantSpec): string[] {
  const zoneOf = (role: string) => devices.find((device) => device.role === role)?.zone;
  const beyond = step.and.some((role) => zoneOf(role) !== zoneOf(step.between));
  return beyond ? devices.filter(({ kind }) => kind === 'firewall').map(({ role }) => role) : [];
}

export const interpose = defineVerb({
  schema,
  targets: (step, plant) => [step.between, ...step.and, ...gatewayOf(step, plant)],
  tags: falsified,
  overwrites: () => [],

  plan(step, context) {
    const { guard, plant } = context;
    const from = shownDevice(guard, step.from);
    const between = shownDevice(guard, step.between);
    const ways = step.and.map((role) => ({
      from,
      to: `${between} - ${shownDevice(guard, role)}`,
      point: 'ARP',
      value: null,
    }));
    const lies = falsified(step).map((tag) => {
      const role = holderOf(step, context, tag);
      const { entry } = targetOf(guard, plant, role, tag);
      const change = step.change?.find((c) => c.tag === tag);
      const number = change && context.value(change.value);
      return {
        from,
        to: `${shownDevice(guard, role)} as seen by others`,
        point: `${tag} (${addressOf(entry)})`,
        value: number === undefined ? 'as recorded' : shownValue(plant, tag, number),
      };
    });
    return [...ways, ...lies];
  },

  run(step, context, end) {
    const { guard, plant, cause } = context;
    const from = guard.device(step.from);
    const near = guard.device(step.between);
    const far = step.and.map((role) => guard.device(role));
    const foothold = context.foothold(from.id);
    if (foothold.interpose === undefined)
      return end({
        outcome: 'failed',
        detail: `from '${step.from}' only sessions can be opened here; standing between two parties needs a host on their segment`,
      });
    const lies = falsified(step).map((tag) => ({ tag, role: holderOf(step, context, tag) }));
    const servers = [near, ...far].flatMap((device): RelayedServer[] => {
      const spec = specOf(plant, device.id);
      const port = modbusPortOf(spec);
      if (port === undefined) return [];
      const map = new RegisterMap(spec.points, spec.id);
      const entryOf = (tag: string) => map.entry(spec.points.findIndex((point) => point.tag === tag));
      const own = lies.filter(({ role }) => role === device.role);
      return [
        {
          address: parseIpv4(device.address),
          port,
          map,
          replay: own.flatMap(({ tag }) => (step.replay?.includes(tag) ? (entryOf(tag) ?? []) : [])),
          change: own.flatMap(({ tag }) => {
            const change = step.change?.find((c) => c.tag === tag);
            const entry = entryOf(tag);
            return change && entry ? [{ entry, value: context.value(change.value, device.id, tag) }] : [];
          }),
        },
      ];
    });
    const relay = new ModbusRelay(servers, {
      hold: step.hold,
      drop: step.drop,
      seen: (tag, value) => context.learned(tag, value),
    });
    const hook = (packet: Parameters<ModbusRelay['packet']>[0], now: Parameters<ModbusRelay['packet']>[1]) =>
      relay.packet(packet, now);
    const place = foothold.interpose(
      near.id,
      far.map(({ id }) => id),
      { hook, cause },
    );
    context.hold(from.id, {
      get packets() {
        return place.changed;
      },
      get detail() {
        return `${place.relayed} packets passed, ${place.changed} changed, ${place.dropped} dropped`;
      },
      stop: () => place.stop(),
    });
    const parties = `${step.between} and ${step.and.join(', ')}`;
    const began = (): void => {
      if (step.record === undefined) {
        end({ outcome: 'done', detail: `stands between ${parties}` });
        return;
      }
      context.later(step.record, () => {
        const missing = relay.missing();
        if (missing.length > 0)
          return end({ outcome: 'failed', detail: `no reading of ${missing.join(', ')} passed between ${parties}` });
        relay.replay();
        end({
          outcome: 'done',
          detail: `stands between ${parties}; replays ${relay.recorded} readings of ${(step.replay ?? []).join(', ')}`,
        });
      });
    };
    const wait = (left: number): void => {
      if (place.running) {
        began();
        return;
      }
      if (left <= 0) {
        context.release(from.id);
        end({ outcome: 'failed', detail: `${parties} do not answer for their addresses` });
        return;
      }
      context.later(seconds(1), () => wait(left - seconds(1)));
    };
    wait(PATIENCE);
  },
});
