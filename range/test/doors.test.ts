/** A plant with open doors: pages, console, file drop and SNMP show and change what the other protocols do, and firmware is who a device is. */
import { fileURLToPath } from 'node:url';
import { seconds } from '@penstock/core';
import { type AttributeEvent, dnp3Dissector, rangeOf } from '@penstock/protocols/dnp3';
import { type FirmwareKind, makeFirmware } from '@penstock/protocols/firmware';
import type { FtpErrand, FtpOutcome } from '@penstock/protocols/ftp';
import { type HttpResponse, multipartFile } from '@penstock/protocols/http';
import { encodeRequest } from '@penstock/protocols/modbus';
import { NO_CONTEXT, readPacket } from '@penstock/protocols/packet';
import { type Binding, ENTERPRISE, SYSTEM, valueText } from '@penstock/protocols/snmp';
import type { TelnetOutcome } from '@penstock/protocols/telnet';
import type { Device } from '@penstock/simulator/devices';
import type { Credentials, DoorSession, WebRequest } from '@penstock/simulator/kernel';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Plant, Play, type PlayRequest, readPlant } from '../index.ts';

const CAUSE = { actor: 'test', step: 'visit' };
const ADMIN: Credentials = { user: 'admin', password: 'admin' };
const textOf = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString();

let plant: Plant;
beforeAll(async () => {
  plant = await readPlant(fileURLToPath(new URL('./doors-plant', import.meta.url)));
});

/** The plant after a minute, and what somebody at one of its devices can do. */
function start(change: Partial<PlayRequest> = {}) {
  const logs: string[] = [];
  const onDeviceLog: PlayRequest['onDeviceLog'] = (_at, device, { id, text }) =>
    void logs.push(`${device} ${id}: ${text}`);
  const play = new Play({ plant, run: 'test', seed: 7, startAt: 0 as never, onDeviceLog, ...change });
  const { range } = play;
  play.runUntil(seconds(60) as never);
  const run = (s: number): void => play.runUntil((range.queue.now + s * 1e6) as never);
  const at = (from: string, to: string): DoorSession => range.foothold(from).doors?.(to, CAUSE) as DoorSession;
  const wait = <T>(act: (done: (result: T) => void) => void, within = 20): T => {
    let result: T | undefined;
    act((value) => {
      result = value;
    });
    for (let i = 0; i < within && result === undefined; i++) run(1);
    return result as T;
  };
  return {
    play,
    range,
    run,
    logs,
    device: (id: string) => range.devices.get(id) as Device,
    held: (id: string, tag: string): number =>
      (range.devices.get(id) as Device).controller?.variable(tag).get() as number,
    web: (request: WebRequest, from = 'engineering', to = 'pump-plc') =>
      wait<HttpResponse | undefined>((done) => at(from, to).web(request, done)),
    console: (lines: readonly string[], login = ADMIN, from = 'engineering', to = 'pump-plc') =>
      wait<TelnetOutcome>((done) => at(from, to).console(login, lines, done)),
    files: (errand: FtpErrand, login = ADMIN) =>
      wait<FtpOutcome>((done) => at('engineering', 'pump-plc').files(login, errand, done)),
    snmp: (oid: readonly number[], from = 'engineering', to = 'pump-plc', community = 'public') => {
      const found = wait<readonly Binding[] | undefined>((done) =>
        at(from, to).snmp(community, 'get-request', [oid], done),
      );
      return found?.map((binding) => valueText(binding.value));
    },
    modbusId: () =>
      wait<string>((done) => {
        const pdu = encodeRequest({ function: 43, mei: 14, access: 1, object: 0 });
        range
          .foothold('scada')
          .modbus('pump-plc')
          .request(1, pdu, CAUSE, (reply) =>
            done(reply.outcome === 'answered' ? Buffer.from(reply.pdu).toString('latin1') : reply.outcome),
          );
      }),
  };
}

const upload = (version: string, kind: FirmwareKind = 'genuine', productCode = 'PAC-7'): WebRequest => {
  const image = makeFirmware({ vendor: 'Calder Controls', productCode }, version, kind);
  const { type, body } = multipartFile('image', 'image.bin', image);
  return { method: 'POST', target: '/firmware', login: ADMIN, type, body };
};

describe("a controller's page", () => {
  it('asks for a password, and shows what the controller holds', () => {
    const { web, held } = start();
    expect(web({ method: 'GET', target: '/' })).toMatchObject({ status: 401 });
    expect(web({ method: 'GET', target: '/', login: { user: 'admin', password: 'guess' } })?.status).toBe(401);
    const page = web({ method: 'GET', target: '/', login: ADMIN });
    expect(textOf(page?.body)).toMatch(
      /<h1>Process controller PAC-7<\/h1>[\s\S]*firmware V2\.4\.1[\s\S]*LIC201_SP[\s\S]*2\.5 m/,
    );
    const json = JSON.parse(textOf(web({ method: 'GET', target: '/values.json', login: ADMIN })?.body));
    expect(json.values.LIT201).toBeCloseTo(held('pump-plc', 'LIT201'), 1);
  });

  it('moves the plant by its set point, within what the device takes and who may', () => {
    const { web, held, run, range } = start();
    const order = (value: string, login = ADMIN, tag = 'LIC201_SP') =>
      web({ method: 'POST', target: '/setpoint', login, body: Buffer.from(`tag=${tag}&value=${value}`) })?.status;
    expect(order('4', { user: 'guest', password: 'guest' })).toBe(403);
    expect(order('9')).toBe(422);
    expect(order('much')).toBe(422);
    expect(order('1', ADMIN, 'KQ201')).toBe(404);
    expect(held('pump-plc', 'LIC201_SP')).toBe(2.5);
    expect(order('4', { user: 'operator', password: 'level2' })).toBe(303);
    expect(held('pump-plc', 'LIC201_SP')).toBe(4);
    run(900);
    expect(range.truth[0]).toBeGreaterThan(3.8);
  });

  it('is reached by those only whom the device lets', () => {
    const { web } = start();
    expect(web({ method: 'GET', target: '/' }, 'jump-host', 'filter-plc')?.status).toBe(200);
    expect(web({ method: 'GET', target: '/' }, 'scada', 'filter-plc')).toBeUndefined();
  });
});

describe("a controller's console", () => {
  it('says what is so, and changes it', () => {
    const { console, held, logs } = start();
    const said = console([
      'version',
      'tags',
      'show lit201',
      'status',
      'set LIC201_SP 3.2',
      'set LIC201_SP 7',
      'nonsense',
      'exit',
    ]);
    expect(said.outcome).toBe('done');
    expect(said.answers[0]).toMatch(
      /^Calder Controls Process controller PAC-7\nproduct PAC-7\nfirmware V2\.4\.1\nup \d+ s$/,
    );
    expect(said.answers[1]).toContain('LIC201_MODE     auto');
    expect(said.answers.slice(3)).toEqual([
      'mode running, key remote, 0 forces',
      'LIC201_SP set to 3.2',
      'refused: out of range',
      'unknown command nonsense; help lists them',
      'goodbye',
    ]);
    expect(held('pump-plc', 'LIC201_SP')).toBeCloseTo(3.2);
    expect(logs.filter((line) => /^pump-plc logon/.test(line))).toEqual([
      'pump-plc logon: logon of admin from 10.7.2.30 over telnet',
    ]);
  });

  it('lets nobody do more than their account allows', () => {
    const { console, held } = start();
    const said = console(['set LIC201_SP 3', 'stop', 'users'], { user: 'guest', password: 'guest' });
    expect(said.answers).toEqual(['permission denied', 'permission denied', 'permission denied']);
    expect(held('pump-plc', 'LIC201_SP')).toBe(2.5);
    expect(console(['version'], { user: 'admin', password: 'wrong' }).outcome).toBe('refused');
  });

  it('restarts the device, which drives nothing meanwhile and comes back as it was', () => {
    const { console, device, run, held } = start();
    console(['set LIC201_SP 4.5']);
    run(30);
    expect(held('pump-plc', 'P201')).toBe(1);
    expect(console(['reboot']).answers).toEqual(['restarting']);
    run(2);
    expect([device('pump-plc').on, device('pump-plc').controller?.mode]).toEqual([false, 'off']);
    run(25);
    expect([device('pump-plc').on, device('pump-plc').controller?.mode, held('pump-plc', 'LIC201_SP')]).toEqual([
      true,
      'running',
      4.5,
    ]);
  });
});

describe('a password', () => {
  it('that is changed holds at every door, through power cycles and warm starts', () => {
    const works = start();
    const before = works.console(['version']).outcome;
    const changed = works.web({
      method: 'POST',
      target: '/password',
      login: ADMIN,
      body: Buffer.from('password=Tryfan-5'),
    });
    expect([before, changed?.status]).toEqual(['done', 200]);
    const now: Credentials = { user: 'admin', password: 'Tryfan-5' };
    expect(works.console(['version']).outcome).toBe('refused');
    expect(works.console(['users'], now).answers[0]).toMatch(
      /^admin {11}admin\noperator {8}operate\nguest {11}view {2}factory password$/,
    );
    expect(works.files({ kind: 'list' }, ADMIN).outcome).toBe('denied');
    works.console(['reboot'], now);
    works.run(30);
    expect(works.console(['version'], now).outcome).toBe('done');
    expect(works.logs.join('\n')).not.toContain('Tryfan');
    expect(works.logs).toContain(
      'pump-plc password-changed: password of admin changed by 10.7.2.30 over http, 8 characters',
    );
    const warm = works.range.warmState();
    const later = start({ learned: { warm: [warm] } as never });
    expect([later.console(['version']).outcome, later.console(['version'], now).outcome]).toEqual(['refused', 'done']);
  });
});

describe('a file drop', () => {
  it('shows program and version, keeps files, and takes none from a stranger', () => {
    const { files, device } = start();
    const list = textOf(files({ kind: 'list' }).bytes);
    expect(list).toMatch(/firmware\r\n.*points\.csv\r\n.*pump\.st\r\n.*version\.txt\r\n$/);
    const program = files({ kind: 'retrieve', name: 'pump.st' }, { user: 'anonymous', password: 'x' });
    expect(textOf(program.bytes)).toBe(device('pump-plc').controller?.source);
    expect(
      files({ kind: 'store', name: 'x', bytes: new Uint8Array(3) }, { user: 'anonymous', password: 'x' }).outcome,
    ).toBe('refused');
    const big = new Uint8Array(200_000).map((_, i) => i % 251);
    expect(files({ kind: 'store', name: 'notes.bin', bytes: big }).detail).toBe('226 Transfer complete');
    expect(Buffer.from(files({ kind: 'retrieve', name: 'notes.bin' }).bytes).equals(Buffer.from(big))).toBe(true);
    expect(files({ kind: 'delete', name: 'notes.bin' }).outcome).toBe('done');
  });
});

describe('an SNMP agent', () => {
  it('says who the device is and what it measures, to who knows a community', () => {
    const { snmp, held } = start();
    expect(snmp([...SYSTEM, 1, 0])).toEqual(['Calder Controls Process controller PAC-7, firmware V2.4.1']);
    expect(snmp([...SYSTEM, 5, 0])).toEqual(['pump-plc']);
    expect(Number(snmp([...ENTERPRISE, 2, 1, 4, 1])?.[0]) / 1000).toBeCloseTo(held('pump-plc', 'LIT201'), 1);
    expect(snmp([...SYSTEM, 1, 0], 'engineering', 'pump-plc', 'secret')).toBeUndefined();
  });
});

describe('firmware', () => {
  it.each(['web', 'ftp', 'console'])('that is loaded over %s is who the device is, in every protocol', (way) => {
    const { web, files, console, run, modbusId, snmp, device, logs } = start();
    const image = makeFirmware({ vendor: 'Calder Controls', productCode: 'PAC-7' }, 'V2.5.0');
    expect(modbusId()).toContain('V2.4.1');
    if (way === 'web') expect(web(upload('V2.5.0'))?.status).toBe(200);
    else if (way === 'ftp')
      expect(files({ kind: 'store', name: '/firmware/v250.bin', bytes: image }).outcome).toBe('done');
    else {
      files({ kind: 'store', name: '/v250.bin', bytes: image });
      expect(console(['firmware install /v250.bin']).answers).toEqual(['the image is written, the device restarts']);
    }
    run(3);
    expect([device('pump-plc').on, device('pump-plc').controller?.mode]).toEqual([false, 'off']);
    expect(modbusId()).not.toContain('V2.4.1');
    run(60);
    expect(modbusId()).toContain('V2.5.0');
    expect(snmp([...SYSTEM, 1, 0])?.[0]).toContain('firmware V2.5.0');
    expect(console(['version']).answers[0]).toContain('firmware V2.5.0');
    expect(web({ method: 'GET', target: '/', login: ADMIN })?.headers.get('server')).toBe('Process-controller/V2.5.0');
    expect(textOf(files({ kind: 'retrieve', name: 'version.txt' }).bytes)).toContain('V2.5.0');
    expect(logs).toContain('pump-plc firmware-changed: runs firmware V2.5.0, before V2.4.1');
    expect(device('pump-plc').controller?.mode).toBe('running');
  });

  it('is over S7 and DNP3 what it is elsewhere', () => {
    const { web, run, range } = start();
    const identities = (): string => {
      const foothold = range.foothold('engineering');
      const heard: string[] = [];
      const dissector = dnp3Dissector.create((event) => {
        if (event.name === 'dnp3_attribute') heard.push((event as AttributeEvent).value);
      });
      const sink = {
        frame(time: number, buffer: Uint8Array, from: number, to: number) {
          const { destinationPort, sourcePort, payload } = readPacket(buffer, from, to, NO_CONTEXT);
          if (destinationPort === 20_000 || sourcePort === 20_000)
            dissector.data(destinationPort === 20_000, time, buffer, payload.start, payload.end);
        },
      };
      range.network.wire.tap.attach(sink);
      let told = '';
      const dnp3 = foothold.dnp3?.('pump-plc', CAUSE);
      dnp3?.read([rangeOf(0, 242, 0, 0)], CAUSE, () => dnp3.release());
      const s7 = foothold.s7?.('pump-plc');
      const szl = Buffer.from('320700000000000800080001120411440100ff09000400110000', 'hex');
      s7?.request(szl, CAUSE, (reply) => {
        told = reply.outcome === 'answered' ? Buffer.from(reply.pdu).toString('hex') : reply.outcome;
      });
      run(3);
      range.network.wire.tap.detach(sink);
      return `${told} ${heard.join()}`;
    };
    const before = identities();
    expect(before).toContain('560204');
    expect(before).toContain('V2.4.1');
    web(upload('V2.5.0'));
    run(50);
    const after = identities();
    expect(after).toContain('560205');
    expect(after).toContain('V2.5.0');
    expect(after).not.toContain('V2.4.1');
  });

  it('that is broken bricks a device that looks at nothing, for good', () => {
    const { web, run, device, logs } = start();
    expect(web(upload('V2.5.0', 'corrupt'))?.status).toBe(200);
    run(60);
    expect([device('pump-plc').on, device('pump-plc').controller?.mode]).toEqual([false, 'off']);
    device('pump-plc').powerOn(0 as never);
    expect(device('pump-plc').on).toBe(false);
    expect(logs.at(-1)).toMatch(/^pump-plc bricked: the firmware V2\.5\.0 that was written is broken/);
  });

  it.each([
    ['corrupt', 'the hash of the image is wrong'],
    ['altered', 'the image is not signed by the vendor'],
  ] as const)('that is %s is refused where images have to be signed', (kind, why) => {
    const { web, run, device, logs } = start();
    const request = { ...upload('V3.1.0', kind, 'PAC-9'), login: { user: 'admin', password: 'Wern-2291' } };
    const page = web(request, 'engineering', 'filter-plc');
    expect([page?.status, textOf(page?.body).includes(why)]).toEqual([422, true]);
    run(60);
    expect([device('filter-plc').on, device('filter-plc').identity.revision]).toEqual([true, 'V3.0.0']);
    expect(logs).toContain(`filter-plc firmware-refused: firmware from 10.7.2.30 over http refused: ${why}`);
  });

  it('that is altered runs where nobody looks at signatures, but not on another product', () => {
    const { web, run, device } = start();
    expect(web(upload('V9.9.9', 'genuine', 'PAC-9'))?.status).toBe(422);
    expect(web(upload('V9.9.9', 'altered'))?.status).toBe(200);
    run(50);
    expect(device('pump-plc').identity.revision).toBe('V9.9.9');
  });

  it('is not replaced while the key is at RUN', () => {
    const { web, device, console } = start();
    device('pump-plc').controller?.setKey('run');
    expect(web(upload('V2.5.0'))?.status).toBe(422);
    expect(console(['reboot']).answers).toEqual(['refused: the key is at RUN']);
  });

  it('goes with a warm state', () => {
    const works = start();
    works.web(upload('V2.5.0'));
    works.run(60);
    const later = start({ learned: { warm: [works.range.warmState()] } as never });
    expect(later.modbusId()).toContain('V2.5.0');
  });
});

describe('things of the office', () => {
  it('a camera shows the gauge that it looks at, as it is at that moment', () => {
    const { web, run, range } = start();
    const picture = () => web({ method: 'GET', target: '/snapshot.png?view=tank-gauge' }, 'office-pc', 'camera');
    const first = picture();
    expect(first?.headers.get('content-type')).toBe('image/png');
    expect(
      Buffer.from(first?.body ?? [])
        .subarray(0, 8)
        .toString('hex'),
    ).toBe('89504e470d0a1a0a');
    const level = range.truth[0] as number;
    run(120);
    expect(Math.abs((range.truth[0] as number) - level)).toBeGreaterThan(0.05);
    expect(picture()?.body).not.toEqual(first?.body);
    expect(textOf(web({ method: 'GET', target: '/stream.sdp' }, 'office-pc', 'camera')?.body)).toContain(
      'a=control:/snapshot.png?view=tank-gauge',
    );
    expect(web({ method: 'POST', target: '/restart' }, 'office-pc', 'camera')?.status).toBe(401);
  });

  it('a thermostat heats the room to what somebody sets', () => {
    const { web, run, range, snmp } = start();
    const room = range.spec.tags.findIndex(({ id }) => id === 'TT901');
    const set = { method: 'POST', target: '/setpoint', body: Buffer.from('tag=TC901_SP&value=26') } as const;
    expect(web(set, 'office-pc', 'thermostat')?.status).toBe(401);
    expect(web({ ...set, login: { user: 'admin', password: '1234' } }, 'office-pc', 'thermostat')?.status).toBe(303);
    expect(snmp([...ENTERPRISE, 2, 1, 4, 3], 'office-pc', 'thermostat')).toEqual(['26000']);
    run(7200);
    expect(range.truth[room]).toBeGreaterThan(25);
  });
});

describe('a run with open doors', () => {
  it('is the same byte for byte when run again', () => {
    const hashes = () => {
      const works = start();
      works.console(['set LIC201_SP 3']);
      works.web(upload('V2.5.0'));
      works.run(60);
      return works.play.finish().hashes;
    };
    expect(hashes()).toEqual(hashes());
  });
});
