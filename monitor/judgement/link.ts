/**
 * Judges where addresses are: what ARP says of them, which ways their packets take, and whether the two copies of one packet agree.
 * What it finds out becomes fields of `penstock/arp`, `penstock/path_change` and `penstock/two_answers`; rules decide what it means.
 */
import type { FieldValue } from '@penstock/core';
import type { Conversation } from '../conversations.ts';
import type { ArpEvent } from '../events/link.ts';
import type { PathChangeEvent, SegmentConflictEvent } from '../events/path.ts';
import type { Host } from '../hosts.ts';
import type { Inventory } from '../inventory/index.ts';
import { type FlowView, PointFacts } from '../subject.ts';
import { AddressBook } from './addresses.ts';
import { differencesOf } from './conflict.ts';
import type { Scene } from './scene.ts';

export class LinkJudge {
  readonly #scene: Scene;
  readonly #inventory: Inventory;
  readonly #book = new AddressBook();
  readonly #facts = new PointFacts();

  constructor(scene: Scene, inventory: Inventory) {
    this.#scene = scene;
    this.#inventory = inventory;
  }

  get dropped(): number {
    return this.#book.dropped;
  }

  arp(event: ArpEvent, flow: FlowView): void {
    const { sender_ip: ip, sender_mac: mac, time } = event;
    if (typeof ip !== 'string' || typeof mac !== 'string') return;
    const scene = this.#scene;
    const src = scene.hosts.at(ip);
    const before = this.#inventory.located(ip, mac, time);
    const claim = this.#book.claim(ip, mac, src.mac, event, time);
    const { engine, subject } = scene;
    const contradicts = claim.first && src.mac !== undefined && src.mac !== mac;
    const moved = claim.before !== undefined || before !== undefined || contradicts;
    if (!moved && !engine.wants('penstock/arp')) return;
    scene.prepare(
      flow,
      src,
      scene.hosts.at(flow.responderAddress === ip ? flow.originatorAddress : flow.responderAddress),
      time,
      event,
    );
    // Who answers for an address is work on that device, whoever asks.
    subject.order = subject.srcOrder;
    subject.details = {
      'address.old_mac': claim.before ?? before ?? src.mac,
      'address.new_mac': mac,
      'address.listed_mac': src.mac,
      'address.idle_seconds': claim.idle,
      'address.contested': claim.contested,
      'address.gateway': isGateway(src),
      'address.announced': event.gratuitous,
      'arp.operation': event.operation,
      'arp.sender_mac': mac,
      'arp.frame_mac': event.mac_src,
      'arp.forged': event.mac_src !== undefined && event.mac_src !== mac,
      'arp.gratuitous': event.gratuitous,
      'arp.solicited': claim.solicited,
      'arp.moved': moved,
      'arp.contested': claim.contested,
      'arp.addresses': claim.addresses,
      'arp.taken': claim.taken,
      'arp.gateway': isGateway(src),
    };
    engine.judge('penstock/arp', subject);
    if (moved) engine.judge('penstock/address_change', subject);
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

  /** The subject's source is the host whose packets look otherwise, its device the one that they go to. */
  path(event: PathChangeEvent, conversation: Conversation): void {
    const { src: originator, dst: responder, flow } = conversation;
    const scene = this.#scene;
    const { kind, before, after } = event;
    const src = event.is_orig ? originator : responder;
    if (kind === 'mac' || kind === 'twice') {
      this.#book.heard(src.address, before, event.time);
      this.#book.heard(src.address, after, event.time);
    }
    if (!scene.engine.wants('penstock/path_change')) return;
    scene.prepare(flow, src, event.is_orig ? responder : originator, event.time, undefined);
    const { subject } = scene;
    subject.order ??= subject.srcOrder ?? subject.dstOrder;
    subject.details = {
      'path.kind': kind,
      'path.before': before,
      'path.after': after,
      'path.count': event.count,
      'path.ttl_kept': event.ttl_kept,
      'path.turns': event.turns,
      'path.listed_mac': src.mac,
      'path.holder': this.#holder(after, src) ?? this.#holder(before, src),
      'path.same_zone': src.zone !== undefined && src.zone === subject.dst?.zone,
    };
    scene.engine.judge('penstock/path_change', subject);
  }

  /** Two versions of the same bytes: for each point that they tell differently, one subject. */
  conflict(event: SegmentConflictEvent, conversation: Conversation): void {
    const { src, dst, flow, watched } = conversation;
    const { subject, engine } = this.#scene;
    if (!engine.wants('penstock/two_answers') || !Array.isArray(event.first) || !Array.isArray(event.second)) return;
    const differences = flow.service === 'modbus' ? differencesOf(event, conversation.last) : [];
    const judge = (details: Record<string, FieldValue>, point: PointFacts | undefined): void => {
      this.#scene.prepare(flow, src, dst, event.time, undefined);
      subject.order ??= subject.srcOrder ?? subject.dstOrder;
      subject.point = point;
      subject.details = {
        'answer.kind': event.is_orig ? 'request' : 'response',
        'answer.delay': event.delay,
        'answer.mac_changed': event.mac_changed,
        'answer.count': event.count,
        ...details,
      };
      engine.judge('penstock/two_answers', subject);
      subject.point = undefined;
    };
    if (differences.length === 0) judge({ 'answer.bytes': event.first.length }, undefined);
    const facts = this.#facts;
    let done: unknown;
    for (const { table, address, station, first, second, following } of differences) {
      const point = watched?.points?.at(table, address, station);
      facts.clear();
      if (point === undefined) {
        facts.table = table;
        facts.address = address;
        facts.value = second;
        facts.oldValue = first;
      } else if (point === done) continue;
      else {
        done = point;
        const isSecondWord = address !== point.address;
        const shown = (value: number, next: number | undefined): number =>
          isSecondWord ? point.decode(point.raw0, value) : point.decode(value, next ?? point.raw1);
        const [value, old] = [shown(second, following?.second), shown(first, following?.first)];
        point.describe(facts, Number.isNaN(value) ? undefined : value, Number.isNaN(old) ? undefined : old);
      }
      facts.station = station;
      judge({ 'answer.first': facts.oldValue, 'answer.second': facts.value }, facts);
    }
  }

  /** Somebody else's address that a card is known to belong to. */
  #holder(mac: string, than: Host): string | undefined {
    const address = this.#book.ownerOf(mac, than.address);
    return address === undefined ? undefined : this.#scene.hosts.at(address).label;
  }
}

/** A router or firewall of the asset list; else by habit the first or last address of an IPv4 subnet of 256. */
function isGateway(host: Host): boolean {
  if (host.kind !== undefined) return host.kind === 'firewall' || host.kind === 'gateway';
  return host.scope === 'plant' && /\.(?:1|254)$/.test(host.address);
}
