/** One packet: fields as a tree, bytes in hexadecimal; choosing one marks the other. */
import type { PacketField, PacketMessage } from '@penstock/core/messages';
import { type KeyboardEvent, useEffect, useMemo, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Failure } from '../../parts/failure.tsx';
import { shown } from '../../parts/number.ts';
import { api } from '../../store/api.ts';
import { Bytes } from './bytes.tsx';
import { type FlatField, fieldAt, flatten } from './fields.ts';

export function Detail({ number }: { number: number }) {
  const { t } = useTranslation();
  const [packet, setPacket] = useState<PacketMessage | undefined>(undefined);
  const [failure, setFailure] = useState<string | undefined>(undefined);
  useEffect(() => {
    const abort = new AbortController();
    setFailure(undefined);
    api<PacketMessage>(`packets/${number}`, undefined, abort.signal)
      .then(setPacket)
      .catch((error: Error) => {
        if (!abort.signal.aborted) setFailure(error.message);
      });
    return () => abort.abort();
  }, [number]);
  if (failure !== undefined) return <Failure text={failure} />;
  if (!packet) return <p className="waiting">{t('loading', { what: t('packets.packet', { number }) })}</p>;
  return <Shown key={packet.row.number} packet={packet} />;
}

function Shown({ packet }: { packet: PacketMessage }) {
  const { t } = useTranslation();
  const [closed, setClosed] = useState<ReadonlySet<string>>(() => new Set(foldedAtFirst(packet.tree)));
  const [chosen, setChosen] = useState<string | undefined>(() => firstTag(packet));
  const fields = useMemo(() => flatten(packet.tree, closed), [packet, closed]);
  const field = useMemo(
    () =>
      chosen === undefined ? undefined : flatten(packet.tree, new Set()).find(({ path }) => path === chosen)?.field,
    [packet, chosen],
  );
  const fold = (path: string, close: boolean) => {
    const next = new Set(closed);
    if (close) next.add(path);
    else next.delete(path);
    setClosed(next);
  };
  const chooseByte = (at: number) => {
    const path = fieldAt(packet.tree, at);
    if (path === undefined) return;
    const open = new Set(closed);
    for (const folded of closed) if (path.startsWith(`${folded}.`)) open.delete(folded);
    setClosed(open);
    setChosen(path);
  };
  return (
    <div className="packet-detail">
      <Tree fields={fields} chosen={chosen} onChoose={setChosen} onFold={fold} label={t('packets.tree')} />
      <Bytes hex={packet.bytes} from={field?.start ?? 0} to={field?.end ?? 0} onChoose={chooseByte} />
      {packet.alerts.length > 0 && (
        <p className="packet-alerts">
          {packet.alerts.map((alert) => (
            <a key={alert} className="button" href={`#/alarms?list=alerts&alert=${alert}`}>
              {t('packets.alert', { number: alert })}
            </a>
          ))}
        </p>
      )}
    </div>
  );
}

function Tree({
  fields,
  chosen,
  onChoose,
  onFold,
  label,
}: {
  fields: readonly FlatField[];
  chosen: string | undefined;
  onChoose: (path: string) => void;
  onFold: (path: string, close: boolean) => void;
  label: string;
}) {
  const at = Math.max(
    0,
    fields.findIndex(({ path }) => path === chosen),
  );
  const box = useRef<HTMLDivElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: when another field is chosen, here or among the bytes, it comes into sight
  useEffect(() => {
    box.current?.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: 'nearest' });
  }, [chosen]);
  const move = (event: KeyboardEvent) => {
    const now = fields[at];
    if (!now) return;
    if (event.key === 'ArrowDown') onChoose(fields[Math.min(fields.length - 1, at + 1)]?.path ?? now.path);
    else if (event.key === 'ArrowUp') onChoose(fields[Math.max(0, at - 1)]?.path ?? now.path);
    else if (event.key === 'ArrowRight') onFold(now.path, false);
    else if (event.key === 'ArrowLeft') {
      if (now.open && now.field.children.length > 0) onFold(now.path, true);
      else onChoose(now.path.split('.').slice(0, -1).join('.') || now.path);
    } else return;
    event.preventDefault();
  };
  return (
    <div
      className="packet-tree"
      ref={box}
      role="tree"
      tabIndex={0}
      aria-label={label}
      aria-activedescendant={fields[at] && `field-${fields[at].path}`}
      onKeyDown={move}
    >
      {fields.map(({ field, path, level, open }) => (
        <div
          key={path}
          id={`field-${path}`}
          role="treeitem"
          tabIndex={-1}
          aria-level={level + 1}
          aria-selected={path === chosen}
          aria-expanded={field.children.length > 0 ? open : undefined}
          className="packet-field"
          data-level={Math.min(level, 6)}
          onMouseDown={() => onChoose(path)}
          onDoubleClick={() => onFold(path, open)}
        >
          <button
            type="button"
            className="fold"
            tabIndex={-1}
            aria-hidden="true"
            data-leaf={field.children.length === 0 || undefined}
            onClick={() => onFold(path, open)}
          >
            {field.children.length === 0 ? '' : open ? '▾' : '▸'}
          </button>
          <span>{field.name}</span> <b>{field.value}</b>
          {field.tag !== null && <a href={`#/plant?tag=${field.tag}`}>{shown(field.tag)}</a>}
        </div>
      ))}
    </div>
  );
}

/** The lower layers are folded: who opens a packet of a PLC wants to see what it says. */
const foldedAtFirst = (tree: readonly PacketField[]): string[] => tree.slice(0, -1).map((_, place) => String(place));

/** The first field that carries a tag. */
function firstTag(packet: PacketMessage): string | undefined {
  return flatten(packet.tree, new Set()).find(({ field }) => field.tag !== null)?.path;
}
