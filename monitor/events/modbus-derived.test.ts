import type { ProtocolEvent } from '@penstock/core';
import { describe, expect, it } from 'vitest';
import { Flow, FlowKey } from '../flows/flow.ts';
import { ModbusDerived } from './modbus-derived.ts';

const key = new FlowKey();
Object.assign(key, { protocol: 6, version: 4, low3: 0x0a000001, lowPort: 1234, high3: 0x0a000002, highPort: 502 });
const flow = new Flow(key, 1, 0, 0, true, -1);

function derived(): {
  seen: ProtocolEvent[];
  read(seconds: number, unit: number, address: number, values: number[]): void;
} {
  const seen: ProtocolEvent[] = [];
  const modbus = new ModbusDerived((event) => seen.push(event));
  flow.knownModbusUntil = Number.NEGATIVE_INFINITY;
  return {
    seen,
    read: (seconds, unit, address, values) => {
      const event = { name: 'modbus_detailed', time: seconds * 1e6, func: 'READ_HOLDING_REGISTERS' };
      modbus.observe({ ...event, unit, address, response_values: values } as ProtocolEvent, flow);
    },
  };
}

describe('known_modbus', () => {
  it('names client and server once a day', () => {
    const { seen, read } = derived();
    for (const seconds of [0, 10, 86_399, 86_400, 86_401]) read(seconds, 1, 0, []);
    const once = (time: number): unknown[] => [
      { name: 'known_modbus', time, host: '10.0.0.1', device_type: 'Known::MODBUS_MASTER' },
      { name: 'known_modbus', time, host: '10.0.0.2', device_type: 'Known::MODBUS_SLAVE' },
    ];
    expect(seen).toEqual([...once(0), ...once(86_400e6)]);
  });
});

describe('modbus_register_change', () => {
  it('gives old and new value and how long the old one stood, registers counted from 1', () => {
    const { seen, read } = derived();
    read(0, 1, 100, [0, 7, 65_535]);
    read(1.25, 1, 100, [1, 7, 65_535]);
    read(2, 1, 100, [1, 7, 65_535]);
    read(41.5, 1, 99, [5, 0]);
    const change = { name: 'modbus_register_change', register: 101, unit: 1 };
    expect(seen.slice(2)).toEqual([
      { ...change, time: 1.25e6, old_val: 0, new_val: 1, delta: 1.25 },
      { ...change, time: 41.5e6, old_val: 1, new_val: 0, delta: 40.25 },
    ]);
  });

  it('keeps the units behind one address apart', () => {
    const { seen, read } = derived();
    read(0, 1, 0, [1]);
    read(1, 2, 0, [2]);
    read(2, 1, 0, [1]);
    expect(seen.slice(2)).toEqual([]);
  });

  it('follows registers at the end of the address space', () => {
    const { seen, read } = derived();
    read(0, 255, 65_535, [1]);
    read(1, 255, 65_535, [2]);
    expect(seen.at(-1)).toMatchObject({ register: 65_536, old_val: 1, new_val: 2 });
  });
});
