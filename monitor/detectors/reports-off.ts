/** An outstation that reported of its own accord is told not to, and nobody tells it to do so again. */
import type { Host } from '../hosts.ts';
import type { Detector, DetectorModule, Happening } from './detector.ts';

/** A master that sets an outstation up disables reports, reads everything and enables them; over a bad radio link that takes its time. */
const SET_UP = 180e6;
const MAX_DEVICES = 4096;

interface Silenced {
  readonly device: Host;
  readonly source: Host;
  readonly since: number;
}

class ReportsStayOff implements Detector {
  readonly #silenced = new Map<string, Silenced>();

  happened({ kind, device, source, time }: Happening): void {
    const key = `${source.address}|${device.address}`;
    if (kind === 'reports-enabled') this.#silenced.delete(key);
    else if (kind === 'reports-disabled' && !this.#silenced.has(key)) {
      if (this.#silenced.size >= MAX_DEVICES) this.#silenced.delete(this.#silenced.keys().next().value as string);
      this.#silenced.set(key, { device, source, since: time });
    }
  }

  check(now: number, _: unknown, report: Parameters<Detector['check']>[2]): void {
    for (const [key, { device, source, since }] of this.#silenced) {
      if (now - since < SET_UP) continue;
      this.#silenced.delete(key);
      report({
        source,
        device,
        message: `${source.full} told ${device.label} to report nothing of its own accord, ${Math.round((now - since) / 1e6)} s ago, and nobody enabled it again`,
        why: 'What happens there is only seen when somebody asks; alarms that it would have reported at once come late or never.',
      });
    }
  }
}

export const reportsStayOff: DetectorModule = {
  name: 'dnp3-reports-stay-off',
  title: 'An outstation is told to report nothing of its own accord, for good',
  description:
    'Unsolicited responses of an outstation that sends some were disabled, and the same host has not enabled them again within three minutes.',
  level: 'medium',
  techniques: ['T0878', 'T1691.002', 'T0815'],
  falsePositives: ['A master that is set up anew to poll only', 'A master that fails while it sets an outstation up'],
  every: 5e6,
  suppress: 3600e6,
  create: () => new ReportsStayOff(),
};
