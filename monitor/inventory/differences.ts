/** What was seen against the owner's list: who is in no list, who was never seen, and what is otherwise than the list says. */
import type { KnownAsset } from '../knowledge.ts';
import type { DeviceReport } from './index.ts';

export type DifferenceKind =
  | 'unknown'
  | 'silent'
  | 'mac'
  | 'address'
  | 'vendor'
  | 'product-code'
  | 'model'
  | 'revision'
  | 'service-new'
  | 'service-gone';

export interface Difference {
  /** `unknown`, `silent` or `changed`, as an owner asks. */
  readonly state: 'unknown' | 'silent' | 'changed';
  readonly kind: DifferenceKind;
  /** Asset id, the address where it has none. */
  readonly device: string;
  readonly address: string;
  readonly listed: string | null;
  readonly seen: string | null;
  readonly message: string;
}

const IDENTITY = [
  ['vendor', 'vendor', 'VendorName'],
  ['productCode', 'product-code', 'ProductCode'],
  ['model', 'model', 'ModelName'],
  ['revision', 'revision', 'MajorMinorVersion'],
] as const;

/** In the order of the list, then of the addresses of those that are in none. */
export function compareInventory(seen: readonly DeviceReport[], listed: readonly KnownAsset[]): Difference[] {
  if (listed.length === 0) return [];
  const byAddress = new Map(seen.map((device) => [device.address, device]));
  const differences = listed.flatMap((asset) => ofAsset(asset, byAddress.get(asset.address), seen));
  const known = new Set(listed.flatMap((asset) => [asset.address, ...(asset.otherAddresses ?? [])]));
  for (const device of seen) {
    const { address, role, firstSeen } = device;
    if (known.has(address)) continue;
    // Told as another address of the asset whose card it is.
    if (listed.some((asset) => isAtCardOf(asset, device))) continue;
    const message = `${address} speaks since ${firstSeen} s and is in no list; by its traffic it is a ${role}`;
    differences.push({
      state: 'unknown',
      kind: 'unknown',
      device: address,
      address,
      listed: null,
      seen: role,
      message,
    });
  }
  return differences;
}

function ofAsset(asset: KnownAsset, device: DeviceReport | undefined, seen: readonly DeviceReport[]): Difference[] {
  const { id, address } = asset;
  const moved = seen.filter((other) => isAtCardOf(asset, other));
  const changed = (kind: DifferenceKind, listed: string | null, found: string | null, message: string): Difference => ({
    ...{ state: 'changed', kind, device: id, address, listed, seen: found, message },
  });
  const addresses = moved.map((other) =>
    changed('address', address, other.address, `${id} is at ${other.address}, the list says ${address}`),
  );
  if (device === undefined) {
    if (addresses.length > 0) return addresses;
    const message = `${id} (${address}) is in the list and was never seen to speak`;
    return [{ state: 'silent', kind: 'silent', device: id, address, listed: address, seen: null, message }];
  }
  const differences = addresses;
  const mac = device.macs.at(-1);
  if (asset.mac !== undefined && mac !== undefined && asset.mac.toLowerCase() !== mac)
    differences.push(changed('mac', asset.mac.toLowerCase(), mac, `${id} is at ${mac}, the list says ${asset.mac}`));
  for (const [key, kind, object] of IDENTITY) {
    const [listed, said] = [asset[key], device.identity[object]];
    if (listed !== undefined && said !== undefined && listed !== said)
      differences.push(
        changed(kind, listed, said, `${id} says that its ${kind} is '${said}', the list says '${listed}'`),
      );
  }
  return [...differences, ...servicesOf(asset, device, changed)];
}

function servicesOf(
  asset: KnownAsset,
  device: DeviceReport,
  changed: (kind: DifferenceKind, listed: string | null, seen: string | null, message: string) => Difference,
): Difference[] {
  if (asset.services === undefined) return [];
  const listed = new Set(asset.services.map((service) => service.split(' ')[0] as string));
  const offered = new Set(device.services.map(({ transport, port }) => `${transport}/${port}`));
  const fresh = [...offered].filter((service) => !listed.has(service));
  const gone = [...listed].filter((service) => !offered.has(service));
  return [
    ...fresh.map((s) => changed('service-new', null, s, `${asset.id} serves ${s}, which the list does not have`)),
    ...gone.map((s) =>
      changed('service-gone', s, null, `nobody was answered at ${s} of ${asset.id}, which the list has`),
    ),
  ];
}

/** The asset's network card, at another address. */
const isAtCardOf = (asset: KnownAsset, device: DeviceReport): boolean =>
  !asset.otherAddresses?.includes(device.address) &&
  asset.mac !== undefined &&
  device.address !== asset.address &&
  device.macs.at(-1) === asset.mac.toLowerCase();
