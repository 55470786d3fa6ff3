/** Something that pages hear of as it happens. */
export class Told<T> {
  readonly #listeners: ((message: T) => void)[] = [];

  to(listener: (message: T) => void): void {
    this.#listeners.push(listener);
  }

  tell(message: T): void {
    for (const listener of this.#listeners) listener(message);
  }
}
