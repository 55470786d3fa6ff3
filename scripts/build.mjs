/** `npm run build`: the page into `ui/dist`, whether it is stale or not, with everything that the bundler says. */
import { ensureInstalled, guarded, SetupError } from './bootstrap.mjs';
import { buildPage } from './page.mjs';

await guarded(async () => {
  await ensureInstalled();
  const problem = buildPage(undefined, 'inherit');
  if (problem !== undefined) throw new SetupError(`the page could not be built (${problem})`);
});
