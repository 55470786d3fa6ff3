/** The frame around every view. */
import { Suspense, useEffect, useMemo, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { handleKey } from '../commands/keyboard.ts';
import { Palette } from '../commands/palette.tsx';
import { type Command, useAllCommands, useCommands } from '../commands/registry.ts';
import { ShortcutSheet } from '../commands/shortcuts.tsx';
import { nextLanguage } from '../i18n/index.ts';
import { Icon } from '../parts/icon.tsx';
import { useRange } from '../store/range.ts';
import { Announcer } from './announcer.tsx';
import { Banner } from './banner.tsx';
import { FailedView } from './failed-view.tsx';
import { address, go, useRoute } from './route.ts';
import { switchTheme } from './theme.ts';
import { TopBar } from './top-bar.tsx';
import { viewsFor } from './views.ts';

export function App() {
  const { t } = useTranslation();
  const role = useRange((state) => state.role);
  const ready = useRange((state) => state.run !== '');
  const connection = useRange((state) => state.connection);
  const views = viewsFor(role);
  const route = useRoute();
  const view = views.find(({ id }) => id === route.view) ?? views[0];
  const [dialog, setDialog] = useState<'palette' | 'shortcuts' | undefined>(undefined);
  const main = useRef<HTMLElement>(null);
  const plant = useShownPlant();

  useCommands(
    useMemo<readonly Command[]>(
      () => [
        ...viewsFor(role).map(({ id, icon, keys }) => ({
          ...{ id: `go.${id}`, label: 'go', icon, keys, group: 'go' as const },
          values: { view: t(`view.${id}`) },
          perform: () => go(id),
        })),
        {
          id: 'palette',
          label: 'page.palette',
          group: 'page',
          icon: 'search',
          keys: 'Ctrl+k',
          perform: () => setDialog('palette'),
        },
        {
          id: 'find',
          label: 'page.palette',
          group: 'page',
          icon: 'search',
          keys: '/',
          perform: () => setDialog('palette'),
        },
        {
          id: 'shortcuts',
          label: 'page.shortcuts',
          group: 'page',
          icon: 'keyboard',
          keys: '?',
          perform: () => setDialog('shortcuts'),
        },
        { id: 'theme', label: 'page.theme', group: 'page', icon: 'light', perform: switchTheme },
        { id: 'language', label: 'page.language', group: 'page', perform: () => void nextLanguage() },
      ],
      [role, t],
    ),
  );
  useKeyboard();
  useEffect(() => {
    document.title = view ? `${t(`view.${view.id}`)} – Penstock` : 'Penstock';
  }, [view, t]);

  return (
    <div className="frame" data-connection={connection}>
      <a
        className="skip"
        href={address(route)}
        onClick={(event) => {
          event.preventDefault();
          main.current?.focus();
        }}
      >
        {t('page.skip')}
      </a>
      <TopBar onFind={() => setDialog('palette')} onHelp={() => setDialog('shortcuts')} />
      <Banner />
      <nav className="views" aria-label={t('page.views')}>
        {views.map(({ id, icon }) => (
          <a key={id} href={`#/${id}`} aria-current={id === view?.id ? 'page' : undefined}>
            <Icon name={icon} />
            {t(`view.${id}`)}
          </a>
        ))}
      </nav>
      <main ref={main} tabIndex={-1} data-view={view?.id}>
        {ready && plant !== undefined && view ? (
          <Suspense fallback={<p className="waiting">{t('loading', { what: t(`view.${view.id}`) })}</p>}>
            <FailedView key={`${plant} ${view.id}`} message={t('failed.view')} again={t('failed.again')}>
              <view.component />
            </FailedView>
          </Suspense>
        ) : (
          <p className="waiting">{t(`connection.${connection}`)}</p>
        )}
      </main>
      <Announcer />
      <Palette open={dialog === 'palette'} onClose={() => setDialog(undefined)} />
      <ShortcutSheet open={dialog === 'shortcuts'} onClose={() => setDialog(undefined)} />
    </div>
  );
}

/**
 * The plant whose views are shown. Another one at the same place (`penstock up` with another name) begins its views anew, and nothing of the
 * plant before stays selected; undefined until that is forgotten.
 */
function useShownPlant(): string | undefined {
  const plant = useRange((state) => state.plant.id);
  const route = useRoute();
  const [shown, setShown] = useState(plant);
  useEffect(() => {
    if (plant === shown) return;
    const selects = route.rest !== '' || Object.keys(route.query).length > 0;
    if (shown !== '' && selects) go(route.view);
    else setShown(plant);
  }, [plant, shown, route]);
  return plant === shown ? plant : undefined;
}

function useKeyboard(): void {
  const commands = useAllCommands();
  useEffect(() => {
    const pressed = (event: KeyboardEvent) => handleKey(event, commands);
    window.addEventListener('keydown', pressed);
    return () => window.removeEventListener('keydown', pressed);
  }, [commands]);
}
