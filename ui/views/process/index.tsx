/** The plant as loops: a piping and instrumentation diagram with what its instruments say, and the faceplate of what is selected. */
import type { PidSpec } from '@penstock/core/pid';
import { useTranslation } from 'react-i18next';
import { refine, useRoute } from '../../app/route.ts';
import { Faceplate } from '../../parts/faceplate/index.tsx';
import { Failure } from '../../parts/failure.tsx';
import { TagPicker } from '../../parts/tag-picker.tsx';
import { useApi } from '../../parts/use-api.ts';
import { useRange } from '../../store/range.ts';
import { Diagram } from './diagram.tsx';
import './process.css';

export default function ProcessView() {
  const { t } = useTranslation();
  const { query } = useRoute();
  const { data: pid, failure } = useApi<PidSpec>('pid');
  const tag = useRange((state) => (query.tag === undefined ? undefined : state.tagById.get(query.tag)));
  return (
    <div className="process-view" data-folded={tag === undefined || undefined}>
      <div className="process-sheet">
        <div className="process-head">
          <TagPicker label={t('plant.search')} onPick={(id) => refine({ tag: id })} />
          <small>
            {t(pid?.equipment.some(({ kind }) => kind === 'breaker') ? 'process.keyOfPower' : 'process.key')}
          </small>
        </div>
        <Failure text={failure} />
        {pid && <Diagram pid={pid} chosen={tag?.id} onChoose={(id) => refine({ tag: id })} />}
        {!pid && failure === undefined && <p className="waiting">{t('loading', { what: t('view.process') })}</p>}
      </div>
      {tag && (
        <aside className="process-panel" aria-label={t('plant.panel')}>
          <Faceplate tag={tag} onClose={() => refine({ tag: undefined })} />
        </aside>
      )}
    </div>
  );
}
