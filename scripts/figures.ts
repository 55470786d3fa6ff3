/**
 * What we promise in numbers, and the script that measures each. A script prints, among whatever it says to people, one line for
 * each figure, alone on its line:
 *
 *     figure: monitor.packetsPerSecond 512000 packets/s
 *
 * A figure that has a floor here and is not printed counts as missed. Where a machine cannot measure one (no root, no room), the script
 * says so in the same way, and the figure is told as skipped:
 *
 *     skipped: monitor.livePacketsPerSecond live capture needs root
 */

export interface Bench {
  /** Script relative to the repository, run on the pinned Node. */
  readonly script: string;
  readonly args?: readonly string[];
}

export interface Floor {
  readonly figure: string;
  readonly unit: string;
  readonly atLeast?: number;
  readonly atMost?: number;
}

export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
}

export const BENCHES: readonly Bench[] = [
  { script: 'core/predicate.bench.ts' },
  { script: 'monitor/intake.bench.ts' },
  { script: 'monitor/bounds.bench.ts' },
  { script: 'app/live.bench.ts' },
  { script: 'protocols/modbus/modbus.bench.ts' },
  { script: 'protocols/s7comm/s7comm.bench.ts' },
  { script: 'protocols/mqtt/mqtt.bench.ts' },
  { script: 'protocols/opcua/opcua.bench.ts' },
  { script: 'protocols/dnp3/dissector.bench.ts' },
  { script: 'protocols/dnp3/outstation.bench.ts' },
  { script: 'simulator/kernel/wire.bench.ts' },
  { script: 'simulator/kernel/gates.bench.ts' },
  { script: 'simulator/kernel/dnp3-gate.bench.ts' },
  { script: 'simulator/kernel/bacnet-gate.bench.ts' },
  { script: 'protocols/bacnet/dissector.bench.ts' },
  { script: 'range/range.bench.ts' },
  { script: 'plants/tennessee-eastman/bench.ts' },
  { script: 'plants/water-network/bench.ts' },
  { script: 'plants/power-grid/bench.ts' },
  { script: 'tests/start.bench.ts' },
  { script: 'tests/page/page.bench.ts' },
];

export const FLOORS: readonly Floor[] = [
  { figure: 'core.predicateMicroseconds', unit: 'µs', atMost: 0.5 },
  { figure: 'monitor.packetsPerSecond', unit: 'packets/s', atLeast: 400_000 },
  { figure: 'monitor.timesTshark', unit: '×', atLeast: 5 },
  { figure: 'monitor.flowsMegabytes', unit: 'MB', atMost: 2048 },
  { figure: 'monitor.largeCaptureMegabytes', unit: 'MB', atMost: 512 },
  { figure: 'monitor.largeCaptureSeconds', unit: 's', atMost: 60 },
  { figure: 'monitor.livePacketsPerSecond', unit: 'packets/s', atLeast: 50_000 },
  { figure: 'monitor.liveLostPackets', unit: 'packets', atMost: 0 },
  { figure: 'modbus.readBlockMicroseconds', unit: 'µs', atMost: 1 },
  { figure: 'modbus.dissectMicroseconds', unit: 'µs', atMost: 0.7 },
  { figure: 'modbus.serverMedianMicroseconds', unit: 'µs', atMost: 150 },
  { figure: 'modbus.serverRequestsPerSecond', unit: 'requests/s', atLeast: 200_000 },
  { figure: 'dnp3.dissectPacketsPerSecond', unit: 'packets/s', atLeast: 150_000 },
  { figure: 'dnp3.readRangePerSecond', unit: 'requests/s', atLeast: 20_000 },
  { figure: 'bacnet.dissectPacketsPerSecond', unit: 'packets/s', atLeast: 100_000 },
  { figure: 'bacnet.readPropertyPerSecond', unit: 'requests/s', atLeast: 50_000 },
  { figure: 'bacnet.gateReadsPerSecond', unit: 'reads/s', atLeast: 5000 },
  { figure: 'dnp3.gateRequestsPerSecond', unit: 'requests/s', atLeast: 20_000 },
  { figure: 's7comm.gateReadsPerSecond', unit: 'reads/s', atLeast: 15_000 },
  { figure: 's7comm.clientTimesNodes7', unit: '×', atLeast: 0.8 },
  { figure: 'mqtt.gateMessagesPerSecond', unit: 'messages/s', atLeast: 30_000 },
  { figure: 'mqtt.dissectMessagesPerSecond', unit: 'messages/s', atLeast: 50_000 },
  { figure: 'kernel.pollMicroseconds', unit: 'µs', atMost: 4 },
  { figure: 'kernel.gateMedianMicroseconds', unit: 'µs', atMost: 150 },
  { figure: 'kernel.gateRequestsPerSecond', unit: 'requests/s', atLeast: 200_000 },
  { figure: 'range.timesRealTime', unit: '×', atLeast: 1500 },
  { figure: 'range.processTimesRealTime', unit: '×', atLeast: 50_000 },
  { figure: 'range.twoProcesses', unit: '×', atLeast: 1.9 },
  { figure: 'tennesseeEastman.timesRealTime', unit: '×', atLeast: 300_000 },
  { figure: 'waterNetwork.timesRealTime', unit: '×', atLeast: 20_000 },
  { figure: 'powerGrid.fineTimesRealTime', unit: '×', atLeast: 500 },
  { figure: 'start.firstSeconds', unit: 's', atMost: 90 },
  { figure: 'start.laterSeconds', unit: 's', atMost: 5 },
  { figure: 'start.endSeconds', unit: 's', atMost: 2 },
  { figure: 'page.serverCorePercent', unit: '%', atMost: 25 },
  { figure: 'page.longestFrameMs', unit: 'ms', atMost: 100 },
];

/** The `figure:` lines of a script's output. */
export function readFigures(output: string): Figure[] {
  return [...output.matchAll(/^figure: (\S+) (-?[\d.]+(?:e[+-]?\d+)?) (\S.*)$/gm)].map(([, name, value, unit]) => ({
    name: name as string,
    value: Number(value),
    unit: (unit as string).trim(),
  }));
}

/** A figure that could not be measured. */
export interface Skip {
  readonly name: string;
  readonly why: string;
}

/** The `skipped:` lines of a script's output. */
export function readSkips(output: string): Skip[] {
  return [...output.matchAll(/^skipped: (\S+) (\S.*)$/gm)].map(([, name, why]) => ({
    name: name as string,
    why: (why as string).trim(),
  }));
}

export interface Verdict {
  readonly figure: string;
  readonly value: number | null;
  readonly unit: string;
  /** `≥ 400000`, empty where nothing is promised. */
  readonly floor: string;
  readonly kept: boolean;
  /** Why it could not be measured on this machine. */
  readonly skipped?: string;
}

/** Figures against floors: every floor has a verdict, every other figure is kept, what could not be measured is no miss. */
export function judge(figures: readonly Figure[], floors: readonly Floor[], skips: readonly Skip[] = []): Verdict[] {
  const promised = floors.map((floor) => {
    const measured = figures.find((figure) => figure.name === floor.figure);
    const value = measured?.value ?? null;
    const kept =
      value !== null &&
      measured?.unit === floor.unit &&
      value >= (floor.atLeast ?? Number.NEGATIVE_INFINITY) &&
      value <= (floor.atMost ?? Number.POSITIVE_INFINITY);
    const bound = floor.atLeast === undefined ? `≤ ${floor.atMost}` : `≥ ${floor.atLeast}`;
    const skip = value === null ? skips.find(({ name }) => name === floor.figure) : undefined;
    const verdict = { figure: floor.figure, value, unit: floor.unit, floor: bound };
    return skip === undefined ? { ...verdict, kept } : { ...verdict, kept: true, skipped: skip.why };
  });
  const others = figures
    .filter((figure) => !floors.some((floor) => floor.figure === figure.name))
    .map(({ name, value, unit }) => ({ figure: name, value, unit, floor: '', kept: true }));
  return [...promised, ...others];
}

/** The verdicts as a Markdown table. */
export function table(verdicts: readonly Verdict[]): string {
  const rows = verdicts.map(
    ({ figure, value, unit, floor, kept, skipped }) =>
      `| ${figure} | ${value === null ? 'not measured' : value.toLocaleString('en', { maximumSignificantDigits: 6 })} | ${unit} | ${floor} | ${floor === '' ? '' : skipped !== undefined ? `skipped: ${skipped}` : kept ? 'kept' : 'MISSED'} |`,
  );
  return ['| figure | measured | unit | promised | |', '|---|---:|---|---|---|', ...rows].join('\n');
}
