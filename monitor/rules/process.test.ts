/** The rules of the process watch: for each, traffic that must raise it and traffic that must not. */
import { describe, expect, it } from 'vitest';
import type { Baseline } from '../baseline/index.ts';
import type { OwnerKnowledge, WorkOrder } from '../knowledge.ts';
import { ownerKnowledgeSchema } from '../knowledge.ts';
import { DOSING, FILTERS, float, knowledge, order, SCADA, STRANGER, type TestFlow, Traffic } from '../test/works.ts';

/** What the controller answers: pH and pump speed as raw registers, set point, mode. */
interface Answers {
  ph: number;
  speed: number;
  target: number;
  mode: number;
}

const CALM: Answers = { ph: 830, speed: 400, target: 8, mode: 0 };
const MASS_BALANCE = {
  id: 'speed-follows-order',
  name: 'The pump turns as the order says',
  holds: 'abs(SC401 - 5 * AIC401) <= 2',
  for: '10s',
  unless: 'HS401 == 1',
  settles: '20s',
  accuses: ['SC401'],
  matters: 'Lye is fed by this pump.',
};

/** A repeatable noise of 0 to 39 raw steps. */
function noise(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * 40);
  };
}

class Works {
  readonly traffic: Traffic;
  flow: TestFlow;
  readonly draw = noise(7);

  constructor(options: { knowledge?: OwnerKnowledge; baseline?: Baseline; learning?: boolean } = {}) {
    this.traffic = new Traffic({ knowledge: options.knowledge ?? knowledge(), ...options });
    this.flow = this.traffic.open(SCADA, DOSING);
  }

  /** One round of polls a second; `answer` says what comes. */
  poll(seconds: number, answer: (second: number) => Partial<Answers> = () => ({})): this {
    for (let second = 0; second < seconds; second++) {
      const { ph, speed, target, mode } = { ...CALM, ...answer(second) };
      this.traffic.read(this.flow, 'holding', 10, float(target));
      this.traffic.read(this.flow, 'holding', 20, [speed]);
      this.traffic.read(this.flow, 'input', 0, [ph]);
      this.traffic.read(this.flow, 'coil', 3, [mode]);
      this.traffic.wait(1);
    }
    return this;
  }

  /** pH and speed move with their noise. */
  noisy(seconds: number): this {
    return this.poll(seconds, () => ({ ph: 810 + this.draw(), speed: 400 + (this.draw() % 8) }));
  }

  get raised(): string[] {
    return this.traffic.raised;
  }
}

/** What is learned from ten minutes with noise. */
function learned(workOrders: readonly WorkOrder[] = []): Baseline {
  return new Works({ learning: true, knowledge: knowledge(workOrders) }).noisy(600).traffic.baseline;
}
const watching = (workOrders: readonly WorkOrder[] = []): Works =>
  new Works({ baseline: learned(), knowledge: knowledge(workOrders) });
const withInvariant = (more: Partial<typeof MASS_BALANCE> & { severity?: 'high' | 'low' } = {}): OwnerKnowledge =>
  ownerKnowledgeSchema.parse({ ...knowledge(), invariants: [{ ...MASS_BALANCE, ...more }] });

describe('reading-moves-too-fast', () => {
  const limited = (): OwnerKnowledge => {
    const known = knowledge();
    return { ...known, tags: known.tags.map((tag) => (tag.id === 'AIT402' ? { ...tag, rate: 0.05 } : tag)) };
  };

  it('believes the owner: what moves faster than physics allows is told, and what does not is not', () => {
    const works = new Works({ knowledge: limited() }).poll(30, (second) => ({ ph: 830 + 4 * (second % 2) }));
    expect(works.raised).toEqual([]);
    works.poll(5, () => ({ ph: 890 }));
    expect(works.traffic.alert('reading-moves-too-fast')).toMatchObject({
      severity: 'medium',
      tag: 'AIT402',
      oldValue: 8.34,
      newValue: 8.9,
      device: 'dosing-plc',
    });
  });

  it('believes three times what it learned, and takes longer between two polls into account', () => {
    const works = watching().noisy(60);
    works.poll(1, () => ({ ph: 950 }));
    expect(works.raised).toEqual([]);
    works.poll(1, () => ({ ph: 700 }));
    expect(works.traffic.alert('reading-moves-too-fast')).toMatchObject({ severity: 'low', tag: 'AIT402' });
    const slow = watching().noisy(60);
    slow.traffic.wait(15);
    slow.poll(1, () => ({ ph: 700 }));
    expect(slow.raised).not.toContain('reading-moves-too-fast');
  });

  it('stays silent while the instrument is worked on', () => {
    const works = watching([order(['dosing-plc'], 0, 3600)]).noisy(60);
    works.poll(1, () => ({ ph: 400 }));
    expect(works.raised).not.toContain('reading-moves-too-fast');
  });

  it('judges a set point by the owner alone, in what one write changes', () => {
    const known = knowledge();
    const tags = known.tags.map((tag) => (tag.id === 'AIC401' ? { ...tag, rate: 2 } : tag));
    const works = new Works({ knowledge: { ...known, tags } }).poll(5);
    works.traffic.write(works.flow, 10, float(9.5));
    expect(works.raised).toEqual([]);
    works.traffic.wait(60).write(works.flow, 10, float(14));
    expect(works.traffic.alert('reading-moves-too-fast')).toMatchObject({ tag: 'AIC401', source: 'scada' });
  });
});

describe('changed-without-command', () => {
  it('tells a set point or mode that changes by itself', () => {
    const works = watching()
      .noisy(60)
      .poll(5, () => ({ target: 11, mode: 1 }));
    expect(works.traffic.alerts.map((a) => [a.rule, a.severity, a.tag, a.oldValue, a.newValue])).toEqual([
      ['changed-without-command', 'medium', 'AIC401', 8, 11],
      ['changed-without-command', 'medium', 'HS401', 0, 1],
    ]);
    const bare = new Works().poll(60).poll(5, () => ({ target: 11 }));
    expect(bare.traffic.alerts.map((a) => [a.rule, a.severity])).toEqual([['changed-without-command', 'low']]);
  });

  it('stays silent for what was written, whoever wrote it, and for what the controller adjusts after an order', () => {
    const works = new Works().poll(60);
    works.traffic.write(works.flow, 10, float(9));
    works.poll(60, () => ({ target: 9 }));
    works.traffic.write(works.traffic.open('10.10.2.30', DOSING), 10, float(10));
    works.poll(60, () => ({ target: 10 }));
    works.traffic.coil(works.flow, 3, 1);
    works.poll(1, () => ({ target: 10, mode: 1 })).poll(10, () => ({ target: 10.25, mode: 1 }));
    expect(works.raised).not.toContain('changed-without-command');
  });

  it('stays silent for what moved by itself while learning, and for announced work', () => {
    const own = (second: number) => ({ target: second < 30 ? 8 : 9 });
    const { baseline } = new Works({ learning: true }).poll(60, own).traffic;
    const usual = new Works({ baseline }).poll(60, own);
    const announced = new Works({ knowledge: knowledge([order(['dosing-plc'], 0, 3600, ['engineering'])]) }).poll(
      60,
      own,
    );
    expect([...usual.raised, ...announced.raised]).toEqual([]);
  });
});

describe('set-point-not-kept and mode-not-kept', () => {
  it('sees it on coils, 32-bit pairs of either word order, masks and read/write requests', () => {
    const known = knowledge();
    const points = known.points.map((point) =>
      point.tag === 'AIC401' && point.modbus
        ? { ...point, modbus: { ...point.modbus, wordOrder: 'little' as const } }
        : point,
    );
    const works = new Works({ knowledge: { ...known, points } });
    const { traffic, flow } = works;
    const shows = (): string[] => traffic.alerts.map((a) => `${a.rule} ${a.tag} ${a.newValue}`);
    const [high, low] = float(9) as [number, number];
    traffic.write(flow, 10, [low, high]);
    traffic.wait(1).read(flow, 'holding', 10, [low, high]);
    expect(shows()).toEqual([]);
    traffic.read(flow, 'holding', 10, [float(8)[1] as number, float(8)[0] as number]);
    traffic.coil(flow, 3, 1);
    traffic.wait(1).read(flow, 'coil', 0, [0, 0, 0, 0]);
    expect(shows()).toEqual(['set-point-not-kept AIC401 8', 'mode-not-kept HS401 0']);
    const rw = { unit: 1, func: 'READ_WRITE_MULTIPLE_REGISTERS', modbus_detailed_link_id: 'x' };
    traffic.wait(1e5).event(flow, 'modbus_read_write_multiple_registers', {
      ...rw,
      request_response: 'REQUEST',
      write_start_address: 10,
      write_registers: [low, high],
      read_start_address: 10,
      read_quantity: 2,
    });
    traffic.event(flow, 'modbus_read_write_multiple_registers', {
      ...rw,
      request_response: 'RESPONSE',
      read_registers: [float(7)[1] as number, float(7)[0] as number],
    });
    const mask = { unit: 1, func: 'MASK_WRITE_REGISTER', request_response: 'REQUEST', address: 10 };
    traffic.wait(1e5).event(flow, 'modbus_mask_write_register', { ...mask, and_mask: 0, or_mask: low });
    traffic.event(flow, 'modbus_mask_write_register', { ...mask, address: 11, and_mask: 0, or_mask: high });
    traffic.wait(1).read(flow, 'holding', 10, [float(7)[1] as number, float(7)[0] as number]);
    expect(shows().slice(2)).toEqual(['set-point-not-kept AIC401 7', 'set-point-not-kept AIC401 7']);
  });

  it('tells an override that comes a little later, once, and not what rounding does', () => {
    const works = new Works().poll(30);
    works.traffic.write(works.flow, 10, float(12));
    works.poll(20, (second) => ({ target: second < 10 ? 12 : 8 }));
    expect(works.raised).toEqual(['set-point-not-kept']);
    const rounds = new Works().poll(30);
    rounds.traffic.write(rounds.flow, 10, float(12.013));
    rounds.poll(20, () => ({ target: 12.01 }));
    expect(rounds.raised).toEqual([]);
  });

  it('stays silent for a button that resets itself, once that was learned', () => {
    const press = (works: Works): Works => {
      works.poll(30).traffic.coil(works.flow, 3, 1);
      return works.poll(30);
    };
    expect(press(new Works()).raised).toEqual(['mode-not-kept']);
    const { baseline } = press(new Works({ learning: true })).traffic;
    expect(press(new Works({ baseline })).raised).not.toContain('mode-not-kept');
  });
});

describe('reading-stands-still', () => {
  it('tells a measurement that froze while its neighbours move', () => {
    const works = watching().noisy(120);
    works.poll(120, () => ({ ph: 829, speed: 400 + (works.draw() % 8) }));
    expect(works.traffic.alert('reading-stands-still')).toMatchObject({ tag: 'AIT402', newValue: 8.29, count: 1 });
  });

  it('stays silent for noise, for what stood still while learning, under a work order, and for what it cannot know', () => {
    const moving = watching().noisy(300);
    const still = (works: Works): Works => works.poll(120, () => ({ ph: 829 }));
    const { baseline } = new Works({ learning: true }).noisy(300).poll(100).noisy(300).traffic;
    const usual = still(new Works({ baseline }).noisy(120));
    const announced = still(watching([order(['dosing-plc'], 0, 3600)]).noisy(120));
    const unknown = still(new Works().noisy(120));
    for (const works of [moving, usual, announced, unknown]) expect(works.raised).not.toContain('reading-stands-still');
  });

  it('learns no standstill from announced work', () => {
    const calibrated = new Works({ learning: true, knowledge: knowledge([order(['dosing-plc'], 300, 900)]) });
    calibrated.noisy(300).poll(500).noisy(300);
    const habit = calibrated.traffic.baseline.habits.of('dosing-plc', 'AIT402');
    expect(habit?.still).toBeLessThan(20);
  });
});

describe('readings-played-back', () => {
  const recorded = (works: Works, length: number): number[] => {
    const readings = Array.from({ length }, () => 810 + works.draw());
    works.poll(length, (second) => ({ ph: readings[second] as number }));
    return readings;
  };

  it('pages when a recording is played, from a bare capture, though the rest of the poll goes on', () => {
    const works = new Works().noisy(400);
    const readings = recorded(works, 120);
    works.noisy(300);
    expect(works.raised).toEqual([]);
    works.poll(120, (second) => ({ ph: readings[second] as number, speed: 400 + (works.draw() % 8) }));
    expect(works.traffic.alert('readings-played-back')).toMatchObject({
      severity: 'high',
      techniques: ['T0832', 'T1692.002', 'T0830'],
      device: 'dosing-plc',
      tag: 'AIT402',
    });
    const told = /what they told about (\d+)/.exec(works.traffic.alert('readings-played-back')?.message ?? '');
    expect(Number(told?.[1])).toBeGreaterThan(380);
    expect(Number(told?.[1])).toBeLessThan(460);
  });

  it('sees a short recording that runs in a loop, across a new connection, beside another client that sees the truth', () => {
    const works = new Works().noisy(400);
    const readings = recorded(works, 60);
    works.flow = works.traffic.open(SCADA, DOSING);
    const other = works.traffic.open(FILTERS, DOSING);
    works.poll(240, (second) => {
      works.traffic.read(other, 'input', 0, [810 + works.draw()]);
      return { ph: readings[second % 60] as number };
    });
    expect(works.raised).toEqual(['readings-played-back']);
    expect(works.traffic.alert('readings-played-back')?.source).toBe('scada');
  });

  it('sees it in the second version of an answer, where the sensor sees the true one first', () => {
    const works = new Works().noisy(400);
    const readings = recorded(works, 120);
    const { traffic, flow } = works;
    const answer = (value: number): number[] => [0, 1, 0, 0, 0, 5, 1, 4, 2, value >> 8, value & 255];
    for (let second = 0; second < 120; second++) {
      const [shown, truth] = [readings[second] as number, 810 + works.draw()];
      traffic.wait(1).read(flow, 'input', 0, [truth]);
      const versions = {
        first: answer(truth),
        second: answer(shown),
        delay: 0.001,
        mac_changed: true,
        count: second + 1,
      };
      if (shown !== truth) traffic.event(flow, 'segment_conflict', { is_orig: false, ...versions });
    }
    expect(traffic.alert('readings-played-back')).toMatchObject({ severity: 'high', tag: 'AIT402', source: 'scada' });
  });

  it('stays silent for hours of noise, for a coarse instrument, a clamped one, and for signals without noise', () => {
    const shapes: ((second: number, draw: () => number) => number)[] = [
      (_, draw) => 810 + draw(),
      (_, draw) => 830 + (draw() % 3),
      (_, draw) => Math.max(0, draw() - 30),
      (second) => 800 + (second % 50),
      (second) => 800 + 20 * (second % 3) + 7 * (second % 2),
      (second) => 800 + Math.round(100 * Math.sin(second / 37)),
    ];
    for (const shape of shapes) {
      const works = new Works();
      works.poll(4000, (second) => ({ ph: shape(second, works.draw) }));
      expect(works.raised.filter((rule) => rule === 'readings-played-back')).toEqual([]);
    }
  });
});

describe('invariant-broken', () => {
  it('tells which values contradict each other, after the time that the owner gave', () => {
    const works = new Works({ knowledge: withInvariant() }).poll(100).poll(9, () => ({ speed: 600 }));
    expect(works.raised).toEqual([]);
    works.poll(11, () => ({ speed: 600 }));
    expect(works.traffic.alert('invariant-broken')).toMatchObject({
      severity: 'medium',
      tag: 'SC401',
      device: 'dosing-plc',
      why: 'Either a value that people trust is wrong, or the plant does not do what it is told. Lye is fed by this pump.',
    });
    expect(works.traffic.alert('invariant-broken')?.message).toMatch(
      /^The pump turns as the order says does not hold at dosing-plc: .*SC401 60/,
    );
    works.poll(300, () => ({ speed: 600 }));
    expect(works.raised).toHaveLength(1);
  });

  it('takes the level from the owner', () => {
    for (const severity of ['high', 'low'] as const) {
      const works = new Works({ knowledge: withInvariant({ severity }) }).poll(100).poll(20, () => ({ speed: 600 }));
      expect(works.traffic.alert('invariant-broken')?.severity).toBe(severity);
    }
  });

  it('stays silent while it holds, while it does not apply, while it settles, and while a value is stale', () => {
    const holding = new Works({ knowledge: withInvariant() }).poll(200);
    const manual = new Works({ knowledge: withInvariant() }).poll(100);
    manual
      .poll(60, () => ({ speed: 600, mode: 1 }))
      .poll(15, () => ({ speed: 600 }))
      .poll(60);
    const brief = new Works({ knowledge: withInvariant() }).poll(100);
    for (let i = 0; i < 10; i++) brief.poll(8, () => ({ speed: 600 })).poll(6);
    const stale = new Works({ knowledge: withInvariant({ for: '30s' }) }).poll(100).poll(2, () => ({ speed: 600 }));
    for (let i = 0; i < 60; i++) stale.traffic.wait(1).read(stale.flow, 'coil', 3, [0]);
    for (const works of [holding, manual, brief, stale]) expect(works.raised).not.toContain('invariant-broken');
  });

  it('goes by what the client displays that sees most, not by who else reads', () => {
    const works = new Works({ knowledge: withInvariant() }).poll(100);
    const other = works.traffic.open(STRANGER, DOSING);
    works.poll(100, () => {
      works.traffic.read(other, 'holding', 20, [900]);
      return {};
    });
    expect(works.raised).not.toContain('invariant-broken');
  });

  it('knows means and slopes over time', () => {
    const trends = {
      holds: 'abs(rise - 36) < 10 || abs(level - 8.3) > 5',
      with: { rise: { slope: 'AIT402', over: '2m' }, level: { mean: 'AIT402', over: '2m' } },
      unless: undefined,
    };
    const ramp = (perSecond: number): Works =>
      new Works({ knowledge: withInvariant(trends as never) }).poll(400, (second) => ({
        ph: Math.round(700 + perSecond * second),
      }));
    // 0.01 pH per second are 36 per hour.
    expect(ramp(1).raised).not.toContain('invariant-broken');
    expect(ramp(0).raised).toContain('invariant-broken');
  });
});

describe('loss-of-view and stale-data', () => {
  const others = (works: Works, seconds: number, each: (flow: TestFlow) => void): void => {
    const elsewhere = works.traffic.open(SCADA, FILTERS);
    for (let i = 0; i < seconds; i++) {
      works.traffic.wait(1).read(elsewhere, 'holding', 0, [1]);
      each(works.flow);
    }
  };

  it('tells that a device refuses all that it used to tell', () => {
    const works = new Works().poll(120);
    others(works, 60, ({ ...flow }) => {
      works.traffic.modbus(works.flow, 'READ_HOLDING_REGISTERS', {
        address: 10,
        quantity: 2,
        exception_code: 'SERVER_DEVICE_FAILURE',
      });
      expect(flow.responderAddress).toBe(DOSING);
    });
    expect(works.traffic.alert('loss-of-view')).toMatchObject({ severity: 'medium', device: 'dosing-plc' });
    expect(works.traffic.alert('loss-of-view')?.message).toMatch(
      /^scada gets no values from dosing-plc any more \(refused, SERVER_DEVICE_FAILURE\): 4 tags are \d+/,
    );
  });

  it('tells that answers stay away though they are asked for', () => {
    const works = new Works().poll(120);
    others(works, 60, () => {
      works.traffic.modbus(works.flow, 'READ_INPUT_REGISTERS', { address: 0, quantity: 1, matched: false });
    });
    expect(works.traffic.alert('loss-of-view')?.message).toContain('(unanswered)');
  });

  it('tells which data are old while others come', () => {
    const works = new Works().poll(120);
    for (let i = 0; i < 60; i++) works.traffic.wait(1).read(works.flow, 'holding', 10, float(8));
    expect(works.traffic.alerts.map((a) => [a.rule, a.severity])).toEqual([['stale-data', 'low']]);
    expect(works.traffic.alert('stale-data')?.message).toContain('SC401, AIT402, HS401');
  });

  it('leaves to poll-silence what nobody asks for, and stays silent under a work order and when the sensor saw nothing', () => {
    const silent = new Works().poll(180);
    others(silent, 60, () => {});
    expect(silent.raised).toEqual(['poll-silence']);
    const announced = new Works({ knowledge: knowledge([order(['dosing-plc'], 0, 3600)]) }).poll(180);
    for (let i = 0; i < 60; i++) announced.traffic.wait(1).read(announced.flow, 'holding', 10, float(8));
    const blind = new Works().poll(180);
    blind.traffic.wait(300);
    blind.poll(30);
    expect([...announced.raised, ...blind.raised]).toEqual([]);
  });
});

describe('reading-is-no-number', () => {
  it('tells a value that is NaN once, and not one that has not come yet', () => {
    const works = new Works();
    works.traffic.read(works.flow, 'holding', 11, [0]);
    works.poll(10);
    expect(works.raised).toEqual([]);
    works.poll(10, () => ({ target: Number.NaN })).poll(3);
    expect(works.traffic.alerts.map((a) => [a.rule, a.tag, a.oldValue, a.count])).toEqual([
      ['reading-is-no-number', 'AIC401', 8, 1],
    ]);
  });
});
