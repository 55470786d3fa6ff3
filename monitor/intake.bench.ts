/**
 * How fast the monitor is, and whether its memory stays flat: a capture of Modbus polls is written to a temporary file and read
 * through the intake alone, and through the whole monitor with all its rules, which learns the first twentieth as its baseline;
 * tshark reads the front of the same file beside it, where it is installed.
 *
 *     node monitor/intake.bench.ts [packets] [packets for tshark]
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type FrameSink, LINKTYPE_ETHERNET } from '@penstock/core';
import { readCaptureFile, writeCaptureFile } from './capture/index.ts';
import { MonitorPipeline } from './events/index.ts';
import { DISSECTORS } from './events/registry.ts';
import { Monitor } from './monitor.ts';
import { builtInRules } from './sigma/rules.ts';
import { plantTraffic } from './test/traffic.ts';

const packets = Number(process.argv[2] ?? 2_000_000);
const tsharkPackets = Math.min(packets, Number(process.argv[3] ?? 300_000));
const folder = mkdtempSync(join(tmpdir(), 'penstock-bench-'));
const path = join(folder, 'polls.pcap');
const megabytes = (bytes: number): string => `${Math.round(bytes / 1048576)} MB`;
const perSecond = (count: number, ms: number): number => Math.round((count / ms) * 1000);
const say = (name: string, rate: number, more = ''): void =>
  console.log(`${`${name}:`.padEnd(15)} ${rate.toLocaleString('en')} packets/s${more}`);

try {
  const writer = writeCaptureFile(path, LINKTYPE_ETHERNET);
  plantTraffic(writer, packets);
  writer.close();
  console.log(`${writer.packets.toLocaleString('en')} packets, ${megabytes(statSync(path).size)}`);

  const started = performance.now();
  const read = await readCaptureFile(path, { frame: () => {} });
  say('reading alone', perSecond(read.packets, performance.now() - started));
  await measure('flows alone', intake([]));
  await measure('whole intake', intake(DISSECTORS));
  const ours = await measure('whole monitor', wholeMonitor());
  console.log(`figure: monitor.packetsPerSecond ${ours} packets/s`);
  const theirs = tshark();
  if (theirs !== undefined) console.log(`figure: monitor.timesTshark ${(ours / theirs).toFixed(1)} ×`);
} finally {
  rmSync(folder, { recursive: true });
}

/** What is measured: a sink for frames, and what there is to do when the first twentieth is through and at the end. */
interface Candidate extends FrameSink {
  learned(): void;
  /** Ends it; returns how many events there were. */
  end(time: number): number;
}

function intake(dissectors: typeof DISSECTORS): Candidate {
  let events = 0;
  const pipeline = new MonitorPipeline({ dissectors, onEvent: () => events++ });
  return {
    frame: (time, buffer, start, end, linkType) => pipeline.frame(time, buffer, start, end, linkType),
    learned: () => {},
    end: (time) => {
      pipeline.flush(time);
      return events;
    },
  };
}

function wholeMonitor(): Candidate {
  const monitor = new Monitor({ rules: builtInRules(), mode: 'learn' });
  return {
    frame: (time, buffer, start, end, linkType) => monitor.frame(time, buffer, start, end, linkType),
    learned: () => monitor.stopLearning(),
    end: () => {
      monitor.finish();
      const { events, alerts, rules, baseline } = monitor.result();
      console.log(`                ${rules.count} rules, baseline ${baseline}, ${alerts.length} alerts`);
      return Object.values(events).reduce((sum, count) => sum + count, 0);
    },
  };
}

async function measure(name: string, candidate: Candidate): Promise<number> {
  let last = 0;
  let seen = 0;
  const memory: string[] = [];
  const step = Math.max(1, Math.floor(packets / 20));
  const cpu = process.cpuUsage();
  const started = performance.now();
  await readCaptureFile(path, {
    frame: (time, buffer, start, end, linkType) => {
      last = time;
      candidate.frame(time, buffer, start, end, linkType);
      if (++seen === step) candidate.learned();
      if (seen % (2 * step) === 0) memory.push(megabytes(process.memoryUsage().rss));
    },
  });
  const events = candidate.end(last);
  const elapsed = performance.now() - started;
  const { user, system } = process.cpuUsage(cpu);
  const rate = perSecond(seen, elapsed);
  const cores = ((user + system) / 1e3 / elapsed).toFixed(2);
  say(name, rate, `, ${events.toLocaleString('en')} events, ${cores} cores`);
  console.log(`                resident after each tenth: ${memory.join(', ')}`);
  return rate;
}

function tshark(): number | undefined {
  const fields = ['mbtcp.trans_id', 'modbus.func_code'].flatMap((field) => ['-e', field]);
  const options = ['-n', '-r', path, '-c', String(tsharkPackets), '-T', 'fields', ...fields];
  const started = performance.now();
  const { status } = spawnSync('tshark', options, { stdio: 'ignore' });
  const rate = perSecond(tsharkPackets, performance.now() - started);
  if (status === 0) say('tshark', rate);
  else console.log('tshark:         not installed, or it failed; nothing to compare with');
  return status === 0 ? rate : undefined;
}
