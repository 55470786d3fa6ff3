/**
 * Passwords that pass in clear, as dissectors tell them: masked in everything that is written down. Who has to compare them with a list
 * of defaults reads the clear text from the event itself, where no log, journal or rule looks.
 */
import type { ProtocolEvent } from '@penstock/core';

/** Key of the clear text; being a symbol it is no column, and JSON leaves it out. */
export const SECRET: unique symbol = Symbol('secret');

/** Somebody proves who they are with what anybody on the way can read. */
export interface CredentialEvent extends ProtocolEvent {
  readonly name: 'credential';
  readonly protocol: string;
  readonly user: string | undefined;
  /** Masked, see `maskSecret`. */
  readonly password: string | undefined;
  /** Whether the server took it; undefined where no answer was seen. */
  readonly success: boolean | undefined;
  readonly [SECRET]: string;
}

const LONGEST_USER = 64;
const LONGEST_SECRET = 128;

export function credentialEvent(
  protocol: string,
  time: number,
  user: string | undefined,
  password: string,
  success: boolean | undefined,
): CredentialEvent {
  return {
    name: 'credential',
    time,
    protocol,
    user: user?.slice(0, LONGEST_USER),
    password: maskSecret(password),
    success,
    [SECRET]: password.slice(0, LONGEST_SECRET),
  };
}

/** What may be shown of a secret: its first character where it has at least four, and its length up to sixteen. Empty stays empty. */
export function maskSecret(secret: string): string {
  const shown = secret.length >= 4 ? (secret[0] as string) : '';
  return shown + '*'.repeat(Math.min(16, secret.length) - shown.length);
}
