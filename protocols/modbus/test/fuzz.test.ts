import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { START } from '@penstock/core';
import { afterEach, describe, expect, it } from 'vitest';
import { Dice } from '../../exchange/test/dice.ts';
import { type Listening, listen } from '../../exchange/test/sockets.ts';
import { encodeAdu } from '../index.ts';
import { bytes, hex, TestDevice, testPoints, testServer } from './device.ts';
import { aimsBeyondShadow, allowedWrites, randomFrame } from './fuzz.ts';

const prove = process.env.PENSTOCK_PROVE === '1';
const IN_MEMORY = prove ? 1_000_000 : 50_000;
const OVER_SOCKETS = prove ? 20_000 : 2_000;

/** Points of the shadow alone: single words and bits. */
const POINTS = testPoints().filter(({ tag }) => /^[CDIH]\d+$/.test(tag));

describe('a Modbus server under random and broken frames', () => {
  it(`writes what each of ${IN_MEMORY} frames may write and nothing else, answers in form, and stays up`, {
    timeout: 600_000,
  }, () => {
    const dice = new Dice(20_241_121);
    const device = new TestDevice(POINTS);
    const server = testServer(device, { functions: [7, 11, 17] });
    let session = server.session('10.9.9.9', 666);
    let written = 0;
    let closed = 0;
    for (let i = 0; i < IN_MEMORY; i++) {
      const frame = randomFrame(dice, i, dice.below(10) !== 0);
      const whole = frame.length === 6 + ((frame[4] as number) << 8) + (frame[5] as number);
      const allowed = whole ? allowedWrites(frame, device) : [];
      device.written.length = 0;
      session.receive(frame, START);
      const answer = session.take();
      const done = device.written.map(({ point, value }) => `${device.points[point]?.tag}=${value}`).join();
      if (whole && done !== allowed.map(([tag, value]) => `${tag}=${value}`).join())
        expect.fail(
          `frame ${i} ${hex(frame)} wrote '${done.slice(0, 200)}', allowed ${JSON.stringify(allowed).slice(0, 200)}`,
        );
      written += device.written.length;
      if (answer !== undefined) checkForm(frame, answer, whole);
      // A stream that lost its place may see frames where there are none: from here on a new connection.
      if (!whole || session.closing) {
        if (session.closing) closed++;
        session = server.session('10.9.9.9', 666);
      }
    }
    expect(written).toBeGreaterThan(IN_MEMORY / 10);
    expect(closed).toBeGreaterThan(0);
    const last = server.session('10.9.9.9', 667);
    last.receive(encodeAdu(1, 1, bytes('03 0000 0001')), START);
    expect((last.take() as Uint8Array).length).toBe(11);
  });

  it('writes nothing of what chance cuts into frames, however the bytes come', () => {
    const dice = new Dice(7);
    const device = new TestDevice(POINTS);
    const server = testServer(device);
    for (let run = 0; run < (prove ? 20_000 : 1000); run++) {
      const session = server.session('10.9.9.9', 666);
      for (let part = 0; part < 20; part++) {
        // Never a write: no byte of the function codes that write.
        const data = dice
          .bytes(1 + dice.below(40))
          .map((byte) => ([5, 6, 15, 16, 21, 22, 23].includes(byte) ? 0 : byte));
        session.receive(data, START);
        session.take();
      }
    }
    expect(device.written).toEqual([]);
  });
});

/** An answer is a frame with the request's ids and its function, or its exception. */
function checkForm(frame: Uint8Array, answer: Uint8Array, whole: boolean): void {
  const length = ((answer[4] as number) << 8) | (answer[5] as number);
  if (answer.length !== 6 + length || answer.length > 260) expect.fail(`${hex(frame)} got ${hex(answer)}`);
  if (!whole) return;
  const right =
    answer[0] === frame[0] &&
    answer[1] === frame[1] &&
    answer[2] === 0 &&
    answer[3] === 0 &&
    answer[6] === frame[6] &&
    ((answer[7] as number) & 0x7f) === ((frame[7] as number) & 0x7f);
  if (!right) expect.fail(`${hex(frame)} got ${hex(answer)}`);
}

describe('a Modbus server on sockets under random and broken frames', () => {
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

  it(`survives ${OVER_SOCKETS} of them and never makes a wrong write`, { timeout: 600_000 }, async () => {
    const dice = new Dice(11);
    const device = new TestDevice();
    const expected = Float64Array.from(device.values);
    const server = testServer(device, { functions: [7, 11, 17] });
    listening = await listen((address, port) => server.session(address, port));
    const bystander = await dial(listening.port);
    for (let sent = 0; sent < OVER_SOCKETS; ) {
      const attacker = await dial(listening.port);
      attacker.resume();
      // Frames that keep their place, whose effect the shadow knows, and at the end one that breaks the stream.
      const batch: Uint8Array[] = [];
      for (let i = 0; i < 200 && sent < OVER_SOCKETS; i++, sent++) {
        const frame = randomFrame(dice, sent, true);
        if (aimsBeyondShadow(frame)) continue;
        batch.push(frame);
      }
      const shadow = new TestDevice();
      shadow.values.set(expected);
      for (const frame of batch) for (const [tag, value] of allowedWrites(frame, shadow)) shadow.set(tag, value);
      expected.set(shadow.values);
      attacker.write(Buffer.concat(batch));
      attacker.end(Buffer.from([0, 1, 0, 0, 0xff, 0xff, 1, 6, 0, 0, 0, 99]));
      await once(attacker, 'close');
      bystander.write(encodeAdu(sent & 0xffff, 1, bytes('03 0000 0001')));
      const [answer] = (await once(bystander, 'data')) as [Buffer];
      expect(answer.length).toBe(11);
      expect(Buffer.from(device.values.buffer).equals(Buffer.from(expected.buffer))).toBe(true);
    }
    expect(listening.sockets.size).toBe(1);
  });
});
