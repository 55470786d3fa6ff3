import type { ModbusPoint } from '@penstock/core';
import { describe, expect, it } from 'vitest';
import { DOSING, float, knowledge, SCADA, Traffic } from '../test/works.ts';
import { decodeRaw } from './points.ts';

const point = (type: ModbusPoint['type'], more: Partial<ModbusPoint> = {}): ModbusPoint => ({
  table: 'holding',
  address: 0,
  type,
  wordOrder: 'big',
  scale: 1,
  ...more,
});

describe('values of points', () => {
  it.each<[ModbusPoint, number, number, number]>([
    [point('bool'), 1, -1, 1],
    [point('bool'), 0, -1, 0],
    [point('uint16', { scale: 0.1 }), 65_535, -1, 6553.5],
    [point('int16'), 65_535, -1, -1],
    [point('int16', { scale: 0.01 }), 830, -1, 8.3],
    [point('uint32'), 0x0001, 0x0002, 65_538],
    [point('uint32', { wordOrder: 'little' }), 0x0002, 0x0001, 65_538],
    [point('int32'), 0xffff, 0xfffe, -2],
    [point('float32'), 0x4120, 0x0000, 10],
    [point('float32', { wordOrder: 'little' }), 0x0000, 0x4120, 10],
  ])('%j of %i, %i', (spec, raw0, raw1, value) => {
    expect(decodeRaw(spec, raw0, raw1)).toBeCloseTo(value, 9);
  });
});

describe('process watch', () => {
  const seen = (traffic: Traffic): Record<string, number> =>
    Object.fromEntries(traffic.judge.watch.tags().map((t) => [t.tag, t.value]));
  const start = () => {
    const traffic = new Traffic({ knowledge: knowledge() });
    return { traffic, flow: traffic.open(SCADA, DOSING) };
  };

  it('rebuilds tags from polls of all four tables and from writes of all kinds', () => {
    const { traffic, flow } = start();
    traffic.read(flow, 'holding', 8, [0, 0, ...float(7.5), 0]);
    traffic.read(flow, 'input', 0, [812]);
    traffic.read(flow, 'coil', 0, [1, 0, 1, 1]);
    expect(seen(traffic)).toEqual({ AIC401: 7.5, AIT402: 8.12, HS401: 1 });
    traffic.coil(flow, 3, 0);
    traffic.write(flow, 10, float(9));
    traffic.modbus(flow, 'WRITE_SINGLE_REGISTER', { address: 20, quantity: 1, request_values: [333] });
    expect(seen(traffic)).toMatchObject({ AIC401: 9, HS401: 0 });
    expect(seen(traffic).SC401).toBeCloseTo(33.3, 9);
    traffic.modbus(flow, 'WRITE_MULTIPLE_COILS', { address: 2, quantity: 3, request_values: [0, 1, 0] });
    expect(seen(traffic).HS401).toBe(1);
  });

  it('understands mask writes (FC 22) and read/write (FC 23)', () => {
    const { traffic, flow } = start();
    traffic.read(flow, 'holding', 20, [0x0012]);
    const mask = { unit: 1, func: 'MASK_WRITE_REGISTER', request_response: 'REQUEST', address: 20 };
    traffic.event(flow, 'modbus_mask_write_register', { ...mask, and_mask: 0x00f2, or_mask: 0x0025 });
    // The example of the specification, section 6.16: 0x12, AND 0xF2, OR 0x25 gives 0x17.
    expect(seen(traffic).SC401).toBeCloseTo(2.3, 9);
    const rw = { unit: 1, func: 'READ_WRITE_MULTIPLE_REGISTERS', modbus_detailed_link_id: 'x' };
    traffic.event(flow, 'modbus_read_write_multiple_registers', {
      ...rw,
      request_response: 'REQUEST',
      write_start_address: 20,
      write_registers: [500],
      read_start_address: 10,
      read_quantity: 2,
    });
    traffic.event(flow, 'modbus_read_write_multiple_registers', {
      ...rw,
      request_response: 'RESPONSE',
      read_registers: float(6.5),
    });
    expect(seen(traffic)).toMatchObject({ AIC401: 6.5, SC401: 50 });
  });

  it('joins a value that is written in two halves', () => {
    const { traffic, flow } = start();
    traffic.read(flow, 'holding', 10, float(8));
    const [high, low] = float(11_100) as [number, number];
    traffic.write(flow, 10, [high]);
    traffic.write(flow, 11, [low]);
    expect(seen(traffic).AIC401).toBe(11_100);
    expect(traffic.alert('value-outside-limits')).toBeDefined();
  });

  it('tells the old value from the last poll, whichever client made it', () => {
    const { traffic, flow } = start();
    traffic.read(flow, 'holding', 10, float(8));
    const other = traffic.open('10.10.2.30', DOSING);
    traffic.write(other, 10, float(99));
    expect(traffic.alert('value-outside-limits')).toMatchObject({ oldValue: 8, newValue: 99 });
  });

  it('believes the next poll when a write did not last', () => {
    const { traffic, flow } = start();
    traffic.read(flow, 'holding', 10, float(8));
    traffic.write(flow, 10, float(14));
    traffic.read(flow, 'holding', 10, float(8));
    expect(seen(traffic).AIC401).toBe(8);
  });

  it('keeps the time of the newest poll though nothing changes', () => {
    const { traffic, flow } = start();
    traffic.read(flow, 'holding', 10, float(8));
    traffic.read(flow, 'holding', 10, float(8));
    traffic.wait(5).read(flow, 'holding', 10, float(8));
    expect(traffic.judge.watch.tags()[0]?.time).toBe(traffic.time);
  });

  it('takes any unit id for a device whose points name none', () => {
    const { traffic, flow } = start();
    traffic.modbus(flow, 'WRITE_SINGLE_COIL', { unit: 255, address: 3, quantity: 1, request_values: [65_280] });
    expect(seen(traffic).HS401).toBe(1);
  });

  it('judges at most 256 points of one write and counts the others', () => {
    const traffic = new Traffic();
    traffic.modbus(traffic.open(SCADA, DOSING), 'WRITE_MULTIPLE_COILS', {
      address: 0,
      quantity: 1968,
      request_values: new Array<number>(1968).fill(1),
    });
    expect(traffic.judge.watch.dropped).toBe(1968 - 256);
  });
});
