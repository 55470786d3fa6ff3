/** What a payload looks like, by its first bytes: enough to tell a reading from a file that somebody drops. */

export type ContentKind =
  | 'empty'
  | 'text'
  | 'json'
  | 'sparkplug'
  | 'firmware'
  | 'archive'
  | 'executable'
  | 'image'
  | 'binary';

interface Signature {
  readonly kind: ContentKind;
  readonly at?: number;
  readonly bytes: readonly number[];
}

const letters = (text: string): number[] => [...text].map((letter) => letter.charCodeAt(0));

/** Beginnings of files that devices take or run (the formats' own specifications). */
const SIGNATURES: readonly Signature[] = [
  // The range's own images, U-Boot, SquashFS, UBI, a flattened device tree, Intel HEX, Motorola S-records, Android and DFU images.
  { kind: 'firmware', bytes: letters('PNFW') },
  { kind: 'firmware', bytes: [0x27, 0x05, 0x19, 0x56] },
  { kind: 'firmware', bytes: letters('hsqs') },
  { kind: 'firmware', bytes: letters('UBI#') },
  { kind: 'firmware', bytes: [0xd0, 0x0d, 0xfe, 0xed] },
  { kind: 'firmware', bytes: letters(':10') },
  { kind: 'firmware', bytes: letters('S0') },
  { kind: 'firmware', bytes: letters('ANDROID!') },
  { kind: 'firmware', bytes: letters('DfuSe') },
  // ELF, PE, Mach-O, scripts.
  { kind: 'executable', bytes: [0x7f, ...letters('ELF')] },
  { kind: 'executable', bytes: letters('MZ') },
  { kind: 'executable', bytes: [0xcf, 0xfa, 0xed, 0xfe] },
  { kind: 'executable', bytes: letters('#!/') },
  // zip, gzip, xz, bzip2, 7-Zip, tar.
  { kind: 'archive', bytes: [0x50, 0x4b, 0x03, 0x04] },
  { kind: 'archive', bytes: [0x1f, 0x8b] },
  { kind: 'archive', bytes: [0xfd, ...letters('7zXZ')] },
  { kind: 'archive', bytes: letters('BZh') },
  { kind: 'archive', bytes: [0x37, 0x7a, 0xbc, 0xaf] },
  { kind: 'archive', at: 257, bytes: letters('ustar') },
  // JPEG, PNG.
  { kind: 'image', bytes: [0xff, 0xd8, 0xff] },
  { kind: 'image', bytes: [0x89, ...letters('PNG')] },
];

/** Shorter payloads are no files, whatever they begin with. */
const SHORTEST_FILE = 64;
/** Bytes that are looked at to tell text from others. */
const SAMPLE = 64;

export const isFile = (kind: ContentKind): boolean =>
  kind === 'firmware' || kind === 'archive' || kind === 'executable';

/** @param payload its beginning, at least 264 bytes where it has as many */
export function contentOf(payload: Uint8Array, length: number): ContentKind {
  if (length === 0) return 'empty';
  if (length >= SHORTEST_FILE)
    for (const { kind, at = 0, bytes } of SIGNATURES)
      if (payload[at] === bytes[0] && bytes.every((byte, i) => payload[at + i] === byte)) return kind;
  const end = Math.min(SAMPLE, payload.length);
  for (let i = 0; i < end; i++) {
    const byte = payload[i] as number;
    if (byte < 0x20 && byte !== 9 && byte !== 10 && byte !== 13) return 'binary';
  }
  const first = payload[0];
  return first === 0x7b || first === 0x5b ? 'json' : 'text';
}
