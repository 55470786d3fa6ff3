/** The health probes against real servers on loopback; they need no engine. */

import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { createServer as createHttp } from 'node:http';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Instant } from '@penstock/core';
import { BacnetLink } from '@penstock/protocols/bacnet';
import { Dnp3Outstation } from '@penstock/protocols/dnp3';
import { octets, SnmpAgent } from '@penstock/protocols/snmp';
import modbusSerial from 'modbus-serial';
import { afterEach, describe, expect, it } from 'vitest';
import { ROOT } from './engine.ts';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function health(...words: readonly string[]): Promise<{ code: number | null; said: string }> {
  const child = spawn(process.execPath, [join(ROOT, 'docker/health.mjs'), ...words], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (text) => {
      said += text;
    });
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, said: said.trim() };
}

async function listening(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing.push(() => new Promise((resolve) => server.close(resolve)));
  return String((server.address() as AddressInfo).port);
}

const tcp = (serve: (socket: Socket) => void): Promise<string> =>
  listening(
    createServer((socket) => {
      socket.on('error', () => {});
      closing.unshift(() => socket.destroy());
      serve(socket);
    }),
  );

async function udp(answer: (question: Buffer) => Buffer | undefined): Promise<string> {
  const socket = createSocket('udp4');
  socket.on('message', (question, from) => {
    const said = answer(question);
    if (said) socket.send(said, from.port, from.address);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  closing.push(() => new Promise<void>((resolve) => socket.close(() => resolve())));
  return String(socket.address().port);
}

describe('a health probe', () => {
  it('finds a Modbus server well that answers, with an exception too', async () => {
    // modbus-serial's own server identifies itself as nobody: it answers with an exception.
    const server = new modbusSerial.ServerTCP({}, { host: '127.0.0.1', port: 0, unitID: 1 });
    await once(server, 'initialized');
    closing.push(() => new Promise((resolve) => server.close(resolve)));
    const { port } = (server as unknown as { _server: Server })._server.address() as AddressInfo;
    expect(await health('modbus', '127.0.0.1', String(port))).toEqual({ code: 0, said: '' });
  });

  it('finds a device well that turns strangers away once they are connected', async () => {
    const port = await tcp((socket) => socket.on('data', () => socket.resetAndDestroy()));
    expect(await health('modbus', '127.0.0.1', port)).toEqual({ code: 0, said: '' });
  });

  it('says that nobody listens, that nobody answers, and that the answer is another protocol’s', async () => {
    const free = await tcp(() => {});
    await Promise.all(closing.splice(0).map((close) => close()));
    expect(await health('modbus', '127.0.0.1', free)).toEqual({ code: 1, said: `127.0.0.1:${free}: ECONNREFUSED` });
    const silent = await tcp(() => {});
    expect(await health('modbus', '127.0.0.1', silent)).toEqual({
      code: 1,
      said: `127.0.0.1:${silent} does not answer`,
    });
    const other = await tcp((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    expect(await health('modbus', '127.0.0.1', other)).toMatchObject({ code: 1 });
  });

  it('finds an S7 controller well that confirms the connection', async () => {
    const port = await tcp((socket) =>
      socket.on('data', () => socket.write(Buffer.from('0300001611d00001000100c0010ac1020100c2020102', 'hex'))),
    );
    expect(await health('s7', '127.0.0.1', port)).toEqual({ code: 0, said: '' });
  });

  it('finds a BACnet device well that has a broadcast table, and one that says that it has none', async () => {
    for (const bbmd of [undefined, { peers: [], acceptsForeign: false, writable: false }]) {
      const link = new BacnetLink({ port: 47_808, bbmd });
      const port = await udp((question) => {
        link.receive(question, 0, question.length, 0x7f000001, 50_000, 0 as Instant);
        return Buffer.from(link.take()?.octets ?? []);
      });
      expect(await health('bacnet', '127.0.0.1', port)).toEqual({ code: 0, said: '' });
    }
  });

  it('finds an SNMP agent well by a community that it knows, and by no other', async () => {
    const sysUpTime = [1, 3, 6, 1, 2, 1, 1, 3, 0];
    const agent = new SnmpAgent({
      communities: () => [{ name: 'weir', access: 'read' }],
      objects: [{ oid: sysUpTime, get: () => octets('long') }],
    });
    const port = await udp((question) => {
      const answer = agent.answer(question, 0, question.length, { address: '127.0.0.1', port: 50_000 });
      return answer && Buffer.from(answer);
    });
    expect(await health('snmp', '127.0.0.1', port, 'weir')).toEqual({ code: 0, said: '' });
    expect(await health('snmp', '127.0.0.1', port, 'public')).toEqual({
      ...{ code: 1, said: `127.0.0.1:${port} does not answer` },
    });
    expect(agent.counters).toMatchObject({ badMessages: 0, badCommunities: 1 });
    expect(await health('snmp', '127.0.0.1', port)).toMatchObject({ code: 2 });
  });

  it('finds a console well that greets, and an OPC UA server that acknowledges', async () => {
    const console = await tcp((socket) => socket.write('login: '));
    expect(await health('greeting', '127.0.0.1', console)).toEqual({ code: 0, said: '' });
    const hello: string[] = [];
    const server = await tcp((socket) =>
      socket.on('data', (bytes) => {
        hello.push(bytes.toString('latin1', 0, 4), String(bytes.readUInt32LE(4) === bytes.length));
        socket.write(
          Buffer.from(`41434b46${'1c000000'}${'00'.repeat(4)}${'00000100'.repeat(2)}${'00'.repeat(8)}`, 'hex'),
        );
      }),
    );
    expect(await health('opcua', '127.0.0.1', server)).toEqual({ code: 0, said: '' });
    expect(hello).toEqual(['HELF', 'true']);
  });

  it('finds a broker well that refuses nobody in particular', async () => {
    const port = await tcp((socket) => socket.on('data', () => socket.end(Buffer.from('20020002', 'hex'))));
    expect(await health('mqtt', '127.0.0.1', port)).toEqual({ code: 0, said: '' });
  });

  it('finds an outstation well that tells its link status to its master', async () => {
    const outstation = new Dnp3Outstation({
      address: 12,
      masters: [2],
      identity: { vendor: 'a', productCode: 'b', revision: 'c', productName: 'd', modelName: 'e' },
      points: [],
      device: { read: () => 0, write: () => 'read-only', check: () => 'read-only', restart: () => undefined },
    });
    const port = await tcp((socket) => {
      const session = outstation.session('127.0.0.1', socket.remotePort ?? 0);
      socket.on('data', (bytes) => {
        session.receive(bytes, 0 as Instant);
        for (let frame = session.take(); frame !== undefined; frame = session.take()) socket.write(frame);
      });
    });
    expect(await health('dnp3', '127.0.0.1', port, '12', '2')).toEqual({ code: 0, said: '' });
    // Another link address is somebody else's.
    expect(await health('dnp3', '127.0.0.1', port, '13', '2')).toEqual({
      ...{ code: 1, said: `127.0.0.1:${port} does not answer` },
    });
    expect(await health('dnp3', '127.0.0.1', port)).toMatchObject({ code: 2 });
  });

  it('takes any answer of a page that is no fault of the server’s', async () => {
    let status = 401;
    const server = createHttp((_, response) => response.writeHead(status).end());
    const port = await listening(server);
    expect(await health('http', `http://127.0.0.1:${port}/`)).toEqual({ code: 0, said: '' });
    status = 503;
    expect(await health('http', `http://127.0.0.1:${port}/`)).toMatchObject({ code: 1 });
  });

  it('asks a time server and a name server', async () => {
    const time = await udp((question) => {
      const answer = Buffer.alloc(48);
      answer[0] = 0x24;
      question.copy(answer, 24, 40);
      return answer;
    });
    expect(await health('ntp', '127.0.0.1', time)).toEqual({ code: 0, said: '' });
    const names = await udp((question) =>
      Buffer.concat([question.subarray(0, 2), Buffer.from('8180', 'hex'), question.subarray(4)]),
    );
    expect(await health('dns', '127.0.0.1', names)).toEqual({ code: 0, said: '' });
    const nobody = await udp(() => undefined);
    expect(await health('ntp', '127.0.0.1', nobody)).toMatchObject({ code: 1 });
  });

  it('finds a role well that touched its file lately', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'penstock-health-'));
    closing.push(() => rmSync(folder, { recursive: true }));
    const file = join(folder, 'alive');
    expect(await health('file', file, '15')).toEqual({ code: 1, said: `${file}: ENOENT` });
    writeFileSync(file, '');
    expect(await health('file', file, '600')).toEqual({ code: 0, said: '' });
    utimesSync(file, 0, 0);
    expect(await health('file', file, '600')).toMatchObject({ code: 1 });
  });

  it('says how it is called', async () => {
    expect(await health('snmp', '127.0.0.1', '161')).toMatchObject({ code: 2 });
    expect(await health('modbus', '127.0.0.1')).toMatchObject({ code: 2 });
  });
});
