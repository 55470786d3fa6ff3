/** The program's text with the value of what a line is about behind it. */
import type { OnlineMessage } from '@penstock/core/messages';
import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';

const NAME = /[A-Za-z_]\w*/g;
/** Comments, texts, and literals with their type or base (`T#10m`, `16#FF`): no names stand in them. */
const NO_NAMES = /\(\*.*?\*\)|\/\/.*$|'[^']*'|\b\w+#[\w.:+-]+/g;
/** Values shown behind one line. */
const MOST = 4;

export function Program({ text, online }: { text: string; online: OnlineMessage | undefined }) {
  const { t } = useTranslation();
  const lines = useMemo(() => text.split('\n'), [text]);
  const values = useMemo(() => {
    const found = new Map<string, string>();
    for (const { name, value } of online?.variables ?? []) {
      found.set(name.toUpperCase(), value);
      const last = name.split('.').at(-1)?.toUpperCase();
      if (last !== undefined && !found.has(last)) found.set(last, value);
    }
    return found;
  }, [online]);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is scrolled by keys too
    // biome-ignore lint/a11y/useSemanticElements: a section would not keep the lines
    <pre className="program" tabIndex={0} role="region" aria-label={t('logic.program')}>
      {lines.map((line, place) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a line is its place
        <div key={place}>
          <span className="line-number">{place + 1}</span>
          <code>{line}</code>
          <span className="online">{valuesOf(line, values)}</span>
        </div>
      ))}
    </pre>
  );
}

function valuesOf(line: string, values: ReadonlyMap<string, string>): string {
  const code = line.replace(NO_NAMES, '');
  if (!/:=|\bIF\b|\(/.test(code)) return '';
  const names = [...new Set((code.match(NAME) ?? []).map((name) => name.toUpperCase()))];
  return names
    .filter((name) => values.has(name))
    .slice(0, MOST)
    .map((name) => `${name} = ${short(values.get(name) as string)}`)
    .join('   ');
}

function short(value: string): string {
  const number = Number(value);
  return value !== '' && Number.isFinite(number) && value.length > 8 ? String(Number(number.toPrecision(6))) : value;
}
