/** What everybody must know at once: a lost connection, an alarm flood. */
import { useTranslation } from 'react-i18next';
import { useRange } from '../store/range.ts';

export function Banner() {
  const { t } = useTranslation();
  const connection = useRange((state) => state.connection);
  const { flood, inTenMinutes } = useRange((state) => state.alarmSummary);
  return (
    <div className="banner" role="alert">
      {(connection === 'lost' || connection === 'refused') && <p data-level="high">{t(`connection.${connection}`)}</p>}
      {flood && <p>{t('alarms.flood', { count: inTenMinutes })}</p>}
    </div>
  );
}
