/** What a standing conversation reads, whatever its protocol. */
import type { PointSpec, PollSpec } from './plant.ts';
import type { ModbusPoint } from './plant-modbus.ts';
import type { S7Point } from './plant-s7.ts';
import { S7_TYPES } from './s7-types.ts';

/** Registers (or bits) that a Modbus point takes. */
export const registersOfPoint = (point: ModbusPoint): number => (point.type.endsWith('32') ? 2 : 1);

/** What an S7 point takes of its area: bytes, but one element of counters and timers. */
export const lengthInArea = (point: S7Point): number =>
  point.area === 'C' || point.area === 'T' ? 1 : S7_TYPES[point.type].bytes;

/** A data block, or an area without blocks, in words. */
export const s7AreaText = ({
  area,
  db,
}: {
  readonly area: S7Point['area'];
  readonly db?: number | undefined;
}): string => (area === 'DB' ? `DB${db ?? '?'}` : area);

/** Whether one of a poll's blocks holds the whole point. */
export function pollReads(poll: PollSpec, point: PointSpec): boolean {
  if (poll.protocol === 'modbus') {
    const { modbus } = point;
    return (
      modbus !== undefined &&
      poll.reads.some(
        ({ table, address, count }) =>
          table === modbus.table &&
          address <= modbus.address &&
          modbus.address + registersOfPoint(modbus) <= address + count,
      )
    );
  }
  // A master reads every point of the outstation with class 0.
  if (poll.protocol === 'dnp3') return point.dnp3 !== undefined;
  if (poll.protocol === 'bacnet') return point.bacnet !== undefined;
  // What an OPC UA server offers is no point of its device's memory.
  if (poll.protocol === 'opcua') return false;
  const { s7 } = point;
  return (
    s7 !== undefined &&
    poll.reads.some(
      ({ area, db, byte, count }) =>
        area === s7.area && db === s7.db && byte <= s7.byte && s7.byte + lengthInArea(s7) <= byte + count,
    )
  );
}
