/** Work over BACnet with one device: through the socket that a device's standing conversations have, or through one of its own that ends with it. */
import type { Instant } from '@penstock/core';
import {
  ABORT_REASONS,
  type BacnetClient,
  ERROR_CODES,
  type Outcome,
  type Peer,
  REJECT_REASONS,
} from '@penstock/protocols/bacnet';
import type { BacnetReplied, BacnetReply, BacnetSession, Cause, EventQueue } from '@penstock/simulator/kernel';
import type { BacnetPeer } from './bacnet-peer.ts';

export class PeerBacnetSession implements BacnetSession {
  readonly #queue: EventQueue;
  readonly #peer: BacnetPeer;
  readonly #to: Peer;
  readonly #isOwn: boolean;

  /** @param isOwn the socket was opened for this session */
  constructor(queue: EventQueue, peer: BacnetPeer, to: Peer, isOwn: boolean) {
    this.#queue = queue;
    this.#peer = peer;
    this.#to = to;
    this.#isOwn = isOwn;
  }

  read(...[place, cause, done]: Parameters<BacnetSession['read']>): void {
    this.#work(cause, done, (client, now, tell, mark) =>
      client.readProperty(
        this.#to,
        place,
        now,
        (readings, outcome, at) => tell(outcome, at, readings[0]?.values),
        mark,
      ),
    );
  }

  write(...[place, values, priority, cause, done]: Parameters<BacnetSession['write']>): void {
    this.#work(cause, done, (client, now, tell, mark) =>
      client.writeProperty(this.#to, place, values, priority, now, tell, mark),
    );
  }

  reinitialize(...[request, cause, done]: Parameters<BacnetSession['reinitialize']>): void {
    this.#work(cause, done, (client, now, tell, mark) => client.reinitialize(this.#to, request, now, tell, mark));
  }

  communicationControl(...[control, cause, done]: Parameters<BacnetSession['communicationControl']>): void {
    this.#work(cause, done, (client, now, tell, mark) =>
      client.communicationControl(this.#to, control, now, tell, mark),
    );
  }

  whoIs(...[low, high, everybody, cause]: Parameters<BacnetSession['whoIs']>): void {
    this.#peer.speak((client) => client.whoIs(low, high, everybody ? undefined : this.#to), cause);
  }

  release(): void {
    if (this.#isOwn) this.#peer.stop(this.#queue.now);
  }

  #work(
    cause: Cause,
    done: BacnetReplied,
    act: (client: BacnetClient, now: Instant, tell: Tell, mark: (under: boolean) => void) => void,
  ): void {
    let requests = 0;
    const marking = this.#peer.marking(cause);
    const mark = (under: boolean): void => {
      if (under) requests++;
      marking(under);
    };
    const tell: Tell = (outcome, now, values = []) =>
      done({ ...replyOf(outcome), values, requests: Math.max(1, requests) }, now);
    this.#peer.speak((client, now) => act(client, now, tell, mark), cause);
  }
}

type Tell = (outcome: Outcome, now: Instant, values?: BacnetReply['values']) => void;

function replyOf(outcome: Outcome): Pick<BacnetReply, 'outcome' | 'detail'> {
  switch (outcome.kind) {
    case 'done':
      return { outcome: 'done', detail: '' };
    case 'error':
      return { outcome: 'refused', detail: ERROR_CODES.name(outcome.errorCode) };
    case 'reject':
      return { outcome: 'refused', detail: REJECT_REASONS.name(outcome.reason) };
    case 'abort':
      return { outcome: 'refused', detail: ABORT_REASONS.name(outcome.reason) };
    default:
      return { outcome: outcome.kind === 'timeout' ? 'timeout' : 'closed', detail: outcome.kind };
  }
}
