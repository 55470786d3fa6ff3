/**
 * Whether live capture keeps up: a plant's traffic is replayed onto an interface at a steady rate, and `penstock monitor --interface`
 * listens there with all its rules. The interface is the loopback of a network namespace of its own, which ends with this script. Needs root, ip, tcpdump and tcpreplay; without one of them it says so and measures nothing.
 *
 *     node app/live.bench.ts [packets a second] [seconds]
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { LINKTYPE_ETHERNET } from '@penstock/core';
import { writeCaptureFile } from '@penstock/monitor';
import { plantTraffic } from '../monitor/test/traffic.ts';

const rate = Number(process.argv[2] ?? 52_000);
const seconds = Number(process.argv[3] ?? 30);
const FIGURES = ['monitor.livePacketsPerSecond', 'monitor.liveLostPackets'];
const missing = whatIsMissing();
if (missing !== undefined) for (const figure of FIGURES) console.log(`skipped: ${figure} ${missing}`);
else if (process.env.PENSTOCK_NAMESPACE === undefined) inNamespace();
else await measure();

function whatIsMissing(): string | undefined {
  if (process.getuid?.() !== 0) return 'live capture needs root';
  const tools = ['ip', 'unshare', 'tcpdump', 'tcpreplay'].filter((tool) => spawnSync('which', [tool]).status !== 0);
  if (tools.length > 0) return `not installed: ${tools.join(', ')}`;
  return spawnSync('unshare', ['--net', 'ip', 'link', 'set', 'lo', 'up']).status === 0
    ? undefined
    : 'this system makes no network namespaces';
}

/** This script again, with a network of its own. */
function inNamespace(): void {
  const { status } = spawnSync('unshare', ['--net', process.execPath, ...process.execArgv, ...process.argv.slice(1)], {
    stdio: 'inherit',
    env: { ...process.env, PENSTOCK_NAMESPACE: 'own' },
  });
  process.exitCode = status ?? 1;
}

async function measure(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'penstock-live-'));
  try {
    const path = join(folder, 'polls.pcap');
    const writer = writeCaptureFile(path, LINKTYPE_ETHERNET);
    // In one piece: tcpreplay does not keep its pace from one round of a capture to the next.
    plantTraffic(writer, rate * seconds);
    writer.close();
    spawnSync('ip', ['link', 'set', 'lo', 'up']);
    const monitor = spawn(
      process.execPath,
      [
        '--disable-warning=ExperimentalWarning',
        fileURLToPath(new URL('main.ts', import.meta.url)),
        ...['monitor', '--interface', 'lo', '--json'],
      ],
      { stdio: ['ignore', 'pipe', 'pipe'] },
    );
    let [stdout, stderr] = ['', ''];
    monitor.stdout.on('data', (chunk) => (stdout += chunk));
    monitor.stderr.on('data', (chunk) => (stderr += chunk));
    while (!stderr.includes('Ctrl-C ends')) await once(monitor.stderr, 'data');
    await new Promise((resolve) => setTimeout(resolve, 1000));
    const sender = spawn('tcpreplay', [...['--intf1=lo', `--pps=${rate}`, '--preload-pcap', '--stats=0', path]]);
    let said = '';
    for (const stream of [sender.stdout, sender.stderr]) stream.on('data', (chunk) => (said += chunk));
    await once(sender, 'close');
    await new Promise((resolve) => setTimeout(resolve, 2000));
    monitor.kill('SIGINT');
    await once(monitor, 'close');
    tell(said, stdout, stderr);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function tell(said: string, stdout: string, stderr: string): void {
  const sent = Number(/Successful packets:\s+(\d+)/.exec(said)?.[1] ?? Number.NaN);
  const took = Number(/sent in ([\d.]+) seconds/.exec(said)?.[1] ?? Number.NaN);
  const { packets, alerts } = JSON.parse(stdout) as { packets: number; alerts: unknown[] };
  const achieved = Math.round(sent / took);
  const lost = Math.max(0, sent - packets);
  console.log(
    `sent ${sent} packets in ${took.toFixed(1)} s, ${achieved} packets/s; the monitor saw ${packets}, ${alerts.length} alerts`,
  );
  for (const line of stderr.split('\n').filter((text) => text.includes('lost'))) console.log(line);
  console.log(`figure: monitor.livePacketsPerSecond ${achieved} packets/s`);
  console.log(`figure: monitor.liveLostPackets ${lost} packets`);
}
