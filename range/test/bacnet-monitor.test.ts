/** What the monitor makes of a plant that speaks BACnet: tags, devices, and silence on normal work. */
import { fileURLToPath } from 'node:url';
import { seconds } from '@penstock/core';
import { type Baseline, builtInRules } from '@penstock/monitor';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Plant, Play, type PlayRequest, readPlant } from '../index.ts';

const at = (s: number) => seconds(s) as never;

let plant: Plant;
let learned: NonNullable<PlayRequest['learned']>;
beforeAll(async () => {
  plant = await readPlant(fileURLToPath(new URL('./ventilation-plant', import.meta.url)));
  const play = start({ monitor: { rules: builtInRules(), mode: 'learn' } });
  play.runUntil(at(3600));
  play.finish();
  learned = { baseline: play.monitor?.baseline as Baseline, warm: [] };
}, 400_000);

function start(change: Partial<PlayRequest> = {}): Play {
  return new Play({ plant, run: 'test', seed: 7, startAt: 0 as never, ...change });
}

describe('the monitor of a plant that speaks BACnet', () => {
  it('rebuilds tags, knows the devices, and is silent on normal work, whatever the seed', { timeout: 400_000 }, () => {
    const play = start({ monitor: { rules: builtInRules(), mode: 'watch' }, learned, seed: 8 });
    play.runUntil(at(3600));
    play.finish();
    expect(play.monitor?.alerts.map(({ rule, message }) => `${rule}: ${message}`)).toEqual([]);
    const tags = new Map(play.monitor?.tags().map(({ tag, value }) => [tag, value]));
    const displayed = (tag: string): number =>
      play.range.displayed.values[play.range.spec.tags.findIndex(({ id }) => id === tag)] as number;
    for (const tag of ['SC901_SP', 'AAH901_SP', 'FAN901', 'HS901', 'XA901'])
      expect([tag, tags.get(tag)]).toEqual([tag, displayed(tag)]);
    expect(Math.abs((tags.get('AIT901') as number) - displayed('AIT901'))).toBeLessThan(0.06);
    const found = play.monitor?.devices().find(({ address }) => address === '10.9.3.20');
    expect(found?.identity).toMatchObject({ BacnetDevice: '901', VendorName: 'Automated Logic Corporation' });
    expect(found?.services).toContainEqual({ transport: 'udp', port: 47_808, protocol: 'bacnet' });
  });
});
