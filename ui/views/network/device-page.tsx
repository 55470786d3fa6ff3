/** Everything that is known of one device: what it says, what the monitor saw, what it holds, what was said of it. */
import type { DevicePageMessage } from '@penstock/core/messages';
import { useTranslation } from 'react-i18next';
import { Fact } from '../../parts/fact.tsx';
import { Failure } from '../../parts/failure.tsx';
import { Icon } from '../../parts/icon.tsx';
import { elapsed, shown } from '../../parts/number.ts';
import { useApi } from '../../parts/use-api.ts';
import { Value } from '../../parts/value.tsx';
import { useRange } from '../../store/range.ts';

const REFRESH_MS = 3000;

/** A name as protocols spell those of an identity (`UserApplicationName`), in words that a narrow column can break. */
const inWords = (name: string): string => name.replace(/(?<=[a-z0-9])(?=[A-Z])/g, ' ');

export function DevicePage({ id, onClose }: { id: string; onClose: () => void }) {
  const { t } = useTranslation();
  const { data, failure } = useApi<DevicePageMessage>(`devices/${encodeURIComponent(id)}`, REFRESH_MS);
  const gates = useRange((state) => state.deviceById.get(id)?.gates) ?? [];
  const tagById = useRange((state) => state.tagById);
  return (
    <aside className="device-page" aria-labelledby="device-title">
      <header>
        <h2 id="device-title">{data?.name ?? id}</h2>
        <button type="button" className="icon-button" aria-label={t('close')} onClick={onClose}>
          <Icon name="close" />
        </button>
      </header>
      <Failure text={failure} />
      {data && (
        <>
          <dl className="facts">
            <Fact label={t('network.kind')}>{`${data.kind}, ${data.role}`}</Fact>
            <Fact label={t('network.zone')}>{data.zone}</Fact>
            <Fact
              label={t('network.address')}
            >{`${data.address} · ${data.mac}${data.macVendor ? ` (${data.macVendor})` : ''}`}</Fact>
            <Fact label={t('network.criticality')}>{t(`priority.${data.criticality}`)}</Fact>
            {gates.map((gate) => (
              <Fact key={gate.service} label={t('network.gate')}>
                <code>{`${gate.service} ${gate.host}:${gate.port}`}</code>
              </Fact>
            ))}
            {Object.entries(data.identity).map(([name, value]) => (
              <Fact key={name} label={inWords(name)}>
                {value}
              </Fact>
            ))}
            {data.lastSeen !== null && <Fact label={t('network.lastSeen')}>{elapsed(data.lastSeen)}</Fact>}
          </dl>
          {data.guessedRole && (
            <>
              <h3>{t('network.guessed', { role: data.guessedRole })}</h3>
              <ul>
                {data.evidence.map((line) => (
                  <li key={line}>{line}</li>
                ))}
              </ul>
            </>
          )}
          <h3>{t('network.talks')}</h3>
          <p>{t('network.asks', { list: data.clientOf.join(', ') || '–' })}</p>
          <p>{t('network.serves', { list: data.serverOf.join(', ') || '–' })}</p>
          <p>
            <small>{data.functions.join(', ')}</small>
          </p>
          <p className="alert-ways">
            {data.hasLogic && (
              <a className="button" href={`#/logic/${id}`}>
                <Icon name="logic" /> {t('view.logic')}
              </a>
            )}
            <a className="button" href={`#/packets?filter=${id}`}>
              <Icon name="packets" /> {t('view.packets')}
            </a>
            {data.alerts.slice(-4).map((alert) => (
              <a key={alert} className="button" href={`#/alarms?list=alerts&alert=${alert}`}>
                {t('packets.alert', { number: alert })}
              </a>
            ))}
          </p>
          {data.points.length > 0 && (
            <details>
              <summary>{t('network.points', { count: data.points.length })}</summary>
              <table>
                <tbody>
                  {data.points.map((point) => {
                    const tag = tagById.get(point.tag);
                    return (
                      <tr key={`${point.protocol} ${point.tag} ${point.address}`}>
                        <th scope="row">
                          <a href={`#/plant?tag=${point.tag}`}>{shown(point.tag)}</a>
                        </th>
                        <td>
                          <small>
                            {point.protocol} {point.address}
                            {point.writable && ` · ${t('network.writable')}`}
                          </small>
                        </td>
                        <td>{tag && <Value tag={tag} />}</td>
                      </tr>
                    );
                  })}
                </tbody>
              </table>
            </details>
          )}
          {data.failureModes.length > 0 && (
            <details>
              <summary>{t('network.failureModes', { count: data.failureModes.length })}</summary>
              <ul>
                {data.failureModes.map((mode) => (
                  <li key={mode}>{mode}</li>
                ))}
              </ul>
            </details>
          )}
        </>
      )}
    </aside>
  );
}
