/** The browser that tests and benchmarks start: where it is, and how. */
import { execFileSync } from 'node:child_process';

/** @throws Error where there is none; tests ask `hasJudge('chromium')` first */
export const chromiumPath = (): string => execFileSync('which', ['chromium'], { encoding: 'utf8' }).trim();

/** The sandbox of the browser needs rights that a test may not have; the 3D stage is drawn in software; nobody outside is asked. */
export const CHROMIUM_FLAGS = [
  '--no-sandbox',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  // Drawing in software on a busy machine is slow, not hung.
  '--disable-gpu-watchdog',
  '--use-gl=angle',
  '--use-angle=swiftshader',
  '--enable-unsafe-swiftshader',
];
