/** A tag's value, written into the page as it changes and never through React's state. */
import { useEffect, useRef } from 'react';
import type { Tag } from '../store/range.ts';
import { values } from '../store/values.ts';
import { beyond, unitOf, written } from './number.ts';

export type Source = 'displayed' | 'measured' | 'true';

/**
 * `data-stale` and `data-beyond` say what is wrong with it; the style makes it seen. @param source which of the three values; those that
 * this page was not sent show as `–`
 */
export function Value({ tag, source = 'displayed' }: { tag: Tag; source?: Source }) {
  const box = useRef<HTMLSpanElement>(null);
  useEffect(() => {
    const element = box.current as HTMLSpanElement;
    const number = element.firstElementChild as HTMLElement;
    const place = values.place(tag.id);
    let before = '';
    const show = () => {
      const value = values[source][place] ?? Number.NaN;
      const stale = values.lost || (source === 'displayed' && values.stale[place] === 1);
      const limit = beyond(tag, value) ?? '';
      const text = written(tag, value);
      const now = `${text}|${stale}|${limit}`;
      if (now === before) return;
      before = now;
      number.textContent = text;
      element.toggleAttribute('data-stale', stale);
      if (limit) element.dataset.beyond = limit;
      else delete element.dataset.beyond;
    };
    show();
    return values.listen(show);
  }, [tag, source]);
  const unit = unitOf(tag);
  return (
    <span className="value" data-source={source} data-tag={tag.id} ref={box}>
      <b>–</b>
      {unit !== '' && <small> {unit}</small>}
    </span>
  );
}
