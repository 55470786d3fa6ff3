import { fileURLToPath } from 'node:url';
import { loadPlant } from '@penstock/core';
import { expect, it } from 'vitest';
import { pointsOf } from './devices.ts';

const { spec: plant } = loadPlant(fileURLToPath(new URL('../../range/test/every-plant', import.meta.url)));

it('a device’s points are told with their address in every protocol that has them', () => {
  const device = plant.devices.find(({ id }) => id === 'filter-plc');
  const points = device === undefined ? [] : pointsOf(device);
  const of = (tag: string) =>
    points.filter((one) => one.tag === tag).map(({ protocol, address, writable }) => [protocol, address, writable]);
  expect(of('LIC101_MODE')).toEqual([
    ['modbus', 'coil 0 (bool)', true],
    ['s7comm', 'DB10 8.0 (bool)', true],
    ['dnp3', 'binary-output 0', true],
    ['bacnet', 'binary-value 1', true],
    ['opcua', 'ns=2;s=LIC101_MODE', true],
    ['mqtt', 'works/filter-plc/filter LIC101_MODE', true],
  ]);
  expect(of('P101')).toContainEqual(['s7comm', 'Q 0.0 (bool)', false]);
  expect(of('FIC101')).toEqual([['s7comm', 'DB10 10 (int)', false]]);
});
