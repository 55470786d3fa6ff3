import { Dialog } from 'radix-ui';
import { useTranslation } from 'react-i18next';
import { type Command, useAllCommands } from './registry.ts';

const GROUPS: readonly Command['group'][] = ['view', 'go', 'alarm', 'plant', 'attack', 'page'];

/** `?`: what the keys do. */
export function ShortcutSheet({ open, onClose }: { open: boolean; onClose: () => void }) {
  const { t } = useTranslation();
  const commands = useAllCommands().filter((command) => command.keys !== undefined);
  return (
    <Dialog.Root open={open} onOpenChange={(now) => !now && onClose()}>
      <Dialog.Portal>
        <Dialog.Overlay className="veil" />
        <Dialog.Content className="sheet" aria-describedby={undefined}>
          <Dialog.Title>{t('shortcuts.title')}</Dialog.Title>
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
          <Dialog.Close className="button">{t('close')}</Dialog.Close>
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}
