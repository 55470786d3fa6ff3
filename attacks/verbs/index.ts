/** The closed list of verbs. What is not here, a scenario cannot do. */
import type { StepSpec } from '../scenario.ts';
import type { StepResult, VerbContext } from './context.ts';
import { readTags } from './read-tags.ts';
import { writeTag } from './write-tag.ts';

export function runStep(step: StepSpec, context: VerbContext, end: (result: StepResult) => void): void {
  switch (step.verb) {
    case 'write-tag':
      writeTag(step, context, end);
      break;
    case 'read-tags':
      readTags(step, context, end);
      break;
  }
}
