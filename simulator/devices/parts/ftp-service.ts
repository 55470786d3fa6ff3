/** A device's file drop on the wire: the control connection, and data connections either way. */
import { dataPortsOf, type FtpServiceSpec, seconds } from '@penstock/core';
import { formatIpv4 } from '@penstock/protocols/ethernet';
import {
  type DataChannel,
  type DataListener,
  type DataPlane,
  type FtpAccess,
  type FtpHost,
  FtpServer,
} from '@penstock/protocols/ftp';
import type { CloseReason, Connection, TcpHandler } from '@penstock/simulator/kernel';
import type { DeviceContext, Part } from '../context.ts';
import { type Doors, FIRMWARE_FOLDER, mayDo } from '../doors/index.ts';
import { DoorListener } from '../doors/listener.ts';

export function ftpService(context: DeviceContext): Part | undefined {
  const spec = context.spec.services.find((s): s is FtpServiceSpec => s.protocol === 'ftp');
  const { doors } = context;
  if (spec === undefined || doors === undefined) return undefined;
  const taken = new Set<number>();
  return new DoorListener(context, spec, (connection, pump) => {
    const source = formatIpv4(connection.remoteAddress);
    const host = fileHost(context, doors, spec, { protocol: 'ftp', address: source, port: connection.remotePort });
    return new FtpServer(host, dataPlane(context, spec, connection, taken, pump), source, context.queue.now);
  });
}

interface Source {
  readonly protocol: 'ftp';
  readonly address: string;
  readonly port: number;
}

function fileHost(context: DeviceContext, doors: Doors, spec: FtpServiceSpec, writer: Source): FtpHost {
  const { productName, modelName, revision } = context.identity;
  return {
    banner: `${productName} ${modelName} FTP server (${revision})`,
    system: 'UNIX Type: L8',
    files: doors.files,
    login(name, password): FtpAccess | undefined {
      if (name === 'anonymous' && spec.anonymous !== 'none') return { user: name, mayWrite: spec.anonymous === 'drop' };
      const user = doors.login(name, password, 'ftp', writer.address);
      return user && { user: user.user, mayWrite: mayDo(user, 'admin') };
    },
    stored(path, { user }) {
      const bytes = doors.files.read(path);
      const size = bytes?.length ?? 0;
      context.log({
        severity: 5,
        id: 'file-stored',
        text: `file ${path} stored by ${user} from ${writer.address} over ftp, ${size} bytes`,
        parameters: { src: writer.address, user },
      });
      // What lies in the firmware's folder is taken; whoever may leave files anonymously may not decide that.
      if (bytes !== undefined && user !== 'anonymous' && path.startsWith(`${FIRMWARE_FOLDER}/`))
        doors.install(bytes, writer);
    },
  };
}

/** @param taken ports on which somebody waits at the moment, of all sessions of the device */
function dataPlane(
  context: DeviceContext,
  spec: FtpServiceSpec,
  control: Connection,
  taken: Set<number>,
  pump: () => void,
): DataPlane {
  const { host } = context;
  const ports = dataPortsOf(spec);
  return {
    address: context.spec.address,
    listen(listener) {
      const port = ports.find((one) => !taken.has(one));
      if (port === undefined) return undefined;
      taken.add(port);
      const listening = host.listen(port, (connection) => {
        // A stranger does not get what was meant for whoever asked.
        if (connection.remoteAddress !== control.remoteAddress) return undefined;
        const handler = new DataHandler(context, listener, connection, pump);
        context.queue.at(context.queue.now, { run: () => handler.open() });
        return handler;
      });
      let isOpen = true;
      const stop = (): void => {
        if (!isOpen) return;
        isOpen = false;
        listening.close();
        taken.delete(port);
      };
      return { port, stop };
    },
    dial(port, listener) {
      const handler = new DataHandler(context, listener, undefined, pump);
      handler.connection = host.connect(control.remoteAddress, port, handler, { timeout: CONNECT_TIMEOUT });
    },
  };
}

const CONNECT_TIMEOUT = seconds(10);

/** One data connection. */
class DataHandler implements TcpHandler, DataChannel {
  connection: Connection | undefined;
  readonly #context: DeviceContext;
  readonly #listener: DataListener;
  readonly #pump: () => void;
  #waiting: Uint8Array | undefined;
  #sent = 0;
  #isOpen = false;
  #isOver = false;
  #hasEnded = false;

  constructor(context: DeviceContext, listener: DataListener, connection: Connection | undefined, pump: () => void) {
    this.#context = context;
    this.#listener = listener;
    this.connection = connection;
    this.#pump = pump;
  }

  open(): void {
    if (this.#isOpen || this.#isOver) return;
    this.#isOpen = true;
    this.#listener.open(this);
    this.#pump();
  }

  data(buffer: Uint8Array, start: number, end: number): void {
    if (!this.#isOpen) this.open();
    this.#context.causedBy(this.connection);
    this.#listener.data(buffer, start, end);
    this.#context.causedBy(undefined);
  }

  ended(): void {
    this.#hasEnded = true;
    this.connection?.close();
  }

  drained(): void {
    this.#continue();
  }

  closed(reason: CloseReason): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const isAllSent = this.#waiting === undefined || this.#sent >= this.#waiting.length;
    this.#context.causedBy(this.connection);
    this.#listener.closed(reason === 'closed' && isAllSent);
    this.#context.causedBy(undefined);
    this.#pump();
  }

  send(bytes: Uint8Array): void {
    this.#waiting = bytes;
    this.#continue();
  }

  abort(): void {
    if (!this.#isOver && !this.#hasEnded) this.connection?.abort();
  }

  #continue(): void {
    const { connection } = this;
    const bytes = this.#waiting;
    if (bytes === undefined || connection === undefined) return;
    while (this.#sent < bytes.length) {
      const end = Math.min(bytes.length, this.#sent + PIECE);
      const hasRoom = connection.send(bytes, this.#sent, end);
      this.#sent = end;
      if (!hasRoom) return;
    }
    connection.close();
  }
}

const PIECE = 8192;
