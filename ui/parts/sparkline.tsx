/** The last ten minutes of what was displayed. */
import { useEffect, useRef } from 'react';
import type { Tag } from '../store/range.ts';
import { values } from '../store/values.ts';

const WIDTH = 120;
const HEIGHT = 28;
const SECONDS = 600;

export function Sparkline({ tag }: { tag: Tag }) {
  const line = useRef<SVGPathElement>(null);
  useEffect(() => {
    let drawn = Number.NEGATIVE_INFINITY;
    const draw = () => {
      // A second is the finest that it shows.
      if (values.time - drawn < 1 && values.time >= drawn) return;
      drawn = values.time;
      line.current?.setAttribute('d', pathOf(values.history(tag.id)));
    };
    draw();
    return values.listen(draw);
  }, [tag]);
  return (
    <svg className="sparkline" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
      <path ref={line} />
    </svg>
  );
}

/** Newest at the right edge; a tenth of the height stays free above and below. */
function pathOf(history: Float32Array): string {
  let least = Number.POSITIVE_INFINITY;
  let most = Number.NEGATIVE_INFINITY;
  for (const value of history) {
    if (value < least) least = value;
    if (value > most) most = value;
  }
  if (!(most >= least)) return '';
  const span = most - least || Math.abs(most) * 0.02 || 1;
  const middle = (most + least) / 2;
  let path = '';
  let pen = 'M';
  history.forEach((value, i) => {
    if (Number.isNaN(value)) {
      pen = 'M';
      return;
    }
    const x = WIDTH - ((history.length - 1 - i) * WIDTH) / SECONDS;
    const y = HEIGHT / 2 - (0.8 * HEIGHT * (value - middle)) / span;
    path += `${pen}${x.toFixed(1)} ${y.toFixed(1)}`;
    pen = 'L';
  });
  return path;
}
