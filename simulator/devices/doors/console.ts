/** A device's console: what its commands say is the device's real state, and what they change is changed. */
import type { Instant, Writer } from '@penstock/core';
import type { ConsoleAnswer, ConsoleHost, ConsoleUser } from '@penstock/protocols/telnet';
import type { DeviceContext } from '../context.ts';
import { type Access, type Doors, type DoorUser, mayDo } from './index.ts';
import { OUTCOMES, type ShownPoint, type ShownValues } from './values.ts';

interface Command {
  /** As help shows it. */
  readonly usage: string;
  readonly about: string;
  readonly access: Access;
  run(words: readonly string[], session: Session): ConsoleAnswer;
}

interface Session {
  readonly context: DeviceContext;
  readonly doors: Doors;
  readonly values: ShownValues;
  readonly user: DoorUser;
  readonly writer: Writer;
}

/** Newest lines of the log that are shown. */
const LOG_LINES = 20;
const say = (...text: readonly string[]): ConsoleAnswer => ({ text });

const COMMANDS: Readonly<Record<string, Command | undefined>> = {
  help: {
    usage: 'help',
    about: 'this list',
    access: 'view',
    run: (_, { user }) => {
      const known = Object.values(COMMANDS).filter((command) => command !== undefined && mayDo(user, command.access));
      return say(...known.map((command) => `  ${(command as Command).usage.padEnd(26)}${(command as Command).about}`));
    },
  },
  version: {
    usage: 'version',
    about: 'product, firmware, time since the start',
    access: 'view',
    run: (_, { context, doors }) => {
      const { vendor, productName, modelName, productCode, revision } = context.identity;
      return say(
        `${vendor} ${productName} ${modelName}`,
        `product ${productCode}`,
        `firmware ${revision}`,
        `up ${Math.floor(doors.upTime / 1e6)} s`,
      );
    },
  },
  tags: {
    usage: 'tags',
    about: 'all values',
    access: 'view',
    run: (_, { values }) => say(...values.all.map((shown) => `${shown.tag.id.padEnd(16)}${values.text(shown)}`)),
  },
  show: {
    usage: 'show TAG [-n]',
    about: 'one value; -n as a number',
    access: 'view',
    run: ([, name = '', form], { values }) => {
      const shown = values.find(name);
      if (shown !== undefined && form === '-n')
        return say(`${shown.tag.id} ${Number(values.read(shown).toPrecision(6))}`);
      return shown === undefined
        ? say(`unknown tag ${name}`)
        : say(`${shown.tag.id} ${values.text(shown)}`, shown.tag.name);
    },
  },
  log: {
    usage: 'log',
    about: 'newest lines of the diagnostic buffer',
    access: 'view',
    run: (_, { context }) => {
      const { controller, epoch } = context;
      if (controller === undefined) return say('no diagnostic buffer');
      // The controller's own time may be ahead of the run's after a warm start.
      const ahead = context.controllerTime(0 as Instant);
      const lines = controller.diagnostics.list().slice(-LOG_LINES);
      return say(...lines.map(({ time, id, text }) => `${timeText(epoch + time - ahead)} ${id}: ${text}`));
    },
  },
  net: {
    usage: 'net',
    about: 'address and services',
    access: 'view',
    run: (_, { context }) => {
      const { address, mac, services } = context.spec;
      return say(
        `address ${address}  mac ${mac}`,
        ...services.map(({ protocol, port }) => `service ${protocol}${port === undefined ? '' : ` port ${port}`}`),
      );
    },
  },
  status: {
    usage: 'status',
    about: 'mode of the controller, key, forces',
    access: 'view',
    run: (_, { context: { controller } }) =>
      controller === undefined
        ? say('no controller')
        : say(`mode ${controller.mode}, key ${controller.key}, ${controller.forces.length} forces`),
  },
  users: {
    usage: 'users',
    about: 'who may log on',
    access: 'admin',
    run: (_, { doors }) =>
      say(
        ...doors.users.map(
          (account) =>
            `${account.user.padEnd(16)}${account.access}${doors.hasDefault(account) ? '  factory password' : ''}`,
        ),
      ),
  },
  set: {
    usage: 'set TAG VALUE',
    about: 'writes a set point',
    access: 'operate',
    run: ([, name = '', text = ''], { values, writer }) => {
      const shown = values.find(name);
      const value = shown && values.numberOf(shown, text);
      if (shown === undefined) return say(`unknown tag ${name}`);
      if (value === undefined) return say(`'${text}' is no value of ${shown.tag.id}`);
      return say(setText(shown, values, value, writer));
    },
  },
  run: {
    usage: 'run',
    about: 'starts the controller',
    access: 'admin',
    run: (_, { context: { controller }, writer }) =>
      say(controller === undefined ? 'no controller' : `run: ${OUTCOMES[controller.requestMode('run', writer)]}`),
  },
  stop: {
    usage: 'stop',
    about: 'stops the controller',
    access: 'admin',
    run: (_, { context: { controller }, writer }) =>
      say(controller === undefined ? 'no controller' : `stop: ${OUTCOMES[controller.requestMode('stop', writer)]}`),
  },
  passwd: {
    usage: 'passwd [USER]',
    about: 'changes a password',
    access: 'view',
    run: ([, name], { doors, user, writer }) => {
      const whose = name ?? user.user;
      if (whose !== user.user && !mayDo(user, 'admin')) return say('permission denied');
      return {
        text: [],
        ask: {
          prompt: 'New password: ',
          given: (first) => ({
            text: [],
            ask: {
              prompt: 'Again, new password: ',
              given: (second) =>
                say(first === second ? (doors.changePassword(whose, first, writer) ?? 'changed') : 'the two differ'),
            },
          }),
        },
      };
    },
  },
  firmware: {
    usage: 'firmware [install FILE]',
    about: 'images that were dropped; takes one',
    access: 'admin',
    run: ([, act, path = ''], { doors, writer, context }) => {
      const images = doors.files.list().filter((file) => file.writable);
      if (act === undefined)
        return say(
          `running ${context.identity.revision}`,
          ...images.map(({ path: file, size }) => `${file} ${size} bytes`),
        );
      const bytes = act === 'install' ? doors.files.read(path) : undefined;
      if (bytes === undefined) return say(`there is no file ${path}`);
      const installed = doors.install(bytes, writer);
      return installed.outcome === 'gone'
        ? { text: ['the image is written, the device restarts'], end: true }
        : say(`refused: ${installed.why}`);
    },
  },
  reboot: {
    usage: 'reboot',
    about: 'restarts the device',
    access: 'admin',
    run: (_, { doors, writer }) => {
      const refusal = doors.restart(writer);
      return refusal === undefined ? { text: ['restarting'], end: true } : say(`refused: ${refusal}`);
    },
  },
  exit: {
    usage: 'exit',
    about: 'ends the session',
    access: 'view',
    run: () => ({ text: ['goodbye'], end: true }),
  },
};

function setText(shown: ShownPoint, values: ShownValues, value: number, writer: Writer): string {
  const outcome = values.write(shown, value, writer);
  return outcome === 'done' ? `${shown.tag.id} set to ${value}` : `refused: ${OUTCOMES[outcome]}`;
}

const timeText = (time: number): string => new Date(time / 1000).toISOString().slice(0, 19).replace('T', ' ');

/** The console for a connection from one source. */
export function deviceConsole(context: DeviceContext, doors: Doors, values: ShownValues, writer: Writer): ConsoleHost {
  const { productName, modelName } = context.identity;
  return {
    get banner() {
      return `${productName} ${modelName}, firmware ${context.identity.revision}`;
    },
    login(name, password): ConsoleUser | undefined {
      const user = doors.login(name, password, 'telnet', writer.address);
      if (user === undefined) return undefined;
      const session: Session = { context, doors, values, user, writer };
      return {
        prompt: `${context.spec.id}${mayDo(user, 'admin') ? '#' : '>'} `,
        execute(line) {
          const words = line.split(/\s+/);
          if (line === '') return say();
          const command = Object.hasOwn(COMMANDS, words[0] as string) ? COMMANDS[words[0] as string] : undefined;
          if (command === undefined) return say(`unknown command ${words[0]}; help lists them`);
          return mayDo(user, command.access) ? command.run(words, session) : say('permission denied');
        },
      };
    },
  };
}
