import { type Instant, type ProtocolEvent, seconds } from '@penstock/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SECRET } from '../credentials/index.ts';
import {
  type ConsoleHost,
  NvtParser,
  TelnetClient,
  type TelnetOutcome,
  TelnetServer,
  telnetDissector,
} from './index.ts';

const at = (s: number): Instant => seconds(s) as number as Instant;
const bytesOf = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'latin1'));
const textOf = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString('latin1');

const host: ConsoleHost = {
  banner: 'Calder PAC-7 V2.4',
  login: (user, password) =>
    user === 'admin' && password === 'admin'
      ? {
          prompt: 'pac7> ',
          execute(line) {
            if (line === 'exit') return { text: ['bye'], end: true };
            if (line === 'passwd')
              return {
                text: [],
                ask: { prompt: 'New password: ', given: (secret) => ({ text: [`now ${secret.length} long`] }) },
              };
            return { text: line === '' ? [] : [`you said ${line}`] };
          },
        }
      : undefined,
};

/** Lets both ends talk until they have nothing more to say; the dissector listens. */
function converse(client: TelnetClient, server: TelnetServer, until = 30): ProtocolEvent[] {
  const events: ProtocolEvent[] = [];
  const dissector = telnetDissector.create((event) => events.push(event));
  for (let s = 0; s < until; s++) {
    for (let turn = 0; turn < 50; turn++) {
      const down = server.take();
      const up = client.take();
      if (down === undefined && up === undefined) break;
      if (down !== undefined) {
        dissector.data(false, s * 1e6, down, 0, down.length);
        client.receive(down, at(s));
      }
      if (up !== undefined) {
        dissector.data(true, s * 1e6, up, 0, up.length);
        server.receive(up, at(s));
      }
    }
    if (server.due() <= at(s + 1)) server.tick(at(s + 1));
    if (server.closing) client.abandon(at(s + 1));
  }
  dissector.end(until * 1e6);
  return events;
}

function session(user: string, password: string, lines: readonly string[]) {
  const outcomes: TelnetOutcome[] = [];
  const client = new TelnetClient(user, password, lines, at(0), (outcome) => void outcomes.push(outcome));
  return { events: converse(client, new TelnetServer(host, at(0))), outcomes };
}

describe('a console', () => {
  it('takes somebody who knows the password, and answers commands', () => {
    const { outcomes, events } = session('admin', 'admin', ['version', 'exit']);
    expect(outcomes).toEqual([{ outcome: 'done', answers: ['you said version', 'bye'] }]);
    expect(events).toMatchObject([
      { name: 'telnet_banner', banner: 'Calder PAC-7 V2.4' },
      { name: 'telnet_login', user: 'admin', password: 'a****', success: true },
      { name: 'credential', protocol: 'telnet', user: 'admin', password: 'a****', success: true, [SECRET]: 'admin' },
      { name: 'telnet_command', user: 'admin', command: 'version', answer: 'you said version' },
      { name: 'telnet_command', user: 'admin', command: 'exit', answer: 'bye' },
    ]);
    expect(JSON.stringify(events)).not.toContain('"admin"}');
  });

  it('turns a wrong password away', () => {
    const { outcomes, events } = session('admin', 'letmein', ['version']);
    expect(outcomes).toEqual([{ outcome: 'refused', answers: [] }]);
    expect(events.filter((e) => e.name === 'credential')).toMatchObject([{ success: false, password: 'l******' }]);
  });

  it('hangs up after three wrong passwords, each of which costs a second', () => {
    const server = new TelnetServer(host, at(0));
    for (let i = 0; i < 3; i++) {
      server.receive(bytesOf('admin\r\nwrong\r\n'), at(i * 2));
      expect(server.closing).toBe(false);
      expect(server.due()).toBe(at(i * 2 + 1));
      server.tick(at(i * 2 + 1));
    }
    expect(textOf(server.take())).toMatch(/(.*Login incorrect){3}/s);
    expect(server.closing).toBe(true);
  });

  it('does not echo a password, and echoes the rest once the terminal wants that', () => {
    const server = new TelnetServer(host, at(0));
    server.receive(Uint8Array.of(255, 253, 1), at(0));
    server.take();
    server.receive(bytesOf('adx\bmin\r\0'), at(0));
    expect(textOf(server.take())).toBe('adx\b \bmin\r\nPassword: ');
    server.receive(bytesOf('admin\r\0'), at(0));
    expect(textOf(server.take())).toBe('\r\npac7> ');
    server.receive(bytesOf('passwd\r\0'), at(0));
    expect(textOf(server.take())).toBe('passwd\r\nNew password: ');
    server.receive(bytesOf('secret9\r\0'), at(0));
    expect(textOf(server.take())).toBe('\r\nnow 7 long\r\npac7> ');
  });

  it('refuses options that it does not perform, and never answers an answer', () => {
    const server = new TelnetServer(host, at(0));
    server.take();
    server.receive(Uint8Array.of(255, 253, 24, 255, 251, 31, 255, 253, 1, 255, 253, 3, 255, 253, 1), at(0));
    expect([...(server.take() as Uint8Array)]).toEqual([255, 252, 24, 255, 254, 31]);
  });

  it('closes when nobody logs on within a minute, or types for ten', () => {
    const quiet = new TelnetServer(host, at(0));
    expect(quiet.due()).toBe(at(60));
    quiet.tick(at(60));
    expect(quiet.closing).toBe(true);
    const idle = new TelnetServer(host, at(0));
    idle.receive(bytesOf('admin\nadmin\n'), at(1));
    expect(idle.due()).toBe(at(601));
  });

  it('answers whatever it hears without a failure', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 10 }), (parts) => {
        const server = new TelnetServer(host, at(0));
        const dissector = telnetDissector.create(() => {});
        parts.forEach((part, i) => {
          server.receive(part, at(i));
          server.tick(at(i + 1));
          dissector.data(i % 2 === 0, i, part, 0, part.length);
          if (i % 3 === 0) dissector.gap(i % 2 === 0, i, 5);
        });
        dissector.end(99);
      }),
    );
  });
});

describe('a virtual terminal', () => {
  it('is the same however its bytes arrive', () => {
    const stream = Uint8Array.of(
      65,
      255,
      251,
      1,
      66,
      255,
      250,
      31,
      0,
      80,
      0,
      255,
      255,
      255,
      240,
      255,
      255,
      67,
      255,
      241,
    );
    const read = (sizes: readonly number[]): string[] => {
      const heard: string[] = [];
      const parser = new NvtParser({
        data: (byte) => heard.push(`data ${byte}`),
        command: (code) => heard.push(`command ${code}`),
        option: (verb, option) => heard.push(`${verb} ${option}`),
        parameters: (option, bytes) => heard.push(`${option}: ${[...bytes]}`),
      });
      for (let from = 0, i = 0; from < stream.length; i++) {
        const to = Math.min(stream.length, from + (sizes[i % sizes.length] as number));
        parser.push(stream, from, to);
        from = to;
      }
      return heard;
    };
    const whole = ['data 65', 'WILL 1', 'data 66', '31: 0,80,0,255', 'data 255', 'data 67', 'command 241'];
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1 }), (sizes) => {
        expect(read(sizes)).toEqual(whole);
      }),
    );
  });
});
