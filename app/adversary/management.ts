/** An adversary's end of the management channel: HTTP to a range on this machine, one report after the other. */
import { request } from 'node:http';
import {
  type AdversaryReport,
  type AdversaryRunMessage,
  adversaryRunMessage,
  type JudgedAlertMessage,
  judgedAlerts,
  PenstockError,
  trueValues,
  UsageError,
} from '@penstock/core';

/** A range that does not answer for so long is taken to be gone. */
const ANSWERS_WITHIN_MS = 10_000;

type Body = AdversaryReport extends infer R ? (R extends unknown ? Omit<R, 'instance' | 'scenario'> : never) : never;

export class Management {
  readonly #url: URL;
  readonly #token: string;
  readonly #scenario: string;
  /** Path of the unix socket where the range answers; loopback without it. */
  readonly #socket: string | undefined;
  /** Reports go out in the order in which they were made. */
  #last: Promise<void> = Promise.resolve();
  #instance = '';

  /**
   * @param address as `penstock up` prints it: `http://127.0.0.1:8080/#token=…`, or `unix:` and the path of a socket
   * @param token where the address has none
   * @throws UsageError `adversary.range` for what is no range of this machine, `adversary.token` without a token
   */
  constructor(address: string, token: string | undefined, scenario: string) {
    this.#socket = /^unix:(\/[^#]+)/.exec(address)?.[1];
    this.#url = loopbackUrl(this.#socket === undefined ? address : `http://localhost/${new URL(address).hash}`);
    const given = token ?? new URLSearchParams(this.#url.hash.slice(1)).get('token');
    if (!given)
      throw new UsageError(
        'adversary.token',
        'the range asks for its token; give the whole address that `penstock up` prints, or --token TOKEN',
      );
    this.#token = given;
    this.#scenario = scenario;
  }

  /** Which run it is; every report from now on is for it. @throws PenstockError as `describe` */
  async join(): Promise<AdversaryRunMessage> {
    const described = await this.describe();
    this.#instance = described.instance;
    return described;
  }

  /** What the range says of itself now. @throws PenstockError `adversary.gone`, `adversary.refused` */
  async describe(): Promise<AdversaryRunMessage> {
    const parsed = adversaryRunMessage.safeParse(await this.#ask('GET', 'adversary'));
    if (!parsed.success)
      throw new PenstockError('adversary.refused', `what answers at ${this.#url.host} is no range of this version`);
    return parsed.data;
  }

  /** Tells the range; resolves when it has taken effect there, in order. @throws PenstockError as `describe` */
  report(body: Body): Promise<void> {
    const report = { ...body, instance: this.#instance, scenario: this.#scenario };
    const told = this.#last.then(async () => void (await this.#ask('POST', 'adversary', report)));
    this.#last = told.catch(() => {});
    return told;
  }

  /** When everything told so far has been heard. */
  get heard(): Promise<void> {
    return this.#last;
  }

  async alerts(): Promise<JudgedAlertMessage[]> {
    return judgedAlerts.parse(await this.#ask('GET', 'state')).alerts;
  }

  /** True values by the plant's tag number, NaN where there is none. @throws PenstockError as `describe` */
  async truth(): Promise<number[]> {
    const parsed = trueValues.safeParse(await this.#ask('GET', 'values'));
    if (!parsed.success) throw new PenstockError('adversary.refused', `${this.#url.host} gives no values`);
    return parsed.data.true.map((value) => value ?? Number.NaN);
  }

  async #ask(method: 'GET' | 'POST', path: string, body?: unknown): Promise<unknown> {
    let response: { status: number; text: string };
    try {
      response = await this.#request(method, path, body === undefined ? undefined : JSON.stringify(body));
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      throw new PenstockError(
        'adversary.gone',
        `no range answers at ${this.#url.origin} (${code ?? message}); is \`penstock up\` running?`,
        undefined,
        error,
      );
    }
    if (response.status === 204) return undefined;
    const answer = parsed(response.text);
    if (response.status >= 200 && response.status < 300) return answer;
    const said = (answer as { error?: string } | undefined)?.error ?? `status ${response.status}`;
    throw new PenstockError('adversary.refused', `the range refuses: ${said}`);
  }

  #request(method: string, path: string, body: string | undefined): Promise<{ status: number; text: string }> {
    const url = new URL(`/api/${path}`, this.#url);
    const headers = { Authorization: `Bearer ${this.#token}`, 'Content-Type': 'application/json' };
    const socketPath = this.#socket === undefined ? {} : { socketPath: this.#socket };
    return new Promise((resolve, reject) => {
      const asked = request(
        url,
        { method, headers, ...socketPath, signal: AbortSignal.timeout(ANSWERS_WITHIN_MS) },
        (response) => {
          let text = '';
          response.setEncoding('utf8');
          response.on('data', (part: string) => {
            text += part;
          });
          response.on('error', reject);
          response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
        },
      );
      asked.on('error', reject);
      asked.end(body);
    });
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function loopbackUrl(address: string): URL {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url?.protocol !== 'http:' || !/^(127\.\d+\.\d+\.\d+|localhost|\[::1\])$/.test(url.hostname))
    throw new UsageError(
      'adversary.range',
      `--range wants the address of a range on this machine, for example http://127.0.0.1:8080/#token=…; this is '${address}'`,
    );
  return url;
}
