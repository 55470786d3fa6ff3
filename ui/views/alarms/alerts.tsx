import type { AlertMessage } from '@penstock/core/messages';
import { useEffect, useMemo, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { refine, useRoute } from '../../app/route.ts';
import { Fact } from '../../parts/fact.tsx';
import { Icon } from '../../parts/icon.tsx';
import { plantTime, shown } from '../../parts/number.ts';
import { Severity } from '../../parts/severity.tsx';
import { useRange } from '../../store/range.ts';

/** The monitor's alerts, newest first, and one of them with its way on: to its packets, its tag, its device. */
export function Alerts() {
  const { t } = useTranslation();
  const alerts = useRange((state) => state.alerts);
  const startsAt = useRange((state) => state.startsAt);
  const { query } = useRoute();
  const newestFirst = useMemo(() => [...alerts].reverse(), [alerts]);
  const chosen = alerts.find(({ number }) => String(number) === query.alert) ?? newestFirst[0];
  if (!chosen) return <p className="waiting">{t('alerts.none')}</p>;
  return (
    <div className="alerts">
      <ol className="alert-list" aria-label={t('alerts.title')}>
        {newestFirst.map((alert) => (
          <li key={alert.number}>
            <button
              type="button"
              aria-current={alert.number === chosen.number || undefined}
              data-alert={alert.number}
              onClick={() => refine({ alert: String(alert.number) })}
            >
              <span className="alert-line">
                <Severity level={alert.severity} />
                <time>{plantTime(startsAt, alert.time)}</time>
                {alert.count > 1 && <small>×{alert.count}</small>}
              </span>
              <strong>{alert.title}</strong>
              <small>{[alert.device, alert.tag && shown(alert.tag)].filter(Boolean).join(' · ')}</small>
            </button>
          </li>
        ))}
      </ol>
      <Detail alert={chosen} />
    </div>
  );
}

function Detail({ alert }: { alert: AlertMessage }) {
  const { t } = useTranslation();
  const startsAt = useRange((state) => state.startsAt);
  const title = useRef<HTMLHeadingElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another alert is read from its beginning
  useEffect(() => {
    title.current?.scrollIntoView({ block: 'nearest' });
  }, [alert.number]);
  return (
    <article className="alert-detail" aria-labelledby="alert-title">
      <Severity level={alert.severity} />
      <h2 id="alert-title" ref={title}>
        {alert.title}
      </h2>
      <p className="alert-message">{alert.message}</p>
      {alert.why !== '' && (
        <>
          <h3>{t('alerts.why')}</h3>
          <p>{alert.why}</p>
        </>
      )}
      <dl className="facts">
        <Fact label={t('alerts.when')}>{plantTime(startsAt, alert.time)}</Fact>
        {alert.device && (
          <Fact label={t('alerts.device')}>
            <a href={`#/network/${encodeURIComponent(alert.device)}`}>{alert.device}</a>
          </Fact>
        )}
        {alert.tag && (
          <Fact label={t('alerts.tag')}>
            <a href={`#/plant?tag=${alert.tag}`}>{shown(alert.tag)}</a>
          </Fact>
        )}
        <Fact label={t('alerts.techniques')}>{alert.techniques.join(', ') || '–'}</Fact>
        <Fact label={t('alerts.rule')}>{alert.rule}</Fact>
      </dl>
      <p className="alert-ways">
        <a className="button" href={`#/packets?filter=alert:${alert.number}`}>
          <Icon name="packets" /> {t('alerts.packets')}
        </a>
        {alert.tag && (
          <a className="button" href={`#/plant?tag=${alert.tag}`}>
            <Icon name="plant" /> {t('alerts.plant')}
          </a>
        )}
        {alert.tag && (
          <a className="button" href={`#/trends?tags=${alert.tag}&at=${alert.time}`}>
            <Icon name="trends" /> {t('alerts.trend')}
          </a>
        )}
      </p>
    </article>
  );
}
