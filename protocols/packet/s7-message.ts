/** An S7 message for people: header, parameters and data, each at its place; items in `s7-items.ts`, user data in `s7-userdata.ts`. */
import type { PacketField } from '@penstock/core';
import {
  BLOCK_TYPES,
  DOWNLOAD_BLOCK,
  DOWNLOAD_ENDED,
  decodeBlockArgument,
  END_UPLOAD,
  ERROR_CLASSES,
  ERROR_CODES,
  FILESYSTEMS,
  FUNCTIONS,
  PI_SERVICES,
  PLC_CONTROL,
  PLC_STOP,
  READ_VARIABLE,
  REQUEST_DOWNLOAD,
  ROSCTR,
  SETUP_COMMUNICATION,
  START_UPLOAD,
  UPLOAD,
  WRITE_VARIABLE,
} from '../s7comm/index.ts';
import type { Ends, PacketContext } from './context.ts';
import { FieldReader, group, hex, printable } from './reader.ts';
import { readAddresses, readCodes, readContents, type S7Item, shownItems } from './s7-items.ts';
import { readUserdata } from './s7-userdata.ts';

const JOB = 1;
const ACK = 2;
const ACK_DATA = 3;
const USERDATA = 7;
/** Of a block's bytes so many are told as text; all of them are in the bytes beside. */
const MOST_TEXT = 160;

const functionText = (code: number): string => FUNCTIONS[code] ?? `function ${hex(2)(code)}`;
/** Class and code of an acknowledgement; empty for none. */
const errorText = (error: number): string =>
  error === 0 || Number.isNaN(error)
    ? ''
    : (ERROR_CODES[error] ?? `${ERROR_CLASSES[error >> 8] ?? 'error'} ${hex(4)(error)}`);

export class S7MessageReader {
  readonly fields: PacketField[] = [];
  readonly tags: string[] = [];
  info = '';
  readonly #ends: Ends;
  readonly #context: PacketContext;
  readonly #parameters: FieldReader;
  readonly #data: FieldReader;

  /** Reads `bytes[start..end)`, which begin with 0x32. */
  constructor(bytes: Uint8Array, start: number, end: number, ends: Ends, context: PacketContext) {
    this.#ends = ends;
    this.#context = context;
    const header = new FieldReader(bytes, start, end);
    header.number('Protocol', 1, hex(2));
    const kind = header.number('Kind', 1, (value) => `${value} ${ROSCTR[value] ?? 'unknown'}`);
    header.number('Reserved', 2);
    const reference = header.number('Reference', 2);
    const parameterLength = header.number('Parameter length', 2);
    const dataLength = header.number('Data length', 2);
    const error =
      kind === ACK || kind === ACK_DATA
        ? header.number('Error', 2, (value) => `${hex(4)(value)} ${errorText(value) || 'none'}`)
        : 0;
    const what = ROSCTR[kind] ?? `kind ${kind}`;
    this.fields.push(group('Header', `${what}, reference ${reference}`, start, header.at, header.fields));
    const middle = Math.min(end, header.at + (parameterLength || 0));
    const last = Math.min(end, middle + (dataLength || 0));
    this.#parameters = new FieldReader(bytes, header.at, middle);
    this.#data = new FieldReader(bytes, middle, last);
    if (header.short) this.info = `${what}, cut short`;
    else if (kind === JOB) this.#job();
    else if (kind === ACK || kind === ACK_DATA) this.#acknowledgement(reference, error);
    else if (kind === USERDATA) this.info = readUserdata(bytes, start, end, this.#parameters, this.#data);
    else this.info = what;
    this.#close(header.at, middle, last, end);
  }

  #close(from: number, middle: number, last: number, end: number): void {
    this.#parameters.rest('Further parameters');
    this.#data.rest('Further data');
    if (this.#parameters.fields.length > 0)
      this.fields.push(group('Parameters', `${middle - from} bytes`, from, middle, this.#parameters.fields));
    if (this.#data.fields.length > 0)
      this.fields.push(group('Data', `${last - middle} bytes`, middle, last, this.#data.fields));
    if (last < end) this.fields.push(group('More than the header tells', `${end - last} bytes`, last, end, []));
  }

  #function(): number {
    return this.#parameters.number('Function', 1, (value) => `${hex(2)(value)} ${functionText(value)}`);
  }

  #job(): void {
    const { destination: server } = this.#ends;
    const parameters = this.#parameters;
    const code = this.#function();
    const name = functionText(code);
    this.info = name;
    switch (code) {
      case SETUP_COMMUNICATION:
        this.info = `${name}, ${this.#setup()}`;
        return;
      case READ_VARIABLE:
        this.info = `${name} ${shownItems(readAddresses(parameters))}`;
        return;
      case WRITE_VARIABLE: {
        const items = readAddresses(parameters);
        this.#contents(server, items, items.length);
        this.info = `${name} ${shownItems(items)}${this.#written()}`;
        return;
      }
      case REQUEST_DOWNLOAD:
      case DOWNLOAD_BLOCK:
      case DOWNLOAD_ENDED:
      case START_UPLOAD:
        this.info = `${name} ${this.#blockJob(code)}`.trimEnd();
        return;
      case UPLOAD:
      case END_UPLOAD: {
        parameters.number('Status', 1, hex(2));
        parameters.number('Error', 2, (value) => `${hex(4)(value)} ${errorText(value) || 'none'}`);
        const session = parameters.number('Upload', 4);
        this.info = `${name} ${session}`;
        return;
      }
      case PLC_CONTROL:
        this.info = `${name} ${this.#control()}`;
        return;
      case PLC_STOP:
        parameters.raw('Not told', 5);
        this.info = `${name} ${this.#text('Service')}`;
    }
  }

  #acknowledgement(reference: number, error: number): void {
    const refusal = errorText(error);
    const { source: server, destination: client, destinationPort: clientPort } = this.#ends;
    if (this.#parameters.left === 0) {
      this.info = refusal === '' ? 'acknowledged' : `refused: ${refusal}`;
      return;
    }
    const code = this.#function();
    const name = functionText(code);
    const parameters = this.#parameters;
    let says = 'acknowledged';
    if (parameters.left > 0 || this.#data.left > 0)
      switch (code) {
        case SETUP_COMMUNICATION:
          says = this.#setup();
          break;
        case READ_VARIABLE:
        case WRITE_VARIABLE: {
          const count = parameters.number('Number of items', 1);
          if (code === WRITE_VARIABLE) says = readCodes(this.#data, count);
          else {
            const job = this.#context.s7Job({ client, clientPort, server, reference });
            const items = job === undefined ? [] : itemsOfJob(job);
            const failed = this.#contents(server, items, count);
            says = failed || (job === undefined ? 'request not seen' : shownItems(items));
          }
          break;
        }
        case START_UPLOAD: {
          parameters.number('Status', 1, hex(2));
          parameters.number('Not told', 2, hex(4));
          const session = parameters.number('Upload', 4);
          says = `${session}, ${Number(this.#text('Length'))} bytes`;
          break;
        }
        case UPLOAD:
        case DOWNLOAD_BLOCK:
          says = this.#part();
          break;
        default:
          says = '';
      }
    this.info = [`${name} answer`, refusal === '' ? says : `refused: ${refusal}`].filter(Boolean).join(', ');
  }

  #setup(): string {
    const parameters = this.#parameters;
    parameters.number('Reserved', 1);
    parameters.number('Jobs at once, calling', 2);
    parameters.number('Jobs at once, called', 2);
    return `PDU of ${parameters.number('PDU length', 2, (value) => `${value} bytes`)} bytes`;
  }

  #blockJob(code: number): string {
    const parameters = this.#parameters;
    parameters.number('Status', 1, hex(2));
    parameters.number('Error', 2, (value) =>
      `${hex(4)(value)} ${code === DOWNLOAD_ENDED ? errorText(value) || 'none' : ''}`.trimEnd(),
    );
    parameters.number('Transfer', 4, hex(8));
    const block = blockText(this.#text('Block', blockText));
    if (code !== REQUEST_DOWNLOAD) return block;
    const lengths = this.#text('Lengths', (text) => `${text.slice(1, 7)} loaded, ${text.slice(7)} of code`);
    return `${block}, ${Number(lengths.slice(1, 7))} bytes`;
  }

  #control(): string {
    const parameters = this.#parameters;
    parameters.raw('Not told', 7);
    const length = parameters.number('Argument length', 2);
    const say = (bytes: Uint8Array): string => {
      const decoded = decodeBlockArgument(bytes);
      return decoded.status === 'ok'
        ? decoded.message.map(({ type, number, filesystem }) => blockName(type, number, filesystem)).join(', ')
        : printable(bytes);
    };
    const argument = parameters.raw('Argument', Number.isNaN(length) ? 0 : Math.min(length, parameters.left), say);
    const service = this.#text('Service', (text) => `${text} ${PI_SERVICES[text] ?? ''}`.trimEnd());
    return `${service} ${argument.length > 0 ? say(argument) : ''}`.trimEnd();
  }

  /** A part of a block on its way. */
  #part(): string {
    const more = this.#parameters.number('Status', 1, (value) => (value & 1 ? 'parts follow' : 'the last part'));
    const data = this.#data;
    const length = data.number('Length', 2);
    data.number('Not told', 2, hex(4));
    const part = data.raw('Part of a block', Math.min(length || 0, data.left), (bytes) => {
      const text = printable(bytes.subarray(0, MOST_TEXT));
      return bytes.length > MOST_TEXT ? `${text} …` : text;
    });
    return `${part.length} bytes${more & 1 ? '' : ', the last part'}`;
  }

  /** A text behind its length. */
  #text(name: string, say: (text: string) => string = (text) => text): string {
    const parameters = this.#parameters;
    const length = parameters.number(`${name} length`, 1);
    const bytes = parameters.raw(name, Math.min(length || 0, parameters.left), (value) => say(printable(value)));
    return printable(bytes);
  }

  /** @returns what failed, in words; empty where nothing did */
  #contents(server: string, items: readonly S7Item[], count: number): string {
    const { tags, failed } = readContents(this.#data, items, count, (item, from, bytes) =>
      this.#context.s7Points(server, item.area, item.db, from, bytes),
    );
    this.tags.push(...tags);
    return failed;
  }

  /** What was written, for the row: ` HS211 = 1`. */
  #written(): string {
    const flat = (fields: readonly PacketField[]): PacketField[] => fields.flatMap((f) => [f, ...flat(f.children)]);
    const values = flat(this.#data.fields).filter(({ tag }) => tag !== null);
    return values.length === 0
      ? ''
      : ` ${values
          .slice(0, 3)
          .map(({ value }) => value)
          .join(', ')}`;
  }
}

/** Addresses of a job that was seen. */
function itemsOfJob(job: Uint8Array): S7Item[] {
  const length = ((job[6] as number) << 8) | (job[7] as number);
  const reader = new FieldReader(job, 11, Math.min(job.length, 10 + length));
  return job[10] === READ_VARIABLE ? readAddresses(reader) : [];
}

/** `_0800001P` as people say it. */
function blockText(name: string): string {
  const parts = /^_([0-9A-F]{2})(\d{5})([A-Z])$/.exec(name);
  return parts === null ? name : blockName(parts[1] as string, Number(parts[2]), parts[3] as string);
}

const blockName = (type: string, number: number, filesystem: string): string =>
  `${BLOCK_TYPES[type] ?? `block of type ${type}`} ${number} (${(FILESYSTEMS[filesystem] ?? filesystem).toLowerCase()})`;
