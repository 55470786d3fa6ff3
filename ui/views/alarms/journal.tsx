import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { refine, useRoute } from '../../app/route.ts';
import { plantTime } from '../../parts/number.ts';
import { useRange } from '../../store/range.ts';

const KINDS = ['operation', 'device', 'attack', 'hazard', 'run'] as const;

/** What people and devices did, newest first; to the instructor also what the attack does and what it harms. */
export function Journal() {
  const { t } = useTranslation();
  const journal = useRange((state) => state.journal);
  const startsAt = useRange((state) => state.startsAt);
  const { query } = useRoute();
  const lines = useMemo(
    () => journal.filter(({ kind }) => query.kind === undefined || kind === query.kind).toReversed(),
    [journal, query.kind],
  );
  const kinds = KINDS.filter((kind) => journal.some((line) => line.kind === kind));
  return (
    <section className="journal" aria-label={t('journal.title')}>
      <div className="alarm-head">
        <label>
          {t('journal.show')}{' '}
          <select
            className="field"
            value={query.kind ?? ''}
            onChange={(event) => refine({ kind: event.target.value || undefined })}
          >
            <option value="">{t('journal.all')}</option>
            {kinds.map((kind) => (
              <option key={kind} value={kind}>
                {t(`journal.kind.${kind}`)}
              </option>
            ))}
          </select>
        </label>
      </div>
      {lines.length === 0 ? (
        <p className="waiting">{t('journal.none')}</p>
      ) : (
        <table>
          <thead>
            <tr>
              {['time', 'kind', 'text'].map((column) => (
                <th key={column} scope="col">
                  {t(`journal.column.${column}`)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {lines.map((line) => (
              <tr key={line.number} data-kind={line.kind}>
                <td>
                  <time>{plantTime(startsAt, line.time)}</time>
                </td>
                <td>{t(`journal.kind.${line.kind}`)}</td>
                <td>{line.text}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}
