/** A point of a device that only its page reaches: read as the page's values tell it, written by its form. */
import type { DeviceSpec } from '@penstock/core';
import type { Cause, Credentials } from '@penstock/simulator/kernel';
import type { StepResult } from './context.ts';
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
