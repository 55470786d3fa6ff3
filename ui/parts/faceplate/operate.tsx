/** Orders over the SCADA server's session. What could harm is asked for twice. */
import { type FormEvent, useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api } from '../../store/api.ts';
import { type Tag, useRange } from '../../store/range.ts';
import { values } from '../../store/values.ts';
import { Failure } from '../failure.tsx';
import { shown, unitOf, written } from '../number.ts';

export function Operate({ tag }: { tag: Tag }) {
  const { t } = useTranslation();
  const [text, setText] = useState('');
  const [asking, setAsking] = useState<number | undefined>(undefined);
  const [failure, setFailure] = useState<string | undefined>(undefined);
  const orders = useRange((state) => state.orders);
  const last = orders.findLast((order) => order.kind === 'operate' && order.what === tag.id);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another tag has another value
  useEffect(() => {
    const { displayed } = values.of(tag.id);
    setText(Number.isFinite(displayed) && !tag.states ? String(Number(displayed.toPrecision(5))) : '');
    setAsking(undefined);
    setFailure(undefined);
  }, [tag.id]);
  const send = (value: number) => {
    setAsking(undefined);
    setFailure(undefined);
    api('operate', { tag: tag.id, value }).catch((error: Error) => setFailure(error.message));
  };
  const ask = (value: number) => {
    const harms = tag.safe !== null && (value < tag.safe[0] || value > tag.safe[1]);
    if (harms) setAsking(value);
    else send(value);
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (text !== '') ask(Number(text.replace(',', '.')));
  };
  return (
    <div className="operate">
      <h3>{t('faceplate.operate')}</h3>
      {tag.states ? (
        <div className="alert-ways">
          {tag.states.map((state, value) => (
            <button key={state} type="button" className="button" onClick={() => ask(value)}>
              {state}
            </button>
          ))}
        </div>
      ) : (
        <form onSubmit={submit}>
          <input
            className="field"
            inputMode="decimal"
            aria-label={t('faceplate.newValue', { tag: shown(tag.id) })}
            value={text}
            onChange={(event) => setText(event.target.value)}
          />
          <small>{unitOf(tag)}</small>
          <button type="submit" className="button" data-weight="strong">
            {t('faceplate.set')}
          </button>
        </form>
      )}
      {asking !== undefined && (
        <p className="confirm" role="alert">
          {t('faceplate.beyondSafe', { value: written(tag, asking), unit: unitOf(tag) })}{' '}
          <button type="button" className="button" data-weight="danger" onClick={() => send(asking)}>
            {t('faceplate.anyway')}
          </button>{' '}
          <button type="button" className="button" onClick={() => setAsking(undefined)}>
            {t('cancel')}
          </button>
        </p>
      )}
      <Failure text={failure} />
      {last && (
        <p className="last-order" role="status">
          {t(`order.${last.outcome}`)} {last.text} <small>({last.by})</small>
        </p>
      )}
    </div>
  );
}
