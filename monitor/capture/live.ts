import { spawn } from 'node:child_process';
import { networkInterfaces } from 'node:os';
import { PenstockError, UsageError } from '@penstock/core';
import { CaptureDecoder } from './decoder.ts';
import type { CaptureSink, CaptureSummary } from './record.ts';

/** A capture that runs until it is stopped. */
export interface LiveCapture {
  /** Ends the capture; `done` settles when the last packets are through. */
  stop(): void;
  /** Asks how many packets the system has lost so far; the answer goes to `onLost`. */
  ask(): void;
  /** Rejects with the one line that a person needs when the capture could not start or broke off. */
  readonly done: Promise<CaptureSummary>;
}

/**
 * How to capture without delay. The kernel's buffer then has a slot of the snap length for each packet, however short that is: what may be
 * long is better captured apart.
 */
export interface PromptCapture {
  readonly snapLength: number;
  /** KiB. */
  readonly buffer: number;
  /** As tcpdump has it. */
  readonly filter: string;
}

/**
 * Captures on a network interface through a `tcpdump` child, which is what needs the privilege, not this process.
 * @param name interface as the system calls it, or `any`
 * @param options.command another program with tcpdump's options
 * @param options.onLost told after `ask`: packets that the kernel has dropped since the start
 * @param options.prompt every packet at once, as somebody needs who acts on it, and with nanoseconds; without it tcpdump may hold packets
 *   back for a second
 * @throws UsageError `capture.interface` for a name that no interface can have. `done` rejects with PenstockError
 *   `capture.no-tcpdump`, `capture.permission`, UsageError `capture.interface` (no such one; the message lists those that
 *   there are) or PenstockError `capture.failed`
 */
export function captureLive(
  name: string,
  sink: CaptureSink,
  options: { command?: string; onLost?: (lost: number) => void; prompt?: PromptCapture } = {},
): LiveCapture {
  // A name that starts with a hyphen would be an option of tcpdump's.
  if (!/^[A-Za-z0-9_][\w.:@-]{0,63}$/.test(name))
    throw new UsageError('capture.interface', `'${name}' is not the name of a network interface; ${listInterfaces()}`);
  const command = options.command ?? 'tcpdump';
  const pace = options.prompt ? promptly(options.prompt) : ['-s', '0', '-B', KERNEL_BUFFER];
  const filter = options.prompt ? [options.prompt.filter] : [];
  const child = spawn(command, ['-i', name, '-n', '-U', ...pace, '-w', '-', ...filter], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const decoder = new CaptureDecoder(sink, `what ${command} prints`);
  let rest = new Uint8Array(0);
  let complaint = '';
  let failure: unknown;
  let stopped = false;

  child.stderr.on('data', (text: Buffer) => {
    complaint = (complaint + text.toString('utf8')).slice(-4096);
    if (/dropped by kernel/.test(complaint)) options.onLost?.(lostPackets(complaint));
  });
  child.stdout.on('data', (chunk: Buffer) => {
    if (failure !== undefined) return;
    try {
      rest = feed(decoder, rest, chunk);
    } catch (error) {
      failure = error;
      child.kill();
    }
  });
  const done = new Promise<CaptureSummary>((resolve, reject) => {
    child.on('error', (error: NodeJS.ErrnoException) => {
      failure ??=
        error.code === 'ENOENT'
          ? new PenstockError(
              'capture.no-tcpdump',
              `live capture needs ${command}, which is not installed here; install it (Debian: apt-get install tcpdump) or give a capture file`,
            )
          : error;
      if (child.pid === undefined) reject(failure);
    });
    child.on('close', (code) => {
      if (failure !== undefined) reject(failure);
      else if (code !== 0 && !stopped) reject(explain(command, name, code, complaint));
      else if (decoder.packets === 0 && decoder.wanted === 4) resolve(NOTHING);
      else resolve({ ...decoder.finish(rest.length), lost: lostPackets(complaint) });
    });
  });
  return {
    stop: () => {
      stopped = true;
      child.kill('SIGINT');
    },
    // tcpdump's SIGINFO, by the name that Linux has for it.
    ask: () => {
      child.kill('SIGUSR1');
    },
    done,
  };
}

/** KiB that the kernel keeps while this process is busy: a third of a second of a full gigabit. */
const KERNEL_BUFFER = '32768';

const promptly = ({ snapLength, buffer }: PromptCapture): string[] => [
  ...['--immediate-mode', '--time-stamp-precision=nano', '-s', String(snapLength), '-B', String(buffer)],
];

/** Stopped before tcpdump had even written its file header. */
const NOTHING: CaptureSummary = {
  format: 'pcap',
  packets: 0,
  bytes: 0,
  cut: 0,
  skipped: 0,
  lost: 0,
  truncated: false,
  damage: undefined,
};

/** How many packets the kernel dropped, by the newest of tcpdump's words. */
function lostPackets(words: string): number {
  return Number([...words.matchAll(/(\d+) packets? dropped by kernel/g)].at(-1)?.[1] ?? 0);
}

/** Decodes what was left over with the new chunk behind it; returns what is left over now. */
function feed(decoder: CaptureDecoder, rest: Uint8Array, chunk: Uint8Array): Uint8Array<ArrayBuffer> {
  let bytes = chunk;
  if (rest.length > 0) {
    bytes = new Uint8Array(rest.length + chunk.length);
    bytes.set(rest);
    bytes.set(chunk, rest.length);
  }
  return bytes.slice(decoder.consume(bytes, 0, bytes.length));
}

function explain(command: string, name: string, code: number | null, complaint: string): PenstockError {
  const lines = complaint
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.includes('listening on'));
  const last =
    lines.find((line) => /permission|permitted|no such device|doesn't exist/i.test(line)) ?? lines.at(-1) ?? '';
  if (/permission|not permitted/i.test(last))
    return new PenstockError(
      'capture.permission',
      `${command} may not capture on ${name}: run as root, or once: setcap cap_net_raw,cap_net_admin=eip on ${command}`,
    );
  if (/no such device|doesn't exist/i.test(last))
    return new UsageError('capture.interface', `there is no interface ${name}; ${listInterfaces()}`);
  return new PenstockError('capture.failed', `${command} ended with code ${code}: ${last || 'it gave no reason'}`);
}

function listInterfaces(): string {
  const names = Object.keys(networkInterfaces());
  return names.length === 0 ? 'this machine has none' : `this machine has ${names.join(', ')}`;
}
