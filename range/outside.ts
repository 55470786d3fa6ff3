/** What came from outside a run, as the truth journal keeps it, and back again for a replay. */
import { PenstockError } from '@penstock/core';
import type { GateRecord } from '@penstock/simulator/kernel';
import type { OutsideRecord } from './journal/truth.ts';

/** Host on the wire that connections from this machine come from. */
export const TRAINEE = 'trainee';

const NOTHING = new Uint8Array(0);

export function encodeOutside(record: GateRecord): OutsideRecord {
  const { time, ...rest } = record;
  const { bytes, ...head } = { bytes: NOTHING, ...rest };
  return { at: time, kind: 'gate', source: JSON.stringify(head), data: bytes.slice() };
}

/** @throws PenstockError `journal.outside` for a kind that this version does not know */
export function decodeOutside(record: OutsideRecord): GateRecord {
  if (record.kind !== 'gate')
    throw new PenstockError(
      'journal.outside',
      `the journal has an outside event of kind '${record.kind}'; this version knows 'gate'`,
    );
  const head = JSON.parse(record.source) as { kind: GateRecord['kind']; connection: number };
  return { time: record.at, ...head, ...(head.kind === 'data' && { bytes: record.data }) } as GateRecord;
}
