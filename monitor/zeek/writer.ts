import type { FieldValue, ProtocolEvent } from '@penstock/core';
import type { Flow } from '../flows/flow.ts';
import { dayText, jsonText, timeText, valueText } from './format.ts';
import { CONNECTION, ZEEK_LOGS, type ZeekColumn, type ZeekLog, type ZeekType } from './logs.ts';

/** Where the text of logs goes: whole lines for the log called `path` (`conn` for `conn.log`). */
export interface ZeekSink {
  append(path: string, lines: string): void;
}

/**
 * `tsv`: as Zeek writes its logs, with the header that Zeek's tools read. `json`: one object a line as Zeek's JSON writer, with `_path`
 * and `_write_ts` as in its streaming logs; unset fields are left out.
 */
export type ZeekFormat = 'tsv' | 'json';

/** Lines are handed on in pieces of about this many characters. */
const PIECE = 65_536;

interface OpenLog {
  readonly path: string;
  readonly columns: readonly ZeekColumn[];
  /** Key of the event for each column; undefined for the columns that the flow gives. */
  readonly keys: readonly (string | undefined)[];
  pending: string;
}

/**
 * Writes events as Zeek writes its logs, one log for each name. `#open`, `#close` and `_write_ts` carry event time, so that the same
 * packets give the same files.
 */
export class ZeekWriter {
  readonly #sink: ZeekSink;
  readonly #known: ReadonlyMap<string, ZeekLog>;
  readonly #open = new Map<string, OpenLog>();
  readonly #format: ZeekFormat;
  #lastTime = 0;

  constructor(sink: ZeekSink, format: ZeekFormat = 'tsv') {
    this.#sink = sink;
    this.#format = format;
    this.#known = new Map(ZEEK_LOGS.map((log) => [log.path, log]));
  }

  /** Takes one event, as a `MonitorPipeline` gives it. */
  event(event: ProtocolEvent, flow: Flow): void {
    this.#lastTime = event.time;
    const log = this.#open.get(event.name) ?? this.#start(event);
    const fields = event as unknown as Record<string, FieldValue>;
    log.pending += this.#format === 'tsv' ? tsvLine(log, fields, flow) : jsonLine(log, fields, flow);
    if (log.pending.length >= PIECE) this.#handOn(log);
  }

  #start(event: ProtocolEvent): OpenLog {
    const columns = this.#known.get(event.name)?.columns ?? columnsOf(event);
    const given = new Set(Object.keys(event));
    const log: OpenLog = {
      path: event.name,
      columns,
      keys: columns.map(({ name }) => (given.has(name) ? name : undefined)),
      pending: '',
    };
    if (this.#format === 'tsv')
      log.pending =
        `#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\t${event.name}\n` +
        `#open\t${dayText(event.time)}\n#fields\t${columns.map(({ name }) => name).join('\t')}\n` +
        `#types\t${columns.map(({ type }) => type).join('\t')}\n`;
    this.#open.set(event.name, log);
    return log;
  }

  #handOn(log: OpenLog): void {
    this.#sink.append(log.path, log.pending);
    log.pending = '';
  }

  /** Hands on what is complete so far. */
  flush(): void {
    for (const log of this.#open.values()) if (log.pending !== '') this.#handOn(log);
  }

  /** Ends all logs. */
  close(): void {
    for (const log of this.#open.values()) {
      if (this.#format === 'tsv') log.pending += `#close\t${dayText(this.#lastTime)}\n`;
      if (log.pending !== '') this.#handOn(log);
    }
    this.#open.clear();
  }
}

function tsvLine({ columns, keys }: OpenLog, fields: Record<string, FieldValue>, flow: Flow): string {
  let line = '';
  for (let i = 0; i < columns.length; i++) {
    const column = columns[i] as ZeekColumn;
    const key = keys[i];
    const value = key === undefined ? ofFlow(column.name, fields, flow) : fields[key];
    line += (i === 0 ? '' : '\t') + valueText(value, column.type);
  }
  return `${line}\n`;
}

function jsonLine({ path, columns, keys }: OpenLog, fields: Record<string, FieldValue>, flow: Flow): string {
  let line = `{"_path":${JSON.stringify(path)},"_write_ts":${timeText(fields.time as number)}`;
  for (let i = 0; i < columns.length; i++) {
    const column = columns[i] as ZeekColumn;
    const key = keys[i];
    const value = key === undefined ? ofFlow(column.name, fields, flow) : fields[key];
    if (value !== undefined) line += `,${JSON.stringify(column.name)}:${jsonText(value, column.type)}`;
  }
  return `${line}}\n`;
}

/** A log that nobody else has defined: the connection, then the event's own keys with types read off its values. */
function columnsOf(event: ProtocolEvent): ZeekColumn[] {
  const columns = [...CONNECTION];
  for (const [name, value] of Object.entries(event))
    if (name !== 'name' && name !== 'time') columns.push({ name, type: typeOf(value as FieldValue) });
  return columns;
}

function typeOf(value: FieldValue): ZeekType {
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'number') return Number.isInteger(value) && value >= 0 ? 'count' : 'double';
  if (Array.isArray(value)) return typeof value[0] === 'string' ? 'vector[string]' : 'vector[count]';
  return 'string';
}

/** A column that the event leaves to the flow. */
function ofFlow(column: string, event: Record<string, FieldValue>, flow: Flow): FieldValue {
  const answered = event.is_orig === false;
  switch (column) {
    case 'ts':
      // A connection is dated by its first packet, everything else by the packet that completed it.
      return event.name === 'conn' ? event.start : event.time;
    case 'uid':
      return flow.uid;
    case 'id.orig_h':
      return flow.originatorAddress;
    case 'id.orig_p':
      return flow.originatorPort;
    case 'id.resp_h':
      return flow.responderAddress;
    case 'id.resp_p':
      return flow.responderPort;
    case 'source_h':
      return answered ? flow.responderAddress : flow.originatorAddress;
    case 'source_p':
      return answered ? flow.responderPort : flow.originatorPort;
    case 'destination_h':
      return answered ? flow.originatorAddress : flow.responderAddress;
    case 'destination_p':
      return answered ? flow.originatorPort : flow.responderPort;
    default:
      return undefined;
  }
}
