import { type Instant, START, seconds } from '@penstock/core';
import { describe, expect, it } from 'vitest';
import {
  encodeLinkFrame,
  type LinkControl,
  type LinkFrame,
  type LinkOptions,
  LinkReader,
  LinkSession,
  PRIMARY,
  SECONDARY,
} from '../index.ts';

const NOTHING = new Uint8Array(0);
const FRAGMENT = Uint8Array.of(0xc0, 1, 60, 1, 6);

function station(options: Partial<LinkOptions> = {}) {
  const fragments: string[] = [];
  const lost: number[] = [];
  const session = new LinkSession(
    { role: 'outstation', address: 10, timeout: seconds(2), retries: 2, ...options },
    {
      accepts: (source) => source === 1,
      fragment: (fragment) => fragments.push(Buffer.from(fragment).toString('hex')),
      unanswered: (address) => lost.push(address),
    },
  );
  const sent = (): LinkFrame[] => {
    const frames: LinkFrame[] = [];
    const ignore = (): void => {};
    const reader = new LinkReader({
      frame: (frame) => frames.push(frame),
      badHeader: ignore,
      badData: ignore,
      skipped: ignore,
    });
    for (let octets = session.take(); octets !== undefined; octets = session.take()) reader.receive(octets);
    return frames;
  };
  const hear = (control: LinkControl, payload = NOTHING, now = START): LinkFrame[] => {
    session.receive(encodeLinkFrame({ control, destination: 10, source: 1, payload }), now);
    return sent();
  };
  return { session, fragments, lost, sent, hear };
}

const from = (code: number, more: Partial<{ fcb: boolean; fcv: boolean }> = {}): LinkControl => ({
  ...{ dir: true, prm: true, fcb: false, fcv: false, function: code },
  ...more,
});
const answer = (code: number): LinkControl => ({ dir: true, prm: false, dfc: false, function: code });
const codes = (frames: readonly LinkFrame[]): number[] => frames.map(({ control }) => control.function);
const whole = Uint8Array.of(0xc0, ...FRAGMENT);

describe('the side of a link that answers', () => {
  it('takes confirmed data after a reset, each frame once, and tests of the link likewise', () => {
    const { hear, fragments } = station();
    const data = (fcb: boolean) => codes(hear(from(PRIMARY.confirmedUserData, { fcb, fcv: true }), whole));
    const test = (fcb: boolean) => codes(hear(from(PRIMARY.testLinkStates, { fcb, fcv: true })));
    expect([data(true), test(true)]).toEqual([[], []]);
    expect(codes(hear(from(PRIMARY.resetLinkStates)))).toEqual([SECONDARY.ack]);
    expect([data(true), data(true), test(false), data(true), data(true)]).toEqual(Array(5).fill([SECONDARY.ack]));
    expect(fragments.length).toBe(2);
  });

  it('says nothing to control octets that cannot be, to itself, and to strangers', () => {
    const { session, hear, sent, fragments } = station();
    for (const control of [
      from(PRIMARY.resetLinkStates, { fcv: true }),
      from(PRIMARY.unconfirmedUserData, { fcv: true }),
      from(PRIMARY.resetUserProcess),
      from(12),
      { ...from(PRIMARY.requestLinkStatus), dir: false },
      answer(SECONDARY.ack),
    ])
      expect(hear(control)).toEqual([]);
    const frame = { control: from(PRIMARY.requestLinkStatus), payload: NOTHING };
    for (const [destination, source] of [
      [10, 2],
      [11, 1],
      [0xfffe, 1],
      [0xfffc, 1],
    ] as const)
      session.receive(encodeLinkFrame({ ...frame, destination, source }), START);
    expect(sent()).toEqual([]);
    expect(codes(hear(from(PRIMARY.requestLinkStatus)))).toEqual([SECONDARY.linkStatus]);
    expect([fragments.length, session.counters.ignored]).toEqual([0, 9]);
  });

  it('goes on after noise, and in datagrams with the next one', () => {
    const { session, sent } = station();
    const frame = encodeLinkFrame({
      control: from(PRIMARY.requestLinkStatus),
      destination: 10,
      source: 1,
      payload: NOTHING,
    });
    session.receive(Uint8Array.of(5, 0x64, 9, 9, 5, ...frame, 5), START);
    session.receive(Uint8Array.of(0x64, ...frame), START);
    expect(codes(sent())).toEqual([SECONDARY.linkStatus, SECONDARY.linkStatus]);
    const udp = station({ datagrams: true });
    udp.session.receive(frame.subarray(0, 6), START);
    udp.session.receive(frame, START);
    expect(codes(udp.sent())).toEqual([SECONDARY.linkStatus]);
  });
});

describe('the side of a link that begins', () => {
  it('resets it before confirmed data, alternates the frame count bit, and goes on when each frame is confirmed', () => {
    const { session, sent, hear } = station({ confirmed: true });
    session.send(new Uint8Array(600).fill(1), 1);
    expect(codes(sent())).toEqual([PRIMARY.resetLinkStates]);
    const bits: boolean[] = [];
    for (let frames = hear(answer(SECONDARY.ack)); frames.length > 0; frames = hear(answer(SECONDARY.ack))) {
      expect(codes(frames)).toEqual([PRIMARY.confirmedUserData]);
      const [{ control }] = frames as [LinkFrame];
      bits.push(control.prm && control.fcb);
    }
    expect([bits, session.busy]).toEqual([[true, false, true], false]);
    session.send(FRAGMENT, 1);
    expect(codes(sent())).toEqual([PRIMARY.confirmedUserData]);
    expect(codes(hear(answer(SECONDARY.nack)))).toEqual([PRIMARY.resetLinkStates]);
    expect(codes(hear(answer(SECONDARY.ack)))).toEqual([PRIMARY.confirmedUserData]);
  });

  it('sends again what is not confirmed, gives up in the end, and says so', () => {
    const { session, sent, lost } = station({ confirmed: true });
    session.send(FRAGMENT, 1);
    session.send(FRAGMENT, 1);
    let now = START;
    const frames: number[] = codes(sent());
    for (let i = 0; i < 6 && session.busy; i++) {
      now = session.due();
      session.tick(now);
      frames.push(...codes(sent()));
    }
    expect([frames, now, lost]).toEqual([[0, 0, 0], seconds(6), [1]]);
    expect([session.busy, session.counters.retries]).toEqual([false, 2]);
  });

  it('asks for a sign of the other side when there was none for long', () => {
    const { session, sent, hear, lost } = station({ keepAlive: seconds(30) });
    session.opened(1, START);
    expect(session.due()).toBe(seconds(30));
    hear(from(PRIMARY.requestLinkStatus), NOTHING, seconds(20) as number as Instant);
    expect(session.due()).toBe(seconds(50));
    session.tick(session.due());
    expect(codes(sent())).toEqual([PRIMARY.requestLinkStatus]);
    hear(answer(SECONDARY.linkStatus), NOTHING, seconds(51) as number as Instant);
    expect([session.due(), lost]).toEqual([seconds(81), []]);
    for (let i = 0; i < 4; i++) session.tick(session.due());
    expect(lost).toEqual([1]);
  });

  it('ends a connection whose other side takes nothing', () => {
    const { session } = station();
    for (let i = 0; i < 5000 && !session.closing; i++) session.send(new Uint8Array(2000), 1);
    expect(session.closing).toBe(true);
    session.reset();
    expect([session.closing, session.take()]).toEqual([false, undefined]);
  });
});
