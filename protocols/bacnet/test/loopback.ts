/** A server at a port of this machine, for tools of others. */
import { createSocket, type Socket } from 'node:dgram';
import type { Instant } from '@penstock/core';
import type { BacnetServer } from '../index.ts';

const addressOf = (text: string): number => text.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
const textOf = (address: number): string => [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join('.');

export class Loopback {
  readonly host: string;
  readonly port: number;
  /** Datagrams as they went, for a capture. */
  readonly packets: {
    time: number;
    source: string;
    sourcePort: number;
    destination: string;
    destinationPort: number;
    octets: Uint8Array;
  }[] = [];
  readonly #socket: Socket;
  readonly #server: BacnetServer;
  readonly #timer: NodeJS.Timeout;
  readonly #started = process.hrtime.bigint();

  private constructor(socket: Socket, server: BacnetServer) {
    this.#socket = socket;
    this.#server = server;
    this.host = socket.address().address;
    this.port = socket.address().port;
    socket.on('message', (octets, from) => {
      this.#note(from.address, from.port, this.host, this.port, octets);
      server.datagram(octets, addressOf(from.address), from.port, this.#now());
      this.#flush();
    });
    this.#timer = setInterval(() => {
      server.tick(this.#now());
      this.#flush();
    }, 20);
  }

  static async open(server: BacnetServer, host = '127.0.0.1', port = 0): Promise<Loopback> {
    const socket = createSocket('udp4');
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.bind({ address: host, port }, resolve);
    });
    return new Loopback(socket, server);
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await new Promise<void>((resolve) => void this.#socket.close(() => resolve()));
  }

  #flush(): void {
    for (let out = this.#server.take(); out !== undefined; out = this.#server.take()) {
      if (out.address === undefined) continue;
      this.#note(this.host, this.port, textOf(out.address), out.port, out.octets);
      this.#socket.send(out.octets, out.port, textOf(out.address), () => {});
    }
  }

  #note(source: string, sourcePort: number, destination: string, destinationPort: number, octets: Uint8Array): void {
    this.packets.push({ time: this.#now(), source, sourcePort, destination, destinationPort, octets: octets.slice() });
  }

  #now(): Instant {
    return Number((process.hrtime.bigint() - this.#started) / 1000n) as Instant;
  }
}

/** The datagrams as a capture (link type 101, raw IPv4), so that other dissectors can read them. */
export function captureOf(packets: Loopback['packets']): Uint8Array {
  const parts: number[] = [0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 101, 0, 0, 0];
  const little = (value: number): number[] => [0, 8, 16, 24].map((shift) => (value >>> shift) & 255);
  const big = (value: number): number[] => [value >> 8, value & 255];
  for (const { time, source, sourcePort, destination, destinationPort, octets } of packets) {
    const size = 28 + octets.length;
    parts.push(...little(Math.floor(time / 1e6)), ...little(time % 1e6), ...little(size), ...little(size));
    parts.push(0x45, 0, ...big(size), 0, 0, 0, 0, 64, 17, 0, 0);
    parts.push(...source.split('.').map(Number), ...destination.split('.').map(Number));
    parts.push(...big(sourcePort), ...big(destinationPort), ...big(8 + octets.length), 0, 0, ...octets);
  }
  return Uint8Array.from(parts);
}
