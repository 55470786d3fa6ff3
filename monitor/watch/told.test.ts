/** Tags that are told of a device's own accord, over OPC UA and BACnet: rebuilt, written, judged. */
import { describe, expect, it } from 'vitest';
import { type OwnerKnowledge, ownerKnowledgeSchema } from '../knowledge.ts';
import { DOSING, FILTERS, float, knowledge, SCADA, type TestFlow, Traffic, WORKSTATION } from '../test/works.ts';

const NODES = ['AIC401', 'AIT402', 'SC401', 'HS401'] as const;
const nodeOf = (tag: string) => `ns=2;s=${tag}`;

const points = (device: string, where: (tag: string, i: number) => object) =>
  NODES.map((tag, i) => ({ device, tag, writable: tag !== 'AIT402', ...where(tag, i) }));

/** The SCADA server offers what the controller holds. */
const OFFERED = points('scada', (tag) => ({ opcua: { node: nodeOf(tag) } }));

const known = (more: object): OwnerKnowledge => ownerKnowledgeSchema.parse({ ...knowledge(), ...more });

const INVARIANT = {
  id: 'speed-follows-dose',
  name: 'The pump turns as the order says',
  holds: 'abs(SC401 - 5 * AIC401) < 5',
  for: '10s',
  accuses: ['SC401'],
};

/** Somebody reads or hears nodes of a server. */
class Nodes {
  readonly traffic: Traffic;
  readonly flow: TestFlow;

  constructor(traffic: Traffic, from: string, to: string) {
    this.traffic = traffic;
    this.flow = traffic.open(from, to, 4840);
  }

  says(values: Readonly<Record<string, number>>, columns: object = {}): this {
    for (const [tag, number] of Object.entries(values)) this.#value(tag, number, columns);
    // What one message said is taken in when time goes on.
    this.traffic.time += 1000;
    this.traffic.event(this.flow, 'opcua_binary', {});
    return this;
  }

  write(tag: string, number: number, status = 'Good'): this {
    this.#value(tag, number, { service: 'Write', status_code_name: status });
    this.traffic.time += 1000;
    return this;
  }

  #value(tag: string, number: number, columns: object): void {
    const { traffic } = this;
    const time = traffic.time;
    traffic.event(this.flow, 'opcua_value', {
      ...{ is_orig: true, request_id: 1, service: 'Publish', node_id: nodeOf(tag), attribute: 'Value' },
      ...{ data_type: 'Double', value: String(number), number, status_code: '0x00000000', status_code_name: 'Good' },
      ...{ source_timestamp: undefined, matched: true },
      ...columns,
    });
    // All values of a message have its time.
    traffic.time = time;
  }
}

const seen = ({ judge }: Traffic) => judge.watch.tags().map(({ device, tag, value }) => [device, tag, value]);

describe('values of nodes', () => {
  it('are the tags that the owner lists for them; bad ones are none', () => {
    const traffic = new Traffic({ knowledge: known({ points: OFFERED }) });
    const nodes = new Nodes(traffic, WORKSTATION, SCADA);
    nodes.says({ AIC401: 8, AIT402: 8.3, HS401: 1 }).says({ AIT402: 8.375, XX1: 3 });
    expect(seen(traffic)).toEqual([
      ['scada', 'AIC401', 8],
      ['scada', 'AIT402', 8.375],
      ['scada', 'HS401', 1],
    ]);
    nodes.says({ AIT402: 0 }, { status_code_name: 'BadNoCommunication' });
    nodes.says({ AIT402: 4 }, { attribute: 'EURange' });
    expect(seen(traffic)).toContainEqual(['scada', 'AIT402', 8.375]);
    nodes.says({ AIT402: 7.5 }, { status_code_name: 'UncertainLastUsableValue', service: 'Read' });
    expect(seen(traffic)).toContainEqual(['scada', 'AIT402', 7.5]);
  });

  it('are told on of whoever holds them, who is believed where he was heard', () => {
    const all = [...knowledge().points, ...OFFERED];
    const traffic = new Traffic({ knowledge: known({ points: all }) });
    const nodes = new Nodes(traffic, WORKSTATION, SCADA).says({ AIC401: 8, AIT402: 8.25 });
    expect(seen(traffic)).toEqual([
      ['scada', 'AIC401', 8],
      ['scada', 'AIT402', 8.25],
    ]);
    const polls = traffic.open(SCADA, DOSING);
    traffic.read(polls, 'holding', 10, float(8.5));
    nodes.says({ AIC401: 9 });
    expect(seen(traffic)).toEqual([
      ['dosing-plc', 'AIC401', 8.5],
      ['scada', 'AIT402', 8.25],
    ]);
    // Beyond its safe limits: told where it is held, and not once more where it is told on.
    traffic.read(polls, 'input', 0, [830]);
    traffic.read(polls, 'input', 0, [990]);
    nodes.says({ AIT402: 9.9 });
    const outside = traffic.alerts.filter(({ rule }) => rule === 'reading-outside-safe-limits');
    expect(outside.map(({ device, tag }) => [device, tag])).toEqual([['dosing-plc', 'AIT402']]);
  });

  it('are judged where nobody else tells them', () => {
    const traffic = new Traffic({ knowledge: known({ points: OFFERED }) });
    const nodes = new Nodes(traffic, WORKSTATION, SCADA);
    for (let i = 0; i < 10; i++) nodes.says({ AIT402: 8 + i / 100 }).traffic.wait(1);
    expect(traffic.raised).not.toContain('reading-outside-safe-limits');
    nodes.says({ AIT402: 9.9 });
    expect(traffic.alert('reading-outside-safe-limits')).toMatchObject({ device: 'scada', tag: 'AIT402' });
  });

  it('stand as they are written, and have to show it', () => {
    const traffic = new Traffic({ knowledge: known({ points: OFFERED }) });
    const nodes = new Nodes(traffic, WORKSTATION, SCADA).says({ AIC401: 8, AIT402: 8.3 });
    nodes.write('AIC401', 17);
    expect(seen(traffic)).toContainEqual(['scada', 'AIC401', 17]);
    expect(traffic.alerts.find(({ tag }) => tag === 'AIC401')).toMatchObject({ device: 'scada', newValue: 17 });
    // Others are told meanwhile, which says nothing of what was written.
    nodes.says({ AIT402: 8.31 }).says({ AIC401: 17 });
    expect(traffic.raised).not.toContain('set-point-not-kept');
    nodes.write('AIC401', 12, 'BadUserAccessDenied');
    expect(seen(traffic)).toContainEqual(['scada', 'AIC401', 17]);
    nodes.write('AIC401', 6).says({ AIC401: 17 });
    expect(traffic.alerts.filter(({ tag }) => tag === 'AIC401').map(({ rule }) => rule)).toContain(
      'set-point-not-kept',
    );
  });
});

describe('what must hold between tags', () => {
  it('is judged on what an OPC UA server tells', () => {
    const traffic = new Traffic({ knowledge: known({ points: OFFERED, invariants: [INVARIANT] }) });
    const nodes = new Nodes(traffic, WORKSTATION, SCADA);
    for (let i = 0; i < 100; i++) nodes.says({ AIC401: 8, SC401: 40 + (i % 3) }).traffic.wait(2);
    expect(traffic.raised).not.toContain('invariant-broken');
    for (let i = 0; i < 20; i++) nodes.says({ SC401: 60 + (i % 3) }).traffic.wait(2);
    expect(traffic.alert('invariant-broken')).toMatchObject({ device: 'scada', tag: 'SC401' });
  });

  it('is judged on what a BACnet device tells, and not while it is silent', () => {
    const objects = points('filter-plc', (_, i) => ({ bacnet: { kind: 'analog-value', instance: i } }));
    const traffic = new Traffic({ knowledge: known({ points: objects, invariants: [INVARIANT] }) });
    const flow = traffic.open(FILTERS, SCADA, 47_808, 'udp');
    const tells = (instance: number, number: number): void =>
      traffic.event(flow, 'bacnet_cov', {
        ...{ is_orig: true, operation: 'notification', object_type: 'analog-value', instance_number: instance },
        ...{ object_id: (2 << 22) | instance, number },
      });
    const tell = (dose: number, speed: number): void => {
      tells(0, dose);
      tells(2, speed);
      traffic.event(flow, 'bacnet', { is_orig: true });
      traffic.wait(2);
    };
    for (let i = 0; i < 100; i++) tell(8, 40 + (i % 3));
    tell(8, 60);
    traffic.wait(120);
    const other = traffic.open(WORKSTATION, DOSING);
    for (let i = 0; i < 30; i++) traffic.wait(2).read(other, 'holding', 0, [1]);
    expect(traffic.raised).not.toContain('invariant-broken');
    for (let i = 0; i < 20; i++) tell(8, 60 + (i % 3));
    expect(traffic.alert('invariant-broken')).toMatchObject({ device: 'filter-plc', tag: 'SC401' });
  });
});
