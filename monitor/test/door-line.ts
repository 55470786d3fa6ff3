/** Conversations with devices' doors for captures: our clients and servers, whose bytes become segments of connections. */
import type { Instant, StreamMachine } from '@penstock/core';
import { type DataListener, type DataPlane, FtpClient, FtpServer, MemoryFiles } from '@penstock/protocols/ftp';
import { basicAuthorization, HttpClient, HttpServer } from '@penstock/protocols/http';
import { encodeSnmp, octets, type SnmpMessage, SYSTEM } from '@penstock/protocols/snmp';
import { TelnetClient, TelnetServer } from '@penstock/protocols/telnet';
import type { Lan, Session } from './lan.ts';

/** What the owner's asset list has of the pump controller, and what somebody else makes of it. */
export const GOOD_VERSION = 'V2.4.1';
export const OTHER_VERSION = 'V2.5.0';
/** What its vendor delivers, and what it was changed to. */
export const DELIVERED = { user: 'admin', password: 'admin' };
export const CHANGED = { user: 'admin', password: 'Hafod-77' };
type Login = typeof DELIVERED;

const START = 0 as Instant;
/** Servers let somebody who gave a wrong password wait. */
const LATER = 2e6 as Instant;
const SEGMENT = 1400;
const NO_BODY = new Uint8Array(0);

function inSegments(bytes: Uint8Array, send: (part: Uint8Array) => void): void {
  for (let at = 0; at < bytes.length; at += SEGMENT) send(bytes.subarray(at, at + SEGMENT));
}

/** Carries bytes both ways until nobody has any. */
function carry(session: Session, client: StreamMachine, server: StreamMachine, now = START): void {
  for (;;) {
    const up = client.take();
    if (up !== undefined) {
      inSegments(up, (part) => session.send(part));
      server.receive(up, now);
    }
    const down = server.take();
    if (down !== undefined) {
      inSegments(down, (part) => session.answer(part));
      client.receive(down, now);
    }
    if (up === undefined && down === undefined) return;
  }
}

/** The same, with the wait that a wrong password costs. */
function converse(session: Session, client: StreamMachine, server: StreamMachine): void {
  carry(session, client, server);
  if (server.due() <= LATER) {
    session.lan.wait(1);
    server.tick(LATER);
    carry(session, client, server, LATER);
  }
  session.close();
}

/** Somebody logs on to a console and gives commands. */
export function atConsole(
  lan: Lan,
  from: string,
  to: string,
  given: Login,
  lines: readonly string[],
  known = CHANGED,
): void {
  const prompt = 'pump# ';
  const host = {
    banner: `Process controller PAC-7, firmware ${GOOD_VERSION}`,
    login: (user: string, password: string) =>
      user === known.user && password === known.password
        ? { prompt, execute: (line: string) => ({ text: [`${line}: done`], end: line === 'exit' }) }
        : undefined,
  };
  const client = new TelnetClient(given.user, given.password, [...lines, 'exit'], START, () => {});
  converse(lan.connect(from, to, 23), client, new TelnetServer(host, START));
}

export interface PageRequest {
  readonly method?: 'GET' | 'POST';
  readonly target?: string;
  readonly type?: string;
  readonly body?: Uint8Array;
}

/** Somebody asks for a device's page. */
export function atPage(
  lan: Lan,
  from: string,
  to: string,
  given: Login,
  { method = 'GET', target = '/', type = 'application/x-www-form-urlencoded', body = NO_BODY }: PageRequest = {},
  { known = CHANGED, version = GOOD_VERSION } = {},
): void {
  const isRight = basicAuthorization(known);
  const server = new HttpServer(`Process-controller/${version}`, ({ headers }) =>
    headers.get('authorization') === isRight
      ? { status: method === 'POST' ? 303 : 200, type: 'text/html', body: Buffer.from('<title>PAC-7</title>') }
      : { status: 401, type: 'text/html', headers: { 'WWW-Authenticate': 'Basic realm="PAC-7"' } },
  );
  const client = new HttpClient(to, 'Mozilla/5.0', 5e6);
  const headers = { 'Content-Type': type, Authorization: basicAuthorization(given) };
  client.request(method, target, body, () => {}, START, headers);
  converse(lan.connect(from, to, 80), client, server);
}

/** Somebody leaves a file in a device's file drop. */
export function leaveFile(lan: Lan, from: string, to: string, given: Login, bytes: Uint8Array): void {
  let waiting: DataListener | undefined;
  const plane: DataPlane = {
    address: to,
    listen(listener) {
      waiting = listener;
      return { port: 50_000, stop() {} };
    },
    dial() {},
  };
  const files = new MemoryFiles(['/firmware'], [], () => 0);
  const login = (user: string, password: string) =>
    user === CHANGED.user && password === CHANGED.password ? { user, mayWrite: true } : undefined;
  const server = new FtpServer(
    { banner: 'PAC-7 FTP server', system: 'UNIX Type: L8', files, login },
    plane,
    from,
    START,
  );
  const control = lan.connect(from, to, 21);
  const client = new FtpClient(
    given.user,
    given.password,
    { kind: 'store', name: '/firmware/image.bin', bytes },
    (port, listener) => {
      const data = lan.connect(from, to, port);
      waiting?.open({ send() {}, abort() {} });
      listener.open({
        send(content) {
          inSegments(content, (part) => data.send(part));
          data.close();
          waiting?.data(content, 0, content.length);
          waiting?.closed(true);
          listener.closed(true);
        },
        abort() {},
      });
    },
    START,
    () => {},
  );
  converse(control, client, server);
}

/** One SNMP request with its answer; `answered` false where the agent does not know the community. */
export function askAgent(
  lan: Lan,
  from: string,
  to: string,
  community: string,
  { set, version = GOOD_VERSION, answered = true }: { set?: string; version?: string; answered?: boolean } = {},
): void {
  const port = 40_000 + (lan.frames.length % 20_000);
  const oid = [...SYSTEM, set === undefined ? 1 : 6, 0];
  const message = (type: SnmpMessage['type'], value: SnmpMessage['bindings'][number]['value']): Uint8Array =>
    encodeSnmp({
      ...{ version: 2, community, type, requestId: port, errorStatus: 0, errorIndex: 0 },
      bindings: [{ oid, value }],
    });
  const given = set === undefined ? ({ type: 'null' } as const) : octets(set);
  lan.udp(from, to, [port, 161], message(set === undefined ? 'get-request' : 'set-request', given));
  const told = set ?? `Calder Controls Process controller PAC-7, firmware ${version}`;
  if (answered) lan.udp(to, from, [161, port], message('response', octets(told)));
}
