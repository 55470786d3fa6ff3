/** What the verbs that work on a controller itself share: its program, its mode. */
import { type DeviceSpec, PenstockError, type PlantSpec } from '@penstock/core';
import type { EngineeringSession, WorkOutcome } from '@penstock/simulator/kernel';
import type { ScopeGuard } from '../scope.ts';
import type { PlanLine, StepResult, VerbContext } from './context.ts';
import { shownDevice } from './modbus.ts';

/** The one line of a plan. @throws ScopeError for a role out of scope or without a controller that can be programmed */
export function workPlan(guard: ScopeGuard, from: string, to: string, point: string, value: string | null): PlanLine[] {
  guard.controller(to);
  return [{ from: shownDevice(guard, from), to: shownDevice(guard, to), point, value }];
}

interface Work {
  readonly from: string;
  readonly to: string;
}

/**
 * Opens a session to the controller and hands it to `act`, which ends the step. Ends it at once where the foothold is no engineering station.
 * @throws ScopeError before anything is sent
 */
export function atWork(
  step: Work,
  context: VerbContext,
  end: (result: StepResult) => void,
  act: (session: EngineeringSession, device: DeviceSpec, finish: (result: StepResult) => void) => void,
): void {
  const from = context.guard.device(step.from);
  const { id } = context.guard.controller(step.to);
  const foothold = context.foothold(from.id);
  if (foothold.engineer === undefined) {
    end({ outcome: 'failed', detail: `from '${step.from}' no controller can be programmed` });
    return;
  }
  let session: EngineeringSession;
  try {
    session = foothold.engineer(id, context.cause);
  } catch (error) {
    if (!(error instanceof PenstockError)) throw error;
    end({ outcome: 'failed', detail: error.message });
    return;
  }
  const device = deviceOf(context.plant, id);
  act(session, device, (result) => {
    session.release();
    end(result);
  });
}

const deviceOf = (plant: PlantSpec, id: string): DeviceSpec =>
  plant.devices.find((device) => device.id === id) as DeviceSpec;

/** How a step ended, by what came of its work. */
export const resultOfWork = (outcome: WorkOutcome<unknown>, what: string): StepResult =>
  outcome.outcome === 'done'
    ? { outcome: 'done', detail: what }
    : { outcome: 'failed', detail: `${what}: ${outcome.outcome}${detailOf(outcome.detail, outcome.outcome)}` };

const detailOf = (detail: string, outcome: string): string => (detail === outcome ? '' : ` (${detail})`);
