/** A device's BACnet/IP objects on the wire: its points, its clock, its alarms, and what it lets whom do. */
import {
  type BacnetPoint,
  type BacnetServiceSpec,
  type Instant,
  isCommanded,
  milliseconds,
  NEVER,
  type PlantSpec,
  seconds,
  subnetOf,
  type TagSpec,
  type WriteOutcome,
  type Writer,
} from '@penstock/core';
import { BacnetServer, ENGINEERING_UNITS, type PointObjectSpec, type ServerOptions } from '@penstock/protocols/bacnet';
import { formatIpv4, parseIpv4 } from '@penstock/protocols/ethernet';
import type { Datagrams, Task } from '@penstock/simulator/kernel';
import { AccessList } from '../access-list.ts';
import type { DeviceContext, Part } from '../context.ts';

/** How long a device of this kind is away when it restarts, and from the answer until it is gone. */
const AWAY = { cold: seconds(20), warm: seconds(5) } as const;
const GOODBYE = milliseconds(200);

type Restart = {
  readonly kind: 'cold' | 'warm';
  readonly writer: Writer;
  readonly gone: Instant;
  readonly back: Instant;
};

class BacnetService implements Part, Task {
  readonly #context: DeviceContext;
  readonly #spec: BacnetServiceSpec;
  readonly #server: BacnetServer;
  readonly #list: AccessList;
  readonly #broadcast: number;
  #socket: Datagrams | undefined;
  #planned: Instant = NEVER;
  #isOn = false;
  #wasOn = false;
  #restart: Restart | undefined;
  #isAway = false;

  constructor(context: DeviceContext, spec: BacnetServiceSpec) {
    this.#context = context;
    this.#spec = spec;
    this.#list = new AccessList(context, spec);
    this.#broadcast = broadcastOf(context.plant, context.spec.zone);
    this.#server = new BacnetServer(this.#options());
  }

  start(now: Instant): void {
    if (this.#isOn) return;
    this.#isOn = true;
    if (this.#wasOn) this.#server.restarted('cold', now);
    this.#wasOn = true;
    this.#restart = undefined;
    this.#isAway = false;
    this.#listen();
    this.#server.announce();
    this.#server.tick(now);
    this.#flush();
  }

  stop(): void {
    this.#isOn = false;
    this.#leave();
  }

  /** The server's time has come, or an earlier plan of it. */
  run(now: Instant): void {
    if (now !== this.#planned) return;
    this.#planned = NEVER;
    if (!this.#isOn) return;
    this.#restarting(now);
    if (!this.#isAway) this.#server.tick(now);
    this.#flush();
  }

  #listen(): void {
    this.#socket ??= this.#context.host.udp(
      this.#spec.port,
      (buffer, start, end, address, port, now) => {
        // Its own broadcast, where a network returns that.
        if (this.#context.host.owns(address) && port === this.#spec.port) return;
        if (!this.#list.admits(address)) return;
        this.#context.causedBy(this.#socket);
        this.#server.receive(buffer, start, end, address, port, now);
        this.#context.causedBy(undefined);
        this.#flush();
      },
      'everybody',
    );
  }

  #leave(): void {
    this.#socket?.close();
    this.#socket = undefined;
  }

  #flush(): void {
    for (let out = this.#server.take(); out !== undefined; out = this.#server.take())
      this.#socket?.send(out.address ?? this.#broadcast, out.port, out.octets);
    this.#plan();
  }

  #plan(): void {
    let due = this.#isAway ? NEVER : this.#server.due();
    if (this.#restart !== undefined)
      due = Math.min(due, this.#isAway ? this.#restart.back : this.#restart.gone) as Instant;
    if (due >= this.#planned) return;
    this.#planned = Math.max(due, this.#context.queue.now) as Instant;
    this.#context.queue.at(this.#planned, this);
  }

  #restarts(kind: 'cold' | 'warm', writer: Writer, now: Instant): boolean {
    const { controller } = this.#context;
    if (controller !== undefined && controller.key !== 'remote') return false;
    const gone = (now + GOODBYE) as Instant;
    this.#restart = { kind, writer, gone, back: (gone + AWAY[kind]) as Instant };
    this.#note('restart', `${kind} restart asked for by ${writer.address} over BACnet`, { src: writer.address, kind });
    return true;
  }

  #restarting(now: Instant): void {
    const restart = this.#restart;
    if (restart === undefined) return;
    const { controller } = this.#context;
    if (!this.#isAway && now >= restart.gone) {
      this.#isAway = true;
      this.#leave();
      controller?.requestMode('stop', restart.writer);
    }
    if (!this.#isAway || now < restart.back) return;
    this.#isAway = false;
    this.#restart = undefined;
    controller?.requestMode('run', restart.writer, restart.kind);
    this.#server.restarted(restart.kind, now);
    this.#listen();
    this.#server.announce();
  }

  #note(id: string, text: string, parameters: Readonly<Record<string, string>>): void {
    this.#context.log({ severity: 4, id, text, parameters });
  }

  #notice(what: Parameters<NonNullable<ServerOptions['notice']>>[0], { address }: Writer): void {
    if (what === 'refused') this.#list.denied(address, 'write', `a change from ${address} refused`);
    else if (what === 'password-failure')
      this.#note('logon-failure', `wrong password from ${address} over BACnet`, { src: address });
    else this.#note('communication', `communication switched off by ${address} over BACnet`, { src: address });
  }

  #options(): ServerOptions {
    const { clock, points, spec: device } = this.#context;
    const spec = this.#spec;
    const objects = pointObjects(this.#context);
    return {
      instance: spec.instance,
      name: device.id,
      identity: this.#context.identity,
      vendor: spec.vendor,
      location: spec.location,
      serialNumber: device.mac.replaceAll(':', '').toUpperCase(),
      points: objects,
      access: points ?? { read: () => 0, write: (): WriteOutcome => 'read-only' },
      classes: spec.classes.map(({ instance, priorities, acknowledge, recipients }) => ({
        instance,
        name: `alarms ${instance}`,
        priorities,
        ackRequired: [acknowledge, acknowledge, false] as const,
        recipients: recipients.map(({ device: id, process, confirmed }) => ({
          address: { address: parseIpv4(this.#context.device(id).address), port: spec.port },
          ...{ process, confirmed, transitions: [true, true, true] },
        })),
      })),
      trends: spec.trends.map(({ tag, instance, every, size }) => {
        const point = device.points.findIndex((candidate) => candidate.tag === tag);
        const of = objects.findIndex((object) => object.point === point);
        return { instance, name: `${tag} trend`, every, size, of };
      }),
      clock: { now: () => clock.now(), set: (micros) => clock.set(micros) },
      link: { port: spec.port, address: parseIpv4(device.address), bbmd: this.#bbmd() },
      maxApdu: spec.maxApdu,
      segmentation: spec.segmentation,
      password: spec.password,
      scanEvery: spec.scan,
      mayWrite: (address) => this.#list.mayWrite(address),
      restart: (kind, writer, now) => this.#restarts(kind, writer, now),
      notice: (what, writer) => this.#notice(what, writer),
      addressText: formatIpv4,
    };
  }

  #bbmd(): ServerOptions['link']['bbmd'] {
    const { bbmd, port } = this.#spec;
    if (bbmd === undefined) return undefined;
    const all = [this.#context.spec.id, ...bbmd.peers.filter((id) => id !== this.#context.spec.id)];
    const peers = all.map((id) => ({ address: parseIpv4(this.#context.device(id).address), port, mask: 0xffff_ffff }));
    return { peers, acceptsForeign: bbmd.foreign, writable: bbmd.writable };
  }
}

/** Where everybody in a zone hears. */
export function broadcastOf(plant: PlantSpec, zone: string): number {
  const subnet = plant.zones.find(({ id }) => id === zone)?.subnet;
  if (subnet === undefined) throw new Error(`the plant check lets no device pass whose zone '${zone}' there is not`);
  return subnetOf(subnet).last;
}

/** Engineering units by what tags call them. */
const UNITS: Readonly<Record<string, string>> = {
  '%': 'percent',
  ppm: 'parts-per-million',
  '°C': 'degrees-celsius',
  K: 'degrees-kelvin',
  Pa: 'pascals',
  kPa: 'kilopascals',
  bar: 'bars',
  mbar: 'millibars',
  m: 'meters',
  mm: 'millimeters',
  s: 'seconds',
  min: 'minutes',
  h: 'hours',
  Hz: 'hertz',
  rpm: 'revolutions-per-minute',
  V: 'volts',
  A: 'amperes',
  W: 'watts',
  kW: 'kilowatts',
  kWh: 'kilowatt-hours',
  'm³/h': 'cubic-meters-per-hour',
  'm3/h': 'cubic-meters-per-hour',
  'm³/s': 'cubic-meters-per-second',
  'L/s': 'liters-per-second',
  'L/min': 'liters-per-minute',
  L: 'liters',
  'm³': 'cubic-meters',
  'm/s': 'meters-per-second',
  'mg/L': 'milligrams-per-liter',
  'mg/m³': 'milligrams-per-cubic-meter',
  NTU: 'nephelometric-turbidity-unit',
  pH: 'ph',
};
/** Of a range, where `plant.yaml` does not say what change is told. */
const USUAL_INCREMENT = 0.005;

function pointObjects(context: DeviceContext): PointObjectSpec[] {
  return context.spec.points.flatMap(({ tag: id, bacnet, writable }, point): PointObjectSpec[] => {
    if (bacnet === undefined) return [];
    const tag = context.plant.tags[context.tagIndex(id)] as TagSpec;
    const [low, high] = tag.range;
    const isAnalog = bacnet.kind.startsWith('analog');
    return [
      {
        ...{
          kind: bacnet.kind,
          instance: bacnet.instance,
          name: bacnet.name ?? id,
          description: tag.name,
          point,
          writable,
        },
        units: bacnet.units ?? ENGINEERING_UNITS.find(UNITS[tag.unit] ?? 'no-units'),
        covIncrement: isAnalog ? (bacnet.covIncrement ?? (high - low) * USUAL_INCREMENT) : undefined,
        range: isAnalog ? [low, high] : undefined,
        states: bacnet.states ?? tag.states,
        commandable: isCommanded(bacnet),
        relinquishDefault: relinquished(bacnet),
        alarm: alarmOf(bacnet),
      },
    ];
  });
}

/** States of multi-state objects are counted from 1 on the network. */
const onNetwork = ({ kind }: BacnetPoint, value: number): number =>
  kind.startsWith('multi-state') ? value + 1 : value;

const relinquished = (point: BacnetPoint): number | undefined =>
  point.relinquishDefault === undefined ? undefined : onNetwork(point, point.relinquishDefault);

function alarmOf(point: BacnetPoint): PointObjectSpec['alarm'] {
  const { alarm } = point;
  if (alarm === undefined) return undefined;
  const { class: notificationClass, delay, values, high, low, deadBand } = alarm;
  return {
    ...{ notificationClass, delay: Math.round((delay ?? 0) / seconds(1)), notify: 'alarm', high, low, deadBand },
    values: values?.map((value) => onNetwork(point, value)),
  };
}

export function bacnetService(context: DeviceContext): Part | undefined {
  const spec = context.spec.services.find((s): s is BacnetServiceSpec => s.protocol === 'bacnet');
  return spec && new BacnetService(context, spec);
}
