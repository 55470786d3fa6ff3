import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { UsageError } from './errors.ts';
import { FileError, findPlugins, loadYaml, openYaml, parseYaml, parseYamlText, pluginPath } from './files.ts';
import { duration } from './plant.ts';
import { seconds } from './time.ts';

const schema = z.strictObject({
  id: z.string().regex(/^[a-z-]+$/, 'ids are lower case words joined by hyphens'),
  level: z.number().min(0).max(5).optional(),
  hold: duration.optional(),
  devices: z
    .array(
      z.strictObject({
        id: z.string(),
        kind: z.enum(['plc', 'rtu']),
        address: z.int(),
        services: z
          .array(
            z.discriminatedUnion('protocol', [
              z.strictObject({ protocol: z.literal('modbus'), port: z.int() }),
              z.strictObject({ protocol: z.enum(['ntp', 'dns']), server: z.string() }),
            ]),
          )
          .default([]),
      }),
    )
    .default([]),
  options: z.record(z.string(), z.strictObject({ default: z.union([z.boolean(), z.number()]) })).optional(),
  band: z.tuple([z.number(), z.number()]).optional(),
});

function problems(text: string): string[] {
  try {
    parseYamlText(text, 'a.yaml', schema);
  } catch (error) {
    expect(error).toBeInstanceOf(FileError);
    return (error as FileError).problems.map((problem) => `${problem.id} ${problem.message}`);
  }
  return [];
}

describe('parseYamlText', () => {
  it('gives the value with durations and defaults', () => {
    expect(parseYamlText('id: dosing\nhold: 60s\n', 'a.yaml', schema)).toEqual({
      id: 'dosing',
      hold: seconds(60),
      devices: [],
    });
  });

  it('names the nearest valid key of an unknown one, with its own line', () => {
    expect(
      problems(`id: a
devices:
  - id: plc-1
    kind: plc
    adress: 5
    address: 6
    services:
      - { protocol: modbus, port: 502, prot: 1 }
      - { protocol: dns, server: a, port: 53 }
`),
    ).toEqual([
      "file.unknown-key a.yaml:5:5: unknown key 'adress' in devices[plc-1]; did you mean 'address'?",
      "file.unknown-key a.yaml:8:40: unknown key 'prot' in devices[plc-1].services[0]; did you mean 'port'?",
      "file.unknown-key a.yaml:9:37: unknown key 'port' in devices[plc-1].services[1]; valid here are protocol, server",
    ]);
  });

  it('finds the valid keys inside records', () => {
    expect(problems('id: a\noptions:\n  oversized:\n    default: true\n    defaut: 1\n')).toEqual([
      "file.unknown-key a.yaml:5:5: unknown key 'defaut' in options.oversized; did you mean 'default'?",
    ]);
  });

  it('says for each wrong value what was expected and what came, and finds all of them', () => {
    expect(
      problems(`id: Big
level: 7
hold: 5 parsecs
devices:
  - id: one
    kind: pcl
    address: '40001'
    services: [{ protocol: modbuss }]
  - 12
options: { a: { default: text } }
band: [1]
`),
    ).toEqual([
      "file.value a.yaml:1:5: id: expected another form (ids are lower case words joined by hyphens), got 'Big'",
      'file.value a.yaml:2:8: level: expected at most 5, got 7',
      "file.value a.yaml:3:7: hold: expected another value ('5 parsecs' is not a duration; write for example 100ms, 60s, 15m, 24h or 7d), got '5 parsecs'",
      "file.value a.yaml:6:11: devices[one].kind: expected 'plc' or 'rtu', got 'pcl'",
      "file.value a.yaml:7:14: devices[one].address: expected a number, got '40001'",
      "file.value a.yaml:8:28: devices[one].services[0].protocol: expected 'modbus', 'ntp' or 'dns', got 'modbuss'",
      'file.value a.yaml:9:5: devices[1]: expected a map, got 12',
      "file.value a.yaml:10:26: options.a.default: expected true or false or a number, got 'text'",
      'file.value a.yaml:11:7: band: expected at least 2 items, got a list of 1',
    ]);
  });

  it('points at the map that lacks a key', () => {
    expect(problems('level: 1\ndevices:\n  - id: one\n    kind: plc\n')).toEqual([
      "file.missing-key a.yaml:1:1: 'id' is missing; expected a text",
      "file.missing-key a.yaml:3:5: devices[one]: 'address' is missing; expected a number",
    ]);
  });

  it('refuses a key that stands twice', () => {
    expect(problems('id: a\nlevel: 1\nlevel: 2\n')).toEqual([
      "file.duplicate-key a.yaml:3:1: the key 'level' stands twice in the same map; leave one of them out",
    ]);
  });

  it('gives the line of a syntax error', () => {
    const found = problems('id: a\nband: [1, 2\nlevel: 3\n');
    expect(found[0]).toMatch(/^file\.syntax a\.yaml:3:1: /);
  });

  it('names an empty file', () => {
    expect(problems('')).toEqual(['file.value a.yaml:1:1: the file: expected a map, got null']);
  });

  it('follows an alias to its anchor for the value and its own place for the error', () => {
    const text = 'id: a\nband: &b [1, 2]\ndevices:\n  - { id: x, kind: plc, address: *b }\n';
    expect(problems(text)).toEqual(['file.value a.yaml:4:34: devices[x].address: expected a number, got a list of 2']);
  });

  it('throws nothing but FileError on any text', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[a-z:\-\n [\]{}&*'"|>]{0,60}$/)), (text) => {
        try {
          parseYamlText(text, 'a.yaml', schema);
        } catch (error) {
          if (!(error instanceof FileError)) throw error;
          for (const problem of error.problems) expect(problem.place?.line).toBeGreaterThan(0);
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('YamlSource', () => {
  it('knows the line of every value and key', () => {
    const { source } = parseYaml('id: a\ndevices:\n  - id: one\n    kind: plc\n    address: 7\n', 'a.yaml', schema);
    expect(source.place(['devices', 0, 'address'])).toEqual({ file: 'a.yaml', line: 5, column: 14 });
    expect(source.keyPlace(['devices', 0], 'kind')).toEqual({ file: 'a.yaml', line: 4, column: 5 });
    expect(source.place(['devices', 0, 'services', 3])).toEqual({ file: 'a.yaml', line: 3, column: 5 });
  });
});

describe('files and plugins', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'penstock-files-'));
    mkdirSync(join(folder, 'works'));
    mkdirSync(join(folder, 'empty'));
    writeFileSync(join(folder, 'works', 'plant.yaml'), 'id: works\n');
    writeFileSync(join(folder, 'lye.yaml'), 'id: lye\n');
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it('loads a file, and says which one is wrong', () => {
    expect(loadYaml(join(folder, 'lye.yaml'), schema).id).toBe('lye');
    expect(openYaml(join(folder, 'lye.yaml'), schema).source.file).toContain('lye.yaml');
  });

  it('says when there is no such file, or it is a folder', () => {
    expect(() => loadYaml(join(folder, 'none.yaml'), schema)).toThrow(UsageError);
    expect(() => loadYaml(join(folder, 'none.yaml'), schema)).toThrow(/^there is no file .*none\.yaml$/);
    expect(() => loadYaml(folder, schema)).toThrow(/cannot be read \(EISDIR\)/);
  });

  it('finds folders by their marker and files by their ending', () => {
    expect([...findPlugins(folder, 'plant.yaml')]).toEqual([['works', join(folder, 'works')]]);
    expect([...findPlugins(folder, '*.yaml')]).toEqual([['lye', join(folder, 'lye.yaml')]]);
    expect(findPlugins(join(folder, 'nowhere'), 'plant.yaml').size).toBe(0);
  });

  it('names the nearest and all ids for an unknown one', () => {
    expect(() => pluginPath(findPlugins(folder, 'plant.yaml'), 'wroks', 'plant')).toThrow(
      "there is no plant 'wroks'; did you mean 'works'? (there are: works)",
    );
  });
});
