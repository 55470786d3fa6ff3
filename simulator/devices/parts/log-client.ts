/** Sends the device's log lines to the plant's syslog host. */
import type { Instant } from '@penstock/core';
import { parseIpv4 } from '@penstock/protocols/ethernet';
import { encodeSyslog, FACILITY_LOCAL0, SYSLOG_PORT } from '@penstock/protocols/syslog';
import type { Datagrams } from '@penstock/simulator/kernel';
import type { DeviceContext, LogEntry } from '../context.ts';

/** Lines that a device sends in one second; a log flood must not become a packet flood. */
const RATE = 20;

export class LogClient {
  readonly #context: Pick<DeviceContext, 'spec' | 'host' | 'clock' | 'plant'>;
  readonly #server: number | undefined;
  #socket: Datagrams | undefined;
  #second = -1;
  #sent = 0;

  constructor(context: Pick<DeviceContext, 'spec' | 'host' | 'clock' | 'plant' | 'device'>) {
    this.#context = context;
    const { syslog } = context.plant.network;
    const { id, infrastructure } = context.spec;
    this.#server =
      syslog === undefined || syslog === id || !infrastructure ? undefined : parseIpv4(context.device(syslog).address);
  }

  send(entry: LogEntry, now: Instant): void {
    if (this.#server === undefined) return;
    const second = Math.floor(now / 1e6);
    if (second !== this.#second) {
      this.#second = second;
      this.#sent = 0;
    }
    if (++this.#sent > RATE) return;
    const { host, spec, clock } = this.#context;
    this.#socket ??= host.udp(0, () => {});
    const message = encodeSyslog({
      facility: FACILITY_LOCAL0,
      severity: entry.severity,
      time: clock.now(),
      host: spec.id,
      application: spec.kind,
      messageId: entry.id,
      parameters: entry.parameters,
      text: entry.text,
    });
    this.#socket.send(this.#server, SYSLOG_PORT, message);
  }
}
