/** What DNP3 tells of a device: the link addresses that it speaks under, with whom, and what it says of itself. */
import type { AttributeEvent, Dnp3Event } from '@penstock/protocols/dnp3';

const MAX_ADDRESSES = 256;
const MAX_HOSTS = 256;
/** Functions that there are. */
const MAX_FUNCTIONS = 64;

export class Dnp3Stations {
  /** Its link addresses as a master and as an outstation. */
  readonly asMaster = new Set<number>();
  readonly asOutstation = new Set<number>();
  /** Hosts that it speaks with: outstations that it asks, masters that it answers. */
  readonly outstations = new Set<string>();
  readonly masters = new Set<string>();
  /** Functions that it used, and that it answered. */
  readonly functions = new Set<string>();
  writes = false;

  /** It asked an outstation at that host. */
  asked({ master, fc_request: request }: Dnp3Event, host: string | undefined): void {
    put(this.asMaster, master, MAX_ADDRESSES);
    if (host !== undefined) put(this.outstations, host, MAX_HOSTS);
    if (request === undefined) return;
    put(this.functions, request, MAX_FUNCTIONS);
    this.writes ||= COMMANDS.has(request);
  }

  /** It answered, or told a master at that host something by itself. */
  answered({ outstation, fc_request: request }: Dnp3Event, host: string | undefined): void {
    put(this.asOutstation, outstation, MAX_ADDRESSES);
    if (host !== undefined) put(this.masters, host, MAX_HOSTS);
    if (request !== undefined) put(this.functions, request, MAX_FUNCTIONS);
  }

  linkAddresses(): string[] {
    const sorted = (addresses: Set<number>): number[] => [...addresses].sort((a, b) => a - b);
    return [
      ...sorted(this.asMaster).map((address) => `master ${address}`),
      ...sorted(this.asOutstation).map((address) => `outstation ${address}`),
    ];
  }
}

const COMMANDS: ReadonlySet<string> = new Set(['OPERATE', 'DIRECT_OPERATE', 'DIRECT_OPERATE_NR']);

function put<T>(set: Set<T>, value: T, most: number): void {
  if (set.size < most) set.add(value);
}

/** The device attributes (IEEE 1815-2012, annex A, group 0) that identify, under the names that Modbus gives the same things. */
const IDENTITY: Readonly<Record<number, string>> = {
  242: 'MajorMinorVersion',
  243: 'HardwareVersion',
  245: 'Location',
  246: 'UserAssignedId',
  247: 'UserApplicationName',
  248: 'SerialNumber',
  249: 'Dnp3Subset',
  250: 'ProductName',
  252: 'VendorName',
};

/** What an attribute says of the device that tells it; undefined for one that is set, or that identifies nothing. */
export function identityName({
  function_code: code,
  attribute_set: set,
  variation,
  value,
}: AttributeEvent): string | undefined {
  return code === 'RESPONSE' && set === 0 && value !== '' ? IDENTITY[variation] : undefined;
}
