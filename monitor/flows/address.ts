/** Text forms of addresses, made only when somebody asks. */

const HEX: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/** A MAC address at an offset as lower case hex pairs: `00:1d:9c:c7:b0:70`. */
export function macText(buffer: Uint8Array, at: number): string {
  let text = '';
  for (let i = 0; i < 6; i++) text += `${i === 0 ? '' : ':'}${HEX[buffer[at + i] as number]}`;
  return text;
}

/** A MAC address from its upper 16 and lower 32 bits. */
export function macOf(high: number, low: number): string {
  const start = `${HEX[(high >>> 8) & 255]}:${HEX[high & 255]}:${HEX[low >>> 24]}`;
  return `${start}:${HEX[(low >>> 16) & 255]}:${HEX[(low >>> 8) & 255]}:${HEX[low & 255]}`;
}

export function ipv4Text(word: number): string {
  return `${word >>> 24}.${(word >>> 16) & 255}.${(word >>> 8) & 255}.${word & 255}`;
}

/** RFC 5952: lower case, no leading zeros, the longest run of at least two zero groups (the first of equals) as `::`. */
export function ipv6Text(word0: number, word1: number, word2: number, word3: number): string {
  const groups: number[] = [];
  for (const word of [word0, word1, word2, word3]) groups.push(word >>> 16, word & 0xffff);
  let runStart = -1;
  let runLength = 1;
  for (let i = 0; i < 8; i++) {
    let length = 0;
    while (i + length < 8 && groups[i + length] === 0) length++;
    if (length > runLength) {
      runStart = i;
      runLength = length;
    }
    i += length;
  }
  const hex = groups.map((group) => group.toString(16));
  if (runStart < 0) return hex.join(':');
  return `${hex.slice(0, runStart).join(':')}::${hex.slice(runStart + runLength).join(':')}`;
}

/** Whether Zeek's default `Site::local_nets` (private, link-local and loopback space) holds the address. */
export function isLocal(version: number, word0: number, word1: number, word2: number, word3: number): boolean {
  if (version === 6) {
    const first = word0 >>> 16;
    const loopback = (word0 | word1 | word2) === 0 && word3 === 1;
    return (first & 0xfe00) === 0xfc00 || (first & 0xffc0) === 0xfe80 || loopback;
  }
  const a = word3 >>> 24;
  const b = (word3 >>> 16) & 255;
  return (
    a === 10 ||
    a === 127 ||
    a === 0 ||
    (a === 172 && b >= 16 && b < 32) ||
    (a === 192 && b === 168) ||
    (a === 169 && b === 254) ||
    (a === 100 && b >= 64 && b < 128)
  );
}
