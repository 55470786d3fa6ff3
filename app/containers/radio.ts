/** A container's network where its zone is a radio: as slow, uneven and lossy as `plant.yaml` says of the zone. */
import { type Duration, PenstockError, type PlantSpec } from '@penstock/core';
import { parseSubnet } from '@penstock/protocols/ethernet';
import { type EventQueue, type NetworkHost, RadioHost, Random } from '@penstock/simulator/kernel';

/** The same host where the zone is made of cables. @throws PenstockError `containers.zone` for one that the plant does not have */
export function onRadio(
  host: NetworkHost,
  plant: PlantSpec,
  zone: string,
  { queue, seed }: { readonly queue: EventQueue; readonly seed: number },
): NetworkHost {
  const found = plant.zones.find(({ id }) => id === zone);
  if (found === undefined) throw new PenstockError('containers.zone', `plant '${plant.id}' has no zone '${zone}'`);
  if (!isRadio(found)) return host;
  const { subnet, latency = NONE, jitter = NONE, loss = 0 } = found;
  return new RadioHost(
    host,
    queue,
    { subnet: parseSubnet(subnet), latency, jitter, loss },
    new Random(seed, `radio:${host.id}`),
  );
}

/** Whether a zone is slower, more uneven or less sure than a cable. */
const isRadio = ({ latency, jitter, loss }: PlantSpec['zones'][number]): boolean =>
  latency !== undefined || jitter !== undefined || loss !== undefined;

const NONE = 0 as Duration;
