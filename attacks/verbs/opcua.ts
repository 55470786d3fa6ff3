/** Verbs upon an OPC UA server: `call-method`, `browse-nodes`, which looks through it, and `add-node`, which asks for a node that is not there. */
import type { OpcUaServiceSpec } from '@penstock/core';
import {
  BUILT_IN,
  browseBody,
  isGood,
  NODE,
  type NodeId,
  nodeIdText,
  numericId,
  PLANT_NAMESPACE,
  statusName,
  stringId,
} from '@penstock/protocols/opcua';
import type { OpcUaSession } from '@penstock/simulator/kernel';
import { z } from 'zod';
import { ScopeError } from '../scope.ts';
import { common, roleName } from '../words.ts';
import { defineVerb, type PlanContext, type PlanLine, type StepResult, type VerbContext } from './context.ts';
import { nobody } from './dnp3.ts';
import { shownDevice } from './modbus.ts';
import { opcuaLogin, opcuaServer } from './node-point.ts';

const onServer = {
  ...common,
  /** Role of the device that the adversary sits at. */
  from: roleName,
  /** Role of the OPC UA server. */
  server: roleName,
  /** Role of a device whose logon there is used, as whoever read its configuration has it; anonymous when left out. */
  account: roleName.optional(),
};
interface OnServer {
  readonly from: string;
  readonly server: string;
  readonly account?: string | undefined;
}

const line = (step: OnServer, context: PlanContext, point: string): PlanLine[] => {
  opcuaLogin(context.guard, context.plant, step.server, step.account);
  return [
    { from: shownDevice(context.guard, step.from), to: shownDevice(context.guard, step.server), point, value: null },
  ];
};

/** Opens a session of its own, or says that nobody there can speak OPC UA. */
function sessionOf(
  step: OnServer,
  context: VerbContext,
  what: string,
  end: (result: StepResult) => void,
): OpcUaSession | undefined {
  const { guard, plant, cause } = context;
  const { device } = opcuaServer(guard, plant, step.server);
  const source = guard.device(step.from).id;
  const session = context
    .foothold(source)
    .opcua?.(device.id, cause, opcuaLogin(guard, plant, step.server, step.account));
  if (session === undefined) end({ outcome: 'failed', detail: `${what}: ${nobody(source, 'OPC UA')}` });
  return session;
}

const node = (name: string): NodeId => stringId(name, PLANT_NAMESPACE);

export const callMethod = defineVerb({
  schema: z.strictObject({
    ...onServer,
    verb: z.literal('call-method'),
    /** Name of a method that the plant's file gives the server. */
    method: z.string(),
    argument: z.number().optional(),
  }),
  targets: (step) => [step.server],
  tags: () => [],
  overwrites: () => [],

  plan(step, context) {
    const { area } = methodOf(step, context);
    return line(step, context, `method ${area}.${step.method}`);
  },

  run(step, context, end) {
    const { area } = methodOf(step, context);
    const what = `call ${area}.${step.method}`;
    const session = sessionOf(step, context, what, end);
    if (session === undefined) return;
    const inputArguments = step.argument === undefined ? [] : [{ type: BUILT_IN.Double, value: step.argument }];
    const request = { objectId: node(`area.${area}`), methodId: node(`${area}.${step.method}`), inputArguments };
    session.request('Call', { methodsToCall: [request] }, context.cause, (response, status) => {
      session.release();
      const result = response?.results[0]?.statusCode ?? status;
      const done = response !== undefined && isGood(result);
      end({ outcome: done ? 'done' : 'failed', detail: done ? what : `${what}: ${statusName(result)}` });
    });
  },
});

/** @throws ScopeError `scope.no-method` for one that the server does not have */
function methodOf(
  { server, method }: OnServer & { method: string },
  { guard, plant }: Pick<PlanContext, 'guard' | 'plant'>,
): OpcUaServiceSpec['methods'][number] {
  const { methods } = opcuaServer(guard, plant, server).service;
  const found = methods.find(({ name }) => name === method);
  if (found === undefined)
    throw new ScopeError(
      'scope.no-method',
      `'${server}' has no method '${method}' (${methods.map(({ name }) => name).join(', ') || 'it has none'})`,
    );
  return found;
}

export const browseNodes = defineVerb({
  schema: z.strictObject({
    ...onServer,
    verb: z.literal('browse-nodes'),
    /** How many nodes are looked at, at most. */
    nodes: z.int().min(1).max(1000).default(200),
  }),
  targets: (step) => [step.server],
  tags: () => [],
  overwrites: () => [],
  plan: (step, context) => line(step, context, `at most ${step.nodes} nodes from the root on`),

  run(step, context, end) {
    const session = sessionOf(step, context, 'browse', end);
    if (session === undefined) return;
    const seen = new Set<string>([nodeIdText(numericId(NODE.RootFolder))]);
    const open: NodeId[] = [numericId(NODE.RootFolder)];
    let looked = 0;
    const finish = (result: StepResult): void => {
      session.release();
      end(result);
    };
    const next = (): void => {
      const at = open.shift();
      if (at === undefined || looked === step.nodes) {
        finish({ outcome: 'done', detail: `browsed ${looked} nodes, found ${seen.size}` });
        return;
      }
      looked++;
      session.request('Browse', browseBody([at]), context.cause, (response, status) => {
        if (response === undefined) {
          finish({ outcome: 'failed', detail: `browse: ${statusName(status)} behind ${looked - 1} nodes` });
          return;
        }
        for (const { nodeId } of response.results[0]?.references ?? [])
          if (!seen.has(nodeIdText(nodeId))) {
            seen.add(nodeIdText(nodeId));
            open.push(nodeId);
          }
        next();
      });
    };
    next();
  },
});

export const addNode = defineVerb({
  schema: z.strictObject({
    ...onServer,
    verb: z.literal('add-node'),
    /** Area below which it is asked for. */
    area: z.string(),
    name: z.string().regex(/^[A-Za-z0-9_]{1,64}$/, 'a node has a name of letters and digits'),
  }),
  targets: (step) => [step.server],
  tags: () => [],
  overwrites: () => [],
  plan: (step, context) => line(step, context, `a new node ${step.area}.${step.name}`),

  run(step, context, end) {
    const what = `add ${step.area}.${step.name}`;
    const session = sessionOf(step, context, what, end);
    if (session === undefined) return;
    const item = {
      ...{ parentNodeId: node(`area.${step.area}`), referenceTypeId: numericId(NODE.HasComponent) },
      ...{ requestedNewNodeId: node(step.name), browseName: { namespace: PLANT_NAMESPACE, name: step.name } },
      ...{ nodeClass: 2, typeDefinition: numericId(NODE.BaseDataVariableType) },
      nodeAttributes: { typeId: numericId(0), encoding: 0, body: new Uint8Array(0) },
    };
    session.request('AddNodes', { nodesToAdd: [item] }, context.cause, (response, status) => {
      session.release();
      const result = response?.results[0]?.statusCode ?? status;
      const done = response !== undefined && isGood(result);
      // A refusal was answered: that it was asked for is the act.
      end({ outcome: done ? 'done' : 'failed', detail: `${what}: ${statusName(result)}` });
    });
  },
});
