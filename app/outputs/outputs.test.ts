/** The ways out as receivers see them, on loopback. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer as createHttpServer, type Server as HttpServer, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Alert, CaptureDecoder, type Notice } from '@penstock/monitor';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { atBest, computingTimeOf, wallTimeOf } from '../../tests/measured.ts';
import { BoundedQueue, type Delivery } from './delivery.ts';
import { openEvidence, openLines } from './files.ts';
import { openSyslog } from './syslog.ts';
import { openWebhook } from './webhook.ts';

const START = Date.parse('2026-03-02T09:00:00Z') * 1000;
const alert = (number: number): Alert => ({
  ...{ id: `a-${number}`, number, time: number, epoch: START + number * 1e6, rule: 'rogue-master', title: 'A rogue' },
  ...{ severity: 'high', techniques: ['T0848'], device: 'dosing-plc', deviceAddress: '10.10.1.13', tag: null },
  ...{ oldValue: null, newValue: null, unit: null, source: '10.10.2.99', sourceAddress: '10.10.2.99' },
  ...{ message: `alert ${number}`, why: 'why', packets: [1], incident: 'i-1', count: 1, lastTime: number },
});
const notice = (number: number): Notice => ({ type: 'alert', at: '2026-03-02T09:00:00.000Z', ...alert(number) });
const tellAll = (delivery: Delivery, count: number): void => {
  for (let i = 1; i <= count; i++) delivery.tell(notice(i));
};

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'penstock-outputs-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const portOf = (server: Server | HttpServer): number => (server.address() as AddressInfo).port;
const closed = (server: Server | HttpServer): Promise<unknown> => {
  const done = once(server, 'close');
  server.close();
  return done;
};

describe('syslog', () => {
  it('sends each alert as a datagram', async () => {
    const receiver = createSocket('udp4');
    const texts: string[] = [];
    receiver.on('message', (bytes) => texts.push(bytes.toString()));
    receiver.bind(0, '127.0.0.1');
    await once(receiver, 'listening');
    const output = openSyslog(`udp://127.0.0.1:${receiver.address().port}`, () => START);
    tellAll(output, 5);
    expect(await output.close()).toMatchObject({ sent: 5, dropped: 0, trouble: null });
    while (texts.length < 5) await once(receiver, 'message');
    receiver.close();
    expect(texts[0]).toMatch(
      /^<115>1 2026-03-02T09:00:01\.000000Z \S+ penstock - alert \[penstock@32473 .*\] alert 1$/,
    );
  });

  it('sends a stream of counted frames, and goes on when the receiver comes later', async () => {
    const probe = createServer().listen(0, '127.0.0.1');
    await once(probe, 'listening');
    const port = portOf(probe);
    await closed(probe);
    const output = openSyslog(`tcp://127.0.0.1:${port}`, () => START);
    tellAll(output, 3);
    // The first attempt finds nobody.
    await new Promise((resolve) => setTimeout(resolve, 100));
    const received: string[] = [];
    const server = createServer((socket) => socket.on('data', (bytes) => received.push(bytes.toString())));
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    await expect.poll(() => received.join('')).toContain('alert 3');
    expect(await output.close()).toMatchObject({ sent: 3, dropped: 0 });
    await closed(server);
    let rest = received.join('');
    const messages: string[] = [];
    while (rest !== '') {
      const [length] = rest.split(' ', 1) as [string];
      messages.push(rest.slice(length.length + 1, length.length + 1 + Number(length)));
      rest = rest.slice(length.length + 1 + Number(length));
    }
    expect(messages.map((message) => message.split('] ')[1])).toEqual(['alert 1', 'alert 2', 'alert 3']);
  });

  it('says what nobody took', async () => {
    // A port that no system gives out, so that nobody happens to listen there.
    const output = openSyslog('tcp://127.0.0.1:1', () => START);
    tellAll(output, 20_000);
    const report = await output.close();
    expect(report).toMatchObject({ sent: 0, dropped: 20_000 });
    expect(report.trouble).toContain('ECONNREFUSED');
  });

  it.each(['127.0.0.1:514', 'http://127.0.0.1', 'udp://', 'tcp://host/path', 'udp://h:99999'])(
    'refuses %s',
    (target) => {
      expect(() => openSyslog(target, () => 0)).toThrow('--syslog takes udp://HOST:PORT or tcp://HOST:PORT');
    },
  );
});

describe('web hook', () => {
  const hook = async (answer: (count: number, response: ServerResponse) => void) => {
    const bodies: string[] = [];
    const server = createHttpServer((request, response) => {
      let body = '';
      request.on('data', (chunk) => (body += chunk));
      request.on('end', () => {
        bodies.push(body);
        answer(bodies.length, response);
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return { bodies, server, url: `http://127.0.0.1:${portOf(server)}/alerts` };
  };
  const status =
    (...codes: number[]) =>
    (count: number, response: ServerResponse) => {
      response.writeHead(codes[count - 1] ?? 200, { Connection: 'close' }).end();
    };

  it('posts alerts in batches as JSON', async () => {
    const { bodies, server, url } = await hook(status());
    const output = openWebhook(url);
    tellAll(output, 250);
    await expect.poll(() => bodies.length).toBe(3);
    expect(await output.close()).toMatchObject({ sent: 250, dropped: 0, trouble: null });
    await closed(server);
    expect(bodies.map((body) => JSON.parse(body).notices.length)).toEqual([100, 100, 50]);
    expect(JSON.parse(bodies[0] as string)).toMatchObject({
      sensor: expect.any(String),
      notices: expect.arrayContaining([expect.objectContaining({ type: 'alert', rule: 'rogue-master', number: 1 })]),
    });
  });

  it('tries again what the other side could not take, and not what it does not want', async () => {
    const { bodies, server, url } = await hook(status(503, 429, 200, 400));
    const output = openWebhook(url, [5, 5]);
    tellAll(output, 150);
    await expect.poll(() => bodies.length).toBe(4);
    expect(await output.close()).toMatchObject({ sent: 100, dropped: 50, trouble: expect.stringContaining('400') });
    await closed(server);
    expect(bodies).toHaveLength(4);
    expect(new Set(bodies.slice(0, 3)).size).toBe(1);
  });

  it('never holds the monitor up, loses what finds no room, and ends in time when nobody answers', async () => {
    const ending = async (): Promise<number> => {
      const { server, url } = await hook(() => {});
      const output = openWebhook(url);
      expect(computingTimeOf(() => tellAll(output, 5000))).toBeLessThan(1000);
      const taken = await wallTimeOf(async () => {
        expect(await output.close()).toMatchObject({ sent: 0, dropped: 5000 });
      });
      server.closeAllConnections();
      await closed(server);
      return taken;
    };
    expect(await atBest(8000, ending)).toBeLessThan(8000);
  });

  it('follows no redirection', async () => {
    const { server, url } = await hook((_, response) => {
      response.writeHead(307, { Location: 'http://127.0.0.1:9/', Connection: 'close' }).end();
    });
    const output = openWebhook(url, []);
    tellAll(output, 1);
    expect(await output.close()).toMatchObject({ sent: 0, dropped: 1 });
    await closed(server);
  });

  it.each(['ftp://127.0.0.1/', 'alerts'])('refuses %s', (url) => {
    expect(() => openWebhook(url)).toThrow('--webhook takes an http or https URL');
  });
});

describe('files', () => {
  it('are JSON lines', async () => {
    const path = join(folder, 'alerts.jsonl');
    const output = openLines(path);
    tellAll(output, 2);
    expect(await output.close()).toMatchObject({ sent: 2, dropped: 0 });
    const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line).number)).toEqual([1, 2]);
    expect(() => openLines(join(folder, 'no', 'where'))).toThrow('cannot write to');
  });

  it('are captures of the packets of each alert', () => {
    const evidence = openEvidence(join(folder, 'evidence'));
    const packet = (number: number, linkType: number) => {
      return { number, time: START + number, linkType, wireLength: 80, bytes: new Uint8Array(60).fill(number) };
    };
    evidence.alert(alert(1), [packet(1, 1), packet(2, 113), packet(3, 1)]);
    evidence.alert(alert(2), []);
    expect(evidence.close()).toMatchObject({ sent: 1, dropped: 0 });
    const [name] = readdirSync(join(folder, 'evidence')) as [string];
    expect(name).toBe('0001-rogue-master-a-1.pcap');
    const seen: unknown[] = [];
    const bytes = readFileSync(join(folder, 'evidence', name));
    new CaptureDecoder(
      { frame: (time, buffer, start, end, link, wire) => seen.push([time, buffer[start], end - start, link, wire]) },
      name,
    ).consume(bytes, 0, bytes.length);
    expect(seen).toEqual([
      [START + 1, 1, 60, 1, 80],
      [START + 3, 3, 60, 1, 80],
    ]);
  });
});

it('a queue counts what finds no room', () => {
  const queue = new BoundedQueue<number>(2);
  for (const entry of [1, 2, 3]) queue.push(entry);
  expect([queue.peek(5), queue.dropped]).toEqual([[1, 2], 1]);
  queue.remove(1);
  expect([queue.peek(5), queue.size]).toEqual([[2], 1]);
});
