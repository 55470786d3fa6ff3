/** Commands of Sparkplug: a node that is asked to tell everything anew is ordered nothing. */
import { describe, expect, it } from 'vitest';
import { knowledge, learnedBaseline, SCADA, STRANGER, type TestFlow, Traffic } from '../test/works.ts';

const NODE = { from_client: true, group: 'works', edge_node: 'gateway', device: undefined };
const TOPIC = 'spBv1.0/works/NCMD/gateway';

function start() {
  const traffic = new Traffic({ knowledge: knowledge(), baseline: learnedBaseline() });
  const flow: TestFlow = traffic.open(STRANGER, SCADA, 1883);
  return {
    told: () => traffic.raised.filter((rule) => rule === 'mqtt-command-stranger').length,
    /** The message; its metrics; and, when it was acknowledged, the publication. */
    message: (...metrics: string[]): void => {
      traffic.event(flow, 'sparkplug_message', { ...NODE, message_type: 'NCMD', metrics: metrics.length });
      for (const metric of metrics)
        traffic.event(flow, 'sparkplug_metric', { ...NODE, message_type: 'NCMD', metric, value: 1, is_null: false });
    },
    acknowledged: (): void =>
      traffic.event(flow, 'mqtt_publish', {
        ...{ from_client: true, topic: TOPIC, content: 'sparkplug', payload_len: 20, refused: undefined },
      }),
  };
}

describe('a command to a node', () => {
  it('is none when it only asks to be told everything anew', () => {
    const { told, message, acknowledged } = start();
    for (let i = 0; i < 3; i++) {
      message('Node Control/Rebirth');
      acknowledged();
    }
    expect(told()).toBe(0);
  });

  it.each([
    ['orders something else', [['Node Control/Reboot']]],
    ['orders something beside it', [['Node Control/Rebirth', 'LIC701']]],
    ['says nothing', [[]]],
    ['asks while something else waits for its acknowledgement', [['Node Control/Reboot'], ['Node Control/Rebirth']]],
    ['orders something before what it asked is acknowledged', [['Node Control/Rebirth'], ['Node Control/Reboot']]],
  ])('is one when it %s', (_, messages) => {
    const { told, message, acknowledged } = start();
    for (const metrics of messages) message(...metrics);
    acknowledged();
    expect(told()).toBe(1);
  });
});
