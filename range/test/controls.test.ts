/** Controls as options of a plant: what they let through, what they refuse, how that looks on the wire, and that it is logged. */
import { fileURLToPath } from 'node:url';
import { seconds } from '@penstock/core';
import type { LogEntry } from '@penstock/simulator/devices';
import type { Reply } from '@penstock/simulator/kernel';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Plant, Range, readPlant, TruthJournal } from '../index.ts';

let plant: Plant;
beforeAll(async () => {
  plant = await readPlant(fileURLToPath(new URL('./small-plant', import.meta.url)));
});

const READ = Uint8Array.of(4, 0, 0, 0, 2);
const WRITE = Uint8Array.of(5, 0, 0, 0, 0);
const CAUSE = { actor: 'scenario:test', step: 'try' };

/** What `from` gets when it asks the tank controller, and what the devices log meanwhile. */
function asked(from: string, pdus: readonly Uint8Array[], options: Record<string, boolean>) {
  const replies: string[] = [];
  const logs: string[] = [];
  const range = new Range({
    plant,
    run: 'controls',
    seed: 3,
    startAt: seconds(0),
    options,
    truth: new TruthJournal(undefined),
    onDeviceLog: (_, device, { id, text, parameters }: LogEntry) => {
      if (id === 'access-denied' || id === 'dropped')
        logs.push(`${device} ${id} ${text} ${JSON.stringify(parameters)}`);
    },
  });
  const flags: number[] = [];
  range.start();
  range.queue.runUntil(seconds(20) as never);
  range.network.wire.tap.attach({
    frame: (_, buffer, start, end) => {
      const bytes = buffer.subarray(start, end);
      if (bytes[12] === 8 && bytes[23] === 6 && isBetween(bytes, range, from, 'tank-plc'))
        flags.push(bytes[47] as number);
    },
  });
  const session = range.foothold(from).modbus('tank-plc');
  const text = (reply: Reply) =>
    reply.outcome === 'answered' ? [...reply.pdu.subarray(0, 2)].map((b) => b.toString(16)).join(' ') : reply.outcome;
  const ask = (i: number): void => {
    const pdu = pdus[i];
    if (pdu !== undefined)
      session.request(1, pdu, CAUSE, (reply) => {
        replies.push(text(reply));
        ask(i + 1);
      });
  };
  ask(0);
  range.queue.runUntil(seconds(50) as never);
  return { replies, logs, flags };
}

function isBetween(bytes: Uint8Array, range: Range, a: string, b: string): boolean {
  const ends = [bytes.subarray(26, 30), bytes.subarray(30, 34)].map((address) => address.join('.'));
  const of = (id: string) => range.devices.get(id)?.spec.address as string;
  return ends.includes(of(a)) && ends.includes(of(b));
}

describe('an access control list of sessions', () => {
  it('resets who is not listed once the connection stands, and says so on syslog', () => {
    const { replies, logs, flags } = asked('trip', [READ], { tankAllowList: true });
    expect(replies).toEqual(['closed']);
    // SYN, SYN+ACK, ACK, RST: the list is looked at behind the socket's accept.
    expect(flags.slice(0, 3)).toEqual([0x02, 0x12, 0x10]);
    expect((flags.at(-1) as number) & 0x04).toBe(0x04);
    expect(logs).toEqual([
      'tank-plc access-denied connection from 10.9.1.20 refused: not on the access control list {"src":"10.9.1.20","dport":"502","what":"connection"}',
    ]);
  });

  it('lets the listed through as before', () => {
    expect(asked('scada', [READ, WRITE], { tankAllowList: true })).toMatchObject({ replies: ['4 4', '5 0'], logs: [] });
  });

  it('refuses nobody while it is off', () => {
    expect(asked('trip', [READ, WRITE], {})).toMatchObject({ replies: ['4 4', '5 0'], logs: [] });
  });
});

describe('an access control list of writes', () => {
  it('lets everybody read and answers exception 01 to writes of who is not listed; repetitions are logged once a minute', () => {
    const { replies, logs } = asked('trip', [READ, WRITE, WRITE, READ], { tankWriteList: true });
    expect(replies).toEqual(['4 4', '85 1', '85 1', '4 4']);
    expect(logs).toEqual([
      'tank-plc access-denied WRITE_SINGLE_COIL from 10.9.1.20 refused: not on the access control list {"src":"10.9.1.20","dport":"502","what":"write"}',
    ]);
  });

  it('lets the listed write', () => {
    expect(asked('scada', [WRITE], { tankWriteList: true }).replies).toEqual(['5 0']);
  });
});

describe('a conduit that is closed', () => {
  it('drops what went through it, and leaves its other ways open', () => {
    expect(asked('scada', [READ], { supervisionConduit: false }).replies).toEqual(['closed']);
    const range = new Range({
      plant,
      run: 'controls',
      seed: 3,
      startAt: seconds(0),
      options: { supervisionConduit: false },
      truth: new TruthJournal(undefined),
    });
    range.start();
    range.queue.runUntil(seconds(30) as never);
    const shown = (tag: string) => range.displayed.values[range.spec.tags.findIndex(({ id }) => id === tag)];
    expect(shown('LIT101')).toBeNaN();
    expect(shown('XV101')).toBe(1);
  });
});

describe('a rule of the firewall as an option', () => {
  it('lets through what the conduits otherwise drop', () => {
    expect(asked('hmi', [READ], {}).replies).toEqual(['timeout']);
    expect(asked('hmi', [READ], { panelRule: true }).replies).toEqual(['4 4']);
  });
});
