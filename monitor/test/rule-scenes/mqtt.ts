/** MQTT: who listens, who speaks as whom, commands, files, broken packets; Sparkplug in the name of others. */
import { encodePacket } from '@penstock/protocols/mqtt';
import type { MqttLine } from '../mqtt-works.ts';
import { CLOUD_GATEWAY, usual } from './gateway.ts';
import { announced, ENGINEERING, type Scene, STRANGER } from './scene.ts';

/** Does something that nobody announced, and in the silent case the same under a work order. */
const unannounced = (act: (line: MqttLine) => void): Scene => ({
  source: STRANGER,
  fires: (lan, from) => act(usual(lan).works.client(from, 'tool')),
  silent: (lan) => act(usual(announced(lan)).works.client(ENGINEERING, 'tool')),
});

const elf = (): Uint8Array => {
  const bytes = new Uint8Array(4000);
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 1, 1, 1]);
  return bytes;
};

export const mqttScenes: Readonly<Record<string, Scene>> = {
  'mqtt-wide-subscription': {
    source: STRANGER,
    fires: (lan, from) => void usual(lan).works.client(from, 'tool').subscribe('#'),
    // One branch of what a device tells, and the wide one of who always has it.
    silent: (lan, from) => void usual(lan).works.client(from, 'tool').subscribe('plant/tank/level/#'),
  },
  'mqtt-client-taken-over': {
    source: STRANGER,
    fires: (lan, from) => void usual(lan).works.client(from, 'gateway'),
    // The same client after its connection was lost without a word.
    silent: (lan) => void usual(lan).works.client(CLOUD_GATEWAY, 'gateway'),
  },
  'mqtt-command-stranger': {
    source: STRANGER,
    fires: (lan, from) => {
      const { works, gateway } = usual(lan);
      works.client(from, 'tool').command(gateway, 4.5);
    },
    silent: (lan) => {
      const { gateway, dashboard } = usual(lan);
      dashboard.command(gateway, 2.5);
    },
  },
  'mqtt-file-dropped': unannounced((line) => line.publish('camera/update', elf())),
  'mqtt-state-violation': {
    source: STRANGER,
    fires: (lan, from) => {
      const line = usual(lan).works.client(from, 'tool');
      line.say({ type: 'pingreq' });
      line.say({ type: 'suback', id: 1, codes: [0] });
    },
    silent: (lan, from) =>
      void usual(lan).works.client(from, 'tool').say({ type: 'pingreq' }).say({ type: 'disconnect', code: 0 }),
  },
  'mqtt-new-client': unannounced(() => {}),
  'mqtt-permissions-tried': {
    source: STRANGER,
    fires: (lan, from) => {
      const line = usual(lan).works.client(from, 'tool', { user: 'guest', password: 'guest', version: 5 });
      for (const filter of ['a/#', 'plant/+', 'spBv1.0/works/#', '$SYS/broker/#', 'open/x']) line.subscribe(filter);
      line.raw(
        encodePacket(
          {
            type: 'publish',
            topic: 'plant/set',
            payload: new Uint8Array(1),
            qos: 1,
            retain: false,
            dup: false,
            id: 77,
          },
          5,
        ),
      );
    },
    silent: (lan, from) => {
      const line = usual(lan).works.client(from, 'tool', { user: 'guest', password: 'guest', version: 5 });
      for (const filter of ['a/#', 'open/a', 'open/b', 'open/c', 'open/d', 'open/e']) line.subscribe(filter);
    },
  },
  'sparkplug-node-forged': {
    source: STRANGER,
    fires: (lan, from) => void usual(lan).works.client(from, 'tool').birth().level(2.5),
    silent: (lan) => void usual(lan).gateway.birth().level(2.5),
  },
};
