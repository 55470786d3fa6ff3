/** Browse, BrowseNext, TranslateBrowsePathsToNodeIds and RegisterNodes (OPC 10000-4, 5.8). */
import type { Node, Reference } from './address-space.ts';
import { isNullNode, type NodeId, NULL_NODE, numericId } from './builtin.ts';
import type { RequestOf, ResponseOf } from './messages.ts';
import type { Served } from './serve.ts';
import type { OpcUaServer } from './server.ts';
import type { ServiceCall } from './server-connection.ts';
import type { Session } from './server-session.ts';
import { STATUS } from './status.ts';
import type { BrowseDescription, BrowsePath, BrowseResult, ReferenceDescription } from './structures.ts';
import { NODE } from './tables.ts';

/** References that one result carries. */
const MOST_REFERENCES = 1000;
const DEEPEST_PATH = 32;

interface BrowsePlace {
  readonly kind: 'browse';
  readonly references: readonly Reference[];
  readonly resultMask: number;
  readonly most: number;
}

const refusedWith = (statusCode: number): BrowseResult => ({
  statusCode,
  continuationPoint: undefined,
  references: [],
});

export function browse(
  { server, session }: ServiceCall,
  { view, requestedMaxReferencesPerNode, nodesToBrowse }: RequestOf<'Browse'>,
): Served<'Browse'> {
  if (!isNullNode(view.viewId)) return STATUS.badViewIdUnknown;
  if (nodesToBrowse.length === 0) return STATUS.badNothingToDo;
  if (nodesToBrowse.length > server.limits.nodes) return STATUS.badTooManyOperations;
  const most = Math.min(requestedMaxReferencesPerNode || MOST_REFERENCES, MOST_REFERENCES);
  const results = nodesToBrowse.map((description) => {
    const found = referencesOf(server, description);
    return typeof found === 'number'
      ? refusedWith(found)
      : page(session as Session, { kind: 'browse', references: found, resultMask: description.resultMask, most });
  });
  return { results, diagnosticInfos: [] };
}

function referencesOf(server: OpcUaServer, description: BrowseDescription): readonly Reference[] | number {
  const { nodeId, browseDirection, referenceTypeId, includeSubtypes, nodeClassMask } = description;
  const { space } = server;
  const node = space.find(nodeId);
  if (node === undefined) return STATUS.badNodeIdUnknown;
  if (browseDirection > 2) return STATUS.badBrowseDirectionInvalid;
  const wanted = referenceNumber(server, referenceTypeId);
  if (wanted === undefined) return STATUS.badReferenceTypeIdInvalid;
  return node.references.filter(
    ({ type, isForward, target }) =>
      (browseDirection === 2 || isForward === (browseDirection === 0)) &&
      space.isReference(type, wanted, includeSubtypes) &&
      (nodeClassMask === 0 || (nodeClassMask & target.nodeClass) !== 0),
  );
}

/** 0 for all references; undefined for what is no type of references. */
function referenceNumber({ space }: OpcUaServer, id: NodeId): number | undefined {
  if (isNullNode(id)) return 0;
  return id.kind === 'numeric' && space.isReferenceType(id) ? id.value : undefined;
}

/** The first references of a place, and a continuation point for the others. */
function page(session: Session, place: BrowsePlace): BrowseResult {
  const { references, resultMask, most } = place;
  const rest = references.slice(most);
  return {
    statusCode: STATUS.good,
    continuationPoint: rest.length === 0 ? undefined : session.keep({ ...place, references: rest }),
    references: references.slice(0, most).map((reference) => described(reference, resultMask)),
  };
}

const NO_NAME = { namespace: 0, name: undefined };

function described({ type, isForward, target }: Reference, mask: number): ReferenceDescription {
  return {
    referenceTypeId: (mask & 1) !== 0 ? numericId(type) : NULL_NODE,
    isForward: (mask & 2) !== 0 && isForward,
    nodeId: target.id,
    nodeClass: (mask & 4) !== 0 ? target.nodeClass : 0,
    browseName: (mask & 8) !== 0 ? target.browseName : NO_NAME,
    displayName: (mask & 16) !== 0 ? target.displayName : {},
    typeDefinition: (mask & 32) !== 0 ? typeOf(target) : NULL_NODE,
  };
}

const typeOf = (node: Node): NodeId =>
  node.references.find(({ type, isForward }) => isForward && type === NODE.HasTypeDefinition)?.target.id ?? NULL_NODE;

export function browseNext(
  { server, session }: ServiceCall,
  { releaseContinuationPoints, continuationPoints }: RequestOf<'BrowseNext'>,
): Served<'BrowseNext'> {
  if (continuationPoints.length === 0) return STATUS.badNothingToDo;
  if (continuationPoints.length > server.limits.nodes) return STATUS.badTooManyOperations;
  const mine = session as Session;
  const results = continuationPoints.map((point) => {
    const place = mine.takeUp(point) as BrowsePlace | undefined;
    if (place?.kind !== 'browse') return refusedWith(STATUS.badContinuationPointInvalid);
    return releaseContinuationPoints ? refusedWith(STATUS.good) : page(mine, place);
  });
  return { results, diagnosticInfos: [] };
}

type PathResult = ResponseOf<'TranslateBrowsePathsToNodeIds'>['results'][number];

export function translateBrowsePaths(
  { server }: ServiceCall,
  { browsePaths }: RequestOf<'TranslateBrowsePathsToNodeIds'>,
): Served<'TranslateBrowsePathsToNodeIds'> {
  if (browsePaths.length === 0) return STATUS.badNothingToDo;
  if (browsePaths.length > server.limits.nodes) return STATUS.badTooManyOperations;
  return { results: browsePaths.map((path) => translated(server, path)), diagnosticInfos: [] };
}

function translated(server: OpcUaServer, { startingNode, relativePath }: BrowsePath): PathResult {
  const failed = (statusCode: number): PathResult => ({ statusCode, targets: [] });
  const start = server.space.find(startingNode);
  if (start === undefined) return failed(STATUS.badNodeIdUnknown);
  if (relativePath.length === 0) return failed(STATUS.badNothingToDo);
  if (relativePath.length > DEEPEST_PATH) return failed(STATUS.badQueryTooComplex);
  let nodes: readonly Node[] = [start];
  for (const { referenceTypeId, isInverse, includeSubtypes, targetName } of relativePath) {
    const wanted = referenceNumber(server, referenceTypeId);
    if (wanted === undefined) return failed(STATUS.badReferenceTypeIdInvalid);
    if (!targetName.name) return failed(STATUS.badBrowseNameInvalid);
    const found = new Set<Node>();
    for (const node of nodes)
      for (const { type, isForward, target } of node.references)
        if (
          isForward !== isInverse &&
          server.space.isReference(type, wanted, includeSubtypes) &&
          target.browseName.name === targetName.name &&
          target.browseName.namespace === targetName.namespace
        )
          found.add(target);
    nodes = [...found];
  }
  if (nodes.length === 0) return failed(STATUS.badNoMatch);
  return {
    statusCode: STATUS.good,
    targets: nodes.map(({ id }) => ({ targetId: id, remainingPathIndex: 0xffff_ffff })),
  };
}

/** Node ids here are as short as they get: they are given back as they came. */
export function registerNodes(
  { server }: ServiceCall,
  { nodesToRegister }: RequestOf<'RegisterNodes'>,
): Served<'RegisterNodes'> {
  if (nodesToRegister.length === 0) return STATUS.badNothingToDo;
  if (nodesToRegister.length > server.limits.nodes) return STATUS.badTooManyOperations;
  return { registeredNodeIds: nodesToRegister };
}

export function unregisterNodes(
  { server }: ServiceCall,
  { nodesToUnregister }: RequestOf<'UnregisterNodes'>,
): Served<'UnregisterNodes'> {
  if (nodesToUnregister.length === 0) return STATUS.badNothingToDo;
  return nodesToUnregister.length > server.limits.nodes ? STATUS.badTooManyOperations : {};
}
