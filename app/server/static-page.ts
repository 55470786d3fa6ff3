/**
 * The built page, held in memory: its files are few, and what is not among them cannot be asked for by any path. Files whose names carry a
 * hash of their content may be kept for ever; compressed twins (`.br`, `.gz`) go to who takes them.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { extname, join, relative, sep } from 'node:path';
import type { Request, Response } from 'express';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.json': 'application/json',
  '.woff2': 'font/woff2',
};
/** In the order in which they are preferred. */
const ENCODINGS = [
  ['br', '.br'],
  ['gzip', '.gz'],
] as const;
const FOR_EVER = 'public, max-age=31536000, immutable';
const NOT_BUILT = `The page has not been built. Run 'npm run build', and start again.\n`;

interface File {
  readonly type: string;
  readonly plain: Buffer;
  readonly encoded: ReadonlyMap<string, Buffer>;
  readonly hashed: boolean;
}

export class StaticPage {
  readonly #files = new Map<string, File>();

  /** @param folder with index.html; where there is none, the page says that it is to be built */
  constructor(folder: string) {
    if (!existsSync(join(folder, 'index.html'))) return;
    const names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
    const known = new Set(names);
    for (const name of names) {
      const type = TYPES[extname(name)];
      if (type === undefined) continue;
      const path = relative(folder, join(folder, name)).split(sep).join('/');
      this.#files.set(path === 'index.html' ? '/' : `/${path}`, {
        type,
        plain: readFileSync(join(folder, name)),
        encoded: new Map(
          ENCODINGS.filter(([, ending]) => known.has(name + ending)).map(([encoding, ending]) => [
            encoding,
            readFileSync(join(folder, name + ending)),
          ]),
        ),
        hashed: path.startsWith('assets/'),
      });
    }
  }

  /** Answers a request for a file of the page. @returns whether there was one */
  answer(request: Request, response: Response): boolean {
    if (request.method !== 'GET' && request.method !== 'HEAD') return false;
    if (this.#files.size === 0 && request.path === '/') {
      response.status(503).type('text').send(NOT_BUILT);
      return true;
    }
    const file = this.#files.get(request.path);
    if (!file) return false;
    const taken = request.acceptsEncodings(...file.encoded.keys()) || 'identity';
    const encoded = file.encoded.get(taken);
    response.set({ 'Content-Type': file.type, Vary: 'Accept-Encoding' });
    if (file.hashed) response.set('Cache-Control', FOR_EVER);
    if (encoded) response.set('Content-Encoding', taken);
    response.end(request.method === 'HEAD' ? undefined : (encoded ?? file.plain));
    return true;
  }
}
