/**
 * For each rule what must make it fire and what looks alike and must not, as traffic of a small works. `monitor/rules/captures/` holds
 * them as files: what `penstock check` asks for, and what anybody can replay. `source` is who does it where the rule does not mind.
 */

import { deviceLogScenes } from './rule-scenes/device-logs.ts';
import { middleScenes } from './rule-scenes/middle.ts';
import { modbusScenes } from './rule-scenes/modbus.ts';
import { networkScenes } from './rule-scenes/network.ts';
import { processScenes } from './rule-scenes/process.ts';
import type { Scene } from './rule-scenes/scene.ts';

export const RULE_SCENES: Readonly<Record<string, Scene>> = {
  ...modbusScenes,
  ...networkScenes,
  ...deviceLogScenes,
  ...middleScenes,
  ...processScenes,
};
