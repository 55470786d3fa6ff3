/** A small works for the judgement's tests: what its owner would import, and a way to say what passes on its network. */
import type { FieldValue, ProtocolEvent } from '@penstock/core';
import { type Alert, AlertBook, type AlertSink } from '../alerts/index.ts';
import { Baseline } from '../baseline/index.ts';
import type { DetectorModule } from '../detectors/detector.ts';
import { DETECTORS } from '../detectors/registry.ts';
import type { EvidencePacket } from '../flows/evidence.ts';
import { Hosts } from '../hosts.ts';
import { Judge } from '../judge.ts';
import { type OwnerKnowledge, ownerKnowledgeSchema, type WorkOrder } from '../knowledge.ts';
import { builtInRules, type Rule, type RuleSet } from '../sigma/rules.ts';
import type { FlowView } from '../subject.ts';

export const SCADA = '10.10.2.10';
export const DOSING = '10.10.1.13';
export const FILTERS = '10.10.1.12';
export const WORKSTATION = '10.10.2.30';
export const STRANGER = '10.10.2.99';

/** Monday 2026-01-05 00:00 UTC, microseconds. */
export const MONDAY = Date.parse('2026-01-05T00:00:00Z') * 1000;

export function knowledge(workOrders: readonly WorkOrder[] = []): OwnerKnowledge {
  return ownerKnowledgeSchema.parse({
    version: 1,
    plant: 'small-works',
    zones: [
      { id: 'control', name: 'Control', level: 1, subnet: '10.10.1.0/24' },
      { id: 'supervision', name: 'Supervision', level: 2, subnet: '10.10.2.0/24' },
    ],
    assets: [
      { id: 'scada', name: 'SCADA server', kind: 'scada', role: 'scada-server', zone: 'supervision', address: SCADA },
      {
        id: 'dosing-plc',
        name: 'Dosing PLC',
        kind: 'plc',
        role: 'dosing-plc',
        zone: 'control',
        address: DOSING,
        mac: '00:80:f4:00:00:13',
        criticality: 'high',
      },
      { id: 'filter-plc', name: 'Filter PLC', kind: 'plc', role: 'filter-plc', zone: 'control', address: FILTERS },
      {
        id: 'engineering',
        name: 'Engineering workstation',
        kind: 'workstation',
        role: 'engineering-workstation',
        zone: 'supervision',
        address: WORKSTATION,
      },
    ],
    tags: [
      {
        id: 'AIC401',
        name: 'NaOH dose set point',
        kind: 'setpoint',
        unit: 'mg/L',
        range: [0, 20],
        safe: [0, 15],
        matters: 'Too much lye burns whoever drinks the water.',
      },
      { id: 'HS401', name: 'NaOH loop mode', kind: 'mode', unit: '', range: [0, 1], states: ['AUTO', 'MANUAL'] },
      {
        id: 'AIT402',
        name: 'Outlet pH',
        kind: 'measurement',
        unit: 'pH',
        range: [0, 14],
        safe: [6.5, 9.5],
        alarms: { low: 7, high: 9 },
      },
      { id: 'SC401', name: 'Dosing pump speed', kind: 'actuator', unit: '%', range: [0, 100] },
    ],
    points: [
      {
        device: 'dosing-plc',
        tag: 'AIC401',
        writable: true,
        modbus: { table: 'holding', address: 10, type: 'float32' },
      },
      { device: 'dosing-plc', tag: 'HS401', writable: true, modbus: { table: 'coil', address: 3, type: 'bool' } },
      { device: 'dosing-plc', tag: 'AIT402', modbus: { table: 'input', address: 0, type: 'uint16', scale: 0.01 } },
      {
        device: 'dosing-plc',
        tag: 'SC401',
        writable: true,
        modbus: { table: 'holding', address: 20, type: 'int16', scale: 0.1 },
      },
    ],
    workOrders,
  });
}

export const order = (devices: string[], from: number, to: number, by?: string[]): WorkOrder => ({
  id: 'WO-1',
  title: 'Work on the dosing PLC',
  kind: 'work',
  from: new Date(MONDAY / 1000 + from * 1000).toISOString(),
  to: new Date(MONDAY / 1000 + to * 1000).toISOString(),
  devices,
  ...(by !== undefined && { by }),
});

/** Registers of a float32, high word first. */
export function float(value: number): number[] {
  const view = new DataView(new ArrayBuffer(4));
  view.setFloat32(0, value);
  return [view.getUint16(0), view.getUint16(2)];
}

export type TestFlow = { -readonly [K in keyof FlowView]: FlowView[K] };

export interface TrafficOptions {
  readonly knowledge?: OwnerKnowledge | undefined;
  readonly baseline?: Baseline | undefined;
  readonly learning?: boolean | undefined;
  readonly rules?: RuleSet | undefined;
  readonly except?: ((rule: Rule | DetectorModule) => boolean) | undefined;
}

let rules: RuleSet | undefined;
export function libraryRules(): RuleSet {
  rules ??= builtInRules();
  return rules;
}

/** Says what passes on the network; time goes on by a millisecond a packet and by what `wait` adds. */
export class Traffic {
  readonly judge: Judge;
  readonly book: AlertBook;
  readonly baseline: Baseline;
  readonly raised: string[] = [];
  time = MONDAY;
  #packets = 0;
  #flows = 0;

  constructor(options: TrafficOptions = {}) {
    const sink: AlertSink = { alert: (alert) => this.raised.push(alert.rule) };
    this.book = new AlertBook([sink], MONDAY);
    this.baseline = options.baseline ?? new Baseline('small-works');
    this.judge = new Judge({
      hosts: new Hosts(options.knowledge ?? ownerKnowledgeSchema.parse({ version: 1 })),
      rules: options.rules ?? libraryRules(),
      detectors: DETECTORS,
      baseline: this.baseline,
      learning: options.learning ?? false,
      alerts: this.book,
      except: options.except,
      evidence: (flow, numbers) =>
        (numbers.length > 0 ? numbers : [flow.lastPacket]).map(
          (number): EvidencePacket => ({
            number,
            time: this.time,
            linkType: 1,
            wireLength: 0,
            bytes: new Uint8Array(0),
          }),
        ),
    });
  }

  get alerts(): readonly Alert[] {
    return this.book.alerts;
  }

  alert(rule: string): Alert | undefined {
    return this.alerts.find((alert) => alert.rule === rule);
  }

  wait(seconds: number): this {
    this.time += seconds * 1e6;
    return this;
  }

  open(from: string, to: string, port = 502, transport: FlowView['transport'] = 'tcp'): TestFlow {
    const serial = ++this.#flows;
    const flow: TestFlow = {
      serial,
      transport,
      service: port === 502 ? 'modbus' : undefined,
      originatorAddress: from,
      originatorPort: 40_000 + (serial % 20_000),
      responderAddress: to,
      responderPort: port,
      originatorMac: undefined,
      responderMac: undefined,
      uid: `C${serial}`,
      lastPacket: ++this.#packets,
      dissector: undefined,
    };
    this.time += 1000;
    this.judge.opened(flow, this.time);
    return flow;
  }

  event(flow: TestFlow, name: string, columns: Record<string, FieldValue>): void {
    this.time += 1000;
    this.#packets += 2;
    flow.lastPacket = this.#packets;
    this.judge.event({ name, time: this.time, ...columns } as ProtocolEvent, flow);
  }

  modbus(flow: TestFlow, func: string, columns: Record<string, FieldValue> = {}): void {
    this.event(flow, 'modbus_detailed', {
      tid: this.#packets & 0xffff,
      unit: 1,
      func,
      address: undefined,
      quantity: undefined,
      request_values: undefined,
      response_values: undefined,
      modbus_detailed_link_id: undefined,
      matched: true,
      request_subfunction_code: undefined,
      response_subfunction_code: undefined,
      request_data: undefined,
      response_data: undefined,
      exception_code: undefined,
      mei_type: undefined,
      ...columns,
    });
  }

  read(flow: TestFlow, table: 'holding' | 'input' | 'coil' | 'discrete', address: number, values: number[]): void {
    const func = {
      holding: 'READ_HOLDING_REGISTERS',
      input: 'READ_INPUT_REGISTERS',
      coil: 'READ_COILS',
      discrete: 'READ_DISCRETE_INPUTS',
    }[table];
    this.modbus(flow, func, { address, quantity: values.length, response_values: values });
  }

  write(flow: TestFlow, address: number, values: number[], columns: Record<string, FieldValue> = {}): void {
    this.modbus(flow, 'WRITE_MULTIPLE_REGISTERS', {
      address,
      quantity: values.length,
      request_values: values,
      ...columns,
    });
  }

  coil(flow: TestFlow, address: number, value: number, columns: Record<string, FieldValue> = {}): void {
    this.modbus(flow, 'WRITE_SINGLE_COIL', {
      address,
      quantity: 1,
      request_values: [value],
      response_values: [value],
      ...columns,
    });
  }

  refuse(flow: TestFlow, func: string, address: number, exception = 'ILLEGAL_DATA_ADDRESS'): void {
    this.modbus(flow, func, { address, quantity: 1, exception_code: exception });
  }

  end(flow: TestFlow, state: string, responderPackets = 1): void {
    this.event(flow, 'conn', { conn_state: state, proto: flow.transport, resp_pkts: responderPackets });
  }
}

/** Half an hour of normal operation by the SCADA server: polls, a shift's set points, a mode change; nothing unusual. */
export function normalOperation(traffic: Traffic): TestFlow {
  const flow = traffic.open(SCADA, DOSING);
  let mode = 0;
  const poll = (seconds: number, target: number): void => {
    for (let second = 0; second < seconds; second++) {
      traffic.read(flow, 'holding', 10, [...float(target)]);
      traffic.read(flow, 'holding', 20, [400]);
      traffic.read(flow, 'input', 0, [830 + (second % 3)]);
      traffic.read(flow, 'coil', 3, [mode]);
      traffic.wait(1);
    }
  };
  for (const target of [7.5, 8, 8.5, 9, 8]) {
    traffic.write(flow, 10, float(target));
    poll(30, target);
  }
  for (mode of [1, 0]) {
    traffic.coil(flow, 3, mode);
    poll(700, 8);
  }
  return flow;
}

let learned: Baseline | undefined;
/** What is learned from `normalOperation`. */
export function learnedBaseline(): Baseline {
  if (learned === undefined) {
    const traffic = new Traffic({ knowledge: knowledge(), learning: true });
    normalOperation(traffic);
    traffic.judge.stopLearning();
    learned = traffic.baseline;
  }
  return Baseline.from(learned.toJSON());
}
