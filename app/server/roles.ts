/** Who asks: a token for each role, made at start. Everything that a role may not know is left out before it is sent. */
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { type PageRole, shownPath, UsageError } from '@penstock/core';
import type { NextFunction, Request, Response } from 'express';
import { z } from 'zod';
import { isToken } from './guard.ts';

export type Tokens = Readonly<Record<PageRole, string>>;

export const makeTokens = (): Tokens => ({
  instructor: randomBytes(18).toString('base64url'),
  trainee: randomBytes(18).toString('base64url'),
});

/**
 * The tokens that `file` keeps, so that open pages come back when the range is started anew; drawn and kept there, for its owner only, where
 * there is no such file.
 * @throws UsageError `server.tokens` when the file is not one of ours, can be read by others, or cannot be written
 */
export function keptTokens(file: string): Tokens {
  const wrong = (why: string) => new UsageError('server.tokens', `${shownPath(file)} ${why}`);
  try {
    if (!existsSync(file)) {
      const tokens = makeTokens();
      writeFileSync(file, JSON.stringify(tokens), { mode: 0o600, flag: 'wx' });
      return tokens;
    }
    if (process.platform !== 'win32' && (statSync(file).mode & 0o077) !== 0)
      throw wrong('can be read by others; take that away (chmod 600) or delete it');
    return keptSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch (error) {
    if (error instanceof UsageError) throw error;
    if (error instanceof SyntaxError || error instanceof z.ZodError)
      throw wrong('holds no tokens of a range; delete it, or name another with --tokens');
    throw wrong(`cannot be read or written (${(error as NodeJS.ErrnoException).code})`);
  }
}

const kept = z.string().regex(/^[\w-]{24}$/);
const keptSchema = z.strictObject({ instructor: kept, trainee: kept });

/** The role that a token gives; undefined for a wrong one. Takes as long for every token. */
export function roleOf(given: unknown, tokens: Tokens): PageRole | undefined {
  const instructor = isToken(given, tokens.instructor);
  const trainee = isToken(given, tokens.trainee);
  return instructor ? 'instructor' : trainee ? 'trainee' : undefined;
}

/** Lets nobody in without a token; `response.locals.role` says which it was. */
export function guardTokens(tokens: Tokens): (request: Request, response: Response, next: NextFunction) => void {
  return (request, response, next) => {
    const role = roleOf(/^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1], tokens);
    if (role === undefined) {
      response.status(401).set('WWW-Authenticate', 'Bearer').json({
        error: 'the token that was printed at start is missing or wrong; send it as Authorization: Bearer TOKEN',
      });
      return;
    }
    response.locals.role = role;
    next();
  };
}

export const roleIn = (response: Response): PageRole => response.locals.role as PageRole;

/** Answers 403 to a trainee. */
export function instructorOnly(_request: Request, response: Response, next: NextFunction): void {
  if (roleIn(response) === 'instructor') next();
  else response.status(403).json({ error: 'this is for the instructor; you are a trainee here' });
}
