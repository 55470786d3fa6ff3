/**
 * The Docker engine that ranges in containers are tested on. Where there is none, or no base image, these tests are skipped, visibly; under CI
 * they fail instead. Shared by all files of this folder, which run one after the other once all other tests are done.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** Milliseconds that an image may take to be built, on a machine that does other things too. */
export const BUILD_LIMIT = 900_000;

export interface Said {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program of the engine's to its end. */
export function run(
  command: string,
  words: readonly string[],
  { input, limit = 120_000, env }: { input?: string; limit?: number; env?: NodeJS.ProcessEnv } = {},
): Said {
  const { status, stdout, stderr, error } = spawnSync(command, words, {
    ...{ cwd: ROOT, encoding: 'utf8', timeout: limit, killSignal: 'SIGKILL', maxBuffer: 64 * 1024 * 1024 },
    ...(input !== undefined && { input }),
    env: { ...process.env, ...(baseImage !== undefined && { NODE_IMAGE: baseImage }), ...env },
  });
  return { code: status, stdout: stdout ?? '', stderr: (stderr ?? '') + (error === undefined ? '' : String(error)) };
}

export const docker = (...words: readonly string[]): Said => run('docker', words);

/** The first base image that is there: of the environment, made on site, of the registry. */
const baseImage = [process.env.NODE_IMAGE, 'range-node:local', 'node:24-bookworm-slim'].find(
  (image) =>
    image !== undefined &&
    spawnSync('docker', ['image', 'inspect', image], { stdio: 'ignore', timeout: 60_000 }).status === 0,
);

/** `docker compose` where there is the plugin, else `docker-compose`. */
export const compose: readonly [string, ...string[]] =
  spawnSync('docker', ['compose', 'version'], { stdio: 'ignore', timeout: 60_000 }).status === 0
    ? ['docker', 'compose']
    : ['docker-compose'];

const [composeCommand, ...composeWords] = compose;
export const composed = (words: readonly string[], options?: Parameters<typeof run>[2]): Said =>
  run(composeCommand, [...composeWords, ...words], options);

/** Why nothing can be tested on an engine here; undefined where it can. */
export const without: string | undefined =
  spawnSync('docker', ['info'], { stdio: 'ignore', timeout: 60_000 }).status !== 0
    ? 'no Docker engine answers'
    : spawnSync(composeCommand, [...composeWords, 'version'], { stdio: 'ignore', timeout: 60_000 }).status !== 0
      ? 'there is no docker-compose'
      : baseImage === undefined
        ? 'there is no base image (NODE_IMAGE, range-node:local or node:24-bookworm-slim)'
        : undefined;

/** In each file: CI without an engine would prove nothing, so it fails there. */
export function engineIsThere(): void {
  if (without === undefined) return;
  it(`has a Docker engine (here: ${without}; skipped unless under CI)`, ({ skip }) => {
    if (process.env.CI !== 'true') skip();
    expect.fail(`${without}; see docker/README.md`);
  });
}

/** Image of a service, and the target of docker/Dockerfile that it is. */
const IMAGES = { range: ['penstock', 'penstock'], 'attack-box': ['penstock-attack-box', 'attack-box'] } as const;

/** Builds the image of a service as `.ci/run` does, from what is built already where nothing has changed. */
export function buildImage(service: keyof typeof IMAGES): Said {
  const [image, target] = IMAGES[service];
  const given = { NODE_IMAGE: baseImage, NPM_CONFIG_REGISTRY: process.env.NPM_CONFIG_REGISTRY ?? '' };
  const words = Object.entries(given).flatMap(([name, value]) => ['--build-arg', `${name}=${value}`]);
  return run('docker', ['build', '--file', 'docker/Dockerfile', '--target', target, '--tag', image, ...words, '.'], {
    limit: BUILD_LIMIT,
  });
}
