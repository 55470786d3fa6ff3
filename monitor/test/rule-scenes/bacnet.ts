/** BACnet: the ventilation of a chemical room, and who speaks to its controller. */
import { BVLC, encodeBdt, encodeRegistration, objectId, PROPERTY, real, unsigned } from '@penstock/protocols/bacnet';
import { BacnetTool } from '../bacnet-line.ts';
import type { Lan } from '../lan.ts';
import { announced, ENGINEERING, SCADA, type Scene, STRANGER, VENTILATION } from './scene.ts';

const DIRECTION = objectId(14, 1);
const SPEED = objectId(2, 1);
const DETECTOR = objectId(0, 1);

const tool = (lan: Lan, from: string): BacnetTool => new BacnetTool(lan, from, VENTILATION);

/** Something that nobody announced; in the silent case the same under a work order. */
const unannounced = (act: (tool: BacnetTool, lan: Lan) => void, from = STRANGER): Scene => ({
  source: from,
  fires: (lan, source) => act(tool(lan, source), lan),
  silent: (lan) => act(tool(announced(lan), ENGINEERING), lan),
});

const ignore = (): void => {};

const write =
  (object: number, property: number, value: Parameters<typeof real>[0] | boolean[], priority?: number) =>
  (line: BacnetTool): void => {
    const values =
      typeof value !== 'number'
        ? { kind: 'bits' as const, value }
        : object === DIRECTION
          ? unsigned(value)
          : real(value);
    line.say((client, now) => client.writeProperty(line.to, { object, property }, values, priority, now, ignore));
  };

export const bacnetScenes: Readonly<Record<string, Scene>> = {
  'bacnet-high-priority': {
    source: SCADA,
    // The air is turned round, above whatever the program says.
    fires: (lan, from) => write(DIRECTION, PROPERTY.presentValue, 2, 2)(tool(lan, from)),
    silent: (lan, from) => write(SPEED, PROPERTY.presentValue, 45, 16)(tool(lan, from)),
  },
  'bacnet-reinitialize': unannounced((line) =>
    line.say((client, now) => client.reinitialize(line.to, { state: 0 }, now, ignore)),
  ),
  'bacnet-communication-off': {
    source: STRANGER,
    fires: (lan, from) => {
      const line = tool(lan, from);
      line.say((client, now) => client.communicationControl(line.to, { state: 1, minutes: 60 }, now, ignore));
    },
    // Switched on again, which takes nothing from anybody.
    silent: (lan, from) => {
      const line = tool(lan, from);
      line.say((client, now) => client.communicationControl(line.to, { state: 0 }, now, ignore));
    },
  },
  'bacnet-alarm-suppressed': {
    source: SCADA,
    fires: (lan, from) => write(DETECTOR, PROPERTY.eventEnable, [false, false, false])(tool(lan, from)),
    silent: (lan, from) => write(DETECTOR, PROPERTY.eventEnable, [true, true, true])(tool(lan, from)),
  },
  'bacnet-foreign-device': unannounced((line) => line.raw(encodeRegistration(300))),
  'bacnet-broadcast-table': unannounced((line) =>
    line.raw(encodeBdt(BVLC.writeBdt, [{ address: 0x0a0a0263, port: 47_808, mask: 0xffff_ffff }])),
  ),
  'bacnet-identity-read': unannounced((line) =>
    line.say((client, now) =>
      client.readProperty(line.to, { object: objectId(8, 901), property: PROPERTY.firmwareRevision }, now, ignore),
    ),
  ),
  'bacnet-clock-set': {
    source: STRANGER,
    fires: (lan, from) => {
      const line = tool(lan, from);
      line.say((client) => client.timeSynchronization(Date.UTC(2031, 0, 1) * 1000, line.to));
    },
    // Right to the second.
    silent: (lan, from) => {
      const line = tool(lan, from);
      line.say((client) => client.timeSynchronization(Math.round(lan.time / 1e6) * 1e6, line.to));
    },
  },
  'bacnet-who-is-sweep': {
    source: STRANGER,
    fires: (lan, from) => {
      const line = tool(lan, from);
      for (let low = 0; low < 6000; low += 1000) {
        lan.wait(2);
        line.say((client) => client.whoIs(low, low + 999));
      }
    },
    // Asked now and then, as workstations do.
    silent: (lan, from) => {
      const line = tool(lan, from);
      for (let i = 0; i < 6; i++) {
        lan.wait(40);
        line.say((client) => client.whoIs(901, 901, line.to));
      }
    },
  },
};
