/**
 * What Zeek's policy scripts make of Modbus: `known_modbus` (who is a client, who a server) and `modbus_register_change`
 * (holding registers that a read shows with another value than before).
 */

import type { ProtocolEvent } from '@penstock/core';
import { BoundedMap } from '../bounded-map.ts';
import type { Flow } from '../flows/flow.ts';

export interface KnownModbusEvent extends ProtocolEvent {
  readonly name: 'known_modbus';
  readonly host: string;
  readonly device_type: 'Known::MODBUS_MASTER' | 'Known::MODBUS_SLAVE';
}

export interface RegisterChangeEvent extends ProtocolEvent {
  readonly name: 'modbus_register_change';
  /** Counts from 1, as Zeek's memory map does. */
  readonly register: number;
  readonly old_val: number;
  readonly new_val: number;
  /** Seconds since the old value was first seen. */
  readonly delta: number;
  readonly unit: number;
}

/** The columns of `modbus_detailed` that a memory map needs. */
interface ReadEvent extends ProtocolEvent {
  readonly unit?: number;
  readonly func?: string;
  readonly address?: number | undefined;
  readonly response_values?: readonly number[] | undefined;
}

/** Zeek forgets a node a day after it was logged (`Known::modbus_nodes`). */
const KNOWN_FOR = 86_400e6;
const MAX_NODES = 65_536;
const PAGE_BITS = 6;
const PAGE = 1 << PAGE_BITS;
/** Of 64 registers each, together about 5 MB. */
const MAX_PAGES = 8192;

interface Page {
  readonly values: Int32Array;
  readonly since: Float64Array;
}

export class ModbusDerived {
  /** Registers that could not be followed because too many are already. */
  untracked = 0;
  readonly #emit: (event: ProtocolEvent, flow: Flow) => void;
  readonly #nodes = new BoundedMap<string, number>(MAX_NODES);
  readonly #devices = new Map<string, Map<number, (Page | undefined)[]>>();
  #pages = 0;

  constructor(emit: (event: ProtocolEvent, flow: Flow) => void) {
    this.#emit = emit;
  }

  /** Looks at any event of a Modbus flow. */
  observe(event: ProtocolEvent, flow: Flow): void {
    if (event.time >= flow.knownModbusUntil) this.#know(event.time, flow);
    if (event.name !== 'modbus_detailed') return;
    const read = event as ReadEvent;
    if (read.func !== 'READ_HOLDING_REGISTERS' || read.response_values === undefined) return;
    if (read.address === undefined || read.unit === undefined) return;
    this.#compare(read.time, flow, read.unit, read.address, read.response_values);
  }

  #know(time: number, flow: Flow): void {
    flow.knownModbusUntil = Math.min(
      this.#node(time, flow, flow.originatorAddress, 'Known::MODBUS_MASTER'),
      this.#node(time, flow, flow.responderAddress, 'Known::MODBUS_SLAVE'),
    );
  }

  /** Reports a node that is new, or was reported a day ago; returns when it would be reported again. */
  #node(time: number, flow: Flow, host: string, type: KnownModbusEvent['device_type']): number {
    const key = `${type} ${host}`;
    const until = this.#nodes.get(key);
    if (until !== undefined && time < until) return until;
    this.#nodes.renew(key, time + KNOWN_FOR);
    const event: KnownModbusEvent = { name: 'known_modbus', time, host, device_type: type };
    this.#emit(event, flow);
    return time + KNOWN_FOR;
  }

  /**
   * Zeek keeps one map per address. Here each unit has its own: behind a gateway the units are different devices, and their
   * registers would seem to change with every poll.
   */
  #compare(time: number, flow: Flow, unit: number, address: number, values: readonly number[]): void {
    const pages = this.#pagesOf(flow.responderAddress, unit);
    for (let i = 0; i < values.length; i++) {
      const register = address + i;
      let page = pages[register >> PAGE_BITS];
      if (page === undefined) {
        page = this.#newPage();
        if (page === undefined) {
          this.untracked++;
          continue;
        }
        pages[register >> PAGE_BITS] = page;
      }
      const slot = register & (PAGE - 1);
      const before = page.values[slot] as number;
      const now = values[i] as number;
      if (before === now) continue;
      if (before >= 0) {
        const event: RegisterChangeEvent = {
          name: 'modbus_register_change',
          time,
          register: register + 1,
          old_val: before,
          new_val: now,
          delta: (time - (page.since[slot] as number)) / 1e6,
          unit,
        };
        this.#emit(event, flow);
      }
      page.values[slot] = now;
      page.since[slot] = time;
    }
  }

  #pagesOf(host: string, unit: number): (Page | undefined)[] {
    let units = this.#devices.get(host);
    if (units === undefined) {
      units = new Map();
      if (this.#devices.size < MAX_NODES) this.#devices.set(host, units);
    }
    let pages = units.get(unit);
    if (pages === undefined) {
      pages = [];
      units.set(unit, pages);
    }
    return pages;
  }

  #newPage(): Page | undefined {
    if (this.#pages >= MAX_PAGES) return undefined;
    this.#pages++;
    return { values: new Int32Array(PAGE).fill(-1), since: new Float64Array(PAGE) };
  }
}
