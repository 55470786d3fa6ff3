import type { PacketField, PacketsMessage } from '@penstock/core/messages';
import { describe, expect, it } from 'vitest';
import { fieldAt, flatten } from './fields.ts';
import { PacketList } from './packet-list.ts';

const field = (name: string, start: number, end: number, children: PacketField[] = []): PacketField => ({
  ...{ name, value: '', start, end, tag: null, children },
});
const tree = [
  field('Ethernet', 0, 14, [field('Destination', 0, 6), field('Source', 6, 12)]),
  field('Modbus', 14, 26, [field('Function', 21, 22)]),
];

describe('fields of a packet', () => {
  it('are lines in order, without what lies below a closed one', () => {
    const lines = flatten(tree, new Set(['0'])).map(({ path, level, open }) => [path, level, open]);
    expect(lines).toEqual([
      ['0', 0, false],
      ['1', 0, true],
      ['1.0', 1, true],
    ]);
  });

  it('are found from a byte: the smallest that holds it', () => {
    expect([0, 7, 13, 21, 25, 26].map((at) => fieldAt(tree, at))).toEqual(['0.0', '0.1', '0', '1.0', '1', undefined]);
  });
});

/** A server that keeps packets `first` to `last`; `match` of its filter is every tenth. */
function serverOf(first: number, last: number) {
  const asked: string[] = [];
  const row = (number: number) => ({
    ...{ number, time: number, source: 'a', destination: 'b', protocol: 'modbus', length: 60, info: '', tags: [] },
  });
  const fetch = (path: string): Promise<PacketsMessage> => {
    asked.push(path);
    const query = new URLSearchParams(path.split('?')[1]);
    const from = Math.max(first, Number(query.get('from')));
    const step = query.get('filter') === '' ? 1 : 10;
    const rows = [];
    let number = Math.ceil(from / step) * step;
    for (; number <= last && rows.length < Number(query.get('count')); number += step) rows.push(row(number));
    return Promise.resolve({ first, last, total: last, rows, next: number <= last ? number : null });
  };
  return { asked, fetch };
}

const never = (error: Error) => {
  throw error;
};

describe('a list of packets', () => {
  it('fetches only what comes into sight, wherever that is', async () => {
    const { asked, fetch } = serverOf(1, 100_000);
    const list = new PacketList('', () => {}, never, fetch);
    await list.refresh();
    expect([list.count, list.row(99_999)]).toEqual([100_000, undefined]);
    list.want(99_980, 99_999);
    await Promise.resolve();
    await Promise.resolve();
    expect(list.row(99_999)?.number).toBe(100_000);
    expect(asked).toHaveLength(2);
  });

  it('counts from the first packet that the range still keeps', async () => {
    const { fetch } = serverOf(501, 1500);
    const list = new PacketList('', () => {}, never, fetch);
    await list.refresh();
    list.want(0, 10);
    await Promise.resolve();
    await Promise.resolve();
    expect([list.count, list.row(0)?.number, list.placeOf(501), list.placeOf(500)]).toEqual([1000, 501, 0, -1]);
  });

  it('gathers all that match a filter, and goes on where it stopped', async () => {
    const { fetch } = serverOf(1, 100_000);
    const list = new PacketList('write', () => {}, never, fetch);
    await list.refresh();
    expect([list.count, list.more, list.row(9999)?.number, list.placeOf(20)]).toEqual([10_000, false, 100_000, 1]);
    await list.refresh();
    expect(list.count).toBe(10_000);
  });
});
