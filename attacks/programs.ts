/**
 * Undoing what an attack did to controllers themselves, and the proof of it: program and mode of before the attack are remembered, put back
 * where a scenario does not do so itself, and the program is read back over the wire and compared.
 */
import { createHash } from 'node:crypto';
import type { Cause, Foothold } from '@penstock/simulator/kernel';
import type { EngineHost } from './host.ts';
import { inTurn } from './revert.ts';
import type { StepSpec } from './scenario.ts';
import type { ScopeGuard } from './scope.ts';
import { reprogramsOf } from './verbs/index.ts';

/** SHA-256 of a program's text, hexadecimal, as controllers tell it. */
export const hashOfProgram = (text: string): string => createHash('sha256').update(text).digest('hex');

/** A program with pieces of its text replaced, each of which must stand in it exactly once; or why that cannot be done. */
export function editProgram(
  before: string,
  edits: readonly { readonly find: string; readonly replace: string }[],
): { readonly text: string } | { readonly problem: string } {
  let text = before;
  for (const { find, replace } of edits) {
    const parts = text.split(find);
    if (parts.length !== 2) return { problem: `'${find}' stands ${parts.length - 1} times in the program, not once` };
    text = parts.join(replace);
  }
  return { text };
}

/** What became of one controller that the attack may have reprogrammed, stopped or started. */
export interface RevertedProgram {
  readonly device: string;
  /** Hash of the program before; null where it is not known. */
  readonly before: string | null;
  /** Hash of what the controller gives when it is asked for its program now; null when it did not. */
  readonly readBack: string | null;
  /** Hash and mode on truth; null where that is not known. */
  readonly controller: string | null;
  readonly mode: string | null;
  readonly proven: boolean;
  readonly reason: string;
}

interface Remembered {
  readonly role: string;
  readonly device: string;
  /** Role of the host that reprograms it, from which it is also read back. */
  readonly from: string;
  before: { readonly source: string; readonly mode: string | undefined } | undefined;
  touched: boolean;
}

export class Programs {
  readonly #host: EngineHost;
  readonly #controllers = new Map<string, Remembered>();
  #taken = false;

  /** @throws ScopeError for a controller that is out of scope */
  constructor(host: EngineHost, guard: ScopeGuard, steps: readonly StepSpec[]) {
    this.#host = host;
    for (const step of steps)
      for (const role of reprogramsOf(step)) {
        const { id: device } = guard.controller(role);
        if (!this.#controllers.has(device))
          this.#controllers.set(device, { role, device, from: step.from, before: undefined, touched: false });
      }
  }

  /** Keeps every program as it is now, the first time it is asked: over the management channel, or else over the wire. */
  take(foothold: (role: string) => Foothold, cause: Cause, done: () => void): void {
    if (this.#taken) {
      done();
      return;
    }
    this.#taken = true;
    const controllers = [...this.#controllers.values()];
    const { program } = this.#host;
    if (program !== undefined) {
      for (const one of controllers) one.before = program.call(this.#host, one.device);
      done();
      return;
    }
    inTurn(controllers, done, (one, next) =>
      readBack(foothold(one.from), one.device, cause, (source) => {
        one.before = source === undefined ? undefined : { source, mode: undefined };
        next();
      }),
    );
  }

  before(device: string): string | undefined {
    return this.#controllers.get(device)?.before?.source;
  }

  /** A step is about to change the controller. */
  reprogrammed(device: string): void {
    const controller = this.#controllers.get(device);
    if (controller !== undefined) controller.touched = true;
  }

  /** Steps that put back what is not as it was. Without a management channel every controller that was touched gets its program again. */
  restoring(): StepSpec[] {
    return this.#touched().flatMap(({ role, device, from, before }): StepSpec[] => {
      if (before === undefined) return [];
      const now = this.#host.program?.(device);
      const common = { techniques: [], from, to: role };
      const steps: StepSpec[] = [];
      if (now === undefined || now.source !== before.source)
        steps.push({
          ...common,
          id: `restore-program-${role}`,
          about: 'The program as it was before',
          verb: 'program-download',
          program: 'before',
          tags: [],
        });
      if (before.mode === 'running' && now !== undefined && now.mode !== 'running')
        steps.push({ ...common, id: `restart-${role}`, about: 'The controller runs again', verb: 'cpu-start' });
      return steps;
    });
  }

  /** Whether there is anything to prove. */
  get touched(): boolean {
    return this.#touched().length > 0;
  }

  /** Reads every program that may have been changed and says whether it is as it was. */
  prove(foothold: (role: string) => Foothold, cause: Cause, done: (programs: RevertedProgram[]) => void): void {
    const proofs: RevertedProgram[] = [];
    inTurn(
      this.#touched(),
      () => done(proofs),
      (one, next) =>
        readBack(foothold(one.from), one.device, cause, (source, why) => {
          proofs.push(this.#judge(one, source, why));
          next();
        }),
    );
  }

  #touched(): Remembered[] {
    return [...this.#controllers.values()].filter(({ touched }) => touched);
  }

  #judge({ device, before }: Remembered, source: string | undefined, why: string): RevertedProgram {
    const now = this.#host.program?.(device);
    const hash = (text: string | undefined): string | null => (text === undefined ? null : hashOfProgram(text));
    const [was, answered, holds] = [hash(before?.source), hash(source), hash(now?.source)];
    const reasons: string[] = [];
    if (was === null) reasons.push('the program of before is not known');
    else {
      if (answered === null) reasons.push(`not read back: ${why}`);
      else if (answered !== was)
        reasons.push(`the controller gives ${answered.slice(0, 16)} and had ${was.slice(0, 16)}`);
      if (holds !== null && holds !== was)
        reasons.push(`the controller runs ${holds.slice(0, 16)} and had ${was.slice(0, 16)}`);
      if (before?.mode !== undefined && now !== undefined && now.mode !== before.mode)
        reasons.push(`the controller is ${now.mode} and was ${before.mode}`);
    }
    return {
      ...{ device, before: was, readBack: answered, controller: holds, mode: now?.mode ?? null },
      ...{ proven: reasons.length === 0, reason: reasons.join('; ') },
    };
  }
}

function readBack(
  foothold: Foothold,
  device: string,
  cause: Cause,
  done: (source: string | undefined, why: string) => void,
): void {
  if (foothold.engineer === undefined) {
    done(undefined, 'nobody there can read programs');
    return;
  }
  const session = foothold.engineer(device, cause);
  session.readProgram((outcome) => {
    session.release();
    if (outcome.outcome === 'done') done(outcome.value, '');
    else done(undefined, outcome.detail);
  });
}
