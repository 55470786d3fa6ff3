/**
 * `penstock role …`: what one container of a range does. Compose files call it; each role loads what it needs and no more, since there are
 * many containers.
 */
import { parseArgs } from 'node:util';
import { UsageError } from '@penstock/core';
import { failureOf } from '../failure.ts';
import { note } from '../output.ts';
import { version } from '../version.ts';
import { ALIVE, layoutOf, MANAGEMENT_PORT, RANGE_ADDRESS, SENSOR_SOCKET } from './layout.ts';

const USAGE = `penstock role range --plant PLANT [--seed N] [--hour H]
penstock role device ID
penstock role firewall ID
penstock role sensor --plant PLANT
penstock role attack-box --plant PLANT --zone ZONE
penstock role opcua-front ID --plant PLANT

What one container of a range does; penstock compose PLANT writes the file that starts them.`;

interface Role {
  stop(): Promise<void> | void;
  /** Resolves when the role has ended by itself or was stopped. */
  readonly ended?: Promise<void>;
}

async function start(words: readonly string[]): Promise<Role> {
  const { values, positionals } = parseArgs({
    args: [...words],
    allowPositionals: true,
    options: {
      plant: { type: 'string' },
      zone: { type: 'string' },
      seed: { type: 'string', default: '1' },
      hour: { type: 'string', default: '9' },
      help: { type: 'boolean', default: false },
    },
  });
  const [name, id] = positionals;
  const given = <T>(value: T | undefined, what: string): T => {
    if (value === undefined) throw new UsageError('role.missing', `role ${name} needs ${what}\n${USAGE}`);
    return value;
  };
  const range = { host: RANGE_ADDRESS, port: MANAGEMENT_PORT };
  switch (values.help ? undefined : name) {
    case 'device': {
      const { DeviceAgent } = await import('./agent.ts');
      const agent = new DeviceAgent({ device: given(id, 'the id of a device'), version, range, alive: ALIVE, note });
      agent.start();
      return agent;
    }
    case 'firewall': {
      const { firewallAgent } = await import('./firewall-role.ts');
      return firewallAgent({ device: given(id, 'the id of the firewall'), version, range, alive: ALIVE, note });
    }
    case 'sensor': {
      const [{ Sensor }, { openPlant }] = await Promise.all([import('./sensor.ts'), import('@penstock/range')]);
      const { zones } = layoutOf((await openPlant(given(values.plant, '--plant'))).spec);
      const sensor = new Sensor({ zones, socket: SENSOR_SOCKET, health: ALIVE, note });
      sensor.start();
      return sensor;
    }
    case 'attack-box': {
      const { startAttackBox } = await import('./attack-box.ts');
      return startAttackBox(given(values.plant, '--plant'), given(values.zone, '--zone'), ALIVE);
    }
    case 'opcua-front': {
      const [{ startOpcUaFront }, { openPlant }] = await Promise.all([
        import('./opcua-front-role.ts'),
        import('@penstock/range'),
      ]);
      return startOpcUaFront(
        (await openPlant(given(values.plant, '--plant'))).spec,
        given(id, 'the id of a device'),
        note,
      );
    }
    case 'range': {
      const { RangeRole } = await import('./range-role.ts');
      const role = await RangeRole.start({
        ...{ plant: given(values.plant, '--plant'), version },
        ...{ seed: whole(values.seed, 'seed'), hour: whole(values.hour, 'hour') },
        publishedPort: Number(process.env.PENSTOCK_PORT ?? 8080),
      });
      return { stop: () => role.stop(), ended: role.play() };
    }
    default:
      throw new UsageError('role.unknown', USAGE);
  }
}

function whole(text: string, what: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 0)
    throw new UsageError(`role.${what}`, `--${what} is a whole number from 0 on, not '${text}'`);
  return number;
}

try {
  const role = await start(process.argv.slice(3));
  let stopping = false;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => {
      if (stopping) return;
      stopping = true;
      void Promise.resolve(role.stop())
        .then(() => role.ended)
        .then(() => process.exit(0));
    });
  await role.ended;
} catch (error) {
  const failure = failureOf(error);
  if (failure === undefined) throw error;
  note(`penstock: ${failure.line}`);
  process.exit(failure.code);
}
