import { PenstockError } from '@penstock/core';
import { isPcap, PcapFormat } from './pcap.ts';
import { isPcapng, PcapngFormat } from './pcapng.ts';
import type { CaptureSink, CaptureSummary, RecordFormat } from './record.ts';

/** What people take for captures, and how it becomes one. */
const OTHERS: readonly { readonly magic: string; readonly what: string; readonly way: string }[] = [
  { magic: '1f 8b', what: 'compressed with gzip', way: 'gunzip -c FILE > capture.pcap' },
  { magic: '28 b5 2f fd', what: 'compressed with zstd', way: 'zstd -dc FILE > capture.pcap' },
  { magic: 'fd 37 7a 58', what: 'compressed with xz', way: 'xz -dc FILE > capture.pcap' },
  { magic: '42 5a 68', what: 'compressed with bzip2', way: 'bunzip2 -c FILE > capture.pcap' },
  { magic: '50 4b 03 04', what: 'a zip archive', way: 'unzip it' },
  { magic: '73 6e 6f 6f', what: 'a capture of snoop', way: 'editcap FILE capture.pcap' },
  { magic: '47 4d 42 55', what: 'a capture of Microsoft Network Monitor', way: 'editcap FILE capture.pcap' },
  { magic: '54 52 53 4e', what: 'a capture of a Sniffer', way: 'editcap FILE capture.pcap' },
];

/**
 * Reads a capture of either format from bytes as they come and hands every packet to `sink`. Holds no packet: the caller
 * keeps what `consume` did not use in front of the next bytes.
 */
export class CaptureDecoder {
  readonly #sink: CaptureSink;
  readonly #source: string;
  #format: RecordFormat | undefined;
  #offset = 0;
  #damageAt = 0;

  /** @param source what the bytes are called in messages: a file name, an interface */
  constructor(sink: CaptureSink, source: string) {
    this.#sink = sink;
    this.#source = source;
  }

  get packets(): number {
    return this.#format?.packets ?? 0;
  }

  /** Bytes that must be in the buffer before `consume` can go on. */
  get wanted(): number {
    return this.#format?.wanted ?? 4;
  }

  /** Whether the structure broke; what comes after is not looked at. */
  get damaged(): boolean {
    return this.#format?.damage !== undefined;
  }

  /**
   * Reads all complete records in `buffer[start..end)`; returns the offset of the first unused byte.
   * @throws PenstockError `capture.not-a-capture` when the first bytes are of neither format
   */
  consume(buffer: Uint8Array, start: number, end: number): number {
    if (this.#format === undefined) {
      if (end - start < 4) return start;
      this.#format = this.#recognise(buffer, start);
    }
    if (this.#format.damage !== undefined) return end;
    const used = this.#format.consume(buffer, start, end);
    this.#offset += used - start;
    if (this.#format.damage === undefined) return used;
    this.#damageAt = this.#offset;
    return end;
  }

  #recognise(buffer: Uint8Array, start: number): RecordFormat {
    if (isPcap(buffer, start)) return new PcapFormat(this.#sink);
    if (isPcapng(buffer, start)) return new PcapngFormat(this.#sink);
    const hex = [0, 1, 2, 3].map((i) => (buffer[start + i] as number).toString(16).padStart(2, '0')).join(' ');
    const other = OTHERS.find(({ magic }) => hex.startsWith(magic));
    const hint = other === undefined ? '' : `; it is ${other.what}: ${other.way}`;
    throw new PenstockError(
      'capture.not-a-capture',
      `${this.#source} is not a capture: it starts with ${hex}, where a pcap or pcapng file has its magic number${hint}`,
    );
  }

  /**
   * Call once at the end of the bytes.
   * @param rest how many bytes `consume` has left unused
   * @throws PenstockError `capture.empty` when there were too few bytes for any capture
   */
  finish(rest: number): CaptureSummary {
    const format = this.#format;
    if (format === undefined)
      throw new PenstockError(
        'capture.empty',
        `${this.#source} is not a capture: it has ${rest} bytes, the header of a pcap file alone has 24`,
      );
    return {
      format: format.format,
      packets: format.packets,
      bytes: format.bytes,
      cut: format.cut,
      skipped: format.skipped,
      lost: format.lost,
      truncated: rest > 0,
      damage: format.damage === undefined ? undefined : { offset: this.#damageAt, reason: format.damage },
    };
  }
}
