/** Records with typed arrays as JSON and back: saved states of processes and controllers, on disk and between processes. */

const NAMES = ['float64', 'bigint64', 'uint8'] as const;
const KINDS = [Float64Array, BigInt64Array, Uint8Array] as const;

/** `value` as JSON; typed arrays become `{"float64": "…"}` with their bytes in base64. */
export const packArrays = (value: unknown): string =>
  JSON.stringify(value, (_, part: unknown) => {
    if (!ArrayBuffer.isView(part)) return part;
    const kind = KINDS.findIndex((make) => part instanceof make);
    const bytes = Buffer.from(part.buffer, part.byteOffset, part.byteLength).toString('base64');
    return { [NAMES[kind] as string]: bytes };
  });

/** The other way round. @throws SyntaxError when it is not JSON */
export const unpackArrays = (text: string): unknown =>
  JSON.parse(text, (_, part: unknown) => {
    if (typeof part !== 'object' || part === null) return part;
    const kind = NAMES.findIndex((name) => name in part);
    if (kind < 0) return part;
    const bytes = Uint8Array.from(
      Buffer.from((part as Record<string, string>)[NAMES[kind] as string] as string, 'base64'),
    );
    return new (KINDS[kind] as typeof Float64Array)(bytes.buffer as ArrayBuffer);
  });
