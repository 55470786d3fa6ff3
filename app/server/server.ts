/**
 * The page and its API: HTTP and a socket on loopback, behind a token that is printed at start. Another origin, another host name
 * (DNS rebinding) and a missing token are refused.
 */
import { randomBytes, timingSafeEqual } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { joinMessage, type PageEvents, type ServerEvents, UsageError } from '@penstock/core';
import express from 'express';
import { Server as SocketServer } from 'socket.io';
import type { LiveRange } from './live.ts';

const STATUS_PAGE = fileURLToPath(new URL('../../ui/status/', import.meta.url));
const SOCKET_CLIENT = fileURLToPath(import.meta.resolve('socket.io-client/package.json')).replace(
  /package\.json$/,
  'dist/',
);
/** Values go out this often; a level that moved shows within a second. */
const VALUES_EVERY_MS = 250;
/** A page says little; anything larger is not one of ours. */
const LARGEST_MESSAGE = 64 * 1024;

export interface PageServer {
  readonly url: string;
  readonly token: string;
  readonly port: number;
  close(): Promise<void>;
}

/**
 * Serves `range` on 127.0.0.1:`port` (0 picks a free one).
 * @throws UsageError `server.port` when the port is taken or may not be opened
 */
export async function servePage(range: LiveRange, port: number): Promise<PageServer> {
  const token = randomBytes(18).toString('base64url');
  const app = express();
  app.disable('x-powered-by');
  app.use((request, response, next) => {
    response.set({
      'Content-Security-Policy':
        "default-src 'self'; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
      'X-Content-Type-Options': 'nosniff',
      'Referrer-Policy': 'no-referrer',
      'Cache-Control': 'no-store',
    });
    if (!isLoopbackHost(request.headers.host))
      response.status(421).send('This server answers to 127.0.0.1 and localhost only.\n');
    else next();
  });
  app.use('/api', (request, response, next) => {
    const given = request.headers.authorization?.replace(/^Bearer /, '') ?? '';
    if (sameToken(given, token)) next();
    else
      response.status(401).json({
        error: 'the token that was printed at start is missing or wrong; send it as Authorization: Bearer TOKEN',
      });
  });
  app.get('/api/state', (_request, response) => {
    response.json(range.keyframe(0, 0));
  });
  app.get('/api/values', (_request, response) => {
    response.json(range.values());
  });
  app.use('/api', (request, response) => {
    response.status(404).json({
      error: `there is no ${request.method} ${request.originalUrl}; there are GET /api/state and GET /api/values`,
    });
  });
  app.use('/socket.io', express.static(SOCKET_CLIENT));
  app.use(express.static(STATUS_PAGE));

  const http = createServer(app);
  const sockets = new SocketServer<PageEvents, ServerEvents>(http, {
    serveClient: false,
    maxHttpBufferSize: LARGEST_MESSAGE,
    allowRequest: (request, decide) => {
      const { origin, host } = request.headers;
      decide(null, isLoopbackHost(host) && (origin === undefined || origin === `http://${host}`));
    },
  });
  sockets.use((socket, next) => {
    const given: unknown = socket.handshake.auth.token;
    next(typeof given === 'string' && sameToken(given, token) ? undefined : new Error('unauthorised'));
  });
  sockets.on('connection', (socket) => {
    socket.on('join', (message) => {
      const parsed = joinMessage.safeParse(message);
      if (!parsed.success) {
        socket.disconnect(true);
        return;
      }
      socket.emit('keyframe', range.keyframe(parsed.data.lastAlert, parsed.data.lastJournal));
      void socket.join('pages');
    });
  });
  range.onAlert((alert) => sockets.to('pages').emit('alert', alert));
  range.onJournal((line) => sockets.to('pages').emit('journal', line));
  const ticker = setInterval(() => {
    if (sockets.engine.clientsCount > 0) sockets.to('pages').volatile.emit('values', range.values());
  }, VALUES_EVERY_MS);

  await listen(http, port);
  const actual = (http.address() as AddressInfo).port;
  return {
    token,
    port: actual,
    url: `http://127.0.0.1:${actual}/#token=${token}`,
    close: async () => {
      clearInterval(ticker);
      http.closeAllConnections();
      await sockets.close();
    },
  };
}

function listen(http: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    http.once('error', (error: NodeJS.ErrnoException) => {
      const why =
        error.code === 'EADDRINUSE'
          ? `port ${port} is taken`
          : error.code === 'EACCES'
            ? `port ${port} needs more rights`
            : error.message;
      reject(
        new UsageError(
          'server.port',
          `cannot serve the page: ${why}; choose another with --port N (0 picks a free one)`,
        ),
      );
    });
    http.listen(port, '127.0.0.1', resolve);
  });
}

const isLoopbackHost = (host: string | undefined): boolean =>
  host !== undefined && /^(127\.0\.0\.1|localhost|\[::1\])(:\d+)?$/.test(host);

function sameToken(given: string, token: string): boolean {
  const a = Buffer.from(given);
  const b = Buffer.from(token);
  return a.length === b.length && timingSafeEqual(a, b);
}
