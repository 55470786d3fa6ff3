/**
 * For each rule what must make it fire and what looks alike and must not, as traffic of a small works. `monitor/rules/captures/` holds
 * them as files, which `node monitor/test/rule-captures.ts` writes anew: what `penstock check` asks for, and what anybody can replay. `source` is who does it where the rule does not mind.
 */

import { fileURLToPath } from 'node:url';
import { LINKTYPE_ETHERNET } from '@penstock/core';
import { writeCaptureFile } from '../capture/index.ts';
import { Lan } from './lan.ts';
import { bacnetScenes } from './rule-scenes/bacnet.ts';
import { deviceLogScenes } from './rule-scenes/device-logs.ts';
import { dnp3Scenes } from './rule-scenes/dnp3.ts';
import { doorScenes } from './rule-scenes/doors.ts';
import { middleScenes } from './rule-scenes/middle.ts';
import { modbusScenes } from './rule-scenes/modbus.ts';
import { mqttScenes } from './rule-scenes/mqtt.ts';
import { networkScenes } from './rule-scenes/network.ts';
import { opcuaScenes } from './rule-scenes/opcua.ts';
import { processScenes } from './rule-scenes/process.ts';
import { s7Scenes } from './rule-scenes/s7.ts';
import type { Scene } from './rule-scenes/scene.ts';
import { ordinaryMorning } from './rule-scenes/scene.ts';

export const RULE_SCENES: Readonly<Record<string, Scene>> = {
  ...modbusScenes,
  ...networkScenes,
  ...deviceLogScenes,
  ...middleScenes,
  ...processScenes,
  ...s7Scenes,
  ...dnp3Scenes,
  ...bacnetScenes,
  ...mqttScenes,
  ...opcuaScenes,
  ...doorScenes,
};

function write(name: string, act: (lan: Lan) => void): void {
  const lan = new Lan();
  act(lan);
  const path = fileURLToPath(new URL(`../rules/captures/${name}.pcap`, import.meta.url));
  const file = writeCaptureFile(path, LINKTYPE_ETHERNET);
  lan.play(file);
  file.close();
}

if (import.meta.main) {
  write('normal', ordinaryMorning);
  for (const [rule, { source, fires, silent }] of Object.entries(RULE_SCENES)) {
    write(`${rule}.fires`, (lan) => fires(lan, source));
    write(`${rule}.silent`, (lan) => silent(lan, source));
  }
}
