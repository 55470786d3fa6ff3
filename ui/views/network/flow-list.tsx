import type { FlowMessage } from '@penstock/core/messages';
import { useTranslation } from 'react-i18next';

/** The same as a table: what is new or refused comes first. */
export function FlowList({ flows, device }: { flows: readonly FlowMessage[]; device: string }) {
  const { t } = useTranslation();
  const shown = flows
    .filter((flow) => device === '' || flow.from === device || flow.to === device)
    .sort((a, b) => Number(b.fresh || b.refused) - Number(a.fresh || a.refused) || b.packets - a.packets);
  return (
    <table className="flow-list">
      <caption>{t('network.flows', { count: shown.length })}</caption>
      <thead>
        <tr>
          {['from', 'to', 'protocol', 'packets', 'writes', 'state'].map((column) => (
            <th key={column} scope="col">
              {t(`network.column.${column}`)}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {shown.map((flow) => (
          <tr key={`${flow.from}${flow.to}${flow.transport}${flow.port}`}>
            <td>{flow.from}</td>
            <td>{flow.to}</td>
            <td>
              <a href={`#/packets?filter=${encodeURIComponent(`${flow.protocol} ${flow.from} ${flow.to}`)}`}>
                {flow.protocol}
              </a>
              {flow.port !== null && <small> {flow.port}</small>}
            </td>
            <td>{flow.packets}</td>
            <td>{flow.writes || ''}</td>
            <td>
              {flow.fresh && <b className="mark">◆ {t('network.fresh')}</b>}{' '}
              {flow.refused && <b className="mark">✗ {t('network.refused')}</b>}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
