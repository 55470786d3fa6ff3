/** A device's Modbus connection to one other device. */
import { type DeviceSpec, type Duration, type ModbusServiceSpec, PenstockError, seconds } from '@penstock/core';
import { ModbusClient, type ModbusTransaction } from '@penstock/protocols/modbus';
import type { EventQueue, NetworkHost } from '@penstock/simulator/kernel';
import { ClientPeer, DEPTH } from './client-peer.ts';

export class ModbusPeer extends ClientPeer<ModbusTransaction, ModbusClient> {
  readonly unit: number;

  /** @throws PenstockError `device.no-modbus` when the target has no Modbus server */
  constructor(queue: EventQueue, host: NetworkHost, target: DeviceSpec, timeout: Duration = seconds(1)) {
    const service = target.services.find((s): s is ModbusServiceSpec => s.protocol === 'modbus');
    if (service === undefined) throw new PenstockError('device.no-modbus', `'${target.id}' has no Modbus server`);
    super(queue, host, target, service.port, new ModbusClient({ timeout, depth: DEPTH }));
    this.unit = service.units[0] ?? 1;
  }
}
