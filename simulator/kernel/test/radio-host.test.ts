/** A host behind a radio: late, in order, and what is lost of datagrams is gone; tried on hosts of the wire in memory, which are at once. */
import { type Instant, milliseconds } from '@penstock/core';
import { parseIpv4, parseSubnet } from '@penstock/protocols/ethernet';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Connection, RadioHost, Random, type TcpHandler } from '../index.ts';
import { buildPair, PLC, SCADA } from './plant.ts';

const NOBODY_NEAR = '10.99.0.0/24';
const [LATENCY, JITTER] = [milliseconds(350), milliseconds(200)];
const CAUSE = { actor: 'scenario:test', step: 'one' };

/** The PLC behind a radio; with `near`, the SCADA server behind the same one. */
function radio({ near = false, loss = 0, seed = 1 } = {}) {
  const pair = buildPair();
  const subnet = parseSubnet(near ? '10.20.0.0/16' : NOBODY_NEAR);
  const options = { subnet, latency: LATENCY, jitter: JITTER, loss };
  const on = (host: (typeof pair)['plc'], name: string) =>
    new RadioHost(host, pair.queue, options, new Random(seed, name));
  const plc = on(pair.plc, 'plc');
  return { pair, plc, scada: near ? on(pair.scada, 'scada') : pair.scada };
}

function ear(pair: ReturnType<typeof buildPair>) {
  const heard: { what: string; at: number }[] = [];
  const note = (what: string, at: Instant): void => void heard.push({ what, at: at / 1e6 });
  const handler: TcpHandler = {
    open: (now) => note('open', now),
    data: (buffer, start, end, now) => note(Buffer.from(buffer.subarray(start, end)).toString(), now),
    closed: (reason, now) => note(reason, now),
  };
  return { handler, heard, run: (seconds: number) => pair.run(seconds) };
}

describe('a host behind a radio', () => {
  it('answers as late as two flights take, however fast its network is', () => {
    const { pair, plc, scada } = radio();
    plc.listen(502, (connection) => ({
      data: (buffer, start, end) => void connection.send(buffer, start, end),
      closed: () => {},
    }));
    const { handler, heard } = ear(pair);
    const connection = scada.connect(PLC, 502, handler);
    pair.run(1);
    connection.send(Buffer.from('hello'));
    pair.run(5);
    expect(heard.map(({ what }) => what)).toEqual(['open', 'hello']);
    const [open, hello] = heard.map(({ at }) => at) as [number, number];
    expect(open).toBeLessThan(0.1);
    expect(hello - 1).toBeGreaterThanOrEqual(0.7);
    expect(hello - 1).toBeLessThan(1.11);
  });

  it('takes one flight each way between two behind the same radio', () => {
    const { pair, plc, scada } = radio({ near: true });
    plc.listen(502, (connection) => ({
      data: (buffer, start, end) => void connection.send(buffer, start, end),
      closed: () => {},
    }));
    const { handler, heard } = ear(pair);
    const connection = scada.connect(PLC, 502, handler);
    pair.run(3);
    connection.send(Buffer.from('hello'));
    pair.run(8);
    const [open, hello] = heard.map(({ at }) => at) as [number, number];
    expect(open).toBeGreaterThanOrEqual(0.7);
    expect(hello - 3).toBeGreaterThanOrEqual(0.7);
    expect(hello - 3).toBeLessThan(1.11);
  });

  it('keeps the order of what a connection carries, and its end, whatever is lost', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1e6 }),
        fc.double({ min: 0, max: 0.3, noNaN: true }),
        fc.array(fc.integer({ min: 0, max: 900 }), { minLength: 1, maxLength: 20 }),
        (seed, loss, pauses) => {
          const { pair, plc, scada } = radio({ seed, loss });
          const got: string[] = [];
          plc.listen(502, (connection) => ({
            data: (buffer, start, end) => void got.push(Buffer.from(buffer.subarray(start, end)).toString()),
            ended: () => connection.close(),
            closed: (reason) => void got.push(reason),
          }));
          const connection = scada.connect(PLC, 502, ear(pair).handler);
          pair.run(1);
          for (const [i, pause] of pauses.entries()) {
            pair.run(pause / 1000);
            connection.send(Buffer.from(`${i},`));
          }
          connection.close();
          pair.run(600);
          // Who waits too long for the other's end resets.
          expect(got.pop()).toMatch(/^(closed|reset)$/);
          expect(got.join('')).toBe(pauses.map((_, i) => `${i},`).join(''));
        },
      ),
      { numRuns: 60 },
    );
  });

  it('holds back who sends more than is on its way, and tells when there is room again', () => {
    const { pair, plc, scada } = radio();
    let end: Connection | undefined;
    let drained = 0;
    plc.listen(502, (connection) => {
      end = connection;
      return { data: () => {}, drained: () => void drained++, closed: () => {} };
    });
    let bytes = 0;
    scada.connect(PLC, 502, {
      data: (_, start, stop) => {
        bytes += stop - start;
      },
      closed: () => {},
    });
    pair.run(1);
    expect(end?.send(new Uint8Array(40_000))).toBe(true);
    expect(end?.send(new Uint8Array(40_000))).toBe(false);
    expect(drained).toBe(0);
    pair.run(30);
    expect([bytes, drained > 0]).toEqual([80_000, true]);
  });

  it('delivers nothing while it is paused, and all of it afterwards', () => {
    const { pair, plc, scada } = radio();
    let end: Connection | undefined;
    const got: string[] = [];
    plc.listen(502, (connection) => {
      end = connection;
      return {
        data: (buffer, start, stop) => void got.push(Buffer.from(buffer.subarray(start, stop)).toString()),
        closed: () => {},
      };
    });
    const connection = scada.connect(PLC, 502, ear(pair).handler);
    pair.run(1);
    connection.send(Buffer.from('one'));
    pair.run(0.1);
    end?.pause();
    connection.send(Buffer.from('two'));
    pair.run(10);
    expect(got).toEqual([]);
    end?.resume();
    pair.run(20);
    expect(got.join('')).toBe('onetwo');
  });

  it('is cut off at once, and what was on its way is gone', () => {
    const { pair, plc, scada } = radio();
    const closed: string[] = [];
    let end: Connection | undefined;
    plc.listen(502, (connection) => {
      end = connection;
      return { data: () => closed.push('data'), closed: (reason) => closed.push(reason) };
    });
    const { handler, heard } = ear(pair);
    const connection = scada.connect(PLC, 502, handler);
    pair.run(1);
    connection.send(Buffer.from('late'));
    end?.send(Buffer.from('late too'));
    pair.run(0.1);
    end?.abort();
    pair.run(5);
    expect([closed, heard.map(({ what }) => what)]).toEqual([['aborted'], ['open', 'reset']]);
    expect(end?.writable).toBe(false);
  });

  it('tells on whose behalf bytes leave when they leave', () => {
    const { pair, plc } = radio();
    pair.scada.listen(502, () => ({ data: () => {}, closed: () => {} }));
    const causes: string[] = [];
    pair.wire.tap.listen({ caused: (frame, _now, { step }) => causes.push(`${frame} ${step}`) });
    const connection = plc.connect(SCADA, 502, ear(pair).handler);
    pair.run(3);
    connection.cause = CAUSE;
    connection.send(Buffer.from('theirs'));
    connection.cause = undefined;
    connection.send(Buffer.from('mine'));
    pair.run(8);
    const frameOf = (text: string): number =>
      pair.tap.frames.findIndex(({ bytes }) => Buffer.from(bytes).toString('latin1').includes(text));
    const [theirs, mine] = [frameOf('theirs') + 1, frameOf('mine') + 1];
    expect([theirs > 0, mine > theirs]).toEqual([true, true]);
    expect(causes).toContain(`${theirs} one`);
    expect(causes).not.toContain(`${mine} one`);
  });

  it('loses datagrams and echoes by its share, and delays the others', () => {
    const { pair, plc, scada } = radio({ loss: 0.3 });
    const times: number[] = [];
    let sent = 0;
    plc.udp(20_000, (_buffer, _start, _end, _address, _port, now) => times.push(now / 1e6 - sent));
    const socket = scada.udp(0, () => {});
    for (let i = 0; i < 400; i++) {
      sent = pair.queue.now / 1e6;
      socket.send(PLC, 20_000, Uint8Array.of(i));
      pair.run(1);
    }
    expect(times.length).toBeGreaterThan(240);
    expect(times.length).toBeLessThan(320);
    expect(Math.min(...times)).toBeGreaterThanOrEqual(0.35);
    expect(Math.max(...times)).toBeLessThan(0.56);
    const answers: (number | undefined)[] = [];
    for (let i = 0; i < 100; i++) {
      plc.ping(SCADA, (roundTrip) => answers.push(roundTrip));
      pair.run(3);
    }
    const heard = answers.filter((answer) => answer !== undefined);
    expect(answers).toHaveLength(100);
    expect(heard.length).toBeGreaterThan(30);
    expect(heard.length).toBeLessThan(70);
    for (const roundTrip of heard) expect(roundTrip).toBeGreaterThanOrEqual(2 * LATENCY);
  });

  it('knows itself, and is down with its link', () => {
    const { pair, plc } = radio();
    expect([plc.id, plc.owns(PLC), plc.owns(parseIpv4('192.0.2.1')), plc.up]).toEqual([pair.plc.id, true, false, true]);
    plc.linkDown();
    expect(plc.up).toBe(false);
    plc.linkUp();
    expect(plc.up).toBe(true);
    plc.powerOff();
    expect(pair.plc.up).toBe(plc.up);
  });
});
