import { seconds } from '@penstock/core';
import { beforeEach, describe, expect, it } from 'vitest';
import {
  type AppFragment,
  decodeFragment,
  FILE_MODE,
  FILE_STATUS,
  FUNCTION,
  IIN,
  type ObjectValue,
  sized,
} from '../index.ts';
import { Asker, TestFiles } from './stations.ts';

const text = (value: string): Uint8Array => new Uint8Array(Buffer.from(value));
let files: TestFiles;
let asker: Asker;

beforeEach(() => {
  files = new TestFiles();
  files.files.set(
    'config.txt',
    Uint8Array.from({ length: 2500 }, (_, i) => i & 255),
  );
  files.files.set('log.txt', text('started'));
  files.readOnly.add('log.txt');
  asker = new Asker({ files, fileLimits: { open: 2, size: 5000, idle: seconds(30) } });
});

const valueOf0 = (answer: AppFragment | undefined): ObjectValue | undefined => answer?.objects[0]?.items[0]?.value;
const ask = (code: number, variation: number, value: ObjectValue) =>
  valueOf0(asker.ask(code, [sized(70, variation, [value])]));

const command = (name: string, mode: number, key = 0): ObjectValue => ({
  ...{ type: 'file-command', name, created: 0, permissions: 0, key, size: 0, mode, maxBlock: 1000, requestId: 7 },
});
const status = (handle: number): ObjectValue => ({
  ...{ type: 'file-status', handle, size: 0, maxBlock: 0, requestId: 8, status: 0, text: '' },
});
const block = (handle: number, number: number, octets: Uint8Array = new Uint8Array(0), last = false): ObjectValue => ({
  ...{ type: 'file-transport', handle, block: number, last, octets },
});

const open = (name: string, mode: number, key = 0) => {
  const answer = ask(FUNCTION.openFile, 3, command(name, mode, key));
  if (answer?.type !== 'file-status') throw new Error('no g70v4');
  return answer;
};
const codeOf = (value: ObjectValue | undefined): number | undefined =>
  (value as { status?: number } | undefined)?.status;

describe('files', () => {
  it('are read block by block; the last block may be asked for again, another one may not', () => {
    const { handle, size, maxBlock, requestId } = open('config.txt', FILE_MODE.read);
    expect([size, maxBlock, requestId]).toEqual([2500, 1000, 7]);
    const read = (number: number) => ask(FUNCTION.read, 5, block(handle, number));
    const lengths = [0, 1, 1, 2]
      .map(read)
      .map((value) => (value?.type === 'file-transport' ? [value.octets.length, value.last] : []));
    expect(lengths).toEqual([
      [1000, false],
      [1000, false],
      [1000, false],
      [500, true],
    ]);
    expect(codeOf(read(0))).toBe(FILE_STATUS.blockSequence);
    expect(codeOf(ask(FUNCTION.closeFile, 4, status(handle)))).toBe(FILE_STATUS.success);
    expect(codeOf(read(3))).toBe(FILE_STATUS.invalidHandle);
  });

  it("become the device's when they are closed, and nothing when they are aborted or forgotten", () => {
    const first = open('new.txt', FILE_MODE.write);
    expect(codeOf(ask(FUNCTION.write, 5, block(first.handle, 0, text('half'))))).toBe(FILE_STATUS.success);
    expect(codeOf(ask(FUNCTION.abortFile, 4, status(first.handle)))).toBe(FILE_STATUS.success);
    expect(files.files.has('new.txt')).toBe(false);
    const second = open('new.txt', FILE_MODE.write);
    ask(FUNCTION.write, 5, block(second.handle, 0, text('one ')));
    ask(FUNCTION.write, 5, block(second.handle, 1, text('two'), true));
    // The same block again: its answer was lost.
    expect(codeOf(ask(FUNCTION.write, 5, block(second.handle, 1, text('two'), true)))).toBe(FILE_STATUS.success);
    expect(codeOf(ask(FUNCTION.write, 5, block(second.handle, 5, text('x'))))).toBe(FILE_STATUS.blockSequence);
    expect(codeOf(ask(FUNCTION.closeFile, 4, status(second.handle)))).toBe(FILE_STATUS.success);
    expect(Buffer.from(files.files.get('new.txt') as Uint8Array).toString()).toBe('one two');
    const third = open('late.txt', FILE_MODE.write);
    asker.pass(seconds(31));
    expect(codeOf(ask(FUNCTION.closeFile, 4, status(third.handle)))).toBe(FILE_STATUS.invalidHandle);
    expect(files.files.has('late.txt')).toBe(false);
  });

  it('are refused with the reason', () => {
    expect(open('none.txt', FILE_MODE.read).status).toBe(FILE_STATUS.notFound);
    expect(open('log.txt', FILE_MODE.write).status).toBe(FILE_STATUS.permissionDenied);
    expect(open('log.txt', 9).status).toBe(FILE_STATUS.invalidMode);
    expect(open('none.txt', FILE_MODE.append).status).toBe(FILE_STATUS.notFound);
    const writing = open('config.txt', FILE_MODE.write);
    expect(open('config.txt', FILE_MODE.read).status).toBe(FILE_STATUS.locked);
    expect(codeOf(ask(FUNCTION.deleteFile, 3, command('config.txt', 0)))).toBe(FILE_STATUS.locked);
    expect(open('log.txt', FILE_MODE.read).status).toBe(FILE_STATUS.success);
    expect(open('log.txt', FILE_MODE.read).status).toBe(FILE_STATUS.tooManyOpen);
    const write = (number: number, octets: Uint8Array) =>
      codeOf(ask(FUNCTION.write, 5, block(writing.handle, number, octets)));
    expect(write(0, new Uint8Array(1001))).toBe(FILE_STATUS.blockSize);
    expect([0, 1, 2, 3, 4].map((number) => write(number, new Uint8Array(1000)))).toEqual([0, 0, 0, 0, 0]);
    expect(write(5, new Uint8Array(1))).toBe(FILE_STATUS.bufferOverrun);
    expect((new Asker().ask(FUNCTION.openFile, [sized(70, 3, [command('a', 1)])])?.iin as number) & 0xff).toBe(
      IIN.functionNotSupported,
    );
  });

  it('are told: one by its name, all as a directory that is read', () => {
    const asked = {
      type: 'file-descriptor',
      name: 'log.txt',
      fileType: 'file',
      size: 0,
      created: 0,
      permissions: 0,
      requestId: 3,
    } as const;
    expect(ask(FUNCTION.getFileInfo, 7, asked)).toEqual({
      ...asked,
      size: 7,
      created: 1_700_000_000_000,
      permissions: 0o444,
    });
    expect(ask(FUNCTION.getFileInfo, 7, { ...asked, name: '/' })).toMatchObject({ fileType: 'directory', size: 2 });
    expect(ask(FUNCTION.getFileInfo, 7, { ...asked, name: 'none' })).toBeUndefined();
    const { handle } = open('', FILE_MODE.read);
    const value = ask(FUNCTION.read, 5, block(handle, 0));
    const listed = value?.type === 'file-transport' ? value.octets : new Uint8Array(0);
    // Descriptors one behind the other, without a prefix: each ends with its name.
    const first = listed.subarray(0, 20 + 'config.txt'.length);
    const head = Uint8Array.of(0xc0, FUNCTION.response, 0, 0, 70, 7, 0x5b, 1, first.length, 0);
    const { fragment } = decodeFragment(Uint8Array.from([...head, ...first]));
    expect(valueOf0(fragment)).toMatchObject({ type: 'file-descriptor', name: 'config.txt', size: 2500 });
    expect(Buffer.from(listed).toString('latin1')).toContain('log.txt');
  });

  it('need a key where the device wants one, good for one use', () => {
    Object.assign(files, { authenticate: (user: string, password: string) => `${user}/${password}` === 'ops/pump' });
    const key = (password: string): number => {
      const answer = ask(FUNCTION.authenticateFile, 2, { type: 'file-authentication', user: 'ops', password, key: 0 });
      return answer?.type === 'file-authentication' ? answer.key : -1;
    };
    expect(open('log.txt', FILE_MODE.read).status).toBe(FILE_STATUS.permissionDenied);
    expect(key('guess')).toBe(0);
    const good = key('pump');
    expect(open('log.txt', FILE_MODE.read, good).status).toBe(FILE_STATUS.success);
    expect(open('config.txt', FILE_MODE.read, good).status).toBe(FILE_STATUS.permissionDenied);
    expect(codeOf(ask(FUNCTION.deleteFile, 3, command('config.txt', 0, key('pump'))))).toBe(FILE_STATUS.success);
    expect([...files.files.keys()]).toEqual(['log.txt']);
  });
});
