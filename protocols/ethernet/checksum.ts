/**
 * The Internet checksum (RFC 1071): the one's complement of the one's complement sum of 16-bit words. Sums are kept unfolded, so
 * that a sender adds what it knows of a header to the sum of the payload instead of reading the header back.
 */

/** Adds the big-endian 16-bit words of `buffer[start..end)` to `sum`; an odd last byte counts as the high half of a word. */
export function addWords(sum: number, buffer: Uint8Array, start: number, end: number): number {
  let i = start;
  let high = 0;
  let low = 0;
  for (const stop = end - 7; i < stop; i += 8) {
    high += (buffer[i] as number) + (buffer[i + 2] as number) + (buffer[i + 4] as number) + (buffer[i + 6] as number);
    low +=
      (buffer[i + 1] as number) + (buffer[i + 3] as number) + (buffer[i + 5] as number) + (buffer[i + 7] as number);
  }
  for (const stop = end - 1; i < stop; i += 2) {
    high += buffer[i] as number;
    low += buffer[i + 1] as number;
  }
  if (i < end) high += buffer[i] as number;
  return sum + high * 256 + low;
}

/** Folds an unfolded sum (below 2^32) to 16 bits and complements it: the value that a header carries. */
export function finishChecksum(sum: number): number {
  let folded = (sum & 0xffff) + (sum >>> 16);
  folded = (folded & 0xffff) + (folded >>> 16);
  return ~folded & 0xffff;
}

/** Checksum of `buffer[start..end)`; 0 over a range that includes a right checksum. */
export function checksum(buffer: Uint8Array, start: number, end: number): number {
  return finishChecksum(addWords(0, buffer, start, end));
}

/** Sum of the pseudo-header that TCP (RFC 9293 clause 3.1) and UDP (RFC 768) put before the segment. */
export function pseudoHeaderSum(source: number, destination: number, protocol: number, length: number): number {
  return (source >>> 16) + (source & 0xffff) + (destination >>> 16) + (destination & 0xffff) + protocol + length;
}

/**
 * The checksum after one 16-bit word under it changed (RFC 1624, equation 3); routers use it for the TTL.
 */
export function updateChecksum(old: number, from: number, to: number): number {
  return finishChecksum((~old & 0xffff) + (~from & 0xffff) + to);
}
