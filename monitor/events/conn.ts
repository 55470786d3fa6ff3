import type { ProtocolEvent } from '@penstock/core';
import { isLocal } from '../flows/address.ts';
import type { Flow, Transport } from '../flows/flow.ts';
import { PROTOCOL_TCP, PROTOCOL_UDP } from '../flows/packet.ts';
import { connectionState, originatorBytes } from '../flows/tcp.ts';

/** A flow that has ended: the columns of Zeek's `conn.log`. `time` is that of its last packet, `start` of its first. */
export interface ConnEvent extends ProtocolEvent {
  readonly name: 'conn';
  readonly start: number;
  readonly proto: Transport;
  readonly service: string | undefined;
  /** Seconds; undefined for a flow of one packet. */
  readonly duration: number | undefined;
  readonly orig_bytes: number | undefined;
  readonly resp_bytes: number | undefined;
  readonly conn_state: string;
  readonly local_orig: boolean;
  readonly local_resp: boolean;
  readonly missed_bytes: number;
  readonly history: string | undefined;
  readonly orig_pkts: number;
  readonly orig_ip_bytes: number;
  readonly resp_pkts: number;
  readonly resp_ip_bytes: number;
  readonly tunnel_parents: undefined;
  readonly ip_proto: number;
}

/** What `conn.log` says of a flow, as far as it has come. */
export function connEvent(flow: Flow): ConnEvent {
  const { originator, responder } = flow;
  const isTcp = flow.protocol === PROTOCOL_TCP;
  const microseconds = flow.lastTime - flow.startTime;
  const lasted = microseconds > 0;
  const lowLocal = isLocal(flow.version, flow.low0, flow.low1, flow.low2, flow.low3);
  const highLocal = isLocal(flow.version, flow.high0, flow.high1, flow.high2, flow.high3);
  return {
    name: 'conn',
    time: flow.lastTime,
    start: flow.startTime,
    proto: flow.transport,
    service: flow.service,
    duration: lasted ? microseconds / 1e6 : undefined,
    orig_bytes: lasted ? (isTcp ? originatorBytes(flow) : originator.payloadBytes) : undefined,
    resp_bytes: lasted ? (isTcp ? responder.streamBytes : responder.payloadBytes) : undefined,
    conn_state: isTcp ? connectionState(flow) : datagramState(flow),
    local_orig: flow.originatorIsLow ? lowLocal : highLocal,
    local_resp: flow.originatorIsLow ? highLocal : lowLocal,
    missed_bytes: flow.missedBytes,
    history: flow.history === '' ? undefined : flow.history,
    orig_pkts: originator.packets,
    orig_ip_bytes: originator.ipBytes,
    resp_pkts: responder.packets,
    resp_ip_bytes: responder.ipBytes,
    tunnel_parents: undefined,
    ip_proto: flow.protocol,
  };
}

/** For UDP, who has spoken; other protocols have no states. */
function datagramState(flow: Flow): string {
  if (flow.protocol !== PROTOCOL_UDP) return 'OTH';
  if (flow.originator.packets > 0) return flow.responder.packets > 0 ? 'SF' : 'S0';
  return flow.responder.packets > 0 ? 'SHR' : 'OTH';
}
