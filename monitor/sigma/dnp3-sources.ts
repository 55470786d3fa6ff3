/**
 * The logs of DNP3 that rules may name: Zeek's and ICSNPP's columns with what those lack, and logs of our own (`penstock`). `src` is
 * the master's host and `dst` the outstation's, whoever opened the connection and whoever speaks.
 */
import { detail, type Field, type FieldType, functionLearned, learned, point, requestLearned } from './fields.ts';

type Column = readonly [name: string, type: FieldType, about: string];

interface Dnp3Source {
  readonly product: 'zeek' | 'penstock';
  readonly service: string;
  readonly about: string;
  readonly columns: readonly Column[];
  /** What the judgement adds. */
  readonly further: readonly Field[];
}

const SPEAKS: Column = ['is_orig', 'boolean', 'whoever opened the connection says it'];
const FUNCTION: Column = ['function_code', 'text', 'READ, WRITE, SELECT, OPERATE, DIRECT_OPERATE, RESPONSE, …'];
const LINK: readonly Column[] = [
  ['link_source', 'number', 'link address of who says it'],
  ['link_destination', 'number', 'link address of whom it is said to; 65533 to 65535 are broadcasts'],
  ['sequence', 'number', "the application's sequence number, 0 to 15"],
];
/** Fields of the judgement that all logs have. */
const OF_LINK: readonly Field[] = [
  detail('link.broadcast', 'boolean', 'to all outstations'),
  learned('association_learned', 'this host spoke under this link address to this outstation while learning', (s) => {
    const known = s.details?.['link.learned'];
    return typeof known === 'boolean' ? known : undefined;
  }),
  { ...detail('link.holder', 'text', "another host that has the master's link address"), identity: true },
];
const OBJECT: Column = ['object_type', 'text', 'the object by its name in ICSNPP'];

export const DNP3_SOURCES: readonly Dnp3Source[] = [
  {
    product: 'zeek',
    service: 'dnp3',
    about:
      'a DNP3 request with its answer, one that got none, an answer that nobody asked for, an unsolicited response, a confirmation (Zeek)',
    columns: [
      ['fc_request', 'text', 'function of the request; none where nobody asked'],
      ['fc_reply', 'text', 'RESPONSE, UNSOLICITED_RESPONSE; none where nobody answered'],
      ['iin', 'number', 'internal indications of the answer, the first octet the upper one'],
      [
        'iin_flags',
        'texts',
        'those that are set: DEVICE_RESTART, NEED_TIME, NO_FUNC_CODE_SUPPORT, OBJECT_UNKNOWN, PARAMETER_ERROR, …',
      ],
      ['master_is_orig', 'boolean', 'the master opened the connection'],
      ['master', 'number', 'its link address'],
      ['outstation', 'number', 'link address of the outstation; 65533 to 65535 are broadcasts'],
      ['sequence', 'number', "the application's sequence number, 0 to 15"],
      ['unsolicited', 'boolean', 'an unsolicited response, or the confirmation of one'],
      ['fragment', 'number', 'place in an answer of several fragments, from 0'],
      ['confirm', 'boolean', 'the answer asks to be confirmed'],
      ['request_objects', 'number', 'object headers of the request'],
      ['reply_objects', 'number', 'object headers of the answer'],
      ['delay', 'number', 'seconds between request and answer'],
    ],
    further: [...OF_LINK, functionLearned],
  },
  {
    product: 'zeek',
    service: 'dnp3_control',
    about: 'one control block of a DNP3 command, or of the answer to it (ICSNPP)',
    columns: [
      SPEAKS,
      FUNCTION,
      ['block_type', 'text', 'Control Relay Output Block, Pattern Control Block, 16-Bit Analog Output Block, …'],
      ['index_number', 'number', 'index of the point'],
      ['trip_control_code', 'text', 'Nul, Close or Trip'],
      ['operation_type', 'text', 'Nul, Pulse On, Pulse Off, Latch On or Latch Off'],
      ['clear_bit', 'boolean', 'what runs is cancelled'],
      ['execute_count', 'number', 'how often'],
      ['on_time', 'number', 'milliseconds'],
      ['off_time', 'number', 'milliseconds'],
      ['status_code', 'text', 'of an answer: Success, Timeout, No Select, Not Supported, …'],
      ['value', 'number', 'of an analog output'],
      ['selected', 'boolean', 'of OPERATE: the request before it selected the very same'],
      ...LINK,
    ],
    further: [
      ...OF_LINK,
      functionLearned,
      ...point,
      detail('command.way', 'text', 'select, operate, direct or direct-no-ack'),
      detail(
        'command.custom',
        'text',
        'how this outstation was commanded while learning, whoever did it: select or direct',
      ),
      detail(
        'command.mismatch',
        'text',
        'an OPERATE is not what was selected: another point, another value, or unselected (nothing was, or under another number)',
      ),
      detail('command.replayed', 'boolean', 'the same command under the same number again, out of turn'),
      detail('command.seconds_ago', 'number', 'when it came before'),
    ],
  },
  {
    product: 'zeek',
    service: 'dnp3_objects',
    about: 'one object header of a DNP3 message, with the values behind it (ICSNPP)',
    columns: [
      SPEAKS,
      FUNCTION,
      OBJECT,
      ['object_count', 'number', 'objects that it speaks of; none where it asks for all'],
      ['range_low', 'number', 'lowest index'],
      ['range_high', 'number', 'highest index'],
      ['group', 'number', 'object group'],
      ['variation', 'number', 'variation'],
      ['qualifier', 'number', 'qualifier'],
      ['indices', 'numbers', 'indices, where they do not just go up from the lowest'],
      ['values', 'numbers', 'values'],
      ['flags', 'numbers', 'flags of each value'],
      ['times', 'numbers', 'seconds since 1970 of each event'],
      ['texts', 'texts', 'octet strings'],
      ...LINK,
    ],
    further: [
      ...OF_LINK,
      functionLearned,
      requestLearned,
      detail('objects.asked', 'text', 'what a request asks for: object and indices'),
    ],
  },
  {
    product: 'penstock',
    service: 'dnp3_file',
    about: 'one file object of DNP3 (group 70): opening, reading, writing, deleting, and the answers',
    columns: [
      SPEAKS,
      FUNCTION,
      OBJECT,
      ['file_name', 'text', 'the file, from opening to closing'],
      ['handle', 'number', 'its handle'],
      ['size', 'number', 'octets of the file'],
      ['mode', 'text', 'Read, Write or Append; Nul to delete'],
      ['block', 'number', 'number of the block'],
      ['last_block', 'boolean', 'no more come'],
      ['octets', 'number', 'octets of the file in this block'],
      ['status', 'text', 'Success, Permission Denied, Not Found, …'],
      ['request_id', 'number', 'number of the request'],
      ['user', 'text', 'who wants to open it'],
      ...LINK,
    ],
    further: [...OF_LINK, functionLearned],
  },
  {
    product: 'penstock',
    service: 'dnp3_attribute',
    about: 'one device attribute (DNP3 group 0) that an outstation tells or a master sets',
    columns: [
      SPEAKS,
      FUNCTION,
      ['attribute_set', 'number', "0 for the standard's attributes"],
      ['variation', 'number', 'number of the attribute'],
      ['attribute', 'text', 'its name'],
      ['data_type', 'text', 'text, unsigned, signed, float, octets, bits, time, list or other'],
      ['value', 'text', 'what it says'],
      ...LINK,
    ],
    further: [...OF_LINK, functionLearned],
  },
  {
    product: 'penstock',
    service: 'dnp3_time',
    about: 'a DNP3 master sets a clock, or the time of a freeze',
    columns: [
      SPEAKS,
      FUNCTION,
      OBJECT,
      ['offset', 'number', 'seconds by which the time is ahead of the packet'],
      ['interval', 'number', 'of a freeze that is repeated'],
      ...LINK,
    ],
    further: [...OF_LINK, functionLearned],
  },
  {
    product: 'penstock',
    service: 'dnp3_link',
    about: 'a DNP3 link frame that is no unconfirmed user data: resets, status, confirmed data, acknowledgements',
    columns: [
      SPEAKS,
      ['link_source', 'number', 'link address of who says it'],
      ['link_destination', 'number', 'link address of whom it is said to'],
      ['link_function', 'text', 'RESET_LINK_STATES, REQUEST_LINK_STATUS, LINK_STATUS, ACK, NACK, …'],
      ['from_master', 'boolean', 'it claims to come from a master'],
    ],
    further: OF_LINK,
  },
  {
    product: 'penstock',
    service: 'dnp3_violation',
    about: 'a DNP3 frame, segment or fragment that the protocol does not allow',
    columns: [
      SPEAKS,
      ['layer', 'text', 'link, transport or application'],
      [
        'reason',
        'text',
        'header-checksum, data-checksum, length, sequence, objects-truncated, qualifier, direction, …; truncated where octets are missing',
      ],
      ['link_source', 'number', 'link address of who says it'],
      ['link_destination', 'number', 'link address of whom it is said to'],
      ['function_code', 'text', 'function of the message'],
      ['group', 'number', 'object group that it is about'],
      ['variation', 'number', 'variation'],
    ],
    further: [],
  },
];
