/** Calls and changes of the address space, as one kind of thing: what is done to what. */
import { nodeText, short, variantText } from './dissect-emit.ts';
import type { MessageKind, RequestOf, ServiceName } from './messages.ts';

export interface Act {
  readonly object?: string | undefined;
  readonly method?: string | undefined;
  readonly given?: string | undefined;
}

export function actsOf(kind: MessageKind, request: RequestOf<ServiceName> | undefined): Act[] {
  if (request === undefined) return [];
  switch (kind.service) {
    case 'Call':
      return (request as RequestOf<'Call'>).methodsToCall.map(({ objectId, methodId, inputArguments }) => ({
        object: nodeText(objectId),
        method: nodeText(methodId),
        given: short(inputArguments.map(variantText).join(', ')),
      }));
    case 'AddNodes':
      return (request as RequestOf<'AddNodes'>).nodesToAdd.map(({ parentNodeId, browseName }) => ({
        object: nodeText(parentNodeId),
        method: short(browseName.name),
      }));
    case 'AddReferences':
      return (request as RequestOf<'AddReferences'>).referencesToAdd.map(({ sourceNodeId }) => ({
        object: nodeText(sourceNodeId),
      }));
    case 'DeleteNodes':
      return (request as RequestOf<'DeleteNodes'>).nodesToDelete.map(({ nodeId }) => ({ object: nodeText(nodeId) }));
    case 'DeleteReferences':
      return (request as RequestOf<'DeleteReferences'>).referencesToDelete.map(({ sourceNodeId }) => ({
        object: nodeText(sourceNodeId),
      }));
    case 'HistoryUpdate':
      return (request as RequestOf<'HistoryUpdate'>).historyUpdateDetails.map(() => ({}));
    default:
      return [];
  }
}
