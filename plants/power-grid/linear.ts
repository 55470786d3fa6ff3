/** Dense linear equations, real and complex, by LU with partial pivoting: networks of tens of buses need nothing else. */
import { PenstockError } from '@penstock/core';

const singular = () =>
  new PenstockError(
    'power-grid.singular',
    'the equations of the network have no single solution; an island without a source or a bus without any branch does that',
  );

/**
 * Solves a·x = b in place: `a` (n×n, by rows) is destroyed, `b` becomes x.
 * @throws PenstockError `power-grid.singular`
 */
export function solveReal(a: Float64Array, b: Float64Array, n: number): void {
  for (let k = 0; k < n; k++) {
    const top = k * n;
    let pivot = k;
    let largest = Math.abs(a[top + k]);
    for (let i = k + 1; i < n; i++) {
      const size = Math.abs(a[i * n + k]);
      if (size > largest) {
        largest = size;
        pivot = i;
      }
    }
    if (!(largest > 1e-14)) throw singular();
    if (pivot !== k) {
      const from = pivot * n;
      for (let j = k; j < n; j++) {
        const t = a[top + j];
        a[top + j] = a[from + j];
        a[from + j] = t;
      }
      const t = b[k];
      b[k] = b[pivot];
      b[pivot] = t;
    }
    const scale = 1 / a[top + k];
    const right = b[k];
    for (let i = k + 1; i < n; i++) {
      const row = i * n;
      const m = a[row + k] * scale;
      if (m === 0) continue;
      for (let j = k + 1; j < n; j++) a[row + j] -= m * a[top + j];
      b[i] -= m * right;
    }
  }
  for (let i = n - 1; i >= 0; i--) {
    const row = i * n;
    let s = b[i];
    for (let j = i + 1; j < n; j++) s -= a[row + j] * b[j];
    b[i] = s / a[row + i];
  }
}

/**
 * Solves a·x = b in place for a matrix of `m` × `m` blocks of 2 × 2, by rows, with its diagonal blocks as pivots: `a` is destroyed, `b` becomes x.
 * For matrices whose diagonal blocks stay regular through the elimination, as those of stators on a passive network do.
 */
export function solveBlocks(a: Float64Array, b: Float64Array, m: number): void {
  const size = 2 * m;
  for (let k = 0; k < m; k++) {
    const top = 2 * k * size;
    const low = top + size;
    const p11 = a[top + 2 * k];
    const p12 = a[top + 2 * k + 1];
    const p21 = a[low + 2 * k];
    const p22 = a[low + 2 * k + 1];
    const scale = 1 / (p11 * p22 - p12 * p21);
    // The pivot's row of blocks is divided by it.
    for (let j = k + 1; j < m; j++) {
      const c = 2 * j;
      const a11 = a[top + c];
      const a12 = a[top + c + 1];
      const a21 = a[low + c];
      const a22 = a[low + c + 1];
      a[top + c] = (p22 * a11 - p12 * a21) * scale;
      a[top + c + 1] = (p22 * a12 - p12 * a22) * scale;
      a[low + c] = (p11 * a21 - p21 * a11) * scale;
      a[low + c + 1] = (p11 * a22 - p21 * a12) * scale;
    }
    const b1 = (p22 * b[2 * k] - p12 * b[2 * k + 1]) * scale;
    const b2 = (p11 * b[2 * k + 1] - p21 * b[2 * k]) * scale;
    b[2 * k] = b1;
    b[2 * k + 1] = b2;
    for (let i = k + 1; i < m; i++) {
      const row = 2 * i * size;
      const next = row + size;
      const l11 = a[row + 2 * k];
      const l12 = a[row + 2 * k + 1];
      const l21 = a[next + 2 * k];
      const l22 = a[next + 2 * k + 1];
      for (let j = k + 1; j < m; j++) {
        const c = 2 * j;
        const u11 = a[top + c];
        const u12 = a[top + c + 1];
        const u21 = a[low + c];
        const u22 = a[low + c + 1];
        a[row + c] -= l11 * u11 + l12 * u21;
        a[row + c + 1] -= l11 * u12 + l12 * u22;
        a[next + c] -= l21 * u11 + l22 * u21;
        a[next + c + 1] -= l21 * u12 + l22 * u22;
      }
      b[2 * i] -= l11 * b1 + l12 * b2;
      b[2 * i + 1] -= l21 * b1 + l22 * b2;
    }
  }
  for (let k = m - 2; k >= 0; k--) {
    const top = 2 * k * size;
    const low = top + size;
    let s1 = b[2 * k];
    let s2 = b[2 * k + 1];
    for (let c = 2 * k + 2; c < size; c++) {
      s1 -= a[top + c] * b[c];
      s2 -= a[low + c] * b[c];
    }
    b[2 * k] = s1;
    b[2 * k + 1] = s2;
  }
}

/** Size of a complex number; `Math.hypot` guards against overflow that per-unit values never see, at many times the cost. */
export const magnitude = (re: number, im: number): number => Math.sqrt(re * re + im * im);

/** A square complex matrix by rows, real and imaginary parts apart. */
export interface ComplexMatrix {
  readonly n: number;
  readonly re: Float64Array;
  readonly im: Float64Array;
}

export function complexMatrix(n: number): ComplexMatrix {
  return { n, re: new Float64Array(n * n), im: new Float64Array(n * n) };
}

/**
 * The inverse of a complex matrix, by Gauss–Jordan elimination with partial pivoting; the matrix itself is kept.
 * @throws PenstockError `power-grid.singular`
 */
export function inverse(matrix: ComplexMatrix): ComplexMatrix {
  const { n } = matrix;
  const re = Float64Array.from(matrix.re);
  const im = Float64Array.from(matrix.im);
  const out = complexMatrix(n);
  for (let i = 0; i < n; i++) out.re[i * n + i] = 1;
  for (let k = 0; k < n; k++) {
    let pivot = k;
    const size = (i: number) => (re[i * n + k] as number) ** 2 + (im[i * n + k] as number) ** 2;
    for (let i = k + 1; i < n; i++) if (size(i) > size(pivot)) pivot = i;
    const s = size(pivot);
    if (!(s > 1e-24)) throw singular();
    if (pivot !== k) for (const array of [re, im, out.re, out.im]) swapRows(array, k, pivot, n);
    // Row k divided by its pivot
    const pr = (re[k * n + k] as number) / s;
    const pi = -(im[k * n + k] as number) / s;
    for (const [r, m] of [
      [re, im],
      [out.re, out.im],
    ] as const)
      for (let j = 0; j < n; j++) {
        const at = k * n + j;
        const x = r[at] as number;
        const y = m[at] as number;
        r[at] = x * pr - y * pi;
        m[at] = x * pi + y * pr;
      }
    for (let i = 0; i < n; i++) {
      if (i === k) continue;
      const fr = re[i * n + k] as number;
      const fi = im[i * n + k] as number;
      if (fr === 0 && fi === 0) continue;
      for (const [r, m] of [
        [re, im],
        [out.re, out.im],
      ] as const)
        for (let j = 0; j < n; j++) {
          const x = r[k * n + j] as number;
          const y = m[k * n + j] as number;
          const at = i * n + j;
          r[at] = (r[at] as number) - (fr * x - fi * y);
          m[at] = (m[at] as number) - (fr * y + fi * x);
        }
    }
  }
  return out;
}

function swapRows(array: Float64Array, a: number, b: number, n: number): void {
  for (let j = 0; j < n; j++) {
    const t = array[a * n + j] as number;
    array[a * n + j] = array[b * n + j] as number;
    array[b * n + j] = t;
  }
}

/** Turns the left square of a complex matrix of `rows` × `width` into the identity, with row pivoting. */
export function eliminateLeft(re: Float64Array, im: Float64Array, rows: number, width: number): void {
  for (let k = 0; k < rows; k++) {
    let pivot = k;
    let largest = 0;
    for (let r = k; r < rows; r++) {
      const at = r * width + k;
      const size = re[at] * re[at] + im[at] * im[at];
      if (size > largest) {
        largest = size;
        pivot = r;
      }
    }
    if (pivot !== k)
      for (let q = k; q < width; q++) {
        const a = k * width + q;
        const b = pivot * width + q;
        const swapRe = re[a];
        const swapIm = im[a];
        re[a] = re[b];
        im[a] = im[b];
        re[b] = swapRe;
        im[b] = swapIm;
      }
    const pRe = re[k * width + k] / largest;
    const pIm = -im[k * width + k] / largest;
    for (let q = k; q < width; q++) {
      const at = k * width + q;
      const r = re[at];
      const i = im[at];
      re[at] = r * pRe - i * pIm;
      im[at] = r * pIm + i * pRe;
    }
    for (let r = 0; r < rows; r++) {
      if (r === k) continue;
      const fRe = re[r * width + k];
      const fIm = im[r * width + k];
      if (fRe === 0 && fIm === 0) continue;
      for (let q = k; q < width; q++) {
        const from = k * width + q;
        const to = r * width + q;
        re[to] -= fRe * re[from] - fIm * im[from];
        im[to] -= fRe * im[from] + fIm * re[from];
      }
    }
  }
}
