/**
 * Judges what passes through devices' doors: passwords against those that equipment is delivered with, what devices say of themselves against
 * what they said and should say, firmware on its way, devices that do what their kind never does, and ways from the office to the process.
 */
import type { FieldValue, ProtocolEvent } from '@penstock/core';
import { type CredentialEvent, SECRET } from '@penstock/protocols/credentials';
import type { AttributeEvent } from '@penstock/protocols/dnp3';
import type { FirmwareTransferEvent } from '@penstock/protocols/firmware';
import type { FtpBannerEvent } from '@penstock/protocols/ftp';
import type { HttpServerEvent } from '@penstock/protocols/http';
import type { S7IdentityEvent } from '@penstock/protocols/s7comm';
import type { SnmpIdentityEvent } from '@penstock/protocols/snmp';
import type { TelnetBannerEvent } from '@penstock/protocols/telnet';
import { type Conversation, servicePort } from '../conversations.ts';
import { defaultCredentials } from '../credentials/defaults.ts';
import type { Host } from '../hosts.ts';
import { identityName } from '../inventory/dnp3.ts';
import type { Inventory } from '../inventory/index.ts';
import type { FlowView } from '../subject.ts';
import { Hops } from './hops.ts';
import { HABITS } from './kinds.ts';
import type { Scene } from './scene.ts';

const MOST_DEVICES = 4096;
/** Things that one device says of itself. */
const MOST_SAID = 64;
const MOST_PEERS = 64;

/** What one device has said, and what was told of it already. */
interface Known {
  /** By protocol and object. */
  readonly said: Map<string, string>;
  readonly told: Set<string>;
  readonly peers: Set<string>;
}

export class DoorJudge {
  readonly #scene: Scene;
  readonly #inventory: Inventory;
  readonly #hops = new Hops();
  readonly #known = new Map<string, Known>();
  #dropped = 0;

  constructor(scene: Scene, inventory: Inventory) {
    this.#scene = scene;
    this.#inventory = inventory;
  }

  get dropped(): number {
    return this.#dropped + this.#hops.dropped;
  }

  /** The first packet of a flow. */
  opened(flow: FlowView, src: Host, dst: Host, time: number): void {
    this.#searches(flow, src, dst, time);
    const chain = this.#hops.opened(src, dst, flow.transport, servicePort(flow), time);
    if (chain === undefined || !this.#scene.engine.wants('penstock/hop')) return;
    const { way, seconds } = chain;
    this.#scene.prepare(flow, src, dst, time, undefined);
    this.#judge('penstock/hop', {
      'hop.origin': (way[0] as Host).full,
      'hop.origin_zone': (way[0] as Host).zone,
      'hop.way': way.map((host) => host.label).join(' → '),
      'hop.count': way.length - 1,
      'hop.seconds': Math.round(seconds),
    });
  }

  ended({ flow, dst }: Conversation, time: number): void {
    if (flow.transport === 'tcp') this.#hops.ended(dst, servicePort(flow), time);
  }

  /** What a conversation speaks is known. */
  speaks(conversation: Conversation, time: number): void {
    const { flow, src, dst } = conversation;
    const { service } = flow;
    if (service === undefined) return;
    if (src.kind !== undefined && HABITS[src.kind]?.asks.has(service))
      this.#unlike(conversation, src, `asks others over ${service}`, service, time);
    if (dst.kind !== undefined && HABITS[dst.kind]?.answers.has(service))
      this.#unlike(conversation, dst, `answers over ${service}`, service, time);
  }

  /** Any of `DOOR_EVENTS`. */
  event(event: DoorEvent, conversation: Conversation): void {
    if (event.name === 'credential') this.#credential(event, conversation);
    else if (event.name === 'firmware_transfer') this.#firmware(event, conversation);
    else this.#named(event, conversation);
  }

  /** The version that a DNP3 outstation tells (device attribute 242). */
  attribute(event: AttributeEvent, conversation: Conversation): void {
    const object = identityName(event);
    if (object !== 'MajorMinorVersion') return;
    const { src, dst } = conversation;
    this.says(conversation, event.is_orig ? src : dst, 'dnp3', object, event.value, event.time);
  }

  /** The version that a controller tells in its status lists. */
  module({ object, value, is_orig: isOrig, time }: S7IdentityEvent, conversation: Conversation): void {
    if (!/version/i.test(object)) return;
    this.says(conversation, isOrig ? conversation.src : conversation.dst, 's7comm', object, value, time);
  }

  /** A password, with whether it was taken. */
  #credential(event: CredentialEvent, conversation: Conversation): void {
    const { protocol, user, password, success, time } = event;
    const entry = defaultCredentials().find(protocol, user, event[SECRET]);
    const isAnonymous = protocol === 'ftp' && /^(anonymous|ftp)$/i.test(user ?? '');
    const shown = `${protocol} ${user ?? ''} ${password ?? ''}`.replaceAll('  ', ' ');
    if (success === true)
      this.#inventory.loggedOn(conversation.flow, entry === undefined ? shown : `${shown} (delivered so)`, time);
    if (!this.#scene.engine.wants('penstock/credential')) return;
    this.#scene.prepareFor(conversation, time, undefined);
    this.#judge('penstock/credential', {
      'credential.protocol': protocol,
      'credential.user': user,
      'credential.password': password,
      'credential.success': success,
      'credential.default': entry !== undefined,
      'credential.vendor': entry?.vendor,
      'credential.source': entry?.source,
      'credential.anonymous': isAnonymous,
    });
  }

  /** What a server or agent says of itself in words of its own. */
  #named(
    event: HttpServerEvent | SnmpIdentityEvent | FtpBannerEvent | TelnetBannerEvent,
    conversation: Conversation,
  ): void {
    const { time } = event;
    const note = (object: string, value: string | undefined): void => {
      if (typeof value === 'string' && value !== '') this.#inventory.banner(conversation.flow, object, value, time);
    };
    const say = (protocol: string, object: string, value: string | undefined): void => {
      if (value === undefined || value === '') return;
      note(object, value);
      this.says(conversation, conversation.dst, protocol, object, value, time);
    };
    switch (event.name) {
      case 'http_server':
        say('http', 'WebServer', event.server);
        note('WebTitle', event.title ?? event.realm);
        return;
      case 'snmp_identity':
        // Name, place and contact are the owner's to change.
        if (event.object === 'sysDescr') say('snmp', event.object, event.value);
        else note(event.object, event.value);
        return;
      case 'ftp_banner':
        say('ftp', 'FtpBanner', event.banner);
        return;
      case 'telnet_banner':
        say('telnet', 'TelnetBanner', event.banner);
    }
  }

  /** A device says something of itself that carries its version, in any protocol. */
  says(conversation: Conversation, device: Host, protocol: string, object: string, value: string, time: number): void {
    if (typeof value !== 'string') return;
    const known = this.#of(device.address);
    if (known === undefined) return;
    const key = `${protocol} ${object}`;
    const before = known.said.get(key);
    if (before === value) return;
    if (before === undefined && known.said.size >= MOST_SAID) {
      this.#dropped++;
      return;
    }
    known.said.set(key, value);
    const { revision } = device;
    const knownGood = revision === undefined || !VERSION.test(value) ? undefined : saysRevision(value, revision);
    if (before === undefined && knownGood !== false) return;
    if (!this.#scene.engine.wants('penstock/identity_change')) return;
    // Whom it concerns is the device, whoever opened the conversation.
    const { flow, src, dst } = conversation;
    this.#scene.prepare(flow, device === src ? dst : src, device, time, undefined);
    this.#judge('penstock/identity_change', {
      'identity.protocol': protocol,
      'identity.object': object,
      'identity.before': before,
      'identity.now': value,
      'identity.listed': revision,
      'identity.known_good': knownGood,
    });
  }

  /** A firmware image that passed by. */
  #firmware(event: FirmwareTransferEvent, conversation: Conversation): void {
    if (!this.#scene.engine.wants('penstock/firmware_transfer')) return;
    const { carrier, vendor, product, version, length, signed, content_hash: hash, is_orig: isOrig, time } = event;
    this.#scene.prepareFor(conversation, time, undefined);
    this.#judge('penstock/firmware_transfer', {
      'firmware.carrier': carrier,
      'firmware.to_device': isOrig,
      'firmware.vendor': vendor,
      'firmware.product': product,
      'firmware.version': version,
      'firmware.length': length,
      'firmware.signed': signed,
      'firmware.hash': hash,
    });
  }

  /** A thing that speaks to more and more hosts. */
  #searches(flow: FlowView, src: Host, dst: Host, time: number): void {
    const most = src.kind === undefined ? undefined : HABITS[src.kind]?.peers;
    if (most === undefined || !Number.isFinite(most) || dst.scope === 'group') return;
    const known = this.#of(src.address);
    if (known === undefined || known.peers.size >= MOST_PEERS) return;
    known.peers.add(`${dst.address} ${servicePort(flow)}`);
    if (known.peers.size === most + 1)
      this.#tellUnlike(flow, src, dst, src, `tries ${most + 1} services of others`, flow.service, time);
  }

  #unlike({ flow, src, dst }: Conversation, device: Host, what: string, service: string, time: number): void {
    this.#tellUnlike(flow, src, dst, device, what, service, time);
  }

  /** Each thing once of each device. */
  #tellUnlike(
    flow: FlowView,
    src: Host,
    dst: Host,
    device: Host,
    what: string,
    service: string | undefined,
    time: number,
  ): void {
    const known = this.#of(device.address);
    if (known === undefined || known.told.has(what) || known.told.size >= MOST_SAID) return;
    known.told.add(what);
    if (!this.#scene.engine.wants('penstock/unlike_kind')) return;
    this.#scene.prepare(flow, src, dst, time, undefined);
    this.#judge('penstock/unlike_kind', {
      'kind.device': device.full,
      'kind.kind': device.kind,
      'kind.what': what,
      'kind.service': service,
      'kind.asks': device === src,
    });
  }

  #of(address: string): Known | undefined {
    let known = this.#known.get(address);
    if (known !== undefined) return known;
    if (this.#known.size >= MOST_DEVICES) {
      this.#dropped++;
      return undefined;
    }
    known = { said: new Map(), told: new Set(), peers: new Set() };
    this.#known.set(address, known);
    return known;
  }

  #judge(source: string, details: Readonly<Record<string, FieldValue>>): void {
    const { engine, subject } = this.#scene;
    subject.details = details;
    engine.judge(source, subject);
  }
}

/** Something that looks like a version. */
const VERSION = /\d+\.\d+/;

/** Whether a text names a revision, and not only the beginning of a longer one. */
function saysRevision(text: string, revision: string): boolean {
  const at = text.indexOf(revision);
  return at >= 0 && !/^\.?\d/.test(text.slice(at + revision.length));
}

/** Events that the doors' judge takes, for whoever hands them out. */
export type DoorEvent = ProtocolEvent &
  (CredentialEvent | FirmwareTransferEvent | HttpServerEvent | SnmpIdentityEvent | FtpBannerEvent | TelnetBannerEvent);

export const DOOR_EVENTS: ReadonlySet<string> = new Set([
  'credential',
  'firmware_transfer',
  'http_server',
  'snmp_identity',
  'ftp_banner',
  'telnet_banner',
]);
