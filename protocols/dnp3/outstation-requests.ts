/**
 * What an outstation does for requests that are no READ (IEEE 1815-2012, 4.4): commands, freezes, classes, time, restarts, applications and
 * files. Each answers with indications, and the objects that belong into the response.
 */
import { type Duration, type Instant, inSeconds, type WriteOutcome } from '@penstock/core';
import type { ObjectBlock } from './application.ts';
import type { Answer, Request } from './association-types.ts';
import { valuesOf } from './blocks.ts';
import type { Association } from './outstation-association.ts';
import type { FrozenCounters } from './outstation-counters.ts';
import type { ApplicationAction, OutstationClock, OutstationDevice, RestartKind } from './outstation-device.ts';
import type { FileTransfers } from './outstation-files.ts';
import type { OutputCommand, Outputs } from './outstation-outputs.ts';
import { kindOfGroup, type PointClass, type PointTable, type StaticKind } from './outstation-points.ts';
import { FUNCTION, IIN } from './tables.ts';
import { COMMAND_STATUS, type ObjectValue } from './values.ts';

/** The outstation as its requests see it. */
export interface RequestHost {
  readonly device: OutstationDevice;
  readonly tables: Readonly<Record<StaticKind, PointTable>>;
  readonly outputs: Outputs;
  readonly frozen: FrozenCounters;
  readonly clock: OutstationClock;
  readonly files: FileTransfers | undefined;
  readonly mostControls: number;
  /** A command was carried out, or a counter cleared: changes are looked for now. */
  changed(now: Instant): void;
  /** A command to an output, whatever became of it. */
  commanded(command: OutputCommand, index: number, status: number, now: Instant): void;
  timeSet(now: Instant): void;
  /** @returns how long the device will be away; undefined when it does not restart */
  restart(kind: RestartKind, request: Request, now: Instant): Duration | 'executing' | undefined;
  assignClass(table: PointTable, position: number, pointClass: PointClass): void;
}

const DONE: Answer = { indications: 0 };
const UNSUPPORTED: Answer = { indications: IIN.functionNotSupported };
const UNKNOWN: Answer = { indications: IIN.objectUnknown };
const WRONG: Answer = { indications: IIN.parameterError };

/** Functions that change nothing, and are answered to those who may only read. */
const READING: ReadonlySet<number> = new Set([
  FUNCTION.read,
  FUNCTION.delayMeasure,
  FUNCTION.recordCurrentTime,
  FUNCTION.authenticateFile,
  FUNCTION.openFile,
  FUNCTION.closeFile,
  FUNCTION.abortFile,
  FUNCTION.getFileInfo,
]);

const ACTIONS: Readonly<Record<number, ApplicationAction>> = {
  [FUNCTION.initializeData]: 'initialize-data',
  [FUNCTION.initializeApplication]: 'initialize-application',
  [FUNCTION.startApplication]: 'start-application',
  [FUNCTION.stopApplication]: 'stop-application',
  [FUNCTION.saveConfiguration]: 'save-configuration',
  [FUNCTION.activateConfiguration]: 'activate-configuration',
};

export class RequestHandlers {
  readonly #host: RequestHost;
  /** When the last RECORD_CURRENT_TIME came. */
  #recorded: Instant | undefined;

  constructor(host: RequestHost) {
    this.#host = host;
  }

  /** Carries out a request that is no CONFIRM and no READ of points. */
  handle(request: Request, association: Association, now: Instant): Answer {
    const { code, port } = request;
    if (!port.mayWrite && !READING.has(code) && !isControl(code)) {
      port.refused(code);
      return UNSUPPORTED;
    }
    if (isControl(code)) return this.#control(request, association, now);
    const action = ACTIONS[code];
    if (action !== undefined) return this.#application(action, request);
    switch (code) {
      case FUNCTION.read:
        return this.#readFile(request, now);
      case FUNCTION.write:
        return this.#write(request, association, now);
      case FUNCTION.immediateFreeze:
      case FUNCTION.immediateFreezeNoAck:
      case FUNCTION.freezeClear:
      case FUNCTION.freezeClearNoAck:
      case FUNCTION.freezeAtTime:
      case FUNCTION.freezeAtTimeNoAck:
        return this.#freeze(request, now);
      case FUNCTION.coldRestart:
      case FUNCTION.warmRestart:
        return this.#restart(request, now);
      case FUNCTION.enableUnsolicited:
      case FUNCTION.disableUnsolicited:
        return enableUnsolicited(request, association);
      case FUNCTION.assignClass:
        return this.#assignClass(request);
      case FUNCTION.delayMeasure:
        // The response is made in the same instant as the request is read.
        return { indications: 0, objects: [valuesOf(52, 2, [{ type: 'delay', delay: 0 }])] };
      case FUNCTION.recordCurrentTime:
        this.#recorded = now;
        return DONE;
      default:
        return isFileFunction(code) ? this.#file(request, now) : UNSUPPORTED;
    }
  }

  clear(): void {
    this.#recorded = undefined;
  }

  #control(request: Request, association: Association, now: Instant): Answer {
    const { code, objects, port } = request;
    if (objects.length === 0) return WRONG;
    for (const { group, variation, range } of objects) {
      if ((group !== 12 || variation !== 1) && (group !== 41 || variation < 1 || variation > 4)) return UNKNOWN;
      if (range.kind !== 'indices') return WRONG;
    }
    if (!port.mayWrite) port.refused(code);
    const refused = this.#refusal(request, association, now);
    let count = 0;
    let failed = false;
    let indications = 0;
    const answered = objects.map((block) => ({
      ...block,
      items: block.items.map(({ index, value }) => {
        const command = value as OutputCommand;
        const status =
          refused !== COMMAND_STATUS.success
            ? refused
            : ++count > this.#host.mostControls
              ? COMMAND_STATUS.tooManyOperations
              : this.#carryOut(code, command, index, request, now);
        if (status !== COMMAND_STATUS.success) failed = true;
        if (status === COMMAND_STATUS.notSupported) indications = IIN.parameterError;
        return { index, value: { ...command, status } as ObjectValue };
      }),
    }));
    if (code === FUNCTION.select) {
      if (!failed) association.select(request.octets, request.sequence, now);
    } else this.#host.changed(now);
    return { indications, objects: answered };
  }

  /** A status that all commands of a request get. */
  #refusal(request: Request, association: Association, now: Instant): number {
    const selection =
      request.code === FUNCTION.operate ? association.takeSelection(request.octets, request.sequence, now) : 'selected';
    if (!request.port.mayWrite) return COMMAND_STATUS.notAuthorized;
    if (selection === 'none') return COMMAND_STATUS.noSelect;
    return selection === 'late' ? COMMAND_STATUS.timeout : COMMAND_STATUS.success;
  }

  #carryOut(code: number, command: OutputCommand, index: number, request: Request, now: Instant): number {
    const { outputs } = this.#host;
    const { writer } = request.port;
    if (code === FUNCTION.select) return outputs.check(command, index, writer);
    const isDirect = code !== FUNCTION.operate;
    const status =
      isDirect && outputs.row(command, index)?.selectRequired === true
        ? COMMAND_STATUS.noSelect
        : outputs.operate(command, index, writer, now);
    this.#host.commanded(command, index, status, now);
    return status;
  }

  /** Everything is looked at before anything is written. */
  #write(request: Request, association: Association, now: Instant): Answer {
    const { objects } = request;
    if (objects.length === 0) return WRONG;
    for (const block of objects) {
      const wrong = this.#checkWrite(block, association);
      if (wrong !== 0) return { indications: wrong };
    }
    const answers: ObjectBlock[] = [];
    let indications = 0;
    for (const block of objects) {
      const [first] = block.items;
      switch (block.group) {
        case 34:
          for (const { index, value } of block.items) this.#writeDeadband(index, value as ObjectValue);
          break;
        case 50:
          indications |= this.#writeTime(block, request, now);
          break;
        case 70:
          if (first?.value?.type === 'file-transport' && this.#host.files !== undefined)
            answers.push(this.#host.files.write(first.value, request.master, now));
          break;
        case 80:
          association.restarted = false;
          break;
        default:
          indications |= this.#writeOctets(block, request);
      }
    }
    return { indications, objects: answers };
  }

  /** Indications that refuse a block; 0 when it may be written. */
  #checkWrite(block: ObjectBlock, association: Association): number {
    const { group, variation, items, range } = block;
    if (items.length === 0 || items.some(({ value }) => value === undefined)) return IIN.parameterError;
    const { tables, device, files } = this.#host;
    switch (group) {
      case 34: {
        const isWrong = ({ index, value }: (typeof items)[number]) =>
          tables.analog.at(index) < 0 ||
          value?.type !== 'analog' ||
          !(value.value >= 0) ||
          !Number.isFinite(value.value);
        return range.kind === 'sized' || items.some(isWrong) ? IIN.parameterError : 0;
      }
      case 50:
        if (variation !== 1 && variation !== 3) return IIN.objectUnknown;
        return items.length !== 1 || (variation === 3 && this.#recorded === undefined) ? IIN.parameterError : 0;
      case 70:
        if (variation !== 5 || files === undefined) return IIN.objectUnknown;
        return items.length === 1 ? 0 : IIN.parameterError;
      case 80: {
        // Only the restart bit, and only to clear it (11.9.15).
        const isRight = ({ index, value }: (typeof items)[number]) =>
          index === 7 && value?.type === 'binary' && !value.value;
        return range.kind === 'start-stop' && association !== undefined && items.every(isRight)
          ? 0
          : IIN.parameterError;
      }
      case 110:
        if (device.writeOctets === undefined) return IIN.objectUnknown;
        return items.every(({ index }) => tables['octet-string'].at(index) >= 0) ? 0 : IIN.parameterError;
      default:
        return IIN.objectUnknown;
    }
  }

  #writeDeadband(index: number, value: ObjectValue): void {
    const { analog } = this.#host.tables;
    if (value.type === 'analog') analog.deadbands[analog.at(index)] = value.value;
  }

  /** g50v1 is the time now, g50v3 what it was when the last RECORD_CURRENT_TIME came. */
  #writeTime(block: ObjectBlock, request: Request, now: Instant): number {
    const value = block.items[0]?.value;
    if (value?.type !== 'time') return IIN.parameterError;
    const since = block.variation === 3 ? Math.round((now - (this.#recorded as Instant)) / 1000) : 0;
    const outcome = this.#host.clock.set(value.time + since, now, request.port.writer);
    if (block.variation === 3) this.#recorded = undefined;
    if (outcome === 'done') this.#host.timeSet(now);
    return indicationOf(outcome);
  }

  #writeOctets(block: ObjectBlock, request: Request): number {
    const { device, tables } = this.#host;
    let indications = 0;
    for (const { index, value } of block.items) {
      const table = tables['octet-string'];
      const point = table.points[table.at(index)] as number;
      if (value?.type === 'octets')
        indications |= indicationOf(device.writeOctets?.(point, value.octets, request.port.writer) ?? 'read-only');
    }
    return indications;
  }

  #freeze(request: Request, now: Instant): Answer {
    const { code, objects, port } = request;
    const { frozen, clock, tables } = this.#host;
    const atTime = code === FUNCTION.freezeAtTime || code === FUNCTION.freezeAtTimeNoAck;
    const clear = code === FUNCTION.freezeClear || code === FUNCTION.freezeClearNoAck;
    let when: { time: number; interval: number } | undefined;
    if (objects.length === 0) return WRONG;
    let indications = 0;
    for (const block of objects) {
      const value = block.items[0]?.value;
      if (atTime && block.group === 50 && block.variation === 2 && value?.type === 'time-interval') {
        when = value;
        continue;
      }
      if (block.group !== 20) return UNKNOWN;
      const positions = positionsOf(tables.counter, block);
      if (positions === undefined || (atTime && when === undefined)) return WRONG;
      if (when === undefined || when.time === 0) {
        if (!frozen.freeze(positions, clear, port.writer, now)) indications |= IIN.parameterError;
        if (when === undefined || when.interval === 0) continue;
      }
      // A time of 0 means now, an interval of 0 once (A.19.2).
      const ahead = when.time === 0 ? when.interval : Math.max(0, when.time - clock.read(now));
      const at = (now + ahead * 1000) as Instant;
      if (!frozen.schedule(positions, at, when.interval * 1000, port.writer))
        return { indications: IIN.alreadyExecuting };
    }
    this.#host.changed(now);
    return { indications };
  }

  #restart(request: Request, now: Instant): Answer {
    const delay = this.#host.restart(request.code === FUNCTION.coldRestart ? 'cold' : 'warm', request, now);
    if (delay === undefined) return UNSUPPORTED;
    if (delay === 'executing') return { indications: IIN.alreadyExecuting };
    const milliseconds = Math.ceil(inSeconds(delay) * 1000);
    const block =
      milliseconds <= 0xffff
        ? valuesOf(52, 2, [{ type: 'delay', delay: milliseconds }])
        : valuesOf(52, 1, [{ type: 'delay', delay: Math.min(0xffff, Math.ceil(inSeconds(delay))) }]);
    return { indications: 0, objects: [block] };
  }

  #application(action: ApplicationAction, request: Request): Answer {
    const { device } = this.#host;
    if (device.application === undefined) return UNSUPPORTED;
    const names: string[] = [];
    for (const { items } of request.objects)
      for (const { value } of items) if (value?.type === 'name') names.push(value.name);
    return { indications: indicationOf(device.application(action, names, request.port.writer)) };
  }

  #assignClass(request: Request): Answer {
    let pointClass: PointClass | undefined;
    let indications = request.objects.length === 0 ? IIN.parameterError : 0;
    for (const block of request.objects) {
      if (block.group === 60) {
        if (block.variation < 1 || block.variation > 4) return UNKNOWN;
        pointClass = (block.variation - 1) as PointClass;
        continue;
      }
      const kind = kindOfGroup(block.group);
      if (kind === undefined) indications |= IIN.objectUnknown;
      else if (pointClass === undefined) indications |= IIN.parameterError;
      else {
        const table = this.#host.tables[kind];
        const positions = positionsOf(table, block);
        if (positions === undefined) indications |= IIN.parameterError;
        else for (const position of positions) this.#host.assignClass(table, position, pointClass);
      }
    }
    return { indications };
  }

  #readFile(request: Request, now: Instant): Answer {
    const { files } = this.#host;
    const value = request.objects[0]?.items[0]?.value;
    if (files === undefined || request.objects[0]?.variation !== 5) return UNKNOWN;
    if (value?.type !== 'file-transport' || request.objects.length !== 1) return WRONG;
    return { indications: 0, objects: [files.read(value, request.master, now)] };
  }

  #file(request: Request, now: Instant): Answer {
    const { files } = this.#host;
    const { code, objects, port, master } = request;
    if (files === undefined) return UNSUPPORTED;
    const value = objects[0]?.items[0]?.value;
    if (objects.length !== 1 || objects[0]?.group !== 70 || value === undefined) return WRONG;
    const { writer } = port;
    let answer: ObjectBlock | undefined;
    if (code === FUNCTION.authenticateFile && value.type === 'file-authentication')
      answer = files.authenticate(value, writer);
    else if (code === FUNCTION.openFile && value.type === 'file-command')
      answer = files.open(value, master, port.mayWrite, now);
    else if (code === FUNCTION.closeFile && value.type === 'file-status')
      answer = files.close(value, master, writer, now);
    else if (code === FUNCTION.abortFile && value.type === 'file-status') answer = files.abort(value, master, now);
    else if (code === FUNCTION.deleteFile && value.type === 'file-command') answer = files.remove(value, writer, now);
    else if (code === FUNCTION.getFileInfo && value.type === 'file-descriptor') answer = files.info(value);
    return answer === undefined ? WRONG : { indications: 0, objects: [answer] };
  }
}

const isControl = (code: number): boolean => code >= FUNCTION.select && code <= FUNCTION.directOperateNoAck;
const isFileFunction = (code: number): boolean => code >= FUNCTION.openFile && code <= FUNCTION.abortFile;

function enableUnsolicited(request: Request, association: Association): Answer {
  if (!association.hasUnsolicited) return UNSUPPORTED;
  let mask = 0;
  for (const { group, variation, range } of request.objects) {
    if (group !== 60) return UNKNOWN;
    if (variation < 2 || variation > 4 || range.kind !== 'all') return WRONG;
    mask |= 1 << (variation - 1);
  }
  if (mask === 0) return WRONG;
  association.enable(mask, request.code === FUNCTION.enableUnsolicited);
  return DONE;
}

/** Positions of the points that a header names; undefined when it names one that is not there. */
function positionsOf(table: PointTable, block: ObjectBlock): readonly number[] | undefined {
  const { range, items } = block;
  const positions: number[] = [];
  if (range.kind === 'indices') {
    for (const { index } of items) positions.push(table.at(index));
    return positions.includes(-1) || positions.length === 0 ? undefined : positions;
  }
  if (range.kind !== 'all' && range.kind !== 'start-stop') return undefined;
  const from = range.kind === 'all' ? 0 : range.start;
  const to = range.kind === 'all' ? table.highest : range.stop;
  if (to > table.highest) return undefined;
  for (let at = table.from(from); at < table.count && (table.indices[at] as number) <= to; at++) positions.push(at);
  return positions.length === 0 && range.kind === 'start-stop' ? undefined : positions;
}

function indicationOf(outcome: WriteOutcome): number {
  switch (outcome) {
    case 'done':
      return 0;
    case 'locked':
      return IIN.localControl;
    case 'fault':
      return IIN.deviceTrouble;
    default:
      return IIN.parameterError;
  }
}
