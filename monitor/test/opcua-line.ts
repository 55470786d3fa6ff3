/** OPC UA conversations for captures: our client and server, whose bytes become segments of a connection. */
import type { Instant } from '@penstock/core';
import {
  BUILT_IN,
  browseBody,
  type EndpointDescription,
  type NodeId,
  OpcUaClient,
  type OpcUaClientOptions,
  OpcUaRequest,
  OpcUaServer,
  type OpcUaServerOptions,
  POLICY_NONE,
  type RequestOf,
  readRequest,
  type ServiceName,
  stringId,
  writeBody,
} from '@penstock/protocols/opcua';
import type { Lan, Session } from './lan.ts';

const TAGS = ['AIC401', 'AIT402', 'FIT101', 'LIT101'] as const;
const ITEMS = TAGS.map((id) => ({
  tag: { id, name: id, area: 'works', unit: '', range: [0, 400] as [number, number] },
  writable: id === 'AIC401',
}));

export const OPERATOR = { user: { name: 'operator', password: 'weir-77' } };

/** The endpoint with security that a server also has. */
function secured(server: OpcUaServer): EndpointDescription {
  const [plain] = server.endpoints() as [EndpointDescription];
  return {
    ...plain,
    ...{ securityMode: 3, securityPolicyUri: POLICY_NONE.replace('None', 'Basic256Sha256'), securityLevel: 10 },
  };
}

/** What a server of the works is; `secure`: it offers security, too. */
function worksServer(lan: Lan, options: Partial<OpcUaServerOptions> & { secure?: boolean }): OpcUaServer {
  const { secure, ...rest } = options;
  const values = [8, 8.3, 150, 2];
  let seed = 7;
  const all: OpcUaServerOptions = {
    ...{ applicationUri: 'urn:works:scada', productUri: 'urn:penstock:opcua', applicationName: 'Works SCADA' },
    ...{ manufacturer: 'Weirwater Controls', productName: 'Weir SCADA', softwareVersion: '4.2' },
    ...{ endpointUrl: 'opc.tcp://scada.works.example:4840', plantUri: 'urn:works:tags', plantName: 'Works' },
    items: ITEMS,
    methods: [{ name: 'Flush', area: 'works' }],
    access: {
      read: (item) => values[item] as number,
      write: (item, value, _, done) => {
        values[item] = value;
        done('done');
      },
      call: (_, __, ___, done) => done('done'),
    },
    clock: { now: () => lan.time },
    random: (count) =>
      Uint8Array.from({ length: count }, () => {
        seed = (seed * 75 + 74) % 65_537;
        return seed & 0xff;
      }),
    users: [{ ...OPERATOR.user, role: 'engineer' }],
    ...rest,
  };
  const server = new OpcUaServer(all);
  return secure ? new OpcUaServer({ ...all, furtherEndpoints: [secured(server)] }) : server;
}

export class OpcUaLine {
  readonly session: Session;
  readonly client: OpcUaClient;
  readonly #server: ReturnType<OpcUaServer['connection']>;
  readonly #lan: Lan;
  readonly #begin: number;

  constructor(
    lan: Lan,
    from: string,
    to: string,
    client: Partial<OpcUaClientOptions> = {},
    server: Partial<OpcUaServerOptions> & { secure?: boolean } = {},
  ) {
    this.#lan = lan;
    this.#begin = lan.time;
    this.session = lan.connect(from, to, 4840);
    this.client = new OpcUaClient({
      ...{ endpointUrl: 'opc.tcp://scada.works.example:4840', applicationUri: 'urn:tool', applicationName: 'Tool' },
      clock: { now: () => lan.time },
      ...client,
    });
    this.#server = worksServer(lan, server).connection(from, 50_000);
  }

  get now(): Instant {
    return (this.#lan.time - this.#begin) as Instant;
  }

  ask<N extends ServiceName>(service: N, body: RequestOf<N>): OpcUaRequest<N> {
    const request = new OpcUaRequest(service, body);
    this.client.submit(request, this.now);
    this.#run();
    return request;
  }

  read(...tags: string[]): this {
    this.ask('Read', readRequest(tags.map(nodeOf)).body);
    return this;
  }

  write(tag: string, value: number): this {
    this.ask('Write', writeBody([[nodeOf(tag), { type: BUILT_IN.Double, value }]]));
    return this;
  }

  browse(...nodes: NodeId[]): this {
    for (const node of nodes) this.ask('Browse', browseBody([node]));
    return this;
  }

  flush(): this {
    this.ask('Call', {
      methodsToCall: [{ objectId: nodeOf('area.works'), methodId: nodeOf('works.Flush'), inputArguments: [] }],
    });
    return this;
  }

  addNode(): this {
    this.ask('AddNodes', {
      nodesToAdd: [
        {
          ...{ parentNodeId: nodeOf('area.works'), referenceTypeId: { namespace: 0, kind: 'numeric', value: 35 } },
          requestedNewNodeId: nodeOf('LIT999'),
          ...{ browseName: { namespace: 2, name: 'LIT999' }, nodeClass: 2 },
          nodeAttributes: { typeId: { namespace: 0, kind: 'numeric', value: 0 }, encoding: 0, body: new Uint8Array(0) },
          typeDefinition: { namespace: 0, kind: 'numeric', value: 63 },
        },
      ],
    });
    return this;
  }

  close(): void {
    this.client.close(this.now);
    this.#run();
    this.session.close();
  }

  #run(): void {
    for (;;) {
      const up = this.client.take();
      if (up !== undefined) {
        this.session.send(up);
        this.#server.receive(up, this.now);
      }
      const down = this.#server.take();
      if (down !== undefined) {
        this.session.answer(down);
        this.client.receive(down, this.now);
      }
      if (up === undefined && down === undefined) return;
    }
  }
}

const nodeOf = (name: string): NodeId => stringId(name, 2);
