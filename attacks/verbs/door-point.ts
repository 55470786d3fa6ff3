/** A point of a device by its own doors: its page, whose values are read and whose form writes, or its console. */
import type { DeviceSpec, PointSpec } from '@penstock/core';
import type { Cause, Credentials } from '@penstock/simulator/kernel';
import type { StepResult, Way } from './context.ts';
import { deliveredLogin } from './doors.ts';
import { named, type PointLine, type PointTarget, type Read } from './point.ts';

export class PagePoint implements PointTarget {
  readonly device: DeviceSpec;
  readonly tag: string;
  readonly place = 'page';
  readonly #login: Credentials;

  constructor(device: DeviceSpec, tag: string, login: Credentials) {
    this.device = device;
    this.tag = tag;
    this.#login = login;
  }

  /** A form holds as many digits as are typed; the controller's variable those of a 32-bit float. */
  same(a: number, b: number): boolean {
    return Math.fround(a) === Math.fround(b);
  }

  read(line: PointLine, cause: Cause, done: Read): void {
    const doors = line.doors(cause);
    const what = `read ${this.tag}`;
    if (doors === undefined) {
      done(undefined, `${what}: from '${line.from}' nobody reaches its page`);
      return;
    }
    doors.web({ method: 'GET', target: '/values.json', login: this.#login }, (response) => {
      const value = response?.status === 200 ? valueIn(response.body, this.tag) : undefined;
      done(value, value === undefined ? `${what}: ${statusText(response?.status)}` : what);
    });
  }

  write(line: PointLine, value: number, cause: Cause, done: (result: StepResult) => void): void {
    const what = named(this.tag, value);
    const doors = line.doors(cause);
    if (doors === undefined) {
      done({ outcome: 'failed', detail: `${what}: from '${line.from}' nobody reaches its page` });
      return;
    }
    const body = new TextEncoder().encode(`tag=${this.tag}&value=${value}`);
    doors.web({ method: 'POST', target: '/setpoint', login: this.#login, body }, (response) =>
      done(
        response?.status === 303
          ? { outcome: 'done', detail: what }
          : { outcome: 'failed', detail: `${what}: ${statusText(response?.status)}` },
      ),
    );
  }
}

const statusText = (status: number | undefined): string => (status === undefined ? 'no answer' : `status ${status}`);

/** One value of a page's `values.json`. */
function valueIn(body: Uint8Array, tag: string): number | undefined {
  try {
    const { values } = JSON.parse(new TextDecoder().decode(body)) as { values?: Record<string, unknown> };
    const value = values?.[tag];
    return typeof value === 'number' ? value : undefined;
  } catch {
    return undefined;
  }
}

/** What `show` tells has six digits. */
const CONSOLE_DIGITS = 1e-5;

/** A point that is read with `show` and written with `set`. */
class ConsolePoint implements PointTarget {
  readonly device: DeviceSpec;
  readonly tag: string;
  readonly place = 'console';
  readonly #login: Credentials;

  constructor(device: DeviceSpec, tag: string, login: Credentials) {
    this.device = device;
    this.tag = tag;
    this.#login = login;
  }

  same(a: number, b: number): boolean {
    return Math.abs(a - b) <= CONSOLE_DIGITS * Math.max(1, Math.abs(a));
  }

  read(line: PointLine, cause: Cause, done: Read): void {
    this.#type(line, cause, `show ${this.tag} -n`, (answer, why) => {
      const value = answer === undefined ? undefined : /^\S+ (-?[\d.]+(?:e[+-]?\d+)?)\b/.exec(answer)?.[1];
      done(value === undefined ? undefined : Number(value), value === undefined ? `read ${this.tag}: ${why}` : why);
    });
  }

  write(line: PointLine, value: number, cause: Cause, done: (result: StepResult) => void): void {
    const what = named(this.tag, value);
    this.#type(line, cause, `set ${this.tag} ${value}`, (answer, why) =>
      done(
        answer?.includes(' set to ') === true
          ? { outcome: 'done', detail: what }
          : { outcome: 'failed', detail: `${what}: ${answer ?? why}` },
      ),
    );
  }

  #type(line: PointLine, cause: Cause, command: string, done: (answer: string | undefined, why: string) => void): void {
    const doors = line.doors(cause);
    if (doors === undefined) {
      done(undefined, `from '${line.from}' nobody reaches its console`);
      return;
    }
    doors.console(this.#login, [command], ({ outcome, answers }) => done(answers[0], outcome));
  }
}

/**
 * A point by the device's own doors: where a step says so, and where no field protocol has it but the page does; undefined else.
 * @throws ScopeError `scope.no-account` where nobody knows a password
 */
export function doorPoint(device: DeviceSpec, point: PointSpec, way: Way | undefined): PointTarget | undefined {
  const { tag } = point;
  if (way === 'console') return new ConsolePoint(device, tag, deliveredLogin(device, undefined));
  const page = device.services.find((service) => service.protocol === 'web');
  const isElsewhere = FIELD.some((protocol) => (point as Readonly<Record<string, unknown>>)[protocol] !== undefined);
  if (way !== 'page' && (isElsewhere || page?.setPoints.includes(tag) !== true)) return undefined;
  return new PagePoint(device, tag, deliveredLogin(device, undefined));
}

/** Where a point can have an address of its own. */
const FIELD = ['modbus', 's7', 'dnp3', 'bacnet', 'opcua', 'sparkplug', 'mqtt'];
