import type { AttackMessage, PlannedStepMessage } from '@penstock/core/messages';
import { useTranslation } from 'react-i18next';
import { plantTime, shown } from '../../parts/number.ts';
import { useRange } from '../../store/range.ts';

type Step = PlannedStepMessage & Partial<Pick<AttackMessage['steps'][number], 'state' | 'at' | 'detail'>>;

export function Steps({ steps, onApprove }: { steps: readonly Step[]; onApprove: (step: string) => void }) {
  const { t } = useTranslation();
  const startsAt = useRange((state) => state.startsAt);
  return (
    <ol className="attack-steps">
      {steps.map((step) => (
        <li
          key={`${step.phase}/${step.id}`}
          data-state={step.state ?? 'planned'}
          data-phase={step.phase}
          data-step={step.id}
        >
          <span className="step-state">{t(`attack.stepState.${step.state ?? 'planned'}`)}</span>
          <div>
            <strong>{step.about}</strong>
            <small>
              {step.verb} · {step.from} → {step.to.join(', ')}
              {step.tags.length > 0 && <> · {step.tags.map(shown).join(', ')}</>}
              {step.value !== null && <> · {step.value}</>} · {step.when} · {step.techniques.join(', ')}
            </small>
            {step.detail && <small className="detail">{step.detail}</small>}
          </div>
          {step.at !== undefined && step.at !== null && <time>{plantTime(startsAt, step.at)}</time>}
          {step.state === 'waiting' && (
            <button type="button" className="button" data-weight="strong" onClick={() => onApprove(step.id)}>
              {t('attack.approve')}
            </button>
          )}
        </li>
      ))}
    </ol>
  );
}
