/** A device's SNMP agent on the wire: who it is, its interface, and its points under the enterprise number for documents. */
import { type Instant, milliseconds, type SnmpServiceSpec } from '@penstock/core';
import { formatIpv4 } from '@penstock/protocols/ethernet';
import {
  ENTERPRISE,
  interfacesGroup,
  type MibObject,
  type Oid,
  octets,
  SnmpAgent,
  type SnmpValue,
  snmpGroup,
  systemGroup,
} from '@penstock/protocols/snmp';
import type { Datagrams } from '@penstock/simulator/kernel';
import { AccessList } from '../access-list.ts';
import type { DeviceContext, Part } from '../context.ts';
import { type ShownPoint, ShownValues } from '../doors/values.ts';

/** Products of the range; the last number is the device's place in the plant's file. */
const PRODUCTS: Oid = [...ENTERPRISE, 1];
/** Table of points: columns 1 tag, 2 name, 3 unit, 4 value in thousandths, 5 may be written. */
const POINTS: Oid = [...ENTERPRISE, 2, 1];
/** Ethernet of this trade. */
const SPEED = 100_000_000;
const THOUSANDTHS = 1000;
/** Applications (layer 7) over an internet host (layer 4): RFC 3418, sysServices. */
const SERVICES = 72;

class SnmpService implements Part {
  readonly #context: DeviceContext;
  readonly #spec: SnmpServiceSpec;
  readonly #agent: SnmpAgent;
  readonly #list: AccessList;
  #socket: Datagrams | undefined;
  #startedAt: Instant = 0 as Instant;

  constructor(context: DeviceContext, spec: SnmpServiceSpec) {
    const { identity, queue, host } = context;
    const { id, mac } = context.spec;
    const place = context.plant.devices.findIndex((device) => device.id === id) + 1;
    this.#context = context;
    this.#spec = spec;
    this.#list = new AccessList(context, spec);
    const facts = {
      description: () =>
        `${identity.vendor} ${identity.productName} ${identity.modelName}, firmware ${identity.revision}`,
      objectId: [...PRODUCTS, place],
      upTime: () => Math.floor((queue.now - this.#startedAt) / milliseconds(10)),
      contact: spec.contact,
      name: id,
      location: spec.location,
      services: SERVICES,
    };
    const values = new ShownValues(context);
    this.#agent = new SnmpAgent(
      {
        communities: () => spec.communities,
        objects: [
          ...systemGroup(facts),
          ...interfacesGroup({ description: 'eth0', mac: macBytes(mac), speed: SPEED, isUp: () => host.up }),
          ...values.all.flatMap((shown) => pointObjects(shown, values)),
        ],
        onWrongCommunity: (_, { address }) => this.#failed(address),
        onSet: ({ oid }, { address }, done) => {
          if (!done) this.#list.denied(address, 'write', `a change of ${oid.join('.')} from ${address} refused`);
        },
      },
      snmpGroup,
    );
  }

  start(now: Instant): void {
    this.#startedAt = now;
    this.#socket ??= this.#context.host.udp(this.#spec.port, (buffer, start, end, address, port) => {
      if (!this.#list.admits(address)) return;
      const answer = this.#agent.answer(buffer, start, end, { address: formatIpv4(address), port });
      if (answer !== undefined) this.#socket?.send(address, port, answer);
    });
  }

  stop(): void {
    this.#socket?.close();
    this.#socket = undefined;
  }

  #failed(source: string): void {
    this.#context.log({
      severity: 4,
      id: 'logon-failed',
      text: `wrong community from ${source} over snmp`,
      parameters: { src: source, dport: String(this.#spec.port) },
    });
  }
}

const macBytes = (mac: string): Uint8Array => Uint8Array.from(mac.split(':').map((pair) => Number.parseInt(pair, 16)));

function pointObjects(shown: ShownPoint, values: ShownValues): MibObject[] {
  const { tag, point, index } = shown;
  const column = (n: number, get: () => SnmpValue): MibObject => ({ oid: [...POINTS, n, index + 1], get });
  const value: MibObject = column(4, () => ({ type: 'integer', value: thousandths(values.read(shown)) }));
  return [
    column(1, () => octets(tag.id)),
    column(2, () => octets(tag.name)),
    column(3, () => octets(tag.unit)),
    point.writable
      ? {
          ...value,
          set(given, source, check) {
            if (given.type !== 'integer') return 'type';
            const writer = { protocol: 'snmp', ...source };
            const number = given.value / THOUSANDTHS;
            const outcome = check ? values.check(shown, number, writer) : values.write(shown, number, writer);
            return outcome === 'done' ? 'done' : outcome === 'range' ? 'value' : 'refused';
          },
        }
      : value,
    // TruthValue (RFC 2579)
    column(5, () => ({ type: 'integer', value: point.writable ? 1 : 2 })),
  ];
}

/** As an Integer32; what is no number, or too large for one, ends at its limit. */
function thousandths(value: number): number {
  if (Number.isNaN(value)) return -(2 ** 31);
  return Math.max(-(2 ** 31), Math.min(2 ** 31 - 1, Math.round(value * THOUSANDTHS)));
}

export function snmpService(context: DeviceContext): Part | undefined {
  const spec = context.spec.services.find((s): s is SnmpServiceSpec => s.protocol === 'snmp');
  return spec && new SnmpService(context, spec);
}
