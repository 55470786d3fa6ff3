import { DEVICE_KINDS } from '@penstock/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { knowledge } from '../test/works.ts';
import { formatCsv, parseCsv } from './csv.ts';
import { withAssets } from './exchange.ts';
import {
  formatInventoryCsv,
  formatInventoryJson,
  type InventoryRecord,
  parseInventoryCsv,
  parseInventoryJson,
} from './record.ts';

/** Whatever a device may call itself: separators, quotes, line ends, formulas, other scripts. */
const anyText = fc.oneof(
  fc.string({ minLength: 1, maxLength: 20, unit: 'binary' }),
  fc.string({ minLength: 1, maxLength: 8, unit: fc.constantFrom(...'a",;\\\'=+-@\n\r\t ') }),
);
const address = fc.oneof(fc.ipV4(), fc.constantFrom('fe80::1', '2001:db8::77'));
const hex = fc.integer({ min: 0, max: 255 }).map((byte) => byte.toString(16).padStart(2, '0'));
const optional = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
const words = fc.array(anyText, { maxLength: 4 });
const day = fc.integer({ min: 0, max: 4e12 }).map((ms) => new Date(ms).toISOString());

const record: fc.Arbitrary<InventoryRecord> = fc
  .record({
    address,
    id: optional(fc.stringMatching(/^[a-z0-9][a-z0-9-]{0,12}$/)),
    name: optional(anyText),
    kind: optional(fc.constantFrom(...DEVICE_KINDS)),
    role: optional(anyText),
    zone: optional(anyText),
    criticality: optional(fc.constantFrom('low' as const, 'medium' as const, 'high' as const)),
    macs: fc.array(
      fc.array(hex, { minLength: 6, maxLength: 6 }).map((bytes) => bytes.join(':')),
      { maxLength: 3 },
    ),
    otherAddresses: fc.array(address, { maxLength: 2 }),
    macVendor: optional(anyText),
    vendor: optional(anyText),
    productCode: optional(anyText),
    model: optional(anyText),
    revision: optional(anyText),
    services: fc.array(fc.constantFrom('tcp/502 modbus', 'udp/123', 'tcp/80 http'), { maxLength: 3 }),
    linkAddresses: fc.array(fc.constantFrom('master 1', 'outstation 65519'), { maxLength: 2 }),
    guessedRole: optional(anyText),
    confidence: optional(fc.integer({ min: 0, max: 100 }).map((n) => n / 100)),
    evidence: words,
    reads: words,
    writes: words,
    firstSeen: optional(day),
    lastSeen: optional(day),
    state: optional(fc.constantFrom('known' as const, 'unknown' as const, 'silent' as const)),
  })
  .map((all) => Object.fromEntries(Object.entries(all).filter(([, v]) => v !== undefined)) as InventoryRecord);
const records = fc.uniqueArray(record, {
  maxLength: 5,
  comparator: (a, b) => a.address === b.address || (a.id !== undefined && a.id === b.id),
});

describe('inventory files', () => {
  it('come back from CSV as they were, whatever devices say of themselves', () => {
    fc.assert(
      fc.property(records, (all) => {
        expect(parseInventoryCsv(formatInventoryCsv(all), 'inventory.csv')).toEqual(all);
      }),
    );
  });

  it('come back from JSON as they were', () => {
    fc.assert(
      fc.property(records, (all) => {
        expect(parseInventoryJson(formatInventoryJson(all), 'inventory.json')).toEqual(all);
      }),
      { numRuns: 40 },
    );
  });

  it('start no formula in a spreadsheet', () => {
    const csv = formatInventoryCsv([
      { ...parseInventoryCsv('address\n10.0.0.1\n', 'a')[0], vendor: '=cmd|x', model: '-1' } as InventoryRecord,
    ]);
    expect(csv).toContain(",'=cmd|x,");
    expect(csv).toContain(",'-1,");
  });

  it('are read with columns in any order, semicolons, a byte order mark and lines of any system', () => {
    const text = '\ufeffID;address;criticality\r\nplc-1;10.0.0.1;high\r\n\r\nplc-2;10.0.0.2;\r\n';
    expect(parseInventoryCsv(text, 'list.csv')).toMatchObject([
      { id: 'plc-1', address: '10.0.0.1', criticality: 'high' },
      { id: 'plc-2', address: '10.0.0.2' },
    ]);
  });

  it.each([
    ['', 'list.csv:1:1: there is not even a head'],
    ['adress,id\n', "list.csv:1:1: unknown column 'adress'; did you mean 'address'?"],
    ['id,name\n', "list.csv:1:1: there is no column 'address'"],
    ['address,id,id\n', "list.csv:1:12: column 'id' stands twice"],
    ['address,id\n10.0.0.1\n', 'list.csv:2:1: the row has 1 cells, the head has 2'],
    ['address,id\n10.0.0.1,a,b\n', 'list.csv:2:12: the row has 3 cells, the head has 2'],
    ['address,id\n10.0.0.1,a\n10.0.0.300,b\n', "list.csv:3:1: column 'address' has '10.0.0.300'"],
    ['address,id\n10.0.0.1,PLC 1\n', "list.csv:2:10: column 'id' has 'PLC 1': ids are lower case words"],
    ['address,criticality\n10.0.0.1,huge\n', "list.csv:2:10: column 'criticality' has 'huge'"],
    ['address,macs\n10.0.0.1,0:1\n', "list.csv:2:10: column 'macs' has '0:1': a MAC address is six"],
    ['address,id\n10.0.0.1,a\n10.0.0.1,b\n', "list.csv:3:1: address '10.0.0.1' stands twice"],
    ['address,id\n10.0.0.1,a\n10.0.0.2,a\n', "list.csv:3:1: id 'a' stands twice"],
    ['address,name\n10.0.0.1,"a\n', 'list.csv:2:10: the quote is never closed'],
    ['address,name\n10.0.0.1,a"b\n', 'list.csv:2:11: a cell with a quote in it stands in quotes'],
    ['address,name\n10.0.0.1,"a"b\n', 'list.csv:2:13: after the closing quote comes a separator'],
  ])('says where %j is wrong', (text, message) => {
    expect(() => parseInventoryCsv(text, 'list.csv')).toThrow(message);
  });

  it('tell all that is wrong at once', () => {
    expect(() => parseInventoryCsv('address,kind\n1.2.3,plc\n10.0.0.1,pcl\n', 'list.csv')).toThrow(
      /^list\.csv:2:1: [^\n]+\nlist\.csv:3:10: [^\n]+$/,
    );
  });

  it('say where JSON is wrong', () => {
    expect(() => parseInventoryJson('{"version": 1, "devices": [\n{"adress": "10.0.0.1"}]}', 'list.json')).toThrow(
      "list.json:2:2: unknown key 'adress' in devices[0]; did you mean 'address'?",
    );
  });
});

describe('comma-separated values', () => {
  it('come back as they were', () => {
    const rows = fc.array(fc.array(anyText, { minLength: 2, maxLength: 2 }), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(rows, (cells) => {
        const back = parseCsv(formatCsv(['a', 'b'], cells), 'x.csv').slice(1);
        expect(back.map((row) => row.map((cell) => cell.text))).toEqual(cells);
      }),
    );
  });

  it('count lines within quotes', () => {
    const [, second, third] = parseCsv('a,b\n"x\ny",z\nu,v\n', 'x.csv');
    expect(second?.map(({ line, column }) => [line, column])).toEqual([
      [2, 1],
      [3, 4],
    ]);
    expect(third?.[0]).toEqual({ text: 'u', line: 4, column: 1 });
  });
});

describe('an imported list', () => {
  const list = (csv: string): InventoryRecord[] => parseInventoryCsv(csv, 'list.csv');

  it('takes the place of the documents own, which must fit it', () => {
    const all = list(
      'address,id,kind,services\n10.10.1.13,dosing-plc,plc,tcp/502\n10.10.1.12,filter-plc,plc,\n10.10.2.10,scada,scada,\n',
    );
    expect(withAssets(knowledge(), all, 'list.csv').assets.map((a) => [a.id, a.role, a.services])).toEqual([
      ['dosing-plc', 'dosing-plc', ['tcp/502']],
      ['filter-plc', 'filter-plc', undefined],
      ['scada', 'scada', undefined],
    ]);
    expect(() => withAssets(knowledge(), all.slice(1), 'list.csv')).toThrow(
      "list.csv has no asset 'dosing-plc', which the point list names",
    );
  });

  it('needs an id and a kind for each device', () => {
    expect(() => withAssets(undefined, list('address,kind\n10.0.0.1,plc\n'), 'list.csv')).toThrow(
      'list.csv: 10.0.0.1 has no id; an asset list gives each device an id and a kind',
    );
  });
});
