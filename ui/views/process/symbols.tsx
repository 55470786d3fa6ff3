/**
 * Symbols of ANSI/ISA-5.1-2022, drawn about their middle: filled means closed or stopped. Those of a single-line diagram after IEC 60617: a filled
 * breaker is closed. What moves is written by `live.ts`.
 */
import type { PidEquipment } from '@penstock/core/pid';
import { useId } from 'react';

const TURN = { right: 0, down: 90, left: 180, up: 270 } as const;

export function Drawing({ item }: { item: PidEquipment }) {
  switch (item.kind) {
    case 'pump':
      return <Pump item={item} />;
    case 'valve':
      return <Valve item={item} />;
    case 'vessel':
      return <Vessel item={item} />;
    case 'filter':
      return <Filter item={item} />;
    case 'mixer':
      return <Mixer item={item} />;
    case 'exchanger':
      return <Exchanger />;
    case 'busbar':
      return <Busbar item={item} />;
    case 'breaker':
      return <Breaker item={item} />;
    case 'generator':
      return <Generator item={item} />;
    case 'transformer':
      return <Transformer item={item} />;
    case 'load':
      return <Load item={item} />;
  }
}

/** Half of the width and height that a symbol takes. */
export function halfOf(item: PidEquipment): readonly [number, number] {
  if (item.kind === 'vessel' || item.kind === 'filter') return [item.size[0] / 2, item.size[1] / 2];
  if (item.kind === 'mixer') return item.style === 'static' ? [30, 12] : [30, 30];
  if (item.kind === 'busbar') return item.style === 'level' ? [item.length / 2, 5] : [5, item.length / 2];
  if (item.kind === 'breaker') return [10, 10];
  if (item.kind === 'load') return [12, 14];
  if (item.kind === 'transformer') return item.towards === 'up' || item.towards === 'down' ? [16, 26] : [26, 16];
  if (item.kind === 'valve') return [15, 15];
  return [20, 20];
}

type Of<K extends PidEquipment['kind']> = { item: Extract<PidEquipment, { kind: K }> };

function Pump({ item: { style, towards, running } }: Of<'pump'>) {
  return (
    <g transform={`rotate(${TURN[towards]})`} className="moves" data-running={running}>
      <circle r="20" />
      {style === 'centrifugal' && <path d="M-10 -17.3L20 0L-10 17.3Z" />}
      {style === 'dosing' && <path d="M-14.1 -14.1L14.1 0L-14.1 14.1M-6 -10V10" className="line" />}
      {style === 'compressor' && <path d="M-16 -12L19 -6M-16 12L19 6" className="line" />}
      {style === 'blower' && <path d="M-17.3 -10L17.3 -10M-17.3 10L17.3 10M20 0l-9 -5v10z" />}
    </g>
  );
}

function Valve({ item: { style, towards, travel } }: Of<'valve'>) {
  return (
    <g transform={`rotate(${TURN[towards]})`} className="moves" data-travel={travel}>
      {style === 'check' ? (
        <path d="M-13 -9V9M-13 -9L13 9M13 -9V9" className="line" />
      ) : (
        <path d="M-13 -9L13 9V-9L-13 9Z" />
      )}
      {style === 'motor' && <path d="M0 0V-10" className="line" />}
      {style === 'motor' && <circle cy="-15" r="5.5" className="motor" />}
      {style === 'hand' && <path d="M0 0V-11M-7 -11H7" className="line" />}
    </g>
  );
}

function Vessel({ item: { style, size, level } }: Of<'vessel'>) {
  const clip = useId();
  const [width, height] = size;
  const [x, y] = [-width / 2, -height / 2];
  // A tower's bowl is the upper half of it, the rest its shaft.
  const bowl = style === 'tower' ? height / 2 : height;
  const dished = `M${x} ${y + 8}Q0 ${y - 8} ${-x} ${y + 8}V${-y - 8}Q0 ${-y + 8} ${x} ${-y - 8}Z`;
  const shape = {
    tank: dished,
    agitated: dished,
    column: dished,
    basin: `M${x} ${y}V${-y}H${-x}V${y}`,
    baffled: `M${x} ${y}H${-x}V${-y}H${x}Z`,
    tower: `M${x} ${y + 8}Q0 ${y - 8} ${-x} ${y + 8}V${y + bowl - 26}L14 ${y + bowl}H-14L${x} ${y + bowl - 26}Z`,
  }[style];
  return (
    <>
      <clipPath id={clip}>
        <path d={shape} />
      </clipPath>
      {style === 'tower' && <path d={`M-14 ${y + bowl}V${-y}M14 ${y + bowl}V${-y}M-30 ${-y}H30`} className="line" />}
      <path d={shape} className="body" />
      {level && <Water clip={clip} box={[x, y, width, bowl]} level={level} />}
      {style === 'agitated' && (
        <path
          d={`M0 ${y - 10}V${height * 0.25}M-18 ${height * 0.22}l36 8M-18 ${height * 0.25}l36 -8`}
          className="line"
        />
      )}
      {style === 'column' &&
        [1, 2, 3, 4, 5, 6, 7].map((n) => (
          <path
            key={n}
            className="line"
            d={`M${n % 2 === 1 ? x : x + 12} ${y + (n * height * 0.75) / 7}h${width - 12}`}
          />
        ))}
      {style === 'baffled' &&
        [1, 2, 3].map((n) => (
          <path
            key={n}
            className="line"
            d={`M${x + (n * width) / 4} ${n % 2 === 1 ? y : -y}v${((n % 2 === 1 ? 1 : -1) * height * 3) / 4}`}
          />
        ))}
      <path d={shape} className="line" />
    </>
  );
}

const MEDIA = 0.4;

function Filter({ item: { size, level } }: Of<'filter'>) {
  const clip = useId();
  const [width, height] = size;
  const [x, y] = [-width / 2, -height / 2];
  const over = height * (1 - MEDIA);
  return (
    <>
      <clipPath id={clip}>
        <path d={`M${x} ${y}V${-y}H${-x}V${y}Z`} />
      </clipPath>
      <path d={`M${x} ${y}V${-y}H${-x}V${y}`} className="body" />
      {level && <Water clip={clip} box={[x, y, width, over]} level={level} />}
      <rect className="media" x={x} y={y + over} width={width} height={height - over} />
      <path d={`M${x} ${y}V${-y}H${-x}V${y}M${x} ${y + over}H${-x}`} className="line" />
    </>
  );
}

function Mixer({ item: { style, running } }: Of<'mixer'>) {
  if (style === 'static')
    return (
      <>
        <rect className="body" x="-30" y="-12" width="60" height="24" />
        <path d="M-30 12l10 -24 10 24 10 -24 10 24 10 -24 10 24M-30 -12H30V12H-30Z" className="line" />
      </>
    );
  return (
    <>
      <path d="M-30 -30V30H30V-30Z" className="body" />
      <path d="M-30 -30V30H30V-30ZM0 -36V10M-14 5l28 10M-14 15l28 -10" className="line" />
      <g className="moves" data-running={running}>
        <circle cy="-42" r="7" />
      </g>
    </>
  );
}

/** A circle across which the other stream runs. */
function Exchanger() {
  return (
    <>
      <circle r="20" className="body" />
      <path d="M0 -20V-8L-8 -3L8 3L0 8V20" className="line" />
      <circle r="20" className="line" />
    </>
  );
}

/** Thick while it is live. */
function Busbar({ item: { style, length, live } }: Of<'busbar'>) {
  return (
    <path
      className="busbar"
      data-live={live}
      d={style === 'level' ? `M${-length / 2} 0H${length / 2}` : `M0 ${-length / 2}V${length / 2}`}
    />
  );
}

/** A square, filled while it is closed. */
function Breaker({ item: { closed } }: Of<'breaker'>) {
  return (
    <g className="switch" data-running={closed}>
      <rect x="-9" y="-9" width="18" height="18" />
    </g>
  );
}

function Generator({ item: { running } }: Of<'generator'>) {
  return (
    <g className="moves" data-running={running}>
      <circle r="20" />
      <path d="M-11 0C-8 -12 -3 -12 0 0S8 12 11 0" className="line" />
    </g>
  );
}

/** Two windings. */
function Transformer({ item: { towards } }: Of<'transformer'>) {
  return (
    <g transform={`rotate(${TURN[towards]})`}>
      <circle cx="-10" r="16" className="body" />
      <circle cx="10" r="16" className="body" />
      <circle cx="-10" r="16" className="line" />
      <circle cx="10" r="16" className="line" />
    </g>
  );
}

function Load({ item: { towards, live } }: Of<'load'>) {
  return (
    <g transform={`rotate(${TURN[towards]})`} className="load" data-live={live}>
      <path d="M-14 -12L14 0L-14 12Z" />
    </g>
  );
}

/** What stands in a vessel: `box` is filled from its foot as the level says. */
function Water({
  clip,
  box: [x, y, width, height],
  level: { tag, empty, full },
}: {
  clip: string;
  box: readonly [number, number, number, number];
  level: { readonly tag: string; readonly empty: number; readonly full: number };
}) {
  return (
    <g clipPath={`url(#${clip})`}>
      <rect
        className="water"
        data-level-of={tag}
        data-empty={empty}
        data-full={full}
        x={x}
        y={y}
        width={width}
        height={height}
        transform={`translate(0 ${height})`}
      />
    </g>
  );
}
