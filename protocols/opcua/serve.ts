/** Which services a server has, what each needs of a session, and who does it. The others are answered with BadServiceUnsupported. */
import type { RequestOf, ResponseOf, ServiceName } from './messages.ts';
import { historyRead, read, write } from './serve-attributes.ts';
import { call } from './serve-methods.ts';
import { activateSession, cancel, closeSession, createSession, findServers, getEndpoints } from './serve-session.ts';
import {
  createMonitoredItems,
  createSubscription,
  deleteMonitoredItems,
  deleteSubscriptions,
  modifyMonitoredItems,
  modifySubscription,
  publish,
  republish,
  setMonitoringMode,
  setPublishingMode,
} from './serve-subscriptions.ts';
import { browse, browseNext, registerNodes, translateBrowsePaths, unregisterNodes } from './serve-view.ts';
import type { ServiceCall } from './server-connection.ts';

/** A response, the status of a fault, or undefined when the call's `pending` is answered later. */
export type Served<N extends ServiceName> = ResponseOf<N> | number | undefined;

interface Handler<N extends ServiceName> {
  /** `session`: one that exists; `activated`: one that somebody logged on to, on this channel. */
  readonly needs: 'nothing' | 'session' | 'activated';
  readonly serve: (call: ServiceCall, body: RequestOf<N>) => Served<N>;
}

export const HANDLERS: { readonly [N in ServiceName]?: Handler<N> } = {
  FindServers: { needs: 'nothing', serve: findServers },
  GetEndpoints: { needs: 'nothing', serve: getEndpoints },
  CreateSession: { needs: 'nothing', serve: createSession },
  ActivateSession: { needs: 'session', serve: activateSession },
  CloseSession: { needs: 'session', serve: closeSession },
  Cancel: { needs: 'activated', serve: cancel },
  Browse: { needs: 'activated', serve: browse },
  BrowseNext: { needs: 'activated', serve: browseNext },
  TranslateBrowsePathsToNodeIds: { needs: 'activated', serve: translateBrowsePaths },
  RegisterNodes: { needs: 'activated', serve: registerNodes },
  UnregisterNodes: { needs: 'activated', serve: unregisterNodes },
  Read: { needs: 'activated', serve: read },
  HistoryRead: { needs: 'activated', serve: historyRead },
  Write: { needs: 'activated', serve: write },
  Call: { needs: 'activated', serve: call },
  CreateSubscription: { needs: 'activated', serve: createSubscription },
  ModifySubscription: { needs: 'activated', serve: modifySubscription },
  SetPublishingMode: { needs: 'activated', serve: setPublishingMode },
  DeleteSubscriptions: { needs: 'activated', serve: deleteSubscriptions },
  CreateMonitoredItems: { needs: 'activated', serve: createMonitoredItems },
  ModifyMonitoredItems: { needs: 'activated', serve: modifyMonitoredItems },
  SetMonitoringMode: { needs: 'activated', serve: setMonitoringMode },
  DeleteMonitoredItems: { needs: 'activated', serve: deleteMonitoredItems },
  Publish: { needs: 'activated', serve: publish },
  Republish: { needs: 'activated', serve: republish },
};
