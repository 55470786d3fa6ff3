import type { ProtocolEvent } from '@penstock/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { atBest, computingTimeOf } from '../../tests/measured.ts';
import { decodeSyslog, encodeSyslog, type SyslogMessage, syslogDissector } from './index.ts';

const message: SyslogMessage = {
  facility: 16,
  severity: 5,
  time: Date.UTC(2026, 2, 2, 9, 0, 0) * 1000 + 5_000_042,
  host: 'dosing-plc',
  application: 'controller',
  messageId: 'key',
  parameters: { from: 'run', to: 'remote', note: 'a "quoted" \\ ] word' },
  text: 'key switch turned from RUN to REMOTE',
};
const read = (text: string) => {
  const bytes = new TextEncoder().encode(text);
  return decodeSyslog(bytes, 0, bytes.length);
};

describe('syslog', () => {
  it('writes RFC 5424', () => {
    expect(new TextDecoder().decode(encodeSyslog({ ...message, parameters: { from: 'run' } }))).toBe(
      '<133>1 2026-03-02T09:00:05.000042Z dosing-plc controller - key [device@32473 from="run"] key switch turned from RUN to REMOTE',
    );
  });

  it('reads what it writes, quotes and brackets included', () => {
    const bytes = encodeSyslog(message);
    expect(decodeSyslog(bytes, 0, bytes.length)).toEqual(message);
  });

  it('reads the examples of RFC 5424 clause 6.5', () => {
    expect(
      read(
        "<34>1 2003-10-11T22:14:15.003Z mymachine.example.com su - ID47 - \ufeff'su root' failed for lonvick on /dev/pts/8",
      ),
    ).toMatchObject({
      facility: 4,
      severity: 2,
      host: 'mymachine.example.com',
      application: 'su',
      messageId: 'ID47',
      text: "'su root' failed for lonvick on /dev/pts/8",
    });
    expect(read("<165>1 2003-08-24T05:14:15.000003-07:00 192.0.2.1 myproc 8710 - - %% It's time")?.time).toBe(
      Date.UTC(2003, 7, 24, 12, 14, 15) * 1000 + 3,
    );
  });

  it('reads the older form of RFC 3164, with its examples (clause 5.4), and keeps the text of what is neither', () => {
    expect(read("<34>Oct 11 22:14:15 mymachine su: 'su root' failed for lonvick on /dev/pts/8")).toEqual({
      facility: 4,
      severity: 2,
      time: undefined,
      host: 'mymachine',
      application: 'su',
      messageId: '',
      parameters: {},
      text: "'su root' failed for lonvick on /dev/pts/8",
    });
    expect(
      read('<38>Feb  5 17:32:18 10.0.0.99 sshd[4721]: Failed password for root from 10.0.0.7 port 4022 ssh2'),
    ).toMatchObject({
      host: '10.0.0.99',
      application: 'sshd',
      text: 'Failed password for root from 10.0.0.7 port 4022 ssh2',
    });
    expect(read('<189>*Mar  1 2026 18:46:11.123 UTC: %SYS-5-CONFIG_I: Configured from console')).toMatchObject({
      host: '',
      text: '%SYS-5-CONFIG_I: Configured from console',
    });
    expect(read('<13>Oct 11 22:14:15 kernel: up')).toMatchObject({ host: '', application: 'kernel', text: 'up' });
    expect(read('<13>Use the BFG!')).toMatchObject({ host: '', application: '', text: 'Use the BFG!' });
    expect(read('no priority')).toBeUndefined();
    expect(read('<192>1 - - - - - -')).toBeUndefined();
  });

  it('reads structured data of several elements, and takes what is not well formed for text', () => {
    expect(
      read('<165>1 2003-10-11T22:14:15.003Z host evntslog - ID47 [a@32473 iut="3" x="\\"\\]"][b@32473 y="1"] An event'),
    ).toMatchObject({ parameters: { iut: '3', x: '"]', y: '1' }, text: 'An event' });
    expect(read('<165>1 - - - - - [a@32473]')).toMatchObject({ parameters: {}, text: '' });
    expect(read('<165>1 - - - - - [a@32473 iut="3] An event')).toMatchObject({
      host: '',
      text: '1 - - - - - [a@32473 iut="3] An event',
    });
  });

  it.each([`[${'a'.repeat(60_000)}]`, `[${'["'.repeat(30_000)}]`, `[a ${'b="\\"'.repeat(10_000)}]`])(
    'is done with a hostile datagram in no time',
    async (data) => {
      const reading = () => computingTimeOf(() => read(`<1>1 - - - - - ${data}`));
      expect(await atBest(50, reading)).toBeLessThan(50);
    },
  );

  it('becomes an event, and nothing makes it throw', () => {
    const events: ProtocolEvent[] = [];
    const dissector = syslogDissector.create((event) => events.push(event));
    const bytes = encodeSyslog(message);
    dissector.data(true, 1, bytes, 0, bytes.length);
    expect(events).toMatchObject([
      { name: 'syslog', facility: 'LOCAL0', severity: 'NOTICE', host: 'dosing-plc', message_id: 'key' },
    ]);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (noise) => dissector.data(true, 0, noise, 0, noise.length)),
    );
  });
});
