/** What can happen in a normal week, by kind. Each acts as its people would: over a session of the plant's network, or by hand. */
import { type ActivitySpec, type Duration, type Instant, PenstockError, seconds } from '@penstock/core';
import { ModbusOperator, probePorts } from '@penstock/simulator/devices';
import type { Cause, Random } from '@penstock/simulator/kernel';
import type { Range } from '../range.ts';

export interface ActivityContext {
  readonly range: Range;
  readonly random: Random;
  readonly activity: ActivitySpec;
  readonly cause: Cause;
}

type Activity = (context: ActivityContext, now: Instant) => void;

/** A parameter of the activity. @throws PenstockError `activity.parameter` when it is missing or of another type. */
function parameter<T extends 'string' | 'number'>(
  context: ActivityContext,
  name: string,
  type: T,
): T extends 'string' ? string : number {
  const value = context.activity.with[name];
  if (typeof value !== type)
    throw new PenstockError(
      'activity.parameter',
      `activity '${context.activity.id}' (${context.activity.kind}) needs '${name}', a ${type}`,
    );
  return value as never;
}

function list(context: ActivityContext, name: string): readonly (string | number)[] {
  const value = context.activity.with[name];
  if (value === undefined || typeof value === 'boolean')
    throw new PenstockError(
      'activity.parameter',
      `activity '${context.activity.id}' (${context.activity.kind}) needs '${name}', one or several`,
    );
  return Array.isArray(value) ? value : [value as string | number];
}

function lasts({ activity }: ActivityContext): Duration {
  if (activity.lasts === undefined)
    throw new PenstockError('activity.parameter', `activity '${activity.id}' (${activity.kind}) needs 'lasts'`);
  return activity.lasts;
}

function device(context: ActivityContext) {
  const { activity, range } = context;
  const found = range.devices.get(activity.device ?? '');
  if (found === undefined)
    throw new PenstockError(
      'activity.device',
      `activity '${activity.id}' (${activity.kind}) needs a 'device' of the plant, not '${activity.device}'`,
    );
  return found;
}

/** Somebody at `from` who writes points and moves programs of `to` through the host's own session. */
function operator(context: ActivityContext, from: string, to: string): ModbusOperator {
  const { range, cause } = context;
  return new ModbusOperator(range.foothold(from), range.spec, to, cause);
}

const later = (context: ActivityContext, delay: Duration, act: (now: Instant) => void): void =>
  void context.range.queue.in(delay, { run: act });

/** A value of the activity's own, or one drawn between its `low` and `high`, as finely as operators enter it. */
function drawnValue(context: ActivityContext): number {
  if (context.activity.with.value !== undefined) return parameter(context, 'value', 'number');
  const drawn = context.random.between(parameter(context, 'low', 'number'), parameter(context, 'high', 'number'));
  return Math.round(drawn * 10) / 10;
}

function write(context: ActivityContext, tag: string, value: number): void {
  operator(context, parameter(context, 'from', 'string'), parameter(context, 'to', 'string')).write(tag, value);
}

const setpoint: Activity = (context) => write(context, parameter(context, 'tag', 'string'), drawnValue(context));

/** A loop goes to manual, and back to automatic when the work is done. */
const manual: Activity = (context) => {
  const tag = parameter(context, 'tag', 'string');
  write(context, tag, 0);
  later(context, lasts(context), () => write(context, tag, 1));
};

/** The analyser is held, its reading wanders between buffers, and it measures again. */
const calibration: Activity = (context) => {
  const { range } = context;
  const tag = parameter(context, 'tag', 'string');
  const hold = parameter(context, 'hold', 'string');
  write(context, hold, 1);
  const reading = range.engine.measured(range.engine.tagIndex(tag));
  later(context, seconds(60), () =>
    range.engine.fault(tag, { kind: 'stuck', value: reading + context.random.between(-0.15, 0.15) }),
  );
  later(context, (lasts(context) - 120e6) as Duration, () => range.engine.clearFault(tag, 'stuck'));
  later(context, lasts(context), () => write(context, hold, 0));
};

/** The river or the town changes, and changes back. */
const disturbance: Activity = (context) => {
  const { range } = context;
  const name = parameter(context, 'name', 'string');
  const over = seconds(context.activity.with.over === undefined ? 0 : parameter(context, 'over', 'number'));
  const before = range.engine.disturbance(name);
  range.disturb(name, parameter(context, 'value', 'number'), over);
  later(context, lasts(context), () => range.disturb(name, before, over));
};

const delivery: Activity = (context) => {
  const { range } = context;
  const name = parameter(context, 'name', 'string');
  range.disturb(name, parameter(context, 'value', 'number'));
  later(context, lasts(context), () => range.disturb(name, 0));
};

const reboot: Activity = (context, now) => {
  const rebooted = device(context);
  rebooted.powerOff(now);
  later(context, lasts(context), (then) => rebooted.powerOn(then));
};

const linkLoss: Activity = (context) => {
  const { host } = device(context);
  host.linkDown();
  later(context, lasts(context), () => host.linkUp());
};

/** A visitor's computer is plugged in, looks at a controller for a while, and is taken away. */
const laptop: Activity = (context, now) => {
  const visitor = device(context);
  const to = parameter(context, 'to', 'string');
  visitor.host.linkUp();
  visitor.start(now);
  const session = operator(context, visitor.spec.id, to);
  const end = now + lasts(context);
  const look = (at: Instant): void => {
    if (at >= end - 60e6) {
      session.release();
      return;
    }
    session.identify();
    session.readAll();
    later(context, seconds(20), look);
  };
  later(context, seconds(30), look);
  later(context, lasts(context), (then) => visitor.powerOff(then));
};

/** An approved online edit: the program is read, a comment is added, and it is written back. */
const programEdit: Activity = (context, now) => {
  const { range, activity } = context;
  const session = operator(context, parameter(context, 'from', 'string'), parameter(context, 'to', 'string'));
  const date = new Date((range.epoch + now) / 1000).toISOString().slice(0, 10);
  session.readProgram((text) => {
    if (text === undefined) {
      session.release();
      return;
    }
    later(context, seconds(120), () =>
      session.writeProgram(`${text.trimEnd()}\n(* ${date}: reviewed, ${activity.id} *)\n`, () => session.release()),
    );
  });
};

/** Programs are read, one controller after the other. */
const backup: Activity = (context) => {
  const from = parameter(context, 'from', 'string');
  const targets = list(context, 'to').map(String);
  const next = (i: number): void => {
    const to = targets[i];
    if (to === undefined) return;
    const session = operator(context, from, to);
    session.readProgram(() => {
      session.release();
      later(context, seconds(30), () => next(i + 1));
    });
  };
  next(0);
};

/** A vulnerability scanner tries ports of hosts, some every second. */
const scan: Activity = (context) => {
  const scanner = device(context);
  const ports = list(context, 'ports').map(Number);
  const targets = list(context, 'to').map((id) => context.range.spec.devices.find((d) => d.id === id)?.address ?? '');
  probePorts(scanner, targets.filter(Boolean), ports, context.cause);
};

export const ACTIVITIES: Readonly<Record<string, Activity | undefined>> = {
  setpoint,
  command: setpoint,
  manual,
  calibration,
  disturbance,
  delivery,
  reboot,
  'link-loss': linkLoss,
  laptop,
  'program-edit': programEdit,
  backup,
  scan,
};
