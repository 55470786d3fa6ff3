/**
 * What judges us from outside: tools on this machine, and reference data beside the project. Tests that need one of them are
 * skipped, visibly, where it is missing.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { JUDGES } from '../scripts/judges.mjs';

const known = new Map<string, boolean>();

/** Whether a judge is installed: `describe.skipIf(!hasJudge('tshark'))`. */
export function hasJudge(
  name: 'chromium' | 'tshark' | 'nmap' | 'mbpoll' | 'mosquitto' | 'pymodbus' | 'tcpdump' | 'snmp',
): boolean {
  const prepared = process.env.PENSTOCK_JUDGES;
  if (prepared !== undefined) return prepared.split(',').includes(name);
  let present = known.get(name);
  if (present === undefined) {
    const [command, ...args] = JUDGES.find((judge) => judge.name === name)?.probe ?? ['false'];
    present = spawnSync(command as string, args, { stdio: 'ignore', timeout: 60_000 }).status === 0;
    known.set(name, present);
  }
  return present;
}

/**
 * The path of a file or folder of the reference data (`captures/…`, `reference/…`), undefined where it is not there. The data lies
 * beside the project in `shared`, or where `PENSTOCK_SHARED` says.
 */
export function sharedPath(relative: string): string | undefined {
  const root = process.env.PENSTOCK_SHARED ?? fileURLToPath(new URL('../../shared', import.meta.url));
  const path = join(root, relative);
  return existsSync(path) ? path : undefined;
}

/**
 * Options for tshark where captures hold Sparkplug 3.0.0. Wireshark takes the topic on which a host application tells that it is there,
 * `spBv1.0/STATE/HOST` (chapter 4), for one of a node that lacks its name, and calls the frame malformed. It reads it as MQTT all the same.
 */
export const WITHOUT_SPARKPLUG: readonly string[] = ['--disable-protocol', 'sparkplugb'];
