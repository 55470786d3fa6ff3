/** What the server says to a request, again when the request changes, and again every `every` milliseconds. */
import { useEffect, useState } from 'react';
import { api } from '../store/api.ts';

export interface Asked<T> {
  readonly data: T | undefined;
  readonly failure: string | undefined;
}

export function useApi<T>(path: string | undefined, every?: number): Asked<T> {
  const [asked, setAsked] = useState<Asked<T> & { readonly path?: string | undefined }>({
    ...{ data: undefined, failure: undefined },
  });
  useEffect(() => {
    if (path === undefined) return;
    const abort = new AbortController();
    const ask = () =>
      api<T>(path, undefined, abort.signal)
        .then((data) => setAsked({ data, failure: undefined, path }))
        .catch((error: Error) => {
          if (!abort.signal.aborted) setAsked((before) => ({ ...before, failure: error.message }));
        });
    void ask();
    const timer = every === undefined ? undefined : setInterval(ask, every);
    return () => {
      abort.abort();
      clearInterval(timer);
    };
  }, [path, every]);
  // What was asked before is not the answer to this.
  return asked.path === path ? asked : { data: undefined, failure: asked.failure };
}
