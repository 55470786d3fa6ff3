/** Other people's tools at the gates of a range that `penstock up` runs: what they see, what they may do, what the plant makes of it. */
import { execFile } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { promisify } from 'node:util';
import type { KeyframeMessage, ValuesMessage } from '@penstock/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasJudge } from './judges.ts';
import { atBest } from './measured.ts';
import { atGate, realOf, registersOf } from './modbus.ts';
import { eventually, penstock, RunningRange, scratchFolder, smallPlantIn } from './penstock.ts';

const run = promisify(execFile);
const SLOW = 400_000;
/** Second octet of the plant's addresses, 9 in its file. */
const NETWORK = 100 + (process.pid % 100);
const scratch = scratchFolder();
let range: RunningRange;

beforeAll(async () => {
  // Networks that no other range on this machine has.
  const plant = smallPlantIn(scratch.path, (text) => text.replaceAll(/\b10\.9\./g, `10.${NETWORK}.`));
  range = await RunningRange.start([plant, '--gates', 'own'], { cwd: scratch.path });
  // Controllers have scanned and the SCADA server has polled.
  await eventually(async () => ((await values()).LIT101?.displayed ? true : undefined), 'a level on the SCADA server');
}, SLOW);

afterAll(async () => {
  await range?.stop('SIGKILL');
  scratch.remove();
});

/** The plant's values by tag, as the API tells them. */
async function values(): Promise<Record<string, { displayed: number | null; true: number | null }>> {
  const { tags } = await range.api<KeyframeMessage>('state');
  const now = await range.api<ValuesMessage>('values');
  return Object.fromEntries(
    tags.map(({ id }, i) => [id, { displayed: now.displayed[i] ?? null, true: now.true[i] ?? null }]),
  );
}

const setpoint = (value: number) =>
  eventually(async () => {
    const { LIC101_SP } = await values();
    return LIC101_SP?.true === Math.fround(value) && LIC101_SP.displayed === Math.fround(value) ? true : undefined;
  }, `a set point of ${value} in the controller and on the SCADA server`);

describe('addresses of the gates', () => {
  it('are the devices’ own with 127 in front, each service on its port or 10000 above it', () => {
    const places = [...range.gates].map(([name, { host, port }]) => [name, host, port % 10_000]);
    expect(places).toEqual([
      ['tank-plc modbus', `127.${NETWORK}.1.13`, 502],
      ['trip modbus', `127.${NETWORK}.1.20`, 502],
    ]);
  });

  it('are told of no service that the firewall keeps from the zone', () => {
    const unreached = [...range.printed.matchAll(/^(\S+) +(\S+) +not reachable from control$/gm)];
    expect(unreached.map(([, device, service]) => `${device} ${service}`)).toEqual([
      'scada scada',
      'services ntp/udp',
      'services syslog/udp',
      'services dns/udp',
    ]);
  });
});

describe('modbus-serial', { timeout: SLOW }, () => {
  it('reads what the process does, and moves what may be moved', async () => {
    await atGate(range.gate('tank-plc'), async (client) => {
      // The water moves while one is asked after the other.
      const apart = async () => {
        const level = realOf((await client.readInputRegisters(0, 2)).data);
        const { LIT101 } = await values();
        return Math.abs(level - (LIT101?.true as number));
      };
      expect(await atBest(0.1, apart)).toBeLessThan(0.1);
      await client.writeRegisters(0, registersOf(2.75));
      await setpoint(2.75);
      await expect(client.writeRegisters(30, [1, 2])).rejects.toMatchObject({ modbusCode: 2 });
      await expect(client.readHoldingRegisters(0, 126)).rejects.toThrow();
    });
  });

  it('is refused by the key of the safety device', async () => {
    await atGate(range.gate('trip'), async (client) => {
      expect((await client.readDiscreteInputs(0, 1)).data[0]).toBe(true);
      await expect(client.writeCoil(0, false)).rejects.toMatchObject({ modbusCode: 2 });
    });
  });
});

describe.skipIf(!hasJudge('mbpoll'))('mbpoll (libmodbus)', { timeout: SLOW }, () => {
  it('reads and writes', async () => {
    const { host, port } = range.gate('tank-plc');
    const options = ['-0', '-1', '-m', 'tcp', '-o', '10', '-p', String(port)];
    const mbpoll = async (...args: string[]) =>
      (await run('mbpoll', [...options, ...args], { timeout: 60_000 })).stdout;
    await mbpoll('-t', '4:float', '-B', '-r', '0', host, '2.25');
    await setpoint(2.25);
    expect(await mbpoll('-t', '4:float', '-B', '-r', '0', '-c', '1', host)).toMatch(/^\[0\]:\s+2\.25$/m);
    expect(await mbpoll('-t', '0', '-r', '0', '-c', '1', host)).toMatch(/^\[0\]:\s+1$/m);
  });
});

describe.skipIf(!hasJudge('pymodbus'))('pymodbus', { timeout: SLOW }, () => {
  it('reads and writes', async () => {
    const { host, port } = range.gate('tank-plc');
    const script = `
import json, struct
from pymodbus.client import ModbusTcpClient
client = ModbusTcpClient("${host}", port=${port}, timeout=30)
assert client.connect()
client.write_registers(0, list(struct.unpack(">HH", struct.pack(">f", 2.5))), slave=1)
held = client.read_holding_registers(0, 2, slave=1).registers
refused = client.write_register(30, 1, slave=1).exception_code
print(json.dumps({"held": struct.unpack(">f", struct.pack(">HH", *held))[0], "refused": refused}))
client.close()
`;
    const { stdout } = await run('/usr/bin/python3', ['-c', script], { timeout: 100_000 });
    expect(JSON.parse(stdout)).toEqual({ held: 2.5, refused: 2 });
    await setpoint(2.5);
  });
});

describe.skipIf(!hasJudge('nmap'))('nmap', { timeout: SLOW }, () => {
  it('sees exactly the declared services', async () => {
    const hosts = [...new Set([...range.gates.values()].map((gate) => gate.host))];
    // What this machine itself offers on every address is nobody's in the plant.
    const bystander = '127.250.250.250';
    const declared = hosts.map((host) => [...range.gates.values()].filter((g) => g.host === host).map((g) => g.port));
    const seen = async () => {
      const open = await openPorts([bystander, ...hosts]);
      return hosts.map((host) => [...(open.get(host) ?? [])].filter((port) => !open.get(bystander)?.has(port)));
    };
    // Somebody else on this machine may have come or gone between one address and the next; what is ours stays.
    await expect.poll(seen, { timeout: 300_000, interval: 1000 }).toEqual(declared);
  });

  it('learns who the device is', async () => {
    const { host, port } = range.gate('tank-plc');
    const args = ['-Pn', '-n', '-p', String(port), '--script', '+modbus-discover', host];
    const answer = async () => (await run('nmap', args, { timeout: 100_000 })).stdout;
    // Its script waits two seconds for an answer and does not ask again.
    await expect.poll(answer, { interval: 1000 }).toContain('Device identification: Schneider Electric TM221 1.0');
  });
});

describe('datagrams', { timeout: SLOW }, () => {
  it('reach the services of the zone that tools join, and the run is the same again with them', async () => {
    const other = await RunningRange.start(
      [scratch.path, '--zone', 'supervisory', '--out', 'datagrams', '--rate', '10'],
      { cwd: scratch.path },
    );
    try {
      const { host, port } = other.gate('services', 'ntp/udp');
      const socket = createSocket('udp4');
      const request = new Uint8Array(48);
      request[0] = 0x23; // version 4, client
      request.set([0xea, 2, 3, 4, 0x80, 0, 0, 0], 40); // half a second, which microseconds hold exactly
      const answered = once(socket, 'message') as Promise<[Buffer]>;
      socket.send(request, port, host);
      const [answer] = await answered;
      socket.close();
      // A server's answer to this very request (RFC 5905: mode 4, the origin is the client's transmit time).
      expect([answer.length, (answer[0] as number) & 7, answer.subarray(24, 32)]).toEqual([
        48,
        4,
        Buffer.of(0xea, 2, 3, 4, 0x80, 0, 0, 0),
      ]);
      expect([...other.gates.keys()]).not.toContain('tank-plc modbus');
      expect(await other.stop()).toMatchObject({ code: 0 });
    } finally {
      await other.stop('SIGKILL');
    }
    const { code, stdout } = await penstock(['replay', 'datagrams', '--json'], { cwd: scratch.path });
    expect([code, JSON.parse(stdout).same]).toEqual([0, { capture: true, alerts: true, labels: true, truth: true }]);
  });
});

async function openPorts(hosts: readonly string[]): Promise<Map<string, Set<number>>> {
  const { stdout } = await run('nmap', ['-Pn', '-n', '-T4', '-sT', '-p-', '-oG', '-', ...hosts], { timeout: 200_000 });
  return new Map(
    [...stdout.matchAll(/^Host: (\S+).*Ports: ([^\t]*)/gm)].map(([, host, ports]) => [
      host as string,
      new Set([...(ports as string).matchAll(/(\d+)\/open\/tcp/g)].map(([, port]) => Number(port))),
    ]),
  );
}
