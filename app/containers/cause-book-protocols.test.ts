/** Labels from marks over the protocols that call everybody, hand on what they hear, or open connections for their data. */
import { describe, expect, it } from 'vitest';
import { underAttack } from './test/observed.ts';

const scenario = (plant: string, steps: string, twin: string): string => `
id: overfill
name: Overfill
plant: ${plant}
story: Somebody acts over a protocol of the plant.
basis: { incident: none, documented: [], invented: [everything], sources: [none] }
start: 60s
observe: 2m
revertAfter: 60s
steps:
${steps}
twin:
  name: Honest work
  about: Somebody who may does something like it.
  steps: [{ id: look, about: x, ${twin}, techniques: [T0846] }]
`;

/** A server that writes on, over a session of its own, and a look through its nodes. */
const OVER_SERVER = scenario(
  'opcua-plant',
  `  - { id: browse, about: looks through it, verb: browse-nodes, from: engineering, server: scada, nodes: 20, techniques: [T0861] }
  - { id: order, about: raises the set point, verb: write-tag, from: engineering, to: tank-plc, broker: scada, account: panel, tag: LIC101_SP, value: 4, techniques: [T0836], after: { step: browse, outcome: ended, wait: 5s } }`,
  'verb: browse-nodes, from: engineering, server: scada',
);

/** A call to everybody on the network, and commands over a standing conversation. */
const TO_EVERYBODY = scenario(
  'ventilation-plant',
  `  - { id: call, about: who is there, verb: who-is-sweep, from: panel, to: ventilation, ranges: 4, techniques: [T0846] }
  - { id: order, about: faster, verb: write-tag, from: scada, to: ventilation, tag: SC901_SP, value: 90, techniques: [T0836], after: { step: call, outcome: ended, wait: 5s } }`,
  'verb: who-is-sweep, from: panel, to: ventilation, ranges: 1',
);

/** Through a broker to an edge node, which writes to the controller. */
const OVER_BROKER = scenario(
  'gateway-plant',
  `  - { id: order, about: raises the set point, verb: write-tag, from: engineering, account: dashboard, to: tank-plc, broker: broker, tag: LIC201_SP, value: 4.5, techniques: [T0836] }`,
  "verb: mqtt-listen, from: dashboard, to: broker, filters: ['spBv1.0/works/#']",
);

/** A page, a console, files over connections of their own, an SNMP agent. */
const THROUGH_DOORS = scenario(
  'doors-plant',
  `  - { id: walk, about: who is it, verb: snmp-read, from: engineering, to: pump-plc, group: system, techniques: [T0846] }
  - { id: leave, about: leaves a file, verb: ftp-drop, from: engineering, to: pump-plc, file: notes.txt, techniques: [T0867], after: { step: walk, outcome: ended, wait: 5s } }
  - { id: type, about: types, verb: console-command, from: engineering, to: pump-plc, commands: [{ show: version }, { set: LIC201_MODE, value: 0 }], techniques: [T0836], after: { step: leave, outcome: ended, wait: 5s } }
  - { id: order, about: raises the set point, verb: web-set-point, from: engineering, to: pump-plc, tag: LIC201_SP, value: 4, techniques: [T0836], after: { step: type, outcome: ended, wait: 5s } }`,
  'verb: discover, from: engineering, zone: control, by: [ping]',
);

const framesOf = (labels: readonly { frame: number; step: string }[]): string[] =>
  labels.map(({ frame, step }) => `${frame} ${step}`);

describe('labels from marks', () => {
  it('of what a server writes on in somebody’s name are those of its own tap', async () => {
    const { truth, found } = await underAttack('opcua-plant', OVER_SERVER);
    expect(truth.length).toBeGreaterThan(40);
    expect(found).toEqual(truth);
  });

  it('of a call to everybody find who answers it, and of commands each one', async () => {
    const { truth, found } = await underAttack('ventilation-plant', TO_EVERYBODY);
    // What a listener asks on because of an answer, it asks in its own name; and notifications behind an answer pass for answers.
    const acts = (labels: typeof truth): string[] => framesOf(labels.filter(({ response }) => !response));
    expect(acts(truth).length).toBeGreaterThan(4);
    expect(acts(found)).toEqual(acts(truth));
    const answers = (labels: typeof truth): number[] =>
      labels.filter(({ response, step }) => response && step === 'call').map(({ frame }) => frame);
    expect(answers(truth)).toEqual(expect.arrayContaining(answers(found).slice(0, 2)));
    expect(answers(found).length).toBeGreaterThan(1);
  });

  it('of what a broker hands on are those of its own tap', async () => {
    const { truth, found } = await underAttack('gateway-plant', OVER_BROKER);
    const first = truth[0]?.frame as number;
    expect(truth.length).toBeGreaterThan(40);
    // Before it the broker's address is searched for, of which the tap does not say for whom.
    expect(framesOf(found.filter(({ frame }) => frame >= first))).toEqual(framesOf(truth));
    expect(found.length - truth.length).toBeLessThanOrEqual(2);
  });

  it('of what is done through doors are the frames of its own tap, data connections too', async () => {
    const { truth, found } = await underAttack('doors-plant', THROUGH_DOORS);
    expect(truth.length).toBeGreaterThan(100);
    // A bare acknowledgement counts as an answer here, and there as part of its sender's connection.
    expect(framesOf(found)).toEqual(framesOf(truth));
  });
});
