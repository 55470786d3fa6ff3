/** Zones as Purdue lanes with the devices in them, what talks to what right now, and a page for each device. */
import type { NetworkMessage } from '@penstock/core/messages';
import { useTranslation } from 'react-i18next';
import { go, useRoute } from '../../app/route.ts';
import { Failure } from '../../parts/failure.tsx';
import { useApi } from '../../parts/use-api.ts';
import { useRange } from '../../store/range.ts';
import { DevicePage } from './device-page.tsx';
import { FlowList } from './flow-list.tsx';
import { Lanes } from './lanes.tsx';
import './network.css';

export default function NetworkView() {
  const { t } = useTranslation();
  const { rest } = useRoute();
  const { data, failure } = useApi<NetworkMessage>('network');
  const flows = useRange((state) => state.flows);
  if (!data)
    return failure ? (
      <Failure text={failure} />
    ) : (
      <p className="waiting">{t('loading', { what: t('view.network') })}</p>
    );
  const live = flows.time > 0 ? flows.flows : data.flows.flows;
  return (
    <div className="network-view">
      <div className="network-main">
        <Lanes network={data} flows={live} chosen={rest} onChoose={(id) => go('network', {}, id)} />
        <FlowList flows={live} device={rest} />
      </div>
      {rest !== '' && <DevicePage id={rest} onClose={() => go('network')} />}
    </div>
  );
}
