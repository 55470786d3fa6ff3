import { useEffect, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { Icon } from '../parts/icon.tsx';
import { plantTime } from '../parts/number.ts';
import { useRange } from '../store/range.ts';
import { values } from '../store/values.ts';

export function TopBar({ onFind, onHelp }: { onFind: () => void; onHelp: () => void }) {
  const { t } = useTranslation();
  const { plant, role, rate, connection } = useRange();
  const unacknowledged = useRange((state) => state.alarmSummary.unacknowledged);
  const alerts = useRange((state) => state.alerts);
  const paging = alerts.some(({ severity }) => severity === 'critical' || severity === 'high');
  return (
    <header className="top">
      <h1>{plant.name || 'Penstock'}</h1>
      {plant.id !== '' && <span className="role">{t(`page.${role}`)}</span>}
      <Clock />
      {rate !== 1 && <small>{t('page.rate', { rate })}</small>}
      <span className="spread" />
      <a className="count" href="#/alarms" data-level={unacknowledged > 0 ? 'medium' : undefined}>
        <Icon name="alarms" />
        {t('page.unacknowledged', { count: unacknowledged })}
      </a>
      <a className="count" href="#/alarms?list=alerts" data-level={paging ? 'high' : undefined}>
        <Icon name="alert" />
        {t('page.alerts', { count: alerts.length })}
      </a>
      <small role="status">{connection === 'live' ? t('connection.live') : ''}</small>
      <button
        type="button"
        className="icon-button"
        aria-label={t('page.palette')}
        title={t('page.palette')}
        onClick={onFind}
      >
        <Icon name="search" />
      </button>
      <button
        type="button"
        className="icon-button"
        aria-label={t('page.shortcuts')}
        title={t('page.shortcuts')}
        onClick={onHelp}
      >
        <Icon name="keyboard" />
      </button>
    </header>
  );
}

/** The plant's time of day, moved on with the values and not by React. */
function Clock() {
  const startsAt = useRange((state) => state.startsAt);
  const box = useRef<HTMLTimeElement>(null);
  useEffect(() => {
    const show = () => {
      if (box.current) box.current.textContent = startsAt === 0 ? '' : plantTime(startsAt, values.time);
    };
    show();
    return values.listen(show);
  }, [startsAt]);
  return <time ref={box} />;
}
