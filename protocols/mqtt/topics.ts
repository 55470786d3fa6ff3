/** Topic names and filters (OASIS MQTT 5.0, 4.7 and 4.8.2), and what a topic is for. */
import { NAMESPACE } from '../sparkplug/topic.ts';

/** Levels beyond which a topic is refused: a filter's tree is as deep as its levels. */
const MAX_LEVELS = 128;

/** Whether a text is a topic name: not empty, no wildcards, no U+0000. */
export function isTopicName(topic: string): boolean {
  if (topic.length === 0) return false;
  let levels = 1;
  for (let i = 0; i < topic.length; i++) {
    const code = topic.charCodeAt(i);
    if (code === 0x23 || code === 0x2b || code === 0) return false;
    if (code === 0x2f) levels++;
  }
  return levels <= MAX_LEVELS;
}

/** Whether a text is a topic filter: wildcards stand alone in their level, `#` in the last one only. */
export function isTopicFilter(filter: string): boolean {
  if (filter.length === 0 || filter.includes('\0')) return false;
  const levels = filter.split('/');
  if (levels.length > MAX_LEVELS) return false;
  return levels.every((level, i) => (level === '#' ? i === levels.length - 1 : level === '+' || !/[+#]/.test(level)));
}

export interface SharedFilter {
  readonly group: string;
  readonly filter: string;
}

/** The parts of `$share/GROUP/FILTER`; undefined for a filter that is not shared, `invalid` for one that should be and is not. */
export function sharedFilter(filter: string): SharedFilter | 'invalid' | undefined {
  if (!filter.startsWith('$share/')) return undefined;
  const slash = filter.indexOf('/', 7);
  const group = filter.slice(7, slash);
  if (slash < 0 || group === '' || /[+#]/.test(group) || !isTopicFilter(filter.slice(slash + 1))) return 'invalid';
  return { group, filter: filter.slice(slash + 1) };
}

/** Whether a topic name matches a filter. Wildcards do not match a first level that begins with `$` (4.7.2). */
export function matches(filter: string, topic: string): boolean {
  const first = filter.charCodeAt(0);
  if (topic.charCodeAt(0) === 0x24 && (first === 0x23 || first === 0x2b)) return false;
  const wanted = filter.split('/');
  const levels = topic.split('/');
  for (let i = 0; i < wanted.length; i++) {
    if (wanted[i] === '#') return true;
    if (i >= levels.length || (wanted[i] !== '+' && wanted[i] !== levels[i])) return false;
  }
  return wanted.length === levels.length;
}

/** Whether every topic that `filter` matches is matched by `pattern` too: what a permission for `pattern` covers. */
export function covers(pattern: string, filter: string): boolean {
  const wide = pattern.split('/');
  const narrow = filter.split('/');
  // `#` and `+` alone do not reach what begins with `$`.
  if (/^[#+]/.test(pattern) && filter.startsWith('$')) return false;
  for (let i = 0; i < wide.length; i++) {
    if (wide[i] === '#') return true;
    const level = narrow[i];
    if (level === undefined || level === '#' || (wide[i] !== '+' && wide[i] !== level)) return false;
  }
  return wide.length === narrow.length;
}

interface Node<T> {
  readonly children: Map<string, Node<T>>;
  readonly values: Set<T>;
}

const node = <T>(): Node<T> => ({ children: new Map(), values: new Set() });

/** Values by topic filter, found by topic name. Its size is bounded by whoever adds. */
export class FilterTree<T> {
  readonly #root: Node<T> = node();

  add(filter: string, value: T): void {
    let at = this.#root;
    for (const level of filter.split('/')) {
      let next = at.children.get(level);
      if (next === undefined) {
        next = node();
        at.children.set(level, next);
      }
      at = next;
    }
    at.values.add(value);
  }

  remove(filter: string, value: T): void {
    const path: [Node<T>, string][] = [];
    let at = this.#root;
    for (const level of filter.split('/')) {
      const next = at.children.get(level);
      if (next === undefined) return;
      path.push([at, level]);
      at = next;
    }
    at.values.delete(value);
    for (let i = path.length - 1; i >= 0 && at.values.size === 0 && at.children.size === 0; i--) {
      const [parent, level] = path[i] as [Node<T>, string];
      parent.children.delete(level);
      at = parent;
    }
  }

  /** Calls `found` with every value whose filter matches. */
  match(topic: string, found: (value: T) => void): void {
    const levels = topic.split('/');
    this.#visit(this.#root, levels, 0, topic.charCodeAt(0) === 0x24, found);
  }

  #visit(at: Node<T>, levels: readonly string[], depth: number, isHidden: boolean, found: (value: T) => void): void {
    const wildcards = depth > 0 || !isHidden;
    if (wildcards) at.children.get('#')?.values.forEach(found);
    if (depth === levels.length) {
      at.values.forEach(found);
      return;
    }
    const level = levels[depth] as string;
    const exact = at.children.get(level);
    if (exact !== undefined) this.#visit(exact, levels, depth + 1, isHidden, found);
    const any = wildcards ? at.children.get('+') : undefined;
    if (any !== undefined) this.#visit(any, levels, depth + 1, isHidden, found);
  }
}

/** Topics by which things are ordered, as makers of devices name them. */
const COMMAND =
  /(^|\/)(cmd|command|commands|cmnd|set|write|control|rpc|action|actions|reboot|ota|update|firmware)(\/|$)/i;
const SPARKPLUG_TYPE = new RegExp(`^${NAMESPACE.replace('.', '\\.')}/[^/]+/([A-Z]+)/`);

/** The type of a message of Sparkplug B by its topic, `DDATA`; undefined for topics of others. */
export const sparkplugType = (topic: string): string | undefined => SPARKPLUG_TYPE.exec(topic)?.[1];

/** Whether what is published to a topic orders something: NCMD and DCMD of Sparkplug B, else by what makers call such topics. */
export function isCommandTopic(topic: string): boolean {
  const type = sparkplugType(topic);
  return type === undefined ? COMMAND.test(topic) : type === 'NCMD' || type === 'DCMD';
}
