/**
 * Verb `probe-registers`: finds out what a device's wire addresses are by trying them one after the other: reads, and where it is told
 * to, writes. A write puts back the value that was read a moment before, or goes to an address that the device refused to read.
 */
import { type DeviceSpec, milliseconds, type PlantSpec } from '@penstock/core';
import { encodeRequest, type Request, readTransaction } from '@penstock/protocols/modbus';
import { z } from 'zod';
import { MOST_REGISTERS } from '../scope.ts';
import { common, roleName } from '../words.ts';
import { defineVerb } from './context.ts';
import { resultOf, shownDevice, specOf, unitOf } from './modbus.ts';

const table = z.enum(['coil', 'discrete', 'holding', 'input']);
const rangeSchema = z.strictObject({
  table,
  from: z.int().min(0).max(65_535).default(0),
  count: z.int().min(1).max(MOST_REGISTERS),
});
type Range = z.output<typeof rangeSchema>;

/** What a write to an unmapped address carries: nothing that would do harm where the point list is wrong. */
const NOTHING = 0;

const writable = (range: Range): boolean => range.table === 'coil' || range.table === 'holding';

/** Kinds of tags that stay as they were written; a heartbeat's counter does not. */
const KEPT = new Set(['setpoint', 'mode', 'actuator']);

/** Tags of a device's points that a range touches; `onlyWritten`: of those that a write would change for good. */
function touched(plant: PlantSpec, role: string, ranges: readonly Range[], onlyWritten: boolean): string[] {
  const kinds = new Map(plant.tags.map((tag) => [tag.id, tag.kind]));
  const points = plant.devices.find((device) => device.role === role)?.points ?? [];
  return points.flatMap(({ tag, modbus, writable: mayWrite }) => {
    if (modbus === undefined || (onlyWritten && !(mayWrite && KEPT.has(kinds.get(tag) as string)))) return [];
    const last = modbus.address + (/32/.test(modbus.type) ? 1 : 0);
    const hit = ranges.some((r) => r.table === modbus.table && last >= r.from && modbus.address < r.from + r.count);
    return hit ? [tag] : [];
  });
}

export const probeRegisters = defineVerb({
  schema: z.strictObject({
    ...common,
    verb: z.literal('probe-registers'),
    from: roleName,
    to: roleName,
    ranges: z.array(rangeSchema).min(1).max(8),
    /**
     * `same`: what was read is written back; the step fails where nothing of it is taken. `unmapped`: nothing is written to addresses that the device refused. `both`. Nothing is
     * written when it is left out.
     */
    write: z.enum(['same', 'unmapped', 'both']).optional(),
    /** Writes to unmapped addresses at most: one refusal tells as much as a thousand. */
    mostUnmapped: z.int().min(0).max(200).default(16),
    /** Requests a second. */
    perSecond: z.number().positive().max(100).default(10),
  }),
  targets: (step) => [step.to],
  tags: (step, plant) => touched(plant, step.to, step.ranges, false),
  overwrites: (step, plant) =>
    step.write === 'same' || step.write === 'both'
      ? touched(plant, step.to, step.ranges, true).map((tag) => ({ role: step.to, tag }))
      : [],

  plan: (step, { guard }) =>
    step.ranges.map((range) => {
      const { device } = guard.range(step.to, range.table, range.from, range.count);
      const write = step.write !== undefined && writable(range);
      return {
        from: shownDevice(guard, step.from),
        to: shownDevice(guard, device.role),
        point: `${range.table} ${range.from} to ${range.from + range.count - 1}, one by one`,
        value: write
          ? { same: 'what is read', unmapped: '0 where refused', both: 'what is read, 0 where refused' }[
              step.write as 'same'
            ]
          : null,
      };
    }),

  run(step, context, end) {
    const { guard, plant } = context;
    const from = guard.device(step.from);
    const device = guard.device(step.to);
    const addresses = step.ranges.flatMap((range) => {
      guard.range(step.to, range.table, range.from, range.count);
      return Array.from({ length: range.count }, (_, i) => ({ table: range.table, address: range.from + i }));
    });
    const spec = specOf(plant, device.id);
    const session = context.foothold(from.id).modbus(device.id);
    const unit = unitOf(spec);
    const count = { mapped: 0, refused: 0, written: 0, writesRefused: 0, unmapped: 0, same: 0 };
    const pause = milliseconds(1000 / step.perSecond);
    const finish = (why?: string): void => {
      session.release();
      const told = `${count.mapped} addresses answer, ${count.refused} do not; ${count.written} writes taken, ${count.writesRefused} refused`;
      end({
        outcome: why === undefined && count.mapped > 0 && (count.same === 0 || count.written > 0) ? 'done' : 'failed',
        detail: why === undefined ? told : `${why}; ${told}`,
      });
    };
    const ask = (pdu: Uint8Array, answered: (taken: boolean, pdu: Uint8Array) => void): void =>
      session.request(unit, pdu, context.cause, (reply) => {
        if (reply.outcome !== 'answered')
          return finish(resultOf(reply, `${device.role} after ${count.mapped + count.refused} addresses`).detail);
        answered((reply.pdu[0] as number) < 0x80, reply.pdu);
      });
    const next = (i: number): void => {
      const at = addresses[i];
      if (at === undefined) {
        finish();
        return;
      }
      const on = (): void => context.later(pause, () => next(i + 1));
      ask(readTransaction(0, at.table, at.address, 1).request, (taken, pdu) => {
        if (taken) count.mapped++;
        else count.refused++;
        const write = writeOf(step.write, at, taken ? pdu : undefined, count.unmapped < step.mostUnmapped);
        if (write === undefined) return on();
        if (taken) count.same++;
        else count.unmapped++;
        const tag = tagAt(spec, at);
        if (tag !== undefined) context.wrote(spec.id, tag);
        context.later(pause, () =>
          ask(encodeRequest(write), (accepted) => {
            if (accepted) count.written++;
            else count.writesRefused++;
            if (accepted && tag !== undefined) context.accepted(spec.id, tag);
            on();
          }),
        );
      });
    };
    next(0);
  },
});

interface Address {
  readonly table: Range['table'];
  readonly address: number;
}

/** The write that follows a read: the same value, nothing, or none at all. `read` is undefined where the device refused. */
function writeOf(
  mode: 'same' | 'unmapped' | 'both' | undefined,
  { table: name, address }: Address,
  read: Uint8Array | undefined,
  room: boolean,
): Request | undefined {
  if (mode === undefined || (name !== 'coil' && name !== 'holding')) return undefined;
  if (read === undefined ? mode === 'same' || !room : mode === 'unmapped') return undefined;
  const bit = read !== undefined && ((read[2] as number) & 1) === 1;
  const word = read === undefined ? NOTHING : ((read[2] as number) << 8) | (read[3] as number);
  return name === 'coil' ? { function: 5, address, value: bit } : { function: 6, address, value: word };
}

/** Tag of the point at an address. */
const tagAt = ({ points }: DeviceSpec, { table: name, address }: Address): string | undefined =>
  points.find(({ modbus }) => {
    if (modbus?.table !== name) return false;
    return address >= modbus.address && address < modbus.address + (/32/.test(modbus.type) ? 2 : 1);
  })?.tag;
