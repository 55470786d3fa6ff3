/** What came of reading a message. */

/** `unsupported`: the standard allows it, this codec does not take it apart. `illegal`: the standard forbids it. */
export type Decoded<T> =
  | { readonly status: 'ok'; readonly message: T }
  | { readonly status: 'illegal'; readonly reason: string }
  | { readonly status: 'unsupported'; readonly reason: string };

export const ok = <T>(message: T): Decoded<T> => ({ status: 'ok', message });
export const illegal = (reason: string): { readonly status: 'illegal'; readonly reason: string } => ({
  status: 'illegal',
  reason,
});
export const unsupported = (reason: string): { readonly status: 'unsupported'; readonly reason: string } => ({
  status: 'unsupported',
  reason,
});
