/** Verbs `cpu-stop` and `cpu-start`: stop and start a controller over the network, as its programming software does. */
import { z } from 'zod';
import { common, roleName } from '../words.ts';
import { defineVerb } from './context.ts';
import { atWork, resultOfWork, workPlan } from './engineering.ts';

const modeVerb = <V extends 'cpu-stop' | 'cpu-start'>(verb: V) => {
  const mode = verb === 'cpu-stop' ? 'stop' : 'run';
  return defineVerb({
    schema: z.strictObject({ ...common, verb: z.literal(verb), from: roleName, to: roleName }),
    targets: (step) => [step.to],
    tags: () => [],
    overwrites: () => [],
    reprograms: (step) => [step.to],
    plan: (step, { guard }) => workPlan(guard, step.from, step.to, 'mode', mode.toUpperCase()),

    run(step, context, end) {
      atWork(step, context, end, (session, device, finish) => {
        context.reprogrammed(device.id);
        session.setMode(mode, (outcome) => finish(resultOfWork(outcome, `mode ${mode.toUpperCase()}`)));
      });
    },
  });
};

export const cpuStop = modeVerb('cpu-stop');
export const cpuStart = modeVerb('cpu-start');
