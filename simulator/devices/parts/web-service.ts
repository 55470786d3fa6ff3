/** A device's pages on the wire. */
import type { WebServiceSpec } from '@penstock/core';
import { formatIpv4 } from '@penstock/protocols/ethernet';
import { HttpServer } from '@penstock/protocols/http';
import type { DeviceContext, Part } from '../context.ts';
import { DoorListener } from '../doors/listener.ts';
import { DevicePages } from '../doors/pages.ts';
import { ShownValues } from '../doors/values.ts';

export function webService(context: DeviceContext): Part | undefined {
  const spec = context.spec.services.find((s): s is WebServiceSpec => s.protocol === 'web');
  const { doors } = context;
  if (spec === undefined || doors === undefined) return undefined;
  const pages = new DevicePages(context, doors, new ShownValues(context), spec);
  return new DoorListener(context, spec, ({ remoteAddress, remotePort }) => {
    const source = formatIpv4(remoteAddress);
    return new HttpServer(pages.product, (request, now) => pages.answer(request, source, remotePort, now));
  });
}
