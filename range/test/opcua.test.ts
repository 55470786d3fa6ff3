/** A plant whose SCADA server and controller offer OPC UA: what clients display is what the controller holds, and what they write gets there. */
import { fileURLToPath } from 'node:url';
import { checkPlant, parseYaml, plantSchema, readText, seconds } from '@penstock/core';
import {
  BUILT_IN,
  browseBody,
  NODE,
  numericId,
  OBJECT,
  type RequestOf,
  type ResponseOf,
  readRequest,
  type ServiceName,
  statusName,
  stringId,
  writeBody,
} from '@penstock/protocols/opcua';
import type { Device } from '@penstock/simulator/devices';
import type { OpcUaSession } from '@penstock/simulator/kernel';
import { beforeAll, describe, expect, it } from 'vitest';
import { gateServices, type Plant, Play, type PlayRequest, readPlant } from '../index.ts';

const at = (s: number) => seconds(s) as never;
const FOLDER = fileURLToPath(new URL('./opcua-plant', import.meta.url));
const TAGS = ['LIT101', 'P101', 'LIC101_SP', 'LIC101_MODE'];
const CAUSE = { actor: 'operator', step: 'test' };
const node = (name: string) => stringId(name, 2);

let plant: Plant;
beforeAll(async () => {
  plant = await readPlant(FOLDER);
});

function start(change: Partial<PlayRequest> = {}) {
  const play = new Play({ plant, run: 'test', seed: 7, startAt: 0 as never, ...change });
  const { range } = play;
  const device = (id: string): Device => range.devices.get(id) as Device;
  const index = (tag: string): number => range.spec.tags.findIndex(({ id }) => id === tag);
  let now = 0;
  const run = (s: number): void => {
    now += s;
    play.runUntil(at(now));
  };
  const ask = <N extends ServiceName>(session: OpcUaSession, service: N, body: RequestOf<N>) => {
    let heard: { response: ResponseOf<N> | undefined; status: string } | undefined;
    session.request(service, body, CAUSE, (response, status) => {
      heard = { response, status: statusName(status) };
    });
    run(10);
    return heard;
  };
  return {
    play,
    device,
    ask,
    run,
    shown: (id: string, tag: string): number => device(id).store.values[index(tag)] as number,
    received: (id: string, tag: string): number => device(id).store.times[index(tag)] as number,
    held: (tag: string): number => device('tank-plc').controller?.variable(tag).get() as number,
  };
}

describe('OPC UA in a plant', () => {
  it('shows the historian and the panel what the SCADA server displays', () => {
    const { play, run, shown, received, held } = start();
    run(10);
    for (let minute = 1; minute <= 20; minute++) {
      run(60);
      for (const tag of TAGS) {
        // The pump may have been switched since the last poll.
        const width = tag === 'LIT101' ? 0.05 : tag === 'P101' ? 1 : 0;
        expect(Math.abs(shown('historian', tag) - held(tag)), tag).toBeLessThanOrEqual(width);
        // A value that stays is as fresh as the last sign of life.
        expect(play.range.queue.now - received('historian', tag), tag).toBeLessThan(15e6);
      }
      expect(Math.abs(shown('panel', 'LIT101') - held('LIT101'))).toBeLessThan(0.05);
    }
    play.finish();
  });

  it('passes a write on to the controller, in the name of whoever asked, and the journal has both ends', () => {
    const { play, device, run, held, shown } = start();
    run(30);
    const wrote: unknown[] = [];
    const { journal } = device('tank-plc');
    const tell = journal.wrote.bind(journal);
    journal.wrote = (...all) => {
      wrote.push([all[1], all[2], all[3], all[5].address, all[6]]);
      tell(...all);
    };
    const points = play.range.foothold('panel').points?.('scada', CAUSE);
    let taken: boolean | undefined;
    points?.write('LIC101_SP', 3.25, (accepted) => {
      taken = accepted;
    });
    run(5);
    expect([taken, held('LIC101_SP')]).toEqual([true, 3.25]);
    expect(wrote).toEqual([['tank-plc', 'LIC101_SP', 3.25, '10.9.42.10', CAUSE]]);
    run(5);
    expect(shown('historian', 'LIC101_SP')).toBe(3.25);
    points?.write('LIC101_SP', 4.95, (accepted) => {
      taken = accepted;
    });
    run(5);
    expect([taken, held('LIC101_SP')]).toEqual([false, 3.25]);
    expect(() => points?.write('LIT101X', 1)).toThrow("does not offer 'LIT101X' over OPC UA");
    play.finish();
  });

  it('lets an anonymous session read and browse, not write, and says so in its log', () => {
    const { play, device, ask, held } = start();
    const logged: string[] = [];
    const { journal } = device('scada');
    const tell = journal.logged.bind(journal);
    journal.logged = (...all) => {
      logged.push(`${all[1]} ${all[2].id} ${all[2].text}`);
      tell(...all);
    };
    const session = play.range.foothold('engineer').opcua?.('scada', CAUSE) as OpcUaSession;
    const browsed = ask(session, 'Browse', browseBody([node('area.tank')]));
    expect(browsed?.response?.results[0]?.references.map(({ browseName }) => browseName.name)).toEqual([
      ...TAGS,
      'SetLevel',
    ]);
    const write = ask(session, 'Write', writeBody([[node('LIC101_SP'), { type: BUILT_IN.Double, value: 4 }]]));
    expect(write?.response?.results.map(statusName)).toEqual(['BadUserAccessDenied']);
    expect(held('LIC101_SP')).not.toBe(4);
    expect(logged.filter((line) => line.includes('10.9.42.30'))).toEqual([
      "scada logon session 'Engineering station' of anonymous, from 10.9.42.30 over OPC UA",
      'scada opcua-write-refused write of LIC101_SP by anonymous refused: BadUserAccessDenied, from 10.9.42.30 over OPC UA',
    ]);
    session.release();
    play.finish();
  });

  it('offers the controller itself to engineers only, with a method that acts', () => {
    const { play, ask, run, held, device } = start();
    run(5);
    const open = (user?: { name: string; password: string }) =>
      play.range.foothold('engineer').opcua?.('tank-plc', CAUSE, { user }) as OpcUaSession;
    const nobody = ask(open(), 'Read', readRequest([node('LIT101')]).body);
    expect(nobody).toEqual({ response: undefined, status: 'BadIdentityTokenRejected' });
    const session = open({ name: 'engineer', password: 'sluice' });
    const read = ask(session, 'Read', readRequest([node('LIT101')]).body);
    expect(read?.response?.results[0]?.value?.value).toBeGreaterThan(1);
    const call = ask(session, 'Call', {
      methodsToCall: [{ objectId: node('area.tank'), methodId: node('tank.Normal'), inputArguments: [] }],
    });
    expect(statusName(call?.response?.results[0]?.statusCode ?? 1)).toBe('Good');
    expect(held('LIC101_SP')).toBe(2.5);
    const add = ask(session, 'AddNodes', { nodesToAdd: [] });
    expect(add?.status).toBe('BadServiceUnsupported');
    // Power off and on: sessions are gone, and clients come back.
    device('scada').powerOff(play.range.queue.now);
    run(20);
    device('scada').powerOn(play.range.queue.now);
    run(60);
    expect(play.range.queue.now - (device('historian').store.times[0] as number)).toBeLessThan(15e6);
    play.finish();
  });

  it('keeps history of what the SCADA server displayed', () => {
    const { play, ask, run } = start();
    run(120);
    const session = play.range.foothold('engineer').opcua?.('scada', CAUSE) as OpcUaSession;
    const epoch = Date.UTC(2026, 2, 2) * 1000;
    const history = ask(session, 'HistoryRead', {
      historyReadDetails: OBJECT.readRawModifiedDetails.pack({
        ...{
          isReadModified: false,
          startTime: epoch,
          endTime: epoch + 100e6,
          numValuesPerNode: 0,
          returnBounds: false,
        },
      }),
      ...{ timestampsToReturn: 0, releaseContinuationPoints: false },
      nodesToRead: [
        {
          ...{ nodeId: node('LIT101'), indexRange: undefined, dataEncoding: { namespace: 0, name: undefined } },
          continuationPoint: undefined,
        },
      ],
    });
    const data = OBJECT.historyData.unpack(history?.response?.results[0]?.historyData as never);
    expect(data?.dataValues.length).toBeGreaterThan(15);
    const status = ask(session, 'Read', readRequest([numericId(NODE.Server_ServerStatus)]).body);
    expect(OBJECT.serverStatus.unpack(status?.response?.results[0]?.value?.value as never)?.buildInfo.productName).toBe(
      'System Platform',
    );
    play.finish();
  });

  it('is the same run with the same seed', () => {
    const digest = (): string => {
      const { play, run, shown } = start();
      run(300);
      const state = TAGS.map((tag) => shown('historian', tag)).join();
      play.finish();
      return state;
    };
    expect(digest()).toBe(digest());
  });

  it('is reached by tools through gates', () => {
    expect(gateServices(plant).filter(({ service }) => service === 'opcua')).toEqual([
      { device: 'tank-plc', service: 'opcua', address: '10.9.41.13', port: 4840, transport: 'tcp' },
      { device: 'scada', service: 'opcua', address: '10.9.42.10', port: 4840, transport: 'tcp' },
    ]);
  });

  it.each([
    ['{ tag: LIT101, history: true }', '{ tag: LIT999, history: true }', "there is no tag 'LIT999'"],
    [
      '{ tag: P101 }\n          - { tag: LIC101_SP, writable: true }\n          - { tag: LIC101_MODE, writable: true }\n        history',
      '{ tag: P101, writable: true }\n        history',
      'could not pass a write of P101 on',
    ],
    [
      'user: { name: operator, password: weir } }',
      'user: { name: operator, password: wrong } }',
      "knows no user 'operator' with that password",
    ],
    ['history: { every: 5s, keep: 720 }', '', "say with 'history' how often scada keeps values"],
    ['tags: [LIT101, P101, LIC101_SP], user', 'tags: [LIT101, FIT999], user', 'does not offer FIT999 over OPC UA'],
  ])('says what is wrong where %s is %s', (was, becomes, told) => {
    const text = readText(`${FOLDER}/plant.yaml`);
    expect(text).toContain(was);
    const { value, source } = parseYaml(text.replace(was, becomes), 'plant.yaml', plantSchema);
    expect(
      checkPlant(value, source)
        .map(({ message }) => message)
        .join('\n'),
    ).toContain(told);
  });
});
