/** The tables of `monitor/rules/README.md`: `node monitor/test/rule-fields.ts` writes them anew. */
import { readFileSync, writeFileSync } from 'node:fs';
import type { Field } from '../sigma/fields.ts';
import { LOG_SOURCES, sourceKey } from '../sigma/log-sources.ts';

const README = new URL('../rules/README.md', import.meta.url);
const BEGIN = '<!-- fields: written by monitor/test/rule-fields.ts -->';
const END = '<!-- end of fields -->';

const row = ({ name, type, about, identity }: Field): string =>
  `| \`${name}\` | ${type} | ${about.replaceAll('|', '\\|')}${identity ? ' ¹' : ''} |`;

function table(fields: readonly Field[]): string {
  return ['| field | type | what it is |', '|---|---|---|', ...fields.map(row)].join('\n');
}

/** Fields that every source of packets has, then those that each has of its own. */
function fieldTables(): string {
  const sources = LOG_SOURCES.filter(({ service }) => service !== 'sensor');
  const [first, ...others] = sources.map(({ fields }) => fields);
  const shared = [...(first?.values() ?? [])].filter(({ name }) => others.every((fields) => fields.has(name)));
  const names = new Set(shared.map(({ name }) => name));
  const point = [...(LOG_SOURCES.find(({ service }) => service === 'readback')?.fields.values() ?? [])].filter(
    ({ name }) => name.startsWith('point.'),
  );
  const parts = ['### Fields of every source', '', table(shared), '', '### Fields of a point', '', table(point), ''];
  for (const { product, service, about, fields } of LOG_SOURCES) {
    const ofPoint = point.every(({ name }) => fields.has(name));
    const own = [...fields.values()].filter(({ name }) => !names.has(name) && !point.some((p) => p.name === name));
    const what = `${about[0]?.toUpperCase()}${about.slice(1)}.${ofPoint ? ' With the fields of a point.' : ''}`;
    parts.push(`### \`${sourceKey(product, service)}\``, '', what, '');
    if (own.length > 0) parts.push(table(own), '');
  }
  return parts.join('\n');
}

/** The page with the tables as they are now. */
export function freshReadme(): string {
  const text = readFileSync(README, 'utf8');
  const [before, rest] = text.split(BEGIN) as [string, string | undefined];
  const after = rest?.split(END)[1] ?? '\n';
  return `${before}${BEGIN}\n\n${fieldTables()}\n${END}${after}`;
}

if (import.meta.main) writeFileSync(README, freshReadme());
