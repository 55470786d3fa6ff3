/** How people read what came of a scenario. */
import type { PlannedStep, Prerequisite, ScenarioSpec } from '@penstock/attacks';
import type { ControlMeasure, ResponseOutcome, ScenarioSummary } from '@penstock/range';
import { print, printTable } from '../output.ts';
import { clock, printAlerts, span } from '../report.ts';

/** What `run` tells beside the summary. */
export type ToldSummary = ScenarioSummary & {
  readonly timing: { readonly wallSeconds: number };
  /** With and without each of the scenario's controls; only where they were asked for. */
  readonly controls?: readonly ControlMeasure[];
};

export function tell(scenario: ScenarioSpec, summary: ToldSummary): void {
  print(summary.variant === 'twin' ? scenario.twin.name : scenario.name);
  for (const { time, phase, step, event, detail } of summary.steps)
    print(`  ${clock(time)}  ${phase.padEnd(6)} ${step.padEnd(14)} ${event.padEnd(8)} ${detail}`);
  print();
  printAlerts(summary.alerts);
  print();
  if (summary.variant === 'attack') tellVerdict(summary);
  for (const [by, outcome] of Object.entries(summary.responses)) tellResponse(by, outcome);
  const hazards = summary.outcome.hazards.map((h) => `${h.hazard} at ${clock(h.time)}`).join(', ');
  print(`hazards reached  ${hazards || 'none, safeguards as they are'}`);
  print(`false alarms     ${summary.variant === 'twin' ? summary.alerts.length : summary.falseAlarms.length}`);
  print(`techniques       ${summary.techniques.join(' ') || '-'}`);
  if (summary.variant === 'attack') tellTruth(summary);
  tellRevert(summary);
  if (summary.controls) tellControls(summary.controls);
  print(
    `simulated        ${span(summary.simulatedSeconds)} and ${summary.packets} packets in ${span(summary.timing.wallSeconds)}`,
  );
}

function tellVerdict(summary: ToldSummary): void {
  const { timeToDetectSeconds: detect, timeToDamageSeconds: damage, inTime, detectedBy, expected } = summary;
  const responses = Object.entries(inTime).flatMap(([name, yes]) => (yes ? [name] : []));
  const off = summary.withoutSourceRules ? ', rules that know sources switched off' : '';
  print(`detected         ${detect === null ? 'no' : `after ${span(detect)}`}${off}`);
  for (const { rule, severity, after, alerts } of detectedBy)
    print(`  ${span(after).padStart(9)}  ${severity.padEnd(13)} ${rule}${alerts > 1 ? ` (${alerts} alerts)` : ''}`);
  for (const { about, within, met, after } of expected)
    print(
      `expected signal  ${met ? 'met' : 'missed'}${after === null ? '' : ` after ${span(after)}`}, within ${span(within)}: ${about}`,
    );
  print(
    `damage           ${damage === null ? 'none, even without safeguards' : `after ${span(damage)} without safeguards`}`,
  );
  print(`in time for      ${responses.join(', ') || 'nothing'}`);
}

/** What the truth shows. */
function tellTruth({ effects, adversary, impacts, view, aborted, sent }: ToldSummary): void {
  if (aborted) print(`aborted          at ${clock(aborted.time)}: ${aborted.reason}`);
  for (const { about, within, met, after } of effects)
    print(
      `effect           ${met ? 'met' : 'not met'}${after === null ? '' : ` after ${span(after)}`}, within ${span(within)}: ${about}`,
    );
  if (adversary)
    print(
      `adversary        ${adversary.outcome}${adversary.after === null ? '' : ` after ${span(adversary.after)}`}: ${adversary.about}`,
    );
  for (const { technique, time, evidence } of impacts)
    print(`impact           ${technique} at ${clock(time)}: ${evidence}`);
  if (view.manipulated.length > 0)
    print(
      `view             displayed and measured parted for ${[...new Set(view.manipulated.map((v) => v.tag))].join(', ')}`,
    );
  print(`sent             ${sent.packets} packets sent or changed, ${sent.writes} of them writes, ${sent.taken} taken`);
}

function tellRevert({ reverted, variant }: ToldSummary): void {
  if (reverted.state === 'nothing' || (variant === 'twin' && reverted.state === 'pending')) return;
  const tags = reverted.tags.map(({ tag, before, proven, reason }) =>
    proven ? `${tag} ${before === null ? '' : Number(before.toPrecision(6))}` : `${tag} NOT: ${reason}`,
  );
  const { firmware = [] } = 'firmware' in reverted ? reverted : {};
  const images = firmware.map(({ device, before, proven, reason }) =>
    proven ? `firmware ${before} of ${device}` : `firmware of ${device} NOT: ${reason}`,
  );
  const all = [...tags, ...images];
  print(`reverted         ${reverted.state}${all.length > 0 ? `: ${all.join(', ')}` : ''}`);
}

function tellResponse(by: string, { alertedAt, actions, hazards }: ResponseOutcome): void {
  print(`response         ${by}: ${alertedAt === null ? 'no alert called anybody' : `alerted at ${clock(alertedAt)}`}`);
  for (const { time, response, event, detail } of actions)
    print(`  ${clock(time)}  ${response.padEnd(20)} ${event.padEnd(8)} ${detail}`);
  for (const { hazard, withResponse, without } of hazards)
    print(
      `  ${hazard}: ${without === null ? 'did not happen' : `lasted ${span(without.seconds)}`} without it, ${withResponse === null ? 'did not happen' : `${span(withResponse.seconds)}`} with it`,
    );
}

function tellControls(controls: readonly ControlMeasure[]): void {
  print();
  print('Controls, each alone, same seed:');
  const time = (seconds: number | null): string => (seconds === null ? '-' : span(seconds));
  printTable([
    ['control', 'steps', 'writes taken', 'adversary', 'detected', 'hazard after', 'hazards', 'impacts'],
    ...controls.map((c) =>
      c.missing.length > 0
        ? [c.control, '', '', '', '', '', '', `not measured: the plant has no option ${c.missing.join(', ')}`]
        : [
            c.control,
            `${c.stepsDone}/${c.steps}`,
            String(c.taken),
            c.adversary ?? '-',
            time(c.timeToDetectSeconds),
            time(c.timeToHazardSeconds),
            c.hazards.join(' ') || '-',
            c.impacts.join(' ') || '-',
          ],
    ),
  ]);
  print();
}

/** What a scenario would do; nothing was sent. */
export function tellPlan(
  scenario: ScenarioSpec,
  prerequisites: readonly Prerequisite[],
  steps: readonly PlannedStep[],
): void {
  print(`${scenario.name}: nothing is sent`);
  for (const { about, met, reason } of prerequisites)
    print(`  ${met ? 'holds' : 'UNMET'}  ${about}${reason && `: ${reason}`}`);
  print();
  const rows = steps.flatMap(({ id, phase, verb, when, techniques, lines }) =>
    lines.map(({ from, to, point, value }, i) => [
      ...(i === 0 ? [phase, id, verb, when, techniques.join(' ')] : ['', '', '', '', '']),
      `${from} -> ${to}`,
      value === null ? point : `${point} := ${value}`,
    ]),
  );
  printTable([['phase', 'step', 'verb', 'when', 'techniques', 'from -> to', 'what'], ...rows]);
}
