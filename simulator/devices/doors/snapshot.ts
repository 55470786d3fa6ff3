/** What a camera that looks at a gauge sees: a dial with its needle, as a PNG (ISO/IEC 15948) of four greys. */

export const WIDTH = 160;
export const HEIGHT = 120;
const BLACK = 0;
const DARK = 1;
const WHITE = 3;
/** The dial's scale goes from lower left over the top to lower right. */
const FIRST_ANGLE = Math.PI * 1.25;
const SWEEP = Math.PI * 1.5;
const CENTRE = { x: 80, y: 56 };
const RADIUS = 46;

export interface Gauge {
  readonly value: number;
  readonly range: readonly [number, number];
  /** Below the dial: what it is, and the camera's time. */
  readonly caption: string;
}

/** The picture at one moment; the same state makes the same bytes. */
export function gaugePicture({ value, range: [low, high], caption }: Gauge): Uint8Array {
  const picture = new Picture();
  for (let i = 0; i <= 10; i++) {
    const angle = FIRST_ANGLE - (SWEEP * i) / 10;
    picture.line(at(angle, RADIUS - (i % 5 === 0 ? 10 : 6)), at(angle, RADIUS), BLACK);
  }
  for (let i = 0; i < 360; i++) picture.dot(at((Math.PI * i) / 180, RADIUS + 2), DARK);
  if (Number.isFinite(value)) {
    const share = Math.min(1.05, Math.max(-0.05, (value - low) / (high - low)));
    picture.line(CENTRE, at(FIRST_ANGLE - SWEEP * share, RADIUS - 8), BLACK);
  }
  picture.text(caption.slice(0, 38).toUpperCase(), 4, HEIGHT - 9);
  return png(picture.pixels);
}

interface Place {
  readonly x: number;
  readonly y: number;
}
const at = (angle: number, radius: number): Place => ({
  x: CENTRE.x + radius * Math.cos(angle),
  y: CENTRE.y - radius * Math.sin(angle),
});

class Picture {
  readonly pixels = new Uint8Array(WIDTH * HEIGHT).fill(WHITE);

  dot({ x, y }: Place, grey: number): void {
    const [column, row] = [Math.round(x), Math.round(y)];
    if (column >= 0 && column < WIDTH && row >= 0 && row < HEIGHT) this.pixels[row * WIDTH + column] = grey;
  }

  line(from: Place, to: Place, grey: number): void {
    const steps = Math.ceil(2 * Math.max(Math.abs(to.x - from.x), Math.abs(to.y - from.y)));
    for (let i = 0; i <= steps; i++) {
      const share = steps === 0 ? 0 : i / steps;
      this.dot({ x: from.x + (to.x - from.x) * share, y: from.y + (to.y - from.y) * share }, grey);
    }
  }

  text(text: string, x: number, y: number): void {
    for (const [i, character] of [...text].entries()) {
      const rows = GLYPHS[character] ?? GLYPHS['-'];
      for (let row = 0; row < 5; row++)
        for (let column = 0; column < 3; column++)
          if ((((rows?.[row] ?? 0) >> (2 - column)) & 1) === 1) this.dot({ x: x + 4 * i + column, y: y + row }, BLACK);
    }
  }
}

/** Three by five dots, a row each. */
const GLYPHS: Readonly<Record<string, readonly number[]>> = {
  ' ': [0, 0, 0, 0, 0],
  '-': [0, 0, 7, 0, 0],
  '.': [0, 0, 0, 0, 2],
  ':': [0, 2, 0, 2, 0],
  0: [7, 5, 5, 5, 7],
  1: [2, 6, 2, 2, 7],
  2: [7, 1, 7, 4, 7],
  3: [7, 1, 7, 1, 7],
  4: [5, 5, 7, 1, 1],
  5: [7, 4, 7, 1, 7],
  6: [7, 4, 7, 5, 7],
  7: [7, 1, 1, 2, 2],
  8: [7, 5, 7, 5, 7],
  9: [7, 5, 7, 1, 7],
  A: [2, 5, 7, 5, 5],
  B: [6, 5, 6, 5, 6],
  C: [3, 4, 4, 4, 3],
  D: [6, 5, 5, 5, 6],
  E: [7, 4, 6, 4, 7],
  F: [7, 4, 6, 4, 4],
  G: [3, 4, 5, 5, 3],
  H: [5, 5, 7, 5, 5],
  I: [7, 2, 2, 2, 7],
  J: [1, 1, 1, 5, 2],
  K: [5, 5, 6, 5, 5],
  L: [4, 4, 4, 4, 7],
  M: [5, 7, 7, 5, 5],
  N: [6, 5, 5, 5, 5],
  O: [2, 5, 5, 5, 2],
  P: [6, 5, 6, 4, 4],
  Q: [2, 5, 5, 2, 1],
  R: [6, 5, 6, 5, 5],
  S: [3, 4, 2, 1, 6],
  T: [7, 2, 2, 2, 2],
  U: [5, 5, 5, 5, 7],
  V: [5, 5, 5, 5, 2],
  W: [5, 5, 7, 7, 5],
  X: [5, 5, 2, 5, 5],
  Y: [5, 5, 2, 2, 2],
  Z: [7, 1, 2, 4, 7],
};

const SIGNATURE = [137, 80, 78, 71, 13, 10, 26, 10];
/** Greyscale, two bits a pixel. */
const HEADER = [0, 0, 0, WIDTH, 0, 0, 0, HEIGHT, 2, 0, 0, 0, 0];

function png(pixels: Uint8Array): Uint8Array {
  const rowBytes = WIDTH / 4;
  const rows = new Uint8Array((rowBytes + 1) * HEIGHT);
  for (let y = 0; y < HEIGHT; y++)
    for (let x = 0; x < WIDTH; x++) {
      const index = y * (rowBytes + 1) + 1 + (x >> 2);
      rows[index] = (rows[index] as number) | ((pixels[y * WIDTH + x] as number) << (6 - 2 * (x & 3)));
    }
  const parts = [SIGNATURE, chunk('IHDR', HEADER), chunk('IDAT', stored(rows)), chunk('IEND', [])];
  return Uint8Array.from(parts.flat());
}

function chunk(type: string, content: readonly number[]): number[] {
  const body = [...type].map((letter) => letter.charCodeAt(0)).concat(content);
  return [...u32(content.length), ...body, ...u32(crc32(body))];
}

/** A zlib stream of one block that is stored as it is (RFC 1950, RFC 1951); the picture is far below a block's 65,535 bytes. */
function stored(bytes: Uint8Array): number[] {
  const { length } = bytes;
  let [a, b] = [1, 0];
  for (const byte of bytes) {
    a = (a + byte) % 65_521;
    b = (b + a) % 65_521;
  }
  const head = [0x78, 1, 1, length & 255, length >> 8, ~length & 255, (~length >> 8) & 255];
  return [...head, ...bytes, b >> 8, b & 255, a >> 8, a & 255];
}

const u32 = (n: number): number[] => [(n >>> 24) & 255, (n >>> 16) & 255, (n >>> 8) & 255, n & 255];

const CRC = Uint32Array.from({ length: 256 }, (_, n) => {
  let c = n;
  for (let k = 0; k < 8; k++) c = (c & 1) === 1 ? 0xedb8_8320 ^ (c >>> 1) : c >>> 1;
  return c;
});

function crc32(bytes: readonly number[]): number {
  let c = 0xffff_ffff;
  for (const byte of bytes) c = (CRC[(c ^ byte) & 255] as number) ^ (c >>> 8);
  return (c ^ 0xffff_ffff) >>> 0;
}
