/** Cuts a byte stream into HTTP/1.1 messages (RFC 9112) with Content-Length bodies; chunked bodies are read, never sent. */

export const LARGEST_HEAD = 16 * 1024;
export const LARGEST_BODY = 4 * 1024 * 1024;

export interface HttpMessage {
  /** Method, target, version of a request; version, status, reason of a response. */
  readonly first: readonly [string, string, string];
  /** Header fields by lower-case name. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Uint8Array;
}

type State = 'head' | 'body' | 'chunk-size' | 'chunk' | 'trailer' | 'broken';

const LATIN = new TextDecoder('latin1');

/** Instead of the body's length. */
const CHUNKED = -1;

/** What stands before a body. */
interface Head extends Omit<HttpMessage, 'body'> {
  readonly length: number;
}

/** Heads that were parsed before: programs send the same few again and again. */
const KNOWN = { request: new Map<string, Head>(), response: new Map<string, Head>() };
const MOST_KNOWN = 256;
const LONGEST_KNOWN = 1024;

/** The head in `text`, without the empty line; undefined when it is none. */
function headOf(text: string, isRequest: boolean): Head | undefined {
  const known = isRequest ? KNOWN.request : KNOWN.response;
  const before = known.get(text);
  if (before !== undefined) return before;
  const head = parseHead(text, isRequest);
  if (head === undefined || text.length > LONGEST_KNOWN) return head;
  if (known.size >= MOST_KNOWN) known.clear();
  known.set(text, head);
  return head;
}

function parseHead(text: string, isRequest: boolean): Head | undefined {
  const [line, ...fields] = text.split('\r\n') as [string, ...string[]];
  const first = isRequest
    ? /^([A-Z]{1,16}) (\S+) (HTTP\/1\.[01])$/.exec(line)
    : /^(HTTP\/1\.[01]) (\d{3}) ?(.*)$/.exec(line);
  if (first === null) return undefined;
  const headers = new Map<string, string>();
  for (const field of fields) {
    const parts = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*?)[ \t]*$/.exec(field);
    if (parts === null) return undefined;
    const name = (parts[1] as string).toLowerCase();
    // Two lengths are how requests are smuggled (RFC 9112 clause 6.3).
    if (name === 'content-length' && headers.has(name) && headers.get(name) !== parts[2]) return undefined;
    headers.set(name, parts[2] as string);
  }
  const head = { first: [first[1] as string, first[2] as string, first[3] as string] as const, headers };
  if (headers.get('transfer-encoding')?.toLowerCase() === 'chunked') return { ...head, length: CHUNKED };
  const length = headers.get('content-length') ?? '0';
  if (!/^\d{1,9}$/.test(length) || Number(length) > LARGEST_BODY) return undefined;
  return { ...head, length: Number(length) };
}

/** Reads one direction. After something that is not HTTP it is `broken` and takes nothing more; it never throws. */
export class HttpParser {
  readonly #request: boolean;
  readonly #onMessage: (message: HttpMessage) => void;
  #state: State = 'head';
  #buffer = new Uint8Array(1024);
  #filled = 0;
  #head: Head | undefined;
  #need = 0;
  #chunks: Uint8Array[] = [];
  #bodySize = 0;

  constructor(side: 'request' | 'response', onMessage: (message: HttpMessage) => void) {
    this.#request = side === 'request';
    this.#onMessage = onMessage;
  }

  get broken(): boolean {
    return this.#state === 'broken';
  }

  push(bytes: Uint8Array): void {
    if (this.#state === 'broken') return;
    this.#reserve(bytes.length);
    this.#buffer.set(bytes, this.#filled);
    this.#filled += bytes.length;
    while (this.#advance());
  }

  #reserve(more: number): void {
    const needed = this.#filled + more;
    if (needed <= this.#buffer.length) return;
    const larger = new Uint8Array(Math.max(needed, this.#buffer.length * 2));
    larger.set(this.#buffer.subarray(0, this.#filled));
    this.#buffer = larger;
  }

  /** One step; false when it needs more bytes. */
  #advance(): boolean {
    switch (this.#state) {
      case 'head':
        return this.#takeHead();
      case 'body':
        return this.#takeBody();
      case 'chunk-size':
        return this.#takeChunkSize();
      case 'chunk':
        return this.#takeChunk();
      case 'trailer':
        return this.#takeTrailer();
      case 'broken':
        return false;
    }
  }

  #takeHead(): boolean {
    const end = this.#find('\r\n\r\n', LARGEST_HEAD);
    if (end === undefined) return false;
    const text = LATIN.decode(this.#buffer.subarray(0, end));
    this.#drop(end + 4);
    const head = headOf(text, this.#request);
    if (head === undefined) return this.#break();
    this.#head = head;
    this.#need = head.length;
    this.#state = head.length === CHUNKED ? 'chunk-size' : 'body';
    return true;
  }

  #takeBody(): boolean {
    if (this.#filled < this.#need) return false;
    const body = this.#buffer.slice(0, this.#need);
    this.#drop(this.#need);
    this.#finish(body);
    return this.#filled > 0;
  }

  #takeChunkSize(): boolean {
    const end = this.#find('\r\n', 1024);
    if (end === undefined) return false;
    const size = /^([0-9a-fA-F]{1,7})(;.*)?$/.exec(LATIN.decode(this.#buffer.subarray(0, end)));
    this.#drop(end + 2);
    if (size === null) return this.#break();
    this.#need = Number.parseInt(size[1] as string, 16);
    this.#bodySize += this.#need;
    if (this.#bodySize > LARGEST_BODY) return this.#break();
    this.#state = this.#need === 0 ? 'trailer' : 'chunk';
    return true;
  }

  #takeChunk(): boolean {
    if (this.#filled < this.#need + 2) return false;
    this.#chunks.push(this.#buffer.slice(0, this.#need));
    this.#drop(this.#need + 2);
    this.#state = 'chunk-size';
    return true;
  }

  #takeTrailer(): boolean {
    const end = this.#find('\r\n', LARGEST_HEAD);
    if (end === undefined) return false;
    this.#drop(end + 2);
    if (end > 0) return true;
    const body = new Uint8Array(this.#bodySize);
    let at = 0;
    for (const chunk of this.#chunks) {
      body.set(chunk, at);
      at += chunk.length;
    }
    this.#finish(body);
    return this.#filled > 0;
  }

  #finish(body: Uint8Array): void {
    const head = this.#head as Head;
    this.#head = undefined;
    this.#chunks = [];
    this.#bodySize = 0;
    this.#state = 'head';
    this.#onMessage({ first: head.first, headers: head.headers, body });
  }

  /** Where `mark` begins; undefined when it is not there yet. Gives up beyond `limit`. */
  #find(mark: string, limit: number): number | undefined {
    const buffer = this.#buffer;
    const last = Math.min(this.#filled, limit) - mark.length;
    const first = mark.charCodeAt(0);
    outer: for (let i = 0; i <= last; i++) {
      if (buffer[i] !== first) continue;
      for (let j = 1; j < mark.length; j++) if (buffer[i + j] !== mark.charCodeAt(j)) continue outer;
      return i;
    }
    if (this.#filled >= limit) this.#break();
    return undefined;
  }

  #drop(count: number): void {
    this.#buffer.copyWithin(0, count, this.#filled);
    this.#filled -= count;
  }

  #break(): false {
    this.#state = 'broken';
    this.#filled = 0;
    return false;
  }
}
