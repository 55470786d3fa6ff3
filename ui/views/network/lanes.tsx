import type { FlowMessage, NetworkMessage } from '@penstock/core/messages';
import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { useRange } from '../../store/range.ts';
import { type Box, layoutOf, strangersOf, titleOf } from './layout.ts';

const MOST_STRANGERS = 6;
/** CSS pixels that a unit of the picture has at least: smaller, and nobody reads its names. A narrower view is scrolled. */
const LEAST_SCALE = 0.66;

export function Lanes({
  network,
  flows,
  chosen,
  onChoose,
}: {
  network: NetworkMessage;
  flows: readonly FlowMessage[];
  chosen: string;
  onChoose: (device: string) => void;
}) {
  const { t } = useTranslation();
  const devices = useRange((state) => state.devices);
  const alerts = useRange((state) => state.alerts);
  const alerted = useMemo(() => new Set(alerts.map(({ device }) => device)), [alerts]);
  const known = useMemo(() => new Set(devices.map(({ id }) => id)), [devices]);
  const strangers = strangersOf(flows, known, MOST_STRANGERS).join(' ');
  const layout = useMemo(
    () => layoutOf(network.zones, devices, strangers.split(' ').filter(Boolean)),
    [network.zones, devices, strangers],
  );
  return (
    <svg
      className="lanes"
      viewBox={`0 0 ${layout.width} ${layout.height}`}
      style={{ minWidth: layout.width * LEAST_SCALE, minHeight: layout.height * LEAST_SCALE }}
      aria-label={t('network.picture')}
    >
      <title>{t('network.picture')}</title>
      {layout.zones.map(({ id, x, y, width, height, zone }) => (
        <g key={id}>
          <rect className="zone" x={x} y={y} width={width} height={height} rx="6" />
          <text className="zone-name" x={x + 10} y={y + 16}>
            {titleOf(zone)}
          </text>
          <text className="level" x="8" y={y + height / 2}>
            L{zone.level}
          </text>
        </g>
      ))}
      {flows.map((flow) => (
        <Edge
          key={`${flow.from}${flow.to}${flow.transport}${flow.port}`}
          flow={flow}
          boxes={layout.devices}
          chosen={chosen}
        />
      ))}
      {[...layout.devices.values()].map((box) => (
        <DeviceBox
          key={box.id}
          box={box}
          listed={known.has(box.id)}
          chosen={box.id === chosen}
          alerted={alerted.has(box.id)}
          onChoose={() => known.has(box.id) && onChoose(box.id)}
        />
      ))}
    </svg>
  );
}

function DeviceBox({
  box,
  listed,
  chosen,
  alerted,
  onChoose,
}: {
  box: Box;
  listed: boolean;
  chosen: boolean;
  alerted: boolean;
  onChoose: () => void;
}) {
  const { t } = useTranslation();
  const device = useRange((state) => state.deviceById.get(box.id));
  return (
    // biome-ignore lint/a11y/useSemanticElements: SVG has no button
    <g
      className="device-box"
      data-listed={listed}
      data-chosen={chosen || undefined}
      data-alerted={alerted || undefined}
      role="button"
      tabIndex={0}
      onClick={onChoose}
      onKeyDown={(event) => {
        if (event.key !== 'Enter' && event.key !== ' ') return;
        event.preventDefault();
        onChoose();
      }}
    >
      <title>
        {listed
          ? `${device?.name}${alerted ? `, ${t('network.alerted')}` : ''}`
          : t('network.stranger', { address: box.id })}
      </title>
      <rect x={box.x} y={box.y} width={box.width} height={box.height} rx="4" />
      <text x={box.x + 8} y={box.y + 18}>
        {alerted ? '▲ ' : ''}
        {box.id}
      </text>
      <text className="address" x={box.x + 8} y={box.y + 35}>
        {listed ? device?.address : t('network.unlisted')}
      </text>
    </g>
  );
}

/** A line from box to box; thicker with traffic, dashed and coloured when it was not learned or was refused. */
function Edge({ flow, boxes, chosen }: { flow: FlowMessage; boxes: ReadonlyMap<string, Box>; chosen: string }) {
  const from = boxes.get(flow.from);
  const to = boxes.get(flow.to);
  if (!from || !to || flow.transport === 'arp') return null;
  const [x1, x2] = [from.x + from.width / 2, to.x + to.width / 2];
  const down = from.y < to.y;
  const same = from.y === to.y;
  const y1 = same ? from.y + from.height : down ? from.y + from.height : from.y;
  const y2 = same ? to.y + to.height : down ? to.y : to.y + to.height;
  const bend = same ? y1 + 18 : (y1 + y2) / 2;
  const width = Math.min(4, 0.8 + Math.log10(1 + flow.packets));
  return (
    <path
      className="edge"
      d={`M${x1} ${y1}C${x1} ${bend} ${x2} ${bend} ${x2} ${y2}`}
      strokeWidth={width}
      data-fresh={flow.fresh || undefined}
      data-refused={flow.refused || undefined}
      data-quiet={flow.packets === 0 || undefined}
      data-near={chosen !== '' && (flow.from === chosen || flow.to === chosen) ? true : undefined}
    >
      <title>{`${flow.from} → ${flow.to} ${flow.protocol}`}</title>
    </path>
  );
}
