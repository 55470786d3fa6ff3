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
    let pivot = k;
    for (let i = k + 1; i < n; i++)
      if (Math.abs(a[i * n + k] as number) > Math.abs(a[pivot * n + k] as number)) pivot = i;
    const p = a[pivot * n + k] as number;
    if (!(Math.abs(p) > 1e-14)) throw singular();
    if (pivot !== k) {
      for (let j = k; j < n; j++) {
        const t = a[k * n + j] as number;
        a[k * n + j] = a[pivot * n + j] as number;
        a[pivot * n + j] = t;
      }
      const t = b[k] as number;
      b[k] = b[pivot] as number;
      b[pivot] = t;
    }
    for (let i = k + 1; i < n; i++) {
      const m = (a[i * n + k] as number) / p;
      if (m === 0) continue;
      for (let j = k + 1; j < n; j++) a[i * n + j] = (a[i * n + j] as number) - m * (a[k * n + j] as number);
      b[i] = (b[i] as number) - m * (b[k] as number);
    }
  }
  for (let i = n - 1; i >= 0; i--) {
    let s = b[i] as number;
    for (let j = i + 1; j < n; j++) s -= (a[i * n + j] as number) * (b[j] as number);
    b[i] = s / (a[i * n + i] as number);
  }
}

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
