import { listPlants } from '@penstock/range';
import { describe, expect, it } from 'vitest';
import { layoutOf } from '../containers/layout.ts';
import { version } from '../version.ts';
import { type EngineContainer, type EngineNetwork, inTheWay } from './docker-findings.ts';

const plants = listPlants().map(({ spec }) => spec);
const [plant] = plants as [(typeof plants)[number]];
const [zone] = layoutOf(plant).zones as [ReturnType<typeof layoutOf>['zones'][number]];
const network = (more: Partial<EngineNetwork>): EngineNetwork => ({
  ...{ name: 'other_default', subnets: ['172.30.0.0/16'], bridge: undefined, plant: undefined },
  ...more,
});
const container = (more: Partial<EngineContainer>): EngineContainer => ({
  ...{ name: 'penstock_range_1', state: 'running', plant: plant.id, version },
  ...more,
});
const told = (containers: readonly EngineContainer[], networks: readonly EngineNetwork[]) =>
  inTheWay(containers, networks, plants).map(({ ok, detail }) => [ok, detail]);

describe('what is in the way of a range in containers', () => {
  it('is nothing where the engine has other networks, or the range itself runs', () => {
    expect(told([], [network({})])).toEqual([[true, 'nothing is in the way']]);
    const own = network({ name: 'penstock_x', subnets: [zone.subnet], bridge: zone.bridge, plant: plant.id });
    expect(told([container({})], [own])).toEqual([[true, `1 containers of ${plant.id} run`]]);
  });

  it('is somebody else’s network with an address of a zone, or with its bridge; it says which and what to do', () => {
    const wide = zone.subnet.replace(/\.\d+\.\d+\/\d+$/, '.0.0/16');
    expect(told([], [network({ name: 'lab', subnets: [wide] })])).toEqual([
      [
        false,
        `network 'lab' (${wide}) overlaps zone ${zone.id} of ${plant.id} (${zone.subnet}): docker network rm lab, once nothing uses it`,
      ],
    ]);
    expect(told([], [network({ bridge: zone.bridge })])[0]).toEqual([
      false,
      expect.stringContaining(`has the bridge ${zone.bridge}, which is zone ${zone.id} of ${plant.id}`),
    ]);
  });

  it('is what an earlier version or another plant’s range left, with the one command that takes it away', () => {
    expect(told([container({ version: '0.0.9', state: 'exited' })], [])).toEqual([
      [
        false,
        'containers of version 0.0.9 are here (penstock_range_1): docker/clean takes all of it away and keeps the runs',
      ],
    ]);
    expect(told([], [network({ plant: 'one' }), network({ plant: 'two' })])).toEqual([
      [
        false,
        'ranges of one and two are here; one at a time fits a host: docker/clean takes all of it away and keeps the runs',
      ],
    ]);
  });
});
