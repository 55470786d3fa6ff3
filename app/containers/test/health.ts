/** The health probes of docker/, asked of devices that are processes. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { PlantSpec } from '@penstock/core';
import { probeOf } from '../probes.ts';

const PROBE = fileURLToPath(new URL('../../../docker/health.mjs', import.meta.url));

/** What the probes of a plant's devices say, one after the other: `device protocol: well`, or the exit code and why not. */
export async function healthOf(plant: PlantSpec): Promise<string[]> {
  const said: string[] = [];
  for (const device of plant.devices) {
    const words = probeOf(device);
    // A file that is touched in a container only.
    if (words[0] === 'file') continue;
    const child = spawn(process.execPath, [PROBE, ...words], { stdio: ['ignore', 'pipe', 'inherit'] });
    let problem = '';
    child.stdout.on('data', (text: Buffer) => {
      problem += text.toString('utf8');
    });
    const [code] = (await once(child, 'close')) as [number | null];
    said.push(`${device.id} ${words[0]}: ${code === 0 ? 'well' : `${code} ${problem.trim()}`}`);
  }
  return said;
}
