import { decodeSyslog, type SyslogEvent, syslogDissector } from '@penstock/protocols/syslog';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { atBest, computingTimeOf } from '../../tests/measured.ts';
import { type DeviceLogEvent, deviceLogEvent } from './device-log.ts';

function read(line: string): DeviceLogEvent {
  const events: SyslogEvent[] = [];
  const bytes = new TextEncoder().encode(line);
  syslogDissector.create((event) => events.push(event as SyslogEvent)).data(true, 5, bytes, 0, bytes.length);
  return deviceLogEvent(events[0] as SyslogEvent);
}

const ours = (id: string, parameters: string, text: string): string =>
  `<132>1 2026-03-02T09:00:05.000042Z dosing-plc plc - ${id} ${parameters === '' ? '-' : `[device@32473 ${parameters}]`} ${text}`;

describe('device logs', () => {
  it.each<[string, string, Partial<DeviceLogEvent>]>([
    [
      'the key of one of our controllers',
      ours('key', '', 'key turned from REMOTE to PROGRAM'),
      { host: 'dosing-plc', action: 'key', result: 'done', before: 'REMOTE', after: 'PROGRAM', source: undefined },
    ],
    [
      'a program download over Modbus',
      ours('download', 'by="modbus 10.40.30.10:49153"', 'program changed from 12ab to 34cd (online)'),
      { action: 'program', result: 'done', source: '10.40.30.10', before: '12AB', after: '34CD' },
    ],
    [
      'a download by an engineer over IPv6',
      ours('download', 'by="modbus [fe80::1\\]:49153" user="kim"', 'program changed from 12ab to 34cd (restart)'),
      { action: 'program', source: 'fe80::1', user: 'kim' },
    ],
    [
      'a stop over the network',
      ours('mode', 'by="modbus 10.40.30.10:49153"', 'stop requested'),
      { action: 'mode', after: 'STOP', source: '10.40.30.10' },
    ],
    ['a force', ours('force', '', 'AIT301 forced to 8.2'), { action: 'force', result: 'done' }],
    [
      'a refused write',
      ours('write-refused', '', 'K901 := 1 refused (read-only)'),
      { action: 'write', result: 'refused' },
    ],
    [
      'a host that is not on the access list',
      ours('access-denied', 'src="10.40.20.11" dport="502" what="connection"', 'connection from 10.40.20.11 refused'),
      { action: 'deny', result: 'refused', source: '10.40.20.11', port: 502 },
    ],
    [
      'what our firewall dropped',
      ours('dropped', 'src="10.40.40.10" dst="10.40.10.13" proto="tcp" dport="502" reason="no-rule"', 'dropped tcp'),
      {
        action: 'drop',
        result: 'refused',
        source: '10.40.40.10',
        target: '10.40.10.13',
        proto: 'tcp',
        port: 502,
        format: 'firewall',
      },
    ],
    [
      "a packet filter's line",
      '<4>Jan  5 08:00:00 gw kernel: [123.4] DROP IN=eth0 OUT=eth1 MAC=00:11 SRC=10.0.0.7 DST=10.0.1.13 LEN=60 TTL=63 PROTO=TCP SPT=51000 DPT=502 SYN',
      {
        host: 'gw',
        action: 'drop',
        source: '10.0.0.7',
        target: '10.0.1.13',
        proto: 'tcp',
        port: 502,
        format: 'packet-filter',
      },
    ],
    [
      'a firewall that speaks in names and values',
      '<189>date=2026-01-05 time=08:00:00 devname="fw-1" type="traffic" action="deny" srcip=10.0.0.7 srcport=51000 dstip=10.0.1.13 dstport=502 proto=6 policyid=0',
      { action: 'drop', source: '10.0.0.7', target: '10.0.1.13', proto: 'tcp', port: 502, format: 'firewall' },
    ],
    [
      'a logon over SSH',
      '<38>Jan  5 08:00:00 jump sshd[411]: Accepted publickey for kim from 10.0.3.30 port 50022 ssh2: ED25519 SHA256:x',
      { host: 'jump', action: 'logon', result: 'done', user: 'kim', source: '10.0.3.30' },
    ],
    [
      'a wrong password for nobody',
      '<38>Jan  5 08:00:00 jump sshd[411]: Failed password for invalid user admin from 10.0.3.31 port 50022 ssh2',
      { action: 'logon', result: 'failed', user: 'admin', source: '10.0.3.31' },
    ],
    [
      "PAM's words",
      '<38>Jan  5 08:00:00 ews login: pam_unix(login:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=10.0.3.31  user=root',
      { action: 'logon', result: 'failed', user: 'root', source: '10.0.3.31' },
    ],
    [
      'a line of names and values about a logon',
      '<110>Jan  5 08:00:00 hmi event=login user=operator src=10.0.2.11 result=success',
      { action: 'logon', result: 'done', user: 'operator', source: '10.0.2.11', format: 'key-value' },
    ],
    [
      'anything else',
      '<13>Jan  5 08:00:00 hmi panel: screen 4',
      { action: 'other', result: undefined, text: 'screen 4', format: 'text' },
    ],
    ['a message id of an object', ours('constructor', '', 'x'), { action: 'other', format: 'text' }],
  ])('reads %s', (_, line, expected) => {
    expect(read(line)).toMatchObject({ name: 'device_log', time: 5, ...expected });
  });

  it('takes nothing that is no address for one', () => {
    expect(read(ours('dropped', 'src="nobody" dst="10.40.10.13"', 'x'))).toMatchObject({ action: 'other' });
    expect(read('<4>Jan  5 08:00:00 gw kernel: SRC=me DST=10.0.1.13 PROTO=TCP DPT=99999999')).toMatchObject({
      source: undefined,
      port: undefined,
    });
  });

  it('never throws, and looks at a hostile line once', async () => {
    const events: SyslogEvent[] = [];
    const dissector = syslogDissector.create((event) => events.push(event as SyslogEvent));
    fc.assert(
      fc.property(
        fc.constantFrom('<1>', '<1>Jan  5 08:00:00 a b: ', '<1>1 - - - - - '),
        fc.string({ maxLength: 400 }),
        (head, text) => {
          const bytes = new TextEncoder().encode(head + text);
          dissector.data(true, 1, bytes, 0, bytes.length);
          for (const event of events.splice(0)) expect(deviceLogEvent(event).name).toBe('device_log');
        },
      ),
      { numRuns: 500 },
    );
    for (const text of [
      'a='.repeat(30_000),
      'authentication failure; '.repeat(3000),
      'a="'.repeat(20_000),
      'from x to '.repeat(6000),
    ]) {
      const bytes = new TextEncoder().encode(`<1>${text}`);
      const message = decodeSyslog(bytes, 0, bytes.length);
      const read = () =>
        deviceLogEvent({
          name: 'syslog',
          time: 1,
          facility: 'USER',
          severity: 'ALERT',
          message: message?.text ?? '',
          host: '',
          application: '',
          message_id: 'key',
          parameters: [],
        });
      expect(await atBest(100, () => computingTimeOf(read))).toBeLessThan(100);
    }
  });
});
