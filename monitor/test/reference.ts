/** Reference captures and the logs that other tools made of them; they lie beside the project and are no part of it. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { DissectorFactory, ProtocolEvent } from '@penstock/core';
import { sharedPath } from '../../tests/judges.ts';
import { CaptureDecoder } from '../capture/index.ts';
import { MonitorPipeline, type PipelineSummary } from '../events/index.ts';
import type { Flow } from '../flows/index.ts';
import { ZeekWriter } from '../zeek/index.ts';

export const hasCaptures = sharedPath('captures') !== undefined;
export const CAPTURES = sharedPath('captures') ?? '';

/** Every capture below the reference folder, in the order of their paths. */
export function allCaptures(directory = CAPTURES): string[] {
  if (!existsSync(directory)) return [];
  return readdirSync(directory)
    .sort()
    .map((name) => join(directory, name))
    .flatMap((path) => {
      if (statSync(path).isDirectory()) return allCaptures(path);
      return /\.(pcap|pcapng|cap)$/.test(path) ? [path] : [];
    });
}

export interface Run {
  readonly events: { readonly event: ProtocolEvent; readonly flow: Flow }[];
  /** Zeek logs by name, as text. */
  readonly logs: ReadonlyMap<string, string>;
  readonly summary: PipelineSummary;
  readonly pipeline: MonitorPipeline;
}

/** Runs a whole capture, given as the bytes of its file, through the pipeline. */
export function run(bytes: Uint8Array, dissectors: readonly DissectorFactory[]): Run {
  const events: { event: ProtocolEvent; flow: Flow }[] = [];
  const logs = new Map<string, string>();
  const zeek = new ZeekWriter({ append: (path, lines) => logs.set(path, (logs.get(path) ?? '') + lines) });
  const pipeline = new MonitorPipeline({
    dissectors,
    onEvent: (event, flow) => {
      events.push({ event, flow });
      zeek.event(event, flow);
    },
  });
  let last = 0;
  const decoder = new CaptureDecoder(
    {
      frame: (time, buffer, start, end, linkType, wireLength) => {
        last = time;
        pipeline.frame(time, buffer, start, end, linkType, wireLength);
      },
    },
    'capture',
  );
  const used = decoder.consume(bytes, 0, bytes.length);
  decoder.finish(bytes.length - used);
  pipeline.flush(last);
  zeek.close();
  return { events, logs, summary: pipeline.summary(), pipeline };
}

export const runFile = (path: string, dissectors: readonly DissectorFactory[]): Run =>
  run(readFileSync(path), dissectors);

/** A Zeek log as rows of named columns. `fields` names them where the log does not. */
export function readLog(text: string, fields?: readonly string[]): Record<string, string>[] {
  let names = fields;
  const rows: Record<string, string>[] = [];
  for (const line of text.split('\n')) {
    if (line.startsWith('#fields')) names = line.split('\t').slice(1);
    if (line === '' || line.startsWith('#')) continue;
    const values = line.split('\t');
    rows.push(Object.fromEntries((names ?? []).map((name, i) => [name, values[i] ?? ''])));
  }
  return rows;
}

/** Only these columns of each row, so that two logs can be compared in what both have. */
export const only = (rows: readonly Record<string, string>[], columns: readonly string[]): Record<string, string>[] =>
  rows.map((row) => Object.fromEntries(columns.map((column) => [column, row[column] ?? ''])));

/** Numbers ids by their first appearance, so that logs with different ids can be compared. */
export function renumber(rows: readonly Record<string, string>[], column: string): Record<string, string>[] {
  const seen = new Map<string, string>();
  return rows.map((row) => {
    const id = row[column] ?? '-';
    if (id !== '-' && !seen.has(id)) seen.set(id, `#${seen.size + 1}`);
    return { ...row, [column]: seen.get(id) ?? '-' };
  });
}
