/**
 * Every rule has a capture that fires it and one that does not, both as files beside the rules. They are what `monitor/test/rule-captures.ts`
 * says; `node monitor/test/rule-captures.ts` writes them anew.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Baseline } from '../baseline/index.ts';
import { DETECTORS } from '../detectors/registry.ts';
import { loadKnowledge } from '../knowledge.ts';
import { Monitor } from '../monitor.ts';
import { listRules } from '../rule-list.ts';
import { readCapture } from '../test/capture-bytes.ts';
import { Lan } from '../test/lan.ts';
import { RULE_SCENES } from '../test/rule-captures.ts';
import { ordinaryMorning, SCADA, STRANGER } from '../test/rule-scenes/scene.ts';
import { libraryRules } from '../test/works.ts';

const CAPTURES = new URL('./captures/', import.meta.url);
const knowledge = loadKnowledge(new URL('owner.yaml', CAPTURES));

const learned = (() => {
  const monitor = new Monitor({ knowledge, rules: libraryRules(), mode: 'learn' });
  readCapture(readFileSync(new URL('normal.pcap', CAPTURES)), monitor);
  monitor.finish();
  return JSON.stringify(monitor.baseline);
})();

function judge(play: (monitor: Monitor) => void): Monitor {
  const baseline = Baseline.from(JSON.parse(learned));
  const monitor = new Monitor({
    knowledge,
    baseline,
    rules: libraryRules(),
    detectors: DETECTORS,
    mode: 'watch',
    evidenceBytes: 1 << 20,
  });
  play(monitor);
  monitor.finish();
  return monitor;
}

const raised = (monitor: Monitor): string[] => [...new Set(monitor.alerts.map((alert) => alert.rule))].sort();
const bytes = (name: string): Uint8Array => readFileSync(new URL(name, CAPTURES));

describe('captures of the rules', () => {
  it('are silent on the ordinary morning that is learned', () => {
    const monitor = judge((m) => readCapture(bytes('normal.pcap'), m));
    expect(monitor.alerts.map((a) => `${a.rule}: ${a.message}`)).toEqual([]);
  });

  describe.each(Object.entries(RULE_SCENES))('%s', (rule, { source, fires, silent }) => {
    it('fires on its capture', () => {
      expect(raised(judge((m) => readCapture(bytes(`${rule}.fires.pcap`), m)))).toContain(rule);
    });

    it('is silent on what looks alike', () => {
      expect(raised(judge((m) => readCapture(bytes(`${rule}.silent.pcap`), m)))).not.toContain(rule);
    });

    it('has files that say what the scenes say', () => {
      for (const [name, act] of [
        ['fires', fires],
        ['silent', silent],
      ] as const) {
        const lan = new Lan();
        act(lan, source);
        const frames: string[] = [];
        readCapture(bytes(`${rule}.${name}.pcap`), {
          frame: (time, buffer, start, end) =>
            void frames.push(`${time} ${Buffer.from(buffer.subarray(start, end)).toString('hex')}`),
        });
        expect(frames).toEqual(lan.frames.map((f) => `${f.time} ${Buffer.from(f.bytes).toString('hex')}`));
      }
    });
  });

  const blind = listRules(libraryRules()).filter((rule) => !rule.knowsSources && RULE_SCENES[rule.id] !== undefined);
  it.each(blind.map((rule) => rule.id))('%s fires whoever does it', (rule) => {
    const { source, fires } = RULE_SCENES[rule] as (typeof RULE_SCENES)[string];
    const lan = new Lan();
    fires(lan, source === STRANGER ? SCADA : STRANGER);
    expect(raised(judge((m) => lan.play(m)))).toContain(rule);
  });
});

describe('ordinary morning', () => {
  it('is the file that is learned from', () => {
    const lan = new Lan();
    ordinaryMorning(lan);
    let frames = 0;
    readCapture(bytes('normal.pcap'), { frame: () => void frames++ });
    expect(frames).toBe(lan.frames.length);
  });
});
