/** A device's way to another one's doors, over connections from its own address. */
import {
  type DeviceSpec,
  type Duration,
  type Instant,
  PenstockError,
  type ServiceSpec,
  type StreamMachine,
  seconds,
} from '@penstock/core';
import { parseIpv4 } from '@penstock/protocols/ethernet';
import { type DataListener, FtpClient, type FtpErrand, type FtpOutcome } from '@penstock/protocols/ftp';
import { basicAuthorization, HttpClient, type HttpResponse } from '@penstock/protocols/http';
import { type Binding, decodeSnmp, encodeSnmp, type Oid } from '@penstock/protocols/snmp';
import { TelnetClient, type TelnetOutcome } from '@penstock/protocols/telnet';
import {
  type Cause,
  type Connection,
  type Credentials,
  type DoorSession,
  type EventQueue,
  MachineLink,
  type NetworkHost,
  type TcpHandler,
  type WebRequest,
} from '@penstock/simulator/kernel';

const TIMEOUT = seconds(10);
const SNMP_TIMEOUT = seconds(3);
/** What a browser on a plant's workstation calls itself. */
const AGENT = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:128.0) Gecko/20100101 Firefox/128.0';
const NO_BODY = new Uint8Array(0);

/** A door of a device. @throws PenstockError `device.no-door` for a device that has none of the kind */
export function doorServiceOf<P extends 'web' | 'telnet' | 'ftp' | 'snmp'>(
  { id, services }: DeviceSpec,
  protocol: P,
): Extract<ServiceSpec, { protocol: P }> {
  const service = services.find((one) => one.protocol === protocol);
  if (service === undefined) throw new PenstockError('device.no-door', `'${id}' has no ${protocol} service`);
  return service as Extract<ServiceSpec, { protocol: P }>;
}

export class DeviceDoorSession implements DoorSession {
  readonly #queue: EventQueue;
  readonly #host: NetworkHost;
  readonly #target: DeviceSpec;
  readonly #domain: string;
  readonly #cause: Cause;
  #requests = 0;

  constructor(of: { queue: EventQueue; host: NetworkHost }, target: DeviceSpec, domain: string, cause: Cause) {
    this.#queue = of.queue;
    this.#host = of.host;
    this.#target = target;
    this.#domain = domain;
    this.#cause = cause;
  }

  web(request: WebRequest, done: (response: HttpResponse | undefined, now: Instant) => void): void {
    const { port } = doorServiceOf(this.#target, 'web');
    const client = new HttpClient(`${this.#target.id}.${this.#domain}`, AGENT, TIMEOUT);
    const { method, target, login, body = NO_BODY, type = 'application/x-www-form-urlencoded' } = request;
    const headers = {
      Connection: 'close',
      'Content-Type': type,
      ...(login && { Authorization: basicAuthorization(login) }),
    };
    const { now } = this.#queue;
    client.request(method, target, body, done, now, headers);
    this.#run(client, port, (at) => client.abandon(at));
  }

  console(login: Credentials, lines: readonly string[], done: (outcome: TelnetOutcome, now: Instant) => void): void {
    const { port } = doorServiceOf(this.#target, 'telnet');
    const client = new TelnetClient(login.user, login.password, lines, this.#queue.now, done);
    this.#run(client, port, (at) => client.abandon(at));
  }

  files(login: Credentials, errand: FtpErrand, done: (outcome: FtpOutcome, now: Instant) => void): void {
    const { port } = doorServiceOf(this.#target, 'ftp');
    const dial = (dataPort: number, listener: DataListener): void => this.#data(dataPort, listener, () => link.pump());
    const client = new FtpClient(login.user, login.password, errand, dial, this.#queue.now, done);
    const link = this.#run(client, port, (at) => client.abandon(at));
  }

  snmp(
    community: string,
    type: 'get-request' | 'get-next-request',
    oids: readonly Oid[],
    done: (bindings: readonly Binding[] | undefined, now: Instant) => void,
  ): void {
    const { port } = doorServiceOf(this.#target, 'snmp');
    const queue = this.#queue;
    const requestId = ++this.#requests;
    let isOver = false;
    const end = (bindings: readonly Binding[] | undefined, now: Instant): void => {
      if (isOver) return;
      isOver = true;
      socket.close();
      done(bindings, now);
    };
    const socket = this.#host.udp(0, (buffer, from, to, _address, _port, now) => {
      const decoded = decodeSnmp(buffer, from, to);
      if (decoded.status !== 'ok' || decoded.message.requestId !== requestId) return;
      const { errorStatus, bindings } = decoded.message;
      end(errorStatus === 0 ? bindings : [], now);
    });
    socket.cause = this.#cause;
    const bindings = oids.map((oid): Binding => ({ oid, value: { type: 'null' } }));
    const request = { version: 2, community, type, requestId, errorStatus: 0, errorIndex: 0, bindings } as const;
    socket.send(parseIpv4(this.#target.address), port, encodeSnmp(request));
    queue.in(SNMP_TIMEOUT as Duration, { run: (now) => end(undefined, now) });
  }

  #run(machine: StreamMachine, port: number, lost: (now: Instant) => void): MachineLink {
    const link = new MachineLink(this.#queue, machine, (_, now) => lost(now));
    const options = { timeout: TIMEOUT, cause: this.#cause };
    const connection = link.dial(this.#host, parseIpv4(this.#target.address), port, options);
    connection.cause = this.#cause;
    // A client that is greeted first waits for that; its patience counts from now on.
    link.pump();
    return link;
  }

  /** A data connection of FTP, opened by this side. */
  #data(port: number, listener: DataListener, pump: () => void): void {
    let isOpen = false;
    let isAborted = false;
    const handler: TcpHandler = {
      open: () => {
        isOpen = true;
        listener.open({
          send: (bytes) => {
            connection.send(bytes);
            connection.close();
          },
          abort: () => {
            isAborted = true;
            connection.abort();
          },
        });
        pump();
      },
      data: (buffer, start, end) => listener.data(buffer, start, end),
      closed: (reason) => {
        if (!isAborted) listener.closed(isOpen && reason === 'closed');
        pump();
      },
    };
    const options = { timeout: TIMEOUT, cause: this.#cause };
    const connection: Connection = this.#host.connect(parseIpv4(this.#target.address), port, handler, options);
    connection.cause = this.#cause;
  }
}
