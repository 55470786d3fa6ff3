/** Who asks: a token for each role, made at start. Everything that a role may not know is left out before it is sent. */
import { randomBytes } from 'node:crypto';
import type { PageRole } from '@penstock/core';
import type { NextFunction, Request, Response } from 'express';
import { isToken } from './guard.ts';

export type Tokens = Readonly<Record<PageRole, string>>;

export const makeTokens = (): Tokens => ({
  instructor: randomBytes(18).toString('base64url'),
  trainee: randomBytes(18).toString('base64url'),
});

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
