/** Who may publish and subscribe what: users with their topic patterns, and those without a name. */
import { covers, matches, sharedFilter } from './topics.ts';

export interface Permissions {
  /** Topic filters; `%c` stands for the client's id and `%u` for its user name, as brokers commonly have it. */
  readonly publish: readonly string[];
  readonly subscribe: readonly string[];
}

export interface MqttUser extends Permissions {
  readonly name: string;
  readonly password: string;
}

/** Answers that are remembered of one connection. */
const MOST_REMEMBERED = 1024;

/** What one client may do. */
export class Rights {
  readonly #publish: readonly string[];
  readonly #subscribe: readonly string[];
  readonly #remembered = new Map<string, boolean>();

  constructor({ publish, subscribe }: Permissions, clientId: string, user: string | undefined) {
    // A name with a wildcard in it would widen its own permission.
    const plain = (text: string): boolean => !/[+#/]/.test(text);
    const meant = (pattern: string): string[] => {
      if (pattern.includes('%c') && !plain(clientId)) return [];
      if (pattern.includes('%u') && !plain(user ?? '')) return [];
      return [pattern.replaceAll('%c', clientId).replaceAll('%u', user ?? '')];
    };
    this.#publish = publish.flatMap(meant);
    this.#subscribe = subscribe.flatMap(meant);
  }

  mayPublish(topic: string): boolean {
    let may = this.#remembered.get(topic);
    if (may === undefined) {
      may = this.#publish.some((pattern) => matches(pattern, topic));
      if (this.#remembered.size < MOST_REMEMBERED) this.#remembered.set(topic, may);
    }
    return may;
  }

  /** Every topic that the filter could match has to be permitted. */
  maySubscribe(filter: string): boolean {
    const shared = sharedFilter(filter);
    const wanted = typeof shared === 'object' ? shared.filter : filter;
    return this.#subscribe.some((pattern) => covers(pattern, wanted));
  }
}
