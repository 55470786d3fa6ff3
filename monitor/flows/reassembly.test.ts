import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { pcapOf, type TcpFrame, tcp } from '../test/frames.ts';
import { type RecorderEvent, recorder } from '../test/recorder.ts';
import { type Run, run } from '../test/reference.ts';

const CLIENT = '10.0.0.1:1234';
const SERVER = '10.0.0.2:7';
const ISN = 1000;
const SERVER_ISN = 5000;

const fromClient = (seq: number, more: Partial<TcpFrame> = {}): Uint8Array =>
  tcp({ from: CLIENT, to: SERVER, seq: ISN + seq, ack: SERVER_ISN + 1, ...more });
const fromServer = (seq: number, acked: number, more: Partial<TcpFrame> = {}): Uint8Array =>
  tcp({ from: SERVER, to: CLIENT, seq: SERVER_ISN + seq, ack: ISN + acked, ...more });
const HANDSHAKE = [fromClient(0, { flags: 'S', ack: 0 }), fromServer(0, 1, { flags: 'SA' }), fromClient(1)];

function play(...frames: Uint8Array[]): Run {
  return run(pcapOf(frames), [recorder('tcp')]);
}

/** What the dissector got from the client, and from the server. */
function streams(result: Run): [string, string] {
  const recorded = result.events.find(({ event }) => event.name === 'recorded')?.event as RecorderEvent | undefined;
  return [recorded?.originator ?? '', recorded?.responder ?? ''];
}

describe('TCP reassembly', () => {
  it('delivers both directions in order', () => {
    const result = play(
      ...HANDSHAKE,
      fromClient(1, { data: 'ab' }),
      fromServer(1, 3, { data: 'xy' }),
      fromClient(3, { data: 'cd' }),
    );
    expect(streams(result)).toEqual(['abcd', 'xy']);
  });

  it('puts segments in order and drops retransmissions', () => {
    const result = play(
      ...HANDSHAKE,
      fromClient(3, { data: 'cd' }),
      fromClient(5, { data: 'ef' }),
      fromClient(1, { data: 'ab' }),
      fromClient(1, { data: 'ab' }),
      fromServer(1, 7),
    );
    expect(streams(result)).toEqual(['abcdef', '']);
    expect(result.summary.duplicateBytes).toBe(2);
  });

  it('keeps what came first where segments overlap', () => {
    const result = play(
      ...HANDSHAKE,
      fromClient(3, { data: 'CDE' }),
      fromClient(1, { data: 'abXX' }),
      fromClient(4, { data: 'YYf' }),
      fromServer(1, 7),
    );
    expect(streams(result)).toEqual(['abCDEf', '']);
  });

  it('gives a hole up once it is acknowledged and data after it is there', () => {
    const result = play(...HANDSHAKE, fromClient(1, { data: 'ab' }), fromServer(1, 7), fromClient(7, { data: 'gh' }));
    expect(streams(result)).toEqual(['ab<4>gh', '']);
    expect(result.summary.dropped).toMatchObject({ gaps: 1, gapBytes: 4 });
    expect(result.events.at(-1)?.event).toMatchObject({ name: 'conn', missed_bytes: 4, history: 'ShADaG' });
  });

  it('counts as missed what was acknowledged before it was captured, as Zeek and tshark do', () => {
    const result = play(
      ...HANDSHAKE,
      fromClient(1, { data: 'ab' }),
      fromServer(1, 5),
      fromClient(3, { data: 'cd' }),
      fromClient(5, { data: 'ef' }),
    );
    expect(streams(result)).toEqual(['ab<2>ef', '']);
    expect(result.summary.dropped.gaps).toBe(1);
  });

  it('takes a stream that is captured twice once', () => {
    const twice = Array.from({ length: 8 }, (_, i) => [
      fromClient(1 + 2 * i, { data: `${i};` }),
      fromClient(1 + 2 * i, { data: `${i};` }),
      fromServer(1, 3 + 2 * i),
    ]).flat();
    expect(streams(play(...HANDSHAKE, ...twice))[0]).toBe('0;1;2;3;4;5;6;7;');
  });

  it('is not blinded by a forged acknowledgement far ahead', () => {
    const result = play(
      ...HANDSHAKE,
      fromServer(1, 900_000_000),
      fromClient(1, { data: 'ab' }),
      fromClient(3, { data: 'cd' }),
    );
    expect(streams(result)[0]).toBe('abcd');
  });

  it('finds back to the stream after one forged segment ahead of it', () => {
    const real = Array.from({ length: 12 }, (_, i) => [
      fromClient(1 + 2 * i, { data: `${String.fromCharCode(97 + i)}.` }),
      fromServer(1, 3 + 2 * i),
    ]).flat();
    const forged = [fromClient(501, { data: 'forged' }), fromServer(1, 507)];
    const late = Array.from({ length: 8 }, (_, i) => fromClient(3 + 2 * i, { data: 'zz' }));
    expect(streams(play(...HANDSHAKE, ...forged, ...real))[0]).toContain('g.h.i.j.k.l.');
    // Retransmissions in a burst are no reason to move.
    expect(streams(play(...HANDSHAKE, ...real, ...late))[0]).not.toContain('z');
  });

  it('follows a stream that the capture lost for more than a window', () => {
    const far = Array.from({ length: 5 }, (_, i) => fromClient(50_000_000 + 2 * i, { data: `${i};` }));
    const result = play(...HANDSHAKE, fromClient(1, { data: 'ab' }), ...far);
    expect(streams(result)[0]).toBe('ab<50000001>2;3;4;');
    expect(result.summary.dropped).toMatchObject({ straySegments: 3, resynchronised: 1 });
  });

  it('follows such a stream at once when the receiver has acknowledged up to there', () => {
    const result = play(
      ...HANDSHAKE,
      fromClient(1, { data: 'ab' }),
      fromServer(1, 49_999_990),
      fromClient(50_000_000, { data: 'cd' }),
    );
    expect(streams(result)[0]).toBe('ab<49999997>cd');
  });

  it('picks a connection up in mid-stream, after a keep-alive too', () => {
    const result = play(
      fromClient(9, { data: 'x' }),
      fromServer(1, 10),
      fromClient(10, { data: 'ab' }),
      fromServer(1, 12, { data: 'y' }),
    );
    expect(streams(result)).toEqual(['xab', 'y']);
    expect(play(fromClient(9), fromServer(1, 10), fromClient(10, { data: 'ab' })).summary.dropped.gaps).toBe(0);
  });

  it('continues where sequence numbers wrap', () => {
    const start = 0xffffffff - 2;
    const at = (offset: number): number => (start + offset) >>> 0;
    const result = play(
      tcp({ from: CLIENT, to: SERVER, seq: start, flags: 'S' }),
      tcp({ from: SERVER, to: CLIENT, seq: 77, ack: at(1), flags: 'SA' }),
      ...['ab', 'cd', 'ef'].map((data, i) => tcp({ from: CLIENT, to: SERVER, seq: at(1 + 2 * i), ack: 78, data })),
    );
    expect(streams(result)[0]).toBe('abcdef');
    expect(result.events.at(-1)?.event).toMatchObject({ orig_bytes: 6, conn_state: 'S1' });
  });

  it('gives up a hole that nobody acknowledges when it is five seconds old or too much waits behind it', () => {
    const big = 'x'.repeat(1400);
    const begun = [...HANDSHAKE, fromClient(1, { data: 'ab' })];
    const waiting = Array.from({ length: 300 }, (_, i) => fromClient(5 + 1400 * i, { data: big }));
    expect(streams(play(...begun, ...waiting))[0].slice(0, 8)).toBe('ab<2>xxx');
    const late = pcapOf([...begun, fromClient(5, { data: 'cd' }), fromClient(7, { data: 'ef' })]);
    // The last frame comes ten seconds later.
    new DataView(late.buffer).setUint32(late.length - (54 + 2) - 16, 1_700_000_010, true);
    expect(streams(run(late, [recorder()]))[0]).toBe('ab<2>cdef');
  });

  it('delivers the captured part of a cut segment and reports the rest as missing', () => {
    const file = pcapOf([...HANDSHAKE, fromClient(1, { data: 'abcdef' }), fromClient(7, { data: 'gh' })]);
    const cutAt = 24 + 3 * 70 + 16 + 54 + 2;
    const cut = new Uint8Array([...file.subarray(0, cutAt), ...file.subarray(cutAt + 4)]);
    new DataView(cut.buffer).setUint32(24 + 3 * 70 + 8, 56, true);
    expect(streams(run(cut, [recorder()]))[0]).toBe('ab<4>gh');
  });

  it('rebuilds any stream from segments in any order with repetitions', () => {
    const text = Array.from({ length: 200 }, (_, i) => String.fromCharCode(33 + (i % 90))).join('');
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(199), fc.integer({ min: 1, max: 40 })), { maxLength: 30 }),
        fc.array(fc.nat(1000), { minLength: 30, maxLength: 60 }),
        (extra, order) => {
          const pieces: [number, number][] = [];
          for (let at = 0; at < text.length; at += 7) pieces.push([at, 7]);
          const shuffled = [...pieces, ...extra]
            .map((piece, i) => ({ piece, key: order[i % order.length] as number }))
            .sort((a, b) => a.key - b.key);
          const frames = shuffled.map(({ piece: [at, length] }) =>
            fromClient(1 + at, { data: text.slice(at, at + length) }),
          );
          expect(streams(play(...HANDSHAKE, ...frames))).toEqual([text, '']);
        },
      ),
    );
  });
});

describe('connection states', () => {
  const last = (result: Run): unknown => result.events.at(-1)?.event;

  it('REJ: a closed port', () => {
    expect(last(play(fromClient(0, { flags: 'S', ack: 0 }), fromServer(0, 1, { flags: 'RA' })))).toMatchObject({
      conn_state: 'REJ',
      history: 'Sr',
    });
  });

  it('RSTO, RSTR and RSTOS0', () => {
    expect(last(play(...HANDSHAKE, fromClient(1, { flags: 'R' })))).toMatchObject({
      conn_state: 'RSTO',
      history: 'ShAR',
    });
    expect(last(play(...HANDSHAKE, fromServer(1, 1, { flags: 'R' })))).toMatchObject({ conn_state: 'RSTR' });
    const takenBack = play(fromClient(0, { flags: 'S', ack: 0 }), fromClient(1, { flags: 'R', ack: 0 }));
    expect(last(takenBack)).toMatchObject({ conn_state: 'RSTOS0', history: 'SR' });
  });

  it('S0, SH and SHR', () => {
    expect(last(play(fromClient(0, { flags: 'S', ack: 0 })))).toMatchObject({ conn_state: 'S0', duration: undefined });
    expect(last(play(fromClient(0, { flags: 'S', ack: 0 }), fromClient(1, { flags: 'FA' })))).toMatchObject({
      conn_state: 'SH',
    });
  });

  it('SYN and SYN-ACK captured in the wrong order are one connection with the right originator', () => {
    const [syn, synAck, ack] = HANDSHAKE as [Uint8Array, Uint8Array, Uint8Array];
    const result = play(synAck, syn, ack, fromClient(1, { data: 'ab' }));
    expect(result.events.map(({ event, flow }) => [event.name, flow.originatorAddress])).toEqual([
      ['recorded', '10.0.0.1'],
      ['conn', '10.0.0.1'],
    ]);
    expect(last(result)).toMatchObject({ conn_state: 'S1', orig_bytes: 2 });
  });

  it('the same ports again are another connection', () => {
    const again = tcp({ from: CLIENT, to: SERVER, seq: 99_000, flags: 'S' });
    const result = play(...HANDSHAKE, again);
    expect(result.events.map(({ event }) => (event as { conn_state?: string }).conn_state)).toEqual(['S1', 'S0']);
    expect(new Set(result.events.map(({ flow }) => flow.uid)).size).toBe(2);
  });
});
