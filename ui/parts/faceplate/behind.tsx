/** What stands behind a tag: who wrote it last, and what acts on its loop by itself. */
import type { TagPageMessage } from '@penstock/core/messages';
import { useTranslation } from 'react-i18next';
import { type Tag, useRange } from '../../store/range.ts';
import { plantTime, shown, unitOf, written } from '../number.ts';
import { useApi } from '../use-api.ts';
import { Value } from '../value.tsx';

const REFRESH_MS = 2000;

export function Behind({ tag }: { tag: Tag }) {
  const { t } = useTranslation();
  const { data } = useApi<TagPageMessage>(`tags/${tag.id}`, REFRESH_MS);
  const startsAt = useRange((state) => state.startsAt);
  const tagById = useRange((state) => state.tagById);
  if (!data) return null;
  const { lastWrite, interlocks } = data;
  const flags = data.flags.map((id) => tagById.get(id)).filter((flag) => flag !== undefined);
  return (
    <>
      {lastWrite && (
        <dl className="facts last-write">
          <div>
            <dt>{t('faceplate.lastWrite')}</dt>
            <dd>
              {t('faceplate.writtenBy', {
                value: `${written(tag, lastWrite.value)} ${unitOf(tag)}`.trim(),
                writer: lastWrite.writer,
                protocol: lastWrite.protocol,
              })}
              <small>
                {' '}
                {lastWrite.address} · {plantTime(startsAt, lastWrite.time)}
              </small>
            </dd>
          </div>
        </dl>
      )}
      {interlocks.length > 0 && (
        <details className="interlocks">
          <summary>{t('faceplate.interlocks')}</summary>
          <ul>
            {interlocks.map(({ id, name, device }) => (
              <li key={id}>
                {name} <small>{device}</small>
              </li>
            ))}
          </ul>
          <ul className="loop">
            {flags.map((flag) => (
              <li key={flag.id}>
                <a href={`#/plant?tag=${flag.id}`}>{shown(flag.id)}</a>
                <small>{flag.name}</small>
                <Value tag={flag} />
              </li>
            ))}
          </ul>
        </details>
      )}
    </>
  );
}
