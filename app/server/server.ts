/** The page and its API: HTTP and a socket on loopback, behind a token that is printed at start. */
import { randomBytes } from 'node:crypto';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { joinMessage, type PageEvents, type ServerEvents } from '@penstock/core';
import express, { type ErrorRequestHandler } from 'express';
import { Server as SocketServer } from 'socket.io';
import type { Adversaries } from './adversaries.ts';
import { adversaryRoutes } from './adversary-routes.ts';
import { guardHost, guardToken, isToken, mayConnect } from './guard.ts';
import { answerWith } from './listen.ts';
import type { LiveRange } from './live.ts';

const STATUS_PAGE = fileURLToPath(new URL('../../ui/status/', import.meta.url));
const SOCKET_CLIENT = fileURLToPath(
  new URL('dist/socket.io.esm.min.js', import.meta.resolve('socket.io-client/package.json')),
);
/** Values go out this often; a level that moved shows within a second. */
const VALUES_EVERY_MS = 250;
/** A page says little; anything larger is not one of ours. */
const LARGEST_MESSAGE = 16 * 1024;
/** Who does not show the token within this time is let go. */
const SHOW_TOKEN_WITHIN_MS = 5000;

export interface PageServer {
  readonly url: string;
  readonly token: string;
  readonly port: number;
  close(): Promise<void>;
}

/** Serves `range` where `http` listens (`listenOnLoopback`); with `adversaries`, others may act in it from their own process. */
export function servePage(range: LiveRange, http: Server, adversaries?: Adversaries): PageServer {
  const token = randomBytes(18).toString('base64url');
  answerWith(http, pages(range, token, adversaries));
  const { port } = http.address() as AddressInfo;
  const closeSockets = serveSockets(range, token, http);
  return {
    token,
    port,
    url: `http://127.0.0.1:${port}/#token=${token}`,
    close: async () => {
      http.closeAllConnections();
      await closeSockets();
    },
  };
}

function pages(range: LiveRange, token: string, adversaries: Adversaries | undefined) {
  const app = express();
  app.disable('x-powered-by');
  app.use(guardHost);
  app.use('/api', guardToken(token));
  app.get('/api/state', (_request, response) => {
    response.json(range.keyframe(0, 0));
  });
  app.get('/api/values', (_request, response) => {
    response.json(range.values());
  });
  if (adversaries) app.use('/api/adversary', adversaryRoutes(adversaries));
  app.use('/api', (request, response) => {
    response.status(404).json({
      error: `there is no ${request.method} ${request.originalUrl}; there are GET /api/state and GET /api/values`,
    });
  });
  app.get('/socket-client.js', (_request, response) => {
    response.sendFile(SOCKET_CLIENT);
  });
  app.use(express.static(STATUS_PAGE));
  app.use((_request, response) => {
    response.status(404).type('text').send('There is nothing here; the page is at /.\n');
  });
  app.use(failed);
  return app;
}

/** A request that nothing could be made of, or a defect of ours; the caller gets a status and no stack. */
const failed: ErrorRequestHandler = (error: { status?: number }, _request, response, next) => {
  if (response.headersSent) {
    next(error);
    return;
  }
  const status = error.status ?? 500;
  response
    .status(status)
    .type('text')
    .send(status < 500 ? 'This request cannot be read.\n' : 'The range could not answer this.\n');
};

/** Keyframe on joining, then values at a fixed rate, alerts and journal lines as they come. Returns what ends it. */
function serveSockets(range: LiveRange, token: string, http: Server): () => Promise<void> {
  const sockets = new SocketServer<PageEvents, ServerEvents>(http, {
    serveClient: false,
    transports: ['websocket'],
    maxHttpBufferSize: LARGEST_MESSAGE,
    connectTimeout: SHOW_TOKEN_WITHIN_MS,
    allowRequest: (request, decide) => decide(null, mayConnect(request)),
  });
  sockets.use((socket, next) => next(isToken(socket.handshake.auth.token, token) ? undefined : new Error('token')));
  sockets.on('connection', (socket) => {
    socket.on('join', (message) => {
      const parsed = joinMessage.safeParse(message);
      if (!parsed.success) {
        socket.disconnect(true);
        return;
      }
      // Joining the room in the same turn: nothing can fall between the keyframe and what follows it.
      socket.emit('keyframe', range.keyframe(parsed.data.lastAlert, parsed.data.lastJournal));
      void socket.join('pages');
    });
  });
  const everyPage = sockets.to('pages');
  range.onAlert((alert) => everyPage.emit('alert', alert));
  range.onRepetition((repetition) => everyPage.emit('repetition', repetition));
  range.onJournal((line) => everyPage.emit('journal', line));
  const ticker = setInterval(() => {
    if (sockets.engine.clientsCount > 0) everyPage.volatile.emit('values', range.values());
  }, VALUES_EVERY_MS);
  return () => {
    clearInterval(ticker);
    return sockets.close();
  };
}
