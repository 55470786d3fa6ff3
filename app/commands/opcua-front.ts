import { UsageError } from '@penstock/core';
import type { Command } from 'commander';
import type { Place } from '../opcua/line.ts';
import { note, print, printJson } from '../output.ts';

interface FrontCommandOptions {
  readonly port: string;
  readonly pki: string;
  readonly user?: string;
  readonly trustAll?: boolean;
  readonly json?: boolean;
}

/** `penstock opcua-front GATE...`: OPC UA with security in front of devices of a range that runs on this machine. */
export function addOpcUaFront(program: Command): void {
  program
    .command('opcua-front')
    .description('offer OPC UA with Sign and SignAndEncrypt, on loopback, in front of devices of a running range')
    .argument('<gate...>', 'gates of OPC UA as `penstock up` lists them: HOST:PORT')
    .option('--port <n>', 'the first front listens here, the next one behind it', '4843')
    .option('--pki <folder>', 'keys, certificates and lists of trusted ones; made where there are none', 'opcua-pki')
    .option('--user <name:password>', 'logon for reading, where a device takes nobody without a name')
    .option(
      '--trust-all',
      'take every client certificate; else they wait in the folder until they are moved to the trusted ones',
    )
    .option('--json', 'print JSON')
    .action(async (gates: readonly string[], options: FrontCommandOptions) => {
      const first = Number(options.port);
      if (!Number.isInteger(first) || first < 1024 || first + gates.length > 65_536)
        throw new UsageError('opcua-front.port', `a front listens on 1024 to 65535, not ${options.port}`);
      const places = gates.map(placeOf);
      const { openSecureFront } = await import('../opcua/secure-front.ts');
      const fronts = [];
      for (const [i, target] of places.entries())
        fronts.push(
          await openSecureFront({
            ...{ target, listen: { host: '127.0.0.1', port: first + i }, pki: `${options.pki}/${i + 1}` },
            ...{ reader: loginOf(options.user), trustAll: options.trustAll === true },
          }),
        );
      const list = fronts.map(({ port, values }, i) => ({
        gate: gates[i] as string,
        url: `opc.tcp://127.0.0.1:${port}`,
        values,
      }));
      const megabytes = Math.round(process.memoryUsage().rss / 2 ** 20);
      if (options.json) printJson({ fronts: list, memoryMegabytes: megabytes });
      else {
        for (const { gate, url, values } of list) print(`${url}  in front of ${gate}: ${values} values`);
        note(`${megabytes} MiB for ${list.length === 1 ? 'one front' : `${list.length} fronts`}; Ctrl-C ends`);
      }
      await new Promise<void>((resolve) => {
        for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => resolve());
      });
      for (const front of fronts) await front.close();
    });
}

function placeOf(gate: string): Place {
  const match = /^([\w.-]+):(\d{1,5})$/.exec(gate);
  const port = Number(match?.[2]);
  // A front is for ranges on this machine: nothing else is reached.
  if (match === null || port > 65_535 || !/^(127\.\d+\.\d+\.\d+|localhost)$/.test(match[1] as string))
    throw new UsageError('opcua-front.gate', `'${gate}' is no gate on this machine; give it as 127.x.y.z:PORT`);
  return { host: match[1] as string, port };
}

function loginOf(text: string | undefined): { name: string; password: string } | undefined {
  if (text === undefined) return undefined;
  const at = text.indexOf(':');
  if (at < 1) throw new UsageError('opcua-front.user', 'a logon is given as NAME:PASSWORD');
  return { name: text.slice(0, at), password: text.slice(at + 1) };
}
