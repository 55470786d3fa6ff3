/** Notices to a web hook: HTTP POST of JSON, `{ "sensor": …, "notices": [ … ] }`, in batches, with time-outs and new attempts. */
import { hostname } from 'node:os';
import { UsageError } from '@penstock/core';
import type { Notice } from '@penstock/monitor';
import { BoundedQueue, type Delivery, type DeliveryReport, LAST_CHANCE_MS, RETRY_MS, wait } from './delivery.ts';

const MOST_WAITING = 1000;
const BATCH = 100;
const TIMEOUT_MS = 5000;

/** @throws UsageError `output.webhook` for what is no http or https URL */
export function openWebhook(url: string, retries: readonly number[] = RETRY_MS): Delivery {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed === undefined || !/^https?:$/.test(parsed.protocol))
    throw new UsageError('output.webhook', `--webhook takes an http or https URL, not '${url}'`);
  return new Webhook(parsed, retries);
}

class Webhook implements Delivery {
  readonly #url: URL;
  readonly #retries: readonly number[];
  readonly #queue = new BoundedQueue<Notice>(MOST_WAITING);
  #sent = 0;
  #refused = 0;
  #trouble: string | null = null;
  #pump: Promise<void> | undefined;
  #over = false;
  readonly #end = new AbortController();

  constructor(url: URL, retries: readonly number[]) {
    this.#url = url;
    this.#retries = retries;
  }

  tell(notice: Notice): void {
    // As it is now: an alert's count goes on while it waits.
    this.#queue.push({ ...notice });
    this.#pump ??= this.#deliver().finally(() => {
      this.#pump = undefined;
    });
  }

  async #deliver(): Promise<void> {
    // What comes in the same breath goes together.
    await wait(0);
    while (this.#queue.size > 0 && !this.#over) {
      const batch = this.#queue.peek(BATCH);
      const taken = await this.#attempts(batch);
      if (this.#over && !taken) return;
      this.#queue.remove(batch.length);
      if (taken) this.#sent += batch.length;
      else this.#refused += batch.length;
    }
  }

  async #attempts(batch: readonly Notice[]): Promise<boolean> {
    const body = JSON.stringify({ sensor: hostname(), notices: batch });
    for (let attempt = 0; ; attempt++) {
      const again = await this.#post(body);
      if (again === 'taken') return true;
      const pause = this.#retries[attempt];
      if (again === 'refused' || pause === undefined || this.#over) return false;
      await wait(pause);
      if (this.#over) return false;
    }
  }

  /** `refused`: it would be no use to try again (RFC 9110: 4xx, except what says "later"). */
  async #post(body: string): Promise<'taken' | 'refused' | 'later'> {
    try {
      const response = await fetch(this.#url, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', 'User-Agent': 'penstock' },
        body,
        redirect: 'error',
        signal: AbortSignal.any([AbortSignal.timeout(TIMEOUT_MS), this.#end.signal]),
      });
      await response.body?.cancel();
      if (response.ok) return 'taken';
      this.#trouble = `${this.#url.host} answers ${response.status}`;
      const later = response.status >= 500 || response.status === 408 || response.status === 429;
      return later ? 'later' : 'refused';
    } catch (error) {
      const { cause, message } = error as Error;
      this.#trouble = cause instanceof Error && cause.message !== '' ? cause.message : message;
      return 'later';
    }
  }

  async close(): Promise<DeliveryReport> {
    const until = performance.now() + LAST_CHANCE_MS;
    while (this.#pump !== undefined && performance.now() < until) await wait(10);
    this.#over = true;
    this.#end.abort();
    return {
      output: `webhook ${this.#url.origin}${this.#url.pathname}`,
      sent: this.#sent,
      dropped: this.#queue.dropped + this.#refused + this.#queue.size,
      trouble: this.#trouble,
    };
  }
}
