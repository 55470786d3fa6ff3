/**
 * Verbs upon a BACnet device itself: `who-is-sweep`, `reinitialize-device`, `communication-off`, which ends by itself, and `suppress-alarm`, which is
 * undone when it is released or the scenario reverts.
 */
import { duration, minutes, seconds } from '@penstock/core';
import { type BacnetValue, PROPERTY } from '@penstock/protocols/bacnet';
import type { BacnetSession } from '@penstock/simulator/kernel';
import { z } from 'zod';
import { ScopeError, type ScopeGuard } from '../scope.ts';
import { common, roleName, tagName } from '../words.ts';
import { objectOf, outcomeOfBacnet } from './bacnet-point.ts';
import { defineVerb, type PlanContext, type PlanLine, type StepResult, type VerbContext } from './context.ts';
import { nobody } from './dnp3.ts';
import { shownDevice, specOf } from './modbus.ts';

/** How often a device that restarts is asked whether it is back, and how many times. */
const ASK_EVERY = seconds(10);
const ASKS = 12;
const DEVICE = 8;
const INSTANCES = 0x40_0000;

const onDevice = {
  ...common,
  /** Role of the device that the adversary sits at; its own socket is used where it has one. */
  from: roleName,
  /** Role of the BACnet device. */
  to: roleName,
};
interface OnDevice {
  readonly from: string;
  readonly to: string;
}

/** The service of a role. @throws ScopeError for a role that is out of scope; `scope.no-bacnet` for a device without one */
function serviceOf(guard: ScopeGuard, plant: PlanContext['plant'], role: string) {
  const device = specOf(plant, guard.device(role).id);
  const service = device.services.find((one) => one.protocol === 'bacnet');
  if (service?.protocol !== 'bacnet') throw new ScopeError('scope.no-bacnet', `'${role}' does not speak BACnet`);
  return { device, service };
}

const line = ({ from, to }: OnDevice, { guard, plant }: PlanContext, point: string): PlanLine[] => {
  serviceOf(guard, plant, to);
  return [{ from: shownDevice(guard, from), to: shownDevice(guard, to), point, value: null }];
};

/** Opens a session, or says that nobody there can speak BACnet. */
function sessionOf(
  { from, to }: OnDevice,
  context: VerbContext,
  what: string,
  end: (result: StepResult) => void,
): BacnetSession | undefined {
  const { guard, plant, cause } = context;
  const { device } = serviceOf(guard, plant, to);
  const source = guard.device(from).id;
  const session = context.foothold(source).bacnet?.(device.id, cause);
  if (session === undefined) end({ outcome: 'failed', detail: `${what}: ${nobody(source, 'BACnet')}` });
  return session;
}

/** Asks for devices, range after range, as scanners do; `everybody` on the own network, else the device alone. */
export const whoIsSweep = defineVerb({
  schema: z.strictObject({
    ...onDevice,
    verb: z.literal('who-is-sweep'),
    everybody: z.boolean().default(true),
    /** Instances are asked for in so many ranges. */
    ranges: z.int().min(1).max(64).default(8),
    every: duration.optional(),
  }),
  targets: (step) => [step.to],
  tags: () => [],
  overwrites: () => [],
  plan: (step, context) => line(step, context, `who is there, in ${step.ranges} ranges`),

  run(step, context, end) {
    const what = `asked who is there, in ${step.ranges} ranges`;
    const session = sessionOf(step, context, what, end);
    if (session === undefined) return;
    const size = Math.ceil(INSTANCES / step.ranges);
    const ask = (i: number): void => {
      if (i >= step.ranges) {
        session.release();
        end({ outcome: 'done', detail: what });
        return;
      }
      session.whoIs(i * size, Math.min(INSTANCES - 1, (i + 1) * size - 1), step.everybody, context.cause);
      context.later(step.every ?? seconds(1), () => ask(i + 1));
    };
    ask(0);
  },
});

/** Restarts a device, and waits until it answers again. */
export const reinitializeDevice = defineVerb({
  schema: z.strictObject({
    ...onDevice,
    verb: z.literal('reinitialize-device'),
    kind: z.enum(['cold', 'warm']).default('cold'),
    password: z.string().max(20).optional(),
  }),
  targets: (step) => [step.to],
  tags: () => [],
  overwrites: () => [],
  plan: (step, context) => line(step, context, `${step.kind} start`),

  run(step, context, end) {
    const what = `${step.kind} start`;
    const session = sessionOf(step, context, what, end);
    if (session === undefined) return;
    const { service } = serviceOf(context.guard, context.plant, step.to);
    const place = { object: DEVICE * INSTANCES + service.instance, property: PROPERTY.systemStatus };
    const finish = (result: StepResult): void => {
      session.release();
      end(result);
    };
    const isBack = (left: number): void =>
      session.read(place, context.cause, ({ outcome }) => {
        if (outcome === 'done') finish({ outcome: 'done', detail: `${what}; it answers again` });
        else if (left > 0) context.later(ASK_EVERY, () => isBack(left - 1));
        else finish({ outcome: 'failed', detail: `${what}; it does not answer any more` });
      });
    session.reinitialize({ state: step.kind === 'cold' ? 0 : 1, password: step.password }, context.cause, (reply) => {
      if (reply.outcome !== 'done') finish(outcomeOfBacnet(reply, what));
      else context.later(ASK_EVERY, () => isBack(ASKS));
    });
  },
});

/** The device is told to be silent for some minutes; after them it speaks again of its own accord. */
export const communicationOff = defineVerb({
  schema: z.strictObject({
    ...onDevice,
    verb: z.literal('communication-off'),
    minutes: z.int().min(1).max(60),
    /** It answers still, but tells nothing of its own accord. */
    initiationOnly: z.boolean().default(false),
    password: z.string().max(20).optional(),
  }),
  targets: (step) => [step.to],
  tags: () => [],
  overwrites: () => [],
  plan: (step, context) => line(step, context, `silent for ${step.minutes} min`),

  run(step, context, end) {
    const what = `silent for ${step.minutes} min`;
    const session = sessionOf(step, context, what, end);
    if (session === undefined) return;
    const control = { minutes: step.minutes, state: step.initiationOnly ? 2 : 1, password: step.password };
    session.communicationControl(control, context.cause, (reply) => {
      session.release();
      const result = outcomeOfBacnet(reply, what);
      if (result.outcome === 'failed') end(result);
      // The step lasts as long as the silence.
      else context.later(minutes(step.minutes), () => end(result));
    });
  },
});

/** An object tells no alarms (Event_Enable) until this is released. */
export const suppressAlarm = defineVerb({
  schema: z.strictObject({ ...onDevice, verb: z.literal('suppress-alarm'), tag: tagName }),
  targets: (step) => [step.to],
  tags: (step) => [step.tag],
  overwrites: () => [],
  plan: (step, context) => {
    eventEnable(step, context);
    return line(step, context, `no alarms of ${step.tag}`);
  },

  run(step, context, end) {
    const { cause } = context;
    const place = eventEnable(step, context);
    const what = `no alarms of ${step.tag}`;
    const session = sessionOf(step, context, what, end);
    if (session === undefined) return;
    session.read(place, cause, (before) => {
      const [value] = before.values;
      if (before.outcome !== 'done' || value?.kind !== 'bits') {
        session.release();
        end(outcomeOfBacnet({ ...before, outcome: before.outcome === 'done' ? 'refused' : before.outcome }, what));
        return;
      }
      session.write(place, { kind: 'bits', value: [false, false, false] }, undefined, cause, (reply) => {
        session.release();
        if (reply.outcome === 'done')
          context.hold(context.guard.device(step.from).id, {
            packets: 1,
            detail: what,
            stop() {},
            undo: (later, ended) => tellAgain(step, later, value, ended),
          });
        end(outcomeOfBacnet(reply, what));
      });
    });
  },
});

/** Puts back which alarms an object tells. */
function tellAgain(
  step: OnDevice & { readonly tag: string },
  context: VerbContext,
  value: BacnetValue,
  end: (result: StepResult) => void,
): void {
  const what = `alarms of ${step.tag} again`;
  const session = sessionOf(step, context, what, end);
  session?.write(eventEnable(step, context), value, undefined, context.cause, (reply) => {
    session.release();
    end(outcomeOfBacnet(reply, what));
  });
}

/** The property that switches a tag's alarms. @throws ScopeError `scope.no-alarm` for a tag without */
function eventEnable(
  { to, tag }: { readonly to: string; readonly tag: string },
  { guard, plant }: PlanContext | VerbContext,
) {
  serviceOf(guard, plant, to);
  const { point } = guard.point(to, tag);
  if (point.bacnet?.alarm === undefined)
    throw new ScopeError('scope.no-alarm', `'${tag}' of '${to}' has no alarm over BACnet`);
  return { object: objectOf(point.bacnet), property: PROPERTY.eventEnable };
}
