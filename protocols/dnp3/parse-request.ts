/** Requests as an outstation reads them: objects, or what it says when it cannot read them. */
import { decodeFragment, type ObjectBlock } from './application.ts';
import { IIN } from './tables.ts';

export interface ParsedRequest {
  readonly code: number;
  readonly objects: readonly ObjectBlock[];
  /** Indications that refuse the request as a whole; 0 when it could be read. */
  readonly problem: number;
}

/** A request's objects, or the indications that say why they cannot be read. */
export function parseRequest(octets: Uint8Array): ParsedRequest {
  const { fragment, problem } = decodeFragment(octets);
  const code = octets[1] as number;
  if (problem === undefined) return { code, objects: fragment?.objects ?? [], problem: 0 };
  switch (problem.reason) {
    case 'function':
      return { code, objects: [], problem: IIN.functionNotSupported };
    case 'object':
      return { code, objects: [], problem: IIN.objectUnknown };
    default:
      return { code, objects: [], problem: IIN.parameterError };
  }
}
