/** The closed list of verbs. What is not here, a scenario cannot do. A new one is a file of its own and a line in this list. */
import type { PlantSpec } from '@penstock/core';
import { z } from 'zod';
import { communicationOff, reinitializeDevice, suppressAlarm, whoIsSweep } from './bacnet.ts';
import { consoleCommand } from './console-command.ts';
import type { Overwrite, PlanContext, PlanLine, Silences, StepResult, VerbContext } from './context.ts';
import { cpuStart, cpuStop } from './cpu-mode.ts';
import { discover } from './discover.ts';
import { firmwareUpdate } from './firmware-update.ts';
import { ftpDrop } from './ftp-drop.ts';
import { interpose } from './interpose.ts';
import { loginDefault } from './login-default.ts';
import { mqttListen, mqttPublishFile, mqttTakeOver } from './mqtt.ts';
import { addNode, browseNodes, callMethod } from './opcua.ts';
import { disableUnsolicited, enableUnsolicited, restartOutstation } from './outstation.ts';
import { probeRegisters } from './probe-registers.ts';
import { programDelete } from './program-delete.ts';
import { programDownload } from './program-download.ts';
import { programUpload } from './program-upload.ts';
import { readTags } from './read-tags.ts';
import { reflashOnSite } from './reflash-on-site.ts';
import { release } from './release.ts';
import { snmpRead } from './snmp-read.ts';
import { webSetPoint } from './web-set-point.ts';
import { writeTag } from './write-tag.ts';

const VERBS = {
  'write-tag': writeTag,
  'read-tags': readTags,
  discover,
  'probe-registers': probeRegisters,
  interpose,
  release,
  'program-upload': programUpload,
  'program-download': programDownload,
  'program-delete': programDelete,
  'cpu-stop': cpuStop,
  'cpu-start': cpuStart,
  'restart-outstation': restartOutstation,
  'disable-unsolicited': disableUnsolicited,
  'enable-unsolicited': enableUnsolicited,
  'mqtt-listen': mqttListen,
  'mqtt-take-over': mqttTakeOver,
  'mqtt-publish-file': mqttPublishFile,
  'who-is-sweep': whoIsSweep,
  'reinitialize-device': reinitializeDevice,
  'communication-off': communicationOff,
  'suppress-alarm': suppressAlarm,
  'call-method': callMethod,
  'browse-nodes': browseNodes,
  'add-node': addNode,
  'login-default': loginDefault,
  'console-command': consoleCommand,
  'web-set-point': webSetPoint,
  'ftp-drop': ftpDrop,
  'firmware-update': firmwareUpdate,
  'reflash-on-site': reflashOnSite,
  'snmp-read': snmpRead,
} as const;

export const stepSchema = z.discriminatedUnion('verb', [
  writeTag.schema,
  readTags.schema,
  discover.schema,
  probeRegisters.schema,
  interpose.schema,
  release.schema,
  programUpload.schema,
  programDownload.schema,
  programDelete.schema,
  cpuStop.schema,
  cpuStart.schema,
  restartOutstation.schema,
  disableUnsolicited.schema,
  enableUnsolicited.schema,
  mqttListen.schema,
  mqttTakeOver.schema,
  mqttPublishFile.schema,
  whoIsSweep.schema,
  reinitializeDevice.schema,
  communicationOff.schema,
  suppressAlarm.schema,
  callMethod.schema,
  browseNodes.schema,
  addNode.schema,
  loginDefault.schema,
  consoleCommand.schema,
  webSetPoint.schema,
  ftpDrop.schema,
  firmwareUpdate.schema,
  reflashOnSite.schema,
  snmpRead.schema,
]);
export type StepSpec = z.output<typeof stepSchema>;

/** A verb as the engine sees it: whatever its steps say. */
interface AnyVerb {
  targets(step: StepSpec, plant: PlantSpec): readonly string[];
  tags(step: StepSpec, plant: PlantSpec): readonly string[];
  overwrites(step: StepSpec, plant: PlantSpec): readonly Overwrite[];
  reprograms?(step: StepSpec): readonly string[];
  flashes?(step: StepSpec): readonly string[];
  silences?(step: StepSpec): readonly Silences[];
  plan(step: StepSpec, context: PlanContext): readonly PlanLine[];
  run(step: StepSpec, context: VerbContext, end: (result: StepResult) => void): void;
}

// The schema has seen to it that a step's other keys are those of its verb.
const verbOf = (step: StepSpec): AnyVerb => VERBS[step.verb] as unknown as AnyVerb;

/** Roles that a step acts upon. */
export const targetsOf = (step: StepSpec, plant: PlantSpec): readonly string[] => verbOf(step).targets(step, plant);
/** Tags that a step is about. */
export const tagsOf = (step: StepSpec, plant: PlantSpec): readonly string[] => verbOf(step).tags(step, plant);
/** Points that a step may overwrite. */
export const overwritesOf = (step: StepSpec, plant: PlantSpec): readonly Overwrite[] =>
  verbOf(step).overwrites(step, plant);
/** Controllers, by role, whose program or mode a step may change. */
export const reprogramsOf = (step: StepSpec): readonly string[] => verbOf(step).reprograms?.(step) ?? [];
/** Devices, by role, whose firmware a step may replace. */
export const flashesOf = (step: StepSpec): readonly string[] => verbOf(step).flashes?.(step) ?? [];
/** Outstations that a step tells to report nothing. */
export const silencesOf = (step: StepSpec): readonly Silences[] => verbOf(step).silences?.(step) ?? [];
/** What a step would do. @throws ScopeError */
export const planOf = (step: StepSpec, context: PlanContext): readonly PlanLine[] => verbOf(step).plan(step, context);

export function runStep(step: StepSpec, context: VerbContext, end: (result: StepResult) => void): void {
  verbOf(step).run(step, context, end);
}
