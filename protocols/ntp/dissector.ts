/** NTP as Zeek's ntp.log has it: one event a packet. */
import type { Dissector, DissectorFactory, ProtocolEvent } from '@penstock/core';
import { decodeNtp, NTP_LENGTH, NTP_PORT, type NtpPacket } from './codec.ts';

export interface NtpEvent extends ProtocolEvent {
  readonly name: 'ntp';
  readonly version: number;
  readonly mode: number;
  readonly stratum: number;
  readonly poll: number;
  readonly precision: number;
  readonly root_delay: number;
  readonly root_disp: number;
  readonly ref_id: string;
  readonly ref_time: number;
  readonly org_time: number;
  readonly rec_time: number;
  readonly xmt_time: number;
  readonly num_exts: number;
}

class NtpDissector implements Dissector {
  unparsedBytes = 0;
  violations = 0;
  readonly #emit: (event: ProtocolEvent) => void;

  constructor(emit: (event: ProtocolEvent) => void) {
    this.#emit = emit;
  }

  data(_fromOriginator: boolean, time: number, buffer: Uint8Array, start: number, end: number): void {
    const packet = decodeNtp(buffer, start, end);
    if (packet === undefined) {
      this.unparsedBytes += end - start;
      this.violations++;
      return;
    }
    this.#emit(eventOf(packet, time));
  }

  gap(): void {}

  end(): void {}
}

function eventOf(packet: NtpPacket, time: number): NtpEvent {
  return {
    name: 'ntp',
    time,
    version: packet.version,
    mode: packet.mode,
    stratum: packet.stratum,
    poll: packet.poll,
    precision: packet.precision,
    root_delay: packet.rootDelaySeconds,
    root_disp: packet.rootDispersionSeconds,
    ref_id: referenceName(packet),
    ref_time: packet.referenceTime / 1e6,
    org_time: packet.originTime / 1e6,
    rec_time: packet.receiveTime / 1e6,
    xmt_time: packet.transmitTime / 1e6,
    num_exts: 0,
  };
}

function referenceName(packet: NtpPacket): string {
  const bytes = [24, 16, 8, 0].map((shift) => (packet.referenceId >>> shift) & 0xff);
  if (packet.stratum > 1) return bytes.join('.');
  return String.fromCharCode(...bytes.filter((b) => b >= 0x20 && b < 0x7f));
}

export const ntpDissector: DissectorFactory = {
  protocol: 'ntp',
  transport: 'udp',
  ports: [NTP_PORT],
  probe(buffer, start, end) {
    const first = buffer[start] as number;
    const version = (first >> 3) & 7;
    const mode = first & 7;
    return (end - start === NTP_LENGTH || end - start === 68) && version >= 1 && version <= 4 && mode >= 1 && mode <= 5
      ? 0.6
      : 0;
  },
  create: (emit) => new NtpDissector(emit),
};
