import type { AlarmMessage, AlarmRequest } from '@penstock/core/messages';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Modal } from '../../parts/modal.tsx';
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
    <Modal className="dialog" label={t('alarms.shelveTitle', { tag: shown(alarm.tag) })} onClose={onClose}>
      <h2>{t('alarms.shelveTitle', { tag: shown(alarm.tag) })}</h2>
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
          <button className="button" type="button" onClick={onClose}>
            {t('cancel')}
          </button>
          <button type="submit" className="button" data-weight="strong">
            {t('alarms.shelve')}
          </button>
        </div>
      </form>
    </Modal>
  );
}
