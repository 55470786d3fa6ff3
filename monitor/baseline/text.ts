/** Entries of a baseline as one line each, for people and for the record of edits. */
import type { BaselineData } from './format.ts';

type Entry<K extends 'conversations' | 'requests' | 'polls' | 'writes' | 'readings'> = BaselineData[K][number];

const seconds = (microseconds: number): string =>
  microseconds < 1e6
    ? `${Math.round(microseconds / 1e3)} ms`
    : microseconds < 120e6
      ? `${+(microseconds / 1e6).toFixed(1)} s`
      : microseconds < 7200e6
        ? `${+(microseconds / 60e6).toFixed(1)} min`
        : `${+(microseconds / 3600e6).toFixed(1)} h`;

const number = (value: number): string => String(+value.toPrecision(6));

export const conversationText = ({ source, destination, transport, port }: Entry<'conversations'>): string =>
  `${source} speaks to ${destination} over ${transport}${port === 0 ? '' : ` port ${port}`}`;

export function requestText({ source, destination, station, functions, addresses }: Entry<'requests'>): string {
  const blocks = Object.entries(addresses).map(
    ([table, spans]) => `${table} ${spans.map(([low, high]) => (low === high ? low : `${low}-${high}`)).join(',')}`,
  );
  const on = blocks.length > 0 ? ` on ${blocks.join('; ')}` : '';
  return `${source} asks ${destination} unit ${station} with ${functions.join(', ')}${on}`;
}

export function pollText(poll: Entry<'polls'>): string {
  const { source, destination, table, address, quantity, count, gaps, total, shortest, longest } = poll;
  const block = table === null ? '' : ` ${table} ${address}+${quantity}`;
  const often = gaps === 0 ? '' : `, every ${seconds(total / gaps)} (${seconds(shortest)} to ${seconds(longest)})`;
  return `${source} asks ${destination} for ${poll.function}${block} ${count} times${often}`;
}

export function writeText(write: Entry<'writes'>): string {
  const { source, destination, table, address, tag, low, high, count, step } = write;
  const most = step === undefined ? '' : `, at most ${number(step)} at once`;
  return `${source} writes ${tag ?? `${table} ${address}`} of ${destination}: ${number(low)} to ${number(high)} (${count} times${most})`;
}

export function readingText({ device, tag, kind, low, high, count, rise, fall, step }: Entry<'readings'>): string {
  const slopes =
    rise === undefined || fall === undefined
      ? ''
      : `, rises at most ${number(rise)}/s, falls at most ${number(fall)}/s, at most ${number(step ?? 0)} at once`;
  const changes = count === undefined ? '' : ` (${count} changes${slopes})`;
  return `${tag} of ${device}${kind === undefined ? '' : ` (${kind})`}: ${number(low)} to ${number(high)}${changes}`;
}
