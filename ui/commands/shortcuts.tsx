import { useTranslation } from 'react-i18next';
import { Modal } from '../parts/modal.tsx';
import { type Command, useAllCommands } from './registry.ts';

const GROUPS: readonly Command['group'][] = ['view', 'go', 'alarm', 'plant', 'attack', 'page'];

/** `?`: what the keys do. */
export function ShortcutSheet({ open, onClose }: { open: boolean; onClose: () => void }) {
  const { t } = useTranslation();
  const commands = useAllCommands().filter((command) => command.keys !== undefined);
  if (!open) return null;
  return (
    <Modal className="sheet" label={t('shortcuts.title')} onClose={onClose}>
      <h2>{t('shortcuts.title')}</h2>
      <div className="sheet-groups">
        {GROUPS.filter((group) => commands.some((command) => command.group === group)).map((group) => (
          <section key={group}>
            <h3>{t(`group.${group}`)}</h3>
            <dl>
              {commands
                .filter((command) => command.group === group)
                .map((command) => (
                  <div key={command.id}>
                    <dt>
                      <kbd>{command.keys}</kbd>
                    </dt>
                    <dd>{t(command.label, command.values ?? {})}</dd>
                  </div>
                ))}
            </dl>
          </section>
        ))}
      </div>
      <button type="button" className="button" onClick={onClose}>
        {t('close')}
      </button>
    </Modal>
  );
}
