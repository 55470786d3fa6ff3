/** The page's port. It is taken before anything else is made, so that a start that cannot have it leaves nothing behind. */
import { createServer, type RequestListener, type Server } from 'node:http';
import { UsageError } from '@penstock/core';

/** Open connections at once; a page needs two. */
const MOST_CONNECTIONS = 256;

/**
 * Listens on 127.0.0.1:`port` (0 picks a free one) and answers 503 until somebody serves there.
 * @throws UsageError `server.port` when the port is taken or may not be opened
 */
export const listenOnLoopback = (port: number): Promise<Server> => listenAt('127.0.0.1', port);

/** The same at another address of this machine: a container's, which the host publishes on its loopback. */
export function listenAt(host: string, port: number): Promise<Server> {
  const http = createServer();
  http.maxConnections = MOST_CONNECTIONS;
  http.on('request', starting);
  return new Promise((resolve, reject) => {
    http.once('error', (error: NodeJS.ErrnoException) => {
      const message = `cannot serve the page: ${reason(error, port)}; choose another with --port N (0 picks a free one)`;
      reject(new UsageError('server.port', message));
    });
    http.listen(port, host, () => resolve(http));
  });
}

/** From now on `handler` answers. */
export function answerWith(http: Server, handler: RequestListener): void {
  http.off('request', starting);
  http.on('request', handler);
}

const starting: RequestListener = (_request, response) => {
  response.writeHead(503, { 'Content-Type': 'text/plain', 'Retry-After': '1' }).end('The range is starting.\n');
};

function reason(error: NodeJS.ErrnoException, port: number): string {
  if (error.code === 'EADDRINUSE') return `port ${port} is taken`;
  if (error.code === 'EACCES') return `port ${port} needs more rights`;
  return error.message;
}
