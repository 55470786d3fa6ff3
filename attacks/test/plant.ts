/** A plant that is just large enough to aim at. */
import { type PlantSpec, parseYamlText, plantSchema } from '@penstock/core';
import { DeviceRegistry } from '@penstock/simulator/kernel';
import { type ScenarioSpec, scenarioSchema } from '../scenario.ts';

const PLANT = `
id: small-works
name: Small works
summary: One controller and its supervisor.
process: { module: process.ts, step: 1s }
epoch: 2026-03-02T00:00:00Z
areas: [{ id: dosing, name: Dosing }]
zones:
  - { id: control, name: Control, level: 1, subnet: 10.9.1.0/24, targetSecurityLevel: 2 }
  - { id: supervisory, name: Supervisory, level: 2, subnet: 10.9.2.0/24, targetSecurityLevel: 2 }
tags:
  - { id: AIC301_SP, name: Dose order, area: dosing, kind: setpoint, unit: mg/L, range: [0, 20] }
  - { id: AIC301_MODE, name: Loop mode, area: dosing, kind: mode, unit: '', range: [0, 1], states: [manual, auto] }
network: {}
devices:
  - id: dosing
    name: Dosing controller
    kind: plc
    role: dosing-plc
    zone: control
    address: 10.9.1.13
    mac: '00:80:f4:00:00:13'
    identity: { vendor: V, productCode: P, revision: '1', productName: N, modelName: M }
    points:
      - { tag: AIC301_SP, writable: true, modbus: { table: holding, address: 10, type: float32 } }
      - { tag: AIC301_MODE, writable: true, modbus: { table: coil, address: 3, type: bool } }
    services: [{ protocol: modbus }]
  - id: scada-1
    name: SCADA server
    kind: scada
    role: scada
    zone: supervisory
    address: 10.9.2.10
    mac: '00:50:56:00:00:10'
    identity: { vendor: V, productCode: P, revision: '1', productName: N, modelName: M }
`;

const SCENARIO = `
id: push
name: Push
plant: small-works
story: Somebody at the supervisor raises the dose.
basis: { incident: none, documented: [], invented: [everything], sources: [none] }
inputs: { dose: { about: order, unit: mg/L, default: 100, min: 0, max: 1000 } }
start: 60s
observe: 1h
steps:
  - { id: manual, about: loop to manual, verb: write-tag, from: scada, to: dosing-plc, tag: AIC301_MODE, value: 0, techniques: [T0836] }
  - { id: order, about: the order, verb: write-tag, from: scada, to: dosing-plc, tag: AIC301_SP, value: { input: dose }, techniques: [T0836], after: { step: manual, wait: 5s } }
revertAfter: 10m
revert:
  - { id: auto, about: loop back to auto, verb: write-tag, from: scada, to: dosing-plc, tag: AIC301_MODE, value: 1, techniques: [T0836] }
hazards: [any]
twin:
  name: A move
  about: A small move of the set point
  steps:
    - { id: order, about: the order, verb: write-tag, from: scada, to: dosing-plc, tag: AIC301_SP, value: 11, techniques: [T0836] }
`;

export const smallPlant = (change: (text: string) => string = (text) => text): PlantSpec =>
  parseYamlText(change(PLANT), 'plant.yaml', plantSchema);
export const smallScenario = (change: (text: string) => string = (text) => text): ScenarioSpec =>
  parseYamlText(change(SCENARIO), 'push.yaml', scenarioSchema);

/** The plant's devices as they register for a run. */
export function registryOf(plant: PlantSpec, run = 'run-1', seal = true): DeviceRegistry {
  const registry = new DeviceRegistry(run);
  for (const { id, role, kind, zone, address } of plant.devices)
    registry.register({ run, id, role, kind, zone, address });
  if (seal) registry.seal();
  return registry;
}

/** The dosing controller's memory, answering Modbus as the real one would. */
export class SmallController {
  readonly values: Record<string, number> = { AIC301_SP: 8, AIC301_MODE: 1 };

  answer(pdu: Uint8Array): Uint8Array {
    const view = new DataView(pdu.buffer, pdu.byteOffset, pdu.length);
    const code = pdu[0] as number;
    const address = view.getUint16(1);
    if (code === 5 && address === 3) this.values.AIC301_MODE = pdu[3] === 0xff ? 1 : 0;
    else if (code === 16 && address === 10) this.values.AIC301_SP = view.getFloat32(6);
    else if (code === 1 && address === 3) return Uint8Array.of(1, 1, this.values.AIC301_MODE as number);
    else if (code === 3 && address === 10 && view.getUint16(3) === 2) {
      const reply = new Uint8Array(6);
      reply.set([3, 4]);
      new DataView(reply.buffer).setFloat32(2, this.values.AIC301_SP as number);
      return reply;
    } else return Uint8Array.of(code | 0x80, 2);
    return code === 16 ? pdu.slice(0, 5) : pdu;
  }
}
