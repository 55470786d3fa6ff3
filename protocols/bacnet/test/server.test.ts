import type { Instant } from '@penstock/core';
import { describe, expect, it } from 'vitest';
import {
  ANY_INSTANCE,
  type BacnetValue,
  type CovNotification,
  type EventNotification,
  encodeBdt,
  encodeBvlc,
  encodeRegistration,
  enumerated,
  type IAm,
  instanceOf,
  NULL,
  type Outcome,
  objectId,
  PROPERTY,
  type Reading,
  real,
  text,
  unsigned,
} from '../index.ts';
import { CLIENT, SERVER, Station } from './station.ts';

const AI = objectId(0, 1);
const AO = objectId(1, 1);
const AV = objectId(2, 1);
const BI = objectId(3, 1);
const MSV = objectId(19, 1);
const DEVICE = objectId(8, 901);

function read(station: Station, object: number, property: number, index?: number): BacnetValue | Outcome | undefined {
  let answer: BacnetValue | Outcome | undefined;
  station.client.readProperty(SERVER, { object, property, index }, station.now, (readings, outcome) => {
    answer = outcome.kind === 'done' ? readings[0]?.values?.[0] : outcome;
  });
  station.pass(20);
  return answer;
}

function readAll(station: Station, object: number, property: number): readonly BacnetValue[] {
  let answer: readonly BacnetValue[] = [];
  station.client.readProperty(SERVER, { object, property }, station.now, (readings) => {
    answer = readings[0]?.values ?? [];
  });
  station.settle();
  return answer;
}

function write(
  station: Station,
  object: number,
  property: number,
  value: BacnetValue | readonly BacnetValue[],
  priority?: number,
  index?: number,
): Outcome | undefined {
  let answer: Outcome | undefined;
  const place = { object, property, index };
  station.client.writeProperty(SERVER, place, value, priority, station.now, (outcome) => {
    answer = outcome;
  });
  station.settle();
  return answer;
}

const error = (errorClass: number, errorCode: number): Outcome => ({ kind: 'error', errorClass, errorCode });
const DONE = expect.objectContaining({ kind: 'done' });

describe('properties', () => {
  it('are the device’s memory at the moment of the question', () => {
    const station = new Station();
    expect(read(station, AI, PROPERTY.presentValue)).toEqual(real(Math.fround(0.1)));
    station.memory[0] = 4;
    expect(read(station, AI, PROPERTY.presentValue)).toEqual(real(4));
    expect(read(station, MSV, PROPERTY.presentValue)).toEqual(unsigned(2));
    expect(read(station, DEVICE, PROPERTY.vendorName)).toEqual(text('Penstock Air'));
  });

  it('answer with the class and code of the standard where there is nothing', () => {
    const station = new Station();
    expect(read(station, objectId(0, 9), PROPERTY.presentValue)).toEqual(error(1, 31));
    expect(read(station, AI, PROPERTY.priorityArray)).toEqual(error(2, 32));
    expect(read(station, AI, PROPERTY.presentValue, 1)).toEqual(error(2, 50));
    expect(read(station, AO, PROPERTY.priorityArray, 17)).toEqual(error(2, 42));
    expect(read(station, AO, PROPERTY.priorityArray, 0)).toEqual(unsigned(16));
  });

  it('of the device can be asked under the instance that stands for any', () => {
    const station = new Station();
    expect(read(station, objectId(8, ANY_INSTANCE), PROPERTY.objectIdentifier)).toEqual({
      kind: 'object',
      value: DEVICE,
    });
    expect(read(station, objectId(8, 902), PROPERTY.objectName)).toEqual(error(1, 31));
  });

  it('go many at a time, each with its own error', () => {
    const station = new Station();
    let answer: readonly Reading[] = [];
    const asked = [
      { object: AI, properties: [{ property: PROPERTY.presentValue }, { property: PROPERTY.priorityArray }] },
      { object: objectId(5, 5), properties: [{ property: PROPERTY.all }] },
      { object: AO, properties: [{ property: PROPERTY.required }] },
    ];
    station.client.readMultiple(SERVER, asked, station.now, (readings) => {
      answer = readings;
    });
    station.settle();
    expect(answer[0]).toEqual({
      object: AI,
      property: PROPERTY.presentValue,
      index: undefined,
      values: [real(Math.fround(0.1))],
    });
    expect(answer[1]?.error).toEqual({ errorClass: 2, errorCode: 32 });
    expect(answer[2]).toEqual({
      object: objectId(5, 5),
      property: PROPERTY.all,
      index: undefined,
      error: { errorClass: 1, errorCode: 31 },
    });
    expect(answer.slice(3).map(({ property }) => property)).toEqual([75, 77, 79, 85, 111, 36, 81, 117, 87, 104, 431]);
    const everything = read(station, AO, PROPERTY.propertyList, 0);
    expect(everything).toEqual(unsigned(13));
  });

  it('that come to more than the client takes go in segments, and survive lost ones', () => {
    const many = Array.from(
      { length: 400 },
      (_, i) => ({ kind: 'analog-input', instance: i + 1, name: `point ${i + 1}`, point: 0 }) as const,
    );
    const station = new Station({ points: many });
    expect(readAll(station, DEVICE, PROPERTY.objectList)).toHaveLength(402);
    const lossy = new Station({ points: many });
    lossy.lose = 2;
    let count = 0;
    lossy.client.readProperty(SERVER, { object: DEVICE, property: PROPERTY.objectList }, lossy.now, (readings) => {
      count = readings[0]?.values?.length ?? -1;
    });
    lossy.pass(60);
    expect(count).toBe(402);
  });
});

describe('commands', () => {
  it('go by priority, and what was relinquished falls back to the next', () => {
    const station = new Station();
    expect(write(station, AO, PROPERTY.presentValue, real(80), 8)).toEqual(DONE);
    expect(station.memory[1]).toBe(80);
    expect(write(station, AO, PROPERTY.presentValue, real(20), 16)).toEqual(DONE);
    expect(station.memory[1]).toBe(80);
    expect(write(station, AO, PROPERTY.presentValue, NULL, 8)).toEqual(DONE);
    expect(station.memory[1]).toBe(20);
    expect(write(station, AO, PROPERTY.presentValue, NULL, 16)).toEqual(DONE);
    expect(station.memory[1]).toBe(40);
    expect(read(station, AO, PROPERTY.priorityArray, 8)).toEqual(NULL);
    expect(station.writes[0]?.writer).toEqual({ protocol: 'bacnet', address: '10.20.1.32', port: 47_808 });
  });

  it('at priority 6, or at one that there is not, are refused', () => {
    const station = new Station();
    expect(write(station, AO, PROPERTY.presentValue, real(80), 6)).toEqual(error(2, 40));
    expect(write(station, AO, PROPERTY.presentValue, real(80), 17)).toEqual(error(5, 80));
    expect(station.writes).toEqual([]);
  });

  it('that the memory refuses leave the array as it was', () => {
    const station = new Station();
    station.outcome = 'range';
    expect(write(station, AO, PROPERTY.presentValue, real(900), 8)).toEqual(error(2, 37));
    station.outcome = 'locked';
    expect(write(station, AO, PROPERTY.presentValue, real(50), 8)).toEqual(error(2, 40));
    expect(read(station, AO, PROPERTY.priorityArray, 8)).toEqual(NULL);
  });

  it('of another type, of inputs and of properties that are fixed are refused', () => {
    const station = new Station();
    expect(write(station, AO, PROPERTY.presentValue, enumerated(1), 8)).toEqual(error(2, 9));
    expect(write(station, AI, PROPERTY.presentValue, real(1))).toEqual(error(2, 40));
    expect(write(station, AI, PROPERTY.objectName, text('other'))).toEqual(error(2, 40));
    expect(write(station, MSV, PROPERTY.presentValue, unsigned(4))).toEqual(error(2, 37));
    expect(write(station, MSV, PROPERTY.presentValue, unsigned(3))).toEqual(DONE);
    expect(station.memory[4]).toBe(2);
  });

  it('reach no output that is out of service, and an input that is shows what was written', () => {
    const station = new Station();
    write(station, AO, PROPERTY.outOfService, { kind: 'boolean', value: true });
    expect(write(station, AO, PROPERTY.presentValue, real(90), 8)).toEqual(DONE);
    expect(station.memory[1]).toBe(40);
    expect(read(station, AO, PROPERTY.presentValue)).toEqual(real(90));
    write(station, AO, PROPERTY.outOfService, { kind: 'boolean', value: false });
    expect(station.memory[1]).toBe(90);
    write(station, AI, PROPERTY.outOfService, { kind: 'boolean', value: true });
    expect(write(station, AI, PROPERTY.presentValue, real(0))).toEqual(DONE);
    station.memory[0] = 9;
    expect(read(station, AI, PROPERTY.presentValue)).toEqual(real(0));
    expect(read(station, AI, PROPERTY.statusFlags)).toEqual({ kind: 'bits', value: [false, false, false, true] });
  });
});

describe('changes of value', () => {
  it.each([true, false])(
    'are told to whoever subscribed (confirmed: %s), beyond the increment, while it holds',
    (confirmed) => {
      const told: (CovNotification & { value: unknown })[] = [];
      const station = new Station(
        {},
        { changed: (notification, values) => told.push({ ...notification, value: values[0]?.[1][0] }) },
      );
      let outcome: Outcome | undefined;
      station.client.subscribe(SERVER, { process: 9, object: AI, confirmed, lifetime: 60 }, station.now, (result) => {
        outcome = result;
      });
      station.pass(1);
      expect(outcome).toEqual(DONE);
      expect(told).toHaveLength(1);
      station.memory[0] = 0.15;
      station.pass(5);
      expect(told).toHaveLength(1);
      station.memory[0] = 0.3;
      station.pass(2);
      expect(told).toHaveLength(2);
      expect(told[1]).toMatchObject({ process: 9, device: DEVICE, object: AI, value: real(Math.fround(0.3)) });
      expect(told[1]?.remaining).toBeGreaterThan(50);
      station.pass(60);
      station.memory[0] = 0.45;
      station.pass(10);
      expect(told).toHaveLength(2);
      expect(station.server.subscriptions).toBe(0);
    },
  );

  it('are no longer told after a cancellation, and never of what has none', () => {
    const station = new Station();
    station.client.subscribe(SERVER, { process: 9, object: AI, confirmed: false, lifetime: 0 }, station.now, () => {});
    station.settle();
    expect(station.server.subscriptions).toBe(1);
    station.client.subscribe(SERVER, { process: 9, object: AI }, station.now, () => {});
    station.settle();
    expect(station.server.subscriptions).toBe(0);
    let outcome: Outcome | undefined;
    station.client.subscribe(
      SERVER,
      { process: 9, object: DEVICE, confirmed: false, lifetime: 0 },
      station.now,
      (result) => {
        outcome = result;
      },
    );
    station.settle();
    expect(outcome).toEqual(error(1, 45));
  });
});

describe('alarms', () => {
  it('are told after their delay, acknowledged, and told again when they are over', () => {
    const told: EventNotification[] = [];
    const station = new Station({}, { event: (notification) => told.push(notification) });
    station.memory[0] = 0.9;
    station.pass(1.5);
    expect(told).toEqual([]);
    station.pass(3);
    expect(told).toHaveLength(1);
    expect(told[0]).toMatchObject({
      object: AI,
      fromState: 0,
      toState: 3,
      eventType: 5,
      priority: 10,
      ackRequired: true,
      message: 'AIT901: high-limit',
    });
    expect(read(station, AI, PROPERTY.ackedTransitions)).toEqual({ kind: 'bits', value: [false, true, true] });
    station.memory[0] = 0.45;
    station.pass(10);
    expect(told).toHaveLength(1);
    station.memory[0] = 0.2;
    station.pass(10);
    expect(told.at(-1)).toMatchObject({ fromState: 3, toState: 0, priority: 200 });
  });

  it('are not told where somebody switched that off', () => {
    const told: EventNotification[] = [];
    const station = new Station({}, { event: (notification) => told.push(notification) });
    expect(write(station, AI, PROPERTY.eventEnable, { kind: 'bits', value: [false, false, false] })).toEqual(DONE);
    expect(write(station, BI, PROPERTY.notificationClass, unsigned(7))).toEqual(DONE);
    station.memory[0] = 0.9;
    station.memory[5] = 0;
    station.pass(10);
    expect(told).toEqual([]);
    expect(read(station, AI, PROPERTY.eventState)).toEqual(enumerated(3));
    expect(read(station, BI, PROPERTY.eventState)).toEqual(enumerated(2));
  });

  it('of binary inputs are changes of state', () => {
    const told: EventNotification[] = [];
    const station = new Station({}, { event: (notification) => told.push(notification) });
    station.memory[5] = 0;
    station.pass(3);
    expect(told[0]).toMatchObject({ object: BI, eventType: 1, toState: 2 });
  });

  it('go to whoever was written into the list', () => {
    const station = new Station();
    expect(read(station, objectId(15, 1), PROPERTY.recipientList)).toMatchObject({ kind: 'bits' });
    const list = readAll(station, objectId(15, 1), PROPERTY.recipientList);
    expect(list).toHaveLength(7);
    expect(write(station, objectId(15, 1), PROPERTY.recipientList, [...list, ...list])).toEqual(DONE);
    expect(readAll(station, objectId(15, 1), PROPERTY.recipientList)).toHaveLength(14);
    expect(write(station, objectId(15, 1), PROPERTY.recipientList, real(1))).toEqual(error(2, 9));
  });
});

describe('who is there', () => {
  const asked = (low?: number, high?: number): readonly IAm[] => {
    const heard: IAm[] = [];
    const station = new Station({}, { iAm: (device) => heard.push(device) });
    station.client.whoIs(low, high);
    station.settle();
    return heard;
  };

  it('answers what includes it', () => {
    expect(asked()).toEqual([{ device: DEVICE, maxApdu: 1476, segmentation: 1, vendor: 260 }]);
    expect(asked(900, 902)).toHaveLength(1);
  });

  it('is silent for others', () => {
    expect(asked(1, 900)).toEqual([]);
    expect(asked(902, 4_194_303)).toEqual([]);
  });

  it('answers everybody where everybody was asked, and only who asked from another port', () => {
    const station = new Station();
    const whoIs = encodeBvlc(11, Uint8Array.of(1, 0x20, 255, 255, 0, 255, 0x10, 8));
    station.server.datagram(whoIs, CLIENT.address, 47_808, station.now);
    expect(station.server.take()?.address).toBeUndefined();
    station.server.datagram(whoIs, CLIENT.address, 50_000, station.now);
    expect(station.server.take()).toMatchObject({ address: CLIENT.address, port: 50_000 });
  });
});

describe('control of the device', () => {
  const control = (station: Station, state: number, minutes?: number, password?: string): Outcome | undefined => {
    let answer: Outcome | undefined;
    station.client.communicationControl(SERVER, { state, minutes, password }, station.now, (outcome) => {
      answer = outcome;
    });
    station.pass(20);
    return answer;
  };

  it('switches its communication off for a while: it hears only that it may speak again', () => {
    const station = new Station();
    expect(control(station, 1, 2)).toEqual(DONE);
    expect(station.server.communication).toBe('disabled');
    expect(read(station, AI, PROPERTY.presentValue)).toEqual({ kind: 'timeout' });
    station.pass(120);
    expect(read(station, AI, PROPERTY.presentValue)).toEqual(real(Math.fround(0.1)));
    control(station, 1);
    expect(control(station, 0)).toEqual(DONE);
    expect(station.server.communication).toBe('enabled');
  });

  it('needs the password where there is one', () => {
    const station = new Station({ password: 'Fan-4711' });
    expect(control(station, 1, undefined, 'guess')).toEqual(error(4, 26));
    expect(control(station, 1)).toEqual(error(4, 26));
    expect(station.notices).toEqual(['password-failure', 'password-failure']);
    expect(control(station, 1, undefined, 'Fan-4711')).toEqual(DONE);
  });

  it('restarts it', () => {
    const station = new Station();
    const outcomes: Outcome[] = [];
    for (const state of [0, 1, 2, 9])
      station.client.reinitialize(SERVER, { state }, station.now, (outcome) => outcomes.push(outcome));
    station.settle();
    expect(outcomes).toEqual([DONE, DONE, error(5, 45), { kind: 'reject', reason: 8 }]);
    expect(station.restarts).toEqual(['cold', 'warm']);
    write(station, AO, PROPERTY.presentValue, real(80), 8);
    station.server.restarted('cold', station.now);
    expect(read(station, AO, PROPERTY.priorityArray, 8)).toEqual(NULL);
  });

  it('sets its clock', () => {
    const station = new Station();
    const time = Date.UTC(2030, 0, 2, 3, 4, 5) * 1000;
    station.client.timeSynchronization(time, SERVER);
    station.settle();
    expect(station.epoch + station.now).toBe(time);
  });

  it('is refused to whoever may only read', () => {
    const station = new Station({ mayWrite: (address) => address !== CLIENT.address });
    expect(write(station, AV, PROPERTY.presentValue, real(1))).toEqual(error(5, 29));
    expect(control(station, 1)).toEqual(error(5, 29));
    expect(read(station, AV, PROPERTY.presentValue)).toEqual(real(30));
  });
});

describe('broadcasts between subnets', () => {
  const FOREIGN = 0xc0a80001;
  const registration = encodeRegistration(60);

  it('are no business of a device that is no BBMD', () => {
    const station = new Station();
    station.server.datagram(registration, FOREIGN, 50_000, station.now);
    expect(station.server.take()?.octets.slice(4)).toEqual(Uint8Array.of(0, 0x30));
    station.server.datagram(encodeBdt(1, []), FOREIGN, 50_000, station.now);
    expect(station.server.take()?.octets.slice(4)).toEqual(Uint8Array.of(0, 0x10));
  });

  it('go on to peers and foreign devices until their time is over', () => {
    const peers = [{ address: 0x0a140201, port: 47_808, mask: 0xffffffff }];
    const bbmd = { peers, acceptsForeign: true, writable: false };
    const station = new Station({ link: { port: 47_808, address: SERVER.address, bbmd } });
    station.server.datagram(registration, FOREIGN, 50_000, station.now);
    expect(station.server.take()?.octets.slice(4)).toEqual(Uint8Array.of(0, 0));
    const whoIs = encodeBvlc(11, Uint8Array.of(1, 0x20, 255, 255, 0, 255, 0x10, 8));
    const receivers = (): (number | undefined)[] => {
      station.server.datagram(whoIs, CLIENT.address, 47_808, station.now);
      const all: (number | undefined)[] = [];
      for (let out = station.server.take(); out !== undefined; out = station.server.take()) all.push(out.address);
      return all;
    };
    // The question to both, then the answer to the subnet and both.
    expect(receivers()).toEqual([peers[0]?.address, FOREIGN, undefined, peers[0]?.address, FOREIGN]);
    station.now = 100e6 as Instant;
    expect(receivers()).toEqual([peers[0]?.address, undefined, peers[0]?.address]);
    expect(instanceOf(station.server.device.id)).toBe(901);
  });
});
