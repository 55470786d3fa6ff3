/** What was on the wire: rows, one packet as a tree, and its bytes; each finds the other. */
import { useVirtualizer } from '@tanstack/react-virtual';
import { type FormEvent, useEffect, useReducer, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { refine, useRoute } from '../../app/route.ts';
import { Failure } from '../../parts/failure.tsx';
import { Icon } from '../../parts/icon.tsx';
import { plantTime, shown } from '../../parts/number.ts';
import { download } from '../../store/api.ts';
import { useRange } from '../../store/range.ts';
import { Detail } from './detail.tsx';
import { PacketList } from './packet-list.ts';
import './packets.css';

const ROW = 26;
const REFRESH_MS = 1000;
/** Packets in a downloaded capture. */
const MOST_SAVED = 100_000;

export default function PacketsView() {
  const { t } = useTranslation();
  const { query } = useRoute();
  const filter = query.filter ?? '';
  const chosen = query.packet === undefined ? undefined : Number(query.packet);
  const [failure, setFailure] = useState<string | undefined>(undefined);
  const [words, setWords] = useState(filter);
  const { list, version } = useList(filter, setFailure);
  const device = useRange(({ devices }) => devices.find(({ hasLogic }) => hasLogic)?.id ?? '');
  const tag = useRange(({ tags }) => tags.find(({ operable }) => operable)?.id ?? '');
  useEffect(() => setWords(filter), [filter]);

  const submit = (event: FormEvent) => {
    event.preventDefault();
    refine({ filter: words.trim() || undefined });
  };
  const save = () => {
    const search = new URLSearchParams({ from: '1', count: String(MOST_SAVED), filter });
    download(`packets.pcap?${search}`, 'penstock.pcap').catch((error: Error) => setFailure(error.message));
  };
  return (
    <div className="packets-view">
      <form className="packets-head" onSubmit={submit}>
        <label className="grow">
          <span className="unseen">{t('packets.filter')}</span>
          <input
            className="field"
            type="search"
            list="packet-words"
            placeholder={t('packets.placeholder', { device, tag })}
            value={words}
            onChange={(event) => setWords(event.target.value)}
          />
        </label>
        <datalist id="packet-words">
          {[
            'modbus',
            's7comm',
            'dnp3',
            'opcua',
            'bacnet',
            'mqtt',
            'write',
            'arp',
            'syslog',
            device,
            'port:502',
            'alert:1',
          ].map((word) => (
            <option key={word} value={word} />
          ))}
        </datalist>
        <button type="submit" className="button">
          <Icon name="search" /> {t('packets.apply')}
        </button>
        <button type="button" className="button" onClick={save} disabled={list.count === 0}>
          <Icon name="download" /> {t('packets.save')}
        </button>
        <output>{t('packets.count', { count: list.count, more: list.more ? '+' : '' })}</output>
      </form>
      <Failure text={failure} />
      <Rows list={list} version={version} chosen={chosen} />
      {chosen === undefined ? <p className="waiting">{t('packets.choose')}</p> : <Detail number={chosen} />}
    </div>
  );
}

/** The list for a filter, kept up to date; `version` changes with it. */
function useList(filter: string, setFailure: (text: string | undefined) => void) {
  const [version, changed] = useReducer((n: number) => n + 1, 0);
  const [list, setList] = useState(
    () =>
      new PacketList(
        '',
        () => {},
        () => {},
      ),
  );
  useEffect(() => {
    setFailure(undefined);
    const next = new PacketList(filter, changed, (error) => setFailure(error.message));
    setList(next);
    void next.refresh();
    const timer = setInterval(() => void next.refresh(), REFRESH_MS);
    return () => {
      clearInterval(timer);
      next.end();
    };
  }, [filter, setFailure]);
  return { list, version };
}

function Rows({ list, version, chosen }: { list: PacketList; version: number; chosen: number | undefined }) {
  const { t } = useTranslation();
  const startsAt = useRange((state) => state.startsAt);
  const box = useRef<HTMLDivElement>(null);
  const [rows, setRows] = useState(0);
  const virtual = useVirtualizer({
    count: Math.min(rows, list.count),
    getScrollElement: () => box.current,
    estimateSize: () => ROW,
    overscan: 12,
  });
  // Laying a long list out anew takes a while: it grows when nobody scrolls.
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new version may have made it longer
  useEffect(() => {
    if (!virtual.isScrolling) setRows(list.count);
  }, [list, version, virtual.isScrolling]);
  const items = virtual.getVirtualItems();
  const first = items[0]?.index ?? 0;
  const last = items.at(-1)?.index ?? 0;
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new version may have made room for what is in sight
  useEffect(() => list.want(first, last), [list, first, last, version]);
  const choose = (place: number) => {
    const row = list.row(Math.max(0, Math.min(list.count - 1, place)));
    if (row) refine({ packet: String(row.number) });
    virtual.scrollToIndex(Math.max(0, Math.min(list.count - 1, place)));
  };
  const place = chosen === undefined ? -1 : list.placeOf(chosen);
  return (
    <div className="packet-table">
      <div className="packet-row packet-columns" aria-hidden="true">
        {['number', 'time', 'source', 'destination', 'protocol', 'length', 'info'].map((column) => (
          <span key={column}>{t(`packets.column.${column}`)}</span>
        ))}
      </div>
      <div
        className="packet-scroll"
        ref={box}
        role="listbox"
        tabIndex={0}
        aria-label={t('packets.title')}
        aria-activedescendant={place < 0 ? undefined : `packet-${chosen}`}
        onKeyDown={(event) => {
          const page = Math.floor((box.current?.clientHeight ?? ROW) / ROW);
          const step = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page }[event.key];
          if (step !== undefined) choose(place + step);
          else if (event.key === 'Home') choose(0);
          else if (event.key === 'End') choose(list.count - 1);
          else return;
          event.preventDefault();
        }}
      >
        <div
          className="packet-all"
          ref={(element) => element?.style.setProperty('height', `${virtual.getTotalSize()}px`)}
        >
          {items.map((item) => {
            const row = list.row(item.index);
            return (
              <div
                key={item.key}
                id={row && `packet-${row.number}`}
                role="option"
                tabIndex={-1}
                aria-selected={row !== undefined && row.number === chosen}
                className="packet-row"
                data-protocol={row?.protocol}
                style={{ transform: `translateY(${item.start}px)` }}
                onMouseDown={() => choose(item.index)}
              >
                {row ? (
                  <>
                    <span>{row.number}</span>
                    <span>{plantTime(startsAt, row.time)}</span>
                    <span>{row.source}</span>
                    <span>{row.destination}</span>
                    <span>{row.protocol}</span>
                    <span>{row.length}</span>
                    <span title={row.info}>
                      {row.info}
                      {row.tags.length > 0 && <small> {row.tags.slice(0, 4).map(shown).join(' ')}</small>}
                    </span>
                  </>
                ) : (
                  <span>…</span>
                )}
              </div>
            );
          })}
        </div>
      </div>
      {list.more && (
        <button type="button" className="button" onClick={() => list.wantMore()}>
          {t('packets.more')}
        </button>
      )}
    </div>
  );
}
