/**
 * Firmware images as the range's simulated devices take them: what they are for, which version, a hash over the content, and a signature
 * where the vendor signs. The format is the range's own; no real device reads it, and nothing in it is ever executed.
 *
 * Bytes: `PNFW`, format version 1, flags (bit 0: signed), length of the head (big-endian, 2), the head as JSON, the content, and with bit 0
 * an Ed25519 signature (RFC 8032) over all before it.
 */
import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import type { DeviceIdentity } from '@penstock/core';

export const FIRMWARE_MAGIC = 'PNFW';
const FORMAT = 1;
const SIGNED = 1;
const FIXED = 8;
const SIGNATURE = 64;
const LONGEST_HEAD = 2048;
export const LARGEST_IMAGE = 1024 * 1024;

export interface FirmwareHead {
  readonly vendor: string;
  /** Product code of the devices that it is for. */
  readonly product: string;
  /** What the device calls its revision once it runs it. */
  readonly version: string;
  /** Bytes of content. */
  readonly length: number;
  /** SHA-256 of the content, hexadecimal. */
  readonly sha256: string;
  /** What a device that runs it does otherwise than it should; left out of images that only say another version. */
  readonly effect?: FirmwareEffect;
}

/** `hold`: what the device fetches from others it keeps as it came first, and passes that on as if it were new. */
export const FIRMWARE_EFFECTS = ['hold'] as const;
export type FirmwareEffect = (typeof FIRMWARE_EFFECTS)[number];

export interface FirmwareImage extends FirmwareHead {
  /** SHA-256 of the whole file, hexadecimal. */
  readonly hash: string;
  /** The content is what the head says. */
  readonly isIntact: boolean;
  readonly isSigned: boolean;
  /** It is signed by the vendor that it names. */
  readonly isGenuine: boolean;
}

export type FirmwareDecoded =
  | { readonly status: 'ok'; readonly image: FirmwareImage }
  | { readonly status: 'illegal'; readonly reason: string };

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** DER before the 32 bytes of an Ed25519 private key (RFC 8410, clause 7). */
const PRIVATE_KEY_HEAD = Buffer.from('302e020100300506032b657004220420', 'hex');
const KEYS = new Map<string, { readonly own: KeyObject; readonly known: KeyObject }>();
const MOST_KEYS = 64;

/** A simulated vendor's key, the same in every run. Whoever has this program has them all: they protect simulated devices only. */
function keysOf(vendor: string): { readonly own: KeyObject; readonly known: KeyObject } {
  const found = KEYS.get(vendor);
  if (found !== undefined) return found;
  const seed = createHash('sha256').update(`penstock vendor ${vendor}`).digest();
  const own = createPrivateKey({ key: Buffer.concat([PRIVATE_KEY_HEAD, seed]), format: 'der', type: 'pkcs8' });
  const keys = { own, known: createPublicKey(own) };
  if (KEYS.size >= MOST_KEYS) KEYS.clear();
  KEYS.set(vendor, keys);
  return keys;
}

/** Reads an image and checks hash and signature. Never throws. */
export function decodeFirmware(bytes: Uint8Array): FirmwareDecoded {
  const illegal = (reason: string): FirmwareDecoded => ({ status: 'illegal', reason });
  if (bytes.length > LARGEST_IMAGE) return illegal(`longer than ${LARGEST_IMAGE} bytes`);
  const start = firmwareHead(bytes);
  if (start === undefined) return illegal('no firmware image');
  const { head, at, isSigned } = start;
  const end = at + head.length;
  const whole = end + (isSigned ? SIGNATURE : 0);
  if (bytes.length < whole) return illegal(`${whole - bytes.length} bytes are missing`);
  if (bytes.length > whole) return illegal(`${bytes.length - whole} bytes too many`);
  const content = bytes.subarray(at, end);
  const isGenuine = isSigned && verify(null, bytes.subarray(0, end), keysOf(head.vendor).known, bytes.subarray(end));
  return {
    status: 'ok',
    image: { ...head, hash: sha256(bytes), isIntact: sha256(content) === head.sha256, isSigned, isGenuine },
  };
}

/** The head of an image whose beginning is there; undefined for what is none. */
export function firmwareHead(
  bytes: Uint8Array,
): { readonly head: FirmwareHead; readonly at: number; readonly isSigned: boolean } | undefined {
  if (bytes.length < FIXED || !hasMagic(bytes, 0) || bytes[4] !== FORMAT) return undefined;
  const length = ((bytes[6] as number) << 8) | (bytes[7] as number);
  if (length > LONGEST_HEAD || bytes.length < FIXED + length) return undefined;
  const head = headOf(new TextDecoder().decode(bytes.subarray(FIXED, FIXED + length)));
  return head && { head, at: FIXED + length, isSigned: ((bytes[5] as number) & SIGNED) !== 0 };
}

export const hasMagic = (bytes: Uint8Array, at: number): boolean =>
  [...FIRMWARE_MAGIC].every((letter, i) => bytes[at + i] === letter.charCodeAt(0));

function headOf(text: string): FirmwareHead | undefined {
  let head: Partial<Record<keyof FirmwareHead, unknown>>;
  try {
    head = JSON.parse(text) as typeof head;
  } catch {
    return undefined;
  }
  const { vendor, product, version, length, sha256: hash, effect } = head ?? {};
  const isText = (value: unknown): value is string => typeof value === 'string' && value.length <= 128;
  if (!isText(vendor) || !isText(product) || !isText(version) || !isText(hash)) return undefined;
  if (typeof length !== 'number' || !Number.isInteger(length) || length < 0 || length > LARGEST_IMAGE) return undefined;
  const known = FIRMWARE_EFFECTS.find((one) => one === effect);
  return { vendor, product, version, length, sha256: hash, ...(known !== undefined && { effect: known }) };
}

/** How an image is made. `altered`: not by its vendor, so without its signature. `corrupt`: its content is not what its head says. */
export type FirmwareKind = 'genuine' | 'altered' | 'corrupt';

/** Bytes of content that images of the range have. */
const CONTENT = 16 * 1024;

/** An image for devices of one kind, always the same for the same words. */
export function makeFirmware(
  { vendor, productCode }: Pick<DeviceIdentity, 'vendor' | 'productCode'>,
  version: string,
  kind: FirmwareKind = 'genuine',
  effect?: FirmwareEffect,
): Uint8Array {
  const content = contentOf(`${vendor}|${productCode}|${version}|${kind === 'altered' ? 'altered' : ''}`);
  const head = { vendor, product: productCode, version, length: content.length, sha256: sha256(content), effect };
  if (kind === 'corrupt') content[CONTENT >> 1] = (content[CONTENT >> 1] as number) ^ 0xff;
  const text = new TextEncoder().encode(JSON.stringify(head));
  const isSigned = kind !== 'altered';
  const fixed = Buffer.from([0, 0, 0, 0, FORMAT, isSigned ? SIGNED : 0, text.length >> 8, text.length & 255]);
  fixed.write(FIRMWARE_MAGIC, 'latin1');
  const bytes = Buffer.concat([fixed, text, content]);
  return new Uint8Array(isSigned ? Buffer.concat([bytes, sign(null, bytes, keysOf(vendor).own)]) : bytes);
}

/** Stands for machine code: no two versions have the same, and no compressor makes it smaller. */
function contentOf(words: string): Uint8Array {
  const content = new Uint8Array(CONTENT);
  for (let at = 0; at < CONTENT; at += 32) content.set(createHash('sha256').update(`${words}|${at}`).digest(), at);
  return content;
}
