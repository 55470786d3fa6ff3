/** A panel that is a client of the SCADA server over OPC UA. */
import type { Lan } from '../lan.ts';
import { OPERATOR, OpcUaLine } from '../opcua-line.ts';

/** Who it says that it is. */
export const PANEL = { ...OPERATOR, applicationUri: 'urn:works:panel', applicationName: 'Panel' };

/** What the panel and the SCADA server say to each other on an ordinary morning. */
export function opcuaMorning(lan: Lan, panel: string, scada: string): void {
  const line = new OpcUaLine(lan, panel, scada, PANEL);
  for (let i = 0; i < 12; i++) {
    lan.wait(1);
    line.read('AIC401', 'AIT402', 'FIT101', 'LIT101');
    if (i % 5 === 3) line.write('AIC401', 7.5 + 0.5 * (i % 4));
  }
  line.close();
}
