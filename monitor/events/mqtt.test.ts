import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CAPTURES, hasCaptures, only, type Run, readLog, renumber, runFile } from '../test/reference.ts';
import { DISSECTORS } from './registry.ts';

const ZEEK = 'zeek+zeek/testing/btest/Baseline';
const SURICATA = 'OISF+suricata-verify/tests';
const of = (path: string): Run => runFile(join(CAPTURES, path), DISSECTORS);
const rows = (run: Run, name: string): Record<string, string>[] => readLog(run.logs.get(name) ?? '');

describe.skipIf(!hasCaptures)("Zeek's MQTT logs (reference captures)", () => {
  // Malcolm keeps the capture that Zeek's own test reads.
  const run = hasCaptures ? of('idaholab+Malcolm-Test-Artifacts/pcap/protocols/MQTT.pcap') : undefined;

  it.each(['mqtt_connect', 'mqtt_publish', 'mqtt_subscribe'])('%s: the same rows in its columns', (name) => {
    const theirs = readLog(readFileSync(join(CAPTURES, ZEEK, `scripts.base.protocols.mqtt.mqtt/${name}.log`), 'utf8'));
    const ours = rows(run as Run, name);
    const columns = Object.keys(theirs[0] ?? {}).filter((column) => column !== 'ts');
    expect(Object.keys(ours[0] ?? {})).toEqual(expect.arrayContaining(columns));
    const shape = (list: Record<string, string>[]) => renumber(only(list, columns), 'uid');
    expect(shape(ours)).toEqual(shape(theirs));
  });
});

const row = (record: Record<string, string>, columns: string): string =>
  columns
    .split(' ')
    .map((column) => record[column])
    .join(' ');

const USER = 'myvoiceismypassport user p*** T';
const GOODBYE = ['T 0 Success'];

/** What Suricata's tests want to find: connects, messages, subscriptions, goodbyes, violations. */
const EXPECTED: readonly [string, string[], string[], string[], string[], string[]][] = [
  [
    'mqtt-connect-rules/mqtt5_pub_jpeg.pcap',
    ['5.0 auto-1B43E800-08E3-3BA1-2E97-E9A0B4064BF5 user p*** T'],
    ['topicX at most once ok 35758 image'],
    [],
    GOODBYE,
    [],
  ],
  ['mqtt-frames-truncated/input.pcap', ['5.0 auto-17236393-B532-03F2-6526-F71115B8A4BE user p*** T'], [], [], [], []],
  [
    'mqtt-limit-2/input.pcap',
    ['3.1.1 P1 - - T'],
    [
      'foo at least once ok 100000 text',
      'foo at most once ok 100000 text',
      'bar at least once ok 1000 text',
      'baz at least once ok 100 text',
    ],
    ['SUBSCRIBE foo 0 0 T'],
    GOODBYE,
    [],
  ],
  // The connection is picked up behind CONNECT, in the middle of CONNACK.
  ['mqtt-midstream-split/mqtt-midstream-split.pcap', [], ['topicX at most once ok 35758 image'], [], GOODBYE, []],
  ['mqtt31-pub-qos1/input.pcap', [`3.1 ${USER}`], ['topicX at least once ok 16 text'], [], GOODBYE, []],
  ['mqtt31-pub-qos2/input.pcap', [`3.1 ${USER}`], ['topicX exactly once ok 16 text'], [], GOODBYE, []],
  [
    'mqtt31-unsub-qos2/input.pcap',
    [`3.1 ${USER}`],
    [],
    ['SUBSCRIBE topicX 2 2 T', 'UNSUBSCRIBE topicX - - T', 'UNSUBSCRIBE topicY - - T'],
    GOODBYE,
    [],
  ],
  ['mqtt311-pub-userpass/input.pcap', [`3.1.1 ${USER}`], ['topicX at most once ok 16 text'], [], GOODBYE, []],
  ['mqtt5-excessiveproplen/input.pcap', [], ['topicX at most once ok 16 text'], [], GOODBYE, ['connect truncated']],
  ['mqtt5-pub-qos2/input.pcap', [`5.0 ${USER}`], ['topicX exactly once ok 16 text'], [], GOODBYE, []],
  // The payload format of its will is 144, where there are 0 and 1.
  [
    'mqtt5-sub-mosquittoprops/input.pcap',
    [`5.0 ${USER}`],
    [],
    ['SUBSCRIBE topicX,topicY 0,0 0 T'],
    ['T 4 Disconnect with Will Message'],
    ['connect property'],
  ],
  [
    'mqtt5-sub-userpass/input.pcap',
    [`5.0 ${USER}`],
    [],
    ['SUBSCRIBE topicX,topicY 0,0 0 T'],
    ['T 4 Disconnect with Will Message'],
    [],
  ],
];

describe.skipIf(!hasCaptures)("Suricata's MQTT captures (reference captures)", () => {
  it.each([
    ['mqtt31-unsub-userpass', 1, 0, 3],
    ['mqtt31-pub-userpass-auto-clientid', 1, 1, 0],
    ['mqtt311-unsub-qos1', 1, 0, 3],
    ['mqtt5-unsub-userpass', 1, 0, 3],
  ])('%s: as many rows as Suricata counts, none broken', (name, connects, messages, subscriptions) => {
    const run = of(`${SURICATA}/${name}/input.pcap`);
    const counts = ['mqtt_connect', 'mqtt_publish', 'mqtt_subscribe', 'mqtt_violation'].map(
      (log) => rows(run, log).length,
    );
    expect(counts).toEqual([connects, messages, subscriptions, 0]);
  });

  it.each(EXPECTED)('%s', (path, connects, messages, subscriptions, goodbyes, violations) => {
    const run = of(`${SURICATA}/${path}`);
    const told = (name: string, columns: string): string[] => rows(run, name).map((record) => row(record, columns));
    expect(told('mqtt_connect', 'proto_version client_id username password accepted')).toEqual(connects);
    expect(told('mqtt_publish', 'topic qos status payload_len content')).toEqual(messages);
    expect(
      told('mqtt_subscribe', 'action topics qos_levels granted_qos_level ack').map((line) =>
        line.replace('MQTT::', ''),
      ),
    ).toEqual(subscriptions);
    expect(told('mqtt_disconnect', 'from_client reason_code reason')).toEqual(goodbyes);
    expect(told('mqtt_violation', 'packet reason')).toEqual(violations);
    expect(run.summary.dropped.dissectorFaults).toBe(0);
  });
});
