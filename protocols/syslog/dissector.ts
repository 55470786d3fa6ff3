/** Syslog as Zeek's syslog.log has it, with the fields of RFC 5424 behind it. */
import type { Dissector, DissectorFactory, ProtocolEvent } from '@penstock/core';
import { decodeSyslog, FACILITIES, SEVERITIES, SYSLOG_PORT } from './codec.ts';

export interface SyslogEvent extends ProtocolEvent {
  readonly name: 'syslog';
  readonly facility: string;
  readonly severity: string;
  readonly message: string;
  readonly host: string;
  readonly application: string;
  readonly message_id: string;
  /** `name=value` of each structured parameter, in the message's order. */
  readonly parameters: readonly string[];
}

class SyslogDissector implements Dissector {
  unparsedBytes = 0;
  violations = 0;
  readonly #emit: (event: ProtocolEvent) => void;

  constructor(emit: (event: ProtocolEvent) => void) {
    this.#emit = emit;
  }

  data(_fromOriginator: boolean, time: number, buffer: Uint8Array, start: number, end: number): void {
    const message = decodeSyslog(buffer, start, end);
    if (message === undefined) {
      this.unparsedBytes += end - start;
      this.violations++;
      return;
    }
    const event: SyslogEvent = {
      name: 'syslog',
      time,
      facility: FACILITIES[message.facility] as string,
      severity: SEVERITIES[message.severity] as string,
      message: message.text,
      host: message.host,
      application: message.application,
      message_id: message.messageId,
      parameters: Object.entries(message.parameters).map(([name, value]) => `${name}=${value}`),
    };
    this.#emit(event);
  }

  gap(): void {}

  end(): void {}
}

export const syslogDissector: DissectorFactory = {
  protocol: 'syslog',
  transport: 'udp',
  ports: [SYSLOG_PORT],
  probe: (buffer, start, end) => (decodeSyslog(buffer, start, Math.min(end, start + 64)) === undefined ? 0 : 0.8),
  create: (emit) => new SyslogDissector(emit),
};
