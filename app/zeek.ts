import type { ProtocolEvent } from '@penstock/core';
import { type Flow, ZeekDirectory, type ZeekFormat, ZeekWriter } from '@penstock/monitor';

/** Zeek logs into a folder while events come. @throws PenstockError `zeek.unwritable` */
export function zeekFolder(
  path: string,
  format: ZeekFormat = 'tsv',
): { event(event: ProtocolEvent, flow: Flow): void; close(): void } {
  const writer = new ZeekWriter(new ZeekDirectory(path), format);
  return { event: (event, flow) => writer.event(event, flow), close: () => writer.close() };
}
