import { UsageError } from '@penstock/core';
import { openPlant } from '@penstock/range';
import type { Command } from 'commander';
import { composeFile } from '../containers/compose.ts';
import { hourOption, plantReference, seedOption } from '../options.ts';
import { version } from '../version.ts';

interface ComposeCommandOptions {
  readonly attacker?: string;
  readonly front?: readonly string[];
  readonly seed: number;
  readonly hour: number;
}

/** `penstock compose PLANT`: prints the compose file of a plant's range. Looks at no engine. */
export function addCompose(program: Command): void {
  program
    .command('compose')
    .description("print the compose file of a plant's range in containers")
    .argument('[plant]', 'a plant of `penstock plants`, or a folder with one', 'drinking-water')
    .option('--attacker <zone>', "with an attack box, a shell with the trade's tools, in this zone")
    .option(
      '--front <device>',
      'with OPC UA with Sign and SignAndEncrypt in front of this server; can be given again',
      (device: string, before: readonly string[] = []) => [...before, device],
    )
    .option('--seed <n>', 'seed of the first run', seedOption, 1)
    .option('--hour <n>', 'hour that it starts at, counted from Monday 00:00', hourOption, 9)
    .action(async (id: string, { attacker, front = [], seed, hour }: ComposeCommandOptions) => {
      const { spec } = await openPlant(id);
      const zones = spec.zones.map((zone) => zone.id);
      if (attacker !== undefined && !zones.includes(attacker))
        throw new UsageError(
          'compose.zone',
          `plant '${spec.id}' has no zone '${attacker}' for an attack box; it has ${zones.join(', ')}`,
        );
      const servers = spec.devices.filter(({ services }) => services.some(({ protocol }) => protocol === 'opcua'));
      for (const device of front)
        if (!servers.some((server) => server.id === device))
          throw new UsageError(
            'compose.front',
            `'${device}' of plant '${spec.id}' has no OPC UA server; ${servers.map((server) => server.id).join(', ') || 'nobody'} has`,
          );
      const reference = plantReference(id);
      const words = ['penstock compose', id, ...(attacker === undefined ? [] : ['--attacker', attacker])];
      for (const device of front) words.push('--front', device);
      if (seed !== 1) words.push('--seed', String(seed));
      if (hour !== 9) words.push('--hour', String(hour));
      process.stdout.write(
        composeFile(spec, {
          ...{ version, seed, hour, command: words.join(' ') },
          ...(attacker !== undefined && { attacker }),
          fronts: front,
          ...(reference !== id && { folder: reference }),
        }),
      );
    });
}
