/** Packets of a time window, cut out of a capture. */
import { resolve } from 'node:path';
import { PenstockError, parseDuration, UsageError } from '@penstock/core';
import { type CaptureFileWriter, readCaptureFile, writeCaptureFile } from '@penstock/monitor';

export interface WindowSummary {
  readonly source: string;
  readonly out: string;
  /** Day and time in UTC of the window. */
  readonly from: string;
  readonly to: string;
  readonly packets: number;
  /** Packets within the window that another link type kept out. */
  readonly otherLinkType: number;
}

/**
 * One end of a window: seconds since the first packet (`90`, `1.5`), a length (`90s`, `15m`), a clock from the first packet on
 * (`01:02:03`), or a day and time (`2026-03-02T09:00:00Z`).
 * @returns microseconds since 1970, given the time of the first packet
 * @throws UsageError `window.time`
 */
export function parseWindowTime(text: string): (first: number) => number {
  const clock = /^(\d{1,4}):([0-5]\d):([0-5]\d(?:\.\d{1,6})?)$/.exec(text);
  if (clock !== null) {
    const [hours, minutes, seconds] = clock.slice(1).map(Number) as [number, number, number];
    return (first) => first + Math.round((hours * 3600 + minutes * 60 + seconds) * 1e6);
  }
  if (/^\d+(\.\d+)?$/.test(text)) return (first) => first + Math.round(Number(text) * 1e6);
  const date = /^(\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d)?)(?:\.(\d{1,6}))?(Z|[+-]\d\d:\d\d)?$/.exec(text);
  if (date !== null) {
    // A day and time without a zone is UTC, as everything that is printed here.
    const [, whole, fraction = '', zone = 'Z'] = date;
    const time = Date.parse(`${whole}${zone}`) * 1e3 + Number(fraction.padEnd(6, '0'));
    if (!Number.isNaN(time)) return () => time;
  }
  try {
    const length = parseDuration(text);
    return (first) => first + length;
  } catch {
    throw new UsageError(
      'window.time',
      `'${text}' is no time of a window; write seconds from the first packet (90), 15m, 01:02:03 or 2026-03-02T09:00:00Z`,
    );
  }
}

/**
 * Copies the packets from `from` to `to`, both included, as they were captured. Files whose packets are a little out of order are read to
 * their end; memory does not grow with them.
 * @throws UsageError `window.order` when the window ends before it begins; PenstockError as `readCaptureFile` and `writeCaptureFile`
 */
export async function cutWindow(
  source: string,
  window: { readonly from: string; readonly to: string },
  out: string,
  onChunk: (bytesRead: number) => void,
): Promise<WindowSummary> {
  if (resolve(source) === resolve(out))
    throw new UsageError('window.out', `--out names the capture itself; ${source} would be lost`);
  const [readFrom, readTo] = [parseWindowTime(window.from), parseWindowTime(window.to)];
  let bounds: { readonly from: number; readonly to: number } | undefined;
  let writer: CaptureFileWriter | undefined;
  let linkTypeOfFile = 0;
  let otherLinkType = 0;
  const begin = (first: number) => {
    const found = { from: readFrom(first), to: readTo(first) };
    if (found.to < found.from)
      throw new UsageError('window.order', `the window ends (${window.to}) before it begins (${window.from})`);
    return found;
  };
  try {
    await readCaptureFile(
      source,
      {
        frame: (time, buffer, start, end, linkType, wireLength) => {
          bounds ??= begin(time);
          if (time < bounds.from || time > bounds.to) return;
          if (writer === undefined) {
            writer = writeCaptureFile(out, linkType);
            linkTypeOfFile = linkType;
          }
          if (linkType === linkTypeOfFile) writer.frame(time, buffer, start, end, linkType, wireLength);
          else otherLinkType++;
        },
      },
      { onChunk },
    );
  } finally {
    writer?.close();
  }
  if (writer === undefined || bounds === undefined)
    throw new PenstockError('window.empty', `${source} has no packet between ${window.from} and ${window.to}`);
  return { source, out, from: day(bounds.from), to: day(bounds.to), packets: writer.packets, otherLinkType };
}

/** Day and time in UTC to the microsecond, as `parseWindowTime` reads it. */
function day(time: number): string {
  const whole = Math.floor(time / 1e6);
  const fraction = String(Math.floor(time - whole * 1e6)).padStart(6, '0');
  return new Date(whole * 1e3).toISOString().replace('.000Z', `.${fraction}Z`);
}
