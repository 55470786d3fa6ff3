/** One plot: pens of one unit; for the instructor measured and true values beside the displayed ones. */
import type { TrendMessage } from '@penstock/core/messages';
import { useEffect, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import uPlot from 'uplot';
import { onTheme } from '../../app/theme.ts';
import { shown } from '../../parts/number.ts';
import { type Tag, useRange } from '../../store/range.ts';

/** Okabe and Ito's colours that can be told apart on light and dark ground; pens differ by dash too. */
const PENS = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#b58900', '#56b4e9', '#8b5cf6', '#888888'];
const HEIGHT = 220;

export function Plot({
  unit,
  tags,
  message,
  instructor,
}: {
  unit: string;
  tags: readonly Tag[];
  message: TrendMessage;
  instructor: boolean;
}) {
  const { t } = useTranslation();
  const startsAt = useRange((state) => state.startsAt);
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(undefined);
  const newest = useRef(message);
  newest.current = message;
  const names = tags.map((tag) => tag.id).join(',');

  // biome-ignore lint/correctness/useExhaustiveDependencies: tags are named by `names`; data come by the effect below
  useEffect(() => {
    const element = box.current as HTMLDivElement;
    const make = () => {
      plot.current?.destroy();
      const style = getComputedStyle(element);
      const quiet = style.getPropertyValue('color');
      const line = style.getPropertyValue('border-color');
      const axis = { stroke: quiet, grid: { stroke: line, width: 1 }, ticks: { stroke: line, width: 1 } };
      plot.current = new uPlot(
        {
          width: element.clientWidth,
          height: HEIGHT,
          cursor: { sync: { key: 'trends' } },
          scales: { x: { time: true } },
          tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), 'UTC'),
          axes: [axis, { ...axis, label: unit, labelSize: 20, size: 60 }],
          series: [{}, ...tags.flatMap((tag, i) => pensOf(tag, PENS[i % PENS.length] as string, instructor, t))],
          hooks: { draw: [(u) => drawMarks(u, newest.current, startsAt, quiet)] },
        },
        dataOf(newest.current, tags, instructor, startsAt),
        element,
      );
    };
    make();
    const ended = onTheme(make);
    const resized = new ResizeObserver(() => plot.current?.setSize({ width: element.clientWidth, height: HEIGHT }));
    resized.observe(element);
    return () => {
      ended();
      resized.disconnect();
      plot.current?.destroy();
      plot.current = undefined;
    };
  }, [names, unit, instructor, startsAt, t]);

  useEffect(() => {
    const data = dataOf(message, tags, instructor, startsAt);
    if (data.length === plot.current?.data.length) plot.current.setData(data);
  }, [message, tags, instructor, startsAt]);

  return (
    <figure className="plot">
      <figcaption className="unseen">{`${tags.map((tag) => shown(tag.id)).join(', ')} ${unit}`}</figcaption>
      <div ref={box} />
    </figure>
  );
}

function pensOf(tag: Tag, stroke: string, instructor: boolean, t: (key: string) => string): uPlot.Series[] {
  const displayed: uPlot.Series = { label: shown(tag.id), stroke, width: 1.5, spanGaps: false };
  if (!instructor) return [displayed];
  return [
    displayed,
    { label: `${shown(tag.id)} ${t('value.measured')}`, stroke, width: 1, dash: [6, 3] },
    { label: `${shown(tag.id)} ${t('value.true')}`, stroke, width: 1, dash: [2, 3] },
  ];
}

function dataOf(message: TrendMessage, tags: readonly Tag[], instructor: boolean, startsAt: number): uPlot.AlignedData {
  const times = message.times.map((time) => startsAt / 1000 + time);
  const columns = tags.flatMap((tag) => {
    const series = message.series.find((one) => one.tag === tag.id);
    const empty = times.map(() => null);
    const all = [series?.displayed ?? empty];
    if (instructor) all.push(series?.measured ?? empty, series?.true ?? empty);
    return all;
  });
  return [times, ...columns];
}

/** A line from top to bottom with the first letter of what happened. */
function drawMarks(u: uPlot, message: TrendMessage, startsAt: number, color: string): void {
  const { ctx, bbox } = u;
  ctx.save();
  ctx.strokeStyle = color;
  ctx.fillStyle = color;
  ctx.setLineDash([3, 3]);
  ctx.font = `${11 * devicePixelRatio}px sans-serif`;
  for (const mark of message.marks) {
    const x = u.valToPos(startsAt / 1000 + mark.time, 'x', true);
    if (x < bbox.left || x > bbox.left + bbox.width) continue;
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
    ctx.fillText(mark.kind[0]?.toUpperCase() ?? '', x + 3, bbox.top + 12 * devicePixelRatio);
  }
  ctx.restore();
}
