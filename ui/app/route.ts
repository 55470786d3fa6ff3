/** Where the page is: `#/alarms?alert=12`. A view and what is selected can be bookmarked, and the browser's back button works. */
import { useSyncExternalStore } from 'react';

export interface Route {
  /** First part of the path; the view's id. */
  readonly view: string;
  /** The rest of it (`network/reactor-plc` → `reactor-plc`). */
  readonly rest: string;
  readonly query: Readonly<Record<string, string>>;
}

let current = parse(location.hash);

function parse(hash: string): Route {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split('?');
  const [view = '', ...rest] = path.split('/');
  return { view, rest: decodeURIComponent(rest.join('/')), query: Object.fromEntries(new URLSearchParams(query)) };
}

export function address({ view, rest, query }: Route): string {
  const search = new URLSearchParams(query).toString();
  return `#/${view}${rest === '' ? '' : `/${encodeURIComponent(rest)}`}${search === '' ? '' : `?${search}`}`;
}

/** Goes to a view; what the query does not name is forgotten. */
export function go(view: string, query: Readonly<Record<string, string>> = {}, rest = ''): void {
  location.hash = address({ view, rest, query });
}

/** Selects something in the present view; undefined takes a key away. */
export function refine(changes: Readonly<Record<string, string | undefined>>): void {
  const query: Record<string, string> = { ...current.query };
  for (const [key, value] of Object.entries(changes)) {
    if (value === undefined) delete query[key];
    else query[key] = value;
  }
  location.hash = address({ ...current, query });
}

const route = (): Route => current;

export function useRoute(): Route {
  return useSyncExternalStore(listen, route);
}

function listen(listener: () => void): () => void {
  const changed = () => {
    current = parse(location.hash);
    listener();
  };
  window.addEventListener('hashchange', changed);
  return () => window.removeEventListener('hashchange', changed);
}
