/** A plant whose gateway tells its tags to a broker over Sparkplug: what is displayed at the other end, and what is commanded from there. */
import { fileURLToPath } from 'node:url';
import { checkPlant, FileError, parseYaml, plantSchema, readText, seconds } from '@penstock/core';
import type { Device } from '@penstock/simulator/devices';
import { beforeAll, describe, expect, it } from 'vitest';
import { gateServices, type Plant, Play, type PlayRequest, readPlant } from '../index.ts';

const at = (s: number) => seconds(s) as never;
const FOLDER = fileURLToPath(new URL('./gateway-plant', import.meta.url));
const TAGS = ['LIT201', 'P201', 'LIC201_SP', 'LIC201_MODE', 'KQ201'];

let plant: Plant;
beforeAll(async () => {
  plant = await readPlant(FOLDER);
});

function start(change: Partial<PlayRequest> = {}) {
  const play = new Play({ plant, run: 'test', seed: 7, startAt: 0 as never, ...change });
  const { range } = play;
  const device = (id: string): Device => range.devices.get(id) as Device;
  const index = (tag: string): number => range.spec.tags.findIndex(({ id }) => id === tag);
  return {
    play,
    device,
    shown: (id: string, tag: string): number => device(id).store.values[index(tag)] as number,
    held: (tag: string): number => device('tank-plc').controller?.variable(tag).get() as number,
  };
}

describe('a gateway that speaks Sparkplug', () => {
  it('tells the dashboard what the controller holds, within its dead band', () => {
    const { play, shown, held } = start();
    for (let minute = 1; minute <= 8; minute++) {
      play.runUntil(at(60 * minute + 7));
      for (const tag of TAGS) {
        const width = tag === 'LIT201' ? 0.05 : 0;
        expect(Math.abs(shown('dashboard', tag) - held(tag)), tag).toBeLessThanOrEqual(width);
      }
    }
    expect(shown('dashboard', 'KQ201')).toBeGreaterThan(0);
    play.finish();
  });

  it('does what the dashboard commands, over its own session with the controller, and journals who it was', () => {
    const { play, device, held } = start();
    play.runUntil(at(60));
    const cause = { actor: 'operator', step: 'test' };
    const wrote: unknown[] = [];
    const { journal } = device('tank-plc');
    const tell = journal.wrote.bind(journal);
    journal.wrote = (...all) => {
      wrote.push([all[2], all[3], all[5].address, all[6]]);
      tell(...all);
    };
    const points = play.range.foothold('dashboard').points?.('tank-plc', cause);
    let taken: boolean | undefined;
    points?.write('LIC201_SP', 3.25, (accepted) => {
      taken = accepted;
    });
    play.runUntil(at(70));
    expect([taken, held('LIC201_SP')]).toEqual([true, 3.25]);
    expect(wrote).toEqual([['LIC201_SP', 3.25, '10.9.35.20', cause]]);
    expect(() => points?.write('LIT201X', 1)).toThrow("no Sparkplug metric for 'LIT201X'");
    play.finish();
  });

  it('says that it is gone, and that what stands behind it is, and comes back', () => {
    const { play, device, shown, held } = start();
    play.runUntil(at(60));
    device('tank-plc').linkDown();
    play.runUntil(at(120));
    const stood = shown('dashboard', 'LIT201');
    play.runUntil(at(180));
    expect(shown('dashboard', 'LIT201')).toBe(stood);
    device('tank-plc').linkUp();
    play.runUntil(at(300));
    expect(shown('dashboard', 'LIT201')).toBeCloseTo(held('LIT201'), 1);
    device('broker').powerOff(play.range.queue.now);
    play.runUntil(at(330));
    device('broker').powerOn(play.range.queue.now);
    play.runUntil(at(500));
    expect(shown('dashboard', 'LIT201')).toBeCloseTo(held('LIT201'), 1);
    play.finish();
  });

  it('is the same run from the same seed', () => {
    const count = (): unknown[] => {
      const { play, shown } = start();
      play.runUntil(at(120));
      const values = TAGS.map((tag) => shown('dashboard', tag));
      play.finish();
      return [values, play.range.queue.now];
    };
    expect(count()).toEqual(count());
  });

  it('has a gate to its broker', () => {
    expect(gateServices(plant)).toContainEqual({
      device: 'broker',
      service: 'mqtt',
      address: '10.9.35.21',
      port: 1883,
      transport: 'tcp',
    });
  });
});

describe('the plant file', () => {
  const text = readText(`${FOLDER}/plant.yaml`);
  it.each([
    ['broker: broker\n        group', 'broker: scada\n        group', 'scada offers no mqtt service to cloud-gateway'],
    ['user: gateway', 'user: gatway', "there is no user 'gatway'; did you mean 'gateway'?"],
    ['password: Weir-77\n', 'password: weir\n', 'broker has another password for gateway'],
    ['source: tank-plc', 'source: scada', 'scada has no point for LIT201'],
    ['tags: [LIT201, P201', 'tags: [LIT202, P201', "there is no tag 'LIT202'; did you mean 'LIT201'?"],
    ['commands: [LIC201_SP, LIC201_MODE]', 'commands: [LIT201]', 'LIT201 in tank-plc is not writable'],
    [
      '    firmware: { signed: false, flash: 20s }\n',
      '',
      "the firmware of cloud-gateway cannot be replaced; give it 'firmware'",
    ],
    ['updates: spBv1.0/works/update/gateway', 'updates: spBv1.0/#', "a topic to publish to has no '+' or '#'"],
    ['user: dashboard, publish', 'user: dashbord, publish', "there is no user 'dashbord'; did you mean 'dashboard'?"],
    ['node: gateway', "node: 'a/b'", "a name in a topic has no '/', '+' or '#'"],
    [
      'allow: [{ from: [dashboard], to: [broker], port: 1883 }]',
      'allow: []',
      'no conduit lets dashboard (zone office) open TCP port 1883',
    ],
    ['every: 2s\n        user', 'every: 0s\n        user', 'cloud-gateway would look for changes every 0 s'],
  ])('with %j as %j is told: … %s', (before, after, message) => {
    expect(text).toContain(before);
    expect(problemsOf(text.replace(before, after)).join('\n')).toContain(message);
  });
});

function problemsOf(text: string): string[] {
  try {
    const { value, source } = parseYaml(text, 'plant.yaml', plantSchema);
    return checkPlant(value, source).map(({ message }) => message);
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    return error.problems.map(({ message }) => message);
  }
}
