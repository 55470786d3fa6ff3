/**
 * Whether the monitor's memory stays bounded: 100,000 Modbus connections at a time among 10,000 devices, then the same again with other
 * ports, then a flood of forged addresses; and a capture of two gigabytes, made on the spot, read through the whole monitor.
 *
 *     node monitor/bounds.bench.ts [megabytes of the large capture]
 */
import { mkdtempSync, rmSync, statfsSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LINKTYPE_ETHERNET } from '@penstock/core';
import { readCaptureFile, writeCaptureFile } from './capture/index.ts';
import { Monitor } from './monitor.ts';
import { builtInRules } from './sigma/rules.ts';
import { plantTraffic } from './test/traffic.ts';

const EPOCH = 1_700_000_000_000_000;
const FLOWS = 100_000;
const DEVICES = 10_000;
const FORGED = 200_000;
/** Ethernet, IPv4, TCP. */
const HEADERS = 54;
const megabytes = Number(process.argv[2] ?? 2048);
const inMegabytes = (bytes: number): number => Math.round(bytes / 1048576);

/** Makes frames of one TCP connection each; checksums are left to hardware, as captures on a sender have them. */
class Frames {
  readonly bytes = new Uint8Array(HEADERS + 260);
  readonly #view = new DataView(this.bytes.buffer);

  constructor() {
    const view = this.#view;
    view.setUint16(12, 0x0800);
    view.setUint16(14, 0x4500);
    view.setUint32(20, 0x40004006);
    view.setUint16(48, 8192);
  }

  /** @returns the frame's length */
  tcp(
    from: number,
    fromPort: number,
    to: number,
    toPort: number,
    sequence: number,
    ack: number,
    flags: number,
    data: readonly number[],
  ): number {
    const view = this.#view;
    view.setUint16(0, 0x0200);
    view.setUint32(2, to);
    view.setUint16(6, 0x0200);
    view.setUint32(8, from);
    view.setUint16(16, 40 + data.length);
    view.setUint32(26, from);
    view.setUint32(30, to);
    view.setUint16(34, fromPort);
    view.setUint16(36, toPort);
    view.setUint32(38, sequence);
    view.setUint32(42, ack);
    view.setUint16(46, 0x5000 | flags);
    view.setUint32(50, 0);
    this.bytes.set(data, HEADERS);
    return HEADERS + data.length;
  }
}

manyFlows();
await largeCapture();

function manyFlows(): void {
  const monitor = new Monitor({ rules: builtInRules(), mode: 'learn' });
  const frames = new Frames();
  let time = EPOCH;
  let sent = 0;
  const send = (...frame: Parameters<Frames['tcp']>): void => {
    const length = frames.tcp(...frame);
    time += 10;
    sent++;
    monitor.frame(time, frames.bytes, 0, length, LINKTYPE_ETHERNET);
  };
  const request = [0, 1, 0, 0, 0, 6, 1, 3, 0, 0, 0, 2];
  const answer = [0, 1, 0, 0, 0, 7, 1, 3, 4, 0, 1, 0, 2];
  const server = (i: number): number => 0x0a140000 + (i % (DEVICES / 2));
  const client = (i: number): number => 0x0a1e0000 + ((i * 7) % (DEVICES / 2));
  const before = process.memoryUsage().rss;
  const began = performance.now();
  const memory: number[] = [];
  for (let round = 0; round < 2; round++) {
    for (let i = 0; i < FLOWS; i++) {
      const port = 20_000 + round * 100 + Math.floor(i / (DEVICES / 2));
      const [c, s] = [client(i), server(i)];
      send(c, port, s, 502, 0, 0, 2, []);
      send(s, 502, c, port, 0, 1, 18, []);
      send(c, port, s, 502, 1, 1, 24, request);
      send(s, 502, c, port, 1, 13, 24, answer);
    }
    if (round === 0) monitor.stopLearning();
    memory.push(inMegabytes(process.memoryUsage().rss - before));
  }
  // Forged sources that open one connection each.
  for (let i = 0; i < FORGED; i++) send(0x64000000 + i, 1024 + (i % 60_000), server(i), 502, 0, 0, 2, []);
  memory.push(inMegabytes(process.memoryUsage().rss - before));
  monitor.finish();
  const { droppedBy, devices, alerts, incidents } = monitor.result();
  const seconds = (performance.now() - began) / 1000;
  console.log(
    `${FLOWS} connections among ${devices.length} devices, again, then ${FORGED} forged sources: ${sent} packets in ${seconds.toFixed(1)} s`,
  );
  console.log(
    `more resident after each: ${memory.join(', ')} MB; ${alerts.length} alerts in ${incidents.length} incidents`,
  );
  const dropped = Object.entries(droppedBy).filter(([, count]) => count > 0);
  console.log(`no room or no sense: ${dropped.map(([what, count]) => `${what} ${count}`).join(', ') || 'nothing'}`);
  console.log(`figure: monitor.flowsMegabytes ${Math.max(...memory)} MB`);
}

async function largeCapture(): Promise<void> {
  const room = statfsSync(tmpdir());
  if (room.bavail * room.bsize < (megabytes + 256) * 1048576) {
    console.log(
      `skipped: monitor.largeCaptureMegabytes there is no room for ${megabytes} MB in the folder for temporary files`,
    );
    return;
  }
  const folder = mkdtempSync(join(tmpdir(), 'penstock-bounds-'));
  const path = join(folder, 'large.pcap');
  try {
    const writer = writeCaptureFile(path, LINKTYPE_ETHERNET);
    // A file transfer in bulk beside the polls, or two gigabytes would be twenty million packets.
    const frames = new Frames();
    const bulk = new Uint8Array(1514);
    let sequence = 1;
    let seen = 0;
    const both = {
      frame: (time: number, buffer: Uint8Array, start: number, end: number, linkType: number) => {
        writer.frame(time, buffer, start, end, linkType);
        for (let i = 0; i < 4 && seen > 0; i++) {
          frames.tcp(0x0a1e0001, 40_000, 0x0a1e0002, 445, sequence, 1, 16, []);
          bulk.set(frames.bytes.subarray(0, HEADERS));
          bulk[16] = 1500 >> 8;
          bulk[17] = 1500 & 255;
          sequence = (sequence + 1460) >>> 0;
          writer.frame(time, bulk, 0, bulk.length, linkType);
        }
        seen++;
      },
    };
    plantTraffic(both, Math.ceil((megabytes * 1048576) / (4 * 1530 + 130)));
    writer.close();
    const monitor = new Monitor({ rules: builtInRules(), mode: 'watch' });
    const before = process.memoryUsage().rss;
    let most = 0;
    const began = performance.now();
    const { packets } = await readCaptureFile(path, monitor, {
      onChunk: () => {
        most = Math.max(most, process.memoryUsage().rss - before);
      },
    });
    monitor.finish();
    const seconds = (performance.now() - began) / 1000;
    const size = inMegabytes(statSync(path).size);
    console.log(
      `a capture of ${size} MB, ${packets} packets: ${seconds.toFixed(1)} s, ${Math.round(packets / seconds)} packets/s, at most ${inMegabytes(most)} MB more resident`,
    );
    console.log(`figure: monitor.largeCaptureMegabytes ${inMegabytes(most)} MB`);
    console.log(`figure: monitor.largeCaptureSeconds ${seconds.toFixed(1)} s`);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
