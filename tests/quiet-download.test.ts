/** The scenario quiet-download: its first hour in every run; the whole of it, its twin and its controls where everything is proven. */
import { loadScenario } from '@penstock/attacks';
import { type Duration, hours, type Instant, minutes, seconds } from '@penstock/core';
import { builtInRules } from '@penstock/monitor';
import {
  type ControlMeasure,
  type Learned,
  loadLearned,
  openPlant,
  type Plant,
  Play,
  pages,
  type ScenarioRequest,
  type ScenarioSummary,
  scenarioPlay,
} from '@penstock/range';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { penstock, scratchFolder } from './penstock.ts';

const LONG = 600_000;
const scenario = loadScenario('quiet-download');
const CHANGED = 'FLOW_LEAST      : REAL := 300.0;';
const ANNOUNCED = 'SETTLE    : TIME := T#150s;';
const TRIED = 'RIPEN     : TIME := T#20m;';

let plant: Plant;
let learned: Learned | undefined;
beforeAll(async () => {
  plant = await openPlant(scenario.plant);
  learned = loadLearned(plant);
});

/** Plays until the change has been made, or refused; of the controls nobody watches. */
function played(request: Partial<ScenarioRequest> & { readonly watched?: boolean } = {}, length = minutes(45)) {
  const { watched = true, ...rest } = request;
  const { monitor, ...play } = scenarioPlay(plant, { scenario, seed: 3, rules: builtInRules(), ...rest }, learned);
  const one = new Play({ ...play, ...(watched && monitor && { monitor }) });
  one.runUntil(length as number as Instant);
  const controller = one.range.devices.get('filters-plc')?.controller;
  const archived = one.range.archive.program('filters-plc', (play.startAt + length) as Duration);
  return { program: controller?.source ?? '', archived, result: one.finish() };
}

describe('the first hour of quiet-download', () => {
  it('is seen by the hash of what was loaded, though a work order covers it, and by nothing else', () => {
    const { result, program } = played();
    expect([program.includes(CHANGED), program.includes(ANNOUNCED)]).toEqual([true, true]);
    const [first, ...others] = (result.monitor?.alerts ?? []).filter(pages);
    expect([first?.rule, first?.device, others]).toEqual(['s7-program-unknown', 'filters-plc', []]);
    expect(first?.message).toContain('WO-settle-edit-0');
    const done = result.steps.find(({ step, event }) => step === 'change' && event === 'done');
    expect((first?.time ?? 0) - Number(done?.at) / 1e6).toBeLessThan(1);
  });

  it('has a twin that loads what its own order announced, and pages nobody', () => {
    const { result, program } = played({ variant: 'twin' });
    expect([program.includes(TRIED), program.includes(ANNOUNCED)]).toEqual([true, true]);
    expect((result.monitor?.alerts ?? []).filter(pages)).toEqual([]);
  });

  it.each<[string, boolean, boolean]>([
    // A key at RUN keeps the engineers out too; whoever knows the password is let in.
    ['key-at-run', false, false],
    ['password', false, true],
    ['conduit-closed', false, false],
  ])('with the control %s loads its program: %s, and the engineers theirs: %s', (control, theirs, engineers) => {
    const { program, archived } = played({ control, watched: false });
    expect([program.includes(CHANGED), program.includes(ANNOUNCED)]).toEqual([theirs, engineers]);
    expect(archived).toContain(ANNOUNCED);
  });

  it('is undone by a control room that loads what the archive has', () => {
    const { program, archived, result } = played({ respond: 'control-room' }, minutes(50));
    expect(program).toBe(archived);
    expect(result.responses.map(({ response, event }) => `${response} ${event}`)).toEqual(
      expect.arrayContaining(['filters-program-back alerted', 'filters-program-back done']),
    );
  });
});

describe('the turbidity switch at the filtrate main', () => {
  it('stops the intake after five minutes above its limit, whatever the controllers order, and stays', () => {
    const ran = (filtrateCutOff: boolean) => {
      const play = new Play({
        ...{ plant, run: 'test', seed: 3, startAt: hours(13), learned, options: { filtrateCutOff } },
      });
      const truth = (tag: string) => play.range.truth[plant.spec.tags.findIndex(({ id }) => id === tag)] as number;
      play.range.disturb('rawTurbidityNtu', 150, seconds(0));
      let above = 0;
      for (let second = 0; second < 3 * 3600 && above < 420; second += 10) {
        play.runUntil(seconds(second) as number as Instant);
        above = truth('AIT240') > 1 ? above + 10 : 0;
      }
      const told = { ordered: truth('P101') + truth('P102'), turns: truth('XS101') + truth('XS102'), above };
      play.finish();
      return told;
    };
    expect(ran(false)).toMatchObject({ turns: 1, above: 420 });
    expect(ran(true)).toMatchObject({ turns: 0, above: 420 });
  });
});

describe.runIf(process.env.PENSTOCK_PROVE === '1')('quiet-download from begin to end', () => {
  const scratch = scratchFolder();
  afterAll(() => scratch.remove());

  async function run(...args: string[]): Promise<{ code: number | null; summary: ScenarioSummary }> {
    const { code, stdout, stderr } = await penstock(['run', 'quiet-download', '--virtual', ...args, '--json'], {
      cwd: scratch.path,
      limit: LONG,
    });
    if (stdout === '') throw new Error(`run ${args.join(' ')} printed nothing: ${stderr}`);
    return { code, summary: JSON.parse(stdout) as ScenarioSummary };
  }

  it.each(['3', '5', '7'])(
    'is noticed at once and harms hours later, seed %s, also by rules alone that know nobody',
    async (seed) => {
      const { code, summary } = await run('--seed', seed, '--without-source-rules', '--out', `attack-${seed}`);
      expect(code).toBe(0);
      expect(summary.expected.map(({ about, met }) => [about, met])).toEqual(
        summary.expected.map(({ about }) => [about, true]),
      );
      expect(summary.effects.map(({ about, met }) => [about, met])).toEqual(
        summary.effects.map(({ about }) => [about, true]),
      );
      expect(summary.timeToDetectSeconds).toBeLessThan(180);
      expect(summary.timeToDamageSeconds).toBeGreaterThan(3 * 3600);
      expect(summary.inTime).toEqual({ automatic: true, controlRoom: true, field: true });
      expect(summary.adversary?.outcome).toBe('success');
      expect(summary.falseAlarms).toEqual([]);
      expect(summary.reverted).toMatchObject({ state: 'proven', programs: [{ device: 'filters-plc', proven: true }] });
    },
    LONG,
  );

  it.each(['3', '5'])(
    'has a twin that pages nobody and harms nobody in the same storm, seed %s',
    async (seed) => {
      const { code, summary } = await run('--seed', seed, '--twin', '--out', `twin-${seed}`);
      expect([code, summary.alerts.filter(pages), summary.outcome.hazards]).toEqual([0, [], []]);
      expect(summary.reverted.state).toBe('proven');
    },
    LONG,
  );

  it(
    'is stopped by key, password and conduit, kept from harm by a switch of its own, and by nothing that trusts the workstation',
    async () => {
      const { summary } = await run('--seed', '3', '--controls', '--out', 'controls');
      const { controls } = summary as unknown as { controls: ControlMeasure[] };
      expect(
        controls.map(({ control, stepsDone, adversary, hazards }) => [
          control,
          stepsDone,
          adversary,
          hazards.includes('filtrate-turbidity'),
        ]),
      ).toEqual([
        ['none', 2, 'success', true],
        ['key-at-run', 1, 'failed', false],
        ['password', 0, 'failed', false],
        ['conduit-closed', 0, 'failed', false],
        ['cut-off', 2, 'partial', false],
        ['allow-list', 2, 'success', true],
        ['no-safety-device', 2, 'success', true],
      ]);
    },
    LONG,
  );
});
