/**
 * A program that changes leaves two traces: packets that carry it, and a line in the device's log. Where one of them is missing somebody
 * went past the sensor, or keeps the device from telling.
 */
import type { Host } from '../hosts.ts';
import type { Detector, DetectorFinding, DetectorModule, Happening } from './detector.ts';

/** Packets and log line of one change lie within this time. */
const TOGETHER = 120e6;
/** After the last packet the device has so long to say it. */
const GRACE = 30e6;
const MAX_DEVICES = 1024;

type Report = Parameters<Detector['check']>[2];

/** What is known of the newest change of one device's program. */
interface Trace {
  readonly device: Host;
  source: Host;
  /** First and newest packet of a transfer that goes on, and the newest log line; microseconds since 1970. */
  began: number;
  written: number;
  logged: number;
  /** The transfer, or the line, was judged already. */
  judged: boolean;
  /** A line without packets that is to be told. */
  pending: boolean;
}

abstract class ProgramTraces implements Detector {
  protected readonly traces = new Map<string, Trace>();

  happened({ kind, device, source, time, logs }: Happening): void {
    if (kind !== 'program-written' && kind !== 'program-logged') return;
    const trace = this.#trace(device, source);
    if (kind === 'program-written') {
      if (time - trace.written > TOGETHER) {
        trace.began = time;
        trace.judged = false;
      }
      trace.written = time;
      trace.source = source;
      if (!logs) trace.judged = true;
    } else {
      trace.logged = time;
      trace.pending = time - trace.written > TOGETHER;
      if (trace.pending) trace.source = source;
    }
  }

  check(now: number, _: unknown, report: Report): void {
    for (const trace of this.traces.values()) {
      const finding = this.judge(trace, now);
      if (finding !== undefined) report(finding);
    }
  }

  protected abstract judge(trace: Trace, now: number): DetectorFinding | undefined;

  #trace(device: Host, source: Host): Trace {
    let trace = this.traces.get(device.address);
    if (trace === undefined) {
      const never = Number.NEGATIVE_INFINITY;
      trace = { device, source, began: never, written: never, logged: never, judged: true, pending: false };
      if (this.traces.size >= MAX_DEVICES) this.traces.delete(this.traces.keys().next().value as string);
      this.traces.set(device.address, trace);
    }
    return trace;
  }
}

class Unseen extends ProgramTraces {
  protected judge(trace: Trace): DetectorFinding | undefined {
    if (!trace.pending) return undefined;
    trace.pending = false;
    const { device, source } = trace;
    const by = source === device ? 'at the device' : `by ${source.full}`;
    return {
      source,
      device,
      message: `${device.label} says that its program changed, ${by}, but no packet carried one`,
      why: 'The program came on a way that the sensor does not see: a cable at the device, a memory card, another network.',
    };
  }
}

class Unlogged extends ProgramTraces {
  protected judge(trace: Trace, now: number): DetectorFinding | undefined {
    if (trace.judged || now - trace.written < GRACE) return undefined;
    trace.judged = true;
    if (trace.logged >= trace.began) return undefined;
    const { device, source } = trace;
    return {
      source,
      device,
      message: `${source.full} wrote a program into ${device.label}, which says nothing of it in its log though it keeps one`,
      why: 'Either only a part was written, or the device is kept from telling, as somebody would who wants to stay unseen.',
    };
  }
}

const common = {
  level: 'medium',
  every: 5e6,
  suppress: 900e6,
} as const satisfies Partial<DetectorModule>;

export const programChangedUnseen: DetectorModule = {
  ...common,
  name: 'program-changed-unseen',
  title: 'A program changed, and no packet carried it',
  description:
    'A device logs a changed program, but in the two minutes before nobody wrote file records to it, and no work order covers it.',
  techniques: ['T0843', 'T0889'],
  falsePositives: ['Work at the device without a work order', 'A protocol for programs that the monitor does not know'],
  create: () => new Unseen(),
};

export const programChangeUnlogged: DetectorModule = {
  ...common,
  name: 'program-change-unlogged',
  title: 'A program was written, and the device did not log it',
  description:
    'File records were written to a device that keeps a log (it wrote lines before, or did while learning), and half a minute after the last one it has not said that its program changed.',
  techniques: ['T0872', 'T0843'],
  falsePositives: ['A transfer that was broken off, or of recipes instead of a program', 'Log lines that were lost'],
  create: () => new Unlogged(),
};
