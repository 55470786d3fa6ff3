/** A cloud gateway, its broker and a dashboard: what passes among them on an ordinary morning. */
import type { Lan } from '../lan.ts';
import { type MqttLine, MqttWorks } from '../mqtt-works.ts';

const BROKER = '10.10.35.21';
export const CLOUD_GATEWAY = '10.10.35.22';
const DASHBOARD = '10.10.40.15';

/** The gateway, and the dashboard that follows it. */
export function usual(lan: Lan): { works: MqttWorks; gateway: MqttLine; dashboard: MqttLine } {
  const works = new MqttWorks(lan, BROKER);
  const dashboard = works.client(DASHBOARD, 'dashboard').subscribe('spBv1.0/works/#');
  const gateway = works
    .client(CLOUD_GATEWAY, 'gateway')
    .subscribe('spBv1.0/works/NCMD/gateway', 'spBv1.0/works/DCMD/gateway/#');
  gateway.birth();
  return { works, gateway, dashboard };
}

/** What passes over the broker on an ordinary morning. */
export function mqttMorning(lan: Lan): void {
  const { gateway, dashboard } = usual(lan);
  for (let i = 0; i < 40; i++) {
    lan.wait(2);
    gateway.level(2.5 + 0.01 * (i % 7));
    if (i % 10 === 5) dashboard.command(gateway, 2.4 + 0.1 * (i % 3));
  }
  lan.wait(1);
}
