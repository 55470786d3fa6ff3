/**
 * The rules of the house that a type checker does not know: which room may import which, and where clocks, randomness, files and
 * the network may be touched. ARCHITECTURE.md says why. Every rule is a row of a table here; the code below only applies it.
 */
import { posix } from 'node:path';
import { type Node, parseSync } from 'oxc-parser';

export interface Violation {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly rule: string;
  readonly message: string;
}

/**
 * Which packages a room may import. An entry with a slash allows one entry point only (`simulator/kernel`); a room may always
 * import itself. Rooms that are not listed (`tests`, `scripts`) may import everything.
 */
export const ARROWS: Record<string, readonly string[]> = {
  core: [],
  protocols: ['core'],
  simulator: ['core', 'protocols'],
  plants: ['core', 'simulator/process'],
  attacks: ['core', 'protocols', 'simulator/kernel'],
  monitor: ['core', 'protocols'],
  range: ['core', 'simulator', 'plants', 'attacks', 'monitor'],
  campaigns: ['core', 'range'],
  training: ['core', 'range'],
  app: ['core', 'protocols', 'simulator', 'plants', 'attacks', 'monitor', 'range', 'campaigns', 'training'],
  ui: ['core/messages', 'core/pid', 'core/scene'],
};

/** Where something of the outside may be touched: paths that begin so. Everything not listed under a ban is free. */
interface Ban {
  readonly rule: string;
  readonly what: string;
  readonly instead: string;
  readonly allowedIn: readonly string[];
  readonly modules?: readonly string[];
  /** Global names; `Math.random` for a member. */
  readonly globals?: readonly string[];
  /** Names imported from a module, where the module itself is free. */
  readonly imports?: readonly string[];
  /** Also in tests. */
  readonly always?: true;
}

const OUTSIDE = ['app/', 'scripts/', 'ui/', 'docker/'];

export const BANS: readonly Ban[] = [
  {
    rule: 'clock',
    what: 'the real clock',
    instead: "time is injected: take an Instant from the caller or the kernel's queue",
    allowedIn: ['simulator/kernel/', ...OUTSIDE],
    modules: ['node:perf_hooks', 'node:timers', 'node:timers/promises'],
    globals: ['Date.now', 'Date()', 'performance.now', 'performance.timeOrigin', 'process.hrtime', 'process.uptime'],
  },
  {
    rule: 'timer',
    what: 'a real timer',
    instead: "schedule on the kernel's queue, or offer due() and tick(now)",
    allowedIn: ['simulator/kernel/', ...OUTSIDE],
    globals: ['setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask', 'process.nextTick', 'Atomics.wait'],
  },
  {
    rule: 'randomness',
    what: 'randomness of its own',
    instead: 'draw from a seeded Random stream that is passed in',
    allowedIn: ['simulator/kernel/', ...OUTSIDE],
    globals: ['Math.random', 'crypto.randomUUID', 'crypto.getRandomValues'],
    imports: [
      'node:crypto randomBytes',
      'node:crypto randomUUID',
      'node:crypto randomInt',
      'node:crypto getRandomValues',
      'node:crypto webcrypto',
    ],
  },
  {
    rule: 'files',
    what: 'the file system',
    instead: "read through core's loader (loadYaml, readText, loadPlant)",
    allowedIn: [
      'core/files.ts',
      'range/journal/',
      'monitor/capture/',
      'monitor/journal/',
      'monitor/zeek/',
      'simulator/kernel/gate',
      'app/',
      'scripts/',
    ],
    modules: ['node:fs', 'node:fs/promises', 'node:sqlite'],
  },
  {
    rule: 'network',
    what: 'the network',
    instead: "speak through the wire; only the kernel's gates, its hosts of sockets and the app own some",
    allowedIn: ['simulator/kernel/gate', 'simulator/kernel/socket', ...OUTSIDE],
    modules: [
      'node:net',
      'node:dgram',
      'node:http',
      'node:https',
      'node:http2',
      'node:tls',
      'node:dns',
      'node:dns/promises',
    ],
    globals: ['fetch', 'WebSocket', 'EventSource'],
  },
  {
    rule: 'process',
    what: 'other processes',
    instead: 'only the live capture and the app start programs',
    allowedIn: ['monitor/capture/', 'app/', 'scripts/'],
    modules: ['node:child_process', 'node:cluster'],
  },
  {
    rule: 'thread',
    what: 'threads',
    instead: 'a run is one thread; campaigns and the app spread runs over workers',
    allowedIn: ['campaigns/', 'app/', 'scripts/'],
    modules: ['node:worker_threads'],
  },
  {
    rule: 'evaluation',
    what: 'text as code',
    instead: 'compile it to closures; programs and configuration come from outside',
    allowedIn: [],
    modules: ['node:vm', 'vm'],
    globals: ['eval', 'Function'],
    always: true,
  },
];

/** Rooms in which nothing may wait: a run has no promises, so that the event queue alone decides the order of things. */
const WITHOUT_PROMISES = ['protocols/', 'simulator/', 'plants/'];
const PROMISES_ALLOWED = ['simulator/kernel/gate', 'simulator/kernel/socket', 'simulator/kernel/clock'];

const MOST_LINES = { source: 500, test: 800 };

/** Built from pieces so that this file does not contain them. */
const MACHINE_PATHS = new RegExp(
  `(?<![\\w.:/-])/(?:${['work', 'root', 'home/[a-z][\\w-]*', 'Users/[A-Za-z][\\w-]*', 'tmp/bash_jobs'].join('|')})/`,
);

/** Tests and benchmarks do what they need. */
export function isTest(file: string): boolean {
  return /[./](test|bench)\.ts$/.test(file) || /(^|\/)(test|tests|bench)\//.test(file);
}

/** Everything that a TypeScript file does against the rules. `file` is relative to the repository, with forward slashes. */
export function checkSource(file: string, text: string): Violation[] {
  return new SourceCheck(file, text).run();
}

/** What any text file may not have: paths of somebody's machine, and a place in a folder that says nothing. */
export function checkText(file: string, text: string): Violation[] {
  const violations: Violation[] = [];
  const folder = file.split('/').find((part) => /^(utils?|helpers?)(\.ts)?$/.test(part));
  if (folder !== undefined)
    violations.push({
      file,
      line: 1,
      column: 1,
      rule: 'name',
      message: `'${folder}' says nothing; name it by what it does`,
    });
  text.split('\n').forEach((line, index) => {
    const found = MACHINE_PATHS.exec(line);
    if (found)
      violations.push({
        file,
        line: index + 1,
        column: found.index + 1,
        rule: 'machine-path',
        message: `'${found[0]}' is a path of one machine; resolve it from import.meta.url or an option`,
      });
  });
  return violations;
}

/** A room's `package.json` may depend only on rooms that it may import. */
export function checkManifest(file: string, text: string): Violation[] {
  const room = file.split('/')[0] as string;
  const allowed = ARROWS[room];
  if (allowed === undefined) return [];
  const manifest = JSON.parse(text) as { dependencies?: Record<string, string> };
  const rooms = new Set([room, ...allowed.map((entry) => entry.split('/')[0])]);
  return Object.keys(manifest.dependencies ?? {})
    .filter((name) => name.startsWith('@penstock/') && !rooms.has(name.slice('@penstock/'.length)))
    .map((name) => {
      const before = text.slice(0, text.indexOf(`"${name}"`)).split('\n');
      const message = `${room} may not depend on ${name} (allowed: ${allowed.join(', ') || 'nothing of ours'})`;
      return { file, line: before.length, column: (before.at(-1) as string).length + 1, rule: 'arrow', message };
    });
}

class SourceCheck {
  private readonly file: string;
  private readonly text: string;
  private readonly room: string;
  private readonly test: boolean;
  private readonly violations: Violation[] = [];
  private readonly bans: readonly Ban[];

  constructor(file: string, text: string) {
    this.file = file;
    this.text = text;
    this.room = file.includes('/') ? (file.split('/')[0] as string) : '';
    this.test = isTest(file);
    this.bans = BANS.filter((ban) => ban.always || !(this.test || ban.allowedIn.some((path) => file.startsWith(path))));
  }

  run(): Violation[] {
    const { program, errors } = parseSync(this.file, this.text);
    for (const error of errors) this.report(error.labels[0]?.start ?? 0, 'syntax', error.message);
    this.walk(program);
    const lines = this.text.split('\n').length - 1;
    const most = this.test ? MOST_LINES.test : MOST_LINES.source;
    if (lines > most)
      this.report(0, 'length', `${lines} lines; a file of more than ${most} does more than one thing, so split it`);
    return this.violations.toSorted((a, b) => a.line - b.line || a.column - b.column);
  }

  private report(offset: number, rule: string, message: string): void {
    const before = this.text.slice(0, offset).split('\n');
    this.violations.push({
      file: this.file,
      line: before.length,
      column: (before.at(-1) as string).length + 1,
      rule,
      message,
    });
  }

  private walk(node: Node): void {
    this.visit(node);
    for (const [key, value] of Object.entries(node)) {
      if (skipped(node, key)) continue;
      for (const child of Array.isArray(value) ? value : [value]) if (isNode(child)) this.walk(child);
    }
  }

  private visit(node: Node): void {
    switch (node.type) {
      case 'ImportDeclaration':
        this.module(node.source.value, node.source.start);
        for (const specifier of node.specifiers) {
          if (specifier.type === 'ImportSpecifier' && specifier.imported.type === 'Identifier')
            this.importedName(node.source.value, specifier.imported.name, specifier.start);
        }
        break;
      case 'ExportAllDeclaration':
      case 'ExportNamedDeclaration':
        if (node.source) this.module(node.source.value, node.source.start);
        break;
      case 'ImportExpression':
      case 'TSImportType':
        if (node.source.type === 'Literal' && typeof node.source.value === 'string')
          this.module(node.source.value, node.source.start);
        break;
      case 'Identifier':
        this.global(node.name, node.start);
        break;
      case 'MemberExpression': {
        const path = dotted(node);
        if (path !== undefined) this.global(path, node.start);
        break;
      }
      case 'VariableDeclarator':
        if (node.id.type === 'ObjectPattern' && node.init?.type === 'Identifier')
          this.destructured(node.id, node.init.name);
        break;
      case 'NewExpression':
      case 'CallExpression':
        if (node.callee.type === 'Identifier' && node.callee.name === 'Date') {
          // A date made of a number is arithmetic; without one it is the time of day.
          if (node.type === 'CallExpression' || node.arguments.length === 0) this.global('Date()', node.start);
        }
        if (node.type === 'NewExpression' && node.callee.type === 'Identifier' && node.callee.name === 'Promise')
          this.promise(node.start);
        break;
      // An await inside a function needs `async`; one outside of all is over before a run begins (an engine that has to be loaded).
      case 'FunctionDeclaration':
      case 'FunctionExpression':
      case 'ArrowFunctionExpression':
        if (node.async) this.promise(node.start);
        break;
      default:
    }
  }

  /** `const { random } = Math` is `Math.random` too. */
  private destructured(pattern: Extract<Node, { type: 'ObjectPattern' }>, from: string): void {
    for (const property of pattern.properties)
      if (property.type === 'Property' && property.key.type === 'Identifier')
        this.global(`${from}.${property.key.name}`, property.start);
  }

  private global(name: string, offset: number): void {
    const plain = name.replace(/^(globalThis|global|self|window)\./, '');
    for (const ban of this.bans) if (ban.globals?.includes(plain)) this.banned(ban, name, offset);
  }

  private importedName(module: string, name: string, offset: number): void {
    for (const ban of this.bans)
      if (ban.imports?.includes(`${withPrefix(module)} ${name}`)) this.banned(ban, name, offset);
  }

  private module(specifier: string, offset: number): void {
    const name = withPrefix(specifier);
    for (const ban of this.bans) if (ban.modules?.includes(name)) this.banned(ban, name, offset);
    if (!this.test) this.arrow(specifier, offset);
  }

  private arrow(specifier: string, offset: number): void {
    const allowed = ARROWS[this.room];
    if (allowed === undefined) return;
    if (specifier.startsWith('.')) {
      const target = posix.normalize(posix.join(posix.dirname(this.file), specifier)).split('/')[0] as string;
      if (target !== this.room && !(this.room === 'app' && target === 'scripts'))
        this.report(offset, 'arrow', `'${specifier}' leaves the room; other rooms are imported as @penstock/${target}`);
      return;
    }
    const target = /^@penstock\/([^/]+)(?:\/(.+))?$/.exec(specifier);
    if (target === null) return;
    const [, room, entry] = target as unknown as [string, string, string | undefined];
    if (room === this.room) {
      // A part of a room may go through another part's door (simulator/devices → @penstock/simulator/kernel), not through its own.
      if (entry === undefined || this.file.startsWith(`${room}/${entry}/`))
        this.report(offset, 'arrow', `${specifier} is where this file lies; inside a folder imports are relative`);
    } else if (!allowed.includes(room) && !allowed.includes(`${room}/${entry}`))
      this.report(
        offset,
        'arrow',
        `${this.room} may not import ${specifier} (allowed: ${allowed.join(', ') || 'nothing of ours'})`,
      );
  }

  private promise(offset: number): void {
    const { file } = this;
    if (this.test || !WITHOUT_PROMISES.some((path) => file.startsWith(path))) return;
    if (PROMISES_ALLOWED.some((path) => file.startsWith(path))) return;
    this.report(
      offset,
      'promise',
      'nothing inside a run waits; schedule an event, or let the caller do what takes time',
    );
  }

  private banned(ban: Ban, name: string, offset: number): void {
    const where = ban.allowedIn.length === 0 ? 'nowhere' : `only in ${ban.allowedIn.join(', ')}`;
    this.report(offset, ban.rule, `${name} reaches for ${ban.what}, allowed ${where}; ${ban.instead}`);
  }
}

/** `a.b.c` of a chain of names, undefined where something in it is computed. */
function dotted(node: Node): string | undefined {
  if (node.type === 'Identifier') return node.name;
  if (node.type !== 'MemberExpression') return undefined;
  const object = dotted(node.object);
  const { property } = node;
  const name =
    property.type === 'Literal'
      ? String(property.value)
      : !node.computed && 'name' in property
        ? property.name
        : undefined;
  return object === undefined || name === undefined ? undefined : `${object}.${name}`;
}

/** Builtin modules are known with and without their prefix. */
function withPrefix(specifier: string): string {
  return /^(fs|net|dgram|http|https|http2|tls|dns|child_process|cluster|worker_threads|crypto|timers|perf_hooks)(\/|$)/.test(
    specifier,
  )
    ? `node:${specifier}`
    : specifier;
}

/** Parts of a node that are names rather than references: property keys, and types. */
function skipped(node: Node, key: string): boolean {
  switch (node.type) {
    case 'MemberExpression':
      return key === 'property' && !node.computed;
    case 'Property':
    case 'MethodDefinition':
    case 'PropertyDefinition':
    case 'AccessorProperty':
      return key === 'key' && !node.computed;
    case 'ImportSpecifier':
    case 'ExportSpecifier':
    case 'TSTypeReference':
    case 'TSQualifiedName':
    case 'TSPropertySignature':
    case 'TSMethodSignature':
      return key !== 'typeArguments' && key !== 'typeAnnotation' && key !== 'params' && key !== 'returnType';
    default:
      return false;
  }
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && typeof (value as { type?: unknown }).type === 'string';
}
