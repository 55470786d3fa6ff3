import { type ControllerSpec, type Instant, milliseconds, type PointSpec, type Writer } from '@penstock/core';
import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { Controller, type DiagnosticEntry, encodeProgram, programWrites, STAGING_FILE } from '../index.ts';

const SOURCE = `VAR_GLOBAL
  LIT101 : REAL; FIT101 : REAL; FIT101_BAD : BOOL;
  P101 : BOOL; FCV101 : REAL;
END_VAR
VAR_GLOBAL RETAIN SP101 : REAL := 2.0; MODE101 : INT := 1; END_VAR
VAR_GLOBAL CONSTANT HIGH101 : REAL := 4.0; END_VAR
PROGRAM FAST
VAR N : INT; Z : INT; CALM : DINT; SPIN : BOOL; END_VAR
N := N + 1;
P101 := LIT101 < SP101 AND LIT101 < HIGH101;
FCV101 := FIT101 * 2.0;
IF SPIN THEN WHILE TRUE DO CALM := CALM + 1; END_WHILE; END_IF;
IF Z = 7 THEN N := N / (Z - 7); END_IF;
END_PROGRAM
PROGRAM SLOW
VAR COUNT : INT; END_VAR
COUNT := COUNT + 1;
END_PROGRAM
`;

const SPEC: ControllerSpec = {
  program: 'logic/test.st',
  tasks: [
    { program: 'FAST', every: milliseconds(100) },
    { program: 'SLOW', every: milliseconds(500) },
  ],
  inputs: ['LIT101', 'FIT101'],
  outputs: ['P101', 'FCV101'],
  key: 'remote',
  watchdog: 1000,
};

const POINTS: PointSpec[] = [
  { tag: 'LIT101', writable: false },
  { tag: 'SP101', writable: true, accepts: [0, 3] },
  { tag: 'MODE101', writable: true },
  { tag: 'HI101', variable: 'HIGH101', writable: true },
  { tag: 'N101', variable: 'FAST.N', writable: true },
];
const [LIT, SP, MODE, HIGH] = [0, 1, 2, 3];

const WRITER: Writer = { protocol: 'modbus', address: '10.1.2.3', port: 40001 };
const at = (ms: number) => (ms * 1000) as Instant;

class Plant {
  readonly values = [1, 3];
  readonly good = [true, true];
  readonly commands = [Number.NaN, Number.NaN];
  readonly log: DiagnosticEntry[] = [];
  readonly controller: Controller;
  #now = 0;

  constructor(spec: Partial<ControllerSpec> = {}, source = SOURCE) {
    const { values, good, commands, log } = this;
    this.controller = new Controller({
      spec: { ...SPEC, ...spec },
      points: POINTS,
      source,
      file: 'logic/test.st',
      io: {
        inputs: 2,
        readInput: (i) => values[i],
        inputGood: (i) => good[i],
        writeOutput: (i, value) => {
          commands[i] = value;
        },
      },
      log: (entry) => log.push(entry),
    });
  }

  scans(count: number): this {
    for (let i = 0; i < count; i++) {
      this.controller.scan(at(this.#now));
      this.#now += 100;
    }
    return this;
  }

  get(path: string): number {
    return this.controller.variables.require(path).get();
  }

  get ids(): string[] {
    return this.log.map((entry) => entry.id);
  }

  /** Sends a program as a client would. */
  send(text: string, recordsPerWrite?: number): string {
    let outcome = 'done';
    for (const { file, record, bytes } of programWrites(text, recordsPerWrite)) {
      outcome = this.controller.writeFile(file, record, bytes, WRITER);
      if (outcome !== 'done') return outcome;
    }
    return outcome;
  }
}

let plant: Plant;
beforeEach(() => {
  plant = new Plant();
});

describe('the scan', () => {
  it('copies inputs, runs the tasks that are due, copies outputs', () => {
    plant.scans(11);
    expect(plant.commands).toEqual([1, 6]);
    expect([plant.get('FAST.N'), plant.get('SLOW.COUNT')]).toEqual([11, 3]);
    expect(plant.controller.period).toBe(milliseconds(100));
    plant.values[0] = 2.5;
    plant.scans(1);
    expect(plant.commands[0]).toBe(0);
  });

  it('keeps the last value of a bad input and says so once', () => {
    plant.scans(1);
    plant.values[1] = 99;
    plant.good[1] = false;
    plant.scans(3);
    expect([plant.get('FIT101'), plant.get('FIT101_BAD'), plant.commands[1]]).toEqual([3, 1, 6]);
    plant.good[1] = true;
    plant.scans(2);
    expect([plant.get('FIT101'), plant.get('FIT101_BAD')]).toEqual([99, 0]);
    expect(plant.ids).toEqual(['input-bad', 'input-good']);
  });

  it('takes a value that the variable cannot hold for a bad input', () => {
    plant.scans(1);
    plant.values[0] = Number.NaN;
    plant.scans(1);
    expect([plant.get('LIT101'), plant.log[0]?.text]).toEqual([1, 'input LIT101 is bad, last value kept']);
  });

  it('does not catch up on tasks that were missed', () => {
    plant.scans(1);
    plant.controller.scan(at(60_000));
    plant.controller.scan(at(60_100));
    expect(plant.get('SLOW.COUNT')).toBe(2);
  });

  it('faults with name and line, and drives nothing from then on', () => {
    plant.scans(3);
    plant.controller.variables.require('FAST.Z').set(7);
    plant.scans(2);
    expect(plant.controller.mode).toBe('faulted');
    expect(plant.commands).toEqual([0, 0]);
    expect(plant.log).toEqual([
      { time: at(300), id: 'fault', text: 'faulted: division by zero (logic/test.st:13)', by: undefined },
    ]);
    expect(plant.controller.write(SP, 1, WRITER)).toBe('fault');
  });

  it('is stopped by the watchdog in a runaway loop', () => {
    plant.controller.variables.require('FAST.SPIN').set(1);
    plant.scans(1);
    expect(plant.controller.mode).toBe('faulted');
    expect(plant.log[0]).toMatchObject({
      id: 'watchdog',
      text: 'faulted: the watchdog stopped a scan of more than 1000 statements (logic/test.st:12)',
    });
  });
});

describe('points', () => {
  it('are read and written in engineering units', () => {
    plant.scans(1);
    const { controller } = plant;
    expect([controller.read(LIT), controller.read(SP)]).toEqual([1, 2]);
    expect(controller.write(SP, 2.5, WRITER)).toBe('done');
    expect(controller.write(MODE, 2.4, WRITER)).toBe('done');
    expect([controller.read(SP), controller.read(MODE)]).toEqual([2.5, 2]);
    expect(plant.log).toEqual([]);
  });

  it('refuse what is not writable, outside the device’s range or outside the type', () => {
    plant.scans(1);
    const { controller } = plant;
    expect(controller.write(LIT, 1, WRITER)).toBe('read-only');
    expect(controller.write(HIGH, 1, WRITER)).toBe('read-only');
    expect(controller.write(SP, 3.5, WRITER)).toBe('range');
    expect(controller.write(SP, Number.NaN, WRITER)).toBe('range');
    expect(controller.write(MODE, 40_000, WRITER)).toBe('range');
    expect(controller.check(SP, 3.5)).toBe('range');
    expect([controller.read(SP), controller.read(MODE)]).toEqual([2, 1]);
    // One entry a second, however many refusals.
    expect(plant.ids).toEqual(['write-refused']);
    expect(plant.log[0]).toMatchObject({ text: 'LIT101 := 1 refused (read-only)', by: 'modbus 10.1.2.3:40001' });
    plant.scans(12);
    controller.write(LIT, 2, WRITER);
    expect(plant.log[1]?.text).toBe('LIT101 := 2 refused (read-only); 4 more refusals before it');
  });
});

describe('the key', () => {
  it('at RUN lets nobody change program or mode over the network, but values', () => {
    plant = new Plant({ key: 'run' }).scans(1);
    const { controller } = plant;
    expect(controller.requestMode('stop', WRITER)).toBe('locked');
    expect(controller.download(SOURCE, 'online', WRITER)).toBe('locked');
    expect(plant.send(SOURCE)).toBe('locked');
    expect(controller.force('SP101', 1, WRITER)).toBe('locked');
    expect(controller.unforce(undefined, WRITER)).toBe('locked');
    expect(controller.write(SP, 1, WRITER)).toBe('done');
    expect(controller.mode).toBe('running');
  });

  it('at REMOTE lets both change', () => {
    plant.scans(1);
    const { controller } = plant;
    expect(controller.requestMode('stop', WRITER)).toBe('done');
    expect([controller.mode, plant.commands]).toEqual(['stopped', [0, 0]]);
    expect(controller.requestMode('run', WRITER)).toBe('done');
    plant.scans(1);
    expect([controller.mode, plant.commands]).toEqual(['running', [1, 6]]);
    expect(plant.ids).toEqual(['mode', 'stop', 'mode', 'start']);
    expect(plant.log[0]).toMatchObject({ text: 'stop requested', by: 'modbus 10.1.2.3:40001' });
  });

  it('at PROGRAM stops the controller for programming', () => {
    plant.scans(2);
    const { controller } = plant;
    controller.setKey('program');
    plant.scans(2);
    expect([controller.mode, plant.get('FAST.N'), plant.commands]).toEqual(['stopped', 2, [0, 0]]);
    expect(controller.requestMode('run', WRITER)).toBe('locked');
    expect(controller.requestMode('run')).toBe('locked');
    expect(plant.send(SOURCE.replace('* 2.0', '* 3.0'))).toBe('done');
    controller.setKey('run');
    plant.scans(1);
    expect(plant.commands).toEqual([1, 9]);
    expect(plant.ids.filter((id) => id !== 'write-refused')).toEqual(['key', 'stop', 'download', 'key', 'start']);
  });

  it('turned from PROGRAM to RUN clears a fault', () => {
    plant.controller.variables.require('FAST.Z').set(7);
    plant.scans(1);
    plant.controller.setKey('program');
    plant.controller.setKey('run');
    plant.scans(1);
    expect([plant.controller.mode, plant.commands[0]]).toEqual(['running', 1]);
  });
});

describe('power', () => {
  it('returns warm with retained values, cold without', () => {
    plant.scans(5);
    const { controller } = plant;
    controller.write(SP, 0.5, WRITER);
    controller.powerOff(at(500));
    expect([controller.mode, plant.commands]).toEqual(['off', [0, 0]]);
    expect([controller.write(SP, 1, WRITER), controller.requestMode('run'), controller.download(SOURCE)]).toEqual([
      'fault',
      'fault',
      'fault',
    ]);
    controller.scan(at(600));
    controller.powerOn(at(1000), 'warm');
    plant.scans(1);
    expect([plant.get('SP101'), plant.get('FAST.N')]).toEqual([0.5, 1]);
    controller.powerOff(at(1100));
    controller.powerOn(at(1200), 'cold');
    expect(plant.get('SP101')).toBe(2);
    expect(plant.ids.filter((id) => id !== 'write-refused')).toEqual([
      'power-off',
      'power-on',
      'start',
      'power-off',
      'power-on',
      'start',
    ]);
  });

  it('leaves a controller stopped that was stopped over the network', () => {
    plant.controller.requestMode('stop', WRITER);
    plant.controller.powerOff(at(0));
    plant.controller.powerOn(at(100), 'warm');
    expect(plant.controller.mode).toBe('stopped');
  });
});

describe('forces', () => {
  it('hold inputs against the wiring and outputs against the program, and lock writes', () => {
    const { controller } = plant;
    controller.force('LIT101', 5, WRITER);
    controller.force('fcv101', 12);
    plant.scans(2);
    expect(plant.commands).toEqual([0, 12]);
    expect(controller.forces).toEqual([
      { path: 'LIT101', value: 5 },
      { path: 'FCV101', value: 12 },
    ]);
    controller.force('SP101', 1);
    expect(controller.write(SP, 2, WRITER)).toBe('locked');
    controller.unforce('LIT101');
    plant.scans(1);
    expect(plant.commands).toEqual([0, 12]);
    controller.unforce();
    plant.scans(1);
    expect([controller.forces, plant.commands[1]]).toEqual([[], 6]);
    expect(plant.ids).toEqual(['force', 'force', 'force', 'write-refused', 'unforce', 'unforce', 'unforce']);
    expect(plant.log[0]).toMatchObject({ text: 'LIT101 forced to 5', by: 'modbus 10.1.2.3:40001' });
  });

  it('are refused for constants, for values that do not fit and for unknown variables', () => {
    const { controller } = plant;
    expect(controller.force('HIGH101', 1)).toBe('read-only');
    expect(controller.force('MODE101', 99_999)).toBe('range');
    expect(() => controller.force('LIT11', 1)).toThrow("did you mean 'LIT101'");
  });
});

describe('the diagnostic buffer', () => {
  it('keeps the last 200 entries, oldest first', () => {
    for (let i = 0; i < 150; i++) {
      plant.controller.setKey('program');
      plant.controller.setKey('remote');
    }
    const entries = plant.controller.diagnostics.list();
    expect(entries).toHaveLength(200);
    expect(entries.at(-1)).toEqual(plant.log.at(-1));
    expect(entries).toEqual(plant.log.slice(-200));
  });
});

describe('the program', () => {
  const EDITED = SOURCE.replace('* 2.0', '* 4.0').replace('CALM : DINT;', 'CALM : DINT; MORE : REAL;');

  it('is read as records with length, hash and text', () => {
    const header = plant.controller.readFile(1, 0, 8) as Uint8Array;
    expect(new DataView(header.buffer).getUint32(0)).toBe(SOURCE.length);
    expect(Buffer.from(header.slice(4, 12)).toString('hex')).toBe(plant.controller.hash.slice(0, 16));
    const count = Math.ceil(SOURCE.length / 2);
    const text = plant.controller.readFile(1, 8, count) as Uint8Array;
    expect(new TextDecoder().decode(text.subarray(0, SOURCE.length))).toBe(SOURCE);
    expect(plant.controller.readFile(1, 8, count + 1)).toBeUndefined();
    expect(plant.controller.readFile(2, 0, 1)).toBeUndefined();
    expect(plant.controller.readFile(0, 0, 1)).toBeUndefined();
  });

  it('changes online between two scans and keeps its values', () => {
    plant.scans(5);
    expect(plant.send(EDITED, 17)).toBe('done');
    plant.scans(1);
    expect([plant.get('FAST.N'), plant.commands[1]]).toEqual([6, 12]);
    expect([plant.controller.source, plant.controller.isOriginal]).toEqual([EDITED, false]);
    expect(plant.log).toMatchObject([{ id: 'download', by: 'modbus 10.1.2.3:40001' }]);
    expect(plant.controller.restore('online')).toBe('done');
    plant.scans(1);
    expect([plant.get('FAST.N'), plant.commands[1], plant.controller.isOriginal]).toEqual([7, 6, true]);
  });

  it('changes with a restart that gives everything its initial value', () => {
    plant.scans(5);
    plant.controller.write(SP, 0.5, WRITER);
    expect(plant.controller.download(EDITED, 'restart')).toBe('done');
    plant.scans(1);
    expect([plant.get('FAST.N'), plant.get('SP101')]).toEqual([1, 2]);
    expect(plant.ids).toEqual(['stop', 'download', 'start']);
  });

  it('with errors is refused with the compiler’s message, and the old one runs on', () => {
    plant.scans(1);
    expect(plant.send(SOURCE.replace('LIT101 < SP101', 'LIT11 < SP101'))).toBe('range');
    expect(plant.log).toMatchObject([
      {
        id: 'download-refused',
        text: "logic/test.st:10:9: the variable 'LIT11' is not declared; did you mean 'LIT101'?",
      },
    ]);
    plant.scans(1);
    expect([plant.controller.mode, plant.controller.isOriginal, plant.get('FAST.N')]).toEqual(['running', true, 2]);
  });

  it('that lacks a variable or task of the plant is refused', () => {
    expect(plant.controller.download(SOURCE.replaceAll('FCV101', 'FCV102'))).toBe('range');
    expect(plant.controller.download(SOURCE.replace('PROGRAM SLOW', 'PROGRAM SLOWER'))).toBe('range');
    expect(plant.log.map((entry) => entry.text)).toEqual([
      "logic/test.st: no single variable 'FCV101' for the output FCV101; did you mean 'FCV102'?",
      "there is no program 'SLOW'; the text has FAST, SLOWER",
    ]);
    expect(() => new Plant({ inputs: ['LIT101', 'LIT102'] })).toThrow(
      "no single variable 'LIT102' for the input LIT102",
    );
  });

  it('serves devices whose tags are called otherwise, by what the plant says which variable is whose', () => {
    const own = new Plant(
      { variables: { LIT101: 'LEVEL', FCV101: 'VALVE', SP101: 'WANTED' } },
      SOURCE.replaceAll('LIT101', 'LEVEL').replaceAll('FCV101', 'VALVE').replaceAll('SP101', 'WANTED'),
    );
    own.scans(3);
    plant.scans(3);
    expect(own.commands).toEqual(plant.commands);
    expect(own.get('LEVEL')).toBe(1);
    own.controller.write(SP, 2.5, WRITER);
    expect(own.get('WANTED')).toBe(2.5);
  });

  it('is verified by length and hash before it is compiled', () => {
    const { controller } = plant;
    const image = encodeProgram(EDITED);
    const write = (record: number, bytes: Uint8Array) => controller.writeFile(STAGING_FILE, record, bytes, WRITER);
    // Only half of the text came.
    for (let i = 16; i < image.length / 2; i += 200) write(i / 2, image.slice(i, i + 200));
    expect(write(0, image.slice(0, 12))).toBe('range');
    for (let i = 16; i < image.length; i += 200) write(i / 2, image.slice(i, Math.min(i + 200, image.length)));
    const changed = image.slice(0, 12);
    changed[5] ^= 1;
    expect(write(0, changed)).toBe('range');
    expect(plant.log.map((entry) => entry.text)[1]).toBe('the hash of the text is not that of the header');
    expect(controller.readFile(STAGING_FILE, 8, 4)).toEqual(image.slice(16, 24));
    expect(write(0, image.slice(0, 12))).toBe('done');
    expect(controller.source).toBe(EDITED);
  });

  it('goes over several files when it is long, in any encoding length', () => {
    const long = `${SOURCE}(* ${'é€'.repeat(9000)} *)\n`;
    expect(plant.send(long, 122)).toBe('done');
    expect(plant.controller.source).toBe(long);
    const image = encodeProgram(long);
    expect(plant.controller.readFile(2, 0, 100)).toEqual(image.slice(20_000, 20_200));
    expect(plant.controller.readFile(1, 9_999, 1)).toEqual(image.slice(19_998, 20_000));
    expect(plant.controller.readFile(1, 9_999, 2)).toBeUndefined();
  });

  it('staging refuses odd, empty and outlying records, and an empty header clears it', () => {
    const { controller } = plant;
    const write = (file: number, record: number, length: number) =>
      controller.writeFile(file, record, new Uint8Array(length), WRITER);
    expect([
      write(1, 0, 2),
      write(101, 0, 3),
      write(101, 0, 0),
      write(101, 9_999, 4),
      write(151, 0, 2),
      write(101, -1, 2),
    ]).toEqual(['read-only', 'range', 'range', 'range', 'range', 'range']);
    expect([write(101, 8, 4), write(101, 0, 12), controller.readFile(101, 8, 2)]).toEqual(['done', 'done', undefined]);
  });

  it('survives any sequence of writes to its files', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.tuple(
            fc.integer({ min: 0, max: 160 }),
            fc.integer({ min: -5, max: 10_005 }),
            fc.uint8Array({ maxLength: 250 }),
          ),
          { maxLength: 20 },
        ),
        (writes) => {
          for (const [file, record, bytes] of writes) {
            plant.controller.writeFile(file, record, bytes, WRITER);
            plant.controller.readFile(file, record, bytes.length);
          }
          expect(plant.controller.isOriginal).toBe(true);
        },
      ),
      { numRuns: 50 },
    );
  });

  it('keeps forces and bound variables over a change, as far as their variables remain', () => {
    const { controller } = plant;
    const bound = controller.variable('SP101');
    controller.force('LIT101', 5);
    controller.force('FAST.CALM', 1);
    expect(
      controller.download(EDITED.replace('CALM : DINT;', 'CALM2 : DINT;').replaceAll('CALM := CALM', 'CALM2 := CALM2')),
    ).toBe('done');
    expect(controller.forces).toEqual([{ path: 'LIT101', value: 5 }]);
    bound.set(1.25);
    expect([plant.get('SP101'), bound.get()]).toEqual([1.25, 1.25]);
    expect(controller.download(EDITED.replaceAll('SP101', 'SP102'))).toBe('range');
  });
});

describe('snapshots', () => {
  it('continue exactly where they were taken, with program, key and forces', () => {
    const edited = SOURCE.replace('* 2.0', '* 4.0');
    plant.scans(7);
    plant.controller.download(edited);
    plant.controller.force('SP101', 0.5);
    plant.good[1] = false;
    plant.scans(2);
    const saved = structuredClone(plant.controller.save());
    plant.scans(5);
    const other = new Plant();
    other.good[1] = false;
    other.controller.load(saved);
    expect(other.controller.save()).toEqual(saved);
    for (let t = 900; t < 1400; t += 100) other.controller.scan(at(t));
    expect(other.controller.save()).toEqual(plant.controller.save());
    expect(other.commands).toEqual(plant.commands);
    expect(() => new Plant({ tasks: [SPEC.tasks[0]] }).controller.load(saved)).toThrow('other tasks or inputs');
  });
});
