import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { Instant } from '@penstock/core';
import { afterEach, describe, expect, it } from 'vitest';
import { Dice } from '../../exchange/test/dice.ts';
import type { Gated } from '../../exchange/test/gate.ts';
import { decodeS7, encodeS7 } from '../index.ts';
import { program, TestDevice } from './device.ts';
import { allowedWrites, GREETING, packet, randomMessage } from './fuzz.ts';
import { openGate } from './gate.ts';

const prove = process.env.PENSTOCK_PROVE === '1';
const IN_MEMORY = prove ? 1_000_000 : 30_000;
const OVER_SOCKETS = prove ? 20_000 : 1_000;
const START = 0 as Instant;

/** Tags of which the shadow knows what they hold. */
const SHADOWED = ['BIT0', 'BIT1', 'BIT7', 'BYTE', 'CHAR', 'LOW', 'WORD', 'DWORD'];
const wordsOf = (device: TestDevice): Map<string, number> => new Map(SHADOWED.map((tag) => [tag, device.value(tag)]));

function sessionOf(device: TestDevice) {
  const session = device.server.session('10.9.9.9', 666);
  session.receive(GREETING, START);
  session.take();
  return session;
}

const READ = packet(
  encodeS7({
    rosctr: 'job',
    reference: 77,
    body: { function: 'read', items: [{ syntax: 'any', transportSize: 4, count: 1, db: 1, area: 0x84, address: 64 }] },
  }),
);

describe('an S7 server under random and broken messages', () => {
  it(`writes what each of ${IN_MEMORY} may write and nothing else, answers in form, and stays up`, {
    timeout: 900_000,
  }, () => {
    const dice = new Dice(20_261_121);
    const device = new TestDevice();
    let session = sessionOf(device);
    let [written, known] = [0, 0];
    for (let i = 0; i < IN_MEMORY; i++) {
      const message = randomMessage(dice, i);
      const allowed = allowedWrites(message, wordsOf(device));
      device.written.length = 0;
      session.receive(packet(message), START);
      const done = device.written
        .filter(({ outcome }) => outcome === 'done')
        .map(({ tag, value }) => `${tag}=${value}`);
      if (allowed !== undefined) {
        known++;
        if (done.join() !== allowed.map(({ tag, value }) => `${tag}=${value}`).join())
          expect.fail(
            `message ${i} ${Buffer.from(message).toString('hex')} wrote '${done}', allowed ${JSON.stringify(allowed)}`,
          );
      }
      written += done.length;
      for (let answer = session.take(); answer !== undefined; answer = session.take()) checkForm(answer);
      if (session.closing) {
        session.ended();
        session = sessionOf(device);
      }
    }
    expect(written).toBeGreaterThan(IN_MEMORY / 50);
    expect(known).toBeGreaterThan(IN_MEMORY / 2);
    expect([device.controller.mode, device.controller.source]).toEqual(['running', program()]);
    session.receive(READ, START);
    expect((session.take() as Uint8Array).length).toBe(7 + 12 + 2 + 4 + 2);
  });

  it('writes nothing of what chance cuts into packets, however the bytes come, and keeps no place of those who are gone', () => {
    const dice = new Dice(7);
    const device = new TestDevice();
    for (let i = 0; i < (prove ? 20_000 : 1000); i++) {
      const session = device.server.session('10.9.9.9', i);
      if (i % 2 === 0) session.receive(GREETING, START);
      for (let n = 0; n < 4; n++) session.receive(dice.bytes(1 + dice.below(80)), START);
      session.take();
      session.ended();
    }
    expect([device.written, device.server.open]).toEqual([[], 0]);
  });
});

/** Every answer is packets of the transport with messages that decode. */
function checkForm(answer: Uint8Array): void {
  for (let at = 0; at < answer.length; ) {
    const length = ((answer[at + 2] as number) << 8) | (answer[at + 3] as number);
    if (answer[at] !== 3 || length < 7 || at + length > answer.length) expect.fail('an answer is no packet');
    if (answer[at + 5] === 0xf0 && decodeS7(answer, at + 7, at + length).status !== 'ok')
      expect.fail(`an answer is no message: ${Buffer.from(answer.subarray(at, at + length)).toString('hex')}`);
    at += length;
  }
}

describe('an S7 server behind a gate under random and broken messages', () => {
  let gate: Gated | undefined;
  afterEach(async () => {
    await gate?.close();
    gate = undefined;
  });

  async function dial(): Promise<Socket> {
    const socket = connect((gate as Gated).port, (gate as Gated).host);
    socket.on('error', () => {});
    await once(socket, 'connect');
    socket.write(GREETING);
    return socket;
  }

  it(`survives ${OVER_SOCKETS} of them and never makes a wrong write`, { timeout: 900_000 }, async () => {
    const dice = new Dice(11);
    const device = new TestDevice();
    gate = await openGate(device, false);
    const bystander = await dial();
    const answers = answersOf(bystander);
    await answers.next();
    await answers.next();
    for (let sent = 0; sent < OVER_SOCKETS; ) {
      const attacker = await dial();
      attacker.resume();
      const batch: Uint8Array[] = [];
      let words: Map<string, number> = wordsOf(device);
      for (let i = 0; i < 200 && sent < OVER_SOCKETS; i++, sent++) {
        const message = randomMessage(dice, sent);
        const allowed = allowedWrites(message, words);
        if (allowed === undefined) continue;
        words = new Map([...words, ...allowed.map(({ tag, value }): [string, number] => [tag, value])]);
        batch.push(packet(message));
      }
      attacker.write(Buffer.concat(batch));
      attacker.end(Buffer.from([0xff, 0, 0, 4]));
      await once(attacker, 'close');
      bystander.write(READ);
      expect((await answers.next()).value?.length).toBe(7 + 12 + 2 + 4 + 2);
      expect([...wordsOf(device)]).toEqual([...words]);
    }
    bystander.destroy();
    expect(device.controller.source).toBe(program());
  });
});

/** Whole packets that come from a socket. */
async function* answersOf(socket: Socket): AsyncGenerator<Buffer, undefined> {
  let held = Buffer.alloc(0);
  for await (const chunk of socket) {
    held = Buffer.concat([held, chunk as Buffer]);
    while (held.length >= 4 && held.length >= held.readUInt16BE(2)) {
      const length = held.readUInt16BE(2);
      yield held.subarray(0, length);
      held = held.subarray(length);
    }
  }
  return undefined;
}
