/** What a device offers over OPC UA, as a browse tells: areas and their values. */
import {
  ATTRIBUTE,
  BUILT_IN,
  browseBody,
  type ExtensionObject,
  NODE,
  NODE_CLASS,
  type NodeId,
  nodeIdText,
  numericId,
  OBJECT,
  type ReferenceDescription,
  readRequest,
} from '@penstock/protocols/opcua';
import type { OpcUaLine } from './line.ts';

export interface OfferedValue {
  readonly id: NodeId;
  readonly name: string;
  readonly isBoolean: boolean;
  readonly access: number;
  /** Of numbers. */
  readonly range: { readonly low: number; readonly high: number } | undefined;
  readonly unit: string;
}

export interface OfferedArea {
  readonly id: NodeId;
  readonly name: string;
  readonly values: readonly OfferedValue[];
}

const MOST = 5000;

async function childrenOf(line: OpcUaLine, id: NodeId): Promise<readonly ReferenceDescription[]> {
  const { response } = await line.ask('Browse', browseBody([id]));
  return response?.results[0]?.references ?? [];
}

async function attributeOf(line: OpcUaLine, id: NodeId, attribute: number = ATTRIBUTE.Value) {
  const { response } = await line.ask('Read', readRequest([id], undefined, attribute).body);
  return response?.results[0]?.value?.value;
}

/** Walks what is below the plant's folder; at most so many values. */
export async function offeredBy(
  line: OpcUaLine,
): Promise<{ plant: ReferenceDescription; areas: OfferedArea[] } | undefined> {
  const server = nodeIdText(numericId(NODE.Server));
  const plant = (await childrenOf(line, numericId(NODE.ObjectsFolder))).find(
    ({ nodeId }) => nodeIdText(nodeId) !== server,
  );
  if (plant === undefined) return undefined;
  const areas: OfferedArea[] = [];
  let count = 0;
  for (const area of await childrenOf(line, plant.nodeId)) {
    const values: OfferedValue[] = [];
    for (const item of await childrenOf(line, area.nodeId)) {
      if (item.nodeClass !== NODE_CLASS.Variable || count++ >= MOST) continue;
      const properties = await childrenOf(line, item.nodeId);
      const property = async (name: string) => {
        const found = properties.find(({ browseName }) => browseName.name === name);
        return found && ((await attributeOf(line, found.nodeId)) as ExtensionObject | undefined);
      };
      const type = (await attributeOf(line, item.nodeId, ATTRIBUTE.DataType)) as NodeId | undefined;
      const range = await property('EURange');
      const unit = await property('EngineeringUnits');
      values.push({
        id: item.nodeId,
        name: item.browseName.name ?? '',
        isBoolean: type?.value === BUILT_IN.Boolean,
        access: Number(await attributeOf(line, item.nodeId, ATTRIBUTE.AccessLevel)),
        range: range && OBJECT.range.unpack(range),
        unit: (unit && OBJECT.euInformation.unpack(unit)?.displayName.text) ?? '',
      });
    }
    areas.push({ id: area.nodeId, name: area.browseName.name ?? '', values });
  }
  return { plant, areas };
}
