/** A tag with everything about its loop: what is displayed (measured and true beside it for the instructor), limits, trend, and the means to act. */
import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { type Tag, useRange } from '../../store/range.ts';
import { Bar } from '../bar.tsx';
import { Icon } from '../icon.tsx';
import { plantTime, shown, unitOf, written } from '../number.ts';
import { Severity } from '../severity.tsx';
import { Sparkline } from '../sparkline.tsx';
import { Value } from '../value.tsx';
import { Behind } from './behind.tsx';
import { Field } from './field.tsx';
import { Operate } from './operate.tsx';
import { Parted } from './parted.tsx';
import './faceplate.css';

export function Faceplate({ tag, onClose }: { tag: Tag; onClose: () => void }) {
  const { t } = useTranslation();
  const role = useRange((state) => state.role);
  const tagById = useRange((state) => state.tagById);
  const loop = tag.loop.map((id) => tagById.get(id)).filter((other) => other !== undefined);
  return (
    <section className="faceplate" aria-labelledby="faceplate-title" data-faceplate={tag.id}>
      <header>
        <h2 id="faceplate-title">{shown(tag.id)}</h2>
        <button type="button" className="icon-button" aria-label={t('close')} onClick={onClose}>
          <Icon name="close" />
        </button>
        <p>{tag.name}</p>
      </header>
      <dl className="readings">
        <div>
          <dt>{t('value.displayed')}</dt>
          <dd className="main-value">
            <Value tag={tag} />
          </dd>
        </div>
        {role === 'instructor' && (
          <>
            <div>
              <dt>{t('value.measured')}</dt>
              <dd>
                <Value tag={tag} source="measured" />
              </dd>
            </div>
            <div>
              <dt>{t('value.true')}</dt>
              <dd>
                <Value tag={tag} source="true" />
              </dd>
            </div>
          </>
        )}
      </dl>
      {role === 'instructor' && <Parted tag={tag} />}
      <Bar tag={tag} />
      {!tag.states && <Sparkline tag={tag} />}
      <Limits tag={tag} />
      <AlarmLines tag={tag} />
      {tag.operable && <Operate tag={tag} />}
      {loop.length > 0 && (
        <>
          <h3>{t('faceplate.loop')}</h3>
          <ul className="loop">
            {loop.map((other) => (
              <li key={other.id}>
                <a href={`#/plant?tag=${other.id}`}>{shown(other.id)}</a>
                <small>{other.name}</small>
                <Value tag={other} />
              </li>
            ))}
          </ul>
        </>
      )}
      <Behind tag={tag} />
      <Field tag={tag} />
      {tag.matters && (
        <>
          <h3>{t('alerts.why')}</h3>
          <p>{tag.matters}</p>
        </>
      )}
      <p className="alert-ways">
        <a className="button" href={`#/trends?tags=${[tag.id, ...sameUnit(tag, loop)].join(',')}`}>
          <Icon name="trends" /> {t('alerts.trend')}
        </a>
        <a className="button" href={`#/packets?filter=${tag.id}`}>
          <Icon name="packets" /> {t('alerts.packets')}
        </a>
        {tag.device && (
          <a className="button" href={`#/logic/${tag.device}`}>
            <Icon name="logic" /> {tag.device}
          </a>
        )}
      </p>
    </section>
  );
}

/** Loop members that belong into the same plot. */
const sameUnit = (tag: Tag, loop: readonly Tag[]): string[] =>
  loop
    .filter((other) => other.unit === tag.unit && !other.states)
    .slice(0, 3)
    .map((other) => other.id);

function Limits({ tag }: { tag: Tag }) {
  const { t } = useTranslation();
  const { alarms, safe } = tag;
  if (tag.states || (!alarms && !safe)) return null;
  const lines = [
    ...(['highHigh', 'high', 'low', 'lowLow'] as const).map(
      (limit) => [t(`faceplate.${limit}`), alarms?.[limit]] as const,
    ),
  ].filter(([, value]) => value !== null && value !== undefined);
  return (
    <dl className="facts">
      {lines.map(([label, value]) => (
        <div key={label}>
          <dt>{label}</dt>
          <dd>
            {written(tag, value as number)} <small>{unitOf(tag)}</small>
          </dd>
        </div>
      ))}
      {safe && (
        <div>
          <dt>{t('faceplate.safe')}</dt>
          <dd>
            {written(tag, safe[0])} – {written(tag, safe[1])} <small>{unitOf(tag)}</small>
          </dd>
        </div>
      )}
    </dl>
  );
}

function AlarmLines({ tag }: { tag: Tag }) {
  const { t } = useTranslation();
  const alarms = useRange((state) => state.alarms);
  const startsAt = useRange((state) => state.startsAt);
  const listed = useMemo(
    () => [...alarms.values()].filter((alarm) => alarm.tag === tag.id && alarm.state !== 'normal'),
    [alarms, tag.id],
  );
  return (
    <ul className="faceplate-alarms">
      {listed.map((alarm) => (
        <li key={alarm.id}>
          <Severity level={alarm.priority} /> <a href="#/alarms">{t(`alarms.state.${alarm.state}`)}</a>{' '}
          {alarm.raisedAt !== null && <small>{plantTime(startsAt, alarm.raisedAt)}</small>}
        </li>
      ))}
    </ul>
  );
}
