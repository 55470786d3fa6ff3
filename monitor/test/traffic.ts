/** Traffic of a plant's poller, as much as a benchmark wants: many servers, block reads, writes now and then, sessions that end and begin. */
import { type FrameSink, LINKTYPE_ETHERNET } from '@penstock/core';

const EPOCH = 1_700_000_000_000_000;
/** Ethernet, IPv4, TCP. */
const HEADERS = 54;

interface Session {
  readonly server: number;
  port: number;
  clientSequence: number;
  serverSequence: number;
  transaction: number;
  polls: number;
}

/** Polls of a session until it is closed and opened again. */
const POLLS_PER_SESSION = 20_000;

/**
 * Hands `packets` frames to `sink`: `servers` Modbus servers polled in turn by one client, a request and a response for each
 * transaction, acknowledgements riding on them. Every frame but the handshakes is Modbus.
 */
export function plantTraffic(sink: FrameSink, packets: number, servers = 16): void {
  const frame = new Uint8Array(HEADERS + 260);
  const view = new DataView(frame.buffer);
  const sessions = Array.from({ length: servers }, (_, i) => newSession(i, 0));
  let sent = 0;
  let time = EPOCH;
  let value = 0;

  const send = (session: Session, fromClient: boolean, flags: number, length: number): void => {
    const client = 0x0a14020a;
    const server = 0x0a140114 + session.server;
    frame.set([0, 0x80, 0xf4, 0, 0, fromClient ? session.server + 1 : 0xfe], 0);
    frame.set([0, 0x80, 0xf4, 0, 0, fromClient ? 0xfe : session.server + 1], 6);
    view.setUint16(12, 0x0800);
    view.setUint16(14, 0x4500);
    view.setUint16(16, 40 + length);
    view.setUint16(18, sent & 0xffff);
    view.setUint32(20, 0x40004006);
    view.setUint16(24, 0);
    view.setUint32(26, fromClient ? client : server);
    view.setUint32(30, fromClient ? server : client);
    view.setUint16(34, fromClient ? session.port : 502);
    view.setUint16(36, fromClient ? 502 : session.port);
    view.setUint32(38, fromClient ? session.clientSequence : session.serverSequence);
    view.setUint32(42, (flags & 16) === 0 ? 0 : fromClient ? session.serverSequence : session.clientSequence);
    view.setUint16(46, 0x5000 | flags);
    view.setUint16(48, 8192);
    view.setUint32(50, 0);
    view.setUint16(50, checksum(length));
    sink.frame(time, frame, 0, HEADERS + length, LINKTYPE_ETHERNET);
    const consumed = length + ((flags & 2) >> 1) + (flags & 1);
    if (fromClient) session.clientSequence = (session.clientSequence + consumed) >>> 0;
    else session.serverSequence = (session.serverSequence + consumed) >>> 0;
    time += fromClient ? 900 : 100;
    sent++;
  };

  const checksum = (length: number): number => {
    let sum = 6 + 20 + length;
    if ((length & 1) === 1) frame[HEADERS + length] = 0;
    for (let at = 26; at < HEADERS + length; at += 2) sum += view.getUint16(at);
    while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
    return ~sum & 0xffff;
  };

  const adu = (session: Session, pdu: readonly number[]): number => {
    view.setUint16(HEADERS, session.transaction);
    view.setUint16(HEADERS + 2, 0);
    view.setUint16(HEADERS + 4, pdu.length + 1);
    frame[HEADERS + 6] = 1;
    frame.set(pdu, HEADERS + 7);
    return pdu.length + 7;
  };

  for (let poll = 0; sent < packets; poll++) {
    const session = sessions[poll % servers] as Session;
    if (session.polls === 0) {
      send(session, true, 2, 0);
      send(session, false, 18, 0);
      send(session, true, 16, 0);
    }
    session.transaction = (session.transaction + 1) & 0xffff;
    const kind = Math.floor(poll / servers) % 20;
    value = (value + 7) & 0xffff;
    if (kind === 19) {
      const write = [6, 0, session.server, value >> 8, value & 255];
      send(session, true, 24, adu(session, write));
      send(session, false, 24, adu(session, write));
    } else if (kind % 4 === 3) {
      send(session, true, 24, adu(session, [1, 0, 0, 0, 24]));
      send(session, false, 24, adu(session, [1, 3, value & 1, 0x5a, 0xff]));
    } else {
      const count = kind % 4 === 0 ? 40 : 12;
      const code = kind % 4 === 2 ? 4 : 3;
      const registers = [code, count * 2];
      // Measurements move, most of them slowly.
      for (let i = 0; i < count; i++)
        registers.push(i & 255, i % 8 === 0 ? (value >> 3) & 255 : (session.server * 3 + i) & 255);
      send(session, true, 24, adu(session, [code, 0, kind % 4 === 0 ? 0 : 100, 0, count]));
      send(session, false, 24, adu(session, registers));
    }
    if (++session.polls === POLLS_PER_SESSION) {
      send(session, true, 17, 0);
      send(session, false, 17, 0);
      send(session, true, 16, 0);
      sessions[poll % servers] = newSession(session.server, session.port - 40_000 + 1);
    }
  }
}

function newSession(server: number, number: number): Session {
  return {
    server,
    port: 40_000 + (number % 20_000),
    clientSequence: (server * 1_000_003 + number * 77_777) >>> 0,
    serverSequence: (server * 3_000_017 + number * 99_991 + 0xfff00000) >>> 0,
    transaction: 0,
    polls: 0,
  };
}
