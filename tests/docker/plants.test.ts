/**
 * Every other plant as containers: all of it gets well, the process moves, what people are shown is what is, the monitor hears every
 * conversation that the plant declares and is silent while nothing happens, an order goes through, and a scenario is detected and taken back.
 * A landing tries the plant with the fewest containers; `npm run prove` tries all of them, and has patience.
 */
import { loadScenario } from '@penstock/attacks';
import type { AlertMessage, KeyframeMessage, NetworkMessage, PacketsMessage } from '@penstock/core';
import { inSeconds, minutes } from '@penstock/core';
import { openPlant, type Plant } from '@penstock/range';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ContainerRange } from './containers.ts';
import { BUILD_LIMIT, engineIsThere, without } from './engine.ts';

engineIsThere();

interface Trial {
  readonly plant: string;
  readonly about: string;
  /** What an operator orders and takes back: a tag, and by how much it moves. */
  readonly order: { readonly tag: string; readonly by: number };
  /** Tags whose truth is another after a few seconds. */
  readonly moves: readonly string[];
  readonly scenario: string;
  /** What packets about that order and of that protocol must say. */
  readonly wire: readonly { readonly filter: string; readonly says: RegExp }[];
}

const TRIALS: readonly Trial[] = [
  {
    plant: 'tennessee-eastman',
    about: 'controllers of three makers, each in its own tongue',
    order: { tag: 'LIC301_SP', by: 0.5 },
    moves: ['PIT201', 'TIT201', 'LIT301'],
    scenario: 'worst-second',
    wire: [{ filter: 's7comm LIC301_SP', says: /LIC301_SP/ }],
  },
  {
    plant: 'water-network',
    about: 'the hydraulics of EPANET inside the image, and stations that tell each other their levels',
    order: { tag: 'LIC101_OFF', by: -0.05 },
    moves: ['LIT201', 'LIT601', 'FIT101'],
    scenario: 'tank-threshold',
    wire: [{ filter: 'modbus LIC101_OFF', says: /LIC101_OFF/ }],
  },
  {
    plant: 'power-grid',
    about: 'three dozen devices that speak DNP3: selected before operated, and told without being asked',
    order: { tag: 'CSWI70', by: -1 },
    moves: ['BUS05_KV', 'BUS07_HZ', 'GEN01_P'],
    scenario: 'breaker-hand',
    wire: [
      { filter: 'dnp3 CSWI70', says: /SELECT/ },
      { filter: 'dnp3 CSWI70', says: /OPERATE/ },
      { filter: 'dnp3', says: /UNSOLICITED_RESPONSE/ },
    ],
  },
];

const PROVING = process.env.PENSTOCK_PROVE === '1';
const SLOW = 900_000;
/** For what is asynchronous, on a machine that does other things too. */
const PATIENCE = 300_000;
/** Normal operation that must be silent. */
const QUIET_S = PROVING ? 180 : 5;
/** A landing waits for what a scenario shows at once. */
const LONGEST_WAIT = PROVING ? minutes(5) : minutes(0.5);

describe.skipIf(without !== undefined).each(PROVING ? TRIALS : TRIALS.slice(0, 1))(
  '$plant in containers: $about',
  { timeout: SLOW },
  ({ plant: id, order, moves, scenario, wire }) => {
    const range = new ContainerRange(id);
    const figures: string[] = [];
    let plant: Plant;

    beforeAll(
      async () => {
        plant = await openPlant(id);
        await range.configure();
        const { code, stderr } = range.build('range');
        expect([code, code === 0 ? '' : stderr.slice(-2000)]).toEqual([0, '']);
        // What an interrupted test left; a range that somebody uses is left alone.
        range.clear();
        const began = performance.now();
        const started = range.up();
        expect([started.code, started.code === 0 ? '' : started.stderr]).toEqual([0, '']);
        await range.untilWell(PATIENCE);
        figures.push(`all of ${range.states().length} healthy after ${seconds(began)} s`);
      },
      2 * BUILD_LIMIT + SLOW,
    );

    afterAll(() => {
      console.log(`${id} in containers: ${figures.join('; ')}`);
      range.down();
    }, SLOW);

    const seconds = (since: number): number => Math.round((performance.now() - since) / 100) / 10;
    const value = (state: KeyframeMessage, source: 'displayed' | 'measured' | 'true', tag: string): number =>
      state.values[source][state.tags.findIndex((one) => one.id === tag)] ?? Number.NaN;
    const shown = async (tag: string): Promise<number> => value(await range.stateNow(), 'displayed', tag);
    /** Tags that a client of a running range shows: what its clients have ever received. */
    const unseen = ({ tags, values }: KeyframeMessage): string[] =>
      tags.flatMap(({ id: tag, operable }, i) => (operable && values.displayed[i] === null ? [tag] : []));
    const medium = ({ severity }: AlertMessage): boolean => severity !== 'low' && severity !== 'informational';
    const line = ({ rule, device, tag, message }: AlertMessage): string => `${rule} ${device} ${tag}: ${message}`;

    it('the page shows fresh values of everything that can be ordered, and of what moves what is', async () => {
      await expect
        .poll(async () => (await range.stateNow()).values.stale, { timeout: PATIENCE, interval: 1000 })
        .toEqual([]);
      await expect.poll(async () => unseen(await range.stateNow()), { timeout: PATIENCE, interval: 1000 }).toEqual([]);
      for (const tag of moves)
        await expect
          .poll(
            async () => {
              const state = await range.stateNow();
              const [low, high] = plant.spec.tags.find((one) => one.id === tag)?.range ?? [0, 1];
              return Math.abs(value(state, 'displayed', tag) - value(state, 'true', tag)) / (high - low);
            },
            { timeout: PATIENCE, interval: 500, message: tag },
          )
          .toBeLessThan(0.05);
    });

    it('the process moves', async () => {
      const before = await range.stateNow();
      for (const tag of moves)
        await expect
          .poll(async () => value(await range.stateNow(), 'true', tag), { timeout: PATIENCE, message: tag })
          .not.toBe(value(before, 'true', tag));
    });

    it('the monitor hears every conversation that the plant declares', async () => {
      const declared = plant.spec.devices.flatMap(({ id: client, polls }) =>
        polls.flatMap(({ device, protocol }) => {
          const server = plant.spec.devices.find((one) => one.id === device);
          const port = server?.services.find((service) => service.protocol === protocol)?.port;
          return server?.absent === true ? [] : [`${client} ${device} ${port}`];
        }),
      );
      expect(declared.length).toBeGreaterThan(5);
      const unheard = async (): Promise<string[]> => {
        const flows = (await range.api<NetworkMessage>('network'))?.flows.flows ?? [];
        const heard = new Set(flows.map(({ from, to, port }) => `${from} ${to} ${port}`));
        return declared.filter((one) => !heard.has(one));
      };
      await expect.poll(unheard, { timeout: PATIENCE, interval: 1000 }).toEqual([]);
    });

    it('normal operation raises nothing that anybody would have to look at', async () => {
      const { values } = await range.stateNow();
      await expect
        .poll(async () => (await range.stateNow()).values.time, { timeout: PATIENCE, interval: 1000 })
        .toBeGreaterThan(values.time + QUIET_S);
      const state = await range.stateNow();
      expect(state.alerts.filter(medium).map(line)).toEqual([]);
      expect(state.values.stale).toEqual([]);
    });

    it.runIf(PROVING)('costs little', () => {
      const used = range.used();
      const [memory, processor] = [
        used.reduce((sum, { mebibytes }) => sum + mebibytes, 0),
        used.reduce((sum, one) => sum + one.processor, 0),
      ];
      const most = used.toSorted((a, b) => b.mebibytes - a.mebibytes).slice(0, 3);
      figures.push(
        `${Math.round(memory)} MiB together, most of it ${most.map((one) => `${one.service} ${Math.round(one.mebibytes)}`).join(', ')}`,
        `${Math.round(processor)} % of one core`,
      );
      expect(used).toHaveLength(plant.spec.devices.length + 2);
      // A role is a process of Node's, with what its protocols need.
      expect(memory).toBeLessThan(75 * used.length);
    });

    it(`an operator's order of ${order.tag} goes through and is taken back`, async () => {
      const before = await shown(order.tag);
      for (const wanted of [before + order.by, before]) {
        expect(await range.api('operate', { tag: order.tag, value: wanted })).toBeDefined();
        await expect.poll(() => shown(order.tag), { timeout: PATIENCE, interval: 500 }).toBeCloseTo(wanted, 3);
      }
      const { orders } = await range.stateNow();
      expect(orders.map(({ what, outcome }) => [what, outcome])).toEqual([
        [order.tag, 'done'],
        [order.tag, 'done'],
      ]);
      for (const { filter, says } of wire)
        await expect.poll(() => wordsOf(filter), { timeout: PATIENCE, interval: 1000 }).toMatch(says);
    });

    it(`${scenario} is detected as its file expects, and taken back`, { timeout: 4 * SLOW }, async () => {
      const { expect: all, revert } = loadScenario(scenario);
      const expected = all.filter(({ within }) => within <= LONGEST_WAIT);
      // Somebody may have to drive there before it is as it was.
      const takes = revert.map((step) => ('takes' in step && step.takes) || 0);
      const onSite = takes.reduce<number>((sum, one) => sum + one, 0) / 1000;
      expect(expected.length).toBeGreaterThan(0);
      const before = (await range.stateNow()).alerts.at(-1)?.number ?? 0;
      const launch = { do: 'start', scenario, variant: 'attack', mode: 'run', inputs: {}, now: true };
      expect(await range.api('attack', launch)).toBeDefined();
      const began = performance.now();
      const missing = async (): Promise<string[]> => {
        const alerts = (await range.stateNow()).alerts.filter(({ number }) => number > before);
        return expected.flatMap(({ rule, device, tag, technique, about }) =>
          alerts.some(
            (alert) =>
              (rule === undefined || alert.rule === rule) &&
              (device === undefined || alert.device === device) &&
              (tag === undefined || alert.tag === tag) &&
              (technique === undefined || alert.techniques.includes(technique)),
          )
            ? []
            : [about],
        );
      };
      // Until then no longer than the slowest of them may take, and some more for a machine that is busy.
      const patience = inSeconds(LONGEST_WAIT) * 1000 + PATIENCE;
      try {
        await expect.poll(missing, { timeout: patience, interval: 1000 }).toEqual([]);
        figures.push(`${scenario}: all ${expected.length} expected alerts after ${seconds(began)} s`);
      } finally {
        await range.api('attack', { do: 'stop' });
      }
      await expect
        .poll(async () => (await range.stateNow()).attack?.state, { timeout: onSite + PATIENCE, interval: 1000 })
        .toBe('ended');
      const { attack } = await range.stateNow();
      expect(attack?.reverted.length).toBeGreaterThan(0);
      expect(attack?.reverted.filter(({ proven }) => !proven)).toEqual([]);
    });

    it('after all that every health check is green, and nothing was started anew', async () => {
      await expect.poll(() => range.ill(), { timeout: PATIENCE, interval: 1000 }).toEqual([]);
      expect(range.states().filter(({ restarts }) => restarts > 0)).toEqual([]);
    });

    /** What the packets that a filter finds are said to say, one a line. */
    async function wordsOf(filter: string): Promise<string> {
      const words: string[] = [];
      for (let from: number | null = 1; from !== null; ) {
        const page: PacketsMessage | undefined = await range.api(
          `packets?filter=${encodeURIComponent(filter)}&from=${from}&count=500`,
        );
        words.push(...(page?.rows ?? []).map(({ info }) => info));
        from = page?.next ?? null;
      }
      return words.join('\n');
    }
  },
);
