/** Call (OPC 10000-4, 5.11): the plant's own methods, and those of conditions (OPC 10000-9). */
import type { Node } from './address-space.ts';
import { BUILT_IN, type LocalizedText, type Variant } from './builtin.ts';
import type { RequestOf } from './messages.ts';
import type { Served } from './serve.ts';
import { statusOfOutcome } from './serve-attributes.ts';
import type { ServiceCall } from './server-connection.ts';
import type { Session } from './server-session.ts';
import { STATUS } from './status.ts';
import type { CallMethodRequest, CallMethodResult } from './structures.ts';
import { NODE, NODE_CLASS } from './tables.ts';

const result = (statusCode: number, inputArgumentResults: readonly number[] = []): CallMethodResult => ({
  ...{ statusCode, inputArgumentResults, inputArgumentDiagnosticInfos: [], outputArguments: [] },
});

export function call(calling: ServiceCall, { methodsToCall }: RequestOf<'Call'>): Served<'Call'> {
  if (methodsToCall.length === 0) return STATUS.badNothingToDo;
  if (methodsToCall.length > calling.server.limits.nodes) return STATUS.badTooManyOperations;
  const results: CallMethodResult[] = new Array(methodsToCall.length);
  let open = methodsToCall.length;
  methodsToCall.forEach((request, i) => {
    callOne(calling, request, (outcome) => {
      results[i] = outcome;
      if (--open === 0) calling.pending.answer('Call', { results, diagnosticInfos: [] });
    });
  });
  return undefined;
}

function callOne(calling: ServiceCall, request: CallMethodRequest, done: (result: CallMethodResult) => void): void {
  const { server } = calling;
  const session = calling.session as Session;
  const { objectId, methodId, inputArguments } = request;
  const object = server.space.find(objectId);
  const method = server.space.find(methodId);
  if (object === undefined) {
    done(result(STATUS.badNodeIdUnknown));
    return;
  }
  if (method === undefined || method.nodeClass !== NODE_CLASS.Method) {
    done(result(STATUS.badMethodInvalid));
    return;
  }
  if (method.id.namespace === 0) {
    done(conditionMethod(calling, session, object, method.id.value as number, inputArguments));
    return;
  }
  const isItsMethod = object.references.some(({ target, isForward }) => isForward && target === method);
  const { access, methods = [] } = server.options;
  const number = method.method as number;
  if (!isItsMethod || access.call === undefined) {
    done(result(STATUS.badMethodInvalid));
    return;
  }
  if (!session.may('engineer')) {
    server.notice('refused', session.writer, `${method.browseName.name} refused for ${session.user || 'anonymous'}`);
    done(result(STATUS.badUserAccessDenied));
    return;
  }
  const wanted = methods[number]?.argument === undefined ? 0 : 1;
  if (inputArguments.length !== wanted) {
    done(result(inputArguments.length < wanted ? STATUS.badArgumentsMissing : STATUS.badTooManyArguments));
    return;
  }
  const [argument] = inputArguments;
  if (argument !== undefined && (argument.type !== BUILT_IN.Double || typeof argument.value !== 'number')) {
    done(result(STATUS.badInvalidArgument, [STATUS.badTypeMismatch]));
    return;
  }
  server.notice('call', session.writer, `${method.browseName.name} called by ${session.user || 'anonymous'}`);
  access.call(number, argument?.value as number | undefined, session.writer, (outcome) =>
    done(
      outcome === 'range'
        ? result(STATUS.badInvalidArgument, [STATUS.badOutOfRange])
        : result(statusOfOutcome(outcome)),
    ),
  );
}

function conditionMethod(
  { server }: ServiceCall,
  session: Session,
  object: Node,
  method: number,
  inputs: readonly Variant[],
): CallMethodResult {
  if (method === NODE.ConditionType_ConditionRefresh) {
    if (object.id.namespace !== 0 || object.id.value !== NODE.ConditionType) return result(STATUS.badMethodInvalid);
    const id = inputs[0];
    if (id === undefined) return result(STATUS.badArgumentsMissing);
    if (id.type !== BUILT_IN.UInt32) return result(STATUS.badInvalidArgument, [STATUS.badTypeMismatch]);
    return result(server.events.refresh(session, id.value as number));
  }
  if (method !== NODE.AcknowledgeableConditionType_Acknowledge) return result(STATUS.badMethodInvalid);
  if (!session.may('operator')) return result(STATUS.badUserAccessDenied);
  const [eventId, comment] = inputs;
  if (inputs.length < 2) return result(STATUS.badArgumentsMissing);
  if (eventId?.type !== BUILT_IN.ByteString || comment?.type !== BUILT_IN.LocalizedText)
    return result(STATUS.badInvalidArgument);
  const { text = '' } = comment.value as LocalizedText;
  return result(server.alarms.acknowledge(object, eventId.value as Uint8Array | undefined, session, text));
}
