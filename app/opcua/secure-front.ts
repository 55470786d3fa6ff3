/**
 * OPC UA with Sign and SignAndEncrypt in front of a device: node-opcua serves real clients, with a certificate made on this machine, and
 * everything that they read or write goes through the device's gate in a session of their own name. So a run hears, journals and repeats
 * it like any other tool's, and the front holds no value.
 */
import { createRequire } from 'node:module';
import { PenstockError } from '@penstock/core';
import {
  ATTRIBUTE,
  BUILT_IN,
  isGood,
  nodeIdText,
  readRequest,
  STATUS,
  statusName,
  writeBody,
} from '@penstock/protocols/opcua';
import type { DataValue } from 'node-opcua-data-value';
import type { OPCUAServer } from 'node-opcua-server';
import { OpcUaLine, type Place } from './line.ts';
import { type OfferedValue, offeredBy } from './model.ts';

export interface FrontOptions {
  /** The device's gate. */
  readonly target: Place;
  readonly listen: Place;
  /** Folder of the front's key, certificate and lists of trusted ones. */
  readonly pki: string;
  /** Logon for reading where the device takes nobody without a name. */
  readonly reader?: { readonly name: string; readonly password: string } | undefined;
  /** Certificates of clients are taken without being looked at; else they wait in the folder until somebody trusts them. */
  readonly trustAll: boolean;
}

export interface SecureFront {
  readonly port: number;
  readonly values: number;
  /** Whether the device still answers. Once it is lost it stays so: what it offers has to be read anew, by another front. */
  readonly open: boolean;
  close(): Promise<void>;
}

/** Most users that have a session through the front. */
const MOST_USERS = 64;
// It is CommonJS, whose names an import would not find.
const require = createRequire(import.meta.url);

/** @throws PenstockError `opcua-front.target` when the device cannot be read */
export async function openSecureFront(options: FrontOptions): Promise<SecureFront> {
  const { target, listen, pki, reader: login, trustAll } = options;
  const reader = new OpcUaLine(target, login);
  const model = await offeredBy(reader);
  if (model === undefined) {
    const why = reader.failure === undefined ? 'it offers nothing' : statusName(reader.failure);
    reader.close();
    throw new PenstockError('opcua-front.target', `nothing to read at ${target.host}:${target.port}: ${why}`);
  }
  const lib = require('node-opcua-server') as typeof import('node-opcua-server');
  const { DataType, Variant } = require('node-opcua-variant') as typeof import('node-opcua-variant');
  const { StatusCodes, coerceStatusCode } =
    require('node-opcua-status-code') as typeof import('node-opcua-status-code');
  const { MessageSecurityMode, SecurityPolicy } =
    require('node-opcua-secure-channel') as typeof import('node-opcua-secure-channel');
  const { OPCUACertificateManager } =
    require('node-opcua-certificate-manager') as typeof import('node-opcua-certificate-manager');
  const { nodesets } = require('node-opcua-nodesets') as typeof import('node-opcua-nodesets');
  const { DataValue: Value } = require('node-opcua-data-value') as typeof import('node-opcua-data-value');

  const users = new Map<string, OpcUaLine>();
  const certificates = new OPCUACertificateManager({
    rootFolder: pki,
    automaticallyAcceptUnknownCertificate: trustAll,
  });
  await certificates.initialize();
  const server: OPCUAServer = new lib.OPCUAServer({
    ...{ port: listen.port, host: listen.host, hostname: listen.host },
    nodeset_filename: [nodesets.standard],
    serverCertificateManager: certificates,
    userCertificateManager: certificates,
    securityModes: [MessageSecurityMode.Sign, MessageSecurityMode.SignAndEncrypt],
    securityPolicies: [SecurityPolicy.Basic256Sha256, SecurityPolicy.Aes128_Sha256_RsaOaep],
    allowAnonymous: login === undefined,
    userManager: {
      // Whether somebody may log on is the device's to say.
      isValidUserAsync: async (
        name: string,
        password: string,
        done: (error: Error | null, valid?: boolean) => void,
      ) => {
        const line = new OpcUaLine(target, { name, password });
        const { state } = await line.ask('Read', readRequest([{ namespace: 0, kind: 'numeric', value: 2259 }]).body);
        const isValid = state === 'done' && (users.has(name) || users.size < MOST_USERS);
        if (isValid) {
          users.get(name)?.close();
          users.set(name, line);
        } else line.close();
        done(null, isValid);
      },
    } as never,
  });
  await server.initialize();

  const space = server.engine.addressSpace as NonNullable<typeof server.engine.addressSpace>;
  const namespace = space.getOwnNamespace();
  // The device's own namespace number is 2; ids keep their text behind the front's number.
  const idOf = (text: string): string => text.replace(/^ns=\d+/, `ns=${namespace.index}`);
  const root = namespace.addFolder('ObjectsFolder', {
    browseName: model.plant.browseName.name ?? 'Plant',
    nodeId: idOf(nodeIdText(model.plant.nodeId)),
  });

  const add = (area: typeof root, value: OfferedValue): void => {
    const dataType = value.isBoolean ? DataType.Boolean : DataType.Double;
    const get = async (): Promise<DataValue> => {
      const { response, status } = await reader.ask('Read', readRequest([value.id]).body);
      const result = response?.results[0];
      const code = result?.status ?? (response === undefined ? status || STATUS.badCommunicationError : 0);
      return new Value({
        statusCode: coerceStatusCode(code),
        ...(result?.value !== undefined && { value: new Variant({ dataType, value: result.value.value }) }),
        ...(result?.sourceTimestamp !== undefined && { sourceTimestamp: new Date(result.sourceTimestamp / 1000) }),
        serverTimestamp: new Date(),
      });
    };
    const common = {
      ...{ componentOf: area, browseName: value.name, nodeId: idOf(nodeIdText(value.id)) },
      ...{ dataType: value.isBoolean ? 'Boolean' : 'Double', minimumSamplingInterval: 500 },
      accessLevel: value.access & 3,
      userAccessLevel: value.access & 3,
      value: {
        timestamped_get: (done: (error: Error | null, answer?: DataValue) => void) => {
          get().then((answer) => done(null, answer), done);
        },
      },
    };
    const variable =
      value.range === undefined
        ? namespace.addVariable(common as never)
        : namespace.addAnalogDataItem({ ...common, engineeringUnitsRange: value.range } as never);
    const plain = variable.writeAttribute.bind(variable) as (...all: unknown[]) => void;
    // A write is told to the device by whoever makes it, which only the session knows.
    variable.writeAttribute = ((...all: unknown[]) => {
      const [context, wanted] = all as [
        { session?: { userIdentityToken?: { userName?: string } } },
        { attributeId: number; value: { value: { value: unknown } } },
      ];
      const done = all.at(-1) as (error: Error | null, status?: unknown) => void;
      if (wanted.attributeId !== ATTRIBUTE.Value) {
        plain(...all);
        return;
      }
      const name = context?.session?.userIdentityToken?.userName;
      const line = name === undefined ? reader : users.get(name);
      if (line === undefined) {
        done(null, StatusCodes.BadUserAccessDenied);
        return;
      }
      const content = wanted.value.value.value;
      const variant = value.isBoolean
        ? { type: BUILT_IN.Boolean, value: content === true }
        : { type: BUILT_IN.Double, value: Number(content) };
      line.ask('Write', writeBody([[value.id, variant]])).then(({ response, status }) => {
        const code = response?.results[0] ?? (status || STATUS.badCommunicationError);
        done(null, isGood(code) ? StatusCodes.Good : coerceStatusCode(code));
      }, done);
    }) as never;
  };
  let values = 0;
  for (const { id, name, values: offered } of model.areas) {
    const area = namespace.addFolder(root, { browseName: name, nodeId: idOf(nodeIdText(id)) });
    for (const value of offered) {
      add(area as typeof root, value);
      values++;
    }
  }
  await server.start();
  return {
    port: server.endpoints[0]?.port as number,
    values,
    get open() {
      return reader.open;
    },
    close: async () => {
      await server.shutdown(0);
      await certificates.dispose();
      for (const line of users.values()) line.close();
      reader.close();
      // It opens the keyboard, and would keep the process alive for it.
      if ('unref' in process.stdin) process.stdin.unref();
    },
  };
}
