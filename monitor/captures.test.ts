/** The judgement on captures that nobody made for it, without knowledge or baseline: what is unambiguous, and nothing else. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DissectorFactory } from '@penstock/core';
import { dnp3Dissector, dnp3UdpDissector } from '@penstock/protocols/dnp3';
import { modbusDissector } from '@penstock/protocols/modbus';
import { describe, expect, it } from 'vitest';
import { CaptureDecoder } from './capture/index.ts';
import { Monitor } from './monitor.ts';
import { allCaptures, CAPTURES, hasCaptures } from './test/reference.ts';
import { libraryRules } from './test/works.ts';

function judge(path: string, dissectors: readonly DissectorFactory[] = [modbusDissector]): Monitor {
  const monitor = new Monitor({ rules: libraryRules(), mode: 'watch', dissectors });
  const bytes = new Uint8Array(readFileSync(path));
  const decoder = new CaptureDecoder(monitor, path);
  decoder.finish(bytes.length - decoder.consume(bytes, 0, bytes.length));
  monitor.finish();
  return monitor;
}

const rulesOf = (path: string): string[] => [...new Set(judge(join(CAPTURES, path)).alerts.map((a) => a.rule))].sort();

describe.skipIf(!hasCaptures)('public captures (skipped where they are not there)', () => {
  it.each([
    // Hours of a real plant's and a lab's ordinary polling.
    'ITI+ICS-Security-Tools/pcaps/ModbusTCP/ModbusTCP.pcap',
    'ITI+ICS-Security-Tools/pcaps/ModbusTCP/Modbus/modbus_test.pcap',
    'ITI+ICS-Security-Tools/pcaps/ModbusTCP/Modbus/modbus_test_2.pcap',
    'zeek+zeek/testing/btest/Traces/modbus/modbusBig.pcap',
    'zeek+zeek/testing/btest/Traces/modbus/modbusSmall.pcap',
  ])('%s raises nothing', (path) => {
    expect(rulesOf(path)).toEqual([]);
  });

  it.each([
    // Written to set off an intrusion detection system's Modbus rules.
    [
      'digitalbond+Quickdraw-Snort/modbus_test_data_part1.pcap',
      ['diagnostic-function', 'force-listen-only', 'illegal-frames'],
    ],
    [
      'digitalbond+Quickdraw-Snort/modbus_test_data_part2.pcap',
      ['diagnostic-function', 'illegal-frames', 'programming-function', 'sweep-functions', 'writes-refused'],
    ],
    // An engineering workstation on a Modicon controller.
    ['digitalbond+Quickdraw-Snort/modicon_test.pcap', ['illegal-frames', 'programming-function']],
    // One request of every function.
    [
      'cisagov+icsnpp-modbus/testing/traces/modbus_example.pcap',
      ['diagnostic-function', 'illegal-frames', 'sweep-functions', 'sweep-units'],
    ],
  ])('%s raises %j', (path, rules) => {
    expect(rulesOf(path).filter((rule) => !rule.startsWith('sensor-'))).toEqual(rules);
  });

  it.each([
    ['ITI+ICS-Security-Tools/pcaps/dnp3/read_and_response.pcap', []],
    ['ITI+ICS-Security-Tools/pcaps/dnp3/file_read.pcap', []],
    // A reserved qualifier in STOP_APPL, and a control block that is cut off behind checksums that hold.
    ['digitalbond+Quickdraw-Snort/dnp3_test_data_part1.pcap', ['illegal-frames']],
    ['ITI+ICS-Security-Tools/pcaps/dnp3/direct_operate_crob_malform_but_good_crc.pcap', ['illegal-frames']],
  ])('%s is DNP3 and raises %j of what breaks a protocol', (path, rules) => {
    const { alerts } = judge(join(CAPTURES, path), [dnp3Dissector, dnp3UdpDissector]);
    expect([...new Set(alerts.map(({ rule }) => rule))].filter((rule) => rule === 'illegal-frames')).toEqual(rules);
  });

  /** What pages without knowing anything of the network: these captures hold it. */
  const PAGING: Record<string, string> = {
    'modbus_test_data_part1.pcap': 'force-listen-only',
    'modbus_test_data_part2.pcap': 'programming-function',
    'modicon_test.pcap': 'programming-function',
  };

  it('never throws, whatever protocol a capture holds', () => {
    for (const path of allCaptures()) {
      let monitor: Monitor | undefined;
      try {
        monitor = judge(path);
      } catch (error) {
        expect((error as { id?: string }).id, path).toMatch(/^capture\./);
      }
      for (const { rule, severity, message } of monitor?.alerts ?? [])
        if (severity === 'high' || severity === 'critical')
          expect(rule, `${path}: ${message}`).toBe(PAGING[path.split('/').at(-1) as string]);
    }
  }, 120_000);
});
