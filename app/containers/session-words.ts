/** What is said over the management channel about sessions that somebody who sits at a device holds from there to others. */
import type { Cause, Dnp3Session } from '@penstock/simulator/kernel';

/** Over what a session is opened, and to whom. */
export type Opening =
  | { readonly over: 'modbus' | 's7'; readonly target: string }
  | { readonly over: 'dnp3'; readonly target: string; readonly cause: Cause; readonly as?: number }
  | { readonly over: 'engineering' | 'points'; readonly target: string; readonly cause: Cause };

type Objects = Parameters<Dnp3Session['read']>[0];
type Command = Parameters<Dnp3Session['command']>[0];

/** One piece of work over a session; those of its kind only. */
export type Work =
  | { readonly do: 'pdu'; readonly unit: number; readonly pdu: Uint8Array; readonly cause: Cause }
  | { readonly do: 'message'; readonly message: Uint8Array; readonly cause: Cause }
  | { readonly do: 'read'; readonly objects: Objects; readonly cause: Cause }
  | { readonly do: 'perform'; readonly code: number; readonly objects: Objects; readonly cause: Cause }
  | {
      readonly do: 'command';
      readonly command: Command;
      readonly way: 'select' | 'direct';
      readonly cause: Cause;
    }
  | { readonly do: 'write-point'; readonly tag: string; readonly value: number }
  | { readonly do: 'read-program' | 'delete-program' }
  | { readonly do: 'log-on'; readonly password: string }
  | { readonly do: 'write-program'; readonly text: string }
  | { readonly do: 'set-mode'; readonly mode: 'run' | 'stop' };
