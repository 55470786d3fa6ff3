import { resolve } from 'node:path';
import { UsageError } from '@penstock/core';
import {
  builtInRules,
  captureLive,
  loadBaseline,
  loadKnowledge,
  loadRules,
  Monitor,
  type MonitorOptions,
  type MonitorSummary,
  readCaptureFile,
} from '@penstock/monitor';
import type { Command } from 'commander';
import { note, print, printJson } from '../output.ts';
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
      const zeek = options.zeek === undefined ? undefined : zeekFolder(resolve(options.zeek));
      const settings: MonitorOptions = {
        rules: options.rules === undefined ? builtInRules() : loadRules(options.rules),
        knowledge: options.knowledge === undefined ? undefined : loadKnowledge(options.knowledge),
        baseline: options.baseline === undefined ? undefined : loadBaseline(options.baseline),
        mode: 'watch',
        ...(zeek && { onEvent: zeek.event }),
      };
      const monitor = new Monitor(settings);
      const began = performance.now();
      const truncated =
        file === undefined ? await live(options.interface as string, monitor) : await read(file, monitor);
      monitor.finish();
      zeek?.close();
      const summary = monitor.summary(file ?? (options.interface as string), (performance.now() - began) / 1000);
      if (truncated) note(`${file} ends in the middle of a packet; everything before it was read.`);
      if (options.json) printJson(summary);
      else tell(summary);
    });
}

async function read(file: string, monitor: Monitor): Promise<boolean> {
  const summary = await readCaptureFile(file, monitor);
  return summary.truncated;
}

async function live(name: string, monitor: Monitor): Promise<boolean> {
  const capture = captureLive(name, monitor);
  note(`Capturing on ${name}; Ctrl-C ends.`);
  process.once('SIGINT', () => capture.stop());
  process.once('SIGTERM', () => capture.stop());
  await capture.done;
  return false;
}

function tell(summary: MonitorSummary): void {
  print(
    `${summary.packets} packets, ${summary.bytes} bytes, ${summary.dropped} that could not be judged, ${summary.packetsPerSecond} packets/s`,
  );
  print(
    `events   ${
      Object.entries(summary.events)
        .map(([name, count]) => `${name} ${count}`)
        .join(', ') || 'none'
    }`,
  );
  print(`devices  ${summary.devices.length}`);
  for (const alert of summary.alerts)
    print(
      `${alert.time.toFixed(3).padStart(12)} s  ${alert.severity.padEnd(13)} ${alert.rule}: ${alert.message}${alert.count > 1 ? ` (${alert.count} times)` : ''}`,
    );
  print(`${summary.alerts.length} alerts in ${summary.incidents.length} incidents`);
  if (summary.rules.idle.length > 0)
    note(`Silent without a learned baseline (--baseline FILE): ${summary.rules.idle.join(', ')}`);
}
