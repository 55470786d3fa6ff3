/** OPC UA: how somebody logs on, what he writes over which session, methods, nodes that are added, and looking around. */
import { numericId, stringId } from '@penstock/protocols/opcua';
import type { Lan } from '../lan.ts';
import { OPERATOR, OpcUaLine } from '../opcua-line.ts';
import { PANEL } from './panel.ts';
import { announced, DOSING, ENGINEERING, HMI, SCADA, type Scene, STRANGER } from './scene.ts';

const OPEN = { anonymous: 'engineer' } as const;

/** Does something that nobody announced, and in the silent case the same under a work order. */
const unannounced = (act: (line: OpcUaLine) => void): Scene => ({
  source: STRANGER,
  fires: (lan, from) => act(new OpcUaLine(lan, from, DOSING, OPERATOR)),
  silent: (lan) => act(new OpcUaLine(announced(lan), ENGINEERING, DOSING, OPERATOR)),
});

const nodes = (count: number) =>
  Array.from({ length: count }, (_, i) => (i % 2 === 0 ? numericId(84 + i) : stringId(`area.${i}`, 2)));

const logOn = (lan: Lan, from: string, passwords: readonly string[]): void => {
  for (const password of passwords)
    new OpcUaLine(lan.wait(3), from, SCADA, { user: { name: 'operator', password } }).read('LIT101');
};

export const opcuaScenes: Readonly<Record<string, Scene>> = {
  'opcua-downgrade': {
    source: STRANGER,
    fires: (lan, from) => void new OpcUaLine(lan, from, SCADA, OPERATOR, { secure: true }).read('LIT101'),
    // A server that has no security can be spoken to without only.
    silent: (lan, from) => void new OpcUaLine(lan, from, SCADA, OPERATOR).read('LIT101'),
  },
  'opcua-anonymous-write': {
    source: STRANGER,
    fires: (lan, from) => void new OpcUaLine(lan, from, SCADA, {}, OPEN).write('AIC401', 14),
    silent: (lan, from) => {
      // Refused, and with a name.
      new OpcUaLine(lan, from, SCADA).write('AIC401', 14);
      new OpcUaLine(lan, HMI, SCADA, PANEL).write('AIC401', 8.5);
    },
  },
  'opcua-new-session-write': {
    source: STRANGER,
    fires: (lan, from) => void new OpcUaLine(lan, from, SCADA, OPERATOR).write('AIC401', 14),
    silent: (lan) => {
      new OpcUaLine(lan, HMI, SCADA, PANEL).write('AIC401', 9);
      new OpcUaLine(announced(lan), ENGINEERING, DOSING, OPERATOR).write('AIC401', 9);
    },
  },
  'opcua-call': unannounced((line) => line.flush()),
  'opcua-nodes-changed': unannounced((line) => line.addNode()),
  'opcua-new-client': unannounced((line) => line.read('LIT101')),
  'opcua-browse-flood': {
    source: STRANGER,
    fires: (lan, from) => void new OpcUaLine(lan, from, SCADA).browse(...nodes(30)),
    silent: (lan, from) => void new OpcUaLine(lan, from, SCADA).browse(...nodes(10)),
  },
  'opcua-logon-tries': {
    source: STRANGER,
    fires: (lan, from) => logOn(lan, from, ['operator', '1234', 'admin', 'password', 'weir']),
    silent: (lan, from) => logOn(lan, from, ['weir77', 'weir-7', 'weir-77']),
  },
};
