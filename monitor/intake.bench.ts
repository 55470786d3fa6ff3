/**
 * How fast the monitor's intake is, and whether its memory stays flat: a capture of Modbus polls is written to a temporary file
 * and read through the whole pipeline; tshark reads the front of the same file beside it, where it is installed.
 *
 *     node monitor/intake.bench.ts [packets] [packets for tshark]
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LINKTYPE_ETHERNET } from '@penstock/core';
import { readCaptureFile, writeCaptureFile } from './capture/index.ts';
import { MonitorPipeline } from './events/index.ts';
import { DISSECTORS } from './events/registry.ts';
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
  await measure('flows alone', []);
  const ours = await measure('whole intake', DISSECTORS);
  console.log(`figure: monitor.packetsPerSecond ${ours} packets/s`);
  const theirs = tshark();
  if (theirs !== undefined) console.log(`figure: monitor.timesTshark ${(ours / theirs).toFixed(1)} ×`);
} finally {
  rmSync(folder, { recursive: true });
}

async function measure(name: string, dissectors: typeof DISSECTORS): Promise<number> {
  let events = 0;
  let last = 0;
  const pipeline = new MonitorPipeline({ dissectors, onEvent: () => events++ });
  const memory: string[] = [];
  const step = Math.max(1, Math.floor(packets / 10));
  let next = step;
  const cpu = process.cpuUsage();
  const started = performance.now();
  await readCaptureFile(path, {
    frame: (time, buffer, start, end, linkType, wireLength) => {
      last = time;
      pipeline.frame(time, buffer, start, end, linkType, wireLength);
      if (pipeline.packets === next) {
        memory.push(megabytes(process.memoryUsage().rss));
        next += step;
      }
    },
  });
  pipeline.flush(last);
  const elapsed = performance.now() - started;
  const { user, system } = process.cpuUsage(cpu);
  const rate = perSecond(pipeline.packets, elapsed);
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
