/**
 * A device's web pages: status with real values, set points that act, log, password, firmware, restart; and of a camera what it sees. All of it is made
 * of the device's state at the moment of the request.
 */
import type { Instant, WebServiceSpec, Writer } from '@penstock/core';
import {
  basicCredentials,
  escapeHtml,
  type HttpAnswer,
  type HttpRequest,
  multipartForm,
  urlEncodedForm,
} from '@penstock/protocols/http';
import type { DeviceContext } from '../context.ts';
import { type Access, type Doors, type DoorUser, mayDo } from './index.ts';
import { gaugePicture, HEIGHT, WIDTH } from './snapshot.ts';
import { OUTCOMES, type ShownValues } from './values.ts';

const ENCODER = new TextEncoder();
/** Lines of the log on its page. */
const LOG_LINES = 50;
/** Of a page that is open to everybody. */
const VISITOR: DoorUser = { user: '', access: 'view' };
const NOBODY: DoorUser = { user: '', access: 'admin' };

/** One request with who sends it. */
interface Visit {
  readonly request: HttpRequest;
  readonly user: DoorUser;
  readonly writer: Writer;
  readonly query: URLSearchParams;
}

interface Page {
  readonly method: 'GET' | 'POST';
  readonly access: Access;
  answer(visit: Visit): HttpAnswer;
}

export class DevicePages {
  readonly #context: DeviceContext;
  readonly #doors: Doors;
  readonly #values: ShownValues;
  readonly #spec: WebServiceSpec;
  readonly #pages: Readonly<Record<string, Page | undefined>>;

  constructor(context: DeviceContext, doors: Doors, values: ShownValues, spec: WebServiceSpec) {
    this.#context = context;
    this.#doors = doors;
    this.#values = values;
    this.#spec = spec;
    const get = (answer: Page['answer']): Page => ({ method: 'GET', access: 'view', answer });
    const post = (access: Access, answer: Page['answer']): Page => ({ method: 'POST', access, answer });
    this.#pages = {
      'GET /': get((visit) => this.#status(visit)),
      'GET /values.json': get(() => this.#json()),
      'GET /log': get(() => this.#log()),
      'POST /setpoint': post('operate', (visit) => this.#setPoint(visit)),
      'POST /password': post('view', (visit) => this.#password(visit)),
      'POST /restart': post('admin', ({ writer }) => this.#said(this.#doors.restart(writer), 'The device restarts.')),
      ...(context.spec.firmware && {
        'GET /firmware': get(() => this.#firmwarePage()),
        'POST /firmware': post('admin', (visit) => this.#firmware(visit)),
      }),
      ...(spec.views.length > 0 && {
        'GET /snapshot.png': get((visit) => this.#snapshot(visit)),
        'GET /stream.sdp': get(() => this.#describe()),
      }),
    };
  }

  /** What the Server header says. */
  get product(): string {
    const { productName, revision } = this.#context.identity;
    return `${productName}/${revision}`.replaceAll(' ', '-');
  }

  /** Answers one request of `source`. */
  answer(request: HttpRequest, source: string, port: number, _now: Instant): HttpAnswer {
    const [path, query] = request.target.split('?', 2) as [string, string | undefined];
    const method = request.method === 'HEAD' ? 'GET' : request.method;
    const page = this.#pages[`${method} ${path}`];
    const known = this.#userOf(request, source);
    // Who gives a wrong password is told so, even where none is needed.
    if (known === undefined && request.headers.has('authorization')) return this.#challenge();
    const needsLogin = this.#spec.login === 'pages' || (this.#spec.login === 'changes' && method !== 'GET');
    const user = known ?? (needsLogin ? undefined : this.#spec.login === 'none' ? NOBODY : VISITOR);
    if (user === undefined) return this.#challenge();
    if (page === undefined) {
      const isThere = this.#pages[`${method === 'GET' ? 'POST' : 'GET'} ${path}`] !== undefined;
      return this.#page(isThere ? 405 : 404, 'Not here', '<p>There is no such page.</p>');
    }
    if (!mayDo(user, page.access))
      return this.#page(403, 'Not allowed', `<p>${escapeHtml(user.user)} may not do that.</p>`);
    const writer = { protocol: 'http', address: source, port };
    return page.answer({ request, user, writer, query: new URLSearchParams(query) });
  }

  #userOf({ headers }: HttpRequest, source: string): DoorUser | undefined {
    const given = basicCredentials(headers.get('authorization'));
    return given && this.#doors.login(given.user, given.password, 'http', source);
  }

  #challenge(): HttpAnswer {
    const { productName, modelName } = this.#context.identity;
    const realm = `${productName} ${modelName}`.replaceAll('"', '');
    const { body } = this.#page(401, 'Log on', '<p>User and password are needed.</p>');
    return {
      status: 401,
      type: 'text/html; charset=utf-8',
      headers: { 'WWW-Authenticate': `Basic realm="${realm}"` },
      ...(body && { body }),
    };
  }

  #page(status: number, heading: string, content: string): HttpAnswer {
    const { productName, modelName, vendor, revision } = this.#context.identity;
    const title = escapeHtml(`${productName} ${modelName}`);
    const body = `<!DOCTYPE html>
<html><head><meta charset="utf-8"><title>${title}</title></head>
<body><h1>${title}</h1><p>${escapeHtml(`${this.#context.spec.name}, ${vendor}, firmware ${revision}`)}</p>
<h2>${escapeHtml(heading)}</h2>
${content}
</body></html>
`;
    return { status, type: 'text/html; charset=utf-8', body: ENCODER.encode(body) };
  }

  #said(refusal: string | undefined, done: string): HttpAnswer {
    return refusal === undefined
      ? this.#page(200, 'Done', `<p>${escapeHtml(done)}</p>`)
      : this.#page(423, 'Refused', `<p>${escapeHtml(refusal)}</p>`);
  }

  #status({ user }: Visit): HttpAnswer {
    const { controller, spec } = this.#context;
    const rows = this.#values.all.map((shown) => {
      const { id, name } = shown.tag;
      const isSetPoint = this.#spec.setPoints.includes(id) && mayDo(user, 'operate');
      const form = isSetPoint
        ? `<form method="post" action="/setpoint"><input type="hidden" name="tag" value="${id}"><input name="value" size="8"><button>Set</button></form>`
        : '';
      return `<tr><td>${id}</td><td>${escapeHtml(name)}</td><td>${escapeHtml(this.#values.text(shown))}</td><td>${form}</td></tr>`;
    });
    const views = this.#spec.views.map(
      ({ name }) =>
        `<p><img alt="${name}" width="${WIDTH * 2}" height="${HEIGHT * 2}" src="/snapshot.png?view=${name}"></p>`,
    );
    const mode = controller === undefined ? '' : `<p>Controller ${controller.mode}, key ${controller.key}</p>`;
    const password =
      user.user === ''
        ? ''
        : '<form method="post" action="/password"><input type="password" name="password"><button>Change password</button></form>';
    const up = `<p>Up ${Math.floor(this.#doors.upTime / 1e6)} s</p>`;
    const links = `<p><a href="/log">Log</a>${spec.firmware === undefined ? '' : ' <a href="/firmware">Firmware</a>'}</p>`;
    const table = rows.length > 0 ? `<table>\n${rows.join('\n')}\n</table>` : '';
    return this.#page(
      200,
      'Status',
      [mode, up, ...views, table, password, links].filter((part) => part !== '').join('\n'),
    );
  }

  #json(): HttpAnswer {
    const { spec, identity } = this.#context;
    const values = Object.fromEntries(this.#values.all.map((shown) => [shown.tag.id, this.#values.read(shown)]));
    const body = JSON.stringify({ device: spec.id, model: identity.modelName, firmware: identity.revision, values });
    return { status: 200, body: ENCODER.encode(`${body}\n`) };
  }

  #log(): HttpAnswer {
    const lines = this.#context.controller?.diagnostics.list().slice(-LOG_LINES) ?? [];
    return this.#page(200, 'Log', `<pre>${lines.map(({ id, text }) => escapeHtml(`${id}: ${text}`)).join('\n')}</pre>`);
  }

  #setPoint({ request, writer }: Visit): HttpAnswer {
    const form = urlEncodedForm(request.body);
    const shown = this.#values.find(form.get('tag') ?? '');
    if (shown === undefined || !this.#spec.setPoints.includes(shown.tag.id))
      return this.#page(404, 'Refused', '<p>There is no such set point here.</p>');
    const value = this.#values.numberOf(shown, form.get('value') ?? '');
    if (value === undefined) return this.#page(422, 'Refused', '<p>That is no value.</p>');
    const outcome = this.#values.write(shown, value, writer);
    if (outcome === 'done') return { status: 303, headers: { Location: '/' }, type: 'text/html; charset=utf-8' };
    return this.#page(outcome === 'locked' ? 423 : 422, 'Refused', `<p>${OUTCOMES[outcome]}</p>`);
  }

  #password({ request, user, writer }: Visit): HttpAnswer {
    const form = urlEncodedForm(request.body);
    const whose = form.get('user') ?? user.user;
    if (whose !== user.user && !mayDo(user, 'admin'))
      return this.#page(403, 'Not allowed', '<p>Only an administrator changes another user’s password.</p>');
    const refusal = this.#doors.changePassword(whose, form.get('password') ?? '', writer);
    return refusal === undefined
      ? this.#page(200, 'Done', '<p>The password is changed.</p>')
      : this.#page(422, 'Refused', `<p>${escapeHtml(refusal)}</p>`);
  }

  #firmwarePage(): HttpAnswer {
    const form =
      '<form method="post" action="/firmware" enctype="multipart/form-data"><input type="file" name="image"><button>Install</button></form>';
    return this.#page(200, 'Firmware', `<p>Running ${escapeHtml(this.#context.identity.revision)}</p>${form}`);
  }

  #firmware({ request, writer }: Visit): HttpAnswer {
    const part = multipartForm(request.headers.get('content-type'), request.body)[0];
    const installed = this.#doors.install(part?.bytes ?? request.body, writer);
    return installed.outcome === 'gone'
      ? this.#page(200, 'Firmware', '<p>The image is written, the device restarts.</p>')
      : this.#page(422, 'Refused', `<p>${escapeHtml(installed.why)}</p>`);
  }

  #snapshot({ query }: Visit): HttpAnswer {
    const { views } = this.#spec;
    const wanted = query.get('view');
    const view = wanted === null ? views[0] : views.find(({ name }) => name === wanted);
    if (view === undefined) return this.#page(404, 'Not here', '<p>There is no such view.</p>');
    const { wiring, plant, clock } = this.#context;
    const index = this.#context.tagIndex(view.tag);
    const { range } = plant.tags[index] as (typeof plant.tags)[number];
    const time = new Date(clock.now() / 1000).toISOString().slice(0, 19).replace('T', ' ');
    const caption = `${view.name} ${time}`;
    return { status: 200, type: 'image/png', body: gaugePicture({ value: wiring.read(index), range, caption }) };
  }

  /** What a player would be told of the stream (RFC 8866); pictures come one by one. */
  #describe(): HttpAnswer {
    const { spec, identity } = this.#context;
    const lines = [
      'v=0',
      `o=- 0 0 IN IP4 ${spec.address}`,
      `s=${identity.modelName} ${spec.name}`,
      `c=IN IP4 ${spec.address}`,
      't=0 0',
      ...this.#spec.views.flatMap(({ name }) => [
        `m=video ${this.#spec.port} TCP 26`,
        `i=${name}`,
        `a=control:/snapshot.png?view=${name}`,
      ]),
    ];
    return { status: 200, type: 'application/sdp', body: ENCODER.encode(`${lines.join('\r\n')}\r\n`) };
  }
}
