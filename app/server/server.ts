/** The page and its API: HTTP and a socket on loopback, behind a token that is printed at start. */
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { joinMessage, type PageEvents, type PageRole, pageRole, type ServerEvents } from '@penstock/core';
import express, { type ErrorRequestHandler, type Router } from 'express';
import { Server as SocketServer } from 'socket.io';
import { guardHost, mayConnect } from './guard.ts';
import { answerWith } from './listen.ts';
import type { LiveRange } from './live.ts';
import { guardTokens, makeTokens, roleIn, roleOf, type Tokens } from './roles.ts';
import { StaticPage } from './static-page.ts';

const PAGE = fileURLToPath(new URL('../../ui/dist/', import.meta.url));
/** Values go out this often; a level that moved shows within a second. */
const VALUES_EVERY_MS = 250;
/** Flows and the alarms' summary go out this often. */
const FLOWS_EVERY_MS = 1000;
/** A page says little; anything larger is not one of ours. */
const LARGEST_MESSAGE = 16 * 1024;
/** How soon a page notices that the range has fallen silent: what it shows is old then. */
const ALIVE = { pingInterval: 2000, pingTimeout: 3000 };
/** Who does not show the token within this time is let go. */
const SHOW_TOKEN_WITHIN_MS = 5000;

export interface PageServer {
  /** The page's address for each role, with its token. */
  readonly urls: Readonly<Record<PageRole, string>>;
  readonly tokens: Tokens;
  readonly port: number;
  close(): Promise<void>;
}

export interface Served {
  readonly api?: readonly Router[];
  /** Folder of the page's files; `ui/dist` when left out. */
  readonly page?: string;
  /** Drawn for this run when left out. */
  readonly tokens?: Tokens;
}

/** Serves `range` where `http` listens (`listenOnLoopback`); `api` answers below /api what is not the range's state itself. */
export function servePage(
  range: LiveRange,
  http: Server,
  { api = [], page = PAGE, tokens = makeTokens() }: Served = {},
): PageServer {
  answerWith(http, pages(range, tokens, api, page));
  const { port } = http.address() as AddressInfo;
  const closeSockets = serveSockets(range, tokens, http);
  const url = (role: PageRole) => `http://127.0.0.1:${port}/#token=${tokens[role]}`;
  return {
    ...{ tokens, port, urls: { instructor: url('instructor'), trainee: url('trainee') } },
    close: async () => {
      http.closeAllConnections();
      await closeSockets();
    },
  };
}

/** What is below /api, behind the token, without a page. */
export function answerApi(range: LiveRange, tokens: Tokens, api: readonly Router[]) {
  const app = express();
  app.disable('x-powered-by');
  app.use(guardHost);
  app.use('/api', guardTokens(tokens));
  app.get('/api/state', (_request, response) => {
    response.json(range.keyframe(roleIn(response), 0, 0));
  });
  app.get('/api/values', (_request, response) => {
    response.json(range.values(roleIn(response)));
  });
  for (const routes of api) app.use('/api', routes);
  app.use('/api', (request, response) => {
    response.status(404).json({ error: `there is no ${request.method} ${request.originalUrl}` });
  });
  return app;
}

function pages(range: LiveRange, tokens: Tokens, api: readonly Router[], page: string) {
  const app = answerApi(range, tokens, api);
  const files = new StaticPage(page);
  app.use((request, response) => {
    if (files.answer(request, response)) return;
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
function serveSockets(range: LiveRange, tokens: Tokens, http: Server): () => Promise<void> {
  const sockets = new SocketServer<PageEvents, ServerEvents>(http, {
    serveClient: false,
    transports: ['websocket'],
    maxHttpBufferSize: LARGEST_MESSAGE,
    connectTimeout: SHOW_TOKEN_WITHIN_MS,
    ...ALIVE,
    allowRequest: (request, decide) => decide(null, mayConnect(request)),
  });
  sockets.use((socket, next) => {
    const role = roleOf(socket.handshake.auth.token, tokens);
    socket.data = { role };
    next(role === undefined ? new Error('token') : undefined);
  });
  sockets.on('connection', (socket) => {
    const { role } = socket.data as { role: PageRole };
    socket.on('join', (message) => {
      const parsed = joinMessage.safeParse(message);
      if (!parsed.success) {
        socket.disconnect(true);
        return;
      }
      const { run, lastAlert, lastJournal } = parsed.data;
      const all = range.keyframe(role, 0, 0);
      // Joining the room in the same turn: nothing can fall between the keyframe and what follows it.
      socket.emit('keyframe', run === null || run === all.run ? range.keyframe(role, lastAlert, lastJournal) : all);
      void socket.join(role);
    });
  });
  const everyPage = sockets.to(['instructor', 'trainee']);
  range.onAlert.to((alert) => everyPage.emit('alert', alert));
  range.onRepetition.to((repetition) => everyPage.emit('repetition', repetition));
  range.onOrder.to((order) => everyPage.emit('order', order));
  range.onAlarms.to((alarms) => everyPage.emit('alarms', alarms));
  range.onAttack.to((attack) => sockets.to('instructor').emit('attack', attack));
  range.onJournal.to((line) => {
    for (const role of pageRole.options) if (range.mayHear(role, line)) sockets.to(role).emit('journal', line);
  });
  const isThere = (role: PageRole) => (sockets.of('/').adapter.rooms.get(role)?.size ?? 0) > 0;
  const ticker = setInterval(() => {
    range.observe();
    for (const role of pageRole.options)
      if (isThere(role)) sockets.to(role).volatile.emit('values', range.values(role));
  }, VALUES_EVERY_MS);
  const slowTicker = setInterval(() => {
    const flows = range.takeFlows();
    everyPage.volatile.emit('flows', flows);
    everyPage.emit('alarmSummary', range.alarmSummary());
  }, FLOWS_EVERY_MS);
  return () => {
    clearInterval(ticker);
    clearInterval(slowTicker);
    return sockets.close();
  };
}
