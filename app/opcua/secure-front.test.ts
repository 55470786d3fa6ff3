/** node-opcua's client at the front, with Sign and SignAndEncrypt: what it reads and writes is the device's, in the client's own name. */
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Gated } from '../../protocols/exchange/test/gate.ts';
import { openGate } from '../../protocols/opcua/test/gate.ts';
import { type TestPlant, testPlant } from '../../protocols/opcua/test/plant.ts';
import { openSecureFront, type SecureFront } from './secure-front.ts';

const SLOW = 400_000;
const require = createRequire(import.meta.url);

let plant: TestPlant;
let gate: Gated;
let front: SecureFront;
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'opcua-front-'));
  plant = testPlant();
  gate = await openGate(plant, false);
  front = await openSecureFront({
    target: { host: gate.host, port: gate.port },
    listen: { host: '127.0.0.1', port: 0 },
    pki: join(folder, 'front'),
    trustAll: true,
  });
}, SLOW);

afterAll(async () => {
  await front?.close();
  await gate?.close();
  rmSync(folder, { recursive: true, force: true });
}, SLOW);

/** A session of node-opcua's client, which ends with `work`. */
async function session<T>(
  mode: 'Sign' | 'SignAndEncrypt',
  user: { name: string; password: string } | undefined,
  work: (session: import('node-opcua-client').ClientSession) => Promise<T>,
): Promise<T> {
  const lib = require('node-opcua-client') as typeof import('node-opcua-client');
  const { OPCUACertificateManager } =
    require('node-opcua-certificate-manager') as typeof import('node-opcua-certificate-manager');
  const rootFolder = join(folder, 'client');
  const certificates = new OPCUACertificateManager({ rootFolder, automaticallyAcceptUnknownCertificate: true });
  const client = lib.OPCUAClient.create({
    endpointMustExist: false,
    clientCertificateManager: certificates,
    securityMode: lib.MessageSecurityMode[mode],
    securityPolicy: lib.SecurityPolicy.Basic256Sha256,
    connectionStrategy: { maxRetry: 2 },
  });
  try {
    await client.connect(`opc.tcp://127.0.0.1:${front.port}`);
    const open = await client.createSession(
      user === undefined
        ? { type: lib.UserTokenType.Anonymous }
        : { type: lib.UserTokenType.UserName, userName: user.name, password: user.password },
    );
    const result = await work(open);
    await open.close();
    return result;
  } finally {
    await client.disconnect();
    await certificates.dispose();
  }
}

const OPERATOR = { name: 'operator', password: 'weir' };

describe('the front with security', { timeout: SLOW }, () => {
  it('offers what the device offers', async () => {
    expect(front.values).toBe(4);
    const read = await session('Sign', undefined, async (open) => {
      const values = await open.read([
        { nodeId: 'ns=1;s=LIT101', attributeId: 13 },
        { nodeId: 'ns=1;s=P101', attributeId: 13 },
      ]);
      return values.map(({ value, statusCode }) => [value.value, statusCode.name]);
    });
    expect(read).toEqual([
      [2.5, 'Good'],
      [true, 'Good'],
    ]);
  });

  it('writes in the name of whoever wrote, and lets the device refuse', async () => {
    const lib = require('node-opcua-client') as typeof import('node-opcua-client');
    const write = (user: typeof OPERATOR | undefined, tag: string, value: number) =>
      session('SignAndEncrypt', user, async (open) => {
        const status = await open.write({
          nodeId: `ns=1;s=${tag}`,
          attributeId: 13,
          value: { value: { dataType: lib.DataType.Double, value } },
        });
        return status.name;
      });
    expect(await write(OPERATOR, 'SP101', 3.25)).toBe('Good');
    expect(plant.values[2]).toBe(3.25);
    expect(plant.notices.filter(({ kind }) => kind === 'write').map(({ text }) => text)).toEqual([
      'SP101 set to 3.25 by operator',
    ]);
    expect(await write(undefined, 'SP101', 1)).toBe('BadUserAccessDenied');
    expect(plant.values[2]).toBe(3.25);
  });

  it('takes nobody whom the device does not take', async () => {
    await expect(session('SignAndEncrypt', { ...OPERATOR, password: 'wrong' }, async () => {})).rejects.toThrow();
    expect(plant.notices.some(({ kind }) => kind === 'logon-failed')).toBe(true);
  });
});
