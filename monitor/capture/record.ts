/**
 * Takes captured frames as `FrameSink` of the core does, and is also told the frame's length on the wire (more than
 * `end - start` where a snap length cut it). Any `FrameSink` is one.
 */
export interface CaptureSink {
  frame(time: number, buffer: Uint8Array, start: number, end: number, linkType: number, wireLength: number): void;
}

/** Longest record that is believed: far above libpcap's largest snap length (262,144), far below what would exhaust memory. */
export const MAX_RECORD = 16 * 1024 * 1024;

/** One capture format as a state machine over bytes. */
export interface RecordFormat {
  readonly format: 'pcap' | 'pcapng';
  readonly packets: number;
  readonly bytes: number;
  readonly cut: number;
  readonly skipped: number;
  readonly lost: number;
  /** What broke the structure; nothing after it can be read. */
  readonly damage: string | undefined;
  /** Bytes that the record at the returned offset needs before it can be read. */
  readonly wanted: number;
  /** Reads all complete records of `buffer[start..end)` and returns the offset of the first byte that was not used. */
  consume(buffer: Uint8Array, start: number, end: number): number;
}

/** What a capture held, told when it ended. */
export interface CaptureSummary {
  readonly format: 'pcap' | 'pcapng';
  readonly packets: number;
  /** Captured bytes of all packets, without the file's own headers. */
  readonly bytes: number;
  /** Packets of which a snap length kept only the front. */
  readonly cut: number;
  /** Packets that name an interface which the file does not describe. */
  readonly skipped: number;
  /** Packets that the capturing system says it could not keep up with; 0 also where it says nothing. */
  readonly lost: number;
  /** The file ends inside a record (a capture that was killed, a copy that was not complete). */
  readonly truncated: boolean;
  /** Where and how the structure broke; what stands before it was read. */
  readonly damage: { readonly offset: number; readonly reason: string } | undefined;
}
