/** A tag's range with its normal band and a mark where the value is: whether it is all right is seen before it is read. */
import { useEffect, useRef } from 'react';
import type { Tag } from '../store/range.ts';
import { values } from '../store/values.ts';
import { beyond } from './number.ts';

export function Bar({ tag }: { tag: Tag }) {
  const mark = useRef<SVGPathElement>(null);
  const [low, high] = tag.range;
  const at = (value: number) => Math.max(0, Math.min(100, (100 * (value - low)) / (high - low)));
  useEffect(() => {
    const element = mark.current;
    // What has states has no bar.
    if (element === null) return;
    const place = values.place(tag.id);
    const [least, most] = tag.range;
    const show = () => {
      const value = values.displayed[place] ?? Number.NaN;
      const x = Math.max(0, Math.min(100, (100 * (value - least)) / (most - least)));
      element.toggleAttribute('hidden', !Number.isFinite(value));
      if (Number.isFinite(x)) element.setAttribute('transform', `translate(${x.toFixed(2)} 0)`);
      element.toggleAttribute('data-beyond', beyond(tag, value) !== undefined);
    };
    show();
    return values.listen(show);
  }, [tag]);
  if (tag.states) return null;
  const from = at(tag.alarms?.low ?? tag.alarms?.lowLow ?? low);
  const to = at(tag.alarms?.high ?? tag.alarms?.highHigh ?? high);
  return (
    <svg className="bar" viewBox="-2 0 104 10" preserveAspectRatio="none" aria-hidden="true">
      <rect className="bar-range" x="0" y="3" width="100" height="4" />
      <rect className="bar-normal" x={from} y="3" width={Math.max(0, to - from)} height="4" />
      <path className="bar-mark" d="M-1.6 0h3.2v10h-3.2z" ref={mark} />
    </svg>
  );
}
