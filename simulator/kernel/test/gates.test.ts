import { createSocket, type Socket as DatagramSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { milliseconds } from '@penstock/core';
import { afterEach, describe, expect, test } from 'vitest';
import { atBest, wallTimeOf } from '../../../tests/measured.ts';
import {
  type GateRecord,
  type GateService,
  Gates,
  gateEntrance,
  loopbackOf,
  PacedClock,
  replayGates,
  SEND_MARK,
} from '../index.ts';
import { buildZones, OFFICE, PLC, pattern, type Zones } from './plant.ts';

const SERVICES: GateService[] = [
  { device: 'plc', service: 'echo', address: '10.20.1.13', port: 2000 },
  { device: 'plc', service: 'blocked', address: '10.20.1.13', port: 2001 },
  { device: 'plc', service: 'closed', address: '10.20.1.13', port: 2002 },
  { device: 'plc', service: 'datagrams', address: '10.20.1.13', port: 2000, transport: 'udp' },
];

interface GatedRange extends Zones {
  readonly clock: PacedClock;
  readonly gates: Gates;
  readonly journal: GateRecord[];
  tool(service: string): Socket;
  end(): Promise<void>;
}

/** What the plant does behind the gates: an echo that lets the client end first. */
function serve({ plc }: Zones): void {
  for (const port of [2000, 2001])
    plc.listen(port, (connection) => ({
      data: (b, s, e) => {
        if (!connection.send(b, s, e)) connection.pause();
      },
      drained: () => connection.resume(),
      ended: () => connection.close(),
      closed() {},
    }));
  // Answers with the bytes turned round.
  const socket = plc.udp(2000, (b, s, e, address, port) => socket.send(address, port, b.slice(s, e).reverse()));
}

const build = () => buildZones([{ port: 2000 }, { port: 2002 }, { port: 2000, transport: 'udp' }]);
const ranges: GatedRange[] = [];
const datagrams: DatagramSocket[] = [];
const tools: Socket[] = [];

async function open(options: { limit?: number; from?: string } = {}): Promise<GatedRange> {
  const zones = build();
  serve(zones);
  const clock = new PacedClock(zones.queue);
  const journal: GateRecord[] = [];
  const gates = await Gates.open({
    clock,
    wire: zones.wire,
    services: SERVICES,
    from: options.from ?? 'office',
    addresses: 'picked',
    onRecord: (record) => journal.push(record),
    limit: options.limit ?? 64,
  });
  clock.start();
  const range: GatedRange = {
    ...zones,
    clock,
    gates,
    journal,
    tool(service) {
      const { host, port } = gates.table.find((row) => row.service === service) as { host: string; port: number };
      const socket = connect({ host, port, allowHalfOpen: true });
      tools.push(socket);
      return socket;
    },
    async end() {
      await gates.close();
      clock.stop();
    },
  };
  ranges.push(range);
  return range;
}

afterEach(async () => {
  for (const socket of tools.splice(0)) socket.destroy();
  for (const socket of datagrams.splice(0)) socket.close();
  await Promise.all(ranges.splice(0).map((range) => range.end()));
});

const until = async (condition: () => boolean): Promise<void> => {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
};

const outcome = (socket: Socket): Promise<string> =>
  new Promise((resolve) => {
    let failure = 'closed';
    socket.on('error', (error: NodeJS.ErrnoException) => {
      failure = error.code ?? error.message;
    });
    socket.on('end', () => socket.end());
    socket.on('close', () => resolve(failure));
    socket.resume();
  });

function echo(socket: Socket, bytes: Uint8Array): Promise<Buffer> {
  const parts: Buffer[] = [];
  let length = 0;
  const done = new Promise<Buffer>((resolve) => {
    const take = (part: Buffer) => {
      parts.push(part);
      length += part.length;
      if (length < bytes.length) return;
      socket.off('data', take);
      resolve(Buffer.concat(parts));
    };
    socket.on('data', take);
  });
  socket.write(bytes);
  return done;
}

describe('a real tool at a gate', () => {
  test('speaks with the device, past the firewall, from the trainee’s host', async () => {
    const { tool, tap } = await open();
    const socket = tool('echo');
    const bytes = pattern(10_000);
    expect((await echo(socket, bytes)).equals(Buffer.from(bytes))).toBe(true);
    socket.end();
    expect(await outcome(socket)).toBe('closed');
    const packets = tap.frames.filter(({ bytes: b }) => b[12] === 8 && b[13] === 0 && b[23] === 6);
    const sources = new Set(packets.map(({ bytes: b }) => new DataView(b.buffer).getUint32(26)));
    expect(sources).toEqual(new Set([OFFICE, PLC]));
  });

  test('may end its side and still get everything', async () => {
    const { tool } = await open();
    const socket = tool('echo');
    socket.end('the last words');
    expect(await text(socket)).toBe('the last words');
  });

  test('is reset where the device refuses', async () => {
    const { tool } = await open();
    expect(await outcome(tool('closed'))).toBe('ECONNRESET');
  });

  test('is reset when the firewall’s silence has lasted', async () => {
    const { tool, clock } = await open();
    clock.setRate(100);
    expect(await outcome(tool('blocked'))).toBe('ECONNRESET');
  });

  test('that goes away is gone on the wire too', async () => {
    const { tool, plc, tap, clock } = await open();
    const socket = tool('echo');
    await echo(socket, pattern(10));
    expect(plc.tcp.connections).toBe(1);
    socket.resetAndDestroy();
    await until(() => plc.tcp.connections === 0);
    expect((tap.frames.at(-1)?.bytes[47] as number) & 4).toBe(4);
    expect(clock.running).toBe(true);
  });

  test('that does not read stops the device, and nothing is lost', async () => {
    const { tool, plc, journal, queue } = await open();
    // More than a system's own socket buffers hold (Linux: 32 MiB and 4 MiB at most).
    const all = Buffer.alloc(64_000_000, pattern(9973));
    let accepted = 0;
    plc.listen(2002, (connection) => {
      let sent = 0;
      const pump = () => {
        while (sent < all.length) {
          const end = Math.min(all.length, sent + 32_768);
          const room = connection.send(all, sent, end);
          sent = end;
          accepted = sent;
          if (!room) return;
        }
        connection.close();
      };
      queue.in(milliseconds(1), { run: pump });
      return { data() {}, drained: pump, closed() {} };
    });
    const socket = tool('closed');
    socket.pause();
    // The device comes to a halt long before all is sent.
    await until(() => journal.some((record) => record.kind === 'hold'));
    expect(accepted).toBeLessThan(all.length);
    const parts: Buffer[] = [];
    for await (const part of socket) parts.push(part as Buffer);
    expect(Buffer.concat(parts).equals(all)).toBe(true);
    expect(journal.some((record) => record.kind === 'release')).toBe(true);
  });

  test('that sends more than the device takes is held back, and others are not', async () => {
    const { tool, plc, journal } = await open();
    plc.listen(2002, (connection) => {
      connection.pause();
      return { data() {}, closed() {} };
    });
    const socket = tool('closed');
    socket.write(pattern(8_000_000));
    const arrived = () =>
      journal.reduce((sum, r) => sum + (r.kind === 'data' && r.connection === 1 ? r.bytes.length : 0), 0);
    await until(() => arrived() > SEND_MARK);
    const other = tool('echo');
    for (let i = 0; i < 20; i++) await echo(other, pattern(1000));
    // The device's window, what may wait in the connection, and a chunk or two.
    expect(arrived()).toBeLessThan(65_536 + SEND_MARK + 4 * 65_536);
    socket.destroy();
    other.destroy();
  });
});

describe('many tools', () => {
  test('beyond the limit are reset; the others go on', async () => {
    const { tool, gates } = await open({ limit: 20 });
    const sockets = Array.from({ length: 20 }, () => tool('echo'));
    await Promise.all(sockets.map((socket) => echo(socket, pattern(10))));
    expect(gates.connections).toBe(20);
    const late = Array.from({ length: 50 }, () => outcome(tool('echo')));
    expect(new Set(await Promise.all(late))).toEqual(new Set(['ECONNRESET']));
    await Promise.all(sockets.map((socket) => echo(socket, pattern(10))));
    for (const socket of sockets) socket.destroy();
  });

  test('come and go without a trace', async () => {
    const { tool, gates, plc, wire, office } = await open();
    for (let round = 0; round < 5; round++)
      await Promise.all(
        Array.from({ length: 40 }, async (_, i) => {
          const socket = tool('echo');
          await echo(socket, pattern(100, i));
          if (i % 2 === 0) socket.resetAndDestroy();
          else socket.end();
          await outcome(socket);
        }),
      );
    await until(() => gates.connections === 0 && plc.tcp.connections === 0);
    expect(wire.pool.inUse).toBe(0);
    // Those that said goodbye linger as they should.
    expect(office.tcp.connections).toBe(100);
  });

  test('all end at once when the range ends, within two seconds', async () => {
    const ending = async (): Promise<number> => {
      const range = await open();
      const sockets = Array.from({ length: 30 }, () => range.tool('echo'));
      await Promise.all(sockets.map((socket) => echo(socket, pattern(10))));
      const ends = sockets.map(outcome);
      const taken = await wallTimeOf(async () => {
        await range.end();
        await Promise.all(ends);
      });
      expect(range.gates.connections).toBe(0);
      return taken;
    };
    expect(await atBest(2000, ending)).toBeLessThan(2000);
  });
});

describe('a tool that sends datagrams', () => {
  /** A real socket at the gate, and what it is answered. */
  function client({ gates }: GatedRange) {
    const { host, port } = gates.table.find((row) => row.transport === 'udp') as { host: string; port: number };
    const socket = createSocket('udp4');
    datagrams.push(socket);
    return async (bytes: Uint8Array): Promise<Buffer> => {
      const answered = once(socket, 'message') as Promise<[Buffer]>;
      socket.send(bytes, port, host);
      return (await answered)[0];
    };
  }

  test('is answered by the device, past the firewall, from a port of the trainee’s host', async () => {
    const range = await open();
    const [one, other] = [client(range), client(range)];
    expect((await one(Uint8Array.of(1, 2, 3))).equals(Buffer.of(3, 2, 1))).toBe(true);
    expect((await other(new Uint8Array(0))).length).toBe(0);
    // Too long for a frame, and for a firewall that does not know fragments.
    const long = pattern(20_000);
    expect((await one(long)).equals(Buffer.from(long).reverse())).toBe(true);
    expect(range.gates.connections).toBe(2);
    const opened = range.journal.filter((record) => record.kind === 'open');
    expect(opened).toMatchObject([
      { connection: 1, gate: 'plc:2000/udp', from: 'office' },
      { connection: 2, gate: 'plc:2000/udp', from: 'office' },
    ]);
    const sources = range.tap.frames
      .filter(({ bytes: b }) => b[23] === 17 && b[36] === 0x07 && b[37] === 0xd0)
      .map(({ bytes: b }) => ((b[34] as number) << 8) | (b[35] as number));
    expect(new Set(sources).size).toBe(2);
  });

  test('is forgotten when it has been silent, and comes in anew', async () => {
    const range = await open();
    const ask = client(range);
    await ask(pattern(10));
    range.clock.setRate(10_000);
    await until(() => range.gates.connections === 0);
    range.clock.setRate(1);
    await ask(pattern(10));
    expect(range.journal.filter((record) => record.kind === 'open').map((r) => r.connection)).toEqual([1, 2]);
  });

  test('beyond the limit is not let in, and counted; the others go on', async () => {
    const range = await open({ limit: 2 });
    const [one, other, third] = [client(range), client(range), client(range)];
    await one(pattern(10));
    await other(pattern(10));
    void third(pattern(10));
    await until(() => range.gates.dropped === 1);
    await one(pattern(10));
    expect(range.gates.connections).toBe(2);
  });
});

describe('what a tool asks everybody of a network', () => {
  test('goes to each who offers the service there, and each answers from its own place', async () => {
    const zones = build();
    serve(zones);
    const clock = new PacedClock(zones.queue);
    const broadcast = '10.20.1.255';
    const datagram = { address: '10.20.1.13', transport: 'udp', broadcast } as const;
    const gates = await Gates.open({
      clock,
      wire: zones.wire,
      services: [
        { device: 'plc', service: 'datagrams', port: 2000, ...datagram },
        { device: 'sensor', service: 'datagrams', port: 2000, ...datagram },
        { device: 'elsewhere', service: 'datagrams', port: 2000, ...datagram, broadcast: '10.20.2.255' },
        { device: 'plc', service: 'echo', address: '10.20.1.13', port: 2000 },
      ],
      from: 'office',
      addresses: 'picked',
    });
    clock.start();
    const socket = createSocket('udp4');
    try {
      expect(gates.everybody).toMatchObject([
        { service: 'datagrams', broadcast },
        { service: 'datagrams', broadcast: '10.20.2.255' },
      ]);
      const { host, port } = gates.everybody[0] as { host: string; port: number };
      const heard: number[] = [];
      socket.on('message', (bytes, from) => {
        expect([...bytes]).toEqual([3, 2, 1]);
        heard.push(from.port);
      });
      socket.send(Uint8Array.of(1, 2, 3), port, host);
      await until(() => heard.length === 2);
      expect(heard.sort()).toEqual(
        gates.table
          .slice(0, 2)
          .map((row) => row.port)
          .sort(),
      );
      expect(gates.connections).toBe(2);
    } finally {
      await new Promise<void>((resolve) => void socket.close(() => resolve()));
      await gates.close();
      clock.stop();
    }
  });
});

test('a journal of what came in makes the same frames again', async () => {
  const live = await open();
  const { port, host } = live.gates.table[3] as { host: string; port: number };
  const datagram = createSocket('udp4');
  datagrams.push(datagram);
  for (const size of [5, 3000, 0]) {
    const answered = once(datagram, 'message');
    datagram.send(pattern(size), port, host);
    await answered;
  }
  const sockets = [1, 2, 3].map(() => live.tool('echo'));
  await Promise.all(sockets.map((socket, i) => echo(socket, pattern(3000 * (i + 1), i))));
  sockets[0]?.resetAndDestroy();
  sockets[1]?.end();
  await outcome(sockets[1] as Socket);
  await live.end();
  const end = live.queue.now;

  const again = build();
  serve(again);
  replayGates(again.queue, gateEntrance(again.wire, SERVICES), live.journal);
  while (again.queue.step(end));
  expect(again.tap.frames.length).toBe(live.tap.frames.length);
  expect(again.tap.hash).toBe(live.tap.hash);
});

describe('where gates are', () => {
  test('a device has its own loopback address', () => {
    expect(loopbackOf('10.20.1.13')).toBe('127.20.1.13');
    expect(loopbackOf('192.168.4.9')).toBe('127.168.4.9');
  });

  test('declared ports at own addresses, where the system has them', async () => {
    const zones = build();
    const clock = new PacedClock(zones.queue);
    const { port } = await free();
    const service = { device: 'plc', service: 'echo', address: '10.20.1.13', port };
    const options = { clock, wire: zones.wire, services: [service], from: 'office' };
    const gates = await Gates.open(options);
    const [row] = gates.table;
    expect(row).toEqual(
      process.platform === 'linux'
        ? { gate: `plc:${port}`, device: 'plc', service: 'echo', transport: 'tcp', host: '127.20.1.13', port }
        : expect.objectContaining({ gate: `plc:${port}` }),
    );
    // The same plant again on this machine: refused, and nothing is left listening.
    await expect(Gates.open(options)).rejects.toThrow(expect.objectContaining({ id: 'gate.taken' }));
    await gates.close();
    const second = await Gates.open(options);
    await second.close();
  });

  const mayBind502 = process.platform !== 'linux' || process.getuid?.() === 0;
  test.skipIf(mayBind502)('a privileged port becomes itself plus 10000 for an ordinary user', async () => {
    const zones = build();
    const service = { device: 'plc', service: 'modbus', address: '10.20.1.213', port: 502 };
    const clock = new PacedClock(zones.queue);
    const gates = await Gates.open({ clock, wire: zones.wire, services: [service], from: 'office' });
    expect(gates.table).toEqual([
      { gate: 'plc:502', device: 'plc', service: 'modbus', transport: 'tcp', host: '127.20.1.213', port: 10_502 },
    ]);
    await gates.close();
  });

  test('an unknown host or gate is refused', async () => {
    const zones = build();
    const clock = new PacedClock(zones.queue);
    await expect(Gates.open({ clock, wire: zones.wire, services: [], from: 'ofice' })).rejects.toThrow("'office'");
    expect(() =>
      gateEntrance(zones.wire, SERVICES).apply({
        time: 1 as never,
        connection: 1,
        kind: 'open',
        gate: 'plc:1',
        from: 'office',
      }),
    ).toThrow(expect.objectContaining({ id: 'gate.unknown' }));
  });
});

/** A port that nobody uses now. */
async function free(): Promise<{ port: number }> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return { port };
}
