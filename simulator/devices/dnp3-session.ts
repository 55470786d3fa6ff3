/** Work over a DNP3 connection to one outstation: a standing one, or one of its own that ends with it. */
import { type Instant, milliseconds, seconds } from '@penstock/core';
import {
  type AppFragment,
  CommandTask,
  MasterTask,
  PlainTask,
  PRIORITY,
  type TaskOutcome,
} from '@penstock/protocols/dnp3';
import type { Cause, Dnp3Replied, Dnp3Reply, Dnp3Session, EventQueue } from '@penstock/simulator/kernel';
import type { Dnp3Peer } from './dnp3-peer.ts';

/** How often a connection that does not stand yet is looked for, and for how long. */
const LOOK_EVERY = milliseconds(100);
const LOOK_FOR = seconds(20);
const READ = 1;

export class PeerDnp3Session implements Dnp3Session {
  readonly #queue: EventQueue;
  readonly #peer: Dnp3Peer;
  readonly #isOwn: boolean;
  #isOver = false;

  /** @param isOwn the connection was opened for this session */
  constructor(queue: EventQueue, peer: Dnp3Peer, isOwn: boolean) {
    this.#queue = queue;
    this.#peer = peer;
    this.#isOwn = isOwn;
  }

  read(objects: Parameters<Dnp3Session['read']>[0], cause: Cause, done: Dnp3Replied): void {
    this.perform(READ, objects, cause, done);
  }

  command(...[command, way, cause, done]: Parameters<Dnp3Session['command']>): void {
    this.#work(new CommandTask([command], way), cause, done);
  }

  perform(code: number, objects: Parameters<Dnp3Session['read']>[0], cause: Cause, done: Dnp3Replied): void {
    this.#work(new PlainTask('work', { code, objects }, PRIORITY.demand, false), cause, done);
  }

  release(): void {
    this.#isOver = true;
    if (this.#isOwn) this.#peer.close(this.#queue.now);
  }

  #work(task: MasterTask, cause: Cause, done: Dnp3Replied): void {
    const queue = this.#queue;
    const work = new Work(task, (under) => this.#isOwn || this.#peer.mark(under ? cause : undefined), done);
    const until = queue.now + LOOK_FOR;
    const submit = (): void => {
      if (this.#isOver) return;
      if (this.#peer.speak((master, now) => master.submit(work, now), cause)) return;
      if (queue.now < until) queue.in(LOOK_EVERY, { run: submit });
      else done({ outcome: 'closed', values: [], requests: 0 }, queue.now);
    };
    submit();
  }
}

/** A task that says when its frames go out, and keeps what was answered. */
class Work extends MasterTask {
  readonly name = 'work';
  override readonly silent: boolean;
  readonly #task: MasterTask;
  readonly #mark: (under: boolean) => void;
  readonly #done: Dnp3Replied;
  readonly #values: Dnp3Reply['values'][number][] = [];
  #requests = 0;

  constructor(task: MasterTask, mark: (under: boolean) => void, done: Dnp3Replied) {
    super(task.priority);
    this.silent = task.silent;
    this.#task = task;
    this.#mark = mark;
    this.#done = done;
  }

  request(now: Instant): ReturnType<MasterTask['request']> {
    this.#requests++;
    this.#mark(true);
    return this.#task.request(now);
  }

  answer(fragment: AppFragment, now: Instant): ReturnType<MasterTask['answer']> {
    for (const { group, items } of fragment.objects)
      for (const { index, value } of items)
        if (
          value !== undefined &&
          'value' in value &&
          (typeof value.value === 'number' || typeof value.value === 'boolean')
        )
          this.#values.push({ group, index, value: Number(value.value) });
    this.#task.indications = this.indications;
    return this.#task.answer(fragment, now);
  }

  override ended(outcome: TaskOutcome, now: Instant): void {
    this.#mark(false);
    this.#task.ended(outcome, now);
    this.#done({ outcome, values: this.#values, requests: Math.max(1, this.#requests) }, now);
  }
}
