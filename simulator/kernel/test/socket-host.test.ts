/** A device's network of real sockets behaves as the wire's hosts do. */

import { once } from 'node:events';
import { createServer } from 'node:net';
import { parseIpv4 } from '@penstock/protocols/ethernet';
import { afterEach, describe, expect, it } from 'vitest';
import { type CloseReason, EventQueue, type Mark, PacedClock, SocketHost, type TcpHandler } from '../index.ts';

const SLOW = 180_000;
const PLC = '127.98.1.1';
const SCADA = '127.98.1.2';
const CAUSE = { actor: 'scenario:test', step: 'one' };

describe.skipIf(process.platform !== 'linux')('a host of sockets', { timeout: SLOW }, () => {
  const open: { host: SocketHost; clock: PacedClock }[] = [];
  afterEach(async () => {
    for (const { host, clock } of open.splice(0)) {
      clock.stop();
      await host.close();
    }
  });

  function hostAt(address: string) {
    const queue = new EventQueue();
    const clock = new PacedClock(queue);
    const marks: Mark[] = [];
    const host = new SocketHost({
      id: address,
      queue,
      clock,
      addresses: [address],
      onMark: (mark) => marks.push(mark),
    });
    clock.start();
    open.push({ host, clock });
    return { host, marks };
  }

  /** What a connection's handler hears, in order. */
  function ear(): TcpHandler & { heard: string[] } {
    const heard: string[] = [];
    return {
      heard,
      open: () => void heard.push('open'),
      data: (buffer, start, end) => void heard.push(Buffer.from(buffer.subarray(start, end)).toString()),
      closed: (reason: CloseReason) => void heard.push(reason),
    };
  }

  it('carries bytes both ways, tells from where, and ends in order', async () => {
    const { host: plc } = hostAt(PLC);
    const { host: scada } = hostAt(SCADA);
    const from: number[] = [];
    plc.listen(15_020, (connection) => {
      from.push(connection.remoteAddress);
      return { data: (buffer, start, end) => void connection.send(buffer, start, end), closed: () => {} };
    });
    const client = ear();
    const connection = scada.connect(parseIpv4(PLC), 15_020, client);
    await expect.poll(() => client.heard, { timeout: SLOW }).toEqual(['open']);
    connection.send(Buffer.from('hello'));
    await expect.poll(() => client.heard, { timeout: SLOW }).toEqual(['open', 'hello']);
    expect(from).toEqual([parseIpv4(SCADA)]);
    connection.close();
    await expect.poll(() => client.heard, { timeout: SLOW }).toEqual(['open', 'hello', 'closed']);
    expect(connection.writable).toBe(false);
  });

  it('says that nobody listens, and that the other side hung up', async () => {
    const { host: plc } = hostAt(PLC);
    const { host: scada } = hostAt(SCADA);
    const refused = ear();
    scada.connect(parseIpv4(PLC), 15_021, refused);
    await expect.poll(() => refused.heard, { timeout: SLOW }).toEqual(['refused']);
    // Who is not on a list is let go after the handshake.
    plc.listen(15_022, () => undefined);
    const let_go = ear();
    scada.connect(parseIpv4(PLC), 15_022, let_go);
    await expect.poll(() => let_go.heard.at(-1), { timeout: SLOW }).toBe('reset');
  });

  it('tells who caused a connection before it is opened, and which bytes of a shared one', async () => {
    const { host: plc } = hostAt(PLC);
    const { host: scada, marks } = hostAt(SCADA);
    plc.listen(15_023, () => ({ data: () => {}, closed: () => {} }));
    scada.connect(parseIpv4(PLC), 15_023, ear(), { cause: CAUSE, localPort: 50_123 });
    const remote = { address: PLC, port: 15_023 };
    const syn = { from: -1, to: 0, sent: new Uint8Array(1) };
    const local = { address: SCADA, port: 50_123 };
    expect(marks).toEqual([{ kind: 'bytes', local, remote, ...syn, cause: CAUSE }]);
    const shared = ear();
    const connection = scada.connect(parseIpv4(PLC), 15_023, shared);
    await expect.poll(() => shared.heard, { timeout: SLOW }).toEqual(['open']);
    connection.send(Buffer.from('mine'));
    connection.cause = CAUSE;
    connection.send(Buffer.from('theirs'));
    connection.cause = undefined;
    connection.send(Buffer.from('mine'));
    expect(marks[1]).toMatchObject({ kind: 'bytes', from: 4, to: 10, cause: CAUSE, remote });
    expect(marks).toHaveLength(2);
  });

  it('without a link nobody is answered and nothing leaves', async () => {
    const { host: plc } = hostAt(PLC);
    const { host: scada } = hostAt(SCADA);
    plc.listen(15_024, () => ({ data: () => {}, closed: () => {} }));
    const standing = ear();
    scada.connect(parseIpv4(PLC), 15_024, standing);
    await expect.poll(() => standing.heard, { timeout: SLOW }).toEqual(['open']);
    plc.linkDown();
    await expect.poll(() => standing.heard.at(-1), { timeout: SLOW }).toBe('reset');
    const later = ear();
    scada.connect(parseIpv4(PLC), 15_024, later);
    await expect.poll(() => later.heard.at(-1), { timeout: SLOW }).toBe('reset');
    plc.linkUp();
    const again = ear();
    scada.connect(parseIpv4(PLC), 15_024, again);
    await expect.poll(() => again.heard, { timeout: SLOW }).toEqual(['open']);
  });

  it('leaves nothing open of a connection that is cut off after its goodbye', async () => {
    const { host: plc } = hostAt(PLC);
    const { host: scada } = hostAt(SCADA);
    plc.listen(15_029, () => ({ data: () => {}, ended: () => {}, closed: () => {} }));
    const client = ear();
    const connection = scada.connect(parseIpv4(PLC), 15_029, client);
    await expect.poll(() => client.heard, { timeout: SLOW }).toEqual(['open']);
    connection.close();
    connection.abort();
    // That nothing stays open is looked at after each file.
    expect([client.heard, connection.writable]).toEqual([['open', 'aborted'], false]);
  });

  it('lets go who came when nobody was there any more to welcome them', async () => {
    const plc = hostAt(PLC);
    const { host: scada } = hostAt(SCADA);
    const accepted: number[] = [];
    plc.host.listen(15_028, ({ remotePort }) => {
      accepted.push(remotePort);
      return { data: () => {}, closed: () => {} };
    });
    const standing = ear();
    const clock = open[0]?.clock;
    clock?.stop();
    scada.connect(parseIpv4(PLC), 15_028, standing);
    await expect.poll(() => standing.heard, { timeout: SLOW }).toEqual(['open']);
    plc.host.linkDown();
    await expect.poll(() => standing.heard.at(-1), { timeout: SLOW }).toBe('reset');
    plc.host.linkUp();
    clock?.start();
    const later = ear();
    scada.connect(parseIpv4(PLC), 15_028, later);
    await expect.poll(() => [later.heard, accepted.length], { timeout: SLOW }).toEqual([['open'], 1]);
  });

  it('sends datagrams and takes those that come', async () => {
    const { host: plc } = hostAt(PLC);
    const { host: scada, marks } = hostAt(SCADA);
    const got: string[] = [];
    const server = plc.udp(15_025, (buffer, start, end, address, port) => {
      server.send(address, port, Buffer.concat([Buffer.from('re:'), buffer.subarray(start, end)]));
    });
    const client = scada.udp(
      15_026,
      (buffer, start, end) => void got.push(Buffer.from(buffer.subarray(start, end)).toString()),
    );
    client.cause = CAUSE;
    await expect
      .poll(
        () => {
          client.send(parseIpv4(PLC), 15_025, Buffer.from('time?'));
          return got[0];
        },
        { timeout: SLOW },
      )
      .toBe('re:time?');
    expect(marks[0]).toMatchObject({ kind: 'datagram', cause: CAUSE, remote: { address: PLC, port: 15_025 } });
  });

  it('says of a port that it listens there once it does, and where it cannot says the rest all the same', async () => {
    const { host: plc } = hostAt(PLC);
    const { host: scada } = hostAt(SCADA);
    const taken = createServer().listen(15_024, PLC);
    await once(taken, 'listening');
    try {
      plc.listen(15_022, (connection) => ({
        data: (buffer, start) => {
          plc.listen(buffer[start] === 0x66 ? 15_023 : 15_024, () => ({ data: () => {}, closed: () => {} }));
          connection.send(Buffer.from('come'));
        },
        closed: () => {},
      }));
      for (const text of ['free', 'taken']) {
        const client = ear();
        const connection = scada.connect(parseIpv4(PLC), 15_022, client);
        await expect.poll(() => client.heard, { timeout: SLOW }).toEqual(['open']);
        connection.send(Buffer.from(text));
        await expect.poll(() => client.heard, { timeout: SLOW }).toEqual(['open', 'come']);
      }
      const second = ear();
      scada.connect(parseIpv4(PLC), 15_023, second);
      await expect.poll(() => second.heard, { timeout: SLOW }).toEqual(['open']);
    } finally {
      taken.close();
    }
  });

  it('refuses a port that it listens at already', () => {
    const { host } = hostAt(PLC);
    host.listen(15_027, () => undefined);
    expect(() => host.listen(15_027, () => undefined)).toThrow(/TCP port 15027/);
  });
});
