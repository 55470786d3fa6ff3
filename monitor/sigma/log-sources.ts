/**
 * The log sources that rules may name. Events of protocols carry Zeek's and ICSNPP's columns; the monitor's own sources say what needs
 * more than one packet to know.
 */
import type { Subject } from '../subject.ts';
import { BACNET_DERIVED, BACNET_SOURCES } from './bacnet-sources.ts';
import { DNP3_SOURCES } from './dnp3-sources.ts';
import { DOOR_DERIVED, DOOR_SOURCES } from './door-sources.ts';
import {
  baselineReady,
  column,
  common,
  detail,
  type Field,
  type FieldType,
  field,
  functionLearned,
  type LogSource,
  learned,
  newWriter,
  point,
  requestLearned,
  writerLearned,
} from './fields.ts';
import { MQTT_DERIVED, MQTT_SOURCES } from './mqtt-sources.ts';
import { OPCUA_DERIVED, OPCUA_SOURCES } from './opcua-sources.ts';
import { WATCH_SOURCES } from './watch-sources.ts';

const queryOf = (s: Subject): string | undefined => {
  const { query } = (s.event ?? {}) as { query?: unknown };
  return typeof query === 'string' ? query : undefined;
};

const columns = (table: Record<string, FieldType>, fixed: readonly string[] = []): Field[] =>
  Object.entries(table).map(([name, type]) => column(name, type, fixed.includes(name)));

const source = (
  product: LogSource['product'],
  service: string,
  about: string,
  fields: readonly Field[],
): LogSource => ({
  product,
  service,
  about,
  fields: new Map(fields.map((f) => [f.name, f])),
});

const modbusRequest: Record<string, FieldType> = { tid: 'number', unit: 'number', func: 'text' };

export const LOG_SOURCES: readonly LogSource[] = [
  source('zeek', 'modbus_detailed', 'every Modbus request with its response (ICSNPP)', [
    ...common,
    ...columns(
      {
        ...modbusRequest,
        address: 'number',
        quantity: 'number',
        request_values: 'numbers',
        response_values: 'numbers',
        matched: 'boolean',
        request_subfunction_code: 'text',
        response_subfunction_code: 'text',
        request_data: 'text',
        response_data: 'text',
        exception_code: 'text',
        mei_type: 'text',
      },
      ['unit', 'func', 'address', 'quantity', 'matched', 'exception_code'],
    ),
    functionLearned,
    requestLearned,
    writerLearned,
    newWriter,
  ]),
  source('zeek', 'modbus_mask_write_register', 'FC 22 (ICSNPP)', [
    ...common,
    ...columns({
      ...modbusRequest,
      request_response: 'text',
      address: 'number',
      and_mask: 'number',
      or_mask: 'number',
    }),
  ]),
  source('zeek', 'modbus_read_write_multiple_registers', 'FC 23 (ICSNPP)', [
    ...common,
    ...columns({
      ...modbusRequest,
      request_response: 'text',
      write_start_address: 'number',
      write_registers: 'numbers',
      read_start_address: 'number',
      read_quantity: 'number',
      read_registers: 'numbers',
    }),
  ]),
  source('zeek', 'modbus_read_device_identification', 'FC 43/14 (ICSNPP)', [
    ...common,
    ...columns({
      ...modbusRequest,
      request_response: 'text',
      mei_type: 'text',
      conformity_level_code: 'text',
      conformity_level: 'text',
      device_id_code: 'number',
      object_id_code: 'text',
      object_id: 'text',
      object_value: 'text',
    }),
  ]),
  source('zeek', 'conn', 'every connection, when it ends (Zeek)', [
    ...common,
    ...columns({
      duration: 'number',
      orig_bytes: 'number',
      resp_bytes: 'number',
      conn_state: 'text',
      local_orig: 'boolean',
      local_resp: 'boolean',
      missed_bytes: 'number',
      history: 'text',
      orig_pkts: 'number',
      orig_ip_bytes: 'number',
      resp_pkts: 'number',
      resp_ip_bytes: 'number',
    }),
  ]),
  source('zeek', 'modbus', 'every Modbus message (Zeek)', [
    ...common,
    ...columns({ ...modbusRequest, pdu_type: 'text', exception: 'text' }),
  ]),
  source('penstock', 'modbus_file_record', 'one record of FC 20 or 21: how programs are read and replaced', [
    ...common,
    ...columns({
      ...modbusRequest,
      is_orig: 'boolean',
      request_response: 'text',
      file: 'number',
      record: 'number',
      length: 'number',
      data: 'text',
    }),
    writerLearned,
    newWriter,
  ]),
  source('zeek', 's7comm', 'every S7 message (ICSNPP)', [
    ...common,
    ...columns({
      is_orig: 'boolean',
      rosctr_code: 'number',
      rosctr_name: 'text',
      pdu_reference: 'number',
      function_code: 'text',
      function_name: 'text',
      subfunction_code: 'text',
      subfunction_name: 'text',
      error_class: 'text',
      error_code: 'text',
    }),
    functionLearned,
    writerLearned,
    newWriter,
  ]),
  source('zeek', 's7comm_read_szl', 'a system status list that is asked for, or told (ICSNPP)', [
    ...common,
    ...columns({
      is_orig: 'boolean',
      pdu_reference: 'number',
      method: 'text',
      szl_id: 'text',
      szl_id_name: 'text',
      szl_index: 'text',
      return_code: 'text',
      return_code_name: 'text',
    }),
  ]),
  source('zeek', 's7comm_upload_download', 'a message by which a block is read or loaded (ICSNPP)', [
    ...common,
    ...columns({
      is_orig: 'boolean',
      rosctr: 'text',
      pdu_reference: 'number',
      function_name: 'text',
      function_status: 'text',
      session_id: 'number',
      blocklength: 'number',
      filename: 'text',
      block_type: 'text',
      block_number: 'text',
      destination_filesystem: 'text',
    }),
  ]),
  source('penstock', 's7comm_items', 'one item of an S7 read or write, request and answer joined', [
    ...common,
    ...columns({
      is_orig: 'boolean',
      pdu_reference: 'number',
      function_name: 'text',
      item: 'number',
      items: 'number',
      area: 'text',
      db: 'number',
      address: 'text',
      type: 'text',
      quantity: 'number',
      values: 'numbers',
      return_code: 'text',
      return_code_name: 'text',
      matched: 'boolean',
    }),
  ]),
  source('penstock', 'program_transfer', 'a whole program or block was read, loaded or deleted', [
    ...common,
    detail('transfer.kind', 'text', 'upload, download or delete'),
    detail('transfer.protocol', 'text', 'S7'),
    detail('transfer.block', 'text', "the block's file name"),
    detail('transfer.type', 'text', 'its type and number'),
    detail('transfer.length', 'number', 'bytes'),
    detail('transfer.hash', 'text', 'SHA-256 of its content, hexadecimal; none where it was not whole'),
    detail('transfer.program', 'boolean', 'it carries the program'),
    detail(
      'transfer.known_good',
      'boolean',
      "its hash is the one that the owner's papers have; none where they have none",
    ),
    writerLearned,
    newWriter,
  ]),
  source('penstock', 'conversation', 'two hosts speak at a port for the first time that the monitor sees', common),
  source('penstock', 'connection', 'a connection is tried or a datagram conversation begins', common),
  source('penstock', 'modbus_request', 'a Modbus request unlike any before it on its connection', [
    ...common,
    ...columns({ ...modbusRequest, address: 'number', quantity: 'number', matched: 'boolean', exception_code: 'text' }),
    detail('request.kind', 'text', 'read, write or other'),
    functionLearned,
    requestLearned,
    writerLearned,
    newWriter,
  ]),
  source('penstock', 'point_write', 'one point in a write', [
    ...common,
    ...point,
    ...columns({ ...modbusRequest, exception_code: 'text' }),
    field('write.accepted', 'boolean', 'the device answered that it did it', (s) => s.point?.accepted),
    writerLearned,
    newWriter,
    learned('point_learned', 'the source wrote this point while learning', (s) => s.baseline.pointLearned),
    learned(
      'value_in_learned_range',
      'the value lies in what the source wrote into this point while learning, give or take a quarter of that spread',
      (s) => s.baseline.valueLearned,
    ),
  ]),
  source('penstock', 'point_state', 'a reading passes one of its limits', [
    ...common,
    ...point,
    field('point.state', 'text', 'normal, alarm, unsafe or out-of-range', (s) => s.point?.state),
    field('point.previous_state', 'text', 'what it was before', (s) => s.point?.previousState),
  ]),
  ...WATCH_SOURCES.map(({ service, about, fields }) =>
    source('penstock', service, about, [
      ...common,
      ...point,
      ...fields.map(([name, kind, of]) => detail(name, kind === 'texts' ? 'text' : kind, of)),
    ]),
  ),
  source('penstock', 'violation', 'bytes on a connection that break its protocol', [
    ...common,
    detail('violation.reason', 'text', "what is wrong with the message, in the dissector's word"),
    detail('violation.kind', 'text', 'violation (a message that breaks the rules) or unparsed (no message at all)'),
    detail('violation.count', 'number', 'violations on this connection so far'),
    detail('violation.bytes', 'number', 'bytes on this connection so far that no message could be made of'),
  ]),
  source('penstock', 'address_change', 'an IP address moves to another MAC address', [
    ...common,
    detail('address.old_mac', 'text', 'where it was'),
    detail('address.new_mac', 'text', 'where it is now'),
    detail('address.listed_mac', 'text', "the asset list's"),
    detail('address.idle_seconds', 'number', 'since when the card before was not heard'),
    detail('address.contested', 'boolean', 'it goes back to a card that had it within half a minute: both are there'),
    detail('address.gateway', 'boolean', "it is a gateway's address"),
    detail('address.announced', 'boolean', 'the new card announces itself (gratuitous ARP)'),
  ]),
  source('penstock', 'arp', 'every ARP message, with what was known before', [
    ...common,
    detail('arp.operation', 'text', 'request or reply'),
    detail('arp.sender_mac', 'text', 'card that the message says the sender has'),
    detail('arp.frame_mac', 'text', 'card that the frame came from'),
    detail('arp.forged', 'boolean', 'the two differ'),
    detail('arp.gratuitous', 'boolean', 'the sender announces its own address'),
    detail('arp.solicited', 'boolean', 'a reply that somebody asked for within five seconds'),
    detail('arp.moved', 'boolean', 'the address was at another card, or is in the asset list'),
    detail('arp.contested', 'boolean', 'it goes back to a card that had it within half a minute'),
    detail('arp.gateway', 'boolean', "it is a gateway's address"),
    detail('arp.addresses', 'number', 'addresses that the card claimed within a minute'),
    detail('arp.taken', 'number', 'those of them that another card had'),
  ]),
  source('penstock', 'path_change', "a host's packets come another way, or look otherwise; src is that host", [
    ...common,
    detail(
      'path.kind',
      'text',
      'mac (another card in mid-conversation), twice (a segment again from another card), ttl, fingerprint',
    ),
    detail('path.before', 'text', 'card, hop limit or fingerprint before'),
    detail('path.after', 'text', 'and now'),
    detail('path.count', 'number', 'how often on this conversation; told at 1, 2, 4, 8, …'),
    detail('path.ttl_kept', 'boolean', 'the hop limit stayed: no router passed it on'),
    detail('path.turns', 'number', 'mac: how often the same two cards took turns'),
    detail('path.listed_mac', 'text', "the asset list's card of the host"),
    detail('path.holder', 'text', 'who else the card is known to belong to'),
    detail('path.same_zone', 'boolean', 'both ends are in one zone, where no router belongs in between'),
  ]),
  source('penstock', 'two_answers', 'the same bytes of a conversation were seen twice with different content', [
    ...common,
    ...point,
    detail('answer.kind', 'text', 'request or response'),
    detail('answer.first', 'number', 'value in the first version'),
    detail('answer.second', 'number', 'value in the second version'),
    detail('answer.delay', 'number', 'seconds between the two'),
    detail('answer.mac_changed', 'boolean', 'the second version came from another card'),
    detail('answer.count', 'number', 'how often on this conversation'),
    detail('answer.bytes', 'number', 'bytes compared, where they are no values of points'),
  ]),
  source(
    'penstock',
    'device_log',
    "a line of a device's log; dst is the device (a firewall's: what was meant), src who did it",
    [
      ...common,
      ...columns({
        host: 'text',
        application: 'text',
        log_id: 'text',
        severity: 'number',
        action: 'text',
        result: 'text',
        user: 'text',
        source: 'address',
        target: 'address',
        proto: 'text',
        port: 'number',
        before: 'text',
        after: 'text',
        text: 'text',
        format: 'text',
      }),
      detail('log.device', 'text', 'device that says it'),
      detail('log.sender', 'text', 'host that sent the datagram'),
      detail('log.contradicts', 'boolean', 'the message names another host than the one that sent it'),
      detail('log.local', 'boolean', 'done at the device itself: the line names no address'),
    ],
  ),
  source('zeek', 'dns', 'every name that was asked for (Zeek)', [
    ...common,
    ...columns({
      query: 'text',
      qtype_name: 'text',
      rcode_name: 'text',
      rejected: 'boolean',
      rtt: 'number',
      AA: 'boolean',
    }),
    field('dns.labels', 'number', 'labels of the name', (s) => queryOf(s)?.split('.').length, { fixed: false }),
    field(
      'dns.longest_label',
      'number',
      'characters of its longest label',
      (s) =>
        queryOf(s)
          ?.split('.')
          .reduce((longest, label) => Math.max(longest, label.length), 0),
      { fixed: false },
    ),
  ]),
  source('zeek', 'http', 'every HTTP request (Zeek)', [
    ...common,
    ...columns({
      method: 'text',
      host: 'text',
      uri: 'text',
      user_agent: 'text',
      username: 'text',
      request_body_len: 'number',
      response_body_len: 'number',
      status_code: 'number',
    }),
  ]),
  source('zeek', 'ntp', 'every NTP message (Zeek)', [
    ...common,
    ...columns({ mode: 'number', stratum: 'number', ref_id: 'text', version: 'number' }),
  ]),
  source('zeek', 'syslog', 'every syslog message as it is (Zeek); penstock/device_log is what it means', [
    ...common,
    ...columns({
      facility: 'text',
      severity: 'text',
      message: 'text',
      host: 'text',
      application: 'text',
      message_id: 'text',
    }),
  ]),
  source('zeek', 'icmp', 'every ICMP message', [
    ...common,
    ...columns({ itype: 'number', icode: 'number', len: 'number', is_orig: 'boolean' }),
  ]),
  ...DOOR_SOURCES,
  ...MQTT_SOURCES,
  ...OPCUA_SOURCES,
  ...BACNET_SOURCES,
  ...DNP3_SOURCES.map(({ product, service, about, columns: list, further }) =>
    source(product, service, about, [
      ...common,
      ...list.map(([name, type, what]) => column(name, type, false, what)),
      ...further,
    ]),
  ),
  source('penstock', 'sensor', 'what the sensor did not see, could not read or had no room for, once a minute', [
    detail(
      'sensor.kind',
      'text',
      'loss (by the capturing system), cut (by a snap length), gaps (in TCP streams), unparsed (bytes of a known protocol), silence (of the whole tap), clock (jumped back), learning (age of the baseline, once a day), overload (no room)',
    ),
    detail('sensor.what', 'text', 'protocol of unparsed bytes; what found no room: flows, devices, points, …'),
    detail('sensor.count', 'number', 'packets, holes, bytes or entries since the event before'),
    detail('sensor.share', 'number', 'the share that they make, 0 to 1'),
    detail('sensor.percent', 'number', 'the same in percent'),
    detail('sensor.seconds', 'number', 'length of the silence or jump, age of the baseline'),
    detail('sensor.days', 'number', 'the same in whole days'),
    baselineReady,
  ]),
];

/** Sources that the judgement makes itself; the others are events of the intake by the same name. */
export const DERIVED: ReadonlySet<string> = new Set([
  ...DOOR_DERIVED,
  ...MQTT_DERIVED,
  ...OPCUA_DERIVED,
  ...BACNET_DERIVED,
  'conversation',
  'connection',
  'modbus_request',
  'point_write',
  'program_transfer',
  's7comm',
  'dnp3',
  'dnp3_attribute',
  'dnp3_control',
  'dnp3_file',
  'dnp3_link',
  'dnp3_objects',
  'dnp3_time',
  'point_state',
  ...WATCH_SOURCES.map(({ service }) => service),
  'violation',
  'address_change',
  'sensor',
  'arp',
  'path_change',
  'two_answers',
  'device_log',
]);

/** `product/service` of every source. */
export const sourceKey = (product: string, service: string): string => `${product}/${service}`;
export const SOURCES: ReadonlyMap<string, LogSource> = new Map(
  LOG_SOURCES.map((s) => [sourceKey(s.product, s.service), s]),
);
