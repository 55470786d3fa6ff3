/** The servers that every network has: time, names, logs. */
import { PenstockError } from '@penstock/core';
import { DNS_PORT, decodeDns, encodeDns, RCODE_NAME_ERROR, RCODE_NONE, TYPE_A } from '@penstock/protocols/dns';
import { parseIpv4 } from '@penstock/protocols/ethernet';
import { answerNtp, decodeNtp, encodeNtp, MODE_CLIENT, NTP_PORT } from '@penstock/protocols/ntp';
import { SYSLOG_PORT } from '@penstock/protocols/syslog';
import type { DatagramHandler, Datagrams } from '@penstock/simulator/kernel';
import type { DeviceContext, Part } from '../context.ts';

/** Seconds that a plant's names may be remembered. */
const TTL = 900;

/** A UDP service that listens while the device is on. */
class UdpService implements Part {
  readonly #open: () => Datagrams;
  #socket: Datagrams | undefined;

  constructor(open: () => Datagrams) {
    this.#open = open;
  }

  start(): void {
    this.#socket ??= this.#open();
  }

  stop(): void {
    this.#socket?.close();
    this.#socket = undefined;
  }
}

function service(
  context: DeviceContext,
  protocol: 'ntp' | 'dns' | 'syslog',
  standard: number,
  handler: (socket: () => Datagrams) => DatagramHandler,
): Part | undefined {
  const spec = context.spec.services.find((s) => s.protocol === protocol);
  if (spec === undefined) return undefined;
  return new UdpService(() => {
    const socket: Datagrams = context.host.udp(
      spec.port ?? standard,
      handler(() => socket),
    );
    return socket;
  });
}

export const timeServer = (context: DeviceContext): Part | undefined =>
  service(context, 'ntp', NTP_PORT, (socket) => (buffer, start, end, address, port, now) => {
    const request = decodeNtp(buffer, start, end);
    if (request === undefined || request.mode !== MODE_CLIENT) return;
    const time = context.epoch + now;
    socket().send(address, port, encodeNtp(answerNtp(request, parseIpv4(context.spec.address), time, time)));
  });

export function nameServer(context: DeviceContext): Part | undefined {
  const { domain } = context.plant.network;
  const addresses = new Map(context.plant.devices.map((device) => [`${device.id}.${domain}`, device.address]));
  return service(context, 'dns', DNS_PORT, (socket) => (buffer, start, end, address, port) => {
    const query = decodeDns(buffer, start, end);
    const question = query?.questions[0];
    if (query === undefined || query.response || question === undefined) return;
    const found = question.type === TYPE_A ? addresses.get(question.name.toLowerCase()) : undefined;
    const answer = encodeDns({
      ...query,
      response: true,
      authoritative: true,
      recursionAvailable: false,
      rcode: found === undefined ? RCODE_NAME_ERROR : RCODE_NONE,
      answers: found === undefined ? [] : [{ name: question.name, type: TYPE_A, ttlSeconds: TTL, data: found }],
    });
    socket().send(address, port, answer);
  });
}

/** Takes what comes; the monitor reads it off the wire like everybody who listens there. */
export const logServer = (context: DeviceContext): Part | undefined =>
  service(context, 'syslog', SYSLOG_PORT, () => () => {});

/** @throws PenstockError `device.service` for a service that the plant's `network` names on a device which does not offer it. */
export function checkCommonServers(context: Pick<DeviceContext, 'plant' | 'device'>): void {
  for (const protocol of ['ntp', 'dns', 'syslog'] as const) {
    const id = context.plant.network[protocol];
    if (id !== undefined && !context.device(id).services.some((s) => s.protocol === protocol))
      throw new PenstockError(
        'device.service',
        `the plant's network names '${id}' for ${protocol}, but that device has no such service`,
      );
  }
}
