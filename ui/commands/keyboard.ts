/** Keys to commands. Single letters are for those who are not typing. */
import type { Command } from './registry.ts';

/** `Ctrl+Shift+k`, `?`, `Escape`: how a key press is written in a command. Command on a Mac counts as Ctrl. */
export function keysOf(event: Pick<KeyboardEvent, 'key' | 'ctrlKey' | 'metaKey' | 'altKey'>): string {
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  return `${event.ctrlKey || event.metaKey ? 'Ctrl+' : ''}${event.altKey ? 'Alt+' : ''}${key}`;
}

/** Performs the command of a key press, if there is one and nobody is typing. */
export function handleKey(event: KeyboardEvent, commands: readonly Command[]): void {
  if (event.defaultPrevented) return;
  const keys = keysOf(event);
  if (isTyping(event.target) && !/^(Ctrl\+|Alt\+)/.test(keys)) return;
  const command = commands.find((c) => c.keys === keys && (c.when?.() ?? true));
  if (!command) return;
  event.preventDefault();
  command.perform();
}

/** Somewhere letters mean themselves, or a dialog has the keyboard. */
function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName) || target.closest('dialog') !== null)
  );
}
