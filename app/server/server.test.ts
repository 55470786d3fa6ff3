import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import type {
  AlarmMessage,
  AlertMessage,
  AttackMessage,
  JournalMessage,
  KeyframeMessage,
  OrderMessage,
  PageRole,
  RepetitionMessage,
} from '@penstock/core';
import { keyframeMessage, valuesMessage } from '@penstock/core';
import { io, type Socket } from 'socket.io-client';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { listenOnLoopback } from './listen.ts';
import type { LiveRange } from './live.ts';
import { type PageServer, servePage } from './server.ts';
import { Told } from './told.ts';

const alertOf = (number: number): AlertMessage => ({
  ...{ number, time: number, rule: 'sweep', title: 'A sweep', severity: 'medium', techniques: ['T0846'] },
  ...{ device: null, tag: null, message: 'somebody sweeps', why: 'who looks, comes back', count: 1 },
});

/** A range that does what the test says. */
class FakeRange implements LiveRange {
  readonly alerts: AlertMessage[] = [];
  readonly journal: JournalMessage[] = [];
  readonly onAlert = new Told<AlertMessage>();
  readonly onRepetition = new Told<RepetitionMessage>();
  readonly onJournal = new Told<JournalMessage>();
  readonly onOrder = new Told<OrderMessage>();
  readonly onAlarms = new Told<AlarmMessage[]>();
  readonly onAttack = new Told<AttackMessage>();

  values(role: PageRole) {
    const truth = role === 'instructor';
    return { time: 1, displayed: [null, 2], stale: [1], measured: truth ? [1, null] : [], true: truth ? [1, 2] : [] };
  }
  mayHear(role: PageRole, { kind }: JournalMessage) {
    return role === 'instructor' || kind !== 'attack';
  }
  alarmSummary() {
    return { time: 1, flood: false, inTenMinutes: 0, unacknowledged: 0, raised: { low: 0, medium: 0, high: 0 } };
  }
  takeFlows() {
    return { time: 1, flows: [], packets: 0, devices: 0 };
  }
  observe() {}
  keyframe(role: PageRole, lastAlert: number): KeyframeMessage {
    return {
      ...{
        run: 'up-1',
        role,
        plant: { id: 'p', name: 'P', summary: '' },
        seed: 1,
        rate: 1,
        areas: [],
        tags: [],
        devices: [],
      },
      startsAt: '2026-03-02T09:00:00.000Z',
      values: this.values(role),
      alerts: this.alerts.filter((alert) => alert.number > lastAlert),
      repetitions: [],
      journal: this.journal.filter((line) => this.mayHear(role, line)),
      alarms: [],
      alarmSummary: this.alarmSummary(),
      orders: [],
      attack: null,
    };
  }
  raise(): void {
    const alert = alertOf(this.alerts.length + 1);
    this.alerts.push(alert);
    this.onAlert.tell(alert);
  }
}

/** A page as the bundler leaves it, in small. */
function builtPage(): string {
  const folder = mkdtempSync(join(tmpdir(), 'penstock-page-'));
  mkdirSync(join(folder, 'assets'));
  writeFileSync(join(folder, 'index.html'), '<!doctype html><script type="module" src="/assets/app-1a2b.js"></script>');
  writeFileSync(join(folder, 'icon.svg'), '<svg xmlns="http://www.w3.org/2000/svg"/>');
  writeFileSync(join(folder, 'assets/app-1a2b.js'), 'plain');
  writeFileSync(join(folder, 'assets/app-1a2b.js.br'), 'brotli');
  writeFileSync(join(folder, 'assets/app-1a2b.js.gz'), 'gzip');
  writeFileSync(join(folder, '.made-of'), 'secret');
  return folder;
}

let range: FakeRange;
let server: PageServer;
let folder: string;
const pages: Socket[] = [];

beforeEach(async () => {
  range = new FakeRange();
  folder = builtPage();
  server = servePage(range, await listenOnLoopback(0), { page: folder });
});

afterEach(async () => {
  for (const page of pages.splice(0)) page.disconnect();
  await server.close();
  rmSync(folder, { recursive: true });
});

const base = () => `http://127.0.0.1:${server.port}`;

/** A request with headers that `fetch` would not send. */
function ask(path: string, headers: Record<string, string> = {}, method = 'GET') {
  return new Promise<{ status: number; headers: Record<string, unknown>; body: string }>((resolve, reject) => {
    const request = httpRequest(`${base()}${path}`, { headers, method, agent: false }, (response) => {
      let body = '';
      response.on('data', (chunk) => {
        body += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }));
    });
    request.on('error', reject).end();
  });
}

function open(auth: object = { token: server.tokens.instructor }, options: object = {}): Socket {
  const page = io(base(), { auth, transports: ['websocket'], reconnection: false, forceNew: true, ...options });
  pages.push(page);
  return page;
}

const heard = <T>(page: Socket, event: string) => new Promise<T>((resolve) => page.once(event, resolve));

/** A page that joined: it has its keyframe. */
async function joined(lastAlert = 0): Promise<{ page: Socket; frame: KeyframeMessage }> {
  const page = open();
  await heard(page, 'connect');
  const frame = heard<KeyframeMessage>(page, 'keyframe');
  page.emit('join', { lastAlert, lastJournal: 0 });
  return { page, frame: await frame };
}

describe('the server', () => {
  it('listens on loopback only', async () => {
    const others = Object.values(networkInterfaces())
      .flatMap((addresses) => addresses ?? [])
      .filter(({ family, internal }) => family === 'IPv4' && !internal);
    for (const { address } of others) {
      const socket = connect(server.port, address);
      const [error] = await once(socket, 'error');
      expect(error).toMatchObject({ code: 'ECONNREFUSED' });
    }
  });

  it('gives the page itself, and forbids everything from elsewhere, written into the page, or made of text', async () => {
    for (const path of ['/', '/assets/app-1a2b.js', '/icon.svg']) {
      const { status, headers } = await ask(path);
      expect([path, status]).toEqual([path, 200]);
      const policy = String(headers['content-security-policy']).split('; ');
      expect(policy).toEqual(expect.arrayContaining(["default-src 'none'", "script-src 'self'", "style-src 'self'"]));
      expect(policy).toEqual(expect.arrayContaining(["frame-ancestors 'none'", "base-uri 'none'"]));
      expect(policy.join()).not.toMatch(/unsafe|http|data:|\*/);
      expect(headers).toMatchObject({ 'x-content-type-options': 'nosniff' });
      expect(headers['x-powered-by']).toBeUndefined();
    }
  });

  it('lets a browser keep what carries a hash in its name, and nothing else', async () => {
    expect((await ask('/')).headers['cache-control']).toBe('no-store');
    expect((await ask('/assets/app-1a2b.js')).headers['cache-control']).toBe('public, max-age=31536000, immutable');
    const { tokens } = server;
    const state = await ask('/api/state', { authorization: `Bearer ${tokens.instructor}` });
    expect(state.headers['cache-control']).toBe('no-store');
  });

  it.each([
    ['br, gzip', 'br', 'brotli'],
    ['gzip', 'gzip', 'gzip'],
    ['br;q=0, gzip;q=0', undefined, 'plain'],
    ['zstd', undefined, 'plain'],
    ['', undefined, 'plain'],
  ])('sends who takes %j the file as %s', async (accepts, encoding, body) => {
    const answer = await ask('/assets/app-1a2b.js', { 'accept-encoding': accepts });
    expect([answer.headers['content-encoding'], answer.body]).toEqual([encoding, body]);
    expect(answer.headers).toMatchObject({ vary: 'Accept-Encoding', 'content-type': 'text/javascript; charset=utf-8' });
  });

  it('says how to build a page that is not there', async () => {
    await server.close();
    server = servePage(range, await listenOnLoopback(0), { page: join(folder, 'nothing') });
    const { status, body } = await ask('/');
    expect([status, body]).toEqual([503, expect.stringContaining('npm run build')]);
  });

  it.each([
    ['', 401],
    ['Bearer wrong', 401],
    [`Basic ${'x'.repeat(24)}`, 401],
  ])('keeps its API from who sends the authorization %j', async (authorization, status) => {
    const answer = await ask('/api/state', { authorization });
    expect(answer.status).toBe(status);
    expect(JSON.parse(answer.body).error).toContain('Authorization: Bearer TOKEN');
  });

  it('gives state and values to who has the token, in the shapes that both sides know', async () => {
    const headers = { authorization: `Bearer ${server.tokens.instructor}` };
    keyframeMessage.parse(JSON.parse((await ask('/api/state', headers)).body));
    expect(valuesMessage.parse(JSON.parse((await ask('/api/values', headers)).body))).toEqual(
      range.values('instructor'),
    );
    expect((await ask('/api/nothing', headers)).status).toBe(404);
    expect((await ask('/api/state', headers, 'POST')).status).toBe(404);
  });

  it('sends a trainee nothing that only the instructor may know', async () => {
    range.journal.push(
      { number: 1, time: 1, kind: 'attack', text: 'step one' },
      { number: 2, time: 1, kind: 'operation', text: 'wash' },
    );
    const headers = { authorization: `Bearer ${server.tokens.trainee}` };
    const state = keyframeMessage.parse(JSON.parse((await ask('/api/state', headers)).body));
    expect([state.role, state.journal.map(({ text }) => text), state.values.true]).toEqual(['trainee', ['wash'], []]);
    expect(JSON.parse((await ask('/api/values', headers)).body)).toMatchObject({ measured: [], true: [] });
    const page = open({ token: server.tokens.trainee });
    const heardLines: string[] = [];
    page.on('journal', ({ text }: JournalMessage) => heardLines.push(text));
    page.on('attack', () => heardLines.push('attack'));
    await heard(page, 'connect');
    page.emit('join', { lastAlert: 0, lastJournal: 0 });
    await heard(page, 'keyframe');
    range.onAttack.tell({} as AttackMessage);
    range.onJournal.tell({ number: 3, time: 2, kind: 'attack', text: 'step two' });
    range.onJournal.tell({ number: 4, time: 2, kind: 'operation', text: 'another wash' });
    await expect.poll(() => heardLines).toEqual(['another wash']);
    expect(await heard(page, 'values')).toMatchObject({ measured: [], true: [] });
  });

  it.each(['evil.example', 'evil.example:80', '127.0.0.1.evil.example', '127.0.0.2'])(
    'refuses the host name %j (DNS rebinding)',
    async (host) => {
      const headers = { host, authorization: `Bearer ${server.tokens.instructor}` };
      expect((await ask('/', headers)).status).toBe(421);
      expect((await ask('/api/state', headers)).body).not.toContain('plant');
    },
  );

  it.each(['/%', '/..%2f..%2fpackage.json', '/%00', '/../app/main.ts', '/index.html/x', '/.made-of', '/assets/'])(
    'answers %s with a status and nothing of ours',
    async (path) => {
      const { status, body } = await ask(path);
      expect(status).toBeGreaterThanOrEqual(400);
      expect(status).toBeLessThan(500);
      expect(body).not.toMatch(/penstock|node_modules|secret|at .*\.ts/);
    },
  );

  it('answers 503 until there is something to serve', async () => {
    const http = await listenOnLoopback(0);
    const { port } = http.address() as { port: number };
    expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(503);
    http.closeAllConnections();
    await new Promise((resolve) => http.close(resolve));
  });
});

describe('the socket', () => {
  it('gives a keyframe on joining, then values, then alerts as they come', async () => {
    range.raise();
    const { page, frame } = await joined();
    expect(keyframeMessage.parse(frame).alerts.map(({ number }) => number)).toEqual([1]);
    const alert = heard<AlertMessage>(page, 'alert');
    range.raise();
    expect(await alert).toEqual(alertOf(2));
    expect(await heard(page, 'values')).toEqual(range.values('instructor'));
  });

  it('leaves no gap for a page that comes back', async () => {
    const first = await joined();
    const seen: number[] = [];
    first.page.on('alert', (alert: AlertMessage) => seen.push(alert.number));
    range.raise();
    await expect.poll(() => seen).toEqual([1]);
    first.page.disconnect();
    range.raise();
    range.raise();
    const second = await joined(seen.at(-1));
    second.page.on('alert', (alert: AlertMessage) => seen.push(alert.number));
    seen.push(...second.frame.alerts.map(({ number }) => number));
    range.raise();
    await expect.poll(() => seen).toEqual([1, 2, 3, 4]);
  });

  it.each([
    ['no token', {}],
    ['a wrong token', { token: 'wrong' }],
    ['a token that is no text', { token: { length: 24 } }],
  ])('refuses %s, and says why', async (_, auth) => {
    const error = await heard<Error>(open(auth), 'connect_error');
    expect(error.message).toBe('token');
  });

  it.each([
    ['a page of another origin', { origin: 'http://evil.example' }],
    ['a page from another port', { origin: 'http://127.0.0.1:1' }],
    ['another host name', { host: 'evil.example' }],
  ])('refuses %s', async (_, extraHeaders) => {
    const page = open(undefined, { extraHeaders });
    await heard(page, 'connect_error');
    expect(page.connected).toBe(false);
  });

  it.each([
    ['nothing', undefined],
    ['text', 'join'],
    ['numbers below zero', { lastAlert: -1, lastJournal: 0 }],
    ['keys that are none of ours', { lastAlert: 0, lastJournal: 0, admin: true }],
    ['more than a page ever says', { lastAlert: 0, lastJournal: 0, padding: 'x'.repeat(100_000) }],
  ])('lets a page go that joins with %s, and disturbs no other', async (_, message) => {
    const { page: other } = await joined();
    const page = open();
    await heard(page, 'connect');
    const gone = heard(page, 'disconnect');
    page.emit('join', message);
    await gone;
    const alert = heard<AlertMessage>(other, 'alert');
    range.raise();
    expect(await alert).toEqual(alertOf(1));
  });

  it('tells nothing to who has not joined', async () => {
    const page = open();
    const seen: string[] = [];
    page.onAny((event: string) => seen.push(event));
    await heard(page, 'connect');
    const { page: other } = await joined();
    const alert = heard(other, 'alert');
    range.raise();
    await alert;
    expect(seen).toEqual([]);
  });

  it('survives bytes that are no WebSocket at all', async () => {
    const socket = connect(server.port, '127.0.0.1');
    socket.on('error', () => {});
    socket.write(
      `GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`,
    );
    await once(socket, 'data');
    socket.write(Buffer.alloc(4096, 0xff));
    socket.resume();
    await once(socket, 'close');
    expect((await joined()).frame.run).toBe('up-1');
  });
});
