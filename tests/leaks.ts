/**
 * A test file that ends with a socket, a timer, a child process or a file still open fails: what is left open keeps ports taken and
 * hides the defect that forgot it. Runs around every test file (`setupFiles`).
 */
import { readdirSync, readlinkSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect } from 'vitest';

const WATCHED = /^(TCP|UDP|TLS|Pipe|Process|Timeout|Immediate|FSEvent|Http|MessagePort)/;

/** How many resources of each kind keep the event loop alive, and which files of the disk are open (Linux). */
function open(): Map<string, number> {
  const counts = new Map<string, number>();
  const add = (name: string) => counts.set(name, (counts.get(name) ?? 0) + 1);
  for (const resource of process.getActiveResourcesInfo()) if (WATCHED.test(resource)) add(resource);
  if (process.platform === 'linux') for (const file of openFiles()) add(file);
  return counts;
}

function openFiles(): string[] {
  return readdirSync('/proc/self/fd').flatMap((descriptor) => {
    try {
      const target = readlinkSync(`/proc/self/fd/${descriptor}`);
      return /^\/(?!dev\/|proc\/)/.test(target) && !target.includes('/node_modules/') ? [target] : [];
    } catch {
      return [];
    }
  });
}

function more(before: ReadonlyMap<string, number>): string[] {
  return [...open()].flatMap(([name, count]) => {
    const extra = count - (before.get(name) ?? 0);
    return extra > 0 ? [`${extra} × ${name}`] : [];
  });
}

let before: Map<string, number>;

beforeAll(() => {
  before = open();
  // Vitest's own timers are not referenced or soon over: whatever timer stays is the tests'.
  before.delete('Timeout');
});

/** Closing takes a turn or two of the event loop; a busy machine stretches turns, and needs no more of them. */
const TURNS = 20;
/** What ends when another process or the other side of a connection does. It was told to, and may take its time: milliseconds. */
const ENDED_BY_OTHERS = /^\d+ × (Process|Pipe|TCPSocket)/;
const PATIENCE = Number(process.env.PENSTOCK_LEAK_PATIENCE ?? 20_000);

afterAll(async () => {
  const until = performance.now() + PATIENCE;
  let left: string[] = [];
  for (let turn = 0; turn < TURNS || (performance.now() < until && left.some((w) => ENDED_BY_OTHERS.test(w))); turn++) {
    await sleep(turn === 0 ? 1 : 25);
    left = more(before);
    if (left.length === 0) return;
  }
  expect(left, 'left open at the end of the file; close it in afterEach or afterAll').toEqual([]);
});
