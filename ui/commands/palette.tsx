import { useId, useMemo, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { go } from '../app/route.ts';
import { Icon } from '../parts/icon.tsx';
import { Modal } from '../parts/modal.tsx';
import { useRange } from '../store/range.ts';
import { type Command, useAllCommands } from './registry.ts';
import { ranked } from './search.ts';

const MOST = 12;

/** Ctrl-K: every command, tag and device by a few letters of its name. */
export function Palette({ open, onClose }: { open: boolean; onClose: () => void }) {
  const { t } = useTranslation();
  if (!open) return null;
  return (
    <Modal className="palette" label={t('palette.title')} onClose={onClose}>
      <Search onDone={onClose} />
    </Modal>
  );
}

function Search({ onDone }: { onDone: () => void }) {
  const { t } = useTranslation();
  const [words, setWords] = useState('');
  const [place, setPlace] = useState(0);
  const list = useRef<HTMLDivElement>(null);
  const id = useId();
  const all = useEverything();
  const found = useMemo(() => ranked(all, words, (item) => item.text).slice(0, MOST), [all, words]);
  const chosen = Math.min(place, found.length - 1);
  const take = (item: (typeof found)[number] | undefined) => {
    if (!item) return;
    onDone();
    item.perform();
  };
  return (
    <>
      <input
        className="palette-input"
        placeholder={t('palette.placeholder')}
        role="combobox"
        aria-expanded="true"
        aria-controls={`${id}-list`}
        aria-activedescendant={found.length > 0 ? `${id}-${chosen}` : undefined}
        aria-label={t('palette.title')}
        value={words}
        onChange={(event) => {
          setWords(event.target.value);
          setPlace(0);
        }}
        onKeyDown={(event) => {
          if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
            event.preventDefault();
            const step = event.key === 'ArrowDown' ? 1 : -1;
            const next = Math.max(0, Math.min(found.length - 1, chosen + step));
            setPlace(next);
            list.current?.children[next]?.scrollIntoView({ block: 'nearest' });
          } else if (event.key === 'Enter') {
            event.preventDefault();
            take(found[chosen]);
          }
        }}
      />
      <div
        className="palette-list"
        role="listbox"
        tabIndex={-1}
        id={`${id}-list`}
        aria-label={t('palette.results')}
        ref={list}
      >
        {found.map((item, i) => (
          <div
            key={item.id}
            id={`${id}-${i}`}
            role="option"
            tabIndex={-1}
            aria-selected={i === chosen}
            onMouseMove={() => setPlace(i)}
            onMouseDown={(event) => {
              event.preventDefault();
              take(item);
            }}
          >
            {item.icon && <Icon name={item.icon} />}
            <span>{item.text}</span>
            {item.hint && <small>{item.hint}</small>}
          </div>
        ))}
      </div>
      {found.length === 0 && <p className="palette-none">{t('palette.none')}</p>}
    </>
  );
}

interface Item {
  readonly id: string;
  readonly text: string;
  readonly hint?: string | undefined;
  readonly icon?: Command['icon'];
  readonly perform: () => void;
}

function useEverything(): readonly Item[] {
  const { t } = useTranslation();
  const commands = useAllCommands();
  const tags = useRange((state) => state.tags);
  const devices = useRange((state) => state.devices);
  return useMemo(
    () => [
      ...commands
        .filter((command) => command.when?.() ?? true)
        .map(({ id, label, values, icon, keys, perform }) => ({
          ...{ id, icon, perform },
          text: t(label, values ?? {}),
          hint: keys,
        })),
      ...tags.map((tag) => ({
        id: `tag:${tag.id}`,
        text: `${tag.id} ${tag.name}`,
        hint: tag.area,
        icon: 'tag' as const,
        perform: () => go('plant', { tag: tag.id }),
      })),
      ...devices.map((device) => ({
        id: `device:${device.id}`,
        text: `${device.id} ${device.name}`,
        hint: device.address,
        icon: 'device' as const,
        perform: () => go('network', {}, device.id),
      })),
    ],
    [commands, tags, devices, t],
  );
}
