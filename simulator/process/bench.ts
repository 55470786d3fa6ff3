/**
 * Speed of a plant's process with its instruments and final elements, alone on one core: `node simulator/process/bench.ts PLANT_FOLDER [seconds]`.
 * Tags come from the plant's `plant.yaml`.
 */
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { inSeconds, loadPlant } from '@penstock/core';
import { ProcessEngine } from './index.ts';

const [folder = 'plants/drinking-water', simulated = '200000'] = process.argv.slice(2);
const plant = loadPlant(resolve(folder));
const definition = (await import(pathToFileURL(resolve(folder, plant.spec.process.module)).href)).default;
const step = inSeconds(plant.spec.process.step);
const engine = new ProcessEngine(definition, plant.spec.tags, { step, seed: 1, method: plant.spec.process.method });
const count = Math.round(Number(simulated) / step);
for (let i = 0; i < count / 10; i++) engine.step();
const before = performance.now();
for (let i = 0; i < count; i++) engine.step();
const wall = (performance.now() - before) / 1000;
console.log(
  `${plant.spec.id}: ${plant.spec.tags.length} tags, ${definition.states.length} states, step ${step} s: ` +
    `${((wall / count) * 1e6).toFixed(2)} µs a step, ${Math.round((count * step) / wall)} × real time`,
);
