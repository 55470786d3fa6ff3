/** The logs of MQTT and Sparkplug that rules may name: Zeek's columns with ours behind them, and what the judgement makes of them. */
import { columns, common, detail, functionLearned, type LogSource, source as logSource } from './fields.ts';

const source = (...[product, service, about, fields]: Parameters<typeof logSource>): LogSource =>
  logSource(product, service, about, [...common, ...fields]);

/** Those that the judgement makes itself. */
export const MQTT_DERIVED: readonly string[] = ['mqtt_client', 'mqtt_message', 'mqtt_subscription', 'sparkplug_node'];

export const MQTT_SOURCES: readonly LogSource[] = [
  source('zeek', 'mqtt_connect', 'CONNECT with its answer (Zeek; the password is masked)', [
    ...columns({
      proto_name: 'text',
      proto_version: 'text',
      client_id: 'text',
      connect_status: 'text',
      will_topic: 'text',
      will_payload: 'text',
      username: 'text',
      password: 'text',
      clean_start: 'boolean',
      keep_alive: 'number',
      session_present: 'boolean',
      accepted: 'boolean',
    }),
  ]),
  source('zeek', 'mqtt_publish', 'a message on its way to the broker or from it (Zeek)', [
    ...columns({
      from_client: 'boolean',
      retain: 'boolean',
      qos: 'text',
      status: 'text',
      topic: 'text',
      payload: 'text',
      payload_len: 'number',
      content: 'text',
      content_hash: 'text',
      refused: 'text',
    }),
  ]),
  source('zeek', 'mqtt_subscribe', 'a subscription or its end, with what was granted (Zeek)', [
    ...columns({
      action: 'text',
      topics: 'texts',
      qos_levels: 'numbers',
      granted_qos_level: 'number',
      ack: 'boolean',
      wide: 'boolean',
      refused: 'boolean',
    }),
  ]),
  source('penstock', 'mqtt_disconnect', 'a client or the broker says goodbye, or why it does not go on', [
    ...columns({ from_client: 'boolean', reason_code: 'number', reason: 'text' }),
  ]),
  source('penstock', 'mqtt_violation', 'an MQTT packet that breaks the standard, or that nobody may say now', [
    ...columns({ is_orig: 'boolean', packet: 'text', reason: 'text' }),
  ]),
  source('penstock', 'mqtt_client', 'a client comes to a broker under its id, with what was known of that', [
    detail('client.id', 'text', 'the client id'),
    detail('client.user', 'text', 'user name'),
    detail('client.accepted', 'boolean', 'the broker took it; none where no answer was seen'),
    detail('client.taken_over', 'boolean', 'somebody was connected under that id'),
    detail('client.from_elsewhere', 'boolean', 'the id was used from another host before'),
    { ...detail('client.holder', 'text', 'whose connection is taken over'), identity: true },
    detail('client.user_changed', 'boolean', 'it came with another user name before'),
    functionLearned,
  ]),
  source('penstock', 'mqtt_subscription', 'a filter that a client subscribes', [
    detail('subscription.filter', 'text', 'the topic filter'),
    detail('subscription.client', 'text', 'client id'),
    detail('subscription.wide', 'boolean', 'a wildcard in its first two levels: whole branches of whatever there is'),
    detail('subscription.status', 'boolean', "the broker's own status ($SYS)"),
    detail('subscription.granted', 'boolean', 'the broker granted it; none where no answer was seen'),
    functionLearned,
  ]),
  source(
    'penstock',
    'mqtt_message',
    'a message of a client that is more than a reading: a command, a file, or refused',
    [
      detail('message.kind', 'text', 'command, rebirth (a node is asked to tell everything anew), file or refused'),
      detail('message.client', 'text', 'client id'),
      detail('message.topic', 'text', 'topic'),
      detail(
        'message.content',
        'text',
        'what the payload looks like: text, json, sparkplug, firmware, archive, executable, binary, …',
      ),
      detail('message.bytes', 'number', 'length of the payload'),
      detail('message.refused', 'text', "the broker's reason, where it refused it"),
      functionLearned,
    ],
  ),
  source('penstock', 'sparkplug_node', 'a client speaks in the name of an edge node', [
    detail('node.name', 'text', 'group and edge node'),
    detail('node.message', 'text', 'NBIRTH, NDEATH, DBIRTH, DDEATH, NDATA or DDATA'),
    detail(
      'node.problem',
      'text',
      'sequence (one was missed), unborn (no birth was seen), stale (a death of an older connection), payload',
    ),
    detail('node.client', 'text', 'client id'),
    functionLearned,
  ]),
  source('penstock', 'sparkplug_message', 'a Sparkplug B message', [
    ...columns({
      from_client: 'boolean',
      group: 'text',
      message_type: 'text',
      edge_node: 'text',
      device: 'text',
      seq: 'number',
      bd_seq: 'number',
      metrics: 'number',
      problem: 'text',
    }),
  ]),
  source('penstock', 'sparkplug_metric', 'a metric of a Sparkplug B message', [
    ...columns({
      from_client: 'boolean',
      group: 'text',
      message_type: 'text',
      edge_node: 'text',
      device: 'text',
      metric: 'text',
      alias: 'number',
      datatype: 'text',
      value: 'number',
      text: 'text',
      is_null: 'boolean',
    }),
  ]),
  source('penstock', 'sparkplug_state', 'a Sparkplug host application says whether it is there', [
    ...columns({ from_client: 'boolean', host: 'text', online: 'boolean' }),
  ]),
];
