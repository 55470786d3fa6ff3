import { fileURLToPath } from 'node:url';
import { type Instant, loadPlant } from '@penstock/core';
import { describe, expect, it } from 'vitest';
import { LastWrites, tagPage } from './tags.ts';

const { spec: plant } = loadPlant(fileURLToPath(new URL('../../plants/drinking-water', import.meta.url)));
const order = {
  ...{
    at: 5_000_000 as Instant,
    device: 'dosing-plc',
    tag: 'AIC301_SP',
    value: 9,
    outcome: 'done',
    protocol: 'modbus',
  },
  ...{ source: '10.40.20.10', port: 40_000, cause: undefined },
};

describe('what stands behind a tag', () => {
  it('is who wrote it last over the network, by name where the address is known', () => {
    const writes = new LastWrites(plant);
    expect(tagPage(plant, writes, 'AIC301_SP')?.lastWrite).toBeNull();
    writes.take(order);
    expect(tagPage(plant, writes, 'AIC301_SP')?.lastWrite).toEqual({
      ...{ time: 5, value: 9, writer: 'scada', address: '10.40.20.10', protocol: 'modbus' },
    });
    writes.take({ ...order, source: '10.40.10.200', value: 11_100 });
    expect(tagPage(plant, writes, 'AIC301_SP')?.lastWrite).toMatchObject({ writer: '10.40.10.200', value: 11_100 });
  });

  it('is not what was refused, nor what a hand did at the cabinet', () => {
    const writes = new LastWrites(plant);
    writes.take({ ...order, outcome: 'range' });
    writes.take({ ...order, source: 'keypad', protocol: 'local' });
    expect(writes.of('AIC301_SP')).toBeNull();
  });

  it('are the interlocks of its controller, safety devices that guard the same, and the tags that tell of them', () => {
    const page = tagPage(plant, new LastWrites(plant), 'AIC301_SP');
    expect(page?.interlocks.map(({ id }) => id)).toEqual([
      'dosing-shutdown',
      'no-dosing-without-flow',
      'high-ph-stop',
      'high-chlorine-stop',
    ]);
    expect(page?.flags).toContain('XA304');
    expect(page?.flags).not.toContain('XA390');
    expect(tagPage(plant, new LastWrites(plant), 'XX1')).toBeUndefined();
  });
});
