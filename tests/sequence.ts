/**
 * The order of test files: those that start processes and browsers or play hours of a plant come first, so that at the end of a run no
 * worker idles while the other still has minutes to go.
 */
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Longest first; what waits for a plant in real time beside what computes. */
const LONG = [
  /^tests\/page\/forged/,
  /^tests\/drinking-water/,
  /^tests\/scenarios/,
  /^tests\/page\//,
  /^tests\//,
  /^ui\/scene\//,
  /^plants\//,
  /^range\//,
];

export default class LongestFirst extends BaseSequencer {
  override sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId, project }: TestSpecification): number => {
      const path = moduleId.slice(project.config.root.length + 1);
      const found = LONG.findIndex((pattern) => pattern.test(path));
      return found === -1 ? LONG.length : found;
    };
    return Promise.resolve(files.toSorted((a, b) => rank(a) - rank(b) || (a.moduleId < b.moduleId ? -1 : 1)));
  }
}
