import type { AlarmMessage, AlarmRequest } from '@penstock/core/messages';
import { Dialog } from 'radix-ui';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { shown } from '../../parts/number.ts';

const MINUTES = [15, 60, 240, 480] as const;

/** Puts an alarm aside for a time, with the reason; or out of service until somebody ends it. */
export function ShelveDialog({
  alarm,
  onClose,
  onSend,
}: {
  alarm: AlarmMessage | undefined;
  onClose: () => void;
  onSend: (request: AlarmRequest) => void;
}) {
  const { t } = useTranslation();
  const [minutes, setMinutes] = useState<number>(60);
  const [reason, setReason] = useState('');
  if (!alarm) return null;
  const done = (request: AlarmRequest) => {
    onSend(request);
    setReason('');
    onClose();
  };
  return (
    <Dialog.Root open onOpenChange={(open) => !open && onClose()}>
      <Dialog.Portal>
        <Dialog.Overlay className="veil" />
        <Dialog.Content className="dialog" aria-describedby={undefined}>
          <Dialog.Title>{t('alarms.shelveTitle', { tag: shown(alarm.tag) })}</Dialog.Title>
          <form
            className="dialog-form"
            onSubmit={(event) => {
              event.preventDefault();
              done(
                minutes === 0
                  ? { do: 'out-of-service', alarm: alarm.id, reason }
                  : { do: 'shelve', alarm: alarm.id, duration: minutes * 60, reason },
              );
            }}
          >
            <label>
              {t('alarms.how')}
              <select className="field" value={minutes} onChange={(event) => setMinutes(Number(event.target.value))}>
                {MINUTES.map((choice) => (
                  <option key={choice} value={choice}>
                    {t('alarms.minutes', { count: choice })}
                  </option>
                ))}
                <option value={0}>{t('alarms.state.out-of-service')}</option>
              </select>
            </label>
            <label>
              {t('alarms.reason')}
              <input
                className="field"
                required
                minLength={3}
                maxLength={200}
                value={reason}
                onChange={(event) => setReason(event.target.value)}
              />
            </label>
            <div className="dialog-actions">
              <Dialog.Close className="button" type="button">
                {t('cancel')}
              </Dialog.Close>
              <button type="submit" className="button" data-weight="strong">
                {t('alarms.shelve')}
              </button>
            </div>
          </form>
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}
