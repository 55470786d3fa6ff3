/**
 * A device's DNP3 outstation on the wire: its points, its clock, its program as a file, and what it lets whom do. It looks for changes and tells them
 * of its own accord, so that it has a time of its own beside those of its connections.
 */
import {
  type CpuAccess,
  type Dnp3ServiceSpec,
  type Instant,
  milliseconds,
  NEVER,
  seconds,
  type WriteOutcome,
  type Writer,
} from '@penstock/core';
import {
  type ApplicationAction,
  Dnp3Outstation,
  type OutstationDevice,
  type OutstationFiles,
  type OutstationPoint,
  type OutstationSession,
  type OutstationSnapshot,
  type RestartKind,
} from '@penstock/protocols/dnp3';
import { formatIpv4 } from '@penstock/protocols/ethernet';
import type { Connection, Datagrams, Listening, MachineLink, Task } from '@penstock/simulator/kernel';
import { AccessList } from '../access-list.ts';
import { CausedLink } from '../caused-link.ts';
import type { DeviceContext, Part } from '../context.ts';

/** How long a device of this kind is away when it restarts. */
const AWAY = { cold: seconds(20), warm: seconds(5) } as const;
/** From the answer to a restart until it is gone, so that the answer is sent. */
const GOODBYE = milliseconds(200);
/** Masters over UDP that are kept apart, and connections at once; what comes beyond is turned away. */
const MOST_PEERS = 8;
const MOST_CONNECTIONS = 16;

/** A master that speaks over UDP. */
interface Peer {
  readonly session: OutstationSession;
  readonly address: number;
  readonly port: number;
}

export class Dnp3Service implements Part, Task {
  readonly #context: DeviceContext;
  readonly #spec: Dnp3ServiceSpec;
  readonly #outstation: Dnp3Outstation;
  readonly #list: AccessList;
  readonly #links = new Map<OutstationSession, MachineLink>();
  /** By address and port, the one that was heard longest ago first. */
  readonly #peers = new Map<string, Peer>();
  #listener: Listening | undefined;
  #socket: Datagrams | undefined;
  #planned: Instant = NEVER;
  #isOn = false;
  #wasOn = false;
  /** A restart that was asked for, and whether the device is gone for it already. */
  #restart:
    | { readonly kind: RestartKind; readonly writer: Writer; readonly gone: Instant; readonly back: Instant }
    | undefined;
  #isAway = false;

  constructor(context: DeviceContext, spec: Dnp3ServiceSpec) {
    const { controller, points } = context;
    this.#context = context;
    this.#spec = spec;
    this.#list = new AccessList(context, spec);
    const access = points ?? { read: () => 0, write: (): WriteOutcome => 'read-only' };
    const device: OutstationDevice = {
      read: (point) => access.read(point),
      write: (point, value, writer) => access.write(point, value, writer),
      check: (point, value, writer) => access.check?.(point, value, writer) ?? 'done',
      restart: (kind, writer, now) => this.#restarts(kind, writer, now),
      ...(controller && {
        application: (action: ApplicationAction, _names: readonly string[], writer: Writer) =>
          act(controller, action, writer),
      }),
    };
    this.#outstation = new Dnp3Outstation({
      address: spec.address,
      masters: spec.masters,
      anyMaster: spec.anyMaster,
      points: outstationPoints(context, spec),
      device,
      identity: context.identity,
      about: { name: context.spec.name, serialNumber: context.spec.mac.replaceAll(':', '').toUpperCase() },
      files: controller && new ProgramFiles(context, controller),
      clock: {
        read: () => Math.floor(context.clock.now() / 1000),
        set: (time) => context.clock.set(time * 1000),
      },
      timeSync: spec.needsTime === undefined ? undefined : { every: spec.needsTime },
      unsolicited: spec.unsolicited ? {} : undefined,
      scanEvery: spec.scan,
      events: {
        ...{ binary: spec.events, 'double-bit': spec.events, analog: spec.events, counter: spec.events },
        ...{ 'binary-output': spec.events, 'analog-output': spec.events },
      },
      link: { selfAddress: spec.selfAddress, confirmed: spec.linkConfirm, datagrams: spec.transport === 'udp' },
    });
  }

  start(now: Instant): void {
    if (this.#isOn) return;
    this.#isOn = true;
    if (this.#wasOn) this.#outstation.restarted('cold', now);
    this.#wasOn = true;
    this.#restart = undefined;
    this.#isAway = false;
    this.#listen();
    this.#outstation.tick(now);
    this.#plan();
  }

  stop(): void {
    this.#isOn = false;
    this.#leave();
  }

  /** What its masters have not confirmed. */
  save(): OutstationSnapshot {
    return this.#outstation.save(this.#context.queue.now);
  }

  /** Takes over what was saved, before it is started. */
  load(snapshot: OutstationSnapshot): void {
    this.#outstation.load(snapshot, this.#context.queue.now);
  }

  /** The outstation's time has come, or an earlier plan of it. */
  run(now: Instant): void {
    if (now !== this.#planned) return;
    this.#planned = NEVER;
    if (!this.#isOn) return;
    this.#restarting(now);
    if (!this.#isAway) {
      this.#outstation.tick(now);
      for (const peer of this.#peers.values()) {
        if (peer.session.due() <= now) peer.session.tick(now);
        this.#flush(peer);
      }
    }
    this.#plan();
  }

  #plan(): void {
    let due = this.#isAway ? NEVER : this.#outstation.due();
    for (const { session } of this.#peers.values()) due = Math.min(due, session.due()) as Instant;
    if (this.#restart !== undefined)
      due = Math.min(due, this.#isAway ? this.#restart.back : this.#restart.gone) as Instant;
    if (due >= this.#planned) return;
    this.#planned = Math.max(due, this.#context.queue.now) as Instant;
    this.#context.queue.at(this.#planned, this);
  }

  #listen(): void {
    const { host } = this.#context;
    if (this.#spec.transport === 'tcp') {
      this.#listener ??= host.listen(this.#spec.port, (connection) => this.#accept(connection));
      return;
    }
    this.#socket ??= host.udp(this.#spec.port, (buffer, start, end, address, port, now) => {
      const peer = this.#peer(address, port);
      if (peer === undefined) return;
      this.#context.causedBy(this.#socket);
      peer.session.receiveRange(buffer, start, end, now);
      this.#context.causedBy(undefined);
      this.#flush(peer);
      this.#plan();
    });
  }

  #leave(): void {
    this.#listener?.close();
    this.#listener = undefined;
    this.#socket?.close();
    this.#socket = undefined;
    for (const [session, link] of this.#links) {
      session.closed();
      link.connection?.close();
    }
    this.#links.clear();
    for (const { session } of this.#peers.values()) session.closed();
    this.#peers.clear();
  }

  #accept(connection: Connection): MachineLink | undefined {
    const { remoteAddress, remotePort } = connection;
    if (this.#links.size >= MOST_CONNECTIONS || !this.#list.admits(remoteAddress)) return undefined;
    const session = this.#session(remoteAddress, remotePort, () => this.#links.get(session)?.pump());
    const link = new CausedLink(this.#context, session, () => {
      session.closed();
      this.#links.delete(session);
      this.#plan();
    }).attach(connection);
    this.#links.set(session, link);
    session.opened(this.#context.queue.now);
    return link;
  }

  #peer(address: number, port: number): Peer | undefined {
    const key = `${address}:${port}`;
    const known = this.#peers.get(key);
    this.#peers.delete(key);
    if (known === undefined && !this.#list.admits(address)) return undefined;
    if (known === undefined && this.#peers.size >= MOST_PEERS) {
      const [oldest, peer] = this.#peers.entries().next().value as [string, Peer];
      peer.session.closed();
      this.#peers.delete(oldest);
    }
    const peer: Peer = known ?? { session: this.#session(address, port, () => this.#flush(peer)), address, port };
    this.#peers.set(key, peer);
    return peer;
  }

  #session(address: number, port: number, onOutput: () => void): OutstationSession {
    const source = formatIpv4(address);
    const onRefused = this.#list.mayWrite(address)
      ? undefined
      : () => this.#list.denied(source, 'write', `a change from ${source} refused`);
    return this.#outstation.session(source, port, onRefused, onOutput);
  }

  #flush({ session, address, port }: Peer): void {
    for (let frame = session.take(); frame !== undefined; frame = session.take())
      this.#socket?.send(address, port, frame);
  }

  #restarts(kind: RestartKind, writer: Writer, now: Instant): (typeof AWAY)[RestartKind] | undefined {
    const { controller } = this.#context;
    if (controller !== undefined && controller.key !== 'remote') return undefined;
    const gone = (now + GOODBYE) as Instant;
    this.#restart = { kind, writer, gone, back: (gone + AWAY[kind]) as Instant };
    this.#context.log({
      severity: 4,
      id: 'restart',
      text: `${kind} restart asked for by ${writer.address} over DNP3`,
      parameters: { src: writer.address, kind },
    });
    this.#plan();
    return AWAY[kind];
  }

  #restarting(now: Instant): void {
    const restart = this.#restart;
    if (restart === undefined) return;
    const { controller } = this.#context;
    if (!this.#isAway && now >= restart.gone) {
      this.#isAway = true;
      this.#leave();
      controller?.requestMode('stop', restart.writer);
    }
    if (!this.#isAway || now < restart.back) return;
    this.#isAway = false;
    this.#restart = undefined;
    controller?.requestMode('run', restart.writer, restart.kind);
    this.#outstation.restarted(restart.kind, now);
    this.#listen();
  }
}

/** What a master's application functions mean for a controller. */
function act(cpu: CpuAccess, action: ApplicationAction, writer: Writer): WriteOutcome {
  switch (action) {
    case 'start-application':
      return cpu.requestMode('run', writer);
    case 'stop-application':
      return cpu.requestMode('stop', writer);
    case 'initialize-application': {
      const stopped = cpu.requestMode('stop', writer);
      return stopped === 'done' ? cpu.requestMode('run', writer, 'cold') : stopped;
    }
    // What is loaded is kept without being told.
    case 'save-configuration':
      return 'done';
    default:
      return 'read-only';
  }
}

/** Engineering units go as floats, where `plant.yaml` does not say otherwise. */
const USUAL: Readonly<Record<string, number>> = { analog: 5, 'analog-output': 3 };

function outstationPoints(context: DeviceContext, spec: Dnp3ServiceSpec): OutstationPoint[] {
  const { points } = context.spec;
  return points.flatMap(({ dnp3 }, point): OutstationPoint[] => {
    if (dnp3 === undefined) return [];
    const { deadBand, trip, ...own } = dnp3;
    return [
      {
        ...own,
        point,
        variation: own.variation ?? USUAL[own.kind],
        selectRequired: spec.selectRequired,
        deadband: deadBand === undefined ? undefined : deadBand / dnp3.scale,
        tripPoint: trip === undefined ? undefined : points.findIndex(({ tag }) => tag === trip),
      },
    ];
  });
}

/** The program that runs, as a file that can be read, replaced and deleted; and the point list, which cannot be changed. */
class ProgramFiles implements OutstationFiles {
  readonly #cpu: CpuAccess;
  readonly #program: string;
  readonly #created: number;
  readonly #list: Uint8Array;

  constructor(context: DeviceContext, cpu: CpuAccess) {
    this.#cpu = cpu;
    this.#program = context.spec.controller?.program.split('/').at(-1) as string;
    this.#created = Math.floor(context.epoch / 1000);
    const rows = context.spec.points.flatMap(({ tag, dnp3 }) =>
      dnp3 === undefined ? [] : [`${dnp3.kind},${dnp3.index},${tag}`],
    );
    this.#list = new TextEncoder().encode(`${['kind,index,tag', ...rows].join('\n')}\n`);
  }

  list(): { name: string; size: number; created: number; writable: boolean }[] {
    const created = this.#created;
    const program = new TextEncoder().encode(this.#cpu.source);
    return [
      { name: this.#program, size: program.length, created, writable: true },
      { name: 'points.csv', size: this.#list.length, created, writable: false },
    ];
  }

  read(name: string): Uint8Array | undefined {
    if (name === this.#program) return new TextEncoder().encode(this.#cpu.source);
    return name === 'points.csv' ? this.#list : undefined;
  }

  write(name: string, octets: Uint8Array, writer: Writer): WriteOutcome {
    return name === this.#program
      ? this.#cpu.download(new TextDecoder().decode(octets), 'restart', writer)
      : 'read-only';
  }

  remove(name: string, writer: Writer): WriteOutcome {
    return name === this.#program ? this.#cpu.erase(writer) : 'read-only';
  }
}

export function dnp3Service(context: DeviceContext): Part | undefined {
  const spec = context.spec.services.find((s): s is Dnp3ServiceSpec => s.protocol === 'dnp3');
  return spec && new Dnp3Service(context, spec);
}
