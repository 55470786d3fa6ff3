import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { createServer } from 'node:net';
import type { Command } from 'commander';
import { JUDGES } from '../../scripts/judges.mjs';
import { print, printJson } from '../output.ts';
import { dockerFindings } from './docker-findings.ts';

export interface Finding {
  readonly what: string;
  readonly ok: boolean;
  /** What is there, or what to do about it. */
  readonly detail: string;
  /** Without it a range cannot run at all. */
  readonly needed: boolean;
}

/** `penstock doctor`: what this machine can do, and what is missing. */
export function addDoctor(program: Command): void {
  program
    .command('doctor')
    .description('what this machine can do, and what is missing')
    .option('--json', 'print JSON')
    .action(async ({ json }: { json?: boolean }) => {
      const findings = [
        node(),
        writable(),
        await loopback(),
        await privilegedPorts(),
        await pagePort(),
        ...tools(),
        ...dockerFindings(),
      ];
      if (json) printJson({ findings });
      else
        for (const f of findings)
          print(`${f.ok ? 'ok     ' : f.needed ? 'MISSING' : 'absent '}  ${f.what.padEnd(24)} ${f.detail}`);
      if (findings.some((f) => f.needed && !f.ok)) process.exitCode = 1;
    });
}

function node(): Finding {
  const ok = process.versions.node.startsWith('24.');
  return {
    what: 'Node 24',
    ok,
    needed: true,
    detail: ok
      ? `v${process.versions.node}`
      : `this is v${process.versions.node}; run npm install, which brings the pinned version`,
  };
}

function writable(): Finding {
  try {
    accessSync('.', constants.W_OK);
    return { what: 'folder for runs', ok: true, needed: false, detail: `${process.cwd()} can be written` };
  } catch {
    return {
      what: 'folder for runs',
      ok: false,
      needed: false,
      detail: `${process.cwd()} cannot be written; give run folders with --out DIR`,
    };
  }
}

async function loopback(): Promise<Finding> {
  const ok = await canListen('127.10.1.1', 0);
  return {
    what: 'loopback addresses',
    ok,
    needed: false,
    detail: ok
      ? 'every device gets an address of its own in 127.0.0.0/8'
      : 'only 127.0.0.1: devices share it on ports of their own',
  };
}

async function privilegedPorts(): Promise<Finding> {
  const ok = await canListen('127.0.0.1', 502, 'EADDRINUSE');
  return {
    what: 'ports below 1024',
    ok,
    needed: false,
    detail: ok
      ? 'devices listen on their standard ports (Modbus 502)'
      : 'not allowed: devices listen on the standard port + 10000 (Modbus 10502)',
  };
}

async function pagePort(): Promise<Finding> {
  const ok = await canListen('127.0.0.1', 8080);
  return {
    what: 'port of the page',
    ok,
    needed: false,
    detail: ok ? '8080 is free' : '8080 is taken; start with --port N (0 picks a free one)',
  };
}

function canListen(host: string, port: number, tolerated?: string): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code === tolerated));
    server.listen(port, host, () => server.close(() => resolve(true)));
  });
}

function tools(): Finding[] {
  return JUDGES.map((judge) => {
    const [command, ...args] = judge.probe as [string, ...string[]];
    const ok = spawnSync(command, args, { stdio: 'ignore', timeout: 20_000 }).status === 0;
    return {
      what: judge.name,
      ok,
      needed: false,
      detail: ok ? judge.checks : `not checked without it: ${judge.checks} (apt-get install ${judge.package})`,
    };
  });
}
