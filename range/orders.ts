/**
 * Orders of people who take part: writes over the SCADA server's own session, and what somebody on site reads, samples and moves by
 * hand. They come from outside and are journaled as such, so that a replay gives the same; what they do happens inside the event queue.
 */
import {
  type Duration,
  type FieldActionSpec,
  type Instant,
  nearest,
  PenstockError,
  type PlantSpec,
  seconds,
  UsageError,
} from '@penstock/core';
import { pointSession } from '@penstock/simulator/devices';
import { Random } from '@penstock/simulator/kernel';
import type { Range } from './range.ts';

/** What a person asks for. `operate`: `what` is a tag; `field`: an action of the plant's `field`. */
export interface Order {
  readonly kind: 'operate' | 'field';
  readonly what: string;
  /** The value to write, or the position to turn to; null where there is none to choose. */
  readonly value: number | null;
  readonly by: string;
}

/** An order and what became of it. Told when it is taken and again when it ends. */
export interface OrderStatus extends Order {
  readonly number: number;
  readonly asked: Instant;
  readonly due: Instant;
  readonly ended: Instant | undefined;
  readonly outcome: 'pending' | 'done' | 'refused' | 'failed';
  readonly text: string;
  /** What was read. */
  readonly result: number | undefined;
}

/** Position of a starter or hand wheel that follows the controller. */
export const AS_CONTROLLED = -1;
/** A write that is not answered by then was lost. */
const ANSWER_WITHIN = seconds(15);
const SPRINGS_BACK = seconds(2);

export class Orders {
  readonly #range: Range;
  readonly #tell: (status: OrderStatus) => void;
  #count = 0;

  /** @param tell hears of every order when it is taken and when it ends */
  constructor(range: Range, tell: (status: OrderStatus) => void) {
    this.#range = range;
    this.#tell = tell;
  }

  /** Takes an order that `checkOrder` let through. Must run inside the event queue. */
  take(order: Order): void {
    const { now } = this.#range.queue;
    const action = order.kind === 'field' ? actionOf(this.#range.spec, order.what) : undefined;
    const pending: OrderStatus = {
      ...{ ...order, number: ++this.#count, asked: now, due: (now + (action?.takes ?? ANSWER_WITHIN)) as Instant },
      ...{ ended: undefined, outcome: 'pending', text: '', result: undefined },
    };
    this.#tell(pending);
    if (action) this.#later(action.takes, () => this.#act(pending, action));
    else this.#operate(pending);
  }

  #operate(order: OrderStatus): void {
    const { spec } = this.#range;
    const target = writable(spec, order.what);
    const scada = operatorsDevice(spec);
    const session = pointSession(this.#range.foothold(scada), spec, target, {
      actor: `operator:${order.by}`,
      step: `order-${order.number}`,
    });
    let answered = false;
    const end = (outcome: 'done' | 'failed', text: string): void => {
      if (answered) return;
      answered = true;
      this.#end(order, outcome, text);
    };
    session.write(order.what, order.value as number, (accepted) => {
      if (accepted) end('done', `${target} took it`);
      else end('failed', `${target} refused it or did not answer`);
    });
    this.#later(ANSWER_WITHIN, () => end('failed', `${target} did not answer`));
  }

  #act(order: OrderStatus, action: FieldActionSpec): void {
    const { engine, spec, displayed } = this.#range;
    if (action.kind === 'read-gauge' || action.kind === 'grab-sample') {
      const random = new Random(this.#range.seed, `field/${action.id}/${order.number}`);
      const exact = this.#range.truth[engine.tagIndex(action.tag)] as number;
      // Within the accuracy of its means nineteen times out of twenty.
      const value = rounded(exact + (action.accuracy / 2) * random.normal(), action.accuracy);
      const unit = spec.tags[engine.tagIndex(action.tag)]?.unit ?? '';
      this.#end(order, 'done', `${action.name}: ${value} ${unit} (± ${action.accuracy})`, value);
    } else if (action.kind === 'call') {
      const seen = action.tags.map((tag) => {
        const value = displayed.values[engine.tagIndex(tag)] as number;
        const { unit = '', states } = spec.tags[engine.tagIndex(tag)] ?? {};
        const text = Number.isNaN(value)
          ? 'nothing'
          : (states?.[value === 0 ? 0 : 1] ?? `${rounded(value, 0.01)} ${unit}`);
        return `${tag} ${text}`;
      });
      this.#end(order, 'done', `The control room sees ${seen.join(', ')}`);
    } else if (action.kind === 'local-switch') this.#throw(order, action);
    else {
      const value = order.value as number;
      if (value === AS_CONTROLLED) engine.clearFault(action.tag, 'stuck');
      else engine.fault(action.tag, { kind: 'stuck', position: value });
      this.#end(order, 'done', `${action.name}: ${nameOf(positionsOf(action), value)}`);
    }
  }

  #throw(order: OrderStatus, action: Extract<FieldActionSpec, { kind: 'local-switch' }>): void {
    const device = this.#range.devices.get(action.device);
    const variable = device?.variable(action.tag);
    if (variable === undefined) {
      this.#end(order, 'failed', `${action.device} is not there`);
      return;
    }
    const before = variable.get();
    variable.set(order.value as number);
    if (action.momentary) this.#later(SPRINGS_BACK, () => variable.set(before));
    this.#end(order, 'done', `${action.name}: ${nameOf(action.positions, order.value as number)}`);
  }

  #end(order: OrderStatus, outcome: OrderStatus['outcome'], text: string, result?: number): void {
    this.#tell({ ...order, outcome, text, result, ended: this.#range.queue.now });
  }

  #later(delay: Duration, run: () => void): void {
    this.#range.queue.in(delay, { run });
  }
}

/**
 * Whether an order can be taken at all.
 * @throws UsageError `order.tag`, `order.action`, `order.value` with what could be ordered
 */
export function checkOrder(spec: PlantSpec, order: Order): void {
  if (order.kind === 'operate') {
    writable(spec, order.what);
    const tag = spec.tags.find((one) => one.id === order.what);
    const [low, high] = tag?.range ?? [0, 0];
    if (order.value === null || !(order.value >= low && order.value <= high))
      throw new UsageError(
        'order.value',
        `${order.what} takes ${low} to ${high} ${tag?.unit ?? ''}, not ${order.value}`,
      );
    return;
  }
  const positions = positionsOf(actionOf(spec, order.what));
  if (positions.length === 0 ? order.value !== null : !positions.some(({ value }) => value === order.value))
    throw new UsageError(
      'order.value',
      positions.length === 0
        ? `'${order.what}' has no positions to choose from`
        : `'${order.what}' has the positions ${positions.map(({ name, value }) => `${value} (${name})`).join(', ')}, not ${order.value}`,
    );
}

/** Positions that an action can be ordered to; none for those that read. */
export function positionsOf(action: FieldActionSpec): readonly { readonly name: string; readonly value: number }[] {
  const automatic = { name: 'as the controller says', value: AS_CONTROLLED };
  if (action.kind === 'starter') return [automatic, { name: 'off', value: 0 }, { name: 'hand, on', value: 1 }];
  if (action.kind === 'manual-valve') return [automatic, ...action.positions];
  return action.kind === 'local-switch' ? action.positions : [];
}

/** Tags that the SCADA server's people may write, by the device that takes them. */
export function operableTags(spec: PlantSpec): ReadonlyMap<string, string> {
  const scada = operatorsDevice(spec);
  const polled = new Set(spec.devices.find((device) => device.id === scada)?.polls.map((poll) => poll.device));
  return new Map(
    spec.devices
      .filter((device) => polled.has(device.id))
      .flatMap((device) => device.points.filter((point) => point.writable).map((point) => [point.tag, device.id])),
  );
}

function writable(spec: PlantSpec, tag: string): string {
  const operable = operableTags(spec);
  const device = operable.get(tag);
  if (device !== undefined) return device;
  const near = nearest(tag, [...operable.keys()]);
  throw new UsageError(
    'order.tag',
    `'${tag}' cannot be written by an operator of '${spec.id}'${near ? `; did you mean '${near}'?` : ''}`,
  );
}

/** Where operators sit: the SCADA server, or the HMI where a plant has none. @throws PenstockError `order.operator` */
function operatorsDevice(spec: PlantSpec): string {
  const device = spec.devices.find(({ kind }) => kind === 'scada') ?? spec.devices.find(({ kind }) => kind === 'hmi');
  if (device === undefined)
    throw new PenstockError(
      'order.operator',
      `plant '${spec.id}' has no SCADA server and no HMI that could be operated`,
    );
  return device.id;
}

function actionOf(spec: PlantSpec, id: string): FieldActionSpec {
  const action = spec.field.find((one) => one.id === id);
  if (action) return action;
  const ids = spec.field.map((one) => one.id);
  throw new UsageError(
    'order.action',
    `plant '${spec.id}' has no field action '${id}'; it has ${ids.join(', ') || 'none'}`,
  );
}

const nameOf = (positions: readonly { readonly name: string; readonly value: number }[], value: number): string =>
  positions.find((position) => position.value === value)?.name ?? String(value);

/** As many digits as an accuracy deserves: one more than its first. */
function rounded(value: number, accuracy: number): number {
  if (accuracy === 0) return value;
  const digits = Math.max(0, Math.min(6, 1 - Math.floor(Math.log10(accuracy))));
  return Number(value.toFixed(digits));
}
