/** Ways in hops, and passwords as equipment is delivered; what the rules make of them is in their captures. */
import { describe, expect, it } from 'vitest';
import { defaultCredentials } from '../credentials/defaults.ts';
import { Hosts } from '../hosts.ts';
import { ownerKnowledgeSchema } from '../knowledge.ts';
import { Hops } from './hops.ts';

const hosts = new Hosts(
  ownerKnowledgeSchema.parse({
    version: 1,
    zones: [
      { id: 'control', name: 'Control', level: 1, subnet: '10.0.1.0/24' },
      { id: 'operations', name: 'Operations', level: 3, subnet: '10.0.3.0/24' },
      { id: 'dmz', name: 'DMZ', level: 3.5, subnet: '10.0.35.0/24' },
      { id: 'office', name: 'Office', level: 4, subnet: '10.0.4.0/24' },
    ],
  }),
);
const [PLC, STATION, JUMP, PC] = ['10.0.1.11', '10.0.3.30', '10.0.35.20', '10.0.4.30'].map((a) => hosts.at(a)) as [
  ReturnType<Hosts['at']>,
  ReturnType<Hosts['at']>,
  ReturnType<Hosts['at']>,
  ReturnType<Hosts['at']>,
];
const minutes = (n: number): number => n * 60e6;

describe('a way in hops', () => {
  it('is seen over two hosts, with all who are on it', () => {
    const hops = new Hops();
    expect(hops.opened(PC, JUMP, 'tcp', 3389, 0)).toBeUndefined();
    expect(hops.opened(JUMP, STATION, 'tcp', 3389, minutes(1))).toBeUndefined();
    const chain = hops.opened(STATION, PLC, 'tcp', 502, minutes(2));
    expect(chain).toEqual({ way: [PC, JUMP, STATION, PLC], seconds: 120 });
  });

  it('lasts as long as the session stands, and ten minutes more', () => {
    const hops = new Hops();
    hops.opened(PC, JUMP, 'tcp', 22, 0);
    expect(hops.opened(JUMP, PLC, 'tcp', 443, minutes(300))?.way).toEqual([PC, JUMP, PLC]);
    hops.ended(JUMP, 22, minutes(301));
    expect(hops.opened(JUMP, PLC, 'tcp', 443, minutes(310))).toBeDefined();
    expect(hops.opened(JUMP, PLC, 'tcp', 443, minutes(312))).toBeUndefined();
  });

  it.each([
    ['a session that stays in the office', PC, hosts.at('10.0.4.31'), 22],
    ['a port at which nobody sits down', PC, JUMP, 123],
  ])('does not begin with %s', (_, from, to, port) => {
    const hops = new Hops();
    hops.opened(from, to, 'tcp', port, 0);
    expect(hops.opened(JUMP, PLC, 'tcp', 502, 1)).toBeUndefined();
  });

  it('is not what somebody does who was never in the office', () => {
    const hops = new Hops();
    hops.opened(JUMP, STATION, 'tcp', 22, 0);
    expect(hops.opened(STATION, PLC, 'tcp', 502, 1)).toBeUndefined();
  });

  it('fills no memory, however many hosts are tried', () => {
    const hops = new Hops();
    for (let i = 0; i < 5000; i++) hops.opened(PC, hosts.at(`10.0.3.${i % 250}`), 'tcp', 22, i);
    for (let i = 0; i < 9000; i++)
      hops.opened(PC, { ...STATION, address: `10.0.${i}`, level: 3 } as unknown as typeof STATION, 'tcp', 22, i);
    expect(hops.dropped).toBeGreaterThan(4000);
  });
});

describe('passwords as delivered', () => {
  it.each([
    ['telnet', 'admin', 'admin', 'many'],
    ['http', 'Admin', '', 'many'],
    ['http', 'admin', 'wago', 'WAGO'],
    ['snmp', undefined, 'public', 'many'],
    ['ftp', 'USER', 'USER', 'Schneider Electric'],
    ['ftp', 'admin', 'Hafod-77', undefined],
    ['telnet', 'admin', 'public', undefined],
    ['telnet', undefined, 'private', undefined],
  ])('over %s as %s are known: %s is of %s', (protocol, user, password, vendor) => {
    expect(defaultCredentials().find(protocol, user, password)?.vendor).toBe(vendor);
  });

  it('say where they are printed', () => {
    expect(defaultCredentials().find('http', 'admin', 'wago')?.source).toContain('Manual');
  });
});
