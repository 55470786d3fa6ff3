/** The nodes of a plant: a folder for each area, an analog item or two-state item for each tag (OPC 10000-8), methods, alarm conditions. */
import type { TagSpec } from '@penstock/core';
import { AddressSpace, type Node, type Reading } from './address-space.ts';
import { BUILT_IN, type NodeId, stringId, type Variant } from './builtin.ts';
import { OBJECT } from './objects.ts';
import { ACCESS, NODE, NODE_CLASS } from './tables.ts';
import { unitIdOf } from './units.ts';

export type SpaceTag = Pick<TagSpec, 'id' | 'name' | 'area' | 'unit' | 'range' | 'states' | 'alarms'>;

/** A tag that a server offers; its place in the list is the item's number. */
export interface OpcUaItem {
  readonly tag: SpaceTag;
  readonly writable: boolean;
  /** Whether values of it are kept for HistoryRead. */
  readonly history?: boolean | undefined;
}

/** A method of an area. What it does is the owner's. */
export interface OpcUaMethod {
  readonly name: string;
  readonly area: string;
  readonly description?: string | undefined;
  /** Its one argument, a Double; it takes none when left out. */
  readonly argument?: { readonly name: string; readonly description?: string | undefined } | undefined;
}

/** What a condition watches: the item, and the alarm's name. */
export interface OpcUaCondition {
  readonly item: number;
  readonly node: Node;
  readonly source: Node;
}

/** Namespace of the plant's nodes. */
export const PLANT_NAMESPACE = 2;
const UNITS = 'http://www.opcfoundation.org/UA/units/un/cefact';

const at = (path: string): NodeId => stringId(path, PLANT_NAMESPACE);
const named = (name: string) => ({ namespace: PLANT_NAMESPACE, name });

export const isTwoState = (tag: SpaceTag): boolean => tag.states !== undefined;

export interface PlantSpaceOptions {
  readonly applicationUri: string;
  readonly plantUri: string;
  readonly plantName: string;
  readonly items: readonly OpcUaItem[];
  readonly methods?: readonly OpcUaMethod[] | undefined;
  /** Alarms of the items' tags are conditions, too. */
  readonly conditions?: boolean | undefined;
}

export class PlantSpace {
  readonly space: AddressSpace;
  /** Of each item. */
  readonly nodes: readonly Node[];
  readonly conditions: readonly OpcUaCondition[];

  /** `read`: an item's value as it is now. */
  constructor(options: PlantSpaceOptions, read: (item: number, now: number) => Reading) {
    const { applicationUri, plantUri, plantName, items, methods = [] } = options;
    const space = new AddressSpace([applicationUri, plantUri]);
    this.space = space;
    const root = space.add(
      {
        id: at('plant'),
        nodeClass: NODE_CLASS.Object,
        browseName: named(plantName),
        eventNotifier: options.conditions ? 1 : 0,
      },
      space.standard(NODE.ObjectsFolder),
      NODE.Organizes,
      NODE.FolderType,
    );
    const areas = new Map<string, Node>();
    const areaOf = (area: string): Node => {
      const known = areas.get(area);
      if (known !== undefined) return known;
      const folder = space.add(
        { id: at(`area.${area}`), nodeClass: NODE_CLASS.Object, browseName: named(area), eventNotifier: 0 },
        root,
        NODE.Organizes,
        NODE.FolderType,
      );
      areas.set(area, folder);
      return folder;
    };
    this.nodes = items.map((item, number) => addItem(space, areaOf(item.tag.area), item, number, read));
    for (const [number, method] of methods.entries()) addMethod(space, areaOf(method.area), method, number);
    this.conditions = options.conditions ? this.#addConditions(items) : [];
  }

  #addConditions(items: readonly OpcUaItem[]): OpcUaCondition[] {
    const conditions: OpcUaCondition[] = [];
    for (const [item, { tag }] of items.entries()) {
      if (tag.alarms === undefined) continue;
      const source = this.nodes[item] as Node;
      const node = this.space.add(
        {
          id: at(`${tag.id}.alarm`),
          nodeClass: NODE_CLASS.Object,
          browseName: named('Alarm'),
          displayName: { text: `${tag.name} alarm` },
          eventNotifier: 0,
        },
        source,
        NODE.HasCondition,
        isTwoState(tag) ? NODE.OffNormalAlarmType : NODE.ExclusiveLimitAlarmType,
      );
      conditions.push({ item, node, source });
    }
    return conditions;
  }
}

function addItem(
  space: AddressSpace,
  area: Node,
  { tag, writable, history }: OpcUaItem,
  item: number,
  read: (item: number, now: number) => Reading,
): Node {
  const twoState = isTwoState(tag);
  const builtIn = twoState ? BUILT_IN.Boolean : BUILT_IN.Double;
  const node = space.add(
    {
      id: at(tag.id),
      nodeClass: NODE_CLASS.Variable,
      browseName: named(tag.id),
      description: { text: tag.name },
      variable: {
        ...{ dataType: builtIn, builtIn, valueRank: -1, item },
        access: ACCESS.read | (writable ? ACCESS.write : 0) | (history ? ACCESS.historyRead : 0),
        minimumSamplingInterval: 100,
        read: (now) => read(item, now),
      },
    },
    area,
    NODE.HasComponent,
    twoState ? NODE.TwoStateDiscreteType : NODE.AnalogItemType,
  );
  const property = (name: string, dataType: number, value: Variant): void => {
    space.addProperty(node, at(`${tag.id}.${name}`), name, dataType, value);
  };
  if (tag.states !== undefined) {
    const text = (value: string): Variant => ({ type: BUILT_IN.LocalizedText, value: { text: value } });
    property('FalseState', BUILT_IN.LocalizedText, text(tag.states[0]));
    property('TrueState', BUILT_IN.LocalizedText, text(tag.states[1]));
    return node;
  }
  const [low, high] = tag.range;
  const unitId = unitIdOf(tag.unit);
  property('EURange', NODE.Range, { type: BUILT_IN.ExtensionObject, value: OBJECT.range.pack({ low, high }) });
  property('EngineeringUnits', NODE.EUInformation, {
    type: BUILT_IN.ExtensionObject,
    value: OBJECT.euInformation.pack({
      namespaceUri: unitId === undefined ? undefined : UNITS,
      unitId: unitId ?? -1,
      displayName: { text: tag.unit },
      description: { text: tag.unit },
    }),
  });
  return node;
}

function addMethod(space: AddressSpace, area: Node, method: OpcUaMethod, number: number): void {
  const id = `${method.area}.${method.name}`;
  const node = space.add(
    {
      id: at(id),
      nodeClass: NODE_CLASS.Method,
      browseName: named(method.name),
      description: method.description === undefined ? undefined : { text: method.description },
      method: number,
    },
    area,
  );
  const { argument } = method;
  if (argument === undefined) return;
  const value = OBJECT.argument.pack({
    name: argument.name,
    dataType: { namespace: 0, kind: 'numeric', value: BUILT_IN.Double },
    valueRank: -1,
    arrayDimensions: [],
    description: { text: argument.description },
  });
  space.addProperty(node, at(`${id}.InputArguments`), 'InputArguments', NODE.Argument, {
    type: BUILT_IN.ExtensionObject,
    value: [value],
  });
}
