/** The plants that there are: every folder of `plants/` with a `plant.yaml`. */
import { findPlugins, type LoadedPlant, loadPlant, pluginPath } from '@penstock/core';

const FOLDER = new URL('../plants/', import.meta.url);

/** @throws FileError when a plant's file is wrong. */
export const listPlants = (): LoadedPlant[] =>
  [...findPlugins(FOLDER, 'plant.yaml').values()].map((folder) => loadPlant(folder));

/** @throws UsageError `plant.unknown` with the nearest id; FileError when its file is wrong. */
export const openPlant = (id: string): LoadedPlant =>
  loadPlant(pluginPath(findPlugins(FOLDER, 'plant.yaml'), id, 'plant'));
