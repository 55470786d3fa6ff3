/** The token that was printed at start. It comes in the address once, and stays with this browser tab only. */
const KEY = 'penstock.token';

/** Takes the token out of `#token=…`, so that no bookmark, screenshot or referrer carries it; undefined when there is none. */
export function takeToken(): string | undefined {
  const given = /^#token=([\w-]+)(.*)$/.exec(location.hash);
  if (given) {
    sessionStorage.setItem(KEY, given[1] as string);
    const rest = (given[2] ?? '').replace(/^[&#]*/, '');
    history.replaceState(null, '', `${location.pathname}#${rest || '/'}`);
  }
  return sessionStorage.getItem(KEY) ?? undefined;
}

/** An address with a token that is opened in this tab while the page is shown: begin again with it. */
export function watchForToken(): void {
  window.addEventListener('hashchange', () => {
    if (location.hash.startsWith('#token=')) location.reload();
  });
}
