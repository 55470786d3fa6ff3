/** Between the inventory and the owner's list: what is exported of both, and an imported list as the asset list that rules know. */
import { PenstockError, UsageError } from '@penstock/core';
import { type KnownAsset, type OwnerKnowledge, ownerKnowledgeSchema } from '../knowledge.ts';
import { type DeviceReport, recordOf } from './index.ts';
import type { InventoryRecord } from './record.ts';

/** Every device that was seen, then those of the list that were not, as `silent`. */
export function inventoryRecords(seen: readonly DeviceReport[], listed: readonly KnownAsset[]): InventoryRecord[] {
  const spoke = new Set(seen.map((device) => device.address));
  const silent = listed.filter((asset) => !spoke.has(asset.address));
  return [...seen.map(recordOf), ...silent.map(silentRecord)];
}

function silentRecord({ mac, services, otherAddresses, ...asset }: KnownAsset): InventoryRecord {
  return {
    ...asset,
    macs: mac === undefined ? [] : [mac.toLowerCase()],
    services: services ?? [],
    otherAddresses: otherAddresses ?? [],
    ...{ linkAddresses: [], evidence: [], reads: [], writes: [], state: 'silent' as const },
  };
}

/**
 * The owner's documents with an imported asset list in place of their own. Services are compared where the list names any.
 * @param file only for messages
 * @throws UsageError `assets.incomplete` for an entry without id or kind, PenstockError `assets.reference` where a point list or a work
 *   order names an asset that the list does not have
 */
export function withAssets(
  knowledge: OwnerKnowledge | undefined,
  records: readonly InventoryRecord[],
  file: string,
): OwnerKnowledge {
  const base = knowledge ?? ownerKnowledgeSchema.parse({ version: 1 });
  const assets = records.map((record) => assetOf(record, file));
  const ids = new Set(assets.map((asset) => asset.id));
  for (const { device } of base.points)
    if (!ids.has(device))
      throw new PenstockError('assets.reference', `${file} has no asset '${device}', which the point list names`);
  return { ...base, assets };
}

function assetOf(record: InventoryRecord, file: string): KnownAsset {
  const { address, id, kind, name, role, zone, criticality, macs, vendor, productCode, model, revision } = record;
  if (id === undefined || kind === undefined)
    throw new UsageError(
      'assets.incomplete',
      `${file}: ${address} has no ${id === undefined ? 'id' : 'kind'}; an asset list gives each device an id and a kind`,
    );
  const said = { vendor, productCode, model, revision };
  const mac = macs.at(-1);
  return {
    ...{
      id,
      kind,
      address,
      name: name ?? id,
      role: role ?? id,
      zone: zone ?? '',
      criticality: criticality ?? 'medium',
    },
    ...(mac !== undefined && { mac }),
    ...(Object.fromEntries(Object.entries(said).filter(([, value]) => value !== undefined)) as Partial<KnownAsset>),
    ...(record.otherAddresses.length > 0 && { otherAddresses: record.otherAddresses }),
    ...(record.services.length > 0 && { services: record.services }),
  };
}
