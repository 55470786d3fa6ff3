/** What somebody on site can be asked for about a tag: it takes minutes, and no forged display can answer it. */
import type { FieldActionMessage } from '@penstock/core/messages';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api } from '../../store/api.ts';
import { type Tag, useRange } from '../../store/range.ts';
import { Failure } from '../failure.tsx';
import { Icon, type IconName } from '../icon.tsx';
import { elapsed } from '../number.ts';
import { useApi } from '../use-api.ts';

const ICONS: Record<FieldActionMessage['kind'], IconName> = {
  'read-gauge': 'search',
  'grab-sample': 'sample',
  starter: 'hand',
  'local-switch': 'hand',
  'manual-valve': 'hand',
  call: 'activity',
};

export function Field({ tag }: { tag: Tag }) {
  const { t } = useTranslation();
  const { data } = useApi<FieldActionMessage[]>('field');
  const orders = useRange((state) => state.orders);
  const [failure, setFailure] = useState<string | undefined>(undefined);
  const actions = (data ?? []).filter(
    (action) =>
      action.tag === tag.id || (action.tag !== null && tag.loop.includes(action.tag)) || action.kind === 'call',
  );
  if (actions.length === 0) return null;
  const order = (action: string, position: number | null) => {
    setFailure(undefined);
    api('field', { action, position }).catch((error: Error) => setFailure(error.message));
  };
  return (
    <div className="field-actions">
      <h3>{t('faceplate.onSite')}</h3>
      <ul>
        {actions.map((action) => {
          const last = orders.findLast((one) => one.kind === 'field' && one.what === action.id);
          return (
            <li key={action.id} data-action={action.id}>
              {action.positions.length === 0 ? (
                <button type="button" className="button" onClick={() => order(action.id, null)}>
                  <Icon name={ICONS[action.kind]} /> {action.name}
                </button>
              ) : (
                <span>
                  <Icon name={ICONS[action.kind]} /> {action.name}:{' '}
                  {action.positions.map((position) => (
                    <button
                      key={position.value}
                      type="button"
                      className="button"
                      onClick={() => order(action.id, position.value)}
                    >
                      {position.name}
                    </button>
                  ))}
                </span>
              )}
              <small> {t('faceplate.takes', { time: elapsed(action.takes) })}</small>
              {last && (
                <p role="status">
                  {t(`order.${last.outcome}`)} {last.outcome === 'pending' ? elapsed(last.due) : last.text}
                </p>
              )}
            </li>
          );
        })}
      </ul>
      <Failure text={failure} />
    </div>
  );
}
