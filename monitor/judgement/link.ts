/** Judges where addresses are: what ARP says, and what the frames of a segment show. */
import type { FieldValue, ProtocolEvent } from '@penstock/core';
import type { Inventory } from '../inventory/index.ts';
import type { FlowView } from '../subject.ts';
import type { Scene } from './scene.ts';

export class LinkJudge {
  readonly #scene: Scene;
  readonly #inventory: Inventory;

  constructor(scene: Scene, inventory: Inventory) {
    this.#scene = scene;
    this.#inventory = inventory;
  }

  arp(event: ProtocolEvent, flow: FlowView): void {
    const { sender_ip: ip, sender_mac: mac } = event as unknown as Record<string, FieldValue>;
    if (typeof ip !== 'string' || typeof mac !== 'string') return;
    const scene = this.#scene;
    const src = scene.hosts.at(ip);
    const isFirst = (this.#inventory.at(ip, event.time)?.macs.length ?? 1) === 0;
    const before = this.#inventory.located(ip, mac, event.time);
    const contradicts = isFirst && src.mac !== undefined && src.mac !== mac;
    if (before === undefined && !contradicts) return;
    scene.prepare(flow, src, scene.hosts.at(flow.responderAddress), event.time, event);
    scene.subject.details = {
      'address.old_mac': before ?? src.mac,
      'address.new_mac': mac,
      'address.listed_mac': src.mac,
    };
    scene.engine.judge('penstock/address_change', scene.subject);
  }

  /** A frame shows a host's own MAC address only on the host's own segment; elsewhere it is a router's. */
  locate(flow: FlowView, time: number): void {
    const { hosts } = this.#scene;
    const src = hosts.at(flow.originatorAddress);
    const dst = hosts.at(flow.responderAddress);
    if (src.zone === undefined || src.zone !== dst.zone || flow.originatorMac === undefined) return;
    const device = this.#inventory.at(src.address, time);
    if (device?.macs.length === 0) this.#inventory.located(src.address, flow.originatorMac, time);
  }
}
