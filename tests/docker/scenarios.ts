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

/** Points at somebody outside: the scope guard is not a matter of where one acts from. */
export const OUTSIDE = SHORT_LYE.replace('id: short-lye', 'id: outside').replaceAll('to: dosing-plc', 'to: 192.0.2.7');
