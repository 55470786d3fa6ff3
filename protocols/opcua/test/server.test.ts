import type { Instant } from '@penstock/core';
import { describe, expect, it } from 'vitest';
import {
  ATTRIBUTE,
  BUILT_IN,
  browseBody,
  type DataValue,
  NODE,
  nodeIdText,
  numericId,
  OBJECT,
  readRequest,
  STATUS,
  statusName,
  stringId,
  type Variant,
  writeBody,
} from '../index.ts';
import { testPlant } from './plant.ts';
import { TestSession } from './session.ts';

const at = (name: string) => stringId(name, 2);
const double = (value: number): Variant => ({ type: BUILT_IN.Double, value });
const operator = { user: { name: 'operator', password: 'weir' } };
const engineer = { user: { name: 'engineer', password: 'sluice' } };

describe('an OPC UA server and client', () => {
  it('open a channel and a session, and read the plant as it is', () => {
    const session = new TestSession(testPlant());
    const read = session.ask('Read', readRequest([at('LIT101'), at('P101'), at('NONE')]).body);
    expect(session.client.ready).toBe(true);
    expect(read.state).toBe('done');
    const now = 1_767_225_600_000_000;
    expect(read.response?.results).toEqual([
      { value: double(2.5), sourceTimestamp: now, serverTimestamp: now },
      { value: { type: BUILT_IN.Boolean, value: true }, sourceTimestamp: now, serverTimestamp: now },
      { status: STATUS.badNodeIdUnknown },
    ]);
    session.plant.values[0] = 3.25;
    expect(session.ask('Read', read.body).response?.results[0]?.value).toEqual(double(3.25));
  });

  it('lets nobody write who only may read, and says so', () => {
    const session = new TestSession(testPlant());
    const write = session.ask('Write', writeBody([[at('SP101'), double(3)]]));
    expect(write.response?.results).toEqual([STATUS.badUserAccessDenied]);
    expect(session.plant.writes).toEqual([]);
    expect(session.plant.notices.at(-1)).toMatchObject({
      kind: 'write-refused',
      text: 'write of SP101 by anonymous refused: BadUserAccessDenied',
    });
  });

  it('writes through the owner, with the right status for each refusal', () => {
    const session = new TestSession(testPlant(), operator);
    const write = session.ask(
      'Write',
      writeBody([
        [at('SP101'), double(3)],
        [at('LIT101'), double(3)],
        [at('SP101'), { type: BUILT_IN.Float, value: 1 }],
        [at('P101'), { type: BUILT_IN.Boolean, value: false }],
        [at('SP101'), double(Number.NaN)],
        [at('plant'), double(1)],
        [numericId(2258), { type: BUILT_IN.DateTime, value: 0 }],
      ]),
    );
    expect(write.response?.results.map(statusName)).toEqual([
      'Good',
      'BadNotWritable',
      'BadTypeMismatch',
      'Good',
      'BadOutOfRange',
      'BadAttributeIdInvalid',
      'BadNotWritable',
    ]);
    const writer = { protocol: 'opcua', address: '10.20.2.10', port: 50_000 };
    expect(session.plant.writes).toEqual([
      { item: 2, value: 3, writer },
      { item: 1, value: 0, writer },
    ]);
    session.plant.outcome = 'range';
    expect(session.ask('Write', writeBody([[at('SP101'), double(99)]])).response?.results).toEqual([
      STATUS.badOutOfRange,
    ]);
  });

  it('refuses a wrong password and tells its owner', () => {
    const session = new TestSession(testPlant(), { user: { name: 'operator', password: 'wrong' } });
    const read = session.ask('Read', readRequest([at('LIT101')]).body);
    expect(read.state).toBe('closed');
    expect(statusName(session.client.failure ?? 0)).toBe('BadUserAccessDenied');
    expect(session.plant.notices.map(({ kind }) => kind)).toEqual(['logon-failed']);
    expect(session.plant.server.counters.faults).toBe(1);
  });

  it('refuses anonymous sessions where the plant says so', () => {
    const session = new TestSession(testPlant({ anonymous: 'none' }));
    session.ask('Read', readRequest([at('LIT101')]).body);
    expect(statusName(session.client.failure ?? 0)).toBe('BadIdentityTokenRejected');
  });

  it('shows areas as folders and tags with range and unit', () => {
    const session = new TestSession(testPlant());
    const names = (id: ReturnType<typeof at>) =>
      session.ask('Browse', browseBody([id])).response?.results[0]?.references.map(({ browseName }) => browseName.name);
    expect(names(numericId(NODE.ObjectsFolder))).toEqual(['Server', 'Works']);
    expect(names(at('plant'))).toEqual(['clearwell', 'distribution']);
    expect(names(at('area.clearwell'))).toEqual(['LIT101', 'P101', 'SP101', 'ResetAlarms']);
    expect(names(at('LIT101'))).toEqual(['EURange', 'EngineeringUnits']);
    const read = session.ask('Read', readRequest([at('LIT101.EURange'), at('LIT101.EngineeringUnits')]).body);
    const [range, unit] = (read.response?.results ?? []).map((result) => result.value?.value as never);
    expect(OBJECT.range.unpack(range as never)).toEqual({ low: 0, high: 4 });
    expect(OBJECT.euInformation.unpack(unit as never)).toMatchObject({ unitId: 5_067_858, displayName: { text: 'm' } });
  });

  it('pages a browse and forgets the place once it was used', () => {
    const session = new TestSession(testPlant());
    const first = session.ask('Browse', browseBody([at('area.clearwell')], 3)).response?.results[0];
    expect(first?.references.length).toBe(3);
    const point = first?.continuationPoint as Uint8Array;
    const next = { releaseContinuationPoints: false, continuationPoints: [point] };
    const second = session.ask('BrowseNext', next).response?.results[0];
    expect(second?.references.map(({ browseName }) => browseName.name)).toEqual(['ResetAlarms']);
    expect(second?.continuationPoint).toBeUndefined();
    expect(session.ask('BrowseNext', next).response?.results[0]?.statusCode).toBe(STATUS.badContinuationPointInvalid);
  });

  it('translates browse paths', () => {
    const session = new TestSession(testPlant());
    const element = (name: string) => ({
      ...{ referenceTypeId: numericId(NODE.HierarchicalReferences), isInverse: false, includeSubtypes: true },
      targetName: { namespace: 2, name },
    });
    const path = (names: string[]) => ({ startingNode: numericId(85), relativePath: names.map(element) });
    const { response } = session.ask('TranslateBrowsePathsToNodeIds', {
      browsePaths: [path(['Works', 'clearwell', 'LIT101']), path(['Works', 'nowhere'])],
    });
    expect(
      response?.results.map(({ statusCode, targets }) => [
        statusName(statusCode),
        targets.map(({ targetId }) => nodeIdText(targetId)),
      ]),
    ).toEqual([
      ['Good', ['ns=2;s=LIT101']],
      ['BadNoMatch', []],
    ]);
  });

  it('calls methods for engineers only, and refuses a wrong argument', () => {
    const call = (objectId: string, methodId: string, inputArguments: Variant[] = []) => ({
      methodsToCall: [{ objectId: at(objectId), methodId: at(methodId), inputArguments }],
    });
    const plant = testPlant();
    const first = new TestSession(plant, operator);
    const dose = call('area.distribution', 'distribution.SetDose', [double(1.5)]);
    expect(first.ask('Call', dose).response?.results[0]?.statusCode).toBe(STATUS.badUserAccessDenied);
    const second = new TestSession(plant, engineer);
    expect(second.ask('Call', dose).response?.results[0]?.statusCode).toBe(STATUS.good);
    expect(plant.calls).toEqual([1.5]);
    const outcome = (body: typeof dose) => statusName(second.ask('Call', body).response?.results[0]?.statusCode ?? 0);
    expect(outcome(call('area.clearwell', 'distribution.SetDose', [double(1)]))).toBe('BadMethodInvalid');
    expect(outcome(call('area.distribution', 'distribution.SetDose'))).toBe('BadArgumentsMissing');
    expect(outcome(call('area.clearwell', 'clearwell.ResetAlarms'))).toBe('Good');
  });

  it('refuses services that it does not have', () => {
    const session = new TestSession(testPlant(), engineer);
    const add = session.ask('AddNodes', { nodesToAdd: [] });
    expect([add.state, statusName(add.status)]).toEqual(['refused', 'BadServiceUnsupported']);
    expect(session.plant.notices.at(-1)?.text).toBe('AddNodesRequest is no service of this server');
    const history = session.ask('HistoryUpdate', { historyUpdateDetails: [] });
    expect(statusName(history.status)).toBe('BadServiceUnsupported');
  });

  it('tells changes to a subscriber, and gives signs of life when nothing changes', () => {
    const session = new TestSession(testPlant());
    const heard: [number, unknown][] = [];
    const states: (readonly number[] | undefined)[] = [];
    session.client.subscribe(
      {
        items: [at('LIT101'), at('P101'), at('NONE')],
        publishingInterval: 1000,
        onData: (item: number, value: DataValue) => heard.push([item, value.value?.value]),
        onState: (statuses) => states.push(statuses),
      },
      0 as Instant,
    );
    session.pump();
    session.pass(1_500_000);
    expect(states).toEqual([[STATUS.good, STATUS.good, STATUS.badNodeIdUnknown]]);
    expect(heard).toEqual([
      [0, 2.5],
      [1, true],
    ]);
    session.plant.values[0] = 2.75;
    session.pass(2_000_000);
    expect(heard.slice(2)).toEqual([[0, 2.75]]);
    const before = session.client.counters.done;
    session.pass(60_000_000);
    expect(heard.length).toBe(3);
    // Ten silent cycles of a second make a sign of life.
    expect(session.client.counters.done - before).toBeGreaterThanOrEqual(5);
    expect(session.client.ready).toBe(true);
  });

  it('keeps a deadband, and repeats a message that was not acknowledged', () => {
    const session = new TestSession(testPlant());
    const created = session.ask('CreateSubscription', {
      ...{ requestedPublishingInterval: 500, requestedLifetimeCount: 100, requestedMaxKeepAliveCount: 5 },
      ...{ maxNotificationsPerPublish: 0, publishingEnabled: true, priority: 0 },
    });
    const subscriptionId = created.response?.subscriptionId as number;
    const filter = OBJECT.dataChangeFilter.pack({ trigger: 1, deadbandType: 2, deadbandValue: 10 });
    const items = session.ask('CreateMonitoredItems', {
      ...{ subscriptionId, timestampsToReturn: 3 },
      itemsToCreate: [
        {
          itemToMonitor: {
            ...{ nodeId: at('FIT201'), attributeId: ATTRIBUTE.Value, indexRange: undefined },
            dataEncoding: { namespace: 0, name: undefined },
          },
          monitoringMode: 2,
          requestedParameters: { clientHandle: 7, samplingInterval: -1, filter, queueSize: 1, discardOldest: true },
        },
      ],
    });
    expect(items.response?.results[0]).toMatchObject({ statusCode: 0, revisedSamplingInterval: 500 });
    const first = session.ask('Publish', { subscriptionAcknowledgements: [] });
    session.pass(600_000);
    expect(first.response?.notificationMessage.sequenceNumber).toBe(1);
    session.plant.values[3] = 160;
    const second = session.ask('Publish', { subscriptionAcknowledgements: [{ subscriptionId, sequenceNumber: 9 }] });
    session.pass(1_000_000);
    expect(second.pending).toBe(true);
    session.plant.values[3] = 180;
    session.pass(1_000_000);
    expect(second.response).toMatchObject({
      availableSequenceNumbers: [1, 2],
      results: [STATUS.badSequenceNumberUnknown],
    });
    const data = OBJECT.dataChangeNotification.unpack(
      second.response?.notificationMessage.notificationData[0] as never,
    );
    expect(data?.monitoredItems).toEqual([{ clientHandle: 7, value: { value: double(180) } }]);
    const again = session.ask('Republish', { subscriptionId, retransmitSequenceNumber: 2 });
    expect(again.response?.notificationMessage).toEqual(second.response?.notificationMessage);
    const third = session.ask('Publish', { subscriptionAcknowledgements: [{ subscriptionId, sequenceNumber: 2 }] });
    session.pass(5_000_000);
    expect(third.response).toMatchObject({ availableSequenceNumbers: [1], results: [STATUS.good] });
    const gone = session.ask('Republish', { subscriptionId, retransmitSequenceNumber: 2 });
    expect(statusName(gone.status)).toBe('BadMessageNotAvailable');
  });

  it('ends a subscription that nobody asks for any more', () => {
    const session = new TestSession(testPlant());
    session.ask('CreateSubscription', {
      ...{ requestedPublishingInterval: 100, requestedLifetimeCount: 9, requestedMaxKeepAliveCount: 3 },
      ...{ maxNotificationsPerPublish: 0, publishingEnabled: true, priority: 0 },
    });
    session.pass(5_000_000);
    const publish = session.ask('Publish', { subscriptionAcknowledgements: [] });
    expect(statusName(publish.status)).toBe('BadNoSubscription');
  });

  it('tells alarms as events, takes an acknowledgement, and refreshes', () => {
    const plant = testPlant();
    const session = new TestSession(plant, operator);
    const { response } = session.ask('CreateSubscription', {
      ...{ requestedPublishingInterval: 500, requestedLifetimeCount: 1000, requestedMaxKeepAliveCount: 100 },
      ...{ maxNotificationsPerPublish: 0, publishingEnabled: true, priority: 0 },
    });
    const subscriptionId = response?.subscriptionId as number;
    const clause = (path: string) => ({
      ...{ typeDefinitionId: numericId(NODE.BaseEventType), attributeId: 13, indexRange: undefined },
      browsePath: path === '' ? [] : path.split('/').map((name) => ({ namespace: 0, name })),
    });
    const paths = ['EventId', 'SourceName', 'Message', 'Severity', 'ActiveState/Id', 'AckedState/Id', 'EventType'];
    session.ask('CreateMonitoredItems', {
      ...{ subscriptionId, timestampsToReturn: 2 },
      itemsToCreate: [
        {
          itemToMonitor: {
            ...{ nodeId: numericId(NODE.Server), attributeId: ATTRIBUTE.EventNotifier, indexRange: undefined },
            dataEncoding: { namespace: 0, name: undefined },
          },
          monitoringMode: 2,
          requestedParameters: {
            ...{ clientHandle: 1, samplingInterval: 0, queueSize: 0, discardOldest: true },
            filter: OBJECT.eventFilter.pack({ selectClauses: paths.map(clause), whereClause: [] }),
          },
        },
      ],
    });
    const events = (): unknown[][] => {
      const publish = session.ask('Publish', { subscriptionAcknowledgements: [] });
      session.pass(1_000_000);
      const list = publish.response?.notificationMessage.notificationData[0];
      const unpacked = list && OBJECT.eventNotificationList.unpack(list);
      return unpacked?.events.map(({ eventFields }) => eventFields.map(({ value }) => value)) ?? [];
    };
    expect(events()).toEqual([]);
    plant.values[0] = 3.2;
    const [raised] = events();
    expect(raised?.slice(1)).toEqual([
      'LIT101',
      { locale: undefined, text: 'Clearwell level High' },
      900,
      true,
      false,
      numericId(NODE.ExclusiveLimitAlarmType),
    ]);
    const acknowledge = (eventId: unknown) =>
      session.ask('Call', {
        methodsToCall: [
          {
            objectId: at('LIT101.alarm'),
            methodId: numericId(NODE.AcknowledgeableConditionType_Acknowledge),
            inputArguments: [
              { type: BUILT_IN.ByteString, value: eventId as Uint8Array },
              { type: BUILT_IN.LocalizedText, value: { text: 'seen' } },
            ],
          },
        ],
      }).response?.results[0]?.statusCode;
    expect(acknowledge(new Uint8Array(16))).toBe(STATUS.badEventIdUnknown);
    expect(acknowledge(raised?.[0])).toBe(STATUS.good);
    expect(plant.notices.at(-1)?.text).toBe('alarm of LIT101 acknowledged by operator');
    expect(events().map((fields) => fields.slice(4, 6))).toEqual([[true, true]]);
    const refresh = session.ask('Call', {
      methodsToCall: [
        {
          ...{ objectId: numericId(NODE.ConditionType), methodId: numericId(NODE.ConditionType_ConditionRefresh) },
          inputArguments: [{ type: BUILT_IN.UInt32, value: subscriptionId }],
        },
      ],
    });
    expect(refresh.response?.results[0]?.statusCode).toBe(STATUS.good);
    expect(events().map((fields) => fields[1])).toEqual(['Server', 'LIT101', 'Server']);
    // The dead band keeps it from coming and going.
    plant.values[0] = 2.95;
    expect(events()).toEqual([]);
    plant.values[0] = 2.8;
    session.pass(2_000_000);
    expect(plant.server.alarms.active).toEqual([]);
  });

  it('reads raw history in parts, forwards and backwards', () => {
    const plant = testPlant();
    const session = new TestSession(plant);
    for (let i = 0; i < 10; i++) {
      plant.values[0] = i;
      session.pass(1_000_000, 1_000_000);
    }
    const ask = (startTime: number, endTime: number, numValuesPerNode: number, continuationPoint?: Uint8Array) => {
      const { response } = session.ask('HistoryRead', {
        historyReadDetails: OBJECT.readRawModifiedDetails.pack({
          ...{ isReadModified: false, startTime, endTime, numValuesPerNode, returnBounds: false },
        }),
        ...{ timestampsToReturn: 0, releaseContinuationPoints: false },
        nodesToRead: [
          {
            ...{ nodeId: at('LIT101'), indexRange: undefined, dataEncoding: { namespace: 0, name: undefined } },
            continuationPoint,
          },
        ],
      });
      const result = response?.results[0];
      const data = result && OBJECT.historyData.unpack(result.historyData);
      return { values: data?.dataValues.map(({ value }) => value?.value), point: result?.continuationPoint };
    };
    const start = 1_767_225_600_000_000;
    const first = ask(start, start + 20_000_000, 6);
    expect(first.values).toEqual([0, 1, 2, 3, 4, 5]);
    const second = ask(start, start + 20_000_000, 6, first.point);
    expect(second.values).toEqual([6, 7, 8, 9]);
    expect(second.point).toBeUndefined();
    expect(ask(start + 20_000_000, start, 3).values).toEqual([9, 8, 7]);
  });

  it('renews its channel, and keeps a session alive that is silent', () => {
    const session = new TestSession(testPlant(), {
      channelLifetime: 20_000_000 as never,
      sessionTimeout: 30_000_000 as never,
    });
    session.ask('Read', readRequest([at('LIT101')]).body);
    session.pass(300_000_000, 500_000);
    expect(session.connection.closing).toBe(false);
    expect(session.ask('Read', readRequest([at('LIT101')]).body).state).toBe('done');
    expect(session.plant.server.sessions.size).toBe(1);
  });

  it('splits what is longer than a chunk, both ways', () => {
    const session = new TestSession(testPlant({ limits: { chunkSize: 8192 } }));
    const many = Array.from({ length: 900 }, () => at('LIT101'));
    const read = session.ask('Read', readRequest(many).body);
    expect(read.response?.results.length).toBe(900);
    expect(session.traffic.some(({ bytes }) => bytes.length > 16_384)).toBe(true);
  });

  it('closes its session with a goodbye', () => {
    const session = new TestSession(testPlant());
    session.ask('Read', readRequest([at('LIT101')]).body);
    session.client.close(0 as Instant);
    session.pump();
    const last = session.client.take();
    if (last !== undefined) session.connection.receive(last, 0 as Instant);
    expect(session.plant.server.sessions.size).toBe(0);
    expect(session.connection.closing).toBe(true);
  });

  it('gives up sessions whose connection was lost before it turns anybody away', () => {
    const plant = testPlant({ limits: { sessions: 2 } });
    for (let i = 0; i < 5; i++) {
      const session = new TestSession(plant);
      expect(session.ask('Read', readRequest([at('LIT101')]).body).state).toBe('done');
      session.connection.ended();
    }
    expect(plant.server.sessions.size).toBe(2);
  });

  it('turns away sessions beyond its limit', () => {
    const plant = testPlant({ limits: { sessions: 2 } });
    const sessions = [1, 2, 3].map(() => new TestSession(plant));
    const states = sessions.map((session) => session.ask('Read', readRequest([at('LIT101')]).body).state);
    expect(states).toEqual(['done', 'done', 'closed']);
    expect(statusName(sessions[2]?.client.failure ?? 0)).toBe('BadTooManySessions');
  });
});
