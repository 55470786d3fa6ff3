import { statSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { shownPath, UsageError } from '@penstock/core';
import {
  builtInRules,
  captureLive,
  formatInventoryCsv,
  formatInventoryJson,
  inventoryRecords,
  loadBaseline,
  loadInventory,
  loadKnowledge,
  loadRules,
  Monitor,
  type MonitorSummary,
  type OwnerKnowledge,
  readCaptureFile,
  withAssets,
  type ZeekFormat,
} from '@penstock/monitor';
import { type Command, Option } from 'commander';
import { note, print, printJson } from '../output.ts';
import { type DeliveryReport, type OutputOptions, openOutputs, withOutputs } from '../outputs/index.ts';
import { cutWindow } from '../outputs/window.ts';
import { progressLine } from '../progress.ts';
import { counted } from '../report.ts';
import { zeekFolder } from '../zeek.ts';
import { tellMonitor } from './monitor-report.ts';

interface MonitorCommandOptions extends OutputOptions {
  readonly interface?: string;
  readonly rules?: string;
  readonly knowledge?: string;
  readonly assets?: string;
  readonly baseline?: string;
  readonly inventory?: string;
  readonly devices?: boolean;
  readonly incidents?: boolean;
  readonly zeek?: string;
  readonly zeekFormat: ZeekFormat;
  readonly window?: readonly string[];
  readonly out?: string;
  readonly json?: boolean;
}

/** `penstock monitor FILE.pcap | --interface IF`: the monitor alone. */
export function addMonitor(program: Command): void {
  const command = program
    .command('monitor')
    .description('the monitor alone, over a capture or a live interface')
    .argument('[file]', 'a capture: pcap or pcapng')
    .option('--interface <name>', 'capture live with tcpdump until Ctrl-C')
    .option('--rules <dir>', 'use these rules instead of the built-in ones')
    .option(
      '--knowledge <file>',
      "what the plant's owner knows: assets, zones, points, limits, work orders (JSON or YAML)",
    )
    .option('--assets <file>', "the owner's list of devices, to compare with (CSV or JSON, as --inventory writes it)")
    .option('--baseline <file>', 'what is normal, as `penstock learn` writes it')
    .option('--inventory <file>', 'write the devices that were seen as CSV or JSON, by the ending of the name')
    .option('--devices', 'print the devices with what they read and write')
    .option('--incidents', 'print the course of each incident')
    .option('--zeek <dir>', 'write Zeek logs (NAME.log) into this folder')
    .addOption(
      new Option('--zeek-format <format>', 'as Zeek writes them, tab-separated or JSON')
        .choices(['tsv', 'json'])
        .default('tsv'),
    );
  withOutputs(command)
    .option(
      '--window <time...>',
      'only copy the packets from one time to another: --window 90 15m, or two days and times',
    )
    .option('--out <file>', 'where --window writes them')
    .option('--json', 'print JSON')
    .action(async (file: string | undefined, options: MonitorCommandOptions) => {
      if ((file === undefined) === (options.interface === undefined))
        throw new UsageError('monitor.source', 'name one source: a capture file, or --interface NAME');
      if (options.window !== undefined || options.out !== undefined) return window(file, options);
      const { summary, outputs } = await judge(file, options);
      if (options.json) printJson(outputs.length > 0 ? { ...summary, outputs } : summary);
      else tellMonitor(summary, options);
    });
}

async function judge(
  file: string | undefined,
  options: MonitorCommandOptions,
): Promise<{ summary: MonitorSummary; outputs: readonly DeliveryReport[] }> {
  const { rules, baseline, inventory } = options;
  const size = file === undefined ? 0 : sizeOf(file);
  const knowledge = knowledgeFrom(options);
  const settings = {
    rules: rules === undefined ? builtInRules() : loadRules(rules),
    knowledge,
    baseline: baseline === undefined ? undefined : loadBaseline(baseline),
  };
  const zeek = options.zeek === undefined ? undefined : zeekFolder(resolve(options.zeek), options.zeekFormat);
  const outputs = openOutputs(options, () => monitor.startEpoch);
  const monitor: Monitor = new Monitor({
    ...settings,
    mode: 'watch',
    sinks: outputs.sinks,
    ...(zeek && { onEvent: zeek.event }),
  });
  const began = performance.now();
  let delivered: readonly DeliveryReport[];
  try {
    if (file === undefined) await live(options.interface as string, monitor);
    else await read(file, size, monitor);
    monitor.finish();
    zeek?.close();
  } finally {
    delivered = await outputs.close();
  }
  const summary = monitor.summary(file ?? (options.interface as string), (performance.now() - began) / 1000);
  if (inventory !== undefined) exportInventory(inventory, summary, knowledge);
  return { summary, outputs: delivered };
}

function knowledgeFrom({ knowledge, assets }: MonitorCommandOptions): OwnerKnowledge | undefined {
  const documents = knowledge === undefined ? undefined : loadKnowledge(knowledge);
  return assets === undefined ? documents : withAssets(documents, loadInventory(assets), shownPath(assets));
}

function exportInventory(path: string, { devices }: MonitorSummary, knowledge: OwnerKnowledge | undefined): void {
  const records = inventoryRecords(devices, knowledge?.assets ?? []);
  writeFileSync(path, /\.csv$/i.test(path) ? formatInventoryCsv(records) : formatInventoryJson(records));
}

async function read(file: string, size: number, monitor: Monitor): Promise<void> {
  const progress = progressLine(file);
  const summary = await readCaptureFile(file, monitor, { onChunk: (bytes) => progress(bytes / size) });
  progress(1);
  monitor.captured(summary);
  const { truncated, damage } = summary;
  if (damage !== undefined)
    note(`${file} is damaged at byte ${damage.offset}: ${damage.reason}; everything before it was read.`);
  else if (truncated) note(`${file} ends in the middle of a packet; everything before it was read.`);
}

/** Asked for before anything is made for it. */
function sizeOf(file: string): number {
  const stats = statSync(file, { throwIfNoEntry: false });
  if (stats === undefined) throw new UsageError('monitor.missing', `there is no capture ${file}`);
  return stats.size;
}

/** How often the system is asked for what it lost, and how far event time stays behind the clock while packets are on their way. */
const ASK_EVERY_MS = 10_000;
const TICK_MS = 1000;
const UNDER_WAY_MS = 2000;

async function live(name: string, monitor: Monitor): Promise<void> {
  let packets = 0;
  const sink = {
    frame: (...frame: Parameters<Monitor['frame']>) => {
      packets++;
      monitor.frame(...frame);
    },
  };
  const lose = (lost: number): void => monitor.captured({ lost, cut: 0, packets });
  const capture = captureLive(name, sink, { onLost: lose });
  note(`Capturing on ${name}; Ctrl-C ends.`);
  // Not once: a signal may come twice, to the whole group and from the process that started this one.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => capture.stop());
  const tickers = [
    setInterval(() => capture.ask(), ASK_EVERY_MS),
    setInterval(() => monitor.advance((Date.now() - UNDER_WAY_MS) * 1000), TICK_MS),
  ];
  try {
    const { lost } = await capture.done;
    lose(lost);
    if (lost > 0) note(`The system lost ${counted(lost, 'packet')} before the monitor saw them.`);
  } finally {
    for (const ticker of tickers) clearInterval(ticker);
  }
}

/** `--window FROM TO --out FILE`: no judgement, only packets. */
async function window(file: string | undefined, options: MonitorCommandOptions): Promise<void> {
  const { window: times = [], out } = options;
  const [from, to] = times;
  if (file === undefined) throw new UsageError('window.source', '--window cuts a capture file, not an interface');
  if (out === undefined || from === undefined || to === undefined || times.length !== 2)
    throw new UsageError(
      'window.incomplete',
      'a window has two times and a file, the capture stands before them: penstock monitor FILE --window FROM TO --out FILE',
    );
  const size = sizeOf(file);
  const progress = progressLine(file);
  const summary = await cutWindow(file, { from, to }, out, (bytes) => progress(bytes / size));
  progress(1);
  if (options.json) printJson(summary);
  else print(`${counted(summary.packets, 'packet')} from ${summary.from} to ${summary.to} in ${out}`);
  if (summary.otherLinkType > 0)
    note(`${counted(summary.otherLinkType, 'packet')} of another link type than the first one's left out.`);
}
