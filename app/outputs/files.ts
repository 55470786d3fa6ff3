/** Notices as JSON lines in a file, and each alert's packets as a capture. */
import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { UsageError } from '@penstock/core';
import { type Alert, type AlertSink, type EvidencePacket, type Notice, writeCaptureFile } from '@penstock/monitor';
import type { Delivery, DeliveryReport } from './delivery.ts';

/** @throws UsageError `output.file` when it cannot be written */
export function openLines(path: string): Delivery {
  let file: number;
  try {
    file = openSync(path, 'w');
  } catch (error) {
    throw new UsageError('output.file', `cannot write to ${path} (${(error as NodeJS.ErrnoException).code})`);
  }
  let sent = 0;
  let dropped = 0;
  let trouble: string | null = null;
  return {
    tell: (notice: Notice) => {
      try {
        writeSync(file, `${JSON.stringify(notice)}\n`);
        sent++;
      } catch (error) {
        dropped++;
        trouble = (error as Error).message;
      }
    },
    close: (): Promise<DeliveryReport> => {
      closeSync(file);
      return Promise.resolve({ output: `alerts ${path}`, sent, dropped, trouble });
    },
  };
}

/** Captures that one run may leave; an alert more is counted. */
const MOST_CAPTURES = 10_000;

/**
 * Writes each alert's packets into `folder` as a capture of its own, `0001-RULE-ID.pcap`. Packets of another link type than the first
 * one's are left out, as a pcap file has but one.
 * @throws UsageError `output.evidence` when the folder cannot be made
 */
export function openEvidence(folder: string): AlertSink & { close(): DeliveryReport } {
  try {
    mkdirSync(folder, { recursive: true });
  } catch (error) {
    throw new UsageError('output.evidence', `cannot make ${folder} (${(error as NodeJS.ErrnoException).code})`);
  }
  let sent = 0;
  let dropped = 0;
  let trouble: string | null = null;
  return {
    alert: (alert: Alert, packets: readonly EvidencePacket[]) => {
      const [first] = packets;
      if (first === undefined) return;
      if (sent >= MOST_CAPTURES) {
        dropped++;
        trouble = `${MOST_CAPTURES} captures are the most`;
        return;
      }
      try {
        const name = `${String(alert.number).padStart(4, '0')}-${alert.rule}-${alert.id}.pcap`;
        const file = writeCaptureFile(join(folder, name), first.linkType);
        for (const { time, bytes, linkType, wireLength } of packets)
          if (linkType === first.linkType) file.frame(time, bytes, 0, bytes.length, linkType, wireLength);
        file.close();
        sent++;
      } catch (error) {
        dropped++;
        trouble = (error as Error).message;
      }
    },
    close: () => ({ output: `evidence ${folder}`, sent, dropped, trouble }),
  };
}
