/**
 * What the dissector says: the columns of ICSNPP's `opcua_binary` logs without the identifiers that link them (they are of one time and
 * one request id), and events of our own: values by node, sessions, calls, identities and broken messages.
 */
import type { ProtocolEvent } from '@penstock/core';

type Text = string | undefined;
type Count = number | undefined;

interface DirectedEvent extends ProtocolEvent {
  readonly is_orig: boolean;
}

/** A node id in ICSNPP's columns. */
export interface NodeColumns {
  readonly encoding_mask: Text;
  readonly namespace_idx: Count;
  readonly numeric: Count;
  readonly string: Text;
  readonly guid: Text;
  readonly opaque: Text;
}

/** A request with its response, or a message that has neither. The last three columns are ours. */
export interface OpcUaBinaryEvent extends ProtocolEvent {
  readonly name: 'opcua_binary';
  readonly msg_type: string;
  readonly is_final: string;
  readonly total_size: number;
  readonly error: Count;
  readonly reason: Text;
  readonly version: Count;
  readonly rcv_buf_size: Count;
  readonly snd_buf_size: Count;
  readonly max_msg_size: Count;
  readonly max_chunk_cnt: Count;
  readonly endpoint_url: Text;
  readonly sec_channel_id: Count;
  readonly sec_policy_uri_len: Count;
  readonly sec_policy_uri: Text;
  readonly snd_cert_len: Count;
  readonly snd_cert: Text;
  readonly rcv_cert_len: Count;
  readonly rcv_cert: Text;
  readonly request_id: Count;
  readonly req_msg_size: Count;
  readonly req_seq_number: Count;
  readonly req_encoding_mask: Count;
  readonly req_namespace_idx: Count;
  readonly req_identifier: Count;
  readonly req_identifier_str: Text;
  readonly req_hdr_node_id_type: Text;
  readonly req_hdr_node_id_namespace_idx: Count;
  readonly req_hdr_node_id_numeric: Count;
  readonly req_hdr_node_id_string: Text;
  readonly req_hdr_node_id_guid: Text;
  readonly req_hdr_node_id_opaque: Text;
  readonly req_hdr_timestamp: Count;
  readonly req_hdr_request_handle: Count;
  readonly req_hdr_return_diag: Count;
  readonly req_hdr_audit_entry_id: Text;
  readonly req_hdr_timeout_hint: Count;
  readonly res_msg_size: Count;
  readonly res_seq_number: Count;
  readonly res_encoding_mask: Count;
  readonly res_namespace_idx: Count;
  readonly res_identifier: Count;
  readonly res_identifier_str: Text;
  readonly res_hdr_timestamp: Count;
  readonly res_hdr_request_handle: Count;
  readonly res_hdr_service_diag_encoding: Count;
  readonly res_status_code: Text;
  readonly res_status_code_str: Text;
  /** Whether what the message holds could be read. */
  readonly readable: boolean;
}

export interface OpenSecureChannelEvent extends DirectedEvent {
  readonly name: 'opcua_binary_opensecure_channel';
  readonly client_proto_ver: Count;
  readonly sec_token_request_type: Count;
  readonly message_security_mode: Count;
  readonly client_nonce: Text;
  readonly req_lifetime: Count;
  readonly server_proto_ver: Count;
  readonly sec_token_sec_channel_id: Count;
  readonly sec_token_id: Count;
  readonly sec_token_created_at: Count;
  readonly sec_token_revised_time: Count;
  readonly server_nonce: Text;
}

/** A status that is not good: of a response, or of one of its results. */
export interface StatusCodeEvent extends DirectedEvent {
  readonly name: 'opcua_binary_status_code_detail';
  readonly source_str: string;
  readonly status_code: string;
  readonly severity: number;
  readonly severity_str: string;
  readonly sub_code: number;
  readonly sub_code_str: string;
  readonly structure_changed: boolean;
  readonly semantics_changed: boolean;
}

export interface CreateSessionEvent extends DirectedEvent {
  readonly name: 'opcua_binary_create_session';
  readonly application_uri: Text;
  readonly product_uri: Text;
  readonly locale: Text;
  readonly text: Text;
  readonly application_type: Count;
  readonly gateway_server_uri: Text;
  readonly discovery_profile_uri: Text;
  readonly server_uri: Text;
  readonly endpoint_url: Text;
  readonly session_name: Text;
  readonly client_cert_size: Count;
  readonly req_session_timeout: Count;
  readonly max_res_msg_size: Count;
  readonly session_id: Text;
  readonly revised_session_timeout: Count;
  readonly server_cert_size: Count;
  readonly max_req_msg_size: Count;
}

export interface ActivateSessionEvent extends DirectedEvent {
  readonly name: 'opcua_binary_activate_session';
  readonly client_algorithm: Text;
  readonly client_signature: Text;
  readonly ext_obj_type_id_encoding_mask: Text;
  readonly ext_obj_type_id_namespace_idx: Count;
  readonly ext_obj_type_id_numeric: Count;
  readonly ext_obj_type_id_str: Text;
  readonly ext_obj_encoding: Text;
  readonly ext_obj_policy_id: Text;
  readonly ext_obj_user_name: Text;
  /** Masked. */
  readonly ext_obj_password: Text;
  readonly ext_obj_encryption_algorithom: Text;
  readonly server_nonce: Text;
}

export interface CloseSessionEvent extends DirectedEvent {
  readonly name: 'opcua_binary_close_session';
  readonly del_subscriptions: boolean;
}

export interface EndpointEvent extends DirectedEvent {
  readonly name: 'opcua_binary_get_endpoints_description' | 'opcua_binary_create_session_endpoints';
  readonly endpoint_uri: Text;
  readonly application_uri: Text;
  readonly product_uri: Text;
  readonly encoding_mask: number;
  readonly locale: Text;
  readonly text: Text;
  readonly application_type: number;
  readonly gateway_server_uri: Text;
  readonly discovery_profile_uri: Text;
  readonly cert_size: Count;
  readonly message_security_mode: number;
  readonly security_policy_uri: Text;
  readonly transport_profile_uri: Text;
  readonly security_level: number;
}

export interface UserTokenEvent extends DirectedEvent {
  readonly name: 'opcua_binary_get_endpoints_user_token' | 'opcua_binary_create_session_user_token';
  readonly user_token_policy_id: Text;
  readonly user_token_type: number;
  readonly user_token_issued_type: Text;
  readonly user_token_endpoint_url: Text;
  readonly user_token_sec_policy_uri: Text;
}

export interface BrowseEvent extends DirectedEvent {
  readonly name: 'opcua_binary_browse_description';
  readonly browse_description_encoding_mask: Text;
  readonly browse_description_namespace_idx: Count;
  readonly browse_description_numeric: Count;
  readonly browse_description_string: Text;
  readonly browse_description_guid: Text;
  readonly browse_description_opaque: Text;
  readonly browse_direction: string;
  readonly browse_description_ref_encoding_mask: Text;
  readonly browse_description_ref_namespace_idx: Count;
  readonly browse_description_ref_numeric: Count;
  readonly browse_description_include_subtypes: boolean;
  readonly browse_node_class_mask: string;
  readonly browse_result_mask: string;
}

export interface ReadNodeEvent extends DirectedEvent {
  readonly name: 'opcua_binary_read_nodes_to_read';
  readonly node_id_encoding_mask: Text;
  readonly node_id_namespace_idx: Count;
  readonly node_id_numeric: Count;
  readonly node_id_string: Text;
  readonly node_id_guid: Text;
  readonly node_id_opaque: Text;
  readonly attribute_id: number;
  readonly attribute_id_str: Text;
  readonly index_range: Text;
  readonly data_encoding_name_idx: number;
  readonly data_encoding_name: Text;
}

export interface WriteEvent extends DirectedEvent {
  readonly name: 'opcua_binary_write';
  readonly node_id_encoding_mask: Text;
  readonly node_id_namespace_idx: Count;
  readonly node_id_numeric: Count;
  readonly node_id_string: Text;
  readonly node_id_guid: Text;
  readonly node_id_opaque: Text;
  readonly attribute_id: number;
  readonly attribute_id_str: Text;
  readonly index_range: Text;
  readonly data_value_encoding_mask: Text;
}

export interface CreateSubscriptionEvent extends DirectedEvent {
  readonly name: 'opcua_binary_create_subscription';
  readonly requested_publishing_interval: Count;
  readonly requested_lifetime_count: Count;
  readonly requested_max_keep_alive_count: Count;
  readonly max_notifications_per_publish: Count;
  readonly publishing_enabled: boolean | undefined;
  readonly priority: Count;
  readonly subscription_id: Count;
  readonly revised_publishing_interval: Count;
  readonly revised_lifetime_count: Count;
  readonly revised_max_keep_alive_count: Count;
}

export interface CreateItemEvent extends DirectedEvent {
  readonly name: 'opcua_binary_create_monitored_items_create_item';
  readonly item_to_monitor_node_id_encoding_mask: Text;
  readonly item_to_monitor_node_id_namespace_idx: Count;
  readonly item_to_monitor_node_id_numeric: Count;
  readonly item_to_monitor_node_id_string: Text;
  readonly item_to_monitor_node_id_guid: Text;
  readonly item_to_monitor_node_id_opaque: Text;
  readonly item_to_monitor_attribute_id: Text;
  readonly monitoring_mode: Text;
  readonly monitoring_parameters_client_handle: Count;
  readonly monitoring_parameters_sampling_interval: Count;
  readonly monitoring_parameters_queue_size: Count;
  readonly monitoring_parameters_discard_oldest: boolean | undefined;
  readonly subscription_id: Count;
}

/** Ours: a value of a node as it was read, published or written; request and response joined. At most 256 of a message are told. */
export interface OpcUaValueEvent extends DirectedEvent {
  readonly name: 'opcua_value';
  readonly request_id: number;
  readonly service: 'Read' | 'Write' | 'Publish';
  /** `ns=2;s=LIT101`; undefined for a subscription that was made before anybody listened. */
  readonly node_id: Text;
  readonly attribute: string;
  readonly data_type: Text;
  readonly value: Text;
  /** Of numbers and booleans. */
  readonly number: Count;
  readonly status_code: Text;
  readonly status_code_name: Text;
  readonly source_timestamp: Count;
  /** Whether the response was seen. */
  readonly matched: boolean;
}

/** Ours: somebody logged on, or was refused. What the client said of itself is undefined where that was before anybody listened. */
export interface OpcUaSessionEvent extends ProtocolEvent {
  readonly name: 'opcua_session';
  readonly application_uri: Text;
  readonly application_name: Text;
  readonly product_uri: Text;
  readonly session_name: Text;
  readonly endpoint_url: Text;
  /** `Anonymous`, `UserName`, `Certificate`, `IssuedToken`. */
  readonly token_type: string;
  readonly user: Text;
  /** Of the channel: `None`, `Sign`, `SignAndEncrypt`. */
  readonly security_mode: Text;
  readonly security_policy: Text;
  /** The best mode that the server offers. */
  readonly best_offered: Text;
  readonly success: boolean | undefined;
  readonly status_code_name: Text;
}

/** Ours: a method that was called, or a node that somebody wants added or deleted. */
export interface OpcUaCallEvent extends DirectedEvent {
  readonly name: 'opcua_call';
  readonly request_id: number;
  /** `Call`, `AddNodes`, `AddReferences`, `DeleteNodes`, `DeleteReferences`, `HistoryUpdate`. */
  readonly service: string;
  readonly object_id: Text;
  /** Of a call; the browse name of a node that is to be added. */
  readonly method_id: Text;
  readonly arguments: Text;
  readonly status_code: Text;
  readonly status_code_name: Text;
  readonly matched: boolean;
}

/** Ours: a name that an application gives itself. */
export interface OpcUaIdentityEvent extends DirectedEvent {
  readonly name: 'opcua_identity';
  /** `ApplicationUri`, `ApplicationName`, `ProductUri`, `ProductName`, `ManufacturerName`, `SoftwareVersion`. */
  readonly object: string;
  readonly value: string;
}

/** Ours: bytes that break a layer. `truncated`: the stream ended or broke off within a chunk. */
export interface OpcUaViolationEvent extends DirectedEvent {
  readonly name: 'opcua_violation';
  readonly layer: 'chunk' | 'channel' | 'message';
  readonly reason: 'header' | 'size' | 'truncated' | 'sequence' | 'form' | 'mixed';
}

export type AnyOpcUaEvent =
  | OpcUaBinaryEvent
  | OpenSecureChannelEvent
  | StatusCodeEvent
  | CreateSessionEvent
  | ActivateSessionEvent
  | CloseSessionEvent
  | EndpointEvent
  | UserTokenEvent
  | BrowseEvent
  | ReadNodeEvent
  | WriteEvent
  | CreateSubscriptionEvent
  | CreateItemEvent
  | OpcUaValueEvent
  | OpcUaSessionEvent
  | OpcUaCallEvent
  | OpcUaIdentityEvent
  | OpcUaViolationEvent;
