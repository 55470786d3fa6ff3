/** A small plant's server for tests: a level, a pump, a set point, a mode; values that a test moves. */
import { seconds, type Writer } from '@penstock/core';
import { type OpcUaItem, type OpcUaNotice, type OpcUaOutcome, OpcUaServer, type OpcUaServerOptions } from '../index.ts';

export const ITEMS: readonly OpcUaItem[] = [
  {
    tag: {
      ...{ id: 'LIT101', name: 'Clearwell level', area: 'clearwell', unit: 'm', range: [0, 4] },
      alarms: { high: 3, highHigh: 3.5, low: 1, priority: 'high', deadBand: 0.1 },
    },
    writable: false,
    history: true,
  },
  {
    tag: { id: 'P101', name: 'Pump', area: 'clearwell', unit: '', range: [0, 1], states: ['off', 'on'] },
    writable: true,
  },
  {
    tag: { id: 'SP101', name: 'Level set point', area: 'clearwell', unit: 'm', range: [0, 4] },
    writable: true,
  },
  { tag: { id: 'FIT201', name: 'Outflow', area: 'distribution', unit: 'm³/h', range: [0, 500] }, writable: false },
];

/** 2026-01-01. */
export const EPOCH = 1_767_225_600_000_000;

export interface TestPlant {
  readonly server: OpcUaServer;
  readonly values: number[];
  readonly writes: { item: number; value: number; writer: Writer }[];
  readonly calls: (number | undefined)[];
  readonly notices: OpcUaNotice[];
  /** What writes come to. */
  outcome: OpcUaOutcome;
  now: number;
}

export function testPlant(options: Partial<OpcUaServerOptions> = {}): TestPlant {
  const plant = {
    values: [2.5, 1, 2, 120],
    writes: [] as TestPlant['writes'],
    calls: [] as (number | undefined)[],
    notices: [] as OpcUaNotice[],
    outcome: 'done' as OpcUaOutcome,
    now: 0,
  };
  let seed = 1;
  const server = new OpcUaServer({
    applicationUri: 'urn:works:scada',
    productUri: 'urn:penstock:opcua',
    applicationName: 'Works SCADA',
    manufacturer: 'Weirwater Controls',
    productName: 'Weir SCADA',
    softwareVersion: '4.2',
    endpointUrl: 'opc.tcp://127.0.0.1:4840',
    plantUri: 'urn:works:tags',
    plantName: 'Works',
    items: ITEMS,
    methods: [
      { name: 'ResetAlarms', area: 'clearwell' },
      { name: 'SetDose', area: 'distribution', argument: { name: 'Dose' } },
    ],
    access: {
      read: (item) => plant.values[item] as number,
      write: (item, value, writer, done) => {
        plant.writes.push({ item, value, writer });
        if (plant.outcome === 'done') plant.values[item] = value;
        done(plant.outcome);
      },
      call: (_, argument, __, done) => {
        plant.calls.push(argument);
        done('done');
      },
    },
    clock: { now: () => EPOCH + plant.now },
    random: (count) =>
      Uint8Array.from({ length: count }, () => {
        seed = (seed * 75 + 74) % 65_537;
        return seed & 0xff;
      }),
    users: [
      { name: 'operator', password: 'weir', role: 'operator' },
      { name: 'engineer', password: 'sluice', role: 'engineer' },
    ],
    conditions: true,
    history: { every: seconds(1), keep: 100 },
    onNotice: (notice) => plant.notices.push(notice),
    ...options,
  });
  return Object.assign(plant, { server });
}
