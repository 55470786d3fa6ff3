/**
 * Who may speak to the page's server: this machine's own browser, at the address that was printed, with the token that was
 * printed. Another host name (DNS rebinding), another origin and a missing token are refused.
 */
import { timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { NextFunction, Request, Response } from 'express';

/**
 * Only files that this server serves: no script, style, font, image or call from elsewhere, none written into the page, no code made of
 * text, and no frame around it.
 */
const POLICY = [
  "default-src 'none'",
  ...['script-src', 'style-src', 'font-src', 'img-src', 'connect-src', 'manifest-src'].map((kind) => `${kind} 'self'`),
  ...['object-src', 'frame-ancestors', 'base-uri', 'form-action'].map((kind) => `${kind} 'none'`),
].join('; ');

const HEADERS = {
  'Content-Security-Policy': POLICY,
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cache-Control': 'no-store',
};

export function guardHost(request: Request, response: Response, next: NextFunction): void {
  response.set(HEADERS);
  if (isLoopbackHost(request.headers.host)) next();
  else response.status(421).type('text').send('This server answers to 127.0.0.1 and localhost only.\n');
}

/** Whether a socket may be opened at all: from this machine's name, and by a page of ours where a browser says who asks. */
export function mayConnect({ headers: { host, origin } }: IncomingMessage): boolean {
  return isLoopbackHost(host) && (origin === undefined || origin === `http://${host}`);
}

/** Compares in constant time. */
export function isToken(given: unknown, token: string): boolean {
  if (typeof given !== 'string') return false;
  const a = Buffer.from(given);
  const b = Buffer.from(token);
  return a.length === b.length && timingSafeEqual(a, b);
}

const isLoopbackHost = (host: string | undefined): boolean =>
  host !== undefined && /^(127\.0\.0\.1|localhost|\[::1\])(:\d+)?$/i.test(host);
