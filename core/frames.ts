/**
 * A packet on its way to somebody who watches: the tap, a capture file, the monitor. `buffer[start..end)` is only valid during
 * the call; who needs it longer copies it. `time` is microseconds since 1970 (a fraction carries nanoseconds as far as a double can).
 */
export interface FrameSink {
  frame(time: number, buffer: Uint8Array, start: number, end: number, linkType: number): void;
}

/** Link types as libpcap numbers them (https://www.tcpdump.org/linktypes.html). */
export const LINKTYPE_NULL = 0;
export const LINKTYPE_ETHERNET = 1;
export const LINKTYPE_RAW = 101;
export const LINKTYPE_LOOP = 108;
export const LINKTYPE_LINUX_SLL = 113;
export const LINKTYPE_IPV4 = 228;
export const LINKTYPE_IPV6 = 229;
export const LINKTYPE_LINUX_SLL2 = 276;
