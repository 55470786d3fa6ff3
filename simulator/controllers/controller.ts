/**
 * A device's CPU: scans Structured Text on an I/O image. Key switch, modes, forces, diagnostic buffer, program transfer. It has no clock of
 * its own: the owner calls `scan` once a base period.
 */
import {
  type ControllerSpec,
  type CpuAccess,
  type Duration,
  type FileAccess,
  type Instant,
  PenstockError,
  type PointAccess,
  type PointSpec,
  START,
  type WriteOutcome,
  type Writer,
} from '@penstock/core';
import { BoundVariable } from './bound-variable.ts';
import { DiagnosticBuffer, type DiagnosticEntry, type DiagnosticId } from './diagnostics.ts';
import { type Force, ForceTable } from './forces.ts';
import { Program } from './program.ts';
import { ACTIVE_FILE, readRecords, STAGING_FILE, StagingArea } from './program-files.ts';
import type { Fault, RuntimeSnapshot, VariableTable } from './st/index.ts';

/** The wiring of a controller; positions are those of `spec.inputs` and `spec.outputs`, booleans 0 or 1. */
export interface ControllerIo {
  readonly inputs: number;
  readInput(i: number): number;
  inputGood(i: number): boolean;
  writeOutput(i: number, value: number): void;
  /**
   * A number that changes whenever an input, its quality or an output may have become another on the field's side. Without it
   * everything is read and written in every scan.
   */
  version?(): number;
}

/** RUN: runs, and nothing about program or mode changes over the network. REMOTE: both may. PROGRAM: stopped for programming. */
export type Key = ControllerSpec['key'];
export type Mode = 'off' | 'stopped' | 'running' | 'faulted';

export interface ControllerOptions {
  readonly spec: ControllerSpec;
  readonly points: readonly PointSpec[];
  /** Structured Text, and how errors call it. */
  readonly source: string;
  readonly file: string;
  readonly io: ControllerIo;
  /** Hears every entry of the diagnostic buffer as it is made. */
  readonly log?: ((entry: DiagnosticEntry) => void) | undefined;
}

/** State for a warm start: copies, nothing shared. A program transfer that is under way is not part of it. */
export interface ControllerSnapshot {
  readonly runtime: RuntimeSnapshot;
  readonly source: string;
  readonly mode: Mode;
  readonly key: Key;
  readonly stopRequested: boolean;
  readonly erased?: boolean;
  readonly now: number;
  readonly due: Float64Array;
  readonly badInputs: Uint8Array;
  readonly lastRefusal: number;
  readonly refusals: number;
  readonly forces: readonly Force[];
  readonly diagnostics: readonly DiagnosticEntry[];
}

const writerName = (writer: Writer | undefined): string | undefined =>
  writer && `${writer.protocol} ${writer.address}:${writer.port}`;

/** At most one refused write in this time gets an entry of its own, so that a scan cannot flood the log. */
const REFUSAL_QUIET = 1e6;

export class Controller implements PointAccess, FileAccess, CpuAccess {
  readonly spec: ControllerSpec;
  readonly points: readonly PointSpec[];
  readonly diagnostics: DiagnosticBuffer;
  /** How often `scan` wants to be called: the interval of the fastest task. */
  readonly period: Duration;
  readonly #io: ControllerIo;
  readonly #original: Program;
  readonly #staging = new StagingArea();
  readonly #due: Float64Array;
  readonly #badInputs: Uint8Array;
  /** Outputs as last written. */
  readonly #written: Float64Array;
  /** The field's version at the last reading; NaN: read and write in any case. */
  #fieldVersion = Number.NaN;
  readonly #bound = new Map<string, BoundVariable>();
  #program: Program;
  #mode: Mode;
  #key: Key;
  /** The program was taken away, and none was loaded since. */
  #erased = false;
  /** A stop over the network stays until a start, over power cycles too. */
  #stopRequested = false;
  #now: Instant = START;
  readonly #forces = new ForceTable();
  #lastRefusal = -REFUSAL_QUIET;
  #refusals = 0;

  /**
   * Makes a controller that has power since the start of the run and, unless the key is at PROGRAM, runs from the first scan on.
   * @throws PenstockError when the program has errors or lacks a variable that the plant needs
   */
  constructor(options: ControllerOptions) {
    const { spec, points, source, file } = options;
    this.spec = spec;
    this.points = points;
    this.#io = options.io;
    this.diagnostics = new DiagnosticBuffer(options.log);
    this.#original = new Program(source, file, spec, points);
    this.#program = this.#original;
    this.#key = spec.key;
    this.#mode = spec.key === 'program' ? 'stopped' : 'running';
    this.#due = new Float64Array(spec.tasks.length);
    this.#badInputs = new Uint8Array(spec.inputs.length);
    this.#written = new Float64Array(spec.outputs.length);
    this.period = Math.min(...spec.tasks.map((task) => task.every)) as Duration;
  }

  get mode(): Mode {
    return this.#mode;
  }

  get key(): Key {
    return this.#key;
  }

  /** The variables of the active program. A program change makes a new table. */
  get variables(): VariableTable {
    return this.#program.runtime.variables;
  }

  /**
   * A variable by path that stays valid when the program changes; from then on a program without it is refused.
   * @throws PenstockError `st.unknown` that names the nearest variable
   */
  variable(path: string): BoundVariable {
    const found = this.variables.require(path);
    let bound = this.#bound.get(found.path);
    if (bound === undefined) {
      bound = new BoundVariable(found.path, found);
      this.#bound.set(found.path, bound);
    }
    return bound;
  }

  /** The active program's text; empty after `erase`. */
  get source(): string {
    return this.#erased ? '' : this.#program.source;
  }

  /** SHA-256 of the active program's text, hexadecimal; empty after `erase`. */
  get hash(): string {
    return this.#erased ? '' : this.#program.hash;
  }

  /** Whether the active program is the one that the plant declares. */
  get isOriginal(): boolean {
    return this.hash === this.#original.hash;
  }

  /** Statements that the last scan executed. */
  get statements(): number {
    return this.#program.runtime.statements;
  }

  #log(id: DiagnosticId, text: string, writer?: Writer): void {
    this.diagnostics.add(this.#now, id, text, writerName(writer));
  }

  // Power and modes

  /** Power returns. Cold: all variables take their initial values; warm: retained ones keep theirs. Runs unless the key or a stop says otherwise. */
  powerOn(now: Instant, kind: 'cold' | 'warm'): void {
    this.#now = now;
    if (this.#mode !== 'off') return;
    this.#log('power-on', `power on, ${kind} restart`);
    this.#mode = 'stopped';
    if (this.#key === 'program' || this.#stopRequested || this.#erased) this.#restOutputs();
    else this.#start(kind);
  }

  powerOff(now: Instant): void {
    this.#now = now;
    if (this.#mode === 'off') return;
    this.#log('power-off', 'power off');
    this.#mode = 'off';
    this.#staging.clear();
    this.#restOutputs();
  }

  #start(kind: 'cold' | 'warm', writer?: Writer): void {
    this.#program.runtime.restart(kind);
    this.#due.fill(0);
    this.#mode = 'running';
    this.#log('start', `running, ${kind} restart`, writer);
  }

  #stop(text: string, writer?: Writer): void {
    this.#mode = 'stopped';
    this.#restOutputs();
    this.#log('stop', text, writer);
  }

  /** A controller that does not run drives nothing: every output is 0. */
  #restOutputs(): void {
    this.#fieldVersion = Number.NaN;
    for (let i = 0; i < this.spec.outputs.length; i++) this.#io.writeOutput(i, 0);
  }

  #fail(fault: Fault): void {
    this.#mode = 'faulted';
    this.#restOutputs();
    const where = fault.line > 0 ? ` (${this.#program.file}:${fault.line})` : '';
    this.#log(fault.id === 'st.watchdog' ? 'watchdog' : 'fault', `faulted: ${fault.message}${where}`);
  }

  /** Turns the key at the device. PROGRAM stops; RUN starts, and clears a fault when it comes from PROGRAM. */
  setKey(key: Key): void {
    const before = this.#key;
    if (key === before) return;
    this.#key = key;
    this.#log('key', `key turned from ${before.toUpperCase()} to ${key.toUpperCase()}`);
    if (this.#mode === 'off') return;
    if (key === 'program') {
      if (this.#mode !== 'stopped') this.#stop('stopped by the key');
    } else if (key === 'run') {
      this.#stopRequested = false;
      if (this.#mode === 'stopped' && !this.#erased) this.#start('warm');
    }
  }

  /** Starts or stops the controller. Over the network (`writer` given) the key must be at REMOTE. A start clears a fault. */
  requestMode(mode: 'run' | 'stop', writer?: Writer, restart: 'warm' | 'cold' = 'warm'): WriteOutcome {
    if (this.#mode === 'off' || (this.#erased && mode === 'run')) return 'fault';
    if (writer ? this.#key !== 'remote' : this.#key === 'program' && mode === 'run')
      return this.#refuse('locked', `mode ${mode}: the key is at ${this.#key.toUpperCase()}`, writer);
    this.#log('mode', `${mode} requested`, writer);
    this.#stopRequested = mode === 'stop';
    if (mode === 'stop') {
      if (this.#mode !== 'stopped') this.#stop('stopped by request', writer);
    } else if (this.#mode !== 'running') this.#start(restart, writer);
    return 'done';
  }

  // The scan

  /** One scan: inputs, the tasks that are due, outputs. Does nothing but keep the time while the controller does not run. */
  scan(now: Instant): void {
    this.#now = now;
    if (this.#mode !== 'running') return;
    const { runtime, outputs } = this.#program;
    const io = this.#io;
    const version = io.version === undefined ? Number.NaN : io.version();
    const stands = version === this.#fieldVersion;
    if (!stands || !this.#program.inputsStand()) this.#readInputs();
    this.#fieldVersion = version;
    const forced = this.#forces.size > 0;
    if (forced) this.#forces.apply();
    runtime.beginScan(now);
    const { tasks } = this.spec;
    const due = this.#due;
    for (let i = 0; i < tasks.length; i++) {
      if (now < due[i]) continue;
      const { every } = tasks[i];
      // A task that was missed (the controller stood still) is not run again for every interval in between.
      due[i] = due[i] + every > now ? due[i] + every : now + every;
      const fault = runtime.run(i);
      if (fault !== undefined) {
        this.#fail(fault);
        return;
      }
    }
    if (forced) this.#forces.apply();
    const written = this.#written;
    for (let i = 0; i < outputs.length; i++) {
      const value = outputs[i].get();
      if (stands && value === written[i]) continue;
      written[i] = value;
      io.writeOutput(i, value);
    }
  }

  #readInputs(): void {
    const { inputs, inputBad } = this.#program;
    const io = this.#io;
    const bad = this.#badInputs;
    for (let i = 0; i < inputs.length; i++) {
      // A value that the variable cannot hold is as bad as none: the last one stays.
      const good = io.inputGood(i) && inputs[i].set(io.readInput(i));
      inputBad[i]?.set(good ? 0 : 1);
      if (good === (bad[i] === 0)) continue;
      bad[i] = good ? 0 : 1;
      const tag = this.spec.inputs[i];
      this.#log(
        good ? 'input-good' : 'input-bad',
        good ? `input ${tag} is good again` : `input ${tag} is bad, last value kept`,
      );
    }
    this.#program.holdInputs();
  }

  // Forces

  /**
   * Holds a variable at a value whatever inputs, program and network say. Over the network (`writer` given) not with the key at RUN.
   * @throws PenstockError `st.unknown` when the program has no such variable
   */
  force(path: string, value: number, writer?: Writer): WriteOutcome {
    const variable = this.variables.require(path);
    if (writer && this.#key === 'run')
      return this.#refuse('locked', `force of ${variable.path}: the key is at RUN`, writer);
    if (variable.constant) return this.#refuse('read-only', `force of ${variable.path}: it is a constant`, writer);
    const held = variable.coerce(value);
    if (held === undefined)
      return this.#refuse('range', `force of ${variable.path}: ${variable.type.name} cannot hold ${value}`, writer);
    this.#forces.hold(variable, held);
    this.#log('force', `${variable.path} forced to ${variable.text}`, writer);
    return 'done';
  }

  /** Ends one force, or all of them without `path`. */
  unforce(path?: string, writer?: Writer): WriteOutcome {
    if (writer && this.#key === 'run') return this.#refuse('locked', 'end of forces: the key is at RUN', writer);
    const target = path === undefined ? undefined : this.variables.require(path).path;
    for (const free of this.#forces.release(target)) this.#log('unforce', `${free} no longer forced`, writer);
    return 'done';
  }

  get forces(): Force[] {
    return this.#forces.list();
  }

  // Points

  read(point: number): number {
    return this.#program.points[point].get();
  }

  check(point: number, value: number, _writer?: Writer): WriteOutcome {
    const spec = this.points[point];
    const variable = this.#program.points[point];
    if (this.#mode === 'off' || this.#mode === 'faulted') return 'fault';
    if (!spec.writable || variable.constant) return 'read-only';
    if (this.#forces.size > 0 && this.#forces.has(variable.path)) return 'locked';
    const { accepts } = spec;
    if (accepts !== undefined && !(value >= accepts[0] && value <= accepts[1])) return 'range';
    return variable.coerce(value) === undefined ? 'range' : 'done';
  }

  write(point: number, value: number, writer: Writer): WriteOutcome {
    const outcome = this.check(point, value, writer);
    if (outcome === 'done') this.#program.points[point].set(value);
    else this.#refuse(outcome, `${this.points[point].tag} := ${value}`, writer);
    return outcome;
  }

  #refuse(outcome: WriteOutcome, text: string, writer: Writer | undefined): WriteOutcome {
    if (this.#now - this.#lastRefusal < REFUSAL_QUIET) {
      this.#refusals++;
      return outcome;
    }
    const more = this.#refusals > 0 ? `; ${this.#refusals} more refusals before it` : '';
    this.#lastRefusal = this.#now;
    this.#refusals = 0;
    this.#log('write-refused', `${text} refused (${outcome})${more}`, writer);
    return outcome;
  }

  // Program

  /**
   * Replaces the program between two scans. A text with errors is refused (`range`) and the compiler's message goes to the diagnostic
   * buffer; over the network (`writer` given) the key must not be at RUN (`locked`).
   * @param how `online`: variables that both programs have keep their values; `restart`: stop, download, cold start
   */
  download(source: string, how: 'online' | 'restart' = 'online', writer?: Writer): WriteOutcome {
    if (this.#mode === 'off') return 'fault';
    if (writer && this.#key === 'run') return this.#refuse('locked', 'program download: the key is at RUN', writer);
    let next: Program;
    try {
      next = new Program(source, this.#original.file, this.spec, this.points);
      for (const path of this.#bound.keys()) next.runtime.variables.require(path);
    } catch (error) {
      if (!(error instanceof PenstockError)) throw error;
      this.#log('download-refused', error.message, writer);
      return 'range';
    }
    const before = this.#program;
    const wasRunning = this.#mode === 'running';
    this.#erased = false;
    if (how === 'restart' && wasRunning) this.#stop('stopped for a download', writer);
    if (how === 'online') next.runtime.adopt(before.runtime);
    this.#activate(next);
    this.#rebindForces();
    this.#log(
      'download',
      `program changed from ${before.hash.slice(0, 16)} to ${next.hash.slice(0, 16)} (${how})`,
      writer,
    );
    if (how === 'restart' && wasRunning) this.#start('cold', writer);
    return 'done';
  }

  /** Takes the program away: stops, and does not start before another is downloaded. Over the network not with the key at RUN. */
  erase(writer?: Writer): WriteOutcome {
    if (this.#mode === 'off') return 'fault';
    if (writer && this.#key === 'run') return this.#refuse('locked', 'program deletion: the key is at RUN', writer);
    this.#log('download', `program ${this.#program.hash.slice(0, 16)} deleted`, writer);
    this.#erased = true;
    if (this.#mode !== 'stopped') this.#stop('stopped: there is no program', writer);
    return 'done';
  }

  #activate(program: Program): void {
    this.#program = program;
    this.#fieldVersion = Number.NaN;
    for (const [path, bound] of this.#bound) bound.rebind(program.runtime.variables.require(path));
  }

  /** Downloads the program that the plant declares. */
  restore(how: 'online' | 'restart' = 'restart', writer?: Writer): WriteOutcome {
    return this.download(this.#original.source, how, writer);
  }

  /** Forces follow their variables into a new program; those whose variable is gone end. */
  #rebindForces(): void {
    for (const path of this.#forces.rebind(this.variables))
      this.#log('unforce', `${path} no longer forced: the program has no such variable`);
  }

  // Files

  readFile(file: number, record: number, count: number): Uint8Array | undefined {
    if (file >= STAGING_FILE) return this.#staging.read(file, record, count);
    if (this.#erased) return undefined;
    const { records } = this.#program;
    return readRecords(records, records.length, file - ACTIVE_FILE, record, count);
  }

  writeFile(file: number, record: number, bytes: Uint8Array, writer: Writer): WriteOutcome {
    if (this.#mode === 'off') return 'fault';
    if (file < STAGING_FILE) return this.#refuse('read-only', `write to file ${file}`, writer);
    if (this.#key === 'run') return this.#refuse('locked', `write to file ${file}: the key is at RUN`, writer);
    const staged = this.#staging.write(file, record, bytes);
    if (staged.kind === 'program') return this.download(staged.text, 'online', writer);
    if (staged.kind === 'stored') return 'done';
    this.#log('download-refused', staged.reason, writer);
    return 'range';
  }

  // Warm start

  save(): ControllerSnapshot {
    return {
      runtime: this.#program.runtime.save(),
      source: this.#program.source,
      mode: this.#mode,
      key: this.#key,
      stopRequested: this.#stopRequested,
      ...(this.#erased && { erased: true }),
      now: this.#now,
      due: this.#due.slice(),
      badInputs: this.#badInputs.slice(),
      lastRefusal: this.#lastRefusal,
      refusals: this.#refusals,
      forces: this.forces,
      diagnostics: this.diagnostics.list(),
    };
  }

  /** @throws PenstockError when the snapshot's program does not compile or belongs to another controller */
  load(snapshot: ControllerSnapshot): void {
    if (snapshot.due.length !== this.#due.length || snapshot.badInputs.length !== this.#badInputs.length)
      throw new PenstockError(
        'controller.snapshot',
        'the snapshot was made by a controller with other tasks or inputs',
      );
    if (snapshot.source !== this.#program.source)
      this.#activate(new Program(snapshot.source, this.#original.file, this.spec, this.points));
    this.#program.runtime.load(snapshot.runtime);
    this.#fieldVersion = Number.NaN;
    this.#mode = snapshot.mode;
    this.#key = snapshot.key;
    this.#stopRequested = snapshot.stopRequested;
    this.#erased = snapshot.erased ?? false;
    this.#now = snapshot.now as Instant;
    this.#due.set(snapshot.due);
    this.#badInputs.set(snapshot.badInputs);
    this.#lastRefusal = snapshot.lastRefusal;
    this.#refusals = snapshot.refusals;
    this.#forces.load(snapshot.forces, this.variables);
    this.diagnostics.load(snapshot.diagnostics);
  }
}
