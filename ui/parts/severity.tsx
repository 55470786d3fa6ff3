/** How bad, by shape, word and colour together. */
import { useTranslation } from 'react-i18next';

const SHAPES: Record<string, { readonly path: string; readonly number: number }> = {
  critical: { path: 'M4 1h8l3 3v8l-3 3H4l-3-3V4z', number: 1 },
  high: { path: 'M8 1l7.5 14H.5z', number: 2 },
  medium: { path: 'M8 .5L15.5 8 8 15.5 .5 8z', number: 3 },
  low: { path: 'M8 1a7 7 0 1 0 0 14A7 7 0 0 0 8 1z', number: 4 },
  informational: { path: 'M2 2h12v12H2z', number: 5 },
};

/** The mark alone, 16 by 16, for use within a picture. */
export function SeverityShape({ level }: { level: string }) {
  const shape = SHAPES[level] ?? (SHAPES.informational as (typeof SHAPES)[string]);
  return (
    <>
      <path d={shape.path} />
      <text x="8" y={level === 'high' ? 13 : 11.5} textAnchor="middle">
        {shape.number}
      </text>
    </>
  );
}

export function Severity({ level }: { level: string }) {
  const { t } = useTranslation();
  return (
    <span className="severity" data-level={level}>
      <svg viewBox="0 0 16 16" aria-hidden="true">
        <SeverityShape level={level} />
      </svg>
      {t(`severity.${level}`)}
    </span>
  );
}
