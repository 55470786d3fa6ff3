/**
 * Values between hosts over HTTP: a collector (SCADA server, historian) that answers `GET /values` and takes `POST /values`, and the
 * standing conversations that push to it or pull from it.
 */
import { type FeedSpec, type Instant, PenstockError, seconds } from '@penstock/core';
import { parseIpv4 } from '@penstock/protocols/ethernet';
import { HTTP_PORT, HttpClient, type HttpRequest, HttpServer } from '@penstock/protocols/http';
import { type Listening, MachineLink } from '@penstock/simulator/kernel';
import type { DeviceContext, Part } from '../context.ts';
import { Every } from '../every.ts';
import { ValueDocuments } from '../value-document.ts';

const TIMEOUT = seconds(5);
const RETRY_AFTER = seconds(5);
const ENCODER = new TextEncoder();
const NO_BODY = new Uint8Array(0);

function indexOf(context: DeviceContext, tag: string): number | undefined {
  try {
    return context.tagIndex(tag);
  } catch (error) {
    if (error instanceof PenstockError) return undefined;
    throw error;
  }
}

const documentsOf = (context: DeviceContext): ValueDocuments =>
  new ValueDocuments(context.plant, context.store, (tag) => indexOf(context, tag));

class Collector implements Part {
  readonly #context: DeviceContext;
  readonly #port: number;
  readonly #all: readonly number[];
  readonly #documents: ValueDocuments;
  #asked = '';
  /** Tags that the target asked for last means; undefined for one that there is not. */
  #wanted: readonly number[] | undefined;
  #listener: Listening | undefined;

  constructor(context: DeviceContext, port: number) {
    this.#context = context;
    this.#port = port;
    this.#all = context.plant.tags.map((_, i) => i);
    this.#documents = documentsOf(context);
  }

  start(): void {
    const { host, queue, spec } = this.#context;
    const product = `${spec.identity.productName}/${spec.identity.revision}`.replaceAll(' ', '-');
    this.#listener ??= host.listen(this.#port, (connection) =>
      new MachineLink(queue, new HttpServer(product, (request, now) => this.#answer(request, now))).attach(connection),
    );
  }

  stop(): void {
    this.#listener?.close();
    this.#listener = undefined;
  }

  #answer(request: HttpRequest, now: Instant): { status: number; body?: Uint8Array } {
    if (request.target !== this.#asked) this.#understand(request.target);
    const tags = this.#wanted;
    if (tags === undefined) return { status: 404 };
    if (request.method === 'GET') return { status: 200, body: this.#documents.write(tags, now) };
    if (request.method !== 'POST') return { status: 405 };
    const wrong = this.#documents.take(request.body, now);
    return wrong === undefined
      ? { status: 204 }
      : { status: 400, body: ENCODER.encode(JSON.stringify({ error: wrong })) };
  }

  /** A client asks for the same again and again: what it asks is worked out once. */
  #understand(target: string): void {
    const [path, query] = target.split('?') as [string, string | undefined];
    const names = new URLSearchParams(query).get('tags')?.split(',');
    const known = names?.map((tag) => indexOf(this.#context, tag)).filter((tag) => tag !== undefined);
    this.#asked = target;
    this.#wanted = path === '/values' ? (known ?? this.#all) : undefined;
  }
}

class Feed implements Part {
  readonly #context: DeviceContext;
  readonly #spec: FeedSpec;
  readonly #every: Every;
  readonly #address: number;
  readonly #port: number;
  readonly #tags: readonly number[];
  readonly #path: string;
  readonly #documents: ValueDocuments;
  #link: MachineLink | undefined;
  #client: HttpClient | undefined;
  #notBefore = 0;

  constructor(context: DeviceContext, spec: FeedSpec) {
    this.#context = context;
    this.#spec = spec;
    const target = context.device(spec.device);
    this.#address = parseIpv4(target.address);
    this.#port = collectorPort(target.services) ?? HTTP_PORT;
    this.#tags = spec.tags?.map((tag) => context.tagIndex(tag)) ?? context.plant.tags.map((_, i) => i);
    this.#path = spec.mode === 'pull' && spec.tags ? `/values?tags=${spec.tags.join(',')}` : '/values';
    this.#documents = documentsOf(context);
    this.#every = new Every(context, spec.every, (now) => this.#turn(now));
  }

  start(): void {
    this.#every.start();
  }

  stop(now: Instant): void {
    this.#every.stop();
    this.#client?.abandon(now);
    this.#client = undefined;
    this.#link = undefined;
  }

  #turn(now: Instant): void {
    const client = this.#connected(now);
    // One conversation at a time: a slow host is not asked again before it has answered.
    if (client === undefined || client.pending > 0) return;
    if (this.#spec.mode === 'push')
      client.request('POST', this.#path, this.#documents.write(this.#tags, now), () => {}, now);
    else
      client.request(
        'GET',
        this.#path,
        NO_BODY,
        (response, at) => {
          if (response?.status === 200) this.#documents.take(response.body, at);
        },
        now,
      );
    this.#link?.pump();
  }

  #connected(now: Instant): HttpClient | undefined {
    if (this.#client !== undefined && !this.#client.closing) return this.#client;
    if (now < this.#notBefore) return undefined;
    const { host, queue, spec, plant } = this.#context;
    const client = new HttpClient(`${this.#spec.device}.${plant.network.domain}`, spec.identity.productName, TIMEOUT);
    const link = new MachineLink(queue, client, (_, at) => {
      client.abandon(at);
      this.#notBefore = at + RETRY_AFTER;
    });
    link.dial(host, this.#address, this.#port);
    this.#client = client;
    this.#link = link;
    return client;
  }
}

type Services = DeviceContext['spec']['services'];
const collectorPort = (services: Services): number | undefined => {
  const service = services.find((s) => s.protocol === 'scada' || s.protocol === 'historian');
  return service === undefined ? undefined : (service.port ?? HTTP_PORT);
};

export function collector(context: DeviceContext): Part | undefined {
  const port = collectorPort(context.spec.services);
  return port === undefined ? undefined : new Collector(context, port);
}

export function feeds(context: DeviceContext): Part | undefined {
  const all = context.spec.feeds.map((feed) => new Feed(context, feed));
  if (all.length === 0) return undefined;
  return {
    start: () => {
      for (const feed of all) feed.start();
    },
    stop: (now) => {
      for (const feed of all) feed.stop(now);
    },
  };
}
