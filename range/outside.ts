/** What came from outside a run, as the truth journal keeps it, and back again for a replay. */
import { loadScenario, type StepRecord } from '@penstock/attacks';
import { type Duration, type Instant, PenstockError } from '@penstock/core';
import type { GateRecord } from '@penstock/simulator/kernel';
import type { OutsideRecord } from './journal/truth.ts';
import type { Order } from './orders.ts';
import type { Play } from './play.ts';

/** Host on the wire that connections from this machine come from. */
export const TRAINEE = 'trainee';

/**
 * What is told over the management channel. By an adversary in another process, `step`: what it does; `disturb`: what the plant goes
 * through meanwhile, as its scenario asks; `over`: its last revert has ended. By people at the page, `order`: an order to the plant;
 * `launch`, `approve`, `stop`: the instructor's scenario.
 */
export type ToldRecord =
  | { readonly time: Instant; readonly kind: 'step'; readonly step: Omit<StepRecord, 'at'> }
  | {
      readonly time: Instant;
      readonly kind: 'disturb';
      readonly name: string;
      readonly value: number;
      readonly over: Duration;
    }
  | { readonly time: Instant; readonly kind: 'over' }
  | { readonly time: Instant; readonly kind: 'order'; readonly order: Order }
  | {
      readonly time: Instant;
      readonly kind: 'launch';
      readonly scenario: string;
      readonly variant: 'attack' | 'twin';
      readonly inputs: Readonly<Record<string, number>>;
      readonly approveEachStep: boolean;
      readonly now: boolean;
    }
  | { readonly time: Instant; readonly kind: 'approve'; readonly step: string }
  | { readonly time: Instant; readonly kind: 'stop'; readonly by: string };

const NOTHING = new Uint8Array(0);
const TOLD = ['step', 'disturb', 'over', 'order', 'launch', 'approve', 'stop'] as const;

export function encodeOutside(record: GateRecord | ToldRecord): OutsideRecord {
  const { time, ...rest } = record;
  if (isTold(record)) return { at: time, kind: record.kind, source: JSON.stringify(rest), data: NOTHING };
  const { bytes, ...head } = { bytes: NOTHING, ...(rest as { bytes?: Uint8Array }) };
  return { at: time, kind: 'gate', source: JSON.stringify(head), data: bytes.slice() };
}

/** @throws PenstockError `journal.outside` for a kind that this version does not know */
export function decodeOutside(record: OutsideRecord): GateRecord | ToldRecord {
  if (record.kind !== 'gate' && !(TOLD as readonly string[]).includes(record.kind))
    throw new PenstockError(
      'journal.outside',
      `the journal has an outside event of kind '${record.kind}'; this version knows gate, ${TOLD.join(', ')}`,
    );
  const head = JSON.parse(record.source) as { kind: string };
  return { time: record.at, ...head, ...(head.kind === 'data' && { bytes: record.data }) } as GateRecord | ToldRecord;
}

export const isTold = (record: GateRecord | ToldRecord): record is ToldRecord =>
  (TOLD as readonly string[]).includes(record.kind);

/** Does in the run what was told, live and in a replay alike; must run as the outside event of its time. */
export function performTold(play: Play, record: ToldRecord): void {
  switch (record.kind) {
    case 'step':
      play.report({ at: record.time, ...record.step });
      break;
    case 'disturb':
      play.range.disturb(record.name, record.value, record.over);
      break;
    case 'over':
      play.attackOver(record.time);
      break;
    case 'order':
      play.orders.take(record.order);
      break;
    case 'launch':
      play.launch({ ...record, spec: loadScenario(record.scenario) });
      break;
    case 'approve':
      play.attack?.approve(record.step);
      break;
    case 'stop':
      play.attack?.stop(`stopped by ${record.by}`);
      break;
  }
}
