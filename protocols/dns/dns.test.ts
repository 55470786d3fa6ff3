import type { ProtocolEvent } from '@penstock/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type DnsMessage, decodeDns, dnsDissector, encodeDns } from './index.ts';

const question: DnsMessage = {
  id: 0x1234,
  response: false,
  authoritative: false,
  truncated: false,
  recursionDesired: true,
  recursionAvailable: false,
  rcode: 0,
  questions: [{ name: 'ntp.plant.example', type: 1, class: 1 }],
  answers: [],
};
const answer: DnsMessage = {
  ...question,
  response: true,
  authoritative: true,
  answers: [{ name: 'ntp.plant.example', type: 1, ttlSeconds: 86_400, data: '10.20.3.5' }],
};
const bytesOf = (hex: string): Uint8Array =>
  Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));

describe('DNS', () => {
  it('writes a question as RFC 1035 lays it out', () => {
    expect(Buffer.from(encodeDns(question)).toString('hex')).toBe(
      '123401000001000000000000036e747005706c616e74076578616d706c650000010001',
    );
  });

  it('reads what it writes', () => {
    for (const message of [question, answer]) {
      const bytes = encodeDns(message);
      expect(decodeDns(bytes, 0, bytes.length)).toEqual(message);
    }
  });

  it('follows compression pointers backwards only', () => {
    const compressed = bytesOf(
      '123485800001000100000000036e747005706c616e74076578616d706c650000010001c00c00010001000151800004 0a140305'.replaceAll(
        ' ',
        '',
      ),
    );
    expect(decodeDns(compressed, 0, compressed.length)?.answers).toEqual([
      { name: 'ntp.plant.example', type: 1, ttlSeconds: 86_400, data: '10.20.3.5' },
    ]);
    const loop = bytesOf('123485800001000000000000c00c00010001');
    expect(decodeDns(loop, 0, loop.length)).toBeUndefined();
  });

  it('ties an answer to its question, and tells of a question that nobody answers', () => {
    const events: ProtocolEvent[] = [];
    const dissector = dnsDissector.create((event) => events.push(event));
    const [asked, told] = [encodeDns(question), encodeDns(answer)];
    dissector.data(true, 1e6, asked, 0, asked.length);
    dissector.data(false, 1.25e6, told, 0, told.length);
    dissector.data(true, 2e6, asked, 0, asked.length);
    dissector.end(9e6);
    expect(events).toMatchObject([
      {
        name: 'dns',
        query: 'ntp.plant.example',
        qtype_name: 'A',
        rcode_name: 'NOERROR',
        rtt: 0.25,
        answers: ['10.20.3.5'],
      },
      { name: 'dns', query: 'ntp.plant.example', rcode: undefined, rtt: undefined },
    ]);
  });

  it('never throws on anything', () => {
    const dissector = dnsDissector.create(() => {});
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (noise) => {
        dnsDissector.probe(noise, 0, noise.length, true);
        dissector.data(true, 0, noise, 0, noise.length);
      }),
    );
  });
});
