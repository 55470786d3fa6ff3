/** The monitor: frames in, alerts and everything else that can be known from them out. */
import type { DissectorFactory, FrameSink, ProtocolEvent } from '@penstock/core';
import { type Alert, AlertBook, type AlertRate, type AlertSink, type IncidentReport } from './alerts/index.ts';
import { Baseline } from './baseline/index.ts';
import type { DetectorModule } from './detectors/detector.ts';
import { DETECTORS } from './detectors/registry.ts';
import { type Dropped, MonitorPipeline } from './events/pipeline.ts';
import { DISSECTORS } from './events/registry.ts';
import type { EvidencePacket } from './flows/evidence.ts';
import type { Flow } from './flows/flow.ts';
import { Hosts } from './hosts.ts';
import { compareInventory, type Difference } from './inventory/differences.ts';
import type { DeviceReport } from './inventory/index.ts';
import { Judge } from './judge.ts';
import { type KnownAsset, type OwnerKnowledge, ownerKnowledgeSchema } from './knowledge.ts';
import { SensorHealth } from './sensor/index.ts';
import type { Rule, RuleSet } from './sigma/rules.ts';
import type { FlowView } from './subject.ts';
import type { WatchedTag } from './watch/index.ts';

export interface MonitorOptions {
  /** What the owner imported; without it the monitor speaks of addresses and raw values. */
  readonly knowledge?: OwnerKnowledge | undefined;
  /** What is normal. In `learn` mode it is added to. */
  readonly baseline?: Baseline | undefined;
  readonly rules: RuleSet;
  /** `learn`: the traffic is vouched for and becomes the baseline; rules that need one stay silent. */
  readonly mode: 'learn' | 'watch';
  /** Microseconds since 1970 from which alerts' seconds count; the first frame's time when left out. */
  readonly startEpoch?: number | undefined;
  readonly sinks?: readonly AlertSink[] | undefined;
  /** Sees every event with its flow, before it is judged (Zeek logs). */
  readonly onEvent?: ((event: ProtocolEvent, flow: Flow) => void) | undefined;
  /** Rules and detectors that stay silent. */
  readonly except?: ((rule: Rule | DetectorModule) => boolean) | undefined;
  readonly dissectors?: readonly DissectorFactory[] | undefined;
  readonly detectors?: readonly DetectorModule[] | undefined;
  readonly maxFlows?: number | undefined;
  readonly evidenceBytes?: number | undefined;
  /** Goes into the flows' ids. */
  readonly seed?: number | undefined;
}

export interface MonitorDropped extends Dropped {
  /** Devices, conversations, request shapes and polls that found no room. */
  judgement: number;
  /** Devices that the inventory did not take in. */
  devices: number;
  /** Registers and points that the process watch did not follow. */
  points: number;
  /** Groups that correlations forgot. */
  correlationGroups: number;
  /** Entries that the baseline had no room for. */
  baselineEntries: number;
  /** Findings that were only counted because their rule raised too many alerts; alerts that were let go. */
  limitedAlerts: number;
  discardedAlerts: number;
}

export interface MonitorResult {
  readonly packets: number;
  readonly bytes: number;
  /** Frames that could not be judged: damaged, of an unknown link type, or fragments of packets that never became whole. */
  readonly dropped: number;
  readonly droppedBy: MonitorDropped;
  readonly events: Readonly<Record<string, number>>;
  readonly devices: readonly DeviceReport[];
  /** Against the owner's list; empty where there is none. */
  readonly differences: readonly Difference[];
  readonly alerts: readonly Alert[];
  readonly incidents: readonly IncidentReport[];
  readonly alertRate: AlertRate;
  readonly rules: {
    readonly count: number;
    readonly hash: string;
    /** Rules that could not hit, for want of a baseline. */
    readonly idle: readonly string[];
  };
  readonly baseline: 'none' | 'learning' | 'ready';
}

/** What `penstock monitor --json` prints. `seconds` is wall time. */
export interface MonitorSummary extends MonitorResult {
  readonly source: string;
  readonly seconds: number;
  readonly packetsPerSecond: number;
}

/** Request, acknowledgement and answer. */
const PACKETS_PER_EVENT = 3;
const NO_KNOWLEDGE = ownerKnowledgeSchema.parse({ version: 1 });

/**
 * One monitor for one run or capture. Same frames, rules, knowledge and baseline: same alerts, byte for byte. Time is event time
 * only; nothing in it throws, whatever the frames hold.
 */
export class Monitor implements FrameSink {
  /** What is normal; in `learn` mode it grows. */
  readonly baseline: Baseline;
  readonly #pipeline: MonitorPipeline;
  readonly #judge: Judge;
  readonly #alerts: AlertBook;
  readonly #rules: RuleSet;
  readonly #sensor: SensorHealth;
  readonly #assets: readonly KnownAsset[];
  #begun = false;
  #last = Number.NEGATIVE_INFINITY;

  constructor(options: MonitorOptions) {
    const knowledge = options.knowledge ?? NO_KNOWLEDGE;
    this.baseline = options.baseline ?? new Baseline(knowledge.plant);
    this.#rules = options.rules;
    this.#assets = knowledge.assets;
    this.#alerts = new AlertBook(options.sinks ?? [], options.startEpoch);
    this.#judge = new Judge({
      hosts: new Hosts(knowledge),
      rules: options.rules,
      detectors: options.detectors ?? DETECTORS,
      baseline: this.baseline,
      learning: options.mode === 'learn',
      alerts: this.#alerts,
      except: options.except,
      evidence: (flow, numbers) => this.#packets(flow, numbers),
    });
    const { onEvent } = options;
    const judge = this.#judge;
    this.#pipeline = new MonitorPipeline({
      dissectors: options.dissectors ?? DISSECTORS,
      onEvent:
        onEvent === undefined
          ? (event, flow) => judge.event(event, flow)
          : (event, flow) => {
              onEvent(event, flow);
              judge.event(event, flow);
            },
      onFlow: (flow, time) => judge.opened(flow, time),
      maxFlows: options.maxFlows,
      evidenceBytes: options.evidenceBytes,
      seed: options.seed,
    });
    this.#sensor = new SensorHealth(
      (event, time) => judge.sensor(event, time),
      () => {
        const { flowsEvicted, ...counters } = this.#pipeline.health();
        return { ...counters, overload: { ...this.#overload(), flows: flowsEvicted } };
      },
      () => (judge.baselineReady ? this.baseline.period : null),
    );
  }

  frame(time: number, buffer: Uint8Array, start: number, end: number, linkType: number, wireLength?: number): void {
    if (!this.#begun) {
      this.#begun = true;
      this.#alerts.begin(time);
    }
    const last = this.#last;
    if (time >= this.#sensor.due) this.#sensor.look(time, last);
    if (time > last) this.#last = time;
    else if (time < last && this.#sensor.backwards(time, last)) this.#last = time;
    this.#pipeline.frame(time, buffer, start, end, linkType, wireLength ?? end - start);
  }

  /** Event time has come this far although no frame did. */
  advance(time: number): void {
    if (this.#begun && time >= this.#sensor.due) this.#sensor.look(time, this.#last);
    this.#pipeline.advance(time);
  }

  /** What the capturing system says of itself, as totals so far: packets that it lost, or cut at its snap length. */
  captured(totals: { readonly lost: number; readonly cut: number; readonly packets: number }): void {
    this.#sensor.captured(totals, this.#last);
  }

  /** No more frames will come: open conversations become events now. */
  finish(): void {
    if (!this.#begun) return;
    this.#pipeline.flush(this.#last);
    this.#judge.tally();
    this.#sensor.finish(this.#last);
  }

  /** Ends learning; what was learned is normal from the next packet on. */
  stopLearning(): void {
    this.#judge.stopLearning();
  }

  get mode(): 'learn' | 'watch' {
    return this.#judge.learning ? 'learn' : 'watch';
  }

  /** Microseconds since 1970 from which alerts' seconds count; 0 before the first packet where it was not given. */
  get startEpoch(): number {
    return this.#alerts.startEpoch ?? 0;
  }

  get alerts(): readonly Alert[] {
    return this.#alerts.alerts;
  }

  get incidents(): readonly IncidentReport[] {
    return this.#alerts.incidents;
  }

  /** Tags as polls and writes on the wire show them. */
  tags(): WatchedTag[] {
    return this.#judge.watch.tags();
  }

  devices(): DeviceReport[] {
    this.#judge.tally();
    return this.#judge.inventory.report((time) => this.#alerts.seconds(time));
  }

  /** An alert's packets as they were captured, while they are kept. */
  evidence(alertId: string): readonly EvidencePacket[] {
    return this.#alerts.evidence(alertId);
  }

  result(): MonitorResult {
    const { packets, bytes, events, dropped } = this.#pipeline.summary();
    const judge = this.#judge;
    const devices = this.devices();
    const { alerts: discardedAlerts, ...overload } = this.#overload();
    let limited = 0;
    for (const count of this.#alerts.limited.values()) limited += count;
    return {
      packets,
      bytes,
      dropped: dropped.malformed + dropped.unknownLink + dropped.fragments,
      droppedBy: {
        ...dropped,
        ...overload,
        limitedAlerts: limited,
        discardedAlerts,
      },
      events,
      devices,
      differences: compareInventory(devices, this.#assets),
      alerts: this.alerts,
      incidents: this.incidents,
      alertRate: this.#alerts.rate(this.#begun ? this.#last : 0),
      rules: {
        count: this.#rules.rules.length,
        hash: this.#rules.hash,
        idle: judge.baselineReady
          ? []
          : this.#rules.rules.filter((r) => r.alerts && r.needsBaseline).map((r) => r.name),
      },
      baseline: judge.learning ? 'learning' : judge.baselineReady ? 'ready' : 'none',
    };
  }

  /** `result` as the command prints it. @param wallSeconds how long it took by the clock on the wall */
  summary(source: string, wallSeconds: number): MonitorSummary {
    const result = this.result();
    const { packets, bytes, ...rest } = result;
    const packetsPerSecond = wallSeconds > 0 ? Math.round(packets / wallSeconds) : 0;
    return { source, packets, bytes, seconds: wallSeconds, packetsPerSecond, ...rest };
  }

  /** What found no room, by what it is. */
  #overload() {
    const judge = this.#judge;
    return {
      judgement: judge.dropped,
      devices: judge.inventory.dropped,
      points: judge.watch.dropped,
      correlationGroups: judge.engine.forgotten,
      baselineEntries: this.baseline.dropped,
      alerts: this.#alerts.discarded,
    };
  }

  /** Packets by their numbers; the newest ones of the flow when no numbers are given. */
  #packets(flow: FlowView, numbers: readonly number[]): readonly EvidencePacket[] {
    const kept = this.#pipeline.evidence;
    if (kept === undefined) return [];
    if (numbers.length === 0) return kept.packetsOf(flow as Flow, PACKETS_PER_EVENT);
    return numbers.map((number) => kept.packet(number)).filter((packet) => packet !== undefined);
  }
}
