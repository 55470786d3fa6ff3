/** The plants that there are: every folder of `plants/` with a `plant.yaml`. */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import {
  findPlugins,
  foldersOf,
  type LoadedPlant,
  loadPlant,
  optionKind,
  PenstockError,
  pluginPath,
  readText,
} from '@penstock/core';
import type { ProcessDefinition } from '@penstock/simulator/process';

const FOLDER = new URL('../plants/', import.meta.url);

/** A plant with its process, ready to be built into a range. */
export interface Plant extends LoadedPlant {
  readonly process: ProcessDefinition;
  /** SHA-256 over everything that makes the plant behave as it does; what was learned of another plant is stale. */
  readonly hash: string;
}

/** @throws FileError when a plant's file is wrong. */
export const listPlants = (): LoadedPlant[] =>
  [...findPlugins(FOLDER, 'plant.yaml').values()].map((folder) => loadPlant(folder));

/**
 * A plant by its id, or by the path of a folder elsewhere that holds one (`./my-plant`).
 * @throws UsageError `plant.unknown` with the nearest id; FileError when its file is wrong.
 */
export const openPlant = (id: string): Promise<Plant> =>
  readPlant(/[\\/]/.test(id) ? id : pluginPath(findPlugins(FOLDER, 'plant.yaml'), id, 'plant'));

/** @throws FileError; PenstockError `plant.process` when the process module has no process or does not know an option. */
export async function readPlant(folder: string): Promise<Plant> {
  const loaded = loadPlant(folder);
  const module = (await import(loaded.processModule.href)) as { default?: ProcessDefinition };
  const process = module.default;
  if (process?.build === undefined)
    throw new PenstockError(
      'plant.process',
      `${loaded.spec.process.module} of plant '${loaded.spec.id}' has no default export made with defineProcess`,
    );
  for (const [name, option] of Object.entries(loaded.spec.options))
    if (optionKind(option) === 'process' && process.options[name] === undefined)
      throw new PenstockError(
        'plant.option',
        `plant '${loaded.spec.id}' declares the option '${name}', which switches no device, conduit, access control list or rule and is none of its process (${Object.keys(process.options).join(', ')})`,
      );
  return { ...loaded, process, hash: hashOf(loaded) };
}

function hashOf(plant: LoadedPlant): string {
  const hash = createHash('sha256');
  const add = (name: string, text: string): void => void hash.update(`${name}\0${text}\0`);
  add('plant.yaml', readText(join(plant.folder, 'plant.yaml')));
  for (const [name, text] of plant.programs) add(name, text);
  for (const [name, path] of modelFiles(plant.folder)) add(name, readText(path));
  return hash.digest('hex');
}

/** The sources of a plant's model, in sub-folders too; tests and benchmarks only look at it. */
function* modelFiles(folder: string, within = ''): Generator<[name: string, path: string]> {
  for (const [name, path] of findPlugins(folder, '*.ts'))
    if (!/(^|\.)(bench|test)$/.test(name)) yield [`${within}${name}`, path];
  for (const [name, path] of foldersOf(folder)) if (name !== 'test') yield* modelFiles(path, `${within}${name}/`);
}
