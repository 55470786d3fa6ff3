import { fileURLToPath } from 'node:url';
import { NEVER } from '@penstock/core';
import { readPlant } from '@penstock/range';
import { expect, it } from 'vitest';
import { toleratedAges } from './staleness.ts';

const { spec } = await readPlant(fileURLToPath(new URL('../../range/test/small-plant', import.meta.url)));
const tolerated = (device: string) =>
  Object.fromEntries([...toleratedAges(spec, device)].map((age, i) => [spec.tags[i]?.id, age / 1e6]));

it('a displayed value may be three of the periods old in which it is polled or fetched', () => {
  expect(tolerated('scada')).toEqual({ LIT101: 3, LIC101_SP: 3, LIC101_MODE: 15, P101: 15, XV101: 15 });
  expect(tolerated('hmi')).toEqual({ LIT101: 6, P101: 6, LIC101_SP: NEVER, LIC101_MODE: NEVER, XV101: NEVER });
});
