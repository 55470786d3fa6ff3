/** modbus-serial's client at a gate. */
import modbusSerial from 'modbus-serial';
import type { Gate } from './penstock.ts';

export type Modbus = InstanceType<typeof modbusSerial.default>;

/** Calls `use` with a client that is connected, and parts when it is done. */
export async function atGate<T>({ host, port }: Gate, use: (client: Modbus) => Promise<T>): Promise<T> {
  const client = new modbusSerial.default();
  await client.connectTCP(host, { port });
  client.setID(1);
  // A range on a busy machine answers, but not at once.
  client.setTimeout(60_000);
  try {
    return await use(client);
  } finally {
    // A range that ended has closed it already, and then nobody would call back.
    if (client.isOpen) await new Promise<void>((resolve) => client.close(() => resolve()));
  }
}

/** A REAL as two registers, high word first. */
export function registersOf(value: number): [number, number] {
  const view = new DataView(new ArrayBuffer(4));
  view.setFloat32(0, value);
  return [view.getUint16(0), view.getUint16(2)];
}

export function realOf([high, low]: readonly number[]): number {
  const view = new DataView(new ArrayBuffer(4));
  view.setUint16(0, high as number);
  view.setUint16(2, low as number);
  return view.getFloat32(0);
}
