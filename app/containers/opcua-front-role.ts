/**
 * OPC UA with Sign and SignAndEncrypt beside a device's server, in a container of its own that has the device's network: clients find it at the
 * device's address. It ends when the server is lost, and the engine starts it anew.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { type OpcUaServiceSpec, PenstockError, type PlantSpec } from '@penstock/core';
import { openSecureFront, type SecureFront } from '../opcua/secure-front.ts';
import { FRONT_PORT } from './layout.ts';

/** Containers come in any order, and a run may begin late. */
const PATIENCE_MS = 120_000;
const LOOK_EVERY_MS = 1000;
/** In memory: each start has a key and a certificate of its own. */
const PKI = '/tmp/opcua-pki';

/** @throws PenstockError `opcua-front.device` for a device without OPC UA, `opcua-front.target` for one that does not answer */
export async function startOpcUaFront(
  plant: PlantSpec,
  id: string,
  note: (text: string) => void,
): Promise<{ stop(): Promise<void>; ended: Promise<void> }> {
  const device = plant.devices.find((one) => one.id === id);
  const service = device?.services.find((one) => one.protocol === 'opcua');
  if (device === undefined || service === undefined)
    throw new PenstockError('opcua-front.device', `plant '${plant.id}' has no OPC UA server '${id}'`);
  const front = await opened({
    target: { host: device.address, port: service.port },
    listen: { host: device.address, port: FRONT_PORT },
    pki: PKI,
    reader: readerOf(service),
    trustAll: true,
  });
  note(
    `OPC UA with security in front of ${id}: opc.tcp://${device.address}:${front.port}, ${front.values} values, ` +
      `${Math.round(process.memoryUsage().rss / 2 ** 20)} MiB`,
  );
  const stopped = new AbortController();
  return {
    ended: watched(front, id, stopped.signal),
    stop: async () => {
      stopped.abort();
      await front.close();
    },
  };
}

async function watched(front: SecureFront, id: string, stopped: AbortSignal): Promise<void> {
  while (!stopped.aborted) {
    if (!front.open) throw new PenstockError('opcua-front.lost', `the OPC UA server of '${id}' is gone`);
    await pause(LOOK_EVERY_MS, undefined, { signal: stopped }).catch(() => {});
  }
}

async function opened(options: Parameters<typeof openSecureFront>[0]): Promise<SecureFront> {
  for (const until = performance.now() + PATIENCE_MS; ; await pause(LOOK_EVERY_MS))
    try {
      return await openSecureFront(options);
    } catch (error) {
      if (!(error instanceof PenstockError) || performance.now() > until) throw error;
    }
}

/** Who reads for the front where nobody may without a name: the one who may least. */
function readerOf({ anonymous, users }: OpcUaServiceSpec): { name: string; password: string } | undefined {
  if (anonymous !== 'none') return undefined;
  return users.find(({ role }) => role === 'observer') ?? users[0];
}
