/** Judges what devices say in their logs: about whom, by whom, and whether the one who says it is the one that it is about. */
import type { Conversation } from '../conversations.ts';
import type { DetectorRunner } from '../detectors/runner.ts';
import type { DeviceLogEvent } from '../events/device-log.ts';
import type { FlowView } from '../subject.ts';
import type { Scene } from './scene.ts';

/** The columns of `modbus_file_record` that are looked at. */
interface FileRecordColumns {
  readonly time: number;
  readonly func?: unknown;
  readonly request_response?: unknown;
}

const MAX_LOGGERS = 16_384;

export class LogJudge {
  readonly #scene: Scene;
  readonly #detectors: DetectorRunner;
  /** Devices that have sent log lines. */
  readonly #loggers = new Set<string>();

  constructor(scene: Scene, detectors: DetectorRunner) {
    this.#scene = scene;
    this.#detectors = detectors;
  }

  /** One record of FC 21 that a device took: a program on its way. */
  written({ request_response: kind, func, time }: FileRecordColumns, conversation: Conversation): void {
    if (func !== 'WRITE_FILE_RECORD' || kind !== 'RESPONSE') return;
    this.transferred(conversation, time);
  }

  /** A program, or a part of one, was given to a device. */
  transferred({ src: source, dst: device }: Conversation, time: number): void {
    this.#detectors.happened({ kind: 'program-written', time, device, source, logs: this.#logs(device.address) });
  }

  #logs(address: string): boolean {
    return this.#loggers.has(address) || this.#scene.subject.baseline.normal?.loggers.has(address) === true;
  }

  /** The subject's device is the one that the line is about, its source the address that did it (the device itself where none did). */
  log(event: DeviceLogEvent, flow: FlowView): void {
    const { hosts, engine, subject, calendar } = this.#scene;
    const { host, source, target } = event;
    if (typeof host !== 'string' || !isTextOrNone(source) || !isTextOrNone(target)) return;
    const sender = hosts.at(flow.originatorAddress);
    const namedAddress = hosts.addressOf(host);
    const named = namedAddress === host && !isAddress(host) ? undefined : hosts.at(namedAddress);
    const speaker = named ?? sender;
    // A firewall or a device that turned somebody away speaks of two others.
    const isAboutOthers = event.action === 'drop' && target !== undefined;
    const dst = isAboutOthers ? hosts.at(target) : speaker;
    const src = source === undefined ? speaker : hosts.at(source);
    if (this.#loggers.size < MAX_LOGGERS) this.#loggers.add(speaker.address);
    if (event.action === 'program' && event.result === 'done')
      this.#detectors.happened({ kind: 'program-logged', time: event.time, device: dst, source: src, logs: true });
    this.#scene.prepare(flow, src, dst, event.time, event);
    // What is done at the device itself has no source that an order could name.
    if (src === dst) subject.order = calendar.workOn(dst.address);
    subject.details = {
      'log.device': speaker.label,
      'log.sender': sender.label,
      'log.contradicts': named === undefined ? undefined : named !== sender,
      'log.local': source === undefined,
    };
    engine.judge('penstock/device_log', subject);
  }
}

const isAddress = (text: string): boolean => /^[\da-fA-F.:]+$/.test(text) && /[.:]/.test(text);
const isTextOrNone = (value: unknown): value is string | undefined => value === undefined || typeof value === 'string';
