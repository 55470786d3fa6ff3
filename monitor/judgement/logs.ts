/** Judges what devices say in their logs: about whom, by whom, and whether the one who says it is the one that it is about. */
import type { DeviceLogEvent } from '../events/device-log.ts';
import type { FlowView } from '../subject.ts';
import type { Scene } from './scene.ts';

export class LogJudge {
  readonly #scene: Scene;

  constructor(scene: Scene) {
    this.#scene = scene;
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
