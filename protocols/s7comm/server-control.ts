/** Program invocation services of a server: start and stop of the controller, blocks put in and taken out. */
import type { CpuAccess, WriteOutcome, Writer } from '@penstock/core';
import { decodeBlock, isProgram } from './blocks.ts';
import { decodeBlockArgument } from './codec.ts';
import type { S7Server } from './server.ts';
import type { Answer } from './server-transfer.ts';
import { ERROR, PLC_CONTROL, PLC_STOP } from './tables.ts';

const PROGRAM = 'P_PROGRAM';
/** Argument of a cold start; a warm one has none. */
const COLD = 'C ';

/** What an outcome of the device is called on the wire; 0 for done. */
export function errorOf(outcome: WriteOutcome): number {
  switch (outcome) {
    case 'done':
      return 0;
    case 'locked':
    case 'read-only':
      return ERROR.protection;
    default:
      return ERROR.serious;
  }
}

const answer = (error: number, code: number): Answer => (error === 0 ? { function: 'done', code } : error);

export function stopPlc({ cpu }: S7Server, service: string, writer: Writer): Answer {
  if (service !== PROGRAM || cpu === undefined) return ERROR.parameter;
  if (cpu.mode === 'stopped') return ERROR.modeAlready;
  return answer(errorOf(cpu.requestMode('stop', writer)), PLC_STOP);
}

export function controlPlc(server: S7Server, service: string, argument: Uint8Array, writer: Writer): Answer {
  const { cpu } = server;
  if (cpu === undefined) return ERROR.noFunction;
  switch (service) {
    case PROGRAM:
      return startPlc(cpu, String.fromCharCode(...argument.subarray(0, 16)), writer);
    case '_INSE':
    case '_INS2':
      return eachBlock(argument, () => insert(server, cpu, writer));
    case '_DELE':
      return eachBlock(argument, (filesystem) => remove(server, cpu, filesystem, writer));
    // The program survives a loss of power as it is, and its memory has no gaps.
    case '_MODU':
    case '_GARB':
      return { function: 'done', code: PLC_CONTROL };
    default:
      return ERROR.parameter;
  }
}

function startPlc(cpu: CpuAccess, argument: string, writer: Writer): Answer {
  if (argument !== '' && argument !== COLD) return ERROR.parameter;
  if (cpu.mode === 'running') return ERROR.modeAlready;
  if (cpu.source === '') return ERROR.notInThisMode;
  return answer(errorOf(cpu.requestMode('run', writer, argument === COLD ? 'cold' : 'warm')), PLC_CONTROL);
}

/** Only the program's block can be put in or taken out; the first that fails ends it. */
function eachBlock(argument: Uint8Array, act: (filesystem: string) => number): Answer {
  const decoded = decodeBlockArgument(argument);
  if (decoded.status !== 'ok' || decoded.message.length === 0) return ERROR.blockName;
  for (const { type, number, filesystem } of decoded.message) {
    const error = isProgram(type, number) ? act(filesystem) : ERROR.noBlock;
    if (error !== 0) return error;
  }
  return { function: 'done', code: PLC_CONTROL };
}

/** What was loaded becomes the program that runs. One that does not compile is refused, and the old one goes on. */
function insert(server: S7Server, cpu: CpuAccess, writer: Writer): number {
  const { staged } = server;
  if (staged === undefined) return ERROR.noBlock;
  const block = decodeBlock(staged);
  if (block.status !== 'ok' || block.message.type !== 8) {
    server.staged = undefined;
    return ERROR.serious;
  }
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(block.message.content);
  } catch {
    server.staged = undefined;
    return ERROR.serious;
  }
  const outcome = cpu.download(text, 'online', writer);
  if (outcome !== 'locked') server.staged = undefined;
  if (outcome === 'done') server.programChanged();
  return errorOf(outcome);
}

/** Of the passive file system what was loaded, else the program itself. */
function remove(server: S7Server, cpu: CpuAccess, filesystem: string, writer: Writer): number {
  if (filesystem === 'P') {
    if (server.staged === undefined) return ERROR.noBlock;
    server.staged = undefined;
    return 0;
  }
  return cpu.source === '' ? ERROR.noBlock : errorOf(cpu.erase(writer));
}
