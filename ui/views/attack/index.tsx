/** The instructor's console: what could be launched, what it would do and to whom, and where it stands. */
import type { AttackMessage, AttackRequest, ScenarioMessage } from '@penstock/core/messages';
import { useCallback, useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { refine, useRoute } from '../../app/route.ts';
import { type Command, useCommands } from '../../commands/registry.ts';
import { Failure } from '../../parts/failure.tsx';
import { Icon } from '../../parts/icon.tsx';
import { elapsed, plantTime, shown } from '../../parts/number.ts';
import { useApi } from '../../parts/use-api.ts';
import { api } from '../../store/api.ts';
import { useRange } from '../../store/range.ts';
import './attack.css';
import { Steps } from './steps.tsx';

const REFRESH_MS = 5000;

export default function AttackView() {
  const { t } = useTranslation();
  const { query } = useRoute();
  const { data, failure } = useApi<ScenarioMessage[]>('scenarios', REFRESH_MS);
  const attack = useRange((state) => state.attack);
  const [refused, setRefused] = useState<string | undefined>(undefined);
  const send = useCallback((request: AttackRequest) => {
    setRefused(undefined);
    // Where the attack stands then comes on the socket, in order.
    api('attack', request).catch((error: Error) => setRefused(error.message));
  }, []);
  const running = attack !== null && attack.state !== 'ended';
  useCommands(
    useMemo<readonly Command[]>(
      () => [
        {
          ...{ id: 'attack.stop', label: 'attack.stop', group: 'attack', icon: 'stop', keys: 'Ctrl+.' },
          when: () => running,
          perform: () => send({ do: 'stop' }),
        },
      ],
      [running, send],
    ),
  );
  if (!data)
    return failure ? <Failure text={failure} /> : <p className="waiting">{t('loading', { what: t('view.attack') })}</p>;
  const chosen = data.find(({ id }) => id === (query.scenario ?? attack?.scenario)) ?? data[0];
  return (
    <div className="attack-view">
      <nav aria-label={t('attack.scenarios')}>
        {data.map((scenario) => (
          <button
            key={scenario.id}
            type="button"
            aria-current={scenario.id === chosen?.id || undefined}
            onClick={() => refine({ scenario: scenario.id })}
          >
            <strong>{scenario.name}</strong>
            <small>{scenario.incident}</small>
          </button>
        ))}
      </nav>
      <div className="attack-main">
        {running && attack && (
          <p className="attack-banner" role="status">
            <strong>{t(`attack.state.${attack.state}`)}</strong> {attack.scenario}
            <button type="button" className="button" data-weight="danger" onClick={() => send({ do: 'stop' })}>
              <Icon name="stop" /> {t('attack.stop')}
            </button>
          </p>
        )}
        <Failure text={refused} />
        {chosen && <Scenario key={chosen.id} scenario={chosen} attack={attack} onSend={send} />}
      </div>
    </div>
  );
}

function Scenario({
  scenario,
  attack,
  onSend,
}: {
  scenario: ScenarioMessage;
  attack: AttackMessage | null;
  onSend: (request: AttackRequest) => void;
}) {
  const { t } = useTranslation();
  const mine = attack?.scenario === scenario.id ? attack : undefined;
  return (
    <article className="scenario" aria-labelledby="scenario-title">
      <h2 id="scenario-title">{scenario.name}</h2>
      <p className="story">{scenario.story}</p>
      <Launch scenario={scenario} busy={attack !== null && attack.state !== 'ended'} onSend={onSend} />
      {mine && <Outcome attack={mine} />}
      <h3>{t('attack.steps')}</h3>
      <Steps steps={mine?.steps ?? scenario.steps} onApprove={(step) => onSend({ do: 'approve', step })} />
      <div className="attack-columns">
        <section>
          <h3>{t('attack.prerequisites')}</h3>
          <ul>
            {scenario.prerequisites.map((one) => (
              <li key={one.about} data-met={one.met}>
                {one.met ? '✓' : '✗'} {one.about} {!one.met && <small>{one.reason}</small>}
              </li>
            ))}
          </ul>
          <h3>{t('attack.scope')}</h3>
          <p>{scenario.scope.join(', ')}</p>
        </section>
        <section>
          <h3>{t('attack.techniques')}</h3>
          <ul>
            {scenario.techniques.map(({ id, name }) => (
              <li key={id}>
                <code>{id}</code> {name}
              </li>
            ))}
          </ul>
        </section>
        <section>
          <h3>{t('attack.expected')}</h3>
          <ul>
            {scenario.expected.map(({ about, within }) => (
              <li key={about}>{t('attack.within', { about, time: elapsed(within) })}</li>
            ))}
            {scenario.hazards.map((hazard) => (
              <li key={hazard}>{t('attack.hazard', { hazard })}</li>
            ))}
          </ul>
        </section>
        <section>
          <h3>{t('attack.documented')}</h3>
          <ul>
            {scenario.documented.map((line) => (
              <li key={line}>{line}</li>
            ))}
          </ul>
          <h3>{t('attack.invented')}</h3>
          <ul>
            {scenario.invented.map((line) => (
              <li key={line}>{line}</li>
            ))}
          </ul>
        </section>
      </div>
    </article>
  );
}

function Launch({
  scenario,
  busy,
  onSend,
}: {
  scenario: ScenarioMessage;
  busy: boolean;
  onSend: (request: AttackRequest) => void;
}) {
  const { t } = useTranslation();
  const [inputs, setInputs] = useState<Record<string, number>>(() =>
    Object.fromEntries(scenario.inputs.map((input) => [input.id, input.default])),
  );
  const [variant, setVariant] = useState<'attack' | 'twin'>('attack');
  const start = (mode: 'run' | 'step' | 'dry') =>
    onSend({ do: 'start', scenario: scenario.id, variant, mode, inputs, now: true });
  return (
    <form className="launch" onSubmit={(event) => event.preventDefault()}>
      {scenario.inputs.map((input) => (
        <label key={input.id}>
          {input.about}
          <span>
            <input
              className="field"
              type="number"
              min={input.min}
              max={input.max}
              step="any"
              value={inputs[input.id]}
              onChange={(event) => setInputs({ ...inputs, [input.id]: event.target.valueAsNumber })}
            />
            <small>
              {input.unit} ({input.min} – {input.max})
            </small>
          </span>
        </label>
      ))}
      <label>
        {t('attack.variant')}
        <select
          className="field"
          value={variant}
          onChange={(event) => setVariant(event.target.value as 'attack' | 'twin')}
        >
          <option value="attack">{t('attack.theAttack')}</option>
          <option value="twin">{t('attack.theTwin', { name: scenario.twin.name })}</option>
        </select>
      </label>
      <div className="alert-ways">
        <button type="button" className="button" disabled={busy} onClick={() => start('dry')}>
          {t('attack.dry')}
        </button>
        <button type="button" className="button" disabled={busy} onClick={() => start('step')}>
          {t('attack.step')}
        </button>
        <button type="button" className="button" data-weight="strong" disabled={busy} onClick={() => start('run')}>
          <Icon name="play" /> {t('attack.run')}
        </button>
      </div>
    </form>
  );
}

function Outcome({ attack }: { attack: AttackMessage }) {
  const { t } = useTranslation();
  const startsAt = useRange((state) => state.startsAt);
  if (attack.mode === 'dry') return <p role="status">{t('attack.dryDone')}</p>;
  return (
    <dl className="facts outcome">
      <div>
        <dt>{t('attack.began')}</dt>
        <dd>{plantTime(startsAt, attack.startedAt)}</dd>
      </div>
      <div>
        <dt>{t('attack.detected')}</dt>
        <dd>
          {attack.timeToDetect === null
            ? t('attack.notYet')
            : t('attack.after', { time: elapsed(attack.timeToDetect) })}
        </dd>
      </div>
      {attack.hazards.map(({ hazard, at }) => (
        <div key={hazard + at}>
          <dt>{t('attack.damage')}</dt>
          <dd>
            {hazard} <small>{plantTime(startsAt, at)}</small>
          </dd>
        </div>
      ))}
      {attack.reverted.map(({ tag, before, after, proven }) => (
        <div key={tag}>
          <dt>{t('attack.reverted')}</dt>
          <dd data-met={proven}>
            {proven ? '✓' : '✗'} {shown(tag)} {before ?? '–'} → {after ?? '–'}
          </dd>
        </div>
      ))}
    </dl>
  );
}
