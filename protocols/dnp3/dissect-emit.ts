/** Events of the objects in one fragment. */
import type { AppFragment, ObjectBlock } from './application.ts';
import { ATTRIBUTE_NAMES } from './attributes.ts';
import {
  fileModeName,
  fileStatusName,
  functionName,
  objectName,
  operationName,
  statusName,
  tripCloseName,
} from './event-names.ts';
import type { AnyDnp3Event } from './events.ts';
import { FUNCTION, isResponse } from './tables.ts';
import type { DelayValue, DeviceAttribute, ObjectValue, OctetsValue, TimeValue } from './values.ts';

export type Emit = (event: AnyDnp3Event) => void;

/** Objects of one header whose values are told. */
const MAX_VALUES = 4096;
/** Characters of a text. */
const MAX_TEXT = 255;
/** Names of open files that are remembered. */
const MAX_HANDLES = 32;

/** Who says what to whom, as the events of a fragment have it. */
export interface Speech {
  readonly time: number;
  readonly isOrig: boolean;
  readonly source: number;
  readonly destination: number;
}

/** What was said before and helps to understand what is said now, for one master and one outstation. */
export class ObjectMemory {
  /** Files by handle, and the one that is being opened. */
  readonly files = new Map<number, string>();
  opening: string | undefined;
  /** When the outstation was told to record its time, in microseconds. */
  recorded: number | undefined;
}

/** @param selected of an OPERATE: whether the same was selected before */
export function emitObjects(
  emit: Emit,
  speech: Speech,
  fragment: AppFragment,
  memory: ObjectMemory,
  selected: boolean | undefined,
): void {
  if (fragment.function === FUNCTION.recordCurrentTime) memory.recorded = speech.time;
  /** The common time of occurrence, in milliseconds. */
  let occurrence: number | undefined;
  for (const block of fragment.objects) {
    const first = block.items[0]?.value;
    if (block.group === 51 && first?.type === 'time') occurrence = first.time;
    emitHeader(emit, speech, fragment, block, occurrence);
    switch (block.group) {
      case 0:
        emitAttributes(emit, speech, fragment, block);
        break;
      case 12:
      case 41:
        emitControls(emit, speech, fragment, block, selected);
        break;
      case 50:
        if (!isResponse(fragment.function)) emitTimes(emit, speech, fragment, block, memory);
        break;
      case 70:
        emitFiles(emit, speech, fragment, block, memory);
        break;
      default:
    }
  }
}

function emitHeader(emit: Emit, speech: Speech, fragment: AppFragment, block: ObjectBlock, occurrence: Count): void {
  const { range, items } = block;
  let count: Count;
  let low: Count;
  let high: Count;
  let indices: number[] | undefined;
  if (range.kind === 'start-stop') {
    low = range.start;
    high = range.stop;
    count = high - low + 1;
  } else if (range.kind === 'count') count = range.count;
  else if (range.kind !== 'all') {
    count = items.length;
    if (range.kind === 'indices' && items.length > 0) {
      indices = [];
      for (const { index } of items) {
        if (low === undefined || index < low) low = index;
        if (high === undefined || index > high) high = index;
        if (indices.length < MAX_VALUES) indices.push(index);
      }
    }
  }
  const content = items[0]?.value === undefined ? NOTHING : columnsOf(block, occurrence);
  emit({
    name: 'dnp3_objects',
    time: speech.time,
    is_orig: speech.isOrig,
    function_code: functionName(fragment.function),
    object_type: objectName(block.group, block.variation),
    object_count: count,
    range_low: low,
    range_high: high,
    link_source: speech.source,
    link_destination: speech.destination,
    sequence: fragment.control.seq,
    group: block.group,
    variation: block.variation,
    qualifier: block.qualifier,
    indices,
    values: content.values,
    flags: content.flags,
    times: content.times,
    texts: content.texts,
  });
}

type Count = number | undefined;

interface Columns {
  readonly values: number[] | undefined;
  readonly flags: number[] | undefined;
  readonly times: number[] | undefined;
  readonly texts: string[] | undefined;
}
const NOTHING: Columns = { values: undefined, flags: undefined, times: undefined, texts: undefined };

/** The columns that the first object has; all objects of a header are alike. */
function columnsOf({ items }: ObjectBlock, occurrence: Count): Columns {
  const first = items[0]?.value as ObjectValue;
  switch (first.type) {
    case 'octets':
      return { ...NOTHING, texts: told(items, (value) => textOf((value as OctetsValue).octets)) };
    case 'time':
    case 'time-interval':
      return { ...NOTHING, values: told(items, (value) => (value as TimeValue).time / 1000) };
    case 'delay':
      return { ...NOTHING, values: told(items, (value) => (value as DelayValue).delay) };
    default:
      return 'value' in first && typeof first.value !== 'object' && first.type !== 'attribute'
        ? pointColumns(items, first as AnyPoint, occurrence)
        : NOTHING;
  }
}

/** Something of each object, as many as are told. */
function told<T>(items: ObjectBlock['items'], pick: (value: ObjectValue) => T): T[] {
  const list: T[] = [];
  for (let i = 0; i < items.length && i < MAX_VALUES; i++) list.push(pick(items[i]?.value as ObjectValue));
  return list;
}

interface AnyPoint {
  readonly value: number | boolean;
  readonly flags?: Count;
  readonly status?: Count;
  readonly time?: Count;
  readonly relativeTime?: Count;
}

function pointColumns(items: ObjectBlock['items'], first: AnyPoint, occurrence: Count): Columns {
  const values: number[] = [];
  const flags: number[] | undefined = first.flags === undefined ? undefined : [];
  const isRelative = first.relativeTime !== undefined && occurrence !== undefined;
  const times: number[] | undefined = first.time === undefined && !isRelative ? undefined : [];
  for (let i = 0; i < items.length && i < MAX_VALUES; i++) {
    const point = items[i]?.value as unknown as AnyPoint;
    values.push(Number(point.value));
    flags?.push(point.flags as number);
    times?.push((point.time ?? (occurrence as number) + (point.relativeTime as number)) / 1000);
  }
  return { values, flags, times, texts: undefined };
}

function emitControls(
  emit: Emit,
  speech: Speech,
  fragment: AppFragment,
  block: ObjectBlock,
  selected: boolean | undefined,
): void {
  const isAnswer = isResponse(fragment.function);
  for (const { index, value } of block.items) {
    if (value?.type !== 'crob' && value?.type !== 'analog-command') continue;
    const relay = value.type === 'crob' ? value : undefined;
    emit({
      name: 'dnp3_control',
      time: speech.time,
      is_orig: speech.isOrig,
      block_type: objectName(block.group, block.variation),
      function_code: functionName(fragment.function),
      index_number: index,
      trip_control_code: relay && tripCloseName(relay.tripClose),
      operation_type: relay && operationName(relay.operation),
      clear_bit: relay?.clear,
      execute_count: relay?.count,
      on_time: relay?.onTime,
      off_time: relay?.offTime,
      status_code: isAnswer ? statusName(value.status) : undefined,
      value: value.type === 'crob' ? undefined : value.value,
      selected,
      link_source: speech.source,
      link_destination: speech.destination,
      sequence: fragment.control.seq,
    });
  }
}

function emitTimes(emit: Emit, speech: Speech, fragment: AppFragment, block: ObjectBlock, memory: ObjectMemory): void {
  for (const { value } of block.items) {
    if (value?.type !== 'time' && value?.type !== 'time-interval') continue;
    const isRecorded = block.variation === 3 && memory.recorded !== undefined;
    emit({
      name: 'dnp3_time',
      time: speech.time,
      is_orig: speech.isOrig,
      function_code: functionName(fragment.function),
      object_type: objectName(block.group, block.variation),
      written: value.time * 1000,
      offset: (value.time * 1000 - (isRecorded ? (memory.recorded as number) : speech.time)) / 1e6,
      interval: value.type === 'time-interval' ? value.interval : undefined,
      link_source: speech.source,
      link_destination: speech.destination,
      sequence: fragment.control.seq,
    });
  }
}

function emitAttributes(emit: Emit, speech: Speech, fragment: AppFragment, block: ObjectBlock): void {
  for (const { index, value } of block.items) {
    if (value?.type !== 'attribute') continue;
    emit({
      name: 'dnp3_attribute',
      time: speech.time,
      is_orig: speech.isOrig,
      function_code: functionName(fragment.function),
      attribute_set: index,
      variation: block.variation,
      attribute: ATTRIBUTE_NAMES[block.variation] ?? `Attribute ${block.variation}`,
      data_type: value.dataType,
      value: attributeText(value),
      link_source: speech.source,
      link_destination: speech.destination,
      sequence: fragment.control.seq,
    });
  }
}

function attributeText(attribute: DeviceAttribute): string {
  switch (attribute.dataType) {
    case 'text':
      return attribute.value.slice(0, MAX_TEXT);
    case 'list':
      return attribute.value.map(({ variation, properties }) => `${variation}${properties & 1 ? 'w' : ''}`).join(' ');
    case 'octets':
    case 'bits':
    case 'other':
      return hexText(attribute.value);
    default:
      return String(attribute.value);
  }
}

function emitFiles(emit: Emit, speech: Speech, fragment: AppFragment, block: ObjectBlock, memory: ObjectMemory): void {
  for (const { value } of block.items) {
    if (value === undefined) continue;
    const file = 'handle' in value ? value : undefined;
    if (value.type === 'file-command') memory.opening = value.name;
    if (value.type === 'file-status' && memory.opening !== undefined && isResponse(fragment.function)) {
      if (value.handle !== 0) remember(memory, value.handle, memory.opening);
      memory.opening = undefined;
    }
    const name = 'name' in value ? value.name : file === undefined ? undefined : memory.files.get(file.handle);
    const transfer = value.type === 'file-transport' || value.type === 'file-transport-status' ? value : undefined;
    const hasStatus =
      (value.type === 'file-status' && isResponse(fragment.function)) || value.type === 'file-transport-status';
    emit({
      name: 'dnp3_file',
      time: speech.time,
      is_orig: speech.isOrig,
      function_code: functionName(fragment.function),
      object_type: objectName(block.group, block.variation),
      file_name: name?.slice(0, MAX_TEXT),
      handle: file?.handle,
      size: 'size' in value ? value.size : undefined,
      mode: value.type === 'file-command' ? fileModeName(value.mode) : undefined,
      block: transfer?.block,
      last_block: transfer?.last,
      octets: value.type === 'file-transport' ? value.octets.length : undefined,
      status: hasStatus ? fileStatusName(value.status) : undefined,
      request_id: 'requestId' in value ? value.requestId : undefined,
      user: value.type === 'file-authentication' ? value.user.slice(0, MAX_TEXT) : undefined,
      link_source: speech.source,
      link_destination: speech.destination,
      sequence: fragment.control.seq,
    });
  }
}

function remember({ files }: ObjectMemory, handle: number, name: string): void {
  if (files.size >= MAX_HANDLES) files.delete(files.keys().next().value as number);
  files.set(handle, name.slice(0, MAX_TEXT));
}

/** Text up to its end mark, where all of it can be read; hexadecimal digits otherwise. */
function textOf(octets: Uint8Array): string {
  let end = octets.length;
  while (end > 0 && octets[end - 1] === 0) end--;
  let text = '';
  for (let i = 0; i < end && i < MAX_TEXT; i++) {
    const octet = octets[i] as number;
    if (octet < 0x20 || octet > 0x7e) return hexText(octets);
    text += String.fromCharCode(octet);
  }
  return text;
}

function hexText(octets: Uint8Array): string {
  let text = '0x';
  for (let i = 0; i < octets.length && i < MAX_TEXT; i++) text += (octets[i] as number).toString(16).padStart(2, '0');
  return text;
}
