/**
 * FC 8 and the counters behind FC 8 and 11 (MODBUS Application Protocol V1.1b3, clauses 6.8 and 6.9). Made for serial lines; over TCP the
 * "bus" is all connections of the device together, and there are no communication errors, character overruns or NAKs to count.
 */
import { read16, write16 } from '../exchange/bytes.ts';
import { DIAGNOSTIC, DIAGNOSTICS, ILLEGAL_DATA_VALUE, ILLEGAL_FUNCTION } from './tables.ts';

export class Diagnostics {
  busMessages = 0;
  serverMessages = 0;
  exceptions = 0;
  unanswered = 0;
  /** Requests carried out, as FC 11 counts them: not exceptions, not FC 11 itself. */
  events = 0;
  /** Nothing is answered until a client restarts communications (sub-functions 4 and 1). */
  listenOnly = false;

  /** In listen-only mode: whether the request is the restart that ends it. */
  wakes(request: Uint8Array, start: number, end: number, enabled: Uint8Array): boolean {
    return (
      enabled[DIAGNOSTICS] === 1 &&
      end - start === 5 &&
      request[start] === DIAGNOSTICS &&
      read16(request, start + 1) === DIAGNOSTIC.restartCommunications
    );
  }

  /** Response at `out[at…]`; returns its end, `at` for none, or minus the exception code. */
  respond(request: Uint8Array, start: number, end: number, out: Uint8Array, at: number): number {
    if (end - start < 3) return -ILLEGAL_DATA_VALUE;
    const subfunction = read16(request, start + 1);
    if (subfunction === DIAGNOSTIC.returnQueryData) return copy(request, start, end, out, at);
    if (!IMPLEMENTED.has(subfunction)) return -ILLEGAL_FUNCTION;
    if (end - start !== 5) return -ILLEGAL_DATA_VALUE;
    const data = read16(request, start + 3);
    if (subfunction === DIAGNOSTIC.restartCommunications) {
      if (data !== 0 && data !== 0xff00) return -ILLEGAL_DATA_VALUE;
      const silent = this.listenOnly;
      this.clear();
      this.listenOnly = false;
      return silent ? at : copy(request, start, end, out, at);
    }
    if (subfunction === DIAGNOSTIC.changeAsciiDelimiter)
      return (data & 0xff) === 0 ? copy(request, start, end, out, at) : -ILLEGAL_DATA_VALUE;
    if (data !== 0) return -ILLEGAL_DATA_VALUE;
    if (subfunction === DIAGNOSTIC.forceListenOnly) {
      this.listenOnly = true;
      return at;
    }
    if (subfunction === DIAGNOSTIC.clearCounters) this.clear();
    if (subfunction === DIAGNOSTIC.clearCounters || subfunction === DIAGNOSTIC.clearOverrunCounter)
      return copy(request, start, end, out, at);
    copy(request, start, start + 3, out, at);
    write16(out, at + 3, this.#counter(subfunction) & 0xffff);
    return at + 5;
  }

  /** Sub-function 10, and part of a restart. */
  clear(): void {
    this.busMessages = 0;
    this.serverMessages = 0;
    this.exceptions = 0;
    this.unanswered = 0;
    this.events = 0;
  }

  #counter(subfunction: number): number {
    switch (subfunction) {
      case DIAGNOSTIC.busMessageCount:
        return this.busMessages;
      case DIAGNOSTIC.busExceptionErrorCount:
        return this.exceptions;
      case DIAGNOSTIC.serverMessageCount:
        return this.serverMessages;
      case DIAGNOSTIC.serverNoResponseCount:
        return this.unanswered;
      default:
        // The diagnostic register, and what cannot occur over TCP.
        return 0;
    }
  }
}

const IMPLEMENTED: ReadonlySet<number> = new Set(Object.values(DIAGNOSTIC));

function copy(request: Uint8Array, start: number, end: number, out: Uint8Array, at: number): number {
  out.set(request.subarray(start, end), at);
  return at + end - start;
}
