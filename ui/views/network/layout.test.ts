import { describe, expect, it } from 'vitest';
import { type Box, layoutOf } from './layout.ts';

const zone = (id: string, level: number) => ({ id, name: id, level, subnet: '10.0.0.0/24', targetSecurityLevel: 2 });
/** Six stations of five devices on the same level, as a grid has them, and an office above. */
const zones = [...[1, 2, 3, 4, 5, 6].map((n) => zone(`station-${n}`, 1)), zone('office', 4)];
const devices = zones.flatMap(({ id }) => [1, 2, 3, 4, 5].map((n) => ({ id: `${id}-${n}`, zone: id })));
const layout = layoutOf(zones, devices, ['10.0.0.99']);
const apart = (a: Box, b: Box): boolean =>
  a.x + a.width <= b.x || b.x + b.width <= a.x || a.y + a.height <= b.y || b.y + b.height <= a.y;

describe('the network picture', () => {
  it('puts zones of one level that would be too wide together into rows', () => {
    const rows = new Set(layout.zones.filter(({ zone: { level } }) => level === 1).map(({ y }) => y));
    expect(rows.size).toBeGreaterThan(1);
    expect(layout.width).toBeLessThan(2 * Math.max(...layout.zones.map(({ width }) => width)) + 200);
  });

  it('lets nothing stand on something else, or outside', () => {
    for (const boxes of [layout.zones, [...layout.devices.values()]])
      for (const [i, box] of boxes.entries()) {
        expect(box.x + box.width).toBeLessThanOrEqual(layout.width);
        expect(box.y + box.height).toBeLessThanOrEqual(layout.height);
        for (const other of boxes.slice(i + 1)) expect(apart(box, other), `${box.id} ${other.id}`).toBe(true);
      }
  });

  it('keeps higher levels above lower ones, and devices inside their zones', () => {
    const office = layout.zones.find(({ id }) => id === 'office');
    for (const { id, y } of layout.zones)
      if (id !== 'office') expect(y).toBeGreaterThan(office?.y ?? Number.POSITIVE_INFINITY);
    for (const { id, zone: home } of devices) {
      const [box, lane] = [layout.devices.get(id), layout.zones.find((one) => one.id === home)];
      expect(box && lane && box.x > lane.x && box.x + box.width < lane.x + lane.width && box.y > lane.y).toBe(true);
    }
  });
});
