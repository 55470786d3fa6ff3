/** Undoing that outstations were told to report nothing of their own accord, and the proof of it: their answer to being told otherwise. */
import type { StepSpec } from './scenario.ts';
import type { ScopeGuard } from './scope.ts';
import type { Silences } from './verbs/context.ts';
import { silencesOf } from './verbs/index.ts';

/** What became of one outstation that was silenced. */
export interface RevertedReports {
  readonly device: string;
  /** It has taken it that it is to report again. */
  readonly proven: boolean;
  readonly reason: string;
}

interface Silenced extends Silences {
  readonly device: string;
  state: 'untouched' | 'silenced' | 'enabled';
}

export class Reports {
  readonly #outstations = new Map<string, Silenced>();

  /** @throws ScopeError for an outstation that is out of scope */
  constructor(guard: ScopeGuard, steps: readonly StepSpec[]) {
    for (const step of steps)
      for (const silences of silencesOf(step)) {
        const device = guard.device(silences.role).id;
        const known = this.#outstations.get(device);
        const classes = [...new Set([...(known?.classes ?? []), ...silences.classes])].sort((a, b) => a - b);
        this.#outstations.set(device, { ...silences, classes, device, state: 'untouched' });
      }
  }

  /** A step is about to silence an outstation, or it has taken that it is to report. */
  told(device: string, state: 'silenced' | 'enabled'): void {
    const outstation = this.#outstations.get(device);
    if (outstation !== undefined) outstation.state = state;
  }

  /** Steps that let those report again that are silent. */
  restoring(): StepSpec[] {
    return this.#all('silenced').map(
      ({ role, from, as, classes }): StepSpec => ({
        ...{ id: `enable-reports-${role}`, about: 'It reports of its own accord as before', techniques: [] },
        ...{ verb: 'enable-unsolicited', from, to: role, classes: [...classes] },
        ...(as !== undefined && { as }),
      }),
    );
  }

  prove(): RevertedReports[] {
    return [...this.#all('silenced'), ...this.#all('enabled')].map(({ device, state }) => ({
      device,
      proven: state === 'enabled',
      reason: state === 'enabled' ? '' : 'it has not taken it that it is to report again',
    }));
  }

  #all(state: Silenced['state']): Silenced[] {
    return [...this.#outstations.values()].filter((outstation) => outstation.state === state);
  }
}
