/** DNP3: a remote booster station, its master over a radio link, and who else speaks to it. */
import {
  allOf,
  FUNCTION,
  indexed,
  latch,
  type ObjectBlock,
  PRIMARY,
  rangeOf,
  setPoint,
  valuesFrom,
  valuesOf,
} from '@penstock/protocols/dnp3';
import { Booster, Dnp3Line, Dnp3Tool } from '../dnp3-line.ts';
import type { Lan } from '../lan.ts';
import { usualWork } from './booster.ts';
import { announced, BOOSTER, ENGINEERING, SCADA, type Scene, STRANGER } from './scene.ts';

const usual = (lan: Lan, time = 60): Dnp3Line => usualWork(lan, SCADA, BOOSTER, time);

const mode = (on: boolean): ObjectBlock => indexed(12, 1, [{ index: 0, value: latch(on) }]);
const order = (value: number): ObjectBlock => indexed(41, 3, [{ index: 0, value: setPoint(value) }]);
const tool = (lan: Lan, from: string, options: ConstructorParameters<typeof Dnp3Tool>[3] = {}): Dnp3Tool =>
  new Dnp3Tool(lan, from, BOOSTER, options);

/** Something that nobody announced; in the silent case the same under a work order. */
const unannounced = (act: (tool: Dnp3Tool) => void, from = STRANGER): Scene => ({
  source: from,
  fires: (lan, source) => act(tool(lan, source)),
  silent: (lan) => act(tool(announced(lan), ENGINEERING)),
});

const files = {
  type: 'file-command',
  created: 0,
  permissions: 0o644,
  key: 0,
  size: 30,
  maxBlock: 512,
  requestId: 1,
} as const;
const opened = (name: string, openMode: number): ObjectBlock => ({
  ...{ group: 70, variation: 3, qualifier: 0x5b, range: { kind: 'sized' } },
  items: [{ index: 0, value: { ...files, name, mode: openMode } }],
});

export const dnp3Scenes: Readonly<Record<string, Scene>> = {
  'dnp3-direct-operate': {
    source: SCADA,
    fires: (lan, from) => void tool(lan, from).say(FUNCTION.directOperate, [order(5.1)]),
    silent: (lan) =>
      void usual(lan).work((master, now) => master.command([{ index: 0, value: setPoint(5.1) }], 'select', now)),
  },
  'dnp3-select-mismatch': {
    source: SCADA,
    fires: (lan, from) =>
      void tool(lan, from)
        .say(FUNCTION.select, [order(5.1)])
        .say(FUNCTION.operate, [order(9)]),
    // The answer to the OPERATE was lost on the radio: it comes again, and is still about the same.
    silent: (lan, from) => {
      tool(lan, from)
        .say(FUNCTION.select, [order(5.1)], { seq: 3 })
        .say(FUNCTION.operate, [order(5.1)], { seq: 4 })
        .say(FUNCTION.operate, [order(5.1)], { seq: 4 });
    },
  },
  'dnp3-restart': unannounced((line) => line.say(FUNCTION.warmRestart)),
  'dnp3-application-control': unannounced((line) => line.say(FUNCTION.stopApplication, [allOf(60, 1)])),
  'dnp3-configuration': unannounced((line) => line.say(FUNCTION.saveConfiguration)),
  'dnp3-unsolicited-disabled': {
    source: STRANGER,
    fires: (lan, from) =>
      void tool(lan, from).say(FUNCTION.disableUnsolicited, [allOf(60, 2), allOf(60, 3), allOf(60, 4)]),
    // As the master does when it comes back.
    silent: (lan) => void usual(lan, 20),
  },
  'dnp3-unsolicited-storm': {
    source: SCADA,
    fires: (lan, from) => flood(tool(lan, from), 400, 0.1),
    silent: (lan, from) => flood(tool(lan, from), 100, 0.5),
  },
  'dnp3-file-write': unannounced((line) => line.say(FUNCTION.openFile, [opened('booster.st', 2)])),
  'dnp3-file-read': unannounced((line) => line.say(FUNCTION.openFile, [opened('booster.st', 1)])),
  'dnp3-clock-set': {
    source: STRANGER,
    fires: (lan, from) => setClock(tool(lan, from), 2),
    silent: (lan) => void usual(lan, 20).work((master, now) => master.setTime(now)),
  },
  'dnp3-time-far': {
    source: SCADA,
    fires: (lan, from) => setClock(tool(lan, from), -3600),
    silent: (lan, from) => setClock(tool(lan, from), 1),
  },
  'dnp3-freeze': unannounced((line) => line.say(FUNCTION.freezeClear, [allOf(20, 0)])),
  'dnp3-address-shared': {
    source: STRANGER,
    fires: (lan, from) => void tool(lan, from).say(FUNCTION.read, [allOf(60, 1)]),
    // Another master, with an address of its own.
    silent: (lan) => void tool(lan, ENGINEERING, { master: 2 }).say(FUNCTION.read, [allOf(60, 1)]),
  },
  'dnp3-broadcast': {
    source: STRANGER,
    fires: (lan, from) => void tool(lan, from).say(FUNCTION.directOperateNoAck, [mode(true)], {}, 0xffff),
    silent: (lan, from) => void tool(lan, from).say(FUNCTION.recordCurrentTime, [], {}, 0xffff),
  },
  'dnp3-replay': {
    source: STRANGER,
    fires: (lan, from) => {
      const line = tool(lan, SCADA).say(FUNCTION.directOperate, [order(6)], { seq: 5 });
      for (let seq = 6; seq < 12; seq++) line.say(FUNCTION.read, [allOf(60, 2)], { seq });
      lan.wait(300);
      tool(lan, from).say(FUNCTION.directOperate, [order(6)], { seq: 5 });
    },
    // A retry at once, and later the same command under its own number.
    silent: (lan, from) => {
      const line = tool(lan, from).say(FUNCTION.directOperate, [order(6)], { seq: 5 });
      lan.wait(5);
      line.say(FUNCTION.directOperate, [order(6)], { seq: 5 });
      for (let seq = 6; seq < 5 + 16; seq++) {
        lan.wait(5);
        line.say(FUNCTION.read, [allOf(60, 2)], { seq: seq & 15 });
      }
      line.say(FUNCTION.directOperate, [order(6)], { seq: 5 });
    },
  },
  'dnp3-function-scan': {
    source: STRANGER,
    fires: (lan, from) => {
      const line = tool(lan, from);
      for (const code of [FUNCTION.activateConfiguration, FUNCTION.authenticateRequest, 40, 41, 42]) line.say(code);
    },
    silent: (lan, from) => void tool(lan, from).say(FUNCTION.activateConfiguration).say(FUNCTION.delayMeasure),
  },
  'dnp3-point-scan': {
    source: STRANGER,
    fires: (lan, from) => {
      const line = tool(lan, from);
      for (let start = 0; start < 80; start += 10) line.say(FUNCTION.read, [rangeOf(30, 0, start, start + 9)]);
    },
    silent: (lan, from) => {
      const line = tool(lan, from);
      for (let again = 0; again < 8; again++) line.say(FUNCTION.read, [rangeOf(30, 0, 0, 9)]);
    },
  },
  'dnp3-rogue-master': {
    source: STRANGER,
    fires: (lan, from) => void tool(lan, from, { master: 2 }).say(FUNCTION.read, [allOf(60, 1)]),
    silent: (lan) => void usual(lan, 20),
  },
  'dnp3-dead-band': unannounced((line) =>
    line.say(FUNCTION.write, [valuesFrom(34, 2, 0, [{ type: 'analog', value: 1e6 }])]),
  ),
  'dnp3-assign-class': unannounced((line) => line.say(FUNCTION.assignClass, [allOf(60, 1), allOf(30, 0)])),
  'dnp3-identity-read': unannounced((line) => line.say(FUNCTION.read, [rangeOf(0, 254, 0, 0)])),
  'dnp3-events-lost': {
    source: SCADA,
    fires: (lan) => changes(lan, 40),
    silent: (lan) => changes(lan, 3),
  },
  'dnp3-point-forced': quality(0x11),
  'dnp3-point-lost': quality(0x04),
  'dnp3-address-scan': {
    source: STRANGER,
    fires: (lan, from) => {
      const line = tool(lan, from);
      for (let to = 1; to <= 12; to++) line.link(PRIMARY.requestLinkStatus, to);
    },
    silent: (lan, from) => {
      const line = tool(lan, from);
      for (let again = 0; again < 12; again++) line.link(PRIMARY.requestLinkStatus);
    },
  },
};

/** Reports as a broken station, or somebody in its place, sends them: without waiting for a confirmation. */
function flood(line: Dnp3Tool, count: number, apart: number): void {
  for (let i = 0; i < count; i++) {
    line.lan.wait(apart);
    line.answer({
      control: { fir: true, fin: true, con: true, uns: true, seq: i & 15 },
      function: FUNCTION.unsolicitedResponse,
      iin: 0,
      objects: [indexed(2, 1, [{ index: 0, value: { type: 'binary', value: i % 2 === 0, flags: 1 } }])],
    });
  }
}

function setClock(line: Dnp3Tool, ahead: number): void {
  line.say(FUNCTION.write, [valuesOf(50, 1, [{ type: 'time', time: line.lan.time / 1000 + ahead * 1000 }])]);
}

/** The station's contact moves so often while nobody asks. */
function changes(lan: Lan, count: number): void {
  const booster = new Booster(lan, { events: { binary: 10 }, unsolicited: undefined, scanEvery: 'never' });
  const line = new Dnp3Line(lan, SCADA, BOOSTER, { booster }).run(10);
  for (let i = 0; i < count; i++) {
    booster.values[0] = i % 2;
    booster.outstation.scan(0 as Parameters<typeof booster.outstation.scan>[0]);
  }
  line.run(20);
}

/** The flags of the pressure change, in the silent case while it is worked on. */
function quality(flags: number): Scene {
  const act = (lan: Lan): void => {
    const line = usual(lan, 20);
    line.booster.flags[1] = flags;
    line.run(20);
  };
  return {
    source: SCADA,
    fires: act,
    silent: (lan) => void usual(lan, 40),
  };
}
