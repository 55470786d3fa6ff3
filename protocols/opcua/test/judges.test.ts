/** Other people's OPC UA: node-opcua's client at our server, our client at both servers with the same questions, tshark over what passed. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasJudge } from '../../../tests/judges.ts';
import type { Gated } from '../../exchange/test/gate.ts';
import {
  ATTRIBUTE,
  BUILT_IN,
  browseBody,
  NODE,
  type NodeId,
  numericId,
  OBJECT,
  readRequest,
  STATUS,
  statusName,
  stringId,
  type Variant,
  writeBody,
} from '../index.ts';
import { openGate } from './gate.ts';
import { type Judge, nodeOpcuaServer } from './node-opcua.ts';
import { type TestPlant, testPlant } from './plant.ts';
import { SocketClient } from './socket-client.ts';

const run = promisify(execFile);
const SLOW = 400_000;
const at = (name: string): NodeId => stringId(name, 2);
const double = (value: number): Variant => ({ type: BUILT_IN.Double, value });

let plant: TestPlant;
let gate: Gated;
let judge: Judge;
let judged: TestPlant;

beforeAll(async () => {
  plant = testPlant({ anonymous: 'operator' });
  gate = await openGate(plant);
  judged = testPlant();
  judge = await nodeOpcuaServer(judged);
}, SLOW);

afterAll(async () => {
  await gate?.close();
  await judge?.close();
}, SLOW);

describe('the client of node-opcua at our server', { timeout: SLOW }, () => {
  it('logs on, reads, writes, browses, calls, subscribes, reads history and logs off', async () => {
    const require = createRequire(import.meta.url);
    const lib = require('node-opcua-client') as typeof import('node-opcua-client');
    const { OPCUACertificateManager } =
      require('node-opcua-certificate-manager') as typeof import('node-opcua-certificate-manager');
    const rootFolder = mkdtempSync(join(tmpdir(), 'opcua-client-'));
    const certificates = new OPCUACertificateManager({ rootFolder, automaticallyAcceptUnknownCertificate: true });
    const client = lib.OPCUAClient.create({
      endpointMustExist: false,
      clientCertificateManager: certificates,
      connectionStrategy: { maxRetry: 2 },
    });
    try {
      await client.connect(`opc.tcp://${gate.host}:${gate.port}`);
      const session = await client.createSession({
        type: lib.UserTokenType.UserName,
        userName: 'engineer',
        password: 'sluice',
      });
      const level = await session.read({ nodeId: 'ns=2;s=LIT101', attributeId: lib.AttributeIds.Value });
      expect(level.value.value).toBe(2.5);
      const written = await session.write({
        nodeId: 'ns=2;s=SP101',
        attributeId: lib.AttributeIds.Value,
        value: { value: { dataType: lib.DataType.Double, value: 3.5 } },
      });
      expect([written.name, plant.values[2]]).toEqual(['Good', 3.5]);
      const browsed = await session.browse('ns=2;s=area.clearwell');
      expect(browsed.references?.map(({ browseName }) => browseName.name)).toEqual([
        'LIT101',
        'P101',
        'SP101',
        'ResetAlarms',
      ]);
      const called = await session.call({
        objectId: 'ns=2;s=area.distribution',
        methodId: 'ns=2;s=distribution.SetDose',
        inputArguments: [{ dataType: lib.DataType.Double, value: 1.25 }],
      });
      expect([called.statusCode.name, plant.calls.at(-1)]).toEqual(['Good', 1.25]);
      const subscription = await session.createSubscription2({
        requestedPublishingInterval: 200,
        requestedLifetimeCount: 100,
        requestedMaxKeepAliveCount: 10,
        publishingEnabled: true,
      });
      const item = await subscription.monitor(
        { nodeId: 'ns=2;s=FIT201', attributeId: lib.AttributeIds.Value },
        { samplingInterval: 100, queueSize: 10, discardOldest: true },
        lib.TimestampsToReturn.Both,
      );
      const heard: unknown[] = [];
      item.on('changed', (value) => heard.push(value.value.value));
      await expect.poll(() => heard, { timeout: 60_000 }).toEqual([120]);
      plant.values[3] = 333;
      await expect.poll(() => heard, { timeout: 60_000 }).toEqual([120, 333]);
      await expect
        .poll(
          async () => {
            const [from, to] = [new Date(Date.UTC(2026, 0, 1)), new Date(Date.UTC(2026, 0, 2))];
            const history = await session.readHistoryValue('ns=2;s=LIT101', from, to);
            return (history.historyData as { dataValues?: unknown[] } | null)?.dataValues?.length ?? 0;
          },
          { timeout: 60_000, interval: 500 },
        )
        .toBeGreaterThan(1);
      await subscription.terminate();
      await session.close();
    } finally {
      await client.disconnect();
      await certificates.dispose();
      rmSync(rootFolder, { recursive: true, force: true });
    }
    expect(plant.server.counters.broken).toBe(0);
  });
});

describe('our client at both servers', { timeout: SLOW }, () => {
  let ours: SocketClient;
  let theirs: SocketClient;

  beforeAll(() => {
    ours = new SocketClient(gate.host, gate.port);
    theirs = new SocketClient('127.0.0.1', judge.port);
  });
  afterAll(() => {
    ours.close();
    theirs.close();
  });

  const both = async <T>(ask: (client: SocketClient) => Promise<T>): Promise<[T, T]> => [
    await ask(ours),
    await ask(theirs),
  ];

  it('reads values and attributes alike', async () => {
    for (const state of [plant, judged]) state.values.splice(0, 4, 1.5, 0, 2, 77);
    const nodes = ['LIT101', 'P101', 'SP101', 'FIT201', 'NONE', 'plant'].map(at);
    for (const attribute of [
      ATTRIBUTE.NodeId,
      ATTRIBUTE.NodeClass,
      ATTRIBUTE.BrowseName,
      ATTRIBUTE.Value,
      ATTRIBUTE.DataType,
      ATTRIBUTE.ValueRank,
      ATTRIBUTE.EventNotifier,
      ATTRIBUTE.Executable,
      ATTRIBUTE.IsAbstract,
      999,
    ]) {
      const [own, other] = await both(async (client) => {
        const { response } = await client.ask('Read', readRequest(nodes, undefined, attribute).body);
        return response?.results.map(({ value, status = 0 }) => [statusName(status), value]);
      });
      // Our plant's root tells of alarms, the judge's of nothing.
      const leave = attribute === ATTRIBUTE.EventNotifier ? 5 : 6;
      expect(own?.slice(0, leave), `attribute ${attribute}`).toEqual(other?.slice(0, leave));
    }
  });

  it('reads the range of an analog item alike', async () => {
    const [own, other] = await both(async (client) => {
      const path = {
        startingNode: at('FIT201'),
        relativePath: [
          {
            ...{ referenceTypeId: numericId(NODE.HasProperty), isInverse: false, includeSubtypes: false },
            targetName: { namespace: 0, name: 'EURange' },
          },
        ],
      };
      const found = await client.ask('TranslateBrowsePathsToNodeIds', { browsePaths: [path] });
      const id = found.response?.results[0]?.targets[0]?.targetId as NodeId;
      const { response } = await client.ask('Read', readRequest([id]).body);
      return OBJECT.range.unpack(response?.results[0]?.value?.value as never);
    });
    expect(own).toEqual({ low: 0, high: 500 });
    expect(own).toEqual(other);
  });

  it('writes alike, and the same is refused', async () => {
    const writes: [string, Variant][] = [
      ['SP101', double(3.25)],
      ['LIT101', double(1)],
      ['P101', { type: BUILT_IN.Boolean, value: true }],
      ['SP101', { type: BUILT_IN.String, value: 'high' }],
      ['SP101', { type: BUILT_IN.Double, value: [1, 2] }],
      ['NONE', double(1)],
    ];
    const [own, other] = await both(async (client) => {
      const { response } = await client.ask('Write', writeBody(writes.map(([name, value]) => [at(name), value])));
      return response?.results.map(statusName);
    });
    // A scalar that is given an array is of the wrong type (OPC 10000-4, 5.10.4.2); node-opcua takes it.
    expect(own?.[4]).toBe('BadTypeMismatch');
    expect(own?.toSpliced(4, 1)).toEqual(other?.toSpliced(4, 1));
    expect([plant.values[2], plant.values[1]]).toEqual([3.25, 1]);
  });

  it('browses folders alike', async () => {
    const [own, other] = await both(async (client) => {
      const { response } = await client.ask('Browse', browseBody([at('area.distribution'), at('plant'), at('NONE')]));
      return response?.results.map(({ statusCode, references }) => [
        statusName(statusCode),
        references.map(({ browseName, nodeClass, typeDefinition }) => [
          browseName.name,
          nodeClass,
          typeDefinition.value,
        ]),
      ]);
    });
    // The judge has no methods.
    const withoutMethods = own?.map(([status, list]) => [
      status,
      (list as unknown[][]).filter(([, kind]) => kind !== 4),
    ]);
    expect(withoutMethods).toEqual(other);
  });

  it('refuses the same requests as a whole', async () => {
    const [own, other] = await both(async (client) => {
      const faults = [
        await client.ask('Read', { maxAge: 0, timestampsToReturn: 2, nodesToRead: [] }),
        await client.ask('Read', {
          maxAge: -1,
          timestampsToReturn: 2,
          nodesToRead: readRequest([at('P101')]).body.nodesToRead,
        }),
        await client.ask('Write', { nodesToWrite: [] }),
        await client.ask('Browse', browseBody([])),
        await client.ask('Call', { methodsToCall: [] }),
        await client.ask('DeleteSubscriptions', { subscriptionIds: [] }),
        await client.ask('Republish', { subscriptionId: 99, retransmitSequenceNumber: 1 }),
        await client.ask('Publish', { subscriptionAcknowledgements: [] }),
        await client.ask('SetMonitoringMode', { subscriptionId: 99, monitoringMode: 2, monitoredItemIds: [1] }),
      ];
      return faults.map(({ service, state, status }) => [service, state, statusName(status)]);
    });
    expect(own).toEqual(other);
  });

  it('hears changes alike', async () => {
    for (const state of [plant, judged]) state.values[0] = 1;
    const heard: [unknown[], unknown[]] = [[], []];
    [ours, theirs].forEach((client, i) => {
      client.client.subscribe(
        {
          items: [at('LIT101')],
          publishingInterval: 200,
          onData: (_, { value, status }) => heard[i as 0 | 1].push([value?.value, status ?? STATUS.good]),
        },
        client.now,
      );
      client.flush();
    });
    await expect.poll(() => heard, { timeout: 60_000 }).toEqual([[[1, 0]], [[1, 0]]]);
    for (const state of [plant, judged]) state.values[0] = 1.25;
    await expect.poll(() => heard[0].length + heard[1].length, { timeout: 60_000 }).toBe(4);
    expect(heard[0]).toEqual(heard[1]);
  });
});

describe.skipIf(!hasJudge('tshark'))('tshark (skipped where it is not installed)', { timeout: SLOW }, () => {
  it('finds nothing malformed in all that passed the gate', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'opcua-shark-'));
    const file = join(folder, 'gate.pcap');
    writeFileSync(file, gate.capture());
    const shark = async (filter: string): Promise<number> => {
      const { stdout } = await run('tshark', ['-r', file, '-d', `tcp.port==4840,opcua`, '-Y', filter], {
        timeout: 120_000,
      });
      return stdout.split('\n').filter((line) => line !== '').length;
    };
    try {
      expect(await shark('opcua')).toBeGreaterThan(30);
      expect(await shark('_ws.malformed')).toBe(0);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
