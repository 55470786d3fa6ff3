/** Requests to the range. Errors carry the server's own sentence, which says what to do. */
import { takeToken } from '../app/token.ts';

class ApiError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.name = 'ApiError';
    this.status = status;
  }
}

/** GET, or POST with a body; what is answered without content is undefined. @throws ApiError with the server's reason, or with status 0 when it cannot be reached */
export async function api<T>(path: string, body?: unknown, signal?: AbortSignal): Promise<T> {
  const response = await ask(path, body, signal);
  const text = await response.text();
  return (text === '' ? undefined : JSON.parse(text)) as T;
}

/** Saves what the server sends for `path` as a file. @throws ApiError */
export async function download(path: string, name: string): Promise<void> {
  const blob = await (await ask(path)).blob();
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}

async function ask(path: string, body?: unknown, signal?: AbortSignal): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(`/api/${path}`, {
      method: body === undefined ? 'GET' : 'POST',
      headers: {
        Authorization: `Bearer ${takeToken() ?? ''}`,
        ...(body !== undefined && { 'Content-Type': 'application/json' }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      ...(signal && { signal }),
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ApiError(0, 'The range cannot be reached; it may have been stopped.');
  }
  if (response.ok) return response;
  const text = await response.text();
  throw new ApiError(response.status, reasonOf(text) ?? `The range answered ${response.status}.`);
}

function reasonOf(text: string): string | undefined {
  try {
    const { error } = JSON.parse(text) as { error?: unknown };
    return typeof error === 'string' ? error : undefined;
  } catch {
    return text.trim() || undefined;
  }
}
