import { type Instant, type ProtocolEvent, seconds } from '@penstock/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { resolvePath } from './files.ts';
import {
  type DataListener,
  type DataPlane,
  FtpClient,
  type FtpErrand,
  type FtpHost,
  type FtpOutcome,
  FtpServer,
  ftpDissector,
  MemoryFiles,
} from './index.ts';

const at = (s: number): Instant => seconds(s) as number as Instant;
const bytesOf = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'latin1'));
const textOf = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString('latin1');

/** Data connections that are there at once. */
class Plane implements DataPlane {
  readonly address = '10.1.0.5';
  readonly dialled: number[] = [];
  #waiting = new Map<number, DataListener>();
  #port = 50_000;
  readonly #peer: ((port: number) => DataListener) | undefined;

  constructor(peer?: (port: number) => DataListener) {
    this.#peer = peer;
  }

  listen(listener: DataListener) {
    const port = this.#port++;
    this.#waiting.set(port, listener);
    return { port, stop: () => void this.#waiting.delete(port) };
  }

  dial(port: number, listener: DataListener): void {
    this.dialled.push(port);
    if (this.#peer) this.#join(listener, this.#peer(port));
  }

  connect(port: number, peer: DataListener): void {
    const server = this.#waiting.get(port);
    if (server === undefined) peer.closed(false);
    else this.#join(server, peer);
  }

  #join(a: DataListener, b: DataListener): void {
    const end = (to: DataListener, own: DataListener) => ({
      send(bytes: Uint8Array) {
        to.data(bytes, 0, bytes.length);
        to.closed(true);
        own.closed(true);
      },
      abort: () => to.closed(false),
    });
    b.open(end(a, b));
    a.open(end(b, a));
  }
}

function device(): FtpHost & { readonly files: MemoryFiles } {
  const files = new MemoryFiles(['/firmware'], [{ path: '/version.txt', text: () => 'V2.4\r\n' }], () => 1.77e15);
  return {
    banner: 'PAC-7 FTP server',
    system: 'UNIX Type: L8',
    files,
    login: (user, password) =>
      user === 'admin' && password === 'admin'
        ? { user, mayWrite: true }
        : user === 'anonymous'
          ? { user, mayWrite: false }
          : undefined,
  };
}

function errand(what: FtpErrand, user = 'admin', password = 'admin', on = device()) {
  const outcomes: FtpOutcome[] = [];
  const events: ProtocolEvent[] = [];
  const dissector = ftpDissector.create((event) => events.push(event));
  const plane = new Plane();
  const server = new FtpServer(on, plane, '10.1.0.9', at(0));
  const client = new FtpClient(
    user,
    password,
    what,
    (port, to) => plane.connect(port, to),
    at(0),
    (o) => outcomes.push(o),
  );
  for (let s = 0; s < 5; s++) {
    for (let turn = 0; turn < 60; turn++) {
      const down = server.take();
      if (down !== undefined) {
        dissector.data(false, s * 1e6, down, 0, down.length);
        client.receive(down, at(s));
      }
      const up = client.take();
      if (up !== undefined) {
        dissector.data(true, s * 1e6, up, 0, up.length);
        server.receive(up, at(s));
      }
      if (down === undefined && up === undefined) break;
    }
    if (server.due() <= at(s + 1)) server.tick(at(s + 1));
  }
  dissector.end(5e6);
  return { outcomes, events, on, server };
}

describe('a file drop', () => {
  it('keeps a file that is stored, and gives it back', () => {
    const { outcomes, events, on } = errand({ kind: 'store', name: '/firmware/x.bin', bytes: bytesOf('abc') });
    expect(outcomes).toMatchObject([{ outcome: 'done', detail: '226 Transfer complete' }]);
    expect(textOf(on.files.read('/firmware/x.bin'))).toBe('abc');
    expect(events).toMatchObject([
      { name: 'ftp_banner', banner: 'PAC-7 FTP server' },
      { name: 'credential', protocol: 'ftp', user: 'admin', success: true, password: 'a****' },
      {
        name: 'ftp',
        command: 'PASV',
        'data_channel.passive': true,
        'data_channel.resp_h': '10.1.0.5',
        'data_channel.resp_p': 50_000,
      },
      { name: 'ftp', user: 'admin', password: '<hidden>', command: 'STOR', arg: '/firmware/x.bin', reply_code: 226 },
    ]);
    const back = errand({ kind: 'retrieve', name: 'firmware/x.bin' }, 'admin', 'admin', on);
    expect(textOf(back.outcomes[0]?.bytes)).toBe('abc');
    expect(back.events.at(-1)).toMatchObject({ command: 'RETR', file_size: 3 });
  });

  it('lists as clients read it', () => {
    const { outcomes } = errand({ kind: 'list' });
    expect(textOf(outcomes[0]?.bytes).split('\r\n')).toEqual([
      'drwxrwxr-x   2 device device         0 Jan  1 00:00 firmware',
      '-r--r--r--   1 device device         6 Feb  2 02:40 version.txt',
      '',
    ]);
  });

  it('lets an anonymous user read and not write', () => {
    const wrote = errand({ kind: 'store', name: 'x', bytes: bytesOf('1') }, 'anonymous', 'me@example.org');
    expect(wrote.outcomes).toMatchObject([{ outcome: 'refused', detail: '550 Permission denied' }]);
    expect(wrote.events.at(-1)).toMatchObject({ user: 'anonymous', password: 'me@example.org', reply_code: 550 });
    expect(errand({ kind: 'retrieve', name: 'version.txt' }, 'anonymous', 'x').outcomes[0]?.outcome).toBe('done');
    expect(errand({ kind: 'delete', name: 'version.txt' }).outcomes[0]?.detail).toBe('550 Permission denied');
  });

  it('turns a wrong password away', () => {
    const { outcomes, events } = errand({ kind: 'list' }, 'admin', 'nope');
    expect(outcomes).toMatchObject([{ outcome: 'denied', detail: '530 Wrong user or password' }]);
    expect(events.at(-1)).toMatchObject({ name: 'credential', success: false });
  });

  const say = (server: FtpServer, line: string, s = 1): string => {
    server.receive(bytesOf(`${line}\r\n`), at(s));
    return textOf(server.take());
  };
  const loggedOn = (plane: DataPlane = new Plane()): FtpServer => {
    const server = new FtpServer(device(), plane, '10.1.0.9', at(0));
    say(server, 'USER admin');
    say(server, 'PASS admin');
    return server;
  };

  it('connects back to whoever asks, and to nobody else', () => {
    const received: string[] = [];
    const plane = new Plane(() => ({
      open() {},
      data: (b, s, e) => received.push(textOf(b.subarray(s, e))),
      closed() {},
    }));
    const server = loggedOn(plane);
    expect(say(server, 'PORT 10,1,0,8,200,10')).toMatch(/^504 /);
    expect(say(server, 'PORT 10,1,0,9,0,22')).toMatch(/^504 /);
    expect(say(server, 'EPRT |1|10.9.9.9|6000|')).toMatch(/^504 /);
    expect(say(server, 'PORT 10,1,0,9,200,10')).toMatch(/^200 /);
    expect(say(server, 'RETR version.txt')).toMatch(/^150 .*\r\n226 /s);
    expect([plane.dialled, received]).toEqual([[51_210], ['V2.4\r\n']]);
  });

  it.each([
    ['LIST', 425],
    ['RETR none', 550],
    ['STOR /nowhere/x', 553],
    ['CWD ../..', 550],
    ['CWD firmware', 250],
    ['SIZE version.txt', 213],
    ['MDTM version.txt', 213],
    ['TYPE E', 504],
    ['SITE CHMOD 777 x', 502],
    ['AUTH TLS', 534],
    ['SYST', 215],
    ['PWD', 257],
    ['?', 500],
  ])('answers %s with %i', (line, code) => {
    expect(say(loggedOn(), line)).toMatch(new RegExp(`^${code} `));
  });

  it('does nothing before somebody is logged on', () => {
    const server = new FtpServer(device(), new Plane(), '10.1.0.9', at(0));
    server.take();
    expect(say(server, 'LIST')).toMatch(/^530 /);
    expect(say(server, 'PASS x')).toMatch(/^503 /);
  });

  it('has no way out of its root', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('..', 'a', '.', '', 'firmware')), (parts) => {
        const path = resolvePath('/firmware', parts.join('/'));
        if (path !== undefined) expect(path).toMatch(/^\/(?!\.\.)/);
      }),
    );
  });

  it('holds no more than its memory', () => {
    const files = new MemoryFiles([], [], () => 0);
    const big = new Uint8Array(2 * 1024 * 1024);
    expect([files.write('/a', big), files.write('/b', big), files.write('/c', new Uint8Array(1))]).toEqual([
      'done',
      'done',
      'full',
    ]);
    expect(files.remove('/a')).toBe('done');
    expect(files.write('/c', new Uint8Array(1))).toBe('done');
  });

  it('answers whatever it hears without a failure', () => {
    const words = fc.constantFrom(
      'USER admin',
      'PASS admin',
      'PASV',
      'EPSV',
      'LIST',
      'RETR version.txt',
      'STOR x',
      'ABOR',
      'QUIT',
      '\xff',
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(words, fc.string({ maxLength: 40 })), { maxLength: 20 }), (lines) => {
        const plane = new Plane();
        const server = new FtpServer(device(), plane, '10.1.0.9', at(0));
        const dissector = ftpDissector.create(() => {});
        lines.forEach((line, i) => {
          const bytes = bytesOf(`${line}\r\n`);
          server.receive(bytes, at(i));
          server.tick(at(i + 1));
          const answer = server.take() ?? new Uint8Array();
          dissector.data(true, i, bytes, 0, bytes.length);
          dissector.data(i % 4 !== 0, i, answer, 0, answer.length);
        });
        dissector.end(0);
      }),
    );
  });
});
