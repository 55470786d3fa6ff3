/** Notices as syslog over UDP or TCP, to a host that the owner has named. */
import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { connect, type Socket } from 'node:net';
import { hostname } from 'node:os';
import { UsageError } from '@penstock/core';
import { type Notice, type SyslogSender, syslogDatagram, syslogFrame, syslogMessage } from '@penstock/monitor';
import { BoundedQueue, type Delivery, type DeliveryReport, LAST_CHANCE_MS, RETRY_MS, wait } from './delivery.ts';

/** IANA's: syslog over UDP, and syslog-conn over TCP. */
const PORTS = { 'udp:': 514, 'tcp:': 601 } as const;
const MOST_WAITING = 10_000;
const CONNECT_MS = 5000;

/**
 * @param target `udp://HOST[:PORT]` or `tcp://HOST[:PORT]`
 * @throws UsageError `output.syslog` for anything else
 */
export function openSyslog(target: string, startEpoch: () => number): Delivery {
  const { protocol, host, port } = parseTarget(target);
  const message = (notice: Notice) => {
    const sender: SyslogSender = { host: hostname(), startEpoch: startEpoch() };
    return syslogMessage(notice, sender);
  };
  const name = `syslog ${target}`;
  return protocol === 'udp:'
    ? new Datagrams(name, host, port, (notice) => syslogDatagram(message(notice)))
    : new Stream(name, host, port, (notice) => syslogFrame(message(notice)));
}

function parseTarget(target: string): { protocol: 'udp:' | 'tcp:'; host: string; port: number } {
  const url = URL.canParse(target) ? new URL(target) : undefined;
  const protocol = url?.protocol;
  if (
    url === undefined ||
    (protocol !== 'udp:' && protocol !== 'tcp:') ||
    url.hostname === '' ||
    url.pathname.length > 1
  )
    throw new UsageError(
      'output.syslog',
      `--syslog takes udp://HOST:PORT or tcp://HOST:PORT, for example udp://127.0.0.1:514, not '${target}'`,
    );
  const host = url.hostname.replace(/^\[|\]$/g, '');
  return { protocol, host, port: url.port === '' ? PORTS[protocol] : Number(url.port) };
}

class Datagrams implements Delivery {
  readonly #name: string;
  readonly #host: string;
  readonly #port: number;
  readonly #encode: (notice: Notice) => Uint8Array;
  readonly #socket: UdpSocket;
  #sent = 0;
  #dropped = 0;
  #underWay = 0;
  #trouble: string | null = null;

  constructor(name: string, host: string, port: number, encode: (notice: Notice) => Uint8Array) {
    this.#name = name;
    this.#host = host;
    this.#port = port;
    this.#encode = encode;
    this.#socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
    // A refusal by ICMP arrives here at some time; it tells of a datagram that was sent.
    this.#socket.on('error', (error) => {
      this.#trouble = error.message;
    });
    this.#socket.unref();
  }

  tell(notice: Notice): void {
    if (this.#underWay >= MOST_WAITING) {
      this.#dropped++;
      this.#trouble = 'more at once than the network takes';
      return;
    }
    this.#underWay++;
    this.#socket.send(this.#encode(notice), this.#port, this.#host, (error) => {
      this.#underWay--;
      if (error === null) this.#sent++;
      else {
        this.#dropped++;
        this.#trouble = error.message;
      }
    });
  }

  async close(): Promise<DeliveryReport> {
    const until = performance.now() + LAST_CHANCE_MS;
    while (this.#underWay > 0 && performance.now() < until) await wait(5);
    this.#socket.close();
    return {
      output: this.#name,
      sent: this.#sent,
      dropped: this.#dropped + this.#underWay,
      trouble: this.#trouble,
    };
  }
}

class Stream implements Delivery {
  readonly #name: string;
  readonly #host: string;
  readonly #port: number;
  readonly #encode: (notice: Notice) => Uint8Array;
  readonly #queue = new BoundedQueue<Uint8Array>(MOST_WAITING);
  #sent = 0;
  #trouble: string | null = null;
  #socket: Socket | undefined;
  #closing = false;
  #pump: Promise<void> | undefined;

  constructor(name: string, host: string, port: number, encode: (notice: Notice) => Uint8Array) {
    this.#name = name;
    this.#host = host;
    this.#port = port;
    this.#encode = encode;
  }

  tell(notice: Notice): void {
    this.#queue.push(this.#encode(notice));
    this.#pump ??= this.#deliver().finally(() => {
      this.#pump = undefined;
    });
  }

  async #deliver(): Promise<void> {
    for (let attempt = 0; this.#queue.size > 0; ) {
      try {
        this.#socket ??= await open(this.#host, this.#port);
        const [frame] = this.#queue.peek(1) as [Uint8Array];
        await write(this.#socket, frame);
        this.#queue.remove(1);
        this.#sent++;
        attempt = 0;
      } catch (error) {
        this.#trouble = (error as Error).message;
        this.#socket?.destroy();
        this.#socket = undefined;
        if (this.#closing) return;
        // Waits on with what it has: the queue has an end, and says what it lost.
        await wait(RETRY_MS[Math.min(attempt++, RETRY_MS.length - 1)] as number);
      }
    }
  }

  async close(): Promise<DeliveryReport> {
    const until = performance.now() + LAST_CHANCE_MS;
    while (this.#pump !== undefined && performance.now() < until) await wait(10);
    this.#closing = true;
    await new Promise<void>((resolve) => {
      if (this.#socket === undefined) resolve();
      else this.#socket.end(() => resolve());
      setTimeout(resolve, LAST_CHANCE_MS).unref();
    });
    this.#socket?.destroy();
    return {
      output: this.#name,
      sent: this.#sent,
      dropped: this.#queue.dropped + this.#queue.size,
      trouble: this.#trouble,
    };
  }
}

function open(host: string, port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port });
    socket.setTimeout(CONNECT_MS, () => socket.destroy(new Error(`${host}:${port} does not answer`)));
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.setTimeout(0);
      socket.off('error', reject);
      // What comes later ends the next write.
      socket.on('error', () => {});
      socket.unref();
      resolve(socket);
    });
  });
}

function write(socket: Socket, bytes: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    if (socket.destroyed || !socket.writable) reject(new Error('the other side closed the connection'));
    else socket.write(bytes, (error) => (error ? reject(error) : resolve()));
  });
}
