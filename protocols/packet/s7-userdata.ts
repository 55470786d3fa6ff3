/** S7 user data for people: status lists, block lists, the clock, the password. */
import {
  BLOCK_TYPES,
  decodeContent,
  decodeS7,
  ERROR_CODES,
  RETURN_CODES,
  SZL_NAMES,
  USERDATA_GROUPS,
  USERDATA_SUBFUNCTIONS,
  type UserdataContent,
} from '../s7comm/index.ts';
import { type FieldReader, hex, printable } from './reader.ts';

const KINDS: Readonly<Record<number, string>> = { 0: 'told', 4: 'request', 8: 'answer' };
const MOST_RECORDS = 64;

/** Parameters and data of the message `bytes[start..end)`. @returns what it says, for the row */
export function readUserdata(
  bytes: Uint8Array,
  start: number,
  end: number,
  parameters: FieldReader,
  data: FieldReader,
): string {
  parameters.raw('Head', 3);
  const length = parameters.number('Length', 1);
  parameters.number('Method', 1, hex(2));
  const kindAndGroup = parameters.number('Kind, group', 1, (value) => `${kindText(value)}, ${groupText(value)}`);
  const subfunction = parameters.number(
    'Sub-function',
    1,
    (value) => `${hex(2)(value)} ${subText(kindAndGroup, value)}`,
  );
  parameters.number('Sequence', 1);
  let error = 0;
  if (length === 8) {
    parameters.number('Data unit', 1);
    parameters.number('Further units', 1, (value) => (value === 0 ? 'none' : 'follow'));
    error = parameters.number('Error', 2, (value) => `${hex(4)(value)} ${ERROR_CODES[value] ?? ''}`.trimEnd());
  }
  const decoded = decodeS7(bytes, start, end);
  const content =
    decoded.status === 'ok' && decoded.message.rosctr === 'userdata' ? decodeContent(decoded.message) : undefined;
  const says = content?.status === 'ok' ? contentText(content.message) : '';
  if (data.left > 0) {
    data.number('Return code', 1, (value) => RETURN_CODES[value] ?? hex(2)(value));
    data.number('Kind', 1);
    data.number('Length', 2);
    readContent(data, content?.status === 'ok' ? content.message : undefined);
  }
  const refused = error > 0 ? `refused: ${ERROR_CODES[error] ?? hex(4)(error)}` : '';
  return [`${subText(kindAndGroup, subfunction)} ${kindText(kindAndGroup)}`, refused || says]
    .filter(Boolean)
    .join(', ');
}

const kindText = (kindAndGroup: number): string => KINDS[kindAndGroup >> 4] ?? `kind ${kindAndGroup >> 4}`;
const groupText = (kindAndGroup: number): string => USERDATA_GROUPS[kindAndGroup & 15] ?? `group ${kindAndGroup & 15}`;
const subText = (kindAndGroup: number, subfunction: number): string =>
  USERDATA_SUBFUNCTIONS[kindAndGroup & 15]?.[subfunction] ?? `${groupText(kindAndGroup)} ${hex(2)(subfunction)}`;

/** What follows the head of the data, with the records of lists below. */
function readContent(data: FieldReader, content: UserdataContent | undefined): void {
  if (data.left === 0) return;
  if (content?.is !== 'szl') {
    if (content === undefined) data.raw('Contents', data.left);
    else data.add('Contents', contentText(content), data.left);
    return;
  }
  data.number('List', 2, (value) => `${hex(4)(value)} ${szlText(value)}`);
  data.number('Index', 2, hex(4));
  const size = data.number('Record length', 2);
  const count = data.number('Records', 2);
  for (let i = 0; i < Math.min(count, MOST_RECORDS) && size > 0 && data.left >= size; i++)
    data.raw(`Record ${i + 1}`, size, printable);
}

const szlText = (id: number): string => SZL_NAMES[id & 0xff] ?? 'status list';
/** As block lists write a type: two characters, `08`. */
const typeText = (type: string): string => BLOCK_TYPES[type] ?? `type ${type}`;
const two = (value: number): string => String(value).padStart(2, '0');

function contentText(content: UserdataContent): string {
  switch (content.is) {
    case 'empty':
      return 'nothing';
    case 'szl-request':
      return `${hex(4)(content.id)} index ${hex(4)(content.index)} (${szlText(content.id)})`;
    case 'szl':
      return `${hex(4)(content.id)} index ${hex(4)(content.index)} (${szlText(content.id)}), ${content.records.length} records`;
    case 'block-counts':
      return content.counts.map(({ type, count }) => `${count} × ${typeText(type)}`).join(', ') || 'no blocks';
    case 'block-type':
      return typeText(content.type);
    case 'block-list':
      return content.blocks.map(({ number }) => number).join(', ') || 'no blocks';
    case 'block-query':
      return `${typeText(content.type)} ${content.number}`;
    case 'block-info': {
      const { type, number, loadLength, author, name, version } = content.info;
      const shown = typeText(type.toString(16).toUpperCase().padStart(2, '0'));
      const by = [author, name].map((text) => text.replace(/\0/g, '').trim()).filter(Boolean);
      return [`${shown} ${number}`, `${loadLength} bytes`, `version ${version >> 4}.${version & 15}`, ...by].join(', ');
    }
    case 'clock': {
      const { year, month, day, hour, minute, second, millisecond } = content.clock;
      return `${year}-${two(month)}-${two(day)} ${two(hour)}:${two(minute)}:${two(second)}.${String(millisecond).padStart(3, '0')}`;
    }
    case 'password':
      return `password '${content.password}'; it is encoded, not encrypted`;
  }
}
