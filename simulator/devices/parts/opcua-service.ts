/**
 * A device's OPC UA server on the wire. Of a controller it offers the controller's memory; of another device what that displays, and what
 * clients write there goes on to the device that holds the point.
 */
import type { OpcUaServiceSpec, TagSpec, Writer } from '@penstock/core';
import { seconds } from '@penstock/core';
import { formatIpv4, parseIpv4 } from '@penstock/protocols/ethernet';
import { type OpcUaItems, type OpcUaNotice, type OpcUaOutcome, OpcUaServer, STATUS } from '@penstock/protocols/opcua';
import type { Cause, Connection, Listening, MachineLink, PointSession } from '@penstock/simulator/kernel';
import { AccessList } from '../access-list.ts';
import { CausedLink } from '../caused-link.ts';
import type { DeviceContext, Part } from '../context.ts';
import { Every } from '../every.ts';

/** How often alarms and history are looked at. */
const LOOK = seconds(1);
/** A displayed value is the last usable one after so many polls without another, and at least so long. */
const MISSED_POLLS = 3;
const SHORTEST_STALE = seconds(10);

/** What a server can be asked of the offered tags, and who answers. */
interface Values {
  read(tag: number, point: number): number;
  status(tag: number): number;
  time(tag: number): number;
  write(name: string, point: number, value: number, writer: Writer, done: (outcome: OpcUaOutcome) => void): void;
}

class OpcUaService implements Part {
  readonly #context: DeviceContext;
  readonly #spec: OpcUaServiceSpec;
  readonly #server: OpcUaServer;
  readonly #list: AccessList;
  readonly #look: Every | undefined;
  /** Open connections by the writer that the server knows them as. */
  readonly #links = new Map<Writer, { readonly connection: Connection; readonly link: MachineLink }>();
  #listener: Listening | undefined;

  constructor(context: DeviceContext, spec: OpcUaServiceSpec) {
    const { id, name } = context.spec;
    const { identity } = context;
    const { domain } = context.plant.network;
    this.#context = context;
    this.#spec = spec;
    this.#list = new AccessList(context, spec);
    const tags = spec.points.map(({ tag }) => context.plant.tags[context.tagIndex(tag)] as TagSpec);
    this.#server = new OpcUaServer({
      applicationUri: `urn:${id}.${domain}:opcua`,
      productUri: `urn:${identity.vendor}:${identity.productCode}`.replaceAll(' ', '-'),
      applicationName: name,
      manufacturer: identity.vendor,
      productName: identity.productName,
      get softwareVersion() {
        return identity.revision;
      },
      endpointUrl: `opc.tcp://${id}.${domain}:${spec.port}`,
      plantUri: `urn:${domain}:tags`,
      plantName: context.plant.name,
      items: spec.points.map(({ writable, history }, i) => ({ tag: tags[i] as TagSpec, writable, history })),
      methods: spec.methods.map(({ name: method, area, description, tag, value }) => ({
        ...{ name: method, area, description },
        ...(value === undefined && { argument: { name: tag } }),
      })),
      access: this.#access(spec),
      clock: context.clock,
      random: (count) => Uint8Array.from({ length: count }, () => context.random.below(256)),
      users: spec.users,
      anonymous: spec.anonymous,
      conditions: spec.conditions,
      history: spec.history,
      limits: { sessions: spec.sessions },
      onNotice: (notice) => this.#notice(notice),
    });
    const looks = spec.history !== undefined || (spec.conditions && tags.some(({ alarms }) => alarms !== undefined));
    if (looks) this.#look = new Every(context, LOOK, (now) => this.#server.tick(now));
  }

  start(): void {
    this.#listener ??= this.#context.host.listen(this.#spec.port, (connection) => this.#accept(connection));
    this.#look?.start();
  }

  stop(): void {
    this.#listener?.close();
    this.#listener = undefined;
    this.#look?.stop();
    for (const session of [...this.#server.sessions.values()]) this.#server.close(session);
  }

  #accept(connection: Connection): MachineLink | undefined {
    const { remoteAddress, remotePort } = connection;
    if (!this.#list.admits(remoteAddress)) return undefined;
    const end = this.#server.connection(formatIpv4(remoteAddress), remotePort, this.#list.mayWrite(remoteAddress));
    const link = new CausedLink(this.#context, end, () => {
      end.ended();
      this.#links.delete(end.writer);
    });
    this.#links.set(end.writer, { connection, link });
    return link.attach(connection);
  }

  #access({ points, methods }: OpcUaServiceSpec): OpcUaItems {
    const context = this.#context;
    const numbers = points.map(({ tag }) => context.tagIndex(tag));
    const places = points.map(({ tag }) => context.spec.points.findIndex((point) => point.tag === tag));
    const values = context.points === undefined ? this.#displayed() : this.#held();
    return {
      read: (item) => values.read(numbers[item] as number, places[item] as number),
      status: (item) => values.status(numbers[item] as number),
      time: (item) => values.time(numbers[item] as number),
      write: (item, value, writer, done) =>
        values.write((points[item] as { tag: string }).tag, places[item] as number, value, writer, done),
      call: (method, argument, writer, done) => {
        const { tag, value } = methods[method] as OpcUaServiceSpec['methods'][number];
        const place = context.spec.points.findIndex((point) => point.tag === tag);
        values.write(tag, place, value ?? (argument as number), writer, done);
      },
    };
  }

  /** A controller's own memory. */
  #held(): Values {
    const { points, clock } = this.#context;
    return {
      read: (_, point) => points?.read(point) ?? Number.NaN,
      status: () => STATUS.good,
      time: () => clock.now(),
      write: (_, point, value, writer, done) => done(points?.write(point, value, writer) ?? 'fault'),
    };
  }

  /** What a device without a memory of its own displays. */
  #displayed(): Values {
    const { store, clock, queue, spec } = this.#context;
    const slowest = Math.max(0, ...spec.polls.map(({ every }) => every), ...spec.feeds.map(({ every }) => every));
    const stale = Math.max(SHORTEST_STALE, MISSED_POLLS * slowest);
    const age = (tag: number): number => queue.now - (store.times[tag] as number);
    return {
      read: (tag) => store.values[tag] as number,
      status: (tag) => (age(tag) > stale ? STATUS.uncertainLastUsableValue : STATUS.good),
      time: (tag) => (store.has(tag) ? clock.now() - age(tag) : 0),
      write: (name, _, value, writer, done) => this.#passOn(name, value, writer, done),
    };
  }

  /** Over the standing conversation with the device that holds the point, in the name of whoever asked. */
  #passOn(tag: string, value: number, writer: Writer, done: (outcome: OpcUaOutcome) => void): void {
    const context = this.#context;
    const holder = context.spec.polls.find(
      ({ protocol, device }) =>
        protocol !== 'opcua' && context.device(device).points.some((point) => point.tag === tag && point.writable),
    );
    if (holder === undefined) {
      done('read-only');
      return;
    }
    const session: PointSession = context.operate(holder.device, this.#causeOf(writer));
    session.write(tag, value, (accepted) => {
      done(accepted ? 'done' : 'no-answer');
      // The answer comes long after the request was handled: nobody else would send it.
      this.#links.get(writer)?.link.pump();
    });
    session.release();
  }

  #causeOf(writer: Writer): Cause {
    return this.#links.get(writer)?.connection.heard ?? { actor: 'operation', step: `opcua:${writer.address}` };
  }

  #notice({ kind, writer, text }: OpcUaNotice): void {
    const source = writer.address;
    if (kind === 'write-refused' && !this.#list.mayWrite(parseIpv4(source))) {
      this.#list.denied(source, 'write', `a change from ${source} refused`);
      return;
    }
    const wrong = kind === 'logon-failed' || kind === 'write-refused' || kind === 'refused';
    this.#context.log({
      severity: wrong ? 4 : 5,
      id: kind === 'write' || kind === 'write-refused' ? `opcua-${kind}` : kind,
      text: `${text}, from ${source} over OPC UA`,
      parameters: { src: source, dport: String(this.#spec.port) },
    });
  }
}

export function opcuaService(context: DeviceContext): Part | undefined {
  const spec = context.spec.services.find((s): s is OpcUaServiceSpec => s.protocol === 'opcua');
  return spec && new OpcUaService(context, spec);
}
