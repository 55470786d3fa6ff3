/** The logs of OPC UA that rules may name: ICSNPP's main log, ours, and what the judgement makes of them. */
import { columns, common, detail, functionLearned, type LogSource, source as logSource, point } from './fields.ts';

const source = (...[product, service, about, fields]: Parameters<typeof logSource>): LogSource =>
  logSource(product, service, about, [...common, ...fields]);

/** Those that the judgement makes itself. */
export const OPCUA_DERIVED: readonly string[] = ['opcua_logon', 'opcua_write', 'opcua_call', 'opcua_browse'];

export const OPCUA_SOURCES: readonly LogSource[] = [
  source('zeek', 'opcua_binary', 'a message of OPC UA, a request with its response (ICSNPP)', [
    ...columns({
      msg_type: 'text',
      total_size: 'number',
      error: 'number',
      reason: 'text',
      endpoint_url: 'text',
      sec_channel_id: 'number',
      sec_policy_uri: 'text',
      request_id: 'number',
      req_msg_size: 'number',
      req_identifier: 'number',
      req_identifier_str: 'text',
      res_msg_size: 'number',
      res_identifier: 'number',
      res_identifier_str: 'text',
      res_status_code: 'text',
      res_status_code_str: 'text',
      readable: 'boolean',
    }),
  ]),
  source('zeek', 'opcua_binary_status_code_detail', 'a status of OPC UA that is not good (ICSNPP)', [
    ...columns({
      source_str: 'text',
      status_code: 'text',
      severity: 'number',
      severity_str: 'text',
      sub_code: 'number',
      sub_code_str: 'text',
    }),
  ]),
  source('penstock', 'opcua_violation', 'an OPC UA message that breaks the standard', [
    ...columns({ is_orig: 'boolean', layer: 'text', reason: 'text' }),
  ]),
  source('penstock', 'opcua_logon', 'somebody logs on to an OPC UA server, or is refused', [
    detail('logon.user', 'text', 'user name'),
    detail('logon.token', 'text', 'Anonymous, UserName, Certificate or IssuedToken'),
    detail('logon.application', 'text', 'application URI that the client gives itself'),
    detail('logon.session', 'text', 'name of the session'),
    detail('logon.mode', 'text', 'security of the channel: None, Sign or SignAndEncrypt'),
    detail('logon.policy', 'text', 'its policy'),
    detail('logon.best_offered', 'text', 'best mode that the server offers'),
    detail('logon.insecure', 'boolean', 'no security, or a policy that is no longer secure'),
    detail('logon.weak_policy', 'boolean', 'a policy that is no longer secure: Basic128Rsa15 or Basic256'),
    detail('logon.downgraded', 'boolean', 'these hosts have used a better mode with each other'),
    detail('logon.better_offered', 'boolean', 'the server offers a better mode'),
    detail('logon.accepted', 'boolean', 'the server took it; none where no answer was seen'),
    detail('logon.status', 'text', "the server's answer: Good, BadUserAccessDenied, BadIdentityTokenRejected, …"),
    functionLearned,
  ]),
  source('penstock', 'opcua_write', 'a value that is written over OPC UA', [
    ...point,
    detail('write.node', 'text', 'the node'),
    detail('write.attribute', 'text', 'Value, or another attribute'),
    detail('write.text', 'text', 'the value as text'),
    detail('write.user', 'text', 'user name of the session'),
    detail('write.application', 'text', 'application URI of the client'),
    detail('write.anonymous', 'boolean', 'the session is anonymous'),
    detail('write.accepted', 'boolean', 'the server did it; none where no answer was seen'),
    detail('write.status', 'text', "the server's answer"),
    functionLearned,
  ]),
  source('penstock', 'opcua_call', 'a method that is called, or a node that somebody wants to add or delete', [
    detail('call.service', 'text', 'Call, AddNodes, AddReferences, DeleteNodes, DeleteReferences or HistoryUpdate'),
    detail('call.object', 'text', 'the object; the parent of a node that is to be added'),
    detail('call.method', 'text', 'the method; the name of a node that is to be added'),
    detail('call.arguments', 'text', 'what it is given'),
    detail('call.user', 'text', 'user name of the session'),
    detail('call.anonymous', 'boolean', 'the session is anonymous'),
    detail('call.accepted', 'boolean', 'the server did it; none where no answer was seen'),
    detail('call.status', 'text', "the server's answer"),
    functionLearned,
  ]),
  source('penstock', 'opcua_browse', 'a node whose references somebody asks for', [
    detail('browse.node', 'text', 'namespace and identifier of the node'),
    functionLearned,
  ]),
];
