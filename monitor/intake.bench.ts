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
const print = (line: string): boolean => process.stdout.write(`${line}\n`);
const rate = (count: number, ms: number): string => `${Math.round((count / ms) * 1000).toLocaleString('en')} packets/s`;

try {
  const writer = writeCaptureFile(path, LINKTYPE_ETHERNET);
  plantTraffic(writer, packets);
  writer.close();
  print(`${writer.packets.toLocaleString('en')} packets, ${megabytes(statSync(path).size)}`);

  const started = performance.now();
  const read = await readCaptureFile(path, { frame: () => {} });
  print(`reading alone:  ${rate(read.packets, performance.now() - started)}`);
  await measure('flows alone', []);
  if (DISSECTORS.length > 0) await measure('whole intake', DISSECTORS);
  tshark();
} finally {
  rmSync(folder, { recursive: true });
}

async function measure(name: string, dissectors: typeof DISSECTORS): Promise<void> {
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
  print(`${`${name}:`.padEnd(15)} ${rate(pipeline.packets, elapsed)}, ${events.toLocaleString('en')} events`);
  print(
    `                CPU ${((user + system) / 1e3 / elapsed).toFixed(2)} cores; resident every tenth: ${memory.join(', ')}`,
  );
}

function tshark(): void {
  const options = [
    '-n',
    '-r',
    path,
    '-c',
    String(tsharkPackets),
    '-T',
    'fields',
    '-e',
    'mbtcp.trans_id',
    '-e',
    'modbus.func_code',
  ];
  const started = performance.now();
  const { status, error } = spawnSync('tshark', options, { stdio: ['ignore', 'ignore', 'ignore'] });
  if (error !== undefined || status !== 0)
    print('tshark:         not installed, or it failed; nothing to compare with');
  else print(`tshark:         ${rate(tsharkPackets, performance.now() - started)}`);
}
