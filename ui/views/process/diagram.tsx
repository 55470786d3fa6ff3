import type { PidEquipment, PidInstrument, PidPipe, PidSpec } from '@penstock/core/pid';
import { type ReactNode, useEffect, useMemo, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { shown } from '../../parts/number.ts';
import { SeverityShape } from '../../parts/severity.tsx';
import { useRange } from '../../store/range.ts';
import { values } from '../../store/values.ts';
import { worstAlarms, worstOf } from '../../store/worst-alarms.ts';
import { liveDrawing } from './live.ts';
import { Drawing, halfOf } from './symbols.tsx';

const BUBBLE = 20;

/** Pipes first, then signals, then symbols over both: lines end in the middles of what they join. */
export function Diagram({
  pid,
  chosen,
  onChoose,
}: {
  pid: PidSpec;
  chosen: string | undefined;
  onChoose: (tag: string) => void;
}) {
  const { t } = useTranslation();
  const svg = useRef<SVGSVGElement>(null);
  const tagById = useRange((state) => state.tagById);
  const areas = useRange((state) => state.areas);
  const alarms = useRange((state) => state.alarms);
  const worst = useMemo(() => worstAlarms(alarms.values()), [alarms]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another diagram has other elements to write to
  useEffect(() => {
    const show = liveDrawing(svg.current as SVGSVGElement, values, tagById);
    show();
    return values.listen(show);
  }, [pid, tagById]);
  const target = (tags: readonly string[], label: string, [x, y]: readonly [number, number], drawn: ReactNode) => {
    const [first] = tags;
    const alarm = worstOf(worst, tags);
    return (
      <Target
        key={`${label}${x},${y}`}
        at={[x, y]}
        label={alarm ? `${label}, ${t('process.alarm', { priority: t(`priority.${alarm.priority}`) })}` : label}
        item={first}
        chosen={chosen !== undefined && tags.includes(chosen)}
        onChoose={first === undefined ? undefined : () => onChoose(alarm?.tag ?? first)}
      >
        {drawn}
      </Target>
    );
  };
  return (
    <svg
      ref={svg}
      className="pid"
      preserveAspectRatio="xMidYMin"
      viewBox={`0 0 ${pid.size[0]} ${pid.size[1]}`}
      aria-label={t('process.picture')}
    >
      <title>{t('process.picture')}</title>
      <defs>
        {(['water', 'chemical', 'air', 'power'] as const).map((carries) => (
          <marker
            key={carries}
            id={`arrow-${carries}`}
            className="arrow"
            viewBox="0 0 10 10"
            refX="9"
            refY="5"
            markerUnits="userSpaceOnUse"
            markerWidth="11"
            markerHeight="11"
            orient="auto"
          >
            <path d="M0 1L10 5L0 9Z" data-carries={carries} />
          </marker>
        ))}
        <pattern id="media" width="8" height="8" patternUnits="userSpaceOnUse">
          <circle cx="2" cy="2" r="1.1" />
          <circle cx="6" cy="6" r="1.1" />
        </pattern>
      </defs>
      {pid.areas.map(({ area, at: [x, y], size: [width, height] }) => (
        <g key={area} className="pid-area">
          <rect x={x} y={y} width={width} height={height} rx="6" />
          <text x={x + 10} y={y + height - 10}>
            {areas.find(({ id }) => id === area)?.name}
          </text>
        </g>
      ))}
      {pid.pipes.map((pipe) => (
        <Pipe key={pipe.path.join(' ')} pipe={pipe} />
      ))}
      {pid.instruments.flatMap((instrument) => signalsOf(instrument, pid))}
      {pid.equipment.map((item) =>
        target(pidTags(item), [item.number, item.name].filter(Boolean).join(', '), item.at, <Equipment item={item} />),
      )}
      {pid.instruments.map((instrument) =>
        target(
          [instrument.tag],
          `${shown(instrument.tag)}, ${tagById.get(instrument.tag)?.name}`,
          instrument.at,
          <Bubble instrument={instrument} />,
        ),
      )}
      {pid.equipment.map((item) => {
        const alarm = worstOf(worst, pidTags(item));
        const [width, height] = halfOf(item);
        return alarm && <Mark key={item.id} at={[item.at[0] + width, item.at[1] - height]} level={alarm.priority} />;
      })}
      {pid.instruments.map(({ tag, at }) => {
        const alarm = worst.get(tag);
        return alarm && <Mark key={tag} at={[at[0] + 16, at[1] - 16]} level={alarm.priority} />;
      })}
      {pid.texts.map(({ at: [x, y], text, anchor }) => (
        <text key={`${x} ${y}`} className="pid-text" x={x} y={y} textAnchor={anchor}>
          {text}
        </text>
      ))}
    </svg>
  );
}

function pidTags(item: PidEquipment): readonly string[] {
  if (item.kind === 'vessel' || item.kind === 'filter') return [...(item.level ? [item.level.tag] : []), ...item.tags];
  if (item.kind === 'valve') return [...(item.travel === undefined ? [] : [item.travel]), ...item.tags];
  if (item.kind === 'breaker') return [item.closed, ...item.tags];
  if (item.kind === 'busbar' || item.kind === 'load')
    return [...(item.live === undefined ? [] : [item.live]), ...item.tags];
  // What is ordered first, then what is: a pump is chosen to be looked at, or to be started.
  return [...('running' in item && item.running !== undefined ? [item.running] : []), ...item.tags];
}

function Target({
  at: [x, y],
  label,
  item,
  chosen,
  onChoose,
  children,
}: {
  at: readonly [number, number];
  label: string;
  /** The tag that choosing it leads to. */
  item: string | undefined;
  chosen: boolean;
  onChoose: (() => void) | undefined;
  children: ReactNode;
}) {
  if (!onChoose)
    return (
      <g className="pid-item" transform={`translate(${x} ${y})`}>
        <title>{label}</title>
        {children}
      </g>
    );
  return (
    // biome-ignore lint/a11y/useSemanticElements: SVG has no button
    <g
      className="pid-item"
      transform={`translate(${x} ${y})`}
      data-chosen={chosen || undefined}
      role="button"
      tabIndex={0}
      data-item={item}
      aria-pressed={chosen}
      onClick={onChoose}
      onKeyDown={(event) => {
        if (event.key !== 'Enter' && event.key !== ' ') return;
        event.preventDefault();
        onChoose();
      }}
    >
      <title>{label}</title>
      {children}
    </g>
  );
}

function Equipment({ item }: { item: PidEquipment }) {
  const [width, height] = halfOf(item);
  const [x, y] = item.label ?? [0, height + 17];
  const speed = 'speed' in item ? item.speed : undefined;
  return (
    <>
      <rect className="ring" x={-width - 4} y={-height - 4} width={2 * width + 8} height={2 * height + 8} rx="5" />
      <Drawing item={item} />
      <text className="pid-number" x={x} y={y}>
        {item.number ?? item.name}
      </text>
      {speed !== undefined && <text className="pid-value" x={x} y={y + 15} data-value-of={speed} />}
    </>
  );
}

const VALUE_AT = {
  below: { x: 0, y: BUBBLE + 14, textAnchor: 'middle' },
  above: { x: 0, y: -BUBBLE - 6, textAnchor: 'middle' },
  right: { x: BUBBLE + 5, y: 5, textAnchor: 'start' },
  left: { x: -BUBBLE - 5, y: 5, textAnchor: 'end' },
} as const;

/** ISA-5.1 table 5.1.1: a circle in the field, with a line and a square on a shared display, a diamond in a square for logic. */
function Bubble({ instrument: { tag, where, value } }: { instrument: PidInstrument }) {
  const [, letters = tag, number = ''] = /^([A-Z]+)(\d+)/.exec(tag) ?? [];
  const r = BUBBLE;
  if (where === 'reading')
    return (
      <>
        <rect className="ring" x={-40} y={-12} width={80} height={24} rx="5" />
        <text className="pid-value" textAnchor="middle" y={5} data-value-of={tag} />
      </>
    );
  return (
    <>
      <rect className="ring" x={-r - 4} y={-r - 4} width={2 * r + 8} height={2 * r + 8} rx="5" />
      {where !== 'field' && <rect className="bubble" x={-r} y={-r} width={2 * r} height={2 * r} />}
      {where === 'logic' ? (
        <path className="bubble" d={`M0 ${-r}L${r} 0L0 ${r}L${-r} 0Z`} />
      ) : (
        <circle className="bubble" r={r} />
      )}
      {where === 'shared' && <path className="line" d={`M${-r} 0H${r}`} />}
      <text className="bubble-letters" y="-4">
        {letters}
      </text>
      <text className="bubble-letters" y="11">
        {number}
      </text>
      {value !== 'none' && <text className="pid-value" {...VALUE_AT[value]} data-value-of={tag} />}
    </>
  );
}

function Pipe({ pipe: { path, carries, main, arrow, through } }: { pipe: PidPipe }) {
  return (
    <path
      className="pipe"
      data-carries={carries}
      data-main={main || undefined}
      data-through={through.length > 0 ? through.join(' ') : undefined}
      d={`M${path.map(([x, y]) => `${x} ${y}`).join('L')}`}
      markerEnd={arrow ? `url(#arrow-${carries})` : undefined}
    />
  );
}

/** Signals leave a bubble upright and arrive level, unless they go straight. */
function signalsOf({ tag, at: [x, y], to }: PidInstrument, pid: PidSpec): ReactNode[] {
  return to.map((end) => {
    const target =
      typeof end === 'string'
        ? (pid.equipment.find(({ id }) => id === end)?.at ?? pid.instruments.find((one) => one.tag === end)?.at)
        : end;
    if (!target) return null;
    return <path key={`${tag} ${end}`} className="signal" d={`M${x} ${y}V${target[1]}H${target[0]}`} />;
  });
}

function Mark({ at: [x, y], level }: { at: readonly [number, number]; level: string }) {
  return (
    <g className="pid-mark severity" data-level={level} transform={`translate(${x - 9} ${y - 9}) scale(1.15)`}>
      <SeverityShape level={level} />
    </g>
  );
}
