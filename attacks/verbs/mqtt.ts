/** Verbs upon an MQTT broker: `mqtt-listen`, `mqtt-take-over` and `mqtt-publish-file`. Tags are commanded with `write-tag` and its `broker`. */
import { duration, edgePoints, type PlantSpec, seconds } from '@penstock/core';
import { FIRMWARE_EFFECTS, makeFirmware } from '@penstock/protocols/firmware';
import {
  BirthBook,
  decodePayload,
  encodePayload,
  formatTopic,
  type Metric,
  numberOf,
  parseTopic,
} from '@penstock/protocols/sparkplug';
import type { MqttLogin, MqttSession } from '@penstock/simulator/kernel';
import { z } from 'zod';
import { ScopeError } from '../scope.ts';
import { common, roleName, tagName } from '../words.ts';
import { defineVerb, type PlanContext, type PlanLine, type VerbContext } from './context.ts';
import { nobody } from './dnp3.ts';
import { shownDevice, specOf } from './modbus.ts';
import { brokerOf, loginOf } from './mqtt-point.ts';

/** After a lost connection, before the next one. */
const AGAIN = seconds(1);

const onBroker = {
  ...common,
  /** Role of the device that the adversary sits at. */
  from: roleName,
  /** Role of the broker. */
  to: roleName,
  /** Role of the device whose account at the broker is used; that of `from` when left out. */
  account: roleName.optional(),
};
const topic = z.string().regex(/^[^\s#+]{1,128}$/, 'a topic is at most 128 characters without blanks and wildcards');

interface OnBroker {
  readonly from: string;
  readonly to: string;
  readonly account?: string | undefined;
}

const line = ({ from, to, account }: OnBroker, { guard, plant }: PlanContext, point: string): PlanLine[] => {
  loginOf(guard, plant, account ?? from, brokerOf(guard, plant, to));
  return [{ from: shownDevice(guard, from), to: shownDevice(guard, to), point, value: null }];
};

/** Opens a session at the broker; `done` gets why not where there is none. */
function open(
  { from, to, account }: OnBroker,
  { guard, plant, cause, foothold }: VerbContext,
  change: (login: MqttLogin) => MqttLogin,
  done: (session: MqttSession | undefined, why: string) => void,
): void {
  const broker = brokerOf(guard, plant, to);
  const source = guard.device(from).id;
  const session = foothold(source).mqtt?.(broker.id, change(loginOf(guard, plant, account ?? from, broker)), cause);
  if (session === undefined) {
    done(undefined, nobody(source, 'MQTT'));
    return;
  }
  session.connect((code) => {
    if (code === 0) done(session, '');
    else done(undefined, code === 'closed' ? 'closed' : `refused with code ${code}`);
  });
}

const asTool = (login: MqttLogin): MqttLogin => ({ ...login, clientId: `tool-${login.clientId}` });

/** Subscribes filters and listens; what edge nodes tell meanwhile is learned. */
export const mqttListen = defineVerb({
  schema: z.strictObject({
    ...onBroker,
    verb: z.literal('mqtt-listen'),
    /** Everything that the broker carries when left out. */
    filters: z.array(z.string().min(1).max(128)).min(1).max(16).default(['#']),
    lasts: duration.default(seconds(30)),
  }),
  targets: (step) => [step.to],
  tags: () => [],
  overwrites: () => [],
  plan: (step, context) => line(step, context, step.filters.join(', ')),

  run(step, context, end) {
    const names = new Set(context.plant.tags.map(({ id }) => id));
    const book = new BirthBook();
    let messages = 0;
    open(step, context, asTool, (session, why) => {
      if (session === undefined) {
        end({ outcome: 'failed', detail: why });
        return;
      }
      session.subscribe(
        step.filters,
        (codes) => {
          const isRefused = codes === 'closed' || codes.every((code) => code >= 0x80);
          if (!isRefused) {
            context.later(step.lasts, () => {
              session.release();
              end({ outcome: 'done', detail: `heard ${messages} messages` });
            });
            return;
          }
          session.release();
          end({ outcome: 'failed', detail: `the broker refuses ${step.filters.join(', ')}` });
        },
        (name, bytes) => {
          messages++;
          const of = parseTopic(name);
          const payload = of === undefined ? undefined : decodePayload(bytes);
          if (of === undefined || payload === undefined) return;
          for (const { name: tag, value } of book.read(of, payload).metrics) {
            const number = numberOf(value);
            if (tag !== undefined && names.has(tag) && number !== undefined) context.learned(tag, number);
          }
        },
      );
    });
  },
});

/** The edge node that a role is. @throws ScopeError `scope.no-point` for one that is none at that broker */
function edgeOf(guard: PlanContext['guard'], plant: PlantSpec, role: string, to: string) {
  const device = specOf(plant, guard.device(role).id);
  const edge = device.sparkplug?.edge;
  if (edge === undefined || edge.broker !== brokerOf(guard, plant, to).id)
    throw new ScopeError('scope.no-point', `'${role}' is no edge node of '${to}'`);
  return { device, points: edgePoints(device) };
}

/** Pushes an edge node out under its own client id and speaks in its name: births, and whatever values the step says. */
export const mqttTakeOver = defineVerb({
  schema: z.strictObject({
    ...onBroker,
    verb: z.literal('mqtt-take-over'),
    /** Role of the edge node. */
    node: roleName,
    /** What it is made to say. */
    says: z.record(tagName, z.number()).default({}),
    lasts: duration,
  }),
  targets: (step) => [step.to, step.node],
  tags: (step) => Object.keys(step.says),
  overwrites: () => [],

  plan(step, context) {
    const { points } = edgeOf(context.guard, context.plant, step.node, step.to);
    for (const tag of Object.keys(step.says))
      if (!points.some((point) => point.tag === tag))
        throw new ScopeError('scope.no-point', `'${step.node}' does not tell '${tag}'`);
    return line({ ...step, account: step.account ?? step.node }, context, `client of ${step.node}`);
  },

  run(step, context, end) {
    const { device, points } = edgeOf(context.guard, context.plant, step.node, step.to);
    const own = { ...step, account: step.account ?? step.node };
    const broker = brokerOf(context.guard, context.plant, step.to);
    const { clientId } = loginOf(context.guard, context.plant, step.node, broker);
    let isOver = false;
    let held: MqttSession | undefined;
    let taken = 0;
    let reason = '';
    const take = (): void =>
      open(
        own,
        context,
        (login) => ({ ...login, clientId }),
        (session, why) => {
          held = session;
          if (isOver) session?.release();
          else if (session !== undefined) {
            taken++;
            speak(session, points, step.says);
          } else reason = why;
        },
      );
    // The real one comes back every few seconds, and is pushed out again.
    const again = (): void => {
      if (isOver) return;
      const session = held;
      session?.publish(lifeOf(points), (answer) => {
        if (answer !== 'closed' || session !== held) return;
        session.release();
        take();
      });
      context.later(AGAIN, again);
    };
    take();
    context.later(AGAIN, again);
    context.later(step.lasts, () => {
      isOver = true;
      held?.release();
      if (taken === 0) end({ outcome: 'failed', detail: `${device.id}: ${reason}` });
      else end({ outcome: 'done', detail: `spoke as ${device.id}, connected ${taken} times` });
    });
  },
});

type Points = ReturnType<typeof edgePoints>;

/** A message in the node's name that says nothing, so that it is heard of. */
function lifeOf(points: Points) {
  const { group, node } = (points[0] as Points[number]).sparkplug;
  return {
    topic: formatTopic({ group, type: 'NDATA', node, device: undefined }),
    payload: encodePayload({ metrics: [] }),
  };
}

function speak(session: MqttSession, points: Points, says: Readonly<Record<string, number>>): void {
  const { group, node } = (points[0] as Points[number]).sparkplug;
  const publish = (type: 'NBIRTH' | 'DBIRTH', device: string | undefined, seq: number, metrics: Metric[]): void =>
    session.publish(
      { topic: formatTopic({ group, type, node, device }), payload: encodePayload({ seq, metrics }) },
      () => {},
    );
  publish('NBIRTH', undefined, 0, [{ name: 'bdSeq', type: 'Int64', value: 0 }]);
  let seq = 0;
  for (const [device, of] of Map.groupBy(points, ({ sparkplug }) => sparkplug.device)) {
    const metrics = of.flatMap(({ tag, sparkplug: { metric } }): Metric[] =>
      says[tag] === undefined ? [] : [{ name: metric, type: 'Double', value: says[tag] }],
    );
    if (metrics.length > 0) publish('DBIRTH', device, ++seq, metrics);
  }
}

/** What an edge node says of its firmware in its birth. */
const VERSION = 'Properties/Firmware Version';

/** Publishes a firmware image of the range's own format to a topic, as devices take updates; and hears whether it was taken. */
export const mqttPublishFile = defineVerb({
  schema: z.strictObject({
    ...onBroker,
    verb: z.literal('mqtt-publish-file'),
    topic,
    /** Role of the device that it is made for. */
    product: roleName,
    version: z.string().min(1).max(32),
    /** `genuine`: by the vendor. `altered`: by somebody else, not signed. `corrupt`: broken on the way, which bricks a device that does not look. */
    image: z.enum(['genuine', 'altered', 'corrupt']).default('altered'),
    /** What a device that runs it does otherwise; of an altered image. */
    effect: z.enum(FIRMWARE_EFFECTS).optional(),
    /** How long an edge node has to say the new version in its birth, or the step has failed; nobody waits for that when left out. */
    taken: duration.optional(),
  }),
  targets: (step) => [step.to, step.product],
  tags: () => [],
  overwrites: () => [],
  flashes: (step) => [step.product],
  plan(step, context) {
    if (step.taken === undefined) context.guard.device(step.product);
    else edgeOf(context.guard, context.plant, step.product, step.to);
    if (step.effect !== undefined && step.image !== 'altered')
      throw new ScopeError(
        'scope.no-firmware',
        `an image of the vendor's has no effect of its own; leave 'effect' out of '${step.id}', or alter the image`,
      );
    return line(step, context, step.topic);
  },

  run(step, context, end) {
    const { guard, plant } = context;
    const { topic: name, version, taken } = step;
    const { id: product, identity } = specOf(plant, guard.device(step.product).id);
    context.flashed(product);
    const payload = makeFirmware(identity, version, step.image, step.effect);
    const what = `${payload.length} bytes to ${name}`;
    open(step, context, asTool, (session, why) => {
      if (session === undefined) {
        end({ outcome: 'failed', detail: why });
        return;
      }
      let isOver = false;
      const over = (failure: string | undefined): void => {
        if (isOver) return;
        isOver = true;
        session.release();
        end(
          failure === undefined
            ? { outcome: 'done', detail: taken === undefined ? what : `${what}; ${step.product} runs ${version}` }
            : { outcome: 'failed', detail: `${what}: ${failure}` },
        );
      };
      const publish = (): void =>
        session.publish({ topic: name, payload, qos: 1 }, (answer) => {
          if (answer === 'closed' || answer >= 0x80) over(answer === 'closed' ? answer : `code ${answer}`);
          else if (taken === undefined) over(undefined);
        });
      if (taken === undefined) {
        publish();
        return;
      }
      const { group, node } = (edgeOf(guard, plant, step.product, step.to).points[0] as Points[number]).sparkplug;
      context.later(taken, () => over(`${step.product} does not say that it runs ${version}`));
      session.subscribe(
        [formatTopic({ group, type: 'NBIRTH', node, device: undefined })],
        (codes) => {
          if (codes === 'closed' || (codes[0] ?? 0x80) >= 0x80) over('the broker does not let its birth be heard');
          else publish();
        },
        (_, bytes) => {
          const metrics = decodePayload(bytes)?.metrics ?? [];
          if (metrics.some((metric) => metric.name === VERSION && metric.value === version)) over(undefined);
        },
      );
    });
  },
});
