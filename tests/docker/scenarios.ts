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

/** The first orders of default-door, taken back at once. */
export const SHORT_DOOR = `
id: short-door
name: Short door
story: The password that the dosing controller was delivered with opens its page, and the page moves the chlorine order.
plant: drinking-water
basis: { incident: none, documented: [], invented: [everything], sources: [none] }
start: 1s
observe: 3m
steps:
  - { id: in, about: the vendor's user is let in, verb: login-default, from: engineering-workstation, to: dosing-plc, over: web, techniques: [T1694.001, T0859] }
  - { id: order, about: another chlorine order, verb: web-set-point, from: engineering-workstation, to: dosing-plc, tag: AIC302_SP, value: 2.1, techniques: [T0836], after: { step: in, wait: 1s } }
revertAfter: 10s
hazards: [disinfection]
withoutSafeguards: { safetyDevice: false }
twin:
  name: A little more
  about: The order moves within what is usual.
  steps: [{ id: more, about: the order, verb: web-set-point, from: engineering-workstation, to: dosing-plc, tag: AIC302_SP, value: 1.85, techniques: [T0836] }]
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

export interface OpcUaTalk {
  readonly url: string;
  readonly mode: 'None' | 'SignAndEncrypt';
  readonly user?: { readonly name: string; readonly password: string };
  readonly read?: readonly string[];
  readonly write?: { readonly node: string; readonly value: number };
  /** An object and its method. */
  readonly call?: readonly [string, string];
}

/**
 * A program that talks to an OPC UA server with node-opcua's client, which the image has since node-opcua's server needs it, and prints
 * what came of it as JSON.
 */
export const opcUaTalk = (talk: OpcUaTalk): string => `
import { createRequire } from 'node:module';
const require = createRequire('/penstock/app/opcua/secure-front.ts');
const lib = require('node-opcua-client');
const { OPCUACertificateManager } = require('node-opcua-certificate-manager');
const { url, mode, user, read, write, call } = ${JSON.stringify(talk)};
const certificates = new OPCUACertificateManager({ rootFolder: '/tmp/client-pki', automaticallyAcceptUnknownCertificate: true });
const client = lib.OPCUAClient.create({
  endpointMustExist: false,
  clientCertificateManager: certificates,
  securityMode: lib.MessageSecurityMode[mode],
  securityPolicy: mode === 'None' ? lib.SecurityPolicy.None : lib.SecurityPolicy.Basic256Sha256,
  connectionStrategy: { maxRetry: 5 },
});
await client.connect(url);
const session = await client.createSession(
  user ? { type: lib.UserTokenType.UserName, userName: user.name, password: user.password } : { type: lib.UserTokenType.Anonymous },
);
const said = {};
if (read) {
  const values = await session.read(read.map((nodeId) => ({ nodeId, attributeId: 13 })));
  said.values = values.map(({ value, statusCode }) => (statusCode.value >= 0x80000000 ? statusCode.name : value.value));
}
if (write)
  said.written = (await session.write({
    nodeId: write.node,
    attributeId: 13,
    value: { value: { dataType: lib.DataType.Double, value: write.value } },
  })).name;
if (call) said.called = (await session.call({ objectId: call[0], methodId: call[1], inputArguments: [] })).statusCode.name;
console.log(JSON.stringify(said));
await session.close();
await client.disconnect();
process.exit();
`;

/**
 * A program of a stranger on a zone's network: calls to everybody who is there (Who-Is, ASHRAE 135, 16.10.1) until somebody says so to
 * everybody, and prints from which address, for whom the answer was and the number of the device.
 */
export const whoIs = (broadcast: string): string => `
import { createSocket } from 'node:dgram';
const socket = createSocket('udp4');
socket.on('message', (bytes, { address }) => {
  // I-Am: unconfirmed request 0; its first word is the device's object identifier (application tag 12, four octets).
  const at = bytes.indexOf(Buffer.from('1000c4', 'hex'));
  if (at < 0) return;
  const device = bytes.readUInt32BE(at + 3) & 0x3fffff;
  console.log(JSON.stringify({ address, toEverybody: bytes[1] === 0x0b, device }));
  process.exit();
});
socket.bind(47808, () => {
  socket.setBroadcast(true);
  // Original-Broadcast-NPDU; the destination is every network.
  const call = () => socket.send(Buffer.from('810b000c0120ffff00ff1008', 'hex'), 47808, '${broadcast}');
  call();
  setInterval(call, 2000);
});
`;
