/** A server's connection that tells the device whose bytes it is handling, so that a write's cause reaches the journal. */
import { MachineLink } from '@penstock/simulator/kernel';
import type { DeviceContext } from './context.ts';

/** Who is told whose bytes they are. */
type Heedful = Pick<DeviceContext, 'queue' | 'causedBy'>;
type Rest = ConstructorParameters<typeof MachineLink> extends [unknown, ...infer R] ? R : never;

export class CausedLink extends MachineLink {
  readonly #context: Heedful;

  constructor(context: Heedful, ...rest: Rest) {
    super(context.queue, ...rest);
    this.#context = context;
  }

  override data(buffer: Uint8Array, start: number, end: number, now: Parameters<MachineLink['data']>[3]): void {
    this.#context.causedBy(this.connection);
    super.data(buffer, start, end, now);
    this.#context.causedBy(undefined);
  }
}
