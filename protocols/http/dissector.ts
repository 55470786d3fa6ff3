/** HTTP as Zeek's http.log has it: one event for a request with its response. */
import type { Dissector, DissectorFactory, ProtocolEvent } from '@penstock/core';
import { HTTP_PORT } from './machines.ts';
import { type HttpMessage, HttpParser } from './parser.ts';

const PENDING_LIMIT = 64;
const METHODS = /^(GET|POST|PUT|HEAD|DELETE|OPTIONS|PATCH|CONNECT|TRACE) /;
const LATIN = new TextDecoder('latin1');

export interface HttpEvent extends ProtocolEvent {
  readonly name: 'http';
  /** Requests of the connection so far, from 1. */
  readonly trans_depth: number;
  readonly method: string | undefined;
  readonly host: string | undefined;
  readonly uri: string | undefined;
  readonly version: string | undefined;
  readonly user_agent: string | undefined;
  readonly username: string | undefined;
  readonly request_body_len: number;
  readonly response_body_len: number;
  readonly status_code: number | undefined;
  readonly status_msg: string | undefined;
}

class HttpDissector implements Dissector {
  unparsedBytes = 0;
  violations = 0;
  readonly #emit: (event: ProtocolEvent) => void;
  #requests: HttpParser;
  #responses: HttpParser;
  #pending: HttpMessage[] = [];
  #depth = 0;
  #time = 0;

  constructor(emit: (event: ProtocolEvent) => void) {
    this.#emit = emit;
    this.#requests = this.#fresh('request');
    this.#responses = this.#fresh('response');
  }

  #fresh(side: 'request' | 'response'): HttpParser {
    return new HttpParser(side, side === 'request' ? (m) => this.#request(m) : (m) => this.#response(m));
  }

  data(fromOriginator: boolean, time: number, buffer: Uint8Array, start: number, end: number): void {
    this.#time = time;
    let parser = fromOriginator ? this.#requests : this.#responses;
    if (parser.broken) {
      // Resynchronise where a message seems to begin.
      const head = LATIN.decode(buffer.subarray(start, Math.min(end, start + 16)));
      if (!(fromOriginator ? METHODS.test(head) : head.startsWith('HTTP/1.'))) {
        this.unparsedBytes += end - start;
        return;
      }
      parser = this.#replace(fromOriginator);
    }
    parser.push(buffer.subarray(start, end));
    if (parser.broken) {
      this.violations++;
      this.unparsedBytes += end - start;
    }
  }

  gap(fromOriginator: boolean): void {
    this.#replace(fromOriginator);
  }

  #replace(fromOriginator: boolean): HttpParser {
    const parser = this.#fresh(fromOriginator ? 'request' : 'response');
    if (fromOriginator) this.#requests = parser;
    else this.#responses = parser;
    return parser;
  }

  end(time: number): void {
    this.#time = time;
    for (const request of this.#pending.splice(0)) this.#tell(request, undefined);
  }

  #request(message: HttpMessage): void {
    if (this.#pending.length >= PENDING_LIMIT) this.#tell(this.#pending.shift() as HttpMessage, undefined);
    this.#pending.push(message);
  }

  #response(message: HttpMessage): void {
    this.#tell(this.#pending.shift(), message);
  }

  #tell(request: HttpMessage | undefined, response: HttpMessage | undefined): void {
    const event: HttpEvent = {
      name: 'http',
      time: this.#time,
      trans_depth: ++this.#depth,
      method: request?.first[0],
      host: request?.headers.get('host'),
      uri: request?.first[1],
      version: (request?.first[2] ?? response?.first[0])?.slice(5),
      user_agent: request?.headers.get('user-agent'),
      username: basicUser(request?.headers.get('authorization')),
      request_body_len: request?.body.length ?? 0,
      response_body_len: response?.body.length ?? 0,
      status_code: response === undefined ? undefined : Number(response.first[1]),
      status_msg: response?.first[2],
    };
    this.#emit(event);
  }
}

/** The user of basic authentication; the password is not kept. */
function basicUser(authorization: string | undefined): string | undefined {
  const encoded = /^Basic ([A-Za-z0-9+/=]+)$/.exec(authorization ?? '')?.[1];
  return encoded === undefined
    ? undefined
    : Buffer.from(encoded.slice(0, 1024), 'base64').toString('latin1').split(':')[0];
}

export const httpDissector: DissectorFactory = {
  protocol: 'http',
  transport: 'tcp',
  ports: [HTTP_PORT, 8080],
  probe(buffer, start, end, fromOriginator) {
    if (end - start < 8) return undefined;
    const head = LATIN.decode(buffer.subarray(start, Math.min(end, start + 16)));
    return (fromOriginator ? METHODS.test(head) : head.startsWith('HTTP/1.')) ? 0.95 : 0;
  },
  create: (emit) => new HttpDissector(emit),
};
