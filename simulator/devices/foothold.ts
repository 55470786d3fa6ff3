/** What somebody who sits at a device of the plant can make it send; normal operation and attacks act through the same. */
import { type Instant, seconds } from '@penstock/core';
import { ModbusTransaction } from '@penstock/protocols/modbus';
import type { Cause, Foothold, ModbusSession, Reply } from '@penstock/simulator/kernel';
import type { Device } from './device.ts';
import { ModbusPeer } from './modbus-peer.ts';
import { ModbusPoller } from './parts/modbus-poller.ts';

export class DeviceFoothold implements Foothold {
  readonly device: string;
  readonly #device: Device;

  constructor(device: Device) {
    this.device = device.spec.id;
    this.#device = device;
  }

  modbus(target: string): ModbusSession {
    const standing = this.#device.part(ModbusPoller)?.peer(target);
    if (standing !== undefined) return new PeerSession(this.#device, standing, false);
    const { queue, host } = this.#device;
    return new PeerSession(this.#device, new ModbusPeer(queue, host, this.#device.device(target)), true);
  }
}

class PeerSession implements ModbusSession {
  readonly #device: Device;
  readonly #peer: ModbusPeer;
  readonly #own: boolean;

  constructor(device: Device, peer: ModbusPeer, own: boolean) {
    this.#device = device;
    this.#peer = peer;
    this.#own = own;
  }

  request(unit: number, pdu: Uint8Array, cause: Cause, done: (reply: Reply, now: Instant) => void): void {
    const { queue } = this.#device;
    const transaction = new ModbusTransaction(unit, pdu, (ended, now) => done(replyOf(ended), now));
    if (!this.#peer.submit(transaction, queue.now, cause))
      queue.in(seconds(0), { run: (now) => done({ outcome: 'closed' }, now) });
  }

  release(): void {
    if (this.#own) this.#peer.close();
  }
}

function replyOf(transaction: ModbusTransaction): Reply {
  switch (transaction.state) {
    case 'done':
    case 'exception':
      return { outcome: 'answered', pdu: transaction.response.slice(0, transaction.responseLength) };
    case 'timeout':
      return { outcome: 'timeout' };
    default:
      return { outcome: 'closed' };
  }
}
