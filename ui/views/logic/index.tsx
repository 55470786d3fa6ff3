/** A controller's program with the values that it works with, and whether it is still the good one. */
import type { LogicMessage, OnlineMessage } from '@penstock/core/messages';
import { useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { go, useRoute } from '../../app/route.ts';
import { Failure } from '../../parts/failure.tsx';
import { plantTime } from '../../parts/number.ts';
import { useApi } from '../../parts/use-api.ts';
import { useRange } from '../../store/range.ts';
import { type DiffLine, diffLines } from './diff.ts';
import './logic.css';
import { Program } from './program.tsx';

const LOGIC_MS = 2000;
const ONLINE_MS = 1000;

export default function LogicView() {
  const { t } = useTranslation();
  const { rest } = useRoute();
  const devices = useRange((state) => state.devices);
  const role = useRange((state) => state.role);
  const controllers = devices.filter(({ hasLogic }) => hasLogic);
  const device = rest || controllers[0]?.id;
  const { data: logic, failure } = useApi<LogicMessage>(
    device && `devices/${encodeURIComponent(device)}/logic`,
    LOGIC_MS,
  );
  const asks = device !== undefined && role === 'instructor';
  const { data: online } = useApi<OnlineMessage>(
    asks ? `devices/${encodeURIComponent(device)}/online` : undefined,
    ONLINE_MS,
  );
  const [show, setShow] = useState<'program' | 'difference' | 'variables'>('program');
  return (
    <div className="logic-view">
      <div className="logic-head">
        <label>
          <span className="unseen">{t('logic.controller')}</span>
          <select className="field" value={device} onChange={(event) => go('logic', {}, event.target.value)}>
            {controllers.map(({ id, name }) => (
              <option key={id} value={id}>
                {name}
              </option>
            ))}
          </select>
        </label>
        {logic && <Facts logic={logic} forces={online?.variables.filter(({ forced }) => forced).length ?? 0} />}
        <div className="tabs" role="tablist" aria-label={t('view.logic')}>
          {(['program', 'difference', 'variables'] as const).map((tab) => (
            <button
              key={tab}
              type="button"
              role="tab"
              aria-selected={show === tab}
              data-state={show === tab ? 'active' : undefined}
              onClick={() => setShow(tab)}
            >
              {t(`logic.${tab}`)}
            </button>
          ))}
        </div>
      </div>
      <Failure text={failure} />
      {logic ? (
        <div className="logic-main">
          {show === 'program' && <Program text={logic.text} online={online} />}
          {show === 'difference' && <Difference logic={logic} />}
          {show === 'variables' && <Variables online={online} trainee={role === 'trainee'} />}
          <Diagnostics logic={logic} />
        </div>
      ) : (
        <p className="waiting">{t('loading', { what: t('view.logic') })}</p>
      )}
    </div>
  );
}

function Facts({ logic, forces }: { logic: LogicMessage; forces: number }) {
  const { t } = useTranslation();
  const same = logic.hash === logic.goodHash;
  return (
    <p className="logic-facts">
      <span>{t(`logic.mode.${logic.mode}`)}</span>
      <span>{t('logic.key', { key: logic.key.toUpperCase() })}</span>
      <span>{t('logic.scan', { ms: Math.round(logic.scanPeriod * 1000) })}</span>
      <span data-met={same}>
        {same ? `✓ ${t('logic.good')}` : `✗ ${t('logic.changed')}`}{' '}
        <code title={logic.hash}>{logic.hash.slice(0, 12)}</code>
      </span>
      {forces > 0 && <span data-met="false">✗ {t('logic.forces', { count: forces })}</span>}
    </p>
  );
}

function Difference({ logic }: { logic: LogicMessage }) {
  const { t } = useTranslation();
  const lines = useMemo(() => diffLines(logic.goodText, logic.text), [logic.goodText, logic.text]);
  if (lines.every(({ kind }) => kind === 'same')) return <p className="waiting">{t('logic.noDifference')}</p>;
  return (
    <pre className="difference">
      {lines.map((line: DiffLine, place) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a line is its place
        <div key={place} data-kind={line.kind}>
          {{ same: ' ', added: '+', removed: '−' }[line.kind]} {line.text}
        </div>
      ))}
    </pre>
  );
}

function Variables({ online, trainee }: { online: OnlineMessage | undefined; trainee: boolean }) {
  const { t } = useTranslation();
  const [words, setWords] = useState('');
  if (trainee) return <p className="waiting">{t('logic.trainee')}</p>;
  const found = (online?.variables ?? []).filter(({ name }) => name.toLowerCase().includes(words.toLowerCase()));
  return (
    <div className="variables">
      <input
        className="field"
        type="search"
        placeholder={t('logic.find')}
        aria-label={t('logic.find')}
        value={words}
        onChange={(event) => setWords(event.target.value)}
      />
      <table>
        <tbody>
          {found.map(({ name, value, tag, forced }) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td>
                {value} {forced && <b>{t('logic.forced')}</b>}
              </td>
              <td>{tag && <a href={`#/plant?tag=${tag}`}>{tag}</a>}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Diagnostics({ logic }: { logic: LogicMessage }) {
  const { t } = useTranslation();
  const startsAt = useRange((state) => state.startsAt);
  return (
    <section className="diagnostics" aria-labelledby="diagnostics-title">
      <h3 id="diagnostics-title">{t('logic.diagnostics')}</h3>
      <ol>
        {[...logic.diagnostics].reverse().map((entry) => (
          <li key={`${entry.time}${entry.text}`}>
            <time>{plantTime(startsAt, entry.time)}</time> {entry.text}
          </li>
        ))}
      </ol>
      {logic.diagnostics.length === 0 && <p>{t('logic.noDiagnostics')}</p>}
    </section>
  );
}
