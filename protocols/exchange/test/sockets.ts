/** State machines on real sockets of the loopback, for judges and benchmarks only. */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import type { Instant, StreamMachine } from '@penstock/core';

/** Microseconds since this module was loaded; the machines need a time, not the time. */
export const now = (): Instant => Math.round(performance.now() * 1000) as Instant;

export interface Listening {
  readonly port: number;
  /** Sockets that are open now. */
  readonly sockets: ReadonlySet<Socket>;
  close(): Promise<void>;
}

/** Listens on 127.0.0.1 and gives every connection a machine of its own. */
export async function listen(machineFor: (address: string, port: number) => StreamMachine): Promise<Listening> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.setNoDelay(true);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    attach(socket, machineFor(socket.remoteAddress ?? '', socket.remotePort ?? 0));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    sockets,
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Feeds a machine from a socket and the socket from the machine. */
function attach(socket: Socket, machine: StreamMachine): void {
  socket.on('data', (data) => {
    machine.receive(data, now());
    const bytes = machine.take();
    if (bytes !== undefined) socket.write(bytes);
    if (machine.closing) socket.end();
  });
}
