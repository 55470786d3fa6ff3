/** A day of the drinking-water works as tshark reads it: every layer, with all checksums judged, reassembled across segments. */
import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hours, LINKTYPE_ETHERNET, seconds } from '@penstock/core';
import { PcapWriter } from '@penstock/monitor';
import { type Device, Dnp3Poller } from '@penstock/simulator/devices';
import type { EngineeringSession } from '@penstock/simulator/kernel';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasJudge, WITHOUT_SPARKPLUG } from '../../tests/judges.ts';
import { openPlant, Play } from '../index.ts';
import { CAUSE, WireTool } from './wire-tool.ts';

const SPAN = process.env.PENSTOCK_PROVE === '1' ? 24 : 1;
/** Tuesday, so that a visitor looks at the filters and the booster pumps are exercised. */
const BEGIN = hours(24 + 9);
const PATIENCE = 1_800_000;

/** Checksums are not judged unless they are asked for. */
const CHECKED = ['ip', 'tcp', 'udp'].flatMap((name) => ['-o', `${name}.check_checksum:TRUE`]);
const STATES = ['ip', 'tcp', 'udp', 'icmp', 'cotp'].map((layer) => `${layer}.checksum.status`);
const CRCS = ['dnp3.hdr.CRC.incorrect', 'dnp3.data_chunk.CRC.incorrect'];
const WRONG = ['_ws.malformed', '_ws.expert.severity == "Error"', ...STATES.map((state) => `${state} == 0`), ...CRCS];
/** Number, what is wrong, what DNP3 and S7 say. */
const FIELDS = ['frame.number', '_ws.malformed', '_ws.expert.severity', ...STATES, ...CRCS];
const SAID = ['dnp3.al.func', 's7comm.param.func', 'dnp3.al.fragment.count', '_ws.col.Protocol'];
/** What Wireshark counts as an error. */
const ERROR = 0x80_0000;

interface Row {
  readonly number: number;
  readonly isWrong: boolean;
  /** By field of `SAID`. */
  readonly said: readonly string[];
}

/** Frames of DNP3 and S7, and of whatever else is wrong, as tshark reads a capture. */
function readBack(path: string): Row[] {
  const filter = [...WRONG, 's7comm', 'dnp3'].join(' || ');
  const fields = [...FIELDS, ...SAID].flatMap((field) => ['-e', field]);
  const args = ['-n', ...WITHOUT_SPARKPLUG, ...CHECKED, '-r', path, '-Y', filter, '-T', 'fields', ...fields];
  const { status, stdout, stderr } = spawnSync('tshark', args, { encoding: 'utf8', maxBuffer: 1 << 29 });
  if (status !== 0) expect.fail(stderr);
  const lines = stdout.split('\n').filter((line) => line !== '');
  return lines.map((line) => {
    const [number, malformed, severity, ...rest] = line.split('\t') as [string, string, string, ...string[]];
    const states = rest.splice(0, STATES.length).flatMap((state) => state.split(','));
    const crcs = rest.splice(0, CRCS.length);
    const [, , , protocol] = rest;
    const isWrong =
      malformed !== '' ||
      severity.split(',').some((one) => Number(one) >= ERROR) ||
      states.includes('0') ||
      crcs.some((crc) => crc !== '') ||
      // It is neither of those that were asked for whatever they are.
      (protocol !== 'S7COMM' && protocol !== 'DNP 3.0' && protocol !== 'COTP');
    return { number: Number(number), isWrong, said: rest };
  });
}

describe.skipIf(!hasJudge('tshark'))(`${SPAN} h of the drinking-water works, as tshark reads it`, () => {
  const folder = mkdtempSync(join(tmpdir(), 'penstock-day-'));
  const path = join(folder, 'capture.pcap');
  let rows: Row[] = [];
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  beforeAll(async () => {
    const play = new Play({ plant: await openPlant('drinking-water'), run: 'test', seed: 5, startAt: BEGIN });
    const file = openSync(path, 'w');
    const { range } = play;
    const writer = new PcapWriter((bytes) => writeSync(file, bytes), LINKTYPE_ETHERNET);
    play.watch(writer);
    const run = (duration: number) => play.runUntil((range.queue.now + duration) as never);
    // What people do now and then, beside what the week brings.
    const scada = new WireTool(range, 'scada', 'filters-plc', ['s7']);
    const booster = new WireTool(range, 'scada', 'booster-rtu', ['dnp3']);
    const done: string[] = [];
    run(seconds(60));
    scada.write('LIC210_SP', 1.6, 's7', () => done.push('S7 write'));
    booster.write('LIC701_OFF', 3.5, 'dnp3', () => done.push('DNP3 command'));
    const engineer = range.foothold('engineering-workstation').engineer?.('filters-plc', CAUSE) as EngineeringSession;
    engineer.readProgram((read) => {
      if (read.outcome !== 'done') return;
      done.push('S7 upload');
      engineer.writeProgram(read.value, ({ outcome }) => {
        if (outcome === 'done') done.push('S7 download');
        engineer.release();
      });
    });
    const master = (range.devices.get('scada') as Device).part(Dnp3Poller)?.peer('booster-rtu');
    master?.speak((speaker, now) =>
      speaker.file({ name: 'booster.st', what: 'read' }, now, ({ outcome }) => done.push(`DNP3 file ${outcome}`)),
    );
    run(seconds(240));
    expect(done.toSorted()).toEqual(['DNP3 command', 'DNP3 file done', 'S7 download', 'S7 upload', 'S7 write']);
    run(hours(SPAN));
    play.finish();
    writer.flush();
    closeSync(file);
    rows = readBack(path);
  }, PATIENCE);

  it('has no malformed frame, no error and no wrong checksum on any layer', () => {
    expect(rows.filter(({ isWrong }) => isWrong)).toEqual([]);
    expect(rows.length).toBeGreaterThan(5000 * SPAN);
  });

  it('is DNP3 and S7 with every function that was used, stations put together from their segments', () => {
    const values = (field: number): Set<number> =>
      new Set(rows.flatMap(({ said }) => (said[field] ?? '').split(',').filter(Boolean).map(Number)));
    // Confirm, read, write, select, operate, unsolicited on and off, files; answers and unsolicited responses.
    for (const code of [0, 1, 2, 3, 4, 20, 21, 25, 26, 129, 130]) expect([...values(0)]).toContain(code);
    // Setup, read and write of variables, download and upload of blocks, control.
    for (const code of [0xf0, 4, 5, 0x1a, 0x1b, 0x1c, 0x1d, 0x1e, 0x1f, 0x28]) expect([...values(1)]).toContain(code);
    expect(Math.max(...values(2))).toBeGreaterThan(3);
  });

  it('would have been found out: one octet that is not what was sent', () => {
    const capture = readFileSync(path);
    const spoiled = rows.find(({ said }) => said[0] === '129')?.number ?? 0;
    let at = 24;
    for (let record = 1; record < spoiled; record++) at += 16 + capture.readUInt32LE(at + 8);
    const end = at + 16 + capture.readUInt32LE(at + 8);
    const copy = Buffer.concat([capture.subarray(0, 24), capture.subarray(at, end)]);
    const last = copy.length - 3;
    copy[last] = (copy[last] as number) ^ 1;
    const damaged = join(folder, 'damaged.pcap');
    writeFileSync(damaged, copy);
    expect(readBack(damaged).map(({ isWrong }) => isWrong)).toEqual([true]);
  });
});
