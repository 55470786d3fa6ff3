/**
 * Verb `discover`: finds out which of a zone's registered devices are there and what they are: ping, TCP connect, and Modbus' own
 * identification (43/14) where port 502 answers. A zone is its registered devices; the subnet is never swept.
 */
import { type DeviceSpec, milliseconds, type PlantSpec } from '@penstock/core';
import { decodeResponse, encodeRequest } from '@penstock/protocols/modbus';
import type { Foothold } from '@penstock/simulator/kernel';
import { z } from 'zod';
import { common, roleName, zoneName } from '../words.ts';
import { defineVerb, type VerbContext } from './context.ts';
import { modbusPortOf, shownDevice, specOf, unitOf } from './modbus.ts';

const probe = z.enum(['ping', 'connect', 'identify']);
const EXTENDED = 3;

/** Devices of a zone that can be looked for, by role; the engine's guard resolves each of them. */
const rolesOf = (plant: PlantSpec, zone: string, except: string): string[] =>
  plant.devices
    .filter((device) => device.zone === zone && device.kind !== 'firewall' && device.role !== except)
    .map((device) => device.role);

export const discover = defineVerb({
  schema: z.strictObject({
    ...common,
    verb: z.literal('discover'),
    from: roleName,
    zone: zoneName,
    by: z.array(probe).min(1).default(['ping', 'connect', 'identify']),
    ports: z.array(z.int().min(1).max(65_535)).min(1).max(32).default([502]),
    /** Pings and connects a second. */
    perSecond: z.number().positive().max(100).default(10),
  }),
  targets: (step, plant) => rolesOf(plant, step.zone, step.from),
  tags: () => [],
  overwrites: () => [],

  plan: (step, { guard }) =>
    guard
      .zone(step.zone)
      .filter(({ role }) => role !== step.from)
      .map(({ role }) => ({
        from: shownDevice(guard, step.from),
        to: shownDevice(guard, role),
        point: step.by.map((by) => (by === 'connect' ? `TCP ${step.ports.join(', ')}` : by)).join('; '),
        value: null,
      })),

  run(step, context, end) {
    const { guard, plant } = context;
    const from = guard.device(step.from);
    const devices = guard
      .zone(step.zone)
      .filter(({ role }) => role !== step.from)
      .map(({ id }) => specOf(plant, id));
    const foothold = context.foothold(from.id);
    // Who comes through a gate is no host on the wire: ports tell who is there, too.
    const by = step.by.filter((probe) => probe !== 'ping' || foothold.ping !== undefined);
    if (by.length === 0 || (by.includes('connect') && !foothold.connect))
      return end({
        outcome: 'failed',
        detail: `from '${step.from}' only sessions can be opened here, no pings or port scans`,
      });
    const survey = new Survey(context, foothold);
    const jobs = devices.flatMap((device) => [
      ...(by.includes('ping') ? [() => survey.ping(device)] : []),
      ...(by.includes('connect') ? step.ports.map((port) => () => survey.connect(device, port)) : []),
      ...(by.includes('identify') && modbusPortOf(device) !== undefined ? [() => survey.identify(device)] : []),
    ]);
    if (jobs.length === 0) return end({ outcome: 'failed', detail: `nobody is in zone '${step.zone}'` });
    survey.whenDone(jobs.length, () =>
      end({
        outcome: survey.found.size > 0 ? 'done' : 'failed',
        detail: `${survey.summary(devices.length)}${by.length < step.by.length ? '; nobody was pinged: this is no host on the wire' : ''}`,
      }),
    );
    const pause = milliseconds(1000 / step.perSecond);
    const next = (i: number): void => {
      jobs[i]?.();
      if (i + 1 < jobs.length) context.later(pause, () => next(i + 1));
    };
    next(0);
  },
});

/** What answered. */
class Survey {
  readonly found = new Set<string>();
  readonly #open: string[] = [];
  readonly #identities: string[] = [];
  readonly #context: VerbContext;
  readonly #foothold: Foothold;
  #left = 0;
  #done: () => void = () => {};

  constructor(context: VerbContext, foothold: Foothold) {
    this.#context = context;
    this.#foothold = foothold;
  }

  whenDone(jobs: number, done: () => void): void {
    this.#left = jobs;
    this.#done = done;
  }

  ping(device: DeviceSpec): void {
    this.#foothold.ping?.(device.id, this.#context.cause, (answered) => this.#end(device, answered));
  }

  connect(device: DeviceSpec, port: number): void {
    this.#foothold.connect?.(device.id, port, this.#context.cause, (answer) => {
      if (answer === 'open') this.#open.push(`${device.role}:${port}`);
      this.#end(device, answer !== 'silent');
    });
  }

  identify(device: DeviceSpec): void {
    const session = this.#foothold.modbus(device.id);
    const request = encodeRequest({ function: 43, mei: 14, access: EXTENDED, object: 0 });
    session.request(unitOf(device), request, this.#context.cause, (reply) => {
      session.release();
      const identity = reply.outcome === 'answered' ? identityOf(reply.pdu) : undefined;
      if (identity !== undefined) this.#identities.push(`${device.role} is ${identity}`);
      this.#end(device, reply.outcome === 'answered');
    });
  }

  summary(devices: number): string {
    const parts = [`${this.found.size} of ${devices} hosts answered`, `${this.#open.length} ports open`];
    return [...parts, ...this.#identities].join('; ');
  }

  #end(device: DeviceSpec, answered: boolean): void {
    if (answered) this.found.add(device.id);
    if (--this.#left === 0) this.#done();
  }
}

/** Vendor and product code out of a response to 43/14. */
function identityOf(pdu: Uint8Array): string | undefined {
  const response = decodeResponse(pdu);
  if (response.status !== 'ok' || !('objects' in response.message)) return undefined;
  const text = new TextDecoder();
  return response.message.objects
    .slice(0, 3)
    .map(({ value }) => text.decode(value))
    .join(' ');
}
