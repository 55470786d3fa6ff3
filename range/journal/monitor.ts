/** What the monitor said, as rows that another tool can query while the run goes on. */
import type { Alert, AlertSink, EvidencePacket, Incident } from '@penstock/monitor';
import { JournalStore } from './store.ts';

const VERSION = 1;
const TABLES = [
  {
    name: 'alert',
    columns:
      'alert TEXT, time REAL, rule TEXT, severity TEXT, techniques TEXT, device TEXT, tag TEXT, old_value REAL, new_value REAL, unit TEXT, source TEXT, message TEXT, why TEXT, packets TEXT, incident TEXT',
    limit: 100_000,
  },
  { name: 'repetition', columns: 'alert TEXT, time REAL, count INTEGER', limit: 200_000 },
  {
    name: 'incident',
    columns: 'incident TEXT, asset TEXT, severity TEXT, first REAL, last REAL, alerts INTEGER',
    limit: 100_000,
  },
  { name: 'evidence', columns: 'alert TEXT, packet INTEGER, bytes BLOB', limit: 50_000 },
] as const;

export class MonitorJournal implements AlertSink {
  readonly #store: JournalStore;

  /** @throws PenstockError `journal.unwritable` */
  constructor(path: string) {
    this.#store = new JournalStore(path, VERSION, TABLES);
  }

  alert(alert: Alert, packets: readonly EvidencePacket[]): void {
    const {
      id,
      time,
      rule,
      severity,
      techniques,
      device,
      tag,
      oldValue,
      newValue,
      unit,
      source,
      message,
      why,
      incident,
    } = alert;
    const numbers = alert.packets.join(' ');
    const words = techniques.join(' ');
    this.#store.insert(
      'alert',
      id,
      time,
      rule,
      severity,
      words,
      device,
      tag,
      oldValue,
      newValue,
      unit,
      source,
      message,
      why,
      numbers,
      incident,
    );
    for (const packet of packets) this.#store.insert('evidence', id, packet.number, packet.bytes);
  }

  repeated(alert: Alert): void {
    this.#store.insert('repetition', alert.id, alert.lastTime, alert.count);
  }

  incident(incident: Incident): void {
    const { id, asset, severity, from, to, alertCount } = incident;
    this.#store.insert('incident', id, asset, severity, from, to, alertCount);
  }

  commit(): void {
    this.#store.commit();
  }

  close(): void {
    this.#store.close();
  }
}
