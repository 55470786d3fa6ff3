/** What the monitor makes of a plant that speaks S7: tags, writers, identities, and a download that hides in announced work. */
import { fileURLToPath } from 'node:url';
import { type ScenarioSpec, scenarioSchema } from '@penstock/attacks';
import { parseYamlText, seconds } from '@penstock/core';
import { type Baseline, builtInRules } from '@penstock/monitor';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Plant, Play, type PlayRequest, readPlant } from '../index.ts';

const at = (s: number) => seconds(s) as never;

let plant: Plant;
let learned: NonNullable<PlayRequest['learned']>;
beforeAll(async () => {
  plant = await readPlant(fileURLToPath(new URL('./filter-plant', import.meta.url)));
  const play = start({ monitor: { rules: builtInRules(), mode: 'learn' } });
  play.runUntil(at(1800));
  play.finish();
  const baseline = play.monitor?.baseline as Baseline;
  learned = { baseline, warm: [] };
}, 120_000);

function start(change: Partial<PlayRequest> = {}): Play {
  return new Play({ plant, run: 'test', seed: 7, startAt: 0 as never, ...change });
}

const watching = (change: Partial<PlayRequest> = {}): Play =>
  start({ monitor: { rules: builtInRules(), mode: 'watch' }, learned, ...change });

const EDIT = "program: { edits: [{ find: 'LIC101_SP + 0.1', replace: 'LIC101_SP + 3.1' }] }";
const HONEST = "program: { edits: [{ find: 'LIC101_SP + 0.1', replace: 'LIC101_SP + 0.2' }] }";
const scenario = (steps: string): ScenarioSpec =>
  parseYamlText(
    `
id: quiet-download
name: Quiet download
plant: filter-plant
story: Somebody at the engineering station changes what the controller does.
basis: { incident: none, documented: [], invented: [everything], sources: [none] }
start: 60s
observe: 10m
revertAfter: 4m
steps:
${steps}
twin:
  name: A wider band
  about: The band of the level's control is made wider, as announced.
  workOrder: true
  steps:
    - { id: look, about: x, verb: program-upload, from: engineering, to: filter-plc, techniques: [T0845] }
    - { id: change, about: x, verb: program-download, from: engineering, to: filter-plc, techniques: [T0843], after: { step: look, wait: 10s }, ${HONEST} }
`,
    'quiet-download.yaml',
    scenarioSchema,
  );

const DOWNLOAD = `  - { id: change, about: fills too far, verb: program-download, from: engineering, to: filter-plc, techniques: [T0843], tags: [LIT101], ${EDIT} }`;
const raised = (play: Play): string[] => [...new Set(play.monitor?.alerts.map(({ rule }) => rule))].sort();

describe('the monitor of a plant that speaks S7', () => {
  it('rebuilds tags, polls and writers, and is silent on what it learned', () => {
    const play = watching();
    play.runUntil(at(900));
    const result = play.finish().monitor as NonNullable<ReturnType<Play['finish']>['monitor']>;
    expect(result.alerts.map((alert) => `${alert.rule}: ${alert.message}`)).toEqual([]);
    const tags = Object.fromEntries((play.monitor?.tags() ?? []).map(({ tag, value }) => [tag, value]));
    expect(tags).toMatchObject({ LIC101_SP: 2.5, LIC101_MODE: 1 });
    expect(tags.LIT101).toBeCloseTo(play.range.truth[0] as number, 1);
    expect(learned.baseline.toJSON().polls.filter(({ table }) => table === 'DB10')).toHaveLength(1);
  });

  it('sees a download that no order covers, by its hash too', () => {
    const play = watching({ scenario: { spec: scenario(DOWNLOAD), variant: 'attack' } });
    play.runUntil(at(660));
    play.finish();
    expect(raised(play)).toEqual(expect.arrayContaining(['s7-program-download', 's7-program-unknown']));
    expect(play.attack?.report.revert.state).toBe('proven');
  });

  it('takes announced work for what it is, since the order says which program it brings', () => {
    const play = watching({ scenario: { spec: scenario(DOWNLOAD), variant: 'twin' } });
    play.runUntil(at(660));
    play.finish();
    expect(play.monitor?.alerts.filter(({ severity }) => severity === 'high' || severity === 'critical')).toEqual([]);
  });
});
