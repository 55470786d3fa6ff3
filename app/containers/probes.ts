/** How a device's container is asked whether it is well: in the protocol that it serves, or where it serves none by what it touches. */
import type { DeviceSpec } from '@penstock/core';
import { ALIVE } from './layout.ts';

/** Seconds; a role touches its file several times in one. */
const STALE_AFTER = '15';

/** Words for docker/health: the first service that can be asked in its own protocol. */
export function probeOf({ address, services }: DeviceSpec): readonly string[] {
  for (const service of services)
    switch (service.protocol) {
      case 'modbus':
        return ['modbus', address, String(service.port)];
      case 's7':
        return ['s7', address, String(service.port)];
      case 'dnp3':
        // Over UDP nobody can tell a device that is silent from one that is gone.
        if (service.transport === 'tcp')
          return ['dnp3', address, String(service.port), String(service.address), String(service.masters[0])];
        break;
      case 'opcua':
      case 'bacnet':
      case 'mqtt':
        return [service.protocol, address, String(service.port)];
      case 'snmp':
        // An agent has nothing to say to who does not know a community.
        if (service.communities[0] !== undefined)
          return ['snmp', address, String(service.port), service.communities[0].name];
        break;
      case 'telnet':
      case 'ftp':
        return ['greeting', address, String(service.port)];
      case 'ntp':
        return ['ntp', address, String(service.port ?? 123)];
      case 'dns':
        return ['dns', address, String(service.port ?? 53)];
      case 'historian':
      case 'scada':
      case 'web':
        // Some have no pages.
        if (service.port !== undefined) return ['http', `http://${address}:${service.port}/`];
        break;
      default:
    }
  return ['file', ALIVE, STALE_AFTER];
}
