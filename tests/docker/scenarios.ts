/** Scenarios that are over within a minute or two: a range in containers runs at the pace of the clock on the wall. */

const COMMON = `
plant: drinking-water
basis: { incident: none, documented: [], invented: [everything], sources: [none] }
prerequisites: [{ about: The works doses, when: 'FIT301 > 1' }]
hazards: [outlet-ph]
withoutSafeguards: { safetyDevice: false }
twin:
  name: A little more
  about: The set point moves within what is usual.
  steps: [{ id: more, about: the set point, verb: write-tag, from: scada, to: dosing-plc, tag: AIC301_SP, value: 8.5, techniques: [T0836] }]
`;

/** The orders of lye-setpoint, taken back at once. */
export const SHORT_LYE = `
id: short-lye
name: Short lye
story: The orders of lye-setpoint, taken back at once.
${COMMON}
start: 1s
observe: 3m
steps:
  - { id: manual, about: the loop is put to manual, verb: write-tag, from: scada, to: dosing-plc, tag: AIC301_MODE, value: 0, techniques: [T1692.001] }
  - { id: order, about: the dose is ordered, verb: write-tag, from: scada, to: dosing-plc, tag: AIC301_SP, value: 11100, techniques: [T0836], after: { step: manual, wait: 5s } }
revertAfter: 15s
revert:
  - { id: dose-back, about: the dose as it was, verb: write-tag, from: scada, to: dosing-plc, tag: AIC301_SP, value: before, techniques: [T0836] }
  - { id: auto-back, about: back to automatic, verb: write-tag, from: scada, to: dosing-plc, tag: AIC301_MODE, value: before, techniques: [T0836] }
`;

/** Somebody between the dosing controller and its gateway, who lets the SCADA server read another chlorine. */
export const SHORT_BETWEEN = `
id: short-between
name: Somebody in between
story: The chlorine that the SCADA server reads is another than the controller's, for a while.
${COMMON}
start: 1s
observe: 3m
steps:
  - { id: stand, about: stands in between and changes a reading, verb: interpose, from: scada, between: dosing-plc, and: [scada], change: [{ tag: AIT402, value: 4.5 }], techniques: [T0830] }
  - { id: leave, about: leaves, verb: release, from: scada, techniques: [T0830], after: { step: stand, wait: 40s } }
`;

/** The filters' program with one number changed, loaded over S7 and taken back. */
export const SHORT_DOWNLOAD = `
id: short-download
name: Short download
story: The filters' program is read, loaded with another constant, and put back.
plant: drinking-water
basis: { incident: none, documented: [], invented: [everything], sources: [none] }
start: 1s
observe: 3m
steps:
  - { id: look, about: what runs there, verb: program-upload, from: engineering-workstation, to: filters-plc, techniques: [T0845] }
  - { id: change, about: another constant, verb: program-download, from: engineering-workstation, to: filters-plc, program: { edits: [{ find: 'FLOW_LEAST      : REAL := 30.0;', replace: 'FLOW_LEAST      : REAL := 31.0;' }] }, tags: [AIT211], techniques: [T0843, T0889], after: { step: look, wait: 1s } }
  - { id: stop, about: its scan stops, verb: cpu-stop, from: engineering-workstation, to: filters-plc, techniques: [T0858], after: { step: change, wait: 5s } }
  - { id: start, about: and goes on, verb: cpu-start, from: engineering-workstation, to: filters-plc, techniques: [T0858], after: { step: stop, wait: 4s } }
revertAfter: 12s
revert:
  - { id: program-back, about: the program as it was, verb: program-download, from: engineering-workstation, to: filters-plc, program: before, tags: [AIT211], techniques: [T0843] }
hazards: [filtrate-turbidity]
withoutSafeguards: { filtrateCutOff: false }
twin:
  name: A look
  about: The program is read.
  steps: [{ id: look, about: what runs there, verb: program-upload, from: engineering-workstation, to: filters-plc, techniques: [T0845] }]
`;

/** Points at somebody outside: the scope guard is not a matter of where one acts from. */
export const OUTSIDE = SHORT_LYE.replace('id: short-lye', 'id: outside').replaceAll('to: dosing-plc', 'to: 192.0.2.7');

/**
 * A program in a SCADA server's container: reads analog input 0 (LIT701) of the booster station with the project's own master over a socket of
 * its own, and prints it with the seconds from the request to its answer. It confirms nothing: what the station reports meanwhile stays
 * for the server.
 */
export const READ_ANALOG = `
import { connect } from 'node:net';
import { Dnp3Master } from '/penstock/protocols/dnp3/index.ts';
const now = () => Math.round(performance.now() * 1000);
let level;
const handler = { update: ({ kind, index, value }) => { if (kind === 'analog' && index === 0) level = value; } };
const master = new Dnp3Master({ address: 2, outstation: 12, handler, setUp: false, readsIndicated: false, timeSync: 'never', unsolicited: [] });
const socket = connect({ host: '10.40.12.12', port: 20000 });
socket.on('connect', () => {
  master.opened(now());
  const began = now();
  const objects = [{ group: 30, variation: 5, qualifier: 0, range: { kind: 'start-stop', start: 0, stop: 0 }, items: [] }];
  master.read(objects, began, (outcome) => {
    console.log(JSON.stringify({ level, outcome, seconds: (now() - began) / 1e6 }));
    process.exit();
  });
  for (let frame = master.take(); frame; frame = master.take()) socket.write(frame);
});
socket.on('data', (bytes) => master.receive(bytes, now()));
`;
