/** A queue of bytes that grows as needed: what a connection has sent and not heard of, or received and not delivered. */
export class ByteRing {
  #bytes: Uint8Array = new Uint8Array(256);
  #head = 0;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  push(bytes: Uint8Array, start: number, end: number): void {
    const count = end - start;
    if (this.#length + count > this.#bytes.length) this.#grow(this.#length + count);
    const ring = this.#bytes;
    const mask = ring.length - 1;
    const at = (this.#head + this.#length) & mask;
    this.#length += count;
    if (count <= 64) {
      for (let i = 0; i < count; i++) ring[(at + i) & mask] = bytes[start + i] as number;
      return;
    }
    const first = Math.min(count, ring.length - at);
    ring.set(bytes.subarray(start, start + first), at);
    if (first < count) ring.set(bytes.subarray(start + first, end), 0);
  }

  /** Copies `count` bytes from `offset` behind the oldest one. */
  copy(offset: number, count: number, target: Uint8Array, at: number): void {
    const ring = this.#bytes;
    const mask = ring.length - 1;
    const from = (this.#head + offset) & mask;
    if (count <= 64) {
      for (let i = 0; i < count; i++) target[at + i] = ring[(from + i) & mask] as number;
      return;
    }
    const first = Math.min(count, ring.length - from);
    target.set(ring.subarray(from, from + first), at);
    if (first < count) target.set(ring.subarray(0, count - first), at + first);
  }

  /** Forgets the `count` oldest bytes. */
  drop(count: number): void {
    this.#length -= count;
    this.#head = this.#length === 0 ? 0 : (this.#head + count) & (this.#bytes.length - 1);
  }

  clear(): void {
    this.#head = 0;
    this.#length = 0;
  }

  #grow(needed: number): void {
    let size = this.#bytes.length * 2;
    while (size < needed) size *= 2;
    const bytes = new Uint8Array(size);
    this.copy(0, this.#length, bytes, 0);
    this.#bytes = bytes;
    this.#head = 0;
  }
}
