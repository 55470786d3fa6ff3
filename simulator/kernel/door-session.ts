/** What somebody can do at another device's doors: its pages, its console, its file drop, its SNMP agent. */
import type { Instant } from '@penstock/core';
import type { FtpErrand, FtpOutcome } from '@penstock/protocols/ftp';
import type { HttpResponse } from '@penstock/protocols/http';
import type { Binding, Oid } from '@penstock/protocols/snmp';
import type { TelnetOutcome } from '@penstock/protocols/telnet';

/** User and password, as they are typed. */
export interface Credentials {
  readonly user: string;
  readonly password: string;
}

export interface WebRequest {
  readonly method: 'GET' | 'POST';
  /** Path with query. */
  readonly target: string;
  /** Sent by basic authentication. */
  readonly login?: Credentials | undefined;
  readonly type?: string;
  readonly body?: Uint8Array;
}

/** Each piece of work has a connection of its own, which ends with it. */
export interface DoorSession {
  /** @param done undefined where no answer came */
  web(request: WebRequest, done: (response: HttpResponse | undefined, now: Instant) => void): void;
  /** Logs on and gives commands, each when the console is ready for it. */
  console(login: Credentials, lines: readonly string[], done: (outcome: TelnetOutcome, now: Instant) => void): void;
  files(login: Credentials, errand: FtpErrand, done: (outcome: FtpOutcome, now: Instant) => void): void;
  /** One GET (or GETNEXT, which walks) of version 2c. @param done undefined where no answer came */
  snmp(
    community: string,
    kind: 'get-request' | 'get-next-request',
    oids: readonly Oid[],
    done: (bindings: readonly Binding[] | undefined, now: Instant) => void,
  ): void;
}
