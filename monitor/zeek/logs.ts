/**
 * The logs whose columns are agreed elsewhere: Zeek's own (https://docs.zeek.org/en/master/script-reference/log-files.html) and
 * ICSNPP's for Modbus (https://github.com/cisagov/icsnpp-modbus); and ours whose columns are often empty. Other events get a log of
 * their keys, see `writer.ts`.
 */

/** Types as `#types` names them. */
export type ZeekType =
  | 'time'
  | 'interval'
  | 'string'
  | 'addr'
  | 'port'
  | 'enum'
  | 'bool'
  | 'count'
  | 'int'
  | 'double'
  | 'vector[count]'
  | 'vector[double]'
  | 'vector[string]'
  | 'set[string]';

export interface ZeekColumn {
  readonly name: string;
  readonly type: ZeekType;
}

export interface ZeekLog {
  readonly path: string;
  readonly columns: readonly ZeekColumn[];
}

/** `name:type name:type …`; the type is `string` when left out. */
function columns(text: string): ZeekColumn[] {
  return text
    .trim()
    .split(/\s+/)
    .map((word) => {
      const [name, type] = word.split(':') as [string, ZeekType | undefined];
      return { name, type: type ?? 'string' };
    });
}

/** The columns that every log of a connection starts with. */
export const CONNECTION = columns('ts:time uid id.orig_h:addr id.orig_p:port id.resp_h:addr id.resp_p:port');

const ICSNPP_SOURCE = columns(
  'is_orig:bool source_h:addr source_p:port destination_h:addr destination_p:port modbus_detailed_link_id tid:count unit:count',
);

const ICSNPP_DIRECTED = columns('is_orig:bool source_h:addr source_p:port destination_h:addr destination_p:port');

/** Who spoke on the link, and the application's sequence number. */
const DNP3_LINK = columns('link_source:count link_destination:count sequence:count');

export const ZEEK_LOGS: readonly ZeekLog[] = [
  {
    path: 'conn',
    columns: [
      ...CONNECTION,
      ...columns(
        `proto:enum service duration:interval orig_bytes:count resp_bytes:count conn_state local_orig:bool local_resp:bool
        missed_bytes:count history orig_pkts:count orig_ip_bytes:count resp_pkts:count resp_ip_bytes:count
        tunnel_parents:set[string] ip_proto:count`,
      ),
    ],
  },
  { path: 'modbus', columns: [...CONNECTION, ...columns('tid:count unit:count func pdu_type exception')] },
  {
    path: 'modbus_detailed',
    columns: [
      ...CONNECTION,
      ...columns(
        `tid:count unit:count func address:count quantity:count request_values:vector[count] response_values:vector[count]
        modbus_detailed_link_id matched:bool request_subfunction_code response_subfunction_code request_data response_data
        exception_code mei_type`,
      ),
    ],
  },
  {
    path: 'modbus_mask_write_register',
    columns: [
      ...CONNECTION,
      ...ICSNPP_SOURCE,
      ...columns('func request_response address:count and_mask:count or_mask:count'),
    ],
  },
  {
    path: 'modbus_read_write_multiple_registers',
    columns: [
      ...CONNECTION,
      ...ICSNPP_SOURCE,
      ...columns(
        `func request_response write_start_address:count write_registers:vector[count] read_start_address:count
        read_quantity:count read_registers:vector[count]`,
      ),
    ],
  },
  {
    path: 'modbus_read_device_identification',
    columns: [
      ...CONNECTION,
      ...ICSNPP_SOURCE,
      ...columns(
        `func request_response mei_type conformity_level_code conformity_level device_id_code:count object_id_code object_id
        object_value`,
      ),
    ],
  },
  {
    path: 'modbus_file_record',
    columns: [
      ...CONNECTION,
      ...columns('is_orig:bool tid:count unit:count func request_response file:count record:count length:count data'),
    ],
  },
  {
    path: 'modbus_violation',
    columns: [...CONNECTION, ...columns('is_orig:bool tid:count unit:count func reason')],
  },
  {
    path: 'cotp',
    columns: [...CONNECTION, ...ICSNPP_DIRECTED, ...columns(`pdu_code pdu_name`)],
  },
  {
    path: 's7comm',
    columns: [
      ...CONNECTION,
      ...ICSNPP_DIRECTED,
      ...columns(
        `rosctr_code:count rosctr_name pdu_reference:count function_code function_name subfunction_code subfunction_name
        error_class error_code`,
      ),
    ],
  },
  {
    path: 's7comm_read_szl',
    columns: [
      ...CONNECTION,
      ...ICSNPP_DIRECTED,
      ...columns(`pdu_reference:count method szl_id szl_id_name szl_index return_code return_code_name`),
    ],
  },
  {
    path: 's7comm_upload_download',
    columns: [
      ...CONNECTION,
      ...ICSNPP_DIRECTED,
      ...columns(
        `rosctr pdu_reference:count function_name function_status session_id:count blocklength:count filename block_type
        block_number destination_filesystem`,
      ),
    ],
  },
  {
    path: 's7comm_plus',
    columns: [
      ...CONNECTION,
      ...ICSNPP_DIRECTED,
      ...columns(`version:count opcode opcode_name function_code function_name`),
    ],
  },
  {
    path: 's7comm_items',
    columns: [
      ...CONNECTION,
      ...columns(
        `is_orig:bool pdu_reference:count function_name item:count items:count area db:count address type quantity:count
        values:vector[double] return_code return_code_name matched:bool`,
      ),
    ],
  },
  {
    path: 's7comm_block',
    columns: [
      ...CONNECTION,
      ...columns('is_orig:bool direction filename block_type block_number:count length:count content_hash'),
    ],
  },
  { path: 's7comm_identity', columns: [...CONNECTION, ...columns('is_orig:bool object value')] },
  { path: 's7comm_violation', columns: [...CONNECTION, ...columns('is_orig:bool layer reason')] },
  {
    path: 'dnp3',
    columns: [
      ...CONNECTION,
      ...columns(
        `fc_request fc_reply iin:count iin_flags:vector[string] master_is_orig:bool master:count outstation:count sequence:count unsolicited:bool
        fragment:count confirm:bool request_objects:count reply_objects:count delay:interval`,
      ),
    ],
  },
  {
    path: 'dnp3_control',
    columns: [
      ...CONNECTION,
      ...ICSNPP_DIRECTED,
      ...columns(
        `block_type function_code index_number:count trip_control_code operation_type clear_bit:bool execute_count:count
        on_time:count off_time:count status_code value:double selected:bool`,
      ),
      ...DNP3_LINK,
    ],
  },
  {
    path: 'dnp3_objects',
    columns: [
      ...CONNECTION,
      ...ICSNPP_DIRECTED,
      ...columns('function_code object_type object_count:count range_low:count range_high:count'),
      ...DNP3_LINK,
      ...columns(
        `group:count variation:count qualifier:count indices:vector[count] values:vector[double] flags:vector[count]
        times:vector[double] texts:vector[string]`,
      ),
    ],
  },
  {
    path: 'dnp3_file',
    columns: [
      ...CONNECTION,
      ...ICSNPP_DIRECTED,
      ...columns(
        `function_code object_type file_name handle:count size:count mode block:count last_block:bool octets:count status
        request_id:count user`,
      ),
      ...DNP3_LINK,
    ],
  },
  {
    path: 'dnp3_attribute',
    columns: [
      ...CONNECTION,
      ...ICSNPP_DIRECTED,
      ...columns('function_code attribute_set:count variation:count attribute data_type value'),
      ...DNP3_LINK,
    ],
  },
  {
    path: 'dnp3_time',
    columns: [
      ...CONNECTION,
      ...ICSNPP_DIRECTED,
      ...columns('function_code object_type written:time offset:interval interval:count'),
      ...DNP3_LINK,
    ],
  },
  {
    path: 'dnp3_link',
    columns: [
      ...CONNECTION,
      ...ICSNPP_DIRECTED,
      ...columns('link_source:count link_destination:count link_function from_master:bool fcb:bool fcv:bool dfc:bool'),
    ],
  },
  {
    path: 'dnp3_violation',
    columns: [
      ...CONNECTION,
      ...columns(
        `is_orig:bool layer reason link_source:count link_destination:count function_code group:count variation:count`,
      ),
    ],
  },
  {
    path: 'bacnet',
    columns: [
      ...CONNECTION,
      ...ICSNPP_DIRECTED,
      ...columns(
        `bvlc_function pdu_type pdu_service invoke_id:count result_code error_class network_priority:count source_network:count
        destination_network:count`,
      ),
    ],
  },
  {
    path: 'bacnet_discovery',
    columns: [
      ...CONNECTION,
      ...ICSNPP_DIRECTED,
      ...columns(
        `pdu_service device_id_type device_id_number:count object_type instance_number:count vendor range object_name vendor_id:count
        max_apdu:count low:count high:count`,
      ),
    ],
  },
  {
    path: 'bacnet_property',
    columns: [
      ...CONNECTION,
      ...ICSNPP_DIRECTED,
      ...columns(
        `invoke_id:count pdu_service object_type instance_number:count property array_index:count value number:double object_id:count
        property_id:count`,
      ),
    ],
  },
  {
    path: 'bacnet_device_control',
    columns: [
      ...CONNECTION,
      ...ICSNPP_DIRECTED,
      ...columns('invoke_id:count pdu_service time_duration:count device_state password result result_code requested'),
    ],
  },
  {
    path: 'bacnet_write',
    columns: [
      ...CONNECTION,
      ...ICSNPP_DIRECTED,
      ...columns(
        `invoke_id:count pdu_service object_type instance_number:count property array_index:count value number:double priority:count
        relinquish:bool result object_id:count property_id:count`,
      ),
    ],
  },
  {
    path: 'bacnet_cov',
    columns: [
      ...CONNECTION,
      ...ICSNPP_DIRECTED,
      ...columns(
        `invoke_id:count operation process_id:count confirmed:bool lifetime:count device:count object_type instance_number:count value
        number:double object_id:count`,
      ),
    ],
  },
  {
    path: 'bacnet_alarm',
    columns: [
      ...CONNECTION,
      ...ICSNPP_DIRECTED,
      ...columns(
        `invoke_id:count operation process_id:count device:count object_type instance_number:count notification_class:count
        priority:count event_type notify_type from_state to_state message`,
      ),
    ],
  },
  {
    path: 'bacnet_link',
    columns: [
      ...CONNECTION,
      ...ICSNPP_DIRECTED,
      ...columns('bvlc_function result ttl:count entries:count addresses:vector[string]'),
    ],
  },
  {
    path: 'bacnet_time',
    columns: [...CONNECTION, ...ICSNPP_DIRECTED, ...columns('pdu_service written:time offset:interval')],
  },
  { path: 'bacnet_violation', columns: [...CONNECTION, ...columns('is_orig:bool layer reason')] },
  {
    path: 'ftp',
    columns: [
      ...CONNECTION,
      ...columns(
        `user password command arg mime_type file_size:count reply_code:count reply_msg data_channel.passive:bool data_channel.orig_h:addr
        data_channel.resp_h:addr data_channel.resp_p:port fuid`,
      ),
    ],
  },
  {
    path: 'snmp',
    columns: [
      ...CONNECTION,
      ...columns(
        `duration:interval version community get_requests:count get_bulk_requests:count get_responses:count set_requests:count
        display_string up_since:time`,
      ),
    ],
  },
  { path: 'credential', columns: [...CONNECTION, ...columns('protocol user password success:bool')] },
  { path: 'telnet_login', columns: [...CONNECTION, ...columns('user password success:bool')] },
  { path: 'telnet_command', columns: [...CONNECTION, ...columns('user command answer')] },
  { path: 'snmp_set', columns: [...CONNECTION, ...columns('oid value accepted:bool')] },
  { path: 'http_server', columns: [...CONNECTION, ...columns('server realm title')] },
  { path: 'http_form', columns: [...CONNECTION, ...columns('uri username fields:vector[string] status_code:count')] },
  {
    path: 'firmware_transfer',
    columns: [
      ...CONNECTION,
      ...columns('is_orig:bool carrier vendor product version length:count signed:bool content_hash'),
    ],
  },
  {
    path: 'mqtt_connect',
    columns: [
      ...CONNECTION,
      ...columns(
        `proto_name proto_version client_id connect_status will_topic will_payload username password clean_start:bool keep_alive:count
        session_present:bool accepted:bool`,
      ),
    ],
  },
  {
    path: 'mqtt_publish',
    columns: [
      ...CONNECTION,
      ...columns(
        'from_client:bool retain:bool qos status topic payload payload_len:count content content_hash refused',
      ),
    ],
  },
  {
    path: 'mqtt_subscribe',
    columns: [
      ...CONNECTION,
      ...columns(
        'action:enum topics:vector[string] qos_levels:vector[count] granted_qos_level:count ack:bool wide:bool refused:bool',
      ),
    ],
  },
  {
    path: 'opcua_binary',
    columns: [
      ...CONNECTION,
      ...columns(
        `msg_type is_final total_size:count error:count reason version:count rcv_buf_size:count snd_buf_size:count max_msg_size:count
        max_chunk_cnt:count endpoint_url sec_channel_id:count sec_policy_uri_len:int sec_policy_uri snd_cert_len:int snd_cert
        rcv_cert_len:int rcv_cert request_id:count req_msg_size:count req_seq_number:count req_encoding_mask:count
        req_namespace_idx:count req_identifier:count req_identifier_str req_hdr_node_id_type req_hdr_node_id_namespace_idx:count
        req_hdr_node_id_numeric:count req_hdr_node_id_string req_hdr_node_id_guid req_hdr_node_id_opaque req_hdr_timestamp:time
        req_hdr_request_handle:count req_hdr_return_diag:count req_hdr_audit_entry_id req_hdr_timeout_hint:count res_msg_size:count
        res_seq_number:count res_encoding_mask:count res_namespace_idx:count res_identifier:count res_identifier_str
        res_hdr_timestamp:time res_hdr_request_handle:count res_hdr_service_diag_encoding:count res_status_code res_status_code_str
        readable:bool`,
      ),
    ],
  },
  {
    path: 'opcua_value',
    columns: [
      ...CONNECTION,
      ...columns(
        `is_orig:bool request_id:count service node_id attribute data_type value number:double status_code status_code_name
        source_timestamp:time matched:bool`,
      ),
    ],
  },
  {
    path: 'opcua_session',
    columns: [
      ...CONNECTION,
      ...columns(
        `application_uri application_name product_uri session_name endpoint_url token_type user security_mode security_policy
        best_offered success:bool status_code_name`,
      ),
    ],
  },
  { path: 'mqtt_disconnect', columns: [...CONNECTION, ...columns('from_client:bool reason_code:count reason')] },
  { path: 'mqtt_violation', columns: [...CONNECTION, ...columns('is_orig:bool packet reason')] },
  {
    path: 'sparkplug_message',
    columns: [
      ...CONNECTION,
      ...columns('from_client:bool group message_type edge_node device seq:count bd_seq:count metrics:count problem'),
    ],
  },
  {
    path: 'sparkplug_metric',
    columns: [
      ...CONNECTION,
      ...columns(
        'from_client:bool group message_type edge_node device metric alias:count datatype value:double text is_null:bool',
      ),
    ],
  },
  { path: 'sparkplug_state', columns: [...CONNECTION, ...columns('from_client:bool host online:bool')] },
  { path: 'known_modbus', columns: columns('ts:time host:addr device_type:enum') },
  {
    path: 'modbus_register_change',
    columns: [...CONNECTION, ...columns('register:count old_val:count new_val:count delta:interval')],
  },
  {
    path: 'arp',
    columns: columns(
      'ts:time operation mac_src mac_dst sender_mac sender_ip:addr target_mac target_ip:addr gratuitous:bool',
    ),
  },
  {
    path: 'icmp',
    columns: [
      ...CONNECTION,
      ...columns('v6:bool is_orig:bool itype:count icode:count len:count hlim:count id:count seq:count'),
    ],
  },
];
