/** A server of node-opcua with the nodes of the test plant, as a judge of ours. */
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { OPCUAServer } from 'node-opcua-server';
import type { TestPlant } from './plant.ts';
import { ITEMS } from './plant.ts';

// It is CommonJS, and an import of it would look for named exports that Node cannot find.
const require = createRequire(import.meta.url);

export interface Judge {
  readonly port: number;
  close(): Promise<void>;
}

/** Its values are those of `plant`, which writes change. It knows the same users. */
export async function nodeOpcuaServer(plant: TestPlant): Promise<Judge> {
  const lib = require('node-opcua-server') as typeof import('node-opcua-server');
  const { DataType, MessageSecurityMode, SecurityPolicy, StatusCodes, Variant } =
    require('node-opcua-client') as typeof import('node-opcua-client');
  const { OPCUACertificateManager } =
    require('node-opcua-certificate-manager') as typeof import('node-opcua-certificate-manager');
  const { standardUnits } = require('node-opcua-data-access') as { standardUnits: { meter: unknown } };
  const { nodesets } = require('node-opcua-nodesets') as { nodesets: { standard: string } };
  const rootFolder = mkdtempSync(join(tmpdir(), 'opcua-judge-'));
  const certificates = new OPCUACertificateManager({ rootFolder, automaticallyAcceptUnknownCertificate: true });
  const server: OPCUAServer = new lib.OPCUAServer({
    port: 0,
    host: '127.0.0.1',
    hostname: '127.0.0.1',
    nodeset_filename: [nodesets.standard],
    serverCertificateManager: certificates,
    userCertificateManager: certificates,
    securityModes: [MessageSecurityMode.None],
    securityPolicies: [SecurityPolicy.None],
    allowAnonymous: true,
    serverInfo: { applicationUri: 'urn:works:scada' },
    userManager: {
      isValidUser: (name: string, password: string) =>
        (name === 'operator' && password === 'weir') || (name === 'engineer' && password === 'sluice'),
    },
  });
  await server.initialize();
  const space = server.engine.addressSpace as NonNullable<typeof server.engine.addressSpace>;
  const own = space.getOwnNamespace();
  const namespace = space.getNamespaceArray().length > 2 ? own : space.registerNamespace('urn:works:tags');
  const root = namespace.addFolder('ObjectsFolder', { browseName: 'Works', nodeId: `ns=${namespace.index};s=plant` });
  const areas = new Map<string, ReturnType<typeof namespace.addFolder>>();
  for (const [item, { tag, writable }] of ITEMS.entries()) {
    const { id, area, range, states } = tag;
    let folder = areas.get(area);
    if (folder === undefined) {
      folder = namespace.addFolder(root, { browseName: area, nodeId: `ns=${namespace.index};s=area.${area}` });
      areas.set(area, folder);
    }
    const accessLevel = writable ? 'CurrentRead | CurrentWrite' : 'CurrentRead';
    const isBoolean = states !== undefined;
    const common = {
      ...{ componentOf: folder, browseName: id, nodeId: `ns=${namespace.index};s=${id}`, accessLevel },
      ...{ userAccessLevel: accessLevel, minimumSamplingInterval: 100 },
      dataType: isBoolean ? 'Boolean' : 'Double',
      value: {
        get: () =>
          isBoolean
            ? new Variant({ dataType: DataType.Boolean, value: plant.values[item] !== 0 })
            : new Variant({ dataType: DataType.Double, value: plant.values[item] }),
        set: (variant: { value: unknown }) => {
          plant.values[item] = Number(variant.value);
          return StatusCodes.Good;
        },
      },
    };
    if (isBoolean) namespace.addVariable(common as never);
    else
      namespace.addAnalogDataItem({
        ...common,
        engineeringUnitsRange: { low: range[0], high: range[1] },
        engineeringUnits: standardUnits.meter,
      } as never);
  }
  await server.start();
  return {
    port: server.endpoints[0]?.port as number,
    close: async () => {
      await server.shutdown(0);
      await certificates.dispose();
      // It opens the keyboard, and would keep the process alive for it.
      if ('unref' in process.stdin) process.stdin.unref();
      rmSync(rootFolder, { recursive: true, force: true });
    },
  };
}
