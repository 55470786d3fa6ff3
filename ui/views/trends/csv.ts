import type { TrendMessage } from '@penstock/core/messages';

/** Seconds and one column a pen (RFC 4180); what a page was not sent has no column. */
export function csvOf({ times, series }: TrendMessage): string {
  const columns = series.flatMap(({ tag, displayed, measured, true: truth }) => [
    { name: tag, values: displayed },
    ...(measured.length > 0 ? [{ name: `${tag} measured`, values: measured }] : []),
    ...(truth.length > 0 ? [{ name: `${tag} true`, values: truth }] : []),
  ]);
  const head = ['seconds', ...columns.map(({ name }) => name)].join(',');
  const rows = times.map((time, row) => [time, ...columns.map(({ values }) => values[row] ?? '')].join(','));
  return `${[head, ...rows].join('\r\n')}\r\n`;
}
