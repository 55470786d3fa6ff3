/** Pens over time, one plot a unit under a shared cursor, with marks for what happened. */
import type { TrendMessage } from '@penstock/core/messages';
import { useEffect, useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { refine, useRoute } from '../../app/route.ts';
import { Failure } from '../../parts/failure.tsx';
import { Icon } from '../../parts/icon.tsx';
import { shown } from '../../parts/number.ts';
import { TagPicker } from '../../parts/tag-picker.tsx';
import { Value } from '../../parts/value.tsx';
import { api } from '../../store/api.ts';
import { type Tag, useRange } from '../../store/range.ts';
import { values } from '../../store/values.ts';
import { csvOf } from './csv.ts';
import { Plot } from './plot.tsx';
import './trends.css';

const SPANS = [600, 3600, 6 * 3600] as const;
const POINTS = 900;
const MOST_PENS = 8;
/** How often a plot that follows the present is fetched anew. */
const FOLLOW_MS = 2000;

export default function TrendsView() {
  const { t } = useTranslation();
  const { query } = useRoute();
  const tagById = useRange((state) => state.tagById);
  const allTags = useRange((state) => state.tags);
  const role = useRange((state) => state.role);
  const chosen = useMemo(() => {
    const named = (query.tags ?? '').split(',').filter((id) => tagById.has(id));
    return named.length > 0
      ? named
      : allTags
          .filter(isTelling)
          .slice(0, 3)
          .map(({ id }) => id);
  }, [query.tags, tagById, allTags]);
  const span = Number(query.span ?? SPANS[0]);
  const at = query.at === undefined ? undefined : Number(query.at);
  const { message, failure } = useTrend(chosen, span, at);
  const groups = useMemo(() => byUnit(chosen, tagById), [chosen, tagById]);
  const pens = (tags: readonly string[]) => refine({ tags: tags.join(',') });

  return (
    <div className="trends-view">
      <div className="trends-head">
        <TagPicker
          label={t('trends.add')}
          disabled={chosen.length >= MOST_PENS}
          onPick={(tag) => pens([...new Set([...chosen, tag])])}
        />
        <ul className="pens" aria-label={t('trends.pens')}>
          {chosen.map((id) => {
            const tag = tagById.get(id) as Tag;
            return (
              <li key={id}>
                <a href={`#/plant?tag=${id}`}>{shown(id)}</a> <Value tag={tag} />
                <button
                  type="button"
                  className="icon-button"
                  aria-label={t('trends.remove', { tag: shown(id) })}
                  onClick={() => pens(chosen.filter((other) => other !== id))}
                >
                  <Icon name="close" />
                </button>
              </li>
            );
          })}
        </ul>
        <label>
          <span className="unseen">{t('trends.span')}</span>
          <select
            className="field"
            value={span}
            onChange={(event) => refine({ span: event.target.value, at: undefined })}
          >
            {SPANS.map((seconds) => (
              <option key={seconds} value={seconds}>
                {t('trends.minutes', { count: seconds / 60 })}
              </option>
            ))}
          </select>
        </label>
        {at !== undefined && (
          <button type="button" className="button" onClick={() => refine({ at: undefined })}>
            {t('trends.now')}
          </button>
        )}
        <button
          type="button"
          className="button"
          disabled={!message}
          onClick={() => message && saveText(csvOf(message), 'trends.csv')}
        >
          <Icon name="download" /> CSV
        </button>
      </div>
      <Failure text={failure} />
      {message ? (
        <div className="plots">
          {groups.map(({ unit, tags }) => (
            <Plot key={unit} unit={unit} tags={tags} message={message} instructor={role === 'instructor'} />
          ))}
          <Marks message={message} />
        </div>
      ) : (
        failure === undefined && <p className="waiting">{t('loading', { what: t('view.trends') })}</p>
      )}
    </div>
  );
}

/** What happened meanwhile, in words: the marks in the plots for those who cannot see them. */
function Marks({ message }: { message: TrendMessage }) {
  const { t } = useTranslation();
  if (message.marks.length === 0) return null;
  return (
    <details className="marks">
      <summary>{t('trends.marks', { count: message.marks.length })}</summary>
      <ol>
        {message.marks.map((mark) => (
          <li key={`${mark.time}${mark.kind}${mark.text}`}>
            <b>{t(`trends.mark.${mark.kind}`)}</b> {mark.text}
          </li>
        ))}
      </ol>
    </details>
  );
}

/** Fetches the trend, again and again while it follows the present. */
function useTrend(tags: readonly string[], span: number, at: number | undefined) {
  const [message, setMessage] = useState<TrendMessage | undefined>(undefined);
  const [failure, setFailure] = useState<string | undefined>(undefined);
  const key = tags.join(',');
  useEffect(() => {
    if (key === '') return;
    const abort = new AbortController();
    const load = async () => {
      const to = at === undefined ? values.time : at + span / 2;
      const query = new URLSearchParams({
        ...{ tags: key, from: String(Math.max(0, to - span)), to: String(to), points: String(POINTS) },
      });
      try {
        setMessage(await api<TrendMessage>(`trends?${query}`, undefined, abort.signal));
        setFailure(undefined);
      } catch (error) {
        if (!abort.signal.aborted) setFailure((error as Error).message);
      }
    };
    void load();
    const timer = at === undefined ? setInterval(() => void load(), FOLLOW_MS) : undefined;
    return () => {
      abort.abort();
      clearInterval(timer);
    };
  }, [key, span, at]);
  return { message, failure };
}

/** A measured quantity with alarms: what somebody would look at first. */
const isTelling = (tag: Tag): boolean => tag.kind === 'measurement' && tag.alarms !== null && tag.states === null;

function byUnit(tags: readonly string[], tagById: ReadonlyMap<string, Tag>): { unit: string; tags: Tag[] }[] {
  const groups = new Map<string, Tag[]>();
  for (const id of tags) {
    const tag = tagById.get(id) as Tag;
    const unit = tag.states ? '' : tag.unit;
    groups.set(unit, [...(groups.get(unit) ?? []), tag]);
  }
  return [...groups].map(([unit, members]) => ({ unit, tags: members }));
}

function saveText(text: string, name: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([text], { type: 'text/csv' }));
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}
