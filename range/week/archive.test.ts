import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { type Duration, seconds } from '@penstock/core';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Plant, readPlant } from '../plants.ts';
import { ProgramArchive } from './archive.ts';

let plant: Plant;
let archive: ProgramArchive;
beforeAll(async () => {
  plant = await readPlant(fileURLToPath(new URL('../test/small-plant', import.meta.url)));
});

const at = (s: number): Duration => seconds(s);
const edit = (find: string, replace: string) => [{ find, replace }];
const hash = (text: string | undefined) =>
  createHash('sha256')
    .update(text ?? '')
    .digest('hex');

describe('an archive of programs', () => {
  beforeAll(() => {
    archive = new ProgramArchive(plant);
    // Told in another order than they are made.
    archive.announce('tank-plc', at(200), edit('LIC101_SP - 0.1', 'LIC101_SP - 0.3'));
    archive.announce('tank-plc', at(100), edit('LIC101_SP + 0.1', 'LIC101_SP + 0.2'));
    archive.announce('tank-plc', at(300), edit('LIC101_SP + 0.1', 'LIC101_SP + 0.4'));
  });

  it('has each program as the changes made so far leave it, in order of time', () => {
    const original = archive.program('tank-plc', at(99)) as string;
    expect([...plant.programs.values()]).toContain(original);
    const first = original.replace('LIC101_SP + 0.1', 'LIC101_SP + 0.2');
    expect(archive.program('tank-plc', at(100))).toBe(first);
    expect(archive.program('tank-plc', at(200))).toBe(first.replace('LIC101_SP - 0.1', 'LIC101_SP - 0.3'));
  });

  it('leaves alone what a change does not find, and has nothing of who has no program', () => {
    expect(archive.program('tank-plc', at(400))).toBe(archive.program('tank-plc', at(200)));
    expect(archive.program('scada', at(0))).toBeUndefined();
    expect(archive.hashAfter('scada', at(0), edit('a', 'b'))).toBeUndefined();
    expect(archive.hashAfter('tank-plc', at(300), edit('LIC101_SP + 0.1', 'LIC101_SP + 0.4'))).toBeUndefined();
  });

  it('knows the hash that a change makes upon those before it', () => {
    expect(archive.hashAfter('tank-plc', at(200), edit('LIC101_SP - 0.1', 'LIC101_SP - 0.3'))).toBe(
      hash(archive.program('tank-plc', at(200))),
    );
  });
});
