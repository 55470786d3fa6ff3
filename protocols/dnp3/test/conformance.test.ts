/**
 * The requests of the OpenDNP3 conformance captures, put to our outstation: each of its frames, octet for octet, against those of the outstation
 * that passed the case. What the captures cannot tell and `conformance.ts` therefore takes from their answers:
 *
 * | of the captured outstation | taken from |
 * |---|---|
 * | inputs, their flags and times | the next answers that report them (or, without one, an indication that its class has events) |
 * | which points it has, in which class and variation | the objects that it answers with, over all cases |
 * | time between requests | the capture's stamps, whose clock shows milliseconds for seconds; time-outs from what happened at their end |
 * | refusals of its operator's logic (status 4 for an output that is there) | the status itself |
 * | local control, device trouble | the indications themselves |
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { sharedPath } from '../../../tests/judges.ts';
import { captureStreams } from './capture-streams.ts';
import { replay } from './conformance.ts';

const CASES = sharedPath('captures/ITI+ICS-Security-Tools/pcaps/dnp3/opendnp3-3/conformance');

/** Where our frames differ from those of the capture, by case, and why that is right. */
const DIFFERENCES: Readonly<Record<string, readonly string[]>> = {};

/** Cases whose captures have no packets. */
const EMPTY = ['6.4.2'];

let compared = 0;

describe.skipIf(CASES === undefined)('an outstation answers the conformance cases as the conforming one did', () => {
  for (const name of CASES === undefined ? [] : readdirSync(CASES))
    it(`case ${name}`, () => {
      const streams = captureStreams(join(CASES as string, name, 'dump.pcap'));
      expect(streams.length > 0).toBe(!EMPTY.includes(name));
      const differences: string[] = [];
      for (const said of streams)
        replay(said).forEach(({ theirs, ours }, turn) => {
          for (let i = 0; i < Math.max(theirs.length, ours.length); i++)
            if (theirs[i] === ours[i]) compared++;
            else differences.push(`turn ${turn}, frame ${i}: ${theirs[i]} here ${ours[i]}`);
        });
      expect(differences).toEqual(DIFFERENCES[name] ?? []);
    });

  it('which are more than two hundred frames, all alike', () => {
    expect(compared).toBeGreaterThan(200);
  });
});
