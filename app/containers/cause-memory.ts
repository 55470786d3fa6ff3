/** What is remembered for a moment has an end, in number as in time. */

const MOST_REMEMBERED = 4096;

/** Sets a key as the newest; the oldest goes when there are too many. */
export function remember<V>(map: Map<string, V>, key: string, value: V): void {
  map.delete(key);
  map.set(key, value);
  if (map.size > MOST_REMEMBERED) map.delete(map.keys().next().value as string);
}

/** A queue with an end, of what is forgotten in the order in which it came. */
export class Lately<T> {
  readonly #most: number;
  #items: T[] = [];
  #first = 0;

  constructor(most: number) {
    this.#most = most;
  }

  get isFull(): boolean {
    return this.#items.length - this.#first >= this.#most;
  }

  push(item: T): void {
    this.#items.push(item);
  }

  takeWhile(isOver: (item: T) => boolean, take: (item: T) => void): void {
    while (this.#first < this.#items.length && isOver(this.#items[this.#first] as T))
      take(this.#items[this.#first++] as T);
    if (this.#first > 1024 && this.#first * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#first);
      this.#first = 0;
    }
  }
}
