/**
 * The range's end of the management channel for adversaries in other processes: who is in the run, where its gates are, and what they
 * say that they do. What they say enters the run as outside events, so that a replay knows it too.
 */
import { randomBytes } from 'node:crypto';
import type { StepRecord } from '@penstock/attacks';
import {
  type AdversaryReport,
  type AdversaryRunMessage,
  inSeconds,
  PenstockError,
  type PlantSpec,
  seconds,
} from '@penstock/core';
import type { Play, ToldRecord } from '@penstock/range';
import type { Cause, GateAddress, OutsideEntry } from '@penstock/simulator/kernel';
import { enter } from './entry.ts';

/** Reports of one run; an adversary that talks without end is cut off before the journal overflows. */
const MOST_REPORTS = 50_000;
/** Connections that are announced and have not come. */
const MOST_AWAITED = 256;

export class Adversaries {
  readonly #instance = randomBytes(12).toString('base64url');
  readonly #awaited = new Map<string, Cause>();
  #reports = 0;
  #play: Play | undefined;
  #clock: OutsideEntry | undefined;
  #gates: readonly GateAddress[] = [];
  #rate = 1;
  #zone: string | undefined;

  /** Called once the run is built and its gates are open. */
  serve(play: Play, clock: OutsideEntry, gates: readonly GateAddress[], rate: number, zone: string): void {
    this.#play = play;
    this.#clock = clock;
    this.#gates = gates;
    this.#rate = rate;
    this.#zone = gates.length > 0 ? zone : undefined;
  }

  /** For `GateOptions.causeOf`: an announced connection is known once. */
  causeOf(gate: string, remotePort: number): Cause | undefined {
    const key = `${gate} ${remotePort}`;
    const cause = this.#awaited.get(key);
    this.#awaited.delete(key);
    return cause;
  }

  describe(): AdversaryRunMessage {
    const play = this.#play as Play;
    const { range } = play;
    return {
      instance: this.#instance,
      run: range.run,
      plant: { id: range.spec.id, hash: range.plant.hash },
      rate: this.#rate,
      time: inSeconds(range.queue.now),
      zone: this.#zone ?? null,
      firstPacket: play.firstPacket ?? null,
      devices: range.registry.devices.map(({ run, id, role, kind, zone, address }) => {
        return { run, id, role, kind, zone, address };
      }),
      gates: this.#gates.map(({ device, service, host, port }) => ({ run: range.run, device, service, host, port })),
    };
  }

  /**
   * Brings what an adversary tells into the run; resolves once it has taken effect.
   * @throws PenstockError `adversary.run` for another run's adversary, `adversary.scope` for a role, tag, gate or disturbance that the
   * run does not have, `adversary.limit` beyond what one run may be told
   */
  async take(report: AdversaryReport): Promise<void> {
    const refused = (id: string, message: string): never => {
      throw new PenstockError(`adversary.${id}`, message);
    };
    if (report.instance !== this.#instance)
      refused('run', 'this range is another run than the one that was joined; join it anew');
    if (++this.#reports > MOST_REPORTS) refused('limit', `more than ${MOST_REPORTS} reports of one run`);
    const { range } = this.#play as Play;
    if (report.do === 'connect') {
      const gate = this.#gates.find(({ device, service }) => device === report.device && service === report.service);
      if (gate === undefined) return refused('scope', `this run has no gate '${report.device}' (${report.service})`);
      if (this.#awaited.size >= MOST_AWAITED) this.#awaited.delete(this.#awaited.keys().next().value as string);
      const actor = `${report.twin ? 'twin' : 'scenario'}:${report.scenario}`;
      this.#awaited.set(`${gate.gate} ${report.port}`, { actor, step: report.step });
      return;
    }
    if (report.do === 'step') checkStep(report.step, range.spec, refused);
    if (report.do === 'disturb' && !(report.name in range.plant.process.disturbances))
      refused('scope', `the plant's process has no disturbance '${report.name}'`);
    await this.#enter(report);
  }

  #enter(report: Exclude<AdversaryReport, { do: 'connect' }>): Promise<void> {
    const record = (time: ToldRecord['time']): ToldRecord => {
      if (report.do === 'step') return { time, kind: 'step', step: report.step as Omit<StepRecord, 'at'> };
      if (report.do === 'over') return { time, kind: 'over' };
      return { time, kind: 'disturb', name: report.name, value: report.value, over: seconds(report.over) };
    };
    return enter(this.#play as Play, this.#clock as OutsideEntry, record);
  }
}

/** Labels name what is in the run and nothing else. */
function checkStep(
  { target, tags }: Extract<AdversaryReport, { do: 'step' }>['step'],
  plant: PlantSpec,
  refused: (id: string, message: string) => never,
): void {
  for (const role of target.split(' ').filter((word) => word !== ''))
    if (!plant.devices.some((device) => device.role === role)) refused('scope', `this run has no role '${role}'`);
  for (const tag of tags)
    if (!plant.tags.some(({ id }) => id === tag)) refused('scope', `this run's plant has no tag '${tag}'`);
}
