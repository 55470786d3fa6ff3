/** Judges a capture with tshark. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hasJudge } from '../../../tests/judges.ts';
import type { Recorder } from './plant.ts';

export const hasTshark = hasJudge('tshark');

/** A classic pcap file (microseconds, Ethernet) of what a tap saw. */
function pcap(tap: Recorder): Buffer {
  const parts: Buffer[] = [];
  const header = Buffer.alloc(24);
  header.writeUInt32LE(0xa1b2c3d4, 0);
  header.writeUInt16LE(2, 4);
  header.writeUInt16LE(4, 6);
  header.writeUInt32LE(65_535, 16);
  header.writeUInt32LE(1, 20);
  parts.push(header);
  for (const { time, bytes } of tap.frames) {
    const record = Buffer.alloc(16);
    record.writeUInt32LE(Math.floor(time / 1e6), 0);
    record.writeUInt32LE(time % 1e6, 4);
    record.writeUInt32LE(bytes.length, 8);
    record.writeUInt32LE(bytes.length, 12);
    parts.push(record, Buffer.from(bytes));
  }
  return Buffer.concat(parts);
}

/** Rows of `fields` for the frames that `filter` selects, with every checksum verified. */
export function tshark(tap: Recorder, filter: string, ...fields: string[]): string[][] {
  const folder = mkdtempSync(join(tmpdir(), 'penstock-wire-'));
  try {
    const file = join(folder, 'capture.pcap');
    writeFileSync(file, pcap(tap));
    const checks = ['tcp', 'udp', 'ip'].flatMap((protocol) => ['-o', `${protocol}.check_checksum:TRUE`]);
    const shown = ['frame.number', ...fields].flatMap((field) => ['-e', field]);
    const args = ['-n', '-r', file, ...checks, '-Y', filter, '-T', 'fields', ...shown];
    const output = execFileSync('tshark', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    return output
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => line.split('\t'));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Whatever an analyst would stumble over: malformed frames, wrong checksums. */
export const FAULTS = [
  '_ws.malformed',
  ...['ip', 'tcp', 'udp', 'icmp'].map((p) => `${p}.checksum.status == "Bad"`),
].join(' || ');
