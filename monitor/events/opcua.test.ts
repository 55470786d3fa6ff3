import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { opcuaDissector } from '@penstock/protocols/opcua';
import { describe, expect, it } from 'vitest';
import { allCaptures, CAPTURES, hasCaptures, type Run, readLog, renumber, runFile } from '../test/reference.ts';

const ICSNPP = 'cisagov+icsnpp-opcua-binary';
type Row = Record<string, string>;

const CONNECTION = 'ts uid id.orig_h id.orig_p id.resp_h id.resp_p';
const SIDES = 'is_orig source_h source_p destination_h destination_p';
const node = (prefix: string): string =>
  `${prefix}_encoding_mask ${prefix}_namespace_idx ${prefix}_numeric ${prefix}_string ${prefix}_guid ${prefix}_opaque`;

const ENDPOINT = `${CONNECTION} ${SIDES} endpoint_uri application_uri product_uri encoding_mask locale text application_type
  gateway_server_uri discovery_profile_uri _ cert_size _ message_security_mode security_policy_uri transport_profile_uri security_level`;
const TOKEN = `${CONNECTION} ${SIDES} user_token_policy_id user_token_type user_token_issued_type user_token_endpoint_url
  user_token_sec_policy_uri`;

/** Their logs without the header, so their columns are given here; `_` for those that only they have. */
const COLUMNS: Readonly<Record<string, string>> = {
  opcua_binary: `${CONNECTION} msg_type is_final total_size error reason version rcv_buf_size snd_buf_size max_msg_size max_chunk_cnt
    endpoint_url sec_channel_id sec_policy_uri_len sec_policy_uri snd_cert_len _ rcv_cert_len rcv_cert request_id req_msg_size
    req_seq_number req_encoding_mask req_namespace_idx req_identifier req_identifier_str req_hdr_node_id_type
    req_hdr_node_id_namespace_idx req_hdr_node_id_numeric req_hdr_node_id_string req_hdr_node_id_guid _ _
    req_hdr_request_handle req_hdr_return_diag req_hdr_audit_entry_id req_hdr_timeout_hint _ _ res_msg_size res_seq_number
    res_encoding_mask res_namespace_idx res_identifier res_identifier_str _ res_hdr_request_handle res_hdr_service_diag_encoding _ _`,
  opcua_binary_opensecure_channel: `${CONNECTION} ${SIDES} client_proto_ver sec_token_request_type message_security_mode _ req_lifetime
    server_proto_ver sec_token_sec_channel_id sec_token_id _ sec_token_revised_time _`,
  opcua_binary_create_session: `${CONNECTION} ${SIDES} application_uri product_uri _ locale text application_type gateway_server_uri
    discovery_profile_uri server_uri endpoint_url session_name _ client_cert_size _ req_session_timeout max_res_msg_size _ _ _ _ _ _ _
    _ _ _ _ _ revised_session_timeout _ server_cert_size _ _ _ max_req_msg_size`,
  opcua_binary_activate_session: `${CONNECTION} ${SIDES} client_algorithm client_signature ext_obj_type_id_encoding_mask
    ext_obj_type_id_namespace_idx ext_obj_type_id_numeric _ _ _ ext_obj_type_id_str ext_obj_encoding ext_obj_policy_id
    ext_obj_user_name _ ext_obj_encryption_algorithom _ _ _ _ server_nonce`,
  opcua_binary_close_session: `${CONNECTION} ${SIDES} del_subscriptions`,
  opcua_binary_get_endpoints_description: ENDPOINT,
  opcua_binary_create_session_endpoints: ENDPOINT,
  opcua_binary_get_endpoints_user_token: TOKEN,
  opcua_binary_create_session_user_token: TOKEN,
  opcua_binary_browse_description: `${CONNECTION} ${SIDES} ${node('browse_description')} browse_direction
    browse_description_ref_encoding_mask browse_description_ref_namespace_idx browse_description_ref_numeric _ _ _
    browse_description_include_subtypes browse_node_class_mask browse_result_mask`,
  opcua_binary_read_nodes_to_read: `${CONNECTION} ${SIDES} ${node('node_id')} attribute_id attribute_id_str index_range
    data_encoding_name_idx data_encoding_name`,
  opcua_binary_write: `${CONNECTION} ${SIDES} ${node('node_id')} attribute_id attribute_id_str index_range data_value_encoding_mask`,
  opcua_binary_create_subscription: `${CONNECTION} ${SIDES} requested_publishing_interval requested_lifetime_count
    requested_max_keep_alive_count max_notifications_per_publish publishing_enabled priority subscription_id revised_publishing_interval
    revised_lifetime_count revised_max_keep_alive_count`,
  opcua_binary_create_monitored_items_create_item: `${CONNECTION} ${SIDES} ${node('item_to_monitor_node_id')}
    item_to_monitor_attribute_id _ _ _ monitoring_mode monitoring_parameters_client_handle monitoring_parameters_sampling_interval
    monitoring_parameters_queue_size monitoring_parameters_discard_oldest`,
  opcua_binary_status_code_detail: `${CONNECTION} ${SIDES} _ source_str _ status_code severity severity_str sub_code sub_code_str
    structure_changed semantics_changed`,
};

/** Rows that only they have: answers where ours tells the question, and statuses that are good. */
const LEFT: Readonly<Record<string, (row: Row) => boolean>> = {
  opcua_binary_status_code_detail: (row) => !row.status_code?.startsWith('0x00'),
  opcua_binary_write: (row) => row.is_orig === 'T',
  opcua_binary_create_monitored_items_create_item: (row) => row.is_orig === 'T',
};

function theirRows(path: string, name: string): Row[] {
  const columns = (COLUMNS[name] as string).trim().split(/\s+/);
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const cells = line.split('\t');
      return Object.fromEntries(
        columns.map((column, i) => [column, cells[i] ?? '-']).filter(([column]) => column !== '_'),
      );
    });
}

/** As numbers and texts are written does not matter; a set of channels is its last. */
const plain = (column: string, value: string | undefined): string => {
  if (value === undefined || value === '(empty)' || value === '') return '-';
  // They write a GUID's bytes as they come; its first three groups are little-endian (OPC 10000-6, 5.2.2.6).
  if (column.endsWith('guid')) return value.replace(/-/g, '').match(/../g)?.sort().join('') ?? '-';
  if (column === 'sec_channel_id') return value.split(',').at(-1) as string;
  if (/nonce|cert$/.test(column)) return value.slice(0, 20).replace('-1', '-');
  return /^-?\d+\.\d+$/.test(value) ? String(Number(value)) : value;
};

function compare(run: Run, folder: string, name: string): number {
  const theirs = theirRows(join(CAPTURES, ICSNPP, 'tests/baseline', folder, `${name}.log`), name).filter(
    LEFT[name] ?? (() => true),
  );
  // They do not look into calls.
  const ours = readLog(run.logs.get(name) ?? '').filter(
    ({ source_str }) => !/^(Call|AddNodes)$/.test(source_str ?? ''),
  );
  const columns = Object.keys(theirs[0] ?? {}).filter(
    (column) => !/^ts$|^source_[hp]|^destination_/.test(column) && (ours.length === 0 || column in (ours[0] as Row)),
  );
  const shape = (rows: Row[]): Row[] =>
    renumber(
      rows.map((row) => Object.fromEntries(columns.map((column) => [column, plain(column, row[column])]))),
      'uid',
    );
  // An answer without its question is told when it comes, and by them at the end.
  const sorted = (rows: Row[]): string[] =>
    shape(rows)
      .map((row) => JSON.stringify(row))
      .sort();
  expect(sorted(ours), name).toEqual(sorted(theirs));
  if (theirs.length > 0) expect(columns.length).toBeGreaterThan(6);
  return theirs.length;
}

describe.skipIf(!hasCaptures)("ICSNPP's OPC UA captures (reference captures)", () => {
  const of = (name: string): Run => runFile(join(CAPTURES, ICSNPP, name), [opcuaDissector]);

  it.each([
    ['analyzer.basic', 'tests/traces/open62541_client-server_mainloop.pcap', 50],
    ['analyzer.no-handshake', 'pcaps/open62541_client-server_mainloop-no-handshake.pcap', 40],
  ])('%s: the same rows', (folder, capture, rows) => {
    const run = of(capture);
    let compared = 0;
    for (const name of Object.keys(COLUMNS)) {
      if (folder === 'analyzer.no-handshake' && /endpoints|opensecure/.test(name) && !/create_session/.test(name))
        continue;
      compared += compare(run, folder, name);
    }
    expect(compared).toBeGreaterThan(rows);
    expect(run.logs.has('opcua_violation')).toBe(false);
    expect(run.logs.get('opcua_binary_activate_session')).toContain('p*******');
    const told = [...run.logs.values()]
      .join('')
      .split('\n')
      .filter((line) => !line.startsWith('#'));
    expect(told.filter((line) => line.includes('\tpassword\t'))).toEqual([]);
  });

  it('no capture of theirs is broken, unreadable or an exception', () => {
    for (const path of allCaptures(join(CAPTURES, ICSNPP))) {
      const run = runFile(path, [opcuaDissector]);
      expect(run.summary.dropped.dissectorFaults, path).toBe(0);
      expect(readLog(run.logs.get('opcua_binary') ?? '').length, path).toBeGreaterThan(0);
      const broken = readLog(run.logs.get('opcua_violation') ?? '').map(({ layer, reason }) => `${layer} ${reason}`);
      expect(
        broken.filter((text) => text !== 'chunk truncated' || !path.includes('gap')),
        path,
      ).toEqual([]);
    }
  });
});
