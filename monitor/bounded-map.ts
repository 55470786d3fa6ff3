/**
 * A map with an end: the entry that came first goes when there is no room. Finding that entry anew each time would walk over all that
 * went before it, which makes a flood of new keys quadratic; one iterator that only moves forward does not.
 */
export class BoundedMap<K, V> {
  /** Entries that went for want of room. */
  forgotten = 0;
  readonly #map = new Map<K, V>();
  readonly #most: number;
  #oldest: MapIterator<K>;

  constructor(most: number) {
    this.#most = most;
    this.#oldest = this.#map.keys();
  }

  get size(): number {
    return this.#map.size;
  }

  get(key: K): V | undefined {
    return this.#map.get(key);
  }

  has(key: K): boolean {
    return this.#map.has(key);
  }

  /** A known key keeps its place in the order. */
  set(key: K, value: V): void {
    if (this.#map.size >= this.#most && !this.#map.has(key)) this.#forget();
    this.#map.set(key, value);
  }

  /** As `set`, and the key is the newest of all from now on. */
  renew(key: K, value: V): void {
    this.#map.delete(key);
    this.set(key, value);
  }

  delete(key: K): boolean {
    return this.#map.delete(key);
  }

  values(): MapIterator<V> {
    return this.#map.values();
  }

  #forget(): void {
    let next = this.#oldest.next();
    if (next.done) {
      // Everything that it had come past is gone; what is left came later.
      this.#oldest = this.#map.keys();
      next = this.#oldest.next();
    }
    if (next.done) return;
    this.#map.delete(next.value);
    this.forgotten++;
  }
}
