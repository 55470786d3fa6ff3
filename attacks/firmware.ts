/**
 * Undoing what an attack did to the firmware of devices, and the proof of it: the revision of before the attack is remembered, written again on
 * site where a scenario does not see to it itself, and what runs now is compared with it.
 */
import type { EngineHost } from './host.ts';
import type { StepSpec } from './scenario.ts';
import type { ScopeGuard } from './scope.ts';
import { flashesOf } from './verbs/index.ts';

/** What became of one device whose firmware the attack may have replaced. */
export interface RevertedFirmware {
  readonly device: string;
  /** Revision before, and the one that it has now. */
  readonly before: string;
  readonly now: string;
  readonly proven: boolean;
  readonly reason: string;
}

interface Remembered {
  readonly role: string;
  readonly device: string;
  /** Role of the host that the image came from. */
  readonly from: string;
  before: string | undefined;
  touched: boolean;
}

export class Firmware {
  readonly #host: EngineHost;
  readonly #devices = new Map<string, Remembered>();
  #taken = false;

  /** @throws ScopeError for a device that is out of scope */
  constructor(host: EngineHost, guard: ScopeGuard, steps: readonly StepSpec[]) {
    this.#host = host;
    for (const step of steps)
      for (const role of flashesOf(step)) {
        const { id: device } = guard.device(role);
        if (!this.#devices.has(device))
          this.#devices.set(device, { role, device, from: step.from, before: undefined, touched: false });
      }
  }

  /** Keeps every revision as it is now, the first time it is asked. */
  take(): void {
    if (this.#taken) return;
    this.#taken = true;
    for (const one of this.#devices.values()) one.before = this.#host.firmware?.(one.device)?.revision;
  }

  /** A step is about to give a device an image. */
  flashed(device: string): void {
    const one = this.#devices.get(device);
    if (one !== undefined) one.touched = true;
  }

  /** Writes the image of before at the device itself; why not, or undefined when it is done. */
  reflash(device: string): string | undefined {
    const before = this.#devices.get(device)?.before;
    if (this.#host.reflash === undefined || before === undefined) return 'nobody can be sent to it from here';
    return this.#host.reflash(device, before);
  }

  /** Steps that put back what is not as it was. */
  restoring(): StepSpec[] {
    return this.prove()
      .filter(({ proven }) => !proven)
      .flatMap(({ device }) => {
        const { role, from } = this.#devices.get(device) as Remembered;
        const about = 'The image of before, at the device itself';
        return { id: `reflash-${role}`, about, techniques: [], verb: 'reflash-on-site', from, to: role } as const;
      });
  }

  /** What runs now of what may have been replaced; nothing where that cannot be known. */
  prove(): RevertedFirmware[] {
    return [...this.#devices.values()].flatMap(({ device, before, touched }) => {
      const now = this.#host.firmware?.(device);
      if (!touched || before === undefined || now === undefined) return [];
      const reasons: string[] = [];
      if (now.state === 'dead') reasons.push('it does not start');
      if (now.state === 'altered') reasons.push("what it runs is not the vendor's");
      if (now.revision !== before) reasons.push(`it runs ${now.revision} and had ${before}`);
      return { device, before, now: now.revision, proven: reasons.length === 0, reason: reasons.join('; ') };
    });
  }
}
