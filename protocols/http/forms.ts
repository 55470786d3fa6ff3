/** What browsers send to device pages: basic authentication (RFC 7617), forms (WHATWG URL, RFC 7578), and text that is safe in HTML. */

export interface BasicCredentials {
  readonly user: string;
  readonly password: string;
}

const LONGEST_CREDENTIALS = 1024;

/** What an Authorization header says; undefined where it is no basic authentication. */
export function basicCredentials(authorization: string | undefined): BasicCredentials | undefined {
  const encoded = /^Basic ([A-Za-z0-9+/=]+)$/i.exec(authorization ?? '')?.[1];
  if (encoded === undefined) return undefined;
  const text = Buffer.from(encoded.slice(0, LONGEST_CREDENTIALS), 'base64').toString('latin1');
  const colon = text.indexOf(':');
  return colon < 0 ? { user: text, password: '' } : { user: text.slice(0, colon), password: text.slice(colon + 1) };
}

export const basicAuthorization = ({ user, password }: BasicCredentials): string =>
  `Basic ${Buffer.from(`${user}:${password}`, 'latin1').toString('base64')}`;

const LARGEST_FORM = 16 * 1024;
const MOST_FIELDS = 64;

/** Fields of `application/x-www-form-urlencoded`; what is longer than a form is cut. */
export function urlEncodedForm(body: Uint8Array): Map<string, string> {
  const text = new TextDecoder().decode(body.subarray(0, LARGEST_FORM));
  return new Map([...new URLSearchParams(text)].slice(0, MOST_FIELDS));
}

/** A field of a form; files have a name. */
export interface FormPart {
  readonly name: string;
  readonly fileName: string | undefined;
  readonly bytes: Uint8Array;
}

/** Parts of `multipart/form-data`; empty for what is none. */
export function multipartForm(contentType: string | undefined, body: Uint8Array): FormPart[] {
  const boundary = /^multipart\/form-data;.*?boundary="?([^";]{1,70})"?/i.exec(contentType ?? '')?.[1];
  if (boundary === undefined) return [];
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.length);
  const mark = Buffer.from(`--${boundary}`, 'latin1');
  const parts: FormPart[] = [];
  let at = bytes.indexOf(mark);
  while (at >= 0 && parts.length < MOST_FIELDS) {
    const from = at + mark.length + 2;
    const next = bytes.indexOf(mark, from);
    const headEnd = bytes.indexOf('\r\n\r\n', from);
    if (next < 0 || headEnd < 0 || headEnd > next) break;
    const head = bytes.toString('latin1', from, headEnd);
    const name = /name="([^"]{0,128})"/.exec(head)?.[1];
    if (name !== undefined)
      parts.push({
        name,
        fileName: /filename="([^"]{0,128})"/.exec(head)?.[1],
        bytes: new Uint8Array(bytes.subarray(headEnd + 4, Math.max(headEnd + 4, next - 2))),
      });
    at = next;
  }
  return parts;
}

/** One file as a browser sends it. */
export function multipartFile(name: string, fileName: string, bytes: Uint8Array): { type: string; body: Uint8Array } {
  const boundary = '----PenstockFormBoundary7d1';
  const head = `--${boundary}\r\nContent-Disposition: form-data; name="${name}"; filename="${fileName}"\r\nContent-Type: application/octet-stream\r\n\r\n`;
  const body = Buffer.concat([Buffer.from(head), bytes, Buffer.from(`\r\n--${boundary}--\r\n`)]);
  return { type: `multipart/form-data; boundary=${boundary}`, body: new Uint8Array(body) };
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

export const escapeHtml = (text: string): string =>
  text.replace(/[&<>"']/g, (character) => ENTITIES[character] as string);
