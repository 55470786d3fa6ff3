import { createHash } from 'node:crypto';
import { type Instant, type ProtocolEvent, seconds } from '@penstock/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { makeFirmware } from '../firmware/index.ts';
import {
  basicAuthorization,
  basicCredentials,
  escapeHtml,
  HttpClient,
  type HttpMessage,
  HttpParser,
  type HttpResponse,
  HttpServer,
  httpDissector,
  multipartFile,
  multipartForm,
} from './index.ts';

const at = (s: number) => seconds(s) as unknown as Instant;
const bytesOf = (text: string) => new TextEncoder().encode(text);
const textOf = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

function all(machine: { take(): Uint8Array | undefined }): Uint8Array {
  const parts: Uint8Array[] = [];
  for (let part = machine.take(); part !== undefined; part = machine.take()) parts.push(part);
  return Buffer.concat(parts);
}

describe('HTTP messages', () => {
  const request = 'POST /samples HTTP/1.1\r\nHost: historian\r\nContent-Length: 5\r\n\r\nhello';

  it('are the same however the bytes arrive', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1 }), (sizes) => {
        const messages: HttpMessage[] = [];
        const parser = new HttpParser('request', (message) => messages.push(message));
        const bytes = bytesOf(request + request);
        let from = 0;
        for (let i = 0; from < bytes.length; i++) {
          const to = Math.min(bytes.length, from + (sizes[i % sizes.length] as number));
          parser.push(bytes.subarray(from, to));
          from = to;
        }
        expect(messages.map((m) => [m.first.join(' '), m.headers.get('host'), textOf(m.body)])).toEqual(
          Array(2).fill(['POST /samples HTTP/1.1', 'historian', 'hello']),
        );
      }),
    );
  });

  it('may come in chunks', () => {
    const messages: HttpMessage[] = [];
    new HttpParser('response', (m) => messages.push(m)).push(
      bytesOf('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n'),
    );
    expect(messages.map((m) => textOf(m.body))).toEqual(['abcde']);
  });

  it.each([
    ['two different lengths', 'GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n'],
    ['a length that is no number', 'GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n'],
    ['a length beyond the limit', 'GET / HTTP/1.1\r\nContent-Length: 999999999\r\n\r\n'],
    ['another protocol', 'SSH-2.0-OpenSSH_9.2\r\n\r\n'],
    ['a head without end', 'a'.repeat(20_000)],
  ])('are broken by %s', (_, text) => {
    const parser = new HttpParser('request', () => {});
    parser.push(bytesOf(text));
    expect(parser.broken).toBe(true);
  });

  it('never throw', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 300 })), (parts) => {
        const dissector = httpDissector.create(() => {});
        for (const [i, part] of parts.entries()) dissector.data(i % 2 === 0, i, part, 0, part.length);
        dissector.end(0);
      }),
    );
  });
});

describe('an HTTP client and server', () => {
  it('talk over a connection that is kept alive, and a dissector sees each transaction', () => {
    const events: ProtocolEvent[] = [];
    const dissector = httpDissector.create((event) => events.push(event));
    const server = new HttpServer('Historian 4', (request) => ({
      status: 200,
      body: bytesOf(`${request.method} ${request.target} ${textOf(request.body)}`),
    }));
    const client = new HttpClient('historian.plant.example', 'SCADA', seconds(5));
    const answers: string[] = [];
    const done = (response: HttpResponse | undefined) => answers.push(textOf(response?.body ?? new Uint8Array()));
    client.request('POST', '/samples', bytesOf('{}'), done, at(0));
    client.request('GET', '/tags', new Uint8Array(), done, at(0));
    for (let time = 0; client.pending > 0; time++) {
      const sent = all(client);
      dissector.data(true, time, sent, 0, sent.length);
      server.receive(sent, at(time));
      const answered = all(server);
      dissector.data(false, time, answered, 0, answered.length);
      client.receive(answered, at(time));
    }
    expect(answers).toEqual(['POST /samples {}', 'GET /tags ']);
    expect(events).toMatchObject([
      {
        name: 'http',
        trans_depth: 1,
        method: 'POST',
        uri: '/samples',
        host: 'historian.plant.example',
        status_code: 200,
        request_body_len: 2,
      },
      { name: 'http', trans_depth: 2, method: 'GET', uri: '/tags', user_agent: 'SCADA', version: '1.1' },
    ]);
  });

  it('give up a request that is not answered in time', () => {
    const client = new HttpClient('h', 'a', seconds(5));
    const answers: unknown[] = [];
    client.request('GET', '/', new Uint8Array(), (response) => answers.push(response), at(1));
    client.take();
    expect(client.due()).toBe(at(6));
    client.tick(at(6));
    expect([answers, client.closing]).toEqual([[undefined], true]);
  });

  it('end the connection after something that is not HTTP', () => {
    const server = new HttpServer('S', () => ({ status: 200 }));
    server.receive(bytesOf('\x00\x01\x02\x03 nonsense\r\n\r\n'), at(0));
    expect(textOf(all(server))).toMatch(/^HTTP\/1\.1 400 /);
    expect(server.closing).toBe(true);
  });
});

describe('pages of a device', () => {
  const page = '<html><head><title>PAC-7 status</title></head></html>';
  const answer = (request: { target: string; headers: ReadonlyMap<string, string>; method: string }) =>
    basicCredentials(request.headers.get('authorization'))?.password === 'admin'
      ? { status: 200, body: bytesOf(page), type: 'text/html' }
      : { status: 401, type: 'text/html', headers: { 'WWW-Authenticate': 'Basic realm="PAC-7"' } };

  function hear(
    ...messages: readonly { method?: string; target: string; headers?: Record<string, string>; body?: Uint8Array }[]
  ) {
    const events: ProtocolEvent[] = [];
    const dissector = httpDissector.create((event) => events.push(event));
    const server = new HttpServer('PAC-7', answer);
    const client = new HttpClient('h', 'a', seconds(5));
    for (const { method = 'GET', target, headers, body = new Uint8Array() } of messages) {
      client.request(method, target, body, () => {}, at(0), headers);
      const sent = all(client);
      dissector.data(true, 0, sent, 0, sent.length);
      server.receive(sent, at(0));
      const answered = all(server);
      dissector.data(false, 0, answered, 0, answered.length);
      client.receive(answered, at(0));
    }
    return events;
  }
  const as = (password: string) => ({ authorization: basicAuthorization({ user: 'admin', password }) });

  it('tell who logs on, whether it was taken, and what the server calls itself; never the password', () => {
    const events = hear(
      { target: '/' },
      { target: '/', headers: as('guess') },
      { target: '/', headers: as('admin') },
      { target: '/', headers: as('admin') },
    );
    expect(events.filter((e) => e.name !== 'http')).toMatchObject([
      { name: 'http_server', server: 'PAC-7', realm: 'PAC-7' },
      { name: 'credential', protocol: 'http', user: 'admin', password: 'g****', success: false },
      { name: 'credential', user: 'admin', password: 'a****', success: true },
      { name: 'http_server', title: 'PAC-7 status' },
    ]);
    expect(JSON.stringify(events)).not.toContain('guess');
  });

  it('tell forms with their secrets masked, and firmware with its hash', () => {
    const image = makeFirmware({ vendor: 'V', productCode: 'P' }, '2.0');
    const upload = multipartFile('image', 'x.bin', image);
    const events = hear(
      {
        method: 'POST',
        target: '/password',
        headers: { ...as('admin'), 'Content-Type': 'application/x-www-form-urlencoded' },
        body: bytesOf('user=admin&new-password=hunter22'),
      },
      {
        method: 'POST',
        target: '/firmware',
        headers: { ...as('admin'), 'Content-Type': upload.type },
        body: upload.body,
      },
    );
    expect(events.find((e) => e.name === 'http_form')).toMatchObject({
      uri: '/password',
      username: 'admin',
      fields: ['user=admin', 'new-password=***'],
      status_code: 200,
    });
    expect(events.find((e) => e.name === 'firmware_transfer')).toMatchObject({
      carrier: 'http',
      version: '2.0',
      length: image.length,
      content_hash: createHash('sha256').update(image).digest('hex'),
    });
  });

  it('are told by length only to who asks for the head', () => {
    const server = new HttpServer('PAC-7', answer);
    server.receive(bytesOf('HEAD / HTTP/1.1\r\n\r\n'), at(0));
    expect(textOf(all(server))).toMatch(/Content-Length: 0\r\n\r\n$/);
    server.receive(bytesOf(`HEAD / HTTP/1.1\r\nAuthorization: ${as('admin').authorization}\r\n\r\n`), at(0));
    expect(textOf(all(server))).toMatch(new RegExp(`Content-Length: ${page.length}\r\n\r\n$`));
  });

  it('take forms apart whatever they hold', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), fc.string({ maxLength: 20 }), (bytes, name) => {
        const { type, body } = multipartFile('f', 'n', bytes);
        expect(multipartForm(type, body)).toEqual([{ name: 'f', fileName: 'n', bytes }]);
        multipartForm(type, bytes);
        expect(escapeHtml(name)).not.toMatch(/[<>"']/);
      }),
    );
  });
});
