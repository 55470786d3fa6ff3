/**
 * What a device's doors share: who may come in, what firmware it runs, and how it restarts. Passwords and firmware that were changed over the
 * network, and files that were dropped, stay through power cycles and warm starts, as a device's flash memory keeps them.
 */
import { type AccountSpec, type Duration, type Instant, milliseconds, seconds, type Writer } from '@penstock/core';
import { decodeFirmware, type FirmwareEffect, type FirmwareHead, firmwareHead } from '@penstock/protocols/firmware';
import { type KeptFile, MemoryFiles, type ShownFile } from '@penstock/protocols/ftp';
import type { DeviceContext } from '../context.ts';
import { Seldom } from '../seldom.ts';
import type { RunningIdentity } from './running-identity.ts';

export type Access = AccountSpec['access'];

/** Somebody who is logged on. */
export interface DoorUser {
  readonly user: string;
  readonly access: Access;
}

/** What changed since the plant's file; empty for a device as delivered. */
export interface DoorsSnapshot {
  readonly passwords: Readonly<Record<string, string>>;
  readonly revision: string;
  readonly isBricked: boolean;
  /** What the firmware that it runs does otherwise than it should; left out where it does nothing of the kind. */
  readonly effect?: FirmwareEffect;
  /** Files that were dropped; left out where there are none. */
  readonly files?: readonly KeptFile[];
}

/** What came of an image. `gone`: it is being written, and the device is away for it. */
export type Installed = { readonly outcome: 'gone' } | { readonly outcome: 'refused'; readonly why: string };

interface Power {
  off(now: Instant): void;
  on(now: Instant): void;
}

const LONGEST_PASSWORD = 64;
/** From an answer until the device is gone, so that the answer is sent. */
const GOODBYE = milliseconds(300);
const RESTART = seconds(20);
const FLASH = seconds(45);
/** Where images are dropped. */
export const FIRMWARE_FOLDER = '/firmware';

const RANKS: Readonly<Record<Access, number>> = { view: 0, operate: 1, admin: 2 };
export const mayDo = (user: DoorUser, access: Access): boolean => RANKS[user.access] >= RANKS[access];

export class Doors {
  readonly files: MemoryFiles;
  /** It was given an image that it cannot run, and does not start any more. */
  isBricked = false;
  readonly #context: DeviceContext;
  readonly #identity: RunningIdentity;
  readonly #power: Power;
  readonly #changed = new Map<string, string>();
  #changes = 0;
  readonly #seldom = new Seldom();
  #effect: FirmwareEffect | undefined;
  #startedAt: Instant = 0 as Instant;
  /** A restart that was asked for or is under way. */
  #isRestarting = false;

  private constructor(context: DeviceContext, identity: RunningIdentity, power: Power) {
    this.#context = context;
    this.#identity = identity;
    this.#power = power;
    this.files = new MemoryFiles([FIRMWARE_FOLDER], shownFiles(context, identity), () => context.clock.now());
  }

  /** Undefined for a device without accounts, firmware or a door. */
  static of(context: DeviceContext, identity: RunningIdentity, power: Power): Doors | undefined {
    const { accounts, firmware, services } = context.spec;
    const has = services.some(({ protocol }) => DOORS.has(protocol));
    return has || accounts !== undefined || firmware !== undefined ? new Doors(context, identity, power) : undefined;
  }

  /** How often something has changed of what it keeps. */
  get changes(): number {
    return this.#changes + this.files.changes;
  }

  /** Microseconds since it was started last. */
  get upTime(): Duration {
    return (this.#context.queue.now - this.#startedAt) as Duration;
  }

  started(now: Instant): void {
    this.#startedAt = now;
    this.#context.store.hold(this.#effect === 'hold');
  }

  get users(): readonly AccountSpec[] {
    return this.#context.spec.accounts ?? [];
  }

  /** Whether a user still has the password that the vendor delivered. */
  hasDefault({ user, vendorDefault }: AccountSpec): boolean {
    return vendorDefault && !this.#changed.has(user);
  }

  /** Undefined for a user or password that is wrong. Either is logged. */
  login(user: string, password: string, over: string, source: string): DoorUser | undefined {
    const account = this.users.find((one) => one.user === user);
    const right = account !== undefined && password === (this.#changed.get(user) ?? account.password);
    const { queue } = this.#context;
    // Pages send the password with every request.
    if (right && this.#seldom.tells(`${over} ${user} ${source}`, queue.now))
      this.#log(6, 'logon', `logon of ${user} from ${source} over ${over}`, { src: source, user });
    if (!right)
      this.#log(4, 'logon-failed', `wrong user or password from ${source} over ${over}`, {
        src: source,
        user: user.slice(0, 32),
      });
    return right ? { user, access: account.access } : undefined;
  }

  /** Changes a password; why not, or undefined when it is done. */
  changePassword(user: string, password: string, by: Writer): string | undefined {
    if (!this.users.some((one) => one.user === user)) return `there is no user ${user}`;
    if (password.length === 0 || password.length > LONGEST_PASSWORD)
      return `a password has 1 to ${LONGEST_PASSWORD} characters`;
    this.#changed.set(user, password);
    this.#changes++;
    const text = `password of ${user} changed by ${by.address} over ${by.protocol}, ${password.length} characters`;
    this.#log(5, 'password-changed', text, { src: by.address, user });
    return undefined;
  }

  /** Restarts the device in a moment; why not, or undefined. */
  restart(by: Writer): string | undefined {
    const refusal = this.#refusal();
    if (refusal !== undefined) return refusal;
    this.#log(4, 'restart', `restart asked for by ${by.address} over ${by.protocol}`, { src: by.address });
    this.#away(RESTART, (now) => this.#power.on(now));
    return undefined;
  }

  /** Takes an image: the device writes it and is away for it, or says why not. */
  install(bytes: Uint8Array, by: Writer): Installed {
    const { firmware } = this.#context.spec;
    const refuse = (why: string): Installed => {
      const text = `firmware from ${by.address} over ${by.protocol} refused: ${why}`;
      this.#log(4, 'firmware-refused', text, { src: by.address });
      return { outcome: 'refused', why };
    };
    if (firmware === undefined) return refuse('the firmware of this device cannot be replaced');
    const head = firmwareHead(bytes)?.head;
    if (head === undefined) return refuse('that is no firmware image');
    const { vendor, productCode } = this.#identity;
    if (head.vendor !== vendor || head.product !== productCode)
      return refuse(`the image is for ${head.vendor} ${head.product}, this is ${vendor} ${productCode}`);
    const decoded = decodeFirmware(bytes);
    const image = decoded.status === 'ok' ? decoded.image : undefined;
    if (firmware.signed && image === undefined) return refuse('the image is not whole');
    if (firmware.signed && image?.isGenuine !== true) return refuse('the image is not signed by the vendor');
    if (firmware.signed && image?.isIntact !== true) return refuse('the hash of the image is wrong');
    const refusal = this.#refusal();
    if (refusal !== undefined) return refuse(refusal);
    const { version } = head;
    const hash = image?.hash ?? '';
    const text = `firmware ${version} is written, sent by ${by.address} over ${by.protocol}`;
    this.#log(4, 'firmware', text, { src: by.address, version, hash: hash.slice(0, 16) });
    this.#away(firmware.flash ?? FLASH, (now) => this.#written(head, image?.isIntact === true, now));
    return { outcome: 'gone' };
  }

  /** What it runs; undefined where that cannot be replaced. */
  get firmware(): { readonly revision: string; readonly state: 'runs' | 'altered' | 'dead' } | undefined {
    if (this.#context.spec.firmware === undefined) return undefined;
    const state = this.isBricked ? 'dead' : this.#effect === undefined ? 'runs' : 'altered';
    return { revision: this.#identity.revision, state };
  }

  /** Writes the vendor's image of a revision by the device's own service port and switches it on; why not, or undefined. */
  reflash(revision: string, now: Instant): string | undefined {
    if (this.#context.spec.firmware === undefined) return 'it has no firmware that can be written';
    if (this.#isRestarting) return 'a restart is under way';
    const before = this.#identity.revision;
    this.#changes++;
    this.isBricked = false;
    this.#effect = undefined;
    this.#identity.revision = revision;
    this.#power.off(now);
    this.#power.on(now);
    const text = `runs firmware ${revision}, before ${before}, written at the device`;
    this.#log(4, 'firmware-changed', text, { version: revision, before });
    return undefined;
  }

  save(): DoorsSnapshot | undefined {
    const { revision } = this.#identity;
    const files = this.files.save();
    const isAsDelivered =
      this.#changed.size === 0 &&
      revision === this.#context.spec.identity.revision &&
      !this.isBricked &&
      this.#effect === undefined &&
      files.length === 0;
    return isAsDelivered
      ? undefined
      : {
          passwords: Object.fromEntries(this.#changed),
          revision,
          isBricked: this.isBricked,
          ...(this.#effect !== undefined && { effect: this.#effect }),
          ...(files.length > 0 && { files }),
        };
  }

  load({ passwords, revision, isBricked, effect, files = [] }: DoorsSnapshot): void {
    this.#changed.clear();
    this.files.load(files);
    for (const [user, password] of Object.entries(passwords)) this.#changed.set(user, password);
    this.#identity.revision = revision;
    this.isBricked = isBricked;
    this.#effect = effect;
  }

  /** Why the device cannot go away now. A key at RUN keeps a controller as it is. */
  #refusal(): string | undefined {
    if (this.#isRestarting) return 'a restart is under way';
    return this.#context.controller?.key === 'run' ? 'the key is at RUN' : undefined;
  }

  #away(time: Duration, then: (now: Instant) => void): void {
    const { queue } = this.#context;
    this.#isRestarting = true;
    const back = {
      run: (now: Instant) => {
        this.#isRestarting = false;
        then(now);
      },
    };
    const go = {
      run: (now: Instant) => {
        this.#power.off(now);
        queue.in(time, back);
      },
    };
    queue.in(GOODBYE, go);
  }

  #written({ version, effect }: FirmwareHead, isIntact: boolean, now: Instant): void {
    const before = this.#identity.revision;
    this.#changes++;
    if (!isIntact) {
      // Nobody is there to say it on the network; the truth journal knows.
      this.isBricked = true;
      this.#log(2, 'bricked', `the firmware ${version} that was written is broken; the device does not start`, {
        version,
      });
      return;
    }
    this.#identity.revision = version;
    this.#effect = effect;
    this.#power.on(now);
    this.#log(4, 'firmware-changed', `runs firmware ${version}, before ${before}`, { version, before });
  }

  #log(severity: number, id: string, text: string, parameters: Readonly<Record<string, string>>): void {
    this.#context.log({ severity, id, text, parameters });
  }
}

const DOORS: ReadonlySet<string> = new Set(['web', 'telnet', 'ftp', 'snmp']);

/** What a device of this kind leaves in its root directory. */
function shownFiles({ spec, controller }: DeviceContext, identity: RunningIdentity): ShownFile[] {
  const { vendor, productName, modelName, productCode } = identity;
  const version = (): string => `${vendor} ${productName} ${modelName}\r\n${productCode}\r\n${identity.revision}\r\n`;
  const points = `tag,writable\r\n${spec.points.map(({ tag, writable }) => `${tag},${writable}\r\n`).join('')}`;
  const files: ShownFile[] = [
    { path: '/version.txt', text: version },
    { path: '/points.csv', text: () => points },
  ];
  if (controller === undefined) return files;
  const program = spec.controller?.program.split('/').at(-1) as string;
  return [...files, { path: `/${program}`, text: () => controller.source }];
}
