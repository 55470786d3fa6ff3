/** Files of a device as an FTP server sees them, and such a store in memory: nothing of it is a file of this machine. */

export interface StoredFile {
  readonly path: string;
  readonly size: number;
  /** Microseconds since 1970. */
  readonly modified: number;
  readonly writable: boolean;
}

/** Paths are absolute: `/firmware/image.bin`. */
export interface FtpFiles {
  /** Directories, `/` among them. */
  readonly directories: readonly string[];
  list(): readonly StoredFile[];
  read(path: string): Uint8Array | undefined;
  /** `full`: no room for it. */
  write(path: string, bytes: Uint8Array): 'done' | 'full' | 'read-only';
  remove(path: string): 'done' | 'missing' | 'read-only';
}

/** A file that somebody has left in a store. */
export interface KeptFile {
  readonly path: string;
  readonly bytes: Uint8Array;
  /** Microseconds since 1970. */
  readonly modified: number;
}

/** A file that shows what the device says at the moment. */
export interface ShownFile {
  readonly path: string;
  text(): string;
}

/** Bytes that one store holds, and files; and the longest path. */
const MOST_BYTES = 4 * 1024 * 1024;
const MOST_FILES = 256;
const LONGEST_PATH = 128;

export class MemoryFiles implements FtpFiles {
  readonly directories: readonly string[];
  readonly #shown: ReadonlyMap<string, ShownFile>;
  /** How often something was stored or removed. */
  changes = 0;
  readonly #files = new Map<string, Omit<KeptFile, 'path'>>();
  readonly #now: () => number;
  #bytes = 0;

  /** @param now microseconds since 1970 by the device's clock */
  constructor(directories: readonly string[], shown: readonly ShownFile[], now: () => number) {
    this.directories = ['/', ...directories];
    this.#shown = new Map(shown.map((file) => [file.path, file]));
    this.#now = now;
  }

  list(): StoredFile[] {
    const shown = [...this.#shown.values()].map(({ path, text }) => ({
      path,
      size: ENCODER.encode(text()).length,
      modified: this.#now(),
      writable: false,
    }));
    const own = [...this.#files].map(([path, { bytes, modified }]) => ({
      path,
      size: bytes.length,
      modified,
      writable: true,
    }));
    return [...shown, ...own].sort((a, b) => (a.path < b.path ? -1 : 1));
  }

  read(path: string): Uint8Array | undefined {
    const shown = this.#shown.get(path);
    return shown === undefined ? this.#files.get(path)?.bytes : ENCODER.encode(shown.text());
  }

  write(path: string, bytes: Uint8Array): 'done' | 'full' | 'read-only' {
    if (this.#shown.has(path) || this.directories.includes(path)) return 'read-only';
    const before = this.#files.get(path);
    const total = this.#bytes - (before?.bytes.length ?? 0) + bytes.length;
    if (total > MOST_BYTES || path.length > LONGEST_PATH) return 'full';
    if (before === undefined && this.#files.size >= MOST_FILES) return 'full';
    this.#bytes = total;
    this.#files.set(path, { bytes, modified: this.#now() });
    this.changes++;
    return 'done';
  }

  remove(path: string): 'done' | 'missing' | 'read-only' {
    if (this.#shown.has(path)) return 'read-only';
    const file = this.#files.get(path);
    if (file === undefined) return 'missing';
    this.#files.delete(path);
    this.#bytes -= file.bytes.length;
    this.changes++;
    return 'done';
  }

  /** What was left here. */
  save(): KeptFile[] {
    return [...this.#files].map(([path, file]) => ({ path, ...file }));
  }

  /** The other way round; what is here goes. Files for which there is no room are left out. */
  load(files: readonly KeptFile[]): void {
    this.#files.clear();
    this.#bytes = 0;
    for (const { path, bytes, modified } of files)
      if (this.write(path, bytes) === 'done') this.#files.set(path, { bytes, modified });
  }
}

const ENCODER = new TextEncoder();

/** `name` as seen from a directory; undefined for what leads out of the root. */
export function resolvePath(directory: string, name: string): string | undefined {
  const parts: string[] = name.startsWith('/') ? [] : directory.split('/').filter((part) => part !== '');
  for (const part of name.split('/')) {
    if (part === '' || part === '.') continue;
    if (part === '..') {
      if (parts.pop() === undefined) return undefined;
    } else parts.push(part);
  }
  return `/${parts.join('/')}`;
}

/** The directory that a path lies in. */
export const directoryOf = (path: string): string => path.slice(0, path.lastIndexOf('/')) || '/';
export const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);
