/**
 * The logs of BACnet that rules may name: ICSNPP's columns with ours behind them, and logs of our own (`penstock`). `src` is who asks and `dst` the
 * device, whoever spoke first; a broadcast address where everybody is asked.
 */
import {
  columns,
  common,
  detail,
  type FieldType,
  functionLearned,
  type LogSource,
  source as logSource,
} from './fields.ts';

const source = (...[product, service, about, fields]: Parameters<typeof logSource>): LogSource =>
  logSource(product, service, about, [...common, functionLearned, ...fields]);

const SPEAKS: Record<string, FieldType> = { is_orig: 'boolean' };
const OBJECT: Record<string, FieldType> = { object_type: 'text', instance_number: 'number' };
const VALUE: Record<string, FieldType> = { value: 'text', number: 'number' };

/** All of them are judged where the protocol is. */
export const BACNET_DERIVED: readonly string[] = [
  'bacnet',
  'bacnet_alarm',
  'bacnet_cov',
  'bacnet_device_control',
  'bacnet_discovery',
  'bacnet_link',
  'bacnet_property',
  'bacnet_time',
  'bacnet_write',
];

export const BACNET_SOURCES: readonly LogSource[] = [
  source('zeek', 'bacnet', 'a message of the application or network layer of BACnet (ICSNPP)', [
    ...columns({
      ...SPEAKS,
      bvlc_function: 'text',
      pdu_type: 'text',
      pdu_service: 'text',
      invoke_id: 'number',
      result_code: 'text',
      error_class: 'text',
      network_priority: 'number',
      source_network: 'number',
      destination_network: 'number',
    }),
  ]),
  source('zeek', 'bacnet_discovery', 'Who-Is, I-Am, Who-Has, I-Have (ICSNPP)', [
    ...columns({
      ...SPEAKS,
      pdu_service: 'text',
      device_id_type: 'text',
      device_id_number: 'number',
      ...OBJECT,
      vendor: 'text',
      range: 'text',
      object_name: 'text',
      vendor_id: 'number',
      max_apdu: 'number',
      low: 'number',
      high: 'number',
    }),
  ]),
  source('zeek', 'bacnet_property', 'a property that somebody asks for (ICSNPP; answers are not judged)', [
    ...columns({
      ...SPEAKS,
      invoke_id: 'number',
      pdu_service: 'text',
      ...OBJECT,
      property: 'text',
      array_index: 'number',
      ...VALUE,
      object_id: 'number',
      property_id: 'number',
    }),
    detail('property.identifies', 'boolean', 'it says who made the device, and what it is'),
  ]),
  source('zeek', 'bacnet_device_control', 'a device is restarted or told to be silent, and its answer (ICSNPP)', [
    ...columns({
      ...SPEAKS,
      invoke_id: 'number',
      pdu_service: 'text',
      time_duration: 'number',
      device_state: 'text',
      password: 'text',
      result: 'text',
      result_code: 'text',
      requested: 'text',
    }),
  ]),
  source('penstock', 'bacnet_write', 'a property that was written, with what became of it', [
    ...columns({
      ...SPEAKS,
      invoke_id: 'number',
      pdu_service: 'text',
      ...OBJECT,
      property: 'text',
      array_index: 'number',
      ...VALUE,
      priority: 'number',
      relinquish: 'boolean',
      result: 'text',
      object_id: 'number',
      property_id: 'number',
    }),
    detail('write.suppresses', 'boolean', 'alarms of the object come later, otherwise or not at all'),
  ]),
  source('penstock', 'bacnet_cov', 'a subscription to changes, its end, or a change that is told', [
    ...columns({
      ...SPEAKS,
      invoke_id: 'number',
      operation: 'text',
      process_id: 'number',
      confirmed: 'boolean',
      lifetime: 'number',
      device: 'number',
      ...OBJECT,
      ...VALUE,
      object_id: 'number',
    }),
  ]),
  source('penstock', 'bacnet_alarm', 'an alarm that is told, or acknowledged', [
    ...columns({
      ...SPEAKS,
      invoke_id: 'number',
      operation: 'text',
      process_id: 'number',
      device: 'number',
      ...OBJECT,
      notification_class: 'number',
      priority: 'number',
      event_type: 'text',
      notify_type: 'text',
      from_state: 'text',
      to_state: 'text',
      message: 'text',
    }),
  ]),
  source(
    'penstock',
    'bacnet_link',
    'what the virtual link has of its own: foreign devices, tables for broadcasts, results',
    [
      ...columns({
        ...SPEAKS,
        bvlc_function: 'text',
        result: 'text',
        ttl: 'number',
        entries: 'number',
        addresses: 'texts',
      }),
    ],
  ),
  source('penstock', 'bacnet_time', 'a clock that is set', [
    ...columns({ ...SPEAKS, pdu_service: 'text', written: 'number', offset: 'number' }),
  ]),
];
