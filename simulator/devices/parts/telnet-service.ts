/** A device's console on the wire. */
import type { TelnetServiceSpec } from '@penstock/core';
import { formatIpv4 } from '@penstock/protocols/ethernet';
import { TelnetServer } from '@penstock/protocols/telnet';
import type { DeviceContext, Part } from '../context.ts';
import { deviceConsole } from '../doors/console.ts';
import { DoorListener } from '../doors/listener.ts';
import { ShownValues } from '../doors/values.ts';

export function telnetService(context: DeviceContext): Part | undefined {
  const spec = context.spec.services.find((s): s is TelnetServiceSpec => s.protocol === 'telnet');
  const { doors } = context;
  if (spec === undefined || doors === undefined) return undefined;
  const values = new ShownValues(context);
  return new DoorListener(context, spec, ({ remoteAddress, remotePort }) => {
    const writer = { protocol: 'telnet', address: formatIpv4(remoteAddress), port: remotePort };
    return new TelnetServer(deviceConsole(context, doors, values, writer), context.queue.now);
  });
}
