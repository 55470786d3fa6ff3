/** Device attributes (IEEE 1815-2012, annex A, group 0): the variation says which, the object says of what type. */
import type { ByteReader, ByteWriter } from './bytes.ts';
import { ByteReader as Reader, refused } from './bytes.ts';
import type { DeviceAttribute } from './values.ts';

/** Data type codes. */
const TEXT = 1;
const UNSIGNED = 2;
const SIGNED = 3;
const FLOAT = 4;
const OCTETS = 5;
const BITS = 6;
const TIME = 7;
const LIST = 254;
const LONG_LIST = 255;

/** Variations that ask for all attributes at once, and for their list. */
export const ALL_ATTRIBUTES = 254;
export const ATTRIBUTE_LIST = 255;

/** What the standard's variations mean. */
export const ATTRIBUTE_NAMES: Readonly<Record<number, string>> = {
  196: 'Configuration ID',
  197: 'Configuration version',
  198: 'Configuration build date',
  199: 'Configuration last change date',
  200: 'Configuration signature',
  201: 'Configuration signature algorithm',
  202: 'Master resource ID',
  203: 'Device location altitude',
  204: 'Device location longitude',
  205: 'Device location latitude',
  206: 'User-assigned secondary operator name',
  207: 'User-assigned primary operator name',
  208: 'User-assigned system name',
  209: 'Secure authentication version',
  210: 'Number of security statistics per association',
  211: 'User-specific attributes',
  212: 'Number of master-defined data set prototypes',
  213: 'Number of outstation-defined data set prototypes',
  214: 'Number of master-defined data sets',
  215: 'Number of outstation-defined data sets',
  216: 'Maximum number of binary outputs per request',
  217: 'Local timing accuracy',
  218: 'Duration of timing accuracy',
  219: 'Support for analog output events',
  220: 'Maximum analog output index',
  221: 'Number of analog outputs',
  222: 'Support for binary output events',
  223: 'Maximum binary output index',
  224: 'Number of binary outputs',
  225: 'Support for frozen counter events',
  226: 'Support for frozen counters',
  227: 'Support for counter events',
  228: 'Maximum counter index',
  229: 'Number of counters',
  230: 'Support for frozen analog inputs',
  231: 'Support for analog input events',
  232: 'Maximum analog input index',
  233: 'Number of analog inputs',
  234: 'Support for double-bit binary input events',
  235: 'Maximum double-bit binary input index',
  236: 'Number of double-bit binary inputs',
  237: 'Support for binary input events',
  238: 'Maximum binary input index',
  239: 'Number of binary inputs',
  240: 'Maximum transmit fragment size',
  241: 'Maximum receive fragment size',
  242: 'Device manufacturer software version',
  243: 'Device manufacturer hardware version',
  244: 'User-assigned owner name',
  245: 'User-assigned location',
  246: 'User-assigned ID code or number',
  247: 'User-assigned device name',
  248: 'Device serial number',
  249: 'DNP3 subset and conformance',
  250: 'Device manufacturer product name and model',
  252: 'Device manufacturer name',
  254: 'All attributes',
  255: 'List of attribute variations',
};

/** An attribute at the reader's place; never throws, and comes short where the octets do. */
export function decodeAttribute(reader: ByteReader): DeviceAttribute {
  const code = reader.u8();
  const length = reader.u8();
  const octets = reader.bytes(code === LONG_LIST ? length + 256 : length);
  const content = new Reader(octets);
  const type = 'attribute';
  const size = octets.length;
  switch (code) {
    case TEXT:
      return { type, dataType: 'text', value: content.text(size) };
    case UNSIGNED:
      if (size === 1) return { type, dataType: 'unsigned', size, value: content.u8() };
      if (size === 2) return { type, dataType: 'unsigned', size, value: content.u16() };
      if (size === 4) return { type, dataType: 'unsigned', size, value: content.u32() };
      break;
    case SIGNED:
      if (size === 1) return { type, dataType: 'signed', size, value: (content.u8() << 24) >> 24 };
      if (size === 2) return { type, dataType: 'signed', size, value: content.i16() };
      if (size === 4) return { type, dataType: 'signed', size, value: content.i32() };
      break;
    case FLOAT:
      if (size === 4) return { type, dataType: 'float', size, value: content.f32() };
      if (size === 8) return { type, dataType: 'float', size, value: content.f64() };
      break;
    case OCTETS:
      return { type, dataType: 'octets', value: octets };
    case BITS:
      return { type, dataType: 'bits', value: octets };
    case TIME:
      if (size === 6) return { type, dataType: 'time', value: content.u48() };
      break;
    case LIST:
    case LONG_LIST:
      if (size % 2 === 0) return { type, dataType: 'list', value: readList(content) };
      break;
    default:
  }
  return { type, dataType: 'other', code, value: octets };
}

function readList(content: ByteReader): { variation: number; properties: number }[] {
  const list: { variation: number; properties: number }[] = [];
  while (content.left > 0) list.push({ variation: content.u8(), properties: content.u8() });
  return list;
}

/** @throws PenstockError `dnp3.encode` for what is longer than 255 octets (a list: 511), or a number of another size. */
export function encodeAttribute(writer: ByteWriter, attribute: DeviceAttribute): void {
  switch (attribute.dataType) {
    case 'text':
      head(writer, TEXT, attribute.value.length).text(attribute.value);
      return;
    case 'octets':
    case 'bits':
      head(writer, attribute.dataType === 'octets' ? OCTETS : BITS, attribute.value.length).bytes(attribute.value);
      return;
    case 'unsigned':
    case 'signed': {
      const { size, value } = attribute;
      const isSigned = attribute.dataType === 'signed';
      head(writer, isSigned ? SIGNED : UNSIGNED, size);
      if (size === 1) writer.u8(isSigned && value < 0 && value >= -128 ? value + 256 : value, 'attribute');
      else if (size === 2) writer[isSigned ? 'i16' : 'u16'](value, 'attribute');
      else if (size === 4) writer[isSigned ? 'i32' : 'u32'](value, 'attribute');
      else throw refused(`an integer attribute has 1, 2 or 4 octets, not ${size}`);
      return;
    }
    case 'float':
      if (attribute.size !== 4 && attribute.size !== 8)
        throw refused(`a floating-point attribute has 4 or 8 octets, not ${attribute.size}`);
      head(writer, FLOAT, attribute.size)[attribute.size === 4 ? 'f32' : 'f64'](attribute.value);
      return;
    case 'time':
      head(writer, TIME, 6).u48(attribute.value);
      return;
    case 'list': {
      const octets = attribute.value.length * 2;
      if (octets > 255) head(writer, LONG_LIST, octets - 256);
      else head(writer, LIST, octets);
      for (const { variation, properties } of attribute.value) writer.u8(variation).u8(properties);
      return;
    }
    case 'other':
      head(writer, attribute.code, attribute.value.length - (attribute.code === LONG_LIST ? 256 : 0));
      writer.bytes(attribute.value);
  }
}

const head = (writer: ByteWriter, code: number, length: number): ByteWriter =>
  writer.u8(code, 'data type').u8(length, 'length of an attribute');
