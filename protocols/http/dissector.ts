/** HTTP as Zeek's http.log has it: one event for a request with its response. */
import type { Dissector, DissectorFactory, ProtocolEvent } from '@penstock/core';
import { credentialEvent } from '../credentials/index.ts';
import { firmwareTransfer, hasMagic } from '../firmware/index.ts';
import { basicCredentials, multipartForm, urlEncodedForm } from './forms.ts';
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

/** What a server with pages for people says of itself, once and whenever it says otherwise. */
export interface HttpServerEvent extends ProtocolEvent {
  readonly name: 'http_server';
  readonly server: string | undefined;
  /** Of basic authentication. */
  readonly realm: string | undefined;
  /** Of a page. */
  readonly title: string | undefined;
}

/** A form that somebody sent, with the names of its fields; values of those that are secret are masked. */
export interface HttpFormEvent extends ProtocolEvent {
  readonly name: 'http_form';
  readonly uri: string;
  readonly username: string | undefined;
  /** `name=value`. */
  readonly fields: readonly string[];
  readonly status_code: number | undefined;
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
  #told = '';
  #credentials = '';

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
      username: basicCredentials(request?.headers.get('authorization'))?.user.slice(0, LONGEST),
      request_body_len: request?.body.length ?? 0,
      response_body_len: response?.body.length ?? 0,
      status_code: response === undefined ? undefined : Number(response.first[1]),
      status_msg: response?.first[2],
    };
    this.#emit(event);
    if (request !== undefined) this.#asked(request, event);
    if (response !== undefined) this.#answered(response);
  }

  /** Who asks, and what they give: passwords, forms, firmware. */
  #asked(request: HttpMessage, { username, uri = '', status_code: status, time }: HttpEvent): void {
    const { headers, body } = request;
    const success = status === undefined ? undefined : status !== 401 && status !== 403;
    const given = basicCredentials(headers.get('authorization'));
    if (given !== undefined) this.#credential(given.user, given.password, success);
    const type = headers.get('content-type');
    if (body.length === 0 || type === undefined || type === 'application/json') return;
    if (type.startsWith('application/x-www-form-urlencoded')) {
      const form = urlEncodedForm(body);
      const [user, password] = [form.get('username') ?? form.get('user'), form.get('password')];
      if (user !== undefined && password !== undefined) this.#credential(user, password, success);
      const fields = [...form].map(([name, value]) => `${name}=${SECRET_FIELD.test(name) ? '***' : value}`);
      const event: HttpFormEvent = {
        name: 'http_form',
        time,
        uri: uri.slice(0, LONGEST),
        username: username ?? user?.slice(0, LONGEST),
        fields: fields.map((field) => field.slice(0, LONGEST)),
        status_code: status,
      };
      this.#emit(event);
      return;
    }
    for (const { bytes } of multipartForm(type, body))
      if (hasMagic(bytes, 0)) this.#emit(firmwareTransfer(time, true, 'http', bytes));
    if (hasMagic(body, 0)) this.#emit(firmwareTransfer(time, true, 'http', body));
  }

  /** Once for what is the same as before. */
  #credential(user: string, password: string, success: boolean | undefined): void {
    const key = `${user}\n${password}\n${success}`;
    if (success !== false && key === this.#credentials) return;
    this.#credentials = key;
    this.#emit(credentialEvent('http', this.#time, user, password, success));
  }

  /** Pages for people; what programs tell each other has no title and no realm. */
  #answered({ headers, body }: HttpMessage): void {
    const isPage = headers.get('content-type')?.startsWith('text/html') === true;
    const realm = /realm="([^"]*)"/.exec(headers.get('www-authenticate') ?? '')?.[1]?.slice(0, LONGEST);
    if (!isPage && realm === undefined) return;
    const title = isPage
      ? TITLE.exec(LATIN.decode(body.subarray(0, 4096)))?.[1]
          ?.trim()
          .slice(0, LONGEST)
      : undefined;
    const server = headers.get('server')?.slice(0, LONGEST);
    const key = `${server}\n${realm}\n${title}`;
    if (key === this.#told) return;
    this.#told = key;
    const event: HttpServerEvent = { name: 'http_server', time: this.#time, server, realm, title };
    this.#emit(event);
  }
}

const LONGEST = 128;
const SECRET_FIELD = /pass|secret|key|pin|token/i;
const TITLE = /<title>([^<]*)<\/title>/i;

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
