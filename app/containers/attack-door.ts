/** Where the attack box's agent meets the range: a unix socket on a volume that only the two share, with a token that lies beside it. */
import { accessSync, constants, rmSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import { dirname, join } from 'node:path';
import type { Mark } from '@penstock/simulator/kernel';
import express, { type Router } from 'express';
import { instructorOnly } from '../server/roles.ts';
import { ATTACK_SOCKET } from './layout.ts';
import { decodeLine } from './link.ts';

/** Marks of one request; a scan makes many. */
const LARGEST = '4mb';

/** Undefined where this range has no attack box: there is no such volume. */
export async function serveAttackBox(
  token: string,
  onMarks: (marks: readonly Mark[]) => void,
  answer: (routes: readonly Router[]) => RequestListener,
): Promise<{ close(): Promise<void> } | undefined> {
  const folder = dirname(ATTACK_SOCKET);
  if (!isWritable(folder)) return undefined;
  const routes = express.Router();
  routes.post('/attack-box/marks', instructorOnly, express.text({ limit: LARGEST }), (request, response) => {
    const marks = marksIn(request.body);
    if (marks) onMarks(marks);
    response.status(marks ? 204 : 400).end();
  });
  const http = createServer(answer([routes]));
  rmSync(ATTACK_SOCKET, { force: true });
  await new Promise<void>((resolve, reject) => {
    http.once('error', reject);
    http.listen(ATTACK_SOCKET, () => resolve());
  });
  writeFileSync(join(folder, 'token'), token, { mode: 0o600 });
  return {
    close: () => {
      http.closeAllConnections();
      return new Promise((resolve) => void http.close(() => resolve()));
    },
  };
}

/** The image has the folder, but only a volume over it takes files. */
function isWritable(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

function marksIn(body: unknown): readonly Mark[] | undefined {
  try {
    const marks = decodeLine(String(body));
    return Array.isArray(marks) ? (marks as Mark[]) : undefined;
  } catch {
    return undefined;
  }
}
