import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { type Instant, START, type WriteOutcome } from '@penstock/core';
import { afterEach, describe, expect, it } from 'vitest';
import { Dice } from '../../exchange/test/dice.ts';
import { type Listening, listen } from '../../exchange/test/sockets.ts';
import {
  allOf,
  Dnp3Master,
  Dnp3Outstation,
  decodeFragment,
  FUNCTION,
  isBroadcast,
  type LinkFrame,
  LinkReader,
  PRIMARY,
  TransportReassembler,
} from '../index.ts';
import { type Allowed, frameOf, LIMITED_OUTPUT, READ_ONLY_OUTPUT, RequestSource, Shadow } from './outstation-fuzz.ts';
import { Asker, IDENTITY, MASTER, OUTSTATION, percent, TestDevice, TestFiles, testPoints } from './stations.ts';

const prove = process.env.PENSTOCK_PROVE === '1';
const FRAMES = prove ? 1_000_000 : 30_000;
const OVER_SOCKETS = prove ? 20_000 : 1000;
const RESPONSES = prove ? 300_000 : 10_000;
/** Completes whatever a broken frame left half done; none of it is a frame. */
const SILENCE = new Uint8Array(300);

class FuzzedDevice extends TestDevice {
  override check(point: number, value: number): WriteOutcome {
    if (point === LIMITED_OUTPUT && !(value >= 0 && value <= 500)) return 'range';
    return point === READ_ONLY_OUTPUT ? 'read-only' : 'done';
  }
}

/** Throws where an answer has no form. */
function formOf(reassembler: TransportReassembler, describe: () => string): LinkReader {
  const wrong = (what: string): never => expect.fail(`${what} after ${describe()}`);
  return new LinkReader({
    frame: ({ payload, destination, source, control }) => {
      if (control.dir || source !== OUTSTATION || destination !== MASTER) wrong('a frame for somebody else');
      const result = payload.length === 0 ? undefined : reassembler.add(payload);
      if (result?.kind === 'discarded') wrong('segments that do not fit');
      if (result?.kind !== 'fragment') return;
      const { fragment, problem } = decodeFragment(result.fragment);
      if (problem !== undefined) wrong(`${JSON.stringify(problem)} in an answer`);
      if (fragment?.function !== FUNCTION.response || result.fragment.length > 2048) wrong('no response');
    },
    badHeader: () => wrong('a bad header'),
    badData: () => wrong('bad data'),
    skipped: () => wrong('octets without a frame'),
  });
}

/** Frames of whole fragments to the outstation in octets that are followed by silence. */
function readFrames(octets: Uint8Array): LinkFrame[] {
  const frames: LinkFrame[] = [];
  const ignore = (): void => {};
  const frame = (read: LinkFrame): void => {
    const { control, destination, source, payload } = read;
    const isForIt = (destination === OUTSTATION || isBroadcast(destination)) && source === MASTER && control.dir;
    const isData = control.prm && control.function === PRIMARY.unconfirmedUserData && !control.fcv;
    if (isForIt && isData && payload.length > 1 && ((payload[0] as number) & 0xc0) === 0xc0) frames.push(read);
  };
  const reader = new LinkReader({ frame, badHeader: ignore, badData: ignore, skipped: ignore });
  reader.receive(octets);
  reader.receive(SILENCE);
  return frames;
}

describe('an outstation under random and broken frames', () => {
  it(`writes what each of ${FRAMES} may write and nothing else, answers in form, and stays up`, {
    timeout: 900_000,
  }, () => {
    const device = new FuzzedDevice();
    const files = new TestFiles();
    files.files.set('file.txt', new Uint8Array(3000));
    const outstation = new Dnp3Outstation({
      ...{
        address: OUTSTATION,
        masters: [MASTER],
        points: testPoints(),
        device,
        identity: IDENTITY,
        files,
        scanEvery: 'never',
      },
    });
    const session = outstation.session('10.9.9.9', 666);
    session.opened(START);
    const source = new RequestSource(20_241_121);
    const shadow = new Shadow(device);
    const expected = device.values.slice();
    let current = '';
    const reader = formOf(new TransportReassembler(4096), () => current);
    let written = 0;
    let broken = 0;
    for (let i = 0; i < FRAMES; i++) {
      const fragment = source.fragment();
      const destination = source.destination();
      const frame = frameOf(fragment.subarray(0, 249), destination, i);
      device.written.length = 0;
      if (source.isBroken()) {
        broken++;
        const octets = source.broken(frame);
        current = `frame ${i} ${Buffer.from(octets).toString('hex')}`;
        session.receive(octets, START);
        session.receive(SILENCE, START);
        // An octet more may lie before or behind a frame, and one in 65536 damages has the right checksum: what the link reads counts.
        const read = readFrames(octets);
        const allowed = read.map(({ payload, destination: to }) =>
          shadow.allowed(payload.subarray(1), isBroadcast(to)),
        );
        check({ writes: allowed.flatMap(({ writes }) => writes), orNone: allowed.some(({ orNone }) => orNone) });
      } else {
        current = `frame ${i} ${Buffer.from(frame).toString('hex')}`;
        session.receive(frame, START);
        check(shadow.allowed(fragment.subarray(0, 249), isBroadcast(destination)));
      }
      written += device.written.length;
      for (let octets = session.take(); octets !== undefined; octets = session.take()) reader.receive(octets);
      if (session.closing) expect.fail(`closed by ${current}`);
    }
    function check({ writes, orNone }: Allowed): void {
      const done = device.written.map(({ point, value }) => `${point}=${value}`);
      if (done.join() !== writes.join() && !(orNone && done.length === 0))
        expect.fail(`${current} wrote '${done.join()}', allowed '${writes.join()}'`);
      for (const { point, value } of device.written) expected[point] = value;
    }
    expect(written).toBeGreaterThan(FRAMES / 10);
    expect(broken).toBeGreaterThan(FRAMES / 20);
    expect(shadow.holds(expected)).toBe(true);
    const asker = new Asker({}, device);
    expect(asker.read(allOf(60, 1))?.objects.length).toBeGreaterThan(5);
    expect(session.link.counters.badFrames).toBeGreaterThan(FRAMES / 50);
  });

  it('survives octets that are nothing at all, however they come', () => {
    const dice = new Dice(11);
    const asker = new Asker();
    for (let run = 0; run < (prove ? 100_000 : 3000); run++) {
      const octets = dice.bytes(1 + dice.below(400));
      // Starts of frames, so that not everything is skipped.
      for (let i = 0; i < 4; i++)
        octets.set([0x05, 0x64, dice.below(256)].slice(0, octets.length), dice.below(Math.max(1, octets.length - 3)));
      asker.session.receive(octets, asker.now);
    }
    asker.session.receive(SILENCE, asker.now);
    expect(asker.device.written).toEqual([]);
    expect(asker.read(allOf(1, 2))?.objects.length).toBe(1);
  });
});

describe('an outstation on sockets under random and broken frames', () => {
  let listening: Listening | undefined;
  const open: Socket[] = [];

  afterEach(async () => {
    for (const socket of open) socket.destroy();
    await listening?.close();
  });

  async function dial(port: number): Promise<Socket> {
    const socket = connect(port, '127.0.0.1');
    open.push(socket);
    socket.on('error', () => socket.destroy());
    await once(socket, 'connect');
    return socket;
  }

  it(`survives ${OVER_SOCKETS} of them, answers a bystander all the while and never makes a wrong write`, {
    timeout: 600_000,
  }, async () => {
    const device = new FuzzedDevice();
    const outstation = new Dnp3Outstation({
      ...{ address: OUTSTATION, masters: [MASTER, 2], points: testPoints(), device, identity: IDENTITY },
      scanEvery: 'never',
    });
    listening = await listen((address, port) => outstation.session(address, port));
    const source = new RequestSource(77);
    const shadow = new Shadow(device);
    const bystander = await dial(listening.port);
    const poll = frameOf(Uint8Array.of(0xc1, 1, 1, 2, 0, 0, 0), OUTSTATION, 0, 2);
    for (let sent = 0; sent < OVER_SOCKETS; ) {
      const attacker = await dial(listening.port);
      attacker.resume();
      const batch: Uint8Array[] = [];
      const allowed: string[] = [];
      device.written.length = 0;
      for (let i = 0; i < 200; i++, sent++) {
        const fragment = source.fragment().subarray(0, 249);
        const destination = source.destination();
        const frame = frameOf(fragment, destination, i);
        // Clearing freezes have more than one right outcome; what they do is judged frame by frame in memory.
        if (fragment[1] === 9 || fragment[1] === 10) continue;
        const octets = source.isBroken() ? source.broken(frame) : frame;
        batch.push(octets, SILENCE);
        for (const { payload, destination: to } of readFrames(octets))
          allowed.push(...shadow.allowed(payload.subarray(1), isBroadcast(to)).writes);
      }
      attacker.end(Buffer.concat(batch));
      await once(attacker, 'close');
      bystander.write(poll);
      const [answer] = (await once(bystander, 'data')) as [Buffer];
      expect(answer.length).toBeGreaterThan(20);
      expect(device.written.map(({ point, value }) => `${point}=${value}`)).toEqual(allowed);
    }
  });
});

describe('a master under random and broken responses', () => {
  it(`takes ${RESPONSES} without falling, and asks on`, { timeout: 900_000 }, () => {
    const dice = new Dice(5);
    let updates = 0;
    const handler = { update: () => updates++ };
    const master = new Dnp3Master({ outstation: OUTSTATION, handler, timeSync: 'lan' });
    const device = new TestDevice();
    const outstation = new Dnp3Outstation({
      address: OUTSTATION,
      points: testPoints(),
      device,
      identity: IDENTITY,
      unsolicited: {},
    });
    const session = outstation.session('10.1.1.1', 1);
    let now = START;
    session.opened(now);
    master.opened(now);
    for (let i = 0; i < RESPONSES; i++) {
      now = (now + 100_000) as Instant;
      device.values[dice.below(700)] = dice.below(3);
      if (session.due() <= now) session.tick(now);
      if (master.due() <= now) master.tick(now);
      for (let octets = master.take(); octets !== undefined; octets = master.take()) session.receive(octets, now);
      const answer = session.take();
      if (answer === undefined) continue;
      const octets = answer.slice();
      if (percent(dice, 60)) {
        // Behind right checksums: what the application makes of it is what counts here.
        const fragment = dice.bytes(8 + dice.below(200));
        fragment[0] = dice.below(256);
        fragment[1] = 129 + dice.below(2);
        if (percent(dice, 50))
          fragment.set(
            [
              [1, 2, 30, 32, 110, 0, 70, 12][dice.below(8)] as number,
              dice.below(8),
              [0, 1, 6, 7, 0x17, 0x28, 0x5b][dice.below(7)] as number,
            ],
            4,
          );
        session.send(fragment.subarray(0, 249), MASTER);
        master.receive(session.take() as Uint8Array, now);
      } else if (percent(dice, 50)) octets[dice.below(octets.length)] = dice.below(256);
      master.receive(octets, now);
      if (master.closing || session.closing) expect.fail(`closed after ${i}`);
    }
    expect(updates).toBeGreaterThan(RESPONSES / 50);
    expect(master.counters.ignored).toBeGreaterThan(RESPONSES / 100);
  });
});
