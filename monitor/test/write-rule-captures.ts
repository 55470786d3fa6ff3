/** Writes the captures of the rules anew: `node monitor/test/write-rule-captures.ts`. */
import { fileURLToPath } from 'node:url';
import { LINKTYPE_ETHERNET } from '@penstock/core';
import { writeCaptureFile } from '../capture/index.ts';
import { Lan } from './lan.ts';
import { RULE_SCENES } from './rule-captures.ts';
import { ordinaryMorning } from './rule-scenes/scene.ts';

function write(name: string, act: (lan: Lan) => void): void {
  const lan = new Lan();
  act(lan);
  const path = fileURLToPath(new URL(`../rules/captures/${name}.pcap`, import.meta.url));
  const file = writeCaptureFile(path, LINKTYPE_ETHERNET);
  lan.play(file);
  file.close();
}

write('normal', ordinaryMorning);
for (const [rule, { source, fires, silent }] of Object.entries(RULE_SCENES)) {
  write(`${rule}.fires`, (lan) => fires(lan, source));
  write(`${rule}.silent`, (lan) => silent(lan, source));
}
