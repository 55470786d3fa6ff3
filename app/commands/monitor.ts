import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { UsageError } from '@penstock/core';
import {
  builtInRules,
  captureLive,
  loadBaseline,
  loadKnowledge,
  loadRules,
  Monitor,
  type MonitorSummary,
  readCaptureFile,
} from '@penstock/monitor';
import type { Command } from 'commander';
import { note, print, printJson } from '../output.ts';
import { progressLine } from '../progress.ts';
import { counted, printAlerts } from '../report.ts';
import { zeekFolder } from '../zeek.ts';

interface MonitorCommandOptions {
  readonly interface?: string;
  readonly rules?: string;
  readonly knowledge?: string;
  readonly baseline?: string;
  readonly zeek?: string;
  readonly json?: boolean;
}

/** `penstock monitor FILE.pcap | --interface IF`: the monitor alone. */
export function addMonitor(program: Command): void {
  program
    .command('monitor')
    .description('the monitor alone, over a capture or a live interface')
    .argument('[file]', 'a capture: pcap or pcapng')
    .option('--interface <name>', 'capture live with tcpdump until Ctrl-C')
    .option('--rules <dir>', 'use these rules instead of the built-in ones')
    .option(
      '--knowledge <file>',
      "what the plant's owner knows: assets, zones, points, limits, work orders (JSON or YAML)",
    )
    .option('--baseline <file>', 'what is normal, as `penstock learn` writes it')
    .option('--zeek <dir>', 'write Zeek logs (NAME.log) into this folder')
    .option('--json', 'print JSON')
    .action(async (file: string | undefined, options: MonitorCommandOptions) => {
      if ((file === undefined) === (options.interface === undefined))
        throw new UsageError('monitor.source', 'name one source: a capture file, or --interface NAME');
      const summary = await judge(file, options);
      if (options.json) printJson(summary);
      else tell(summary);
    });
}

async function judge(file: string | undefined, options: MonitorCommandOptions): Promise<MonitorSummary> {
  const { rules, knowledge, baseline } = options;
  const size = file === undefined ? 0 : sizeOf(file);
  const settings = {
    rules: rules === undefined ? builtInRules() : loadRules(rules),
    knowledge: knowledge === undefined ? undefined : loadKnowledge(knowledge),
    baseline: baseline === undefined ? undefined : loadBaseline(baseline),
  };
  const zeek = options.zeek === undefined ? undefined : zeekFolder(resolve(options.zeek));
  const monitor = new Monitor({ ...settings, mode: 'watch', ...(zeek && { onEvent: zeek.event }) });
  const began = performance.now();
  if (file === undefined) await live(options.interface as string, monitor);
  else await read(file, size, monitor);
  monitor.finish();
  zeek?.close();
  return monitor.summary(file ?? (options.interface as string), (performance.now() - began) / 1000);
}

async function read(file: string, size: number, monitor: Monitor): Promise<void> {
  const progress = progressLine(file);
  const { truncated, damage } = await readCaptureFile(file, monitor, { onChunk: (bytes) => progress(bytes / size) });
  progress(1);
  if (damage !== undefined) note(`${file} is damaged: ${damage}; everything before it was read.`);
  else if (truncated) note(`${file} ends in the middle of a packet; everything before it was read.`);
}

/** Asked for before anything is made for it. */
function sizeOf(file: string): number {
  const stats = statSync(file, { throwIfNoEntry: false });
  if (stats === undefined) throw new UsageError('monitor.missing', `there is no capture ${file}`);
  return stats.size;
}

async function live(name: string, monitor: Monitor): Promise<void> {
  const capture = captureLive(name, monitor);
  note(`Capturing on ${name}; Ctrl-C ends.`);
  // Not once: a signal may come twice, to the whole group and from the process that started this one.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => capture.stop());
  const { lost } = await capture.done;
  if (lost > 0) note(`The system lost ${counted(lost, 'packet')} before the monitor saw them.`);
}

function tell(summary: MonitorSummary): void {
  const { packets, bytes, dropped, packetsPerSecond, events, devices, alerts, incidents, rules } = summary;
  print(`${packets} packets, ${bytes} bytes, ${dropped} that could not be judged, ${packetsPerSecond} packets/s`);
  const names = Object.entries(events).map(([name, count]) => `${name} ${count}`);
  print(`events   ${names.join(', ') || 'none'}`);
  print(`devices  ${devices.length}`);
  printAlerts(alerts);
  print(`${counted(alerts.length, 'alert')} in ${counted(incidents.length, 'incident')}`);
  if (rules.idle.length > 0) note(`Silent without a learned baseline (--baseline FILE): ${rules.idle.join(', ')}`);
}
