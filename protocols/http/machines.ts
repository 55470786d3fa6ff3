/** Client and server of one HTTP/1.1 connection that is kept alive. Requests are answered in order. */
import { type Instant, NEVER, type StreamMachine } from '@penstock/core';
import { type HttpMessage, HttpParser } from './parser.ts';

export const HTTP_PORT = 80;

export interface HttpRequest {
  readonly method: string;
  readonly target: string;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Uint8Array;
}

export interface HttpResponse {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Uint8Array;
}

/** What an answer to a request says. */
export interface HttpAnswer {
  readonly status: number;
  readonly body?: Uint8Array;
  readonly type?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

const ENCODER = new TextEncoder();
const REASONS: Record<number, string> = {
  200: 'OK',
  204: 'No Content',
  303: 'See Other',
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  409: 'Conflict',
  413: 'Content Too Large',
  415: 'Unsupported Media Type',
  422: 'Unprocessable Content',
  423: 'Locked',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
};

function encode(first: string, headers: Readonly<Record<string, string>>, body: Uint8Array): Uint8Array {
  let head = `${first}\r\n`;
  for (const name in headers) head += `${name}: ${headers[name]}\r\n`;
  const bytes = ENCODER.encode(`${head}Content-Length: ${body.length}\r\n\r\n`);
  const message = new Uint8Array(bytes.length + body.length);
  message.set(bytes);
  message.set(body, bytes.length);
  return message;
}

/** Answers requests; `answer` is called with each and says what to reply. */
export class HttpServer implements StreamMachine {
  closing = false;
  readonly #parser: HttpParser;
  readonly #product: string;
  #out: Uint8Array[] = [];

  /** `product` is what the Server header says. */
  constructor(product: string, answer: (request: HttpRequest, now: Instant) => HttpAnswer) {
    this.#product = product;
    this.#parser = new HttpParser('request', (message) => this.#handle(message, answer));
  }

  #now = 0 as Instant;

  receive(bytes: Uint8Array, now: Instant): void {
    this.#now = now;
    this.#parser.push(bytes);
    if (this.#parser.broken && !this.closing) {
      this.#reply({ status: 400 }, false);
      this.closing = true;
    }
  }

  #handle(message: HttpMessage, answer: (request: HttpRequest, now: Instant) => HttpAnswer): void {
    const [method, target] = message.first;
    const keep = message.headers.get('connection')?.toLowerCase() !== 'close' && message.first[2] === 'HTTP/1.1';
    const reply = answer({ method, target, headers: message.headers, body: message.body }, this.#now);
    this.#reply(reply, keep, method === 'HEAD');
    if (!keep) this.closing = true;
  }

  /** @param headOnly the length is told, the body is not sent (RFC 9110, clause 9.3.2) */
  #reply(response: HttpAnswer, keep: boolean, headOnly = false): void {
    const { status, body = new Uint8Array(0), type = 'application/json' } = response;
    const headers = {
      Server: this.#product,
      'Content-Type': type,
      Connection: keep ? 'keep-alive' : 'close',
      ...response.headers,
    };
    const bytes = encode(`HTTP/1.1 ${status} ${REASONS[status] ?? 'Unknown'}`, headers, body);
    this.#out.push(headOnly ? bytes.subarray(0, bytes.length - body.length) : bytes);
  }

  due(): Instant {
    return NEVER;
  }

  tick(): void {}

  take(): Uint8Array | undefined {
    return this.#out.shift();
  }
}

type Done = (response: HttpResponse | undefined, now: Instant) => void;

/** Sends requests one after the other; a request that is not answered in time ends the connection. */
export class HttpClient implements StreamMachine {
  closing = false;
  readonly #parser: HttpParser;
  readonly #host: string;
  readonly #agent: string;
  readonly #timeout: number;
  readonly #waiting: { bytes: Uint8Array; done: Done }[] = [];
  #current: Done | undefined;
  #deadline: Instant = NEVER;
  #out: Uint8Array | undefined;
  #now = 0 as Instant;

  /** `host` and `agent` are what the headers say; `timeout` in microseconds. */
  constructor(host: string, agent: string, timeout: number) {
    this.#host = host;
    this.#agent = agent;
    this.#timeout = timeout;
    this.#parser = new HttpParser('response', (message) => this.#handle(message));
  }

  /** Requests that are not answered yet. */
  get pending(): number {
    return this.#waiting.length + (this.#current === undefined ? 0 : 1);
  }

  /** `done` gets the response, or undefined when none came. Pump the connection after this call. */
  request(
    method: string,
    target: string,
    body: Uint8Array,
    done: Done,
    now: Instant,
    more?: Readonly<Record<string, string>>,
  ): void {
    const headers = {
      Host: this.#host,
      'User-Agent': this.#agent,
      Connection: 'keep-alive',
      'Content-Type': 'application/json',
      ...more,
    };
    this.#waiting.push({ bytes: encode(`${method} ${target} HTTP/1.1`, headers, body), done });
    this.#next(now);
  }

  receive(bytes: Uint8Array, now: Instant): void {
    this.#now = now;
    this.#parser.push(bytes);
    if (this.#parser.broken) this.abandon(now);
    this.#next(now);
  }

  #handle(message: HttpMessage): void {
    const done = this.#current;
    if (done === undefined) return;
    this.#current = undefined;
    this.#deadline = NEVER;
    if (message.headers.get('connection')?.toLowerCase() === 'close') this.closing = true;
    done({ status: Number(message.first[1]), headers: message.headers, body: message.body }, this.#now);
  }

  #next(now: Instant): void {
    if (this.#current !== undefined || this.closing) return;
    const next = this.#waiting.shift();
    if (next === undefined) return;
    this.#current = next.done;
    this.#deadline = (now + this.#timeout) as Instant;
    this.#out = next.bytes;
  }

  due(): Instant {
    return this.#deadline;
  }

  tick(now: Instant): void {
    if (now >= this.#deadline) this.abandon(now);
  }

  /** The connection is lost: nothing that waits will be answered. */
  abandon(now: Instant): void {
    this.closing = true;
    this.#deadline = NEVER;
    this.#out = undefined;
    const lost = [
      ...(this.#current === undefined ? [] : [this.#current]),
      ...this.#waiting.splice(0).map((w) => w.done),
    ];
    this.#current = undefined;
    for (const done of lost) done(undefined, now);
  }

  take(): Uint8Array | undefined {
    const out = this.#out;
    this.#out = undefined;
    return out;
  }
}
