/** What colours tell: of the water, and of overhead lines. Says nothing of what the scene does not have. */
import type { SceneSpec } from '@penstock/core/scene';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { onTheme, theme } from '../../app/theme.ts';
import type { LegendEntry } from '../../scene/index.ts';

export function Legend({ scene }: { scene: SceneSpec }) {
  const { t } = useTranslation();
  const [lines, setLines] = useState<readonly LegendEntry[]>([]);
  const of = scene.lines.length > 0 ? 'line' : scene.waters.length > 0 ? 'water' : undefined;
  useEffect(() => {
    let ended = false;
    let stop = () => {};
    void import('../../scene/index.ts').then(({ lineLegend, waterLegend }) => {
      if (ended || of === undefined) return;
      const legend = of === 'line' ? lineLegend : waterLegend;
      setLines(legend(theme()));
      stop = onTheme((now) => setLines(legend(now)));
    });
    return () => {
      ended = true;
      stop();
    };
  }, [of]);
  if (of === undefined) return null;
  return (
    <details className="legend">
      <summary>{t(`plant.legend.${of}`)}</summary>
      <ul>
        {lines.map((line) => (
          <li key={line.id}>
            <svg viewBox="0 0 16 16" aria-hidden="true">
              <rect width="16" height="16" fill={line.colour} />
            </svg>
            {t(`plant.${of}.${line.id}`, { defaultValue: line.text })}
          </li>
        ))}
      </ul>
    </details>
  );
}
