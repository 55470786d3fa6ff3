import type { AlarmMessage, AlarmRequest } from '@penstock/core/messages';
import { useCallback, useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { type Command, useCommands } from '../../commands/registry.ts';
import { Failure } from '../../parts/failure.tsx';
import { Icon } from '../../parts/icon.tsx';
import { plantTime, shown, written } from '../../parts/number.ts';
import { Severity } from '../../parts/severity.tsx';
import { Value } from '../../parts/value.tsx';
import { api } from '../../store/api.ts';
import { type Tag, useRange } from '../../store/range.ts';
import { byUrgency, isListed } from './order.ts';
import { ShelveDialog } from './shelve.tsx';

const NEEDS_ACKNOWLEDGEMENT = new Set<AlarmMessage['state']>(['unacknowledged', 'returned-unacknowledged']);

export function Alarms() {
  const { t } = useTranslation();
  const all = useRange((state) => state.alarms);
  const summary = useRange((state) => state.alarmSummary);
  const [failure, setFailure] = useState<string | undefined>(undefined);
  const [shelving, setShelving] = useState<AlarmMessage | undefined>(undefined);
  const listed = useMemo(() => [...all.values()].filter(isListed).sort(byUrgency), [all]);
  // Kept while it says the same: the command below must not change with every drawing.
  const open = useMemo(
    () => listed.filter((alarm) => NEEDS_ACKNOWLEDGEMENT.has(alarm.state)).map((alarm) => alarm.id),
    [listed],
  );

  const send = useCallback((request: AlarmRequest) => {
    setFailure(undefined);
    api('alarms', request).catch((error: Error) => setFailure(error.message));
  }, []);
  useCommands(
    useMemo<readonly Command[]>(
      () => [
        {
          ...{ id: 'alarm.acknowledge-all', label: 'alarms.acknowledgeAll', group: 'alarm', icon: 'check', keys: 'a' },
          when: () => open.length > 0,
          perform: () => send({ do: 'acknowledge', alarms: open }),
        },
      ],
      [open, send],
    ),
  );

  return (
    <section className="alarm-list" aria-label={t('alarms.title')}>
      <div className="alarm-head">
        <p>
          {t('alarms.rate', { count: summary.inTenMinutes })} · {t('alarms.split', summary.raised)}
        </p>
        <button
          type="button"
          className="button"
          disabled={open.length === 0}
          onClick={() => send({ do: 'acknowledge', alarms: open })}
        >
          <Icon name="check" /> {t('alarms.acknowledgeAll')}
        </button>
      </div>
      <Failure text={failure} />
      {listed.length === 0 ? (
        <p className="waiting">{t('alarms.none')}</p>
      ) : (
        <table>
          <thead>
            <tr>
              {['priority', 'tag', 'condition', 'now', 'raised', 'state', 'do'].map((column) => (
                <th key={column} scope="col">
                  {t(`alarms.column.${column}`)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {listed.map((alarm) => (
              <Row key={alarm.id} alarm={alarm} onSend={send} onShelve={setShelving} />
            ))}
          </tbody>
        </table>
      )}
      <ShelveDialog alarm={shelving} onClose={() => setShelving(undefined)} onSend={send} />
    </section>
  );
}

function Row({
  alarm,
  onSend,
  onShelve,
}: {
  alarm: AlarmMessage;
  onSend: (request: AlarmRequest) => void;
  onShelve: (alarm: AlarmMessage) => void;
}) {
  const { t } = useTranslation();
  const startsAt = useRange((state) => state.startsAt);
  const tag = useRange((state) => state.tagById.get(alarm.tag)) as Tag;
  const hidden = alarm.state === 'shelved' || alarm.state === 'out-of-service';
  return (
    <tr data-alarm={alarm.id} data-state={alarm.state} data-active={alarm.active || undefined}>
      <td>
        <Severity level={alarm.priority} />
      </td>
      <th scope="row">
        <a href={`#/plant?tag=${alarm.tag}`}>{shown(alarm.tag)}</a>
        <small>{tag.name}</small>
      </th>
      <td>
        {t(`alarms.limit.${alarm.limit}`, {
          limit: alarm.limitValue === null ? '' : written(tag, alarm.limitValue),
          unit: tag.unit,
        })}
        {alarm.firstOut && <em className="first-out">{t('alarms.firstOut')}</em>}
      </td>
      <td>
        <Value tag={tag} />
      </td>
      <td>{alarm.raisedAt === null ? '' : plantTime(startsAt, alarm.raisedAt)}</td>
      <td>
        {t(`alarms.state.${alarm.state}`)}
        {alarm.reason !== null && (
          <small>
            {alarm.until !== null && `${t('alarms.until', { time: plantTime(startsAt, alarm.until) })} · `}
            {alarm.reason} ({alarm.by})
          </small>
        )}
      </td>
      <td className="row-actions">
        {NEEDS_ACKNOWLEDGEMENT.has(alarm.state) && (
          <button type="button" className="button" onClick={() => onSend({ do: 'acknowledge', alarms: [alarm.id] })}>
            {t('alarms.acknowledge')}
          </button>
        )}
        {hidden ? (
          <button
            type="button"
            className="button"
            onClick={() => onSend({ do: alarm.state === 'shelved' ? 'unshelve' : 'in-service', alarm: alarm.id })}
          >
            {t(alarm.state === 'shelved' ? 'alarms.unshelve' : 'alarms.inService')}
          </button>
        ) : (
          <button type="button" className="button" onClick={() => onShelve(alarm)}>
            {t('alarms.shelve')}
          </button>
        )}
      </td>
    </tr>
  );
}
