/** Process alarms and the monitor's alerts, side by side: what the plant complains of, and what somebody did to it. */
import { Tabs } from 'radix-ui';
import { useTranslation } from 'react-i18next';
import { refine, useRoute } from '../../app/route.ts';
import { useRange } from '../../store/range.ts';
import { Alarms } from './alarms.tsx';
import './alarms.css';
import { Alerts } from './alerts.tsx';
import { Journal } from './journal.tsx';
import { isListed } from './order.ts';

export default function AlarmsView() {
  const { t } = useTranslation();
  const { query } = useRoute();
  const list = query.list === 'journal' ? 'journal' : query.list === 'alerts' || query.alert ? 'alerts' : 'alarms';
  const lines = useRange((state) => state.journal.length);
  const alarms = useRange((state) => [...state.alarms.values()].filter(isListed).length);
  const alerts = useRange((state) => state.alerts.length);
  return (
    <Tabs.Root
      className="alarms-view"
      value={list}
      onValueChange={(next) => refine({ list: next, alert: undefined, kind: undefined })}
    >
      <Tabs.List className="tabs" aria-label={t('view.alarms')}>
        <Tabs.Trigger value="alarms">{t('alarms.process', { count: alarms })}</Tabs.Trigger>
        <Tabs.Trigger value="alerts">{t('alarms.monitor', { count: alerts })}</Tabs.Trigger>
        <Tabs.Trigger value="journal">{t('journal.tab', { count: lines })}</Tabs.Trigger>
      </Tabs.List>
      <Tabs.Content value="alarms">
        <Alarms />
      </Tabs.Content>
      <Tabs.Content value="alerts">
        <Alerts />
      </Tabs.Content>
      <Tabs.Content value="journal">
        <Journal />
      </Tabs.Content>
    </Tabs.Root>
  );
}
