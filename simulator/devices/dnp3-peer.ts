/** A device's DNP3 connection to one outstation: kept open, opened again after a loss, shared by all who speak through it. */
import {
  type DeviceSpec,
  type Dnp3PollSpec,
  type Dnp3ServiceSpec,
  type Instant,
  NEVER,
  PenstockError,
  seconds,
} from '@penstock/core';
import { Dnp3Master, type MasterHandler } from '@penstock/protocols/dnp3';
import { parseIpv4 } from '@penstock/protocols/ethernet';
import { type Cause, type Connection, type Datagrams, MachineLink, type Task } from '@penstock/simulator/kernel';
import type { DeviceContext } from './context.ts';
import { Every } from './every.ts';

const RETRY_EVERY = seconds(5);
const CONNECT_TIMEOUT = seconds(5);

export type PeerOptions = Pick<Dnp3PollSpec, 'address' | 'integrity' | 'unsolicited' | 'keepAlive'> &
  Partial<Pick<Dnp3PollSpec, 'every' | 'identify'>>;

/** The host that a master is on: a device, or one without. */
export type Dnp3Station = Pick<DeviceContext, 'queue' | 'host' | 'clock' | 'random'>;

export class Dnp3Peer implements Task {
  readonly target: string;
  /** The link address that it speaks under. */
  readonly address: number;
  readonly master: Dnp3Master;
  readonly #context: Dnp3Station;
  readonly #service: Dnp3ServiceSpec;
  readonly #address: number;
  readonly #again: Every;
  /** Of everything that goes out while somebody's work is under way. */
  #marked: Cause | undefined;
  /** Of what goes out at once. */
  #spoken: Cause | undefined;
  #link: MachineLink | undefined;
  #connection: Connection | undefined;
  #socket: Datagrams | undefined;
  #planned: Instant = NEVER;

  /**
   * @param poll without `every` it is somebody's tool: it sets nothing up and asks nothing of its own
   * @throws PenstockError `device.no-dnp3` when the target has no DNP3 outstation
   */
  constructor(context: Dnp3Station, target: DeviceSpec, poll: PeerOptions, handler: MasterHandler) {
    const service = dnp3ServiceOf(target);
    this.target = target.id;
    this.#context = context;
    this.#service = service;
    this.#address = parseIpv4(target.address);
    this.address = poll.address ?? (service.masters[0] as number);
    this.#again = new Every(context, RETRY_EVERY, (now) => this.#dial(now));
    this.master = new Dnp3Master({
      address: this.address,
      outstation: service.address,
      handler,
      setUp: poll.every !== undefined,
      identify: poll.identify,
      ...(poll.every === undefined && { timeSync: 'never', readsIndicated: false }),
      eventEvery: poll.every,
      integrityEvery: poll.integrity,
      unsolicited: poll.unsolicited ? [1, 2, 3] : [],
      clock: () => context.clock.now() / 1000,
      link: { confirmed: service.linkConfirm, datagrams: service.transport === 'udp', keepAlive: poll.keepAlive },
    });
  }

  start(now: Instant): void {
    this.#dial(now);
    this.#again.start();
  }

  /** The device lost power: what was under way is gone. */
  stop(now: Instant): void {
    this.#again.stop();
    this.#link = undefined;
    this.#connection = undefined;
    this.#socket?.close();
    this.#socket = undefined;
    this.master.disconnected(now);
  }

  /** Marks frames with a cause until it is taken away again. */
  mark(cause: Cause | undefined): void {
    this.#marked = cause;
  }

  /** Ends the connection with a goodbye. */
  close(now: Instant): void {
    const connection = this.#connection;
    this.stop(now);
    connection?.close();
  }

  /** Sends what `act` asks of the master. A cause marks its frames in the truth journal. */
  speak<T>(act: (master: Dnp3Master, now: Instant) => T, cause?: Cause): T {
    this.#spoken = cause;
    const result = act(this.master, this.#context.queue.now);
    this.#link?.pump();
    this.#flush();
    this.#spoken = undefined;
    return result;
  }

  /** A UDP master's time has come, or an earlier plan of it. */
  run(now: Instant): void {
    if (now !== this.#planned) return;
    this.#planned = NEVER;
    if (this.#socket === undefined) return;
    this.master.tick(now);
    this.#flush();
  }

  #dial(now: Instant): void {
    const { host, queue } = this.#context;
    const { port, transport } = this.#service;
    if (this.#connection !== undefined || this.#socket !== undefined) return;
    if (transport === 'udp') {
      this.#socket = host.udp(0, (buffer, start, end, address, _port, at) => {
        if (address !== this.#address) return;
        this.master.receiveRange(buffer, start, end, at);
        this.#flush();
      });
      this.master.opened(now);
      this.#flush();
      return;
    }
    const cause = (): Cause | undefined => this.#spoken ?? this.#marked;
    const link = new MasterLink(queue, this.master, cause, (_, at) => {
      if (this.#link !== link) return;
      this.#link = undefined;
      this.#connection = undefined;
      this.master.disconnected(at);
    });
    this.#link = link;
    this.#connection = link.dial(host, this.#address, port, { timeout: CONNECT_TIMEOUT, cause: this.#marked });
    this.#connection.cause = undefined;
  }

  /** UDP: one frame in a datagram. */
  #flush(): void {
    const socket = this.#socket;
    if (socket === undefined) return;
    const { master } = this;
    socket.cause = this.#spoken ?? this.#marked;
    for (let frame = master.take(); frame !== undefined; frame = master.take())
      socket.send(this.#address, this.#service.port, frame);
    socket.cause = undefined;
    const due = master.due();
    if (due >= this.#planned) return;
    const { queue } = this.#context;
    this.#planned = Math.max(due, queue.now) as Instant;
    queue.at(this.#planned, this);
  }
}

/** @throws PenstockError `device.no-dnp3` */
export function dnp3ServiceOf({ id, services }: DeviceSpec): Dnp3ServiceSpec {
  const service = services.find((s): s is Dnp3ServiceSpec => s.protocol === 'dnp3');
  if (service === undefined) throw new PenstockError('device.no-dnp3', `'${id}' has no DNP3 outstation`);
  return service;
}

/** Tells the master that the connection stands, and on whose behalf it speaks; what the network's stack says by itself has no cause of its own. */
class MasterLink extends MachineLink {
  readonly #master: Dnp3Master;
  readonly #cause: () => Cause | undefined;
  readonly #now: () => Instant;

  constructor(
    queue: DeviceContext['queue'],
    master: Dnp3Master,
    cause: () => Cause | undefined,
    closed: ConstructorParameters<typeof MachineLink>[2],
  ) {
    super(queue, master, closed);
    this.#master = master;
    this.#cause = cause;
    this.#now = () => queue.now;
  }

  override pump(): void {
    const { connection } = this;
    if (connection !== undefined) connection.cause = this.#cause();
    super.pump();
    if (connection !== undefined) connection.cause = undefined;
  }

  override open(): void {
    this.#master.opened(this.#now());
    super.open();
  }
}
