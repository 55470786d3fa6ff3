import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CAPTURES, hasCaptures, only, readLog, runFile } from '../test/reference.ts';

/** What Zeek says of a connection, without times and ids, which the reference logs mask. */
const COLUMNS = [
  ...['id.orig_h', 'id.orig_p', 'id.resp_h', 'id.resp_p', 'proto', 'duration', 'orig_bytes', 'resp_bytes'],
  ...['conn_state', 'missed_bytes', 'history', 'orig_pkts', 'orig_ip_bytes', 'resp_pkts', 'resp_ip_bytes'],
];
const LOCAL = ['local_orig', 'local_resp'];

interface Case {
  readonly why: string;
  readonly capture: string;
  readonly log: string;
  /** Rows of the log that come from this capture, where Zeek was given more. */
  readonly rows?: readonly [number, number];
  /** Zeek had no local networks configured. */
  readonly withoutLocal?: true;
  /** Flows that end with the capture come in no particular order. */
  readonly anyOrder?: true;
}

const ZEEK = 'zeek+zeek/testing/btest';
const ZEEK_CONN = `${ZEEK}/Baseline/scripts.base.protocols.modbus.events`;
const DIGITAL_BOND = 'digitalbond+Quickdraw-Snort';

const CASES: readonly Case[] = [
  {
    why: 'a full connection on the loopback, one in mid-stream',
    capture: 'cisagov+icsnpp-modbus/testing/traces/modbus_example.pcap',
    log: 'cisagov+icsnpp-modbus/testing/baseline/analyzer.basic/conn.log',
  },
  {
    why: 'only the end of a connection; half-closed; foreign content on port 502; a server that calls back',
    capture: `${DIGITAL_BOND}/modbus_test_data_part1.pcap`,
    log: `${ZEEK_CONN}/conn-first.log`,
    rows: [0, 6],
  },
  {
    why: 'two SYNs that nobody answers, then the same ports again',
    capture: `${DIGITAL_BOND}/modbus_test_data_part2.pcap`,
    log: `${ZEEK_CONN}/conn-first.log`,
    rows: [6, 8],
  },
  {
    why: 'two packets each way in mid-stream',
    capture: `${ZEEK}/Traces/modbus/modbus-eit.pcap`,
    log: `${ZEEK_CONN}/conn-second.log`,
  },
  {
    why: 'mid-stream that begins with an acknowledgement; reset by the server; SYN-ACK twice; UDP both ways',
    capture: 'cisagov+icsnpp-enip/tests/traces/enip_cip_example.pcap',
    log: 'cisagov+icsnpp-enip/tests/baseline/analyzer.basic/conn.log',
  },
  {
    why: 'mid-stream with a server port at both ends',
    capture: 'cisagov+icsnpp-dnp3/testing/traces/dnp3_example.pcap',
    log: 'cisagov+icsnpp-dnp3/testing/baseline/analyzer.basic/conn.log',
    withoutLocal: true,
  },
  {
    why: 'IPv6, and BSD loopback instead of Ethernet',
    capture: 'cisagov+icsnpp-opcua-binary/tests/traces/open62541_client-server_mainloop.pcap',
    log: 'cisagov+icsnpp-opcua-binary/tests/baseline/analyzer.basic/conn.log',
    anyOrder: true,
  },
  {
    why: 'UDP broadcasts that are flows again after a minute of silence',
    capture: 'cisagov+icsnpp-bacnet/testing/traces/bacnet_services.pcap',
    log: 'cisagov+icsnpp-bacnet/testing/baseline/analyzer.services/conn.log',
    withoutLocal: true,
  },
  {
    why: 'hundreds of UDP flows of one packet',
    capture: 'cisagov+icsnpp-bacnet/testing/traces/bacnet_example.pcap',
    log: 'cisagov+icsnpp-bacnet/testing/baseline/analyzer.basic/conn.log',
    withoutLocal: true,
    anyOrder: true,
  },
  {
    why: 'mid-stream over minutes',
    capture: 'cisagov+icsnpp-s7comm/tests/traces/snap7.pcap',
    log: 'cisagov+icsnpp-s7comm/tests/baseline/analyzer.snap7/conn.log',
    withoutLocal: true,
  },
  {
    why: 'direction found by the server port; keep-alives of one byte',
    capture: 'cisagov+icsnpp-s7comm/tests/traces/s7comm_plus.pcap',
    log: 'cisagov+icsnpp-s7comm/tests/baseline/analyzer.s7comm_plus/conn.log',
    withoutLocal: true,
  },
];

describe.skipIf(!hasCaptures)('connection records equal those of Zeek (reference captures)', () => {
  for (const { why, capture, log, rows, withoutLocal, anyOrder } of CASES)
    it(`${capture.split('/').at(-1)}: ${why}`, () => {
      const columns = withoutLocal ? COLUMNS : [...COLUMNS, ...LOCAL];
      const lines = (list: Record<string, string>[]): string[] =>
        only(list, columns).map((row) => Object.values(row).join(' '));
      const expected = lines(readLog(readFileSync(join(CAPTURES, log), 'utf8')).slice(...(rows ?? [])));
      const actual = lines(readLog(runFile(join(CAPTURES, capture), []).logs.get('conn') ?? ''));
      expect(anyOrder ? actual.sort() : actual).toEqual(anyOrder ? expected.sort() : expected);
    });
});
