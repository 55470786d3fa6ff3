/** What the water's colour tells. */
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { onTheme, theme } from '../../app/theme.ts';
import type { LegendEntry } from '../../scene/index.ts';

export function Legend() {
  const { t } = useTranslation();
  const [lines, setLines] = useState<readonly LegendEntry[]>([]);
  useEffect(() => {
    let ended = false;
    let stop = () => {};
    void import('../../scene/index.ts').then(({ waterLegend }) => {
      if (ended) return;
      setLines(waterLegend(theme()));
      stop = onTheme((now) => setLines(waterLegend(now)));
    });
    return () => {
      ended = true;
      stop();
    };
  }, []);
  return (
    <details className="legend">
      <summary>{t('plant.legend')}</summary>
      <ul>
        {lines.map((line) => (
          <li key={line.id}>
            <svg viewBox="0 0 16 16" aria-hidden="true">
              <rect width="16" height="16" fill={line.colour} />
            </svg>
            {t(`plant.water.${line.id}`, { defaultValue: line.text })}
          </li>
        ))}
      </ul>
    </details>
  );
}
