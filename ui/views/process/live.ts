/** Writes values into the drawing: what changes four times a second does not go through React. */
import { beyond, written } from '../../parts/number.ts';
import type { Tag } from '../../store/range.ts';
import type { Values } from '../../store/values.ts';

/** What a bubble or a piece of equipment says beside it, with its unit. */
const sentence = (tag: Tag, value: number): string =>
  `${written(tag, value)}${tag.states || tag.unit === '' || tag.unit === 'pH' ? '' : ` ${tag.unit}`}`;

/** A valve is open from here on, per cent of its travel; below it counts as closed. */
const OPEN_PERCENT = 2;

/** What carries less than this share of its range is dead. */
const DEAD = 0.05;

/** Finds everything in `svg` that shows a tag; the result writes what is there now. Looked up once, so that a frame only writes. */
export function liveDrawing(svg: SVGSVGElement, values: Values, tagById: ReadonlyMap<string, Tag>): () => void {
  const shows: (() => void)[] = [];
  const each = (key: string, make: (element: SVGElement, tag: Tag, place: number) => () => void) => {
    for (const element of svg.querySelectorAll<SVGElement>(`[data-${key}]`)) {
      const tag = tagById.get(element.getAttribute(`data-${key}`) ?? '');
      if (tag) shows.push(make(element, tag, values.place(tag.id)));
    }
  };
  const at = (place: number): number => values.displayed[place] ?? Number.NaN;
  each('running', (element, _tag, place) => () => {
    set(element, 'data-idle', at(place) > 0 ? undefined : '');
  });
  each('travel', (element, _tag, place) => () => {
    set(element, 'data-idle', at(place) > OPEN_PERCENT ? undefined : '');
  });
  each('live', (element, { range }, place) => () => {
    set(element, 'data-idle', at(place) > DEAD * range[1] ? undefined : '');
  });
  each('level-of', (element, _tag, place) => {
    const [empty, full] = [Number(element.dataset.empty), Number(element.dataset.full)];
    const height = Number(element.getAttribute('height'));
    return () => {
      const share = Math.max(0, Math.min(1, (at(place) - empty) / (full - empty)));
      if (Number.isFinite(share)) set(element, 'transform', `translate(0 ${(height * (1 - share)).toFixed(1)})`);
    };
  });
  each('value-of', (element, tag, place) => () => {
    const value = at(place);
    const text = sentence(tag, value);
    if (element.textContent !== text) element.textContent = text;
    set(element, 'data-stale', values.lost || values.stale[place] === 1 ? '' : undefined);
    set(element, 'data-beyond', beyond(tag, value));
  });
  for (const pipe of svg.querySelectorAll<SVGElement>('[data-through]')) {
    const places = (pipe.dataset.through ?? '').split(' ').filter(Boolean);
    const tags = places.flatMap((id) => tagById.get(id) ?? []);
    const rows = tags.map((tag) => ({ place: values.place(tag.id), least: tag.states ? 0 : 0.01 * tag.range[1] }));
    shows.push(() => set(pipe, 'data-still', rows.every(({ place, least }) => at(place) > least) ? undefined : ''));
  }
  return () => {
    for (const show of shows) show();
  };
}

function set(element: SVGElement, name: string, value: string | undefined): void {
  if (value === undefined) element.removeAttribute(name);
  else if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}
