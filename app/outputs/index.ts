/** The ways out of the monitor that a command was given: syslog, web hook, JSON lines, evidence. */
import { type AlertSink, NoticeSink } from '@penstock/monitor';
import type { Command } from 'commander';
import { note } from '../output.ts';
import type { Delivery, DeliveryReport } from './delivery.ts';
import { openEvidence, openLines } from './files.ts';
import { openSyslog } from './syslog.ts';
import { openWebhook } from './webhook.ts';

export type { DeliveryReport } from './delivery.ts';

export interface OutputOptions {
  readonly syslog?: string;
  readonly webhook?: string;
  readonly alerts?: string;
  readonly evidence?: string;
}

export interface Outputs {
  readonly sinks: readonly AlertSink[];
  /** Delivers what waits; says on stderr what was lost. */
  close(): Promise<readonly DeliveryReport[]>;
}

/** The options of commands whose monitor tells others. Nothing leaves this machine unless one of them says where to. */
export const withOutputs = (command: Command): Command =>
  command
    .option('--alerts <file>', 'write alerts and incidents as JSON lines')
    .option('--evidence <dir>', "write each alert's packets as a capture into this folder")
    .option('--syslog <target>', 'send alerts to udp://HOST:PORT or tcp://HOST:PORT (RFC 5424)')
    .option('--webhook <url>', 'send alerts to this URL as JSON');

/**
 * @param startEpoch microseconds since 1970 from which the run counts
 * @throws UsageError for a target that is none, or a file that cannot be written
 */
export function openOutputs(options: OutputOptions, startEpoch: () => number): Outputs {
  const { syslog, webhook, alerts, evidence } = options;
  const deliveries: Delivery[] = [];
  if (syslog !== undefined) deliveries.push(openSyslog(syslog, startEpoch));
  if (webhook !== undefined) deliveries.push(openWebhook(webhook));
  if (alerts !== undefined) deliveries.push(openLines(alerts));
  const captures = evidence === undefined ? undefined : openEvidence(evidence);
  const notices = new NoticeSink((notice) => {
    for (const delivery of deliveries) delivery.tell(notice);
  });
  return {
    sinks: [...(deliveries.length > 0 ? [notices] : []), ...(captures ? [captures] : [])],
    close: async () => {
      const reports = await Promise.all(deliveries.map((delivery) => delivery.close()));
      if (captures) reports.push(captures.close());
      for (const { output, dropped, trouble } of reports)
        if (dropped > 0) note(`${output}: ${dropped} not delivered${trouble === null ? '' : ` (${trouble})`}`);
      return reports;
    },
  };
}
