/**
 * What can happen in a normal week, by kind. Each acts as its people would: over a session of the plant's network, or by hand at the
 * equipment. What a kind takes (`with`) is told in the plant's file and checked when the run is built.
 */
import {
  type ActivitySpec,
  type Duration,
  type Instant,
  PenstockError,
  parseDuration,
  type S7ServiceSpec,
  seconds,
} from '@penstock/core';
import { type Device, ModbusOperator, pointSession } from '@penstock/simulator/devices';
import type { Cause, PointSession, Random } from '@penstock/simulator/kernel';
import type { Fault } from '@penstock/simulator/process';
import type { Range } from '../range.ts';

export interface ActivityContext {
  readonly range: Range;
  readonly random: Random;
  readonly activity: ActivitySpec;
  readonly cause: Cause;
}

type Activity = (context: ActivityContext, now: Instant) => void;

interface ActivityKind {
  /** Parameters that must be there, and those that may. */
  readonly needs: readonly string[];
  readonly takes?: readonly string[];
  /** Needs `device`, `lasts`. */
  readonly device?: boolean;
  readonly lasts?: boolean;
  readonly perform: Activity;
}

const text = ({ activity }: ActivityContext, name: string): string => String(activity.with[name]);
const number = ({ activity }: ActivityContext, name: string): number => Number(activity.with[name]);
const list = ({ activity }: ActivityContext, name: string): (string | number)[] =>
  [activity.with[name] ?? []].flat() as (string | number)[];
const period = (context: ActivityContext, name: string): Duration => parseDuration(text(context, name));
const lasts = ({ activity }: ActivityContext): Duration => activity.lasts ?? seconds(0);
const device = ({ range, activity }: ActivityContext): Device => range.devices.get(activity.device as string) as Device;

/** The device's people, who give orders to `to` over their host's own session. */
const orders = ({ range, activity, cause }: ActivityContext, to: string): PointSession =>
  pointSession(range.foothold(activity.device as string), range.spec, to, cause);

/** The device's people, who look at `to` by Modbus. */
const operator = ({ range, activity, cause }: ActivityContext, to: string): ModbusOperator =>
  new ModbusOperator(range.foothold(activity.device as string), range.spec, to, cause);

interface Programming {
  /** Hears undefined when the program could not be read. */
  read(done: (text: string | undefined) => void): void;
  write(text: string, done: () => void): void;
  release(): void;
}

/**
 * The device's people, at work on the program of `to`: over S7 where it speaks that and their host does, else by Modbus. They know its
 * password.
 */
function programming(context: ActivityContext, to: string): Programming {
  const { range, activity, cause } = context;
  const s7 = range.spec.devices
    .find(({ id }) => id === to)
    ?.services.find((service): service is S7ServiceSpec => service.protocol === 's7');
  const session = s7 && range.foothold(activity.device as string).engineer?.(to, cause);
  if (session !== undefined) {
    let { password } = s7?.protection ?? {};
    const loggedOn = (work: () => void): void => {
      if (password === undefined || session.logOn === undefined) work();
      else {
        session.logOn(password, work);
        password = undefined;
      }
    };
    return {
      read: (done) =>
        loggedOn(() => session.readProgram((result) => done(result.outcome === 'done' ? result.value : undefined))),
      write: (program, done) => loggedOn(() => session.writeProgram(program, () => done())),
      release: () => session.release(),
    };
  }
  const modbus = operator(context, to);
  return {
    read: (done) => modbus.readProgram(done),
    write: (program, done) => modbus.writeProgram(program, () => done()),
    release: () => modbus.release(),
  };
}

const later = ({ range }: ActivityContext, delay: number, act: (now: Instant) => void): void =>
  void range.queue.in(Math.max(0, Math.round(delay)) as Duration, { run: act });

/** The activity's value, or one of its `values` by the seed. */
function chosen(context: ActivityContext): number {
  const values = list(context, 'values').map(Number);
  return values.length > 0 ? (values[context.random.below(values.length)] as number) : number(context, 'value');
}

/** Writes a point; with `back` what stood there before is written again in the end, with `pulse` its opposite soon. */
const write: Activity = (context) => {
  const { activity, range } = context;
  const tag = text(context, 'tag');
  const session = orders(context, text(context, 'to'));
  const shown = range.displayed.values[range.engine.tagIndex(tag)] as number;
  const value = chosen(context);
  session.write(tag, value);
  if (activity.with.pulse !== undefined)
    later(context, period(context, 'pulse'), () => session.write(tag, value === 0 ? 1 : 0));
  if (activity.with.back === true && !Number.isNaN(shown))
    later(context, lasts(context), () => session.write(tag, shown));
};

const disturbance: Activity = (context) => {
  const { range, activity } = context;
  const name = text(context, 'name');
  const over = activity.with.over === undefined ? seconds(0) : period(context, 'over');
  const before = range.engine.disturbance(name);
  range.disturb(name, chosen(context), over);
  later(context, lasts(context), () => range.disturb(name, before, over));
};

/** Until the day tank is as full as ordered, at most as long as the tanker stays. */
const delivery: Activity = (context, now) => {
  const { range } = context;
  const name = text(context, 'name');
  const tank = range.engine.tagIndex(text(context, 'tag'));
  const until = number(context, 'until');
  const end = now + lasts(context);
  range.disturb(name, number(context, 'value'));
  const look = (at: Instant): void => {
    if (at < end && range.engine.trueValue(tank) < until) later(context, 10e6, look);
    else range.disturb(name, 0);
  };
  look(now);
};

/** The analyser is held, sees the buffers, sees the water again, and is released when it has settled. */
const calibration: Activity = (context) => {
  const { range } = context;
  const tag = text(context, 'tag');
  const hold = text(context, 'hold');
  const session = orders(context, text(context, 'to'));
  const buffers = list(context, 'buffers').map(Number);
  session.write(hold, 1);
  for (const [i, value] of buffers.entries())
    later(context, 30e6 + (lasts(context) * i) / buffers.length, () =>
      range.engine.fault(tag, { kind: 'stuck', value }),
    );
  later(context, lasts(context) + 30e6, () => range.engine.clearFault(tag, 'stuck'));
  later(context, lasts(context) + 330e6, () => session.write(hold, 0));
};

/** The number that a fault takes, under the name that the process engine gives it. */
const FAULT_VALUE: Readonly<Record<string, string>> = {
  bias: 'value',
  drift: 'perHour',
  noise: 'deviation',
  stuck: 'value',
  leak: 'minimum',
  stiction: 'band',
  slow: 'perSecond',
};

const fieldFault: Activity = (context) => {
  const { range, activity } = context;
  const tag = text(context, 'tag');
  const kind = text(context, 'fault');
  const name = FAULT_VALUE[kind];
  const fault = {
    kind,
    ...(name !== undefined && activity.with.value !== undefined && { [name]: number(context, 'value') }),
  } as Fault;
  range.engine.fault(tag, fault);
  later(context, lasts(context), () => range.engine.clearFault(tag, fault.kind));
};

const reboot: Activity = (context, now) => {
  const rebooted = device(context);
  rebooted.powerOff(now);
  later(context, lasts(context), (then) => rebooted.powerOn(then));
};

const linkLoss: Activity = (context) => {
  const cut = device(context);
  cut.linkDown();
  later(context, lasts(context), () => cut.linkUp());
};

/** A visitor's computer is plugged in, looks at a controller, keeps its program, and is taken away. */
const attachLaptop: Activity = (context, now) => {
  const visitor = device(context);
  visitor.linkUp();
  visitor.start(now);
  const session = operator(context, text(context, 'to'));
  const end = now + lasts(context);
  const look = (at: Instant): void => {
    if (at >= end - 120e6) {
      session.release();
      const program = programming(context, text(context, 'to'));
      program.read(() => program.release());
      return;
    }
    session.readAll();
    later(context, period(context, 'every'), look);
  };
  later(context, 30e6, (at) => {
    session.identify();
    look(at);
  });
  later(context, lasts(context), (then) => visitor.powerOff(then));
};

/** An approved online edit: the program is read, a piece of it replaced, written back and read again. */
const programEdit: Activity = (context) => {
  const session = programming(context, text(context, 'to'));
  session.read((before) => {
    if (before === undefined) {
      session.release();
      return;
    }
    const after = before.replace(text(context, 'find'), text(context, 'replace'));
    later(context, lasts(context) / 2, () => session.write(after, () => session.read(() => session.release())));
  });
};

/** What the archive has is loaded, and read again. */
const programRestore: Activity = (context, now) => {
  const { range } = context;
  const to = text(context, 'to');
  const known = range.archive.program(to, (range.startAt + now) as Duration);
  if (known === undefined) return;
  const session = programming(context, to);
  session.write(known, () => session.read(() => session.release()));
};

/** Programs are read, one controller after the other. */
const backup: Activity = (context) => {
  const targets = list(context, 'to').map(String);
  const next = (i: number): void => {
    const to = targets[i];
    if (to === undefined) return;
    const session = programming(context, to);
    session.read(() => {
      session.release();
      later(context, 30e6, () => next(i + 1));
    });
  };
  next(0);
};

/** Every address of a zone is asked for every port, as a vulnerability scanner does. */
const scan: Activity = (context) => {
  const { subnet } = context.range.network.wire.segment(text(context, 'zone'));
  device(context).probe(subnet, list(context, 'ports').map(Number), context.cause);
};

/** Somebody throws a switch at a device that no network reaches. */
const localSwitch: Activity = (context) => {
  const variable = device(context).variable(text(context, 'tag'));
  const before = variable?.get() ?? 0;
  variable?.set(number(context, 'value'));
  if (context.activity.with.back === true) later(context, lasts(context), () => variable?.set(before));
};

/** Every rule of a conduit is taken away and what runs through it is cut: somebody at the firewall. */
const closeConduit: Activity = (context) => {
  context.range.closeConduit(text(context, 'conduit'));
};

const POINT = { needs: ['to', 'tag'], takes: ['value', 'values', 'back', 'pulse'], device: true, perform: write };

const KINDS: Readonly<Record<string, ActivityKind>> = {
  setpoint: POINT,
  mode: POINT,
  command: POINT,
  disturbance: { needs: ['name'], takes: ['value', 'values', 'over'], lasts: true, perform: disturbance },
  delivery: { needs: ['name', 'value', 'tag', 'until'], lasts: true, perform: delivery },
  calibration: { needs: ['to', 'tag', 'hold', 'buffers'], device: true, lasts: true, perform: calibration },
  'field-fault': { needs: ['tag', 'fault'], takes: ['value'], lasts: true, perform: fieldFault },
  reboot: { needs: [], device: true, lasts: true, perform: reboot },
  'link-loss': { needs: [], device: true, lasts: true, perform: linkLoss },
  'attach-laptop': { needs: ['to', 'every'], device: true, lasts: true, perform: attachLaptop },
  'program-edit': { needs: ['to', 'find', 'replace'], device: true, lasts: true, perform: programEdit },
  'program-restore': { needs: ['to'], device: true, perform: programRestore },
  backup: { needs: ['to'], device: true, perform: backup },
  scan: { needs: ['zone', 'ports'], takes: ['to'], device: true, perform: scan },
  'close-conduit': { needs: ['conduit'], perform: closeConduit },
  'local-switch': { needs: ['tag', 'value'], takes: ['back'], device: true, perform: localSwitch },
};

/**
 * What an activity's kind does.
 * @throws PenstockError `activity.kind` or `activity.parameter` with what there is or what is missing
 */
export function performer(activity: ActivitySpec, range: Range): Activity {
  const kind = KINDS[activity.kind];
  const wrong = (id: string, message: string): never => {
    throw new PenstockError(`activity.${id}`, `activity '${activity.id}' ${message}`);
  };
  if (kind === undefined)
    return wrong('kind', `has kind '${activity.kind}'; there are ${Object.keys(KINDS).join(', ')}`);
  for (const name of kind.needs)
    if (activity.with[name] === undefined) wrong('parameter', `(${activity.kind}) needs '${name}'`);
  for (const name of Object.keys(activity.with))
    if (!kind.needs.includes(name) && !kind.takes?.includes(name))
      wrong(
        'parameter',
        `(${activity.kind}) takes no '${name}'; it takes ${[...kind.needs, ...(kind.takes ?? [])].join(', ') || 'nothing'}`,
      );
  if (kind.device && !range.spec.devices.some((d) => d.id === activity.device))
    wrong('device', `(${activity.kind}) needs a 'device' of the plant, not '${activity.device}'`);
  if (kind.lasts && activity.lasts === undefined) wrong('parameter', `(${activity.kind}) needs 'lasts'`);
  // A device that this run leaves out (a counterfactual) has nobody at it.
  return kind.device && !range.devices.has(activity.device as string) ? () => {} : kind.perform;
}
