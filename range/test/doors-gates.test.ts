/** Real tools at the doors of a running range, through its gates: curl, Python's ftplib and sockets, net-snmp, nmap; and tshark over what passed. */
import { execFile, spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { LINKTYPE_ETHERNET, seconds } from '@penstock/core';
import { PcapWriter } from '@penstock/monitor';
import { Gates, PacedClock } from '@penstock/simulator/kernel';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasJudge } from '../../tests/judges.ts';
import { gateServices, Play, readPlant } from '../index.ts';

const PATIENCE = { timeout: 180_000 };

/** Output of a tool, whatever its exit code. */
const tool = (command: string, args: readonly string[]): Promise<string> =>
  new Promise((resolve) => {
    execFile(command, [...args], { timeout: 90_000, encoding: 'latin1' }, (_error, stdout, stderr) =>
      resolve(stdout + stderr),
    );
  });

const folder = mkdtempSync(join(tmpdir(), 'penstock-doors-'));
const pcap = join(folder, 'doors.pcap');
let gates: Gates;
let clock: PacedClock;
let play: Play;
let file: number;
let writer: PcapWriter;

beforeAll(async () => {
  const plant = await readPlant(fileURLToPath(new URL('./doors-plant', import.meta.url)));
  play = new Play({ plant, run: 'test', seed: 7, startAt: 0 as never, guestZone: 'control' });
  const { range } = play;
  file = openSync(pcap, 'w');
  writer = new PcapWriter((bytes) => void writeSync(file, bytes), LINKTYPE_ETHERNET);
  range.network.wire.tap.attach(writer);
  play.runUntil(seconds(30) as never);
  clock = new PacedClock(range.queue);
  gates = await Gates.open({
    clock,
    wire: range.network.wire,
    services: gateServices(plant).filter(({ device }) => device === 'pump-plc'),
    from: 'trainee',
    addresses: 'picked',
  });
  clock.start();
}, 60_000);

afterAll(async () => {
  await gates.close();
  clock.stop();
  play.finish();
  rmSync(folder, { recursive: true });
});

const at = (service: string, nth = 0): { host: string; port: number } => {
  const found = gates.table.filter((gate) => gate.service === service)[nth];
  if (found === undefined) throw new Error(`no gate to ${service}`);
  return found;
};

describe('real tools at a device’s doors', PATIENCE, () => {
  it.skipIf(spawnSync('curl', ['--version']).status !== 0)(
    'curl logs on to the page, reads values, moves a set point',
    async () => {
      const { host, port } = at('web');
      const url = `http://${host}:${port}`;
      expect(await tool('curl', ['-s', '-o', '/dev/null', '-w', '%{http_code}', url])).toBe('401');
      const page = await tool('curl', ['-s', '-u', 'admin:admin', url]);
      expect(page).toContain('<title>Process controller PAC-7</title>');
      const form = [
        '-s',
        '-u',
        'operator:level2',
        '-d',
        'tag=LIC201_SP',
        '-d',
        'value=3.5',
        '-o',
        '/dev/null',
        '-w',
        '%{http_code}',
      ];
      expect(await tool('curl', [...form, `${url}/setpoint`])).toBe('303');
      const values = JSON.parse(await tool('curl', ['-s', '-u', 'admin:admin', `${url}/values.json`]));
      expect(values).toMatchObject({ device: 'pump-plc', firmware: 'V2.4.1', values: { LIC201_SP: 3.5 } });
      expect(await tool('curl', ['-sI', '-u', 'admin:admin', url])).toMatch(
        /^HTTP\/1\.1 200 OK\r\nServer: Process-controller\/V2\.4\.1/,
      );
    },
  );

  it.skipIf(spawnSync('python3', ['--version']).status !== 0)(
    'Python’s ftplib lists, stores, fetches and deletes',
    async () => {
      const control = at('ftp');
      const places = [0, 1].map((nth) => [50_000 + nth, at('ftp-data', nth).port]);
      // Passive ports are elsewhere where the system picked them; with gates at their own addresses they are where PASV says.
      const script = `
import ftplib, io, json
ports = dict(${JSON.stringify(places)})
class Ftp(ftplib.FTP):
    def makepasv(self):
        host, port = super().makepasv()
        return '${control.host}', ports[port]
f = Ftp()
f.connect('${control.host}', ${control.port}, timeout=60)
print(f.getwelcome())
f.login('admin', 'admin')
print(json.dumps(sorted(f.nlst())))
data = bytes(range(256)) * 400
f.storbinary('STOR big.bin', io.BytesIO(data))
print(f.size('big.bin'))
back = io.BytesIO()
f.retrbinary('RETR big.bin', back.write)
print(back.getvalue() == data)
print(f.delete('big.bin'))
f.set_pasv(True)
print(f.quit())
`;
      expect((await tool('python3', ['-c', script])).trim().split('\n')).toEqual([
        '220 Process controller PAC-7 FTP server (V2.4.1)',
        '["firmware", "points.csv", "pump.st", "version.txt"]',
        '102400',
        'True',
        '250 big.bin deleted',
        '221 Goodbye',
      ]);
    },
  );

  it.skipIf(spawnSync('python3', ['--version']).status !== 0)('a plain socket talks to the console', async () => {
    const { host, port } = at('telnet');
    const script = `
import socket
s = socket.create_connection(('${host}', ${port}), timeout=60)
def until(mark):
    got = b''
    while not got.endswith(mark):
        part = s.recv(4096)
        if not part: break
        got += part
    return got
until(b'login: '); s.sendall(b'admin\\r\\n')
until(b'Password: '); s.sendall(b'admin\\r\\n')
until(b'# '); s.sendall(b'show LIC201_MODE\\r\\n')
print(until(b'# ').decode('latin1').split('\\r\\n')[0])
s.sendall(b'exit\\r\\n')
print(until(b'nothing more').decode('latin1').strip())
`;
    expect((await tool('python3', ['-c', script])).trim().split('\n')).toEqual(['LIC201_MODE auto', 'goodbye']);
  });

  it.skipIf(!hasJudge('snmp'))('net-snmp reads, walks and is refused', async () => {
    const { host, port } = at('snmp');
    const agent = `udp:${host}:${port}`;
    const common = ['-On', '-Oq', '-t', '5', '-r', '2'];
    const description = await tool('snmpget', ['-v2c', '-cpublic', ...common, agent, '1.3.6.1.2.1.1.1.0']);
    expect(description).toContain('Calder Controls Process controller PAC-7, firmware V2.4.1');
    const walk = (await tool('snmpwalk', ['-v2c', '-cpublic', ...common, agent, '1.3.6.1'])).trim().split('\n');
    expect(walk.filter((line) => line.startsWith('.1.3.6.1.') && !line.includes('No more variables'))).toHaveLength(46);
    const first = (await tool('snmpbulkwalk', ['-v2c', '-cpublic', ...common, agent, '1.3.6.1.4.1']))
      .trim()
      .split('\n');
    expect(
      first.filter((line) => line.startsWith('.1.3.6.1.4.1.32473.2') && !line.includes('No more variables')),
    ).toHaveLength(25);
    expect(await tool('snmpset', ['-v2c', '-cpublic', ...common, agent, '1.3.6.1.2.1.1.6.0', 's', 'x'])).toMatch(
      /noAccess/,
    );
    expect(await tool('snmpset', ['-v1', '-cprivate', ...common, agent, '1.3.6.1.2.1.1.1.0', 's', 'x'])).toMatch(
      /noSuchName/,
    );
    expect(await tool('snmpget', ['-v1', '-cguess', '-t', '1', '-r', '0', agent, '1.3.6.1.2.1.1.1.0'])).toMatch(
      /Timeout/,
    );
  });

  it.skipIf(!hasJudge('nmap'))(
    'nmap’s scripts see an anonymous file drop, a page with a password, banners',
    async () => {
      const [ftp, web] = [at('ftp'), at('web')];
      const scan = (port: number, script: string): Promise<string> =>
        tool('nmap', ['-sT', '-Pn', '-n', '-p', String(port), '--script', script, ftp.host]).then((said) =>
          // A banner is broken where the line is full.
          said.replace(/\n\|[_ ]*/g, ''),
        );
      const drop = await scan(ftp.port, 'banner,+ftp-anon');
      expect(drop).toContain('banner: 220 Process controller PAC-7 FTP server');
      expect(drop).toContain('Anonymous FTP login allowed');
      expect(await scan(web.port, '+http-auth')).toMatch(/Basic realm=Process controller PAC-7/);
      // What is asked for by name runs at whatever port; SNMP is looked for at its own only.
      expect(await scan(at('telnet').port, 'banner')).toMatch(/Process controller PAC-7, firmware V2\.4\.1/);
    },
  );

  it.skipIf(!hasJudge('tshark'))('tshark finds nothing malformed in what passed', async () => {
    writer.flush();
    const count = async (filter: string): Promise<number> =>
      (await tool('tshark', ['-r', pcap, '-Y', filter, '-T', 'fields', '-e', 'frame.number']))
        .trim()
        .split('\n')
        .filter((line) => /^\d+$/.test(line)).length;
    expect(await count('_ws.malformed')).toBe(0);
    for (const protocol of ['http', 'ftp', 'telnet', 'snmp'])
      expect(await count(protocol), protocol).toBeGreaterThan(5);
  });
});

afterAll(() => closeSync(file));
