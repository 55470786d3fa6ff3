/**
 * One probe of a container's health, in the protocol that it serves. Plain JavaScript with nothing of ours, since each start costs:
 *
 *   health.mjs modbus ADDRESS PORT           asks a device for its identification; an exception is an answer, and so is a reset, which is
 *                                            how an access control list turns strangers away
 *   health.mjs s7 ADDRESS PORT               asks for a transport connection (COTP, RFC 905)
 *   health.mjs dnp3 ADDRESS PORT OUTSTATION MASTER
 *                                            asks an outstation for its link status, from the link address of a master of its
 *   health.mjs opcua ADDRESS PORT            says hello (OPC 10000-6, 7.1.2.3)
 *   health.mjs bacnet ADDRESS PORT           asks for the broadcast table (ASHRAE 135, J.2.3); that it is none of those that have one is an answer,
 *                                            and one that is told to be silent gives it too
 *   health.mjs mqtt ADDRESS PORT             connects as nobody (MQTT 3.1.1, 3.1.3.1); the refusal is the answer
 *   health.mjs snmp ADDRESS PORT COMMUNITY   asks how long the agent has been up (RFC 3418, sysUpTime)
 *   health.mjs greeting ADDRESS PORT         connects to who speaks first: a console, a file drop
 *   health.mjs http URL                      any answer that is no fault of the server
 *   health.mjs ntp ADDRESS PORT              asks for the time
 *   health.mjs dns ADDRESS PORT              asks for a name; that there is none is an answer
 *   health.mjs tcp ADDRESS PORT              somebody listens
 *   health.mjs file PATH SECONDS             touched not longer ago
 *
 * Exit code 0 for well, 1 for not well with a line why, 2 for wrong use.
 */
import { statSync } from 'node:fs';

const PATIENCE_MS = 3000;

/** Read device identification, basic, from the first object (MODBUS Application Protocol V1.1b3, 6.21). */
const MODBUS = Buffer.from('000100000005012b0e0100', 'hex');
/** TPKT and COTP connection request, class 0, from TSAP 0x0100 to 0x0102. */
const COTP = Buffer.from('0300001611e00000000100c1020100c2020102c0010a', 'hex');
/** Answer to a link status request: 5 octets, from an outstation, code 11 (IEEE 1815-2012, 9.2.4). */
const LINK_STATUS = Buffer.from('0564050b', 'hex');
/** HEL of OPC UA's connection protocol: type, size, version, what it takes, the address that it asks for. */
function hello(url) {
  const message = Buffer.alloc(32 + url.length);
  message.write('HELF', 0, 'latin1');
  for (const [i, value] of [message.length, 0, 65_536, 65_536, 0, 0, url.length].entries())
    message.writeUInt32LE(value, 4 + 4 * i);
  message.write(url, 32, 'latin1');
  return message;
}
/** Read-Broadcast-Distribution-Table. */
const READ_BDT = Buffer.from('81020004', 'hex');
/** CONNECT without an identifier and without a clean session, which nobody may. */
const MQTT_CONNECT = Buffer.from('100c00044d5154540400003c0000', 'hex');
/** GET of sysUpTime.0, version 2c. */
function sysUpTime(community) {
  const pdu = Buffer.from('a01c020450730001020100020100300e300c06082b060102010103000500', 'hex');
  const inner = Buffer.concat([Buffer.from([2, 1, 1, 4, community.length]), Buffer.from(community, 'latin1'), pdu]);
  return Buffer.concat([Buffer.from([0x30, inner.length]), inner]);
}
/** Client, version 4. */
const NTP = Buffer.alloc(48);
NTP[0] = 0x23;
/** One question: the root's name servers. */
const DNS = Buffer.from('7073010000010000000000000000020001', 'hex');

const PROBES = {
  modbus: (address, port) =>
    ask(address, port, MODBUS, (answer) => answer.length >= 9 && answer.readUInt16BE(0) === 1, true),
  s7: (address, port) => ask(address, port, COTP, (answer) => answer.length >= 6 && answer[5] === 0xd0, true),
  dnp3: (address, port, outstation, master) =>
    ask(address, port, linkStatusRequest(outstation, master), (answer) => answer.includes(LINK_STATUS), true),
  opcua: (address, port) =>
    ask(
      address,
      port,
      hello(`opc.tcp://${address}:${port}`),
      (answer) => answer.toString('latin1', 0, 3) === 'ACK',
      true,
    ),
  bacnet: (address, port) => send(address, port, READ_BDT, (answer) => answer.length >= 4 && answer[0] === 0x81),
  mqtt: (address, port) => ask(address, port, MQTT_CONNECT, (answer) => answer[0] === 0x20, true),
  snmp: (address, port, community) =>
    send(address, port, sysUpTime(community), (answer) => answer[0] === 0x30 && answer.includes(0xa2)),
  greeting: (address, port) => ask(address, port, Buffer.alloc(0), (answer) => answer.length > 0, true),
  tcp: (address, port) => ask(address, port, undefined, () => true, false),
  ntp: (address, port) => send(address, port, NTP, (answer) => answer.length >= 48 && (answer[0] & 7) === 4),
  dns: (address, port) =>
    send(address, port, DNS, (answer) => answer.length >= 12 && answer.readUInt16BE(0) === 0x7073),
  http,
  file,
};

/** Words that a probe takes where those are not two. */
const WORDS = { http: 1, dnp3: 4, snmp: 3 };

/** REQUEST LINK STATUS (9.2.4.1), with its CRC (clause 9.2.8): polynomial 0x3d65 reflected, inverted, low octet first. */
function linkStatusRequest(outstation, master) {
  const frame = Buffer.from('056405c900000000ffff', 'hex');
  frame.writeUInt16LE(Number(outstation), 4);
  frame.writeUInt16LE(Number(master), 6);
  let crc = 0;
  for (const octet of frame.subarray(0, 8)) {
    crc ^= octet;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xa6bc : crc >>> 1;
  }
  frame.writeUInt16LE(~crc & 0xffff, 8);
  return frame;
}

/** Over TCP; `resets`: to be reset once connected is an answer too. */
async function ask(address, port, question, right, resets) {
  const { connect } = await import('node:net');
  return new Promise((resolve) => {
    // From the address itself, by which a device knows that it is asked for its health.
    const socket = connect({ host: address, port: Number(port), localAddress: address });
    let connected = false;
    let answer = Buffer.alloc(0);
    const end = (problem) => {
      socket.destroy();
      resolve(problem);
    };
    socket.setTimeout(PATIENCE_MS, () => end(`${address}:${port} does not answer`));
    socket.on('connect', () => {
      connected = true;
      if (question === undefined) end(undefined);
      else socket.write(question);
    });
    socket.on('data', (chunk) => {
      answer = Buffer.concat([answer, chunk]);
      if (right(answer)) end(undefined);
      else if (answer.length > 1024) end(`${address}:${port} answers something else`);
    });
    socket.on('error', ({ code }) => end(connected && resets ? undefined : `${address}:${port}: ${code}`));
    socket.on('close', () =>
      end(connected && resets && answer.length === 0 ? undefined : `${address}:${port} hangs up`),
    );
  });
}

async function send(address, port, question, right) {
  const { createSocket } = await import('node:dgram');
  return new Promise((resolve) => {
    const socket = createSocket('udp4');
    const end = (problem) => {
      clearTimeout(timer);
      socket.close();
      resolve(problem);
    };
    const timer = setTimeout(() => end(`${address}:${port} does not answer`), PATIENCE_MS);
    socket.on('message', (answer) => end(right(answer) ? undefined : `${address}:${port} answers something else`));
    socket.on('error', ({ code }) => end(`${address}:${port}: ${code}`));
    socket.connect(Number(port), address, () => socket.send(question));
  });
}

async function http(url) {
  const { get } = await import('node:http');
  return new Promise((resolve) => {
    const request = get(url, { timeout: PATIENCE_MS, agent: false }, (response) => {
      response.destroy();
      resolve(response.statusCode < 500 ? undefined : `${url} answers ${response.statusCode}`);
    });
    request.on('timeout', () => request.destroy(new Error('no answer')));
    request.on('error', (error) => resolve(`${url}: ${error.code ?? error.message}`));
  });
}

function file(path, seconds) {
  try {
    const age = (Date.now() - statSync(path).mtimeMs) / 1000;
    return age <= Number(seconds) ? undefined : `${path} was touched ${Math.round(age)} s ago`;
  } catch (error) {
    return `${path}: ${error.code}`;
  }
}

const [name, ...words] = process.argv.slice(2);
const probe = Object.hasOwn(PROBES, name ?? '') ? PROBES[name] : undefined;
if (probe === undefined || words.length < (WORDS[name] ?? 2)) {
  process.stderr.write(`health.mjs ${Object.keys(PROBES).join('|')} …; the head of the file says with what\n`);
  process.exitCode = 2;
} else {
  const problem = await probe(...words);
  if (problem !== undefined) {
    process.stdout.write(`${problem}\n`);
    process.exitCode = 1;
  }
}
