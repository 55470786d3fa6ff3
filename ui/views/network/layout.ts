/** Where zones and devices stand in the picture: a lane a level, in rows where it has many zones, the office on top, the process at the bottom. */
import type { FlowMessage, NetworkMessage } from '@penstock/core/messages';

export interface Box {
  readonly id: string;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface Layout {
  readonly width: number;
  readonly height: number;
  readonly zones: readonly (Box & { readonly zone: NetworkMessage['zones'][number] })[];
  readonly devices: ReadonlyMap<string, Box>;
}

const CELL = { width: 164, height: 46 } as const;
const GAP = 14;
const HEAD = 24;
const ROW = HEAD + CELL.height + GAP;
const LANE_GAP = 30;
const LANE_LABEL = 60;
/** Width of a letter of a zone's title, on average. */
const LETTER = 5.6;
/** Zones of a level that would stand further to the right than this begin a row of their own: what is wider cannot be read on a screen. */
const WIDEST = 1720;

/** What stands over a zone. */
export const titleOf = ({ name, subnet, targetSecurityLevel }: NetworkMessage['zones'][number]): string =>
  `${name} · ${subnet} · SL-T ${targetSecurityLevel}`;

/** @param known devices in the order in which they are to stand; addresses of no device come as `strangers`, in a lane of their own */
export function layoutOf(
  zones: NetworkMessage['zones'],
  known: readonly { readonly id: string; readonly zone: string }[],
  strangers: readonly string[],
): Layout {
  const levels = [...new Set(zones.map(({ level }) => level))].sort((a, b) => b - a);
  const placed: (Box & { zone: NetworkMessage['zones'][number] })[] = [];
  const devices = new Map<string, Box>();
  let y = GAP;
  let width = 0;
  for (const level of levels) {
    let x = LANE_LABEL;
    for (const zone of zones.filter((one) => one.level === level)) {
      const members = known.filter((device) => device.zone === zone.id);
      const wide = Math.max(
        Math.max(1, members.length) * (CELL.width + GAP) + GAP,
        LETTER * titleOf(zone).length + 2 * GAP,
      );
      if (x > LANE_LABEL && x + wide > WIDEST) {
        x = LANE_LABEL;
        y += ROW + LANE_GAP;
      }
      const box = {
        id: zone.id,
        x,
        y,
        width: wide,
        height: ROW,
      };
      members.forEach(({ id }, i) => {
        devices.set(id, { id, x: x + GAP + i * (CELL.width + GAP), y: y + HEAD, ...CELL });
      });
      placed.push({ ...box, zone });
      x += wide + GAP;
      width = Math.max(width, x);
    }
    y += ROW + LANE_GAP;
  }
  strangers.forEach((id, i) => {
    devices.set(id, { id, x: LANE_LABEL + GAP + i * (CELL.width + GAP), y, ...CELL });
    width = Math.max(width, LANE_LABEL + GAP + (i + 1) * (CELL.width + GAP));
  });
  if (strangers.length > 0) y += CELL.height + GAP;
  return { width, height: y, zones: placed, devices };
}

/** Ends of flows that are no device of the plant, most talkative first. */
export function strangersOf(flows: readonly FlowMessage[], known: ReadonlySet<string>, most: number): string[] {
  const packets = new Map<string, number>();
  for (const flow of flows)
    for (const end of [flow.from, flow.to])
      if (!known.has(end)) packets.set(end, (packets.get(end) ?? 0) + flow.packets + 1);
  return [...packets]
    .sort((a, b) => b[1] - a[1])
    .slice(0, most)
    .map(([id]) => id);
}
